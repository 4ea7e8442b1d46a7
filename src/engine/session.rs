//! A user's session, its keys and its channels ([MS-SMB2] 3.3.1.8, 3.3.1.14).

use super::connection::ConnectionId;
use crate::auth::{Acceptor, Name};
use crate::crypto::{Cipher, Preauth, SealingKey, SigningAlgorithm, SigningKey};
use crate::memory::{Handle, Table};
use crate::vfs::Who;
use crate::wire::negotiate::Dialect;
use crate::wire::utf16;

/// Names a session; its number is the SessionId.
pub type SessionId = Handle<Session>;
/// Names a login under way.
pub type LoginId = Handle<Login>;

/// Names the key of a channel that was bound.
pub type KeyId = Handle<SigningKey>;

/// Connections one session may use at once: as many as Windows takes.
pub const MAX_CHANNELS: usize = 32;

/// Who a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A configured user.
    User,
    /// Somebody without a password, let in as a guest.
    Guest,
    /// Nobody: IPC$, and what guests may use.
    Anonymous,
}

/// Whether a session may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The first login is under way.
    InProgress,
    /// Requests are served.
    Valid,
    /// Logged off: its key signs the last reply.
    Ending,
}

/// One connection of a session and the key it signs with ([MS-SMB2] 3.3.1.14).
pub struct Channel {
    /// The connection.
    pub connection: ConnectionId,
    /// Channel.SigningKey of one that was bound; the first channel's is the session's.
    pub key: Option<KeyId>,
}

/// The keys that seal traffic ([MS-SMB2] 3.3.1.8).
pub struct Sealing {
    /// Session.EncryptionKey: server to client.
    pub encrypt: SealingKey,
    /// Session.DecryptionKey: client to server.
    pub decrypt: SealingKey,
    /// Counts replies: the nonce, never used twice with one key.
    pub nonce: u64,
}

/// A session.
pub struct Session {
    /// Whether it may be used.
    pub state: State,
    /// Who it is.
    pub identity: Identity,
    /// The login name.
    pub name: Name,
    /// Whose rights are used on disk.
    pub who: Option<Who>,
    /// Session.SessionKey.
    pub key: [u8; 16],
    /// Session.SigningRequired.
    pub signing_required: bool,
    /// Session.EncryptData.
    pub encrypt: bool,
    /// Session.SigningKey: the first channel's, and the one a binding is signed with.
    pub signing_key: Option<SigningKey>,
    /// Keys that seal, from dialect 3.0 on where a cipher was agreed on.
    pub sealing: Option<Sealing>,
    /// The connections it may be used on.
    pub channels: heapless::Vec<Channel, MAX_CHANNELS>,
    /// Connection.Dialect of the first channel; further ones must agree.
    pub dialect: Dialect,
    /// Connection.SigningAlgorithmId of the first channel.
    pub signing: SigningAlgorithm,
    /// Connection.CipherId of the first channel.
    pub cipher: Option<Cipher>,
    /// Connection.ClientGuid of the first channel.
    pub client_guid: [u8; 16],
    /// When it was made, as a FILETIME.
    pub created: u64,
    /// When the last request came, in ms.
    pub active: u64,
}

impl Session {
    /// Tells the users apart who may share a client: leases are theirs, not the machine's. Whoever has proven
    /// no name counts as one.
    pub fn user_hash(&self) -> u64 {
        match self.identity {
            Identity::User => utf16::hash_folded(self.name.as_bytes(), 0),
            Identity::Guest => 1,
            Identity::Anonymous => 2,
        }
    }

    /// The channel of this session on a connection.
    pub fn channel(&self, connection: ConnectionId) -> Option<&Channel> {
        self.channels
            .iter()
            .find(|channel| channel.connection == connection)
    }

    /// The key that signs on a connection: the channel's, or the session's where a channel is being bound.
    pub fn key_on<'a>(
        &'a self,
        keys: &'a Table<SigningKey>,
        connection: ConnectionId,
    ) -> Option<&'a SigningKey> {
        match self.channel(connection).and_then(|channel| channel.key) {
            Some(key) => keys.get(key),
            None => self.signing_key.as_ref(),
        }
    }
}

/// Why somebody logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new session.
    New,
    /// The same session once more ([MS-SMB2] 3.3.5.5.2).
    Reauthenticate,
    /// A further connection for the session ([MS-SMB2] 3.3.5.5.2).
    Bind,
}

/// A login under way: it lives from the first SESSION_SETUP to the last, or to its deadline.
pub struct Login {
    /// Where.
    pub connection: ConnectionId,
    /// Which session it makes or renews.
    pub session: SessionId,
    /// Why.
    pub purpose: Purpose,
    /// Connection.PreauthSessionTable: the hash of this exchange.
    pub preauth: Preauth,
    /// The security exchange.
    pub acceptor: Acceptor,
    /// When it is given up, in ms.
    pub deadline: u64,
}
