//! Names that were lately opened by their short form. A program that knows only the short name removes the
//! file and makes it anew by that name, and means the old one: Windows remembers names of removed files for
//! this ("tunneling"). A ring of fixed size; what is pushed out is made by the name that was sent.

use super::short_name;

/// How many names are remembered.
pub const ENTRIES: usize = 16;
/// The longest name in bytes of UTF-16.
const LONGEST: usize = 2 * crate::vfs::name::NAME_LIMIT;

/// One name.
#[derive(Clone, Copy)]
struct Entry {
    share: u32,
    short: [u8; short_name::LIMIT],
    length: u16,
    long: [u8; LONGEST],
}

/// The ring.
pub struct Recalled {
    entries: Box<[Entry]>,
    next: usize,
}

impl Recalled {
    /// An empty ring with all its memory.
    pub fn new() -> Self {
        let empty = Entry {
            share: 0,
            short: [0; short_name::LIMIT],
            length: 0,
            long: [0; LONGEST],
        };
        Recalled {
            entries: vec![empty; ENTRIES].into_boxed_slice(),
            next: 0,
        }
    }

    /// What one name costs in bytes.
    pub const fn entry_size() -> usize {
        size_of::<Entry>()
    }

    /// Remembers that a name (UTF-16LE) was asked for by its short form in a share.
    pub fn remember(&mut self, share: u32, short: &[u8], long: &[u8]) {
        let (Some(short), Ok(length)) = (folded(short), u16::try_from(long.len())) else {
            return;
        };
        if length == 0 || long.len() > LONGEST || self.long(share, &short) == Some(long) {
            return;
        }
        let Some(entry) = self.entries.get_mut(self.next) else {
            return;
        };
        (entry.share, entry.short, entry.length) = (share, short, length);
        if let Some(place) = entry.long.get_mut(..long.len()) {
            place.copy_from_slice(long);
        }
        self.next = (self.next + 1) % ENTRIES;
    }

    /// The name last asked for by this short form in this share, in UTF-16LE.
    pub fn recall(&self, share: u32, short: &[u8]) -> Option<&[u8]> {
        self.long(share, &folded(short)?)
    }

    fn long(&self, share: u32, short: &[u8; short_name::LIMIT]) -> Option<&[u8]> {
        let (newer, older) = self.entries.split_at_checked(self.next)?;
        let newest_first = newer.iter().rev().chain(older.iter().rev());
        let mut same = newest_first
            .filter(|entry| entry.length > 0 && (entry.share, &entry.short) == (share, short));
        let entry = same.next()?;
        entry.long.get(..usize::from(entry.length))
    }
}

/// A short name in upper case, filled up with zeros.
fn folded(short: &[u8]) -> Option<[u8; short_name::LIMIT]> {
    let mut folded = [0; short_name::LIMIT];
    folded.get_mut(..short.len())?.copy_from_slice(short);
    folded.make_ascii_uppercase();
    Some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_name_of_a_short_form_is_recalled() {
        let mut ring = Recalled::new();
        assert_eq!(ring.recall(1, b""), None);
        ring.remember(1, b"AB1234~5.TXT", b"first");
        ring.remember(1, b"ab1234~5.txt", b"second");
        ring.remember(2, b"AB1234~5.TXT", b"elsewhere");
        assert_eq!(ring.recall(1, b"Ab1234~5.Txt"), Some(&b"second"[..]));
        assert_eq!(ring.recall(2, b"AB1234~5.TXT"), Some(&b"elsewhere"[..]));
        assert_eq!(ring.recall(3, b"AB1234~5.TXT"), None);
        assert_eq!(ring.recall(1, b"AB1234~5.TX"), None);
    }

    #[test]
    fn the_oldest_gives_way_and_what_does_not_fit_is_not_kept() {
        let mut ring = Recalled::new();
        for number in 0..=ENTRIES {
            let short = format!("N{number}");
            ring.remember(1, short.as_bytes(), b"long");
            // Again changes nothing.
            ring.remember(1, short.as_bytes(), b"long");
        }
        assert_eq!(ring.recall(1, b"N0"), None);
        assert_eq!(ring.recall(1, b"N1"), Some(&b"long"[..]));
        ring.remember(1, b"THIRTEEN.CHAR", b"long");
        ring.remember(1, b"X", &[0; LONGEST + 1]);
        assert_eq!(ring.recall(1, b"THIRTEEN.CHAR"), None);
        assert_eq!(ring.recall(1, b"X"), None);
        assert_eq!(ring.recall(1, b"N1"), Some(&b"long"[..]));
    }
}
