//! Runs every target for a while on mutated seeds. usage: smoke [--seconds N] [--seed N] [TARGET [FILE]]
//! The same seed gives the same inputs. A failing input is kept in target/fuzz-failures.

use fuzz::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            0
        } else {
            (self.next() % bound as u64) as usize
        }
    }
}

const VALUES: &[u64] = &[
    0,
    1,
    2,
    4,
    7,
    8,
    15,
    16,
    63,
    64,
    65,
    127,
    128,
    255,
    256,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFF8,
    0xFFFF_FFFF,
    u64::MAX,
];

fn mutate(random: &mut Random, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    for _ in 0..=random.below(6) {
        let at = random.below(input.len());
        match random.below(9) {
            0 if !input.is_empty() => input[at] ^= 1 << random.below(8),
            1 if !input.is_empty() => input[at] = random.next() as u8,
            2 => input.truncate(at),
            3 => input.insert(at, random.next() as u8),
            4 if !input.is_empty() => drop(input.remove(at)),
            5 | 6 => {
                // A number of any width, set to one at an edge.
                let value = VALUES[random.below(VALUES.len())].to_le_bytes();
                let width = [1, 2, 4, 8][random.below(4)];
                for (byte, new) in input.iter_mut().skip(at & !1).zip(&value[..width]) {
                    *byte = *new;
                }
            }
            7 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let to = from + random.below(other.len() - from);
                input.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let end = (at + random.below(64)).min(input.len());
                let piece = input[at.min(end)..end].to_vec();
                let into = random.below(input.len());
                input.splice(into..into, piece);
            }
        }
    }
    input.truncate(60_000);
}

fn fails(target: &Target, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err()
}

fn smoke(target: &Target, seconds: f64, seed: u64) -> bool {
    let seeds = (target.seeds)();
    let mut random = Random(seed | 1);
    let deadline = Instant::now() + Duration::from_secs_f64(seconds);
    let mut count = 0u64;
    let mut pending: Vec<Vec<u8>> = seeds.clone();
    while Instant::now() < deadline || !pending.is_empty() {
        let input = pending.pop().unwrap_or_else(|| {
            let mut input = seeds[random.below(seeds.len())].clone();
            mutate(&mut random, &mut input, &seeds);
            input
        });
        count += 1;
        let began = Instant::now();
        let failed = fails(target, &input);
        let slow = began.elapsed() > Duration::from_secs(5);
        if failed || slow {
            let folder = std::path::Path::new("target/fuzz-failures");
            let path = folder.join(format!("{}-{count}", target.name));
            let kept = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &input));
            println!(
                "{}: input {count} {} {} ({kept:?})",
                target.name,
                if slow { "takes too long:" } else { "fails:" },
                path.display()
            );
            return false;
        }
    }
    println!("{}: {count} inputs", target.name);
    true
}

fn main() -> ExitCode {
    let (mut seconds, mut seed, mut words) = (3.0, 0x5EED, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(word) = arguments.next() {
        match word.as_str() {
            "--seconds" => {
                seconds = arguments
                    .next()
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(seconds)
            }
            "--seed" => {
                seed = arguments
                    .next()
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(seed)
            }
            _ => words.push(word),
        }
    }
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| words.first().is_none_or(|name| name == target.name))
        .collect();
    if chosen.is_empty() {
        eprintln!(
            "no such target; there are: {}",
            TARGETS
                .iter()
                .map(|target| target.name)
                .collect::<Vec<_>>()
                .join(" ")
        );
        return ExitCode::from(2);
    }
    if let Some(file) = words.get(1) {
        let input = std::fs::read(file).expect("the input is readable");
        (chosen[0].run)(&input);
        println!("it passes");
        return ExitCode::SUCCESS;
    }
    let failed = chosen
        .iter()
        .filter(|target| !smoke(target, seconds, seed))
        .count();
    println!("{} passed, {failed} failed", chosen.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}
