//! A bucket of tokens for each place in the code that logs: a client that makes the same thing happen a
//! million times gets its ten lines a minute.

/// Messages at once.
const BURST: u32 = 10;
/// Seconds until one more may be written.
const REFILL: u64 = 6;
/// Places in the code; those beyond share the last bucket.
const SITES: usize = 64;

/// A place in the code: file and line.
pub type Site = (&'static str, u32);

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is written, after so many like it were not.
    Write { left_out: u32 },
    /// It is left out and counted.
    LeaveOut,
}

#[derive(Clone, Copy)]
struct Bucket {
    site: Site,
    tokens: u32,
    /// When the last token was filled in, in seconds.
    filled: u64,
    left_out: u32,
}

/// All buckets, of fixed size.
pub struct Limiter {
    buckets: Vec<Bucket>,
}

impl Limiter {
    /// Every bucket full.
    pub fn new() -> Self {
        Self {
            buckets: Vec::with_capacity(SITES),
        }
    }

    /// Asks for a message of this place; `now` in seconds of any clock that does not go back.
    pub fn admit(&mut self, site: Site, now: u64) -> Verdict {
        let known = self.buckets.iter().position(|bucket| bucket.site == site);
        let at = match known {
            Some(at) => at,
            None if self.buckets.len() < SITES => {
                self.buckets.push(Bucket {
                    site,
                    tokens: BURST,
                    filled: now,
                    left_out: 0,
                });
                self.buckets.len().saturating_sub(1)
            }
            None => SITES.saturating_sub(1),
        };
        let Some(bucket) = self.buckets.get_mut(at) else {
            return Verdict::LeaveOut;
        };
        let due = now.saturating_sub(bucket.filled) / REFILL;
        if due > 0 {
            bucket.tokens = bucket
                .tokens
                .saturating_add(u32::try_from(due).unwrap_or(u32::MAX))
                .min(BURST);
            bucket.filled = bucket.filled.saturating_add(due.saturating_mul(REFILL));
        }
        match bucket.tokens.checked_sub(1) {
            Some(tokens) => {
                bucket.tokens = tokens;
                Verdict::Write {
                    left_out: std::mem::take(&mut bucket.left_out),
                }
            }
            None => {
                bucket.left_out = bucket.left_out.saturating_add(1);
                Verdict::LeaveOut
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Verdict = Verdict::Write { left_out: 0 };

    #[test]
    fn a_flood_is_cut_to_ten_and_then_one_in_six_seconds() {
        let mut limiter = Limiter::new();
        let site = ("a.rs", 1);
        let written = (0..1_000_000)
            .filter(|_| limiter.admit(site, 100) == WRITE)
            .count();
        assert_eq!(written, 10);
        assert_eq!(limiter.admit(site, 105), Verdict::LeaveOut);
        assert_eq!(
            limiter.admit(site, 106),
            Verdict::Write { left_out: 999_991 }
        );
        assert_eq!(limiter.admit(site, 106), Verdict::LeaveOut);
        assert_eq!(limiter.admit(site, 10_000), Verdict::Write { left_out: 1 });
        assert_eq!(
            (0..100)
                .filter(|_| limiter.admit(site, 10_000) == WRITE)
                .count(),
            9
        );
    }

    #[test]
    fn one_place_does_not_silence_another() {
        let mut limiter = Limiter::new();
        assert_eq!(
            (0..100)
                .filter(|_| limiter.admit(("a.rs", 1), 0) == WRITE)
                .count(),
            10
        );
        assert_eq!(limiter.admit(("a.rs", 2), 0), WRITE);
        assert_eq!(limiter.admit(("b.rs", 1), 0), WRITE);
    }

    #[test]
    fn places_beyond_the_table_share_a_bucket() {
        let mut limiter = Limiter::new();
        let lines = u32::try_from(SITES).unwrap() + 100;
        let written = (0..lines)
            .filter(|&line| limiter.admit(("a.rs", line), 0) == WRITE)
            .count();
        assert_eq!(written, SITES + 9);
        assert_eq!(limiter.buckets.len(), SITES);
    }
}
