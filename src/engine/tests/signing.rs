//! Every kind of reply is signed or sealed with the right key ([MS-SMB2] 3.3.4.1.1, 3.3.4.1.4).

use super::client::*;
use crate::crypto::SigningAlgorithm;
use crate::engine::setup::Encryption;
use crate::wire::header::Command;
use crate::wire::lock::{EXCLUSIVE_LOCK, FAIL_IMMEDIATELY, UNLOCK};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

/// Plain, failed, compounded and late replies; the client checks each signature it gets.
fn replies(world: &mut World, client: &mut Client) -> Vec<Reply> {
    let file = client.open(world, "f");
    let other = client.open(world, "f");
    let data = vec![7; 40_000];
    let mut replies = vec![
        client.ask(world, Command::Write, &write(file, 0, &data)),
        client.ask(world, Command::Read, &read(file, 0, 40_000)),
        client.ask(world, Command::Read, &read([3; 16], 0, 1)),
        client.ask(world, Command::Create, &create("missing", 1, 0)),
        client.ask(world, Command::Echo, &EMPTY),
    ];
    let compound = [
        Element {
            command: Command::Read,
            body: read(file, 0, 3),
            related: false,
        },
        Element {
            command: Command::Echo,
            body: EMPTY.to_vec(),
            related: false,
        },
    ];
    replies.extend(client.compound(world, &compound).unwrap());
    let exclusive = EXCLUSIVE_LOCK | FAIL_IMMEDIATELY;
    client.ask(world, Command::Lock, &lock(file, &[(0, 1, exclusive)]));
    let waits = client.ask(
        world,
        Command::Lock,
        &lock(other, &[(0, 1, EXCLUSIVE_LOCK)]),
    );
    assert!(waits.is_interim() && !waits.signed);
    client.ask(world, Command::Lock, &lock(file, &[(0, 1, UNLOCK)]));
    let late = client.pending(world);
    assert_eq!(late.len(), 1);
    replies.extend(late);
    replies
}

#[test]
fn every_reply_to_a_signed_request_is_signed() {
    for (dialect, algorithm) in [
        (Dialect::Smb202, SigningAlgorithm::HmacSha256),
        (Dialect::Smb302, SigningAlgorithm::AesCmac),
        (Dialect::Smb311, SigningAlgorithm::HmacSha256),
        (Dialect::Smb311, SigningAlgorithm::AesCmac),
        (Dialect::Smb311, SigningAlgorithm::AesGmac),
    ] {
        let mut world = World::default();
        let mut client = world.connect();
        client.algorithm = algorithm;
        client.negotiate(&mut world, dialect);
        client.log_in(&mut world, "alice", "Password");
        client.tree_connect(&mut world, "files");
        for reply in replies(&mut world, &mut client) {
            assert!(reply.signed, "{dialect:?} {algorithm:?} {reply:?}");
        }
    }
}

#[test]
fn every_reply_to_a_sealed_request_is_sealed() {
    for dialect in [Dialect::Smb300, Dialect::Smb311] {
        let mut world = World::with(|setup| setup.encryption = Encryption::Required);
        let mut client = world.connect();
        client.negotiate(&mut world, dialect);
        client.log_in(&mut world, "alice", "Password");
        client.seal = true;
        assert_eq!(client.tree_connect(&mut world, "files"), Status::SUCCESS);
        for reply in replies(&mut world, &mut client) {
            assert!(!reply.signed, "{reply:?}");
        }
        client.seal = false;
        let reply = client.ask(&mut world, Command::Create, &create("f", 1, 0));
        assert_eq!(reply.status, Status::ACCESS_DENIED, "in the clear");
    }
}

#[test]
fn a_wrong_signature_is_refused() {
    let mut world = World::default();
    let client = world.alice(Dialect::Smb311);
    let mut message = client.header(Command::Create as u16, false);
    message.extend(create("f", 3, 0));
    client.sign(&mut message);
    message[63] ^= 1;
    let reply = world.frame(client.connection, &message).unwrap();
    let [reply] = &client.read(&reply)[..] else {
        panic!()
    };
    assert_eq!(reply.status, Status::ACCESS_DENIED);
}

#[test]
fn a_session_that_requires_signing_does_nothing_unsigned() {
    let mut world = World::with(|setup| setup.signing_required = true);
    let mut client = world.alice(Dialect::Smb302);
    let key = client.key.clone();
    let mut message = client.header(Command::Create as u16, false);
    message.extend(create("f", 3, 0));
    client.message_id += 1;
    let reply = world.frame(client.connection, &message).unwrap();
    assert_eq!(client.read(&reply)[0].status, Status::ACCESS_DENIED);
    client.key = key;
    client.open(&mut world, "f");
}

#[test]
fn a_tree_is_not_connected_unsigned_in_3_1_1() {
    let mut world = World::default();
    let mut client = world.connect();
    client.negotiate(&mut world, Dialect::Smb311);
    client.log_in(&mut world, "alice", "Password");
    let mut message = client.header(Command::TreeConnect as u16, false);
    message.extend([9, 0, 0, 0, 72, 0, 0, 0, 0]);
    assert_eq!(world.frame(client.connection, &message), None);
}
