//! NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1).

use super::{SIGNATURE, flags};
use crate::auth::AuthError;
use crate::wire::Reader;

/// Reads the flags the client asks for. The names it may bring along are worth nothing, as anyone
/// can write any; neither they nor their offsets are looked at.
pub(in crate::auth) fn parse(message: &[u8]) -> Result<u32, AuthError> {
    let mut r = Reader::new(message);
    if r.array::<8>()? != *SIGNATURE {
        return Err(AuthError::Malformed);
    }
    if r.u32()? != 1 {
        return Err(AuthError::OutOfOrder);
    }
    let asked = r.u32()?;
    if asked & flags::DATAGRAM != 0 || asked & (flags::UNICODE | flags::OEM) == 0 {
        return Err(AuthError::Malformed);
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_or_the_message_refused() {
        let message = |kind: u32, asked: u32| {
            [&SIGNATURE[..], &kind.to_le_bytes(), &asked.to_le_bytes()].concat()
        };
        for (bytes, expected) in [
            (message(1, 0xe208_8297), Ok(0xe208_8297)),
            (message(1, flags::OEM), Ok(flags::OEM)),
            (message(1, flags::NTLM), Err(AuthError::Malformed)),
            (
                message(1, flags::UNICODE | flags::DATAGRAM),
                Err(AuthError::Malformed),
            ),
            (message(3, flags::UNICODE), Err(AuthError::OutOfOrder)),
            (
                message(1, flags::UNICODE)[..15].to_vec(),
                Err(AuthError::Malformed),
            ),
            (
                b"NTLMSSQ\0\x01\0\0\0\x01\0\0\0".to_vec(),
                Err(AuthError::Malformed),
            ),
            (vec![], Err(AuthError::Malformed)),
        ] {
            assert_eq!(parse(&bytes), expected, "{bytes:?}");
        }
    }
}
