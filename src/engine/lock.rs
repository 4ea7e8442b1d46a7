//! Byte-range locks of an object ([MS-FSA] 2.1.5.8, 2.1.4.10).

use super::open::{ObjectId, Objects};
use crate::memory::{Handle, Table};

/// Names a lock.
pub type LockId = Handle<Lock>;

/// A locked range.
pub struct Lock {
    /// The number of the open that holds it.
    pub open: u64,
    /// First byte.
    pub offset: u64,
    /// How many bytes; 0 locks nothing but conflicts inside other ranges.
    pub length: u64,
    /// Nobody else reads or writes it; else nobody writes it.
    pub exclusive: bool,
    next: Option<LockId>,
}

/// Whether two ranges share a byte. A range of length 0 lies between bytes: it touches a range only when
/// strictly inside it.
fn overlap(a: (u64, u64), b: (u64, u64)) -> bool {
    let last = |(offset, length): (u64, u64)| offset.saturating_add(length - 1);
    match (a.1, b.1) {
        (0, 0) => false,
        (0, _) => b.0 < a.0 && a.0 <= last(b),
        (_, 0) => a.0 < b.0 && b.0 <= last(a),
        _ => a.0 <= last(b) && b.0 <= last(a),
    }
}

/// All locks of all objects.
pub struct Locks {
    table: Table<Lock>,
}

impl Locks {
    /// Room for `capacity` locks.
    pub fn new(capacity: usize) -> Self {
        Locks {
            table: Table::new(capacity),
        }
    }

    /// What one costs in bytes.
    pub const fn entry_size() -> usize {
        Table::<Lock>::entry_size()
    }

    /// Gives the memory of an empty table back.
    pub fn rest(&mut self) {
        self.table.rest();
    }

    /// All of them.
    pub fn table(&self) -> &Table<Lock> {
        &self.table
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    fn of<'a>(
        &'a self,
        objects: &Objects,
        object: ObjectId,
    ) -> impl Iterator<Item = (LockId, &'a Lock)> {
        let mut at = objects.get(object).and_then(|object| object.locks);
        core::iter::from_fn(move || {
            let id = at?;
            let lock = self.table.get(id)?;
            at = lock.next;
            Some((id, lock))
        })
    }

    /// How many of an object's locks this open holds.
    pub fn count(&self, objects: &Objects, object: ObjectId, open: u64) -> usize {
        let locks = self.of(objects, object);
        locks.filter(|(_, lock)| lock.open == open).count()
    }

    /// Whether a lock stands in the way of another lock on this range. An open's own shared lock may be
    /// stacked with its own shared ones, but nothing with an exclusive one ([MS-FSA] 2.1.4.10).
    pub fn conflicts(
        &self,
        objects: &Objects,
        object: ObjectId,
        open: u64,
        range: (u64, u64),
        exclusive: bool,
    ) -> bool {
        self.of(objects, object).any(|(_, lock)| {
            let both_shared = !lock.exclusive && !exclusive;
            let own_shared_under_exclusive = lock.open == open && lock.exclusive && !exclusive;
            !both_shared
                && !own_shared_under_exclusive
                && overlap((lock.offset, lock.length), range)
        })
    }

    /// Whether a lock forbids this open to read (or write) this range ([MS-FSA] 2.1.4.10).
    pub fn forbids(
        &self,
        objects: &Objects,
        object: ObjectId,
        open: u64,
        range: (u64, u64),
        write: bool,
    ) -> bool {
        range.1 != 0
            && self.of(objects, object).any(|(_, lock)| {
                let matters = if write {
                    !lock.exclusive || lock.open != open
                } else {
                    lock.exclusive && lock.open != open
                };
                matters && lock.length != 0 && overlap((lock.offset, lock.length), range)
            })
    }

    /// Adds a lock that was found free; `None` when the table is full.
    pub fn add(
        &mut self,
        objects: &mut Objects,
        object: ObjectId,
        open: u64,
        range: (u64, u64),
        exclusive: bool,
    ) -> Option<LockId> {
        let entry = objects.get_mut(object)?;
        let lock = Lock {
            open,
            offset: range.0,
            length: range.1,
            exclusive,
            next: entry.locks,
        };
        let id = self.table.insert(lock).ok()?;
        entry.locks = Some(id);
        Some(id)
    }

    /// Removes the lock of this open with exactly this range: an exclusive one before the shared ones stacked
    /// on it, of those the newest. False if there is none.
    pub fn remove(
        &mut self,
        objects: &mut Objects,
        object: ObjectId,
        open: u64,
        range: (u64, u64),
    ) -> bool {
        let same = |lock: &Lock| lock.open == open && (lock.offset, lock.length) == range;
        let found = self
            .of(objects, object)
            .find(|(_, lock)| lock.exclusive && same(lock))
            .or_else(|| self.of(objects, object).find(|(_, lock)| same(lock)));
        let Some((id, _)) = found else {
            return false;
        };
        self.unlink(objects, object, id);
        true
    }

    /// Takes back one lock.
    pub fn unlink(&mut self, objects: &mut Objects, object: ObjectId, id: LockId) {
        let before = self
            .of(objects, object)
            .find(|(_, lock)| lock.next == Some(id))
            .map(|(before, _)| before);
        let Some(removed) = self.table.remove(id) else {
            return;
        };
        match before.and_then(|before| self.table.get_mut(before)) {
            Some(lock) => lock.next = removed.next,
            None => {
                if let Some(entry) = objects.get_mut(object) {
                    entry.locks = removed.next;
                }
            }
        }
    }

    /// Takes back the locks an object got last, `count` of them.
    pub fn remove_newest(&mut self, objects: &mut Objects, object: ObjectId, count: usize) {
        for _ in 0..count {
            if let Some(newest) = objects.get(object).and_then(|object| object.locks) {
                self.unlink(objects, object, newest);
            }
        }
    }

    /// Removes every lock of an open; whether there was any.
    pub fn remove_all(&mut self, objects: &mut Objects, object: ObjectId, open: u64) -> bool {
        let mut any = false;
        loop {
            let found = self
                .of(objects, object)
                .find(|(_, lock)| lock.open == open)
                .map(|(id, _)| id);
            let Some(id) = found else { return any };
            self.unlink(objects, object, id);
            any = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::FileKey;

    #[test]
    fn ranges_touch_only_where_they_share_a_byte() {
        let cases = [
            ((0, 10), (9, 1), true),
            ((0, 10), (10, 1), false),
            ((5, 0), (0, 10), true),
            ((0, 0), (0, 10), false),
            ((10, 0), (0, 10), false),
            ((5, 0), (5, 0), false),
            ((u64::MAX, 1), (u64::MAX - 1, 2), true),
            ((u64::MAX, 0), (u64::MAX, 0), false),
        ];
        for (a, b, expected) in cases {
            assert_eq!(
                (overlap(a, b), overlap(b, a)),
                (expected, expected),
                "{a:?} {b:?}"
            );
        }
    }

    #[test]
    fn an_exclusive_lock_stops_others_and_a_shared_one_stops_writers() {
        let mut objects = Objects::new(1);
        let object = objects
            .obtain(FileKey {
                device: 1,
                inode: 2,
                stream: 0,
            })
            .unwrap();
        let mut locks = Locks::new(2);
        locks.add(&mut objects, object, 1, (0, 10), true).unwrap();
        locks.add(&mut objects, object, 1, (20, 10), false).unwrap();
        assert!(
            locks.add(&mut objects, object, 1, (40, 1), false).is_none(),
            "the table is full"
        );
        let cases = [
            // open, range, write, forbidden
            (1, (0, 10), true, false),
            (2, (0, 10), false, true),
            (2, (9, 5), true, true),
            (2, (10, 5), true, false),
            (1, (20, 1), true, true), // a shared lock stops its own holder's writes too
            (2, (20, 1), false, false),
            (2, (20, 1), true, true),
        ];
        for (open, range, write, expected) in cases {
            assert_eq!(
                locks.forbids(&objects, object, open, range, write),
                expected,
                "{open} {range:?} {write}"
            );
        }
        assert!(!locks.remove(&mut objects, object, 2, (0, 10)));
        assert!(locks.remove(&mut objects, object, 1, (0, 10)));
        assert!(locks.remove_all(&mut objects, object, 1));
        assert_eq!(locks.len(), 0);
        assert!(objects.get(object).unwrap().locks.is_none());
    }
}
