//! DCE/RPC over named pipes: what `\PIPE\srvsvc` and its siblings on IPC$ answer.
//!
//! A [`Pipe`] is the whole state of one open pipe in fixed memory. The engine feeds it what the client
//! writes and hands out what it answers; FSCTL_PIPE_TRANSCEIVE is one [`Pipe::write`] followed by one
//! [`Pipe::read`]. Only the connection-oriented protocol of [MS-RPCE] with the 32-bit transfer syntax
//! (NDR) in little-endian is spoken, without security of its own: the SMB session around it has one.
//!
//! This room knows no SMB2 message, no session and no file: what it may tell comes in as [`Facts`].
#![forbid(unsafe_code)]

mod accounts;
mod endpoint;
mod facts;
mod handles;
mod lsarpc;
mod ndr;
mod outbox;
mod pdu;
mod samr;
mod srvsvc;
mod state;
#[cfg(test)]
mod testing;
mod wide;
mod wkssvc;

pub use crate::wire::security::Sid;
pub use endpoint::Endpoint;
pub use facts::{Caller, Facts, ShareFact, ShareKind, UserFact, offline, server_type};
pub use outbox::RESPONSE_ROOM;
pub use state::{Error, Pipe, REQUEST_ROOM, ReadOutcome};

/// Why a call is answered by a fault PDU instead of a response ([C706] appendix E, [MS-RPCE] 2.2.2.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The stub contradicts the interface definition: RPC_X_BAD_STUB_DATA, as Windows reports it.
    BadStub,
    /// No such operation: nca_s_op_rng_error.
    Operation,
    /// The context handle was never given out or has been closed: nca_s_fault_context_mismatch.
    Handle,
    /// Request or answer does not fit this server's fixed buffers: nca_s_fault_remote_no_memory.
    NoMemory,
    /// The presentation context was not negotiated: nca_s_unk_if.
    Context,
    /// Fragments out of order, big-endian integers: nca_s_proto_error.
    Protocol,
}

impl Fault {
    /// The status field of the fault PDU.
    pub(crate) fn code(self) -> u32 {
        match self {
            Fault::BadStub => 0x0000_06f7,
            Fault::Operation => 0x1c01_0002,
            Fault::Context => 0x1c01_0003,
            Fault::Protocol => 0x1c01_000b,
            Fault::Handle => 0x1c00_001a,
            Fault::NoMemory => 0x1c00_001b,
        }
    }
}

impl From<crate::wire::Malformed> for Fault {
    fn from(_: crate::wire::Malformed) -> Self {
        Fault::BadStub
    }
}

impl From<crate::wire::Full> for Fault {
    fn from(_: crate::wire::Full) -> Self {
        Fault::NoMemory
    }
}

/// Results of the operations of srvsvc and wkssvc ([MS-ERREF] 2.2, [MS-SRVS] 2.2.2.1).
pub(crate) mod werror {
    pub const SUCCESS: u32 = 0;
    pub const ACCESS_DENIED: u32 = 5;
    pub const INVALID_PARAMETER: u32 = 87;
    pub const INVALID_NAME: u32 = 123;
    pub const INVALID_LEVEL: u32 = 124;
    pub const MORE_DATA: u32 = 234;
    /// The preferred maximum length is too short for even one entry.
    pub const BUF_TOO_SMALL: u32 = 2123;
    /// No share of that name.
    pub const NET_NAME_NOT_FOUND: u32 = 2310;
    /// No share of that device.
    pub const DEVICE_NOT_SHARED: u32 = 2311;
}

/// Results of the operations of lsarpc and samr ([MS-ERREF] 2.3).
pub(crate) mod ntstatus {
    pub const SUCCESS: u32 = 0;
    pub const MORE_ENTRIES: u32 = 0x0000_0105;
    /// Some of the names or SIDs have been translated.
    pub const SOME_NOT_MAPPED: u32 = 0x0000_0107;
    pub const NO_MORE_ENTRIES: u32 = 0x8000_001a;
    pub const INVALID_INFO_CLASS: u32 = 0xc000_0003;
    pub const INVALID_HANDLE: u32 = 0xc000_0008;
    pub const INVALID_PARAMETER: u32 = 0xc000_000d;
    pub const ACCESS_DENIED: u32 = 0xc000_0022;
    pub const NO_SUCH_USER: u32 = 0xc000_0064;
    /// None of the names or SIDs could be translated.
    pub const NONE_MAPPED: u32 = 0xc000_0073;
    pub const INSUFFICIENT_RESOURCES: u32 = 0xc000_009a;
    pub const NO_SUCH_DOMAIN: u32 = 0xc000_00df;
}
