//! The seam: what the verbs need of the server's own rooms, in one place.

use super::serve::Prepared;
use smolsmb::config::{NtHash, ServerConfig};
use smolsmb::memory::{Budget, Holder, Limits};

/// The NT hash of a password, for the database.
pub fn nt_hash(password: &str) -> NtHash {
    NtHash(smolsmb::auth::nt_hash(password))
}

/// Every limit, from the configuration and this machine's RAM.
pub fn budget(server: &ServerConfig) -> Budget {
    let limits = Limits {
        memory: server.memory.map(|mib| u64::from(mib) << 20),
        max_io: server.max_io.map(|kib| kib.saturating_mul(1024)),
        max_connections: server.max_connections,
        max_open_files: server.max_open_files,
    };
    Budget::new(ram(), &limits)
}

/// What the memory goes to; `each` 0: not known yet.
pub fn holders(budget: &Budget) -> Vec<Holder> {
    let row = |name, count: u32, each: u32| Holder {
        name,
        count: count.into(),
        each: each.into(),
    };
    vec![
        row(
            "slots that receive",
            budget.receive_slots,
            budget.slot_size(),
        ),
        row("slots that send", budget.send_slots, budget.slot_size()),
        row("connections", budget.connections, budget.receive_buffer),
        row("sessions", budget.sessions, 0),
        row("logins under way", budget.logins, 0),
        row("tree connects", budget.trees, 0),
        row("open files", budget.opens, 0),
        row("locks", budget.locks, 0),
        row("requests that wait", budget.parked, 0),
        row("pipes", budget.pipes, 0),
    ]
}

/// Bytes of RAM as the kernel counts them; 64 MiB if it does not say, the least a router has.
pub fn ram() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse::<u64>()
            .ok()
    });
    kib.map_or(64 << 20, |kib| kib.saturating_mul(1024))
}

/// Serves until told to stop.
pub fn start(prepared: Prepared) -> Result<(), String> {
    log::debug!("control socket: {}", prepared.socket.display());
    // Once the sockets listen, with their own addresses:
    let _ = super::say(&prepared.greeting(&prepared.config.server.listen));
    // On SIGHUP:
    let _ = prepared.source.build()?;
    Err("the engine is not connected to the network yet".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_is_known_here() {
        assert!(ram() > 16 << 20);
    }
}
