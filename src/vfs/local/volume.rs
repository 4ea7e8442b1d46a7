//! What the disk is that holds a file, and how full.

use super::bare::keeps_attributes;
use super::error::error;
use super::*;

/// Room on the file system that holds the file: of a mount within the share, that one's.
pub(super) fn space(file: &File) -> Result<Space, Error> {
    let room = sys::room(file.as_fd()).map_err(error)?;
    let block = u32::try_from(room.block)
        .ok()
        .filter(|block| block.is_power_of_two())
        .unwrap_or(4096);
    let bytes = |count: u64| count.saturating_mul(room.block);
    Ok(Space {
        total: bytes(room.total),
        available: bytes(room.available),
        free: bytes(room.free),
        block,
    })
}

impl Local {
    pub(super) fn describe_volume(&mut self, file: &File) -> Result<Volume, Error> {
        let room = sys::room(file.as_fd()).map_err(error)?;
        let system = sys::file_system(file.as_fd()).map_err(error)?;
        let stat = sys::stat(file.as_fd()).map_err(error)?;
        let creation = self
            .root_of(file)
            .ok()
            .and_then(|root| sys::stat(root.fd.as_fd()).ok()?.birth);
        // Some disks have no identity of their own; the device number stands in for the time it is mounted.
        let id = if room.id == 0 { stat.device } else { room.id };
        let mut object_id = [0; 16];
        object_id[..8].copy_from_slice(&id.to_le_bytes());
        object_id[8..].copy_from_slice(b"smolsmb\0");
        let path = file.handle_path();
        Ok(Volume {
            serial: (id ^ id >> 32) as u32,
            object_id,
            creation: creation.map_or(0, meta::file_time),
            attributes_kept: keeps_attributes(file.place(&path)),
            sparse: system.sparse,
            reflink: system.reflink,
            compression: system.compression,
            name_limit: u32::try_from(room.name_limit).unwrap_or(255).min(255),
        })
    }
}
