//! What somebody would try who wants more than the config gives him.

use super::client::*;
use crate::auth;
use crate::crypto::SigningAlgorithm;
use crate::engine::setup::Guest;
use crate::engine::short_name;
use crate::engine::{Verdict, Walk};
use crate::wire::header::{self, Command, Header};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const MAXIMUM_ALLOWED: u32 = 0x0200_0000;
const DELETE_ON_CLOSE: u32 = 0x1000;
const OPEN: u8 = 1;

fn stranger(world: &mut World, user: &str, dialect: Dialect) -> Client {
    let mut client = world.connect();
    client.negotiate(world, dialect);
    assert_eq!(client.log_in(world, user, "x"), Status::SUCCESS);
    (client.key, client.sealing) = (None, None);
    client
}

#[test]
fn who_may_only_read_deletes_nothing_by_asking_for_the_most() {
    let mut world = World::with(|setup| setup.shares[1].guest = Guest::Read);
    let mut alice = world.alice(Dialect::Smb311);
    assert_eq!(alice.tree_connect(&mut world, "open"), Status::SUCCESS);
    let file = alice.open(&mut world, "f");
    alice.ask(&mut world, Command::Close, &close(file));

    let mut guest = stranger(&mut world, "nobody", Dialect::Smb311);
    assert_eq!(guest.tree_connect(&mut world, "open"), Status::SUCCESS);
    let mut body = create("f", OPEN, DELETE_ON_CLOSE);
    body[24..28].copy_from_slice(&MAXIMUM_ALLOWED.to_le_bytes());
    let reply = guest.ask(&mut world, Command::Create, &body);
    assert_eq!(reply.status, Status::ACCESS_DENIED);
    world.server.disconnect(guest.connection, world.now);
    let reply = alice.ask(&mut world, Command::Create, &create("f", OPEN, 0));
    assert_eq!(reply.status, Status::SUCCESS);
}

#[test]
fn a_wrong_signature_from_elsewhere_is_not_answered_with_a_right_one() {
    let mut world = World::default();
    let mut alice = world.connect();
    alice.algorithm = SigningAlgorithm::AesGmac;
    alice.negotiate(&mut world, Dialect::Smb311);
    alice.log_in(&mut world, "alice", "Password");
    for flags in [0_u8, 1] {
        let mut other = world.connect();
        other.algorithm = SigningAlgorithm::AesGmac;
        other.negotiate(&mut world, Dialect::Smb311);
        other.session = alice.session;
        let mut message = other.header(Command::SessionSetup as u16, false);
        message[16] |= 8; // signed, it says
        message.extend([25, 0, flags, 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0, 1, 0]);
        message.extend([0; 9]);
        let reply = world.frame(other.connection, &message).unwrap();
        assert_eq!(header::status(&reply), Some(Status::ACCESS_DENIED));
        assert!(!Header::parse(&reply).unwrap().is_signed());
    }
}

#[test]
fn nobody_who_becomes_somebody_signs_like_everybody() {
    for dialect in [Dialect::Smb210, Dialect::Smb302, Dialect::Smb311] {
        let mut world = World::with(|setup| setup.signing_required = true);
        let mut client = stranger(&mut world, "", dialect);
        assert_eq!(client.tree_connect(&mut world, "IPC$"), Status::SUCCESS);
        let status = client.log_in(&mut world, "alice", "Password");
        assert_eq!(status, Status::SUCCESS, "{dialect:?}");
        let mut unsigned = client.header(Command::TreeDisconnect as u16, false);
        client.message_id += 1;
        unsigned.extend(EMPTY);
        let reply = world.frame(client.connection, &unsigned).unwrap();
        let status = header::status(&reply);
        assert_eq!(status, Some(Status::ACCESS_DENIED), "{dialect:?}");
        assert_eq!(client.tree_connect(&mut world, "files"), Status::SUCCESS);
    }
}

#[test]
fn nobody_has_what_guests_have() {
    for signing_required in [false, true] {
        let mut world = World::with(|setup| setup.signing_required = signing_required);
        let mut client = stranger(&mut world, "", Dialect::Smb311);
        let denied = Status::ACCESS_DENIED;
        assert_eq!(client.tree_connect(&mut world, "files"), denied);
        let open = client.tree_connect(&mut world, "open");
        assert_eq!(open == Status::SUCCESS, !signing_required);
        // Who was let in may stay, and write.
        world.pass(30_000);
        assert_eq!(world.server.must_close(client.connection), signing_required);
        let long = world.server.frame_limit(client.connection) > 65_536;
        assert_eq!(long, !signing_required);
    }
}

#[test]
fn what_is_vetoed_is_reached_by_no_other_name() {
    let mut world = World::default();
    let mut alice = world.alice(Dialect::Smb311);
    let file = alice.open(&mut world, "a secret of mine.txt");
    alice.ask(&mut world, Command::Close, &close(file));
    let mut out = [0; short_name::LIMIT];
    let short = short_name::of(b"a secret of mine.txt", &mut out);
    let short = create(core::str::from_utf8(short).unwrap(), OPEN, 0);
    let reply = alice.ask(&mut world, Command::Create, &short);
    alice.ask(&mut world, Command::Close, &close(reply.file_id()));

    world.server.served[0].share.veto = vec!["a secret*".into()];
    let reply = alice.ask(&mut world, Command::Create, &short);
    assert_eq!(reply.status, Status::OBJECT_NAME_NOT_FOUND);
    let other = alice.open(&mut world, "other");
    for class in [10, 11] {
        let to = "a secret of mine.txt".encode_utf16();
        let to: Vec<u8> = to.flat_map(u16::to_le_bytes).collect();
        let length = 20 + to.len() as u32;
        let mut body = vec![33, 0, 1, class];
        body.extend(length.to_le_bytes());
        body.extend([96, 0, 0, 0, 0, 0, 0, 0]);
        body.extend(other);
        body.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        body.extend((to.len() as u32).to_le_bytes());
        body.extend(to);
        let reply = alice.ask(&mut world, Command::SetInfo, &body);
        assert_eq!(reply.status, Status::ACCESS_DENIED, "{class}");
    }
}

#[test]
fn an_open_nobody_is_told_of_is_none() {
    let mut world = World::default();
    let alice = world.alice(Dialect::Smb311);
    let mut message = alice.header(Command::Create as u16, false);
    message.extend(create("f", 3, 0));
    alice.sign(&mut message);
    let mut walk = Walk::default();
    let mut reply = [0; 100];
    let verdict = world.server.receive(
        alice.connection,
        &mut walk,
        &mut message,
        &mut reply,
        world.now,
    );
    assert!(matches!(verdict, Verdict::Reply { .. }));
    assert!(header::status(&reply).is_some_and(Status::is_error));
    let opens = world.server.usage()[4];
    assert_eq!((opens.0, opens.1), ("opens", 0));
}

#[test]
fn half_open_logins_of_one_address_leave_room_for_others() {
    let mut world = World::default();
    let first = auth::client::negotiate(auth::client::USUAL);
    let mut body = vec![25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0];
    body.extend((first.len() as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend(first);
    let mut begun = 0;
    let mut client = world.connect();
    client.negotiate(&mut world, Dialect::Smb311);
    let status = loop {
        client.session = 0;
        let reply = client.ask(&mut world, Command::SessionSetup, &body);
        if reply.status != Status::MORE_PROCESSING_REQUIRED {
            break reply.status;
        }
        begun += 1;
    };
    assert_eq!(status, Status::INSUFFICIENT_RESOURCES);
    let (name, used, most) = world.server.usage()[2];
    assert_eq!((name, used), ("logins", begun));
    assert!(begun < most);
    let mut other = world.connect_from([192, 168, 1, 2]);
    other.negotiate(&mut world, Dialect::Smb311);
    assert_eq!(
        other.log_in(&mut world, "alice", "Password"),
        Status::SUCCESS
    );
    world.server.disconnect(client.connection, world.now);
    world.server.disconnect(other.connection, world.now);
    world.assert_empty();
}

#[test]
fn a_request_locks_only_so_many_ranges() {
    let mut world = World::default();
    let mut alice = world.alice(Dialect::Smb311);
    let file = alice.open(&mut world, "f");
    for (count, expected) in [(255, Status::SUCCESS), (257, Status::INVALID_PARAMETER)] {
        let ranges: Vec<_> = (0..count).map(|at| (1_000 + 2 * at, 1, 0x12)).collect();
        let mut body = lock(file, &ranges);
        body[2..4].copy_from_slice(&(count as u16).to_le_bytes());
        let reply = alice.ask(&mut world, Command::Lock, &body);
        assert_eq!(reply.status, expected, "{count}");
    }
}
