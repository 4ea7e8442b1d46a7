//! FileStreamInformation: the named streams of a file.

use super::{Fit, name};
use crate::wire::{Full, Writer, utf16};

/// One stream ([MS-FSCC] 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamEntry<'a> {
    /// The stream's name, WTF-8, without colon and type; empty: the file's data, shown as `::$DATA`.
    pub name: &'a [u8],
    /// StreamSize in bytes.
    pub size: u64,
    /// StreamAllocationSize in bytes.
    pub allocation: u64,
}

/// Appends streams one after the other, each linked to the one before it.
#[derive(Debug)]
pub struct StreamWriter {
    start: usize,
    last: Option<usize>,
    fit: Fit,
}

impl StreamWriter {
    /// The list starts where `w` stands.
    pub fn new(w: &Writer<'_>) -> Self {
        StreamWriter {
            start: w.position(),
            last: None,
            fit: Fit::Whole,
        }
    }

    /// Appends one. Once one has not fitted, none follows it and the answer is [`Fit::Cut`].
    pub fn append(&mut self, entry: &StreamEntry<'_>, w: &mut Writer<'_>) -> Fit {
        if self.fit == Fit::Whole && self.attempt(entry, w).is_err() {
            self.fit = Fit::Cut;
        }
        self.fit
    }

    fn attempt(&mut self, entry: &StreamEntry<'_>, w: &mut Writer<'_>) -> Result<(), Full> {
        let before = w.position();
        let written = self.write(entry, w);
        if written.is_err() {
            w.truncate(before);
        }
        written
    }

    fn write(&mut self, entry: &StreamEntry<'_>, w: &mut Writer<'_>) -> Result<(), Full> {
        w.align(self.start, 8)?;
        let at = w.position();
        w.u32(0)?;
        let length = name::wire_length(entry.name)?
            .checked_add(2 * (1 + 6))
            .ok_or(Full)?;
        w.u32(length)?;
        w.u64(entry.size)?;
        w.u64(entry.allocation)?;
        utf16::encode(b":", w)?;
        utf16::encode(entry.name, w)?;
        utf16::encode(b":$DATA", w)?;
        if let Some(last) = self.last {
            w.patch_u32(last, u32::try_from(at - last).map_err(|_| Full)?)?;
        }
        self.last = Some(at);
        Ok(())
    }

    /// Whether all that was appended fitted.
    pub fn fit(&self) -> Fit {
        self.fit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: StreamEntry<'_> = StreamEntry {
        name: b"",
        size: 5,
        allocation: 4096,
    };
    const NAMED: StreamEntry<'_> = StreamEntry {
        name: b"x",
        size: 6,
        allocation: 8192,
    };

    #[test]
    fn entries_are_linked_and_the_last_ends_the_list() {
        let mut room = [0; 200];
        let mut w = Writer::new(&mut room);
        let mut streams = StreamWriter::new(&w);
        assert_eq!(streams.append(&DATA, &mut w), Fit::Whole);
        assert_eq!(streams.append(&NAMED, &mut w), Fit::Whole);
        let bytes = w.written();
        assert_eq!(bytes.len(), 40 + 24 + 16);
        assert_eq!(
            (&bytes[..8], &bytes[40..48]),
            (&b"\x28\0\0\0\x0e\0\0\0"[..], &b"\0\0\0\0\x10\0\0\0"[..])
        );
        assert_eq!(&bytes[24..38], b":\0:\0$\0D\0A\0T\0A\0");
        assert_eq!(&bytes[64..], b":\0x\0:\0$\0D\0A\0T\0A\0");
    }

    #[test]
    fn what_does_not_fit_leaves_no_trace() {
        for room in 0..80 {
            let mut bytes = vec![0; room];
            let mut w = Writer::new(&mut bytes);
            let mut streams = StreamWriter::new(&w);
            let first = streams.append(&DATA, &mut w);
            assert_eq!(streams.append(&NAMED, &mut w), Fit::Cut);
            assert_eq!(streams.append(&DATA, &mut w), Fit::Cut);
            assert_eq!(streams.fit(), Fit::Cut);
            assert_eq!(w.position(), if first == Fit::Whole { 38 } else { 0 });
            assert!(w.written().iter().take(4).all(|byte| *byte == 0));
        }
    }
}
