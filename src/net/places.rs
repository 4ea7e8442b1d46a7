//! One place a connection: how others reach its task, and how long its peer has kept a slot waiting.
//!
//! A peer that holds an I/O slot must move bytes: while we wait for it a debt of milliseconds grows, every
//! byte pays some back, and the connection ends when the debt passes a limit that is short while others
//! wait for slots. One byte now and then does not help. Time spent waiting for slots or for the disk is
//! not the peer's.

use super::notify::Notify;
use super::port::ConnectionId;
use core::cell::{Cell, RefCell};
use core::task::{Context, Waker};

/// The debt at which a connection ends, in milliseconds.
pub const PATIENCE: u64 = 30_000;
/// The same, while others wait for slots.
pub const PATIENCE_UNDER_PRESSURE: u64 = 5_000;
/// The pace at which a peer stays out of debt for good, in bytes per millisecond.
const PACE: u64 = 8;

/// A connection's place.
#[derive(Default)]
pub struct Place {
    connection: Cell<Option<ConnectionId>>,
    waker: RefCell<Option<Waker>>,
    due: Cell<bool>,
    cut: Cell<bool>,
    held: Cell<u8>,
    waiting_since: Cell<Option<u64>>,
    debt: Cell<u64>,
}

impl Place {
    /// Remembers the task, for whoever wants to wake it.
    pub fn register(&self, cx: &Context<'_>) {
        match &mut *self.waker.borrow_mut() {
            Some(kept) => kept.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    fn wake(&self) {
        let waker = self.waker.borrow().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The engine has something for this connection.
    pub fn make_due(&self) {
        self.due.set(true);
        self.wake();
    }

    /// Whether the engine has something for it.
    pub fn is_due(&self) -> bool {
        self.due.get()
    }

    /// Whether the engine had something for it until now.
    pub fn take_due(&self) -> bool {
        self.due.take()
    }

    /// Whether the connection is to end because its peer holds up a slot.
    pub fn is_cut(&self) -> bool {
        self.cut.get()
    }

    /// We wait for the peer from now on; that counts while a slot is held.
    pub fn waiting_begins(&self, now: u64) {
        if self.held.get() > 0 {
            self.waiting_since.set(Some(now));
        }
    }

    /// The peer did something, or the waiting ended otherwise.
    pub fn waiting_ends(&self, now: u64) {
        if let Some(since) = self.waiting_since.take() {
            let waited = now.saturating_sub(since);
            self.debt.set(self.debt.get().saturating_add(waited));
        }
    }

    /// Bytes went to or came from the peer.
    pub fn moved(&self, bytes: usize) {
        let paid = bytes as u64 / PACE;
        self.debt.set(self.debt.get().saturating_sub(paid));
    }

    fn debt(&self, now: u64) -> u64 {
        let waiting = self
            .waiting_since
            .get()
            .map_or(0, |since| now.saturating_sub(since));
        self.debt.get().saturating_add(waiting)
    }
}

/// The right to a slot, counted at its connection's place.
pub struct Hold<'a> {
    place: &'a Place,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let held = self.place.held.get().saturating_sub(1);
        self.place.held.set(held);
        if held == 0 {
            self.place.debt.set(0);
            self.place.waiting_since.set(None);
        }
    }
}

/// All places.
pub struct Places {
    all: Box<[Place]>,
    free: RefCell<Vec<usize>>,
    /// Somebody holds a slot: the watch can begin.
    pub slots_held: Notify,
}

impl Places {
    /// Room for `count` connections.
    pub fn new(count: usize) -> Places {
        Places {
            all: (0..count).map(|_| Place::default()).collect(),
            free: RefCell::new((0..count).rev().collect()),
            slots_held: Notify::default(),
        }
    }

    /// A free place.
    pub fn claim(&self) -> Option<usize> {
        self.free.borrow_mut().pop()
    }

    /// Who sits there.
    pub fn occupy(&self, index: usize, connection: ConnectionId) {
        self.all[index].connection.set(Some(connection));
    }

    /// Gives a place back, clean.
    pub fn release(&self, index: usize) {
        let place = &self.all[index];
        place.connection.set(None);
        place.waker.take();
        place.due.set(false);
        place.cut.set(false);
        place.held.set(0);
        place.waiting_since.set(None);
        place.debt.set(0);
        self.free.borrow_mut().push(index);
    }

    /// The place itself.
    pub fn get(&self, index: usize) -> &Place {
        &self.all[index]
    }

    /// The place of a connection.
    pub fn find(&self, connection: ConnectionId) -> Option<&Place> {
        self.all
            .iter()
            .find(|place| place.connection.get() == Some(connection))
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.all.len().saturating_sub(self.free.borrow().len())
    }

    /// How many there are.
    pub fn capacity(&self) -> usize {
        self.all.len()
    }

    /// Counts a slot to a place until the guard is dropped.
    pub fn hold(&self, index: usize) -> Hold<'_> {
        let place = &self.all[index];
        place.held.set(place.held.get().saturating_add(1));
        self.slots_held.notify();
        Hold { place }
    }

    /// Ends every connection whose debt has passed `patience` ms; how many.
    pub fn cut_stalled(&self, now: u64, patience: u64) -> usize {
        let mut count = 0;
        for place in &self.all {
            if place.waiting_since.get().is_some()
                && place.debt(now) >= patience
                && !place.cut.replace(true)
            {
                place.wake();
                count += 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_peer_that_keeps_a_slot_waiting_is_cut() {
        let places = Places::new(2);
        let idle = places.claim().unwrap();
        let stalled = places.claim().unwrap();
        assert!(places.claim().is_none());
        places.get(idle).waiting_begins(0);
        let hold = places.hold(stalled);
        places.get(stalled).waiting_begins(0);
        assert_eq!(places.cut_stalled(PATIENCE - 1, PATIENCE), 0);
        assert_eq!(places.cut_stalled(PATIENCE, PATIENCE), 1);
        assert!(places.get(stalled).is_cut() && !places.get(idle).is_cut());
        drop(hold);
        places.release(stalled);
        assert!(!places.get(places.claim().unwrap()).is_cut());
    }

    #[test]
    fn a_trickle_does_not_pay_the_debt_but_a_stream_does() {
        for (bytes, cut) in [(1, true), (64 << 10, false)] {
            let places = Places::new(1);
            let index = places.claim().unwrap();
            let _hold = places.hold(index);
            let place = places.get(index);
            let mut any = 0;
            for second in 0..60_u64 {
                place.waiting_begins(second * 1000);
                any += places.cut_stalled(second * 1000 + 999, PATIENCE);
                place.waiting_ends(second * 1000 + 1000);
                place.moved(bytes);
            }
            assert_eq!(any > 0, cut, "{bytes} bytes a second");
        }
    }
}
