//! Answers that wait to be read: whole fragments, one after the other.

use super::ndr::Encoder;
use super::pdu::{self, Header, pfc};
use super::{Fault, ReadOutcome};
use crate::wire::{Full, Writer};
use core::ops::Range;

/// Bytes for responses that have not been read yet.
pub const RESPONSE_ROOM: usize = 16384;

/// What stands in the headers of a response's fragments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub id: u32,
    pub context: u16,
    pub operation: u16,
}

/// The unread fragments.
pub(crate) struct Outbox {
    unread: Range<usize>,
    /// Unread bytes of the fragment whose reading has begun.
    message: usize,
    bytes: [u8; RESPONSE_ROOM],
}

impl Outbox {
    pub const fn new() -> Outbox {
        Outbox {
            unread: 0..0,
            message: 0,
            bytes: [0; RESPONSE_ROOM],
        }
    }

    pub fn clear(&mut self) {
        self.unread = 0..0;
        self.message = 0;
    }

    /// Unread bytes of all fragments.
    pub fn available(&self) -> usize {
        self.unread.len()
    }

    /// Unread bytes of the next fragment.
    pub fn message_available(&self) -> usize {
        if self.message > 0 {
            return self.message;
        }
        let unread = self.bytes.get(self.unread.clone()).unwrap_or_default();
        Header::parse(unread).map_or(0, |header| usize::from(header.fragment).min(unread.len()))
    }

    /// Hands out the next fragment, or as much of it as fits.
    pub fn read(&mut self, out: &mut [u8]) -> ReadOutcome {
        self.message = self.message_available();
        let length = self.message.min(out.len());
        let end = self.unread.start.saturating_add(length);
        let Some((found, out)) = self
            .bytes
            .get(self.unread.start..end)
            .zip(out.get_mut(..length))
        else {
            return ReadOutcome {
                bytes: 0,
                more: false,
            };
        };
        out.copy_from_slice(found);
        self.message -= length;
        self.unread.start = end;
        ReadOutcome {
            bytes: length,
            more: self.message > 0,
        }
    }

    /// The room behind the unread bytes, all of it together.
    fn room(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        self.bytes.get_mut(self.unread.end..).unwrap_or_default()
    }

    /// Adds a PDU.
    pub fn append(
        &mut self,
        fill: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<(), Full> {
        let mut w = Writer::new(self.room());
        fill(&mut w)?;
        self.unread.end += w.position();
        Ok(())
    }

    /// Adds a response whose stub `fill` writes, in fragments of at most `fragment` bytes.
    pub fn respond(
        &mut self,
        call: Call,
        fragment: u16,
        fill: impl FnOnce(&mut Encoder<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        // Every part but the last keeps the alignment of the stub ([C706] 12.6.4.9 asks for 8).
        let chunk = usize::from(fragment).saturating_sub(pdu::CALL_HEADER) & !7;
        let room = self.room();
        let most = stub_room(room.len(), chunk);
        let stub = room
            .get_mut(pdu::CALL_HEADER..)
            .and_then(|rest| rest.get_mut(..most));
        let mut reply = Encoder::new(stub.ok_or(Fault::NoMemory)?);
        fill(&mut reply)?;
        let length = reply.position();
        let used = fragment_in_place(room, length, chunk, call)?;
        self.unread.end += used;
        Ok(())
    }
}

/// How long a stub may be so that it and its fragments' headers fit into `free` bytes.
fn stub_room(free: usize, chunk: usize) -> usize {
    let fragment = chunk + pdu::CALL_HEADER;
    let rest = (free % fragment).saturating_sub(pdu::CALL_HEADER);
    free / fragment * chunk + rest
}

/// Spreads the stub of `length` bytes that stands behind the first header's place over as many
/// fragments as it needs, and writes their headers. Returns the bytes all of them take.
fn fragment_in_place(
    free: &mut [u8],
    length: usize,
    chunk: usize,
    call: Call,
) -> Result<usize, Fault> {
    let count = length.div_ceil(chunk.max(1)).max(1);
    // From the last to the first: each moves into room that nothing else needs any more.
    for n in (0..count).rev() {
        let done = n * chunk;
        let part = chunk.min(length - done);
        let from = done + pdu::CALL_HEADER;
        let to = from + n * pdu::CALL_HEADER;
        if free.len() < to + part {
            return Err(Fault::NoMemory);
        }
        free.copy_within(from..from + part, to);
        let first = if n == 0 { pfc::FIRST_FRAG } else { 0 };
        let last = if n + 1 == count { pfc::LAST_FRAG } else { 0 };
        let header = free
            .get_mut(to - pdu::CALL_HEADER..to)
            .ok_or(Fault::NoMemory)?;
        let total = u16::try_from(part + pdu::CALL_HEADER).map_err(|_| Fault::NoMemory)?;
        let left = u32::try_from(length - done).map_err(|_| Fault::NoMemory)?;
        pdu::response(
            &mut Writer::new(header),
            first | last,
            total,
            call.id,
            left,
            call.context,
        )?;
    }
    Ok(length + count * pdu::CALL_HEADER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_for_the_stub_leaves_room_for_every_header() {
        for chunk in [1408, 4256] {
            for free in 0..20_000 {
                let stub = stub_room(free, chunk);
                assert!(
                    stub == 0 || stub + stub.div_ceil(chunk) * 24 <= free,
                    "{free} {chunk}"
                );
                assert!(
                    stub + 24 + stub.div_ceil(chunk) * 24 >= free.saturating_sub(24),
                    "{free} {chunk}"
                );
            }
        }
    }
}
