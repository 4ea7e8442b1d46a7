//! Names that are not what is on disk: short ones, and streams that become the data of their file.

use super::client::*;
use crate::engine::short_name;
use crate::wire::header::Command;
use crate::wire::info::class::file;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const OPEN: u8 = 1;
const CREATE: u8 = 2;
const DELETE_ON_CLOSE: u32 = 0x1000;

fn opened(world: &mut World, client: &mut Client, name: &str, how: u8, options: u32) -> Status {
    let reply = client.ask(world, Command::Create, &create(name, how, options));
    if reply.status == Status::SUCCESS {
        let body = close(reply.file_id());
        assert_eq!(
            client.ask(world, Command::Close, &body).status,
            Status::SUCCESS
        );
    }
    reply.status
}

#[test]
fn a_file_made_anew_by_its_short_name_has_its_long_one() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let long = "a long name.text";
    let mut buffer = [0; short_name::LIMIT];
    let short = short_name::of(long.as_bytes(), &mut buffer);
    let short = core::str::from_utf8(short).unwrap();
    let mut ask =
        |name: &str, how: u8, options: u32| opened(&mut world, &mut client, name, how, options);
    assert_eq!(ask(long, CREATE, 0), Status::SUCCESS);
    assert_eq!(ask(short, OPEN, DELETE_ON_CLOSE), Status::SUCCESS);
    assert_eq!(ask(long, OPEN, 0), Status::OBJECT_NAME_NOT_FOUND);
    assert_eq!(ask(short, CREATE, 0), Status::SUCCESS);
    assert_eq!(ask(long, OPEN, DELETE_ON_CLOSE), Status::SUCCESS);
    // One that was never asked for by its short name is made as it is called.
    let other = short.replace('~', "A").replace("AL", "XX");
    assert_eq!(ask(&other, CREATE, 0), Status::SUCCESS);
    assert_eq!(ask(&other, OPEN, 0), Status::SUCCESS);
}

/// FileRenameInformation as a SET_INFO body.
fn rename(file_id: [u8; 16], name: &str, replace: bool) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut body = vec![33, 0, 1, file::RENAME];
    body.extend((20 + name.len() as u32).to_le_bytes());
    body.extend([96, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(file_id);
    body.extend([u8::from(replace), 0, 0, 0, 0, 0, 0, 0]);
    body.extend([0; 8]);
    body.extend((name.len() as u32).to_le_bytes());
    body.extend(name);
    body
}

#[test]
fn a_stream_becomes_the_data_of_a_file_that_has_none_and_that_nobody_has_open() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let base = client.open(&mut world, "f");
    let stream = client.open(&mut world, "f:s");
    let mut ask = |command, body: &[u8]| client.ask(&mut world, command, body);
    assert_eq!(
        ask(Command::Write, &write(stream, 0, b"data")).status,
        Status::SUCCESS
    );
    let onto = rename(stream, "::$DATA", true);
    assert_eq!(
        ask(Command::SetInfo, &onto).status,
        Status::SHARING_VIOLATION
    );
    assert_eq!(ask(Command::Close, &close(base)).status, Status::SUCCESS);
    assert_eq!(ask(Command::SetInfo, &onto).status, Status::SUCCESS);
    // The same open is one of the file now, and shares with others as such.
    let other = ask(Command::Create, &create("f", OPEN, 0)).file_id();
    let reply = ask(Command::Read, &read(other, 0, 10));
    assert_eq!(reply.status, Status::SUCCESS);
    assert!(reply.message.ends_with(b"data"));
    for open in [other, stream] {
        assert_eq!(ask(Command::Close, &close(open)).status, Status::SUCCESS);
    }
    assert_eq!(
        ask(Command::Create, &create("f:s", OPEN, 0)).status,
        Status::OBJECT_NAME_NOT_FOUND
    );
    world.server.disconnect(client.connection, world.now);
    world.assert_empty();
}

#[test]
fn a_file_longer_than_its_disk_finds_it_full() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let file = client.open(&mut world, "f");
    for (offset, status) in [
        ((1 << 40) - 1, Status::SUCCESS),
        (1 << 40, Status::DISK_FULL),
        (0xFFF_FFFF_0000 - 1, Status::DISK_FULL),
        (0xFFF_FFFF_0000, Status::INVALID_PARAMETER),
        (u64::MAX, Status::INVALID_PARAMETER),
    ] {
        let body = write(file, offset, b"x");
        let reply = client.ask(&mut world, Command::Write, &body);
        assert_eq!(reply.status, status, "{offset:x}");
    }
}
