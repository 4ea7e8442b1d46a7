//! As much of DER (X.690) as SPNEGO needs: tags of one byte, definite lengths.

use crate::wire::{Full, Malformed, Writer};

/// ENUMERATED.
pub(super) const ENUMERATED: u8 = 0x0a;
/// GeneralString.
pub(super) const GENERAL_STRING: u8 = 0x1b;
/// OCTET STRING.
pub(super) const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE and SEQUENCE OF.
pub(super) const SEQUENCE: u8 = 0x30;

/// The explicit tag `[number]` of a structure's field.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// Its identifier byte.
    pub tag: u8,
    /// What it contains.
    pub content: &'a [u8],
    /// The whole of it, tag and length included, as it was sent.
    pub whole: &'a [u8],
}

/// Takes the first element off `bytes`.
///
/// Refused are tags of more than one byte, the indefinite length, lengths of more than four bytes
/// and lengths beyond the end. A length written in more bytes than it needs passes, as there are
/// clients that reserve the room before they know it.
pub(super) fn take<'a>(bytes: &mut &'a [u8]) -> Result<Element<'a>, Malformed> {
    let all = *bytes;
    let (&tag, rest) = all.split_first().ok_or(Malformed)?;
    if tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    let (&first, rest) = rest.split_first().ok_or(Malformed)?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest
                .split_at_checked(usize::from(first & 0x7f))
                .ok_or(Malformed)?;
            let length = digits
                .iter()
                .fold(0u32, |length, digit| length << 8 | u32::from(*digit));
            (usize::try_from(length).map_err(|_| Malformed)?, rest)
        }
        _ => return Err(Malformed),
    };
    let (content, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
    let whole = all.get(..all.len() - rest.len()).ok_or(Malformed)?;
    *bytes = rest;
    Ok(Element {
        tag,
        content,
        whole,
    })
}

/// Takes the first element off `bytes`, which must have this tag.
pub(super) fn expect<'a>(bytes: &mut &'a [u8], tag: u8) -> Result<Element<'a>, Malformed> {
    let element = take(bytes)?;
    if element.tag == tag {
        Ok(element)
    } else {
        Err(Malformed)
    }
}

/// `bytes` are one element with this tag and nothing else.
pub(super) fn only(mut bytes: &[u8], tag: u8) -> Result<Element<'_>, Malformed> {
    let element = expect(&mut bytes, tag)?;
    if bytes.is_empty() {
        Ok(element)
    } else {
        Err(Malformed)
    }
}

/// How long an element with so much content is, its tag and length included.
pub(super) const fn length(content: usize) -> usize {
    let header = match content {
        0..=0x7f => 2,
        0x80..=0xff => 3,
        _ => 4,
    };
    content.saturating_add(header)
}

/// Writes tag and length of an element whose content follows.
pub(super) fn header(w: &mut Writer<'_>, tag: u8, content: usize) -> Result<(), Full> {
    let [.., high, low] = u16::try_from(content).map_err(|_| Full)?.to_be_bytes();
    match content {
        0..=0x7f => w.bytes(&[tag, low]),
        0x80..=0xff => w.bytes(&[tag, 0x81, low]),
        _ => w.bytes(&[tag, 0x82, high, low]),
    }
}

/// Writes an element.
pub(super) fn element(w: &mut Writer<'_>, tag: u8, content: &[u8]) -> Result<(), Full> {
    header(w, tag, content.len())?;
    w.bytes(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_taken_or_refused() {
        let long = |head: &[u8], content: usize| [head, &vec![7; content]].concat();
        for (bytes, expected) in [
            (vec![], None),
            (vec![0x30], None),
            (vec![0x30, 0], Some(0)),
            (vec![0x30, 1], None),
            (vec![0x30, 1, 9], Some(1)),
            (long(&[4, 0x7f], 0x7f), Some(0x7f)),
            (long(&[4, 0x7f], 0x7e), None),
            (long(&[4, 0x81, 0x80], 0x80), Some(0x80)),
            (long(&[4, 0x81, 0x05], 5), Some(5)),
            (long(&[4, 0x82, 1, 0], 0x100), Some(0x100)),
            (long(&[4, 0x84, 0, 0, 1, 0], 0x100), Some(0x100)),
            (long(&[4, 0x84, 0xff, 0xff, 0xff, 0xff], 0x100), None),
            (long(&[4, 0x85, 0, 0, 0, 0, 1], 1), None),
            (long(&[4, 0x80], 8), None),
            (vec![4, 0x82, 1], None),
            (long(&[0x1f, 1], 1), None),
            (long(&[0xbf, 1], 1), None),
        ] {
            let found = take(&mut bytes.as_slice()).map(|element| element.content.len());
            assert_eq!(found.ok(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_rest_is_left_and_only_leaves_none() {
        let mut bytes: &[u8] = &[4, 1, 9, 5, 0];
        assert_eq!(only(bytes, 4), Err(Malformed));
        assert_eq!(take(&mut bytes).unwrap().whole, [4, 1, 9]);
        assert_eq!(expect(&mut bytes.to_vec().as_slice(), 4), Err(Malformed));
        assert_eq!(only(bytes, 5).unwrap().content, []);
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>) {
            let mut rest = bytes.as_slice();
            while take(&mut rest).is_ok() {}
        }

        #[test]
        fn what_is_written_is_read(tag in 0u8..0x1f, content in proptest::collection::vec(any::<u8>(), 0..700)) {
            let mut buffer = [0; 800];
            let mut w = Writer::new(&mut buffer);
            element(&mut w, tag, &content).unwrap();
            prop_assert_eq!(w.position(), length(content.len()));
            let element = only(w.written(), tag).unwrap();
            prop_assert_eq!(element.content, &content[..]);
            prop_assert_eq!(element.whole, w.written());
        }
    }
}
