//! The checks that all commands have in common, and the one visible `match` on the command
//! ([MS-SMB2] 3.3.5.2).

use super::connection::{ConnectionId, Phase};
use super::context::{Answer, Chain, Context, Outcome};
use super::open::ObjectId;
use super::parked::{Parked, ParkedId, Wait};
use super::session::{Session, SessionId, State};
use super::{Job, JobResult, Now, Server, Tail, command, seal};
use crate::crypto::SigningKey;
use crate::vfs::Vfs;
use crate::wire::header::{self, Command, Header};
use crate::wire::status::Status;
use crate::wire::{Writer, error};

/// How one element of a frame was dealt with.
pub enum Element<F> {
    /// A reply of `length` bytes stands in the room that was given.
    Reply {
        /// Its length without padding.
        length: usize,
        /// Whose key signs it.
        sign: Option<SessionId>,
        /// What follows it from a file.
        tail: Option<Tail<F>>,
    },
    /// Nothing is answered.
    Silent,
    /// It waits, and what follows in the frame with it.
    Deferred,
    /// A job is to be done first.
    Blocking(Job<F>),
    /// The connection ends.
    Disconnect,
}

/// What must be there before a command is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Session,
    Tree,
}

fn needs(command: Command) -> Needs {
    match command {
        Command::Negotiate | Command::SessionSetup | Command::Echo | Command::Cancel => {
            Needs::Nothing
        }
        Command::Logoff | Command::TreeConnect => Needs::Session,
        _ => Needs::Tree,
    }
}

fn call<V: Vfs>(
    command: Command,
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    match command {
        Command::Negotiate => command::negotiate::handle(context, message, reply),
        Command::SessionSetup => command::session_setup::handle(context, message, reply),
        Command::Logoff => command::logoff::handle(context, message, reply),
        Command::TreeConnect => command::tree_connect::handle(context, message, reply),
        Command::TreeDisconnect => command::tree_disconnect::handle(context, message, reply),
        Command::Create => command::create::handle(context, message, reply),
        Command::Close => command::close::handle(context, message, reply),
        Command::Flush => command::flush::handle(context, message, reply),
        Command::Read => command::read::handle(context, message, reply),
        Command::Write => command::write::handle(context, message, reply),
        Command::Lock => command::lock::handle(context, message, reply),
        Command::Ioctl => command::ioctl::handle(context, message, reply),
        Command::Cancel => command::cancel::handle(context),
        Command::Echo => command::echo::handle(message, reply),
        Command::QueryDirectory => command::query_directory::handle(context, message, reply),
        Command::ChangeNotify => command::change_notify::handle(context, message, reply),
        Command::QueryInfo => command::query_info::handle(context, message, reply),
        Command::SetInfo => command::set_info::handle(context, message, reply),
        Command::OplockBreak => command::oplock_break::handle(context, message, reply),
    }
}

/// What the caller of [`element`] knows about the frame.
pub struct Frame {
    /// Where it came from.
    pub connection: ConnectionId,
    /// The session whose keys opened it.
    pub sealed: Option<SessionId>,
    /// The first element was kept and is asked again.
    pub again: Option<Again>,
    /// The time.
    pub now: Now,
}

/// An element that waited and is asked again.
#[derive(Clone, Copy)]
pub struct Again {
    /// As what it was parked.
    pub parked: ParkedId,
    /// It was cancelled meanwhile.
    pub cancelled: bool,
}

/// Deals with one element: its `length` bytes stand first in `rest`, what follows in the frame behind them;
/// `room` is where its reply goes.
#[allow(clippy::too_many_arguments)]
pub fn element<V: Vfs>(
    server: &mut Server<V>,
    frame: &Frame,
    chain: &mut Chain,
    job: Option<JobResult>,
    header: &Header,
    rest: &mut [u8],
    length: usize,
    last: bool,
    room: &mut [u8],
) -> Element<V::File> {
    let Some(connection) = server.connections.get_mut(frame.connection) else {
        return Element::Disconnect;
    };
    let known = Command::try_from(header.command);
    if header.is_response()
        || (connection.phase != Phase::Negotiated && known != Ok(Command::Negotiate))
    {
        return Element::Disconnect;
    }
    // An unknown command is refused like one that needs a session.
    let command = known.unwrap_or(Command::TreeConnect);
    // A request that comes back from its job or its wait has used its message id already.
    if command != Command::Cancel && job.is_none() && frame.again.is_none() {
        let charge = if connection.multi_credit {
            header.credit_charge
        } else {
            1
        };
        if !connection.window.consume(header.message_id, charge) {
            return Element::Disconnect;
        }
        server.totals.requests += 1;
    }

    let before = *chain;
    let first = !chain.begun;
    let related = header.is_related();
    if !related {
        *chain = Chain {
            session: header.session_id,
            tree: header.tree_id,
            ..Chain::default()
        };
    }
    chain.begun = true;

    let mut context = Context {
        connection: frame.connection,
        session: None,
        tree: None,
        header,
        chain,
        sealed: frame.sealed.is_some(),
        signed: false,
        sign_reply: false,
        alone: first && last,
        last,
        again: frame.again.is_some(),
        job,
        now: frame.now,
        server,
    };
    let mut reply = Writer::new(room);
    if reply.zeros(header::SIZE).is_err() {
        return Element::Disconnect;
    }
    let answer = if related && (first || context.chain.broken) {
        context.chain.broken = true;
        Err(Status::INVALID_PARAMETER)
    } else if frame.again.is_some_and(|again| again.cancelled) {
        Err(Status::CANCELLED)
    } else {
        let Some(message) = rest.get_mut(..length) else {
            return Element::Disconnect;
        };
        match (admit(&mut context, frame, command, message), known) {
            (Ok(()), Ok(command)) => call(command, &mut context, message, &mut reply),
            (Ok(()), Err(_)) => Err(Status::INVALID_PARAMETER),
            (Err(status), _) => {
                context.chain.broken = matches!(
                    status,
                    Status::USER_SESSION_DELETED | Status::NETWORK_NAME_DELETED
                );
                Err(status)
            }
        }
    };

    let mut tail = None;
    let mut async_id = None;
    let mut interim = false;
    let status = match answer {
        Ok(Outcome::Done) => Status::SUCCESS,
        Ok(Outcome::With(status)) => status,
        Ok(Outcome::FromFile(follows)) => {
            tail = Some(follows);
            Status::SUCCESS
        }
        Ok(Outcome::Parked(parked)) => {
            async_id = Some(parked.to_u64());
            interim = true;
            reply.truncate(header::SIZE);
            if error::write(&mut reply).is_err() {
                return Element::Disconnect;
            }
            Status::PENDING
        }
        Ok(Outcome::Deferred(object)) => {
            let late = Deferring {
                before,
                object,
                again: frame.again,
                interim: last,
            };
            match defer(&mut context, frame, command, &late, rest) {
                Err(status) => {
                    reply.truncate(header::SIZE);
                    if error::write(&mut reply).is_err() {
                        return Element::Disconnect;
                    }
                    status
                }
                // It goes on waiting, or stands before others in its compound, where no interim reply goes out.
                Ok(None) => return Element::Deferred,
                Ok(Some(parked)) => {
                    async_id = Some(parked.to_u64());
                    interim = true;
                    reply.truncate(header::SIZE);
                    if error::write(&mut reply).is_err() {
                        return Element::Disconnect;
                    }
                    Status::PENDING
                }
            }
        }
        Ok(Outcome::Blocking(job)) => return Element::Blocking(job),
        Ok(Outcome::Silent) => return Element::Silent,
        Ok(Outcome::Disconnect) => return Element::Disconnect,
        Err(status) => {
            reply.truncate(header::SIZE);
            if error::write(&mut reply).is_err() {
                return Element::Disconnect;
            }
            status
        }
    };
    context.chain.status = status;
    // An interim reply has the MessageId of the final one and is never signed ([MS-SMB2] 3.3.4.1.1): two
    // signatures under one GMAC nonce would give the key away.
    let (session, sign) = (
        context.session,
        context.sign_reply && !context.sealed && !interim,
    );
    let mut credits = None;
    if let Some(again) = frame.again
        && let Some(parked) = server.parked.remove(again.parked)
        && parked.interim
    {
        // Its credits were granted with the interim reply.
        async_id = Some(again.parked.to_u64());
        credits = Some(0);
    }
    let response = header::Response {
        command,
        status,
        credit_charge: header.credit_charge,
        credits: credits.unwrap_or_else(|| server.grant(frame.connection, header.credit_request)),
        related,
        message_id: header.message_id,
        async_id,
        tree_id: chain.tree,
        session_id: chain.session,
    };
    response.write(reply.written_mut());
    if known.is_err() {
        header::set_command(reply.written_mut(), header.command);
    }
    Element::Reply {
        length: reply.position(),
        sign: session.filter(|_| sign),
        tail,
    }
}

/// What is known of an element that has to wait.
struct Deferring {
    before: Chain,
    object: ObjectId,
    again: Option<Again>,
    interim: bool,
}

/// Keeps an element and what follows it until a break is answered. The parked request for which an interim
/// reply goes out; `None` if none does.
fn defer<V: Vfs>(
    context: &mut Context<'_, V>,
    frame: &Frame,
    command: Command,
    late: &Deferring,
    rest: &[u8],
) -> Result<Option<ParkedId>, Status> {
    let server = &mut *context.server;
    if late.again.is_none() && !server.may_keep(context.connection) {
        return Err(Status::INSUFFICIENT_RESOURCES);
    }
    let deferred = server.keep(rest, late.before, frame.sealed)?;
    let wait = Wait::Break {
        deferred,
        object: late.object,
    };
    if let Some(parked) = late
        .again
        .and_then(|again| server.parked.get_mut(again.parked))
    {
        parked.wait = wait;
        return Ok(None);
    }
    server.parked_order += 1;
    let parked = Parked {
        connection: context.connection,
        session: context.session.ok_or(Status::USER_SESSION_DELETED)?,
        message_id: context.header.message_id,
        command,
        signed: context.sign_reply,
        sealed: context.sealed,
        order: server.parked_order,
        interim: late.interim,
        lost: false,
        wait,
    };
    let parked = server.park(parked).inspect_err(|_| {
        server.deferred.remove(deferred);
    })?;
    Ok(late.interim.then_some(parked))
}

/// Finds the session and the tree a request names and checks its signature ([MS-SMB2] 3.3.5.2.4,
/// 3.3.5.2.9, 3.3.5.2.11).
fn admit<V: Vfs>(
    context: &mut Context<'_, V>,
    frame: &Frame,
    command: Command,
    message: &mut [u8],
) -> Result<(), Status> {
    if command == Command::Negotiate {
        return Ok(());
    }
    let session_id = SessionId::from_u64(context.chain.session);
    if frame.sealed.is_some_and(|sealed| sealed != session_id) && context.chain.session != 0 {
        return Err(Status::ACCESS_DENIED);
    }
    let needs = needs(command);
    match context.server.sessions.get(session_id) {
        Some(session) => {
            context.session = Some(session_id);
            let checked = verify(
                session,
                session.key_on(&context.server.channel_keys, context.connection),
                context.header,
                context.sealed,
                command,
                message,
            );
            context.signed = checked == Ok(true);
            context.sign_reply = checked != Ok(false);
            if session.channel(frame.connection).is_none() {
                // No channel of the session. Only who has its key is answered under it: an answer forced by
                // others would use up a nonce.
                context.sign_reply = context.signed;
                if command == Command::SessionSetup {
                    return checked.map(|_| ());
                }
                return match needs {
                    Needs::Nothing => Ok(()),
                    _ => Err(Status::USER_SESSION_DELETED),
                };
            }
            checked?;
            if session.state != State::Valid && needs != Needs::Nothing {
                return Err(Status::USER_SESSION_DELETED);
            }
            if session.encrypt && !context.sealed && needs != Needs::Nothing {
                return Err(Status::ACCESS_DENIED);
            }
        }
        None if needs == Needs::Nothing => {}
        None => return Err(Status::USER_SESSION_DELETED),
    }
    if let Some(session) = context
        .session
        .and_then(|id| context.server.sessions.get_mut(id))
    {
        session.active = frame.now.mono;
    }
    if needs == Needs::Tree {
        // Break acknowledgements and the like name the tree too; it must be this session's.
        let tree_id = context
            .server
            .trees
            .find_u32(context.chain.tree)
            .ok_or(Status::NETWORK_NAME_DELETED)?;
        let tree = context
            .server
            .trees
            .get(tree_id)
            .ok_or(Status::NETWORK_NAME_DELETED)?;
        if tree.session != session_id
            || (tree.stale && command != Command::TreeDisconnect && command != Command::Close)
        {
            return Err(Status::NETWORK_NAME_DELETED);
        }
        if tree.encrypt && !context.sealed {
            return Err(Status::ACCESS_DENIED);
        }
        context.tree = Some(tree_id);
    }
    Ok(())
}

/// Whether a message is signed, and rightly. A sealed one is authentic already.
fn verify(
    session: &Session,
    key: Option<&SigningKey>,
    header: &Header,
    sealed: bool,
    command: Command,
    message: &mut [u8],
) -> Result<bool, Status> {
    if sealed {
        return Ok(false);
    }
    match key {
        Some(key) if header.is_signed() && seal::verify(key, header, message) => Ok(true),
        Some(_) if header.is_signed() => Err(Status::ACCESS_DENIED),
        Some(_)
            if session.signing_required
                && command != Command::SessionSetup
                && command != Command::Cancel =>
        {
            Err(Status::ACCESS_DENIED)
        }
        _ => Ok(false),
    }
}

impl<V: Vfs> Server<V> {
    /// Grants credits for a reply ([MS-SMB2] 3.3.1.2).
    pub(super) fn grant(&mut self, connection: ConnectionId, asked: u16) -> u16 {
        self.connections
            .get_mut(connection)
            .map_or(0, |connection| connection.window.grant(asked))
    }
}
