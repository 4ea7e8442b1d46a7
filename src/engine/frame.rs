//! One frame from the wire: opened, walked as a compound, answered ([MS-SMB2] 3.3.5.2).

use super::connection::{ConnectionId, Phase};
use super::context::Chain;
use super::dispatch::{self, Again, Element, Frame};
use super::parked::ParkedId;
use super::seal;
use super::session::SessionId;
use super::{JobResult, Now, Server, Verdict};
use crate::vfs::Vfs;
use crate::wire::header::{self, Command, Header};
use crate::wire::read;
use crate::wire::transform::{self, TransformHeader};

/// The least room an element's reply needs: a header, an error body and its padding.
const LEAST_REPLY: usize = header::SIZE + 16;

/// How far a frame has been worked off. A new one for each frame; kept while a job is under way.
#[derive(Default)]
pub struct Walk {
    /// How the job that was asked for ended; set by the caller before it asks again.
    pub job: Option<JobResult>,
    begun: bool,
    sealed: Option<SessionId>,
    at: usize,
    length: usize,
    open: Option<Unfinished>,
    chain: Chain,
    again: Option<Again>,
}

/// An element of the reply that lacks its NextCommand and signature.
#[derive(Clone, Copy)]
struct Unfinished {
    start: usize,
    sign: Option<SessionId>,
}

impl Walk {
    /// The walk of a request that was kept, from the element that waited on.
    pub(super) fn again(
        chain: Chain,
        sealed: Option<SessionId>,
        parked: ParkedId,
        cancelled: bool,
    ) -> Walk {
        Walk {
            begun: true,
            sealed,
            length: if sealed.is_some() { transform::SIZE } else { 0 },
            chain,
            again: Some(Again { parked, cancelled }),
            ..Walk::default()
        }
    }

    /// Where the first message of the reply starts.
    fn base(&self) -> usize {
        self.sealed.map_or(0, |_| transform::SIZE)
    }

    /// The reply's length with the padding that the next message needs: the messages of a compound start
    /// on multiples of 8 from the first.
    fn padded(&self) -> usize {
        self.base() + self.length.saturating_sub(self.base()).next_multiple_of(8)
    }

    /// Whether a part of the reply stands in the reply buffer.
    pub fn has_reply(&self) -> bool {
        self.open.is_some()
    }
}

/// The most bytes the reply to a frame takes in the reply buffer, where that can be told cheaply; so that
/// the replies to small requests can share a buffer.
pub fn reply_bound(frame: &[u8]) -> usize {
    const SMALL: usize = 1_024;
    let unknown = usize::MAX;
    let Ok(header) = Header::parse(frame) else {
        return unknown;
    };
    if !matches!(header::split(frame), Ok((_, 0))) {
        return unknown;
    }
    match Command::try_from(header.command) {
        Ok(Command::Read) => read::Request::parse(frame).map_or(SMALL, |request| {
            (request.length as usize).saturating_add(SMALL)
        }),
        Ok(Command::Create | Command::Close | Command::Flush | Command::Write | Command::Lock) => {
            SMALL
        }
        Ok(Command::Echo | Command::SetInfo | Command::Cancel) => SMALL,
        _ => unknown,
    }
}

impl<V: Vfs> Server<V> {
    /// Answers one frame, without its length prefix. `reply` is at least as long as a slot.
    pub fn receive(
        &mut self,
        id: ConnectionId,
        walk: &mut Walk,
        frame: &mut [u8],
        reply: &mut [u8],
        now: Now,
    ) -> Verdict<V::File> {
        self.now = now;
        if !walk.begun {
            walk.begun = true;
            let Some(connection) = self
                .connections
                .get_mut(id)
                .filter(|connection| !connection.closing)
            else {
                return Verdict::Disconnect;
            };
            connection.active = now.mono;
            let phase = connection.phase;
            match frame.first_chunk::<4>() {
                Some(b"\xFFSMB") if phase == Phase::Fresh => {
                    return self.greet(id, frame, reply, now);
                }
                Some(b"\xFDSMB") if phase == Phase::Negotiated => {
                    let Some(session) = self.unseal(id, frame) else {
                        return Verdict::Disconnect;
                    };
                    walk.sealed = Some(session);
                    walk.at = transform::SIZE;
                    walk.length = transform::SIZE;
                }
                Some(b"\xFESMB") => {}
                _ => return Verdict::Disconnect,
            }
        }
        let verdict = self
            .walk(id, walk, frame, reply, now)
            .unwrap_or(Verdict::Disconnect);
        if let Some(session) = self.ending.take() {
            self.drop_session(session);
        }
        if self.vfs.has_changes() {
            self.disk_changed(now);
        }
        verdict
    }

    fn walk(
        &mut self,
        id: ConnectionId,
        walk: &mut Walk,
        frame: &mut [u8],
        reply: &mut [u8],
        now: Now,
    ) -> Result<Verdict<V::File>, Disconnect> {
        let mut tail = None;
        while walk.at < frame.len() {
            let (message, rest) = header::split(&frame[walk.at..]).map_err(|_| Disconnect)?;
            let header = Header::parse(message).map_err(|_| Disconnect)?;
            let last = rest == 0;
            let own = message.len();
            let start = if walk.open.is_some() {
                walk.padded()
            } else {
                walk.length
            };
            let room = reply
                .get_mut(start..)
                .filter(|room| room.len() >= LEAST_REPLY)
                .ok_or(Disconnect)?;
            let about = Frame {
                connection: id,
                sealed: walk.sealed,
                again: walk.again.take(),
                now,
            };
            let element = dispatch::element(
                self,
                &about,
                &mut walk.chain,
                walk.job.take(),
                &header,
                &mut frame[walk.at..],
                own,
                last,
                room,
            );
            match element {
                Element::Blocking(job) => return Ok(Verdict::Blocking(job)),
                Element::Disconnect => return Err(Disconnect),
                Element::Silent => {}
                // The rest of the frame waits with it.
                Element::Deferred => break,
                Element::Reply {
                    length,
                    sign,
                    tail: follows,
                } => {
                    if let Some(open) = walk.open {
                        self.finish(id, open, &mut reply[..start], walk.length, true);
                    }
                    walk.open = Some(Unfinished { start, sign });
                    walk.length = start + length;
                    tail = follows;
                }
            }
            if last {
                break;
            }
            walk.at += rest;
        }
        let Some(open) = walk.open else {
            return Ok(Verdict::Silence);
        };
        // In a compound the last reply too is padded, as Windows does it.
        if open.start > walk.base() {
            let padded = walk.padded();
            if let Some(padding) = reply.get_mut(walk.length..padded) {
                padding.fill(0);
                walk.length = padded;
            }
        }
        self.finish(id, open, &mut reply[..walk.length], walk.length, false);
        self.hash_reply(id, &reply[open.start..walk.length]);
        if let Some(session) = walk.sealed {
            self.seal(session, &mut reply[..walk.length])
                .ok_or(Disconnect)?;
        }
        Ok(Verdict::Reply {
            length: walk.length,
            tail,
        })
    }

    /// Completes one reply of a compound: padding, NextCommand, signature, in that order, over the final
    /// bytes. `area` ends where the next reply starts.
    fn finish(
        &mut self,
        id: ConnectionId,
        open: Unfinished,
        area: &mut [u8],
        written: usize,
        more: bool,
    ) {
        area[written..].fill(0);
        let message = &mut area[open.start..];
        if more {
            header::set_next_command(message, message.len() as u32);
        }
        if let Some(session) = open.sign {
            self.sign(id, session, message);
        }
    }

    /// Opens an encrypted frame in place; the session whose keys opened it ([MS-SMB2] 3.3.5.2.1).
    fn unseal(&mut self, id: ConnectionId, frame: &mut [u8]) -> Option<SessionId> {
        let (head, body) = frame.split_at_mut_checked(transform::SIZE)?;
        let transform = TransformHeader::parse(head, body.len()).ok()?;
        let session_id = SessionId::from_u64(transform.session_id);
        let session = self.sessions.get(session_id)?;
        session.channel(id)?;
        seal::open(&session.sealing.as_ref()?.decrypt, head, &transform, body).then_some(session_id)
    }

    /// Seals a reply in place: the transform header's room is at its start.
    pub(super) fn seal(&mut self, session: SessionId, reply: &mut [u8]) -> Option<()> {
        let sealing = self.sessions.get_mut(session)?.sealing.as_mut()?;
        seal::close(sealing, session.to_u64(), reply)
    }

    /// Signs one final message with the key of its channel ([MS-SMB2] 3.3.4.1.1).
    pub(super) fn sign(&mut self, id: ConnectionId, session: SessionId, message: &mut [u8]) {
        if let Some(session) = self.sessions.get(session)
            && let Some(key) = session.key_on(&self.channel_keys, id)
        {
            seal::sign(key, message);
        }
    }
}

/// The connection is to end.
struct Disconnect;
