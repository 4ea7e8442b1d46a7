//! `smolsmb ciphers`.

use super::{Failure, say};
use smolsmb::crypto::measure::{Speeds, measure};
use std::time::Instant;

/// Nanoseconds spent on each algorithm by hand; a start spends less.
const PATIENT: u64 = 100_000_000;

/// Measures this CPU, `nanoseconds_each` for each algorithm.
pub fn speeds(nanoseconds_each: u64) -> Speeds {
    let start = Instant::now();
    let mut scratch = vec![0; 32 * 1024];
    measure(&mut scratch, nanoseconds_each, &mut || {
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    })
}

/// Prints what this CPU does, the preferred first.
pub fn run() -> Result<(), Failure> {
    say(&format!(
        "{}The first of each is preferred when a client can do several.\n",
        speeds(PATIENT)
    ))
}
