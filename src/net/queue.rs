//! Orders to a thread, and its results back: two bounded queues under one lock.
//!
//! What std's channels do, in a tenth of their code: on a router every kilobyte of the binary is flash.

use heapless::Deque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Room for `N` orders of type `O`, and for `N` results of type `F`.
pub struct Queue<O, F, const N: usize> {
    state: Mutex<State<O, F, N>>,
    more: Condvar,
}

struct State<O, F, const N: usize> {
    orders: Deque<O, N>,
    finished: Deque<F, N>,
    closed: bool,
}

impl<O, F, const N: usize> Queue<O, F, N> {
    /// Both empty.
    pub fn new() -> Self {
        Queue {
            state: Mutex::new(State {
                orders: Deque::new(),
                finished: Deque::new(),
                closed: false,
            }),
            more: Condvar::new(),
        }
    }

    // Nothing is left half done by a panic: each holder of the lock does one thing.
    fn lock(&self) -> MutexGuard<'_, State<O, F, N>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an order at the end, if there is room.
    pub fn order(&self, order: O) -> bool {
        let put = self.lock().orders.push_back(order).is_ok();
        self.more.notify_one();
        put
    }

    /// The oldest order; waits for one. `None` as soon as the queue was closed.
    pub fn next(&self) -> Option<O> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(order) = state.orders.pop_front() {
                return Some(order);
            }
            state = self
                .more
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts a result at the end, if there is room.
    pub fn finish(&self, result: F) -> bool {
        self.lock().finished.push_back(result).is_ok()
    }

    /// The oldest result, if there is one.
    pub fn finished(&self) -> Option<F> {
        self.lock().finished.pop_front()
    }

    /// Wakes who waits for orders; there are none any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn orders_and_results_keep_their_order() {
        let queue = Arc::new(Queue::<u32, u32, 4>::new());
        let worker = thread::spawn({
            let queue = queue.clone();
            move || {
                while let Some(order) = queue.next() {
                    while !queue.finish(order * 10) {
                        thread::yield_now();
                    }
                }
            }
        });
        let mut got = Vec::new();
        for order in 0..100 {
            while !queue.order(order) {
                got.extend(std::iter::from_fn(|| queue.finished()));
                thread::yield_now();
            }
        }
        while got.len() < 100 {
            got.extend(std::iter::from_fn(|| queue.finished()));
        }
        assert_eq!(got, (0..100).map(|order| order * 10).collect::<Vec<_>>());
        queue.close();
        worker.join().unwrap();
    }

    #[test]
    fn a_full_queue_takes_nothing() {
        let queue = Queue::<u8, u8, 2>::new();
        assert_eq!(
            [1, 2, 3].map(|order| queue.order(order)),
            [true, true, false]
        );
        assert_eq!(
            [1, 2, 3].map(|result| queue.finish(result)),
            [true, true, false]
        );
        assert_eq!((queue.next(), queue.finished()), (Some(1), Some(1)));
    }

    #[test]
    fn closing_ends_the_wait_and_what_was_ordered() {
        let queue = Arc::new(Queue::<u8, u8, 2>::new());
        let waiting = thread::spawn({
            let queue = queue.clone();
            move || queue.next()
        });
        queue.close();
        assert_eq!(waiting.join().unwrap(), None);
        queue.order(1);
        assert_eq!(queue.next(), None);
    }
}
