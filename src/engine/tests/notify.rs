//! Changes in directories, and who is told of them ([MS-SMB2] 3.3.5.19).

use super::client::*;
use crate::wire::change_notify::{action, filter};
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const NAMES: u32 = filter::FILE_NAME | filter::DIR_NAME;
const DIRECTORY: u32 = 1;
const DELETE_ON_CLOSE: u32 = 0x1000;

/// A watches, B changes.
struct Two {
    world: World,
    a: Client,
    b: Client,
}

fn two() -> Two {
    let mut world = World::default();
    let a = world.alice(Dialect::Smb311);
    let b = world.alice(Dialect::Smb302);
    let mut two = Two { world, a, b };
    for name in ["d", r"d\sub", "other"] {
        two.make(name, DIRECTORY);
    }
    two
}

/// What a CHANGE_NOTIFY reply tells.
fn told(reply: &Reply) -> Vec<(u32, String)> {
    assert_eq!(reply.status, Status::SUCCESS);
    let u32_at = |at: usize| u32::from_le_bytes(reply.message[at..at + 4].try_into().unwrap());
    assert_eq!(reply.message[66..68], [72, 0]);
    assert_eq!(u32_at(68) as usize, reply.message.len() - 72);
    let (mut at, mut told) = (72, vec![]);
    loop {
        let length = u32_at(at + 8) as usize;
        let name: Vec<u16> = reply.message[at + 12..at + 12 + length]
            .chunks(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .collect();
        told.push((u32_at(at + 4), String::from_utf16(&name).unwrap()));
        match u32_at(at) {
            0 => return told,
            next => at += next as usize,
        }
    }
}

impl Two {
    /// A opens a directory, not for deleting: who has that right stands in the way of renames in it.
    fn open(&mut self, name: &str) -> [u8; 16] {
        let mut body = create(name, 1, 0);
        body[26] &= !1;
        self.a
            .ask(&mut self.world, Command::Create, &body)
            .file_id()
    }

    fn make(&mut self, name: &str, options: u32) {
        let made = self
            .b
            .ask(&mut self.world, Command::Create, &create(name, 3, options));
        self.b
            .ask(&mut self.world, Command::Close, &close(made.file_id()));
    }

    fn remove(&mut self, name: &str) {
        self.make(name, DELETE_ON_CLOSE);
    }

    fn set(&mut self, file: [u8; 16], kind: u8, class: u8, data: &[u8]) {
        let mut body = vec![33, 0, kind, class];
        body.extend((data.len() as u32).to_le_bytes());
        body.extend([96, 0, 0, 0, 0, 0, 0, 0]);
        body.extend(file);
        body.extend(data);
        let reply = self.b.ask(&mut self.world, Command::SetInfo, &body);
        assert_eq!(reply.status, Status::SUCCESS);
    }

    fn rename(&mut self, from: &str, to: &str) {
        let opened = self
            .b
            .ask(&mut self.world, Command::Create, &create(from, 1, 0));
        let name: Vec<u8> = to.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut data = vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        data.extend((name.len() as u32).to_le_bytes());
        data.extend(name);
        self.set(opened.file_id(), 1, 10, &data);
        self.b
            .ask(&mut self.world, Command::Close, &close(opened.file_id()));
    }

    fn ask(&mut self, file: [u8; 16], recursive: bool, length: u32, filter: u32) -> Reply {
        let body = notify(file, recursive, length, filter);
        self.a.ask(&mut self.world, Command::ChangeNotify, &body)
    }

    /// A waits for changes.
    fn waits(&mut self, file: [u8; 16], recursive: bool, filter: u32) -> Reply {
        let interim = self.ask(file, recursive, 1_000, filter);
        assert!(interim.is_interim(), "{interim:?}");
        assert!(self.a.pending(&mut self.world).is_empty());
        interim
    }

    /// The one late reply to A.
    fn late(&mut self, interim: &Reply) -> Reply {
        let late = self.a.pending(&mut self.world);
        let [reply] = &late[..] else {
            panic!("{late:?}")
        };
        assert_eq!(reply.header.async_id, interim.header.async_id);
        reply.clone()
    }

    fn cancel(&mut self, interim: &Reply) {
        let next = self.a.message_id;
        self.a.message_id = interim.header.message_id;
        self.a.post(&mut self.world, Command::Cancel, &EMPTY);
        self.a.message_id = next;
    }
}

fn names(told: &[(u32, &str)]) -> Vec<(u32, String)> {
    told.iter()
        .map(|(action, name)| (*action, String::from(*name)))
        .collect()
}

#[test]
fn what_comes_and_goes_is_told_at_once_or_at_the_next_request() {
    let mut two = two();
    let d = two.open("d");
    let interim = two.waits(d, false, NAMES);
    two.make(r"d\f", 0);
    two.make(r"d\sub\deep", 0);
    two.make("d2", 0);
    let late = two.late(&interim);
    assert!(late.signed);
    assert_eq!(told(&late), names(&[(action::ADDED, "f")]));
    two.remove(r"d\f");
    two.make(r"d\g", DIRECTORY);
    let kept = two.ask(d, false, 1_000, NAMES);
    let expected = names(&[(action::REMOVED, "f"), (action::ADDED, "g")]);
    assert_eq!(told(&kept), expected);
    two.waits(d, false, NAMES);
}

#[test]
fn the_first_request_decides_how_deep_and_what_for() {
    let mut two = two();
    let d = two.open("d");
    let interim = two.waits(d, true, filter::DIR_NAME);
    two.make(r"d\sub\f", 0);
    two.make(r"d\sub\deeper", DIRECTORY);
    let expected = names(&[(action::ADDED, r"sub\deeper")]);
    assert_eq!(told(&two.late(&interim)), expected);
    let interim = two.waits(d, false, filter::ALL);
    two.make(r"d\sub\g", 0);
    two.make(r"d\sub\deeper2", DIRECTORY);
    let expected = names(&[(action::ADDED, r"sub\deeper2")]);
    assert_eq!(told(&two.late(&interim)), expected);
}

#[test]
fn a_rename_is_a_pair_within_a_directory_and_a_move_across() {
    let mut two = two();
    two.make(r"d\f", 0);
    let (d, root) = (two.open("d"), two.open(""));
    two.waits(d, false, NAMES);
    two.waits(root, true, NAMES);
    two.rename(r"d\f", r"d\g");
    two.rename(r"d\g", r"other\h");
    two.rename("d", "e");
    two.make(r"e\i", 0);
    let late = two.a.pending(&mut two.world);
    let mut late: Vec<_> = late.iter().map(told).collect();
    late.sort_by_key(Vec::len);
    let both = |path: &str| {
        names(&[
            (action::RENAMED_OLD_NAME, &format!("{path}f")),
            (action::RENAMED_NEW_NAME, &format!("{path}g")),
        ])
    };
    let mut in_d = both("");
    in_d.extend(names(&[(action::REMOVED, "g")]));
    in_d.extend(names(&[(action::ADDED, "i")]));
    let mut in_all = both(r"d\");
    in_all.extend(names(&[
        (action::REMOVED, r"d\g"),
        (action::ADDED, r"other\h"),
        (action::RENAMED_OLD_NAME, "d"),
        (action::RENAMED_NEW_NAME, "e"),
        (action::ADDED, r"e\i"),
    ]));
    assert_eq!(late, [in_d, in_all]);
}

#[test]
fn each_change_falls_under_its_filter() {
    let basic = |times: [u64; 4], attributes: u32| {
        let mut data: Vec<u8> = times.iter().flat_map(|time| time.to_le_bytes()).collect();
        data.extend(attributes.to_le_bytes());
        data.extend([0; 4]);
        data
    };
    let attribute = b"\0\0\0\0\0\x01\x01\0A\0x".to_vec();
    let time = 133_000_000_000_000_000;
    type Change = (u8, u8, Vec<u8>);
    let cases: [(Change, u32); 6] = [
        ((1, 4, basic([0; 4], 2)), filter::ATTRIBUTES),
        ((1, 4, basic([time, 0, 0, 0], 0)), filter::CREATION),
        ((1, 4, basic([0, time, 0, 0], 0)), filter::LAST_ACCESS),
        ((1, 4, basic([0, 0, time, 0], 0)), filter::LAST_WRITE),
        ((1, 15, attribute), filter::EA),
        ((1, 20, 9_u64.to_le_bytes().to_vec()), filter::SIZE),
    ];
    for ((kind, class, data), expected) in cases {
        let mut two = two();
        two.make(r"d\f", 0);
        let changed = two.b.open(&mut two.world, r"d\f");
        let (yes, no) = (two.open("d"), two.open("d"));
        let interim = two.waits(yes, false, expected);
        two.waits(no, false, filter::ALL & !expected);
        two.set(changed, kind, class, &data);
        let late = two.late(&interim);
        assert_eq!(told(&late), names(&[(action::MODIFIED, "f")]), "{class}");
    }
}

#[test]
fn what_was_written_is_told_when_the_file_is_closed() {
    let mut two = two();
    let file = two.b.open(&mut two.world, r"d\f");
    let stream = two.b.open(&mut two.world, r"d\f:s");
    let d = two.open("d");
    let interim = two.waits(d, false, filter::LAST_WRITE | filter::STREAM_WRITE);
    for _ in 0..2 {
        two.b
            .ask(&mut two.world, Command::Write, &write(file, 0, b"x"));
        two.b
            .ask(&mut two.world, Command::Write, &write(stream, 0, b"x"));
    }
    assert!(two.a.pending(&mut two.world).is_empty());
    two.b.ask(&mut two.world, Command::Close, &close(file));
    let expected = names(&[(action::MODIFIED, "f")]);
    assert_eq!(told(&two.late(&interim)), expected);
    two.b.ask(&mut two.world, Command::Close, &close(stream));
    let kept = two.ask(d, false, 1_000, 0);
    let expected = names(&[(action::MODIFIED_STREAM, "f:s")]);
    assert_eq!(told(&kept), expected);
}

#[test]
fn what_does_not_fit_is_to_be_listed() {
    let mut two = two();
    let d = two.open("d");
    for length in [1_000, 10] {
        let interim = two.waits(d, false, NAMES);
        two.cancel(&interim);
        assert_eq!(two.late(&interim).status, Status::CANCELLED);
        for number in 0..if length == 10 { 1 } else { 40 } {
            two.make(&format!(r"d\{length} {number}"), 0);
        }
        let reply = two.ask(d, false, length, NAMES);
        assert_eq!(reply.status, Status::NOTIFY_ENUM_DIR);
        assert_eq!(reply.message[64..], [9, 0, 72, 0, 0, 0, 0, 0]);
    }
    two.waits(d, false, NAMES);
}

#[test]
fn an_event_that_fits_nowhere_is_not_told() {
    let mut two = two();
    let d = two.open("d");
    assert!(two.ask(d, false, 0, NAMES).is_interim());
    two.make(r"d\f", 0);
    let late = two.a.pending(&mut two.world);
    assert_eq!(late[0].status, Status::NOTIFY_ENUM_DIR);
    two.make(r"d\g", 0);
    let reply = two.ask(d, false, 1_000, NAMES);
    assert_eq!(reply.status, Status::NOTIFY_ENUM_DIR);
}

#[test]
fn requests_on_one_open_are_answered_in_their_order() {
    let mut two = two();
    let d = two.open("d");
    let first = two.waits(d, false, NAMES);
    let second = two.waits(d, false, NAMES);
    for (interim, name) in [(first, "f"), (second, "g")] {
        two.make(&format!(r"d\{name}"), 0);
        let late = two.late(&interim);
        assert_eq!(told(&late), names(&[(action::ADDED, name)]));
    }
}

#[test]
fn who_watches_what_is_to_be_deleted_learns_that() {
    let mut two = two();
    two.make("gone", DIRECTORY);
    let gone = two.open("gone");
    let interim = two.waits(gone, false, NAMES);
    two.remove("gone");
    assert_eq!(two.late(&interim).status, Status::DELETE_PENDING);
    let reply = two.ask(gone, false, 1_000, NAMES);
    assert_eq!(reply.status, Status::DELETE_PENDING);
}

#[test]
fn the_end_of_the_open_ends_the_wait() {
    for end in [Command::Close, Command::TreeDisconnect, Command::Logoff] {
        let mut two = two();
        let d = two.open("d");
        let interim = two.waits(d, false, NAMES);
        let body = match end {
            Command::Close => close(d),
            _ => EMPTY.to_vec(),
        };
        two.a.ask(&mut two.world, end, &body);
        assert_eq!(two.late(&interim).status, Status::NOTIFY_CLEANUP);
        for client in [two.a, two.b] {
            two.world
                .server
                .disconnect(client.connection, two.world.now);
        }
        two.world.assert_empty();
    }
}

#[test]
fn a_connection_that_is_lost_takes_its_watches_along() {
    let mut two = two();
    let d = two.open("d");
    two.waits(d, false, NAMES);
    two.make(r"d\f", 0);
    for client in [two.a, two.b] {
        two.world
            .server
            .disconnect(client.connection, two.world.now);
    }
    two.world.assert_empty();
}

#[test]
fn no_more_directories_are_watched_than_there_is_room_for() {
    let mut two = two();
    let (_, _, most) = *two
        .world
        .server
        .usage()
        .iter()
        .find(|(name, ..)| *name == "watches")
        .unwrap();
    // The last quarter is for other addresses.
    let most = most - most / 4;
    let opens: Vec<_> = (0..=most).map(|_| two.open("d")).collect();
    for (number, open) in opens.iter().enumerate() {
        let reply = two.ask(*open, false, 100, NAMES);
        match number < most {
            true => {
                two.cancel(&reply);
                two.a.pending(&mut two.world);
            }
            false => assert_eq!(reply.status, Status::INSUFFICIENT_RESOURCES),
        }
    }
    two.a.ask(&mut two.world, Command::Close, &close(opens[0]));
    assert!(two.ask(opens[most], false, 100, NAMES).is_interim());
}

#[test]
fn a_cancel_that_comes_too_late_cancels_nothing() {
    let mut two = two();
    let d = two.open("d");
    let interim = two.waits(d, false, NAMES);
    two.make(r"d\f", 0);
    two.cancel(&interim);
    two.cancel(&interim);
    let late = two.late(&interim);
    assert_eq!(told(&late), names(&[(action::ADDED, "f")]));
}
