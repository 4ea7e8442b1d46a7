//! The event loop: epoll and a heap of timers below smol's single-threaded executor.
//!
//! Descriptors are registered once, edge-triggered, for both directions, and their readiness is remembered
//! here. So a connection costs one `epoll_ctl` in its life; a request costs `epoll_wait`, `recv` and
//! `send`; and a connection that does not read because no slot is free costs nothing, where a
//! level-triggered one would keep the loop spinning.
//!
//! No thread, no timerfd: the next deadline is `epoll_wait`'s time-out.

use super::timers::{TimerId, Timers};
use crate::sys::poll::{Events, Poller};
use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::{Errno, Result};
use smol::{LocalExecutor, Task};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tasks that run before new events are looked for: few, so that a busy connection cannot hide the others.
const TASKS_PER_ROUND: usize = 4;
const EVENTS_PER_WAIT: usize = 64;
/// How long nothing must have happened before memory is given back, in milliseconds.
const REST_AFTER: u64 = 2_000;
/// 1601-01-01 to 1970-01-01 in units of 100 ns.
const UNIX_EPOCH_AS_FILETIME: u64 = 116_444_736_000_000_000;
/// How long the wall clock may be carried forward by the monotonic one, in milliseconds.
const WALL_CLOCK_REFRESH: u64 = 1_000;

/// Which way bytes are to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Towards us.
    Read,
    /// Towards the peer.
    Write,
}

/// One direction of a registered descriptor.
#[derive(Default)]
struct Direction {
    ready: bool,
    awaited: bool,
    waker: Option<Waker>,
}

impl Direction {
    fn become_ready(&mut self) {
        self.ready = true;
        if core::mem::take(&mut self.awaited)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ready {
            return Poll::Ready(());
        }
        self.awaited = true;
        match &mut self.waker {
            Some(kept) => kept.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

#[derive(Default)]
struct Source {
    generation: u32,
    read: Direction,
    write: Direction,
    /// Reading never waits again, so "drained" does not hold for long.
    finished: bool,
}

struct Sources {
    all: Box<[Source]>,
    free: Vec<u32>,
}

/// Milliseconds and FILETIME of this turn of the loop.
struct Clock {
    start: Instant,
    mono: Cell<u64>,
    /// FILETIME at `start`, as far as is known.
    wall_at_start: Cell<u64>,
    wall_read_at: Cell<u64>,
    wall: Cell<u64>,
}

// Both without a division of more than 32 bits, for which MIPS has no instruction: they are made at every turn.

/// In units of 100 ns, as FILETIME counts.
fn ticks(time: Duration) -> u64 {
    (time.as_secs())
        .saturating_mul(10_000_000)
        .saturating_add(u64::from(time.subsec_nanos() / 100))
}

fn milliseconds(time: Duration) -> u64 {
    (time.as_secs())
        .saturating_mul(1000)
        .saturating_add(u64::from(time.subsec_millis()))
}

impl Clock {
    fn new() -> Clock {
        let clock = Clock {
            start: Instant::now(),
            mono: Cell::new(0),
            wall_at_start: Cell::new(0),
            wall_read_at: Cell::new(0),
            wall: Cell::new(0),
        };
        clock.read_wall(0);
        clock.refresh();
        clock
    }

    fn read_wall(&self, since_start: u64) {
        let since_unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, ticks);
        self.wall_at_start.set(
            since_unix
                .saturating_add(UNIX_EPOCH_AS_FILETIME)
                .saturating_sub(since_start),
        );
    }

    fn refresh(&self) {
        let elapsed = self.start.elapsed();
        let (since_start, mono) = (ticks(elapsed), milliseconds(elapsed));
        self.mono.set(mono);
        if mono.saturating_sub(self.wall_read_at.get()) >= WALL_CLOCK_REFRESH {
            self.wall_read_at.set(mono);
            self.read_wall(since_start);
        }
        self.wall
            .set(self.wall_at_start.get().saturating_add(since_start));
    }
}

/// The loop's state, shared by everything that waits.
pub struct Reactor {
    poller: Poller,
    events: RefCell<Events>,
    sources: RefCell<Sources>,
    timers: RefCell<Timers>,
    clock: Clock,
}

impl Reactor {
    /// A reactor for up to `descriptors` registered at once.
    pub fn new(descriptors: usize) -> Result<Rc<Reactor>> {
        let mut all = Vec::with_capacity(descriptors);
        all.resize_with(descriptors, Source::default);
        Ok(Rc::new(Reactor {
            poller: Poller::new()?,
            events: RefCell::new(Events::new(EVENTS_PER_WAIT)),
            sources: RefCell::new(Sources {
                all: all.into_boxed_slice(),
                free: (0..u32::try_from(descriptors).unwrap_or(u32::MAX))
                    .rev()
                    .collect(),
            }),
            timers: RefCell::new(Timers::new(32)),
            clock: Clock::new(),
        }))
    }

    /// Milliseconds since the start, as of this turn of the loop.
    pub fn now(&self) -> u64 {
        self.clock.mono.get()
    }

    /// The wall clock as FILETIME ([MS-DTYP] 2.3.3), as of this turn of the loop.
    pub fn wall(&self) -> u64 {
        self.clock.wall.get()
    }

    /// Runs `executor` until `task` has ended. Calls `rest` when nothing has happened for two seconds, as the
    /// last thing before the wait goes on: what it gives back stays so until something happens.
    pub fn block_on<T: 'static>(
        &self,
        executor: &LocalExecutor<'_>,
        task: Task<T>,
        rest: &mut dyn FnMut(),
    ) -> Result<T> {
        loop {
            let mut busy = true;
            for _ in 0..TASKS_PER_ROUND {
                busy = executor.try_tick();
                if !busy {
                    break;
                }
            }
            if task.is_finished() {
                // The bare one: smol's own block_on would start async-io's thread.
                return Ok(smol::future::block_on(task));
            }
            self.turn(busy, rest)?;
        }
    }

    /// Waits for events (`busy`: only looks) and wakes whom they concern.
    fn turn(&self, busy: bool, rest: &mut dyn FnMut()) -> Result<()> {
        let mut events = self.events.borrow_mut();
        if busy {
            self.poller.wait(&mut events, Some(0))?;
        } else {
            let deadline = self.timers.borrow().next();
            let left = || deadline.map(|deadline| deadline.saturating_sub(self.now()));
            if left().is_some_and(|left| left <= REST_AFTER) {
                self.poller.wait(&mut events, left())?;
            } else {
                self.poller.wait(&mut events, Some(REST_AFTER))?;
                if events.is_empty() {
                    self.clock.refresh();
                    let left = left();
                    rest();
                    self.poller.wait(&mut events, left)?;
                }
            }
        }
        self.clock.refresh();
        let mut sources = self.sources.borrow_mut();
        for ready in events.iter() {
            let (index, generation) = (ready.token as u32, (ready.token >> 32) as u32);
            let Some(source) = sources.all.get_mut(index as usize) else {
                continue;
            };
            if source.generation != generation {
                continue;
            }
            source.finished |= ready.finished;
            if ready.readable {
                source.read.become_ready();
            }
            if ready.writable {
                source.write.become_ready();
            }
        }
        drop(sources);
        let now = self.now();
        loop {
            let waker = self.timers.borrow_mut().expire(now);
            match waker {
                Some(waker) => waker.wake(),
                None => return Ok(()),
            }
        }
    }

    /// Waits until [`Reactor::now`] has reached `deadline`.
    pub fn sleep_until(self: &Rc<Self>, deadline: u64) -> Sleep {
        Sleep {
            reactor: self.clone(),
            deadline,
            timer: None,
        }
    }
}

/// See [`Reactor::sleep_until`].
pub struct Sleep {
    reactor: Rc<Reactor>,
    deadline: u64,
    timer: Option<TimerId>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.reactor.now() >= self.deadline {
            return Poll::Ready(());
        }
        let id = match self.timer {
            Some(id) => id,
            None => {
                let id = self.reactor.timers.borrow_mut().claim();
                self.timer = Some(id);
                id
            }
        };
        let mut timers = self.reactor.timers.borrow_mut();
        timers.set(id, self.deadline, cx.waker());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.timer {
            self.reactor.timers.borrow_mut().release(id);
        }
    }
}

/// A registered descriptor; dropping it takes it out and closes it.
pub struct Io<F: AsFd> {
    fd: F,
    index: u32,
    reactor: Rc<Reactor>,
}

impl<F: AsFd> Io<F> {
    /// Registers `fd`. Both directions count as ready until a call says otherwise.
    /// [`Errno::MFILE`] if the reactor's table is full.
    pub fn new(reactor: &Rc<Reactor>, fd: F) -> Result<Io<F>> {
        let mut sources = reactor.sources.borrow_mut();
        let index = sources.free.pop().ok_or(Errno::MFILE)?;
        let Some(source) = sources.all.get_mut(index as usize) else {
            return Err(Errno::MFILE);
        };
        source.generation = source.generation.wrapping_add(1);
        source.finished = false;
        source.read.ready = true;
        source.write.ready = true;
        let token = (u64::from(source.generation) << 32) | u64::from(index);
        if let Err(error) = reactor.poller.add(&fd, token) {
            sources.free.push(index);
            return Err(error);
        }
        drop(sources);
        Ok(Io {
            fd,
            index,
            reactor: reactor.clone(),
        })
    }

    /// The descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// What was registered.
    pub fn get(&self) -> &F {
        &self.fd
    }

    /// Whether a call in this direction may succeed; if not, the task is woken when it may.
    pub fn poll(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<()> {
        let mut sources = self.reactor.sources.borrow_mut();
        let source = &mut sources.all[self.index as usize];
        match interest {
            Interest::Read => source.read.poll(cx),
            Interest::Write => source.write.poll(cx),
        }
    }

    /// Waits until a call in this direction may succeed.
    pub async fn ready(&self, interest: Interest) {
        poll_fn(|cx| self.poll(interest, cx)).await
    }

    /// A call in this direction found nothing more to do (EAGAIN, or less than asked was read): there will
    /// be an event before there is.
    pub fn exhausted(&self, interest: Interest) {
        let mut sources = self.reactor.sources.borrow_mut();
        let source = &mut sources.all[self.index as usize];
        match interest {
            Interest::Read => source.read.ready = source.finished,
            Interest::Write => source.write.ready = false,
        }
    }

    /// Repeats `call` until it gives something else than EAGAIN or EINTR, waiting where it must.
    pub async fn retry<T>(
        &self,
        interest: Interest,
        mut call: impl FnMut(&F) -> Result<T>,
    ) -> Result<T> {
        loop {
            self.ready(interest).await;
            match call(&self.fd) {
                Err(Errno::AGAIN) => self.exhausted(interest),
                Err(Errno::INTR) => {}
                done => return done,
            }
        }
    }
}

impl<F: AsFd> Drop for Io<F> {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to take out.
        let _ = self.reactor.poller.remove(&self.fd);
        let mut sources = self.reactor.sources.borrow_mut();
        let source = &mut sources.all[self.index as usize];
        source.generation = source.generation.wrapping_add(1);
        source.read = Direction::default();
        source.write = Direction::default();
        sources.free.push(self.index);
    }
}

#[cfg(test)]
mod tests;
