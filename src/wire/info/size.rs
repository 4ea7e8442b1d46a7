//! Sizes a client sets: FileAllocationInformation, FileEndOfFileInformation, FileValidDataLengthInformation.

use crate::wire::{Malformed, Reader};

/// A size field is a signed 64-bit number; negative ones are refused (STATUS_INVALID_PARAMETER).
fn size(buffer: &[u8]) -> Result<u64, Malformed> {
    let size = Reader::new(buffer).u64()?;
    i64::try_from(size).map_err(|_| Malformed)?;
    Ok(size)
}

/// FileAllocationInformation ([MS-FSCC] 2.4.4): AllocationSize in bytes; less than the file's length cuts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation(pub u64);

impl Allocation {
    /// Reads the buffer.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        size(buffer).map(Allocation)
    }
}

/// FileEndOfFileInformation ([MS-FSCC] 2.4.13): EndOfFile in bytes, the length to give the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfFile(pub u64);

impl EndOfFile {
    /// Reads the buffer.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        size(buffer).map(EndOfFile)
    }
}

/// FileValidDataLengthInformation ([MS-FSCC] 2.4): how far the data is valid, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidDataLength(pub u64);

impl ValidDataLength {
    /// Reads the buffer.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        size(buffer).map(ValidDataLength)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_not_negative() {
        for (bytes, found) in [
            (&u64::MAX.to_le_bytes()[..], Err(Malformed)),
            (&(1u64 << 63).to_le_bytes(), Err(Malformed)),
            (&(i64::MAX as u64).to_le_bytes(), Ok(i64::MAX as u64)),
            (&[0; 7], Err(Malformed)),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 9], Ok(1)),
        ] {
            assert_eq!(EndOfFile::parse(bytes).map(|size| size.0), found);
            assert_eq!(Allocation::parse(bytes).map(|size| size.0), found);
            assert_eq!(ValidDataLength::parse(bytes).map(|size| size.0), found);
        }
    }
}
