//! The negotiate contexts of dialect 3.1.1 ([MS-SMB2] 2.2.3.1, 2.2.4.1).

use super::{Malformed, Reader};

/// SMB2_PREAUTH_INTEGRITY_CAPABILITIES.
pub const PREAUTH: u16 = 1;
/// SMB2_ENCRYPTION_CAPABILITIES.
pub const ENCRYPTION: u16 = 2;
/// SMB2_COMPRESSION_CAPABILITIES.
pub const COMPRESSION: u16 = 3;
/// SMB2_NETNAME_NEGOTIATE_CONTEXT_ID.
pub const NETNAME: u16 = 5;
/// SMB2_TRANSPORT_CAPABILITIES.
pub const TRANSPORT: u16 = 6;
/// SMB2_RDMA_TRANSFORM_CAPABILITIES.
pub const RDMA: u16 = 7;
/// SMB2_SIGNING_CAPABILITIES.
pub const SIGNING: u16 = 8;

/// HashAlgorithm SHA-512.
pub const SHA_512: u16 = 1;

/// A list of 16-bit ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids<'a>(&'a [u8]);

impl Ids<'_> {
    /// Whether the list holds `id`.
    pub fn contain(&self, id: u16) -> bool {
        self.iter().any(|one| one == id)
    }

    /// Its ids.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0
            .chunks_exact(2)
            .map(|two| u16::from_le_bytes([two[0], two[1]]))
    }
}

/// Reads preauth integrity capabilities: the hash algorithms. The salt is only hashed.
pub fn preauth(data: &[u8]) -> Result<Ids<'_>, Malformed> {
    let mut reader = Reader::new(data);
    let count = reader.u16()?;
    let salt = reader.u16()?;
    let ids = ids(&mut reader, count)?;
    reader.skip(salt.into())?;
    Ok(ids)
}

/// Reads encryption or signing capabilities: the algorithms in the client's order.
pub fn algorithms(data: &[u8]) -> Result<Ids<'_>, Malformed> {
    let mut reader = Reader::new(data);
    let count = reader.u16()?;
    ids(&mut reader, count)
}

fn ids<'a>(reader: &mut Reader<'a>, count: u16) -> Result<Ids<'a>, Malformed> {
    if count == 0 {
        return Err(Malformed);
    }
    reader.bytes(usize::from(count) * 2).map(Ids)
}

/// The server's preauth integrity capabilities: SHA-512 and a salt.
pub fn preauth_answer(salt: &[u8; 32]) -> [u8; 38] {
    let mut data = [0; 38];
    data[..6].copy_from_slice(&[1, 0, 32, 0, SHA_512 as u8, 0]);
    data[6..].copy_from_slice(salt);
    data
}

/// The server's encryption or signing capabilities: the one algorithm it chose.
pub fn algorithm_answer(id: u16) -> [u8; 4] {
    let [low, high] = id.to_le_bytes();
    [1, 0, low, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_must_fit_and_not_be_zero() {
        let cases: [(&[u8], bool); 5] = [
            (&[1, 0, 2, 0], true),
            (&[2, 0, 2, 0], false),
            (&[0, 0], false),
            (&[], false),
            (&[2, 0, 1, 0, 2, 0, 9], true),
        ];
        for (data, good) in cases {
            assert_eq!(algorithms(data).is_ok(), good, "{data:?}");
        }
        assert!(algorithms(&[2, 0, 1, 0, 2, 0]).unwrap().contain(2));
        assert!(preauth(&preauth_answer(&[7; 32])).unwrap().contain(SHA_512));
        assert!(preauth(&preauth_answer(&[7; 32])[..37]).is_err());
    }
}
