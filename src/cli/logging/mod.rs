//! Where `log` goes: syslog for a service, standard error for a person.
//!
//! Names in a message come from clients, so each message becomes one line without control characters, and
//! [`limit`] keeps anybody from filling the log. The socket to syslog never blocks: a log daemon that hangs
//! costs messages, not service.

mod limit;

use limit::{Limiter, Verdict};
use log::{Level, Log, Metadata, Record};
use smolsmb::config::LogLevel;
use std::io::{self, IsTerminal, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use syslog::{Facility, LogFormat, Logger, LoggerBackend, Severity};

/// The target of what no client can cause, as the configuration's mistakes at start: never left out.
pub const UNLIMITED: &str = "smolsmb::start";
/// The system log's socket.
const DEV_LOG: &str = "/dev/log";
/// The longest message, in characters.
const LENGTH: usize = 800;

/// Starts logging at this level. SMOLSMB_LOG=stderr keeps it from syslog.
pub fn start(level: LogLevel) {
    static BACKEND: OnceLock<Backend> = OnceLock::new();
    let wanted = std::env::var_os("SMOLSMB_LOG").is_some_and(|to| to == "stderr");
    let person = wanted || io::stderr().is_terminal() || !Path::new(DEV_LOG).exists();
    let backend = BACKEND.get_or_init(|| Backend {
        start: Instant::now(),
        state: Mutex::new(State {
            limiter: Limiter::new(),
            syslog: None,
            service: !person,
        }),
    });
    // A second start only sets the level.
    let _ = log::set_logger(backend);
    set_level(level);
}

/// Another level, from a reload.
pub fn set_level(level: LogLevel) {
    log::set_max_level(level.filter());
}

struct Backend {
    start: Instant,
    state: Mutex<State>,
}

struct State {
    limiter: Limiter,
    syslog: Option<Logger<LoggerBackend, Plain>>,
    service: bool,
}

impl Log for Backend {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let now = self.start.elapsed().as_secs();
        // A panic while writing a line leaves nothing half done that matters here.
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Who asks for debugging asks for all of it.
        let limited = record.level() <= Level::Info && record.target() != UNLIMITED;
        let site = (
            record.file_static().unwrap_or(""),
            record.line().unwrap_or(0),
        );
        match if limited {
            state.limiter.admit(site, now)
        } else {
            Verdict::Write { left_out: 0 }
        } {
            Verdict::Write { left_out: 0 } => {
                state.write(record.level(), &one_line(*record.args()))
            }
            Verdict::Write { left_out } => {
                let text = one_line(*record.args());
                state.write(
                    record.level(),
                    &format!("{text} (and {left_out} like it, left out)"),
                );
            }
            Verdict::LeaveOut => {}
        }
    }

    fn flush(&self) {}
}

impl State {
    fn write(&mut self, level: Level, text: &str) {
        if !self.service {
            let line = format!("{} {}: {text}\n", clock(SystemTime::now()), word(level));
            let _ = io::stderr().lock().write_all(line.as_bytes());
            return;
        }
        // The log daemon may have been restarted: then once more, on a new socket.
        for _ in 0..2 {
            if self.syslog.is_none() {
                self.syslog = connect().ok();
            }
            let Some(logger) = &mut self.syslog else {
                return;
            };
            match send(logger, level, text) {
                Ok(()) => return,
                Err(syslog::Error::Write(error) | syslog::Error::Io(error))
                    if error.kind() == io::ErrorKind::WouldBlock =>
                {
                    return;
                }
                Err(_) => self.syslog = None,
            }
        }
    }
}

fn connect() -> io::Result<Logger<LoggerBackend, Plain>> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(DEV_LOG)?;
    Ok(Logger::new(LoggerBackend::Unix(socket), Plain))
}

fn send(logger: &mut Logger<LoggerBackend, Plain>, level: Level, text: &str) -> syslog::Result<()> {
    match level {
        Level::Error => logger.err(text),
        Level::Warn => logger.warning(text),
        Level::Info => logger.notice(text),
        Level::Debug => logger.info(text),
        Level::Trace => logger.debug(text),
    }
}

/// Syslog's format without the time, which the daemon knows better: the crate's own would be in UTC.
struct Plain;

impl LogFormat<&str> for Plain {
    fn format<W: Write>(&self, w: &mut W, severity: Severity, message: &str) -> syslog::Result<()> {
        let priority = Facility::LOG_DAEMON as u8 | severity as u8;
        write!(w, "<{priority}>smolsmb[{}]: {message}", std::process::id())
            .map_err(syslog::Error::Write)
    }
}

/// The level as the configuration calls it.
fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "notice",
        Level::Debug => "info",
        Level::Trace => "debug",
    }
}

fn one_line(message: std::fmt::Arguments<'_>) -> String {
    smolsmb::config::one_line(message.to_string().trim_end(), LENGTH)
}

/// UTC as `2026-11-23 12:34:56Z`.
fn clock(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // The proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that a leap day is last.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + carry;
    format!(
        "{year:04}-{month:02}-{date:02} {:02}:{:02}:{:02}Z",
        rest / 3_600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(
            one_line(format_args!("user 'a\nFeb 1 root: \u{1b}[31mhi\u{202e}'\n")),
            "user 'a\\u{a}Feb 1 root: \\u{1b}[31mhi\\u{202e}'"
        );
        assert_eq!(
            one_line(format_args!("{}", "x".repeat(10_000)))
                .chars()
                .count(),
            LENGTH + 1
        );
    }

    #[test]
    fn the_clock_knows_the_calendar() {
        let table = [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_795_437_296, "2026-11-23 12:34:56Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
        ];
        for (seconds, want) in table {
            assert_eq!(clock(UNIX_EPOCH + Duration::from_secs(seconds)), want);
        }
    }

    #[test]
    fn syslog_lines_have_facility_and_level() {
        let mut line = Vec::new();
        Plain
            .format(&mut line, Severity::LOG_WARNING, "hello")
            .unwrap();
        assert_eq!(
            String::from_utf8(line).unwrap(),
            format!("<28>smolsmb[{}]: hello", std::process::id())
        );
    }
}
