//! GHASH (NIST SP 800-38D 6.4) for 32-bit CPUs that have no instruction for it.
//!
//! A product of polynomials is made of integer products of numbers in which only every fourth bit can be set:
//! the carries then fall into the gaps and are masked away. No table, no branch and no address depends on a
//! secret. Thomas Pornin describes the method (<https://www.bearssl.org/constanttime.html#ghash-for-gcm>), and
//! RustCrypto's `polyval` uses it a block at a time; here up to four blocks are multiplied by four powers of the
//! key and summed before the gaps are masked, the halves put together and the sum reduced.
//!
//! Words are in the order of POLYVAL (RFC 8452 appendix A): a block read as a big-endian number, its lowest 32
//! bits first, and the key multiplied by x once, which spares shifting every product by one bit.

/// Blocks that are summed before they are reduced.
const GROUP: usize = 4;

/// An element of the field: 128 bits, the lowest word first.
type Element = [u32; 4];

/// What Karatsuba multiplies of an element: 9 sums of its words, and the same of the words with their bits
/// reversed, which yield the upper half of each product.
type Parts = [u32; 18];

/// The key: its powers from the fourth to the first.
#[derive(Clone)]
pub struct Key([Element; GROUP]);

/// A hash under way, with the powers taken apart.
pub struct GHash {
    powers: [Parts; GROUP],
    state: Element,
}

/// Bits 0, 4, 8, …: times one of these, and shifted by up to three.
const COMB: u32 = 0x1111_1111;

fn element(block: &[u8; 16]) -> Element {
    let [a, b, c, d] = block.as_chunks::<4>().0 else {
        return [0; 4];
    };
    [d, c, b, a].map(|word| u32::from_be_bytes(*word))
}

fn parts(element: Element) -> Parts {
    let mut parts = [0; 18];
    let (plain, reversed) = parts.split_at_mut(9);
    for (nine, [a, b, c, d]) in [(plain, element), (reversed, element.map(u32::reverse_bits))] {
        nine.copy_from_slice(&[a, b, c, d, a ^ b, c ^ d, a ^ c, b ^ d, a ^ b ^ c ^ d]);
    }
    parts
}

/// The lower 32 bits of the 18 products of `left` and `right` part by part, summed over the pairs.
fn products(left: &[Parts], right: &[Parts]) -> Parts {
    core::array::from_fn(|part| {
        let mut sums = [0u32; 4];
        for (left, right) in left.iter().zip(right) {
            let x = [0, 1, 2, 3].map(|shift| left[part] & COMB << shift);
            let y = [0, 1, 2, 3].map(|shift| right[part] & COMB << shift);
            for (at, sum) in sums.iter_mut().enumerate() {
                for (i, x) in x.iter().enumerate() {
                    *sum ^= x.wrapping_mul(y[at.wrapping_sub(i) & 3]);
                }
            }
        }
        let [a, b, c, d] = sums;
        a & COMB | b & COMB << 1 | c & COMB << 2 | d & COMB << 3
    })
}

/// The 256 bits that the products stand for, modulo x^128 + x^127 + x^126 + x^121 + 1, divided by x^128.
fn reduced(p: &Parts) -> Element {
    // Each row: the words 0 to 3 of a product of 64 bits, before the shift of the upper halves.
    let high = |sum: u32| sum.reverse_bits() >> 1;
    let (p4, p5, p8) = (p[4] ^ p[0] ^ p[1], p[5] ^ p[2] ^ p[3], p[8] ^ p[6] ^ p[7]);
    let (q4, q5, q8) = (
        p[13] ^ p[9] ^ p[10],
        p[14] ^ p[11] ^ p[12],
        p[17] ^ p[15] ^ p[16],
    );
    let mut z = [
        p[0],
        p4 ^ high(p[9]),
        p[0] ^ p[1] ^ p[2] ^ p[6] ^ high(q4),
        p4 ^ p5 ^ p8 ^ high(p[9] ^ p[10] ^ p[11] ^ p[15]),
        p[1] ^ p[2] ^ p[3] ^ p[7] ^ high(q4 ^ q5 ^ q8),
        p5 ^ high(p[10] ^ p[11] ^ p[12] ^ p[16]),
        p[3] ^ high(q5),
        high(p[12]),
    ];
    for at in 0..4 {
        let low = z[at];
        z[at + 4] ^= low ^ low >> 1 ^ low >> 2 ^ low >> 7;
        z[at + 3] ^= low << 31 ^ low << 30 ^ low << 25;
    }
    [z[4], z[5], z[6], z[7]]
}

impl Key {
    /// The key whose block is `h`, the encryption of zeros.
    pub fn new(h: [u8; 16]) -> Self {
        let h = u128::from_be_bytes(h);
        // Times x, in the field.
        let carry = 0u128.wrapping_sub(h >> 127);
        let h = h << 1 ^ carry & (1 | 1 << 127 | 1 << 126 | 1 << 121);
        let first = element(&h.to_be_bytes());
        let mut powers = [first; GROUP];
        for at in (0..GROUP - 1).rev() {
            powers[at] = reduced(&products(&[parts(powers[at + 1])], &[parts(first)]));
        }
        Key(powers)
    }

    /// A hash of nothing yet.
    pub fn start(&self) -> GHash {
        GHash {
            powers: self.0.map(parts),
            state: [0; 4],
        }
    }
}

impl GHash {
    /// Adds `bytes`, and zeros up to a whole block.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        for group in blocks.chunks(GROUP) {
            self.group(group);
        }
        if !rest.is_empty() {
            self.group(&[crate::cbc::padded(rest)]);
        }
    }

    /// Up to four blocks: the first, with the state, times the highest power, and so on.
    fn group(&mut self, blocks: &[[u8; 16]]) {
        let mut group = [[0; 18]; GROUP];
        for (block, made) in blocks.iter().zip(&mut group) {
            let mut sum = element(block);
            for (word, state) in sum.iter_mut().zip(&mut self.state) {
                *word ^= core::mem::take(state);
            }
            *made = parts(sum);
        }
        let count = blocks.len().min(GROUP);
        self.state = reduced(&products(&group[..count], &self.powers[GROUP - count..]));
    }

    /// The hash, after the block with the two lengths in bytes.
    pub fn finish(mut self, aad: usize, data: usize) -> [u8; 16] {
        let bits = |bytes: usize| u128::from((bytes as u64).wrapping_mul(8));
        self.group(&[(bits(aad) << 64 | bits(data)).to_be_bytes()]);
        let [a, b, c, d] = self.state.map(u128::from);
        (d << 96 | c << 64 | b << 32 | a).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ghash::universal_hash::UniversalHash;
    use proptest::prelude::*;

    fn theirs(h: [u8; 16], aad: &[u8], data: &[u8]) -> [u8; 16] {
        let mut hash = <ghash::GHash as ghash::universal_hash::KeyInit>::new(&h.into());
        hash.update_padded(aad);
        hash.update_padded(data);
        let lengths = ((aad.len() as u128 * 8) << 64) | (data.len() as u128 * 8);
        hash.update(&[lengths.to_be_bytes().into()]);
        hash.finalize().into()
    }

    fn ours(h: [u8; 16], aad: &[u8], data: &[u8]) -> [u8; 16] {
        let mut hash = Key::new(h).start();
        hash.update(aad);
        hash.update(data);
        hash.finish(aad.len(), data.len())
    }

    proptest! {
        #[test]
        fn is_what_another_implementation_says(h: [u8; 16], aad in proptest::collection::vec(any::<u8>(), 0..40),
            data in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(ours(h, &aad, &data), theirs(h, &aad, &data));
        }
    }

    #[test]
    fn carries_stay_in_their_gaps_where_all_bits_are_set() {
        for h in [0u128, 1, 1 << 127, u128::MAX, u128::MAX >> 1, COMB.into()] {
            for byte in [0, 0xff, 0x80, 0x11] {
                let data = [byte; 208];
                let h = h.to_be_bytes();
                assert_eq!(ours(h, &[], &data), theirs(h, &[], &data), "{h:?} {byte}");
            }
        }
    }
}
