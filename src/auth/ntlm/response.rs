//! What a password proves: NTLMv2 ([MS-NLMP] 3.3.2) and the session key ([MS-NLMP] 3.2.5.1.2).

use super::authenticate::{Authenticate, NtResponse};
use super::flags;
use crate::auth::AuthError;
use crate::auth::names::each_utf16;
use crate::wire::utf16::upper;
use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use rc4::{Rc4, StreamCipher};
use subtle::ConstantTimeEq;

/// The NT hash of a password, NTOWFv1: MD4 over its UTF-16LE. It is as good as the password to
/// whoever has it, so it is stored where only root reads it.
pub fn nt_hash(password: &str) -> [u8; 16] {
    let mut md4 = Md4::new();
    each_utf16(password.chars(), |unit| md4.update(unit));
    md4.finalize().into()
}

/// HMAC-MD5 under a key of 16 bytes.
pub(in crate::auth) fn hmac_md5(key: &[u8; 16]) -> Hmac<Md5> {
    // HMAC pads a short key with zeros to its block of 64 bytes (RFC 2104).
    let mut block = [0; 64];
    block[..16].copy_from_slice(key);
    <Hmac<Md5> as KeyInit>::new(&block.into())
}

/// RC4 under a key of 16 bytes, from its first byte on.
pub(in crate::auth) fn rc4(key: &[u8; 16], data: &mut [u8]) {
    // RC4 takes keys of 1 to 256 bytes: this never fails.
    if let Ok(mut rc4) = Rc4::new_from_slice(key) {
        rc4.apply_keystream(data);
    }
}

/// The ways a client may have written the domain when it hashed it.
#[derive(Clone, Copy)]
enum DomainForm {
    /// As it sent it, as the specification has it.
    Sent,
    /// In upper case while it sent another, as some do.
    Upper,
    /// Not at all, as some do that ask only for a name.
    Empty,
}

/// NTOWFv2: the key that a user's proofs are made with.
fn ntowf_v2(nt_hash: &[u8; 16], user: &str, domain: &str, form: DomainForm) -> [u8; 16] {
    let mut mac = hmac_md5(nt_hash);
    each_utf16(user.chars().map(upper), |unit| mac.update(unit));
    match form {
        DomainForm::Sent => each_utf16(domain.chars(), |unit| mac.update(unit)),
        DomainForm::Upper => each_utf16(domain.chars().map(upper), |unit| mac.update(unit)),
        DomainForm::Empty => {}
    }
    mac.finalize().into_bytes().into()
}

/// Checks a proof. Right: the SessionBaseKey. All forms of the domain are tried whatever the
/// outcome of the first, so that the time taken tells nothing.
pub(in crate::auth) fn prove(
    nt_hash: &[u8; 16],
    user: &str,
    domain: &str,
    server_challenge: &[u8; 8],
    response: &NtResponse<'_>,
) -> Option<[u8; 16]> {
    let mut found = None;
    for form in [DomainForm::Sent, DomainForm::Upper, DomainForm::Empty] {
        let key = ntowf_v2(nt_hash, user, domain, form);
        let mut mac = hmac_md5(&key);
        mac.update(server_challenge);
        mac.update(response.blob);
        let proof: [u8; 16] = mac.finalize().into_bytes().into();
        let mut mac = hmac_md5(&key);
        mac.update(&proof);
        let session_base_key = mac.finalize().into_bytes().into();
        if found.is_none() && bool::from(proof.ct_eq(response.proof)) {
            found = Some(session_base_key);
        }
    }
    found
}

/// ExportedSessionKey, from the SessionBaseKey that for NTLMv2 is the KeyExchangeKey too.
pub(in crate::auth) fn exported_key(
    base: [u8; 16],
    message: &Authenticate<'_>,
) -> Result<[u8; 16], AuthError> {
    if message.flags & flags::KEY_EXCHANGE == 0 {
        return Ok(base);
    }
    match message.encrypted_key {
        Some(mut key) => {
            rc4(&base, &mut key);
            Ok(key)
        }
        // Key exchange without signing and sealing exchanges nothing ([MS-NLMP] 3.1.5.1.2).
        None if message.flags & (flags::SIGN | flags::SEAL) == 0 => Ok(base),
        None => Err(AuthError::Malformed),
    }
}

/// Whether the MIC of AUTHENTICATE is that of the three messages. One that is missing is wrong:
/// this is asked where the client said that it sent one.
pub(in crate::auth) fn mic_is_right(
    exported_key: &[u8; 16],
    negotiate: &[u8],
    challenge: &[u8],
    message: &Authenticate<'_>,
) -> bool {
    let Some((before, mic, after)) = message.around_mic() else {
        return false;
    };
    let mut mac = hmac_md5(exported_key);
    for part in [negotiate, challenge, before, &[0; 16], after] {
        mac.update(part);
    }
    let right: [u8; 16] = mac.finalize().into_bytes().into();
    right.ct_eq(mic).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-NLMP] 4.2.1 and 4.2.4: user, domain and password of the examples.
    const NT_HASH: [u8; 16] = 0xa4f4_9c40_6510_bdca_b682_4ee7_c30f_d852_u128.to_be_bytes();
    const PROOF: [u8; 16] = 0x68cd_0ab8_51e5_1c96_aabc_927b_ebef_6a1c_u128.to_be_bytes();
    const SESSION_BASE_KEY: [u8; 16] = 0x8de4_0cca_dbc1_4a82_f15c_b0ad_0de9_5ca3_u128.to_be_bytes();
    const ENCRYPTED_KEY: [u8; 16] = 0xc5da_d254_4fc9_7990_94ce_1ce9_0bc9_d03e_u128.to_be_bytes();
    const SERVER_CHALLENGE: [u8; 8] = 0x0123_4567_89ab_cdef_u64.to_be_bytes();

    fn blob() -> Vec<u8> {
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
        blob.extend([0; 8]);
        blob.extend([0xaa; 8]);
        blob.extend([0; 4]);
        for (id, text) in [(2u8, "Domain"), (1, "Server")] {
            blob.extend([id, 0, 12, 0]);
            blob.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        blob.extend([0; 8]);
        blob
    }

    #[test]
    fn hashes_match_the_specifications_examples() {
        assert_eq!(nt_hash("Password"), NT_HASH);
        let key = ntowf_v2(&NT_HASH, "User", "Domain", DomainForm::Sent);
        assert_eq!(
            key,
            0x0c86_8a40_3bfd_7a93_a300_1ef2_2ef0_2e3f_u128.to_be_bytes()
        );
        assert_eq!(
            nt_hash(""),
            0x31d6_cfe0_d16a_e931_b73c_59d7_e0c0_89c0_u128.to_be_bytes()
        );
    }

    #[test]
    fn the_specifications_proof_is_right_and_gives_its_session_base_key() {
        let blob = blob();
        let response = NtResponse {
            proof: &PROOF,
            blob: &blob,
            mic_present: false,
        };
        let prove = |hash, user, domain| prove(&hash, user, domain, &SERVER_CHALLENGE, &response);
        assert_eq!(prove(NT_HASH, "User", "Domain"), Some(SESSION_BASE_KEY));
        assert_eq!(
            prove(NT_HASH, "uSER", "Domain"),
            Some(SESSION_BASE_KEY),
            "the user's case does not matter"
        );
        assert_eq!(prove(NT_HASH, "User", "domain"), None, "the domain's does");
        assert_eq!(prove(nt_hash("password"), "User", "Domain"), None);
        assert_eq!(prove(NT_HASH, "Use", "rDomain"), None);
    }

    #[test]
    fn domains_hashed_in_upper_case_or_not_at_all_are_found() {
        for (hashed, sent) in [("DOMAIN", "domain"), ("", "domain"), ("", "")] {
            let blob = blob();
            let mut mac = hmac_md5(&ntowf_v2(&NT_HASH, "user", hashed, DomainForm::Sent));
            mac.update(&SERVER_CHALLENGE);
            mac.update(&blob);
            let proof = mac.finalize().into_bytes().into();
            let response = NtResponse {
                proof: &proof,
                blob: &blob,
                mic_present: false,
            };
            assert!(
                prove(&NT_HASH, "user", sent, &SERVER_CHALLENGE, &response).is_some(),
                "{hashed} {sent}"
            );
        }
    }

    #[test]
    fn the_exported_key_is_the_one_the_client_chose() {
        let mut bytes = [&super::super::SIGNATURE[..], &[3, 0, 0, 0]].concat();
        bytes.resize(60, 0);
        bytes.extend(flags::UNICODE.to_le_bytes());
        let mut message = Authenticate::parse(&bytes).unwrap();
        assert_eq!(
            exported_key(SESSION_BASE_KEY, &message),
            Ok(SESSION_BASE_KEY)
        );
        message.flags |= flags::KEY_EXCHANGE;
        assert_eq!(
            exported_key(SESSION_BASE_KEY, &message),
            Ok(SESSION_BASE_KEY)
        );
        message.flags |= flags::SIGN;
        assert_eq!(
            exported_key(SESSION_BASE_KEY, &message),
            Err(AuthError::Malformed)
        );
        message.encrypted_key = Some(ENCRYPTED_KEY);
        assert_eq!(exported_key(SESSION_BASE_KEY, &message), Ok([0x55; 16]));
    }
}
