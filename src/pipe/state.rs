//! One open pipe: fragments in, calls, fragments out.

use super::handles::Handles;
use super::outbox::{Call, Outbox, RESPONSE_ROOM};
use super::pdu::{self, Bind, Context, Header, NDR, Verdict, nak, pfc, ptype};
use super::{Endpoint, Facts, Fault, lsarpc, ndr, samr, srvsvc, wkssvc};
use crate::wire::Full;

/// Bytes for a request's stub together with the fragment that is arriving.
pub const REQUEST_ROOM: usize = 4352;
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

/// The state of one open pipe, about 21 KiB, all of it in place.
pub struct Pipe {
    endpoint: Endpoint,
    disconnected: bool,
    /// The longest fragment the client takes; 0 before a bind.
    fragment: u16,
    contexts: heapless::Vec<u16, CONTEXTS>,
    handles: Handles,
    /// The request whose fragments are arriving.
    call: Option<Call>,
    /// Stub bytes of `call` at the start of `inbox`.
    stub: usize,
    /// Bytes of the arriving PDU, after them.
    filled: usize,
    /// Bytes of an oversized PDU still to be passed over.
    skip: usize,
    /// Whether the rest of a refused request is to be passed over.
    dropping: bool,
    inbox: [u8; REQUEST_ROOM + pdu::HEADER],
    outbox: Outbox,
}

impl Pipe {
    /// A pipe as it is after its CREATE.
    pub const fn new(endpoint: Endpoint) -> Pipe {
        Pipe {
            endpoint,
            disconnected: false,
            fragment: 0,
            contexts: heapless::Vec::new(),
            handles: Handles::new(),
            call: None,
            stub: 0,
            filled: 0,
            skip: 0,
            dropping: false,
            inbox: [0; REQUEST_ROOM + pdu::HEADER],
            outbox: Outbox::new(),
        }
    }

    /// Makes this slot a newly opened pipe, without moving its buffers.
    pub fn reopen(&mut self, endpoint: Endpoint) {
        self.endpoint = endpoint;
        self.disconnected = false;
        self.fragment = 0;
        self.contexts.clear();
        self.handles = Handles::new();
        self.forget_call();
        self.filled = 0;
        self.skip = 0;
        self.dropping = false;
        self.outbox.clear();
    }

    /// The pipe's endpoint.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// Unread bytes of all messages; while there are any, FSCTL_PIPE_TRANSCEIVE is STATUS_PIPE_BUSY.
    pub fn available(&self) -> usize {
        self.outbox.available()
    }

    /// Unread bytes of the next message.
    pub fn message_available(&self) -> usize {
        self.outbox.message_available()
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
            let Ok(taken) = self.take(bytes, facts) else {
                self.disconnected = true;
                return Err(Error::Disconnected);
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Hands out the next message (one fragment), or as much of it as fits.
    pub fn read(&mut self, out: &mut [u8]) -> ReadOutcome {
        self.outbox.read(out)
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
        Header::parse(self.inbox.get(self.stub..).unwrap_or_default()).map_err(|_| Broken)
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
                // No client puts these between a request's fragments; one that does loses the request.
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
        let answered = self.run(call, facts);
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
    fn run(&mut self, call: Call, facts: &Facts<'_>) -> Result<(), Fault> {
        if !self.contexts.contains(&call.context) {
            return Err(Fault::Context);
        }
        let request = ndr::Decoder::new(self.inbox.get(..self.stub).unwrap_or_default());
        let (endpoint, operation, handles) = (self.endpoint, call.operation, &mut self.handles);
        self.outbox
            .respond(call, self.fragment, |reply| match endpoint {
                Endpoint::Srvsvc => srvsvc::call(operation, request, reply, facts),
                Endpoint::Wkssvc => wkssvc::call(operation, request, reply, facts),
                Endpoint::Lsarpc => lsarpc::call(operation, request, reply, facts, handles),
                Endpoint::Samr => samr::call(operation, request, reply, facts, handles),
            })
    }

    fn bind(&mut self, header: &Header, start: usize) -> Result<(), Broken> {
        let whole = self
            .inbox
            .get(start..start.saturating_add(self.filled))
            .ok_or(Broken)?;
        let first = header.ptype == ptype::BIND;
        let bound = self.fragment != 0;
        let parsed = header
            .split_auth(whole)
            .and_then(|(level, body)| Ok((level, Bind::parse(body)?)));
        let bind = if header.version != 5 || !header.little_endian {
            Err(nak::PROTOCOL_VERSION_NOT_SUPPORTED)
        } else if first == bound {
            // A second bind, or an alter_context before the first.
            Err(nak::REASON_NOT_SPECIFIED)
        } else {
            match parsed {
                Ok((level, _)) if level > AUTH_LEVEL_CONNECT => {
                    Err(nak::AUTHENTICATION_TYPE_NOT_RECOGNIZED)
                }
                Ok((_, bind)) => Ok(bind),
                Err(_) => Err(nak::REASON_NOT_SPECIFIED),
            }
        };
        let bind = match bind {
            Ok(bind) => bind,
            Err(reason) => {
                return Ok(self
                    .outbox
                    .append(|w| pdu::bind_nak(w, header.call, reason))?);
            }
        };
        let (answer, address) = if first {
            self.fragment = bind
                .max_recv_frag
                .clamp(pdu::FRAGMENT_LEAST, pdu::FRAGMENT_LIMIT);
            (ptype::BIND_ACK, self.endpoint.secondary_address())
        } else {
            (ptype::ALTER_CONTEXT_RESP, &b""[..])
        };
        let group = if bind.assoc_group == 0 {
            ASSOCIATION_GROUP
        } else {
            bind.assoc_group
        };
        let (sizes, count) = ((self.fragment, group), bind.count());
        let (interface, contexts) = (self.endpoint.interface(), &mut self.contexts);
        let verdicts = bind
            .contexts()
            .map(|context| judge(&interface, &context, contexts));
        let filled = self
            .outbox
            .append(|w| pdu::bind_ack(w, answer, header.call, sizes, address, count, verdicts));
        Ok(filled?)
    }

    fn answer_fault(&mut self, call: u32, context: u16, fault: Fault) -> Result<(), Broken> {
        Ok(self
            .outbox
            .append(|w| pdu::fault(w, call, context, fault.code()))?)
    }
}

/// RPC_C_AUTHN_LEVEL_CONNECT: the highest level at which PDUs carry no signature. A login at this level
/// is not answered: who the client is, the SMB session knows.
const AUTH_LEVEL_CONNECT: u8 = 2;
/// assoc_group_id for a client that brings none; pipes share no state, so one is enough.
const ASSOCIATION_GROUP: u32 = 0x0000_53f0;

/// The client broke the protocol, or asks so much at once that not even a fault fits.
#[derive(Debug)]
struct Broken;

impl From<Full> for Broken {
    fn from(_: Full) -> Self {
        Broken
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

#[cfg(test)]
mod tests;
