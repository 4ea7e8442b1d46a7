//! The checked configuration: plain structs with typed fields, defaults as docs/config.md tells them.

use crate::wire::utf16;
use core::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything the server is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `config server`.
    pub server: ServerConfig,
    /// `config user`, names unique without regard to case.
    pub users: Vec<User>,
    /// `config share`, names unique without regard to case.
    pub shares: Vec<Share>,
}

impl Config {
    /// The enabled user of this name, compared as Windows does: without regard to case.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|u| u.enabled && same_name(&u.name, name))
    }

    /// The enabled share of this name, without regard to case.
    pub fn share(&self, name: &str) -> Option<&Share> {
        self.shares
            .iter()
            .find(|s| s.enabled && same_name(&s.name, name))
    }
}

/// Whether two names are one to a client: equal without regard to case.
pub fn same_name(a: &str, b: &str) -> bool {
    utf16::eq_folded(a.as_bytes(), b.as_bytes())
}

/// An SMB dialect, in order of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// SMB 2.0.2: Windows Vista SP1.
    Smb202,
    /// SMB 2.1: Windows 7.
    Smb21,
    /// SMB 3.0: Windows 8.
    Smb30,
    /// SMB 3.0.2: Windows 8.1.
    Smb302,
    /// SMB 3.1.1: Windows 10 and later.
    Smb311,
}

impl Dialect {
    /// Every dialect with its word in the configuration.
    pub const WORDS: [(&'static str, Dialect); 5] = [
        ("2.0.2", Self::Smb202),
        ("2.1", Self::Smb21),
        ("3.0", Self::Smb30),
        ("3.0.2", Self::Smb302),
        ("3.1.1", Self::Smb311),
    ];

    /// DialectRevision ([MS-SMB2] 2.2.4).
    pub const fn code(self) -> u16 {
        match self {
            Self::Smb202 => 0x0202,
            Self::Smb21 => 0x0210,
            Self::Smb30 => 0x0300,
            Self::Smb302 => 0x0302,
            Self::Smb311 => 0x0311,
        }
    }
}

/// Who signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signing {
    /// Offered, and used by every client that can.
    #[default]
    Auto,
    /// A client that does not sign is refused.
    Required,
}

/// Who encrypts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Not offered.
    Off,
    /// Offered; the client decides.
    #[default]
    Auto,
    /// A client that does not encrypt is refused.
    Required,
}

/// What becomes of a disk that no share is configured for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoShare {
    /// Nothing.
    #[default]
    Off,
    /// It is offered on the web page.
    Ask,
    /// Everybody with a password may read it.
    Read,
    /// Everybody with a password may read and change it.
    Write,
}

/// What is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what looks wrong.
    Warning,
    /// And what an administrator wants to know: start, reload, logins.
    #[default]
    Notice,
    /// And each connection.
    Info,
    /// And each request.
    Debug,
}

impl LogLevel {
    /// The level of the `log` crate that lets these through: it has one level less above debug, so our
    /// notices are its `Info`, our infos its `Debug`, our debugging its `Trace`.
    pub const fn filter(self) -> log::LevelFilter {
        match self {
            Self::Error => log::LevelFilter::Error,
            Self::Warning => log::LevelFilter::Warn,
            Self::Notice => log::LevelFilter::Info,
            Self::Info => log::LevelFilter::Debug,
            Self::Debug => log::LevelFilter::Trace,
        }
    }
}

/// `config server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Whether to serve at all.
    pub enabled: bool,
    /// The server's name, at most 15 characters; empty: the host name.
    pub name: String,
    /// What Explorer shows beside the name.
    pub description: String,
    /// The work group.
    pub workgroup: String,
    /// OpenWrt networks to listen on; empty: all.
    pub network: Vec<String>,
    /// TCP port.
    pub port: u16,
    /// Addresses from the command line; if any, `network` and `port` do not count.
    pub listen: Vec<SocketAddr>,
    /// The oldest dialect offered.
    pub min_dialect: Dialect,
    /// The newest dialect offered.
    pub max_dialect: Dialect,
    /// Signing.
    pub signing: Signing,
    /// Encryption.
    pub encryption: Encryption,
    /// Memory for everything in MiB; `None`: a share of RAM.
    pub memory: Option<u32>,
    /// The largest read or write in KiB; `None`: by RAM.
    pub max_io: Option<u32>,
    /// Connections at a time; `None`: by RAM.
    pub max_connections: Option<u32>,
    /// Open files at a time; `None`: by RAM.
    pub max_open_files: Option<u32>,
    /// Minutes until a connection without open files is dropped.
    pub idle_timeout: u32,
    /// What is logged.
    pub log_level: LogLevel,
    /// What becomes of a disk that no share is configured for.
    pub auto_share: AutoShare,
    /// Announce the server by WS-Discovery and mDNS.
    pub discovery: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            name: String::new(),
            description: "OpenWrt file server".into(),
            workgroup: "WORKGROUP".into(),
            network: Vec::new(),
            port: 445,
            listen: Vec::new(),
            min_dialect: Dialect::Smb202,
            max_dialect: Dialect::Smb311,
            signing: Signing::Auto,
            encryption: Encryption::Auto,
            memory: None,
            max_io: None,
            max_connections: None,
            max_open_files: None,
            idle_timeout: 15,
            log_level: LogLevel::Notice,
            auto_share: AutoShare::Off,
            discovery: true,
        }
    }
}

/// The NT hash of a password: as good as the password, so it is never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NtHash(pub [u8; 16]);

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(…)")
    }
}

/// `config user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name to log in with.
    pub name: String,
    /// The password's hash, from the option or else the password database; `None`: cannot log in.
    pub nt_hash: Option<NtHash>,
    /// Whose rights are used on disk; empty: the share's.
    pub unix_user: String,
    /// Whether the user may log in.
    pub enabled: bool,
}

impl Default for User {
    fn default() -> Self {
        Self {
            name: String::new(),
            nt_hash: None,
            unix_user: String::new(),
            enabled: true,
        }
    }
}

/// What somebody may do in a share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing.
    #[default]
    None,
    /// Read.
    Read,
    /// Read and change.
    Write,
}

/// A list of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// `*` was listed: every user who logs in with a password.
    pub everyone: bool,
    /// Those listed by name.
    pub names: Vec<String>,
}

impl Names {
    /// Whether this user is meant.
    pub fn contains(&self, user: &str) -> bool {
        self.everyone || self.names.iter().any(|n| same_name(n, user))
    }

    /// Whether nobody is meant.
    pub fn is_empty(&self) -> bool {
        !self.everyone && self.names.is_empty()
    }
}

/// `config share`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The share's name.
    pub name: String,
    /// The folder; with `uuid`, below that file system's mount point.
    pub path: PathBuf,
    /// The file system to look for; empty: `path` stands for itself.
    pub uuid: String,
    /// What clients show beside the name.
    pub comment: String,
    /// Whether it is served.
    pub enabled: bool,
    /// Whether it is listed.
    pub browseable: bool,
    /// Nobody changes anything.
    pub read_only: bool,
    /// What guests may do.
    pub guest: Access,
    /// Who may read and change.
    pub write_user: Names,
    /// Who may read.
    pub read_user: Names,
    /// This share only over encryption.
    pub encryption_required: bool,
    /// Permission bits that a new file keeps.
    pub create_mask: u32,
    /// Permission bits that a new folder keeps.
    pub dir_mask: u32,
    /// Whose rights are used on disk, whoever came; empty: the user's own `unix_user`.
    pub force_user: String,
    /// Names that begin with a dot are marked hidden.
    pub hide_dot_files: bool,
    /// Names (with `*` and `?`) that are neither shown nor opened.
    pub veto: Vec<String>,
    /// Announced as a Time Machine disk.
    pub time_machine: bool,
    /// The size Time Machine is told, in GiB; `None`: the disk's.
    pub time_machine_size: Option<u32>,
    /// Deleted files go to a bin.
    pub recycle: bool,
    /// Folder of snapshots for Previous Versions, below `path`; empty: none.
    pub snapshots: String,
}

impl Default for Share {
    fn default() -> Self {
        Self {
            name: String::new(),
            path: PathBuf::new(),
            uuid: String::new(),
            comment: String::new(),
            enabled: true,
            browseable: true,
            read_only: false,
            guest: Access::None,
            write_user: Names::default(),
            read_user: Names::default(),
            encryption_required: false,
            create_mask: 0o664,
            dir_mask: 0o775,
            force_user: String::new(),
            hide_dot_files: true,
            veto: Vec::new(),
            time_machine: false,
            time_machine_size: None,
            recycle: false,
            snapshots: String::new(),
        }
    }
}

impl Share {
    /// What a user who logged in may do (`None`: a guest). Whoever has a password may do at least what
    /// guests may; `read_only` binds everyone.
    pub fn access(&self, user: Option<&str>) -> Access {
        let listed = match user {
            Some(user) if self.write_user.contains(user) => Access::Write,
            Some(user) if self.read_user.contains(user) => Access::Read,
            _ => Access::None,
        };
        let limit = if self.read_only {
            Access::Read
        } else {
            Access::Write
        };
        listed.max(self.guest).min(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// write_user, read_user, guest, read_only, who, what they may do.
    type Row = (
        &'static [&'static str],
        &'static [&'static str],
        Access,
        bool,
        Option<&'static str>,
        Access,
    );

    #[test]
    fn access_is_the_most_that_a_list_gives_within_read_only() {
        let names = |list: &[&str]| Names {
            everyone: list.contains(&"*"),
            names: list.iter().map(|s| s.to_string()).collect(),
        };
        let table: &[Row] = &[
            (&[], &[], Access::None, false, Some("alice"), Access::None),
            (
                &["alice"],
                &[],
                Access::None,
                false,
                Some("ALICE"),
                Access::Write,
            ),
            (
                &["alice"],
                &[],
                Access::None,
                true,
                Some("alice"),
                Access::Read,
            ),
            (
                &["alice"],
                &["bob"],
                Access::None,
                false,
                Some("bob"),
                Access::Read,
            ),
            (
                &["alice"],
                &["bob"],
                Access::None,
                false,
                Some("eve"),
                Access::None,
            ),
            (
                &["alice"],
                &["alice"],
                Access::None,
                false,
                Some("alice"),
                Access::Write,
            ),
            (&["*"], &[], Access::None, false, Some("eve"), Access::Write),
            (&["*"], &["*"], Access::None, false, None, Access::None),
            (
                &["alice"],
                &[],
                Access::Read,
                false,
                Some("bob"),
                Access::Read,
            ),
            (&["alice"], &[], Access::Read, false, None, Access::Read),
            (&[], &[], Access::Write, false, None, Access::Write),
            (&[], &[], Access::Write, true, None, Access::Read),
        ];
        for (write, read, guest, read_only, who, want) in table {
            let share = Share {
                write_user: names(write),
                read_user: names(read),
                guest: *guest,
                read_only: *read_only,
                ..Share::default()
            };
            assert_eq!(
                share.access(*who),
                *want,
                "{write:?} {read:?} {guest:?} {read_only} {who:?}"
            );
        }
    }

    #[test]
    fn names_are_one_without_regard_to_case() {
        assert!(same_name("Übung", "üBUNG"));
        assert!(!same_name("a", "ab"));
    }

    #[test]
    fn a_hash_is_never_shown() {
        assert!(!format!("{:x?}", NtHash([0xab; 16])).contains("ab"));
    }
}
