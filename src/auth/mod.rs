//! Who is at the other end: SPNEGO and NTLMv2, as an acceptor of fixed size.
//!
//! The engine feeds it the security buffers of SESSION_SETUP and sends back what it writes
//! ([MS-SMB2] 3.3.5.5.3). The room decides whether a client proved a password; what to do with one
//! that proved none (guest or refusal) is the engine's affair. It keeps no users: a function the
//! caller passes knows them. NTLMv1, LM and NTLM2-session responses are refused whoever sends them.
#![forbid(unsafe_code)]

mod acceptor;
mod der;
mod names;
mod ntlm;
mod spnego;

use crate::wire::status::Status;

#[cfg(test)]
pub(crate) mod client;
#[cfg(test)]
mod tests;

pub use acceptor::Acceptor;
pub use names::same_name;
pub use ntlm::nt_hash;

/// The longest user name in bytes of UTF-8; a longer one belongs to nobody here.
pub const NAME_LIMIT: usize = 128;

/// A user name as an [`Identity`] carries it.
pub type Name = heapless::String<NAME_LIMIT>;

/// Finds the NT hash of a user by name; names are compared with [`same_name`]. `None` for a user
/// who is not there or may not log in.
pub type Users<'a> = dyn Fn(&str) -> Option<[u8; 16]> + 'a;

/// What the server tells about itself in its CHALLENGE ([MS-NLMP] 2.2.2.1). Names that are too
/// long are cut: 15 UTF-16 units for NetBIOS names, 63 for DNS names.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// NetBIOS name of this computer, in upper case.
    pub netbios_name: &'a str,
    /// DNS name of this computer, with its domain if it has one.
    pub dns_name: &'a str,
    /// NetBIOS name of the domain or workgroup; empty: the computer's own name, as for a computer
    /// that is its own authority.
    pub domain: &'a str,
}

/// What [`Acceptor::step`] came to. In both cases the reply holds what goes back to the client,
/// which may be nothing in the second.
#[derive(Debug)]
pub enum Step {
    /// The client is to send more: STATUS_MORE_PROCESSING_REQUIRED.
    Continue,
    /// The exchange is over.
    Done(Identity),
}

/// Who logged in.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// How much of it is proven.
    pub kind: Kind,
    /// The user's name as the client wrote it, without the domain where that was part of the name
    /// and the user was found without it; empty for an anonymous login.
    pub name: Name,
    /// NTLM's ExportedSessionKey, which is the session key of [MS-SMB2]; zeros for a guest, whose
    /// key nobody but the client knows.
    pub session_key: [u8; 16],
}

impl core::fmt::Debug for Identity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Identity")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How much a login proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client knows the user's password.
    User,
    /// It does not: the engine decides between a guest session and STATUS_LOGON_FAILURE. On
    /// refusal, what was written to the reply is dropped.
    Guest(Unproven),
    /// It sent no name and no response, on purpose ([MS-NLMP] 3.2.5.1.2).
    Anonymous,
}

/// Why a login proved nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// There is no such user.
    UnknownUser,
    /// There is, but the response was not made with the user's password.
    WrongPassword,
}

/// Why a login ended. The acceptor is of no use afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// A token contradicts itself or ends too early.
    Malformed,
    /// A token that has no place here in the exchange.
    OutOfOrder,
    /// A token or name longer than we keep.
    TooLong,
    /// The client offers no mechanism that we have (NTLMSSP).
    NoCommonMechanism,
    /// An LM, NTLMv1 or NTLM2-session response, which a listener can break.
    /// The client is to be set to NTLMv2.
    WeakResponse,
    /// The password was right, but a message integrity code is wrong or missing: somebody changed
    /// the exchange on its way.
    BadMic,
    /// The reply did not fit.
    ReplyFull,
}

impl AuthError {
    /// What SESSION_SETUP answers. A client is not told more than that its login failed where the
    /// difference would help it guess.
    pub fn status(self) -> Status {
        match self {
            AuthError::Malformed | AuthError::OutOfOrder | AuthError::TooLong => {
                Status::INVALID_PARAMETER
            }
            AuthError::NoCommonMechanism | AuthError::WeakResponse | AuthError::BadMic => {
                Status::LOGON_FAILURE
            }
            AuthError::ReplyFull => Status::INSUFFICIENT_RESOURCES,
        }
    }
}

/// For the log.
impl core::fmt::Display for AuthError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            AuthError::Malformed => "a login token makes no sense",
            AuthError::OutOfOrder => "a login token came out of turn",
            AuthError::TooLong => "a login token or name is too long",
            AuthError::NoCommonMechanism => "the client offers no NTLM",
            AuthError::WeakResponse => {
                "the client answers with LM or NTLMv1; it must be set to NTLMv2"
            }
            AuthError::BadMic => "a login was changed on its way, or its integrity code is missing",
            AuthError::ReplyFull => "no room for the login's answer",
        })
    }
}

impl core::error::Error for AuthError {}

impl From<crate::wire::Malformed> for AuthError {
    fn from(_: crate::wire::Malformed) -> Self {
        AuthError::Malformed
    }
}

impl From<crate::wire::Full> for AuthError {
    fn from(_: crate::wire::Full) -> Self {
        AuthError::ReplyFull
    }
}
