//! The password files of ksmbd (`name:base64 of the NT hash`) and of Samba (smbpasswd: the fourth field in hexadecimal).

use super::Kind;
use crate::config::NtHash;
use crate::config::passwd::{from_hex, valid_name};

/// Names with the NT hash of their password; lines of no use (machines, people without a password or switched off) are
/// passed over.
pub fn hashes(kind: Kind, text: &[u8]) -> Vec<(String, NtHash)> {
    let line = |line: &[u8]| {
        let line = core::str::from_utf8(line).ok()?;
        let mut fields = line.trim_end_matches('\r').split(':');
        let name = fields.next()?;
        let hash = match kind {
            Kind::Ksmbd => base64(fields.next()?)?,
            Kind::Samba4 => {
                let hash = from_hex(fields.nth(2)?)?;
                // Flags as `[U          ]`; D: switched off, N: no password, W and S: machines.
                let flags = fields.next().unwrap_or_default();
                if flags.contains(['D', 'N', 'W', 'S']) {
                    return None;
                }
                hash
            }
        };
        valid_name(name).ok()?;
        Some((name.to_owned(), NtHash(hash)))
    };
    let mut found: Vec<(String, NtHash)> = Vec::new();
    for (name, hash) in text.split(|&byte| byte == b'\n').filter_map(line) {
        if !found
            .iter()
            .any(|(one, _)| crate::config::same_name(one, &name))
        {
            found.push((name, hash));
        }
    }
    found
}

/// Sixteen bytes in base64 (RFC 4648), padded.
fn base64(text: &str) -> Option<[u8; 16]> {
    let digits = text.trim_end().strip_suffix("==")?;
    if digits.len() != 22 {
        return None;
    }
    let mut out = [0; 16];
    let (mut bits, mut held, mut at) = (0u32, 0u32, 0usize);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit.wrapping_sub(b'A'),
            b'a'..=b'z' => digit.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => digit.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            *out.get_mut(at)? = u8::try_from(bits >> held & 0xFF).ok()?;
            at = at.saturating_add(1);
        }
    }
    (at == out.len()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_files_are_read() {
        let ksmbd = b"alice:AAECAwQFBgcICQoLDA0ODw==\nbob://///////////////////w==\r\nALICE://///////////////////w==\n:AAECAwQFBgcICQoLDA0ODw==\nshort:AAEC\nno colon\n\xff:x\n";
        let bytes: [u8; 16] = core::array::from_fn(|at| at as u8);
        assert_eq!(
            hashes(Kind::Ksmbd, ksmbd),
            [
                ("alice".into(), NtHash(bytes)),
                ("bob".into(), NtHash([0xFF; 16]))
            ]
        );
        let samba = b"alice:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:000102030405060708090A0B0C0D0E0F:[U          ]:LCT-5F000000:\n\
            off:1001:X:000102030405060708090A0B0C0D0E0F:[DU         ]:LCT-0:\n\
            none:1002:X:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:[NU         ]:LCT-0:\n\
            pc$:1003:X:000102030405060708090A0B0C0D0E0F:[W          ]:LCT-0:\n";
        assert_eq!(
            hashes(Kind::Samba4, samba),
            [("alice".into(), NtHash(bytes))]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (hashes(Kind::Ksmbd, &text), hashes(Kind::Samba4, &text));
        }

        #[test]
        fn every_hash_reads_back(hash in any::<[u8; 16]>()) {
            const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let number = u128::from_be_bytes(hash);
            let mut text: String = (0..22).rev().map(|digit| {
                let shifted = if digit == 0 { number << 4 } else { number >> (digit * 6 - 4) };
                char::from(DIGITS[(shifted & 63) as usize])
            }).collect();
            text.push_str("==");
            prop_assert_eq!(base64(&text), Some(hash));
        }
    }
}
