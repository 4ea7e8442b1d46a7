//! HMAC-SHA256, which signs and derives keys: once in the binary for both.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key ready for use.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// A key of up to 64 bytes; what is longer does not count.
    #[inline(never)]
    pub fn new(key: &[u8]) -> Self {
        // HMAC pads short keys with zeros up to its block of 64 bytes (RFC 2104).
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
        Key(<Hmac<Sha256> as KeyInit>::new(&block.into()))
    }

    /// The code of these parts, one after the other.
    #[inline(never)]
    pub fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}
