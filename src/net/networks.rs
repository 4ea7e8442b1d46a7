//! Where to listen, as the addresses of the router's networks come and go.
//!
//! The kernel says when something changes (netlink), `ubus` which addresses and interfaces a network has; the
//! owner of the server picks those that are its own. A network that has no address yet is waited for: nothing is
//! listened on in its place. When ubus does not answer, what there is stays.

use super::Place;
use super::listener::{Listen, Listeners};
use super::notify::Notify;
use super::port::Engine;
use super::reactor::{Interest, Io};
use super::shared::Shared;
use crate::sys::child::Asked;
use crate::sys::network;
use core::cell::{Cell, RefCell};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::io;
use std::path::PathBuf;

/// The longest answer, in bytes.
const ANSWER: usize = 512 << 10;
/// How long ubus may take, in milliseconds.
const PATIENCE: u64 = 10_000;
/// How long after a change it is asked, in milliseconds, and once more: the kernel has an address before netifd
/// says so.
const SETTLE: [u64; 2] = [300, 3_000];
/// How often it is asked while something is missing, in milliseconds.
const RETRY: u64 = 10_000;

/// What was found in ubus' answer; `None`: it is none.
pub type Resolve = Box<dyn FnMut(&[u8]) -> Option<Found>>;

/// Addresses of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// Every network had one.
    pub whole: bool,
}

/// The task that follows them.
pub struct Follower {
    ubus: PathBuf,
    /// Listened on whatever the networks are; `None`: no networks are to be followed.
    always: RefCell<Option<Vec<Listen>>>,
    again: Notify,
    complained: Cell<bool>,
}

impl Follower {
    /// For the networks of a place, if it has any.
    pub fn new(place: &Place, ubus: PathBuf) -> Self {
        Follower {
            ubus,
            always: RefCell::new(always(place)),
            again: Notify::default(),
            complained: Cell::default(),
        }
    }

    /// The networks are others, or none.
    pub fn follow(&self, place: &Place) {
        *self.always.borrow_mut() = always(place);
        self.again.notify();
    }

    /// The task.
    pub async fn run<E: Engine>(
        &self,
        shared: &Shared<E>,
        listeners: &Listeners<E>,
        mut resolve: Resolve,
    ) {
        let changes = network::changes().and_then(|socket| Io::new(&shared.reactor, socket));
        let changes = changes
            .inspect_err(|error| log::warn!("changes of addresses are not seen: {error}"))
            .ok();
        // Asked again after so long; empty: when something happens.
        let mut due: &[u64] = &[];
        loop {
            let always = self.always.borrow().clone();
            let mut missing = false;
            if let Some(always) = always {
                let answer = self.ask(shared).await;
                if self.always.borrow().as_ref() != Some(&always) {
                    continue;
                }
                match answer {
                    Ok(answer) => match resolve(&answer) {
                        Some(mut found) => {
                            self.complained.set(false);
                            found.listen.extend(always);
                            missing = !listeners.set(&found.listen) || !found.whole;
                        }
                        None => missing = self.complain("what it says is not understood"),
                    },
                    Err(error) => missing = self.complain(&error.to_string()),
                }
            }
            let wait = match due.split_first() {
                Some((&first, rest)) => {
                    due = rest;
                    first
                }
                None if missing => RETRY,
                None => u64::MAX,
            };
            let deadline = shared.reactor.now().saturating_add(wait);
            let time = async {
                shared.reactor.sleep_until(deadline).await;
                false
            };
            let told = async {
                self.again.notified().await;
                false
            };
            let changed = async {
                match &changes {
                    Some(changes) => happened(changes).await,
                    None => core::future::pending().await,
                }
            };
            if smol::future::or(smol::future::or(changed, told), time).await {
                let [soon, later] = &SETTLE;
                let soon = shared.reactor.now().saturating_add(*soon);
                shared.reactor.sleep_until(soon).await;
                due = core::slice::from_ref(later);
            }
        }
    }

    /// Once, until it answers again.
    fn complain(&self, why: &str) -> bool {
        if !self.complained.replace(true) {
            log::warn!(
                "{}: {why}; the networks' addresses are not known",
                self.ubus.display()
            );
        }
        true
    }

    /// What ubus says of every network.
    async fn ask<E: Engine>(&self, shared: &Shared<E>) -> io::Result<Vec<u8>> {
        let arguments = ["-t", "5", "call", "network.interface", "dump"];
        let asked = Io::new(&shared.reactor, Asked::start(&self.ubus, &arguments)?)?;
        let answer = async {
            let mut answer = Vec::new();
            loop {
                let mut bytes = [0; 2_048];
                let read = asked.retry(Interest::Read, |asked| rustix::io::read(asked, &mut bytes));
                let read = read.await?;
                answer.extend_from_slice(bytes.get(..read).unwrap_or_default());
                if read == 0 || answer.len() > ANSWER {
                    return Ok(answer);
                }
            }
        };
        let late = async {
            let deadline = shared.reactor.now().saturating_add(PATIENCE);
            shared.reactor.sleep_until(deadline).await;
            Err(io::Error::from(Errno::TIMEDOUT))
        };
        smol::future::or(answer, late).await
    }
}

fn always(place: &Place) -> Option<Vec<Listen>> {
    place.networks.then(|| place.addresses.clone())
}

/// Waits until an address changes.
async fn happened(changes: &Io<OwnedFd>) -> bool {
    loop {
        changes.ready(Interest::Read).await;
        let any = network::drain(changes.fd());
        changes.exhausted(Interest::Read);
        match any {
            Ok(false) => {}
            Ok(true) => return true,
            Err(error) => {
                log::warn!("changes of addresses are not seen any more: {error}");
                core::future::pending::<()>().await;
            }
        }
    }
}
