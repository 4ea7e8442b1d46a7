//! NTLM, the server's side ([MS-NLMP]).
//!
//! Three messages: the client's NEGOTIATE, our CHALLENGE, the client's AUTHENTICATE.

pub(super) mod authenticate;
pub(super) mod challenge;
pub(super) mod negotiate;
pub(super) mod response;
pub(super) mod signature;

pub use response::nt_hash;

/// What every message begins with.
pub(super) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// NEGOTIATE flags ([MS-NLMP] 2.2.2.5).
pub(super) mod flags {
    /// Names in UTF-16LE.
    pub const UNICODE: u32 = 0x0000_0001;
    /// Names in the client's OEM character set.
    pub const OEM: u32 = 0x0000_0002;
    /// The client wants to know the server's name.
    pub const REQUEST_TARGET: u32 = 0x0000_0004;
    /// Signing after login.
    pub const SIGN: u32 = 0x0000_0010;
    /// Encryption after login.
    pub const SEAL: u32 = 0x0000_0020;
    /// Connectionless NTLM.
    pub const DATAGRAM: u32 = 0x0000_0040;
    /// NTLM, of whatever version.
    pub const NTLM: u32 = 0x0000_0200;
    /// Signing keys even without signing.
    pub const ALWAYS_SIGN: u32 = 0x0000_8000;
    /// The target is a server, not a domain.
    pub const TARGET_TYPE_SERVER: u32 = 0x0002_0000;
    /// Extended session security: the signatures of [MS-NLMP] 3.4.4.2.
    pub const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
    /// The CHALLENGE has target information.
    pub const TARGET_INFO: u32 = 0x0080_0000;
    /// The Version field means something.
    pub const VERSION: u32 = 0x0200_0000;
    /// 128-bit keys.
    pub const KEY_128: u32 = 0x2000_0000;
    /// The client chooses the session key and sends it encrypted.
    pub const KEY_EXCHANGE: u32 = 0x4000_0000;
    /// 56-bit keys.
    pub const KEY_56: u32 = 0x8000_0000;
}

/// Identifiers of the AV_PAIRs we read or write ([MS-NLMP] 2.2.2.1).
pub(super) mod av {
    /// The end of the list.
    pub const EOL: u16 = 0;
    /// NetBIOS name of the computer.
    pub const NB_COMPUTER_NAME: u16 = 1;
    /// NetBIOS name of the domain.
    pub const NB_DOMAIN_NAME: u16 = 2;
    /// DNS name of the computer.
    pub const DNS_COMPUTER_NAME: u16 = 3;
    /// DNS name of the domain.
    pub const DNS_DOMAIN_NAME: u16 = 4;
    /// 32 bits, of which [`MIC_PRESENT`] is one.
    pub const FLAGS: u16 = 6;
    /// The server's time.
    pub const TIMESTAMP: u16 = 7;
    /// In [`FLAGS`]: the AUTHENTICATE message carries a MIC.
    pub const MIC_PRESENT: u32 = 2;
}
