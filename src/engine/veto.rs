//! Names a share's owner wants neither shown nor opened.

use super::Server;
use crate::vfs::{Vfs, name, wildcard};
use crate::wire::{Writer, utf16};

/// The longest pattern that is looked at, in bytes of UTF-16.
const LIMIT: usize = 1_024;

/// Whether one of the patterns (`*` and `?` allowed) names this component (WTF-8, as shown).
pub fn vetoed(patterns: &[String], name: &[u8]) -> bool {
    patterns.iter().any(|pattern| {
        let mut units = [0; LIMIT];
        let mut w = Writer::new(&mut units);
        utf16::encode(pattern.as_bytes(), &mut w).is_ok() && wildcard::matches(w.written(), name)
    })
}

impl<V: Vfs> Server<V> {
    /// Whether a path has a component that the owner of the share with this number wants neither shown nor
    /// opened.
    pub(super) fn is_vetoed(&self, share: u32, path: &[u8]) -> bool {
        let Some(share) = self.share(share).filter(|share| !share.veto.is_empty()) else {
            return false;
        };
        path.split(|byte| *byte == b'/').any(|component| {
            let mut shown = [0; name::SHOWN_LIMIT];
            name::show(component, &mut shown).is_some_and(|shown| vetoed(&share.veto, shown))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_hide_whole_names_in_any_case() {
        let patterns = ["lost+found", "*.tmp", "?x"].map(String::from);
        for (name, hidden) in [
            (&b"lost+found"[..], true),
            (b"LOST+FOUND", true),
            (b"lost", false),
            (b"a.TMP", true),
            (b"a.tmp2", false),
            (b"ax", true),
            (b"x", false),
        ] {
            assert_eq!(vetoed(&patterns, name), hidden, "{name:?}");
        }
        assert!(!vetoed(&[], b"a"));
    }
}
