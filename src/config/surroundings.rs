//! What only this machine and this version can tell: whether folders and Unix users are there, and what is
//! understood but not built yet.
//!
//! All of it is a warning: a disk may come later, and a share whose disk is absent stays configured.

use super::check::{Mistake, Severity};
use super::model::Config;
use super::unix;
use std::path::Path;

/// Folders that are the router itself: whoever may write there owns it.
const SYSTEM: &[&str] = &[
    "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/overlay", "/proc", "/rom", "/root", "/sbin",
    "/sys", "/usr", "/var",
];

/// Looks at the folders and Unix users that the configuration names; `file` is its path, for the messages.
pub fn look(config: &Config, file: &str) -> Vec<Mistake> {
    let users = std::fs::read("/etc/passwd").unwrap_or_default();
    let mut mistakes = Vec::new();
    let mut warn = |section: String, option: &str, reason: String| {
        mistakes.push(Mistake {
            severity: Severity::Warning,
            file: file.into(),
            line: 0,
            section,
            option: option.into(),
            reason,
        });
    };
    for user in config
        .users
        .iter()
        .filter(|u| u.enabled && !u.unix_user.is_empty())
    {
        if unix::ids(&users, &user.unix_user).is_none() {
            let reason = format!(
                "'{}' is no user in /etc/passwd: the session will have no rights on disk",
                user.unix_user
            );
            warn(format!("user '{}'", user.name), "unix_user", reason);
        }
    }
    for share in config.shares.iter().filter(|s| s.enabled) {
        let section = || format!("share '{}'", share.name);
        if !share.force_user.is_empty() && unix::ids(&users, &share.force_user).is_none() {
            let reason = format!(
                "'{}' is no user in /etc/passwd: nobody will have rights on disk",
                share.force_user
            );
            warn(section(), "force_user", reason);
        }
        for (option, asked) in [
            ("time_machine", share.time_machine),
            ("recycle", share.recycle),
            ("snapshots", !share.snapshots.is_empty()),
        ] {
            if asked {
                let reason = "has no effect: this version does not do it yet".into();
                warn(section(), option, reason);
            }
        }
        if !share.uuid.is_empty() {
            continue;
        }
        let shown = share.path.display();
        if SYSTEM.iter().any(|s| Path::new(s) == share.path) {
            warn(
                section(),
                "path",
                format!(
                    "'{shown}' is the system itself: whoever may write there owns this machine"
                ),
            );
        }
        match std::fs::metadata(&share.path) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => warn(section(), "path", format!("'{shown}' is no folder")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                warn(
                    section(),
                    "path",
                    format!("'{shown}' is not there; it is served when it comes"),
                );
            }
            Err(error) => warn(section(), "path", format!("'{shown}': {error}")),
        }
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Share, User};

    #[test]
    fn what_is_not_there_is_told() {
        let share = |name: &str, path: &str| Share {
            name: name.into(),
            path: path.into(),
            ..Share::default()
        };
        let config = Config {
            users: vec![
                User {
                    name: "a".into(),
                    unix_user: "root".into(),
                    ..User::default()
                },
                User {
                    name: "b".into(),
                    unix_user: "nobody-of-this-name".into(),
                    ..User::default()
                },
            ],
            shares: vec![
                share("good", "/tmp"),
                share("root", "/"),
                share("late", "/nowhere/at/all"),
                share("file", "/etc/passwd"),
                Share {
                    enabled: false,
                    ..share("off", "/nowhere/at/all")
                },
                Share {
                    uuid: "1234-5678".into(),
                    recycle: true,
                    snapshots: ".snapshots".into(),
                    ..share("disk", "sub")
                },
                Share {
                    force_user: "nobody-of-this-name".into(),
                    ..share("forced", "/tmp")
                },
            ],
            ..Config::default()
        };
        let told: Vec<_> = look(&config, "f")
            .iter()
            .map(|m| format!("{} {}", m.section, m.option))
            .collect();
        assert_eq!(
            told,
            [
                "user 'b' unix_user",
                "share 'root' path",
                "share 'late' path",
                "share 'file' path",
                "share 'disk' recycle",
                "share 'disk' snapshots",
                "share 'forced' force_user"
            ]
        );
    }
}
