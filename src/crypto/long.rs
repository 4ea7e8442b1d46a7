//! GCM for long messages on x86-64: hashing and encrypting in one pass, sixteen blocks at a time.
//!
//! `aes-gcm` goes over the data twice and hashes four blocks at a time, with a call for each four. For a
//! megabyte that is three times slower than `graviola`, which has only this and wants a CPU with AVX2. Its
//! keys are large and made quickly, so one is made for each message that is long enough to pay for it.

/// From this length on a key of its own pays.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 4 << 10;

/// A key, if the message is long and the CPU right.
#[cfg(target_arch = "x86_64")]
pub fn key(key: &[u8], length: usize) -> Option<graviola::aead::AesGcm> {
    // On another CPU graviola would panic.
    (length >= LONG && graviola::util::is_cpu_supported()).then(|| graviola::aead::AesGcm::new(key))
}

/// Elsewhere there is none.
#[cfg(not(target_arch = "x86_64"))]
pub fn key(_: &[u8], _: usize) -> Option<Never> {
    None
}

/// The key that there is not.
#[cfg(not(target_arch = "x86_64"))]
pub enum Never {}

#[cfg(not(target_arch = "x86_64"))]
impl Never {
    pub fn encrypt(&self, _: &[u8; 12], _: &[u8], _: &mut [u8], _: &mut [u8; 16]) {
        match *self {}
    }

    pub fn decrypt(&self, _: &[u8; 12], _: &[u8], _: &mut [u8], _: &[u8]) -> Result<(), Never> {
        match *self {}
    }
}
