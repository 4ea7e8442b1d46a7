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
    set_signature(message, &[0; 16]);
    let signature = key.sign(message, nonce(&header, true));
    set_signature(message, &signature);
}

/// Whether a received message carries the right signature. The message is left as it was.
pub fn verify(key: &SigningKey, header: &Header, message: &mut [u8]) -> bool {
    set_signature(message, &[0; 16]);
    let right = key.verify(message, nonce(header, false), &header.signature);
    set_signature(message, &header.signature);
    right
}

fn set_signature(message: &mut [u8], signature: &[u8; 16]) {
    if let Some(field) = message.get_mut(SIGNATURE) {
        field.copy_from_slice(signature);
    }
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
