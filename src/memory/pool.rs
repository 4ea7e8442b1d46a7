//! A fixed number of equal byte slots, lent one owner at a time and waited for in order.
//!
//! A slot is made when it is first needed and then kept; the one given back last is lent first. So few
//! slots ever exist while few are needed, and an idle server is small: an allocator that clears memory
//! would touch every page of every slot at the start.

use core::cell::RefCell;
use core::future::Future;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::rc::Rc;

/// A pool of equal slots. Clones are the same pool.
#[derive(Clone)]
pub struct Pool {
    shared: Rc<Shared>,
}

struct Shared {
    capacity: usize,
    slot_size: usize,
    state: RefCell<State>,
}

struct State {
    /// Slots that were not needed yet.
    unmade: usize,
    free: Vec<Box<[u8]>>,
    queue: VecDeque<Waiter>,
    next_ticket: u32,
    peak: usize,
    waits: u32,
}

struct Waiter {
    ticket: u32,
    waker: Waker,
}

impl State {
    /// Whoever is to be told that a slot is free: the first of the queue, if there is a slot for it.
    fn next_in_line(&self) -> Option<Waker> {
        if self.left() == 0 {
            return None;
        }
        self.queue.front().map(|waiter| waiter.waker.clone())
    }

    /// How many can still be lent.
    fn left(&self) -> usize {
        self.unmade + self.free.len()
    }

    fn lend(&mut self, capacity: usize, slot_size: usize) -> Option<Box<[u8]>> {
        let bytes = match self.free.pop() {
            Some(bytes) => bytes,
            None => {
                self.unmade = self.unmade.checked_sub(1)?;
                vec![0; slot_size].into_boxed_slice()
            }
        };
        self.peak = self.peak.max(capacity.saturating_sub(self.left()));
        Some(bytes)
    }
}

impl Pool {
    /// `count` slots of `slot_size` bytes; up to `waiters` tasks can wait without allocating.
    pub fn new(count: usize, slot_size: usize, waiters: usize) -> Pool {
        Pool {
            shared: Rc::new(Shared {
                capacity: count,
                slot_size,
                state: RefCell::new(State {
                    unmade: count,
                    free: Vec::with_capacity(count),
                    queue: VecDeque::with_capacity(waiters),
                    next_ticket: 0,
                    peak: 0,
                    waits: 0,
                }),
            }),
        }
    }

    /// A slot now, unless all are lent or somebody waits for one already.
    pub fn try_take(&self) -> Option<Slot> {
        let mut state = self.shared.state.borrow_mut();
        if !state.queue.is_empty() {
            return None;
        }
        let bytes = state.lend(self.shared.capacity, self.shared.slot_size)?;
        Some(self.slot(bytes))
    }

    /// A slot as soon as one is free and everybody who asked before has been served. Dropping the future
    /// gives up the place in the queue.
    pub fn take(&self) -> Take<'_> {
        Take {
            pool: self,
            ticket: None,
        }
    }

    fn slot(&self, bytes: Box<[u8]>) -> Slot {
        Slot {
            bytes,
            pool: self.shared.clone(),
        }
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// Bytes in each slot.
    pub fn slot_size(&self) -> usize {
        self.shared.slot_size
    }

    /// How many slots are lent now.
    pub fn in_use(&self) -> usize {
        let left = self.shared.state.borrow().left();
        self.shared.capacity.saturating_sub(left)
    }

    /// The most that were lent at once.
    pub fn peak(&self) -> usize {
        self.shared.state.borrow().peak
    }

    /// How often somebody had to wait; wraps.
    pub fn waits(&self) -> u32 {
        self.shared.state.borrow().waits
    }

    /// Calls with each slot that was made and is free. `call` must not use the pool.
    pub fn each_free(&self, call: &mut dyn FnMut(&mut [u8])) {
        for bytes in &mut self.shared.state.borrow_mut().free {
            call(bytes);
        }
    }

    /// Lets every slot go that is free, until it is needed again.
    pub fn rest(&self) {
        let mut state = self.shared.state.borrow_mut();
        state.unmade += state.free.len();
        state.free.clear();
    }

    /// How many wait now.
    pub fn waiting(&self) -> usize {
        self.shared.state.borrow().queue.len()
    }
}

/// A slot and the right to use it; dropping it gives it back. What an earlier owner wrote is still there.
pub struct Slot {
    bytes: Box<[u8]>,
    pool: Rc<Shared>,
}

impl Deref for Slot {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Slot {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let next = {
            let mut state = self.pool.state.borrow_mut();
            state.free.push(core::mem::take(&mut self.bytes));
            state.next_in_line()
        };
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

/// See [`Pool::take`].
pub struct Take<'a> {
    pool: &'a Pool,
    ticket: Option<u32>,
}

impl Future for Take<'_> {
    type Output = Slot;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Slot> {
        let shared = &self.pool.shared;
        let mut state = shared.state.borrow_mut();
        let first = match self.ticket {
            None => state.queue.is_empty(),
            Some(ticket) => state.queue.front().is_some_and(|w| w.ticket == ticket),
        };
        if first && let Some(bytes) = state.lend(shared.capacity, shared.slot_size) {
            if self.ticket.is_some() {
                state.queue.pop_front();
            }
            let next = state.next_in_line();
            drop(state);
            if let Some(waker) = next {
                waker.wake();
            }
            let slot = self.pool.slot(bytes);
            self.ticket = None;
            return Poll::Ready(slot);
        }
        match self.ticket {
            None => {
                let ticket = state.next_ticket;
                state.next_ticket = ticket.wrapping_add(1);
                state.waits = state.waits.wrapping_add(1);
                state.queue.push_back(Waiter {
                    ticket,
                    waker: cx.waker().clone(),
                });
                drop(state);
                self.ticket = Some(ticket);
            }
            Some(ticket) => {
                if let Some(waiter) = state.queue.iter_mut().find(|w| w.ticket == ticket) {
                    waiter.waker.clone_from(cx.waker());
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Take<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let next = {
            let mut state = self.pool.shared.state.borrow_mut();
            state.queue.retain(|waiter| waiter.ticket != ticket);
            state.next_in_line()
        };
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(take: &mut Take<'_>) -> Option<Slot> {
        match Pin::new(take).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(slot) => Some(slot),
            Poll::Pending => None,
        }
    }

    #[test]
    fn slots_are_lent_until_none_is_left_and_come_back() {
        let pool = Pool::new(2, 16, 4);
        let mut first = pool.try_take().unwrap();
        first[3] = 7;
        let second = pool.try_take().unwrap();
        assert!(pool.try_take().is_none());
        assert_eq!((pool.in_use(), pool.peak(), second.len()), (2, 2, 16));
        drop(first);
        assert_eq!((pool.in_use(), pool.peak()), (1, 2));
        assert_eq!(
            pool.try_take().unwrap()[3],
            7,
            "the slot given back last is lent first"
        );
    }

    #[test]
    fn only_slots_that_were_made_and_are_free_are_free() {
        let pool = Pool::new(3, 16, 4);
        let (first, second) = (pool.try_take().unwrap(), pool.try_take().unwrap());
        drop(first);
        let mut seen = 0;
        pool.each_free(&mut |slot| {
            slot.fill(9);
            seen += 1;
        });
        assert_eq!((seen, second[0], pool.try_take().unwrap()[0]), (1, 0, 9));
    }

    #[test]
    fn free_slots_that_went_are_made_again() {
        let pool = Pool::new(2, 16, 4);
        let (first, mut second) = (pool.try_take().unwrap(), pool.try_take().unwrap());
        second[0] = 9;
        drop(first);
        pool.rest();
        pool.each_free(&mut |_| unreachable!("none is free that was made"));
        assert_eq!((pool.in_use(), second[0]), (1, 9));
        let again = pool.try_take().unwrap();
        assert_eq!((again.len(), pool.in_use()), (16, 2));
        assert!(pool.try_take().is_none());
    }

    #[test]
    fn waiters_are_served_in_the_order_they_came() {
        let pool = Pool::new(1, 8, 4);
        let held = pool.try_take().unwrap();
        let (mut a, mut b, mut c) = (pool.take(), pool.take(), pool.take());
        assert!(poll(&mut a).is_none() && poll(&mut b).is_none() && poll(&mut c).is_none());
        assert_eq!((pool.waiting(), pool.waits()), (3, 3));
        drop(held);
        assert!(poll(&mut b).is_none(), "b must not overtake a");
        assert!(pool.try_take().is_none(), "nor may a newcomer");
        let slot = poll(&mut a).unwrap();
        drop(b);
        drop(slot);
        assert!(poll(&mut c).is_some(), "c moved up when b gave up");
        assert_eq!((pool.waiting(), pool.in_use()), (0, 0));
    }

    #[test]
    fn a_waiter_that_gives_up_passes_the_slot_on() {
        use core::sync::atomic::{AtomicU32, Ordering};
        use std::sync::Arc;
        struct Count(AtomicU32);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let pool = Pool::new(1, 8, 4);
        let held = pool.try_take().unwrap();
        let mut a = pool.take();
        assert!(poll(&mut a).is_none());
        let woken = Arc::new(Count(AtomicU32::new(0)));
        let waker = Waker::from(woken.clone());
        let mut b = pool.take();
        assert!(
            Pin::new(&mut b)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(held);
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        drop(a);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(poll(&mut b).is_some());
    }
}
