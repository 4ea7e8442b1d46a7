//! smolsmb: an SMB3 file server for OpenWrt routers.
//!
//! A pure engine decides, a thin net room moves bytes, fixed memory bounds both. The rooms and the
//! arrows between them are drawn in ARCHITECTURE.md and held by `tests/tidy.rs`.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod auth;
pub use smolsmb_crypto as crypto;
pub mod engine;
pub mod memory;
pub mod pipe;
pub mod vfs;
pub mod wire;

#[cfg(feature = "std")]
pub mod config;
#[cfg(feature = "std")]
pub mod control;
#[cfg(feature = "std")]
pub mod disks;
#[cfg(feature = "std")]
pub mod net;
#[cfg(feature = "std")]
pub mod sys;
