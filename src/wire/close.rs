//! SMB2 CLOSE ([MS-SMB2] 2.2.15, 2.2.16).

use super::{FileId, Full, Malformed, Writer, body};

/// The client wants the file's attributes as they are after the close.
pub const POSTQUERY_ATTRIB: u16 = 0x0001;

/// SMB2 CLOSE Request ([MS-SMB2] 2.2.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// [`POSTQUERY_ATTRIB`] or 0.
    pub flags: u16,
    /// The open to close.
    pub file_id: FileId,
}

impl Request {
    /// Parses the message.
    pub fn parse(msg: &[u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 24)?;
        let flags = r.u16()?;
        r.skip(4)?;
        Ok(Request {
            flags,
            file_id: FileId::read(&mut r)?,
        })
    }
}

/// SMB2 CLOSE Response ([MS-SMB2] 2.2.16). All zero (the default) unless [`POSTQUERY_ATTRIB`] was
/// asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// [`POSTQUERY_ATTRIB`] if the fields below are valid.
    pub flags: u16,
    /// FILETIME.
    pub creation_time: u64,
    /// FILETIME.
    pub last_access_time: u64,
    /// FILETIME.
    pub last_write_time: u64,
    /// FILETIME.
    pub change_time: u64,
    /// Bytes the file takes on the disk.
    pub allocation_size: u64,
    /// Bytes of data.
    pub end_of_file: u64,
    /// Bits of [`super::attributes`].
    pub file_attributes: u32,
}

impl Response {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(60)?;
        w.u16(self.flags)?;
        w.u32(0)?;
        w.u64(self.creation_time)?;
        w.u64(self.last_access_time)?;
        w.u64(self.last_write_time)?;
        w.u64(self.change_time)?;
        w.u64(self.allocation_size)?;
        w.u64(self.end_of_file)?;
        w.u32(self.file_attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: FileId = FileId {
        persistent: 0x0706_0504_0302_0100,
        volatile: 0x0F0E_0D0C_0B0A_0908,
    };

    /// A message: room for the header, then the parts.
    fn message(parts: &[&[u8]]) -> Vec<u8> {
        [&[0; 64][..], &parts.concat()].concat()
    }

    fn id() -> [u8; 16] {
        core::array::from_fn(|i| i as u8)
    }

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
        let mut room = [0xAA; 200];
        let mut w = Writer::new(&mut room);
        write(&mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn request_and_response_have_their_layout() {
        let msg = message(&[&[24, 0, 1, 0, 9, 9, 9, 9], &id()]);
        assert_eq!(
            Request::parse(&msg),
            Ok(Request {
                flags: POSTQUERY_ATTRIB,
                file_id: ID
            })
        );
        assert_eq!(Request::parse(&msg[..87]), Err(Malformed));
        let reply = Response {
            flags: 1,
            end_of_file: 5,
            file_attributes: 0x20,
            ..Response::default()
        };
        let body = written(|w| reply.write(w));
        assert_eq!(body.len(), 60);
        assert_eq!(
            (body[..4].to_vec(), body[48], body[56]),
            (vec![60, 0, 1, 0], 5, 0x20)
        );
    }
}
