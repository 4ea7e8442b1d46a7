//! Runs one algorithm over some bytes: whoever counts instructions takes the difference of two lengths.
//! usage: candidates NAME BYTES      NAME: see `run`; BYTES: a multiple of 16
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use ghash::universal_hash::UniversalHash;
use smolsmb_crypto::{Cipher, SealingKey, SigningAlgorithm, SigningKey, SigningNonce};
use std::hint::black_box;

mod table;

const NONCE: SigningNonce = SigningNonce {
    message_id: 7,
    server: true,
    cancel: false,
};

fn sign(algorithm: SigningAlgorithm, data: &[u8]) {
    black_box(SigningKey::new(algorithm, &[0x5a; 16]).sign(data, NONCE));
}

fn seal(cipher: Cipher, data: &mut [u8]) {
    let key = &[0x5a; 32][..cipher.key_length()];
    if let Some(key) = SealingKey::new(cipher, key) {
        black_box(key.seal(&[1; 16], &[2; 32], data));
    }
}

fn run(name: &str, data: &mut [u8]) -> bool {
    match name {
        // what the server has
        "hmac" => sign(SigningAlgorithm::HmacSha256, data),
        "cmac" => sign(SigningAlgorithm::AesCmac, data),
        "gmac" => sign(SigningAlgorithm::AesGmac, data),
        "gcm128" => seal(Cipher::Aes128Gcm, data),
        "gcm256" => seal(Cipher::Aes256Gcm, data),
        "ccm128" => seal(Cipher::Aes128Ccm, data),
        "ccm256" => seal(Cipher::Aes256Ccm, data),
        // AES of independent blocks, fixsliced, as many at once as it likes; and the same blocks by tables
        "aes128" => {
            let aes = aes::Aes128Enc::new(&[0x5a; 16].into());
            aes.encrypt_blocks(Array::cast_slice_from_core_mut(data.as_chunks_mut().0));
        }
        "aes128-table" => {
            let aes = table::Aes128::new(&[0x5a; 16]);
            for block in data.as_chunks_mut().0 {
                *block = aes.encrypt(*block);
            }
        }
        // GHASH of RustCrypto
        "ghash" => {
            let mut ghash = ghash::GHash::new(&[0x5a; 16].into());
            ghash.update(Array::cast_slice_from_core(data.as_chunks().0));
            black_box(ghash.finalize());
        }
        _ => return false,
    }
    true
}

fn main() {
    let mut words = std::env::args().skip(1);
    let (Some(name), Some(bytes)) = (words.next(), words.next().and_then(|n| n.parse().ok()))
    else {
        std::process::exit(2);
    };
    let mut data = vec![0x61; bytes];
    if !run(&name, black_box(&mut data)) {
        std::process::exit(2);
    }
    black_box(&data);
}
