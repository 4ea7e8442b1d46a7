//! What changes while the server runs: the configuration, the networks, the disks; and what the control socket asks.

use core::cell::RefCell;
use core::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use super::ejecting::Ejecting;
use super::serve::Prepared;
use super::setup::{Machine, interfaces, listen, setup};
use super::{check, logging, networks};
use smolsmb::config::Config;
use smolsmb::control::{Ejected, Running, Status};
use smolsmb::disks::{Disk, Disks, Placed, mounts, superblock};
use smolsmb::engine::{Now, Server};
use smolsmb::net::{Found, Gauges, Place};
use smolsmb::vfs::local::Local;
use smolsmb::wire::filetime;

/// What reload and the control socket need of the running server.
pub struct Live {
    /// The server.
    pub engine: Rc<RefCell<Server<Local>>>,
    /// What was found out at the start.
    pub machine: Machine,
    /// What the start was told.
    pub prepared: Rc<Prepared>,
    /// The configuration in use.
    pub config: Config,
    /// Addresses of networks that are listened on.
    pub networks: Vec<networks::Of>,
    /// What is wrong with the configuration in use.
    pub mistakes: Vec<String>,
    /// When it started.
    pub since: Instant,
    /// How full the net is.
    pub gauges: Gauges,
    /// What is remembered of disks.
    pub disks: Disks,
    /// The shares, where they are now.
    pub placed: Vec<Placed>,
    /// The disks that are mounted.
    pub found: Vec<Disk>,
    /// A disk that is being given up.
    pub ejecting: Option<Ejecting>,
}

impl Live {
    /// The time, for the engine.
    pub fn now(&self) -> Now {
        Now {
            wall: wall(),
            mono: u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Reads the config again and takes it over; where to listen from now on.
    pub fn read_again(&mut self) -> Result<Place, String> {
        let loaded = self.prepared.source.build()?;
        for mistake in &loaded.mistakes {
            log::warn!(target: logging::UNLIMITED, "{mistake}");
        }
        self.mistakes = loaded.mistakes.iter().map(check::worded).collect();
        logging::set_level(loaded.config.server.log_level);
        self.config = loaded.config;
        self.place();
        self.put();
        log::info!(target: logging::UNLIMITED, "the config was read again");
        Ok(listen(&self.config.server))
    }

    /// Looks at what is mounted, and serves what is there now.
    pub fn look(&mut self) {
        if self.place() {
            self.put();
        }
    }

    /// Puts the shares onto what is mounted; whether any is elsewhere now.
    fn place(&mut self) -> bool {
        let before = core::mem::take(&mut self.placed);
        (self.placed, self.found) =
            self.disks
                .look(&self.config, &mounts::read(), &superblock::identify);
        for one in &self.placed {
            let was = before.iter().find(|was| was.share.name == one.share.name);
            let name = &one.share.name;
            match (was.map(|was| was.on), one.on) {
                (Some(was), now) if was == now => {}
                (None, Ok(_)) if !one.automatic => {}
                (_, Ok(_)) => log::info!("share '{name}' is served on {}", one.path.display()),
                (_, Err(why)) => log::warn!("share '{name}' is absent: {why}"),
            }
        }
        before != self.placed
    }

    /// Lets the engine have the configuration, with the shares where they are now.
    fn put(&mut self) {
        let now = self.now();
        let setup = setup(&self.config, &self.placed, &self.machine);
        self.engine.borrow_mut().reconfigure(setup, now);
        if listen(&self.config.server).networks {
            self.tell_interfaces();
        }
    }

    /// Finds the addresses of the configured networks in what ubus says.
    pub fn networks(&mut self, answer: &[u8]) -> Option<Found> {
        let server = &self.config.server;
        let known = smolsmb::sys::network::addresses6();
        let (found, whole) = networks::resolve(answer, &known, &server.network, server.port)?;
        if found != self.networks {
            self.networks = found;
            self.tell_interfaces();
        }
        Some(Found {
            listen: self
                .networks
                .iter()
                .map(|(listen, _)| listen.clone())
                .collect(),
            whole,
        })
    }

    /// The network an address is listened on for; empty: none.
    pub fn network_of(&self, address: SocketAddr) -> String {
        let mut networks = self.networks.iter();
        let found = networks.find(|(listen, _)| listen.address == address);
        found.map_or_else(String::new, |(_, name)| name.clone())
    }

    /// Tells the engine the networks' addresses, for clients that ask.
    fn tell_interfaces(&self) {
        let addresses = self.networks.iter().map(|(listen, _)| listen.address.ip());
        self.engine
            .borrow_mut()
            .set_interfaces(interfaces(addresses));
    }
}

impl Running for Live {
    fn status(&mut self) -> Status {
        self.look();
        super::report::status(self)
    }

    fn disconnect(&mut self, session: u64) -> bool {
        self.engine.borrow_mut().disconnect_session(session)
    }

    fn eject(&mut self, path: &str) -> Option<Result<Ejected, String>> {
        Ejecting::go_on(self, path)
    }

    fn reload(&mut self) -> Result<String, String> {
        // The signal's own way: it tells the sockets too.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP)
            .map_err(|error| error.to_string())?;
        let loaded = self.prepared.source.build()?;
        Ok(match loaded.mistakes.len() {
            0 => "the config is read again".to_owned(),
            count => format!("the config is read again, with {count} mistakes"),
        })
    }
}

/// The calendar's time as a FILETIME.
pub fn wall() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    filetime::from_unix(
        i64::try_from(since.as_secs()).unwrap_or(0),
        since.subsec_nanos(),
    )
}
