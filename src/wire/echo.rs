//! ECHO, LOGOFF, TREE_DISCONNECT and CANCEL have the same body of four bytes
//! ([MS-SMB2] 2.2.28, 2.2.29, 2.2.7, 2.2.8, 2.2.11, 2.2.12, 2.2.30).

use super::{Full, Malformed, Reader, Writer, header};

/// Checks the body of such a request.
pub fn parse(message: &[u8]) -> Result<(), Malformed> {
    let mut reader = Reader::at(message, header::SIZE);
    if reader.u16()? != 4 {
        return Err(Malformed);
    }
    reader.skip(2)
}

/// Writes the body of such a reply.
pub fn write(w: &mut Writer<'_>) -> Result<(), Full> {
    w.u16(4)?;
    w.u16(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_four_bytes_that_say_so() {
        let message = |body: &[u8]| [&[0; header::SIZE], body].concat();
        assert_eq!(parse(&message(&[4, 0, 0, 0])), Ok(()));
        for body in [&[][..], &[4], &[4, 0], &[4, 0, 0], &[5, 0, 0, 0]] {
            assert_eq!(parse(&message(body)), Err(Malformed), "{body:?}");
        }
    }
}
