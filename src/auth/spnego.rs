//! SPNEGO: which mechanism, and its tokens' wrapping (RFC 4178, [MS-SPNG]).

use super::AuthError;
use super::der::{
    self, ENUMERATED, GENERAL_STRING, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context,
};
use crate::wire::{Full, Malformed, Writer};

/// 1.3.6.1.5.5.2, SPNEGO.
const SPNEGO_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// 1.3.6.1.4.1.311.2.2.10, NTLMSSP.
pub(super) const NTLMSSP_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];
/// The tag of a GSS-API initial token, [APPLICATION 0] (RFC 2743 3.1).
const GSS_TOKEN: u8 = 0x60;
/// What Windows' servers put in the hint, and so what clients know to pass over ([MS-SPNG] 3.2.5.2).
const HINT: &[u8] = b"not_defined_in_RFC4178@please_ignore";

/// NegState (RFC 4178 4.2.2), as far as an acceptor sends it; it refuses by an SMB2 status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum NegState {
    AcceptCompleted = 0,
    AcceptIncomplete = 1,
    RequestMic = 3,
}

/// REJECT, which a client may send.
const REJECT: &[u8] = &[2];

/// What a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// NTLM without SPNEGO around it.
    Raw(&'a [u8]),
    /// NegTokenInit.
    Init {
        /// The DER encoding of MechTypeList, over which mechListMIC goes.
        mech_types: &'a [u8],
        /// Which place NTLMSSP has in it, if any.
        ntlm_at: Option<usize>,
        /// A token for the mechanism in the first place.
        mech_token: Option<&'a [u8]>,
    },
    /// NegTokenResp.
    Response {
        /// The mechanism's token.
        response_token: Option<&'a [u8]>,
        /// mechListMIC.
        mic: Option<&'a [u8]>,
    },
}

/// Reads a client's token. What the mechanism's own token holds is not looked at.
pub(super) fn parse(token: &[u8]) -> Result<Token<'_>, AuthError> {
    if token.starts_with(b"NTLMSSP\0") {
        return Ok(Token::Raw(token));
    }
    let mut rest = token;
    let outer = der::take(&mut rest)?;
    match outer.tag {
        GSS_TOKEN => {
            let mut inner = outer.content;
            // Another mechanism without SPNEGO around it: Kerberos.
            if der::expect(&mut inner, OBJECT_IDENTIFIER)?.content != SPNEGO_OID {
                return Err(AuthError::NoCommonMechanism);
            }
            let init = der::only(inner, context(0))?;
            Ok(parse_init(der::only(init.content, SEQUENCE)?.content)?)
        }
        tag if tag == context(1) => parse_response(der::only(outer.content, SEQUENCE)?.content),
        _ => Err(AuthError::Malformed),
    }
}

/// Hands each field of a SEQUENCE with explicit tags to `each`; they come in rising order, each
/// at most once.
fn fields<'a>(
    mut sequence: &'a [u8],
    mut each: impl FnMut(u8, &'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut last = None;
    while !sequence.is_empty() {
        let field = der::take(&mut sequence)?;
        if field.tag & 0xe0 != 0xa0 || last.is_some_and(|last| field.tag <= last) {
            return Err(Malformed);
        }
        last = Some(field.tag);
        each(field.tag & 0x1f, field.content)?;
    }
    Ok(())
}

fn parse_init(sequence: &[u8]) -> Result<Token<'_>, Malformed> {
    let (mut mech_types, mut mech_token) = (None, None);
    // Of the others, reqFlags is not to be relied on (RFC 4178 4.2.1), and a mechListMIC in the
    // first token cannot be: there is no key yet.
    fields(sequence, |number, content| {
        match number {
            0 => mech_types = Some(der::only(content, SEQUENCE)?),
            2 => mech_token = Some(der::only(content, OCTET_STRING)?.content),
            _ => {}
        }
        Ok(())
    })?;
    let mech_types = mech_types.ok_or(Malformed)?;
    let (mut list, mut ntlm_at) = (mech_types.content, None);
    for place in 0usize.. {
        if list.is_empty() {
            break;
        }
        let oid = der::expect(&mut list, OBJECT_IDENTIFIER)?.content;
        if oid == NTLMSSP_OID && ntlm_at.is_none() {
            ntlm_at = Some(place);
        }
    }
    Ok(Token::Init {
        mech_types: mech_types.whole,
        ntlm_at,
        mech_token,
    })
}

fn parse_response(sequence: &[u8]) -> Result<Token<'_>, AuthError> {
    let (mut response_token, mut mic, mut rejected) = (None, None, false);
    fields(sequence, |number, content| {
        match number {
            0 => rejected = der::only(content, ENUMERATED)?.content == REJECT,
            // The choice is the acceptor's; what a client writes here changes nothing.
            1 => _ = der::only(content, OBJECT_IDENTIFIER)?,
            2 => response_token = Some(der::only(content, OCTET_STRING)?.content),
            3 => mic = Some(der::only(content, OCTET_STRING)?.content),
            _ => {}
        }
        Ok(())
    })?;
    if rejected {
        return Err(AuthError::OutOfOrder);
    }
    Ok(Token::Response {
        response_token,
        mic,
    })
}

/// Writes the token of the NEGOTIATE response: NegTokenInit2 with NTLMSSP alone and the usual hint
/// ([MS-SPNG] 2.2.1).
pub(super) fn write_init(w: &mut Writer<'_>) -> Result<(), Full> {
    let oid = der::length(NTLMSSP_OID.len());
    let (list, hint) = (der::length(oid), der::length(HINT.len()));
    let hints = der::length(der::length(hint));
    let sequence = der::length(list) + der::length(hints);
    let init = der::length(sequence);
    der::header(
        w,
        GSS_TOKEN,
        der::length(SPNEGO_OID.len()) + der::length(init),
    )?;
    der::element(w, OBJECT_IDENTIFIER, SPNEGO_OID)?;
    der::header(w, context(0), init)?;
    der::header(w, SEQUENCE, sequence)?;
    der::header(w, context(0), list)?;
    der::header(w, SEQUENCE, oid)?;
    der::element(w, OBJECT_IDENTIFIER, NTLMSSP_OID)?;
    der::header(w, context(3), hints)?;
    der::header(w, SEQUENCE, der::length(hint))?;
    der::header(w, context(0), hint)?;
    der::element(w, GENERAL_STRING, HINT)
}

/// Writes a NegTokenResp. `choose`: it names NTLMSSP as the mechanism, as the first answer does.
pub(super) fn write_response(
    w: &mut Writer<'_>,
    state: NegState,
    choose: bool,
    token: Option<&[u8]>,
    mic: Option<&[u8; 16]>,
) -> Result<(), Full> {
    let explicit = |content: usize| der::length(der::length(content));
    let mut sequence = explicit(1);
    if choose {
        sequence += explicit(NTLMSSP_OID.len());
    }
    sequence += token.map_or(0, |token| explicit(token.len()));
    sequence += mic.map_or(0, |mic| explicit(mic.len()));
    der::header(w, context(1), der::length(sequence))?;
    der::header(w, SEQUENCE, sequence)?;
    let mut field = |number: u8, tag: u8, content: &[u8]| {
        der::header(w, context(number), der::length(content.len()))?;
        der::element(w, tag, content)
    };
    field(0, ENUMERATED, &[state as u8])?;
    if choose {
        field(1, OBJECT_IDENTIFIER, NTLMSSP_OID)?;
    }
    if let Some(token) = token {
        field(2, OCTET_STRING, token)?;
    }
    if let Some(mic) = mic {
        field(3, OCTET_STRING, mic)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_servers_first_token_offers_ntlmssp_and_reads_back() {
        let mut buffer = [0; 128];
        let mut w = Writer::new(&mut buffer);
        write_init(&mut w).unwrap();
        let token = w.written();
        assert_eq!(
            token[..12],
            [
                0x60, 0x48, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02, 0xa0, 0x3e
            ]
        );
        assert_eq!(token.len(), 74);
        assert!(token.ends_with(HINT));
        let expected = [&[0x30, 0x0c, 0x06, 0x0a], NTLMSSP_OID].concat();
        assert_eq!(
            parse(token),
            Ok(Token::Init {
                mech_types: &expected,
                ntlm_at: Some(0),
                mech_token: None
            })
        );
    }

    #[test]
    fn a_kerberos_token_without_spnego_is_no_common_mechanism() {
        let token = [
            0x60, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
        ];
        assert_eq!(parse(&token), Err(AuthError::NoCommonMechanism));
    }

    #[test]
    fn wrong_lengths_orders_and_tags_are_refused() {
        let mut buffer = [0; 128];
        let mut w = Writer::new(&mut buffer);
        write_response(
            &mut w,
            NegState::AcceptIncomplete,
            true,
            Some(b"token"),
            Some(&[7; 16]),
        )
        .unwrap();
        let good = w.written().to_vec();
        assert_eq!(
            parse(&good),
            Ok(Token::Response {
                response_token: Some(b"token"),
                mic: Some(&[7; 16])
            })
        );
        // Every byte that is a length, one off in either direction.
        for at in [1, 3, 5, 7, 10, 12, 24, 26, 33, 35] {
            for change in [1u8, 0xff] {
                let mut bad = good.clone();
                bad[at] = bad[at].wrapping_add(change);
                assert!(parse(&bad).is_err(), "byte {at} changed by {change}");
            }
        }
        for end in 0..good.len() {
            assert!(parse(&good[..end]).is_err(), "cut at {end}");
        }
        for (number, bad) in [
            (
                "mechListMIC before responseToken",
                &[0xa1, 10, 0x30, 8, 0xa3, 2, 4, 0, 0xa2, 2, 4, 0][..],
            ),
            (
                "responseToken twice",
                &[0xa1, 10, 0x30, 8, 0xa2, 2, 4, 0, 0xa2, 2, 4, 0],
            ),
            ("no explicit tag", &[0xa1, 4, 0x30, 2, 4, 0]),
            ("no sequence", &[0xa1, 4, 0x31, 2, 4, 0]),
            ("reject", &[0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 2]),
            ("NegTokenInit without its frame", &[0xa0, 2, 0x30, 0]),
        ] {
            assert!(parse(bad).is_err(), "{number}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn a_changed_token_never_panics(at in 0usize..74, byte: u8) {
            let mut buffer = [0; 74];
            write_init(&mut Writer::new(&mut buffer)).unwrap();
            buffer[at] = byte;
            let _ = parse(&buffer);
        }

        #[test]
        fn responses_round_trip(
            choose: bool,
            token in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..600)),
            mic: Option<[u8; 16]>,
        ) {
            let mut buffer = [0; 700];
            let mut w = Writer::new(&mut buffer);
            write_response(&mut w, NegState::RequestMic, choose, token.as_deref(), mic.as_ref()).unwrap();
            let expected = Token::Response { response_token: token.as_deref(), mic: mic.as_ref().map(|mic| &mic[..]) };
            prop_assert_eq!(parse(w.written()), Ok(expected));
        }
    }
}
