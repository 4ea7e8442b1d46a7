//! Leases of directories ([MS-SMB2] 3.3.5.9.11, [MS-FSA] 2.1.4.12).

use super::client::*;
use super::leasing::*;
use crate::wire::create::disposition;
use crate::wire::header::{self, Command};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const DIRECTORY: u32 = 1;
const DELETE_ON_CLOSE: u32 = 0x1000;
/// FileRenameInformation, FileLinkInformation, FileDispositionInformation, FileEndOfFileInformation.
const RENAME: u8 = 10;
const LINK: u8 = 11;
const DISPOSITION: u8 = 13;
const END_OF_FILE: u8 = 20;

/// The keys of the folder's leases: of the client that does things, and of one that looks on.
const OWN: u8 = 1;
const OTHER: u8 = 2;

/// Opens the folder with a lease.
fn folder(world: &mut World, client: &mut Client, name: &str, key: u8, state: u32) -> Reply {
    let mut body = create_with(name, disposition::OPEN_IF as u8, DIRECTORY, 0);
    body[26] &= !1; // DELETE: nothing could be renamed in it
    let body = leased(body, key, state, Some(0), None);
    client.ask(world, Command::Create, &body)
}

/// Opens a file, naming the key of its folder's lease or none.
fn file(
    world: &mut World,
    client: &mut Client,
    name: &str,
    options: u32,
    parent: Option<u8>,
) -> Reply {
    let body = create_with(name, disposition::OPEN_IF as u8, options, 0);
    let body = leased(body, 9, R, Some(0), parent);
    client.ask(world, Command::Create, &body)
}

fn close_all(mut world: World, clients: Vec<Client>) {
    for client in clients {
        world.server.disconnect(client.connection, world.now);
    }
    world.assert_empty();
    assert_eq!(world.server.folder_leases, 0);
}

#[test]
fn of_a_directory_reads_and_the_handle_are_cached_from_version_2_on() {
    for (dialect, asked, version2, expected) in [
        (Dialect::Smb311, RWH, true, Some(RH)),
        (Dialect::Smb300, RH, true, Some(RH)),
        (Dialect::Smb311, RW, true, Some(R)),
        (Dialect::Smb311, R, true, Some(R)),
        (Dialect::Smb311, RWH, false, None),
        (Dialect::Smb210, RWH, true, None),
    ] {
        let mut world = World::default();
        let mut a = world.alice(dialect);
        let body = create_with("d", disposition::OPEN_IF as u8, DIRECTORY, 0);
        let body = leased(body, 1, asked, version2.then_some(7), None);
        let reply = a.ask(&mut world, Command::Create, &body);
        let got = match expected {
            Some(_) => granted(&reply),
            None => {
                assert_eq!((reply.status, reply.message[66]), (Status::SUCCESS, 0));
                None
            }
        };
        assert_eq!(got.map(|got| got.state), expected, "{dialect:?} {asked}");
        if let Some(got) = got {
            assert_eq!(got.epoch, Some(8));
        }
        close_all(world, vec![a]);
    }
}

#[test]
fn the_capability_is_announced_from_3_0_on_to_those_who_know_of_it() {
    const BIT: u32 = crate::wire::negotiate::CAP_DIRECTORY_LEASING;
    for (dialect, client, expected) in [
        (Dialect::Smb202, BIT, 0),
        (Dialect::Smb210, BIT, 0),
        (Dialect::Smb300, BIT, BIT),
        (Dialect::Smb311, BIT, BIT),
        (Dialect::Smb300, 0, 0),
    ] {
        let bits = crate::engine::command::negotiate::capabilities(Some(dialect), client, true);
        assert_eq!(bits & BIT, expected, "{dialect:?}");
    }
}

/// Does something with `d/f` through an open that names `parent`.
type Deed = fn(&mut World, &mut Client, Option<u8>);

#[test]
fn a_change_breaks_the_leases_of_its_folder_but_for_the_one_whose_key_was_named() {
    let create: Deed = |world, client, parent| {
        file(world, client, r"d\new", 0, parent);
    };
    let overwrite: Deed = |world, client, parent| {
        let body = create_with(r"d\f", disposition::OVERWRITE as u8, 0, 0);
        let body = leased(body, 9, R, Some(0), parent);
        let reply = client.ask(world, Command::Create, &body);
        assert_eq!(reply.status, Status::SUCCESS);
    };
    let write_and_close: Deed = |world, client, parent| {
        let f = file(world, client, r"d\f", 0, parent).file_id();
        client.ask(world, Command::Write, &write(f, 0, b"x"));
        // Size and times are told when the file is closed.
        assert_eq!(told(world, client), []);
        client.ask(world, Command::Close, &close(f));
    };
    let resize: Deed = |world, client, parent| {
        let f = file(world, client, r"d\f", 0, parent).file_id();
        let body = set_info(f, END_OF_FILE, &[5, 0, 0, 0, 0, 0, 0, 0]);
        let reply = client.ask(world, Command::SetInfo, &body);
        assert_eq!(reply.status, Status::SUCCESS);
    };
    let rename: Deed = |world, client, parent| {
        let f = file(world, client, r"d\f", 0, parent).file_id();
        let body = set_info(f, RENAME, &new_name(r"d\g"));
        let reply = client.ask(world, Command::SetInfo, &body);
        assert_eq!(reply.status, Status::SUCCESS);
    };
    let link: Deed = |world, client, parent| {
        let f = file(world, client, r"d\f", 0, parent).file_id();
        let body = set_info(f, LINK, &new_name(r"d\g"));
        let reply = client.ask(world, Command::SetInfo, &body);
        assert_eq!(reply.status, Status::SUCCESS);
    };
    let delete: Deed = |world, client, parent| {
        let f = file(world, client, r"d\f", 0, parent).file_id();
        let reply = client.ask(world, Command::SetInfo, &set_info(f, DISPOSITION, &[1]));
        assert_eq!(reply.status, Status::SUCCESS);
        client.ask(world, Command::Close, &close(f));
    };
    let delete_on_close: Deed = |world, client, parent| {
        let f = file(world, client, r"d\f", DELETE_ON_CLOSE, parent).file_id();
        client.ask(world, Command::Close, &close(f));
    };
    let make_directory: Deed = |world, client, parent| {
        file(world, client, r"d\sub", DIRECTORY, parent);
    };
    let deeds: [(&str, Deed); 9] = [
        ("create", create),
        ("overwrite", overwrite),
        ("write", write_and_close),
        ("resize", resize),
        ("rename", rename),
        ("link", link),
        ("delete", delete),
        ("delete on close", delete_on_close),
        ("make a directory", make_directory),
    ];
    for (name, deed) in deeds {
        for parent in [Some(OWN), Some(OTHER), None, Some(7)] {
            let mut world = World::default();
            let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
            folder(&mut world, &mut a, "d", OWN, RH);
            let f = a.open(&mut world, r"d\f");
            a.ask(&mut world, Command::Close, &close(f));
            told(&mut world, &mut a);
            acknowledge(&mut world, &mut a, OWN, NONE);
            // The lease is asked for anew, after that file was made.
            let reply = folder(&mut world, &mut a, "d", OWN, RH);
            assert_eq!(granted(&reply).unwrap().state, RH);
            let reply = folder(&mut world, &mut b, "d", OTHER, RH);
            assert_eq!(granted(&reply).unwrap().state, RH);
            assert_eq!(told(&mut world, &mut a), []);
            deed(&mut world, &mut a, parent);
            for (client, key) in [(&mut a, OWN), (&mut b, OTHER)] {
                let breaks = told(&mut world, client);
                let seen: Vec<_> = breaks
                    .iter()
                    .map(|told| (told.key, told.from, told.to, told.answer))
                    .collect();
                let expected = [(key, RH, NONE, true)];
                let expected = &expected[..usize::from(parent != Some(key))];
                assert_eq!(seen, expected, "{name} {parent:?} {key}");
            }
            close_all(world, vec![a, b]);
        }
    }
}

#[test]
fn what_only_looks_or_changes_elsewhere_breaks_nothing() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let f = b.open(&mut world, "f");
    folder(&mut world, &mut b, "d", 7, NONE);
    folder(&mut world, &mut b, r"d\sub", 8, NONE);
    let inner = b.open(&mut world, r"d\sub\f");
    let g = b.open(&mut world, r"d\g");
    folder(&mut world, &mut a, "d", OWN, RH);
    b.ask(&mut world, Command::Write, &write(f, 0, b"x"));
    b.ask(&mut world, Command::Write, &write(inner, 0, b"x"));
    b.ask(&mut world, Command::Read, &read(g, 0, 1));
    for file in [f, inner, g] {
        b.ask(&mut world, Command::Close, &close(file));
    }
    let mut body = create_with("d", 1, DIRECTORY, 0);
    body[26] &= !1; // DELETE
    assert_eq!(
        b.ask(&mut world, Command::Create, &body).status,
        Status::SUCCESS
    );
    assert_eq!(told(&mut world, &mut a), []);
    // Two folders change by a rename from one to the other.
    let f = b.open(&mut world, "f");
    let body = set_info(f, RENAME, &new_name(r"d\h"));
    assert_eq!(
        b.ask(&mut world, Command::SetInfo, &body).status,
        Status::SUCCESS
    );
    assert_eq!(told(&mut world, &mut a).len(), 1);
    close_all(world, vec![a, b]);
}

#[test]
fn who_closes_a_file_that_another_has_deleted_learns_of_it() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let f = a.open(&mut world, r"f");
    a.ask(&mut world, Command::Close, &close(f));
    folder(&mut world, &mut a, "", OWN, RH);
    folder(&mut world, &mut b, "", OTHER, RH);
    let kept = file(&mut world, &mut b, "f", 0, Some(OTHER)).file_id();
    let gone = file(&mut world, &mut a, "f", DELETE_ON_CLOSE, Some(OWN)).file_id();
    a.ask(&mut world, Command::Close, &close(gone));
    assert_eq!(told(&mut world, &mut a), []);
    b.ask(&mut world, Command::Close, &close(kept));
    assert_eq!(told(&mut world, &mut a).len(), 1);
    assert_eq!(told(&mut world, &mut b).len(), 1);
    close_all(world, vec![a, b]);
}

#[test]
fn a_folder_whose_handle_is_cached_is_opened_alone_once_that_is_closed() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    for closes in [false, true] {
        let held = folder(&mut world, &mut a, "d", OWN, RH).file_id();
        let mut body = create_with("d", 1, DIRECTORY, 0);
        body[32..36].copy_from_slice(&[0; 4]); // ShareAccess
        let reply = b.ask(&mut world, Command::Create, &body);
        assert!(reply.is_interim());
        let breaks = told(&mut world, &mut a);
        assert_eq!(
            (breaks[0].from, breaks[0].to, breaks[0].answer),
            (RH, R, true)
        );
        let expected = match closes {
            true => {
                a.ask(&mut world, Command::Close, &close(held));
                Status::SUCCESS
            }
            false => {
                acknowledge(&mut world, &mut a, OWN, R);
                Status::SHARING_VIOLATION
            }
        };
        let late = b.pending(&mut world);
        assert_eq!(header::status(&late[0].message), Some(expected));
        if !closes {
            a.ask(&mut world, Command::Close, &close(held));
        }
    }
    close_all(world, vec![a, b]);
}
