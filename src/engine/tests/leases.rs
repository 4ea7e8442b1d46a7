//! Leases between clients ([MS-SMB2] 3.3.4.7, 3.3.5.9.8, 3.3.5.9.11, 3.3.5.22.2).

use super::client::*;
use super::leasing::*;
use crate::wire::create::{disposition, oplock};
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

#[test]
fn another_client_opens_and_both_cache_what_goes_together() {
    // Held, asked for by the other, left, granted.
    for (held, asked, left, got) in [
        (R, R, R, R),
        (R, RWH, R, RH),
        (RH, R, RH, R),
        (RH, RWH, RH, RH),
        (RW, R, R, R),
        (RW, RH, R, RH),
        (RWH, RW, RH, R),
        (RWH, RWH, RH, RH),
    ] {
        let mut world = World::default();
        let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
        let first = lease(&mut world, &mut a, "f", 1, held);
        assert_eq!(granted(&first).unwrap().state, held);
        let second = lease(&mut world, &mut b, "f", 1, asked);
        let breaks = told(&mut world, &mut a);
        let second = if held == left {
            assert_eq!(breaks, []);
            second
        } else {
            assert!(second.is_interim());
            let expected = Told {
                key: 1,
                epoch: 0,
                answer: true,
                from: held,
                to: left,
            };
            assert_eq!(breaks, [expected]);
            let status = acknowledge(&mut world, &mut a, 1, left);
            assert_eq!(status, Status::SUCCESS);
            b.pending(&mut world).remove(0)
        };
        assert_eq!(granted(&second).unwrap().state, got, "{held} {asked}");
        // What was left does not rise again beside the other.
        let again = lease(&mut world, &mut a, "f", 1, RWH);
        assert_eq!(granted(&again).unwrap().state, left);
        for client in [a, b] {
            world.server.disconnect(client.connection, world.now);
        }
        world.assert_empty();
    }
}

#[test]
fn opens_of_one_key_share_a_lease_and_break_nothing() {
    let mut world = World::default();
    let mut a = client(&mut world, 1);
    let first = lease(&mut world, &mut a, "f", 1, RH);
    let second = lease(&mut world, &mut a, "f", 1, RWH);
    assert_eq!(granted(&second).unwrap().state, RWH);
    let body = write(second.file_id(), 0, b"x");
    a.ask(&mut world, Command::Write, &body);
    assert_eq!(told(&mut world, &mut a), []);
    a.ask(&mut world, Command::Close, &close(first.file_id()));
    let third = lease(&mut world, &mut a, "f", 1, NONE);
    assert_eq!(granted(&third).unwrap().state, RWH);
    for file in [second.file_id(), third.file_id()] {
        a.ask(&mut world, Command::Close, &close(file));
    }
    let fresh = lease(&mut world, &mut a, "f", 1, R);
    assert_eq!(granted(&fresh).unwrap().state, R);
}

#[test]
fn a_key_names_one_file_of_one_client() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    b.open(&mut world, "other");
    lease(&mut world, &mut a, "f", 1, R);
    for name in ["other", "new"] {
        let reply = lease(&mut world, &mut a, name, 1, R);
        assert_eq!(reply.status, Status::INVALID_PARAMETER, "{name}");
    }
    let reply = lease(&mut world, &mut b, "other", 1, R);
    assert_eq!(granted(&reply).unwrap().state, R);
}

#[test]
fn a_lease_goes_down_step_by_step_when_more_is_asked_of_it_meanwhile() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let body = create_leased("f", disposition::OPEN_IF, 1, RWH, Some(0x11));
    let first = a.ask(&mut world, Command::Create, &body);
    assert_eq!(
        granted(&first),
        Some(Granted {
            state: RWH,
            flags: 0,
            epoch: Some(0x12)
        })
    );
    let opens = b.ask(&mut world, Command::Create, &create("f", 1, 0));
    let step = |from, to, answer| Told {
        key: 1,
        epoch: 0x13,
        answer,
        from,
        to,
    };
    assert_eq!(told(&mut world, &mut a), [step(RWH, RH, true)]);
    let empties = b.ask(&mut world, Command::Create, &create("f", 4, 0));
    assert!(opens.is_interim() && empties.is_interim());
    assert_eq!(told(&mut world, &mut a), []);
    let again = a.ask(&mut world, Command::Create, &body);
    assert_eq!(
        granted(&again),
        Some(Granted {
            state: RWH,
            flags: BREAK_IN_PROGRESS,
            epoch: Some(0x13)
        })
    );
    for (wrong, status) in [(RWH, Status::REQUEST_NOT_ACCEPTED), (RH, Status::SUCCESS)] {
        assert_eq!(acknowledge(&mut world, &mut a, 1, wrong), status);
    }
    assert_eq!(told(&mut world, &mut a), [step(RH, R, true)]);
    assert!(b.pending(&mut world).is_empty());
    assert_eq!(acknowledge(&mut world, &mut a, 1, R), Status::SUCCESS);
    assert_eq!(told(&mut world, &mut a), [step(R, NONE, false)]);
    let late = b.pending(&mut world);
    assert_eq!(late.len(), 2);
    assert!(late.iter().all(|reply| reply.status == Status::SUCCESS));
    for (key, status) in [
        (1, Status::UNSUCCESSFUL),
        (2, Status::OBJECT_NAME_NOT_FOUND),
    ] {
        assert_eq!(acknowledge(&mut world, &mut a, key, NONE), status);
    }
}

#[test]
fn a_lease_nobody_answers_for_is_lost() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let first = lease(&mut world, &mut a, "f", 1, RWH);
    assert!(lease(&mut world, &mut b, "f", 2, RWH).is_interim());
    world.pass(36_000);
    let opened = b.pending(&mut world).remove(0);
    assert_eq!(granted(&opened).unwrap().state, RH);
    assert_eq!(acknowledge(&mut world, &mut a, 1, RH), Status::UNSUCCESSFUL);
    told(&mut world, &mut a);
    // The handle is good all the same; who writes breaks what others read ahead.
    let body = write(first.file_id(), 0, b"x");
    let reply = a.ask(&mut world, Command::Write, &body);
    assert_eq!(reply.status, Status::SUCCESS);
    let told = told(&mut world, &mut b);
    assert_eq!((told[0].from, told[0].to, told[0].answer), (RH, NONE, true));
}

#[test]
fn a_break_is_told_on_the_connection_that_is_left() {
    let mut world = World::default();
    let (mut a, mut again) = (client(&mut world, 1), client(&mut world, 1));
    let mut b = client(&mut world, 2);
    lease(&mut world, &mut a, "f", 1, RWH);
    lease(&mut world, &mut again, "f", 1, RWH);
    assert!(lease(&mut world, &mut b, "f", 2, RWH).is_interim());
    world.server.disconnect(a.connection, world.now);
    let told = told(&mut world, &mut again);
    assert_eq!((told.len(), told[0].to), (1, RH));
    assert_eq!(acknowledge(&mut world, &mut again, 1, RH), Status::SUCCESS);
    assert_eq!(b.pending(&mut world).len(), 1);
}

#[test]
fn oplocks_and_leases_stand_beside_each_other_as_far_as_they_can() {
    // A lease held, the level asked for, the level granted.
    for (held, level, got) in [
        (R, oplock::BATCH, oplock::LEVEL_II),
        (RH, oplock::LEVEL_II, oplock::NONE),
        (RH, oplock::BATCH, oplock::NONE),
    ] {
        let mut world = World::default();
        let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
        lease(&mut world, &mut a, "f", 1, held);
        let reply = b.ask(&mut world, Command::Create, &create_with("f", 1, 0, level));
        assert_eq!(reply.message[66], got, "{held} {level}");
    }
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let body = create_with("f", 3, 0, oplock::LEVEL_II);
    a.ask(&mut world, Command::Create, &body);
    let reply = lease(&mut world, &mut b, "f", 1, RWH);
    assert_eq!(granted(&reply).unwrap().state, R);
}

#[test]
fn who_comes_back_to_a_lease_names_its_key_and_its_file() {
    // The name and key that are sent, and the answer.
    for (name, key, status) in [
        ("f", Some(1), Status::SUCCESS),
        ("f", Some(2), Status::OBJECT_NAME_NOT_FOUND),
        ("f", None, Status::OBJECT_NAME_NOT_FOUND),
        ("g", Some(1), Status::INVALID_PARAMETER),
    ] {
        let mut world = World::default();
        let mut a = client(&mut world, 1);
        let body = create_leased("f", disposition::OPEN_IF, 1, RH, None);
        let body = chained(body, b"DHnQ", &[0; 16]);
        let file = a.ask(&mut world, Command::Create, &body).file_id();
        world.server.disconnect(a.connection, world.now);
        let mut a = client(&mut world, 1);
        let body = match key {
            Some(key) => create_leased(name, disposition::OPEN, key, RH, None),
            None => create_with(name, 1, 0, oplock::BATCH),
        };
        let body = chained(body, b"DHnC", &file);
        let reply = a.ask(&mut world, Command::Create, &body);
        assert_eq!(reply.status, status, "{name} {key:?}");
        if status == Status::SUCCESS {
            assert_eq!(granted(&reply).unwrap().state, RH);
        }
    }
}

#[test]
fn whoever_renames_or_deletes_waits_for_cached_handles_to_be_closed() {
    let (disposition, rename) = (vec![1], new_name("g"));
    for (class, buffer) in [(13, disposition), (10, rename)] {
        let mut world = World::default();
        let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
        let held = lease(&mut world, &mut a, "f", 1, RH);
        let file = b.open(&mut world, "f");
        let body = set_info(file, class, &buffer);
        let reply = b.ask(&mut world, Command::SetInfo, &body);
        assert!(reply.is_interim(), "{class} {:?}", reply.status);
        let told = told(&mut world, &mut a);
        assert_eq!((told[0].from, told[0].to, told[0].answer), (RH, R, true));
        a.ask(&mut world, Command::Close, &close(held.file_id()));
        let late = b.pending(&mut world);
        assert_eq!(late[0].status, Status::SUCCESS);
        assert_eq!(late[0].header.async_id, reply.header.async_id);
    }
}

#[test]
fn whoever_opens_to_delete_asks_for_writes_and_then_for_handles_each_as_a_change_of_its_own() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let body = create_leased("f", disposition::OPEN_IF, 1, RWH, Some(0x11));
    a.ask(&mut world, Command::Create, &body);
    let deletes = b.ask(&mut world, Command::Create, &create("f", 1, 0x1000));
    assert!(deletes.is_interim());
    let mut opened = vec![];
    for (epoch, from, to) in [(0x13, RWH, RH), (0x14, RH, R)] {
        assert!(opened.is_empty());
        let step = Told {
            key: 1,
            epoch,
            answer: true,
            from,
            to,
        };
        assert_eq!(told(&mut world, &mut a), [step]);
        assert_eq!(acknowledge(&mut world, &mut a, 1, to), Status::SUCCESS);
        opened = b.pending(&mut world);
    }
    assert_eq!(opened[0].status, Status::SUCCESS);
}

#[test]
fn a_step_with_an_epoch_that_a_client_knows_is_told_again_with_a_new_one() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let body = create_leased("f", disposition::OPEN_IF, 1, RWH, Some(0x11));
    a.ask(&mut world, Command::Create, &body);
    b.ask(&mut world, Command::Create, &create("f", 1, 0));
    b.ask(&mut world, Command::Create, &create("f", 4, 0));
    let step = |epoch, from, to| Told {
        key: 1,
        epoch,
        answer: to != NONE,
        from,
        to,
    };
    assert_eq!(told(&mut world, &mut a), [step(0x13, RWH, RH)]);
    assert_eq!(acknowledge(&mut world, &mut a, 1, RH), Status::SUCCESS);
    assert_eq!(told(&mut world, &mut a), [step(0x13, RH, R)]);
    // As Linux does: the epoch is not new, so the lease is thought to be as it was.
    let status = acknowledge(&mut world, &mut a, 1, RH);
    assert_eq!(status, Status::REQUEST_NOT_ACCEPTED);
    assert_eq!(told(&mut world, &mut a), [step(0x14, RH, R)]);
    assert!(b.pending(&mut world).is_empty());
    let status = acknowledge(&mut world, &mut a, 1, RH);
    assert_eq!(status, Status::REQUEST_NOT_ACCEPTED);
    assert_eq!(told(&mut world, &mut a), []);
    assert_eq!(acknowledge(&mut world, &mut a, 1, R), Status::SUCCESS);
    assert_eq!(told(&mut world, &mut a), [step(0x15, R, NONE)]);
    assert_eq!(b.pending(&mut world).len(), 2);
}

#[test]
fn a_last_step_nobody_answers_has_an_epoch_of_its_own_where_it_is_not_known_to_be_needless() {
    let mut world = World::default();
    let (mut a, mut b) = (client(&mut world, 1), client(&mut world, 2));
    let body = create_leased("f", disposition::OPEN_IF, 1, RW, Some(0x11));
    a.ask(&mut world, Command::Create, &body);
    b.ask(&mut world, Command::Create, &create("f", 1, 0));
    b.ask(&mut world, Command::Create, &create("f", 4, 0));
    assert_eq!(told(&mut world, &mut a)[0].to, R);
    assert_eq!(acknowledge(&mut world, &mut a, 1, R), Status::SUCCESS);
    let last = told(&mut world, &mut a);
    assert_eq!(
        (last[0].epoch, last[0].to, last[0].answer),
        (0x14, NONE, false)
    );
}

#[test]
fn a_lease_is_one_users_whatever_guid_another_claims() {
    let mut world = World::default();
    let mut a = client(&mut world, 1);
    lease(&mut world, &mut a, "f", 1, RWH);
    let mut thief = world.connect();
    thief.guid = [1; 16];
    thief.negotiate(&mut world, Dialect::Smb311);
    assert_eq!(thief.log_in(&mut world, "bob", "geheim"), Status::SUCCESS);
    assert_eq!(thief.tree_connect(&mut world, "files"), Status::SUCCESS);
    // Asking for it by its key is opening the file beside it.
    let reply = lease(&mut world, &mut thief, "f", 1, RWH);
    assert!(reply.is_interim());
    assert_eq!(told(&mut world, &mut thief), []);
    assert_eq!(told(&mut world, &mut a).len(), 1);
    let status = acknowledge(&mut world, &mut thief, 1, NONE);
    assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND);
    assert!(thief.pending(&mut world).is_empty());
    assert_eq!(acknowledge(&mut world, &mut a, 1, RH), Status::SUCCESS);
    let late = thief.pending(&mut world);
    assert_eq!(granted(&late[0]).unwrap().state, RH);
    for client in [a, thief] {
        world.server.disconnect(client.connection, world.now);
    }
    world.assert_empty();
}

#[test]
fn whatever_can_be_opened_can_be_leased() {
    let mut world = World::bounded(|_| {}, |budget| budget.opens = 8);
    let mut a = client(&mut world, 1);
    // A quarter is left for others.
    for key in 0..6 {
        let reply = lease(&mut world, &mut a, &format!("f{key}"), key, RWH);
        assert_eq!(granted(&reply).unwrap().state, RWH);
    }
    let reply = lease(&mut world, &mut a, "f6", 6, RWH);
    assert_eq!(reply.status, Status::TOO_MANY_OPENED_FILES);
    world.server.disconnect(a.connection, world.now);
    world.assert_empty();
}
