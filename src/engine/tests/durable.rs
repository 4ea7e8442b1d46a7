//! Opens that outlive their connection ([MS-SMB2] 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12, 3.3.7.1).

use super::client::*;
use crate::engine::durable::{TIMEOUT_V1, TIMEOUT_V2};
use crate::wire::create::{action, oplock};
use crate::wire::create_context::name;
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const GUID: [u8; 16] = [0x5A; 16];

/// A CREATE body with one context more.
fn with_context(mut body: Vec<u8>, name: &[u8], data: &[u8]) -> Vec<u8> {
    body.resize(body.len().next_multiple_of(8), 0);
    let offset = 64 + body.len() as u32;
    body[48..52].copy_from_slice(&offset.to_le_bytes());
    body[52..56].copy_from_slice(&(24 + data.len() as u32).to_le_bytes());
    body.extend([0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 24, 0]);
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(name);
    body.extend([0; 4]);
    body.extend(data);
    body
}

/// Asks for a durable handle: version 2 with a create GUID.
fn request(name: &str, level: u8, guid: Option<[u8; 16]>) -> Vec<u8> {
    let body = create_with(name, 3, 0, level);
    match guid {
        None => with_context(body, name::DURABLE_HANDLE_REQUEST, &[0; 16]),
        Some(guid) => with_context(
            body,
            name::DURABLE_HANDLE_REQUEST_V2,
            &[&[0; 16][..], &guid].concat(),
        ),
    }
}

/// Comes back to a durable handle.
fn reconnect(file: [u8; 16], guid: Option<[u8; 16]>) -> Vec<u8> {
    let body = create_with("f", 1, 0, oplock::BATCH);
    match guid {
        None => with_context(body, name::DURABLE_HANDLE_RECONNECT, &file),
        Some(guid) => with_context(
            body,
            name::DURABLE_HANDLE_RECONNECT_V2,
            &[&file[..], &guid, &[0; 4]].concat(),
        ),
    }
}

/// Whether a CREATE's reply says that the handle is durable.
fn is_durable(reply: &Reply) -> bool {
    let contexts = &reply.message[152..];
    contexts.windows(4).any(|window| {
        window == name::DURABLE_HANDLE_REQUEST || window == name::DURABLE_HANDLE_REQUEST_V2
    })
}

fn drop_connection(world: &mut World, client: &Client) {
    world.server.disconnect(client.connection, world.now);
}

/// A durable open of `f` whose connection is lost.
fn lost(world: &mut World, guid: Option<[u8; 16]>) -> [u8; 16] {
    let mut client = world.alice(Dialect::Smb311);
    let reply = client.ask(world, Command::Create, &request("f", oplock::BATCH, guid));
    assert!(is_durable(&reply));
    drop_connection(world, &client);
    reply.file_id()
}

fn status_of_reconnect(
    world: &mut World,
    client: &mut Client,
    file: [u8; 16],
    guid: Option<[u8; 16]>,
) -> Status {
    client
        .ask(world, Command::Create, &reconnect(file, guid))
        .status
}

#[test]
fn a_client_comes_back_and_goes_on() {
    for guid in [None, Some(GUID)] {
        let mut world = World::default();
        let mut before = world.alice(Dialect::Smb311);
        let body = request("f", oplock::BATCH, guid);
        let file = before.ask(&mut world, Command::Create, &body).file_id();
        before.ask(&mut world, Command::Write, &write(file, 0, b"one"));
        before.ask(&mut world, Command::Lock, &lock(file, &[(0, 1, 2)]));
        drop_connection(&mut world, &before);
        world.pass(10_000);
        let mut after = world.alice(Dialect::Smb311);
        let read_too_early = after.ask(&mut world, Command::Read, &read(file, 0, 3));
        assert_eq!(read_too_early.status, Status::FILE_CLOSED);
        let reply = after.ask(&mut world, Command::Create, &reconnect(file, guid));
        assert_eq!(
            (reply.status, reply.message[66], reply.file_id()),
            (Status::SUCCESS, oplock::BATCH, file)
        );
        assert!(!is_durable(&reply));
        let reply = after.ask(&mut world, Command::Write, &write(file, 3, b"two"));
        assert_eq!(reply.status, Status::SUCCESS);
        let unlock = lock(file, &[(0, 1, 4)]);
        let reply = after.ask(&mut world, Command::Lock, &unlock);
        assert_eq!(reply.status, Status::SUCCESS, "the lock is there still");
        let reply = after.ask(&mut world, Command::Read, &read(file, 0, 9));
        assert_eq!(reply.message[68], 6);
        after.ask(&mut world, Command::Close, &close(file));
        drop_connection(&mut world, &after);
        world.assert_empty();
    }
}

#[test]
fn a_session_that_replaces_another_finds_its_handles() {
    let mut world = World::default();
    let mut before = world.alice(Dialect::Smb311);
    let body = request("f", oplock::BATCH, Some(GUID));
    let file = before.ask(&mut world, Command::Create, &body).file_id();
    let mut after = world.connect();
    after.negotiate(&mut world, Dialect::Smb311);
    let status = after.log_in_with(&mut world, "alice", "Password", before.session, false);
    assert_eq!(status, Status::SUCCESS);
    after.tree_connect(&mut world, "files");
    let status = status_of_reconnect(&mut world, &mut after, file, Some(GUID));
    assert_eq!(status, Status::SUCCESS);
}

#[test]
fn only_a_handle_lease_makes_it_durable() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    for level in [oplock::NONE, oplock::LEVEL_II, oplock::EXCLUSIVE] {
        let body = request("f", level, None);
        let reply = client.ask(&mut world, Command::Create, &body);
        assert!(!is_durable(&reply));
        client.ask(&mut world, Command::Close, &close(reply.file_id()));
    }
    drop_connection(&mut world, &client);
    world.assert_empty();
}

#[test]
fn its_time_is_limited() {
    for (guid, timeout) in [(None, TIMEOUT_V1), (Some(GUID), TIMEOUT_V2)] {
        let mut world = World::default();
        let file = lost(&mut world, guid);
        world.pass(u64::from(timeout) - 1);
        assert_eq!(world.server.usage()[4].1, 1);
        world.pass(1);
        world.assert_empty();
        let mut after = world.alice(Dialect::Smb311);
        let status = status_of_reconnect(&mut world, &mut after, file, guid);
        assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND);
    }
}

#[test]
fn nobody_else_gets_it() {
    let mut world = World::default();
    let file = lost(&mut world, Some(GUID));
    let mut bob = world.connect();
    bob.negotiate(&mut world, Dialect::Smb311);
    bob.log_in(&mut world, "bob", "geheim");
    bob.tree_connect(&mut world, "files");
    let status = status_of_reconnect(&mut world, &mut bob, file, Some(GUID));
    assert_eq!(status, Status::ACCESS_DENIED);
    let mut alice = world.alice(Dialect::Smb311);
    let status = status_of_reconnect(&mut world, &mut alice, file, Some([1; 16]));
    assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND);
    alice.tree_connect(&mut world, "open");
    let status = status_of_reconnect(&mut world, &mut alice, file, Some(GUID));
    assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND, "another share");
    alice.tree_connect(&mut world, "files");
    let status = status_of_reconnect(&mut world, &mut alice, file, Some(GUID));
    assert_eq!(status, Status::SUCCESS);
    let status = status_of_reconnect(&mut world, &mut alice, file, Some(GUID));
    assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND, "it is in use");
}

#[test]
fn who_is_away_stands_in_nobodys_way() {
    let mut world = World::default();
    let file = lost(&mut world, None);
    let mut other = world.alice(Dialect::Smb311);
    other.open(&mut world, "f");
    assert!(other.pending(&mut world).is_empty());
    let status = status_of_reconnect(&mut world, &mut other, file, None);
    assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND);
}

#[test]
fn a_file_that_goes_with_its_open_goes_when_that_is_given_up() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let mut body = request("f", oplock::BATCH, None);
    body[40..44].copy_from_slice(&0x1000_u32.to_le_bytes());
    let file = client.ask(&mut world, Command::Create, &body).file_id();
    client.ask(&mut world, Command::Write, &write(file, 0, b"old"));
    drop_connection(&mut world, &client);
    let mut other = world.alice(Dialect::Smb311);
    let reply = other.ask(&mut world, Command::Create, &create("f", 3, 0));
    let made = u32::from_le_bytes(reply.message[68..72].try_into().unwrap());
    assert_eq!((reply.status, made), (Status::SUCCESS, action::CREATED));
}

#[test]
fn close_and_tree_disconnect_end_it_and_logoff_does_not() {
    let mut world = World::default();
    for (command, expected) in [
        (Command::Close, Status::OBJECT_NAME_NOT_FOUND),
        (Command::TreeDisconnect, Status::OBJECT_NAME_NOT_FOUND),
        (Command::Logoff, Status::SUCCESS),
    ] {
        let mut client = world.alice(Dialect::Smb311);
        let body = request("f", oplock::BATCH, None);
        let file = client.ask(&mut world, Command::Create, &body).file_id();
        let body = match command {
            Command::Close => close(file),
            _ => EMPTY.to_vec(),
        };
        client.ask(&mut world, command, &body);
        drop_connection(&mut world, &client);
        let mut after = world.alice(Dialect::Smb311);
        let status = status_of_reconnect(&mut world, &mut after, file, None);
        assert_eq!(status, expected, "{command:?}");
        drop_connection(&mut world, &after);
    }
}

#[test]
fn there_are_only_so_many_and_the_oldest_is_given_up_first() {
    let mut world = World::default();
    let most = world.server.budget().durables as usize;
    let mut client = world.alice(Dialect::Smb311);
    let mut files = vec![];
    for number in 0..most + 1 {
        let body = request(&format!("f{number}"), oplock::BATCH, None);
        let reply = client.ask(&mut world, Command::Create, &body);
        assert_eq!(reply.status, Status::SUCCESS);
        assert_eq!(is_durable(&reply), number < most, "{number}");
        files.push(reply.file_id());
    }
    drop_connection(&mut world, &client);
    world.pass(1_000);
    let mut after = world.alice(Dialect::Smb311);
    let body = request("another", oplock::BATCH, None);
    let reply = after.ask(&mut world, Command::Create, &body);
    assert!(is_durable(&reply));
    let found = files
        .iter()
        .filter(|file| status_of_reconnect(&mut world, &mut after, **file, None) == Status::SUCCESS)
        .count();
    assert_eq!(found, most - 1);
}

#[test]
fn a_create_that_is_sent_again_finds_what_it_made() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let body = request("f", oplock::BATCH, Some(GUID));
    let first = client.ask(&mut world, Command::Create, &body);
    let reply = client.ask(&mut world, Command::Create, &body);
    assert_eq!(reply.status, Status::DUPLICATE_OBJECTID);
    client.replay = true;
    let again = client.ask(&mut world, Command::Create, &body);
    assert_eq!(again.message[64..], first.message[64..]);
    client.ask(&mut world, Command::Close, &close(first.file_id()));
    let fresh = client.ask(&mut world, Command::Create, &body);
    assert_eq!(fresh.status, Status::SUCCESS);
    assert_ne!(fresh.file_id(), first.file_id());
}

#[test]
fn what_comes_late_from_a_lost_channel_changes_nothing() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let file = client.open(&mut world, "f");
    for (sequence, expected) in [
        (1, Status::SUCCESS),
        (0, Status::FILE_NOT_AVAILABLE),
        (0x8000, Status::SUCCESS),
        (0xFFFF, Status::SUCCESS),
        (0x7FFF, Status::FILE_NOT_AVAILABLE),
        (0, Status::SUCCESS),
    ] {
        client.channel_sequence = sequence;
        let reply = client.ask(&mut world, Command::Write, &write(file, 0, b"x"));
        assert_eq!(reply.status, expected, "{sequence:#x}");
    }
}

#[test]
fn contexts_that_exclude_each_other_are_refused() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let mut body = request("f", oplock::BATCH, None);
    let at = body.len();
    // The context there is leads to another one.
    let first = at - 40;
    body[first..first + 4].copy_from_slice(&40_u32.to_le_bytes());
    body.extend([0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 24, 0, 32, 0, 0, 0]);
    body.extend(name::DURABLE_HANDLE_REQUEST_V2);
    body.extend([0; 36]);
    let length = (body.len() - first) as u32;
    body[52..56].copy_from_slice(&length.to_le_bytes());
    let reply = client.ask(&mut world, Command::Create, &body);
    assert_eq!(reply.status, Status::INVALID_PARAMETER);
}

/// Like [`request`], with a lease beside.
fn leased(mut body: Vec<u8>, key: u8) -> Vec<u8> {
    body[3] = oplock::LEASE;
    let at = body.len();
    let first = u32::from_le_bytes(body[48..52].try_into().unwrap()) as usize - 64;
    body.resize(at.next_multiple_of(8), 0);
    let next = (body.len() - first) as u32;
    body[first..first + 4].copy_from_slice(&next.to_le_bytes());
    body.extend([0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 24, 0, 32, 0, 0, 0]);
    body.extend(name::REQUEST_LEASE);
    body.extend([0; 4]);
    body.extend([key; 16]);
    body.extend([7, 0, 0, 0]);
    body.extend([0; 12]);
    let length = (body.len() - first) as u32;
    body[52..56].copy_from_slice(&length.to_le_bytes());
    body
}

#[test]
fn a_leased_handle_is_come_back_to_with_its_key_and_name() {
    let mut world = World::default();
    let mut before = world.alice(Dialect::Smb311);
    let body = leased(request("f", oplock::LEASE, Some(GUID)), 3);
    let reply = before.ask(&mut world, Command::Create, &body);
    assert!(is_durable(&reply));
    let file = reply.file_id();
    before.ask(&mut world, Command::Create, &create("g", 3, 0));
    drop_connection(&mut world, &before);
    world.pass(10_000);
    let mut after = world.alice(Dialect::Smb311);
    let named = |name: &str| {
        let body = create_with(name, 1, 0, oplock::LEASE);
        let data = [&file[..], &GUID, &[0; 4]].concat();
        with_context(body, name::DURABLE_HANDLE_RECONNECT_V2, &data)
    };
    for (body, expected) in [
        (named("f"), Status::OBJECT_NAME_NOT_FOUND),
        (leased(named("f"), 4), Status::OBJECT_NAME_NOT_FOUND),
        (leased(named("g"), 3), Status::INVALID_PARAMETER),
        (leased(named("nothing"), 3), Status::INVALID_PARAMETER),
        (leased(named("f"), 3), Status::SUCCESS),
    ] {
        let reply = after.ask(&mut world, Command::Create, &body);
        assert_eq!(reply.status, expected);
    }
    let reply = after.ask(&mut world, Command::Write, &write(file, 0, b"on"));
    assert_eq!(reply.status, Status::SUCCESS);
}

#[test]
fn a_lease_whose_client_is_away_gives_way_even_to_the_same_client() {
    let mut world = World::default();
    let mut before = world.alice(Dialect::Smb311);
    let body = leased(request("f", oplock::LEASE, Some(GUID)), 3);
    before.ask(&mut world, Command::Create, &body);
    let mut other = world.alice(Dialect::Smb311);
    drop_connection(&mut world, &before);
    let body = leased(request("f", oplock::LEASE, Some([1; 16])), 4);
    let reply = other.ask(&mut world, Command::Create, &body);
    assert_eq!(reply.status, Status::SUCCESS);
    assert!(is_durable(&reply) && other.pending(&mut world).is_empty());
}
