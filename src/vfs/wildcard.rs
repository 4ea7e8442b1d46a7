//! Search patterns ([MS-FSA] 2.1.4.4): `*` and `?`, and what DOS programs' patterns become: `<`, `>`, `"`.
//!
//! All ways to match are followed at once, one bit each, so that no pattern takes more steps than its length
//! times the name's.

use super::name::Plain;
use crate::wire::utf16::fold;

const WORDS: usize = 8;
/// Longer patterns match nothing: no name is long enough.
const PATTERN_LIMIT: usize = WORDS * 64 - 1;

/// The places in the pattern where a match can stand.
#[derive(Clone, Copy)]
struct Places([u64; WORDS]);

impl Places {
    fn add(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    fn holds(&self, place: usize) -> bool {
        self.0
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// The first place at or after `from`.
    fn next(&self, from: usize) -> Option<usize> {
        let mut index = from / 64;
        let mut word = self.0.get(index)? & (u64::MAX << (from % 64));
        while word == 0 {
            index += 1;
            word = *self.0.get(index)?;
        }
        Some(index * 64 + word.trailing_zeros() as usize)
    }
}

/// Whether `name` (WTF-8, as shown) matches `pattern` (UTF-16LE), without regard to case.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if pattern == b"*\0" {
        return true;
    }
    let length = pattern.len() / 2;
    if length > PATTERN_LIMIT {
        return false;
    }
    let at = |place: usize| match pattern.get(place * 2..place * 2 + 2) {
        Some(&[low, high]) => Some(u16::from_le_bytes([low, high])),
        _ => None,
    };
    let last_dot = name
        .iter()
        .rposition(|&byte| byte == b'.')
        .map(|dot| name.len() - dot);
    let mut places = Places([0; WORDS]);
    places.add(0);
    let mut walk = Plain(name);
    loop {
        let left = walk.0.len();
        let Some(point) = walk.next() else { break };
        let is_last_dot = last_dot == Some(left);
        let (units, count) = to_units(point);
        for &unit in &units[..count] {
            places = advance(places, unit, is_last_dot, &at);
        }
        if places.next(0).is_none() {
            return false;
        }
    }
    // The name is over: what stands for nothing may be left of the pattern.
    let mut from = 0;
    while let Some(place) = places.next(from) {
        match at(place).map(u32::from) {
            None => break,
            Some(0x2A | 0x3C | 0x3E | 0x22) => places.add(place + 1),
            Some(_) => {}
        }
        from = place + 1;
    }
    places.holds(length)
}

/// Where a match can stand after one more unit of the name.
fn advance(
    mut places: Places,
    unit: u16,
    is_last_dot: bool,
    at: &impl Fn(usize) -> Option<u16>,
) -> Places {
    let dot = unit == u16::from(b'.');
    let folded = fold(u32::from(unit));
    let mut after = Places([0; WORDS]);
    let mut from = 0;
    while let Some(place) = places.next(from) {
        from = place + 1;
        let Some(expected) = at(place) else { break };
        match u8::try_from(expected) {
            Ok(b'*') => {
                after.add(place);
                places.add(place + 1);
            }
            // Everything up to the last dot, and after it.
            Ok(b'<') => {
                if !is_last_dot {
                    after.add(place);
                }
                places.add(place + 1);
            }
            // One character, or nothing before a dot.
            Ok(b'>') if dot => places.add(place + 1),
            Ok(b'>' | b'?') => after.add(place + 1),
            Ok(b'"') if dot => after.add(place + 1),
            Ok(b'"') => {}
            _ if fold(u32::from(expected)) == folded => after.add(place + 1),
            _ => {}
        }
    }
    after
}

fn to_units(point: u32) -> ([u16; 2], usize) {
    match point.checked_sub(0x10000) {
        None => ([point as u16, 0], 1),
        Some(above) => (
            [
                0xD800 | (above >> 10) as u16,
                0xDC00 | (above & 0x3FF) as u16,
            ],
            2,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is(pattern: &str, name: &str) -> bool {
        let pattern: Vec<u8> = pattern.encode_utf16().flat_map(u16::to_le_bytes).collect();
        matches(&pattern, name.as_bytes())
    }

    #[test]
    fn patterns_match_as_windows_matches() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("abc", "ABC", true),
            ("abc", "abcd", false),
            ("ÄÖ", "äö", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("*.txt", "a.b.TXT", true),
            ("*.txt", "txt", false),
            ("?", "", false),
            ("??", "ab", true),
            ("??", "a", false),
            ("??", "\u{1F600}", true),
            ("a?c", "a.c", true),
            // < : everything but the last dot
            ("<", "a.b.c", false),
            ("<.c", "a.b.c", true),
            ("<.b", "a.b.c", false),
            ("<", "abc", true),
            ("a<", "abc", true),
            ("<.<", "a.b.c", true),
            ("<\"*", "abc", true),
            ("<\"*", "a.b", true),
            // > : one, or none before a dot or at the end
            (">>>", "ab", true),
            (">>>", "abcd", false),
            (">>>.txt", "a.txt", true),
            ("a>>>", "a", true),
            // " : a dot, or the end
            ("abc\"", "abc", true),
            ("abc\"", "abc.", true),
            ("abc\"d", "abc.d", true),
            ("abc\"d", "abcxd", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(is(pattern, name), expected, "{pattern:?} {name:?}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_its_length() {
        let pattern = "*a".repeat(120);
        assert!(!is(&pattern, &"a".repeat(119)));
        assert!(is(&pattern, &"a".repeat(255)));
        assert!(!is(&"*".repeat(600), "a"));
    }

    /// The same by trying everything.
    fn slow(pattern: &[char], name: &[char]) -> bool {
        match (pattern.first(), name.first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some('*'), _) => {
                slow(&pattern[1..], name) || (!name.is_empty() && slow(pattern, &name[1..]))
            }
            (Some('<'), _) => {
                let eats = !name.is_empty() && (name[0] != '.' || name[1..].contains(&'.'));
                slow(&pattern[1..], name) || (eats && slow(pattern, &name[1..]))
            }
            (Some('>'), None | Some('.')) => slow(&pattern[1..], name),
            (Some('"'), None) => slow(&pattern[1..], name),
            (Some('"'), Some('.')) => slow(&pattern[1..], &name[1..]),
            (Some('>' | '?'), Some(_)) => slow(&pattern[1..], &name[1..]),
            (Some(a), Some(b)) => a == b && slow(&pattern[1..], &name[1..]),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_trying_everything(pattern in "[ab.*?<>\"]{0,8}", name in "[ab.]{0,8}") {
            let p: Vec<char> = pattern.chars().collect();
            let n: Vec<char> = name.chars().collect();
            prop_assert_eq!(is(&pattern, &name), slow(&p, &n));
        }

        #[test]
        fn any_bytes_do_no_harm(pattern in proptest::collection::vec(any::<u8>(), 0..64), name in proptest::collection::vec(any::<u8>(), 0..64)) {
            matches(&pattern, &name);
        }
    }
}
