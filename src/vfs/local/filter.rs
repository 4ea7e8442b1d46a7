//! A set of names that may say of a name it does not hold that it does, rarely, and never the other way round
//! (a Bloom filter). It is small while it holds little.

/// How many bits are set for each name.
const PROBES: u32 = 8;
/// The smallest filter, in words of 32 bits.
const SMALLEST: usize = 2048;
/// Bits wanted for each name: one answer in a hundred thousand is wrong then, so that reading a folder of a
/// million names in vain is as rare as it is slow.
const BITS_EACH: usize = 24;

/// The set.
pub(super) struct Filter {
    words: Vec<u32>,
    /// How long it may become, in words.
    most: usize,
    /// Bits that are set.
    set: usize,
    /// Those of them that were set by [`Filter::add_later`].
    later: usize,
}

impl Filter {
    /// An empty one that never takes more than `bytes`. It takes nothing until it is used.
    pub(super) fn new(bytes: usize) -> Self {
        let most = (bytes / 4 + 1).next_power_of_two() / 2;
        Filter {
            words: Vec::new(),
            most: most.max(SMALLEST),
            set: 0,
            later: 0,
        }
    }

    /// What it takes now.
    pub(super) fn bytes(&self) -> usize {
        self.words.len() * 4
    }

    fn length_for(&self, names: usize) -> usize {
        let wanted = names.saturating_mul(BITS_EACH) / 32;
        wanted
            .clamp(SMALLEST, self.most)
            .next_power_of_two()
            .min(self.most)
    }

    /// Whether `names` names want a longer one than this is.
    pub(super) fn is_short_for(&self, names: usize) -> bool {
        self.words.len() < self.length_for(names)
    }

    /// Whether so much is set that it says little.
    pub(super) fn is_full(&self) -> bool {
        self.set > self.words.len() * 16
    }

    /// Whether it is worth to make it anew: much was added since, and who knows whether it is still there.
    pub(super) fn is_worn(&self) -> bool {
        self.later > self.words.len() * 8
    }

    /// Forgets everything, and has room for `names` names then, or as many as it may.
    pub(super) fn reset(&mut self, names: usize) {
        let length = self.length_for(names);
        (self.set, self.later) = (0, 0);
        if length == self.words.len() {
            self.words.fill(0);
        } else {
            // Taken anew: the kernel gives zeroed pages as they are touched.
            self.words = Vec::new();
            self.words = vec![0; length];
        }
    }

    /// Forgets everything and takes no memory.
    pub(super) fn clear(&mut self) {
        self.words = Vec::new();
        (self.set, self.later) = (0, 0);
    }

    fn probes(&self, hash: u64) -> impl Iterator<Item = (usize, u32)> + use<> {
        let mask = self.words.len().wrapping_sub(1);
        let (first, second) = (hash as u32, (hash >> 32) as u32 | 1);
        (0..PROBES).map(move |index| {
            let place = first.wrapping_add(second.wrapping_mul(index));
            ((place >> 5) as usize & mask, 1 << (place & 31))
        })
    }

    /// Adds a name by its hash, all 64 bits of which must be well mixed.
    pub(super) fn add(&mut self, hash: u64) {
        for (word, bit) in self.probes(hash) {
            if let Some(word) = self.words.get_mut(word) {
                self.set += usize::from(*word & bit == 0);
                *word |= bit;
            }
        }
    }

    /// Adds a name after all others were.
    pub(super) fn add_later(&mut self, hash: u64) {
        let before = self.set;
        self.add(hash);
        self.later += self.set - before;
    }

    /// Whether it may hold a name; false is certain.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.probes(hash)
            .all(|(word, bit)| self.words.get(word).is_none_or(|word| word & bit != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(number: u64) -> u64 {
        let spread = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (spread ^ (spread >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) ^ (spread >> 29)
    }

    #[test]
    fn what_was_added_is_held_and_little_else() {
        for names in [100, 10_000, 100_000] {
            let mut filter = Filter::new(1 << 20);
            filter.reset(names as usize);
            (0..names).for_each(|name| filter.add(mixed(name)));
            assert!((0..names).all(|name| filter.may_hold(mixed(name))));
            let wrong = (names..names + 100_000).filter(|&name| filter.may_hold(mixed(name)));
            assert!(wrong.count() < 20, "{names}");
            assert!(!filter.is_full());
        }
    }

    #[test]
    fn it_is_as_long_as_is_wanted_and_never_longer_than_it_may_be() {
        let mut filter = Filter::new(100_000);
        assert!(
            filter.is_short_for(0) && filter.may_hold(1),
            "nothing is known yet"
        );
        for (names, bytes) in [(0, 8192), (2_000, 8192), (5_000, 16_384), (1 << 30, 65_536)] {
            filter.reset(names);
            assert_eq!(filter.words.len() * 4, bytes, "{names}");
            assert!(!filter.is_short_for(names));
        }
        (0..200_000).for_each(|name| filter.add(mixed(name)));
        assert!(filter.is_full() && !filter.is_worn());
        filter.reset(0);
        (0..2_000).for_each(|name| filter.add_later(mixed(name)));
        assert!(!filter.is_worn());
        (2_000..4_000).for_each(|name| filter.add_later(mixed(name)));
        assert!(filter.is_worn());
        filter.clear();
        assert!(filter.words.is_empty());
    }
}
