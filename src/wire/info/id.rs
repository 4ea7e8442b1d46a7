//! FileIdInformation: the 128-bit file id.

use crate::wire::{Full, Writer};

/// FileIdInformation ([MS-FSCC] 2.4), 24 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Id {
    /// VolumeSerialNumber.
    pub volume_serial_number: u64,
    /// FileId, little-endian.
    pub file_id: u128,
}

impl Id {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.volume_serial_number)?;
        w.bytes(&self.file_id.to_le_bytes())
    }
}
