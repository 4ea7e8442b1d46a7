//! GCM with nonces of 12 bytes (NIST SP 800-38D), and GMAC, which is GCM of no data: RustCrypto's, and on x86-64
//! [`long`]'s for long messages.

use super::BadTag;
use super::cbc::Aes;
use super::long;
use aes_gcm::AesGcm;
use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;

/// A key ready for use.
#[derive(Clone)]
pub struct Gcm<A, const KEY: usize> {
    gcm: AesGcm<A, U12>,
    /// The key itself, for long messages.
    key: [u8; KEY],
}

impl<A: Aes, const KEY: usize> Gcm<A, KEY> {
    /// A key from its expanded form and itself.
    pub fn new(aes: A, key: &[u8; KEY]) -> Self {
        Gcm {
            gcm: AesGcm::from(aes),
            key: *key,
        }
    }

    /// Encrypts `data` in place; the tag. Of data or `aad` longer than the format can say it is zeros, which
    /// nobody takes.
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        if let Some(gcm) = long::key(&self.key, aad.len().max(data.len())) {
            let mut tag = [0; 16];
            gcm.encrypt(nonce, aad, data, &mut tag);
            return tag;
        }
        self.gcm
            .encrypt_inout_detached(nonce.into(), aad, data.into())
            .map_or([0; 16], Into::into)
    }

    /// Decrypts `data` in place. After [`BadTag`] what stands there is nobody's.
    pub fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), BadTag> {
        if let Some(gcm) = long::key(&self.key, data.len()) {
            return gcm.decrypt(nonce, aad, data, tag).map_err(|_| BadTag);
        }
        self.gcm
            .decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into())
            .map_err(|_| BadTag)
    }
}
