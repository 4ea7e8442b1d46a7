//! The tables: every option of every section type, what it accepts and what a wrong value costs.
//! docs/config.md tells the same, and a test holds the two together.

use super::model::{
    Access, AutoShare, Dialect, Encryption, LogLevel, NtHash, ServerConfig, Share, Signing, User,
};
use super::words::*;

/// What a wrong value costs.
#[derive(Clone, Copy)]
pub enum Wrong<T> {
    /// The default holds (for a list: this value is passed over).
    Default,
    /// The closed setting holds: so the function puts it, so the words tell it.
    Closed(fn(&mut T), &'static str),
    /// The section is left out: it would grant what was not meant.
    Drop,
}

/// One option of a section type.
pub struct Spec<T> {
    /// Its name.
    pub name: &'static str,
    /// Written as `list`, once a value.
    pub list: bool,
    /// The default as written in UCI; empty: none.
    pub default: &'static str,
    /// What a wrong value costs.
    pub wrong: Wrong<T>,
    /// Checks one value that is not empty and puts it in place; else the reason, worded to follow the value.
    pub set: fn(&mut T, &str) -> Result<(), String>,
}

/// Shortens a row: `name, list?, default, wrong, field <- how it is read`.
macro_rules! spec {
    ($name:literal, $default:literal, $wrong:expr, $set:expr) => {
        Spec {
            name: $name,
            list: false,
            default: $default,
            wrong: $wrong,
            set: $set,
        }
    };
    (list $name:literal, $default:literal, $wrong:expr, $set:expr) => {
        Spec {
            name: $name,
            list: true,
            default: $default,
            wrong: $wrong,
            set: $set,
        }
    };
}

const SIGNING: &[(&str, Signing)] = &[("auto", Signing::Auto), ("required", Signing::Required)];
const ENCRYPTION: &[(&str, Encryption)] = &[
    ("off", Encryption::Off),
    ("auto", Encryption::Auto),
    ("required", Encryption::Required),
];
const AUTO_SHARE: &[(&str, AutoShare)] = &[
    ("off", AutoShare::Off),
    ("ask", AutoShare::Ask),
    ("read", AutoShare::Read),
    ("write", AutoShare::Write),
];
const LEVELS: &[(&str, LogLevel)] = &[
    ("error", LogLevel::Error),
    ("warning", LogLevel::Warning),
    ("notice", LogLevel::Notice),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];
const GUEST: &[(&str, Access)] = &[
    ("none", Access::None),
    ("read", Access::Read),
    ("write", Access::Write),
];
const SHARE_ENCRYPTION: &[(&str, bool)] = &[("required", true)];

/// `config server`.
#[rustfmt::skip] // a row an option
pub const SERVER: &[Spec<ServerConfig>] = &[
    spec!("enabled", "1", Wrong::Closed(|s| s.enabled = false, "; the server stays off"), |s, v| put(&mut s.enabled, flag(v))),
    spec!("name", "", Wrong::Default, |s, v| put(&mut s.name, netbios(v))),
    spec!("description", "OpenWrt file server", Wrong::Default, |s, v| put(&mut s.description, text(v, 48))),
    spec!("workgroup", "WORKGROUP", Wrong::Default, |s, v| put(&mut s.workgroup, netbios(v))),
    spec!(list "network", "", Wrong::Default, |s, v| networks(&mut s.network, v)),
    spec!("port", "445", Wrong::Default, |s, v| put(&mut s.port, number(v, 1, 65_535).and_then(|n| u16::try_from(n).map_err(|e| e.to_string())))),
    spec!("min_dialect", "2.0.2", Wrong::Closed(|s| s.min_dialect = Dialect::Smb311, "; only 3.1.1 is offered"), |s, v| put(&mut s.min_dialect, word(v, &Dialect::WORDS))),
    spec!("max_dialect", "3.1.1", Wrong::Default, |s, v| put(&mut s.max_dialect, word(v, &Dialect::WORDS))),
    spec!("signing", "auto", Wrong::Closed(|s| s.signing = Signing::Required, "; signing is required"), |s, v| put(&mut s.signing, word(v, SIGNING))),
    spec!("encryption", "auto", Wrong::Closed(|s| s.encryption = Encryption::Required, "; encryption is required"), |s, v| put(&mut s.encryption, word(v, ENCRYPTION))),
    spec!("memory", "auto", Wrong::Default, |s, v| put(&mut s.memory, auto(v, 3, 4096))),
    spec!("max_io", "auto", Wrong::Default, |s, v| put(&mut s.max_io, auto(v, 64, 8192).and_then(whole_64))),
    spec!("max_connections", "auto", Wrong::Default, |s, v| put(&mut s.max_connections, auto(v, 4, 4096))),
    spec!("max_open_files", "auto", Wrong::Default, |s, v| put(&mut s.max_open_files, auto(v, 64, 65_000))),
    spec!("idle_timeout", "15", Wrong::Default, |s, v| put(&mut s.idle_timeout, number(v, 1, 10_080))),
    spec!("log_level", "notice", Wrong::Default, |s, v| put(&mut s.log_level, word(v, LEVELS))),
    spec!("auto_share", "off", Wrong::Default, |s, v| put(&mut s.auto_share, word(v, AUTO_SHARE))),
    spec!("discovery", "1", Wrong::Closed(|s| s.discovery = false, "; the server is not announced"), |s, v| put(&mut s.discovery, flag(v))),
];

/// `config user`.
#[rustfmt::skip] // a row an option
pub const USER: &[Spec<User>] = &[
    spec!("name", "", Wrong::Drop, |u, v| put(&mut u.name, user_name(v))),
    spec!("nt_hash", "", Wrong::Drop, |u, v| put(&mut u.nt_hash, nt_hash(v).map(|h| Some(NtHash(h))))),
    spec!("unix_user", "", Wrong::Drop, |u, v| put(&mut u.unix_user, unix_name(v))),
    spec!("enabled", "1", Wrong::Drop, |u, v| put(&mut u.enabled, flag(v))),
];

/// `config share`.
#[rustfmt::skip] // a row an option
pub const SHARE: &[Spec<Share>] = &[
    spec!("name", "", Wrong::Drop, |s, v| put(&mut s.name, share_name(v))),
    spec!("path", "", Wrong::Drop, |s, v| put(&mut s.path, folder(v).map(Into::into))),
    spec!("uuid", "", Wrong::Drop, |s, v| put(&mut s.uuid, uuid(v))),
    spec!("comment", "", Wrong::Default, |s, v| put(&mut s.comment, text(v, 256))),
    spec!("enabled", "1", Wrong::Drop, |s, v| put(&mut s.enabled, flag(v))),
    spec!("browseable", "1", Wrong::Closed(|s| s.browseable = false, "; it is not listed"), |s, v| put(&mut s.browseable, flag(v))),
    spec!("read_only", "0", Wrong::Closed(|s| s.read_only = true, "; it is read-only"), |s, v| put(&mut s.read_only, flag(v))),
    spec!("guest", "none", Wrong::Default, |s, v| put(&mut s.guest, word(v, GUEST))),
    spec!(list "write_user", "", Wrong::Default, |s, v| names(&mut s.write_user, v)),
    spec!(list "read_user", "", Wrong::Default, |s, v| names(&mut s.read_user, v)),
    spec!("encryption", "", Wrong::Closed(|s| s.encryption_required = true, "; encryption is required"), |s, v| put(&mut s.encryption_required, word(v, SHARE_ENCRYPTION))),
    spec!("create_mask", "0664", Wrong::Closed(|s| s.create_mask = 0o600, "; 0600 is used"), |s, v| put(&mut s.create_mask, mask(v))),
    spec!("dir_mask", "0775", Wrong::Closed(|s| s.dir_mask = 0o700, "; 0700 is used"), |s, v| put(&mut s.dir_mask, mask(v))),
    spec!("force_user", "", Wrong::Drop, |s, v| put(&mut s.force_user, unix_name(v))),
    spec!("hide_dot_files", "1", Wrong::Default, |s, v| put(&mut s.hide_dot_files, flag(v))),
    spec!(list "veto", "", Wrong::Drop, |s, v| pattern(&mut s.veto, v)),
    spec!("time_machine", "0", Wrong::Default, |s, v| put(&mut s.time_machine, flag(v))),
    spec!("time_machine_size", "", Wrong::Default, |s, v| put(&mut s.time_machine_size, number(v, 1, 1_000_000).map(Some))),
    spec!("recycle", "0", Wrong::Default, |s, v| put(&mut s.recycle, flag(v))),
    spec!("snapshots", "", Wrong::Default, |s, v| put(&mut s.snapshots, below(v))),
];

fn put<V>(field: &mut V, value: Result<V, String>) -> Result<(), String> {
    *field = value?;
    Ok(())
}

/// Sets one option as if a file had it; the reason is worded to follow the value. An empty value is no value.
pub fn put_option<T>(
    table: &[Spec<T>],
    into: &mut T,
    name: &str,
    value: &str,
) -> Result<(), String> {
    match table.iter().find(|spec| spec.name == name) {
        Some(spec) if !value.is_empty() => (spec.set)(into, value),
        Some(_) => Ok(()),
        None => Err(format!("is for option {name}, which is not known")),
    }
}
