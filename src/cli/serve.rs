//! `smolsmb serve`: from the arguments and the files to one configuration, then the server.

use super::args::Serve;
use super::{Failure, check, connect, logging, password, running, say, trial};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smolsmb::config::options::{self, put_option};
use smolsmb::config::{
    Config, Loaded, Mistake, Names, NtHash, Place, Severity, Share, User, load, printable,
    same_name, surroundings,
};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the configuration comes from; kept, so that a reload reads it in the same way.
pub struct Source {
    /// The files; `None`: there are none, this is a trial.
    pub place: Option<Place>,
    /// Addresses of the command line.
    listen: Vec<SocketAddr>,
    /// Shares of the command line.
    shares: Vec<Share>,
    /// Users of the command line.
    users: Vec<User>,
}

impl Source {
    /// Reads the files and puts what the command line says above them. An error if a file cannot be read at
    /// all, or not so that it is safe to use: a running server then goes on with what it has.
    pub fn build(&self) -> Result<Loaded, String> {
        let mut loaded = match &self.place {
            Some(place) => {
                let file = place.uci.display().to_string();
                let loaded = load(place).map_err(|error| format!("{file}: {error}"))?;
                if loaded.unusable {
                    let reasons: Vec<_> = loaded
                        .mistakes
                        .iter()
                        .filter(|m| m.severity == Severity::Error)
                        .map(ToString::to_string)
                        .collect();
                    return Err(format!(
                        "the configuration cannot be used:\n{}",
                        reasons.join("\n")
                    ));
                }
                loaded
            }
            None => Loaded {
                config: trial::config(),
                ..Loaded::default()
            },
        };
        let config = &mut loaded.config;
        if !self.listen.is_empty() {
            config.server.listen = self.listen.clone();
        }
        for share in &self.shares {
            config.shares.retain(|s| !same_name(&s.name, &share.name));
            config.shares.push(share.clone());
        }
        for user in &self.users {
            // One that the file has keeps what else the file says of it.
            match config
                .users
                .iter_mut()
                .find(|u| same_name(&u.name, &user.name))
            {
                Some(known) => (known.nt_hash, known.enabled) = (user.nt_hash, true),
                None => config.users.push(user.clone()),
            }
        }
        Ok(loaded)
    }
}

/// Everything the server needs to start.
pub struct Prepared {
    /// The configuration.
    pub config: Config,
    /// What is wrong with it.
    pub mistakes: Vec<Mistake>,
    /// For a reload.
    pub source: Source,
    /// The control socket's path.
    pub socket: PathBuf,
    /// What knows the router's networks.
    pub ubus: PathBuf,
    /// Users of the command line with the passwords that were made up for them.
    made_up: Vec<(String, String)>,
}

impl Prepared {
    /// What the one who started the server is to see once it listens, and nobody can see again; may be empty.
    pub fn greeting(&self, listening: &[SocketAddr]) -> String {
        if self.source.place.is_none() {
            return trial::banner(&self.config, listening, &self.made_up);
        }
        let line = |(name, password): &(String, String)| {
            format!("The password of {name} is {password} (for this run only)\n")
        };
        self.made_up.iter().map(line).collect()
    }
}

/// Serves until told to stop.
pub fn run(options: Serve) -> Result<(), Failure> {
    let prepared = prepare(options)?;
    if !prepared.config.server.enabled {
        return say("smolsmb is switched off: option enabled of config server\n");
    }
    running::start(prepared).map_err(Failure::Failed)
}

fn prepare(options: Serve) -> Result<Prepared, Failure> {
    let found = Place::found();
    let place = match &options.config {
        Some(folder) => Some(Place::folder(folder)),
        None => found.uci.exists().then(|| found.clone()),
    };
    let socket = place.as_ref().map_or(found.socket, |p| p.socket.clone());
    let shares = options
        .shares
        .iter()
        .map(|(name, path)| share(name, path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut users = Vec::new();
    let mut made_up = Vec::new();
    for name in &options.users {
        smolsmb::config::passwd::valid_name(name)
            .map_err(|reason| Failure::Usage(format!("--user '{}' {reason}", printable(name))))?;
        let (password, own) = given_password()?;
        if own {
            made_up.push((name.clone(), password.clone()));
        }
        users.push(user(name, connect::nt_hash(&password)));
    }
    let mut source = Source {
        place,
        listen: options.listen,
        shares,
        users,
    };
    if source.place.is_none() {
        if source.shares.is_empty() {
            source.shares.push(share(trial::SHARE, &trial::folder()?)?);
        }
        if source.users.is_empty() {
            let password = password::made_up().map_err(Failure::Failed)?;
            source
                .users
                .push(user(trial::USER, connect::nt_hash(&password)));
            made_up.push((trial::USER.into(), password));
        }
    }
    let loaded = source.build().map_err(Failure::Failed)?;
    logging::start(loaded.config.server.log_level);
    let file = source
        .place
        .as_ref()
        .map_or_else(String::new, |p| p.uci.display().to_string());
    let mut mistakes = loaded.mistakes;
    mistakes.extend(if source.place.is_some() {
        surroundings::look(&loaded.config, &file)
    } else {
        Vec::new()
    });
    for mistake in &mistakes {
        match mistake.severity {
            Severity::Error => {
                log::error!(target: logging::UNLIMITED, "{}", check::worded(mistake))
            }
            Severity::Warning => log::warn!(target: logging::UNLIMITED, "{mistake}"),
        }
    }
    Ok(Prepared {
        config: loaded.config,
        mistakes,
        source,
        socket,
        ubus: options.ubus.unwrap_or_else(|| "/bin/ubus".into()),
        made_up,
    })
}

fn user(name: &str, hash: NtHash) -> User {
    User {
        name: name.into(),
        nt_hash: Some(hash),
        ..User::default()
    }
}

/// A share of the command line: for every user, on a folder that is there.
fn share(name: &str, path: &Path) -> Result<Share, Failure> {
    let failed =
        |reason: String| Failure::Failed(format!("--share {name}={}: {reason}", path.display()));
    let whole = std::fs::canonicalize(path).map_err(|error| failed(error.to_string()))?;
    if !whole.is_dir() {
        return Err(failed("no folder".into()));
    }
    let text = whole.to_str().ok_or_else(|| failed("no UTF-8".into()))?;
    let mut share = Share {
        write_user: Names {
            everyone: true,
            names: Vec::new(),
        },
        ..Share::default()
    };
    for (option, value) in [("name", name), ("path", text)] {
        put_option(options::SHARE, &mut share, option, value)
            .map_err(|reason| Failure::Usage(format!("--share: '{value}' {reason}")))?;
    }
    if share.name.is_empty() {
        return Err(Failure::Usage("--share: the name is empty".into()));
    }
    Ok(share)
}

/// The password for `--user`, and whether it was made up.
fn given_password() -> Result<(String, bool), Failure> {
    if let Some(password) = std::env::var_os("SMOLSMB_PASSWORD").filter(|p| !p.is_empty()) {
        let password = password
            .into_string()
            .map_err(|_| Failure::Failed("SMOLSMB_PASSWORD is no UTF-8".into()))?;
        return Ok((password, false));
    }
    if input_waits()
        && let Some(line) = password::line()
            .map_err(Failure::Failed)?
            .filter(|line| !line.is_empty())
    {
        return Ok((line, false));
    }
    Ok((password::made_up().map_err(Failure::Failed)?, true))
}

/// Whether standard input is a file or pipe with something in it, or soon. A pipe that somebody only forgot
/// to close must not keep a server from starting.
fn input_waits() -> bool {
    let stdin = io::stdin();
    let Ok(meta) = std::fs::metadata("/proc/self/fd/0") else {
        return false;
    };
    if !meta.is_file() && !meta.file_type().is_fifo() {
        return false;
    }
    for _ in 0..50 {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(
            &mut fds,
            Some(&Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        ) {
            Ok(0) => std::thread::sleep(Duration::from_millis(20)),
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(place: Option<Place>) -> Source {
        Source {
            place,
            listen: vec!["127.0.0.1:1".parse().unwrap()],
            shares: vec![Share {
                name: "DISK".into(),
                path: "/tmp".into(),
                ..Share::default()
            }],
            users: vec![user("Alice", NtHash([7; 16])), user("bob", NtHash([8; 16]))],
        }
    }

    #[test]
    fn the_command_line_stands_above_the_file() {
        let folder = std::env::temp_dir().join(format!("smolsmb-serve-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let place = Place::folder(&folder);
        std::fs::write(&place.uci, "config server\n\toption port 4451\nconfig user\n\toption name alice\n\toption unix_user root\nconfig share\n\toption name disk\n\toption path /mnt\nconfig share\n\toption name other\n\toption path /mnt\n").unwrap();
        let config = source(Some(place.clone())).build().ok().unwrap().config;
        assert_eq!((config.server.port, config.server.listen.len()), (4451, 1));
        assert_eq!(
            config
                .shares
                .iter()
                .map(|s| s.name.as_str())
                .collect::<Vec<_>>(),
            ["other", "DISK"]
        );
        assert_eq!(
            config
                .users
                .iter()
                .map(|u| (u.name.as_str(), u.unix_user.as_str()))
                .collect::<Vec<_>>(),
            [("alice", "root"), ("bob", "")]
        );
        assert_eq!(config.users[0].nt_hash, Some(NtHash([7; 16])));
        std::fs::write(&place.uci, "config server\n\toption signing 'required\n").unwrap();
        assert!(
            source(Some(place))
                .build()
                .is_err_and(|reason| reason.contains("never closed"))
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_share_of_the_command_line_is_checked() {
        assert!(
            share("good", Path::new("/tmp"))
                .is_ok_and(|s| s.access(Some("x")) == smolsmb::config::Access::Write)
        );
        for (name, path) in [
            ("IPC$", "/tmp"),
            ("", "/tmp"),
            ("a/b", "/tmp"),
            ("x", "/nowhere/at/all"),
            ("x", "/etc/passwd"),
        ] {
            assert!(share(name, Path::new(path)).is_err(), "{name} {path}");
        }
    }
}
