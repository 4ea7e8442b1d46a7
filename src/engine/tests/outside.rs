//! What others do on the router itself, as the disk tells it.

use super::client::*;
use super::leasing::*;
use crate::vfs::{Deed, Observed};
use crate::wire::change_notify::{action, filter};
use crate::wire::create::{disposition, oplock};
use crate::wire::header::Command;
use crate::wire::status::Status;

const DIRECTORY: u32 = 1;
const EVERYTHING: u32 = 0xFFF;

/// The one thing that is observed.
fn observed(world: &World) -> Observed {
    let mut objects = world.server.objects.iter();
    let mut found = objects.by_ref().filter_map(|(_, object)| object.observed);
    let first = found.next().expect("something is observed");
    assert_eq!(found.next(), None);
    first
}

fn happens(world: &mut World, of: Observed, deeds: &[(Deed, bool, &str)]) {
    for (deed, directory, name) in deeds {
        let change = (of, *deed, *directory, name.as_bytes().to_vec());
        world.server.vfs.outside.push_back(change);
    }
    world.server.disk_changed(world.now);
}

fn folder(world: &mut World, client: &mut Client, name: &str) -> [u8; 16] {
    let body = create(name, disposition::OPEN_IF as u8, DIRECTORY);
    client.ask(world, Command::Create, &body).file_id()
}

/// The first name and action, and how many bytes are told in all.
fn first(reply: &Reply) -> (u32, String, usize) {
    assert_eq!(reply.status, Status::SUCCESS);
    let length = u32_at(&reply.message, 80) as usize;
    let units = reply.message[84..84 + length].chunks(2);
    let units: Vec<u16> = units
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .collect();
    let name = String::from_utf16(&units).unwrap();
    (u32_at(&reply.message, 76), name, reply.message.len() - 72)
}

#[test]
fn who_watches_a_folder_is_told() {
    use Deed::*;
    // What happens, the filter, and what is told first.
    for (deeds, wanted, expected) in [
        (
            &[(Added, false, "x")][..],
            filter::FILE_NAME,
            Some((action::ADDED, 14)),
        ),
        (&[(Added, true, "x")], filter::FILE_NAME, None),
        (
            &[(Added, true, "x")],
            filter::DIR_NAME,
            Some((action::ADDED, 14)),
        ),
        (
            &[(Removed, false, "x")],
            filter::FILE_NAME,
            Some((action::REMOVED, 14)),
        ),
        (
            &[(Written, false, "x")],
            filter::SIZE,
            Some((action::MODIFIED, 14)),
        ),
        (&[(Written, false, "x")], filter::FILE_NAME, None),
        (
            &[(Changed, false, "x")],
            filter::ATTRIBUTES,
            Some((action::MODIFIED, 14)),
        ),
        (
            &[(RenamedFrom, false, "x"), (RenamedTo, false, "y")],
            filter::FILE_NAME,
            // Both, the second at a multiple of four.
            Some((action::RENAMED_OLD_NAME, 16 + 14)),
        ),
    ] {
        let mut world = World::default();
        let mut a = client(&mut world, 1);
        let d = folder(&mut world, &mut a, "d");
        let body = notify(d, false, 4_096, wanted);
        assert!(a.ask(&mut world, Command::ChangeNotify, &body).is_interim());
        let of = observed(&world);
        happens(&mut world, of, deeds);
        let replies = a.pending(&mut world);
        let told = replies.first().map(first);
        let found = told.as_ref().map(|(action, _, length)| (*action, *length));
        // Of several events the first completes the request, and all that are there are told with it.
        assert_eq!(found, expected, "{deeds:?}");
        if let Some((_, name, _)) = told {
            assert_eq!(name, "x");
        }
        world.server.disconnect(a.connection, world.now);
        world.assert_empty();
    }
}

#[test]
fn a_watch_on_all_below_a_folder_hears_of_folders_that_are_observed() {
    let mut world = World::default();
    let mut a = client(&mut world, 1);
    let d = folder(&mut world, &mut a, "d");
    let sub = folder(&mut world, &mut a, r"d\sub");
    let body = notify(sub, false, 4_096, EVERYTHING);
    assert!(a.ask(&mut world, Command::ChangeNotify, &body).is_interim());
    let of = observed(&world);
    let body = notify(d, true, 4_096, EVERYTHING);
    assert!(a.ask(&mut world, Command::ChangeNotify, &body).is_interim());
    happens(&mut world, of, &[(Deed::Added, false, "x")]);
    let mut names: Vec<_> = a
        .pending(&mut world)
        .iter()
        .map(|reply| first(reply).1)
        .collect();
    names.sort();
    assert_eq!(names, [r"sub\x", "x"]);
}

#[test]
fn who_caches_what_was_written_must_read_again() {
    // The oplock or lease, and what is left of it.
    for (level, state, left) in [
        (oplock::LEVEL_II, 0, 0),
        (oplock::BATCH, 0, 0),
        (oplock::LEASE, R, NONE),
        (oplock::LEASE, RH, NONE),
        (oplock::LEASE, RWH, NONE),
    ] {
        let mut world = World::default();
        let mut a = client(&mut world, 1);
        let body = create_with("f", disposition::OPEN_IF as u8, 0, level);
        let body = match level {
            oplock::LEASE => leased(body, 1, state, Some(0), None),
            _ => body,
        };
        a.ask(&mut world, Command::Create, &body);
        let of = observed(&world);
        happens(&mut world, of, &[(Deed::Changed, false, "")]);
        assert_eq!(a.pending(&mut world).len(), 0);
        happens(
            &mut world,
            of,
            &[(Deed::Written, false, ""), (Deed::Written, false, "")],
        );
        match level {
            oplock::LEASE => {
                let breaks = told(&mut world, &mut a);
                assert_eq!(breaks.len(), 1);
                assert_eq!((breaks[0].from, breaks[0].to), (state, left));
            }
            _ => assert_eq!(a.pending(&mut world)[0].message[66], left as u8),
        }
    }
}

#[test]
fn a_lease_of_a_folder_ends_with_a_change_in_it() {
    for deed in [Deed::Added, Deed::Removed, Deed::Written, Deed::Changed] {
        let mut world = World::default();
        let mut a = client(&mut world, 1);
        let body = create_with("d", disposition::OPEN_IF as u8, DIRECTORY, 0);
        let body = leased(body, 1, RH, Some(0), None);
        assert_eq!(
            granted(&a.ask(&mut world, Command::Create, &body))
                .unwrap()
                .state,
            RH
        );
        let of = observed(&world);
        happens(&mut world, of, &[(deed, false, "x")]);
        let breaks = told(&mut world, &mut a);
        assert_eq!((breaks[0].from, breaks[0].to), (RH, NONE), "{deed:?}");
    }
}

#[test]
fn when_changes_were_missed_everybody_looks_again() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let d = folder(&mut world, &mut a, "d");
    let body = notify(d, false, 4_096, filter::SECURITY);
    a.ask(&mut world, Command::ChangeNotify, &body);
    let body = create_leased("f", disposition::OPEN_IF, 1, RWH, Some(0));
    b.ask(&mut world, Command::Create, &body);
    happens(&mut world, Observed(-1), &[(Deed::Lost, false, "")]);
    assert_eq!(a.pending(&mut world)[0].status, Status::NOTIFY_ENUM_DIR);
    assert_eq!(told(&mut world, &mut b)[0].to, NONE);
}
