//! Oplocks between clients ([MS-SMB2] 3.3.4.6, 3.3.5.22).

use super::client::*;
use crate::engine::Encryption;
use crate::wire::create::oplock;
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

fn open_with(world: &mut World, client: &mut Client, level: u8) -> Reply {
    client.ask(world, Command::Create, &create_with("f", 3, 0, level))
}

/// An acknowledgment's body.
fn acknowledge(file: [u8; 16], level: u8) -> Vec<u8> {
    [&[24, 0, level, 0, 0, 0, 0, 0][..], &file].concat()
}

struct Broken {
    world: World,
    a: Client,
    b: Client,
    file: [u8; 16],
    interim: Reply,
}

/// A holds a batch oplock, B's open waits for it.
fn broken() -> Broken {
    let mut world = World::default();
    let mut a = world.alice(Dialect::Smb311);
    let mut b = world.alice(Dialect::Smb302);
    let granted = open_with(&mut world, &mut a, oplock::BATCH);
    assert_eq!(granted.message[66], oplock::BATCH);
    let interim = open_with(&mut world, &mut b, oplock::NONE);
    assert!(interim.is_interim());
    let told = a.pending(&mut world);
    let [told] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(told.header.message_id, u64::MAX);
    assert_eq!((told.header.session_id, told.signed), (0, false));
    assert_eq!(told.message[66], oplock::LEVEL_II);
    Broken {
        world,
        a,
        b,
        file: granted.file_id(),
        interim,
    }
}

impl Broken {
    /// B's answer.
    fn opened(&mut self) -> Reply {
        let late = self.b.pending(&mut self.world);
        let [reply] = &late[..] else {
            panic!("{late:?}")
        };
        assert_eq!(reply.header.async_id, self.interim.header.async_id);
        reply.clone()
    }
}

#[test]
fn a_break_whose_channel_dies_is_told_on_the_next() {
    let mut broken = broken();
    let mut next = broken.world.connect();
    next.negotiate(&mut broken.world, Dialect::Smb311);
    (next.session, next.tree) = (broken.a.session, broken.a.tree);
    next.key = broken.a.key.clone();
    let status = next.log_in_with(&mut broken.world, "alice", "Password", 0, true);
    assert_eq!(status, Status::SUCCESS);
    let owes = |world: &World, client: &Client| world.server.owes_answer(client.connection);
    assert!(owes(&broken.world, &broken.a) && !owes(&broken.world, &next));
    broken
        .world
        .server
        .disconnect(broken.a.connection, broken.world.now);
    let told = next.pending(&mut broken.world);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].header.message_id, u64::MAX);
    assert_eq!(told[0].message[66], oplock::LEVEL_II);
    assert_eq!(told[0].message[72..88], broken.file);
    assert!(owes(&broken.world, &next));
    assert!(broken.b.pending(&mut broken.world).is_empty());
    let body = acknowledge(broken.file, oplock::LEVEL_II);
    let reply = next.ask(&mut broken.world, Command::OplockBreak, &body);
    assert_eq!(reply.status, Status::SUCCESS);
    assert!(!owes(&broken.world, &next));
    assert_eq!(broken.opened().status, Status::SUCCESS);
}

#[test]
fn who_opens_waits_for_the_acknowledgment() {
    let mut broken = broken();
    assert!(broken.b.pending(&mut broken.world).is_empty());
    let body = acknowledge(broken.file, oplock::LEVEL_II);
    let reply = broken.a.ask(&mut broken.world, Command::OplockBreak, &body);
    assert_eq!(
        (reply.status, reply.message[66]),
        (Status::SUCCESS, oplock::LEVEL_II)
    );
    let opened = broken.opened();
    assert!(opened.signed && opened.status == Status::SUCCESS);
    let reply = broken.a.ask(&mut broken.world, Command::OplockBreak, &body);
    assert!(reply.status.is_error(), "nothing is broken any more");
}

#[test]
fn who_opens_waits_for_the_close() {
    let mut broken = broken();
    let body = close(broken.file);
    broken.a.ask(&mut broken.world, Command::Close, &body);
    assert_eq!(broken.opened().status, Status::SUCCESS);
}

#[test]
fn who_opens_waits_for_the_connection_to_end() {
    let mut broken = broken();
    broken
        .world
        .server
        .disconnect(broken.a.connection, broken.world.now);
    assert_eq!(broken.opened().status, Status::SUCCESS);
}

#[test]
fn who_opens_waits_no_longer_than_the_time_out() {
    let mut broken = broken();
    broken.world.pass(35_400);
    assert!(broken.b.pending(&mut broken.world).is_empty());
    broken.world.pass(101);
    assert_eq!(broken.opened().status, Status::SUCCESS);
}

#[test]
fn an_open_that_waits_can_be_cancelled_or_lost() {
    let mut broken = broken();
    let next = broken.b.message_id;
    broken.b.message_id = broken.interim.header.message_id;
    broken.b.post(&mut broken.world, Command::Cancel, &EMPTY);
    broken.b.message_id = next;
    assert_eq!(broken.opened().status, Status::CANCELLED);
    let again = open_with(&mut broken.world, &mut broken.b, oplock::NONE);
    assert!(again.is_interim());
    for client in [broken.b, broken.a] {
        let now = broken.world.now;
        broken.world.server.disconnect(client.connection, now);
    }
    broken.world.assert_empty();
}

#[test]
fn two_that_read_are_told_when_one_writes() {
    let mut world = World::default();
    let mut a = world.alice(Dialect::Smb311);
    let mut b = world.alice(Dialect::Smb311);
    let first = open_with(&mut world, &mut a, oplock::LEVEL_II);
    let second = open_with(&mut world, &mut b, oplock::BATCH);
    assert_eq!(first.message[66], oplock::LEVEL_II);
    assert_eq!(second.message[66], oplock::LEVEL_II);
    b.ask(
        &mut world,
        Command::Write,
        &write(second.file_id(), 0, b"x"),
    );
    let told = a.pending(&mut world);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].message[66], oplock::NONE);
}

#[test]
fn what_was_never_broken_is_not_acknowledged() {
    let mut world = World::default();
    let mut a = world.alice(Dialect::Smb311);
    let file = a.open(&mut world, "f");
    let reply = a.ask(&mut world, Command::OplockBreak, &acknowledge(file, 0));
    assert_eq!(reply.status, Status::INVALID_OPLOCK_PROTOCOL);
    let lease = [&[36, 0, 0, 0, 0, 0, 0, 0][..], &[1; 16], &[0; 12]].concat();
    let reply = a.ask(&mut world, Command::OplockBreak, &lease);
    assert!(reply.status.is_error());
}

#[test]
fn a_break_is_sealed_where_the_session_is() {
    let mut world = World::with(|setup| setup.encryption = Encryption::Required);
    let mut clients = [Dialect::Smb311, Dialect::Smb302].map(|dialect| {
        let mut client = world.connect();
        client.negotiate(&mut world, dialect);
        client.log_in(&mut world, "alice", "Password");
        client.seal = true;
        client.tree_connect(&mut world, "files");
        client
    });
    let [a, b] = &mut clients;
    open_with(&mut world, a, oplock::BATCH);
    assert!(open_with(&mut world, b, oplock::NONE).is_interim());
    let mut told = vec![0; 4_096];
    let now = world.now;
    let length = world.server.pending(a.connection, &mut told, now);
    assert_eq!(&told[4..8], b"\xFDSMB");
    let [told] = &a.read(&told[4..length])[..] else {
        panic!()
    };
    assert_eq!(told.header.command, Command::OplockBreak as u16);
}
