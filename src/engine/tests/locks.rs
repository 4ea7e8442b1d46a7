//! Byte-range locks between clients, and requests that wait ([MS-SMB2] 3.3.5.14, 3.3.5.16).

use super::client::*;
use crate::wire::header::Command;
use crate::wire::lock::{EXCLUSIVE_LOCK, FAIL_IMMEDIATELY, SHARED_LOCK, UNLOCK};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const EXCLUSIVE_NOW: u32 = EXCLUSIVE_LOCK | FAIL_IMMEDIATELY;
const SHARED_NOW: u32 = SHARED_LOCK | FAIL_IMMEDIATELY;

/// Offset, length, flags.
type Range = (u64, u64, u32);

struct Two {
    world: World,
    a: Client,
    b: Client,
    file_a: [u8; 16],
    file_b: [u8; 16],
}

fn two() -> Two {
    let mut world = World::default();
    let mut a = world.alice(Dialect::Smb311);
    let mut b = world.alice(Dialect::Smb302);
    let file_a = a.open(&mut world, "f");
    let file_b = b.open(&mut world, "f");
    Two {
        world,
        a,
        b,
        file_a,
        file_b,
    }
}

impl Two {
    fn a(&mut self, elements: &[Range]) -> Status {
        let body = lock(self.file_a, elements);
        self.a.ask(&mut self.world, Command::Lock, &body).status
    }

    fn b(&mut self, elements: &[Range]) -> Status {
        let body = lock(self.file_b, elements);
        self.b.ask(&mut self.world, Command::Lock, &body).status
    }

    /// B waits for a range; the interim reply.
    fn b_waits(&mut self) -> Reply {
        assert_eq!(self.a(&[(0, 10, EXCLUSIVE_NOW)]), Status::SUCCESS);
        let body = lock(self.file_b, &[(5, 1, EXCLUSIVE_LOCK)]);
        let reply = self.b.ask(&mut self.world, Command::Lock, &body);
        assert!(reply.is_interim() && !reply.signed, "{reply:?}");
        assert!(self.b.pending(&mut self.world).is_empty());
        reply
    }

    /// The one late reply to B.
    fn late(&mut self, interim: &Reply) -> Status {
        let late = self.b.pending(&mut self.world);
        let [reply] = &late[..] else {
            panic!("{late:?}")
        };
        assert_eq!(reply.header.async_id, interim.header.async_id);
        assert_eq!(reply.header.message_id, interim.header.message_id);
        assert!(reply.signed && reply.credits() == 0);
        reply.status
    }
}

#[test]
fn locks_are_taken_all_or_none() {
    let mut two = two();
    assert_eq!(two.a(&[(100, 1, EXCLUSIVE_NOW)]), Status::SUCCESS);
    let three = [
        (0, 1, EXCLUSIVE_NOW),
        (50, 1, SHARED_NOW),
        (100, 1, SHARED_NOW),
    ];
    assert_eq!(two.b(&three), Status::LOCK_NOT_GRANTED);
    assert_eq!(
        two.a(&[(0, 60, EXCLUSIVE_NOW)]),
        Status::SUCCESS,
        "nothing of B's is left"
    );
}

#[test]
fn unlocks_go_in_order_and_stay_done() {
    let mut two = two();
    assert_eq!(
        two.a(&[(0, 1, EXCLUSIVE_NOW), (2, 1, EXCLUSIVE_NOW)]),
        Status::SUCCESS
    );
    assert_eq!(
        two.a(&[(0, 1, UNLOCK), (9, 9, UNLOCK), (2, 1, UNLOCK)]),
        Status::RANGE_NOT_LOCKED
    );
    assert_eq!(two.b(&[(0, 1, EXCLUSIVE_NOW)]), Status::SUCCESS);
    assert_eq!(two.b(&[(2, 1, EXCLUSIVE_NOW)]), Status::LOCK_NOT_GRANTED);
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let mut two = two();
    let cases: [(&[Range], Status); 8] = [
        (&[], Status::INVALID_PARAMETER),
        (&[(0, 1, 0)], Status::INVALID_PARAMETER),
        (
            &[(0, 1, SHARED_LOCK | EXCLUSIVE_LOCK)],
            Status::INVALID_PARAMETER,
        ),
        (
            &[(0, 1, UNLOCK | FAIL_IMMEDIATELY)],
            Status::INVALID_PARAMETER,
        ),
        (
            &[(0, 1, SHARED_LOCK), (2, 1, SHARED_LOCK)],
            Status::INVALID_PARAMETER,
        ),
        (
            &[(0, 1, SHARED_NOW), (2, 1, UNLOCK)],
            Status::INVALID_PARAMETER,
        ),
        (&[(u64::MAX, 2, EXCLUSIVE_NOW)], Status::INVALID_LOCK_RANGE),
        (&[(u64::MAX, 1, EXCLUSIVE_NOW)], Status::SUCCESS),
    ];
    for (elements, expected) in cases {
        assert_eq!(two.a(elements), expected, "{elements:?}");
    }
    let folder = two
        .a
        .ask(&mut two.world, Command::Create, &create("d", 3, 1))
        .file_id();
    let body = lock(folder, &[(0, 1, SHARED_NOW)]);
    let reply = two.a.ask(&mut two.world, Command::Lock, &body);
    assert_eq!(reply.status, Status::INVALID_PARAMETER);
}

#[test]
fn locks_stop_reads_and_writes_of_others() {
    let mut two = two();
    let body = write(two.file_a, 0, &[1; 100]);
    two.a.ask(&mut two.world, Command::Write, &body);
    two.a(&[(10, 10, EXCLUSIVE_NOW), (50, 10, SHARED_NOW)]);
    let cases = [
        (read(two.file_b, 0, 10), Command::Read, Status::SUCCESS),
        (
            read(two.file_b, 5, 10),
            Command::Read,
            Status::FILE_LOCK_CONFLICT,
        ),
        (read(two.file_b, 50, 10), Command::Read, Status::SUCCESS),
        (
            write(two.file_b, 59, b"x"),
            Command::Write,
            Status::FILE_LOCK_CONFLICT,
        ),
        (write(two.file_b, 60, b"x"), Command::Write, Status::SUCCESS),
    ];
    for (body, command, expected) in cases {
        let reply = two.b.ask(&mut two.world, command, &body);
        assert_eq!(reply.status, expected, "{command:?}");
    }
}

#[test]
fn who_waits_is_granted_when_the_range_is_free() {
    let mut two = two();
    let interim = two.b_waits();
    assert_eq!(two.a(&[(0, 10, UNLOCK)]), Status::SUCCESS);
    assert_eq!(two.late(&interim), Status::SUCCESS);
    assert_eq!(two.a(&[(5, 1, EXCLUSIVE_NOW)]), Status::LOCK_NOT_GRANTED);
}

#[test]
fn who_waits_is_granted_when_the_holder_closes_or_is_gone() {
    for gone in [false, true] {
        let mut two = two();
        let interim = two.b_waits();
        if gone {
            two.world.server.disconnect(two.a.connection, two.world.now);
        } else {
            let body = close(two.file_a);
            two.a.ask(&mut two.world, Command::Close, &body);
        }
        assert_eq!(two.world.server.next_woken(), Some(two.b.connection));
        assert_eq!(two.late(&interim), Status::SUCCESS);
    }
}

#[test]
fn who_came_first_is_granted_first() {
    let mut two = two();
    let first = two.b_waits();
    let mut c = two.world.alice(Dialect::Smb210);
    let file = c.open(&mut two.world, "f");
    let body = lock(file, &[(5, 1, EXCLUSIVE_LOCK)]);
    assert!(c.ask(&mut two.world, Command::Lock, &body).is_interim());
    two.a(&[(0, 10, UNLOCK)]);
    assert_eq!(two.late(&first), Status::SUCCESS);
    assert!(c.pending(&mut two.world).is_empty(), "B has it now");
    two.b(&[(5, 1, UNLOCK)]);
    assert_eq!(c.pending(&mut two.world).len(), 1);
}

#[test]
fn waiting_ends_with_cancel_close_tree_and_session() {
    type End = fn(&mut Two, &Reply);
    let ends: [(End, Status); 5] = [
        (
            |two, interim| {
                let id = interim.header.message_id;
                let next = core::mem::replace(&mut two.b.message_id, id);
                two.b.post(&mut two.world, Command::Cancel, &EMPTY);
                two.b.message_id = next;
            },
            Status::CANCELLED,
        ),
        (
            |two, interim| {
                let mut message = two.b.header(Command::Cancel as u16, false);
                message[16] |= 2;
                let id = interim.header.async_id.unwrap();
                message[32..40].copy_from_slice(&id.to_le_bytes());
                message.extend(EMPTY);
                two.b.sign(&mut message);
                let reply = two.world.frame(two.b.connection, &message);
                assert_eq!(reply.as_deref(), Some(&[][..]));
            },
            Status::CANCELLED,
        ),
        (
            |two, _| {
                let body = close(two.file_b);
                two.b.ask(&mut two.world, Command::Close, &body);
            },
            Status::RANGE_NOT_LOCKED,
        ),
        (
            |two, _| {
                two.b.ask(&mut two.world, Command::TreeDisconnect, &EMPTY);
            },
            Status::RANGE_NOT_LOCKED,
        ),
        (
            |two, _| {
                two.b.ask(&mut two.world, Command::Logoff, &EMPTY);
            },
            Status::RANGE_NOT_LOCKED,
        ),
    ];
    for (at, (end, expected)) in ends.into_iter().enumerate() {
        let mut two = two();
        let interim = two.b_waits();
        end(&mut two, &interim);
        assert_eq!(two.late(&interim), expected, "case {at}");
        two.a(&[(0, 10, UNLOCK)]);
        assert!(two.b.pending(&mut two.world).is_empty(), "case {at}");
        for client in [two.a, two.b] {
            two.world
                .server
                .disconnect(client.connection, two.world.now);
        }
        two.world.assert_empty();
    }
}

#[test]
fn a_cancel_from_elsewhere_is_ignored() {
    let mut two = two();
    let interim = two.b_waits();
    let mut message = two.a.header(Command::Cancel as u16, false);
    message[16] |= 2;
    let id = interim.header.async_id.unwrap();
    message[32..40].copy_from_slice(&id.to_le_bytes());
    message.extend(EMPTY);
    two.a.sign(&mut message);
    assert!(two.world.frame(two.a.connection, &message).is_some());
    assert!(two.b.pending(&mut two.world).is_empty());
}

#[test]
fn a_lock_that_was_granted_is_not_taken_twice() {
    let mut two = two();
    let mut body = lock(two.file_a, &[(0, 1, EXCLUSIVE_NOW)]);
    body[4..8].copy_from_slice(&((3_u32 << 4) | 1).to_le_bytes()); // bucket 3, number 1
    for _ in 0..2 {
        let reply = two.a.ask(&mut two.world, Command::Lock, &body);
        assert_eq!(reply.status, Status::SUCCESS, "again is as good as done");
    }
    body[4..8].copy_from_slice(&((3_u32 << 4) | 2).to_le_bytes());
    let reply = two.a.ask(&mut two.world, Command::Lock, &body);
    assert_eq!(reply.status, Status::LOCK_NOT_GRANTED, "a new request");
}
