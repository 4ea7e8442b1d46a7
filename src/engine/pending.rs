//! Replies that become due without a request: what was parked and is answered now ([MS-SMB2] 3.3.4.4).

use super::connection::ConnectionId;
use super::parked::{Parked, Wait};
use super::{Now, Server};
use crate::vfs::Vfs;
use crate::wire::header::{self, Command};
use crate::wire::status::Status;
use crate::wire::{Full, Writer, error, lock, transform};

/// Length of the direct TCP prefix.
const PREFIX: usize = 4;

impl<V: Vfs> Server<V> {
    /// Writes the replies that are due on a connection, each with its length prefix, as many as fit; how
    /// many bytes.
    pub fn pending(&mut self, id: ConnectionId, reply: &mut [u8], _now: Now) -> usize {
        let mut length = 0;
        let mut from = 0;
        while let Some(parked_id) = self.parked.find_from(from, |parked| {
            parked.connection == id && matches!(parked.wait, Wait::Ready(_))
        }) {
            from = parked_id.index() + 1;
            let Some(room) = reply.get_mut(length..) else {
                break;
            };
            let Some(parked) = self.parked.get(parked_id) else {
                continue;
            };
            let Wait::Ready(status) = parked.wait else {
                continue;
            };
            let start = PREFIX + if parked.sealed { transform::SIZE } else { 0 };
            let Ok(end) = late_reply(parked_id.to_u64(), parked, status, start, room) else {
                self.wake(id);
                break;
            };
            let (session, signed, sealed) = (parked.session, parked.signed, parked.sealed);
            self.parked.remove(parked_id);
            let sent = match (sealed, signed) {
                (true, _) => self.seal(session, &mut room[PREFIX..end]).is_some(),
                (false, true) => {
                    self.sign(id, session, &mut room[start..end]);
                    true
                }
                (false, false) => true,
            };
            self.bury_session(session);
            if !sent {
                continue;
            }
            room[..PREFIX].copy_from_slice(&((end - PREFIX) as u32).to_be_bytes());
            length += end;
        }
        length
    }
}

/// Writes one late reply at `start`; where it ends.
fn late_reply(
    async_id: u64,
    parked: &Parked,
    status: Status,
    start: usize,
    room: &mut [u8],
) -> Result<usize, Full> {
    let mut reply = Writer::new(room.get_mut(start..).ok_or(Full)?);
    reply.zeros(header::SIZE)?;
    match parked.command {
        Command::Lock if status == Status::SUCCESS => lock::Response.write(&mut reply)?,
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
