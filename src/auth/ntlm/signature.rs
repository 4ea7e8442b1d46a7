//! NTLM signatures with extended session security ([MS-NLMP] 3.4.4.2), of which SMB2 needs one in
//! each direction: mechListMIC. So the sequence number is always 0 and the RC4 state always new.

use super::flags;
use super::response::{hmac_md5, rc4};
use hmac::Mac;
use md5::{Digest, Md5};

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth) enum From {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// SIGNKEY ([MS-NLMP] 3.4.5.2).
fn sign_key(exported_key: &[u8; 16], from: From) -> [u8; 16] {
    let mut md5 = Md5::new_with_prefix(exported_key);
    md5.update(match from {
        From::Client => &b"session key to client-to-server signing key magic constant\0"[..],
        From::Server => b"session key to server-to-client signing key magic constant\0",
    });
    md5.finalize().into()
}

/// SEALKEY ([MS-NLMP] 3.4.5.3).
fn seal_key(exported_key: &[u8; 16], negotiated: u32, from: From) -> [u8; 16] {
    let strength = match negotiated {
        bits if bits & flags::KEY_128 != 0 => 16,
        bits if bits & flags::KEY_56 != 0 => 7,
        _ => 5,
    };
    let mut md5 = Md5::new_with_prefix(&exported_key[..strength]);
    md5.update(match from {
        From::Client => &b"session key to client-to-server sealing key magic constant\0"[..],
        From::Server => b"session key to server-to-client sealing key magic constant\0",
    });
    md5.finalize().into()
}

/// The first signature of `from` over `data`; `None` if the client did not negotiate extended
/// session security, because the signatures without it protect nothing.
pub(in crate::auth) fn first(
    exported_key: &[u8; 16],
    negotiated: u32,
    from: From,
    data: &[u8],
) -> Option<[u8; 16]> {
    if negotiated & flags::EXTENDED_SESSION_SECURITY == 0 {
        return None;
    }
    let mut mac = hmac_md5(&sign_key(exported_key, from));
    mac.update(&0u32.to_le_bytes());
    mac.update(data);
    let full: [u8; 16] = mac.finalize().into_bytes().into();
    let mut signature = [0; 16];
    signature[0] = 1; // Version
    let checksum = &mut signature[4..12];
    checksum.copy_from_slice(&full[..8]);
    if negotiated & flags::KEY_EXCHANGE != 0 {
        rc4(&seal_key(exported_key, negotiated, from), checksum);
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_the_specifications_examples() {
        // [MS-NLMP] 4.2.4.4.
        assert_eq!(
            sign_key(&[0x55; 16], From::Client),
            0x4788_dc86_1b47_82f3_5d43_fd98_fe1a_2d39_u128.to_be_bytes()
        );
        assert_eq!(
            seal_key(&[0x55; 16], flags::KEY_128, From::Client),
            0x59f6_0097_3cc4_960a_2548_0a7c_196e_4c58_u128.to_be_bytes()
        );
    }

    #[test]
    fn the_checksum_matches_the_specifications_example() {
        // There the message itself is sealed first, so the checksum's share of the key stream
        // begins 18 bytes on.
        let message: Vec<u8> = "Plaintext"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let negotiated = flags::EXTENDED_SESSION_SECURITY | flags::KEY_128;
        let signature = first(&[0x55; 16], negotiated, From::Client, &message).unwrap();
        let mut sealed = [&message[..], &signature[4..12]].concat();
        rc4(
            &seal_key(&[0x55; 16], negotiated, From::Client),
            &mut sealed,
        );
        assert_eq!(
            sealed[..18],
            0x54e5_0165_bf19_36dc_9960_20c1_811b_0f06_u128
                .to_be_bytes()
                .iter()
                .copied()
                .chain([0xfb, 0x5f])
                .collect::<Vec<_>>()
        );
        assert_eq!(sealed[18..], 0x7fb3_8ec5_c55d_4976_u64.to_be_bytes());
        assert_eq!(
            (&signature[..4], &signature[12..]),
            (&[1, 0, 0, 0][..], &[0, 0, 0, 0][..])
        );
    }

    #[test]
    fn strength_direction_and_key_exchange_all_count() {
        let base = flags::EXTENDED_SESSION_SECURITY | flags::KEY_EXCHANGE;
        let mut seen = Vec::new();
        for bits in [
            base,
            base | flags::KEY_56,
            base | flags::KEY_128,
            flags::EXTENDED_SESSION_SECURITY,
        ] {
            for from in [From::Client, From::Server] {
                seen.push(first(&[3; 16], bits, from, b"list").unwrap());
            }
        }
        for (at, one) in seen.iter().enumerate() {
            assert!(!seen[..at].contains(one));
        }
        assert_eq!(
            first(&[3; 16], flags::KEY_EXCHANGE, From::Client, b"list"),
            None
        );
    }
}
