//! Replies that become due without a request: what was parked and is answered now ([MS-SMB2] 3.3.4.4).

use super::caching::{Owner, Untold, level_of};
use super::connection::ConnectionId;
use super::notify::{self, Watch};
use super::open::OpenId;
use super::parked::{Parked, ParkedId, Wait};
use super::session::SessionId;
use super::{Now, Server};
use crate::vfs::Vfs;
use crate::wire::header::{self, Command};
use crate::wire::status::Status;
use crate::wire::{FileId, Full, Writer, error, lock, oplock_break, transform};

/// The least room a late reply is given.
const ROOM: usize = 1_024;
/// Length of the direct TCP prefix.
const PREFIX: usize = 4;

impl<V: Vfs> Server<V> {
    /// Writes the replies and notifications that are due on a connection, each with its length prefix, as
    /// many as fit; how many bytes.
    pub fn pending(&mut self, id: ConnectionId, reply: &mut [u8], now: Now) -> usize {
        self.now = now;
        let mut length = self.tell_breaks(id, reply);
        let mut from = 0;
        while let Some(parked_id) = self.parked.find_from(from, |parked| {
            parked.connection == id
                && matches!(
                    parked.wait,
                    Wait::Ready(_) | Wait::Told { .. } | Wait::Retry { .. }
                )
        }) {
            from = parked_id.index() + 1;
            let Some((wait, lost)) = self
                .parked
                .get(parked_id)
                .map(|parked| (parked.wait, parked.lost))
            else {
                continue;
            };
            let needed = match wait {
                // Where nothing stands yet there is never more room.
                Wait::Told { .. } if length > 0 => ROOM + notify::LONGEST,
                _ => ROOM,
            };
            let Some(room) = reply.get_mut(length..).filter(|room| room.len() >= needed) else {
                self.wake(id);
                break;
            };
            let written = match wait {
                _ if lost => {
                    self.forget_lost(parked_id);
                    0
                }
                Wait::Ready(status) => self.answer_late(id, parked_id, status, room),
                Wait::Told { .. } => self.answer_late(id, parked_id, Status::NOTIFY_CLEANUP, room),
                Wait::Retry { cancelled, .. } => {
                    let room = &mut room[PREFIX..];
                    let Some(written) = self.retry(id, parked_id, cancelled, room, now) else {
                        self.close_connection(id);
                        break;
                    };
                    written
                }
                _ => 0,
            };
            if written > 0 {
                reply[length..length + PREFIX].copy_from_slice(&(written as u32).to_be_bytes());
                length += PREFIX + written;
            }
        }
        length
    }

    /// Answers a parked request, with what has changed if it was to be told; how many bytes behind the prefix.
    fn answer_late(
        &mut self,
        id: ConnectionId,
        parked_id: ParkedId,
        status: Status,
        room: &mut [u8],
    ) -> usize {
        let Some(parked) = self.parked.remove(parked_id) else {
            return 0;
        };
        let start = PREFIX + if parked.sealed { transform::SIZE } else { 0 };
        let news = match parked.wait {
            Wait::Told { open, length } => self.watch_of(open).map(|watch| (watch, length)),
            _ => None,
        };
        let Ok(end) = late_reply(parked_id.to_u64(), &parked, status, news, start, room) else {
            return 0;
        };
        let sent = match (parked.sealed, parked.signed) {
            (true, _) => self.seal(parked.session, &mut room[PREFIX..end]).is_some(),
            (false, true) => {
                self.sign(id, parked.session, &mut room[start..end]);
                true
            }
            (false, false) => true,
        };
        self.bury_session(parked.session);
        if sent { end - PREFIX } else { 0 }
    }

    /// Tells a connection of the oplocks and leases it has to give up ([MS-SMB2] 3.3.4.6, 3.3.4.7): neither signed nor of any
    /// session, with a MessageId of all ones.
    fn tell_breaks(&mut self, id: ConnectionId, reply: &mut [u8]) -> usize {
        let mut length = 0;
        while let Some(room) = reply.get_mut(length..).filter(|room| room.len() >= ROOM) {
            let Some((owner, untold)) = self.next_untold(id) else {
                return length;
            };
            // Where everything is encrypted, this is too ([MS-SMB2] 3.3.4.6, 3.3.4.7).
            let session = self.encrypted_session(id, &owner);
            let start = PREFIX + session.map_or(0, |_| transform::SIZE);
            let Ok(end) = notification(&owner, &untold, &mut room[start..]) else {
                return length;
            };
            let end = start + end;
            if let Some(session) = session
                && self.seal(session, &mut room[PREFIX..end]).is_none()
            {
                continue;
            }
            let written = end - PREFIX;
            room[..PREFIX].copy_from_slice(&(written as u32).to_be_bytes());
            length += PREFIX + written;
        }
        self.wake(id);
        length
    }

    /// The session whose keys seal what a holder of caches is told on a connection, if it or one of its
    /// tree connects is encrypted.
    fn encrypted_session(&self, id: ConnectionId, owner: &Owner) -> Option<SessionId> {
        let encrypted = |session: SessionId| {
            let entry = self
                .sessions
                .get(session)
                .filter(|one| one.sealing.is_some());
            entry.is_some_and(|entry| entry.channel(id).is_some())
                && (entry.is_some_and(|entry| entry.encrypt)
                    || self
                        .trees
                        .iter()
                        .any(|(_, tree)| tree.session == session && tree.encrypt))
        };
        match owner {
            Owner::Open(open) => {
                let open = self.opens.get(OpenId::<V::File>::from_u64(*open))?;
                Some(open.session).filter(|session| encrypted(*session))
            }
            Owner::Lease(lease) => self
                .sessions
                .iter()
                .filter(|(_, session)| session.user_hash() == lease.user)
                .map(|(session, _)| session)
                .find(|session| encrypted(*session)),
        }
    }
}

/// Writes an oplock or lease break notification; its length.
fn notification(owner: &Owner, untold: &Untold, room: &mut [u8]) -> Result<usize, Full> {
    let mut message = Writer::new(room);
    message.zeros(header::SIZE)?;
    match owner {
        Owner::Open(open) => oplock_break::Oplock {
            oplock_level: level_of(untold.to),
            file_id: FileId {
                persistent: *open,
                volatile: *open,
            },
        }
        .write(&mut message)?,
        Owner::Lease(lease) => oplock_break::LeaseNotification {
            new_epoch: if lease.second { lease.epoch } else { 0 },
            flags: if untold.answer {
                oplock_break::ACK_REQUIRED
            } else {
                0
            },
            lease_key: lease.key,
            current_lease_state: untold.from,
            new_lease_state: untold.to,
        }
        .write(&mut message)?,
    }
    let header = header::Response {
        command: Command::OplockBreak,
        status: Status::SUCCESS,
        credit_charge: 0,
        credits: 0,
        related: false,
        message_id: u64::MAX,
        async_id: None,
        tree_id: 0,
        session_id: 0,
    };
    header.write(message.written_mut());
    Ok(message.position())
}

/// Writes one late reply at `start`; where it ends.
fn late_reply(
    async_id: u64,
    parked: &Parked,
    mut status: Status,
    news: Option<(&mut Watch, u32)>,
    start: usize,
    room: &mut [u8],
) -> Result<usize, Full> {
    let mut reply = Writer::new(room.get_mut(start..).ok_or(Full)?);
    reply.zeros(header::SIZE)?;
    match (parked.command, news) {
        (_, Some((watch, length))) => status = watch.answer(length, &mut reply)?,
        (Command::Lock, _) if status == Status::SUCCESS => lock::Response.write(&mut reply)?,
        _ => error::write(&mut reply)?,
    }
    let response = header::Response {
        command: parked.command,
        status,
        credit_charge: 0,
        credits: 0, // granted with the interim response
        related: false,
        message_id: parked.message_id,
        async_id: Some(async_id),
        tree_id: 0,
        session_id: parked.session.to_u64(),
    };
    response.write(reply.written_mut());
    Ok(start + reply.position())
}
