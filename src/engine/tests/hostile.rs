//! Bytes that no client would send.

use super::client::*;
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;
use proptest::prelude::*;

#[test]
fn what_is_no_smb2_ends_the_connection() {
    for frame in [
        &b""[..],
        b"\xFE",
        b"\xFESMB",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xFDSMB",
        b"\xFCSMB",
        &[0; 64],
        &[0xFF; 200],
    ] {
        let mut world = World::default();
        let client = world.alice(Dialect::Smb311);
        let reply = world.frame(client.connection, frame);
        assert!(
            reply.is_none() || (frame.is_empty() && reply == Some(vec![])),
            "{frame:?}"
        );
    }
}

#[test]
fn a_compound_that_leads_nowhere_ends_the_connection() {
    for next in [1_u32, 4, 8, 56, 60, 68, 72, 1_000, u32::MAX] {
        let mut world = World::default();
        let mut client = world.alice(Dialect::Smb302);
        client.key = None;
        let mut message = client.header(Command::Echo as u16, false);
        message.extend(EMPTY);
        message[20..24].copy_from_slice(&next.to_le_bytes());
        assert_eq!(world.frame(client.connection, &message), None, "{next}");
    }
}

#[test]
fn every_truncation_of_every_request_is_answered_or_ends_the_connection() {
    let file = [1; 16];
    let bodies: [(Command, Vec<u8>); 7] = [
        (Command::Create, create("name", 3, 0)),
        (Command::Close, close(file)),
        (Command::Read, read(file, 0, 1)),
        (Command::Write, write(file, 0, b"data")),
        (Command::Lock, lock(file, &[(0, 1, 1)])),
        (Command::ChangeNotify, notify(file, true, 10, 0xFFF)),
        (Command::TreeConnect, vec![9, 0, 0, 0, 72, 0, 2, 0, 92, 0]),
    ];
    for (command, body) in bodies {
        for length in 0..body.len() {
            let mut world = World::default();
            let mut client = world.alice(Dialect::Smb311);
            let cut = Element {
                command,
                body: body[..length].to_vec(),
                related: false,
            };
            if let Some(replies) = client.compound(&mut world, &[cut]) {
                assert!(replies[0].status.is_error(), "{command:?} {length}");
            }
        }
    }
}

#[test]
fn commands_nobody_knows_are_refused() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    for command in [0x13_u16, 0x20, 0xFF, u16::MAX] {
        let mut message = client.header(command, false);
        client.message_id += 1;
        message.extend(EMPTY);
        client.sign(&mut message);
        let reply = world.frame(client.connection, &message).unwrap();
        let reply = &client.read(&reply)[0];
        assert_eq!(reply.status, Status::INVALID_PARAMETER);
        assert_eq!(reply.header.command, command);
    }
}

#[test]
fn nothing_works_before_a_negotiation_and_little_before_a_login() {
    let commands = (0..19_u16).filter_map(|command| Command::try_from(command).ok());
    for command in commands {
        let mut world = World::default();
        let client = world.connect();
        let mut message = client.header(command as u16, false);
        message.extend([0; 64]);
        let reply = world.frame(client.connection, &message);
        if command != Command::Negotiate {
            assert_eq!(reply, None, "{command:?}");
        }
        let mut client = world.connect();
        client.negotiate(&mut world, Dialect::Smb311);
        let element = Element {
            command,
            body: vec![0; 64],
            related: false,
        };
        for reply in client.compound(&mut world, &[element]).unwrap_or_default() {
            assert!(reply.status.is_error() && !reply.signed, "{command:?}");
        }
    }
}

#[test]
fn a_sealed_frame_for_nobody_ends_the_connection() {
    let mut world = World::default();
    let mut alice = world.alice(Dialect::Smb311);
    let mut other = world.connect();
    other.negotiate(&mut world, Dialect::Smb311);
    alice.seal = true;
    // Alice's session and keys, but from a connection that is none of its channels.
    let connection = core::mem::replace(&mut alice.connection, other.connection);
    let echo = || Element {
        command: Command::Echo,
        body: EMPTY.to_vec(),
        related: false,
    };
    assert!(alice.compound(&mut world, &[echo()]).is_none());
    alice.connection = connection;
    alice.message_id -= 1;
    assert!(alice.compound(&mut world, &[echo()]).is_some());
    // A second negotiation is none either.
    let mut message = other.header(Command::Negotiate as u16, false);
    message.extend([0; 64]);
    assert_eq!(world.frame(other.connection, &message), None);
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let noise = proptest::collection::vec(any::<u8>(), 0..300);
    let changed = (
        0..6_usize,
        proptest::collection::vec((any::<u8>(), any::<u8>()), 0..6),
    )
        .prop_map(|(which, changes)| {
            let mut body = [
                create("name", 3, 0),
                close([0xFF; 16]),
                read([0xFF; 16], 0, 1),
                write([0xFF; 16], 0, b"data"),
                lock([0xFF; 16], &[(0, 1, 1), (5, 5, 4)]),
                notify([0xFF; 16], true, 10, 0xFFF),
            ][which]
                .clone();
            for (at, value) in changes {
                let at = usize::from(at) % body.len();
                body[at] = value;
            }
            body
        });
    prop_oneof![noise, changed]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever a client that logged in sends: no panic, and when it is gone, nothing of it is left.
    #[test]
    fn any_bytes_after_a_login_leave_nothing_behind(
        frames in proptest::collection::vec(
            proptest::collection::vec((0..19_u16, body(), any::<bool>()), 1..5), 1..12),
        seal in any::<bool>(),
        raw in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut world = World::default();
        let mut client = world.alice(Dialect::Smb311);
        let mut watcher = world.alice(Dialect::Smb300);
        let file = watcher.ask(&mut world, Command::Create, &create_with("name", 3, 0, 9));
        prop_assert_eq!(file.status, Status::SUCCESS);
        client.seal = seal;
        for elements in frames {
            let elements: Vec<Element> = elements
                .into_iter()
                .filter(|(command, ..)| *command != Command::Logoff as u16)
                .map(|(command, body, related)| Element {
                    command: Command::try_from(command).unwrap(),
                    body,
                    related,
                })
                .collect();
            if client.compound(&mut world, &elements).is_none() {
                break;
            }
            client.pending(&mut world);
            watcher.pending(&mut world);
            world.pass(10_000);
        }
        let _ = world.frame(client.connection, &raw);
        world.server.disconnect(client.connection, world.now);
        watcher.pending(&mut world);
        world.server.disconnect(watcher.connection, world.now);
        world.assert_empty();
    }
}
