//! Listing directories ([MS-SMB2] 3.3.5.18).

use super::client::*;
use crate::wire::create::disposition;
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

/// FILE_DIRECTORY_FILE.
const DIRECTORY: u32 = 1;
/// FileNamesInformation.
const NAMES: u8 = 12;

fn list(folder: [u8; 16]) -> Vec<u8> {
    let mut body = vec![33, 0, NAMES, 0, 0, 0, 0, 0];
    body.extend(folder);
    body.extend([96, 0, 2, 0]);
    body.extend(4096u32.to_le_bytes());
    body.extend(b"*\0");
    body
}

/// The names of an answer.
fn names(reply: &Reply) -> Vec<String> {
    let (mut at, mut found) = (72, Vec::new());
    loop {
        let entry = &reply.message[at..];
        let field = |at| u32::from_le_bytes(entry[at..at + 4].try_into().unwrap()) as usize;
        let units: Vec<u16> = (entry[12..12 + field(8)].chunks(2))
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .collect();
        found.push(String::from_utf16(&units).unwrap());
        if field(0) == 0 {
            return found;
        }
        at += field(0);
    }
}

#[test]
fn a_listing_that_the_disk_breaks_off_loses_no_names_and_one_at_its_end_stays_there() {
    let mut world = World::default();
    let mut client = world.alice(Dialect::Smb311);
    let folder = create("d", disposition::OPEN_IF as u8, DIRECTORY);
    let folder = client.ask(&mut world, Command::Create, &folder).file_id();
    for name in ["d\\a", "d\\b", "d\\c"] {
        client.open(&mut world, name);
    }
    world.server.vfs.readable_names = 2;
    let reply = client.ask(&mut world, Command::QueryDirectory, &list(folder));
    assert_eq!(reply.status, crate::vfs::Error::Io.into());
    world.server.vfs.readable_names = usize::MAX;
    let reply = client.ask(&mut world, Command::QueryDirectory, &list(folder));
    assert_eq!(names(&reply), [".", "..", "a", "b", "c"]);
    client.open(&mut world, "d\\d");
    // The disk is not asked again.
    world.server.vfs.readable_names = 0;
    let reply = client.ask(&mut world, Command::QueryDirectory, &list(folder));
    assert_eq!(reply.status, Status::NO_MORE_FILES);
}
