//! SMB2 FLUSH ([MS-SMB2] 2.2.17, 2.2.18).

use super::{FileId, Full, Malformed, Writer, body};

/// SMB2 FLUSH Request ([MS-SMB2] 2.2.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// To be ignored, except that macOS sets all bits where it needs the data on the medium (its
    /// F_FULLFSYNC).
    pub reserved1: u16,
    /// The open to flush.
    pub file_id: FileId,
}

impl Request {
    /// Parses the message.
    pub fn parse(msg: &[u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 24)?;
        let reserved1 = r.u16()?;
        r.skip(4)?;
        Ok(Request {
            reserved1,
            file_id: FileId::read(&mut r)?,
        })
    }
}

/// SMB2 FLUSH Response ([MS-SMB2] 2.2.18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response;

impl Response {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(4)?;
        w.u16(0)
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
        let msg = message(&[&[24, 0, 0xFF, 0xFF, 9, 9, 9, 9], &id()]);
        assert_eq!(
            Request::parse(&msg),
            Ok(Request {
                reserved1: 0xFFFF,
                file_id: ID
            })
        );
        assert_eq!(Request::parse(&msg[..87]), Err(Malformed));
        assert_eq!(written(|w| Response.write(w)), [4, 0, 0, 0]);
    }
}
