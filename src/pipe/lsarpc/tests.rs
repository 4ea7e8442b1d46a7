//! Whole calls of lsarpc, byte for byte.

use crate::pipe::testing::{Bytes, Client, facts, stub};
use crate::pipe::{Caller, Endpoint, Facts};
use proptest::prelude::*;

fn opened() -> (Client, [u8; 20]) {
    let mut client = Client::bound(Endpoint::Lsarpc, 4280);
    let attributes = [24, 0, 0, 0, 0, 0xcccc_0001, 12, 2];
    let question = stub()
        .pointed("\\\\router")
        .longs(&attributes)
        .raw(&[1, 0])
        .long(0x0200_0000);
    let answer = client.call(44, &question, &facts()).unwrap();
    assert_eq!(answer[20..], [0, 0, 0, 0]);
    (client, answer[..20].try_into().unwrap())
}

fn counted(bytes: Bytes, text: &str) -> Bytes {
    let length = 2 * text.encode_utf16().count() as u16;
    bytes
        .pad(4)
        .short(length)
        .short(length + 2)
        .long(if length == 0 { 0 } else { 0xdddd_0001 })
}

fn characters(bytes: Bytes, text: &str) -> Bytes {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let count = units.len() as u32 / 2;
    if count == 0 {
        bytes
    } else {
        bytes.longs(&[count + 1, 0, count]).raw(&units)
    }
}

fn sid(bytes: Bytes, authority: u8, parts: &[u32]) -> Bytes {
    let count = parts.len() as u8;
    bytes
        .long(count.into())
        .raw(&[1, count, 0, 0, 0, 0, 0, authority])
        .longs(parts)
}

fn names(handle: &[u8; 20], names: &[&str]) -> Bytes {
    let count = names.len() as u32;
    let fixed = names
        .iter()
        .fold(stub().raw(handle).longs(&[count, count]), |b, name| {
            counted(b, name)
        });
    names
        .iter()
        .fold(fixed, |b, name| characters(b, name))
        .longs(&[0, 0])
        .short(1)
        .long(0)
}

fn ends(answer: &[u8], mapped: u32, status: u32) -> bool {
    answer.ends_with(&stub().longs(&[mapped, status]).0)
}

#[test]
fn sids_are_translated_in_their_order() {
    let (mut client, handle) = opened();
    let question = stub().raw(&handle).longs(&[3, 1, 3, 1, 1, 1]);
    let question = sid(sid(question, 5, &[21, 1, 2, 3, 1001]), 9, &[9]);
    let question = sid(question, 1, &[0])
        .longs(&[0, 0])
        .short(1)
        .longs(&[0, 0, 2]);
    let answer = client.call(57, &question, &facts()).unwrap();

    let wanted = stub().longs(&[0x20004, 2, 0x20008, 32, 2]);
    let wanted = wanted
        .short(12)
        .short(12)
        .longs(&[0x2000c, 0x20010])
        .longs(&[0, 0, 0x20014]);
    let wanted = wanted.longs(&[6, 0, 6]).raw(b"R\0O\0U\0T\0E\0R\0");
    let wanted = sid(sid(wanted, 5, &[21, 1, 2, 3]), 1, &[]);
    let wanted = wanted.longs(&[3, 0x20018, 3]);
    let wanted = wanted
        .short(1)
        .pad(4)
        .short(10)
        .short(10)
        .longs(&[0x2001c, 0, 0]);
    let wanted = wanted
        .short(8)
        .pad(4)
        .short(14)
        .short(14)
        .longs(&[0x20020, u32::MAX, 0]);
    let wanted = wanted
        .short(5)
        .pad(4)
        .short(16)
        .short(16)
        .longs(&[0x20024, 1, 0]);
    let text = |bytes: Bytes, text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let count = units.len() as u32 / 2;
        bytes.longs(&[count, 0, count]).raw(&units)
    };
    let wanted = text(text(text(wanted, "Björn"), "S-1-9-9"), "Everyone").longs(&[2, 0x107]);
    assert_eq!(answer, wanted.0);
}

#[test]
fn names_are_translated_in_each_of_three_ways() {
    let (mut client, handle) = opened();
    let question = names(&handle, &["BUILTIN\\users", "nobody", ""]);
    let domains = stub()
        .longs(&[0x20004, 1, 0x20008, 32, 1])
        .short(14)
        .short(14)
        .longs(&[0x2000c, 0x20010]);
    let domains = domains.longs(&[7, 0, 7]).raw(b"B\0U\0I\0L\0T\0I\0N\0");
    let domains = sid(domains, 5, &[32]).longs(&[3, 0x20014, 3]);
    let none = u32::MAX;

    let one = domains
        .clone()
        .longs(&[4, 545, 0, 8, 0, none, 8, 0, none, 1, 0x107]);
    assert_eq!(client.call(14, &question, &facts()).unwrap(), one.0);
    let two = domains
        .clone()
        .longs(&[4, 545, 0, 0, 8, 0, none, 0, 8, 0, none, 0, 1, 0x107]);
    assert_eq!(client.call(58, &question, &facts()).unwrap(), two.0);
    let three = domains.longs(&[4, 0x20018, 0, 0, 8, 0, none, 0, 8, 0, none, 0]);
    let three = sid(three, 5, &[32, 545]).longs(&[1, 0x107]);
    assert_eq!(client.call(68, &question, &facts()).unwrap(), three.0);
}

#[test]
fn lookups_say_how_many_were_mapped() {
    let (mut client, handle) = opened();
    let mut ask = |list: &[&str]| client.call(14, &names(&handle, list), &facts()).unwrap();
    assert!(ends(&ask(&["anna", "Everyone"]), 2, 0));
    assert!(ends(&ask(&["nobody"]), 0, 0xc000_0073));
    assert!(ends(&ask(&[]), 0, 0));
}

#[test]
fn the_nameless_learn_no_names() {
    let (mut client, handle) = opened();
    let anonymous = Facts {
        caller: Caller::Anonymous,
        ..facts()
    };
    let answer = client
        .call(14, &names(&handle, &["anna"]), &anonymous)
        .unwrap();
    assert_eq!(answer, stub().longs(&[0, 0, 0, 0, 0xc000_0022]).0);
    let question = sid(
        stub().raw(&handle).longs(&[1, 1, 1, 1]),
        5,
        &[21, 1, 2, 3, 1000],
    );
    let answer = client.call(15, &question, &anonymous).unwrap();
    assert_eq!(answer, stub().longs(&[0, 0, 0, 0, 0xc000_0022]).0);
}

#[test]
fn the_caller_is_told_his_name() {
    let (mut client, _) = opened();
    let question = stub().longs(&[0, 0, 1, 0]);
    let cases = [
        (Caller::User("anna"), "anna", "ROUTER"),
        (Caller::Guest, "Guest", "ROUTER"),
        (Caller::Anonymous, "ANONYMOUS LOGON", "NT AUTHORITY"),
    ];
    for (caller, name, domain) in cases {
        let answer = client
            .call(45, &question, &Facts { caller, ..facts() })
            .unwrap();
        let string = |bytes: Bytes, pointer: u32, text: &str| {
            let count = text.len() as u32;
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let fixed = bytes
                .pad(4)
                .short(2 * count as u16)
                .short(2 * count as u16)
                .long(pointer);
            fixed.longs(&[count, 0, count]).raw(&units)
        };
        let wanted = string(stub().long(0x20004), 0x20008, name).longs(&[0x2000c, 0x20010]);
        assert_eq!(answer, string(wanted, 0x20014, domain).long(0).0);
    }
    // Unasked, the domain stays away.
    let answer = client
        .call(45, &stub().longs(&[0, 0, 0]), &facts())
        .unwrap();
    assert!(answer.ends_with(&[0; 8]));
}

#[test]
fn a_handle_is_good_until_it_is_closed() {
    let (mut client, handle) = opened();
    let class = |n| stub().raw(&handle).short(n);
    let answer = client.call(7, &class(3), &facts()).unwrap();
    let wanted = stub()
        .long(0x20004)
        .short(3)
        .pad(4)
        .short(18)
        .short(18)
        .longs(&[0x20008, 0, 9, 0, 9]);
    assert_eq!(answer, wanted.raw(b"W\0O\0R\0K\0G\0R\0O\0U\0P\0").long(0).0);
    assert_eq!(
        client.call(46, &class(99), &facts()).unwrap(),
        stub().longs(&[0, 0xc000_000d]).0
    );
    assert_eq!(
        client.call(0, &stub().raw(&handle), &facts()).unwrap(),
        [0; 24]
    );
    assert_eq!(
        client.call(0, &stub().raw(&handle), &facts()),
        Err(0x1c00_001a)
    );
    assert_eq!(client.call(7, &class(3), &facts()), Err(0x1c00_001a));
}

#[test]
fn too_many_handles_are_refused() {
    let mut client = Client::bound(Endpoint::Lsarpc, 4280);
    let question = stub().longs(&[0, 24, 0, 0, 0, 0, 0, 0]);
    let status = |client: &mut Client| client.call(44, &question, &facts()).unwrap()[20..].to_vec();
    for _ in 0..16 {
        assert_eq!(status(&mut client), [0; 4]);
    }
    assert_eq!(status(&mut client), 0xc000_009a_u32.to_le_bytes());
    assert!(client.call(45, &stub().longs(&[0, 0, 0]), &facts()).is_ok());
}

#[test]
fn counts_that_lie_are_faults() {
    let (mut client, handle) = opened();
    let cases = [
        (14, stub().raw(&handle).longs(&[1, 2, 0, 0, 0, 0])),
        (14, stub().raw(&handle).longs(&[u32::MAX, u32::MAX, 0, 0])),
        (14, stub().raw(&handle).longs(&[2, 2, 0, 0])),
        (14, stub().raw(&handle).longs(&[1, 1, 0x0002_0002, 0])),
        (
            14,
            stub().raw(&handle).longs(&[1, 1, 0x0002_0002, 1, 1, 0, 2]),
        ),
        (15, stub().raw(&handle).longs(&[1, 0])),
        (15, stub().raw(&handle).longs(&[1, 1, 2, 1])),
        (15, stub().raw(&handle).longs(&[u32::MAX, 1, u32::MAX, 1])),
        (15, stub().raw(&handle).longs(&[1, 1, 1, 0, 0])),
        (
            15,
            stub().raw(&handle).longs(&[1, 1, 1, 1, 16, 0x1001, 0, 0]),
        ),
        (
            15,
            stub().raw(&handle).longs(&[1, 1, 1, 1, 2, 0x0101, 0, 0]),
        ),
    ];
    for (n, (operation, question)) in cases.into_iter().enumerate() {
        assert_eq!(
            client.call(operation, &question, &facts()),
            Err(0x6f7),
            "{n}"
        );
    }
}

#[test]
fn an_answer_that_has_no_room_is_a_fault() {
    let (mut client, handle) = opened();
    let mut ask = |count: u32, authority: [u8; 6]| {
        let question = stub().raw(&handle).longs(&[count, 1, count]);
        let question = (0..count).fold(question, |b, _| b.long(1));
        let one = |b: Bytes, _| b.long(0).raw(&[1, 0]).raw(&authority);
        client.call(57, &(0..count).fold(question, one), &facts())
    };
    assert!(ask(250, [0, 0, 0, 0, 0, 255]).is_ok());
    // Written in hexadecimal these are longer than what is left for each.
    assert_eq!(ask(250, [255; 6]), Err(0x1c00_001b));
    assert!(ask(1, [255; 6]).is_ok());
}

proptest! {
    #[test]
    fn no_stub_panics(
        operation in prop::sample::select(vec![6_u16, 7, 11, 14, 15, 44, 45, 46, 57, 58, 68]),
        longs in prop::collection::vec(prop_oneof![0_u32..4, any::<u32>(), Just(0x0002_0002), Just(0x0101)], 0..40),
        cut in 0_usize..160,
    ) {
        let (mut client, handle) = opened();
        let mut question = stub().raw(&handle).longs(&longs);
        question.0.truncate(cut);
        let _ = client.call(operation, &question, &facts());
    }
}
