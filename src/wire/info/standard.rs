//! Sizes and links: FileStandardInformation, FileCompressionInformation; and FileAllInformation, which
//! strings the most asked together.

use super::{Access, Alignment, Basic, Ea, Fit, Internal, Mode, Position, name};
use crate::wire::{Full, Writer};

/// FileStandardInformation ([MS-FSCC] 2.4), 24 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    /// AllocationSize in bytes.
    pub allocation: u64,
    /// EndOfFile in bytes.
    pub end_of_file: u64,
    /// NumberOfLinks.
    pub links: u32,
    /// DeletePending.
    pub delete_pending: bool,
    /// Directory.
    pub directory: bool,
}

impl Standard {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.allocation)?;
        w.u64(self.end_of_file)?;
        w.u32(self.links)?;
        w.u8(self.delete_pending.into())?;
        w.u8(self.directory.into())?;
        w.zeros(2)
    }
}

/// FileCompressionInformation of a file that is not compressed ([MS-FSCC] 2.4.9), 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compression {
    /// CompressedFileSize in bytes.
    pub size: u64,
}

impl Compression {
    /// Appends it, with COMPRESSION_FORMAT_NONE and no shifts.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.size)?;
        w.zeros(8)
    }
}

/// FileAllInformation ([MS-FSCC] 2.4.2): 100 bytes and the name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct All<'a> {
    /// BasicInformation.
    pub basic: Basic,
    /// StandardInformation.
    pub standard: Standard,
    /// InternalInformation.
    pub internal: Internal,
    /// EaInformation.
    pub ea: Ea,
    /// AccessInformation.
    pub access: Access,
    /// PositionInformation.
    pub position: Position,
    /// ModeInformation.
    pub mode: Mode,
    /// AlignmentInformation.
    pub alignment: Alignment,
    /// The path from the share's root, WTF-8, a backslash before each component.
    pub name: &'a [u8],
}

impl All<'_> {
    /// Appends it; a name too long is cut.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<Fit, Full> {
        self.basic.write(w)?;
        self.standard.write(w)?;
        self.internal.write(w)?;
        self.ea.write(w)?;
        self.access.write(w)?;
        self.position.write(w)?;
        self.mode.write(w)?;
        self.alignment.write(w)?;
        name::write(self.name, w)
    }
}

#[cfg(test)]
mod tests {
    use super::super::class::{file, query_minimum};
    use super::super::{AttributeTag, Id, NetworkOpen, Pipe, PipeLocal, PipeRemote, Times};
    use super::*;

    fn length(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Option<usize> {
        let mut room = [0xEE; 128];
        let mut w = Writer::new(&mut room);
        write(&mut w).ok().map(|()| w.position())
    }

    #[test]
    fn fixed_classes_have_the_sizes_the_standard_gives() {
        for (class, found) in [
            (file::BASIC, length(|w| Basic::default().write(w))),
            (file::STANDARD, length(|w| Standard::default().write(w))),
            (file::INTERNAL, length(|w| Internal(1).write(w))),
            (file::EA, length(|w| Ea(1).write(w))),
            (file::ACCESS, length(|w| Access(1).write(w))),
            (file::POSITION, length(|w| Position(1).write(w))),
            (file::MODE, length(|w| Mode(1).write(w))),
            (file::ALIGNMENT, length(|w| Alignment(1).write(w))),
            (
                file::COMPRESSION,
                length(|w| Compression { size: 1 }.write(w)),
            ),
            (
                file::NETWORK_OPEN,
                length(|w| NetworkOpen::default().write(w)),
            ),
            (
                file::ATTRIBUTE_TAG,
                length(|w| AttributeTag::default().write(w)),
            ),
            (file::ID, length(|w| Id::default().write(w))),
            (file::PIPE, length(|w| Pipe::default().write(w))),
            (file::PIPE_LOCAL, length(|w| PipeLocal::default().write(w))),
            (
                file::PIPE_REMOTE,
                length(|w| PipeRemote::default().write(w)),
            ),
        ] {
            assert_eq!(query_minimum(class), found, "{class}");
        }
    }

    #[test]
    fn all_strings_the_others_together_and_cuts_the_name() {
        let all = All {
            basic: Basic {
                times: Times {
                    creation: 1,
                    access: 2,
                    write: 3,
                    change: 4,
                },
                attributes: 5,
            },
            standard: Standard {
                allocation: 6,
                end_of_file: 7,
                links: 8,
                delete_pending: true,
                directory: false,
            },
            internal: Internal(9),
            ea: Ea(10),
            access: Access(11),
            position: Position(12),
            mode: Mode(13),
            alignment: Alignment(14),
            name: b"\\ab",
        };
        let mut room = [0xEE; 128];
        let mut w = Writer::new(&mut room);
        assert_eq!(all.write(&mut w), Ok(Fit::Whole));
        let bytes = w.written();
        assert_eq!(bytes.len(), 106);
        for (at, value) in [
            (0, 1),
            (24, 4),
            (32, 5),
            (40, 6),
            (56, 8),
            (60, 1),
            (64, 9),
            (72, 10),
            (76, 11),
            (80, 12),
            (88, 13),
            (92, 14),
            (96, 6),
        ] {
            assert_eq!(bytes[at], value, "{at}");
        }
        assert_eq!(bytes[100..], *b"\\\0a\0b\0");
        let mut w = Writer::new(&mut room[..104]);
        assert_eq!(all.write(&mut w), Ok(Fit::Cut));
        assert_eq!(w.written()[96..], *b"\x06\0\0\0\\\0a\0");
        assert_eq!(all.write(&mut Writer::new(&mut room[..99])), Err(Full));
    }
}
