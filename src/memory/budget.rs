//! Every limit of the server, computed once from the owner's wishes and the machine's RAM.

/// What the owner may ask for; `None` leaves it to the table of defaults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Ceiling for everything, in bytes.
    pub memory: Option<u64>,
    /// Longest read or write, in bytes.
    pub max_io: Option<u32>,
    /// Connections at once.
    pub max_connections: Option<u32>,
    /// Open files at once.
    pub max_open_files: Option<u32>,
}

/// How much of everything there is. All sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What the whole process may hold.
    pub ceiling: u64,
    /// Longest payload of a READ or WRITE; MaxReadSize, MaxWriteSize and MaxTransactSize.
    pub max_io: u32,
    /// I/O slots that receive.
    pub receive_slots: u32,
    /// I/O slots that send.
    pub send_slots: u32,
    /// Connections.
    pub connections: u32,
    /// Of those, how many may be without a login at once.
    pub unauthenticated: u32,
    /// Of those, how many from one address.
    pub unauthenticated_per_address: u32,
    /// Sessions.
    pub sessions: u32,
    /// Logins under way.
    pub logins: u32,
    /// Tree connects.
    pub trees: u32,
    /// Open files, directories and pipes.
    pub opens: u32,
    /// Byte-range locks.
    pub locks: u32,
    /// Opens that may outlive their connections.
    pub durables: u32,
    /// Directories that are watched for changes.
    pub watches: u32,
    /// Requests that wait.
    pub parked: u32,
    /// Requests kept whole while they wait.
    pub deferred: u32,
    /// Open named pipes.
    pub pipes: u32,
    /// Receive buffer of each connection.
    pub receive_buffer: u32,
    /// Folders whose names are remembered.
    pub folders: u32,
    /// Bytes for their names.
    pub names: u32,
}

/// One line of the memory table: a pool or table, how many entries it has, and what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What is held.
    pub name: &'static str,
    /// How many at most.
    pub count: u64,
    /// What one costs in bytes.
    pub each: u64,
}

impl Holder {
    /// What all of them cost in bytes.
    pub fn total(&self) -> u64 {
        self.count.saturating_mul(self.each)
    }
}

struct Row {
    ram: u64,
    ceiling: u64,
    max_io: u32,
    slots: u32,
    connections: u32,
    opens: u32,
}

/// What an open costs at most, with its object, locks and oplock; a test of the engine holds the tables to it.
const OPEN: u64 = 640;
/// What a connection costs at most, with its receive buffer, two sessions, four tree connects, two watches
/// and requests that wait.
const CONNECTION: u64 = 23 << 10;
/// The program, its stack, pipes, kept requests and what the disk's side works in.
const PROCESS: u64 = 5 << 18;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// DESIGN's table: who may hold how much, by the RAM of the machine.
const DEFAULTS: [Row; 4] = [
    Row {
        ram: 64 * MIB,
        ceiling: 4 * MIB,
        max_io: 64 << 10,
        slots: 24,
        connections: 32,
        opens: 512,
    },
    Row {
        ram: 128 * MIB,
        ceiling: 8 * MIB,
        max_io: 256 << 10,
        slots: 20,
        connections: 64,
        opens: 1_024,
    },
    Row {
        ram: 256 * MIB,
        ceiling: 16 * MIB,
        max_io: 512 << 10,
        slots: 24,
        connections: 128,
        opens: 4_096,
    },
    Row {
        ram: u64::MAX,
        ceiling: 32 * MIB,
        max_io: 1 << 20,
        slots: 24,
        connections: 256,
        opens: 16_384,
    },
];

impl Budget {
    /// Room in a slot beside the payload: transform header, SMB2 headers of a compound, names and contexts.
    pub const SLOT_OVERHEAD: u32 = 8 << 10;
    /// Shortest and longest `max_io` that can be asked for.
    pub const MAX_IO: core::ops::RangeInclusive<u32> = (64 << 10)..=(8 << 20);

    /// The budget of a machine with `ram` bytes whose owner asked for `limits`.
    pub fn new(ram: u64, limits: &Limits) -> Budget {
        let row = DEFAULTS
            .iter()
            .find(|row| match limits.memory {
                Some(memory) => memory <= row.ceiling,
                None => ram <= row.ram,
            })
            .unwrap_or(&DEFAULTS[DEFAULTS.len() - 1]);
        let ceiling = limits.memory.unwrap_or(row.ceiling).max(3 * MIB);
        let max_io = limits
            .max_io
            .unwrap_or(row.max_io)
            .clamp(*Self::MAX_IO.start(), *Self::MAX_IO.end());
        let connections = limits
            .max_connections
            .unwrap_or(row.connections)
            .clamp(4, 4_096);
        let opens = limits.max_open_files.unwrap_or(row.opens).clamp(64, 65_000);
        // Slots take what the tables and the process itself leave: with a longer max_io there are fewer.
        let slot = u64::from(max_io + Self::SLOT_OVERHEAD);
        let names = (ceiling / 16).min(16 * MIB);
        let tables =
            u64::from(opens) * OPEN + u64::from(connections) * CONNECTION + PROCESS + names;
        let slots = (ceiling.saturating_sub(tables) / slot).clamp(4, u64::from(row.slots)) as u32;
        Budget {
            ceiling,
            max_io,
            // Small requests need no receive slot, but every reply needs one to be sent from, and keeps it
            // while its client does not take it: the more of them, the more such clients harm nobody.
            receive_slots: slots / 3,
            send_slots: slots - slots / 3,
            connections,
            unauthenticated: (connections / 2).max(4),
            unauthenticated_per_address: (connections / 4).max(4),
            sessions: connections * 2,
            logins: (connections / 2).clamp(4, 64),
            trees: (connections * 4).min(4_096),
            opens,
            locks: opens.saturating_mul(2),
            durables: (opens / 8).min(1_024),
            watches: connections.saturating_mul(2).clamp(32, 512),
            parked: connections.saturating_mul(4).min(1_024),
            deferred: (connections / 2).clamp(8, 64),
            pipes: (connections / 4).clamp(4, 16),
            receive_buffer: 8 << 10,
            folders: (ceiling / (32 * KIB)).clamp(64, 2_048) as u32,
            names: names as u32,
        }
    }

    /// Length of one I/O slot.
    pub fn slot_size(&self) -> u32 {
        self.max_io + Self::SLOT_OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_follow_the_ram() {
        let cases = [
            (49 * MIB, 4 * MIB, 64 << 10, 512),
            (128 * MIB, 8 * MIB, 256 << 10, 1_024),
            (512 * MIB, 32 * MIB, 1 << 20, 16_384),
        ];
        for (ram, ceiling, max_io, opens) in cases {
            let budget = Budget::new(ram, &Limits::default());
            assert_eq!(
                (budget.ceiling, budget.max_io, budget.opens),
                (ceiling, max_io, opens)
            );
        }
    }

    #[test]
    fn slots_fit_the_ceiling_when_there_are_more_than_four() {
        for ram in [32 * MIB, 100 * MIB, 200 * MIB, 4096 * MIB] {
            for max_io in [None, Some(64 << 10), Some(1 << 20), Some(8 << 20)] {
                let budget = Budget::new(
                    ram,
                    &Limits {
                        max_io,
                        ..Limits::default()
                    },
                );
                let slots = budget.receive_slots + budget.send_slots;
                let bytes = u64::from(slots) * u64::from(budget.slot_size());
                assert!(slots == 4 || bytes <= budget.ceiling, "{budget:?}");
                assert!(budget.receive_slots >= 1 && budget.send_slots >= 1);
            }
        }
    }
}
