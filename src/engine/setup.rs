//! What the server is to be: its names, its users, its shares. Plain values, made from the config by `main`.

use crate::crypto::{Cipher, SigningAlgorithm};
use crate::vfs::{FileTime, RootId, RootOptions, Who};
use crate::wire::negotiate::Dialect;

/// Whether traffic is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not offered.
    Off,
    /// The client decides.
    Auto,
    /// Every session.
    Required,
}

/// What people without a password may do on a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// A person with a password.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// MD4 of the password ([MS-NLMP] 3.3.1 NTOWFv1).
    pub nt_hash: [u8; 16],
    /// Whose rights are used on disk, if not the share's.
    pub who: Option<Who>,
}

/// A share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Name as clients see it.
    pub name: String,
    /// Folder on disk.
    pub path: Vec<u8>,
    /// The mount that the folder is on, another number for another disk; `None`: its disk is absent.
    pub disk: Option<u32>,
    /// Comment shown beside the name.
    pub comment: String,
    /// Shown in listings.
    pub browseable: bool,
    /// Nobody writes.
    pub read_only: bool,
    /// What guests may do.
    pub guest: Guest,
    /// Who may read; `*`: every user.
    pub read_users: Vec<String>,
    /// Who may write; `*`: every user.
    pub write_users: Vec<String>,
    /// Served only over encryption.
    pub encryption_required: bool,
    /// Bits that a new file's mode keeps.
    pub create_mask: u32,
    /// Bits that a new directory's mode keeps.
    pub directory_mask: u32,
    /// Names that begin with a dot are hidden.
    pub hide_dot_files: bool,
    /// Names that are neither shown nor opened (`*` and `?` allowed).
    pub veto: Vec<String>,
    /// Whose rights are used on disk, whoever the client is.
    pub force: Option<Who>,
}

impl Share {
    /// What the object store needs to know.
    pub fn root_options(&self) -> RootOptions {
        RootOptions {
            create_mask: self.create_mask,
            directory_mask: self.directory_mask,
            hide_dot_files: self.hide_dot_files,
            read_only: self.read_only,
        }
    }
}

/// A network interface that clients may be told of ([MS-SMB2] 2.2.32.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Interface index.
    pub index: u32,
    /// Link speed in bits per second.
    pub speed: u64,
    /// Its address.
    pub address: core::net::IpAddr,
}

/// Everything the owner decides.
pub struct Setup {
    /// Server name.
    pub name: String,
    /// Description shown beside it.
    pub description: String,
    /// Workgroup.
    pub workgroup: String,
    /// ServerGuid: stable for the machine.
    pub guid: [u8; 16],
    /// Lowest dialect.
    pub min_dialect: Dialect,
    /// Highest dialect.
    pub max_dialect: Dialect,
    /// Unsigned sessions of users are refused.
    pub signing_required: bool,
    /// Encryption of everything.
    pub encryption: Encryption,
    /// Signing algorithms, the one this CPU does fastest first.
    pub signing_order: [SigningAlgorithm; 3],
    /// Ciphers, the one this CPU does fastest first.
    pub cipher_order: [Cipher; 4],
    /// Milliseconds until a connection without open files is dropped; 0: never.
    pub idle_timeout: u64,
    /// When the server started.
    pub started: FileTime,
    /// Interfaces for FSCTL_QUERY_NETWORK_INTERFACE_INFO.
    pub interfaces: Vec<Interface>,
    /// Who may log in.
    pub users: Vec<User>,
    /// What is shared.
    pub shares: Vec<Share>,
}

/// A share being served. Its number stays while the server runs, so that a tree connect never means
/// another share after a reload.
pub struct Served {
    /// Never used twice.
    pub number: u32,
    /// What it is.
    pub share: Share,
    /// Its folder, if the disk is there.
    pub root: Option<RootId>,
}
