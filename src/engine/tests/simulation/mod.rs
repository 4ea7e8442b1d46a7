//! Several clients at random, in virtual time: they open with oplocks, leases and durable handles, read, write,
//! lock, rename, delete, watch, cancel, acknowledge breaks or not, lose their connections and come back, while
//! after each step everything the server remembers must agree with itself and with what the clients were told.
//!
//! A seed that fails is printed; `SMOLSMB_SEED=n` runs that one alone, and tells each step;
//! `SMOLSMB_SEEDS=n` runs that many instead of the usual few.

mod invariants;
mod party;

use super::client::*;
use super::leasing::set_info;
use crate::vfs::{Deed, Observed};
use crate::wire::header::Command;
use party::{Party, Seen};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How many seeds an ordinary run tries.
const USUAL: u64 = 500;
/// How many steps each has.
const STEPS: usize = 160;

/// Random numbers that come again with their seed (SplitMix64).
pub struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A connection that its client has given up, and of which the server does not know yet.
pub struct Ghost {
    pub client: Client,
    pub party: usize,
    pub handles: Vec<party::Held>,
}

struct Simulation {
    world: World,
    dice: Dice,
    parties: Vec<Party>,
    ghosts: Vec<Ghost>,
    talk: bool,
}

impl Simulation {
    fn new(seed: u64, talk: bool) -> Self {
        let mut dice = Dice(seed);
        // In every third the tables are so small that they are full now and then.
        let tight = dice.once_in(3);
        let mut world = World::bounded(
            |_| {},
            |budget| {
                if tight {
                    budget.opens = 10;
                    budget.locks = 6;
                    budget.durables = 2;
                    budget.watches = 2;
                    budget.parked = 6;
                    budget.deferred = 2;
                }
            },
        );
        let mut first = world.alice(crate::wire::negotiate::Dialect::Smb311);
        let body = create_with("d", 2, 1, 0);
        let folder = first.ask(&mut world, Command::Create, &body).file_id();
        first.ask(&mut world, Command::Close, &close(folder));
        world.server.disconnect(first.connection, world.now);
        let count = 2 + dice.below(3);
        Simulation {
            world,
            parties: (0..count).map(|number| Party::new(number as u8)).collect(),
            dice,
            ghosts: vec![],
            talk,
        }
    }

    fn step(&mut self) {
        let at = self.dice.below(self.parties.len());
        let Simulation {
            world,
            dice,
            parties,
            ghosts,
            ..
        } = self;
        let party = &mut parties[at];
        let said = match dice.below(40) {
            0 => {
                let time = dice.pick(&[1, 500, 4_000, 36_000, 70_000, 130_000]);
                world.pass(time);
                format!("{time} ms pass")
            }
            1 if !ghosts.is_empty() => {
                let ghost = ghosts.remove(dice.below(ghosts.len()));
                world.server.disconnect(ghost.client.connection, world.now);
                let party = &mut parties[ghost.party];
                party.lose(ghost.handles);
                format!("{}'s old connection ends", ghost.party)
            }
            2 => {
                if let Some((client, handles)) = party.vanish() {
                    let party = at;
                    ghosts.push(Ghost {
                        client,
                        party,
                        handles,
                    });
                }
                "vanishes".to_owned()
            }
            3 => {
                let observed = world.server.objects.iter();
                let observed = observed.filter_map(|(_, object)| object.observed);
                let observed: Vec<_> = observed.chain([Observed(-1)]).collect();
                let of = dice.pick(&observed);
                let deed = match of {
                    Observed(-1) => Deed::Lost,
                    _ => dice.pick(&[Deed::Added, Deed::Removed, Deed::Written, Deed::Changed]),
                };
                let name = dice.pick(&["", "a", "x"]).into();
                world.server.vfs.outside.push_back((of, deed, false, name));
                world.server.disk_changed(world.now);
                format!("on the router: {deed:?}")
            }
            _ => party.act(world, dice),
        };
        if self.talk {
            println!("{at}: {said}");
        }
        self.deliver(false);
        self.check();
    }

    /// Ends connections that the server wants ended, and lets clients hear what they were told; not all at
    /// once, unless `all`.
    fn deliver(&mut self, all: bool) {
        while let Some(woken) = self.world.server.next_woken() {
            if !self.world.server.must_close(woken) {
                continue;
            }
            if let Some(at) = self
                .ghosts
                .iter()
                .position(|ghost| ghost.client.connection == woken)
            {
                let ghost = self.ghosts.remove(at);
                self.world.server.disconnect(woken, self.world.now);
                self.parties[ghost.party].lose(ghost.handles);
            }
            for party in &mut self.parties {
                if party.is_on(woken) {
                    party.cut(&mut self.world);
                }
            }
        }
        for party in &mut self.parties {
            party.is_spoken_to();
            if all || !self.dice.once_in(4) {
                party.hear(&mut self.world);
            }
        }
    }

    fn check(&mut self) {
        invariants::of_server(&mut self.world.server);
        for (at, party) in self.parties.iter_mut().enumerate() {
            let alone = !self.ghosts.iter().any(|ghost| ghost.party == at);
            party.check(&self.world.server, alone);
        }
    }

    /// Everything is answered in the end, and nothing is left.
    fn finish(mut self) -> Seen {
        // Breaks that nobody acknowledges time out one after another, each for whoever waits for it.
        for _ in 0..40 {
            self.world.pass(36_000);
            self.deliver(true);
            self.check();
        }
        for party in &mut self.parties {
            party.answered_but_for(true);
            party.close_everything(&mut self.world);
            party.hear(&mut self.world);
        }
        for party in &mut self.parties {
            party.hear(&mut self.world);
            party.answered_but_for(false);
            party.cut(&mut self.world);
        }
        for ghost in self.ghosts {
            self.world
                .server
                .disconnect(ghost.client.connection, self.world.now);
        }
        self.world.pass(400_000);
        self.world.assert_empty();
        let server = &self.world.server;
        let counts = (server.breaks_running, server.detached, server.folder_leases);
        assert_eq!((counts, server.woken), ((0, 0, 0), 0));
        let mut all = Seen::default();
        for Party { seen, .. } in &self.parties {
            all.waited += seen.waited;
            all.came_back += seen.came_back;
            all.told += seen.told;
            all.told_of_folders += seen.told_of_folders;
            all.locked_late += seen.locked_late;
            all.exhausted += seen.exhausted;
        }
        all
    }
}

fn run(seed: u64, talk: bool) -> Seen {
    let mut simulation = Simulation::new(seed, talk);
    for _ in 0..STEPS {
        simulation.step();
    }
    simulation.finish()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_clients_do_the_server_agrees_with_itself_and_with_what_it_told_them() {
    if let Some(seed) = number("SMOLSMB_SEED") {
        println!("{:?}", run(seed, true));
        return;
    }
    let start = number("SMOLSMB_FIRST_SEED").unwrap_or(0);
    let mut rare = [0; 6];
    for seed in start..start + number("SMOLSMB_SEEDS").unwrap_or(USUAL) {
        match catch_unwind(AssertUnwindSafe(|| run(seed, false))) {
            Ok(seen) => {
                let Seen {
                    waited,
                    came_back,
                    told,
                    told_of_folders,
                    locked_late,
                    exhausted,
                } = seen;
                let all = [
                    waited,
                    came_back,
                    told,
                    told_of_folders,
                    locked_late,
                    exhausted,
                ];
                rare.iter_mut().zip(all).for_each(|(sum, one)| *sum += one);
            }
            Err(panic) => {
                eprintln!("SMOLSMB_SEED={seed} fails");
                resume_unwind(panic);
            }
        }
    }
    assert!(
        rare.iter().all(|times| *times > 0),
        "not all of it happens: {rare:?}"
    );
    println!("waited, came back, told, of folders, locked late, exhausted: {rare:?}");
}

/// The bodies of requests that have no builder elsewhere.
fn flush(file: [u8; 16]) -> Vec<u8> {
    [&[24, 0, 0, 0, 0, 0, 0, 0][..], &file].concat()
}

fn end_of_file(file: [u8; 16], size: u64) -> Vec<u8> {
    set_info(file, 20, &size.to_le_bytes())
}
