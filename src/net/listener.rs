//! Listening sockets, and the birth and death of connections.

use super::link::{End, Link};
use super::port::{ConnectionId, Engine};
use super::reactor::{Interest, Io};
use super::shared::Shared;
use crate::sys::socket;
use core::cell::RefCell;
use core::net::{IpAddr, SocketAddr};
use core::panic::AssertUnwindSafe;
use rustix::fd::OwnedFd;
use rustix::io::{Errno, Result};
use smol::Task;
use smol::future::FutureExt;
use std::panic::catch_unwind;
use std::rc::Rc;

/// Listening sockets at most.
pub const MAX_LISTENERS: usize = 32;
/// Connections taken before the others get their turn.
const ACCEPTS_PER_TURN: usize = 16;
/// How long no connection is taken when descriptors or memory have run out, in milliseconds.
const BACK_OFF: u64 = 250;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// Only what comes in at this interface is taken; empty: at any.
    pub device: String,
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Listen {
            address,
            device: String::new(),
        }
    }
}

/// A listening socket, its address, and the task that takes its connections.
struct Open {
    listen: Listen,
    socket: Rc<Io<OwnedFd>>,
    _task: Task<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        // The task lets go of it a little later; the address may be wanted at once.
        socket::hang_up(self.socket.fd());
    }
}

/// The listening sockets of a server.
pub struct Listeners<E: Engine> {
    shared: Rc<Shared<E>>,
    open: RefCell<Vec<Open>>,
}

impl<E: Engine> Listeners<E> {
    /// None yet.
    pub fn new(shared: Rc<Shared<E>>) -> Self {
        Listeners {
            shared,
            open: RefCell::default(),
        }
    }

    /// Listens on one more address; the address it got (for port 0).
    pub fn add(&self, listen: Listen) -> Result<SocketAddr> {
        if self.open.borrow().len() >= MAX_LISTENERS {
            return Err(Errno::MFILE);
        }
        let executor = self.shared.executor.upgrade().ok_or(Errno::CANCELED)?;
        let socket = socket::listen(listen.address, &listen.device)?;
        let address = socket::local_address(&socket)?;
        let socket = Rc::new(Io::new(&self.shared.reactor, socket)?);
        self.open.borrow_mut().push(Open {
            listen: Listen { address, ..listen },
            _task: executor.spawn(accept(self.shared.clone(), socket.clone()).boxed_local()),
            socket,
        });
        self.tell();
        Ok(address)
    }

    /// Listens on exactly these from now on. Sockets that stay are not touched, connections neither.
    /// What could not be opened is logged and left out; whether all could.
    pub fn set(&self, wanted: &[Listen]) -> bool {
        self.open
            .borrow_mut()
            .retain(|open| wanted.contains(&open.listen));
        let mut all = true;
        for one in wanted {
            let known = self.open.borrow().iter().any(|open| open.listen == *one);
            if known {
                continue;
            }
            match self.add(one.clone()) {
                Ok(address) => log::info!("listening on {address}"),
                Err(error) => {
                    all = false;
                    log::error!("cannot listen on {}: {error}", one.address);
                }
            }
        }
        self.tell();
        all
    }

    /// Lets the others know where it listens.
    fn tell(&self) {
        *self.shared.listening.borrow_mut() = self.addresses();
    }

    /// Listens no more.
    pub fn clear(&self) {
        self.open.borrow_mut().clear();
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let open = self.open.borrow();
        open.iter().map(|open| open.listen.address).collect()
    }
}

/// The task of a listening socket.
async fn accept<E: Engine>(shared: Rc<Shared<E>>, listener: Rc<Io<OwnedFd>>) {
    loop {
        listener.ready(Interest::Read).await;
        for _ in 0..ACCEPTS_PER_TURN {
            match socket::accept(listener.fd()) {
                Ok((accepted, peer)) => admit(&shared, accepted, peer),
                Err(Errno::AGAIN) => {
                    listener.exhausted(Interest::Read);
                    break;
                }
                // Of this one connection, and it is gone ([accept(2)]: network errors are passed on).
                Err(
                    Errno::INTR
                    | Errno::CONNABORTED
                    | Errno::PERM
                    | Errno::PROTO
                    | Errno::NETDOWN
                    | Errno::NETUNREACH
                    | Errno::HOSTDOWN
                    | Errno::HOSTUNREACH
                    | Errno::NOPROTOOPT
                    | Errno::OPNOTSUPP
                    | Errno::TIMEDOUT,
                ) => {}
                Err(error) => {
                    shared.complain(format_args!("cannot take a connection: {error}"));
                    let now = shared.reactor.now();
                    shared
                        .reactor
                        .sleep_until(now.saturating_add(BACK_OFF))
                        .await;
                    break;
                }
            }
        }
        smol::future::yield_now().await;
    }
}

/// Gives a fresh connection its place, its name and its task, or closes it.
fn admit<E: Engine>(shared: &Rc<Shared<E>>, accepted: OwnedFd, peer: IpAddr) {
    let Some(executor) = shared.executor.upgrade() else {
        return;
    };
    let Some(index) = shared.places.claim() else {
        shared.complain(format_args!("{peer} refused: too many connections"));
        return;
    };
    let Ok(id) = shared.engine(|engine, now| engine.connect(peer, now)) else {
        shared.places.release(index);
        shared.complain(format_args!("{peer} refused: too many connections"));
        return;
    };
    shared.places.occupy(index, id);
    let life = Life {
        shared: shared.clone(),
        id,
        index,
    };
    if let Err(error) = socket::tune(&accepted) {
        log::debug!("{peer}: {error}");
    }
    match Io::new(&shared.reactor, accepted) {
        Ok(io) => executor.spawn(live(life, io, peer).boxed_local()).detach(),
        Err(error) => shared.complain(format_args!("{peer} refused: {error}")),
    }
}

/// What must be undone when a connection is gone, however it went.
struct Life<E: Engine> {
    shared: Rc<Shared<E>>,
    id: ConnectionId,
    index: usize,
}

impl<E: Engine> Drop for Life<E> {
    fn drop(&mut self) {
        let disconnect = || {
            self.shared
                .engine(|engine, now| engine.disconnect(self.id, now));
        };
        if catch_unwind(AssertUnwindSafe(disconnect)).is_err() {
            log::error!("a panic while a connection was closed");
        }
        self.shared.places.release(self.index);
    }
}

/// The task of a connection. A panic while it is served ends it alone.
async fn live<E: Engine>(life: Life<E>, io: Io<OwnedFd>, peer: IpAddr) {
    log::debug!("{peer} connected");
    let link = Link::new(life.shared.clone(), io, life.id, life.index);
    let end = AssertUnwindSafe(link.serve()).catch_unwind().await;
    match end {
        Ok(end @ (End::Stalled | End::NotAFrame | End::File(_))) => {
            life.shared.complain(format_args!("{peer}: {end}"));
        }
        Ok(end) => log::debug!("{peer}: {end}"),
        Err(_) => log::error!("{peer}: ended by a panic; this is a fault of the server"),
    }
    // The socket goes first: what disconnecting leaves undone is not waited for.
    drop(link);
    drop(life);
}
