//! The configuration: UCI text to checked, plain structs, and the password database beside it.
//!
//! [`load`] reads `/etc/config/smolsmb` ([`uci`]), checks every option against the tables of [`options`] and
//! returns a [`Config`] with what was wrong ([`Loaded`]); [`passwd`] keeps the password hashes; [`reload`] is
//! the difference of two configurations. Nothing here knows SMB, sockets or the engine.
#![forbid(unsafe_code)]

pub mod check;
pub mod foreign;
pub mod model;
pub mod options;
pub mod passwd;
mod place;
mod printable;
pub mod reload;
pub mod surroundings;
pub mod uci;
pub mod unix;
mod words;

pub use check::{Loaded, Mistake, Severity, check};
pub use model::{
    Access, AutoShare, Config, Dialect, Encryption, LogLevel, Names, NtHash, ServerConfig, Share,
    Signing, User, same_name,
};
pub use place::{Place, SOCKET, UCI_FOLDER, load};
pub use printable::{one_line, printable};
pub use words::share_name as valid_share_name;
