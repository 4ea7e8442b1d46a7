//! File systems ([MS-SMB2] 3.3.5.20.2, [MS-FSA] 2.1.5.13).

use super::answer;
use crate::engine::Server;
use crate::engine::context::{Answer, Context};
use crate::engine::open::{OpenId, Target};
use crate::vfs::{Space, Vfs};
use crate::wire::info::Fit;
use crate::wire::info::class::{filesystem, filesystem_minimum};
use crate::wire::info::volume::{
    Attribute, Control, Device, FullSize, ObjectId, SectorSize, Size, Volume, fs_attributes,
};
use crate::wire::query_info::Request;
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// Clients count in sectors of this many bytes.
const SECTOR: u32 = 512;
/// The name of the file system: clients look for streams and descriptors only on this one.
const NAME: &[u8] = b"NTFS";

/// Tells what the file system that holds a file is like.
pub fn query<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    request: &Request<'_>,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let class = request.info_class;
    let minimum = filesystem_minimum(class).ok_or(Status::INVALID_INFO_CLASS)?;
    if (request.output_buffer_length as usize) < minimum {
        return Err(Status::INFO_LENGTH_MISMATCH);
    }
    if class == filesystem::CONTROL {
        context.granted(id, access::FILE_READ_DATA)?;
    }
    let share = context.tree()?.1.share;
    let Server {
        opens, vfs, served, ..
    } = &mut *context.server;
    let share = served
        .iter()
        .find(|served| served.number == share)
        .map(|served| &served.share);
    let open = opens.get(id).ok_or(Status::FILE_CLOSED)?;
    let Target::File(file) = &open.target else {
        return pipe(request, reply);
    };
    let read_only = share.is_some_and(|share| share.read_only);
    answer(request, reply, |w| {
        match class {
            filesystem::VOLUME => {
                let volume = vfs.volume(file)?;
                let start = w.position();
                let fit = Volume {
                    creation: volume.creation,
                    serial_number: volume.serial,
                    supports_objects: false,
                    label: share.map_or(&[], |share| share.name.as_bytes()),
                }
                .write(w)?;
                // Clients expect the structure with its padding, however short the label.
                let written = w.position() - start;
                w.zeros(minimum.saturating_sub(written))?;
                return Ok(fit);
            }
            filesystem::ATTRIBUTE => {
                let volume = vfs.volume(file)?;
                return Ok(Attribute {
                    attributes: attributes(&volume, read_only),
                    maximum_component_name_length: volume.name_limit.min(255),
                    name: NAME,
                }
                .write(w)?);
            }
            filesystem::SIZE => {
                let space = vfs.space(file)?;
                let (unit, sector) = unit(&space);
                Size {
                    total: space.total / u64::from(unit),
                    available: space.available / u64::from(unit),
                    sectors_per_unit: unit / sector,
                    bytes_per_sector: sector,
                }
                .write(w)?;
            }
            filesystem::FULL_SIZE => {
                let space = vfs.space(file)?;
                let (unit, sector) = unit(&space);
                FullSize {
                    total: space.total / u64::from(unit),
                    caller_available: space.available / u64::from(unit),
                    actual_available: space.free / u64::from(unit),
                    sectors_per_unit: unit / sector,
                    bytes_per_sector: sector,
                }
                .write(w)?;
            }
            filesystem::DEVICE => Device {
                device_type: Device::DISK,
                characteristics: Device::IS_MOUNTED | if read_only { Device::READ_ONLY } else { 0 },
            }
            .write(w)?,
            filesystem::CONTROL => Control.write(w)?,
            filesystem::OBJECT_ID => ObjectId {
                object_id: vfs.volume(file)?.object_id,
                extended_info: [0; 48],
            }
            .write(w)?,
            filesystem::SECTOR_SIZE => {
                let (unit, sector) = unit(&vfs.space(file)?);
                let aligned = SectorSize::ALIGNED_DEVICE | SectorSize::PARTITION_ALIGNED_ON_DEVICE;
                // FILE_LEVEL_TRIM gives room back where the disk can have holes.
                let trims = match vfs.volume(file)?.sparse {
                    true => SectorSize::TRIM_ENABLED,
                    false => 0,
                };
                SectorSize {
                    logical: sector,
                    physical: unit.min(4_096),
                    flags: aligned | trims,
                }
                .write(w)?;
            }
            _ => return Err(Status::INVALID_INFO_CLASS),
        }
        Ok(Fit::Whole)
    })
}

/// Bytes of an allocation unit and of a sector.
fn unit(space: &Space) -> (u32, u32) {
    let unit = space.block.max(1);
    (
        unit,
        if unit.is_multiple_of(SECTOR) {
            SECTOR
        } else {
            unit
        },
    )
}

/// FileSystemAttributes of a share.
fn attributes(volume: &crate::vfs::Volume, read_only: bool) -> u32 {
    let bit = |set: bool, bits: u32| if set { bits } else { 0 };
    // NTFS says so though it finds names in any case, and so clients do not take it at its word.
    fs_attributes::CASE_SENSITIVE_SEARCH
        | fs_attributes::CASE_PRESERVED_NAMES
        | fs_attributes::UNICODE_ON_DISK
        | fs_attributes::SUPPORTS_HARD_LINKS
        | bit(
            volume.attributes_kept,
            fs_attributes::PERSISTENT_ACLS
                | fs_attributes::NAMED_STREAMS
                | fs_attributes::SUPPORTS_REPARSE_POINTS
                | fs_attributes::SUPPORTS_EXTENDED_ATTRIBUTES,
        )
        | bit(volume.sparse, fs_attributes::SUPPORTS_SPARSE_FILES)
        | bit(volume.compression, fs_attributes::FILE_COMPRESSION)
        | bit(volume.reflink, fs_attributes::SUPPORTS_BLOCK_REFCOUNTING)
        | bit(read_only, fs_attributes::READ_ONLY_VOLUME)
}

/// Pipes are on no disk; only what kind of device they are can be told.
fn pipe<F>(request: &Request<'_>, reply: &mut Writer<'_>) -> Answer<F> {
    if request.info_class != filesystem::DEVICE {
        return Err(Status::INVALID_DEVICE_REQUEST);
    }
    answer(request, reply, |w| {
        Device {
            device_type: Device::NAMED_PIPE,
            characteristics: Device::IS_MOUNTED,
        }
        .write(w)?;
        Ok(Fit::Whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_whole_sectors() {
        for (block, expected) in [
            (4_096, (4_096, 512)),
            (512, (512, 512)),
            (256, (256, 256)),
            (0, (1, 1)),
        ] {
            let space = Space {
                total: 0,
                available: 0,
                free: 0,
                block,
            };
            assert_eq!(unit(&space), expected);
        }
    }
}
