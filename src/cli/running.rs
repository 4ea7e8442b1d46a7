//! The running server: the engine, the sockets and the files of this machine put together.

use core::cell::RefCell;
use core::net::SocketAddr;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use super::networks;
use super::serve::Prepared;
use super::setup::{Machine, interfaces, listen, setup};
use super::{check, ciphers, connect, logging, say};
use smolsmb::config::Config;
use smolsmb::control::{self, LIST_LIMIT, Memory, MemoryRow, Running, Status};
use smolsmb::engine::{Now, Server, ShareReport};
use smolsmb::net::{self, Found, Gauges, Hooks, Place, Settings};
use smolsmb::vfs::local::Local;
use smolsmb::wire::{access, filetime};

/// Nanoseconds a start spends on measuring each algorithm.
const QUICK: u64 = 3_000_000;

/// Serves until told to stop.
pub fn start(prepared: Prepared) -> Result<(), String> {
    let machine = Machine::look(ciphers::speeds(QUICK), wall());
    let prepared = Rc::new(prepared);
    let config = &prepared.config;
    let budget = connect::budget(&config.server);
    let disk = Local::new(smolsmb::vfs::local::Limits::default());
    let server = Server::new(setup(config, &machine), budget, disk, Box::new(fill_random));
    let engine = Rc::new(RefCell::new(server));
    let settings = Settings {
        listen: listen(&config.server),
        control: Some(prepared.socket.clone()),
        ubus: prepared.ubus.clone(),
    };
    let live = Rc::new(RefCell::new(Live {
        engine: engine.clone(),
        machine,
        mistakes: prepared.mistakes.iter().map(check::worded).collect(),
        config: config.clone(),
        networks: Vec::new(),
        prepared: prepared.clone(),
        since: Instant::now(),
        gauges: Gauges::default(),
    }));
    let (reloads, finds, answers) = (live.clone(), live.clone(), live);
    let hooks = Hooks {
        reload: Box::new(move || match reloads.borrow_mut().read_again() {
            Ok(place) => Some(place),
            Err(reason) => {
                log::error!(target: logging::UNLIMITED, "the config was not taken over: {reason}");
                None
            }
        }),
        networks: Box::new(move |answer| finds.borrow_mut().networks(answer)),
        control: Box::new(move |line, gauges| {
            let mut live = answers.borrow_mut();
            live.gauges = gauges.clone();
            let mut out = String::new();
            control::answer(line, &mut *live, &mut out);
            out.into_bytes()
        }),
        ready: Box::new(move |listening| {
            // From here on clients are heard; the sockets are there.
            if let Err(error) = smolsmb::sys::privilege::give_up() {
                log::error!("rights that are not needed could not be given up: {error}");
            }
            for address in listening {
                log::info!(target: logging::UNLIMITED, "listening on {address}");
            }
            let _ = say(&prepared.greeting(listening));
        }),
    };
    net::serve(engine, &budget, &settings, hooks).map_err(|error| error.to_string())
}

/// What reload and the control socket need of the running server.
struct Live {
    engine: Rc<RefCell<Server<Local>>>,
    machine: Machine,
    prepared: Rc<Prepared>,
    /// The configuration in use.
    config: Config,
    /// Addresses of networks that are listened on.
    networks: Vec<networks::Of>,
    /// What is wrong with the configuration in use.
    mistakes: Vec<String>,
    since: Instant,
    gauges: Gauges,
}

impl Live {
    fn now(&self) -> Now {
        Now {
            wall: wall(),
            mono: u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Reads the config again and takes it over; where to listen from now on.
    fn read_again(&mut self) -> Result<Place, String> {
        let loaded = self.prepared.source.build()?;
        for mistake in &loaded.mistakes {
            log::warn!(target: logging::UNLIMITED, "{mistake}");
        }
        self.mistakes = loaded.mistakes.iter().map(check::worded).collect();
        logging::set_level(loaded.config.server.log_level);
        let now = self.now();
        self.engine
            .borrow_mut()
            .reconfigure(setup(&loaded.config, &self.machine), now);
        log::info!(target: logging::UNLIMITED, "the config was read again");
        let place = listen(&loaded.config.server);
        if place.networks {
            self.tell_interfaces();
        }
        self.config = loaded.config;
        Ok(place)
    }

    /// Finds the addresses of the configured networks in what ubus says.
    fn networks(&mut self, answer: &[u8]) -> Option<Found> {
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
    fn network_of(&self, address: SocketAddr) -> String {
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
        let now = self.now();
        let mut engine = self.engine.borrow_mut();
        let sessions: Vec<_> = engine
            .sessions()
            .map(|session| control::Session {
                id: session.id,
                user: session.user.to_owned(),
                guest: session.guest,
                address: session
                    .address
                    .map(|address| address.to_string())
                    .unwrap_or_default(),
                dialect: session.dialect.name().to_owned(),
                signing: session
                    .signing
                    .map_or("", |algorithm| algorithm.name())
                    .to_owned(),
                encryption: session.cipher.map_or("", |cipher| cipher.name()).to_owned(),
                since: u64::try_from(filetime::to_unix(session.created).0).unwrap_or(0),
                idle: now.mono.saturating_sub(session.active) / 1_000,
                opens: session.opens,
            })
            .collect();
        let mut opens = Vec::new();
        let opens_total = engine.report_opens(LIST_LIMIT, &mut |open| {
            let share = if open.share.is_empty() {
                "IPC$"
            } else {
                open.share
            };
            opens.push(control::Open {
                session: open.session,
                share: share.to_owned(),
                path: open.path.to_vec(),
                access: rights(open.access),
                locks: u32::try_from(open.locks).unwrap_or(u32::MAX),
            });
        });
        let shares = engine.report_shares().map(share).collect();
        let locks = engine
            .usage()
            .iter()
            .find(|(name, ..)| *name == "locks")
            .map_or(0, |row| row.1);
        let totals = engine.totals();
        let budget = *engine.budget();
        Status {
            name: engine.name().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime: self.since.elapsed().as_secs(),
            memory: Memory {
                ceiling: budget.ceiling,
                resident: resident(),
                rows: rows(&engine, &self.gauges),
            },
            connections: u32::try_from(self.gauges.connections).unwrap_or(u32::MAX),
            sessions_total: u32::try_from(sessions.len()).unwrap_or(u32::MAX),
            sessions: sessions.into_iter().take(LIST_LIMIT).collect(),
            opens_total: u32::try_from(opens_total).unwrap_or(u32::MAX),
            opens,
            totals: control::Totals {
                bytes_read: totals.read,
                bytes_written: totals.written,
                requests: totals.requests,
            },
            locks_total: u32::try_from(locks).unwrap_or(u32::MAX),
            listening: self
                .gauges
                .listening
                .iter()
                .map(|address| control::Listening {
                    address: address.to_string(),
                    network: self.network_of(*address),
                })
                .collect(),
            shares,
            disks: Vec::new(),
            mistakes: self.mistakes.clone(),
        }
    }

    fn disconnect(&mut self, session: u64) -> bool {
        self.engine.borrow_mut().disconnect_session(session)
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

/// A share with its state.
fn share(one: ShareReport<'_>) -> control::Share {
    let path = Path::new(OsStr::from_bytes(&one.share.path));
    // Looked at now: it may have come since somebody last asked for it, or have gone while it was held.
    let why = match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => String::new(),
        Ok(_) => "no folder".to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => "the folder is not there".to_owned(),
        Err(error) => error.to_string(),
    };
    control::Share {
        name: one.share.name.clone(),
        path: path.display().to_string(),
        why,
        read_only: one.share.read_only,
        automatic: false,
        uses: u32::try_from(one.uses).unwrap_or(u32::MAX),
    }
}

/// The memory table with what is used of it.
fn rows(engine: &Server<Local>, gauges: &Gauges) -> Vec<MemoryRow> {
    let slots = gauges.receive_slots.in_use + gauges.send_slots.in_use;
    let usage = engine.usage();
    let used = |name: &str| match name {
        "I/O slots" => slots,
        "receive buffers" => gauges.connections,
        name => usage
            .iter()
            .find(|(one, ..)| *one == name)
            .map_or(0, |(_, used, _)| *used),
    };
    let row = |holder: &smolsmb::memory::Holder| MemoryRow {
        name: holder.name.to_owned(),
        used: used(holder.name) as u64,
        capacity: holder.count,
        bytes: holder.total(),
    };
    connect::holders(engine.budget()).iter().map(row).collect()
}

/// Granted rights in words.
fn rights(granted: u32) -> String {
    const WORDS: [(u32, &str); 4] = [
        (access::FILE_READ_DATA, "read"),
        (access::FILE_WRITE_DATA | access::FILE_APPEND_DATA, "write"),
        (access::DELETE, "delete"),
        (access::FILE_EXECUTE, "execute"),
    ];
    let words: Vec<_> = WORDS
        .iter()
        .filter(|(bits, _)| granted & bits != 0)
        .map(|(_, word)| *word)
        .collect();
    if words.is_empty() {
        "attributes".to_owned()
    } else {
        words.join(", ")
    }
}

/// Bytes of RAM the process holds; 0 if the system does not say.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0);
    pages.saturating_mul(rustix::param::page_size() as u64)
}

/// The calendar's time as a FILETIME.
fn wall() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    filetime::from_unix(
        i64::try_from(since.as_secs()).unwrap_or(0),
        since.subsec_nanos(),
    )
}

/// Fills a slice with the kernel's random bytes.
fn fill_random(bytes: &mut [u8]) {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty()) {
            Ok(more) => filled += more,
            Err(rustix::io::Errno::INTR) => {}
            // Without randomness there is no security: procd starts us again when there is some.
            Err(error) => panic!("no random numbers: {error}"),
        }
    }
}
