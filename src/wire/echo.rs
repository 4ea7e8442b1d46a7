//! ECHO, LOGOFF, TREE_DISCONNECT and CANCEL have the same body of four bytes
//! ([MS-SMB2] 2.2.28, 2.2.29, 2.2.7, 2.2.8, 2.2.11, 2.2.12, 2.2.30).

use super::{Full, Malformed, Reader, Writer, header};

/// Checks the body of such a request.
pub fn parse(message: &[u8]) -> Result<(), Malformed> {
    if Reader::at(message, header::SIZE).u16()? == 4 {
        Ok(())
    } else {
        Err(Malformed)
    }
}

/// Writes the body of such a reply.
pub fn write(w: &mut Writer<'_>) -> Result<(), Full> {
    w.u16(4)?;
    w.u16(0)
}
