//! Where the files are: on a router, in a folder of a developer's, or nowhere yet.

use super::check::{Loaded, Mistake, Severity, check};
use super::passwd;
use super::uci::FILE_LIMIT;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// OpenWrt's folder of UCI files.
pub const UCI_FOLDER: &str = "/etc/config";
/// Where the running server is asked on a router.
pub const SOCKET: &str = "/var/run/smolsmb.sock";

/// The files of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The UCI file.
    pub uci: PathBuf,
    /// The password database.
    pub passwd: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
}

impl Place {
    /// A router's.
    pub fn router() -> Self {
        Self {
            uci: Path::new(UCI_FOLDER).join("smolsmb"),
            passwd: passwd::PATH.into(),
            socket: SOCKET.into(),
        }
    }

    /// All in one folder, as `--config DIR` says it; /etc/config stands for the router's own.
    pub fn folder(folder: &Path) -> Self {
        if folder == Path::new(UCI_FOLDER) {
            return Self::router();
        }
        Self {
            uci: folder.join("smolsmb"),
            passwd: folder.join("passwd"),
            socket: folder.join("smolsmb.sock"),
        }
    }

    /// The router's files if they are there; else only the socket counts, in the user's own runtime folder.
    pub fn found() -> Self {
        let router = Self::router();
        if router.uci.exists() || rustix::process::geteuid().is_root() {
            return router;
        }
        let runtime = std::env::var_os("XDG_RUNTIME_DIR")
            .map(PathBuf::from)
            .filter(|p| p.is_absolute());
        let folder = runtime.unwrap_or_else(|| {
            PathBuf::from(format!(
                "/tmp/smolsmb-{}",
                rustix::process::geteuid().as_raw()
            ))
        });
        Self {
            socket: folder.join("smolsmb.sock"),
            ..router
        }
    }
}

/// Reads the configuration and the passwords to it. An error only if the UCI file itself cannot be read at
/// all; everything else is a mistake in what is returned.
pub fn load(place: &Place) -> io::Result<Loaded> {
    let mut text = Vec::new();
    let limit = u64::try_from(FILE_LIMIT)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    File::open(&place.uci)?.take(limit).read_to_end(&mut text)?;
    let mut loaded = check(&place.uci.display().to_string(), &text);
    passwords(&mut loaded, &place.passwd);
    Ok(loaded)
}

/// Gives users without `nt_hash` theirs from the database.
fn passwords(loaded: &mut Loaded, path: &Path) {
    let file = path.display().to_string();
    let mut tell = |severity, line, section: String, reason: String| {
        loaded.mistakes.push(Mistake {
            severity,
            file: file.clone(),
            line,
            section,
            option: String::new(),
            reason,
        });
    };
    let database = match passwd::load(path) {
        Ok((database, wrong)) => {
            for (line, reason) in wrong {
                tell(Severity::Error, line, String::new(), reason);
            }
            database
        }
        Err(error) => {
            tell(Severity::Error, 0, String::new(), error.to_string());
            return;
        }
    };
    for user in &mut loaded.config.users {
        user.nt_hash = user.nt_hash.or_else(|| database.get(&user.name));
        if user.nt_hash.is_none() && user.enabled {
            let reason = format!(
                "has no password and cannot log in: smolsmb passwd '{}'",
                user.name
            );
            tell(
                Severity::Warning,
                0,
                format!("user '{}'", user.name),
                reason,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::NtHash;

    #[test]
    fn passwords_come_from_the_option_or_else_the_database() {
        let folder = std::env::temp_dir().join(format!("smolsmb-place-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let place = Place::folder(&folder);
        assert!(load(&place).is_err(), "no file");
        let text = format!(
            "config user\noption name own\noption nt_hash {}\nconfig user\noption name alice\nconfig user\noption name new\n",
            "11".repeat(16)
        );
        std::fs::write(&place.uci, text).unwrap();
        passwd::update(&place.passwd, |d| {
            d.set("Alice", NtHash([2; 16]));
            d.set("own", NtHash([3; 16]));
        })
        .unwrap();
        let loaded = load(&place).unwrap();
        let hashes: Vec<_> = loaded.config.users.iter().map(|u| u.nt_hash).collect();
        assert_eq!(
            hashes,
            [Some(NtHash([0x11; 16])), Some(NtHash([2; 16])), None]
        );
        assert_eq!(loaded.mistakes.len(), 1);
        assert!(
            loaded.mistakes[0]
                .to_string()
                .contains("user 'new': has no password"),
            "{}",
            loaded.mistakes[0]
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_routers_folder_is_the_routers_place() {
        assert_eq!(Place::folder(Path::new("/etc/config")), Place::router());
        assert_eq!(Place::folder(Path::new("x")).passwd, Path::new("x/passwd"));
    }
}
