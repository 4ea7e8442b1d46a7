//! One open pipe: fragments in, calls, fragments out.

use super::pdu::{self, Bind, Context, Header, NDR, Verdict, nak, pfc, ptype};
use super::{Endpoint, Facts, Fault, ndr, srvsvc, wkssvc};
use crate::wire::{Full, Writer};
use core::ops::Range;

/// Bytes for a request's stub together with the fragment that is arriving.
pub const REQUEST_ROOM: usize = 4352;
/// Bytes for responses that have not been read yet.
pub const RESPONSE_ROOM: usize = 16384;
/// With more unread bytes than this nothing is taken in: the rest is kept for the answers.
const BACKLOG: usize = RESPONSE_ROOM / 2;
/// Presentation contexts a client may have on one pipe.
const CONTEXTS: usize = 8;

/// Why nothing was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The client must read what it asked for before it asks for more: STATUS_PIPE_BUSY.
    Busy,
    /// The client broke the protocol beyond what a fault can tell: STATUS_PIPE_DISCONNECTED until the
    /// pipe is opened anew.
    Disconnected,
}

/// What a read took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOutcome {
    /// Bytes put into the buffer; 0 if there was nothing.
    pub bytes: usize,
    /// Whether the message has more bytes than fitted: STATUS_BUFFER_OVERFLOW.
    pub more: bool,
}

/// A request whose fragments are arriving.
#[derive(Clone, Copy, Debug)]
struct Call {
    id: u32,
    context: u16,
    operation: u16,
}

/// The state of one open pipe, about 20 KiB, in place.
pub struct Pipe {
    endpoint: Endpoint,
    disconnected: bool,
    /// The longest fragment the client takes; 0 before a bind.
    fragment: u16,
    contexts: heapless::Vec<u16, CONTEXTS>,
    call: Option<Call>,
    /// Stub bytes of `call` at the start of `inbox`.
    stub: usize,
    /// Bytes of the arriving PDU, after them.
    filled: usize,
    /// Bytes of an oversized PDU still to be passed over.
    skip: usize,
    /// Whether the rest of an oversized request is to be passed over.
    dropping: bool,
    inbox: [u8; REQUEST_ROOM + pdu::HEADER],
    /// Unread bytes of `outbox`.
    unread: Range<usize>,
    /// Unread bytes of the message whose reading has begun.
    message: usize,
    outbox: [u8; RESPONSE_ROOM],
}

impl Pipe {
    /// A pipe as it is after its CREATE.
    pub const fn new(endpoint: Endpoint) -> Pipe {
        Pipe {
            endpoint,
            disconnected: false,
            fragment: 0,
            contexts: heapless::Vec::new(),
            call: None,
            stub: 0,
            filled: 0,
            skip: 0,
            dropping: false,
            inbox: [0; REQUEST_ROOM + pdu::HEADER],
            unread: 0..0,
            message: 0,
            outbox: [0; RESPONSE_ROOM],
        }
    }

    /// Makes this slot a newly opened pipe, without moving its buffers.
    pub fn reopen(&mut self, endpoint: Endpoint) {
        self.endpoint = endpoint;
        self.disconnected = false;
        self.fragment = 0;
        self.contexts.clear();
        self.forget_call();
        self.filled = 0;
        self.skip = 0;
        self.dropping = false;
        self.unread = 0..0;
        self.message = 0;
    }

    /// The pipe's endpoint.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// Unread bytes of all messages; while there are any, FSCTL_PIPE_TRANSCEIVE is STATUS_PIPE_BUSY.
    pub fn available(&self) -> usize {
        self.unread.len()
    }

    /// Unread bytes of the next message.
    pub fn message_available(&self) -> usize {
        if self.message > 0 {
            self.message
        } else {
            self.next_message()
        }
    }

    /// Whether the client broke the protocol; what was answered before can still be read.
    pub fn is_disconnected(&self) -> bool {
        self.disconnected
    }

    /// Takes in what the client wrote: a part of a PDU, one, or several. Complete requests are
    /// answered at once into the response buffer.
    ///
    /// # Errors
    /// [`Error::Busy`]: nothing was taken in. [`Error::Disconnected`]: the pipe is of no more use.
    pub fn write(&mut self, bytes: &[u8], facts: &Facts<'_>) -> Result<(), Error> {
        if self.disconnected {
            return Err(Error::Disconnected);
        }
        if self.available() > BACKLOG {
            return Err(Error::Busy);
        }
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let taken = match self.take(bytes, facts) {
                Ok(taken) => taken,
                Err(Broken) => {
                    self.disconnected = true;
                    return Err(Error::Disconnected);
                }
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Hands out the next message (one fragment), or as much of it as fits.
    pub fn read(&mut self, out: &mut [u8]) -> ReadOutcome {
        if self.message == 0 {
            self.message = self.next_message();
        }
        let length = self.message.min(out.len());
        let end = self.unread.start.saturating_add(length);
        let Some((found, out)) = self
            .outbox
            .get(self.unread.start..end)
            .zip(out.get_mut(..length))
        else {
            return ReadOutcome {
                bytes: 0,
                more: false,
            };
        };
        out.copy_from_slice(found);
        self.message -= length;
        self.unread.start = end;
        if self.unread.is_empty() {
            self.unread = 0..0;
        }
        ReadOutcome {
            bytes: length,
            more: self.message > 0,
        }
    }

    /// Length of the PDU at the start of the unread bytes.
    fn next_message(&self) -> usize {
        let unread = self.outbox.get(self.unread.clone()).unwrap_or_default();
        Header::parse(unread).map_or(0, |header| usize::from(header.fragment).min(unread.len()))
    }

    /// Takes some of `bytes` (never none) and says how many.
    fn take(&mut self, bytes: &[u8], facts: &Facts<'_>) -> Result<usize, Broken> {
        if self.skip > 0 {
            let passed = self.skip.min(bytes.len());
            self.skip -= passed;
            return Ok(passed);
        }
        let wanted = if self.filled < pdu::HEADER {
            pdu::HEADER
        } else {
            usize::from(self.header()?.fragment)
        };
        let taken = wanted.saturating_sub(self.filled).min(bytes.len());
        let start = self.stub.saturating_add(self.filled);
        let room = self
            .inbox
            .get_mut(start..start.saturating_add(taken))
            .ok_or(Broken)?;
        room.copy_from_slice(bytes.get(..taken).ok_or(Broken)?);
        self.filled += taken;
        if self.filled == pdu::HEADER && self.pass_over_header()? {
            return Ok(taken);
        }
        if self.filled >= pdu::HEADER && self.filled == usize::from(self.header()?.fragment) {
            self.complete(facts)?;
            self.filled = 0;
        }
        Ok(taken)
    }

    /// The header of the arriving PDU.
    fn header(&self) -> Result<Header, Broken> {
        let bytes = self.inbox.get(self.stub..).unwrap_or_default();
        Header::parse(bytes).map_err(|_| Broken)
    }

    /// Looks at a header that has just arrived; true if its PDU is to be passed over.
    fn pass_over_header(&mut self) -> Result<bool, Broken> {
        let header = self.header()?;
        let length = usize::from(header.fragment);
        if length < pdu::HEADER || header.fragment > pdu::FRAGMENT_LIMIT {
            return Err(Broken);
        }
        let request = header.ptype == ptype::REQUEST;
        let dropped = self.dropping && request && !header.has(pfc::FIRST_FRAG);
        let oversized = !dropped && self.stub.saturating_add(length) > REQUEST_ROOM;
        if !dropped && !oversized {
            self.dropping = false;
            return Ok(false);
        }
        if oversized {
            let context = self.call.map_or(0, |call| call.context);
            self.answer_fault(header.call, context, Fault::NoMemory)?;
            self.forget_call();
        }
        self.dropping = request && !header.has(pfc::LAST_FRAG);
        self.skip = length - pdu::HEADER;
        self.filled = 0;
        Ok(true)
    }

    fn forget_call(&mut self) {
        self.call = None;
        self.stub = 0;
    }

    /// Deals with a PDU that has arrived whole.
    fn complete(&mut self, facts: &Facts<'_>) -> Result<(), Broken> {
        let header = self.header()?;
        match header.ptype {
            ptype::REQUEST => self.request(&header, facts),
            ptype::BIND | ptype::ALTER_CONTEXT => {
                // No client interleaves these with a request's fragments; one that does loses the request.
                let start = self.stub;
                self.forget_call();
                self.bind(&header, start)
            }
            // The third leg of a login that was not asked for, and cancels of what is answered at once.
            ptype::AUTH3 | ptype::CO_CANCEL => Ok(()),
            ptype::ORPHANED => {
                if self.call.is_some_and(|call| call.id == header.call) {
                    self.forget_call();
                }
                Ok(())
            }
            _ => Err(Broken),
        }
    }

    /// Adds a fragment to its request, and answers the request if that was the last one.
    fn request(&mut self, header: &Header, facts: &Facts<'_>) -> Result<(), Broken> {
        let call = match self.fragment_of_request(header) {
            Ok(call) => call,
            Err(fault) => {
                self.forget_call();
                self.dropping = !header.has(pfc::LAST_FRAG);
                return self.answer_fault(header.call, 0, fault);
            }
        };
        if !header.has(pfc::LAST_FRAG) {
            self.call = Some(call);
            return Ok(());
        }
        let answered = if self.contexts.contains(&call.context) {
            self.call(call, facts)
        } else {
            Err(Fault::Context)
        };
        self.forget_call();
        answered.or_else(|fault| self.answer_fault(call.id, call.context, fault))
    }

    /// Moves the fragment's part of the stub behind the parts that came before.
    fn fragment_of_request(&mut self, header: &Header) -> Result<Call, Fault> {
        let start = self.stub;
        let whole = self
            .inbox
            .get(start..start.saturating_add(self.filled))
            .ok_or(Fault::Protocol)?;
        if self.fragment == 0 || !header.little_endian || header.version != 5 {
            return Err(Fault::Protocol);
        }
        let (level, body) = header.split_auth(whole).map_err(|_| Fault::Protocol)?;
        if level > AUTH_LEVEL_CONNECT {
            return Err(Fault::Protocol);
        }
        let (context, operation, offset) =
            pdu::request(body, header.flags).map_err(|_| Fault::Protocol)?;
        let call = match self.call {
            None if header.has(pfc::FIRST_FRAG) => Call {
                id: header.call,
                context,
                operation,
            },
            Some(call) if !header.has(pfc::FIRST_FRAG) && call.id == header.call => call,
            _ => return Err(Fault::Protocol),
        };
        let length = body.len().checked_sub(offset).ok_or(Fault::Protocol)?;
        let from = start + offset;
        self.inbox.copy_within(from..from + length, start);
        self.stub = start + length;
        Ok(call)
    }

    /// Runs the operation over the assembled stub and puts its response into the outbox.
    fn call(&mut self, call: Call, facts: &Facts<'_>) -> Result<(), Fault> {
        self.make_room();
        let chunk = usize::from(self.fragment).saturating_sub(pdu::CALL_HEADER) & !7;
        let start = self.unread.end;
        let free = self.outbox.get_mut(start..).ok_or(Fault::NoMemory)?;
        let stub = free.get_mut(pdu::CALL_HEADER..).ok_or(Fault::NoMemory)?;
        // Each further fragment takes room for its header from the stub.
        let room = stub_room(stub.len() + pdu::CALL_HEADER, chunk);
        let stub = stub.get_mut(..room).ok_or(Fault::NoMemory)?;
        let request = ndr::Decoder::new(self.inbox.get(..self.stub).unwrap_or_default());
        let mut reply = ndr::Encoder::new(stub);
        match self.endpoint {
            Endpoint::Srvsvc => srvsvc::call(call.operation, request, &mut reply, facts)?,
            Endpoint::Wkssvc => wkssvc::call(call.operation, request, &mut reply, facts)?,
            Endpoint::Lsarpc | Endpoint::Samr => return Err(Fault::Operation),
        }
        let length = reply.position();
        let used = fragment_in_place(free, length, chunk, call)?;
        self.unread.end = start + used;
        Ok(())
    }

    fn bind(&mut self, header: &Header, start: usize) -> Result<(), Broken> {
        let whole = self
            .inbox
            .get(start..start.saturating_add(self.filled))
            .ok_or(Broken)?;
        let refused = if header.version != 5 || !header.little_endian {
            Some(nak::PROTOCOL_VERSION_NOT_SUPPORTED)
        } else if (header.ptype == ptype::BIND) == (self.fragment != 0) {
            // A second bind, or an alter_context before the first.
            Some(nak::REASON_NOT_SPECIFIED)
        } else {
            None
        };
        let parsed = header
            .split_auth(whole)
            .and_then(|(level, body)| Ok((level, Bind::parse(body)?)));
        let (bind, contexts) = match (refused, parsed) {
            (None, Ok((level, bind))) if level <= AUTH_LEVEL_CONNECT => (bind, &mut self.contexts),
            (None, Ok(_)) => {
                return self.refuse(header.call, nak::AUTHENTICATION_TYPE_NOT_RECOGNIZED);
            }
            (refused, _) => {
                return self.refuse(header.call, refused.unwrap_or(nak::REASON_NOT_SPECIFIED));
            }
        };
        let first = header.ptype == ptype::BIND;
        if first {
            self.fragment = bind
                .max_recv_frag
                .clamp(pdu::FRAGMENT_LEAST, pdu::FRAGMENT_LIMIT);
        }
        let (answer, address) = if first {
            (ptype::BIND_ACK, self.endpoint.secondary_address())
        } else {
            (ptype::ALTER_CONTEXT_RESP, &b""[..])
        };
        let group = if bind.assoc_group == 0 {
            ASSOCIATION_GROUP
        } else {
            bind.assoc_group
        };
        let interface = self.endpoint.interface();
        let verdicts = bind
            .contexts()
            .map(|context| judge(&interface, &context, contexts));
        let sizes = (self.fragment, group);
        let outbox = Outbox {
            bytes: &mut self.outbox,
            unread: &mut self.unread,
        };
        outbox.append(|w| {
            pdu::bind_ack(
                w,
                answer,
                header.call,
                sizes,
                address,
                bind.count(),
                verdicts,
            )
        })
    }

    fn refuse(&mut self, call: u32, reason: u16) -> Result<(), Broken> {
        let outbox = Outbox {
            bytes: &mut self.outbox,
            unread: &mut self.unread,
        };
        outbox.append(|w| pdu::bind_nak(w, call, reason))
    }

    fn answer_fault(&mut self, call: u32, context: u16, fault: Fault) -> Result<(), Broken> {
        let outbox = Outbox {
            bytes: &mut self.outbox,
            unread: &mut self.unread,
        };
        outbox.append(|w| pdu::fault(w, call, context, fault.code()))
    }

    /// Moves the unread bytes to the front.
    fn make_room(&mut self) {
        Outbox {
            bytes: &mut self.outbox,
            unread: &mut self.unread,
        }
        .compact();
    }
}

/// RPC_C_AUTHN_LEVEL_CONNECT: the highest level at which PDUs carry no signature. A login at this level
/// is not answered: who the client is, the SMB session knows.
const AUTH_LEVEL_CONNECT: u8 = 2;
/// assoc_group_id of a client that brings none; pipes share no state, so one is enough.
const ASSOCIATION_GROUP: u32 = 0x0000_53f0;

/// The client broke the protocol, or asks so much at once that not even a fault fits.
#[derive(Debug)]
struct Broken;

struct Outbox<'a> {
    bytes: &'a mut [u8; RESPONSE_ROOM],
    unread: &'a mut Range<usize>,
}

impl Outbox<'_> {
    fn compact(&mut self) {
        self.bytes.copy_within(self.unread.clone(), 0);
        *self.unread = 0..self.unread.len();
    }

    fn append(
        mut self,
        fill: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<(), Broken> {
        self.compact();
        let mut w = Writer::new(self.bytes.get_mut(self.unread.end..).ok_or(Broken)?);
        fill(&mut w).map_err(|Full| Broken)?;
        self.unread.end += w.position();
        Ok(())
    }
}

/// Decides on an offered presentation context and remembers it if it is taken.
fn judge(
    interface: &pdu::Syntax,
    offered: &Context<'_>,
    known: &mut heapless::Vec<u16, CONTEXTS>,
) -> Verdict {
    if offered.transfers().any(|syntax| syntax.asks_for_features()) {
        return Verdict::NoFeatures;
    }
    if !interface.serves(&offered.interface) {
        return Verdict::UnknownInterface;
    }
    if !offered.transfers().any(|syntax| syntax == NDR) {
        return Verdict::UnknownTransfer;
    }
    if known.contains(&offered.id) || known.push(offered.id).is_ok() {
        Verdict::Accepted
    } else {
        Verdict::TooMany
    }
}

/// How long a stub may be so that it and its fragments' headers fit into `free` bytes.
fn stub_room(free: usize, chunk: usize) -> usize {
    let fragment = chunk + pdu::CALL_HEADER;
    let rest = (free % fragment).saturating_sub(pdu::CALL_HEADER);
    free / fragment * chunk + rest
}

/// Spreads the stub of `length` bytes that stands behind the first header's place over as many
/// fragments as it needs, and writes their headers. Returns the bytes all of them take.
fn fragment_in_place(
    free: &mut [u8],
    length: usize,
    chunk: usize,
    call: Call,
) -> Result<usize, Fault> {
    let count = length.div_ceil(chunk.max(1)).max(1);
    // From the last to the first: each moves into room that nothing else needs any more.
    for n in (0..count).rev() {
        let done = n * chunk;
        let part = chunk.min(length - done);
        let from = done + pdu::CALL_HEADER;
        let to = from + n * pdu::CALL_HEADER;
        let total = part + pdu::CALL_HEADER;
        if free.len() < to + part {
            return Err(Fault::NoMemory);
        }
        free.copy_within(from..from + part, to);
        let first = if n == 0 { pfc::FIRST_FRAG } else { 0 };
        let last = if n + 1 == count { pfc::LAST_FRAG } else { 0 };
        let mut w = Writer::new(
            free.get_mut(to - pdu::CALL_HEADER..to)
                .ok_or(Fault::NoMemory)?,
        );
        let total = u16::try_from(total).map_err(|_| Fault::NoMemory)?;
        let left = u32::try_from(length - done).map_err(|_| Fault::NoMemory)?;
        pdu::response(&mut w, first | last, total, call.id, left, call.context)?;
    }
    Ok(length + count * pdu::CALL_HEADER)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Client, NDR32, NDR64, bind_body, facts, interface, many_shares, pdu, stub,
    };
    use super::*;
    use proptest::prelude::*;

    fn server_info() -> super::super::testing::Bytes {
        stub().pointed("\\\\x").long(100)
    }

    fn written(endpoint: Endpoint, bytes: &[u8]) -> (Box<Pipe>, Result<(), Error>) {
        let mut pipe = Box::new(Pipe::new(endpoint));
        let result = pipe.write(bytes, &facts());
        (pipe, result)
    }

    fn read(pipe: &mut Pipe) -> Vec<u8> {
        let mut room = vec![0; 5000];
        let outcome = pipe.read(&mut room);
        room.truncate(outcome.bytes);
        room
    }

    #[test]
    fn a_bind_is_answered_offer_by_offer() {
        let features = *b"\x2c\x1c\xb7\x6c\x12\x98\x40\x45\x03\0\0\0\0\0\0\0\x01\0\0\0";
        let srvsvc = interface(Endpoint::Srvsvc);
        let offers = [
            (srvsvc, NDR64),
            (srvsvc, NDR32),
            (srvsvc, features),
            (interface(Endpoint::Wkssvc), NDR32),
        ];
        let (mut pipe, result) = written(
            Endpoint::Srvsvc,
            &pdu(11, 3, 0x0102_0304, &bind_body(5840, &offers)),
        );
        assert_eq!(result, Ok(()));
        let mut wanted = b"\x05\0\x0c\x03\x10\0\0\0\x8c\0\0\0\x04\x03\x02\x01".to_vec();
        wanted.extend(b"\xb8\x10\xb8\x10\xf0\x53\0\0\x0d\0\\PIPE\\srvsvc\0\0\x04\0\0\0");
        wanted.extend(b"\x02\0\x02\0");
        wanted.extend([0; 20]);
        wanted.extend(b"\0\0\0\0");
        wanted.extend(NDR32);
        wanted.extend(b"\x03\0\0\0");
        wanted.extend([0; 20]);
        wanted.extend(b"\x02\0\x01\0");
        wanted.extend([0; 20]);
        assert_eq!(wanted.len(), 0x8c);
        assert_eq!(read(&mut pipe), wanted);
    }

    #[test]
    fn a_context_added_later_is_answered_without_an_address() {
        let mut client = Client::bound(Endpoint::Srvsvc, 4280);
        let alter = pdu(
            14,
            3,
            7,
            &bind_body(4280, &[(interface(Endpoint::Srvsvc), NDR64)]),
        );
        client.pipe.write(&alter, &facts()).unwrap();
        let answer = client.message();
        assert_eq!((answer[2], answer.len()), (15, 16 + 8 + 4 + 4 + 24));
        assert_eq!(answer[24..28], [0, 0, 0, 0]);
        // The first context is still there.
        assert!(client.call(21, &server_info(), &facts()).is_ok());
    }

    #[test]
    fn binds_that_cannot_be_served_are_refused_with_a_reason() {
        let offers = [(interface(Endpoint::Srvsvc), NDR32)];
        let good = pdu(11, 3, 1, &bind_body(4280, &offers));
        let with_auth = |level: u8| {
            let mut bytes = good.clone();
            bytes.extend([10, level, 0, 0, 1, 0, 0, 0]);
            bytes.extend(b"NTLMSSP\0");
            bytes[8] = bytes.len() as u8;
            bytes[10] = 8;
            bytes
        };
        let mut version = good.clone();
        version[0] = 4;
        let mut big_endian = good.clone();
        big_endian[4] = 0;
        big_endian[8..10].reverse();
        let mut cut = good.clone();
        cut.truncate(60);
        cut[8] = 60;
        let mut liar = with_auth(2);
        liar[10] = 200;
        let cases = [
            (version, 13, 4),
            (big_endian, 13, 4),
            (cut, 13, 0),
            (liar, 13, 0),
            (with_auth(6), 13, 8),
            (with_auth(5), 13, 8),
            (with_auth(2), 12, 0xb8),
            (with_auth(1), 12, 0xb8),
            (good.clone(), 12, 0xb8),
        ];
        for (n, (bytes, kind, first)) in cases.into_iter().enumerate() {
            let (mut pipe, result) = written(Endpoint::Srvsvc, &bytes);
            assert_eq!(result, Ok(()), "{n}");
            let answer = read(&mut pipe);
            assert_eq!((answer[2], answer[16]), (kind, first), "{n}");
        }
        let twice = [good.clone(), good].concat();
        let (mut pipe, _) = written(Endpoint::Srvsvc, &twice);
        assert_eq!(read(&mut pipe)[2], 12);
        assert_eq!(read(&mut pipe)[2], 13);
    }

    #[test]
    fn requests_that_cannot_be_served_are_answered_by_faults() {
        let unbound = pdu(
            0,
            3,
            2,
            &stub().long(0).short(0).short(21).raw(&server_info().0).0,
        );
        let mut big_endian = unbound.clone();
        big_endian[4] = 0;
        big_endian[8..10].reverse();
        let context = pdu(
            0,
            3,
            2,
            &stub().long(0).short(9).short(21).raw(&server_info().0).0,
        );
        let operation = pdu(0, 3, 2, &stub().long(0).short(0).short(99).0);
        let empty = pdu(0, 3, 2, &stub().long(0).short(0).short(21).0);
        let no_body = pdu(0, 3, 2, &[]);
        let continued = pdu(0, 2, 2, &stub().long(0).short(0).short(21).0);
        let (mut pipe, result) = written(Endpoint::Srvsvc, &unbound);
        assert_eq!(result, Ok(()));
        assert_eq!(read(&mut pipe)[24..28], 0x1c01_000b_u32.to_le_bytes());
        let cases = [
            (big_endian, 0x1c01_000b_u32),
            (context, 0x1c01_0003),
            (operation, 0x1c01_0002),
            (empty, 0x0000_06f7),
            (no_body, 0x1c01_000b),
            (continued, 0x1c01_000b),
        ];
        for (bytes, code) in cases {
            let mut client = Client::bound(Endpoint::Srvsvc, 4280);
            client.pipe.write(&bytes, &facts()).unwrap();
            let answer = client.message();
            assert_eq!((answer[2], answer.len()), (3, 32));
            assert_eq!(answer[24..28], code.to_le_bytes(), "{code:x}");
            assert!(
                client.call(21, &server_info(), &facts()).is_ok(),
                "the pipe lives on"
            );
        }
    }

    #[test]
    fn what_is_no_protocol_ends_the_pipe() {
        let short = [5, 0, 0, 3, 0x10, 0, 0, 0, 15, 0, 0, 0, 1, 0, 0, 0];
        let long = [5, 0, 0, 3, 0x10, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
        let response = pdu(2, 3, 1, &[0; 8]);
        for bytes in [&short[..], &long[..], &response[..]] {
            let (mut pipe, result) = written(Endpoint::Srvsvc, bytes);
            assert_eq!(result, Err(Error::Disconnected));
            assert!(pipe.is_disconnected());
            assert_eq!(pipe.write(&[], &facts()), Err(Error::Disconnected));
            assert_eq!(
                pipe.read(&mut [0; 10]),
                ReadOutcome {
                    bytes: 0,
                    more: false
                }
            );
            pipe.reopen(Endpoint::Srvsvc);
            assert_eq!(pipe.write(&[5], &facts()), Ok(()));
        }
    }

    #[test]
    fn a_request_may_come_in_any_number_of_fragments_and_writes() {
        let mut client = Client::bound(Endpoint::Srvsvc, 4280);
        let whole = server_info().0;
        let wanted = client.call(21, &server_info(), &facts()).unwrap();
        for size in 1..whole.len() {
            let count = whole.len().div_ceil(size);
            let mut bytes = Vec::new();
            for (n, part) in whole.chunks(size).enumerate() {
                let flags = u8::from(n == 0) | u8::from(n + 1 == count) * 2;
                bytes.extend(pdu(
                    0,
                    flags,
                    500,
                    &stub().long(0).short(0).short(21).raw(part).0,
                ));
            }
            for chunk in bytes.chunks(size) {
                assert_eq!(client.pipe.available(), 0);
                client.pipe.write(chunk, &facts()).unwrap();
            }
            assert_eq!(client.message()[24..], wanted);
        }
    }

    #[test]
    fn an_oversized_request_is_a_fault_and_its_rest_is_passed_over() {
        let mut client = Client::bound(Endpoint::Srvsvc, 4280);
        let fragment = |flags| pdu(0, flags, 9, &[0; 3000]);
        for flags in [1, 0, 0, 2] {
            client.pipe.write(&fragment(flags), &facts()).unwrap();
        }
        assert_eq!(client.message()[24..28], 0x1c00_001b_u32.to_le_bytes());
        assert_eq!(client.message(), [0; 0]);
        assert!(client.call(21, &server_info(), &facts()).is_ok());
    }

    #[test]
    fn cancels_and_orphans_are_passed_over() {
        let mut client = Client::bound(Endpoint::Srvsvc, 4280);
        client.pipe.write(&pdu(18, 3, 2, &[]), &facts()).unwrap();
        client
            .pipe
            .write(
                &pdu(0, 1, 2, &stub().long(0).short(0).short(21).long(1).0),
                &facts(),
            )
            .unwrap();
        client.pipe.write(&pdu(19, 3, 2, &[]), &facts()).unwrap();
        assert_eq!(client.pipe.available(), 0);
        assert!(client.call(21, &server_info(), &facts()).is_ok());
    }

    #[test]
    fn a_long_answer_comes_in_fragments_the_client_can_take() {
        let mut many = facts();
        many.shares = &many_shares;
        let question = stub().long(0).longs(&[1, 1, 1, 0, 0, u32::MAX, 0]);
        let mut answers = Vec::new();
        for limit in [0, 1432, 1439, 4280, 65535] {
            let mut client = Client::bound(Endpoint::Srvsvc, limit);
            let request = client.request(15, &question.0);
            client.pipe.write(&request, &many).unwrap();
            let mut lengths = Vec::new();
            let mut answer = Vec::new();
            while client.pipe.available() > 0 {
                let whole = client.pipe.message_available();
                let message = client.message();
                assert_eq!(message.len(), whole);
                assert_eq!(
                    message.len(),
                    usize::from(u16::from_le_bytes([message[8], message[9]]))
                );
                lengths.push((message.len(), message[3]));
                answer.extend_from_slice(&message[24..]);
            }
            let most = usize::from(limit).clamp(1432, 4280);
            assert!(lengths.iter().all(|(length, _)| *length <= most));
            assert_eq!(lengths.first().unwrap().1, 1);
            assert_eq!(lengths.last().unwrap().1, 2);
            assert!(answer.len() > 15000);
            answers.push(answer);
        }
    }

    #[test]
    fn a_message_is_read_in_pieces_but_never_together_with_the_next() {
        let mut client = Client::bound(Endpoint::Srvsvc, 4280);
        let request = client.request(21, &server_info().0);
        client
            .pipe
            .write(&[&request[..], &request[..]].concat(), &facts())
            .unwrap();
        let all = client.pipe.available();
        let whole = client.pipe.message_available();
        assert_eq!(all, 2 * whole);
        let mut small = [0; 10];
        assert_eq!(
            client.pipe.read(&mut small),
            ReadOutcome {
                bytes: 10,
                more: true
            }
        );
        assert_eq!(
            client.pipe.read(&mut []),
            ReadOutcome {
                bytes: 0,
                more: true
            }
        );
        assert_eq!(client.pipe.message_available(), whole - 10);
        let mut large = [0; 5000];
        assert_eq!(
            client.pipe.read(&mut large),
            ReadOutcome {
                bytes: whole - 10,
                more: false
            }
        );
        assert_eq!(
            client.pipe.read(&mut large),
            ReadOutcome {
                bytes: whole,
                more: false
            }
        );
        assert_eq!(
            client.pipe.read(&mut large),
            ReadOutcome {
                bytes: 0,
                more: false
            }
        );
    }

    #[test]
    fn a_client_that_reads_nothing_is_told_to() {
        let mut client = Client::bound(Endpoint::Srvsvc, 4280);
        let mut taken = 0;
        let busy = loop {
            let request = client.request(21, &server_info().0);
            match client.pipe.write(&request, &facts()) {
                Ok(()) => taken += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(busy, Error::Busy);
        assert!(taken > 50);
        for _ in 0..taken {
            assert_eq!(client.message()[2], 2);
        }
        assert!(client.call(21, &server_info(), &facts()).is_ok());
        // All at once in one write: what does not fit is a fault, and in the end the pipe breaks.
        let request = client.request(21, &server_info().0);
        assert_eq!(
            client.pipe.write(&request.repeat(1000), &facts()),
            Err(Error::Disconnected)
        );
    }

    #[test]
    fn room_for_the_stub_leaves_room_for_every_header() {
        for chunk in [1408, 4256] {
            for free in 0..20_000 {
                let stub = stub_room(free, chunk);
                assert!(
                    stub == 0 || stub + stub.div_ceil(chunk) * 24 <= free,
                    "{free} {chunk}"
                );
                assert!(
                    stub + 24 + stub.div_ceil(chunk) * 24 >= free.saturating_sub(24),
                    "{free} {chunk}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), which in 0_usize..4) {
            let endpoint = [Endpoint::Srvsvc, Endpoint::Wkssvc, Endpoint::Lsarpc, Endpoint::Samr][which];
            let _ = written(endpoint, &bytes);
            for kind in [0, 11, 14, 16, 18, 19] {
                let mut client = Client::bound(endpoint, 4280);
                let _ = client.pipe.write(&pdu(kind, 3, 1, &bytes), &facts());
                let _ = read(&mut client.pipe);
            }
        }

        #[test]
        fn no_stub_panics(
            longs in prop::collection::vec(prop_oneof![0_u32..4, any::<u32>(), Just(u32::MAX)], 0..40),
            operation in 0_u16..80,
            which in 0_usize..4,
        ) {
            let endpoint = [Endpoint::Srvsvc, Endpoint::Wkssvc, Endpoint::Lsarpc, Endpoint::Samr][which];
            let _ = Client::bound(endpoint, 4280).call(operation, &stub().longs(&longs), &facts());
        }
    }
}
