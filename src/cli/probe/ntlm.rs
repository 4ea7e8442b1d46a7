//! The client's half of NTLMv2 as bare NTLMSSP ([MS-NLMP] 3.1.5): no key exchange, no MIC.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use smolsmb::wire::utf16::upper;

/// UNICODE, REQUEST_TARGET, SIGN, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, TARGET_INFO, 128.
const FLAGS: u32 = 0x2088_8215;
/// Where the AUTHENTICATE_MESSAGE's payload begins: after six fields, the flags and no version.
const PAYLOAD: usize = 72;

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let Ok(mut mac) = <Hmac<Md5> as KeyInit>::new_from_slice(key) else {
        return [0; 16]; // HMAC takes a key of any length.
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Text as UTF-16LE.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The NEGOTIATE_MESSAGE.
pub fn negotiate() -> Vec<u8> {
    let mut token = b"NTLMSSP\0\x01\0\0\0".to_vec();
    token.extend(FLAGS.to_le_bytes());
    token.extend([0; 16]);
    token
}

/// The AUTHENTICATE_MESSAGE that answers the challenge somewhere in `reply`, and the session key; `None`: there
/// is no challenge in it. `random`: the client's challenge.
pub fn authenticate(
    reply: &[u8],
    user: &str,
    nt_hash: &[u8; 16],
    random: [u8; 8],
) -> Option<(Vec<u8>, [u8; 16])> {
    let start = reply.windows(8).position(|window| window == b"NTLMSSP\0")?;
    let challenge = reply.get(start..)?;
    let server = challenge.get(24..32)?;
    let length = usize::from(u16::from_le_bytes(*challenge.get(40..)?.first_chunk()?));
    let offset = u32::from_le_bytes(*challenge.get(44..)?.first_chunk()?);
    let pairs = challenge
        .get(usize::try_from(offset).ok()?..)?
        .get(..length)?;

    let response_key = hmac_md5(
        nt_hash,
        &[&utf16(&user.chars().map(upper).collect::<String>())],
    );
    let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
    blob.extend(timestamp(pairs).unwrap_or_default());
    blob.extend(random);
    blob.extend([0; 4]);
    blob.extend(pairs);
    blob.extend([0; 4]);
    let proof = hmac_md5(&response_key, &[server, &blob]);
    let session_key = hmac_md5(&response_key, &[&proof]);
    let nt_response = [&proof[..], &blob].concat();

    let fields = [
        vec![0; 24],
        nt_response,
        vec![],
        utf16(user),
        utf16("ROUTER"),
        vec![],
    ];
    let mut payload: Vec<u8> = Vec::new();
    let mut token = b"NTLMSSP\0\x03\0\0\0".to_vec();
    for field in fields {
        let length = u16::try_from(field.len()).ok()?;
        token.extend(length.to_le_bytes());
        token.extend(length.to_le_bytes());
        let at = u32::try_from(PAYLOAD.checked_add(payload.len())?).ok()?;
        token.extend(at.to_le_bytes());
        payload.extend(field);
    }
    token.extend(FLAGS.to_le_bytes());
    token.resize(PAYLOAD, 0);
    token.extend(payload);
    Some((token, session_key))
}

/// MsvAvTimestamp among the server's pairs: then the response must carry the same.
fn timestamp(mut pairs: &[u8]) -> Option<[u8; 8]> {
    loop {
        let id = u16::from_le_bytes(*pairs.first_chunk()?);
        let size = usize::from(u16::from_le_bytes(*pairs.get(2..)?.first_chunk()?));
        let value = pairs.get(4..)?.get(..size)?;
        match id {
            0 => return None,
            7 => return value.first_chunk().copied(),
            _ => pairs = pairs.get(4..)?.get(size..)?,
        }
    }
}
