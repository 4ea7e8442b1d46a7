//! How fast each algorithm is on this CPU, and so which to prefer.
//!
//! On a router without AES instructions HMAC-SHA256 signs two to five times faster than the AES
//! algorithms; on a CPU with them GMAC wins by far. No table of CPU models keeps up, so the
//! server asks the CPU once at start.

use super::{Cipher, SealingKey, SigningAlgorithm, SigningKey, SigningNonce};

/// An algorithm must beat one that is preferred by default by this many per cent to go before it,
/// so that the noise of a measurement does not reorder equals from one start to the next.
const MARGIN_PERCENT: u64 = 10;

/// At most so many passes for one algorithm, so that a clock that stands still ends the measurement.
const MAX_PASSES: u32 = 1000;

/// An algorithm and its speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed<A> {
    /// The algorithm.
    pub algorithm: A,
    /// MiB a second; 0 if the clock could not tell.
    pub mib_per_second: u32,
}

/// What [`measure`] found, each list in the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speeds {
    /// The signing algorithms, the preferred one first.
    pub signing: [Speed<SigningAlgorithm>; 3],
    /// The ciphers (sealing speed), the preferred one first.
    pub ciphers: [Speed<Cipher>; 4],
}

impl Speeds {
    /// The default order, for when nothing was measured.
    pub const UNMEASURED: Speeds = Speeds {
        signing: [
            Speed {
                algorithm: SigningAlgorithm::ALL[0],
                mib_per_second: 0,
            },
            Speed {
                algorithm: SigningAlgorithm::ALL[1],
                mib_per_second: 0,
            },
            Speed {
                algorithm: SigningAlgorithm::ALL[2],
                mib_per_second: 0,
            },
        ],
        ciphers: [
            Speed {
                algorithm: Cipher::ALL[0],
                mib_per_second: 0,
            },
            Speed {
                algorithm: Cipher::ALL[1],
                mib_per_second: 0,
            },
            Speed {
                algorithm: Cipher::ALL[2],
                mib_per_second: 0,
            },
            Speed {
                algorithm: Cipher::ALL[3],
                mib_per_second: 0,
            },
        ],
    };

    /// The signing algorithms, the preferred one first.
    pub fn signing_order(&self) -> [SigningAlgorithm; 3] {
        self.signing.map(|speed| speed.algorithm)
    }

    /// The ciphers, the preferred one first.
    pub fn cipher_order(&self) -> [Cipher; 4] {
        self.ciphers.map(|speed| speed.algorithm)
    }
}

/// How often each algorithm gets its turn.
const ROUNDS: u64 = 3;

/// Measures every algorithm over `scratch` (16 to 64 KiB is right: what a cache holds), each for
/// about `nanoseconds_each`. `clock` gives a monotonic time in nanoseconds; this room has none.
/// The contents of `scratch` are lost. The fastest pass counts: whatever else the CPU did in the
/// meantime only ever makes a pass slower.
pub fn measure(
    scratch: &mut [u8],
    nanoseconds_each: u64,
    clock: &mut dyn FnMut() -> u64,
) -> Speeds {
    let mut speeds = Speeds::UNMEASURED;
    // In rounds: what takes the CPU away for a while spoils one round of an algorithm, not all.
    for _ in 0..ROUNDS {
        round(scratch, nanoseconds_each / ROUNDS, clock, &mut speeds);
    }
    prefer_fastest(&mut speeds.signing);
    limit_longer_keys(&mut speeds.ciphers);
    prefer_fastest(&mut speeds.ciphers);
    speeds
}

/// Fourteen rounds are not faster than ten: what says so is noise. It matters: Linux, where a cipher of 256 bits is
/// agreed on, derives its key for AES-128-CMAC with them too, and then all it signs is refused.
fn limit_longer_keys(speeds: &mut [Speed<Cipher>]) {
    for (long, short) in [
        (Cipher::Aes256Gcm, Cipher::Aes128Gcm),
        (Cipher::Aes256Ccm, Cipher::Aes128Ccm),
    ] {
        let same = |wanted: Cipher| move |speed: &Speed<Cipher>| speed.algorithm == wanted;
        let limit = speeds.iter().copied().find(same(short));
        if let (Some(limit), Some(at)) = (limit, speeds.iter().position(same(long))) {
            speeds[at].mib_per_second = speeds[at].mib_per_second.min(limit.mib_per_second);
        }
    }
}

fn round(
    scratch: &mut [u8],
    nanoseconds_each: u64,
    clock: &mut dyn FnMut() -> u64,
    speeds: &mut Speeds,
) {
    let length = scratch.len();
    for speed in &mut speeds.signing {
        let key = SigningKey::new(speed.algorithm, &[0x5a; 16]);
        let mut message_id = 0u64;
        let fastest = fastest_pass(length, nanoseconds_each, clock, &mut || {
            message_id = message_id.wrapping_add(1);
            let nonce = SigningNonce {
                message_id,
                server: true,
                cancel: false,
            };
            core::hint::black_box(key.sign(core::hint::black_box(&*scratch), nonce));
        });
        speed.mib_per_second = speed.mib_per_second.max(fastest);
    }
    for speed in &mut speeds.ciphers {
        let bytes = [0x5a; 32];
        let Some(key) = bytes
            .get(..speed.algorithm.key_length())
            .and_then(|key| SealingKey::new(speed.algorithm, key))
        else {
            continue;
        };
        let mut nonce = 0u128;
        let fastest = fastest_pass(length, nanoseconds_each, clock, &mut || {
            nonce = nonce.wrapping_add(1);
            core::hint::black_box(key.seal(
                &nonce.to_le_bytes(),
                &[0; 32],
                core::hint::black_box(scratch),
            ));
        });
        speed.mib_per_second = speed.mib_per_second.max(fastest);
    }
}

/// MiB/s of the fastest of the passes over so many bytes that fit in `nanoseconds`; at least two, because the
/// first one fills the caches.
#[inline(never)] // at seven algorithms it would be seven times in the binary
fn fastest_pass(
    bytes: usize,
    nanoseconds: u64,
    clock: &mut dyn FnMut() -> u64,
    pass: &mut dyn FnMut(),
) -> u32 {
    pass();
    let start = clock();
    let mut before = start;
    let mut fastest = u64::MAX;
    for _ in 0..MAX_PASSES {
        pass();
        let after = clock();
        fastest = fastest.min(after.saturating_sub(before));
        if after.saturating_sub(start) >= nanoseconds {
            break;
        }
        before = after;
    }
    let bytes_per_second = (bytes as u64)
        .saturating_mul(1_000_000_000)
        .checked_div(fastest)
        .unwrap_or(0);
    u32::try_from(bytes_per_second >> 20).unwrap_or(u32::MAX)
}

/// Sorts by insertion: an algorithm passes those before it that it beats by the margin.
fn prefer_fastest<A: Copy>(speeds: &mut [Speed<A>]) {
    let clearly_faster =
        |new: u32, old: u32| u64::from(new) * 100 > u64::from(old) * (100 + MARGIN_PERCENT);
    for end in 1..speeds.len() {
        let mut at = end;
        while at > 0 && clearly_faster(speeds[at].mib_per_second, speeds[at - 1].mib_per_second) {
            speeds.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// The table that `smolsmb ciphers` prints.
impl core::fmt::Display for Speeds {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "{:<14} {:>8}", "signing", "MiB/s")?;
        for speed in &self.signing {
            writeln!(
                f,
                "{:<14} {:>8}",
                speed.algorithm.name(),
                speed.mib_per_second
            )?;
        }
        writeln!(f, "{:<14} {:>8}", "encryption", "MiB/s")?;
        for speed in &self.ciphers {
            writeln!(
                f,
                "{:<14} {:>8}",
                speed.algorithm.name(),
                speed.mib_per_second
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_ticks_once_a_pass_finds_all_equal_and_keeps_the_default_order() {
        let mut now = 0;
        let speeds = measure(&mut [0; 4096], 10_000, &mut || {
            now += 1000;
            now
        });
        assert_eq!(speeds.signing_order(), SigningAlgorithm::ALL);
        assert_eq!(speeds.cipher_order(), Cipher::ALL);
        // 4 KiB in a microsecond.
        assert!(
            speeds
                .signing
                .iter()
                .all(|speed| speed.mib_per_second == 3906),
            "{speeds:?}"
        );
        assert!(
            speeds
                .ciphers
                .iter()
                .all(|speed| speed.mib_per_second == 3906),
            "{speeds:?}"
        );
    }

    #[test]
    fn a_clock_that_stands_still_or_runs_backwards_ends_the_measurement() {
        assert_eq!(measure(&mut [0; 64], 1000, &mut || 7), Speeds::UNMEASURED);
        let mut now = u64::MAX;
        let speeds = measure(&mut [0; 64], 1000, &mut || {
            now -= 1;
            now
        });
        assert_eq!(speeds, Speeds::UNMEASURED);
    }

    #[test]
    fn a_longer_key_is_never_preferred_to_a_shorter_one_of_the_same_mode() {
        for fast in Cipher::ALL {
            let mut speeds = Cipher::ALL.map(|algorithm| Speed {
                algorithm,
                mib_per_second: if algorithm == fast { 200 } else { 100 },
            });
            limit_longer_keys(&mut speeds);
            prefer_fastest(&mut speeds);
            let place = |wanted| speeds.iter().position(|s| s.algorithm == wanted).unwrap();
            assert!(
                place(Cipher::Aes128Gcm) < place(Cipher::Aes256Gcm),
                "{fast:?}"
            );
            assert!(
                place(Cipher::Aes128Ccm) < place(Cipher::Aes256Ccm),
                "{fast:?}"
            );
        }
    }

    #[test]
    fn faster_goes_first_unless_the_difference_is_noise() {
        let order = |rates: [u32; 4]| {
            let mut index = 0usize;
            let mut speeds = rates.map(|mib_per_second| {
                index += 1;
                Speed {
                    algorithm: index,
                    mib_per_second,
                }
            });
            prefer_fastest(&mut speeds);
            speeds.map(|speed| speed.algorithm)
        };
        assert_eq!(order([10, 20, 30, 40]), [4, 3, 2, 1]);
        assert_eq!(order([100, 105, 110, 90]), [1, 2, 3, 4]);
        assert_eq!(order([100, 111, 0, 0]), [2, 1, 3, 4]);
        assert_eq!(order([0, 0, 0, 0]), [1, 2, 3, 4]);
        assert_eq!(order([0, u32::MAX, 0, u32::MAX]), [2, 4, 1, 3]);
    }

    #[test]
    fn the_table_lists_every_algorithm() {
        let table = Speeds::UNMEASURED.to_string();
        for name in SigningAlgorithm::ALL.map(SigningAlgorithm::name) {
            assert!(table.contains(name));
        }
        for name in Cipher::ALL.map(Cipher::name) {
            assert!(table.contains(name));
        }
    }
}
