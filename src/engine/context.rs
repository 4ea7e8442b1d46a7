//! What a command's handler is given, and what it may answer.

use super::connection::{Connection, ConnectionId};
use super::open::{ObjectId, Open, OpenId};
use super::parked::{Parked, ParkedId, Wait};
use super::session::{Session, SessionId};
use super::tree::{Tree, TreeId};
use super::{Job, JobResult, Now, Server, Tail};
use crate::vfs::Vfs;
use crate::wire::FileId;
use crate::wire::header::{Command, Header};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

/// What the elements of a compound hand on to each other ([MS-SMB2] 3.3.5.2.7.2).
#[derive(Clone, Copy)]
pub struct Chain {
    /// An element came before.
    pub begun: bool,
    /// Its SessionId.
    pub session: u64,
    /// Its TreeId.
    pub tree: u32,
    /// The file it made or used.
    pub file: Option<FileId>,
    /// How it ended.
    pub status: Status,
    /// It named no session or tree connect that there is: what is related to it means nothing.
    pub broken: bool,
}

impl Default for Chain {
    fn default() -> Self {
        Chain {
            begun: false,
            session: 0,
            tree: 0,
            file: None,
            status: Status::SUCCESS,
            broken: false,
        }
    }
}

/// How a handler ended, if not with an error.
pub enum Outcome<F> {
    /// The body stands in the reply.
    Done,
    /// The body stands in the reply, with a status that is not SUCCESS.
    With(Status),
    /// The request waits; an interim response goes out.
    Parked(ParkedId),
    /// The body's fixed part stands in the reply; these bytes follow it.
    FromFile(Tail<F>),
    /// The handler asks to be called again when this is done; nothing was changed yet.
    Blocking(Job<F>),
    /// The request waits for a break of what others cache of this object, and is asked again whole.
    Deferred(ObjectId),
    /// No answer.
    Silent,
    /// The connection ends.
    Disconnect,
}

/// What a handler answers.
pub type Answer<F> = Result<Outcome<F>, Status>;

/// One request on its way through the server. The common checks are behind it: the session and tree it
/// names are there.
pub struct Context<'a, V: Vfs> {
    /// The state.
    pub server: &'a mut Server<V>,
    /// Where it came from.
    pub connection: ConnectionId,
    /// Whose it is.
    pub session: Option<SessionId>,
    /// Through which tree connect.
    pub tree: Option<TreeId>,
    /// Its header.
    pub header: &'a Header,
    /// What the elements before it left.
    pub chain: &'a mut Chain,
    /// It came encrypted.
    pub sealed: bool,
    /// It came signed, rightly.
    pub signed: bool,
    /// The reply is to be signed.
    pub sign_reply: bool,
    /// It stands alone in its frame.
    pub alone: bool,
    /// It is the last of its frame.
    pub last: bool,
    /// It has waited for a break before.
    pub again: bool,
    /// How the job that the handler asked for ended.
    pub job: Option<JobResult>,
    /// The time.
    pub now: Now,
}

impl<V: Vfs> Context<'_, V> {
    /// The connection.
    pub fn connection(&mut self) -> Result<&mut Connection, Status> {
        self.server
            .connections
            .get_mut(self.connection)
            .ok_or(Status::CONNECTION_DISCONNECTED)
    }

    /// The session's name and state.
    pub fn session(&self) -> Result<(SessionId, &Session), Status> {
        let id = self.session.ok_or(Status::USER_SESSION_DELETED)?;
        self.server
            .sessions
            .get(id)
            .map(|session| (id, session))
            .ok_or(Status::USER_SESSION_DELETED)
    }

    /// The tree connect's name and state.
    pub fn tree(&self) -> Result<(TreeId, &Tree), Status> {
        let id = self.tree.ok_or(Status::NETWORK_NAME_DELETED)?;
        self.server
            .trees
            .get(id)
            .map(|tree| (id, tree))
            .ok_or(Status::NETWORK_NAME_DELETED)
    }

    /// The open that a request's FileId names; in a related compound all ones means the file of the element
    /// before, and its failure is ours ([MS-SMB2] 3.3.5.2.7.2).
    pub fn open(&mut self, file: FileId) -> Result<OpenId<V::File>, Status> {
        let related = self.header.is_related();
        let file = if related && file == FileId::ANY {
            match self.chain.file {
                Some(file) => file,
                None if self.chain.status.is_error() => return Err(self.chain.status),
                None => return Err(Status::INVALID_PARAMETER),
            }
        } else {
            file
        };
        self.chain.file = Some(file);
        let id = OpenId::<V::File>::from_u64(file.volatile);
        let open = self
            .server
            .opens
            .get(id)
            .filter(|_| file.persistent == file.volatile)
            .ok_or(Status::FILE_CLOSED)?;
        if Some(open.session) != self.session || Some(open.tree) != self.tree {
            return Err(Status::FILE_CLOSED);
        }
        if let Some(durable) = open
            .durable
            .and_then(|durable| self.server.durables.get_mut(durable))
        {
            durable.unused = false;
        }
        self.check_channel_sequence(id)?;
        Ok(id)
    }

    /// Whether the request was sent before the client lost a channel and asked again: then what it would
    /// change has been changed since ([MS-SMB2] 3.3.5.2.10).
    fn check_channel_sequence(&mut self, id: OpenId<V::File>) -> Result<(), Status> {
        if self.connection()?.dialect < Dialect::Smb300 {
            return Ok(());
        }
        let sequence = self.header.channel_sequence;
        let Some(open) = self.server.opens.get_mut(id) else {
            return Err(Status::FILE_CLOSED);
        };
        if sequence.wrapping_sub(open.channel_sequence) <= 0x7FFF {
            open.channel_sequence = sequence;
            return Ok(());
        }
        match Command::try_from(self.header.command) {
            Ok(Command::Write | Command::SetInfo | Command::Ioctl) => {
                Err(Status::FILE_NOT_AVAILABLE)
            }
            _ => Ok(()),
        }
    }

    /// An open by its name.
    pub fn opened(&self, id: OpenId<V::File>) -> Result<&Open<V::File>, Status> {
        self.server.opens.get(id).ok_or(Status::FILE_CLOSED)
    }

    /// The open, refused unless it was granted all of `access` ([MS-SMB2] 3.3.5: "the opener's access decides").
    pub fn granted(&self, id: OpenId<V::File>, access: u32) -> Result<&Open<V::File>, Status> {
        let open = self.opened(id)?;
        if open.access & access == access {
            Ok(open)
        } else {
            Err(Status::ACCESS_DENIED)
        }
    }

    /// Lets the request wait; its answer comes later, from [`Server::pending`]. Only the last of a compound
    /// can: what follows would need its result ([MS-SMB2] 3.3.5.2.7.2).
    pub fn park(&mut self, wait: Wait) -> Answer<V::File> {
        if !self.last {
            return Err(Status::INTERNAL_ERROR);
        }
        let (session, _) = self.session()?;
        let command =
            Command::try_from(self.header.command).map_err(|_| Status::INVALID_PARAMETER)?;
        let server = &mut *self.server;
        server.parked_order += 1;
        let parked = Parked {
            connection: self.connection,
            session,
            message_id: self.header.message_id,
            command,
            signed: self.sign_reply,
            sealed: self.sealed,
            order: server.parked_order,
            interim: true,
            lost: false,
            wait,
        };
        server.park(parked).map(Outcome::Parked)
    }

    /// Whether the request's CreditCharge pays for `payload` bytes ([MS-SMB2] 3.3.5.2.5), and whether so many
    /// may be asked for.
    pub fn check_charge(&mut self, payload: u32) -> Result<(), Status> {
        self.pays(payload)?;
        let multi_credit = self.connection()?.multi_credit;
        if payload > self.server.budget.max_io || (!multi_credit && payload > 65_536) {
            return Err(Status::INVALID_PARAMETER);
        }
        Ok(())
    }

    /// Whether the request's CreditCharge pays for `payload` bytes ([MS-SMB2] 3.3.5.2.5).
    pub fn pays(&mut self, payload: u32) -> Result<(), Status> {
        let charge = u32::from(self.header.credit_charge.max(1));
        let needed = payload.saturating_sub(1) / 65_536 + 1;
        if self.connection()?.multi_credit && needed > charge {
            return Err(Status::INVALID_PARAMETER);
        }
        Ok(())
    }
}
