//! The client half of NTLMv2 as bare NTLMSSP ([MS-NLMP] 3.1.5): no key exchange, no MIC.

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;

const FLAGS: u32 = 0x0000_0001
    | 0x0000_0004
    | 0x0000_0010
    | 0x0000_0200
    | 0x0000_8000
    | 0x0008_0000
    | 0x0080_0000
    | 0x2000_0000;

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = <Hmac<Md5> as KeyInit>::new_from_slice(key).expect("HMAC takes any key");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What a server keeps of a password ([MS-NLMP] 3.3.1 NTOWFv1).
pub fn nt_hash(password: &str) -> [u8; 16] {
    Md4::digest(utf16(password)).into()
}

pub fn negotiate() -> Vec<u8> {
    let mut token = b"NTLMSSP\0\x01\0\0\0".to_vec();
    token.extend(FLAGS.to_le_bytes());
    token.extend([0; 16]);
    token
}

/// The AUTHENTICATE_MESSAGE for what the server sent, and the session key.
pub fn authenticate(challenge: &[u8], user: &str, password: &str) -> Option<(Vec<u8>, [u8; 16])> {
    let start = challenge
        .windows(8)
        .position(|window| window == b"NTLMSSP\0")?;
    let challenge = &challenge[start..];
    let server = challenge.get(24..32)?;
    let length = u16::from_le_bytes(challenge.get(40..42)?.try_into().ok()?) as usize;
    let offset = u32::from_le_bytes(challenge.get(44..48)?.try_into().ok()?) as usize;
    let pairs = challenge.get(offset..offset + length)?;
    let mut time = [0; 8];
    let mut rest = pairs;
    while rest.len() >= 4 {
        let size = u16::from_le_bytes([rest[2], rest[3]]) as usize;
        let value = rest.get(4..4 + size)?;
        if rest[0] == 7 {
            time.copy_from_slice(value.get(..8)?);
        }
        rest = &rest[4 + size..];
    }
    let hash = nt_hash(password);
    let response_key = hmac_md5(&hash, &[&utf16(&user.to_uppercase())]);
    let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
    blob.extend(time);
    blob.extend(std::process::id().to_le_bytes());
    blob.extend([0x5A; 4]);
    blob.extend([0; 4]);
    blob.extend(pairs);
    blob.extend([0; 4]);
    let proof = hmac_md5(&response_key, &[server, &blob]);
    let session_key = hmac_md5(&response_key, &[&proof]);
    let nt = [&proof[..], &blob].concat();
    let (fields, mut payload) = (
        [vec![0; 24], nt, vec![], utf16(user), utf16("LOAD"), vec![]],
        Vec::new(),
    );
    let mut token = b"NTLMSSP\0\x03\0\0\0".to_vec();
    for field in fields {
        token.extend((field.len() as u16).to_le_bytes());
        token.extend((field.len() as u16).to_le_bytes());
        token.extend((72 + payload.len() as u32).to_le_bytes());
        payload.extend(field);
    }
    token.extend(FLAGS.to_le_bytes());
    token.extend([0; 8]);
    token.extend(payload);
    Some((token, session_key))
}
