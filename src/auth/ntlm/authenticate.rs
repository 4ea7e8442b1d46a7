//! AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3).

use super::{SIGNATURE, av, flags};
use crate::auth::AuthError;
use crate::wire::{Malformed, Reader};

/// Where the MIC stands if there is one, after Version.
const MIC_AT: usize = 72;
/// Where the MIC ends.
const MIC_END: usize = MIC_AT + 16;
/// Where the flags end: the shortest message that a client has sent this century.
const HEADER: usize = 64;

/// The client's last message, every field checked to lie within it.
#[derive(Clone, Copy, Debug)]
pub(in crate::auth) struct Authenticate<'a> {
    /// The whole message.
    pub message: &'a [u8],
    /// LmChallengeResponse.
    pub lm_response: &'a [u8],
    /// NtChallengeResponse.
    pub nt_response: &'a [u8],
    /// DomainName, in the character set that `flags` tells.
    pub domain: &'a [u8],
    /// UserName, likewise.
    pub user: &'a [u8],
    /// EncryptedRandomSessionKey: 16 bytes, or none.
    pub encrypted_key: Option<[u8; 16]>,
    /// NegotiateFlags.
    pub flags: u32,
    /// Whether there is room for a MIC: no field overlaps where it stands.
    mic_fits: bool,
}

impl<'a> Authenticate<'a> {
    /// Reads and checks a message.
    pub(in crate::auth) fn parse(message: &'a [u8]) -> Result<Self, AuthError> {
        let mut r = Reader::new(message);
        if r.array::<8>()? != *SIGNATURE {
            return Err(AuthError::Malformed);
        }
        if r.u32()? != 3 {
            return Err(AuthError::OutOfOrder);
        }
        let mut payload_at = message.len();
        let mut field = || -> Result<&'a [u8], Malformed> {
            let length = usize::from(r.u16()?);
            r.skip(2)?; // the maximum length means nothing
            let offset = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
            if length == 0 {
                return Ok(&[]); // and the offset means nothing then
            }
            if offset < HEADER {
                return Err(Malformed);
            }
            payload_at = payload_at.min(offset);
            Reader::at(message, offset).bytes(length)
        };
        let (lm_response, nt_response) = (field()?, field()?);
        let (domain, user, _workstation) = (field()?, field()?, field()?);
        let key = field()?;
        let flags = r.u32()?;
        if flags & flags::DATAGRAM != 0 || flags & (flags::UNICODE | flags::OEM) == 0 {
            return Err(AuthError::Malformed);
        }
        let encrypted_key = match key.len() {
            0 => None,
            _ => Some(key.try_into().map_err(|_| AuthError::Malformed)?),
        };
        let mic_fits = payload_at >= MIC_END;
        Ok(Authenticate {
            message,
            lm_response,
            nt_response,
            domain,
            user,
            encrypted_key,
            flags,
            mic_fits,
        })
    }

    /// Whether names are UTF-16.
    pub(in crate::auth) fn unicode(&self) -> bool {
        self.flags & flags::UNICODE != 0
    }

    /// The message before its MIC, the MIC, and the message after it; `None` if it has none.
    pub(in crate::auth) fn around_mic(&self) -> Option<(&'a [u8], &'a [u8; 16], &'a [u8])> {
        if !self.mic_fits {
            return None;
        }
        let (before, rest) = self.message.split_at_checked(MIC_AT)?;
        let (mic, after) = rest.split_first_chunk::<16>()?;
        Some((before, mic, after))
    }

    /// No name, no NT response, and an LM response of nothing or one zero byte: the client wants
    /// an anonymous session ([MS-NLMP] 3.2.5.1.2).
    pub(in crate::auth) fn is_anonymous(&self) -> bool {
        self.user.is_empty() && self.nt_response.is_empty() && matches!(self.lm_response, [] | [0])
    }
}

/// NTLMv2_RESPONSE ([MS-NLMP] 2.2.2.8): the proof, and the blob it goes over together with the
/// server's challenge.
#[derive(Clone, Copy, Debug)]
pub(in crate::auth) struct NtResponse<'a> {
    /// NTProofStr.
    pub proof: &'a [u8; 16],
    /// NTLMv2_CLIENT_CHALLENGE, whose bytes the specification calls temp.
    pub blob: &'a [u8],
    /// MsvAvFlags says that the message carries a MIC. The proof covers this, so nobody between
    /// us can take it away.
    pub mic_present: bool,
}

impl<'a> NtResponse<'a> {
    /// Reads an NT response. Those that are not NTLMv2's are [`AuthError::WeakResponse`]: nothing
    /// and 24 bytes, which are LM alone, NTLMv1 and NTLM2-session.
    pub(in crate::auth) fn parse(response: &'a [u8]) -> Result<Self, AuthError> {
        if matches!(response.len(), 0 | 24) {
            return Err(AuthError::WeakResponse);
        }
        let (proof, blob) = response
            .split_first_chunk::<16>()
            .ok_or(AuthError::Malformed)?;
        let mut r = Reader::new(blob);
        if r.array()? != [1, 1] {
            return Err(AuthError::Malformed); // RespType and HiRespType
        }
        // The client's time is not held against ours: a router has no clock until it has found a
        // time server, and a server that refuses logins for that is of no use. What the time would
        // protect from, a replayed response, our challenge protects from already.
        r.skip(6 + 8 + 8 + 4)?; // reserved, time, client challenge, reserved
        Ok(NtResponse {
            proof,
            blob,
            mic_present: mic_present(r)?,
        })
    }
}

/// Looks for MIC_PRESENT in the pairs that `r` is at. A list may end without its end mark.
fn mic_present(mut r: Reader<'_>) -> Result<bool, AuthError> {
    while r.remaining() >= 4 {
        let (id, length) = (r.u16()?, r.u16()?);
        let value = r.bytes(usize::from(length))?;
        match id {
            av::EOL => break,
            av::FLAGS => {
                let bits = value
                    .try_into()
                    .map(u32::from_le_bytes)
                    .map_err(|_| AuthError::Malformed)?;
                return Ok(bits & av::MIC_PRESENT != 0);
            }
            _ => {}
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message with its six fields at their usual places.
    fn message(payload_at: u32) -> Vec<u8> {
        let mut bytes = [&SIGNATURE[..], &[3, 0, 0, 0]].concat();
        let mut offset = payload_at;
        for length in [24u16, 60, 6, 8, 10, 16] {
            bytes.extend(length.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
            offset += u32::from(length);
        }
        bytes.extend((flags::UNICODE | flags::NTLM).to_le_bytes());
        bytes.resize(offset as usize, 7);
        bytes
    }

    #[test]
    fn every_field_with_a_wrong_length_or_offset_is_refused() {
        let good = message(88);
        assert!(Authenticate::parse(&good).is_ok());
        for field in 0..6 {
            let at = 12 + field * 8;
            for (what, place, bytes) in [
                ("length beyond the end", at, &0xffffu16.to_le_bytes()[..]),
                ("offset in the header", at + 4, &63u32.to_le_bytes()),
                (
                    "offset at the end",
                    at + 4,
                    &(good.len() as u32).to_le_bytes(),
                ),
                (
                    "offset beyond the end",
                    at + 4,
                    &0x7fff_ffffu32.to_le_bytes(),
                ),
                ("offset that wraps", at + 4, &0xffff_fff0u32.to_le_bytes()),
            ] {
                let mut bad = good.clone();
                bad[place..place + bytes.len()].copy_from_slice(bytes);
                assert_eq!(
                    Authenticate::parse(&bad).err(),
                    Some(AuthError::Malformed),
                    "field {field}: {what}"
                );
            }
            // Without a length, the offset is nobody's business.
            let mut empty = good.clone();
            empty[at..at + 2].fill(0);
            empty[at + 4..at + 8].fill(0xff);
            assert!(Authenticate::parse(&empty).is_ok(), "field {field}");
        }
        for end in 0..good.len() {
            assert_eq!(
                Authenticate::parse(&good[..end]).err(),
                Some(AuthError::Malformed),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn a_session_key_has_16_bytes_or_none() {
        for (length, ok) in [(0u8, true), (8, false), (15, false), (16, true)] {
            let mut bytes = message(88);
            bytes[52] = length;
            assert_eq!(Authenticate::parse(&bytes).is_ok(), ok, "{length}");
        }
    }

    #[test]
    fn there_is_a_mic_only_where_no_field_overlaps_it() {
        for (payload_at, fits) in [
            (64, false),
            (72, false),
            (87, false),
            (88, true),
            (100, true),
        ] {
            let bytes = message(payload_at);
            assert_eq!(
                Authenticate::parse(&bytes).unwrap().around_mic().is_some(),
                fits,
                "{payload_at}"
            );
        }
    }

    #[test]
    fn character_sets_and_connectionless_are_checked() {
        for (bits, ok) in [
            (flags::UNICODE, true),
            (flags::OEM, true),
            (0, false),
            (flags::UNICODE | flags::DATAGRAM, false),
        ] {
            let mut bytes = message(88);
            bytes[60..64].copy_from_slice(&bits.to_le_bytes());
            assert_eq!(Authenticate::parse(&bytes).is_ok(), ok, "{bits:#x}");
        }
    }

    fn response(pairs: &[u8]) -> Vec<u8> {
        [&[9; 16][..], &[1, 1], &[0; 26], pairs].concat()
    }

    #[test]
    fn the_mic_flag_is_found_among_the_pairs() {
        for (pairs, expected) in [
            (&[][..], Ok(false)),
            (&[0, 0, 0, 0], Ok(false)),
            (&[6, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0], Ok(true)),
            (&[6, 0, 4, 0, 1, 0, 0, 0], Ok(false)),
            (&[2, 0, 2, 0, 65, 0, 6, 0, 4, 0, 3, 0, 0, 0], Ok(true)),
            (&[0, 0, 0, 0, 6, 0, 4, 0, 2, 0, 0, 0], Ok(false)),
            (&[6, 0, 3, 0, 2, 0, 0], Err(AuthError::Malformed)),
            (&[6, 0, 4, 0, 2, 0, 0], Err(AuthError::Malformed)),
            (&[2, 0, 0xff, 0xff, 0], Err(AuthError::Malformed)),
        ] {
            let bytes = response(pairs);
            assert_eq!(
                NtResponse::parse(&bytes).map(|found| found.mic_present),
                expected,
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn weak_and_broken_responses_have_errors_of_their_own() {
        for length in 0..=60 {
            let mut bytes = response(&[0; 16]);
            bytes.truncate(length);
            let expected = match length {
                0 | 24 => Some(AuthError::WeakResponse),
                1..44 => Some(AuthError::Malformed),
                _ => None,
            };
            assert_eq!(NtResponse::parse(&bytes).err(), expected, "{length}");
        }
        let mut wrong_type = response(&[]);
        wrong_type[16] = 2;
        assert_eq!(
            NtResponse::parse(&wrong_type).err(),
            Some(AuthError::Malformed)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>, tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = NtResponse::parse(&bytes);
            let _ = NtResponse::parse(&response(&bytes));
            let framed = [&SIGNATURE[..], &[3, 0, 0, 0], &tail].concat();
            if let Ok(message) = Authenticate::parse(&framed) {
                let _ = message.around_mic();
            }
        }
    }
}
