//! Protocol data units of connection-oriented RPC ([C706] 12.6, [MS-RPCE] 2.2.2).

use crate::wire::{Full, Malformed, Reader, Writer};

/// Bytes of the common header.
pub(crate) const HEADER: usize = 16;
/// Bytes of a response's or request's header, the common one included.
pub(crate) const CALL_HEADER: usize = 24;
/// The longest fragment sent or taken: what Windows uses on named pipes.
pub(crate) const FRAGMENT_LIMIT: u16 = 4280;
/// MustRecvFragSize: a client that says it takes less is not believed ([C706] 12.6.3.1).
pub(crate) const FRAGMENT_LEAST: u16 = 1432;

/// PDU types, the PTYPE field.
pub(crate) mod ptype {
    pub const REQUEST: u8 = 0;
    pub const RESPONSE: u8 = 2;
    pub const FAULT: u8 = 3;
    pub const BIND: u8 = 11;
    pub const BIND_ACK: u8 = 12;
    pub const BIND_NAK: u8 = 13;
    pub const ALTER_CONTEXT: u8 = 14;
    pub const ALTER_CONTEXT_RESP: u8 = 15;
    pub const AUTH3: u8 = 16;
    pub const CO_CANCEL: u8 = 18;
    pub const ORPHANED: u8 = 19;
}

/// Bits of pfc_flags.
pub(crate) mod pfc {
    pub const FIRST_FRAG: u8 = 0x01;
    pub const LAST_FRAG: u8 = 0x02;
    pub const DID_NOT_EXECUTE: u8 = 0x20;
    pub const OBJECT_UUID: u8 = 0x80;
}

/// Reasons of a bind_nak ([C706] 12.6.3.1, [MS-RPCE] 2.2.2.5).
pub(crate) mod nak {
    pub const REASON_NOT_SPECIFIED: u16 = 0;
    pub const PROTOCOL_VERSION_NOT_SUPPORTED: u16 = 4;
    pub const AUTHENTICATION_TYPE_NOT_RECOGNIZED: u16 = 8;
}

/// An interface or a transfer syntax: p_syntax_id_t.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// As it stands on the wire.
    pub uuid: [u8; 16],
    pub major: u16,
    pub minor: u16,
}

/// The 32-bit transfer syntax: 8a885d04-1ceb-11c9-9fe8-08002b104860, 2.0.
pub(crate) const NDR: Syntax = Syntax {
    uuid: [
        0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48,
        0x60,
    ],
    major: 2,
    minor: 0,
};

/// How the UUID of a bind time feature negotiation starts: 6cb71c2c-9812-4540, the rest being the
/// features the client has ([MS-RPCE] 3.3.1.5.3).
const FEATURES: [u8; 8] = [0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45];

impl Syntax {
    fn parse(r: &mut Reader<'_>) -> Result<Syntax, Malformed> {
        Ok(Syntax {
            uuid: r.array()?,
            major: r.u16()?,
            minor: r.u16()?,
        })
    }

    /// Whether this is the client's way to ask for features rather than a transfer syntax.
    pub fn asks_for_features(&self) -> bool {
        self.uuid.starts_with(&FEATURES) && self.major == 1
    }

    /// Whether a server that has this interface can serve `wanted`.
    pub fn serves(&self, wanted: &Syntax) -> bool {
        self.uuid == wanted.uuid && self.major == wanted.major && self.minor >= wanted.minor
    }
}

/// The common header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub version: u8,
    pub ptype: u8,
    pub flags: u8,
    /// Whether integers are little-endian, as the data representation says.
    pub little_endian: bool,
    /// Bytes of the whole fragment.
    pub fragment: u16,
    /// Bytes of the authentication token, without its trailer's 8.
    pub auth: u16,
    pub call: u32,
}

impl Header {
    /// Reads the first 16 bytes of a PDU; whatever the representation, the numbers are right.
    pub fn parse(bytes: &[u8]) -> Result<Header, Malformed> {
        let mut r = Reader::new(bytes);
        let (version, _minor, ptype, flags) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
        let little_endian = r.array::<4>()?[0] >> 4 == 1;
        let (fragment, auth, call) = (r.u16()?, r.u16()?, r.u32()?);
        let header = Header {
            version,
            ptype,
            flags,
            little_endian,
            fragment,
            auth,
            call,
        };
        Ok(if little_endian {
            header
        } else {
            Header {
                fragment: fragment.swap_bytes(),
                auth: auth.swap_bytes(),
                call: call.swap_bytes(),
                ..header
            }
        })
    }

    /// Whether `flag` is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The authentication level in the trailer of `pdu`, and the PDU without trailer and padding.
    /// Level 1 (none) if there is no trailer.
    pub fn split_auth<'a>(&self, pdu: &'a [u8]) -> Result<(u8, &'a [u8]), Malformed> {
        if self.auth == 0 {
            return Ok((1, pdu));
        }
        let start = pdu
            .len()
            .checked_sub(usize::from(self.auth))
            .and_then(|n| n.checked_sub(8))
            .ok_or(Malformed)?;
        let mut r = Reader::at(pdu, start);
        let (_kind, level, padding) = (r.u8()?, r.u8()?, usize::from(r.u8()?));
        let end = start
            .checked_sub(padding)
            .filter(|end| *end >= HEADER)
            .ok_or(Malformed)?;
        Ok((level, pdu.get(..end).ok_or(Malformed)?))
    }
}

/// The body of a bind or alter_context.
#[derive(Clone, Debug)]
pub(crate) struct Bind<'a> {
    pub max_recv_frag: u16,
    pub assoc_group: u32,
    count: u8,
    contexts: Reader<'a>,
}

/// One element of the presentation context list: p_cont_elem_t.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub id: u16,
    pub interface: Syntax,
    transfers: &'a [u8],
}

impl<'a> Context<'a> {
    /// The transfer syntaxes the client offers.
    pub fn transfers(&self) -> impl Iterator<Item = Syntax> + 'a {
        self.transfers
            .chunks_exact(20)
            .filter_map(|bytes| Syntax::parse(&mut Reader::new(bytes)).ok())
    }
}

impl<'a> Bind<'a> {
    /// Reads a whole PDU without its authentication trailer.
    pub fn parse(pdu: &'a [u8]) -> Result<Bind<'a>, Malformed> {
        let mut r = Reader::at(pdu, HEADER);
        let (_max_xmit_frag, max_recv_frag, assoc_group) = (r.u16()?, r.u16()?, r.u32()?);
        let count = r.u8()?;
        r.skip(3)?;
        let bind = Bind {
            max_recv_frag,
            assoc_group,
            count,
            contexts: r,
        };
        // Checked here once, so that the walk below needs no error.
        if bind.contexts().count() == usize::from(count) {
            Ok(bind)
        } else {
            Err(Malformed)
        }
    }

    /// How many presentation contexts there are.
    pub fn count(&self) -> u8 {
        self.count
    }

    /// The presentation contexts.
    pub fn contexts(&self) -> impl Iterator<Item = Context<'a>> {
        let mut r = self.contexts.clone();
        (0..self.count).map_while(move |_| {
            let id = r.u16().ok()?;
            let transfers = usize::from(r.u8().ok()?);
            r.skip(1).ok()?;
            let interface = Syntax::parse(&mut r).ok()?;
            Some(Context {
                id,
                interface,
                transfers: r.bytes(transfers * 20).ok()?,
            })
        })
    }
}

/// What becomes of an offered presentation context: p_result_t.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// acceptance, with NDR.
    Accepted,
    /// provider_rejection, abstract_syntax_not_supported.
    UnknownInterface,
    /// provider_rejection, proposed_transfer_syntaxes_not_supported.
    UnknownTransfer,
    /// provider_rejection, local_limit_exceeded.
    TooMany,
    /// negotiate_ack, with no feature ([MS-RPCE] 2.2.2.4).
    NoFeatures,
}

impl Verdict {
    fn write(self, w: &mut Writer<'_>) -> Result<(), Full> {
        let (result, reason) = match self {
            Verdict::Accepted => (0, 0),
            Verdict::UnknownInterface => (2, 1),
            Verdict::UnknownTransfer => (2, 2),
            Verdict::TooMany => (2, 3),
            Verdict::NoFeatures => (3, 0),
        };
        w.u16(result)?;
        w.u16(reason)?;
        if self != Verdict::Accepted {
            return w.zeros(20);
        }
        w.bytes(&NDR.uuid)?;
        w.u16(NDR.major)?;
        w.u16(NDR.minor)
    }
}

/// Writes a common header; `fragment` is the whole PDU's length.
pub(crate) fn header(
    w: &mut Writer<'_>,
    ptype: u8,
    flags: u8,
    fragment: u16,
    call: u32,
) -> Result<(), Full> {
    w.bytes(&[5, 0, ptype, flags, 0x10, 0, 0, 0])?;
    w.u16(fragment)?;
    w.u16(0)?;
    w.u32(call)
}

/// Writes a bind_ack or alter_context_resp; `address` comes with its terminating zero, or is empty.
pub(crate) fn bind_ack(
    w: &mut Writer<'_>,
    ptype: u8,
    call: u32,
    (fragment, group): (u16, u32),
    address: &[u8],
    count: u8,
    verdicts: impl Iterator<Item = Verdict>,
) -> Result<(), Full> {
    let start = w.position();
    header(w, ptype, pfc::FIRST_FRAG | pfc::LAST_FRAG, 0, call)?;
    w.u16(fragment)?;
    w.u16(FRAGMENT_LIMIT)?;
    w.u32(group)?;
    w.u16(u16::try_from(address.len()).map_err(|_| Full)?)?;
    w.bytes(address)?;
    w.align(start, 4)?;
    w.bytes(&[count, 0, 0, 0])?;
    for verdict in verdicts {
        verdict.write(w)?;
    }
    let length = u16::try_from(w.position().saturating_sub(start)).map_err(|_| Full)?;
    w.patch_u16(start + 8, length)
}

/// Writes a bind_nak that names version 5.0 as the one there is.
pub(crate) fn bind_nak(w: &mut Writer<'_>, call: u32, reason: u16) -> Result<(), Full> {
    header(
        w,
        ptype::BIND_NAK,
        pfc::FIRST_FRAG | pfc::LAST_FRAG,
        24,
        call,
    )?;
    w.u16(reason)?;
    w.bytes(&[1, 5, 0, 0, 0, 0])
}

/// Writes a fault PDU.
pub(crate) fn fault(w: &mut Writer<'_>, call: u32, context: u16, status: u32) -> Result<(), Full> {
    let flags = pfc::FIRST_FRAG | pfc::LAST_FRAG | pfc::DID_NOT_EXECUTE;
    header(w, ptype::FAULT, flags, 32, call)?;
    w.u32(32)?;
    w.u16(context)?;
    w.u16(0)?;
    w.u32(status)?;
    w.u32(0)
}

/// Writes the 24 bytes in front of a response fragment; `left` counts the stub's bytes from here on.
pub(crate) fn response(
    w: &mut Writer<'_>,
    flags: u8,
    fragment: u16,
    call: u32,
    left: u32,
    context: u16,
) -> Result<(), Full> {
    header(w, ptype::RESPONSE, flags, fragment, call)?;
    w.u32(left)?;
    w.u16(context)?;
    w.u16(0)
}

/// The fixed part of a request's body: context, operation, and where the stub starts.
pub(crate) fn request(pdu: &[u8], flags: u8) -> Result<(u16, u16, usize), Malformed> {
    let mut r = Reader::at(pdu, HEADER);
    let _alloc_hint = r.u32()?;
    let (context, operation) = (r.u16()?, r.u16()?);
    if flags & pfc::OBJECT_UUID != 0 {
        r.skip(16)?;
    }
    Ok((context, operation, r.position()))
}
