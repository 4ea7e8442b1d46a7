//! The preauthentication integrity hash of SMB 3.1.1.

use hmac_sha512::Hash;

/// Connection.PreauthIntegrityHashValue or Session.PreauthIntegrityHashValue: a running SHA-512
/// over every NEGOTIATE and SESSION_SETUP message as it stood on the wire ([MS-SMB2] 3.3.5.4,
/// 3.3.5.5). A man in the middle who changes one of them makes the two ends derive different keys.
///
/// It holds nothing secret: everything hashed was sent in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preauth([u8; 64]);

impl Preauth {
    /// The hash before the first message: 64 zero bytes.
    pub const fn new() -> Self {
        Preauth([0; 64])
    }

    /// A hash that was kept elsewhere.
    pub const fn from_value(value: [u8; 64]) -> Self {
        Preauth(value)
    }

    /// Takes in one whole message, from the first byte of its SMB2 header.
    pub fn update(&mut self, message: &[u8]) {
        self.update_parts(&[message]);
    }

    /// Takes in one whole message that lies in several slices.
    pub fn update_parts(&mut self, parts: &[&[u8]]) {
        let mut hash = Hash::new();
        hash.update(self.0);
        for part in parts {
            hash.update(part);
        }
        self.0 = hash.finalize();
    }

    /// The 64 bytes, which are the context of SMB 3.1.1's key derivation.
    pub const fn value(&self) -> &[u8; 64] {
        &self.0
    }
}

impl Default for Preauth {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha512};

    #[test]
    fn the_first_message_is_hashed_after_64_zero_bytes() {
        let mut preauth = Preauth::new();
        preauth.update(b"negotiate");
        let mut plain = [0u8; 73];
        plain[64..].copy_from_slice(b"negotiate");
        let expected: [u8; 64] = Sha512::digest(plain).into();
        assert_eq!(preauth.value(), &expected);
    }

    #[test]
    fn order_matters_and_slicing_does_not() {
        let (mut a, mut b, mut c) = (Preauth::new(), Preauth::new(), Preauth::new());
        a.update(b"one");
        a.update(b"two");
        b.update(b"two");
        b.update(b"one");
        c.update_parts(&[b"o", b"", b"ne"]);
        c.update_parts(&[b"tw", b"o"]);
        assert_ne!(a, b);
        assert_eq!(a, c);
    }
}
