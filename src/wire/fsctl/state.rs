//! Buffers of the FSCTLs about what a file is: sparse, compressed, checked, identified ([MS-FSCC] 2.3).

use crate::wire::{Full, Malformed, Reader, Writer};

/// FILE_SET_SPARSE_BUFFER ([MS-FSCC] 2.3.83): whether the file shall be sparse. No input means yes.
pub fn parse_set_sparse(input: &[u8]) -> bool {
    input.first().is_none_or(|&set| set != 0)
}

/// CompressionState ([MS-FSCC] 2.3.20): not compressed.
pub const COMPRESSION_FORMAT_NONE: u16 = 0x0000;
/// CompressionState: compressed as the volume likes best.
pub const COMPRESSION_FORMAT_DEFAULT: u16 = 0x0001;
/// CompressionState: LZNT1.
pub const COMPRESSION_FORMAT_LZNT1: u16 = 0x0002;

/// Parses the CompressionState of SET_COMPRESSION ([MS-FSCC] 2.3.67), unchecked.
pub fn parse_compression_state(input: &[u8]) -> Result<u16, Malformed> {
    Reader::new(input).u16()
}

/// Writes the CompressionState of GET_COMPRESSION ([MS-FSCC] 2.3.20).
pub fn write_compression_state(w: &mut Writer<'_>, state: u16) -> Result<(), Full> {
    w.u16(state)
}

/// FILE_OBJECTID_BUFFER type 1 ([MS-FSCC] 2.1.3.1), 64 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectIdBuffer {
    /// Names the file on its volume.
    pub object_id: [u8; 16],
    /// The volume it was made on.
    pub birth_volume_id: [u8; 16],
    /// Its first name.
    pub birth_object_id: [u8; 16],
    /// The domain; always zero.
    pub domain_id: [u8; 16],
}

impl ObjectIdBuffer {
    /// Parses the input of SET_OBJECT_ID.
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(input);
        Ok(ObjectIdBuffer {
            object_id: r.array()?,
            birth_volume_id: r.array()?,
            birth_object_id: r.array()?,
            domain_id: r.array()?,
        })
    }

    /// Writes the output of GET_OBJECT_ID and CREATE_OR_GET_OBJECT_ID.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.bytes(&self.object_id)?;
        w.bytes(&self.birth_volume_id)?;
        w.bytes(&self.birth_object_id)?;
        w.bytes(&self.domain_id)
    }
}

/// ChecksumAlgorithm ([MS-FSCC] 2.3.22): none.
pub const CHECKSUM_TYPE_NONE: u16 = 0x0000;
/// ChecksumAlgorithm: CRC32.
pub const CHECKSUM_TYPE_CRC32: u16 = 0x0001;
/// ChecksumAlgorithm: CRC64.
pub const CHECKSUM_TYPE_CRC64: u16 = 0x0002;
/// ChecksumAlgorithm of SET_INTEGRITY_INFORMATION: leave it as it is.
pub const CHECKSUM_TYPE_UNCHANGED: u16 = 0xFFFF;

/// FSCTL_GET_INTEGRITY_INFORMATION_BUFFER ([MS-FSCC] 2.3.22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegrityInformation {
    /// [`CHECKSUM_TYPE_NONE`] and so on.
    pub checksum_algorithm: u16,
    /// 1 switches enforcement off.
    pub flags: u32,
    /// Bytes per checksum.
    pub checksum_chunk_size: u32,
    /// Bytes per cluster.
    pub cluster_size: u32,
}

impl IntegrityInformation {
    /// Writes the output.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(self.checksum_algorithm)?;
        w.u16(0)?;
        w.u32(self.flags)?;
        w.u32(self.checksum_chunk_size)?;
        w.u32(self.cluster_size)
    }
}

/// FSCTL_SET_INTEGRITY_INFORMATION_BUFFER ([MS-FSCC] 2.3.75).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetIntegrityInformation {
    /// [`CHECKSUM_TYPE_UNCHANGED`] and so on.
    pub checksum_algorithm: u16,
    /// 1 switches enforcement off.
    pub flags: u32,
}

impl SetIntegrityInformation {
    /// Parses the input.
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(input);
        let checksum_algorithm = r.u16()?;
        r.skip(2)?;
        Ok(SetIntegrityInformation {
            checksum_algorithm,
            flags: r.u32()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
        let mut room = [0xAA; 200];
        let mut w = Writer::new(&mut room);
        write(&mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn sparse_is_meant_unless_denied() {
        for (input, sparse) in [
            (&[][..], true),
            (&[1], true),
            (&[0], false),
            (&[2, 0], true),
        ] {
            assert_eq!(parse_set_sparse(input), sparse, "{input:?}");
        }
    }

    #[test]
    fn buffers_come_back_as_written() {
        let id = ObjectIdBuffer {
            object_id: [1; 16],
            birth_volume_id: [2; 16],
            birth_object_id: [3; 16],
            domain_id: [4; 16],
        };
        let bytes = written(|w| id.write(w));
        assert_eq!(ObjectIdBuffer::parse(&bytes), Ok(id));
        assert_eq!(ObjectIdBuffer::parse(&bytes[..63]), Err(Malformed));

        let state = written(|w| write_compression_state(w, COMPRESSION_FORMAT_LZNT1));
        assert_eq!(
            parse_compression_state(&state),
            Ok(COMPRESSION_FORMAT_LZNT1)
        );
        assert_eq!(parse_compression_state(&state[..1]), Err(Malformed));

        let integrity = IntegrityInformation {
            checksum_algorithm: CHECKSUM_TYPE_CRC64,
            flags: 1,
            checksum_chunk_size: 3,
            cluster_size: 4,
        };
        let bytes = written(|w| integrity.write(w));
        assert_eq!(bytes.len(), 16);
        assert_eq!(
            SetIntegrityInformation::parse(&bytes),
            Ok(SetIntegrityInformation {
                checksum_algorithm: CHECKSUM_TYPE_CRC64,
                flags: 1
            })
        );
    }
}
