//! SMB2 LOCK ([MS-SMB2] 2.2.26, 2.2.27).

use super::{FileId, Full, Malformed, Reader, Writer, body};

/// Element flag: others may lock the range SHARED too.
pub const SHARED_LOCK: u32 = 0x01;
/// Element flag: nobody else may lock the range.
pub const EXCLUSIVE_LOCK: u32 = 0x02;
/// Element flag: unlock the range.
pub const UNLOCK: u32 = 0x04;
/// Element flag: do not wait for the range.
pub const FAIL_IMMEDIATELY: u32 = 0x10;

/// Bytes of one SMB2_LOCK_ELEMENT.
const ELEMENT: usize = 24;

/// SMB2 LOCK Request ([MS-SMB2] 2.2.26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Four bits: changes with every new use of the sequence's index.
    pub lock_sequence_number: u8,
    /// 28 bits: which entry of the open's sequence array is meant; 1..=64 are valid, 0 is none.
    pub lock_sequence_index: u32,
    /// The open whose bytes are locked.
    pub file_id: FileId,
    locks: &'a [u8],
}

impl<'a> Request<'a> {
    /// Parses the message. Fails too if there is no element ([MS-SMB2] 3.3.5.14).
    pub fn parse(msg: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = body::open(msg, 48)?;
        let count = usize::from(r.u16()?);
        let sequence = r.u32()?;
        let file_id = FileId::read(&mut r)?;
        if count == 0 {
            return Err(Malformed);
        }
        Ok(Request {
            lock_sequence_number: (sequence & 0xF) as u8,
            lock_sequence_index: sequence >> 4,
            file_id,
            locks: r.bytes(count.checked_mul(ELEMENT).ok_or(Malformed)?)?,
        })
    }

    /// The ranges, in the order given; at least one. Their flags are unchecked.
    pub fn locks(&self) -> impl ExactSizeIterator<Item = Element> + Clone + use<'a> {
        self.locks.chunks_exact(ELEMENT).map(|bytes| {
            // A chunk is as long as an element, so reading it cannot fail.
            Element::read(&mut Reader::new(bytes)).unwrap_or_default()
        })
    }
}

/// SMB2_LOCK_ELEMENT ([MS-SMB2] 2.2.26.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// First byte.
    pub offset: u64,
    /// Number of bytes; 0 is valid.
    pub length: u64,
    /// [`SHARED_LOCK`] and so on.
    pub flags: u32,
}

impl Element {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Element {
            offset: r.u64()?,
            length: r.u64()?,
            flags: r.u32()?,
        })
    }
}

/// SMB2 LOCK Response ([MS-SMB2] 2.2.27).
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
    fn elements_are_counted_and_read_in_order() {
        let mut first = [0; 24];
        (first[0], first[8], first[16]) = (1, 2, 0x12);
        let mut second = [0xFF; 24];
        second[16..20].fill(0);
        let msg = |count: u8, locks: &[&[u8]]| {
            message(&[&[48, 0, count, 0, 0x21, 0, 0, 0x10], &id(), &locks.concat()])
        };
        let both = msg(2, &[&first, &second]);
        let request = Request::parse(&both).unwrap();
        assert_eq!(request.lock_sequence_number, 1);
        assert_eq!(request.lock_sequence_index, 0x0100_0002);
        assert_eq!(request.file_id, ID);
        assert!(request.locks().eq([
            Element {
                offset: 1,
                length: 2,
                flags: EXCLUSIVE_LOCK | FAIL_IMMEDIATELY
            },
            Element {
                offset: u64::MAX,
                length: u64::MAX,
                flags: 0
            },
        ]));
        assert_eq!(
            Request::parse(&msg(1, &[&first, &second]))
                .unwrap()
                .locks()
                .len(),
            1
        );
        assert_eq!(Request::parse(&msg(0, &[&first])), Err(Malformed));
        assert_eq!(Request::parse(&msg(3, &[&first, &second])), Err(Malformed));
        assert_eq!(written(|w| Response.write(w)), [4, 0, 0, 0]);
    }
}
