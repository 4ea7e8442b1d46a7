//! The running server: the engine, the sockets and the files of this machine put together.

use core::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use super::live::{Live, wall};
use super::serve::Prepared;
use super::setup::{Machine, listen, setup};
use super::{check, ciphers, connect, logging, say};
use smolsmb::control;
use smolsmb::disks::{Disks, mounts, superblock};
use smolsmb::engine::Server;
use smolsmb::net::{self, Gauges, Hooks, Settings};
use smolsmb::vfs::local::Local;

/// Nanoseconds a start spends on measuring each algorithm.
const QUICK: u64 = 3_000_000;

/// Serves until told to stop.
pub fn start(prepared: Prepared) -> Result<(), String> {
    let machine = Machine::look(ciphers::speeds(QUICK), wall());
    let prepared = Rc::new(prepared);
    let config = &prepared.config;
    let budget = connect::budget(&config.server);
    let store = Local::new(smolsmb::vfs::local::Limits {
        observed: budget.watches.saturating_mul(4) as usize,
        folders: budget.folders as usize,
        names: budget.names as usize,
    });
    let changes = store.bell();
    let mut disks = Disks::default();
    let (placed, found) = disks.look(config, &mounts::read(), &superblock::identify);
    let setup = setup(config, &placed, &machine);
    let server = Server::new(setup, budget, store, Box::new(fill_random));
    let engine = Rc::new(RefCell::new(server));
    let settings = Settings {
        listen: listen(&config.server),
        control: Some(prepared.socket.clone()),
        ubus: prepared.ubus.clone(),
        changes,
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
        disks,
        placed,
        found,
        ejecting: None,
    }));
    let (reloads, finds, watches, answers) = (live.clone(), live.clone(), live.clone(), live);
    let hooks = Hooks {
        reload: Box::new(move || match reloads.borrow_mut().read_again() {
            Ok(place) => Some(place),
            Err(reason) => {
                log::error!(target: logging::UNLIMITED, "the config was not taken over: {reason}");
                None
            }
        }),
        networks: Box::new(move |answer| finds.borrow_mut().networks(answer)),
        mounts: Box::new(move || watches.borrow_mut().look()),
        control: Box::new(move |line, gauges| {
            let mut live = answers.borrow_mut();
            live.gauges = gauges.clone();
            let mut out = String::new();
            control::answer(line, &mut *live, &mut out).then(|| out.into_bytes())
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
