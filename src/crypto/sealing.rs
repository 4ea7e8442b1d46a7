//! Sealing: authenticated encryption of whole frames, in place.

use super::ccm;
use super::gcm::Gcm;
use aes::cipher::KeyInit;
use aes::{Aes128Enc, Aes256Enc};
use subtle::ConstantTimeEq;

/// A cipher; the values are those of SMB2_ENCRYPTION_CAPABILITIES ([MS-SMB2] 2.2.3.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Cipher {
    /// AES-128-CCM, the only one of SMB 3.0 and 3.0.2.
    Aes128Ccm = 1,
    /// AES-128-GCM.
    Aes128Gcm = 2,
    /// AES-256-CCM.
    Aes256Ccm = 3,
    /// AES-256-GCM.
    Aes256Gcm = 4,
}

impl Cipher {
    /// All of them, in the order preferred where the CPU makes no difference.
    pub const ALL: [Cipher; 4] = [
        Cipher::Aes128Gcm,
        Cipher::Aes256Gcm,
        Cipher::Aes128Ccm,
        Cipher::Aes256Ccm,
    ];

    /// The number on the wire.
    pub const fn id(self) -> u16 {
        self as u16
    }

    /// The cipher with this number on the wire, if we know it.
    pub const fn from_id(id: u16) -> Option<Self> {
        match id {
            1 => Some(Cipher::Aes128Ccm),
            2 => Some(Cipher::Aes128Gcm),
            3 => Some(Cipher::Aes256Ccm),
            4 => Some(Cipher::Aes256Gcm),
            _ => None,
        }
    }

    /// Length of its key, in bytes.
    pub const fn key_length(self) -> usize {
        match self {
            Cipher::Aes128Ccm | Cipher::Aes128Gcm => 16,
            Cipher::Aes256Ccm | Cipher::Aes256Gcm => 32,
        }
    }

    /// How many of the Nonce field's 16 bytes it uses; the sender leaves the rest zero
    /// ([MS-SMB2] 2.2.41).
    pub const fn nonce_length(self) -> usize {
        match self {
            Cipher::Aes128Ccm | Cipher::Aes256Ccm => 11,
            Cipher::Aes128Gcm | Cipher::Aes256Gcm => 12,
        }
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Cipher::Aes128Ccm => "AES-128-CCM",
            Cipher::Aes128Gcm => "AES-128-GCM",
            Cipher::Aes256Ccm => "AES-256-CCM",
            Cipher::Aes256Gcm => "AES-256-GCM",
        }
    }
}

/// The frame is not what its sender sealed, or not under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTag;

/// A key ready to seal or open one direction: expanded once, and no call allocates.
#[derive(Clone)]
pub struct SealingKey(Keyed);

// One or two per session, in a table of fixed size; see `SigningKey`.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
enum Keyed {
    Aes128Ccm(Aes128Enc),
    Aes256Ccm(Aes256Enc),
    Aes128Gcm(Gcm<Aes128Enc, 16>),
    Aes256Gcm(Gcm<Aes256Enc, 32>),
}

impl core::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("SealingKey")
            .field(&self.cipher())
            .finish_non_exhaustive()
    }
}

impl SealingKey {
    /// Expands `key`, whose length is [`Cipher::key_length`]; `None` for another length.
    pub fn new(cipher: Cipher, key: &[u8]) -> Option<Self> {
        Some(SealingKey(match cipher {
            Cipher::Aes128Ccm => Keyed::Aes128Ccm(Aes128Enc::new_from_slice(key).ok()?),
            Cipher::Aes256Ccm => Keyed::Aes256Ccm(Aes256Enc::new_from_slice(key).ok()?),
            Cipher::Aes128Gcm => Keyed::Aes128Gcm(Gcm::new(
                Aes128Enc::new_from_slice(key).ok()?,
                key.try_into().ok()?,
            )),
            Cipher::Aes256Gcm => Keyed::Aes256Gcm(Gcm::new(
                Aes256Enc::new_from_slice(key).ok()?,
                key.try_into().ok()?,
            )),
        }))
    }

    /// The cipher this key is for.
    pub fn cipher(&self) -> Cipher {
        match self.0 {
            Keyed::Aes128Ccm(_) => Cipher::Aes128Ccm,
            Keyed::Aes128Gcm(_) => Cipher::Aes128Gcm,
            Keyed::Aes256Ccm(_) => Cipher::Aes256Ccm,
            Keyed::Aes256Gcm(_) => Cipher::Aes256Gcm,
        }
    }

    /// Encrypts `data` in place and returns the tag, which is the transform header's Signature.
    ///
    /// `nonce` is the header's whole Nonce field, of which the first 11 or 12 bytes count; it must
    /// never come twice under one key. `aad` is the header from Nonce to its end
    /// ([MS-SMB2] 3.1.4.3). `data` is at most 4 GiB, which no frame reaches.
    pub fn seal(&self, nonce: &[u8; 16], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        // The only failure is a length no frame can have; a tag of zeros opens nowhere.
        match &self.0 {
            Keyed::Aes128Ccm(key) => ccm::seal(key, &cut(nonce), aad, data).unwrap_or([0; 16]),
            Keyed::Aes256Ccm(key) => ccm::seal(key, &cut(nonce), aad, data).unwrap_or([0; 16]),
            Keyed::Aes128Gcm(key) => key.seal(&cut(nonce), aad, data),
            Keyed::Aes256Gcm(key) => key.seal(&cut(nonce), aad, data),
        }
    }

    /// Checks `tag` in constant time and decrypts `data` in place. After [`BadTag`] the contents
    /// of `data` are meaningless and must not be used.
    pub fn open(
        &self,
        nonce: &[u8; 16],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), BadTag> {
        let right = match &self.0 {
            Keyed::Aes128Ccm(key) => ccm::open(key, &cut(nonce), aad, data),
            Keyed::Aes256Ccm(key) => ccm::open(key, &cut(nonce), aad, data),
            Keyed::Aes128Gcm(key) => return key.open(&cut(nonce), aad, data, tag),
            Keyed::Aes256Gcm(key) => return key.open(&cut(nonce), aad, data, tag),
        };
        match right {
            Some(right) if right.ct_eq(tag).into() => Ok(()),
            _ => Err(BadTag),
        }
    }
}

/// The bytes of the Nonce field that a cipher uses.
fn cut<const LENGTH: usize>(field: &[u8; 16]) -> [u8; LENGTH] {
    let mut nonce = [0; LENGTH];
    nonce.copy_from_slice(&field[..LENGTH]);
    nonce
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{bytes, hex};
    use super::*;
    use crate::cbc::encrypt;
    use aes_gcm::aead::AeadInOut;
    use ccm_crate::consts::{U11, U16};
    use proptest::prelude::*;

    fn key(cipher: Cipher, byte: u8) -> SealingKey {
        SealingKey::new(cipher, &[byte; 32][..cipher.key_length()]).unwrap()
    }

    #[test]
    fn gcm_matches_the_test_cases_of_its_authors() {
        // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 4 and 16.
        let aad = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = bytes(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let nonce = hex("cafebabefacedbaddecaf88800000000");
        for (cipher, key, sealed, tag) in [
            (
                Cipher::Aes128Gcm,
                "feffe9928665731c6d6a8f9467308308",
                "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
                 21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
                "5bc94fbc3221a5db94fae95ae7121a47",
            ),
            (
                Cipher::Aes256Gcm,
                "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ] {
            let key = SealingKey::new(cipher, &bytes(key)).unwrap();
            let mut data = plain.clone();
            let found = key.seal(&nonce, &aad, &mut data);
            assert_eq!(
                (data.clone(), found),
                (bytes(sealed), hex(tag)),
                "{cipher:?}"
            );
            key.open(&nonce, &aad, &mut data, &found).unwrap();
            assert_eq!(data, plain);
        }
    }

    /// CCM as RFC 3610 section 2 writes it, a block at a time: the measure for the crate's.
    fn rfc3610(
        aes: &dyn Fn(&mut [u8; 16]),
        tag_length: usize,
        nonce: &[u8],
        aad: &[u8],
        plain: &[u8],
    ) -> (Vec<u8>, Vec<u8>) {
        let l = 15 - nonce.len();
        let mut blocks = vec![0u8; 16];
        blocks[0] =
            (64 * u8::from(!aad.is_empty())) + 8 * (tag_length as u8 - 2) / 2 + (l as u8 - 1);
        blocks[1..1 + nonce.len()].copy_from_slice(nonce);
        let length = (plain.len() as u64).to_be_bytes();
        blocks[16 - l..].copy_from_slice(&length[8 - l..]);
        if !aad.is_empty() {
            assert!(aad.len() < 0xff00);
            blocks.extend_from_slice(&(aad.len() as u16).to_be_bytes());
            blocks.extend_from_slice(aad);
            blocks.resize(blocks.len().next_multiple_of(16), 0);
        }
        blocks.extend_from_slice(plain);
        blocks.resize(blocks.len().next_multiple_of(16), 0);
        let mut mac = [0u8; 16];
        for block in blocks.chunks(16) {
            mac.iter_mut().zip(block).for_each(|(m, b)| *m ^= b);
            aes(&mut mac);
        }
        let stream = |counter: u64| {
            let mut block = [0u8; 16];
            block[0] = l as u8 - 1;
            block[1..1 + nonce.len()].copy_from_slice(nonce);
            block[16 - l..].copy_from_slice(&counter.to_be_bytes()[8 - l..]);
            aes(&mut block);
            block
        };
        let tag = mac
            .iter()
            .zip(stream(0))
            .map(|(m, s)| m ^ s)
            .take(tag_length)
            .collect();
        let mut sealed = plain.to_vec();
        for (counter, chunk) in (1..).zip(sealed.chunks_mut(16)) {
            chunk
                .iter_mut()
                .zip(stream(counter))
                .for_each(|(c, s)| *c ^= s);
        }
        (sealed, tag)
    }

    fn aes128(key: &[u8]) -> impl Fn(&mut [u8; 16]) {
        let aes = Aes128Enc::new_from_slice(key).unwrap();
        move |block| *block = encrypt(&aes, *block)
    }

    fn aes256(key: &[u8]) -> impl Fn(&mut [u8; 16]) {
        let aes = Aes256Enc::new_from_slice(key).unwrap();
        move |block| *block = encrypt(&aes, *block)
    }

    #[test]
    fn the_measure_for_ccm_itself_matches_rfc_3610_packet_vector_1() {
        let (sealed, tag) = rfc3610(
            &aes128(&bytes("C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF")),
            8,
            &bytes("00000003020100A0A1A2A3A4A5"),
            &bytes("0001020304050607"),
            &bytes("08090A0B0C0D0E0F101112131415161718191A1B1C1D1E"),
        );
        assert_eq!(
            sealed,
            bytes("588C979A61C663D2F066D0C2C0F989806D5F6B61DAC384")
        );
        assert_eq!(tag, bytes("17E8D12CFDF926E0"));
    }

    #[test]
    fn a_wrong_key_length_is_refused() {
        for cipher in Cipher::ALL {
            for length in [0, 15, 16, 17, 24, 31, 32, 33] {
                let key = SealingKey::new(cipher, &[1; 33][..length]);
                assert_eq!(
                    key.is_some(),
                    length == cipher.key_length(),
                    "{cipher:?} {length}"
                );
            }
        }
    }

    #[test]
    fn ids_round_trip_and_debug_prints_no_key() {
        for cipher in Cipher::ALL {
            assert_eq!(Cipher::from_id(cipher.id()), Some(cipher));
            assert_eq!(
                format!("{:?}", key(cipher, 0xAB)),
                format!("SealingKey({cipher:?}, ..)")
            );
        }
        assert_eq!((Cipher::from_id(0), Cipher::from_id(5)), (None, None));
    }

    #[test]
    fn bytes_of_the_nonce_field_beyond_the_ciphers_length_do_not_count() {
        for cipher in Cipher::ALL {
            let key = key(cipher, 3);
            for byte in 0..16 {
                let mut nonce = [0; 16];
                let mut data = *b"frame";
                let tag = key.seal(&nonce, b"", &mut data);
                nonce[byte] = 1;
                let opens = key.open(&nonce, b"", &mut data, &tag).is_ok();
                assert_eq!(
                    opens,
                    byte >= cipher.nonce_length(),
                    "{cipher:?} byte {byte}"
                );
            }
        }
    }

    #[test]
    fn long_frames_are_sealed_and_opened_like_short_ones() {
        let plain: Vec<u8> = (0..100_000u32).map(|n| (n ^ n >> 7) as u8).collect();
        for (cipher, length) in [4095, 4096, 4097, 8192 + 255, 65_616, 99_999]
            .into_iter()
            .flat_map(|length| Cipher::ALL.map(|cipher| (cipher, length)))
        {
            let (key, aad) = (key(cipher, 7), [3; 32]);
            let mut data = plain[..length].to_vec();
            let tag = key.seal(&[5; 16], &aad, &mut data);
            let mut expected = plain[..length].to_vec();
            let raw = [7; 32];
            let nonce = &[5; 12];
            let (all, buffer) = (&mut expected[..], &raw[..cipher.key_length()]);
            let right: [u8; 16] = match cipher {
                Cipher::Aes128Gcm => aes_gcm::Aes128Gcm::new_from_slice(buffer)
                    .unwrap()
                    .encrypt_inout_detached(nonce.into(), &aad, all.into()),
                Cipher::Aes256Gcm => aes_gcm::Aes256Gcm::new_from_slice(buffer)
                    .unwrap()
                    .encrypt_inout_detached(nonce.into(), &aad, all.into()),
                Cipher::Aes128Ccm => {
                    ccm_crate::Ccm::<aes::Aes128, U16, U11>::new_from_slice(buffer)
                        .unwrap()
                        .encrypt_inout_detached((&[5; 11]).into(), &aad, all.into())
                }
                Cipher::Aes256Ccm => {
                    ccm_crate::Ccm::<aes::Aes256, U16, U11>::new_from_slice(buffer)
                        .unwrap()
                        .encrypt_inout_detached((&[5; 11]).into(), &aad, all.into())
                }
            }
            .unwrap()
            .into();
            assert_eq!(tag, right, "{cipher:?} {length}");
            assert!(data == expected, "{cipher:?} {length}");
            let mut changed = data.clone();
            changed[length / 2] ^= 1;
            assert_eq!(key.open(&[5; 16], &aad, &mut changed, &tag), Err(BadTag));
            key.open(&[5; 16], &aad, &mut data, &tag).unwrap();
            assert!(data == plain[..length], "{cipher:?} {length}");
        }
    }

    proptest! {
        #[test]
        fn ccm_is_rfc_3610s(
            key: [u8; 32],
            nonce: [u8; 16],
            aad in proptest::collection::vec(any::<u8>(), 0..80),
            plain in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut data = plain.clone();
            let tag = SealingKey::new(Cipher::Aes128Ccm, &key[..16]).unwrap().seal(&nonce, &aad, &mut data);
            prop_assert_eq!((data, tag.to_vec()), rfc3610(&aes128(&key[..16]), 16, &nonce[..11], &aad, &plain));
            let mut data = plain.clone();
            let tag = SealingKey::new(Cipher::Aes256Ccm, &key).unwrap().seal(&nonce, &aad, &mut data);
            prop_assert_eq!((data, tag.to_vec()), rfc3610(&aes256(&key), 16, &nonce[..11], &aad, &plain));
        }

        #[test]
        fn what_is_sealed_opens_and_nothing_else_does(
            bytes: [u8; 32],
            nonce: [u8; 16],
            aad in proptest::collection::vec(any::<u8>(), 1..40),
            plain in proptest::collection::vec(any::<u8>(), 1..100),
            bit: u16,
        ) {
            for cipher in Cipher::ALL {
                let key = SealingKey::new(cipher, &bytes[..cipher.key_length()]).unwrap();
                let mut data = plain.clone();
                let tag = key.seal(&nonce, &aad, &mut data);
                let flip = |bytes: &[u8]| {
                    let mut bytes = bytes.to_vec();
                    let at = usize::from(bit) % (bytes.len() * 8);
                    bytes[at / 8] ^= 1 << (at % 8);
                    bytes
                };
                let bad_tag: [u8; 16] = flip(&tag).try_into().unwrap();
                prop_assert_eq!(key.open(&nonce, &aad, &mut data.clone(), &bad_tag), Err(BadTag));
                prop_assert_eq!(key.open(&nonce, &flip(&aad), &mut data.clone(), &tag), Err(BadTag));
                prop_assert_eq!(key.open(&nonce, &aad, &mut flip(&data), &tag), Err(BadTag));
                prop_assert_eq!(key.open(&nonce, &aad, &mut data, &tag), Ok(()));
                prop_assert_eq!(&data, &plain);
            }
        }
    }
}
