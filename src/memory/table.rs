//! A table of fixed capacity whose entries are named by index and generation.

use core::marker::PhantomData;

const NONE: u32 = u32::MAX;
/// Bits of a handle's number that are the slot's; more slots than that no table has.
const INDEX_BITS: u32 = 20;

/// Names an entry of a [`Table`]. A handle to an entry that is gone finds nothing, even when the slot
/// holds a newer entry.
pub struct Handle<T> {
    index: u32,
    generation: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Handle<T> {
    /// The handle as a number that is never 0, for ids on the wire. The early generations fit 32 bits:
    /// there are clients that keep no more of a SessionId.
    pub fn to_u64(self) -> u64 {
        (u64::from(self.generation) << INDEX_BITS) | u64::from(self.index)
    }

    /// The handle a number from the wire names, if any entry ever had it.
    pub fn from_u64(number: u64) -> Self {
        Handle {
            index: (number & ((1 << INDEX_BITS) - 1)) as u32,
            // A number that no handle has names generation 0, which is never handed out.
            generation: u32::try_from(number >> INDEX_BITS).unwrap_or(0),
            of: PhantomData,
        }
    }

    /// A shorter number, never 0, for ids of 32 bits; unique among at most 65,535 entries.
    pub fn to_u32(self) -> u32 {
        ((self.generation & 0xFFFF) << 16) | (self.index.wrapping_add(1) & 0xFFFF)
    }

    /// The slot's number, below the table's capacity.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Handle<T> {}
impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.generation == other.generation
    }
}
impl<T> Eq for Handle<T> {}
impl<T> core::fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}

struct Slot<T> {
    generation: u32,
    next_free: u32,
    value: Option<T>,
}

/// At most `capacity` values. The memory is reserved at start but touched only as entries are first used,
/// so that an idle server stays small.
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    /// The generation of a slot that was never used.
    begin: u32,
    capacity: usize,
    first_free: u32,
    used: usize,
    peak: usize,
}

impl<T> Table<T> {
    /// An empty table; the only allocation it makes, but for the one after a [`Table::rest`].
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.min(1 << INDEX_BITS);
        Table {
            slots: Vec::with_capacity(capacity),
            begin: 0,
            capacity,
            first_free: NONE,
            used: 0,
            peak: 0,
        }
    }

    /// What one entry costs in bytes.
    pub const fn entry_size() -> usize {
        size_of::<Slot<T>>()
    }

    /// The most entries it can hold.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Entries in use now.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Whether nothing is in use.
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The most entries that were ever in use at once.
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// Whether another entry fits.
    pub fn has_room(&self) -> bool {
        self.used < self.capacity
    }

    /// Gives the memory of an empty table back, until the next entry. Handles stay as they are: gone.
    pub fn rest(&mut self) {
        if self.is_empty() && !self.slots.is_empty() {
            let last = self.slots.iter().map(|slot| slot.generation).max();
            self.begin = last.unwrap_or(self.begin);
            self.slots = Vec::new();
            self.first_free = NONE;
        }
    }

    /// Adds an entry; gives the value back when the table is full, or when there is no memory for it after a
    /// [`Table::rest`].
    pub fn insert(&mut self, value: T) -> Result<Handle<T>, T> {
        if self.slots.capacity() == 0 && self.slots.try_reserve_exact(self.capacity).is_err() {
            return Err(value);
        }
        let index = if self.first_free != NONE {
            self.first_free
        } else if self.slots.len() < self.capacity {
            self.slots.push(Slot {
                generation: self.begin,
                next_free: NONE,
                value: None,
            });
            (self.slots.len() - 1) as u32
        } else {
            return Err(value);
        };
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return Err(value);
        };
        self.first_free = if slot.value.is_none() && self.first_free == index {
            slot.next_free
        } else {
            self.first_free
        };
        // Generation 0 is never handed out, so that no handle is the number 0.
        slot.generation = slot.generation.wrapping_add(1).max(1);
        slot.value = Some(value);
        self.used += 1;
        self.peak = self.peak.max(self.used);
        Ok(Handle {
            index,
            generation: slot.generation,
            of: PhantomData,
        })
    }

    /// The entry, unless it is gone.
    pub fn get(&self, handle: Handle<T>) -> Option<&T> {
        let slot = self.slots.get(handle.index as usize)?;
        if slot.generation == handle.generation {
            slot.value.as_ref()
        } else {
            None
        }
    }

    /// The entry to change, unless it is gone.
    pub fn get_mut(&mut self, handle: Handle<T>) -> Option<&mut T> {
        let slot = self.slots.get_mut(handle.index as usize)?;
        if slot.generation == handle.generation {
            slot.value.as_mut()
        } else {
            None
        }
    }

    /// Two different entries, the first to look at and the second to change, unless either is gone.
    pub fn get_with(&mut self, seen: Handle<T>, changed: Handle<T>) -> Option<(&T, &mut T)> {
        self.get(seen)?;
        self.get(changed)?;
        let (low, high) = (
            seen.index().min(changed.index()),
            seen.index().max(changed.index()),
        );
        // One entry cannot be both: then `high` is not behind `low`.
        let (front, back) = self.slots.split_at_mut_checked(high)?;
        let (low, high) = (front.get_mut(low)?, back.first_mut()?);
        let (seen, changed) = if seen.index() < changed.index() {
            (low, high)
        } else {
            (high, low)
        };
        Some((seen.value.as_ref()?, changed.value.as_mut()?))
    }

    /// Takes the entry out.
    pub fn remove(&mut self, handle: Handle<T>) -> Option<T> {
        let slot = self.slots.get_mut(handle.index as usize)?;
        if slot.generation != handle.generation {
            return None;
        }
        let value = slot.value.take()?;
        slot.next_free = self.first_free;
        self.first_free = handle.index;
        self.used -= 1;
        Some(value)
    }

    /// The handle of the entry whose [`Handle::to_u32`] this is.
    pub fn find_u32(&self, number: u32) -> Option<Handle<T>> {
        let index = (number & 0xFFFF).checked_sub(1)?;
        let slot = self.slots.get(index as usize)?;
        let handle = Handle {
            index,
            generation: slot.generation,
            of: PhantomData,
        };
        (slot.value.is_some() && handle.to_u32() == number).then_some(handle)
    }

    /// The handle of the entry in slot `index`.
    pub fn at(&self, index: usize) -> Option<Handle<T>> {
        let slot = self.slots.get(index)?;
        slot.value.as_ref().map(|_| Handle {
            index: index as u32,
            generation: slot.generation,
            of: PhantomData,
        })
    }

    /// Every entry in use, by slot number.
    pub fn iter(&self) -> impl Iterator<Item = (Handle<T>, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let handle = Handle {
                index: index as u32,
                generation: slot.generation,
                of: PhantomData,
            };
            slot.value.as_ref().map(|value| (handle, value))
        })
    }

    /// Every entry in use, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Handle<T>, &mut T)> {
        self.slots
            .iter_mut()
            .enumerate()
            .filter_map(|(index, slot)| {
                let handle = Handle {
                    index: index as u32,
                    generation: slot.generation,
                    of: PhantomData,
                };
                slot.value.as_mut().map(|value| (handle, value))
            })
    }

    /// The first slot at or after `from` whose entry satisfies `wanted`: a walk that survives changes to
    /// the table between its steps.
    pub fn find_from(&self, from: usize, wanted: impl Fn(&T) -> bool) -> Option<Handle<T>> {
        (from..self.slots.len()).find_map(|index| {
            let handle = self.at(index)?;
            self.get(handle)
                .filter(|value| wanted(value))
                .map(|_| handle)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_entries_are_had_at_once_but_never_one_twice() {
        let mut table = Table::new(3);
        let [a, b, c] = [1, 2, 3].map(|value| table.insert(value).unwrap());
        for (seen, changed, values) in [(a, b, (1, 2)), (c, a, (3, 1)), (a, c, (1, 3))] {
            let found = table.get_with(seen, changed).map(|(x, y)| (*x, *y));
            assert_eq!(found, Some(values));
        }
        assert!(table.get_with(b, b).is_none());
        table.remove(b);
        assert!(table.get_with(a, b).is_none() && table.get_with(b, a).is_none());
    }

    #[test]
    fn an_old_handle_does_not_find_the_new_entry() {
        let mut table = Table::new(1);
        let first = table.insert('a').unwrap();
        assert_eq!(table.insert('b'), Err('b'));
        assert_eq!(table.remove(first), Some('a'));
        let second = table.insert('c').unwrap();
        assert_eq!((table.get(first), table.get(second)), (None, Some(&'c')));
        assert_eq!(table.remove(first), None);
        assert_eq!((table.len(), table.peak()), (1, 1));
    }

    #[test]
    fn a_table_that_rested_takes_as_many_again_and_finds_none_of_the_old() {
        let mut table = Table::new(2);
        let old = ['a', 'b'].map(|value| table.insert(value).unwrap());
        table.rest();
        assert_eq!(table.get(old[1]), Some(&'b'), "what is in use stays");
        for handle in old {
            table.remove(handle);
        }
        let again = table.insert('c').unwrap();
        table.remove(again);
        table.rest();
        assert_eq!(table.slots.capacity(), 0);
        let new = ['d', 'e'].map(|value| table.insert(value).unwrap());
        assert_eq!(table.insert('f'), Err('f'));
        for gone in [old[0], old[1], again] {
            assert_eq!((table.get(gone), new.contains(&gone)), (None, false));
        }
        assert_eq!(
            new.map(|handle| table.get(handle).copied()),
            [Some('d'), Some('e')]
        );
    }

    #[test]
    fn numbers_name_entries() {
        let mut table = Table::new(3);
        let handles: Vec<_> = (0..3).map(|n| table.insert(n).unwrap()).collect();
        for (n, handle) in handles.iter().enumerate() {
            assert_ne!(handle.to_u64(), 0);
            assert_eq!(table.get(Handle::from_u64(handle.to_u64())), Some(&n));
            assert_eq!(table.find_u32(handle.to_u32()), Some(*handle));
        }
        assert_eq!(table.find_u32(0), None);
        assert!(table.get(Handle::from_u64(0)).is_none());
    }

    #[test]
    fn freed_slots_are_used_again_before_fresh_ones() {
        let mut table = Table::new(4);
        let a = table.insert(0).unwrap();
        let b = table.insert(1).unwrap();
        table.remove(a);
        table.remove(b);
        assert_eq!(table.insert(2).unwrap().index(), b.index());
        assert_eq!(table.insert(3).unwrap().index(), a.index());
        assert_eq!(table.insert(4).unwrap().index(), 2);
    }
}
