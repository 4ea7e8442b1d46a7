//! FileDispositionInformation and its Ex form: delete when the last handle closes.

use crate::wire::{Malformed, Reader};

/// FileDispositionInformation ([MS-FSCC] 2.4.11), one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// DeletePending: to be deleted, or no longer.
    pub delete_pending: bool,
}

impl Disposition {
    /// Reads the buffer.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        Ok(Disposition {
            delete_pending: Reader::new(buffer).u8()? != 0,
        })
    }
}

/// FileDispositionInformationEx, four bytes of flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DispositionEx {
    /// Flags.
    pub flags: u32,
}

impl DispositionEx {
    /// FILE_DISPOSITION_DELETE: to be deleted; without it, no longer.
    pub const DELETE: u32 = 0x01;
    /// FILE_DISPOSITION_POSIX_SEMANTICS: the name goes with this handle, the data with the last.
    pub const POSIX_SEMANTICS: u32 = 0x02;
    /// FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK.
    pub const FORCE_IMAGE_SECTION_CHECK: u32 = 0x04;
    /// FILE_DISPOSITION_ON_CLOSE: about the handle's own delete-on-close.
    pub const ON_CLOSE: u32 = 0x08;
    /// FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE.
    pub const IGNORE_READONLY_ATTRIBUTE: u32 = 0x10;

    /// Reads the buffer; unknown flags are refused.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        let flags = Reader::new(buffer).u32()?;
        if flags & !0x1F != 0 {
            Err(Malformed)
        } else {
            Ok(DispositionEx { flags })
        }
    }

    /// Whether the file is to be deleted.
    pub fn delete(&self) -> bool {
        self.flags & Self::DELETE != 0
    }
}
