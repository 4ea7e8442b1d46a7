//! AES in a chain: the loop that CMAC and CCM spend their time in, and CMAC itself (RFC 4493).
//!
//! Every block waits for the one before it, so what counts is that nothing but the cipher lies between two
//! blocks: the state stays in registers, and the key is looked up once for the whole message.

use aes::cipher::consts::U16;
use aes::cipher::typenum::Unsigned;
use aes::cipher::{
    Array, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser,
    ParBlocks,
};

/// A block as a number, its bytes in the order of this CPU: the order does not matter to XOR.
pub type Word = u128;

/// Any AES.
pub trait Aes: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> {}
impl<A: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Aes for A {}

/// One block encrypted.
pub fn encrypt(aes: &impl Aes, block: [u8; 16]) -> [u8; 16] {
    let mut state = Word::from_ne_bytes(block);
    chain(aes, &mut state, &[[0; 16]]);
    state.to_ne_bytes()
}

/// Up to 16 bytes as a block, zeros behind them.
pub fn padded(bytes: &[u8]) -> [u8; 16] {
    let mut block = [0; 16];
    for (to, from) in block.iter_mut().zip(bytes) {
        *to = *from;
    }
    block
}

/// Whether this is software: it works on two or four blocks at once, and takes no longer for them than for one.
pub const fn soft<B: BlockCipherEncBackend<BlockSize = U16>>() -> bool {
    matches!(B::ParBlocksSize::USIZE, 2..=4)
}

/// Encrypts as many blocks at once as the software can, until `next`, which finds the last ones encrypted and puts
/// the next ones in their place, says that there are none. At first it finds zeros.
///
/// All software AES of this crate goes through this one loop on purpose: called from one place, in a loop, the whole
/// cipher becomes one piece of code, its state in registers. Called from several it costs a third more on MIPS.
#[inline(never)]
pub fn drive<B: BlockCipherEncBackend<BlockSize = U16>>(
    backend: &B,
    next: &mut dyn FnMut(&mut [Block]) -> bool,
) {
    let mut blocks = ParBlocks::<B>::default();
    while next(&mut blocks) {
        backend.encrypt_par_blocks((&mut blocks).into());
    }
}

/// A block as the cipher takes it.
pub type Block = Array<u8, U16>;

/// The block at a place, which is there.
#[inline(always)]
pub fn word(blocks: &[Block], at: usize) -> Word {
    blocks
        .get(at)
        .map_or(0, |block| Word::from_ne_bytes((*block).into()))
}

/// Puts a block in a place.
#[inline(always)]
pub fn put(blocks: &mut [Block], at: usize, word: Word) {
    if let Some(block) = blocks.get_mut(at) {
        *block = Array::from(word.to_ne_bytes());
    }
}

/// One block encrypted where there is an instruction for it.
#[inline(always)]
pub fn one<B: BlockCipherEncBackend<BlockSize = U16>>(backend: &B, word: Word) -> Word {
    let mut block = Array::from(word.to_ne_bytes());
    backend.encrypt_block((&mut block).into());
    Word::from_ne_bytes(block.into())
}

struct Chain<'a> {
    state: &'a mut Word,
    blocks: &'a [[u8; 16]],
}

impl BlockSizeUser for Chain<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Chain<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let mut state = *self.state;
        if soft::<B>() {
            // The second block is nobody's. The software's way for a single one works on words of 16 bits, which a
            // larger CPU rotates at great cost, and takes longer than two.
            let mut blocks = self.blocks.iter();
            drive(backend, &mut |lanes| {
                state ^= word(lanes, 0);
                let Some(block) = blocks.next() else {
                    return false;
                };
                put(lanes, 0, state ^ Word::from_ne_bytes(*block));
                state = 0;
                true
            });
        } else {
            for block in self.blocks {
                state = one(backend, state ^ Word::from_ne_bytes(*block));
            }
        }
        *self.state = state;
    }
}

/// CBC-MAC of whole blocks, from `state` on.
pub fn chain(aes: &impl Aes, state: &mut Word, blocks: &[[u8; 16]]) {
    aes.encrypt_with_backend(Chain { state, blocks });
}

/// Doubling in the field of CMAC's subkeys, without a branch on the secret.
fn doubled(block: u128) -> u128 {
    (block << 1) ^ (0x87 & 0u128.wrapping_sub(block >> 127))
}

/// AES-CMAC of a message (RFC 4493 2.4).
pub fn cmac(aes: &impl Aes, message: &[u8]) -> [u8; 16] {
    // The last block is special and never empty, unless the message is.
    let (whole, last) = message.split_at(message.len().saturating_sub(1) & !15);
    let mut state = 0;
    chain(aes, &mut state, whole.as_chunks().0);
    let first = doubled(u128::from_be_bytes(encrypt(aes, [0; 16])));
    let (last, subkey) = match <[u8; 16]>::try_from(last) {
        Ok(full) => (full, first),
        Err(_) => {
            let mut open = padded(last);
            if let Some(end) = open.get_mut(last.len()) {
                *end = 0x80;
            }
            (open, doubled(first))
        }
    };
    let state = state ^ Word::from_ne_bytes(last) ^ Word::from_ne_bytes(subkey.to_be_bytes());
    encrypt(aes, state.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::KeyInit;
    use cmac::Mac;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cmac_is_what_another_implementation_says(key: [u8; 16], message in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut theirs = <cmac::Cmac<aes::Aes128> as cmac::KeyInit>::new(&key.into());
            theirs.update(&message);
            let theirs: [u8; 16] = theirs.finalize().into_bytes().into();
            prop_assert_eq!(cmac(&aes::Aes128Enc::new(&key.into()), &message), theirs);
        }
    }
}
