//! Who may do what with a file: what the share allows, narrowed by the file's own descriptor where one is
//! stored ([MS-SMB2] 3.3.5.9, [MS-DTYP] 2.5.3.2). Where none is, the disk's own rights decide.

use super::Server;
use super::account;
use super::session::{Identity, Session, SessionId};
use crate::vfs::{At, Error, Kind, Meta, SharePath, Vfs};
use crate::wire::access;
use crate::wire::security::{SecurityDescriptor, Sid, maximal_access};
use crate::wire::status::Status;

/// The SIDs a session holds.
pub type Token = heapless::Vec<Sid, 6>;

/// The longest descriptor that is kept, in bytes.
pub const DESCRIPTOR: usize = 64 << 10;

/// The SIDs a session holds on the server with this GUID, the user's own first. A user has two: as the disk knows
/// it, and as the names of this server's users are looked up.
pub fn token(session: &Session, guid: &[u8; 16]) -> Token {
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
        if let Some(sid) = account::sid(guid, &session.name) {
            let _ = token.push(sid);
        }
    }
    token
}

/// How long a descriptor is that was asked for; 0 where none is stored, or none can be.
fn stored_length(stored: Result<Option<usize>, Error>) -> Result<usize, Status> {
    match stored {
        Ok(stored) => Ok(stored.unwrap_or(0)),
        Err(Error::Unsupported) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

impl<V: Vfs> Server<V> {
    /// Everything a session may do with a file, as far as a stored descriptor says; all if none is stored.
    pub(super) fn descriptor_access(
        &mut self,
        session: SessionId,
        file: &V::File,
    ) -> Result<u32, Status> {
        let stored = self.vfs.security(file, &mut self.scratch);
        self.access_by(session, stored_length(stored)?)
    }

    /// Everything a session may do as far as the descriptor says whose `stored` bytes are at the start of the
    /// scratch; all if there are none.
    pub(super) fn access_by(&self, session: SessionId, stored: usize) -> Result<u32, Status> {
        let session = self
            .sessions
            .get(session)
            .ok_or(Status::USER_SESSION_DELETED)?;
        if stored == 0 {
            return Ok(access::FILE_ALL_ACCESS);
        }
        let bytes = self.scratch.get(..stored).ok_or(Status::INTERNAL_ERROR)?;
        let Ok(descriptor) = SecurityDescriptor::parse(bytes) else {
            // What cannot be read protects nothing and must not lock everybody out.
            return Ok(access::FILE_ALL_ACCESS);
        };
        Ok(maximal_access(
            &descriptor,
            &token(session, &self.setup.guid),
        ))
    }

    /// The folder that holds what a path names; `None` for the share's root and where there is no such folder.
    pub(super) fn folder_of(
        &mut self,
        at: At,
        path: SharePath<'_>,
    ) -> Result<Option<V::File>, Status> {
        let parent = match path.path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => path.path.get(..slash).unwrap_or_default(),
            None if path.path.is_empty() => return Ok(None),
            None => &[],
        };
        let folder = SharePath {
            path: parent,
            stream: &[],
        };
        match self.vfs.lookup(at, folder, true) {
            Ok((folder, meta)) if meta.kind == Kind::Directory => Ok(Some(folder)),
            Ok(_) | Err(Error::NotFound | Error::PathNotFound | Error::NotDirectory) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the descriptor of the folder that holds what a path names at the start of the scratch, in its first
    /// half; its length, 0 if none is stored, `None` where there is no such folder. `folder`: it was found already.
    pub(super) fn folder_descriptor(
        &mut self,
        at: At,
        path: SharePath<'_>,
        folder: Option<&V::Folder>,
    ) -> Result<Option<usize>, Status> {
        let above = match folder {
            Some(_) => None,
            None => self.folder_of(at, path)?,
        };
        let Server { vfs, scratch, .. } = self;
        let room = scratch.get_mut(..DESCRIPTOR).unwrap_or_default();
        let stored = match (folder, &above) {
            (Some(folder), _) => vfs.folder_security(folder, room),
            (None, Some(above)) => vfs.security(above, room),
            (None, None) => return Ok(None),
        };
        stored_length(stored).map(Some)
    }

    /// Everything a session may do with a file that was found by `path`: what its own descriptor says, and
    /// what the right to delete from its folder and to list it adds ([MS-FSA] 2.1.5.1.2).
    pub(super) fn named_access(
        &mut self,
        session: SessionId,
        at: At,
        path: SharePath<'_>,
        (file, meta): (&V::File, &Meta),
    ) -> Result<u32, Status> {
        const ADDED: u32 = access::DELETE | access::FILE_READ_ATTRIBUTES;
        let own = match meta.described {
            true => self.descriptor_access(session, file)?,
            false => self.access_by(session, 0)?,
        };
        if own & ADDED == ADDED {
            return Ok(own);
        }
        let Some(folder) = self.folder_of(at, path)? else {
            return Ok(own);
        };
        if !self.holds(&folder, file)? {
            return Ok(own);
        }
        let rights = self.descriptor_access(session, &folder)?;
        let mut added = 0;
        if rights & access::FILE_DELETE_CHILD != 0 {
            added |= access::DELETE;
        }
        if rights & access::FILE_LIST_DIRECTORY != 0 {
            added |= access::FILE_READ_ATTRIBUTES;
        }
        Ok(own | added)
    }

    /// Whether a file stands in this very folder. The name it was asked for by may be a link that led
    /// elsewhere; then the folder of the link says nothing about it.
    fn holds(&mut self, folder: &V::File, file: &V::File) -> Result<bool, Status> {
        let (above, below) = self.scratch.split_at_mut(DESCRIPTOR);
        let above_length = self.vfs.path(folder, above)?;
        let below_length = self.vfs.path(file, below)?;
        let folder = above.get(..above_length).unwrap_or_default();
        let path = below.get(..below_length).unwrap_or_default();
        Ok(match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => path.get(..slash) == Some(folder),
            None => folder.is_empty(),
        })
    }
}
