//! Who may do what with a file: what the share allows, narrowed by the file's own descriptor where one is
//! stored ([MS-SMB2] 3.3.5.9, [MS-DTYP] 2.5.3.2). Where none is, the disk's own rights decide.

use super::Server;
use super::session::{Identity, Session, SessionId};
use crate::vfs::Vfs;
use crate::wire::security::{SecurityDescriptor, Sid, maximal_access};
use crate::wire::status::Status;

/// The SIDs a session holds.
pub type Token = heapless::Vec<Sid, 6>;

/// The longest descriptor that is kept, in bytes.
pub const DESCRIPTOR: usize = 64 << 10;

/// The SIDs a session holds, the user's own first.
pub fn token(session: &Session) -> Token {
    let mut token = Token::new();
    let own = match (session.identity, session.who) {
        (Identity::User, Some(who)) => Sid::unix_user(who.uid),
        (Identity::User, None) => Sid::unix_user(0),
        (Identity::Guest, _) => Sid::GUESTS,
        (Identity::Anonymous, _) => Sid::ANONYMOUS,
    };
    let _ = token.push(own);
    let _ = token.push(Sid::EVERYONE);
    let _ = token.push(Sid::NETWORK);
    if session.identity == Identity::User {
        let _ = token.push(Sid::AUTHENTICATED_USERS);
        let _ = token.push(Sid::USERS);
    }
    token
}

impl<V: Vfs> Server<V> {
    /// Everything a session may do with a file, as far as a stored descriptor says; all if none is stored.
    pub(super) fn descriptor_access(
        &mut self,
        session: SessionId,
        file: &V::File,
    ) -> Result<u32, Status> {
        let session = self
            .sessions
            .get(session)
            .ok_or(Status::USER_SESSION_DELETED)?;
        let stored = match self.vfs.security(file, &mut self.scratch) {
            Ok(Some(length)) => length,
            Ok(None) | Err(crate::vfs::Error::Unsupported) => {
                return Ok(crate::wire::access::FILE_ALL_ACCESS);
            }
            Err(error) => return Err(error.into()),
        };
        let bytes = self.scratch.get(..stored).ok_or(Status::INTERNAL_ERROR)?;
        let Ok(descriptor) = SecurityDescriptor::parse(bytes) else {
            // What cannot be read protects nothing and must not lock everybody out.
            return Ok(crate::wire::access::FILE_ALL_ACCESS);
        };
        Ok(maximal_access(&descriptor, &token(session)))
    }
}
