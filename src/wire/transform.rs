//! The header of an encrypted message ([MS-SMB2] 2.2.41).

use super::{Full, Malformed, Reader, Writer};

/// Length of the header.
pub const SIZE: usize = 52;
/// Its part that the cipher authenticates: everything after the signature.
pub const AUTHENTICATED: core::ops::Range<usize> = 20..SIZE;

const PROTOCOL: [u8; 4] = *b"\xFDSMB";
const ENCRYPTED: u16 = 1;

/// A transform header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransformHeader {
    /// Signature: the cipher's tag.
    pub signature: [u8; 16],
    /// Nonce: 11 bytes are used with CCM, 12 with GCM.
    pub nonce: [u8; 16],
    /// OriginalMessageSize.
    pub original_message_size: u32,
    /// SessionId.
    pub session_id: u64,
}

impl TransformHeader {
    /// Reads the header in front of a body of `body` bytes, which must be as long as it says.
    pub fn parse(bytes: &[u8], body: usize) -> Result<TransformHeader, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != PROTOCOL {
            return Err(Malformed);
        }
        let signature = reader.array()?;
        let nonce = reader.array()?;
        let original_message_size = reader.u32()?;
        reader.skip(2)?;
        let flags = reader.u16()?;
        let session_id = reader.u64()?;
        // Flags was EncryptionAlgorithm before 3.1.1; 1 then meant AES-128-CCM.
        if flags != ENCRYPTED || usize::try_from(original_message_size) != Ok(body) {
            return Err(Malformed);
        }
        Ok(TransformHeader {
            signature,
            nonce,
            original_message_size,
            session_id,
        })
    }

    /// Writes the header over the first [`SIZE`] bytes.
    pub fn write(&self, bytes: &mut [u8]) -> Result<(), Full> {
        let mut writer = Writer::new(bytes);
        writer.bytes(&PROTOCOL)?;
        writer.bytes(&self.signature)?;
        writer.bytes(&self.nonce)?;
        writer.u32(self.original_message_size)?;
        writer.u16(0)?;
        writer.u16(ENCRYPTED)?;
        writer.u64(self.session_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_lengths_must_agree() {
        let header = TransformHeader {
            signature: [1; 16],
            nonce: [2; 16],
            original_message_size: 100,
            session_id: 9,
        };
        let mut bytes = [0; SIZE];
        header.write(&mut bytes).unwrap();
        assert_eq!(TransformHeader::parse(&bytes, 100), Ok(header));
        for body in [0, 99, 101] {
            assert_eq!(TransformHeader::parse(&bytes, body), Err(Malformed));
        }
        bytes[42] = 2;
        assert_eq!(TransformHeader::parse(&bytes, 100), Err(Malformed));
    }
}
