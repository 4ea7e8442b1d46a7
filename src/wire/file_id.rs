//! SMB2_FILEID.

use super::{Full, Malformed, Reader, Writer};

/// The name of an open file on the wire ([MS-SMB2] 2.2.14.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Stays the same when a durable handle is reconnected.
    pub persistent: u64,
    /// Changes whenever the handle is reconnected.
    pub volatile: u64,
}

impl FileId {
    /// All bits set: "no file" for FSCTLs on the share, and "the file of the request before me" in
    /// related compounded requests ([MS-SMB2] 3.3.5.2.7.2).
    pub const ANY: FileId = FileId {
        persistent: u64::MAX,
        volatile: u64::MAX,
    };

    /// Reads the sixteen bytes.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(FileId {
            persistent: reader.u64()?,
            volatile: reader.u64()?,
        })
    }

    /// Writes the sixteen bytes.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.persistent)?;
        w.u64(self.volatile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persistent_half_comes_first() {
        let id = FileId {
            persistent: 1,
            volatile: 2,
        };
        let mut bytes = [0; 16];
        id.write(&mut Writer::new(&mut bytes)).unwrap();
        assert_eq!(bytes, [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(FileId::read(&mut Reader::new(&bytes)), Ok(id));
        assert_eq!(FileId::read(&mut Reader::new(&bytes[1..])), Err(Malformed));
    }
}
