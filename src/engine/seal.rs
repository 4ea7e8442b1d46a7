//! Signing and sealing of final bytes ([MS-SMB2] 3.1.4.1, 3.1.4.3).

use super::session::Sealing;
use crate::crypto::{SealingKey, SigningKey, SigningNonce};
use crate::wire::header::{self, Header};
use crate::wire::transform::{self, TransformHeader};

const SIGNATURE: core::ops::Range<usize> = 48..64;

fn nonce(header: &Header, server: bool) -> SigningNonce {
    SigningNonce {
        message_id: header.message_id,
        server,
        cancel: header.command == header::Command::Cancel as u16,
    }
}

/// Marks a message as signed and signs it; its header is complete.
pub fn sign(key: &SigningKey, message: &mut [u8]) {
    header::set_signed(message);
    let Ok(header) = Header::parse(message) else {
        return;
    };
    let (Some(head), Some(body)) = (message.get(..SIGNATURE.start), message.get(SIGNATURE.end..))
    else {
        return;
    };
    let signature = key.sign(&[head, &[0; 16], body], nonce(&header, true));
    if let Some(field) = message.get_mut(SIGNATURE) {
        field.copy_from_slice(&signature);
    }
}

/// Whether a received message carries the right signature.
pub fn verify(key: &SigningKey, header: &Header, message: &[u8]) -> bool {
    let (Some(head), Some(body)) = (message.get(..SIGNATURE.start), message.get(SIGNATURE.end..))
    else {
        return false;
    };
    key.verify(
        &[head, &[0; 16], body],
        nonce(header, false),
        &header.signature,
    )
}

/// Opens a sealed body in place; false if it was not sealed with this key.
pub fn open(key: &SealingKey, head: &[u8], transform: &TransformHeader, body: &mut [u8]) -> bool {
    key.open(
        &transform.nonce,
        &head[transform::AUTHENTICATED],
        body,
        &transform.signature,
    )
    .is_ok()
}

/// Seals a reply in place; the first [`transform::SIZE`] bytes are room for the header. `None` when the
/// key has no nonce left.
pub fn close(sealing: &mut Sealing, session_id: u64, reply: &mut [u8]) -> Option<()> {
    let (head, body) = reply.split_at_mut_checked(transform::SIZE)?;
    sealing.nonce = sealing.nonce.checked_add(1)?;
    let mut transform = TransformHeader {
        signature: [0; 16],
        nonce: [0; 16],
        original_message_size: u32::try_from(body.len()).ok()?,
        session_id,
    };
    transform.nonce[..8].copy_from_slice(&sealing.nonce.to_le_bytes());
    transform.write(head).ok()?;
    transform.signature =
        sealing
            .encrypt
            .seal(&transform.nonce, &head[transform::AUTHENTICATED], body);
    transform.write(head).ok()
}
