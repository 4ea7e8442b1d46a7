//! Names of which it is known for certain whether they are there: the last few that we made or removed.

/// So many of them.
const NAMES: usize = 4096;

/// How many names with a hash a folder has, of the last few for which that is known: none, or one.
#[derive(Default)]
pub(super) struct Recent(Vec<u64>);

impl Recent {
    fn place(key: u64) -> usize {
        (key >> 40) as usize % NAMES
    }

    pub(super) fn count(&self, key: u64) -> Option<u64> {
        let kept = *self.0.get(Self::place(key))?;
        (kept >> 1 == key >> 1 && kept != 0).then_some(kept & 1)
    }

    /// Takes its memory: nothing else does.
    pub(super) fn prepare(&mut self) {
        if self.0.is_empty() {
            self.0 = vec![0; NAMES];
        }
    }

    pub(super) fn set(&mut self, key: u64, count: u64) {
        if let Some(kept) = self.0.get_mut(Self::place(key)) {
            *kept = key >> 1 << 1 | count;
        }
    }

    pub(super) fn remove(&mut self, key: u64) {
        if self.count(key).is_some() {
            self.0[Self::place(key)] = 0;
        }
    }
}
