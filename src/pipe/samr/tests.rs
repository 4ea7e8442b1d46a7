//! Whole calls of samr, byte for byte.

use crate::pipe::testing::{Bytes, Client, facts, many_users, stub};
use crate::pipe::{Caller, Endpoint, Facts};
use proptest::prelude::*;

type Handle = [u8; 20];

fn handle(client: &mut Client, operation: u16, question: Bytes) -> Handle {
    let answer = client.call(operation, &question, &facts()).unwrap();
    assert!(answer.ends_with(&[0; 4]));
    answer[..20].try_into().unwrap()
}

fn domain(client: &mut Client, server: &Handle, parts: &[u32]) -> Handle {
    let count = parts.len() as u32;
    let question = stub()
        .raw(server)
        .longs(&[0, count])
        .raw(&[1, count as u8, 0, 0, 0, 0, 0, 5]);
    handle(client, 7, question.longs(parts))
}

fn opened() -> (Client, Handle, Handle) {
    let mut client = Client::bound(Endpoint::Samr, 4280);
    let server = handle(&mut client, 57, stub().pointed("\\\\r").long(0x0200_0000));
    let machine = domain(&mut client, &server, &[21, 1, 2, 3]);
    (client, server, machine)
}

#[test]
fn only_users_may_look() {
    for caller in [Caller::Guest, Caller::Anonymous] {
        let facts = Facts { caller, ..facts() };
        let mut client = Client::bound(Endpoint::Samr, 4280);
        for operation in [0, 57, 62] {
            let answer = client
                .call(operation, &stub().longs(&[0, 0]), &facts)
                .unwrap();
            assert_eq!(answer, stub().longs(&[0, 0, 0, 0, 0, 0xc000_0022]).0);
        }
        let answer = client.call(64, &stub(), &facts).unwrap();
        assert_eq!(
            answer,
            stub().longs(&[1, 1, 3, 0, 0, 0, 0, 0, 0, 0xc000_0022]).0
        );
    }
}

#[test]
fn users_are_listed() {
    let (mut client, _, machine) = opened();
    let question = |first, preferred| stub().raw(&machine).longs(&[first, 0, preferred]);
    let answer = client.call(13, &question(0, u32::MAX), &facts()).unwrap();
    let wanted = stub().longs(&[0, 0x20004, 2, 0x20008, 2]);
    let wanted = wanted.long(1000).short(8).short(8).long(0x2000c);
    let wanted = wanted.long(1001).short(10).short(10).long(0x20010);
    let wanted = wanted.longs(&[4, 0, 4]).raw(b"a\0n\0n\0a\0");
    let wanted = wanted
        .longs(&[5, 0, 5])
        .raw(b"B\0j\0\xf6\0r\0n\0")
        .longs(&[2, 0]);
    assert_eq!(answer, wanted.0);

    let answer = client.call(13, &question(0, 0), &facts()).unwrap();
    assert!(answer.starts_with(&[1, 0, 0, 0]) && answer.ends_with(&stub().longs(&[1, 0x105]).0));
    let answer = client.call(13, &question(1, 0), &facts()).unwrap();
    assert!(answer.starts_with(&[0; 4]) && answer.ends_with(&stub().longs(&[1, 0]).0));
    let answer = client.call(13, &question(9, 0), &facts()).unwrap();
    assert_eq!(answer, stub().longs(&[0, 0x20004, 0, 0, 0, 0]).0);
}

#[test]
fn a_thousand_users_come_in_parts_that_leave_nobody_out() {
    let facts = Facts {
        users: &many_users,
        ..facts()
    };
    let (mut client, _, machine) = opened();
    let end = |answer: &[u8]| {
        let long = |at: usize| u32::from_le_bytes(answer[at..at + 4].try_into().unwrap());
        (long(0), long(answer.len() - 8), long(answer.len() - 4))
    };
    let (mut first, mut seen) = (0, 0);
    loop {
        let question = stub().raw(&machine).longs(&[first, 0, u32::MAX]);
        let (next, count, status) = end(&client.call(13, &question, &facts).unwrap());
        seen += count;
        if status == 0 {
            break;
        }
        assert_eq!((status, next), (0x105, seen));
        first = next;
    }
    assert_eq!(seen, 1000);
    let (mut first, mut seen) = (0, 0);
    loop {
        let question = stub().raw(&machine).short(1).longs(&[first, 100, 0xffff]);
        let answer = client.call(40, &question, &facts).unwrap();
        let count = u32::from_le_bytes(answer[12..16].try_into().unwrap());
        seen += count;
        first += count;
        if end(&answer).2 == 0 {
            break;
        }
        assert_eq!((end(&answer).2, count), (0x105, 100));
    }
    assert_eq!(seen, 1000);
}

#[test]
fn names_and_rids_are_looked_up() {
    let (mut client, _, machine) = opened();
    let question = stub().raw(&machine).longs(&[2, 1000, 0, 2]);
    let question = question.short(8).short(8).long(1).short(2).short(2).long(1);
    let question = question
        .longs(&[4, 0, 4])
        .raw(b"A\0N\0N\0A\0")
        .longs(&[1, 0, 1])
        .raw(b"x\0");
    let answer = client.call(17, &question, &facts()).unwrap();
    assert_eq!(
        answer,
        stub()
            .longs(&[2, 0x20004, 2, 1000, 0, 2, 0x20008, 2, 1, 8, 0x107])
            .0
    );

    let question = stub().raw(&machine).longs(&[2, 1000, 0, 2, 7, 1000]);
    let answer = client.call(18, &question, &facts()).unwrap();
    let wanted = stub()
        .longs(&[2, 0x20004, 2, 0, 0])
        .short(8)
        .short(8)
        .longs(&[0x20008, 4, 0, 4]);
    assert_eq!(
        answer,
        wanted
            .raw(b"a\0n\0n\0a\0")
            .longs(&[2, 0x2000c, 2, 8, 1, 0x107])
            .0
    );
}

#[test]
fn a_user_is_opened_described_and_closed() {
    let (mut client, server, machine) = opened();
    let user = handle(&mut client, 34, stub().raw(&machine).longs(&[0, 1001]));
    let answer = client
        .call(36, &stub().raw(&user).short(7), &facts())
        .unwrap();
    let wanted = stub()
        .long(0x20004)
        .short(7)
        .pad(4)
        .short(10)
        .short(10)
        .longs(&[0x20008, 5, 0, 5]);
    assert_eq!(answer, wanted.raw(b"B\0j\0\xf6\0r\0n\0").long(0).0);
    let answer = client.call(39, &stub().raw(&user), &facts()).unwrap();
    assert_eq!(answer, stub().longs(&[0x20004, 1, 0x20008, 1, 513, 7, 0]).0);

    let none = |status| stub().longs(&[0, 0, 0, 0, 0, status]).0;
    for rid in [513, 0, u32::MAX] {
        let question = stub().raw(&machine).longs(&[0, rid]);
        assert_eq!(
            client.call(34, &question, &facts()).unwrap(),
            none(0xc000_0064)
        );
    }
    // A handle of another kind is no domain.
    let question = stub().raw(&server).longs(&[0, 1000]);
    assert_eq!(
        client.call(34, &question, &facts()).unwrap(),
        none(0xc000_0008)
    );
    assert_eq!(
        client.call(1, &stub().raw(&user), &facts()).unwrap(),
        [0; 24]
    );
    assert_eq!(
        client.call(36, &stub().raw(&user).short(7), &facts()),
        Err(0x1c00_001a)
    );
    let unknown = stub()
        .raw(&server)
        .longs(&[0, 1])
        .raw(&[1, 1, 0, 0, 0, 0, 0, 5])
        .long(33);
    assert_eq!(
        client.call(7, &unknown, &facts()).unwrap(),
        none(0xc000_00df)
    );
}

#[test]
fn a_builtin_group_has_no_members_to_tell_of() {
    let (mut client, server, _) = opened();
    let builtin = domain(&mut client, &server, &[32]);
    let question = stub()
        .raw(&builtin)
        .longs(&[1, 1, 1, 1, 1])
        .raw(&[1, 1, 0, 0, 0, 0, 0, 1])
        .long(0);
    assert_eq!(client.call(16, &question, &facts()).unwrap(), [0; 12]);
}

proptest! {
    #[test]
    fn no_stub_panics(
        operation in 0_u16..70,
        longs in prop::collection::vec(prop_oneof![0_u32..4, any::<u32>(), Just(0x0002_0002), Just(0x0101)], 0..40),
        which in 0_usize..3,
        cut in 0_usize..160,
    ) {
        let (mut client, server, machine) = opened();
        let user = handle(&mut client, 34, stub().raw(&machine).longs(&[0, 1001]));
        let mut question = stub().raw(&[server, machine, user][which]).longs(&longs);
        question.0.truncate(cut);
        let _ = client.call(operation, &question, &facts());
    }
}
