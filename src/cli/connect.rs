//! The seam: what the verbs need of the server's own rooms, in one place.

use smolsmb::config::{NtHash, ServerConfig};
use smolsmb::engine::Server;
use smolsmb::memory::{Budget, Holder, Limits};
use smolsmb::vfs::local::Local;

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

/// What the memory goes to.
pub fn holders(budget: &Budget) -> Vec<Holder> {
    Server::<Local>::holders(budget).to_vec()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_is_known_here() {
        assert!(ram() > 16 << 20);
    }
}
