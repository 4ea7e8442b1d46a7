//! Times and attributes: FileBasicInformation, FileNetworkOpenInformation, FileAttributeTagInformation.

use crate::wire::{Full, Malformed, Reader, Writer, filetime::Setting};

/// The four times of a file, FILETIME each (0: not known).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// CreationTime.
    pub creation: u64,
    /// LastAccessTime.
    pub access: u64,
    /// LastWriteTime.
    pub write: u64,
    /// ChangeTime.
    pub change: u64,
}

impl Times {
    /// Appends the four, in the order every class has them.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.creation)?;
        w.u64(self.access)?;
        w.u64(self.write)?;
        w.u64(self.change)
    }
}

/// FileBasicInformation as it is told ([MS-FSCC] 2.4.7), 40 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Basic {
    /// The four times.
    pub times: Times,
    /// FileAttributes.
    pub attributes: u32,
}

impl Basic {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.times.write(w)?;
        w.u32(self.attributes)?;
        w.zeros(4)
    }
}

/// FileBasicInformation as it is set ([MS-FSCC] 2.4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetBasic {
    /// CreationTime.
    pub creation: Setting,
    /// LastAccessTime.
    pub access: Setting,
    /// LastWriteTime.
    pub write: Setting,
    /// ChangeTime.
    pub change: Setting,
    /// FileAttributes; 0 leaves them as they are.
    pub attributes: u32,
}

impl SetBasic {
    /// Reads the buffer. A negative time other than -1 and -2 is refused.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(buffer);
        Ok(SetBasic {
            creation: Setting::from_wire(r.u64()?)?,
            access: Setting::from_wire(r.u64()?)?,
            write: Setting::from_wire(r.u64()?)?,
            change: Setting::from_wire(r.u64()?)?,
            attributes: r.u32()?,
        })
    }
}

/// FileNetworkOpenInformation ([MS-FSCC] 2.4), 56 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkOpen {
    /// The four times.
    pub times: Times,
    /// AllocationSize in bytes.
    pub allocation: u64,
    /// EndOfFile in bytes.
    pub end_of_file: u64,
    /// FileAttributes.
    pub attributes: u32,
}

impl NetworkOpen {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.times.write(w)?;
        w.u64(self.allocation)?;
        w.u64(self.end_of_file)?;
        w.u32(self.attributes)?;
        w.zeros(4)
    }
}

/// FileAttributeTagInformation ([MS-FSCC] 2.4.6), 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttributeTag {
    /// FileAttributes.
    pub attributes: u32,
    /// ReparseTag, 0 for none.
    pub reparse_tag: u32,
}

impl AttributeTag {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.attributes)?;
        w.u32(self.reparse_tag)
    }
}
