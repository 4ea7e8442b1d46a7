//! Frames out of a stream of bytes ([MS-SMB2] 2.1: direct TCP, a zero byte and a length of 24 bits).

use crate::memory::{Pool, Slot};
use core::ops::Range;

/// Length of the prefix of a frame.
pub const PREFIX: usize = 4;
/// The longest length a prefix can tell.
pub const LONGEST: usize = 0xFF_FFFF;

/// What stands first in the inbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A whole frame, without its prefix.
    Frame(Range<usize>),
    /// The beginning (maybe nothing) of a frame that is too long for the inbox.
    Large {
        /// Its length.
        length: usize,
        /// What is there of it.
        have: Range<usize>,
    },
    /// Less than a frame; more must come.
    Partial,
}

/// The stream is no SMB, or the frame longer than this peer may send: the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAFrame;

/// A connection's small receive buffer: lent when there is something to receive, and given back when there
/// is nothing in it, so that idle connections share the few pages used last.
pub struct Inbox {
    buffer: Option<Slot>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// Empty, and without a buffer.
    pub fn new() -> Inbox {
        Inbox {
            buffer: None,
            start: 0,
            end: 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        let held = self.start..self.end;
        self.buffer
            .as_ref()
            .and_then(|b| b.get(held))
            .unwrap_or(&[])
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Gives the buffer back if nothing is in it.
    pub fn rest(&mut self) {
        if self.is_empty() {
            self.buffer = None;
        }
    }

    /// Room for more after what is there, moved to the front. The pool has a buffer for every connection;
    /// should it not, there is no room.
    pub fn room(&mut self, pool: &Pool) -> &mut [u8] {
        if self.buffer.is_none() {
            self.buffer = pool.try_take();
            (self.start, self.end) = (0, 0);
        }
        let Some(buffer) = &mut self.buffer else {
            return &mut [];
        };
        if self.start > 0 {
            buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut buffer[self.end..]
    }

    /// `count` bytes were put into the room.
    pub fn received(&mut self, count: usize) {
        let size = self.buffer.as_ref().map_or(0, |buffer| buffer.len());
        self.end = self.end.saturating_add(count).min(size);
    }

    /// What comes next; a frame longer than `limit` is none.
    pub fn next(&self, limit: usize) -> Result<Next, NotAFrame> {
        let bytes = self.bytes();
        let Some((&prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
            // What cannot become a frame is refused at its first byte.
            return match bytes.first() {
                None | Some(0) => Ok(Next::Partial),
                Some(_) => Err(NotAFrame),
            };
        };
        let length = u32::from_be_bytes(prefix) as usize;
        if prefix[0] != 0 || length > limit {
            return Err(NotAFrame);
        }
        let begin = self.start + PREFIX;
        let size = self.buffer.as_ref().map_or(0, |buffer| buffer.len());
        if rest.len() >= length {
            Ok(Next::Frame(begin..begin + length))
        } else if PREFIX + length > size {
            let have = begin..self.end;
            Ok(Next::Large { length, have })
        } else {
            Ok(Next::Partial)
        }
    }

    /// A part of the buffer, as [`Inbox::next`] named it.
    pub fn part(&mut self, range: Range<usize>) -> &mut [u8] {
        self.buffer
            .as_mut()
            .and_then(|buffer| buffer.get_mut(range))
            .unwrap_or(&mut [])
    }

    /// Everything before `position` is done with.
    pub fn consume(&mut self, position: usize) {
        self.start = position.min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(pool: &Pool, bytes: &[u8]) -> Inbox {
        let mut inbox = Inbox::new();
        inbox.room(pool)[..bytes.len()].copy_from_slice(bytes);
        inbox.received(bytes.len());
        inbox
    }

    #[test]
    fn frames_are_told_from_beginnings_and_rubbish() {
        let pool = Pool::new(1, 16, 1);
        let large = Next::Large {
            length: 13,
            have: 4..6,
        };
        let cases: [(&[u8], Result<Next, NotAFrame>); 10] = [
            (&[], Ok(Next::Partial)),
            (&[0, 0, 0], Ok(Next::Partial)),
            (&[1], Err(NotAFrame)),
            (&[0x81, 0, 0, 0], Err(NotAFrame)),
            (&[0, 0, 0, 2, 7], Ok(Next::Partial)),
            (&[0, 0, 0, 2, 7, 8], Ok(Next::Frame(4..6))),
            (&[0, 0, 0, 2, 7, 8, 0], Ok(Next::Frame(4..6))),
            (&[0, 0, 0, 0], Ok(Next::Frame(4..4))),
            (&[0, 0, 0, 13, 7, 8], Ok(large)),
            (&[0, 0, 0, 101], Err(NotAFrame)),
        ];
        for (bytes, expected) in cases {
            let inbox = filled(&pool, bytes);
            assert_eq!(inbox.next(100), expected, "{bytes:?}");
        }
    }

    #[test]
    fn an_empty_inbox_holds_no_buffer() {
        let pool = Pool::new(1, 16, 1);
        let mut inbox = filled(&pool, &[0, 0, 0, 1, 9]);
        inbox.rest();
        assert_eq!(pool.in_use(), 1);
        inbox.consume(5);
        inbox.rest();
        assert_eq!(pool.in_use(), 0);
        assert_eq!(inbox.next(10), Ok(Next::Partial));
    }

    proptest! {
        #[test]
        fn any_cutting_of_the_stream_gives_the_same_frames(
            lengths in proptest::collection::vec(0usize..12, 0..20),
            cuts in proptest::collection::vec(1usize..9, 1..20),
        ) {
            let stream: Vec<u8> = lengths.iter().enumerate().flat_map(|(number, &length)| {
                let mut frame = (length as u32).to_be_bytes().to_vec();
                frame.resize(PREFIX + length, number as u8);
                frame
            }).collect();
            let pool = Pool::new(1, 16, 1);
            let mut inbox = Inbox::new();
            let mut found = Vec::new();
            let (mut rest, mut cuts) = (&stream[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let room = inbox.room(&pool);
                let count = (*cuts.next().unwrap()).min(room.len()).min(rest.len());
                room[..count].copy_from_slice(&rest[..count]);
                inbox.received(count);
                rest = &rest[count..];
                while let Next::Frame(range) = inbox.next(12).unwrap() {
                    let end = range.end;
                    found.push(inbox.part(range).to_vec());
                    inbox.consume(end);
                }
            }
            let expected: Vec<_> = lengths.iter().enumerate().map(|(n, &l)| vec![n as u8; l]).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..16), limit in 0usize..100) {
            let pool = Pool::new(1, 16, 1);
            let _ = filled(&pool, &bytes).next(limit);
        }
    }
}
