//! What the pipes may tell a caller, lent for the length of one call.

use crate::wire::security::Sid;

/// What the server knows about itself, as this caller may see it. Everything is borrowed.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The server's NetBIOS name; it also names its account domain.
    pub server: &'a str,
    /// The server's description, shown beside its name.
    pub comment: &'a str,
    /// The workgroup's name.
    pub workgroup: &'a str,
    /// Version told to clients: major.
    pub version_major: u32,
    /// Version told to clients: minor.
    pub version_minor: u32,
    /// SV_TYPE_* bits ([MS-SRVS] 2.2.2.7); [`server_type::DEFAULT`] fits.
    pub server_type: u32,
    /// How many sessions the server takes at once.
    pub max_users: u32,
    /// How many sessions there are.
    pub current_users: u32,
    /// Now, as a FILETIME.
    pub now: u64,
    /// Milliseconds since the server started (wraps).
    pub uptime_ms: u32,
    /// The time zone: minutes west of Greenwich.
    pub minutes_west: i32,
    /// Who asks.
    pub caller: Caller<'a>,
    /// The n-th share, hidden ones included, until there is none; an index keeps its meaning for as
    /// long as the configuration lasts, since it is the resume handle of an enumeration.
    pub shares: &'a dyn Fn(usize) -> Option<ShareFact<'a>>,
    /// The n-th user, until there is none.
    pub users: &'a dyn Fn(usize) -> Option<UserFact<'a>>,
    /// The SID of the server's account domain; users are this SID and their RID.
    pub machine_sid: Sid,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// A user who has proven who he is.
    User(&'a str),
    /// Let in as guest: no account names are listed for him.
    Guest,
    /// Nobody: neither listing nor translation of account names.
    Anonymous,
}

/// One share.
#[derive(Clone, Copy, Debug)]
pub struct ShareFact<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its comment.
    pub comment: &'a str,
    /// The folder, with slashes; shown as `C:\folder`. Empty where it is not to be told.
    pub path: &'a str,
    /// What it is.
    pub kind: ShareKind,
    /// Whether enumerations list it; asked by name it is always found.
    pub browseable: bool,
    /// Whether this caller may know of it at all.
    pub visible: bool,
    /// Connections to it now.
    pub current_uses: u32,
    /// How many there may be; `u32::MAX` for no limit.
    pub max_uses: u32,
    /// Offline caching: one of [`offline`]'s values, level 501's shi501_flags.
    pub flags: u32,
}

/// The kind of a share ([MS-SRVS] 2.2.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareKind {
    /// STYPE_DISKTREE; a name that ends in `$` adds STYPE_SPECIAL.
    Disk,
    /// STYPE_IPC with STYPE_SPECIAL.
    Ipc,
}

/// One user account.
#[derive(Clone, Copy, Debug)]
pub struct UserFact<'a> {
    /// The login name.
    pub name: &'a str,
    /// The last part of the user's SID; unique, 1000 or more for ordinary users.
    pub rid: u32,
}

/// SV_TYPE_* ([MS-SRVS] 2.2.2.7).
pub mod server_type {
    /// SV_TYPE_WORKSTATION, SV_TYPE_SERVER, SV_TYPE_NT and SV_TYPE_SERVER_NT: a file server that is in
    /// no domain.
    pub const DEFAULT: u32 = 0x0000_9003;
}

/// CSC_CACHE_* ([MS-SRVS] 2.2.4.26 and 2.2.4.29): whether clients may keep files for offline use.
pub mod offline {
    /// The user picks files by hand: the default everywhere.
    pub const MANUAL: u32 = 0x00;
    /// Opened files are kept.
    pub const AUTOMATIC: u32 = 0x10;
    /// Opened files and programs are kept and preferred.
    pub const VDO: u32 = 0x20;
    /// Nothing may be kept.
    pub const NONE: u32 = 0x30;
}
