//! File-system classes ([MS-FSCC] 2.5).

use super::{Fit, name};
use crate::wire::{Full, Malformed, Reader, Writer, utf16};

/// FileFsVolumeInformation (2.5.9): 18 bytes and the label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume<'a> {
    /// VolumeCreationTime, FILETIME.
    pub creation: u64,
    /// VolumeSerialNumber.
    pub serial_number: u32,
    /// SupportsObjects.
    pub supports_objects: bool,
    /// VolumeLabel, WTF-8.
    pub label: &'a [u8],
}

impl Volume<'_> {
    /// Appends it; a label too long is cut.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<Fit, Full> {
        w.u64(self.creation)?;
        w.u32(self.serial_number)?;
        w.u32(name::wire_length(self.label)?)?;
        w.u8(self.supports_objects.into())?;
        w.u8(0)?;
        match utf16::encode_cut(self.label, w) {
            (_, true) => Ok(Fit::Whole),
            (_, false) => Ok(Fit::Cut),
        }
    }
}

/// FileFsSizeInformation (2.5.8), 24 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// TotalAllocationUnits.
    pub total: u64,
    /// AvailableAllocationUnits, for this user.
    pub available: u64,
    /// SectorsPerAllocationUnit.
    pub sectors_per_unit: u32,
    /// BytesPerSector.
    pub bytes_per_sector: u32,
}

impl Size {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.total)?;
        w.u64(self.available)?;
        w.u32(self.sectors_per_unit)?;
        w.u32(self.bytes_per_sector)
    }
}

/// FileFsFullSizeInformation (2.5.4), 32 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FullSize {
    /// TotalAllocationUnits.
    pub total: u64,
    /// CallerAvailableAllocationUnits, for this user.
    pub caller_available: u64,
    /// ActualAvailableAllocationUnits, in all.
    pub actual_available: u64,
    /// SectorsPerAllocationUnit.
    pub sectors_per_unit: u32,
    /// BytesPerSector.
    pub bytes_per_sector: u32,
}

impl FullSize {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.total)?;
        w.u64(self.caller_available)?;
        w.u64(self.actual_available)?;
        w.u32(self.sectors_per_unit)?;
        w.u32(self.bytes_per_sector)
    }
}

/// FileFsDeviceInformation (2.5.10), 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// DeviceType.
    pub device_type: u32,
    /// Characteristics.
    pub characteristics: u32,
}

impl Device {
    /// FILE_DEVICE_DISK.
    pub const DISK: u32 = 0x07;
    /// FILE_DEVICE_NAMED_PIPE, for IPC$.
    pub const NAMED_PIPE: u32 = 0x11;
    /// FILE_READ_ONLY_DEVICE.
    pub const READ_ONLY: u32 = 0x02;
    /// FILE_DEVICE_IS_MOUNTED.
    pub const IS_MOUNTED: u32 = 0x20;

    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.device_type)?;
        w.u32(self.characteristics)
    }
}

/// FileFsAttributeInformation (2.5.1): 12 bytes and the file system's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// FileSystemAttributes, bits of [`fs_attributes`].
    pub attributes: u32,
    /// MaximumComponentNameLength in characters.
    pub maximum_component_name_length: u32,
    /// FileSystemName, WTF-8 (`NTFS` makes clients use streams and descriptors).
    pub name: &'a [u8],
}

impl Attribute<'_> {
    /// Appends it; a name too long is cut.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<Fit, Full> {
        w.u32(self.attributes)?;
        w.u32(self.maximum_component_name_length)?;
        name::write(self.name, w)
    }
}

/// Bits of FileSystemAttributes (2.5.1).
pub mod fs_attributes {
    /// FILE_CASE_SENSITIVE_SEARCH.
    pub const CASE_SENSITIVE_SEARCH: u32 = 0x0000_0001;
    /// FILE_CASE_PRESERVED_NAMES.
    pub const CASE_PRESERVED_NAMES: u32 = 0x0000_0002;
    /// FILE_UNICODE_ON_DISK.
    pub const UNICODE_ON_DISK: u32 = 0x0000_0004;
    /// FILE_PERSISTENT_ACLS.
    pub const PERSISTENT_ACLS: u32 = 0x0000_0008;
    /// FILE_FILE_COMPRESSION.
    pub const FILE_COMPRESSION: u32 = 0x0000_0010;
    /// FILE_VOLUME_QUOTAS.
    pub const VOLUME_QUOTAS: u32 = 0x0000_0020;
    /// FILE_SUPPORTS_SPARSE_FILES.
    pub const SUPPORTS_SPARSE_FILES: u32 = 0x0000_0040;
    /// FILE_SUPPORTS_REPARSE_POINTS.
    pub const SUPPORTS_REPARSE_POINTS: u32 = 0x0000_0080;
    /// FILE_SUPPORTS_REMOTE_STORAGE.
    pub const SUPPORTS_REMOTE_STORAGE: u32 = 0x0000_0100;
    /// FILE_VOLUME_IS_COMPRESSED.
    pub const VOLUME_IS_COMPRESSED: u32 = 0x0000_8000;
    /// FILE_SUPPORTS_OBJECT_IDS.
    pub const SUPPORTS_OBJECT_IDS: u32 = 0x0001_0000;
    /// FILE_SUPPORTS_ENCRYPTION.
    pub const SUPPORTS_ENCRYPTION: u32 = 0x0002_0000;
    /// FILE_NAMED_STREAMS.
    pub const NAMED_STREAMS: u32 = 0x0004_0000;
    /// FILE_READ_ONLY_VOLUME.
    pub const READ_ONLY_VOLUME: u32 = 0x0008_0000;
    /// FILE_SEQUENTIAL_WRITE_ONCE.
    pub const SEQUENTIAL_WRITE_ONCE: u32 = 0x0010_0000;
    /// FILE_SUPPORTS_TRANSACTIONS.
    pub const SUPPORTS_TRANSACTIONS: u32 = 0x0020_0000;
    /// FILE_SUPPORTS_HARD_LINKS.
    pub const SUPPORTS_HARD_LINKS: u32 = 0x0040_0000;
    /// FILE_SUPPORTS_EXTENDED_ATTRIBUTES.
    pub const SUPPORTS_EXTENDED_ATTRIBUTES: u32 = 0x0080_0000;
    /// FILE_SUPPORTS_OPEN_BY_FILE_ID.
    pub const SUPPORTS_OPEN_BY_FILE_ID: u32 = 0x0100_0000;
    /// FILE_SUPPORTS_USN_JOURNAL.
    pub const SUPPORTS_USN_JOURNAL: u32 = 0x0200_0000;
    /// FILE_SUPPORTS_INTEGRITY_STREAMS.
    pub const SUPPORTS_INTEGRITY_STREAMS: u32 = 0x0400_0000;
    /// FILE_SUPPORTS_BLOCK_REFCOUNTING: DUPLICATE_EXTENTS works.
    pub const SUPPORTS_BLOCK_REFCOUNTING: u32 = 0x0800_0000;
    /// FILE_SUPPORTS_SPARSE_VDL.
    pub const SUPPORTS_SPARSE_VDL: u32 = 0x1000_0000;
}

/// FileFsControlInformation (2.5.2), 48 bytes: no filtering, quotas neither kept nor enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control;

impl Control {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.zeros(24)?;
        // "No limit" is all bits set, for the threshold and the limit.
        w.u64(u64::MAX)?;
        w.u64(u64::MAX)?;
        w.zeros(8)
    }
}

/// FileFsObjectIdInformation (2.5.6), 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectId {
    /// ObjectId.
    pub object_id: [u8; 16],
    /// ExtendedInfo.
    pub extended_info: [u8; 48],
}

impl ObjectId {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.bytes(&self.object_id)?;
        w.bytes(&self.extended_info)
    }
}

/// FileFsSectorSizeInformation (2.5.7), 28 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectorSize {
    /// LogicalBytesPerSector.
    pub logical: u32,
    /// The three PhysicalBytesPerSector fields.
    pub physical: u32,
    /// Flags.
    pub flags: u32,
}

impl SectorSize {
    /// SSINFO_FLAGS_ALIGNED_DEVICE.
    pub const ALIGNED_DEVICE: u32 = 1;
    /// SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE.
    pub const PARTITION_ALIGNED_ON_DEVICE: u32 = 2;
    /// SSINFO_FLAGS_NO_SEEK_PENALTY.
    pub const NO_SEEK_PENALTY: u32 = 4;
    /// SSINFO_FLAGS_TRIM_ENABLED.
    pub const TRIM_ENABLED: u32 = 8;

    /// Appends it; sectors and partition start aligned.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        for field in [
            self.logical,
            self.physical,
            self.physical,
            self.physical,
            self.flags,
            0,
            0,
        ] {
            w.u32(field)?;
        }
        Ok(())
    }
}

/// FileFsLabelInformation as it is set (2.5.5): the label, UTF-16LE.
pub fn parse_label(buffer: &[u8]) -> Result<&[u8], Malformed> {
    name::parse(buffer)
}

/// FileFsDriverPathInformation as it is asked (2.5.3): whether the driver named in the request lies in
/// the path to the disk; here none does.
pub fn parse_driver_path(buffer: &[u8]) -> Result<&[u8], Malformed> {
    let mut r = Reader::new(buffer);
    r.skip(4)?;
    name::parse(r.bytes(r.remaining())?)
}

#[cfg(test)]
mod tests {
    use super::super::class;
    use super::*;

    fn length(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> usize {
        let mut room = [0; 128];
        let mut w = Writer::new(&mut room);
        write(&mut w).unwrap();
        w.position()
    }

    #[test]
    fn fixed_classes_have_the_sizes_the_standard_gives() {
        let size = Size {
            total: 1,
            available: 2,
            sectors_per_unit: 3,
            bytes_per_sector: 4,
        };
        let full = FullSize {
            total: 1,
            caller_available: 2,
            actual_available: 3,
            sectors_per_unit: 4,
            bytes_per_sector: 5,
        };
        let device = Device {
            device_type: Device::DISK,
            characteristics: Device::IS_MOUNTED,
        };
        let id = ObjectId {
            object_id: [1; 16],
            extended_info: [0; 48],
        };
        let sector = SectorSize {
            logical: 512,
            physical: 4096,
            flags: 3,
        };
        for (class, found) in [
            (class::filesystem::SIZE, length(|w| size.write(w))),
            (class::filesystem::FULL_SIZE, length(|w| full.write(w))),
            (class::filesystem::DEVICE, length(|w| device.write(w))),
            (class::filesystem::CONTROL, length(|w| Control.write(w))),
            (class::filesystem::OBJECT_ID, length(|w| id.write(w))),
            (class::filesystem::SECTOR_SIZE, length(|w| sector.write(w))),
        ] {
            assert_eq!(class::filesystem_minimum(class), Some(found), "{class}");
        }
    }

    #[test]
    fn labels_and_names_are_cut_to_the_room() {
        let mut room = [0; 22];
        let mut w = Writer::new(&mut room);
        let volume = Volume {
            creation: 1,
            serial_number: 2,
            supports_objects: false,
            label: b"disk",
        };
        assert_eq!(volume.write(&mut w), Ok(Fit::Cut));
        assert_eq!(w.written()[12..], *b"\x08\0\0\0\0\0d\0i\0");
        let mut w = Writer::new(&mut room);
        let attribute = Attribute {
            attributes: 3,
            maximum_component_name_length: 255,
            name: b"NTFS",
        };
        assert_eq!(attribute.write(&mut w), Ok(Fit::Whole));
        assert_eq!(w.written()[8..], *b"\x08\0\0\0N\0T\0F\0S\0");
        assert_eq!(
            attribute.write(&mut Writer::new(&mut room[..11])),
            Err(Full)
        );
    }
}
