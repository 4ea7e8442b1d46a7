//! Signing: sixteen bytes over a whole message.

use super::cbc;
use super::gcm::Gcm;
use super::hmac_sha256;
use aes::Aes128Enc;
use aes::cipher::KeyInit;
use subtle::ConstantTimeEq;

/// Length of a signature on the wire, in bytes.
pub const SIGNATURE_LENGTH: usize = 16;

/// A signing algorithm; the values are those of SMB2_SIGNING_CAPABILITIES ([MS-SMB2] 2.2.3.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum SigningAlgorithm {
    /// HMAC-SHA256 cut to its first 16 bytes: SMB 2.0.2 and 2.1, and 3.1.1 where negotiated.
    HmacSha256 = 0,
    /// AES-128-CMAC: SMB 3.0, 3.0.2, and 3.1.1 where nothing was negotiated.
    AesCmac = 1,
    /// AES-128-GMAC: SMB 3.1.1 where negotiated.
    AesGmac = 2,
}

impl SigningAlgorithm {
    /// All of them, in the order preferred where the CPU makes no difference.
    pub const ALL: [SigningAlgorithm; 3] = [
        SigningAlgorithm::AesGmac,
        SigningAlgorithm::AesCmac,
        SigningAlgorithm::HmacSha256,
    ];

    /// The number on the wire.
    pub const fn id(self) -> u16 {
        self as u16
    }

    /// The algorithm with this number on the wire, if we know it.
    pub const fn from_id(id: u16) -> Option<Self> {
        match id {
            0 => Some(SigningAlgorithm::HmacSha256),
            1 => Some(SigningAlgorithm::AesCmac),
            2 => Some(SigningAlgorithm::AesGmac),
            _ => None,
        }
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            SigningAlgorithm::HmacSha256 => "HMAC-SHA256",
            SigningAlgorithm::AesCmac => "AES-128-CMAC",
            SigningAlgorithm::AesGmac => "AES-128-GMAC",
        }
    }
}

/// What makes a GMAC signature's nonce unique under one key ([MS-SMB2] 3.1.4.1). The other
/// algorithms pass over it.
///
/// Two different messages signed under one nonce let a listener solve for GHASH's key and forge
/// from then on. So an interim reply (STATUS_PENDING), which has the MessageId of the final one,
/// and a break notification, whose MessageId is all ones, are not to be signed; clients do not
/// check them ([MS-SMB2] 3.2.5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningNonce {
    /// MessageId of the signed message.
    pub message_id: u64,
    /// The server sends it.
    pub server: bool,
    /// It is an SMB2 CANCEL, which shares its MessageId with the request it cancels.
    pub cancel: bool,
}

impl SigningNonce {
    fn bytes(self) -> [u8; 12] {
        let mut nonce = [0; 12];
        let (id, role) = nonce.split_at_mut(8);
        id.copy_from_slice(&self.message_id.to_le_bytes());
        let bits = u32::from(self.server) | u32::from(self.cancel) << 1;
        role.copy_from_slice(&bits.to_le_bytes());
        nonce
    }
}

/// A key ready to sign: schedules are expanded once, here, and signing allocates nothing.
#[derive(Clone)]
pub struct SigningKey(Keyed);

// One per session and channel, in a table of fixed size: boxing the larger ones would only move
// the bytes to where the budget does not see them.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
enum Keyed {
    HmacSha256(hmac_sha256::Key),
    AesCmac(Aes128Enc),
    AesGmac(Gcm<Aes128Enc, 16>),
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("SigningKey")
            .field(&self.algorithm())
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Expands `key` for `algorithm`.
    pub fn new(algorithm: SigningAlgorithm, key: &[u8; 16]) -> Self {
        SigningKey(match algorithm {
            SigningAlgorithm::HmacSha256 => Keyed::HmacSha256(hmac_sha256::Key::new(key)),
            SigningAlgorithm::AesCmac => Keyed::AesCmac(Aes128Enc::new(key.into())),
            SigningAlgorithm::AesGmac => Keyed::AesGmac(Gcm::new(Aes128Enc::new(key.into()), key)),
        })
    }

    /// The algorithm this key signs with.
    pub fn algorithm(&self) -> SigningAlgorithm {
        match self.0 {
            Keyed::HmacSha256(_) => SigningAlgorithm::HmacSha256,
            Keyed::AesCmac(_) => SigningAlgorithm::AesCmac,
            Keyed::AesGmac(_) => SigningAlgorithm::AesGmac,
        }
    }

    /// Signs a message, in whose header the Signature field holds zeros. Padding up to the next
    /// message of a compound belongs to the message.
    pub fn sign(&self, message: &[u8], nonce: SigningNonce) -> [u8; SIGNATURE_LENGTH] {
        match &self.0 {
            Keyed::HmacSha256(key) => {
                let mut cut = [0; SIGNATURE_LENGTH];
                cut.copy_from_slice(&key.code(&[message])[..SIGNATURE_LENGTH]);
                cut
            }
            Keyed::AesCmac(aes) => cbc::cmac(aes, message),
            // GCM over no plaintext, with the message as additional data (NIST SP 800-38D 6.4).
            Keyed::AesGmac(gcm) => gcm.seal(&nonce.bytes(), message, &mut []),
        }
    }

    /// Whether `signature` is the message's, compared in constant time. The Signature field of the
    /// message holds zeros.
    pub fn verify(
        &self,
        message: &[u8],
        nonce: SigningNonce,
        signature: &[u8; SIGNATURE_LENGTH],
    ) -> bool {
        self.sign(message, nonce).ct_eq(signature).into()
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{bytes, hex};
    use super::*;
    use ghash::GHash;
    use ghash::universal_hash::UniversalHash;
    use proptest::prelude::*;

    const NONE: SigningNonce = SigningNonce {
        message_id: 0,
        server: false,
        cancel: false,
    };

    fn sign(algorithm: SigningAlgorithm, key: &str, message: &str) -> [u8; 16] {
        SigningKey::new(algorithm, &hex(key)).sign(&bytes(message), NONE)
    }

    #[test]
    fn cmac_matches_rfc_4493() {
        let key = "2b7e151628aed2a6abf7158809cf4f3c";
        let message = "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 \
                       30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710";
        let message = bytes(message);
        let key = SigningKey::new(SigningAlgorithm::AesCmac, &hex(key));
        for (length, expected) in [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ] {
            assert_eq!(
                key.sign(&message[..length], NONE),
                hex::<16>(expected),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn hmac_is_the_head_of_sha256s() {
        // RFC 4231 has no key of 16 bytes; RFC 2104 pads with zeros, so "Jefe" can stand in 16.
        let mut key = [0; 16];
        key[..4].copy_from_slice(b"Jefe");
        let key = SigningKey::new(SigningAlgorithm::HmacSha256, &key);
        let signature = key.sign(b"what do ya want for nothing?", NONE);
        assert_eq!(signature, hex::<16>("5bdcc146bf60754e6a042426089575c7"));
    }

    #[test]
    fn gmac_of_nothing_matches_gcm_test_case_1() {
        let signature = sign(
            SigningAlgorithm::AesGmac,
            "00000000000000000000000000000000",
            "",
        );
        assert_eq!(signature, hex::<16>("58e2fccefa7e3061367f1d57a4e7455a"));
    }

    #[test]
    fn the_nonce_is_message_id_role_and_cancel_in_little_endian() {
        let nonce = SigningNonce {
            message_id: 0x0102_0304_0506_0708,
            server: true,
            cancel: false,
        };
        assert_eq!(nonce.bytes(), [8, 7, 6, 5, 4, 3, 2, 1, 1, 0, 0, 0]);
        assert_eq!(
            SigningNonce {
                server: false,
                cancel: true,
                ..nonce
            }
            .bytes()[8..],
            [2, 0, 0, 0]
        );
        assert_eq!(
            SigningNonce {
                server: true,
                cancel: true,
                ..nonce
            }
            .bytes()[8..],
            [3, 0, 0, 0]
        );
    }

    #[test]
    fn verify_refuses_every_flipped_bit() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::new(algorithm, &[5; 16]);
            let good = key.sign(b"message", NONE);
            assert!(key.verify(b"message", NONE, &good));
            assert!(!key.verify(b"massage", NONE, &good));
            for bit in 0..128 {
                let mut bad = good;
                bad[bit / 8] ^= 1 << (bit % 8);
                assert!(
                    !key.verify(b"message", NONE, &bad),
                    "{algorithm:?} bit {bit}"
                );
            }
        }
    }

    #[test]
    fn only_gmac_depends_on_the_nonce() {
        let other = SigningNonce {
            message_id: 1,
            ..NONE
        };
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::new(algorithm, &[5; 16]);
            let differs = key.sign(b"x", NONE) != key.sign(b"x", other);
            assert_eq!(differs, algorithm == SigningAlgorithm::AesGmac);
        }
    }

    #[test]
    fn ids_round_trip_and_debug_prints_no_key() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::from_id(algorithm.id()), Some(algorithm));
            let shown = format!("{:?}", SigningKey::new(algorithm, &[0xAB; 16]));
            assert_eq!(shown, format!("SigningKey({algorithm:?}, ..)"));
        }
        assert_eq!(SigningAlgorithm::from_id(3), None);
    }

    /// GMAC as NIST SP 800-38D 6.4 puts it together, over another implementation of GHASH's.
    fn gmac_by_hand(key: &[u8; 16], message: &[u8], nonce: [u8; 12]) -> [u8; 16] {
        let aes = Aes128Enc::new(key.into());
        let mut ghash = GHash::new(&cbc::encrypt(&aes, [0; 16]).into());
        ghash.update_padded(message);
        let mut lengths = [0; 16];
        lengths[..8].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
        ghash.update(&[lengths.into()]);
        let mut counter = [0; 16];
        counter[..12].copy_from_slice(&nonce);
        counter[15] = 1;
        let mut tag: [u8; 16] = ghash.finalize().into();
        for (byte, mask) in tag.iter_mut().zip(cbc::encrypt(&aes, counter)) {
            *byte ^= mask;
        }
        tag
    }

    #[test]
    fn long_messages_are_signed_like_short_ones() {
        let message: Vec<u8> = (0..100_000u32).map(|n| (n ^ n >> 7) as u8).collect();
        for length in [4095, 4096, 4097, 8192 + 255, 16_384, 65_616, 99_999] {
            let key = SigningKey::new(SigningAlgorithm::AesGmac, &[9; 16]);
            assert_eq!(
                key.sign(&message[..length], NONE),
                gmac_by_hand(&[9; 16], &message[..length], NONE.bytes()),
                "{length} bytes"
            );
        }
    }

    proptest! {
        #[test]
        fn gmac_is_put_together_as_the_standard_says(
            key: [u8; 16],
            message in proptest::collection::vec(any::<u8>(), 0..400),
            message_id: u64,
            server: bool,
            cancel: bool,
        ) {
            let nonce = SigningNonce { message_id, server, cancel };
            let ours = SigningKey::new(SigningAlgorithm::AesGmac, &key).sign(&message, nonce);
            prop_assert_eq!(ours, gmac_by_hand(&key, &message, nonce.bytes()));
        }
    }
}
