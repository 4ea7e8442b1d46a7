//! GCM with nonces of 12 bytes (NIST SP 800-38D), and GMAC, which is GCM of no data, for 32-bit CPUs that have
//! instructions for neither AES nor GHASH: RustCrypto's AES, always as many blocks at once as it can, and our [`ghash`].

use super::BadTag;
use super::Way;
use super::cbc::{self, Aes, Word};
use super::ghash;
use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncBackend, BlockCipherEncClosure, BlockSizeUser};
use subtle::ConstantTimeEq;

/// Bytes that are encrypted and hashed in turn, so that they stay in the cache in between.
const PIECE: usize = 4096;

/// A key ready for use.
#[derive(Clone)]
pub struct Gcm<A, const KEY: usize> {
    aes: A,
    ghash: ghash::Key,
}

impl<A: Aes, const KEY: usize> Gcm<A, KEY> {
    /// A key from its expanded form; itself it is not needed.
    pub fn new(aes: A, _: &[u8; KEY]) -> Self {
        let ghash = ghash::Key::new(cbc::encrypt(&aes, [0; 16]));
        Gcm { aes, ghash }
    }

    /// Encrypts `data` in place; the tag.
    pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        run(&self.aes, &self.ghash, nonce, aad, data, Way::Seal)
    }

    /// Decrypts `data` in place. After [`BadTag`] what stands there is nobody's.
    pub fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), BadTag> {
        let right = run(&self.aes, &self.ghash, nonce, aad, data, Way::Open);
        if right.ct_eq(tag).into() {
            Ok(())
        } else {
            Err(BadTag)
        }
    }
}

/// AES in software, with a key of either length: what is written against this exists once in the binary.
trait Software {
    /// See [`cbc::drive`].
    fn drive(&self, next: &mut dyn FnMut(&mut [cbc::Block]) -> bool);
}

impl<A: Aes> Software for A {
    fn drive(&self, next: &mut dyn FnMut(&mut [cbc::Block]) -> bool) {
        self.encrypt_with_backend(Drive(next));
    }
}

struct Drive<'a>(&'a mut dyn FnMut(&mut [cbc::Block]) -> bool);

impl BlockSizeUser for Drive<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Drive<'_> {
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        cbc::drive(backend, self.0);
    }
}

/// Both ways and all lengths of key: this exists once in the binary. The tag.
#[inline(never)]
fn run(
    aes: &dyn Software,
    key: &ghash::Key,
    nonce: &[u8; 12],
    aad: &[u8],
    data: &mut [u8],
    way: Way,
) -> [u8; 16] {
    let (aad_length, data_length) = (aad.len(), data.len());
    let mut hash = key.start();
    hash.update(aad);
    let mut mask = [0; 16];
    stream(aes, nonce, 1, &mut mask);
    for (first, piece) in (2..).step_by(PIECE / 16).zip(data.chunks_mut(PIECE)) {
        if way == Way::Open {
            hash.update(piece);
        }
        stream(aes, nonce, first, piece);
        if way == Way::Seal {
            hash.update(piece);
        }
    }
    let hash = hash.finish(aad_length, data_length);
    (u128::from_ne_bytes(hash) ^ u128::from_ne_bytes(mask)).to_ne_bytes()
}

fn block(nonce: &[u8; 12], counter: u32) -> [u8; 16] {
    let mut block = [0; 16];
    let (head, tail) = block.split_at_mut(12);
    head.copy_from_slice(nonce);
    tail.copy_from_slice(&counter.to_be_bytes());
    block
}

/// Adds the key stream to some data, from a counter on; 1 is the tag's.
fn stream(aes: &dyn Software, nonce: &[u8; 12], mut counter: u32, data: &mut [u8]) {
    let mut rest = data;
    let mut due: &mut [u8] = &mut [];
    aes.drive(&mut |lanes| {
        let (whole, open) = core::mem::take(&mut due).as_chunks_mut::<16>();
        for (at, data) in whole.iter_mut().enumerate() {
            *data = (Word::from_ne_bytes(*data) ^ cbc::word(lanes, at)).to_ne_bytes();
        }
        if !open.is_empty() {
            let key = cbc::word(lanes, whole.len()).to_ne_bytes();
            for (data, key) in open.iter_mut().zip(key) {
                *data ^= key;
            }
        }
        if rest.is_empty() {
            return false;
        }
        let many = rest.len().min(16 * lanes.len());
        (due, rest) = core::mem::take(&mut rest).split_at_mut(many);
        for lane in lanes {
            *lane = block(nonce, counter).into();
            counter = counter.wrapping_add(1);
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::KeyInit;
    use aes::{Aes128Enc, Aes256Enc};
    use aes_gcm::aead::AeadInOut;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_what_another_implementation_says(key: [u8; 32], nonce: [u8; 12],
            aad in proptest::collection::vec(any::<u8>(), 0..70), data in proptest::collection::vec(any::<u8>(), 0..600)) {
            let (mut sealed, mut theirs) = (data.clone(), data.clone());
            let ours = Gcm::new(Aes256Enc::new(&key.into()), &key);
            let tag = ours.seal(&nonce, &aad, &mut sealed);
            let tag_of_theirs: [u8; 16] = aes_gcm::Aes256Gcm::new(&key.into())
                .encrypt_inout_detached(&nonce.into(), &aad, theirs.as_mut_slice().into()).unwrap().into();
            prop_assert_eq!((&sealed, tag), (&theirs, tag_of_theirs));
            let mut wrong = tag;
            wrong[3] ^= 1;
            prop_assert_eq!(ours.open(&nonce, &aad, &mut sealed.clone(), &wrong), Err(BadTag));
            prop_assert_eq!(ours.open(&nonce, &aad, &mut sealed, &tag), Ok(()));
            prop_assert_eq!(sealed, data);
        }
    }

    #[test]
    fn pieces_join_where_one_ends_and_the_next_begins() {
        for length in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 17, 3 * PIECE + 32] {
            let mut data: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mut theirs = data.clone();
            let tag = Gcm::new(Aes128Enc::new(&[7; 16].into()), &[7; 16])
                .seal(&[9; 12], b"aad", &mut data);
            let tag_of_theirs: [u8; 16] = aes_gcm::Aes128Gcm::new(&[7; 16].into())
                .encrypt_inout_detached(&[9; 12].into(), b"aad", theirs.as_mut_slice().into())
                .unwrap()
                .into();
            assert_eq!((data, tag), (theirs, tag_of_theirs), "{length}");
        }
    }
}
