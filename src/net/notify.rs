//! A flag one task waits for.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};

/// Set by anyone, consumed by the one task that waits.
#[derive(Default)]
pub struct Notify {
    set: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Notify {
    /// Sets the flag and wakes the waiting task.
    pub fn notify(&self) {
        if !self.set.replace(true)
            && let Some(waker) = self.waker.take()
        {
            waker.wake();
        }
    }

    /// Takes the flag, or keeps the task to be woken when it is set.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.set.take() {
            return Poll::Ready(());
        }
        self.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }

    /// Waits until the flag is set, and takes it.
    pub async fn notified(&self) {
        poll_fn(|cx| self.poll(cx)).await
    }
}
