//! Classes of a single number.

use crate::wire::{Full, Malformed, Reader, Writer};

/// FileInternalInformation ([MS-FSCC] 2.4): IndexNumber, the 64-bit file id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Internal(pub u64);

impl Internal {
    /// Appends its 8 bytes.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.0)
    }
}

/// FileEaInformation ([MS-FSCC] 2.4.12): EaSize, the length of the extended attributes, 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ea(pub u32);

impl Ea {
    /// Appends its 4 bytes.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.0)
    }
}

/// FileAccessInformation ([MS-FSCC] 2.4.1): AccessFlags, the rights the open was granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access(pub u32);

impl Access {
    /// Appends its 4 bytes.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.0)
    }
}

/// FilePositionInformation ([MS-FSCC] 2.4): CurrentByteOffset, which an open remembers and no read uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position(pub u64);

impl Position {
    /// Reads the buffer; a negative offset is refused.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        let offset = Reader::new(buffer).u64()?;
        i64::try_from(offset).map_err(|_| Malformed)?;
        Ok(Position(offset))
    }

    /// Appends its 8 bytes.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.0)
    }
}

/// FileModeInformation ([MS-FSCC] 2.4): Mode, create options as the open has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode(pub u32);

impl Mode {
    /// FILE_WRITE_THROUGH.
    pub const WRITE_THROUGH: u32 = 0x02;
    /// FILE_SEQUENTIAL_ONLY.
    pub const SEQUENTIAL_ONLY: u32 = 0x04;
    /// FILE_NO_INTERMEDIATE_BUFFERING.
    pub const NO_INTERMEDIATE_BUFFERING: u32 = 0x08;
    /// FILE_SYNCHRONOUS_IO_ALERT.
    pub const SYNCHRONOUS_IO_ALERT: u32 = 0x10;
    /// FILE_SYNCHRONOUS_IO_NONALERT.
    pub const SYNCHRONOUS_IO_NONALERT: u32 = 0x20;
    /// FILE_DELETE_ON_CLOSE: told, never set here.
    pub const DELETE_ON_CLOSE: u32 = 0x1000;
    /// What may be told.
    pub const ALL: u32 = 0x103E;

    /// Reads the buffer; bits that may not be set, or both synchronous ones, are refused.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        let mode = Reader::new(buffer).u32()?;
        let both = Self::SYNCHRONOUS_IO_ALERT | Self::SYNCHRONOUS_IO_NONALERT;
        if mode & !(Self::ALL & !Self::DELETE_ON_CLOSE) != 0 || mode & both == both {
            return Err(Malformed);
        }
        Ok(Mode(mode))
    }

    /// Appends its 4 bytes.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.0)
    }
}

/// FileAlignmentInformation ([MS-FSCC] 2.4.3): AlignmentRequirement; 0 is FILE_BYTE_ALIGNMENT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alignment(pub u32);

impl Alignment {
    /// Appends its 4 bytes.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.0)
    }
}
