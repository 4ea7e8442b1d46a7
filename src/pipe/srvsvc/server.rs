//! The server itself: NetrServerGetInfo and NetrRemoteTOD.

use super::super::ndr::{Decoder, Encoder, Member};
use super::super::{Facts, Fault, werror};
use super::information;
use crate::wire::filetime;

/// PLATFORM_ID_NT ([MS-SRVS] 2.2.2.6).
pub(crate) const PLATFORM_NT: u32 = 500;

/// Minutes after which an idle session is ended, were it told apart from the configuration's; the
/// value every Windows server gives (sv102_disc).
const DISCONNECT_MINUTES: u32 = 15;

/// NetrServerGetInfo, opnum 21 ([MS-SRVS] 3.1.4.17): levels 100, 101 and 102.
pub(super) fn get_info(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    request.optional_string()?;
    let level = request.u32()?;
    let all = [
        Member::Long(PLATFORM_NT),
        Member::Text(facts.server),
        Member::Long(facts.version_major),
        Member::Long(facts.version_minor),
        Member::Long(facts.server_type),
        Member::Text(facts.comment),
        Member::Long(facts.max_users),
        Member::Long(DISCONNECT_MINUTES),
        Member::Long(0),    // sv102_hidden: listed in the network's browse lists
        Member::Long(240),  // sv102_announce, seconds
        Member::Long(3000), // sv102_anndelta, milliseconds
        Member::Long(0),    // sv102_licenses
        Member::Path("/"),  // sv102_userpath
    ];
    let members = match level {
        100 => all.get(..2),
        101 => all.get(..6),
        102 => Some(&all[..]),
        _ => None,
    };
    information(reply, level, members.ok_or(werror::INVALID_LEVEL))
}

/// NetrRemoteTOD, opnum 28 ([MS-SRVS] 3.1.4.21): the time of day, all of it in UTC beside the zone.
pub(super) fn remote_time(reply: &mut Encoder<'_>, facts: &Facts<'_>) -> Result<(), Fault> {
    let time = Utc::from_filetime(facts.now);
    reply.pointer()?;
    reply.u32(time.unix_seconds)?;
    reply.u32(facts.uptime_ms)?;
    reply.u32(time.hour)?;
    reply.u32(time.minute)?;
    reply.u32(time.second)?;
    reply.u32(time.hundredths)?;
    reply.u32(facts.minutes_west.cast_unsigned())?;
    reply.u32(310)?; // tod_tinterval: a clock tick, in 0.1 ms
    reply.u32(time.day)?;
    reply.u32(time.month)?;
    reply.u32(time.year)?;
    reply.u32(time.weekday)?;
    Ok(reply.u32(werror::SUCCESS)?)
}

/// A moment of the calendar.
#[derive(Debug, PartialEq, Eq)]
struct Utc {
    unix_seconds: u32,
    year: u32,
    month: u32,
    day: u32,
    /// 0 is Sunday.
    weekday: u32,
    hour: u32,
    minute: u32,
    second: u32,
    hundredths: u32,
}

impl Utc {
    /// `time` counts 100 ns since 1601; what is before 1970 or past 32 bits of seconds is 1970.
    fn from_filetime(time: u64) -> Utc {
        let (seconds, nanoseconds) = filetime::to_unix(time);
        let unix_seconds = u32::try_from(seconds).unwrap_or(0);
        let days = unix_seconds / 86_400;
        // Years that begin in March end with the leap day, in eras of 400 years (146,097 days).
        let shifted = days + 719_468;
        let of_era = shifted % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        Utc {
            unix_seconds,
            year: shifted / 146_097 * 400 + year_of_era + u32::from(month <= 2),
            month,
            day: of_year - (153 * march_month + 2) / 5 + 1,
            weekday: (days + 4) % 7,
            hour: unix_seconds / 3_600 % 24,
            minute: unix_seconds / 60 % 60,
            second: unix_seconds % 60,
            hundredths: nanoseconds / 10_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_is_right() {
        let cases = [
            // unix seconds, year, month, day, weekday
            (0, 1970, 1, 1, 4),
            (951_782_400, 2000, 2, 29, 2),
            (951_868_800, 2000, 3, 1, 3),
            (1_735_689_599, 2024, 12, 31, 2),
            (1_772_323_200, 2026, 3, 1, 0),
            (4_107_542_400, 2100, 3, 1, 1),
            (4_294_967_295, 2106, 2, 7, 0),
        ];
        for (unix, year, month, day, weekday) in cases {
            let time = Utc::from_filetime((unix + 11_644_473_600) * 10_000_000 + 4_200_000);
            assert_eq!(
                (time.year, time.month, time.day, time.weekday),
                (year, month, day, weekday),
                "{unix}"
            );
            assert_eq!((u64::from(time.unix_seconds), time.hundredths), (unix, 42));
        }
        assert_eq!(Utc::from_filetime(0).year, 1970);
        assert_eq!(Utc::from_filetime(u64::MAX).year, 1970);
    }
}
