//! Times set and frozen through one open, and what other opens do to them ([MS-FSA] 2.1.4.17, 2.1.5.15.2).

use super::client::*;
use crate::wire::header::Command;
use crate::wire::info::class::file::BASIC;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const FREEZE: i64 = -1;
const RESUME: i64 = -2;
const SET: i64 = 120_000_000_000_000_000;

/// FileBasicInformation as a SET_INFO body: creation and access time are left.
fn set_basic(file: [u8; 16], write: i64, change: i64, attributes: u32) -> Vec<u8> {
    let mut body = vec![33, 0, 1, BASIC];
    body.extend(40u32.to_le_bytes());
    body.extend([96, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(file);
    for time in [0, 0, write, change] {
        body.extend(time.to_le_bytes());
    }
    body.extend(attributes.to_le_bytes());
    body.extend([0; 4]);
    body
}

struct One {
    world: World,
    client: Client,
}

impl One {
    fn set(&mut self, file: [u8; 16], write: i64, change: i64, attributes: u32) -> Status {
        let body = set_basic(file, write, change, attributes);
        let reply = self.client.ask(&mut self.world, Command::SetInfo, &body);
        reply.status
    }

    fn write(&mut self, file: [u8; 16]) {
        let reply = self
            .client
            .ask(&mut self.world, Command::Write, &write(file, 0, b"x"));
        assert_eq!(reply.status, Status::SUCCESS);
    }

    /// Last write time and change time.
    fn times(&mut self, file: [u8; 16]) -> (i64, i64) {
        let mut body = vec![41, 0, 1, BASIC];
        body.extend(40u32.to_le_bytes());
        body.extend([0; 16]);
        body.extend(file);
        let reply = self.client.ask(&mut self.world, Command::QueryInfo, &body);
        assert_eq!(reply.status, Status::SUCCESS);
        let time = |at: usize| i64::from_le_bytes(reply.message[at..at + 8].try_into().unwrap());
        (time(72 + 16), time(72 + 24))
    }
}

fn one() -> One {
    let mut world = World::default();
    let client = world.alice(Dialect::Smb311);
    One { world, client }
}

#[test]
fn times_that_are_set_stay_for_the_open_that_set_them() {
    let mut one = one();
    let first = one.client.open(&mut one.world, "f");
    let second = one.client.open(&mut one.world, "f");
    assert_eq!(one.set(first, SET, SET + 1, 0), Status::SUCCESS);
    assert_eq!(one.times(second), (SET, SET + 1));
    one.write(first);
    assert_eq!(one.times(second), (SET, SET + 1));
    // Attributes alone move neither.
    assert_eq!(one.set(first, 0, 0, 0x2), Status::SUCCESS);
    assert_eq!(one.times(first), (SET, SET + 1));
    one.write(second);
    let (written, changed) = one.times(first);
    assert!(written > SET && changed > SET + 1);
}

#[test]
fn each_time_is_frozen_and_let_go_for_itself() {
    let mut one = one();
    let file = one.client.open(&mut one.world, "f");
    for (write, change) in [
        (FREEZE, 0),
        (RESUME, FREEZE),
        (FREEZE, FREEZE),
        (RESUME, RESUME),
    ] {
        let before = one.times(file);
        assert_eq!(one.set(file, write, change, 0), Status::SUCCESS);
        assert_eq!(one.times(file), before, "{write} {change}");
        one.write(file);
        let after = one.times(file);
        assert_eq!(after.0 == before.0, write == FREEZE, "{write} {change}");
        assert_eq!(after.1 == before.1, change == FREEZE, "{write} {change}");
    }
}

#[test]
fn attributes_move_the_change_time_unless_it_is_frozen_with_them() {
    let mut one = one();
    let file = one.client.open(&mut one.world, "f");
    let (written, changed) = one.times(file);
    assert_eq!(one.set(file, 0, FREEZE, 0x2), Status::SUCCESS);
    assert_eq!(one.times(file), (written, changed));
    assert_eq!(one.set(file, 0, RESUME, 0x4), Status::SUCCESS);
    let (again, moved) = one.times(file);
    assert_eq!(again, written);
    assert!(moved > changed);
    assert_eq!(one.set(file, -3, 0, 0), Status::INVALID_PARAMETER);
}
