//! CCM (RFC 3610) with nonces of 11 bytes and tags of 16, in one pass over the data: a block of the chain
//! and a block of the key stream at a time. The key stream costs next to nothing where the CPU has AES
//! instructions, because the chain leaves most of them idle.

use super::cbc::{self, Aes, Word};
use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncBackend, BlockCipherEncClosure, BlockSizeUser};

/// Bytes of the nonce.
pub const NONCE: usize = 11;

/// Longest additional data whose length takes two bytes (RFC 3610 2.2). A transform header's is 32.
const LONGEST_AAD: usize = 0xFEFF;

/// Which way the data goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Seal,
    Open,
}

/// Encrypts `data` in place; the tag. `None` where `data` or `aad` is longer than the format can say.
pub fn seal(aes: &impl Aes, nonce: &[u8; NONCE], aad: &[u8], data: &mut [u8]) -> Option<[u8; 16]> {
    run(aes, nonce, aad, data, Way::Seal)
}

/// Decrypts `data` in place; the tag it should have had. Until that was compared, `data` is nobody's.
pub fn open(aes: &impl Aes, nonce: &[u8; NONCE], aad: &[u8], data: &mut [u8]) -> Option<[u8; 16]> {
    run(aes, nonce, aad, data, Way::Open)
}

/// A first byte, the nonce and a number of four bytes: the shape of the chain's first block and of the counters.
fn block(flags: u8, nonce: &[u8; NONCE], number: u32) -> [u8; 16] {
    let mut block = [0; 16];
    let (head, tail) = block.split_at_mut(1 + NONCE);
    head[0] = flags;
    head[1..].copy_from_slice(nonce);
    tail.copy_from_slice(&number.to_be_bytes());
    block
}

fn run(
    aes: &impl Aes,
    nonce: &[u8; NONCE],
    aad: &[u8],
    data: &mut [u8],
    way: Way,
) -> Option<[u8; 16]> {
    let length = u32::try_from(data.len()).ok()?;
    // The flags: additional data or none, a tag of 16 bytes, a length of 4.
    let flags = if aad.is_empty() { 0x3B } else { 0x7B };
    let mut state = 0;
    cbc::chain(aes, &mut state, &[block(flags, nonce, length)]);
    if !aad.is_empty() {
        let said = u16::try_from(aad.len())
            .ok()
            .filter(|&length| usize::from(length) <= LONGEST_AAD)?;
        let (begin, rest) = aad.split_at(aad.len().min(14));
        let mut first = [0; 16];
        first[..2].copy_from_slice(&said.to_be_bytes());
        first[2..2 + begin.len()].copy_from_slice(begin);
        let (whole, open) = rest.as_chunks();
        cbc::chain(aes, &mut state, &[first]);
        cbc::chain(aes, &mut state, whole);
        if !open.is_empty() {
            cbc::chain(aes, &mut state, &[cbc::padded(open)]);
        }
    }
    let mut tag = [0; 16];
    aes.encrypt_with_backend(Pass {
        nonce,
        state,
        data,
        way,
        tag: &mut tag,
    });
    Some(tag)
}

struct Pass<'a> {
    nonce: &'a [u8; NONCE],
    state: Word,
    data: &'a mut [u8],
    way: Way,
    tag: &'a mut [u8; 16],
}

impl BlockSizeUser for Pass<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Pass<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let counter = |number: u32| Word::from_ne_bytes(block(3, self.nonce, number));
        let mut state = self.state;
        // The stream is one block ahead of the chain, so that the two go on together.
        let (mask, mut stream) = cbc::two(backend, counter(0), counter(1));
        let (whole, open) = self.data.as_chunks_mut::<16>();
        let mut number = 1u32;
        let mut turn = |block: &mut [u8; 16], stream: Word| {
            number = number.wrapping_add(1);
            let given = Word::from_ne_bytes(*block);
            let made = given ^ stream;
            *block = made.to_ne_bytes();
            let plain = if self.way == Way::Seal { given } else { made };
            (plain, counter(number))
        };
        if cbc::soft::<B>() {
            let mut whole = whole.iter_mut();
            cbc::drive(backend, &mut |lanes| {
                state ^= cbc::word(lanes, 0);
                stream ^= cbc::word(lanes, 1);
                let Some(block) = whole.next() else {
                    return false;
                };
                let (plain, next) = turn(block, stream);
                cbc::put(lanes, 0, state ^ plain);
                cbc::put(lanes, 1, next);
                (state, stream) = (0, 0);
                true
            });
        } else {
            for block in whole {
                let (plain, next) = turn(block, stream);
                (state, stream) = cbc::two(backend, state ^ plain, next);
            }
        }
        if !open.is_empty() {
            let given = cbc::padded(open);
            let made = (Word::from_ne_bytes(given) ^ stream).to_ne_bytes();
            let count = open.len();
            open.copy_from_slice(&made[..count]);
            let plain = match self.way {
                Way::Seal => given,
                Way::Open => cbc::padded(open),
            };
            (state, _) = cbc::two(backend, state ^ Word::from_ne_bytes(plain), 0);
        }
        *self.tag = (state ^ mask).to_ne_bytes();
    }
}
