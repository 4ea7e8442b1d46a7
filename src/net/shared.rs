//! What all tasks of the net share.

use super::helper::Helper;
use super::places::{PATIENCE, PATIENCE_UNDER_PRESSURE, Places};
use super::port::{Engine, Now};
use super::reactor::Reactor;
use super::{Gauge, Gauges, notify::Notify};
use crate::memory::{Budget, Pool};
use crate::sys::memory;
use core::cell::{Cell, RefCell};
use core::fmt::Arguments;
use core::net::SocketAddr;
use core::panic::AssertUnwindSafe;
use rustix::io::Result;
use smol::LocalExecutor;
use std::panic::catch_unwind;
use std::rc::{Rc, Weak};

/// Descriptors beside the connections: listeners, the control socket and its client, signals, the helper's
/// bell, and some to spare.
const OTHER_DESCRIPTORS: usize = 48;
/// Lines about clients in the log, a minute.
const COMPLAINTS_PER_MINUTE: u32 = 6;
/// How long after the engine was called its time-outs are looked at again, in milliseconds.
const TICK_AFTER_ACTIVITY: u64 = 250;
/// When they are looked at again after a fault, in milliseconds.
const TICK_AFTER_FAULT: u64 = 5_000;
/// How often held slots are looked at, in milliseconds.
const WATCH_EVERY: u64 = 500;

/// The state below all tasks.
pub struct Shared<E: Engine> {
    /// Borrowed between awaits, never across one.
    engine: Rc<RefCell<E>>,
    /// The loop.
    pub reactor: Rc<Reactor>,
    /// The loop's tasks.
    pub executor: Weak<LocalExecutor<'static>>,
    /// Slots that receive. Who holds one may wait for one of `tx`; who holds one of `tx` waits for none of
    /// these. So there is no circle: `tx` slots come back when peers read or are cut, then `rx` slots do.
    pub rx: Pool,
    /// Slots that send.
    pub tx: Pool,
    /// Small receive buffers, one for each connection.
    pub buffers: Pool,
    /// The connections' places.
    pub places: Places,
    /// The thread for slow disks.
    pub helper: Helper,
    /// A peer's patience in milliseconds, alone and while others wait for slots.
    pub patience: [u64; 2],
    /// The engine was called.
    active: Notify,
    complaints: Cell<(u64, u32)>,
    /// Where connections are taken.
    pub listening: RefCell<Vec<SocketAddr>>,
}

impl<E: Engine> Shared<E> {
    /// Everything allocated.
    pub fn new(
        engine: Rc<RefCell<E>>,
        executor: &Rc<LocalExecutor<'static>>,
        budget: &Budget,
    ) -> Result<Shared<E>> {
        let connections = budget.connections as usize;
        let slots =
            |count: u32| Pool::new(count as usize, budget.slot_size() as usize, connections);
        let reactor = Reactor::new(connections.saturating_add(OTHER_DESCRIPTORS))?;
        let helper = Helper::new(&reactor, connections)?;
        Ok(Shared {
            engine,
            reactor,
            executor: Rc::downgrade(executor),
            rx: slots(budget.receive_slots),
            tx: slots(budget.send_slots),
            buffers: Pool::new(connections, budget.receive_buffer as usize, 0),
            places: Places::new(connections),
            helper,
            patience: [PATIENCE, PATIENCE_UNDER_PRESSURE],
            active: Notify::default(),
            complaints: Cell::default(),
            listening: RefCell::default(),
        })
    }

    /// The time, as the engine takes it.
    pub fn now(&self) -> Now {
        Now {
            wall: self.reactor.wall(),
            mono: self.reactor.now(),
        }
    }

    /// Calls the engine, and tells the connections for which that made something due.
    pub fn engine<R>(&self, call: impl FnOnce(&mut E, Now) -> R) -> R {
        let mut engine = self.engine.borrow_mut();
        let result = call(&mut engine, self.now());
        self.wake_whom_it_concerns(&mut engine);
        self.active.notify();
        result
    }

    /// Looks at the engine.
    pub fn peek<R>(&self, look: impl FnOnce(&E) -> R) -> R {
        look(&self.engine.borrow())
    }

    fn wake_whom_it_concerns(&self, engine: &mut E) {
        for _ in 0..self.places.capacity().saturating_mul(4) {
            let Some(connection) = engine.next_woken() else {
                return;
            };
            if let Some(place) = self.places.find(connection) {
                place.make_due();
            }
        }
    }

    /// Calls the engine's tick at its deadlines, which any call may have brought nearer; a task of its own.
    pub async fn tick(&self) {
        loop {
            let tick = AssertUnwindSafe(|| self.engine(E::tick));
            let deadline = catch_unwind(tick).unwrap_or_else(|_| {
                log::error!("a panic at a time-out; this is a fault of the server");
                Some(self.reactor.now().saturating_add(TICK_AFTER_FAULT))
            });
            let deadline = deadline.unwrap_or(u64::MAX);
            // That call was ours.
            let _ = smol::future::poll_once(self.active.notified()).await;
            let due = self.reactor.sleep_until(deadline);
            let active = async {
                self.active.notified().await;
                let soon = self.reactor.now().saturating_add(TICK_AFTER_ACTIVITY);
                self.reactor.sleep_until(soon).await;
            };
            smol::future::or(due, active).await;
        }
    }

    /// Ends connections whose peers hold slots and move nothing; a task of its own.
    pub async fn watch(&self) {
        loop {
            if self.rx.in_use() == 0 && self.tx.in_use() == 0 {
                self.places.slots_held.notified().await;
            }
            let now = self.reactor.now();
            self.reactor
                .sleep_until(now.saturating_add(WATCH_EVERY))
                .await;
            let [alone, pressed] = self.patience;
            let wanted = self.rx.waiting() > 0 || self.tx.waiting() > 0;
            let cut = self
                .places
                .cut_stalled(self.reactor.now(), if wanted { pressed } else { alone });
            if cut > 0 {
                self.complain(format_args!("{cut} connection(s) held a buffer too long"));
            }
        }
    }

    /// Gives back the memory that only work needs: what free slots hold, and code. When nobody is there, all is
    /// as it was at the start.
    pub fn rest(&self) {
        let nobody = self.places.taken() == 0;
        for pool in [&self.rx, &self.tx, &self.buffers] {
            if nobody {
                pool.rest();
            } else {
                pool.each_free(&mut memory::forget);
            }
        }
        if nobody {
            self.engine.borrow_mut().rest();
        }
        memory::forget_code();
    }

    /// Logs what a client did, a few times a minute.
    pub fn complain(&self, what: Arguments<'_>) {
        let minute = self.reactor.now() / 60_000;
        let (last, count) = self.complaints.get();
        let count = if last == minute {
            count.saturating_add(1)
        } else {
            1
        };
        self.complaints.set((minute, count));
        if count <= COMPLAINTS_PER_MINUTE {
            log::warn!("{what}");
        }
    }

    /// How full everything is.
    pub fn gauges(&self) -> Gauges {
        let gauge = |pool: &Pool| Gauge {
            in_use: pool.in_use(),
            capacity: pool.capacity(),
            peak: pool.peak(),
            waits: pool.waits(),
        };
        Gauges {
            connections: self.places.taken(),
            receive_slots: gauge(&self.rx),
            send_slots: gauge(&self.tx),
            disk_thread: self.helper.started(),
            disk_jobs: self.helper.queued(),
            listening: self.listening.borrow().clone(),
        }
    }
}
