//! What the running server tells of itself.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::connect;
use super::live::Live;
use smolsmb::control::{self, LIST_LIMIT, Memory, MemoryRow, Status};
use smolsmb::disks::Placed;
use smolsmb::engine::{Server, ShareReport};
use smolsmb::net::Gauges;
use smolsmb::vfs::local::Local;
use smolsmb::wire::{access, filetime};

/// Its state now.
pub fn status(live: &Live) -> Status {
    let now = live.now();
    let mut engine = live.engine.borrow_mut();
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
    let shares = engine
        .report_shares()
        .map(|one| share(one, &live.placed))
        .collect();
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
        uptime: live.since.elapsed().as_secs(),
        memory: Memory {
            ceiling: budget.ceiling,
            resident: resident(),
            rows: rows(&engine, &live.gauges),
        },
        connections: u32::try_from(live.gauges.connections).unwrap_or(u32::MAX),
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
        listening: listening(live),
        shares,
        disks: live
            .found
            .iter()
            .map(|disk| control::Disk {
                device: disk.mount.source.clone(),
                path: disk.mount.point.display().to_string(),
                filesystem: disk.mount.filesystem.clone(),
                label: disk.identity.label.clone(),
                uuid: disk.identity.uuid.clone(),
                read_only: disk.mount.read_only,
                ejected: disk.ejected,
                share: disk.share.clone(),
                offered: disk.offered,
            })
            .collect(),
        mistakes: live.mistakes.clone(),
    }
}

/// Each address once, though it may be listened on at several interfaces.
fn listening(live: &Live) -> Vec<control::Listening> {
    let all = &live.gauges.listening;
    let first =
        |at: usize, address: &SocketAddr| !all.iter().take(at).any(|other| other == address);
    all.iter()
        .enumerate()
        .filter(|&(at, address)| first(at, address))
        .map(|(_, address)| control::Listening {
            address: address.to_string(),
            network: live.network_of(*address),
        })
        .collect()
}

/// A share with its state.
fn share(one: ShareReport<'_>, placed: &[Placed]) -> control::Share {
    let path = Path::new(OsStr::from_bytes(&one.share.path));
    let placed = placed.iter().find(|p| p.share.name == one.share.name);
    // Looked at now: it may have come since somebody last asked for it, or have gone while it was held.
    let why = match std::fs::metadata(path) {
        _ if one.share.disk.is_none() => placed
            .and_then(|placed| placed.on.err())
            .unwrap_or("its disk is absent")
            .to_owned(),
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
        automatic: placed.is_some_and(|placed| placed.automatic),
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
