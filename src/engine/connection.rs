//! A transport connection and what was agreed on it ([MS-SMB2] 3.3.1.7).

use core::net::IpAddr;

use super::window::Window;
use crate::crypto::{Cipher, Preauth, SigningAlgorithm};
use crate::memory::Handle;
use crate::wire::negotiate::Dialect;

/// Names a connection.
pub type ConnectionId = Handle<Connection>;

/// How far the negotiation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was received.
    Fresh,
    /// The SMB1 greeting was answered with dialect 0x02FF; a real NEGOTIATE must follow.
    Wildcard,
    /// The dialect is fixed.
    Negotiated,
}

/// A connection.
pub struct Connection {
    /// The client's address.
    pub peer: IpAddr,
    /// How far the negotiation has come.
    pub phase: Phase,
    /// Connection.Dialect, once negotiated.
    pub dialect: Dialect,
    /// Connection.ClientGuid.
    pub client_guid: [u8; 16],
    /// Connection.ClientCapabilities.
    pub client_capabilities: u32,
    /// Connection.ClientSecurityMode.
    pub client_security_mode: u16,
    /// Connection.CipherId.
    pub cipher: Option<Cipher>,
    /// Connection.SigningAlgorithmId.
    pub signing: SigningAlgorithm,
    /// Connection.PreauthIntegrityHashValue.
    pub preauth: Preauth,
    /// Message ids the client may use.
    pub window: Window,
    /// Multi-credit requests were agreed on (dialect 2.1 and later).
    pub multi_credit: bool,
    /// A login has succeeded on it.
    pub authenticated: bool,
    /// When it was accepted, in ms.
    pub accepted: u64,
    /// When the last request came, in ms.
    pub active: u64,
    /// Something waits to be sent that no request asked for.
    pub woken: bool,
    /// Breaks it has to be told of.
    pub untold: u32,
    /// It is to be closed.
    pub closing: bool,
}

impl Connection {
    /// A connection just accepted.
    pub fn new(peer: IpAddr, now: u64) -> Self {
        Connection {
            peer,
            phase: Phase::Fresh,
            dialect: Dialect::Smb202,
            client_guid: [0; 16],
            client_capabilities: 0,
            client_security_mode: 0,
            cipher: None,
            signing: SigningAlgorithm::HmacSha256,
            preauth: Preauth::default(),
            window: Window::new(),
            multi_credit: false,
            authenticated: false,
            accepted: now,
            active: now,
            woken: false,
            untold: 0,
            closing: false,
        }
    }
}
