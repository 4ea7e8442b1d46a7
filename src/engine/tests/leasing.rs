//! What tests of leases ask and are told.

use super::client::*;
use crate::wire::create::{disposition, oplock};
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

pub const NONE: u32 = 0;
pub const R: u32 = 1;
pub const RH: u32 = 3;
pub const RW: u32 = 5;
pub const RWH: u32 = 7;

pub const BREAK_IN_PROGRESS: u32 = 2;

/// What a lease context of a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    pub state: u32,
    pub flags: u32,
    pub epoch: Option<u16>,
}

/// What a notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub key: u8,
    pub epoch: u16,
    pub answer: bool,
    pub from: u32,
    pub to: u32,
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

/// A client with a GUID of its own.
pub fn client(world: &mut World, guid: u8) -> Client {
    let mut client = world.connect();
    client.guid = [guid; 16];
    client.negotiate(world, Dialect::Smb311);
    assert_eq!(client.log_in(world, "alice", "Password"), Status::SUCCESS);
    assert_eq!(client.tree_connect(world, "files"), Status::SUCCESS);
    client
}

/// A CREATE body with a lease context; one of version 2 where there is an epoch.
pub fn create_leased(
    name: &str,
    disposition: u32,
    key: u8,
    state: u32,
    epoch: Option<u16>,
) -> Vec<u8> {
    let body = create_with(name, disposition as u8, 0, oplock::LEASE);
    leased(body, key, state, epoch, None)
}

/// The body of a CREATE without contexts, with a lease context; one that names a parent's key is of version 2.
pub fn leased(
    mut body: Vec<u8>,
    key: u8,
    state: u32,
    epoch: Option<u16>,
    parent: Option<u8>,
) -> Vec<u8> {
    body[3] = oplock::LEASE;
    while !(64 + body.len()).is_multiple_of(8) {
        body.push(0);
    }
    let offset = 64 + body.len() as u32;
    let mut data = vec![key; 16];
    data.extend(state.to_le_bytes());
    data.extend(if parent.is_some() { 4_u32 } else { 0 }.to_le_bytes());
    data.extend([0; 8]);
    if let Some(epoch) = epoch.or(parent.map(|_| 0)) {
        data.extend([parent.unwrap_or(0); 16]);
        data.extend(epoch.to_le_bytes());
        data.extend([0; 2]);
    }
    let mut context = vec![0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 24, 0];
    context.extend((data.len() as u32).to_le_bytes());
    context.extend(b"RqLs\0\0\0\0");
    context.extend(data);
    body[48..52].copy_from_slice(&offset.to_le_bytes());
    body[52..56].copy_from_slice(&(context.len() as u32).to_le_bytes());
    body.extend(context);
    body
}

/// A SET_INFO body of a file information class.
pub fn set_info(file: [u8; 16], class: u8, buffer: &[u8]) -> Vec<u8> {
    let mut body = vec![33, 0, 1, class];
    body.extend((buffer.len() as u32).to_le_bytes());
    body.extend([96, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(file);
    body.extend(buffer);
    body
}

/// FileRenameInformation, or FileLinkInformation.
pub fn new_name(name: &str) -> Vec<u8> {
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut buffer = vec![0; 16];
    buffer.extend((units.len() as u32).to_le_bytes());
    buffer.extend(units);
    buffer.resize(buffer.len().max(24), 0);
    buffer
}

/// The body with one context more, before those it has.
pub fn chained(mut body: Vec<u8>, name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32_at(&body, 52) as usize;
    let others = body.split_off(body.len() - length);
    body.resize(body.len().next_multiple_of(8), 0);
    let offset = 64 + body.len() as u32;
    let size = 24 + data.len();
    let (next, total) = match length {
        0 => (0, size),
        _ => (size.next_multiple_of(8), size.next_multiple_of(8) + length),
    };
    body[48..52].copy_from_slice(&offset.to_le_bytes());
    body[52..56].copy_from_slice(&(total as u32).to_le_bytes());
    body.extend((next as u32).to_le_bytes());
    body.extend([16, 0, 4, 0, 0, 0, 24, 0]);
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(name);
    body.extend([0; 4]);
    body.extend(data);
    if length > 0 {
        body.resize(offset as usize - 64 + next, 0);
    }
    body.extend(others);
    body
}

pub fn granted(reply: &Reply) -> Option<Granted> {
    assert_eq!(reply.status, Status::SUCCESS);
    let at = reply.message.windows(4).position(|name| name == b"RqLs")?;
    assert_eq!(reply.message[66], oplock::LEASE);
    let data = &reply.message[at + 8..];
    Some(Granted {
        state: u32_at(data, 16),
        flags: u32_at(data, 20),
        epoch: (data.len() >= 52).then(|| u16_at(data, 48)),
    })
}

pub fn lease(world: &mut World, client: &mut Client, name: &str, key: u8, state: u32) -> Reply {
    let body = create_leased(name, disposition::OPEN_IF, key, state, None);
    client.ask(world, Command::Create, &body)
}

pub fn told(world: &mut World, client: &mut Client) -> Vec<Told> {
    client
        .pending(world)
        .iter()
        .filter(|reply| reply.header.message_id == u64::MAX)
        .map(|reply| {
            let body = &reply.message[64..];
            assert_eq!((u16_at(body, 0), body.len()), (44, 44));
            assert_eq!((reply.header.session_id, reply.signed), (0, false));
            Told {
                key: body[8],
                epoch: u16_at(body, 2),
                answer: u32_at(body, 4) == 1,
                from: u32_at(body, 24),
                to: u32_at(body, 28),
            }
        })
        .collect()
}

pub fn acknowledge(world: &mut World, client: &mut Client, key: u8, state: u32) -> Status {
    let body = [
        &[36, 0, 0, 0, 0, 0, 0, 0][..],
        &[key; 16],
        &state.to_le_bytes(),
        &[0; 8],
    ]
    .concat();
    client.ask(world, Command::OplockBreak, &body).status
}
