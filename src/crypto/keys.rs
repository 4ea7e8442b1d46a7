//! Which key of a session is derived from what ([MS-SMB2] 3.3.5.5.3).

use super::{Cipher, Preauth, kdf::derive};

/// The SMB 3 dialects as far as key derivation tells them apart. SMB 2.0.2 and 2.1 derive nothing:
/// their signing key is the session key itself.
#[derive(Clone, Copy, Debug)]
pub enum Dialect<'a> {
    /// SMB 3.0 and 3.0.2: constant contexts.
    V30,
    /// SMB 3.1.1: the session's (or, for a bound channel's signing key, the channel's)
    /// preauthentication hash is the context.
    V311(&'a Preauth),
}

/// A key for [`super::SealingKey::new`]: 16 or 32 bytes, as its cipher wants.
#[derive(Clone)]
pub struct CipherKey {
    bytes: [u8; 32],
    length: usize,
}

impl CipherKey {
    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

impl core::fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CipherKey").finish_non_exhaustive()
    }
}

fn key16(
    session_key: &[u8; 16],
    dialect: Dialect<'_>,
    v30: (&[u8], &[u8]),
    v311: &[u8],
) -> [u8; 16] {
    let mut out = [0; 16];
    match dialect {
        Dialect::V30 => derive(session_key, v30.0, v30.1, &mut out),
        Dialect::V311(preauth) => derive(session_key, v311, preauth.value(), &mut out),
    }
    out
}

/// Session.SigningKey, or Channel.SigningKey with the new channel's session key and hash. Always
/// 128 bits, from the first 16 bytes of the mechanism's key (Session.SessionKey).
pub fn signing_key(session_key: &[u8; 16], dialect: Dialect<'_>) -> [u8; 16] {
    key16(
        session_key,
        dialect,
        (b"SMB2AESCMAC\0", b"SmbSign\0"),
        b"SMBSigningKey\0",
    )
}

/// Session.ApplicationKey: what services above SMB (DCE/RPC over a pipe) may use as session key.
pub fn application_key(session_key: &[u8; 16], dialect: Dialect<'_>) -> [u8; 16] {
    key16(
        session_key,
        dialect,
        (b"SMB2APP\0", b"SmbRpc\0"),
        b"SMBAppKey\0",
    )
}

fn cipher_key(
    full_session_key: &[u8],
    dialect: Dialect<'_>,
    cipher: Cipher,
    v30: &[u8],
    v311: &[u8],
) -> CipherKey {
    let mut key = CipherKey {
        bytes: [0; 32],
        length: cipher.key_length(),
    };
    // A 128-bit cipher key comes from Session.SessionKey, which is the first 16 bytes of
    // Session.FullSessionKey; a 256-bit one from all of it. NTLM's session key has 16 bytes, so
    // the two are the same bytes there, and only the requested length differs.
    let from = match cipher.key_length() {
        16 => full_session_key.get(..16).unwrap_or(full_session_key),
        _ => full_session_key,
    };
    let out = key.bytes.get_mut(..key.length).unwrap_or_default();
    match dialect {
        Dialect::V30 => derive(from, b"SMB2AESCCM\0", v30, out),
        Dialect::V311(preauth) => derive(from, v311, preauth.value(), out),
    }
    key
}

/// Session.DecryptionKey: opens what the client sealed. `full_session_key` is the whole key the
/// mechanism established (16 bytes for NTLM).
pub fn client_to_server_key(
    full_session_key: &[u8],
    dialect: Dialect<'_>,
    cipher: Cipher,
) -> CipherKey {
    // The blank before the zero byte is the specification's.
    cipher_key(
        full_session_key,
        dialect,
        cipher,
        b"ServerIn \0",
        b"SMBC2SCipherKey\0",
    )
}

/// Session.EncryptionKey: seals what the server sends. See [`client_to_server_key`].
pub fn server_to_client_key(
    full_session_key: &[u8],
    dialect: Dialect<'_>,
    cipher: Cipher,
) -> CipherKey {
    cipher_key(
        full_session_key,
        dialect,
        cipher,
        b"ServerOut\0",
        b"SMBS2CCipherKey\0",
    )
}

#[cfg(test)]
mod tests {
    use super::super::vectors::hex;
    use super::*;

    // Microsoft's published examples: "SMB 2 and SMB 3 security in Windows 10: the anatomy of
    // signing and cryptographic keys" and "SMB 3.1.1 Encryption in Windows 10".

    #[test]
    fn signing_keys_match_the_published_examples() {
        let key = signing_key(&hex("7CD451825D0450D235424E44BA6E78CC"), Dialect::V30);
        assert_eq!(key, hex::<16>("0B7E9C5CAC36C0F6EA9AB275298CEDCE"));

        let preauth = Preauth::from_value(hex(
            "0DD13628CC3ED218EF9DF9772D436D0887AB9814BFAE63A80AA845F36909DB79\
             28622DDDAD522D9751640A459762C5A9D6BB084CBB3CE6BDADEF5D5BCE3C6C01",
        ));
        let key = signing_key(
            &hex("270E1BA896585EEB7AF3472D3B4C75A7"),
            Dialect::V311(&preauth),
        );
        assert_eq!(key, hex::<16>("73FE7A9A77BEF0BDE49C650D8CCB5F76"));
    }

    #[test]
    fn cipher_keys_match_the_published_examples() {
        let session_key: [u8; 16] = hex("B4546771B515F766A86735532DD6C4F0");
        let key = client_to_server_key(&session_key, Dialect::V30, Cipher::Aes128Ccm);
        assert_eq!(
            key.as_bytes(),
            hex::<16>("261B72350558F2E9DCF613070383EDBF")
        );
        let key = server_to_client_key(&session_key, Dialect::V30, Cipher::Aes128Ccm);
        assert_eq!(
            key.as_bytes(),
            hex::<16>("8FE2B57EC34D2DB5B1A9727F526BBDB5")
        );

        let preauth = Preauth::from_value(hex(
            "B23F3CBFD69487D9832B79B1594A367CDD950909B774C3A4C412B4FCEA9EDDDB\
             A7DB256BA2EA30E977F11F9B113247578E0E915C6D2A513B8F2FCA5707DC8770",
        ));
        let session_key: [u8; 16] = hex("419FDDF34C1E001909D362AE7FB6AF79");
        let key = client_to_server_key(&session_key, Dialect::V311(&preauth), Cipher::Aes128Gcm);
        assert_eq!(
            key.as_bytes(),
            hex::<16>("A2F5E80E5D59103034F32E52F698E5EC")
        );
        let key = server_to_client_key(&session_key, Dialect::V311(&preauth), Cipher::Aes128Gcm);
        assert_eq!(
            key.as_bytes(),
            hex::<16>("748C50868C90F302962A5C35F5F9A8BF")
        );
    }

    #[test]
    fn every_purpose_gets_a_key_of_its_own_and_256_bit_ciphers_get_32_bytes() {
        let session_key = [9; 16];
        let preauth = Preauth::from_value([3; 64]);
        for dialect in [Dialect::V30, Dialect::V311(&preauth)] {
            let sign = signing_key(&session_key, dialect);
            assert_ne!(sign, application_key(&session_key, dialect));
            let down = client_to_server_key(&session_key, dialect, Cipher::Aes256Gcm);
            let up = server_to_client_key(&session_key, dialect, Cipher::Aes256Gcm);
            assert_eq!((down.as_bytes().len(), up.as_bytes().len()), (32, 32));
            assert_ne!(down.as_bytes(), up.as_bytes());
            assert_ne!(down.as_bytes()[..16], sign);
        }
    }

    #[test]
    fn debug_does_not_print_the_key() {
        let key = client_to_server_key(&[0xAB; 16], Dialect::V30, Cipher::Aes128Ccm);
        assert_eq!(format!("{key:?}"), "CipherKey { .. }");
    }
}
