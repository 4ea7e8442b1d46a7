//! Deadlines and who waits for them: a binary heap whose entries know their place in it, so that a deadline
//! can be moved or taken back without leaving a dead entry behind.

use core::task::Waker;

/// Names one timer.
pub type TimerId = u32;

struct Timer {
    deadline: u64,
    waker: Option<Waker>,
    /// Where in the heap; `None`: not set.
    place: Option<usize>,
}

/// All timers. Times are milliseconds on the reactor's clock.
pub struct Timers {
    timers: Vec<Timer>,
    free: Vec<TimerId>,
    heap: Vec<TimerId>,
}

impl Timers {
    /// Room for `capacity` timers without allocating.
    pub fn new(capacity: usize) -> Timers {
        Timers {
            timers: Vec::with_capacity(capacity),
            free: Vec::with_capacity(capacity),
            heap: Vec::with_capacity(capacity),
        }
    }

    /// A timer that is not set yet.
    pub fn claim(&mut self) -> TimerId {
        self.free.pop().unwrap_or_else(|| {
            self.timers.push(Timer {
                deadline: 0,
                waker: None,
                place: None,
            });
            (self.timers.len() - 1) as TimerId
        })
    }

    /// Gives a claimed timer back.
    pub fn release(&mut self, id: TimerId) {
        self.clear(id);
        self.free.push(id);
    }

    /// Wakes `waker` once `deadline` has come, and not for an earlier setting of this timer.
    pub fn set(&mut self, id: TimerId, deadline: u64, waker: &Waker) {
        let end = self.heap.len();
        let Some(timer) = self.timers.get_mut(id as usize) else {
            return;
        };
        timer.deadline = deadline;
        match &mut timer.waker {
            Some(kept) => kept.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        let place = *timer.place.get_or_insert(end);
        if place == end {
            self.heap.push(id);
        }
        self.settle(place);
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<u64> {
        self.heap.first().map(|&id| self.deadline(id))
    }

    /// Takes out one timer whose deadline has come.
    pub fn expire(&mut self, now: u64) -> Option<Waker> {
        let &id = self.heap.first()?;
        if self.deadline(id) > now {
            return None;
        }
        self.clear(id)
    }

    fn clear(&mut self, id: TimerId) -> Option<Waker> {
        let timer = self.timers.get_mut(id as usize)?;
        let waker = timer.waker.take();
        if let Some(place) = timer.place.take() {
            self.heap.swap_remove(place);
            if let Some(&moved) = self.heap.get(place) {
                self.put(place, moved);
                self.settle(place);
            }
        }
        waker
    }

    fn deadline(&self, id: TimerId) -> u64 {
        self.timers
            .get(id as usize)
            .map_or(u64::MAX, |timer| timer.deadline)
    }

    fn put(&mut self, place: usize, id: TimerId) {
        self.heap[place] = id;
        self.timers[id as usize].place = Some(place);
    }

    fn earlier(&self, a: usize, b: usize) -> bool {
        self.deadline(self.heap[a]) < self.deadline(self.heap[b])
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (first, second) = (self.heap[a], self.heap[b]);
        self.put(a, second);
        self.put(b, first);
    }

    /// Moves the timer at `place` up or down to where its deadline belongs.
    fn settle(&mut self, mut place: usize) {
        while place > 0 && self.earlier(place, (place - 1) / 2) {
            self.swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
        loop {
            let mut least = place;
            for child in [place * 2 + 1, place * 2 + 2] {
                if child < self.heap.len() && self.earlier(child, least) {
                    least = child;
                }
            }
            if least == place {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_timer_can_be_moved_both_ways_and_taken_back() {
        let mut timers = Timers::new(4);
        let ids = [timers.claim(), timers.claim(), timers.claim()];
        for (id, deadline) in ids.into_iter().zip([30, 10, 20]) {
            timers.set(id, deadline, Waker::noop());
        }
        assert_eq!(timers.next(), Some(10));
        timers.set(ids[1], 40, Waker::noop());
        assert_eq!(timers.next(), Some(20));
        timers.release(ids[2]);
        assert_eq!(timers.next(), Some(30));
        timers.set(ids[1], 5, Waker::noop());
        assert!(timers.expire(4).is_none());
        assert!(timers.expire(5).is_some());
        assert_eq!(timers.next(), Some(30));
    }

    proptest! {
        #[test]
        fn timers_expire_in_the_order_of_their_deadlines(
            steps in proptest::collection::vec((0usize..8, proptest::option::of(0u64..100)), 0..60)
        ) {
            let mut timers = Timers::new(8);
            let ids: Vec<_> = (0..8).map(|_| timers.claim()).collect();
            let mut model = [None; 8];
            for (which, deadline) in steps {
                match deadline {
                    Some(deadline) => timers.set(ids[which], deadline, Waker::noop()),
                    None => { timers.clear(ids[which]); }
                }
                model[which] = deadline;
            }
            let mut due: Vec<u64> = model.iter().flatten().copied().collect();
            due.sort_unstable();
            for deadline in due {
                prop_assert_eq!(timers.next(), Some(deadline));
                prop_assert!(timers.expire(deadline).is_some());
            }
            prop_assert_eq!(timers.next(), None);
        }
    }
}
