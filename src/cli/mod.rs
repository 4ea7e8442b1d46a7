//! The command line: one file a verb. Exit status 0, 1 (failed, the reason on standard error), 2 (usage).

mod args;
mod check;
mod ciphers;
mod connect;
mod ejecting;
mod import;
mod live;
mod logging;
mod networks;
mod passwd;
mod password;
mod probe;
mod report;
mod running;
mod serve;
mod setup;
mod status;
mod trial;

use args::Verb;
use smolsmb::config::Place;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a verb ends without success.
enum Failure {
    /// Asked for in a way it is not: status 2.
    Usage(String),
    /// Could not be done: status 1.
    Failed(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs the command with these arguments (the program's name aside).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let verb = match args::parse(arguments) {
        Ok(verb) => verb,
        Err(reason) => return fail(Failure::Usage(reason)),
    };
    let result = match verb {
        Verb::Help => say(args::HELP),
        Verb::Version => say(&format!("smolsmb {}\n", env!("CARGO_PKG_VERSION"))),
        Verb::Serve(options) => serve::run(options),
        Verb::Check { config } => check::run(config),
        Verb::Passwd {
            name,
            config,
            delete,
        } => passwd::run(&name, config, delete),
        Verb::Status { json, config } => status::status(json, config),
        Verb::Disconnect { session, config } => status::disconnect(session, config),
        Verb::Eject { path, config } => status::eject(&path, config),
        Verb::Ciphers => ciphers::run(),
        Verb::Probe { share, config } => probe::run(&share, config),
        Verb::Import {
            from,
            write,
            config,
        } => import::run(&from, write, config),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(failure),
    }
}

fn fail(failure: Failure) -> ExitCode {
    let (code, text) = match failure {
        Failure::Usage(reason) => (2, format!("smolsmb: {reason}\nTry: smolsmb --help\n")),
        Failure::Failed(reason) => (1, format!("smolsmb: {reason}\n")),
    };
    // Nobody may be listening there; the status still tells.
    let _ = std::io::stderr().write_all(text.as_bytes());
    ExitCode::from(code)
}

/// Prints; a reader that went away (`| head`) is no failure.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The files meant by `--config DIR`, or those that are there.
fn place(config: Option<PathBuf>) -> Place {
    config.map_or_else(Place::found, |folder| Place::folder(&folder))
}
