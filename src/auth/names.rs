//! User and domain names: from the wire, and without regard to case.

use super::AuthError;
use crate::wire::utf16;

/// Whether two user names are the same name: they may differ in case.
pub fn same_name(a: &str, b: &str) -> bool {
    utf16::eq_folded(a.as_bytes(), b.as_bytes())
}

/// Decodes a name field of AUTHENTICATE: UTF-16LE, or ASCII from a client that negotiated its OEM
/// character set. Which code page that is we cannot know, so bytes beyond ASCII are refused, as
/// are half surrogate pairs and zero characters.
pub(super) fn decode<const N: usize>(
    field: &[u8],
    unicode: bool,
) -> Result<heapless::String<N>, AuthError> {
    let mut name = heapless::String::new();
    let mut push = |c: char| match c {
        '\0' => Err(AuthError::Malformed),
        _ => name.push(c).map_err(|_| AuthError::TooLong),
    };
    if unicode {
        let (units, odd) = field.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(AuthError::Malformed);
        }
        for c in char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))) {
            push(c.map_err(|_| AuthError::Malformed)?)?;
        }
    } else {
        for byte in field {
            if !byte.is_ascii() {
                return Err(AuthError::Malformed);
            }
            push(char::from(*byte))?;
        }
    }
    Ok(name)
}

/// Hands the UTF-16LE bytes of `chars` to `each`, a character at a time.
pub(super) fn each_utf16(chars: impl Iterator<Item = char>, mut each: impl FnMut(&[u8])) {
    for c in chars {
        for unit in c.encode_utf16(&mut [0; 2]) {
            each(&unit.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_in_any_script() {
        for (a, b, same) in [
            ("Alice", "aLICE", true),
            ("Jürgen", "JÜRGEN", true),
            ("Ζωή", "ζΩΉ", true),
            ("ΣΑΣ", "σας", true),
            ("straße", "STRASSE", false),
            ("straße", "STRAßE", true),
            ("", "", true),
            ("a", "", false),
            ("alice", "alicf", false),
            ("ı", "I", false),
            ("\u{10428}", "\u{10400}", false),
        ] {
            assert_eq!(same_name(a, b), same, "{a} {b}");
        }
    }

    #[test]
    fn fields_are_decoded_or_refused() {
        let utf16 = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>()
        };
        for (field, unicode, expected) in [
            (utf16("Zë 😀"), true, Ok("Zë 😀")),
            (utf16("eightee"), true, Ok("eightee")),
            (utf16("ninechars"), true, Err(AuthError::TooLong)),
            (vec![0x61, 0, 0x62], true, Err(AuthError::Malformed)),
            (vec![0x3d, 0xd8], true, Err(AuthError::Malformed)),
            (vec![0, 0], true, Err(AuthError::Malformed)),
            (b"bob".to_vec(), false, Ok("bob")),
            (b"b\xf6b".to_vec(), false, Err(AuthError::Malformed)),
            (b"b\0b".to_vec(), false, Err(AuthError::Malformed)),
            (vec![], true, Ok("")),
        ] {
            let found = decode::<8>(&field, unicode);
            assert_eq!(
                found.as_ref().map(|name| name.as_str()),
                expected.as_ref().map(|name| *name),
                "{field:?}"
            );
        }
    }
}
