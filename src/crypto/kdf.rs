//! The key derivation function of SMB 3.

use super::hmac_sha256::Key;

/// Fills `out` with a key derived from `key`: the counter mode KDF of NIST SP 800-108 over
/// HMAC-SHA256, with a 32-bit counter and a 32-bit length ([MS-SMB2] 3.1.4.2).
///
/// `label` and `context` are hashed as they are given: where the specification's strings end in a
/// zero byte, the caller's slices do too. `out` is at most 2^29 bytes, and 16 or 32 in practice.
pub fn derive(key: &[u8], label: &[u8], context: &[u8], out: &mut [u8]) {
    let key = Key::new(key);
    let bits = u32::try_from(out.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(8);
    for (counter, block) in (1u32..).zip(out.chunks_mut(32)) {
        let (counter, bits) = (counter.to_be_bytes(), bits.to_be_bytes());
        let full = key.code(&[&counter, label, &[0], context, &bits]);
        for (to, from) in block.iter_mut().zip(full) {
            *to = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_part_of_the_input_so_longer_keys_do_not_begin_like_shorter_ones() {
        let (mut short, mut long) = ([0; 16], [0; 32]);
        derive(&[7; 16], b"label\0", b"context\0", &mut short);
        derive(&[7; 16], b"label\0", b"context\0", &mut long);
        assert_ne!(short, long[..16]);
    }

    #[test]
    fn blocks_after_the_first_differ() {
        let mut out = [0; 64];
        derive(&[7; 16], b"label\0", b"context\0", &mut out);
        assert_ne!(out[..32], out[32..]);
    }
}
