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
