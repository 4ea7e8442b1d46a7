//! Arguments to a verb with its options.

use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
smolsmb: an SMB3 file server for routers

  smolsmb [serve] [--config DIR] [--listen ADDR:PORT]… [--share NAME=PATH]… [--user NAME]… [--ubus PROGRAM]
      Serves. Without any configuration: a trial share on this machine only, with what to type to see it.
      --config DIR         the folder with the file smolsmb (default /etc/config)
      --listen ADDR:PORT   listens there, whatever the configuration says
      --share NAME=PATH    one more share, for every user
      --user NAME          one more user; the password is taken from SMOLSMB_PASSWORD, or else from
                           standard input (a line each), or else made up and printed
      --ubus PROGRAM       asked for the addresses of OpenWrt's networks (default /bin/ubus)
  smolsmb check [--config DIR]
      Prints each mistake of the configuration, and what the memory goes to.
  smolsmb passwd NAME [--delete] [--config DIR]
      Sets a password, read from the terminal or standard input, never from the arguments.
  smolsmb status [--json] [--config DIR]
      Sessions, open files, throughput and memory of the running server.
  smolsmb disconnect SESSION [--config DIR]
      Ends a session.
  smolsmb eject PATH [--config DIR]
      Gives up everything below a folder, so that its disk can be unmounted.
  smolsmb import ksmbd|samba4 [--write] [--config DIR]
      Shows an existing configuration as ours, or adds it to ours; passwords come along.
  smolsmb probe SHARE [--config DIR]
      Logs in to the running server as one of the share's people, lists the folder and tries to write.
  smolsmb ciphers
      How fast this CPU signs and encrypts, and so what is preferred.
  smolsmb --version, smolsmb --help

Exit status: 0 done, 1 failed, 2 wrong usage. SIGHUP: the configuration is read again.
";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Verb {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Serve.
    Serve(Serve),
    /// Check the configuration.
    Check { config: Option<PathBuf> },
    /// Set or delete a password.
    Passwd {
        name: String,
        config: Option<PathBuf>,
        delete: bool,
    },
    /// Ask the running server.
    Status { json: bool, config: Option<PathBuf> },
    /// End a session.
    Disconnect {
        session: u64,
        config: Option<PathBuf>,
    },
    /// Free a disk.
    Eject {
        path: String,
        config: Option<PathBuf>,
    },
    /// Try a share as a client would.
    Probe {
        share: String,
        config: Option<PathBuf>,
    },
    /// Measure the CPU.
    Ciphers,
    /// Convert another server's configuration.
    Import {
        from: String,
        write: bool,
        config: Option<PathBuf>,
    },
}

/// Options of `serve`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Serve {
    /// The configuration's folder.
    pub config: Option<PathBuf>,
    /// Addresses instead of the configured ones.
    pub listen: Vec<SocketAddr>,
    /// Names and folders of further shares.
    pub shares: Vec<(String, PathBuf)>,
    /// Further users.
    pub users: Vec<String>,
    /// Instead of /bin/ubus.
    pub ubus: Option<PathBuf>,
}

/// Reads the arguments; the error says what is wrong with them.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Verb, String> {
    read(&mut Parser::from_args(arguments)).map_err(|error| error.to_string())
}

fn read(parser: &mut Parser) -> Result<Verb, lexopt::Error> {
    let mut words: Vec<String> = Vec::new();
    let mut serve = Serve::default();
    let (mut json, mut delete, mut write) = (false, false, false);
    // Options given, to be refused by verbs that do not know them.
    let mut given: Vec<&'static str> = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Verb::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Verb::Version),
            Arg::Long("config") => {
                given.push("--config");
                serve.config = Some(parser.value()?.into());
            }
            Arg::Long("listen") => {
                given.push("--listen");
                let text = parser.value()?.string()?;
                let address = text.parse().map_err(|_| {
                    format!("--listen {text}: not ADDR:PORT, as 127.0.0.1:4450 or [::1]:4450")
                })?;
                serve.listen.push(address);
            }
            Arg::Long("share") => {
                given.push("--share");
                let text = parser.value()?.string()?;
                let (name, path) = text
                    .split_once('=')
                    .ok_or_else(|| format!("--share {text}: not NAME=PATH"))?;
                serve.shares.push((name.into(), path.into()));
            }
            Arg::Long("user") => {
                given.push("--user");
                serve.users.push(parser.value()?.string()?);
            }
            Arg::Long("ubus") => {
                given.push("--ubus");
                serve.ubus = Some(parser.value()?.into());
            }
            Arg::Long("json") => {
                given.push("--json");
                json = true;
            }
            Arg::Long("write") => {
                given.push("--write");
                write = true;
            }
            Arg::Long("delete") => {
                given.push("--delete");
                delete = true;
            }
            Arg::Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let mut words = words.into_iter();
    let verb = words.next().unwrap_or_else(|| "serve".into());
    let known: &[&str] = match verb.as_str() {
        "serve" => &["--config", "--listen", "--share", "--user", "--ubus"],
        "check" | "disconnect" | "eject" | "probe" => &["--config"],
        "passwd" => &["--config", "--delete"],
        "status" => &["--config", "--json"],
        "import" => &["--config", "--write"],
        "ciphers" => &[],
        other => return Err(format!(
            "'{other}' is none of serve, check, passwd, status, disconnect, eject, import, ciphers"
        )
        .into()),
    };
    if let Some(option) = given.iter().find(|option| !known.contains(option)) {
        return Err(format!("{verb} takes no {option}").into());
    }
    let mut word = |what: &str| {
        words
            .next()
            .ok_or_else(|| lexopt::Error::from(format!("{verb} needs {what}")))
    };
    let config = serve.config.clone();
    let parsed = match verb.as_str() {
        "serve" => Verb::Serve(serve),
        "check" => Verb::Check { config },
        "passwd" => Verb::Passwd {
            name: word("a user's name")?,
            config,
            delete,
        },
        "status" => Verb::Status { json, config },
        "disconnect" => {
            let text = word("a session's number (smolsmb status lists them)")?;
            let session = smolsmb::control::protocol::session_id(&text)
                .ok_or_else(|| format!("'{text}' is no session's number"))?;
            Verb::Disconnect { session, config }
        }
        "eject" => Verb::Eject {
            path: word("the folder its disk is mounted on")?,
            config,
        },
        "import" => Verb::Import {
            from: word("ksmbd or samba4")?,
            write,
            config,
        },
        "probe" => Verb::Probe {
            share: word("a share's name")?,
            config,
        },
        _ => Verb::Ciphers,
    };
    if words.next().is_some() {
        let why = if verb == "passwd" {
            ": the password is never taken from the arguments, where others see it"
        } else {
            ""
        };
        return Err(format!("too many words after {verb}{why}").into());
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Verb, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn every_verb_is_read() {
        let config = || Some(PathBuf::from("d"));
        let table = [
            ("", Verb::Serve(Serve::default())),
            ("serve", Verb::Serve(Serve::default())),
            (
                "serve --config d --listen 127.0.0.1:1 --listen [::1]:2 --share a=/b --share=c=/d=e --user u --ubus /u",
                Verb::Serve(Serve {
                    config: config(),
                    listen: vec!["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()],
                    shares: vec![("a".into(), "/b".into()), ("c".into(), "/d=e".into())],
                    users: vec!["u".into()],
                    ubus: Some("/u".into()),
                }),
            ),
            (
                "--user u",
                Verb::Serve(Serve {
                    users: vec!["u".into()],
                    ..Serve::default()
                }),
            ),
            ("check --config d", Verb::Check { config: config() }),
            (
                "passwd alice",
                Verb::Passwd {
                    name: "alice".into(),
                    config: None,
                    delete: false,
                },
            ),
            (
                "passwd --delete alice",
                Verb::Passwd {
                    name: "alice".into(),
                    config: None,
                    delete: true,
                },
            ),
            (
                "status --json",
                Verb::Status {
                    json: true,
                    config: None,
                },
            ),
            (
                "disconnect 0x11",
                Verb::Disconnect {
                    session: 17,
                    config: None,
                },
            ),
            (
                "eject /mnt",
                Verb::Eject {
                    path: "/mnt".into(),
                    config: None,
                },
            ),
            (
                "probe disk --config d",
                Verb::Probe {
                    share: "disk".into(),
                    config: config(),
                },
            ),
            ("ciphers", Verb::Ciphers),
            (
                "import ksmbd",
                Verb::Import {
                    from: "ksmbd".into(),
                    write: false,
                    config: None,
                },
            ),
            ("serve --help", Verb::Help),
            ("-V", Verb::Version),
        ];
        for (line, want) in table {
            assert_eq!(read(line), Ok(want), "{line}");
        }
    }

    #[test]
    fn wrong_usage_is_told() {
        let table = [
            ("start", "'start' is none of serve"),
            ("--nonsense", "nonsense"),
            ("-x", "-x"),
            ("serve now", "too many words after serve"),
            ("serve --listen 445", "not ADDR:PORT"),
            ("serve --share disk", "not NAME=PATH"),
            ("serve --json", "serve takes no --json"),
            ("serve --config", "--config"),
            ("passwd", "passwd needs a user's name"),
            ("passwd alice secret", "never taken from the arguments"),
            ("disconnect all", "no session's number"),
            ("status --json=1", "--json"),
            ("ciphers --config d", "takes no --config"),
        ];
        for (line, reason) in table {
            let error = read(line).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}
