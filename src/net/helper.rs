//! One thread for what would wait for a disk: made when first needed, with a bounded queue.
//!
//! A job owns a descriptor of its own, so the file may be closed meanwhile. Its result comes back through
//! an eventfd that the reactor watches. A server whose disks never make it wait stays at one thread.

use super::port::JobResult;
use super::queue::Queue;
use super::reactor::{Interest, Io, Reactor};
use crate::memory::{Pool, Slot};
use crate::vfs;
use core::cell::RefCell;
use core::future::poll_fn;
use core::task::{Poll, Waker};
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use rustix::io::{Errno, IoSliceMut, Result};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

/// Jobs under way or queued; more wait in order.
const QUEUE: usize = 16;
/// Reading ahead needs a buffer on the heap and a few calls deep of stack.
const STACK: usize = 64 << 10;
/// What is read at a time to bring a file into the page cache.
const BOUNCE: usize = 128 << 10;

/// What to do.
#[derive(Debug)]
pub enum Work {
    /// Read a range, for the page cache to have it.
    Read {
        /// Where in the file.
        offset: u64,
        /// How many bytes.
        length: u32,
    },
    /// fsync.
    Sync,
}

struct Order {
    seat: usize,
    file: OwnedFd,
    work: Work,
}

struct Finished {
    seat: usize,
    result: JobResult,
}

/// Where the task that asked for a job waits for it.
#[derive(Default)]
struct Seat {
    /// Held until the job is done, even if nobody waits for it any more.
    permit: Option<Slot>,
    waker: Option<Waker>,
    result: Option<JobResult>,
    abandoned: bool,
}

type Line = Queue<Order, Finished, QUEUE>;

/// The helper thread as the tasks see it.
pub struct Helper {
    /// A pool of nothing: its slots are the right to have a job in the queue.
    permits: Pool,
    seats: RefCell<[Seat; QUEUE]>,
    line: RefCell<Option<Arc<Line>>>,
    bell: Io<OwnedFd>,
}

impl Helper {
    /// No thread yet. `tasks`: how many may wait for a place in the queue.
    pub fn new(reactor: &Rc<Reactor>, tasks: usize) -> Result<Helper> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Helper {
            permits: Pool::new(QUEUE, 0, tasks),
            seats: RefCell::default(),
            line: RefCell::default(),
            bell: Io::new(reactor, bell)?,
        })
    }

    /// Whether the thread was needed yet.
    pub fn started(&self) -> bool {
        self.line.borrow().is_some()
    }

    /// Jobs queued or under way.
    pub fn queued(&self) -> usize {
        self.permits.in_use()
    }

    /// Does `work` on the thread and waits for its end.
    pub async fn run(&self, file: OwnedFd, work: Work) -> JobResult {
        let permit = self.permits.take().await;
        let Some(seat) = self.sit(permit) else {
            return JobResult::Failed(vfs::Error::Io);
        };
        if !self.order(Order { seat, file, work }) {
            self.seats.borrow_mut()[seat] = Seat::default();
            return JobResult::Failed(vfs::Error::Io);
        }
        let waiting = Waiting { helper: self, seat };
        poll_fn(|cx| {
            let mut seats = self.seats.borrow_mut();
            let state = &mut seats[waiting.seat];
            match state.result {
                Some(result) => Poll::Ready(result),
                None => {
                    state.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn sit(&self, permit: Slot) -> Option<usize> {
        let mut seats = self.seats.borrow_mut();
        let seat = seats.iter().position(|seat| seat.permit.is_none())?;
        seats[seat].permit = Some(permit);
        Some(seat)
    }

    /// Starts the thread if there is none, and hands it the order.
    fn order(&self, order: Order) -> bool {
        let mut line = self.line.borrow_mut();
        if line.is_none() {
            match self.start() {
                Ok(started) => *line = Some(started),
                Err(error) => {
                    log::error!("no helper thread for slow disks: {error}");
                    return false;
                }
            }
        }
        line.as_ref().is_some_and(|line| line.order(order))
    }

    fn start(&self) -> std::io::Result<Arc<Line>> {
        let bell = self.bell.fd().try_clone_to_owned()?;
        let line = Arc::new(Queue::new());
        let theirs = line.clone();
        thread::Builder::new()
            .name("smolsmb-disk".into())
            .stack_size(STACK)
            .spawn(move || serve(&theirs, &bell))?;
        Ok(line)
    }

    /// Hands results to those who wait for them; a task of its own.
    pub async fn deliver(&self) {
        loop {
            let mut count = [0; 8];
            let rung = self
                .bell
                .retry(Interest::Read, |bell| rustix::io::read(bell, &mut count))
                .await;
            if let Err(error) = rung {
                log::error!("results of the helper thread are lost: {error}");
                return;
            }
            let line = self.line.borrow();
            let Some(line) = line.as_ref() else { continue };
            while let Some(Finished { seat, result }) = line.finished() {
                let mut seats = self.seats.borrow_mut();
                let state = &mut seats[seat];
                let (permit, waker) = if state.abandoned {
                    let old = core::mem::take(state);
                    (old.permit, None)
                } else {
                    state.result = Some(result);
                    (None, state.waker.take())
                };
                drop(seats);
                drop(permit);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Some(line) = self.line.get_mut() {
            line.close();
        }
    }
}

/// Leaves the seat when the waiting task has its result, or gives up waiting.
struct Waiting<'a> {
    helper: &'a Helper,
    seat: usize,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut seats = self.helper.seats.borrow_mut();
        let state = &mut seats[self.seat];
        if state.result.is_none() {
            state.abandoned = true;
            state.waker = None;
            return;
        }
        let left = core::mem::take(state);
        drop(seats);
        drop(left);
    }
}

/// The thread: one order after the other, until the server is gone.
fn serve(line: &Line, bell: &OwnedFd) {
    let mut bounce = Vec::new();
    while let Some(Order { seat, file, work }) = line.next() {
        let done = match work {
            Work::Sync => again(|| rustix::fs::fsync(&file)),
            Work::Read { offset, length } => {
                bounce.resize(BOUNCE, 0);
                warm(&file, offset, u64::from(length), &mut bounce)
            }
        };
        drop(file);
        let result = match done {
            Ok(()) => JobResult::Done,
            Err(errno) => JobResult::Failed(reason(errno)),
        };
        // There is room: each result has its seat, of which there are as many.
        let _ = line.finish(Finished { seat, result });
        if again(|| rustix::io::write(bell, &1_u64.to_ne_bytes())).is_err() {
            return;
        }
    }
}

fn again<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}

fn warm(file: &OwnedFd, mut offset: u64, mut left: u64, bounce: &mut [u8]) -> Result<()> {
    while left > 0 {
        let step = usize::try_from(left).map_or(bounce.len(), |left| left.min(bounce.len()));
        let read = again(|| {
            rustix::io::preadv(file, &mut [IoSliceMut::new(&mut bounce[..step])], offset)
        })?;
        if read == 0 {
            return Ok(());
        }
        left = left.saturating_sub(read as u64);
        offset = offset.saturating_add(read as u64);
    }
    Ok(())
}

/// The store's word for what a disk said.
pub fn reason(errno: Errno) -> vfs::Error {
    match errno {
        Errno::NOSPC | Errno::DQUOT => vfs::Error::Full,
        Errno::ROFS => vfs::Error::ReadOnly,
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => vfs::Error::TooManyOpen,
        // There is nothing to bring to a disk, or to read from one.
        Errno::INVAL | Errno::BADF | Errno::NOTSUP | Errno::SPIPE => vfs::Error::Unsupported,
        Errno::ISDIR => vfs::Error::IsDirectory,
        Errno::FBIG => vfs::Error::TooLarge,
        Errno::NODEV | Errno::NXIO | Errno::STALE | Errno::SHUTDOWN => vfs::Error::Gone,
        _ => vfs::Error::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::LocalExecutor;
    use std::fs::File;

    fn with_helper<T: 'static>(body: impl AsyncFnOnce(Rc<Helper>) -> T + 'static) -> T {
        let reactor = Reactor::new(4).unwrap();
        let executor = LocalExecutor::new();
        let helper = Rc::new(Helper::new(&reactor, 64).unwrap());
        let postman = helper.clone();
        executor
            .spawn(async move { postman.deliver().await })
            .detach();
        let task = executor.spawn(async move { body(helper).await });
        reactor.block_on(&executor, task, &mut || ()).unwrap()
    }

    fn file() -> OwnedFd {
        File::open("/proc/self/exe").unwrap().into()
    }

    #[test]
    fn the_thread_is_made_by_the_first_job() {
        with_helper(async |helper| {
            assert!(!helper.started());
            let work = Work::Read {
                offset: 0,
                length: 300_000,
            };
            assert_eq!(helper.run(file(), work).await, JobResult::Done);
            assert!(helper.started());
            assert_eq!(helper.queued(), 0);
        });
    }

    #[test]
    fn a_failure_is_told() {
        with_helper(async |helper| {
            let (pipe, _other) = rustix::pipe::pipe().unwrap();
            let result = helper.run(pipe, Work::Sync).await;
            assert_eq!(result, JobResult::Failed(vfs::Error::Unsupported));
        });
    }

    #[test]
    fn more_jobs_than_the_queue_holds_are_all_done() {
        with_helper(async |helper| {
            let mut jobs = Vec::new();
            for _ in 0..3 * QUEUE {
                let helper = helper.clone();
                jobs.push(Box::pin(
                    async move { helper.run(file(), Work::Sync).await },
                ));
            }
            // All are begun before the first is awaited, and some are given up.
            for job in &mut jobs {
                assert!(smol::future::poll_once(job).await.is_none());
            }
            assert_eq!(helper.queued(), QUEUE);
            jobs.truncate(2 * QUEUE + 3);
            jobs.drain(..5);
            for job in jobs {
                assert_ne!(job.await, JobResult::Failed(vfs::Error::Io));
            }
        });
    }
}
