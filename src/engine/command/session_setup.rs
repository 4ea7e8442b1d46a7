//! SESSION_SETUP ([MS-SMB2] 3.3.5.5).

use crate::auth::same_name;
use crate::auth::{Acceptor, AuthError, Facts, Step};
use crate::crypto::{Preauth, SigningAlgorithm};
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::session::{Identity, Login, LoginId, Purpose, SessionId, State};
use crate::engine::setup::Encryption;
use crate::vfs::Vfs;
use crate::wire::Writer;
use crate::wire::negotiate::Dialect;
use crate::wire::session_setup::{self, FLAG_BINDING, Request};
use crate::wire::status::Status;

/// Milliseconds a login may take.
const DEADLINE: u64 = 30_000;

/// One step of a login.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    let connection = context.connection()?;
    let (dialect, cipher, preauth) = (connection.dialect, connection.cipher, connection.preauth);
    if context.server.setup.encryption == Encryption::Required && cipher.is_none() {
        return Err(Status::ACCESS_DENIED);
    }
    let login_id = match under_way(context) {
        Some(login) => login,
        None => begin(context, &request, preauth)?,
    };
    let purpose = context
        .server
        .logins
        .get(login_id)
        .map(|login| login.purpose);
    let result = step(context, login_id, &request, message, dialect, reply);
    match result {
        Ok(Status::MORE_PROCESSING_REQUIRED) => Ok(Outcome::With(Status::MORE_PROCESSING_REQUIRED)),
        Ok(_) => {
            context.server.logins.remove(login_id);
            Ok(Outcome::Done)
        }
        Err(status) => {
            context.server.abandon_login(login_id);
            if purpose == Some(Purpose::Reauthenticate)
                && let Some(session) = context.session
            {
                // Whoever cannot prove again who they are, is nobody any more.
                context.server.expel(session);
            }
            context.session = context
                .session
                .filter(|id| context.server.sessions.get(*id).is_some());
            Err(status)
        }
    }
}

/// The login this request goes on with.
fn under_way<V: Vfs>(context: &Context<'_, V>) -> Option<LoginId> {
    let session = SessionId::from_u64(context.chain.session);
    context.server.logins.find_from(0, |login| {
        login.connection == context.connection && login.session == session
    })
}

/// Starts a login: for a new session, for the same one again, or for a further channel.
fn begin<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    preauth: Preauth,
) -> Result<LoginId, Status> {
    let signing = context.connection()?.signing;
    let server = &mut *context.server;
    if !server.may_begin_login(context.connection)
        || (context.chain.session == 0 && !server.may_add_session(context.connection))
    {
        return Err(Status::INSUFFICIENT_RESOURCES);
    }
    let (session, purpose) = if request.flags & FLAG_BINDING != 0 {
        (check_binding(context)?, Purpose::Bind)
    } else if context.chain.session == 0 {
        let unborn = context
            .server
            .unborn_session(context.connection, context.now);
        let session = context
            .server
            .sessions
            .insert(unborn)
            .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        (session, Purpose::New)
    } else {
        let (id, session) = context.session()?;
        if session.state != State::Valid || session.channel(context.connection).is_none() {
            return Err(Status::USER_SESSION_DELETED);
        }
        // On a channel with an algorithm of its own, nothing goes back to doing without a signature.
        if session.signing != signing
            && session.signing_key.is_some()
            && !context.signed
            && !context.sealed
        {
            return Err(Status::ACCESS_DENIED);
        }
        (id, Purpose::Reauthenticate)
    };
    let mut challenge = [0; 8];
    (context.server.random)(&mut challenge);
    let setup = &context.server.setup;
    let facts = Facts {
        netbios_name: &setup.name,
        dns_name: &setup.name,
        domain: &setup.workgroup,
    };
    let login = Login {
        connection: context.connection,
        session,
        purpose,
        preauth,
        acceptor: Acceptor::new(&facts, challenge, context.now.wall),
        deadline: context.now.mono.saturating_add(DEADLINE),
    };
    let login = context.server.logins.insert(login).map_err(|_| {
        if purpose == Purpose::New {
            context.server.sessions.remove(session);
        }
        Status::INSUFFICIENT_RESOURCES
    })?;
    context.chain.session = session.to_u64();
    context.session = Some(session);
    Ok(login)
}

/// Whether the session may get a further channel on this connection ([MS-SMB2] 3.3.5.5 step 4).
fn check_binding<V: Vfs>(context: &mut Context<'_, V>) -> Result<SessionId, Status> {
    let connection = context.connection()?;
    let (dialect, guid, signing, cipher) = (
        connection.dialect,
        connection.client_guid,
        connection.signing,
        connection.cipher,
    );
    let signed = context.signed;
    let (id, session) = context.session()?;
    if session.state == State::Valid {
        // GMAC needs nonces of its own: a session cannot have it on one channel only.
        let gmac = SigningAlgorithm::AesGmac;
        match (session.signing == gmac, signing == gmac) {
            (true, false) => return Err(Status::REQUEST_OUT_OF_SEQUENCE),
            (false, true) => return Err(Status::NOT_SUPPORTED),
            _ => {}
        }
    }
    if dialect < Dialect::Smb300
        || session.state != State::Valid
        || session.channel(context.connection).is_some()
    {
        return Err(Status::REQUEST_NOT_ACCEPTED);
    }
    if !signed || session.dialect != dialect || session.cipher != cipher {
        return Err(Status::INVALID_PARAMETER);
    }
    if session.identity != Identity::User {
        return Err(Status::NOT_SUPPORTED);
    }
    if session.client_guid != guid {
        return Err(Status::USER_SESSION_DELETED);
    }
    Ok(id)
}

/// Hands the token to the acceptor and writes the reply; MORE_PROCESSING_REQUIRED or SUCCESS.
fn step<V: Vfs>(
    context: &mut Context<'_, V>,
    login_id: LoginId,
    request: &Request<'_>,
    message: &[u8],
    dialect: Dialect,
    reply: &mut Writer<'_>,
) -> Result<Status, Status> {
    let server = &mut *context.server;
    let login = server
        .logins
        .get_mut(login_id)
        .ok_or(Status::USER_SESSION_DELETED)?;
    if dialect == Dialect::Smb311 {
        login.preauth.update(message);
    }
    let start = session_setup::begin(reply)?;
    let users = &server.setup.users;
    let find = |name: &str| {
        users
            .iter()
            .find(|user| same_name(&user.name, name))
            .map(|user| user.nt_hash)
    };
    let step = login
        .acceptor
        .step(request.token, &find, reply)
        .map_err(|error| refuse(error, context.connection))?;
    match step {
        Step::Continue => {
            session_setup::finish(reply, start, 0)?;
            Ok(Status::MORE_PROCESSING_REQUIRED)
        }
        Step::Done(identity) => {
            let login = server
                .logins
                .remove(login_id)
                .ok_or(Status::USER_SESSION_DELETED)?;
            let ended = server.logged_in(&login, request, &identity, context.now);
            let (purpose, session) = (login.purpose, login.session);
            let ended = ended.inspect_err(|_| {
                if purpose == Purpose::New {
                    server.drop_session(session);
                }
            })?;
            context.sign_reply |= ended.sign;
            session_setup::finish(reply, start, ended.flags)?;
            Ok(Status::SUCCESS)
        }
    }
}

fn refuse(error: AuthError, connection: crate::engine::ConnectionId) -> Status {
    log::debug!("connection {connection:?}: login refused: {error:?}");
    match error {
        AuthError::Malformed | AuthError::OutOfOrder | AuthError::TooLong => {
            Status::INVALID_PARAMETER
        }
        AuthError::ReplyFull => Status::INSUFFICIENT_RESOURCES,
        _ => Status::LOGON_FAILURE,
    }
}
