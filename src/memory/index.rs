//! A hash index of fixed size over the slots of a table.

/// Finds table slots by a hash of their key. The table keeps the keys; the index keeps slot numbers.
/// Zeroed memory means empty, so that nothing is touched before it is used.
pub struct Index {
    /// Heads of the buckets, then what follows each slot: one allocation, because an allocator gives large
    /// ones untouched.
    cells: Vec<u32>,
    buckets: usize,
}

impl Index {
    /// An index over a table of `capacity` slots.
    pub fn new(capacity: usize) -> Self {
        let buckets = capacity.next_power_of_two();
        Index {
            cells: vec![0; buckets + capacity],
            buckets,
        }
    }

    /// What one slot costs in bytes.
    pub const fn entry_size() -> usize {
        2 * size_of::<u32>()
    }

    fn bucket(&self, hash: u64) -> usize {
        // Multiplication spreads inode numbers, which are often consecutive.
        let spread = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (spread >> 32) as usize & (self.buckets - 1)
    }

    /// Notes that the key with this hash is in table slot `slot`.
    pub fn insert(&mut self, hash: u64, slot: usize) {
        let bucket = self.bucket(hash);
        let (heads, next) = self.cells.split_at_mut(self.buckets);
        if let (Some(head), Some(next)) = (heads.get_mut(bucket), next.get_mut(slot)) {
            *next = *head;
            *head = slot as u32 + 1;
        }
    }

    /// What follows a slot in its bucket.
    fn after(&self, slot: usize) -> Option<u32> {
        self.cells.get(self.buckets + slot).copied()
    }

    /// The first slot among those with this hash for which `same` holds.
    pub fn find(&self, hash: u64, same: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = *self.cells.get(self.bucket(hash))?;
        while at != 0 {
            let slot = at as usize - 1;
            if same(slot) {
                return Some(slot);
            }
            at = self.after(slot)?;
        }
        None
    }

    /// Forgets `slot`, which was noted under this hash.
    pub fn remove(&mut self, hash: u64, slot: usize) {
        let bucket = self.bucket(hash);
        let target = slot as u32 + 1;
        let after = self.after(slot).unwrap_or(0);
        let (heads, next) = self.cells.split_at_mut(self.buckets);
        let Some(head) = heads.get_mut(bucket) else {
            return;
        };
        if *head == target {
            *head = after;
            return;
        }
        let mut at = *head;
        while at != 0 {
            let Some(next) = next.get_mut(at as usize - 1) else {
                return;
            };
            if *next == target {
                *next = after;
                return;
            }
            at = *next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in_and_forgets_what_was_taken_out() {
        let keys: Vec<u64> = (0..100).map(|n| n * n * 7919).collect();
        let mut index = Index::new(keys.len());
        for (slot, key) in keys.iter().enumerate() {
            index.insert(*key % 13, slot); // many collisions
        }
        for (slot, key) in keys.iter().enumerate() {
            assert_eq!(index.find(*key % 13, |s| keys[s] == *key), Some(slot));
        }
        for (slot, key) in keys.iter().enumerate().step_by(2) {
            index.remove(*key % 13, slot);
        }
        for (slot, key) in keys.iter().enumerate() {
            let expected = (slot % 2 == 1).then_some(slot);
            assert_eq!(index.find(*key % 13, |s| keys[s] == *key), expected);
        }
    }
}
