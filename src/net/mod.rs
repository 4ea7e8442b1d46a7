//! Bytes in and out: one thread, an event loop of our own, a task for each connection.
//!
//! - `reactor`, `timers`, `notify`: the loop below smol's `LocalExecutor`.
//! - `listener`: connections come and go; a panic while one is served ends that one.
//! - `inbox`, `connection`, `link`: frames in, the engine asked, replies out, in slots of fixed pools.
//! - `places`: how a connection is reached, and how long it may keep a slot waiting.
//! - `helper`: one thread for slow disks, made when first needed.
//! - `local`: the control socket.
//! - `networks`: where to listen, as the addresses of the router's networks come and go.
//!
//! The engine stands in one `RefCell` that tasks borrow between awaits and never across one.
#![forbid(unsafe_code)]

mod connection;
mod helper;
mod inbox;
mod link;
mod listener;
mod local;
mod networks;
mod notify;
mod places;
pub mod port;
mod queue;
pub mod reactor;
mod shared;
mod timers;

pub use listener::{Listen, MAX_LISTENERS};
pub use local::Control;
pub use networks::{Found, Resolve};

use crate::memory::Budget;
use crate::sys::mounts::Mounts;
use crate::sys::signal::Signals;
use core::cell::RefCell;
use core::net::SocketAddr;
use core::panic::AssertUnwindSafe;
use listener::Listeners;
use networks::Follower;
use port::Engine;
use reactor::{Interest, Io, Reactor};
use rustix::fd::OwnedFd;
use rustix::io::Result;
use shared::Shared;
use smol::LocalExecutor;
use smol::future::FutureExt;
use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How full a pool of slots is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauge {
    /// Lent now.
    pub in_use: usize,
    /// How many there are.
    pub capacity: usize,
    /// The most that were lent at once.
    pub peak: usize,
    /// How often somebody had to wait; wraps.
    pub waits: u32,
}

/// How full the net is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Connections.
    pub connections: usize,
    /// Slots that receive.
    pub receive_slots: Gauge,
    /// Slots that send.
    pub send_slots: Gauge,
    /// The thread for slow disks was needed.
    pub disk_thread: bool,
    /// Jobs for it, queued or under way.
    pub disk_jobs: usize,
    /// Where it listens.
    pub listening: Vec<SocketAddr>,
}

/// A server's sockets, before and while it runs.
pub struct Net<E: Engine> {
    executor: Rc<LocalExecutor<'static>>,
    shared: Rc<Shared<E>>,
    listeners: Rc<Listeners<E>>,
}

impl<E: Engine> Net<E> {
    /// Pools, tables and the loop for `engine`, as `budget` has them; no socket yet.
    pub fn new(engine: Rc<RefCell<E>>, budget: &Budget) -> Result<Net<E>> {
        let executor = Rc::new(LocalExecutor::new());
        let shared = Rc::new(Shared::new(engine, &executor, budget)?);
        Ok(Net::over(executor, shared))
    }

    fn over(executor: Rc<LocalExecutor<'static>>, shared: Rc<Shared<E>>) -> Net<E> {
        let listeners = Rc::new(Listeners::new(shared.clone()));
        Net {
            executor,
            shared,
            listeners,
        }
    }

    /// Listens on one more address; the address it got (for port 0).
    pub fn listen(&self, listen: impl Into<Listen>) -> Result<SocketAddr> {
        self.listeners.add(listen.into())
    }

    /// Answers requests on a Unix socket at `path`.
    pub fn control(&self, path: &Path, control: Control) -> Result<()> {
        let listener = local::open(&self.shared, path)?;
        let task = local::serve(self.shared.clone(), listener, control);
        self.spawn(task);
        Ok(())
    }

    /// The loop, for other tasks of the process (discovery).
    pub fn reactor(&self) -> &Rc<Reactor> {
        &self.shared.reactor
    }

    /// Runs another task beside the connections.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        // Boxed, all kinds of tasks share one copy of the executor's code.
        self.executor.spawn(task.boxed_local()).detach();
    }

    /// How full the net is.
    pub fn gauges(&self) -> Gauges {
        self.shared.gauges()
    }

    /// Serves until `stop` is ready; then every connection is closed and the engine told.
    pub fn run(self, stop: impl Future<Output = ()> + 'static) -> Result<()> {
        let [ticker, watcher, postman] = [(); 3].map(|()| self.shared.clone());
        self.spawn(async move { ticker.tick().await });
        self.spawn(async move { watcher.watch().await });
        self.spawn(async move { postman.helper.deliver().await });
        let stop = self.executor.spawn(stop.boxed_local());
        let mut rest = || self.shared.rest();
        let reactor = &self.shared.reactor;
        let result = reactor.block_on(&self.executor, stop, &mut rest);
        self.listeners.clear();
        result
    }
}

/// What a server needs from its owner.
pub struct Settings {
    /// Where to listen.
    pub listen: Place,
    /// Where the control socket stands.
    pub control: Option<PathBuf>,
    /// The program that knows the router's networks.
    pub ubus: PathBuf,
    /// Becomes readable when others have changed something on the disk.
    pub changes: Option<OwnedFd>,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// There, at once.
    pub addresses: Vec<Listen>,
    /// And on the addresses of the router's networks, as far as [`Hooks::networks`] finds them.
    pub networks: bool,
}

/// Hears where the server listens.
pub type Ready = Box<dyn FnOnce(&[SocketAddr])>;

/// What the owner does while the server runs.
pub struct Hooks {
    /// SIGHUP: read the config again; where to listen from now on, unless that stays.
    pub reload: Box<dyn FnMut() -> Option<Place>>,
    /// Finds the addresses of the networks in what ubus says.
    pub networks: Resolve,
    /// Something was mounted or unmounted.
    pub mounts: Box<dyn FnMut()>,
    /// Answers requests on the control socket.
    pub control: Control,
    /// Told once the server listens, and where.
    pub ready: Ready,
}

/// Serves until SIGTERM or SIGINT. An address that cannot be listened on is logged; it is an error if none can.
pub fn serve<E: Engine>(
    engine: Rc<RefCell<E>>,
    budget: &Budget,
    settings: &Settings,
    hooks: Hooks,
) -> io::Result<()> {
    let net = Net::new(engine, budget)?;
    net.serve(settings, hooks)
}

impl<E: Engine> Net<E> {
    /// As [`serve`], for a net that has other tasks already.
    pub fn serve(self, settings: &Settings, hooks: Hooks) -> io::Result<()> {
        let signals = Io::new(&self.shared.reactor, Signals::new()?)?;
        let mut failure = None;
        for listen in &settings.listen.addresses {
            if let Err(error) = self.listeners.add(listen.clone()) {
                log::error!("cannot listen on {}: {error}", listen.address);
                failure = Some(error);
            }
        }
        let listening = self.listeners.addresses();
        if let (true, Some(failure)) = (listening.is_empty(), failure) {
            return Err(failure.into());
        }
        let Hooks {
            mut reload,
            networks,
            mut mounts,
            control,
            ready,
        } = hooks;
        let follower = Rc::new(Follower::new(&settings.listen, settings.ubus.clone()));
        self.spawn({
            let (follower, shared, listeners) = (
                follower.clone(),
                self.shared.clone(),
                self.listeners.clone(),
            );
            async move { follower.run(&shared, &listeners, networks).await }
        });
        match Mounts::watch().and_then(|watched| Ok(Io::new(&self.shared.reactor, watched)?)) {
            Ok(watched) => {
                let shared = self.shared.clone();
                self.spawn(async move {
                    loop {
                        watched.ready(Interest::Read).await;
                        watched.exhausted(Interest::Read);
                        watched.get().take();
                        if catch_unwind(AssertUnwindSafe(&mut mounts)).is_err() {
                            log::error!("a panic at a mount; this is a fault of the server");
                        }
                        // What it changed may concern connections.
                        shared.engine(|_, _| ());
                    }
                });
            }
            Err(error) => log::warn!("disks that come and go are not seen: {error}"),
        }
        // Files are served even where nobody can ask how it goes.
        let control_socket = settings.control.as_ref().filter(|path| {
            self.control(path, control)
                .inspect_err(|error| log::error!("no control socket {}: {error}", path.display()))
                .is_ok()
        });
        ready(&listening);
        let changes = settings.changes.as_ref().map(OwnedFd::try_clone);
        if let Some(changes) = changes.transpose()? {
            let changes = Io::new(&self.shared.reactor, changes)?;
            let shared = self.shared.clone();
            self.spawn(async move {
                loop {
                    changes.ready(Interest::Read).await;
                    // The engine takes all there is.
                    changes.exhausted(Interest::Read);
                    let call = AssertUnwindSafe(|| shared.engine(E::disk_changed));
                    if catch_unwind(call).is_err() {
                        log::error!(
                            "a panic at a change on the disk; this is a fault of the server"
                        );
                    }
                }
            });
        }
        let (shared, listeners) = (self.shared.clone(), self.listeners.clone());
        let stop = async move {
            loop {
                signals.ready(Interest::Read).await;
                signals.exhausted(Interest::Read);
                let asked = signals.get().asked();
                if asked.stop {
                    return;
                }
                if asked.reload {
                    if let Some(place) = reload() {
                        if !place.networks {
                            listeners.set(&place.addresses);
                        }
                        follower.follow(&place);
                    }
                    // What it changed may concern connections.
                    shared.engine(|_, _| ());
                }
            }
        };
        self.run(stop)?;
        if let Some(path) = control_socket {
            // It may be gone already.
            let _ = rustix::fs::unlink(path);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
