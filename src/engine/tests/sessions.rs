//! Logins, logoffs, channels and what is left of them ([MS-SMB2] 3.3.5.5, 3.3.5.6).

use super::client::*;
use crate::crypto::SigningAlgorithm;
use crate::engine::{Encryption, Setup};
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const DIALECTS: [Dialect; 5] = [
    Dialect::Smb202,
    Dialect::Smb210,
    Dialect::Smb300,
    Dialect::Smb302,
    Dialect::Smb311,
];

#[test]
fn every_dialect_logs_in_opens_and_logs_off() {
    for dialect in DIALECTS {
        let mut world = World::default();
        let mut client = world.alice(dialect);
        let file = client.open(&mut world, "f");
        let echo = client.ask(&mut world, Command::Write, &write(file, 0, b"x"));
        assert_eq!(echo.status, Status::SUCCESS, "{dialect:?}");
        let reply = client.ask(&mut world, Command::Logoff, &EMPTY);
        assert!(reply.signed && reply.status == Status::SUCCESS);
        client.key = None;
        let reply = client.ask(&mut world, Command::Close, &close(file));
        assert_eq!(reply.status, Status::USER_SESSION_DELETED);
        world.server.disconnect(client.connection, world.now);
        world.assert_empty();
    }
}

#[test]
fn a_wrong_password_leaves_nothing_behind() {
    let mut world = World::default();
    let mut client = world.connect();
    client.negotiate(&mut world, Dialect::Smb311);
    assert_eq!(
        client.log_in(&mut world, "alice", "wrong"),
        Status::LOGON_FAILURE
    );
    client.session = 0;
    assert_eq!(
        client.log_in(&mut world, "alice", "Password"),
        Status::SUCCESS
    );
    world.server.disconnect(client.connection, world.now);
    world.assert_empty();
}

#[test]
fn a_stranger_is_a_guest_where_there_is_a_share_for_guests() {
    let mut world = World::default();
    let mut client = world.connect();
    client.negotiate(&mut world, Dialect::Smb300);
    assert_eq!(client.log_in(&mut world, "nobody", "x"), Status::SUCCESS);
    client.key = None; // a guest has no key
    assert_eq!(
        client.tree_connect(&mut world, "files"),
        Status::ACCESS_DENIED
    );
    assert_eq!(client.tree_connect(&mut world, "open"), Status::SUCCESS);

    let mut world = World::with(|setup| {
        setup.shares.pop();
    });
    let mut client = world.connect();
    client.negotiate(&mut world, Dialect::Smb300);
    assert_eq!(
        client.log_in(&mut world, "nobody", "x"),
        Status::LOGON_FAILURE
    );
}

#[test]
fn a_previous_session_ends_only_for_its_own_user() {
    for (user, password, ends) in [("alice", "Password", true), ("bob", "geheim", false)] {
        let mut world = World::default();
        let mut old = world.alice(Dialect::Smb311);
        let file = old.open(&mut world, "f");
        let mut new = world.connect();
        new.negotiate(&mut world, Dialect::Smb311);
        assert_eq!(
            new.log_in_with(&mut world, user, password, old.session, false),
            Status::SUCCESS
        );
        if ends {
            old.key = None;
        }
        let reply = old.ask(&mut world, Command::Close, &close(file));
        let expected = if ends {
            Status::USER_SESSION_DELETED
        } else {
            Status::SUCCESS
        };
        assert_eq!(reply.status, expected, "{user}");
    }
}

#[test]
fn a_second_channel_uses_the_session_and_outlives_the_first() {
    for algorithm in SigningAlgorithm::ALL {
        let mut world = World::default();
        let mut first = world.connect();
        first.algorithm = algorithm;
        first.negotiate(&mut world, Dialect::Smb311);
        first.log_in(&mut world, "alice", "Password");
        first.tree_connect(&mut world, "files");
        let file = first.open(&mut world, "f");
        let mut second = world.connect();
        second.algorithm = algorithm;
        second.negotiate(&mut world, Dialect::Smb311);
        second.session = first.session;
        second.tree = first.tree;
        second.key = first.key.clone();
        let status = second.log_in_with(&mut world, "alice", "Password", 0, true);
        assert_eq!(status, Status::SUCCESS, "{algorithm:?}");
        let reply = second.ask(&mut world, Command::Write, &write(file, 0, b"x"));
        assert_eq!(reply.status, Status::SUCCESS);
        world.server.disconnect(first.connection, world.now);
        let reply = second.ask(&mut world, Command::Close, &close(file));
        assert_eq!(reply.status, Status::SUCCESS);
        world.server.disconnect(second.connection, world.now);
        world.assert_empty();
    }
}

#[test]
fn a_channel_is_bound_only_by_the_sessions_own_user_with_its_key() {
    let mut world = World::default();
    let first = world.alice(Dialect::Smb311);
    let mut second = world.connect();
    second.negotiate(&mut world, Dialect::Smb311);
    second.session = first.session;
    second.key = None;
    let status = second.log_in_with(&mut world, "alice", "Password", 0, true);
    assert_eq!(status, Status::INVALID_PARAMETER, "not signed");
    second.session = first.session;
    second.key = first.key.clone();
    let status = second.log_in_with(&mut world, "bob", "geheim", 0, true);
    assert_eq!(status, Status::ACCESS_DENIED, "somebody else");
}

#[test]
fn a_session_of_another_connection_is_not_there() {
    let mut world = World::default();
    let mut first = world.alice(Dialect::Smb311);
    let file = first.open(&mut world, "f");
    let mut second = world.alice(Dialect::Smb311);
    second.session = first.session;
    second.tree = first.tree;
    second.key = None;
    let reply = second.ask(&mut world, Command::Close, &close(file));
    assert_eq!(
        (reply.status, reply.signed),
        (Status::USER_SESSION_DELETED, false)
    );
}

#[test]
fn another_sessions_files_and_trees_are_not_there() {
    let mut world = World::default();
    let mut first = world.alice(Dialect::Smb311);
    let file = first.open(&mut world, "f");
    let mut second = world.alice(Dialect::Smb311);
    let reply = second.ask(&mut world, Command::Close, &close(file));
    assert_eq!(reply.status, Status::FILE_CLOSED);
    second.tree = first.tree;
    let reply = second.ask(&mut world, Command::Close, &close(file));
    assert_eq!(reply.status, Status::NETWORK_NAME_DELETED);
}

#[test]
fn who_does_not_log_in_is_shown_out() {
    let mut world = World::default();
    let client = world.connect();
    world.pass(29_999);
    assert!(!world.server.must_close(client.connection));
    world.pass(1);
    assert!(world.server.must_close(client.connection));
    assert_eq!(world.server.next_woken(), Some(client.connection));
}

#[test]
fn a_login_that_stops_halfway_is_given_up() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let key = client.key.take();
    let session = core::mem::replace(&mut client.session, 0);
    let first = crate::auth::client::negotiate(crate::auth::client::USUAL);
    let mut body = vec![25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0];
    body.extend((first.len() as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend(first);
    let reply = client.ask(&mut world, Command::SessionSetup, &body);
    assert_eq!(reply.status, Status::MORE_PROCESSING_REQUIRED);
    let logins = |world: &World| world.server.usage()[2].1;
    assert_eq!(logins(&world), 1);
    world.pass(30_000);
    assert_eq!(logins(&world), 0);
    client.key = key;
    client.session = session;
    let reply = client.ask(&mut world, Command::Echo, &EMPTY);
    assert_eq!(reply.status, Status::SUCCESS);
}

#[test]
fn sessions_that_a_stricter_config_would_not_have_made_end() {
    type Change = fn(&mut Setup);
    let stricter: [(&str, Change, bool); 3] = [
        ("the same", |_| {}, false),
        ("signing", |setup| setup.signing_required = true, true),
        (
            "encryption",
            |setup| setup.encryption = Encryption::Required,
            true,
        ),
    ];
    for (name, change, ends) in stricter {
        let mut world = World::default();
        let client = world.alice(Dialect::Smb311);
        let mut setup = World::setup();
        change(&mut setup);
        world.server.reconfigure(setup, world.now);
        assert_eq!(world.server.must_close(client.connection), ends, "{name}");
    }
}
