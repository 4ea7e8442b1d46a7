//! Compounds and credits ([MS-SMB2] 3.3.5.2.3, 3.3.5.2.7).

use super::client::*;
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const ANY: [u8; 16] = [0xFF; 16];

fn element(command: Command, body: Vec<u8>, related: bool) -> Element {
    Element {
        command,
        body,
        related,
    }
}

fn statuses(replies: Option<Vec<Reply>>) -> Vec<Status> {
    replies
        .expect("still connected")
        .iter()
        .map(|reply| reply.status)
        .collect()
}

#[test]
fn related_requests_use_the_file_of_the_one_before() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let replies = client.compound(
        &mut world,
        &[
            element(Command::Create, create("a", 3, 0), false),
            element(Command::Write, write(ANY, 0, b"hello"), true),
            element(Command::Read, read(ANY, 1, 3), true),
            element(Command::Close, close(ANY), true),
        ],
    );
    let replies = replies.unwrap();
    assert!(replies.iter().all(|reply| reply.status == Status::SUCCESS));
    assert_eq!(replies[2].message[80..83], *b"ell");
    assert!(replies[1..].iter().all(|reply| reply.header.is_related()));
    assert!(!replies[0].header.is_related());
}

#[test]
fn a_failed_create_fails_what_is_related_to_it() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb300);
    let replies = client.compound(
        &mut world,
        &[
            element(Command::Create, create("missing", 1, 0), false),
            element(Command::Read, read(ANY, 0, 1), true),
            element(Command::Close, close(ANY), true),
        ],
    );
    assert_eq!(statuses(replies), [Status::OBJECT_NAME_NOT_FOUND; 3]);
}

#[test]
fn unrelated_requests_stand_alone() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb210);
    let replies = client.compound(
        &mut world,
        &[
            element(Command::Create, create("a", 3, 0), false),
            element(Command::Close, close(ANY), false),
            element(Command::Echo, EMPTY.to_vec(), false),
        ],
    );
    assert_eq!(
        statuses(replies),
        [Status::SUCCESS, Status::FILE_CLOSED, Status::SUCCESS]
    );
}

#[test]
fn the_first_of_a_compound_is_related_to_nothing() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let replies = client.compound(
        &mut world,
        &[
            element(Command::Create, create("a", 3, 0), true),
            element(Command::Close, close(ANY), true),
            element(Command::Close, close(ANY), false),
        ],
    );
    assert_eq!(
        statuses(replies),
        [
            Status::INVALID_PARAMETER,
            Status::INVALID_PARAMETER,
            Status::FILE_CLOSED
        ]
    );
}

#[test]
fn what_is_related_to_a_request_without_a_session_means_nothing() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let session = core::mem::replace(&mut client.session, 0xABCD);
    let replies = client.compound(
        &mut world,
        &[
            element(Command::Close, close(ANY), false),
            element(Command::Close, close(ANY), true),
        ],
    );
    assert_eq!(
        statuses(replies),
        [Status::USER_SESSION_DELETED, Status::INVALID_PARAMETER]
    );
    client.session = session;
}

#[test]
fn only_the_last_of_a_compound_may_wait() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let replies = client.compound(
        &mut world,
        &[
            element(Command::Create, create("d", 3, 1), false),
            element(
                Command::ChangeNotify,
                notify(ANY, false, 1_024, 0xFFF),
                true,
            ),
            element(Command::Echo, EMPTY.to_vec(), false),
        ],
    );
    assert_eq!(
        statuses(replies),
        [Status::SUCCESS, Status::INTERNAL_ERROR, Status::SUCCESS]
    );
    let replies = client.compound(
        &mut world,
        &[
            element(Command::Create, create("d", 3, 1), false),
            element(
                Command::ChangeNotify,
                notify(ANY, false, 1_024, 0xFFF),
                true,
            ),
        ],
    );
    let replies = replies.unwrap();
    assert!(replies[1].is_interim());
}

#[test]
fn a_client_is_never_left_without_credits() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let mut held = 1_i64;
    for _ in 0..200 {
        let reply = client.ask(&mut world, Command::Echo, &EMPTY);
        held += i64::from(reply.credits()) - 1;
        assert!(reply.credits() >= 1 && held > 0);
    }
}

#[test]
fn a_message_id_counts_once() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    client.ask(&mut world, Command::Echo, &EMPTY);
    client.message_id -= 1;
    let echo = element(Command::Echo, EMPTY.to_vec(), false);
    assert!(client.compound(&mut world, &[echo]).is_none());
}

#[test]
fn a_message_id_beyond_the_credits_ends_the_connection() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    client.message_id += 100_000;
    let echo = element(Command::Echo, EMPTY.to_vec(), false);
    assert!(client.compound(&mut world, &[echo]).is_none());
}
