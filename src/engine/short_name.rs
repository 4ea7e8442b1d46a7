//! Names in the form of DOS ([MS-FSCC] 2.1.5.2.1): up to eight characters, a dot, up to three.
//!
//! They are not kept: one is made from the long name each time, so that the same long name always has the
//! same short one, and one that a client brings back is looked for among the names of its folder.

use crate::wire::utf16;

/// The longest.
pub const LIMIT: usize = 12;
/// Where a made name has its `~`.
const TILDE: usize = 6;
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Whether a character may stand in a short name.
fn is_plain(byte: u8) -> bool {
    PLAIN[usize::from(byte)]
}

const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x80 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'()-@^_`{}~";
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
};

/// Whether a name is short already.
fn is_short(name: &[u8]) -> bool {
    if name.len() > LIMIT {
        return false;
    }
    let (base, extension) = match name.iter().position(|byte| *byte == b'.') {
        Some(dot) => (
            name.get(..dot).unwrap_or_default(),
            name.get(dot + 1..).filter(|rest| !rest.is_empty()),
        ),
        None => (name, Some(&b"x"[..])),
    };
    matches!(base.len(), 1..=8)
        && base.iter().all(|byte| is_plain(*byte))
        && extension.is_some_and(|rest| rest.len() <= 3 && rest.iter().all(|byte| is_plain(*byte)))
}

/// The short form of a name (WTF-8, as shown): the name itself where it is short, else what is [`made`].
pub fn of<'o>(name: &'o [u8], out: &'o mut [u8; LIMIT]) -> &'o [u8] {
    made(name, out).unwrap_or(name)
}

/// What a name that is not short is called beside: two characters of it, a hash and up to three characters of
/// its extension. `None` for a short one.
pub fn made<'o>(name: &[u8], out: &'o mut [u8; LIMIT]) -> Option<&'o [u8]> {
    if is_short(name) {
        return None;
    }
    let (base, extension) = match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, &[][..]),
    };
    fn plain(part: &[u8]) -> impl Iterator<Item = u8> {
        part.iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(u8::to_ascii_uppercase)
    }
    let mut hash = hash(name);
    let mut digit = || {
        let digit = DIGITS[(hash % 36) as usize];
        hash /= 36;
        digit
    };
    let mut length = 0;
    let mut put = |byte: u8| {
        if let Some(place) = out.get_mut(length) {
            *place = byte;
            length += 1;
        }
    };
    let mut first = plain(base);
    for _ in 0..2 {
        put(first.next().unwrap_or(b'_'));
    }
    for _ in 2..TILDE {
        put(digit());
    }
    put(b'~');
    put(digit());
    for (index, byte) in plain(extension).take(3).enumerate() {
        if index == 0 {
            put(b'.');
        }
        put(byte);
    }
    out.get(..length)
}

/// The same for names that differ in case only. Five digits hold no more than 32 bits, which a router's CPU multiplies
/// and divides itself.
fn hash(name: &[u8]) -> u32 {
    let step = |hash: u32, point: u32| (hash ^ point).wrapping_mul(0x0100_0193);
    let hash = utf16::fold_all(name, 0x811C_9DC5, step);
    // The low bits of the product depend on low bits only.
    hash ^ hash >> 15
}

/// Whether [`made`] can have made a name.
pub fn can_be_made(name: &[u8]) -> bool {
    name.get(TILDE) == Some(&b'~') && name.len() <= LIMIT && name.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_themselves() {
        for name in ["a", "a.txt", "README.MD", "12345678.abc", "x~1"] {
            assert_eq!(of(name.as_bytes(), &mut [0; LIMIT]), name.as_bytes());
        }
    }

    #[test]
    fn long_names_become_short_and_stay_the_same() {
        for name in [
            "a long name.text",
            ".hidden",
            "a.b.c",
            "123456789",
            "a.",
            "a b",
            "\u{e4}",
            "trailing.\u{f029}",
            "name.toolong",
        ] {
            let mut out = [0; LIMIT];
            let short = of(name.as_bytes(), &mut out).to_vec();
            assert!(is_short(&short), "{name} {short:?}");
            assert!(can_be_made(&short), "{name}");
            let mut again = [0; LIMIT];
            assert_eq!(of(name.to_uppercase().as_bytes(), &mut again), short);
        }
        let mut out = [0; LIMIT];
        let short = of(b"a long name.text", &mut out);
        assert!(short.starts_with(b"AL") && short.ends_with(b".TEX"));
    }
}
