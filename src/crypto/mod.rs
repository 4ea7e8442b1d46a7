//! Keys, signatures, encryption and the preauthentication hash: bytes in, bytes out.
//!
//! This room knows no message layout and no session. Everything here is in place, over borrowed
//! slices and without allocation, so that one function can sign or seal whatever reply stands in
//! its slot. Which algorithm goes first on this CPU is measured ([`measure`]), not guessed.
//!
//! The ciphers come from RustCrypto: hardware instructions where the CPU has them (found at run
//! time on x86 and aarch64), otherwise constant-time software. CMAC's and CCM's loops are ours, on MIPS
//! GCM's and GHASH too, and long messages under GCM and GMAC go through `graviola` on x86-64. See
//! `docs/crypto.md`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cbc;
mod ccm;
#[cfg(not(target_arch = "mips"))]
mod gcm;
#[cfg(any(target_arch = "mips", test))]
mod ghash;
mod hmac_sha256;
mod kdf;
mod keys;
#[cfg(not(target_arch = "mips"))]
mod long;
pub mod measure;
mod preauth;
mod sealing;
mod signing;
#[cfg(any(target_arch = "mips", test))]
mod soft_gcm;
#[cfg(target_arch = "mips")]
use soft_gcm as gcm;

pub use kdf::derive;
pub use keys::{
    CipherKey, Dialect, application_key, client_to_server_key, server_to_client_key, signing_key,
};
pub use preauth::Preauth;
pub use sealing::{BadTag, Cipher, SealingKey};
pub use signing::{SIGNATURE_LENGTH, SigningAlgorithm, SigningKey, SigningNonce};

/// Which way the data goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Seal,
    Open,
}

#[cfg(test)]
mod vectors;
