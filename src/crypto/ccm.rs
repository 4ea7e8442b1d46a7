//! CCM (RFC 3610) with nonces of 11 bytes and tags of 16, in one pass over the data: a block of the chain
//! and a block of the key stream at a time. The key stream costs next to nothing where the CPU has AES
//! instructions, because the chain leaves most of them idle.

use super::Way;
use super::cbc::{self, Aes, Word};
use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncBackend, BlockCipherEncClosure, BlockSizeUser};

/// Bytes of the nonce.
pub const NONCE: usize = 11;

/// Longest additional data whose length takes two bytes (RFC 3610 2.2). A transform header's is 32.
const LONGEST_AAD: usize = 0xFEFF;

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
        way,
        rest: data,
        number: 0,
        mask: 0,
        state,
        tag: &mut tag,
    });
    Some(tag)
}

/// The way over the data: which two blocks are encrypted next, one of the chain and one of the key stream. The
/// stream is a block ahead of the chain, so that the two go on together.
struct Pass<'a> {
    nonce: &'a [u8; NONCE],
    way: Way,
    /// What lies ahead.
    rest: &'a mut [u8],
    /// How often it was asked.
    number: u32,
    /// What hides the tag: the key stream's first block.
    mask: Word,
    /// The chain.
    state: Word,
    /// What comes of it.
    tag: &'a mut [u8; 16],
}

impl Pass<'_> {
    /// The next two, given the last two encrypted; `None` at the end.
    #[inline(always)]
    fn next(&mut self, (chain, stream): (Word, Word)) -> Option<(Word, Word)> {
        let counter = |number| Word::from_ne_bytes(block(3, self.nonce, number));
        let number = self.number;
        let following = number.wrapping_add(1);
        self.number = following;
        match number {
            0 => return Some((counter(0), counter(1))),
            // The chain stands where the additional data left it.
            1 => self.mask = chain,
            _ => self.state = chain,
        }
        let ahead = core::mem::take(&mut self.rest);
        let length = ahead.len().min(16);
        let (now, rest) = ahead.split_at_mut(length);
        self.rest = rest;
        let plain = if let Ok(whole) = <&mut [u8; 16]>::try_from(&mut *now) {
            let given = Word::from_ne_bytes(*whole);
            let made = given ^ stream;
            *whole = made.to_ne_bytes();
            if self.way == Way::Seal { given } else { made }
        } else if now.is_empty() {
            return None;
        } else {
            let given = cbc::padded(now);
            let made = (Word::from_ne_bytes(given) ^ stream).to_ne_bytes();
            now.copy_from_slice(&made[..length]);
            Word::from_ne_bytes(match self.way {
                Way::Seal => given,
                Way::Open => cbc::padded(now),
            })
        };
        Some((self.state ^ plain, counter(following)))
    }
}

impl BlockSizeUser for Pass<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Pass<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(mut self, backend: &B) {
        if cbc::soft::<B>() {
            cbc::drive(backend, &mut |lanes| {
                let next = self.next((cbc::word(lanes, 0), cbc::word(lanes, 1)));
                if let Some((chain, stream)) = next {
                    cbc::put(lanes, 0, chain);
                    cbc::put(lanes, 1, stream);
                }
                next.is_some()
            });
        } else {
            let mut done = (0, 0);
            while let Some((chain, stream)) = self.next(done) {
                done = (cbc::one(backend, chain), cbc::one(backend, stream));
            }
        }
        *self.tag = (self.state ^ self.mask).to_ne_bytes();
    }
}
