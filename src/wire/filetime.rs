//! FILETIME, 100-nanosecond intervals since 1601-01-01 UTC ([MS-DTYP] 2.3.3), and Unix time.

use super::Malformed;

/// Seconds from 1601-01-01 to 1970-01-01.
pub const UNIX_EPOCH_SECONDS: i64 = 11_644_473_600;

/// Intervals in a second.
pub const PER_SECOND: u64 = 10_000_000;

/// The greatest time there is; the wire's field is signed where it is set ([MS-FSCC] 2.4.7).
pub const MAXIMUM: u64 = i64::MAX as u64;

/// The FILETIME of a Unix time. What lies before 1601 becomes 0 (no time known), what lies beyond the
/// range its end.
pub fn from_unix(seconds: i64, nanoseconds: u32) -> u64 {
    // One question for all times that there are: this is asked four times for each listed file.
    const LAST: i64 = (MAXIMUM / PER_SECOND) as i64;
    match seconds.saturating_add(UNIX_EPOCH_SECONDS) {
        whole @ 0..=LAST => (whole as u64 * PER_SECOND + u64::from(nanoseconds / 100)).min(MAXIMUM),
        ..0 => 0,
        _ => MAXIMUM,
    }
}

/// Seconds since 1970 (negative before) and nanoseconds (0..1,000,000,000) of a FILETIME.
pub fn to_unix(time: u64) -> (i64, u32) {
    let seconds = (time / PER_SECOND) as i64 - UNIX_EPOCH_SECONDS;
    (seconds, (time % PER_SECOND) as u32 * 100)
}

/// What a time field of a SET_INFO asks for ([MS-FSCC] 2.4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// 0: leave it.
    #[default]
    Keep,
    /// -1: leave it, and let no later operation on this handle change it.
    Freeze,
    /// -2: let operations on this handle change it again.
    Resume,
    /// This time.
    Set(u64),
}

impl Setting {
    /// Reads the field; values below -2 are refused.
    pub fn from_wire(value: u64) -> Result<Self, Malformed> {
        match value as i64 {
            0 => Ok(Setting::Keep),
            -1 => Ok(Setting::Freeze),
            -2 => Ok(Setting::Resume),
            i64::MIN..0 => Err(Malformed),
            _ => Ok(Setting::Set(value)),
        }
    }

    /// Whether the time is fixed for the handle afterwards, if it was so before or not.
    pub fn fixes(self, before: bool) -> bool {
        match self {
            Setting::Keep => before,
            Setting::Resume => false,
            Setting::Freeze | Setting::Set(_) => true,
        }
    }

    /// The time to set, if there is one.
    pub fn time(self) -> Option<u64> {
        match self {
            Setting::Set(time) => Some(time),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_known_on_both_sides() {
        for (seconds, nanoseconds, time) in [
            (0, 0, 116_444_736_000_000_000),
            (-UNIX_EPOCH_SECONDS, 0, 0),
            (-1, 0, 116_444_735_990_000_000),
            (-1, 999_999_900, 116_444_735_999_999_999),
            (4_294_967_295, 0, 159_394_408_950_000_000),
            (15_032_385_535, 0, 266_768_591_350_000_000),
            (1_577_836_800, 123_456_700, 132_223_104_001_234_567),
        ] {
            assert_eq!(from_unix(seconds, nanoseconds), time, "{seconds}");
            assert_eq!(to_unix(time), (seconds, nanoseconds), "{time}");
        }
    }

    #[test]
    fn times_out_of_range_stay_at_its_ends() {
        assert_eq!(from_unix(i64::MIN, 0), 0);
        assert_eq!(from_unix(-UNIX_EPOCH_SECONDS - 1, 999_999_999), 0);
        assert_eq!(from_unix(i64::MAX, 999_999_999), MAXIMUM);
        assert_eq!(from_unix(1 << 50, 0), MAXIMUM);
        to_unix(u64::MAX);
    }

    #[test]
    fn special_values_of_a_set_request() {
        for (value, setting) in [
            (0u64, Ok(Setting::Keep)),
            (u64::MAX, Ok(Setting::Freeze)),
            (u64::MAX - 1, Ok(Setting::Resume)),
            (u64::MAX - 2, Err(Malformed)),
            (1 << 63, Err(Malformed)),
            (MAXIMUM, Ok(Setting::Set(MAXIMUM))),
            (1, Ok(Setting::Set(1))),
        ] {
            assert_eq!(Setting::from_wire(value), setting, "{value:x}");
        }
    }
}
