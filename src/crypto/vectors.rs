//! What the tests of this room share.

/// The bytes that `text` spells, blanks ignored.
pub(super) fn hex<const N: usize>(text: &str) -> [u8; N] {
    bytes(text).try_into().expect("a vector of another length")
}

/// The bytes that `text` spells, blanks ignored.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
