//! What a reload has to do: the difference of two configurations, so that sessions on what did not change go on.

use super::model::{Config, ServerConfig, same_name};

/// A server option: its name, whether a running server can take it over, and whether two configurations agree.
type ServerRow = (&'static str, bool, fn(&ServerConfig, &ServerConfig) -> bool);

/// Every option of `config server`. What memory was laid out by, and what connections have negotiated
/// already, holds until the next start.
const SERVER: &[ServerRow] = &[
    ("enabled", false, |a, b| a.enabled == b.enabled),
    ("name", false, |a, b| a.name == b.name),
    ("description", true, |a, b| a.description == b.description),
    ("workgroup", false, |a, b| a.workgroup == b.workgroup),
    ("network", true, |a, b| a.network == b.network),
    ("port", true, |a, b| a.port == b.port),
    ("min_dialect", false, |a, b| a.min_dialect == b.min_dialect),
    ("max_dialect", false, |a, b| a.max_dialect == b.max_dialect),
    ("signing", false, |a, b| a.signing == b.signing),
    ("encryption", false, |a, b| a.encryption == b.encryption),
    ("memory", false, |a, b| a.memory == b.memory),
    ("max_io", false, |a, b| a.max_io == b.max_io),
    ("max_connections", false, |a, b| {
        a.max_connections == b.max_connections
    }),
    ("max_open_files", false, |a, b| {
        a.max_open_files == b.max_open_files
    }),
    ("idle_timeout", true, |a, b| {
        a.idle_timeout == b.idle_timeout
    }),
    ("log_level", true, |a, b| a.log_level == b.log_level),
    ("auto_share", true, |a, b| a.auto_share == b.auto_share),
    ("discovery", false, |a, b| a.discovery == b.discovery),
];

/// The difference. Indices are into the new configuration for what is new or changed, into the old one for
/// what is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Server options that the running server takes over.
    pub server_live: Vec<&'static str>,
    /// Server options that hold only after a restart.
    pub server_restart: Vec<&'static str>,
    /// Shares that were not there (new index).
    pub shares_added: Vec<usize>,
    /// Shares whose settings changed (old index, new index): connections to them are dropped and come again.
    pub shares_changed: Vec<(usize, usize)>,
    /// Shares that are gone or switched off (old index).
    pub shares_removed: Vec<usize>,
    /// Users that were not there (new index).
    pub users_added: Vec<usize>,
    /// Users with another password or another Unix user (old index, new index): their sessions end.
    pub users_changed: Vec<(usize, usize)>,
    /// Users that are gone or switched off (old index): their sessions end.
    pub users_removed: Vec<usize>,
}

impl Difference {
    /// Whether the two configurations do the same.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What changed from `old` to `new`. What is switched off counts as not there.
pub fn difference(old: &Config, new: &Config) -> Difference {
    let mut out = Difference::default();
    for (name, live, same) in SERVER {
        if !same(&old.server, &new.server) {
            if *live {
                out.server_live.push(name)
            } else {
                out.server_restart.push(name)
            }
        }
    }
    (out.shares_added, out.shares_changed, out.shares_removed) = compare(
        &old.shares,
        &new.shares,
        |s| s.enabled,
        |a, b| same_name(&a.name, &b.name),
    );
    (out.users_added, out.users_changed, out.users_removed) = compare(
        &old.users,
        &new.users,
        |u| u.enabled,
        |a, b| same_name(&a.name, &b.name),
    );
    out
}

/// Added (new), changed (old, new), removed (old).
type Changes = (Vec<usize>, Vec<(usize, usize)>, Vec<usize>);

fn compare<T: PartialEq>(
    old: &[T],
    new: &[T],
    on: fn(&T) -> bool,
    same: fn(&T, &T) -> bool,
) -> Changes {
    let mut changes = Changes::default();
    for (to, thing) in new.iter().enumerate().filter(|(_, t)| on(t)) {
        match old
            .iter()
            .enumerate()
            .find(|(_, o)| on(o) && same(o, thing))
        {
            None => changes.0.push(to),
            Some((from, before)) if before != thing => changes.1.push((from, to)),
            Some(_) => {}
        }
    }
    for (from, thing) in old.iter().enumerate().filter(|(_, t)| on(t)) {
        if !new.iter().any(|n| on(n) && same(n, thing)) {
            changes.2.push(from);
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NtHash, Share, User, check, options};

    fn config(text: &str) -> Config {
        let loaded = check("test", text.as_bytes());
        assert!(!loaded.has_errors(), "{:?}", loaded.mistakes);
        loaded.config
    }

    #[test]
    fn nothing_changed_is_empty() {
        let text = "config server\noption port 4450\nconfig user\noption name a\nconfig share\noption name s\noption path /s";
        assert!(difference(&config(text), &config(text)).is_empty());
        let comments = format!("# new\n{text} # comment\n\toption comment ''");
        assert!(difference(&config(text), &config(&comments)).is_empty());
    }

    #[test]
    fn shares_and_users_come_change_and_go() {
        let share = |name: &str, comment: &str, enabled| Share {
            name: name.into(),
            comment: comment.into(),
            enabled,
            ..Share::default()
        };
        let user = |name: &str, hash: u8| User {
            name: name.into(),
            nt_hash: Some(NtHash([hash; 16])),
            ..User::default()
        };
        let old = Config {
            shares: vec![
                share("same", "", true),
                share("changed", "a", true),
                share("gone", "", true),
                share("off", "", true),
                share("on", "", false),
            ],
            users: vec![user("same", 1), user("changed", 1), user("gone", 1)],
            ..Config::default()
        };
        let new = Config {
            shares: vec![
                share("on", "", true),
                share("Same", "", true),
                share("changed", "b", true),
                share("off", "", false),
                share("new", "", true),
            ],
            users: vec![user("new", 1), user("changed", 2), user("same", 1)],
            ..Config::default()
        };
        let got = difference(&old, &new);
        assert_eq!(got.shares_added, [0, 4]);
        assert_eq!(got.shares_changed, [(0, 1), (1, 2)]);
        assert_eq!(got.shares_removed, [2, 3]);
        assert_eq!(got.users_added, [0]);
        assert_eq!(got.users_changed, [(1, 1)]);
        assert_eq!(got.users_removed, [2]);
    }

    #[test]
    fn a_server_option_is_taken_over_or_waits_for_a_restart() {
        let got = difference(
            &config("config server"),
            &config("config server\noption port 4450\noption log_level debug\noption memory 8"),
        );
        assert_eq!(got.server_restart, ["memory"]);
        assert_eq!(got.server_live, ["port", "log_level"]);
    }

    #[test]
    fn every_server_option_is_compared() {
        let ours: Vec<_> = SERVER.iter().map(|row| row.0).collect();
        let table: Vec<_> = options::SERVER.iter().map(|spec| spec.name).collect();
        assert_eq!(ours, table);
    }
}
