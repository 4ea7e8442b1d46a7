//! What a finished login makes of a session ([MS-SMB2] 3.3.5.5.3).

use super::Server;
use super::connection::ConnectionId;
use super::session::{Channel, Identity, Login, Purpose, Sealing, Session, SessionId, State};
use super::setup::{Encryption, Guest};
use crate::auth::{self, same_name};
use crate::crypto::{self, SealingKey, SigningAlgorithm, SigningKey};
use crate::vfs::{Vfs, Who};
use crate::wire::header::{self, Command, Header};
use crate::wire::negotiate::{Dialect, SIGNING_REQUIRED};
use crate::wire::session_setup::{Request, SESSION_ENCRYPT, SESSION_GUEST, SESSION_NULL};
use crate::wire::status::Status;

/// How a login ended.
pub struct LoggedIn {
    /// SessionFlags of the reply.
    pub flags: u16,
    /// The reply is signed.
    pub sign: bool,
}

impl<V: Vfs> Server<V> {
    /// Decides who has logged in: somebody unknown is a guest where the config has a place for guests.
    fn identify(&self, found: &auth::Identity) -> Result<(Identity, Option<Who>), Status> {
        match found.kind {
            auth::Kind::User => {
                let user = self
                    .setup
                    .users
                    .iter()
                    .find(|user| same_name(&user.name, &found.name));
                user.map(|user| (Identity::User, user.who))
                    .ok_or(Status::LOGON_FAILURE)
            }
            auth::Kind::Anonymous => Ok((Identity::Anonymous, None)),
            auth::Kind::Guest(_) => {
                let known = self
                    .setup
                    .users
                    .iter()
                    .any(|user| same_name(&user.name, &found.name));
                let guests = self
                    .served
                    .iter()
                    .any(|served| served.share.guest != Guest::None);
                if guests && !known {
                    Ok((Identity::Guest, None))
                } else {
                    Err(Status::LOGON_FAILURE)
                }
            }
        }
    }

    /// Makes, renews or widens the session that a login was for.
    pub(super) fn logged_in(
        &mut self,
        login: &Login,
        request: &Request<'_>,
        found: &auth::Identity,
        now: super::Now,
    ) -> Result<LoggedIn, Status> {
        let (identity, who) = self.identify(found)?;
        let connection_id = login.connection;
        let connection = self
            .connections
            .get(connection_id)
            .ok_or(Status::CONNECTION_DISCONNECTED)?;
        let (dialect, algorithm, cipher) =
            (connection.dialect, connection.signing, connection.cipher);
        let client_guid = connection.client_guid;
        let keyed = identity == Identity::User;
        let encrypt = self.setup.encryption == Encryption::Required;
        if encrypt && (!keyed || cipher.is_none()) {
            return Err(Status::ACCESS_DENIED);
        }
        if self.setup.signing_required && identity == Identity::Guest {
            return Err(Status::ACCESS_DENIED);
        }
        let required = keyed
            && (self.setup.signing_required
                || u16::from(request.security_mode) & SIGNING_REQUIRED != 0);

        let derive = match dialect {
            Dialect::Smb202 | Dialect::Smb210 => None,
            Dialect::Smb300 | Dialect::Smb302 => Some(crypto::Dialect::V30),
            Dialect::Smb311 => Some(crypto::Dialect::V311(&login.preauth)),
        };
        let key = found.session_key;
        let signing = derive.map_or(key, |derive| crypto::signing_key(&key, derive));
        let signing = keyed.then(|| SigningKey::new(algorithm, &signing));
        let session = self
            .sessions
            .get_mut(login.session)
            .ok_or(Status::USER_SESSION_DELETED)?;
        // Who was a guest or nobody has no key yet: proving a password makes all of the session new, with what
        // the config asks of a user's, be it signatures or encryption.
        let unkeyed = session.signing_key.is_none();
        match login.purpose {
            Purpose::Reauthenticate if !(unkeyed && keyed) => {
                // The keys stay those of the first login ([MS-SMB2] 3.3.5.5.3).
                session.identity = identity;
                session.name = found.name.clone();
                session.who = who;
            }
            Purpose::New | Purpose::Reauthenticate => {
                session.state = State::Valid;
                session.identity = identity;
                session.name = found.name.clone();
                session.who = who;
                session.key = key;
                session.signing_required = required;
                session.encrypt = encrypt;
                session.dialect = dialect;
                session.signing = algorithm;
                session.cipher = cipher;
                session.client_guid = client_guid;
                session.signing_key = signing;
                session.sealing = match (derive, cipher) {
                    (Some(derive), Some(cipher)) if keyed => {
                        let encrypt = crypto::server_to_client_key(&key, derive, cipher);
                        let decrypt = crypto::client_to_server_key(&key, derive, cipher);
                        SealingKey::new(cipher, encrypt.as_bytes())
                            .zip(SealingKey::new(cipher, decrypt.as_bytes()))
                            .map(|(encrypt, decrypt)| Sealing {
                                encrypt,
                                decrypt,
                                nonce: 0,
                            })
                    }
                    _ => None,
                };
            }
            Purpose::Bind => {
                if session.identity != identity || !same_name(&session.name, &found.name) {
                    return Err(Status::ACCESS_DENIED);
                }
                if session.channels.is_full() {
                    return Err(Status::INSUFFICIENT_RESOURCES);
                }
                let key = signing.ok_or(Status::NOT_SUPPORTED)?;
                let key = self
                    .channel_keys
                    .insert(key)
                    .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
                // There was room a moment ago.
                let _ = session.channels.push(Channel {
                    connection: connection_id,
                    key: Some(key),
                });
            }
        }
        let flags = match identity {
            Identity::User => 0,
            Identity::Guest => SESSION_GUEST,
            Identity::Anonymous => SESSION_NULL,
        } | if session.encrypt { SESSION_ENCRYPT } else { 0 };
        let sign = session.signing_key.is_some()
            && (session.signing_required || dialect >= Dialect::Smb300);
        if let Some(connection) = self.connections.get_mut(connection_id) {
            connection.authenticated |= identity != Identity::Anonymous;
        }
        if login.purpose == Purpose::New {
            self.replace_previous(
                login.session,
                SessionId::from_u64(request.previous_session_id),
                now,
            );
        }
        Ok(LoggedIn { flags, sign })
    }

    /// A client that lost its connection names the session it had: with the new login proven, and only if
    /// it is the same user's, the old one goes ([MS-SMB2] 3.3.5.5.3).
    fn replace_previous(&mut self, new: SessionId, previous: SessionId, now: super::Now) {
        if new == previous {
            return;
        }
        let (Some(new), Some(old)) = (self.sessions.get(new), self.sessions.get(previous)) else {
            return;
        };
        if old.state == State::Valid
            && old.identity == Identity::User
            && new.identity == Identity::User
            && same_name(&old.name, &new.name)
        {
            self.lose_session(previous, now);
        }
    }

    /// Takes a NEGOTIATE or an unfinished SESSION_SETUP reply into the preauthentication hash
    /// ([MS-SMB2] 3.3.5.4, 3.3.5.5).
    pub(super) fn hash_reply(&mut self, id: ConnectionId, message: &[u8]) {
        let Ok(header) = Header::parse(message) else {
            return;
        };
        let Some(connection) = self
            .connections
            .get_mut(id)
            .filter(|connection| connection.dialect == Dialect::Smb311)
        else {
            return;
        };
        if header.command == Command::Negotiate as u16 {
            connection.preauth.update(message);
        } else if header.command == Command::SessionSetup as u16
            && header::status(message) == Some(Status::MORE_PROCESSING_REQUIRED)
        {
            let session = SessionId::from_u64(header.session_id);
            let login = self.logins.find_from(0, |login| {
                login.connection == id && login.session == session
            });
            if let Some(login) = login.and_then(|login| self.logins.get_mut(login)) {
                login.preauth.update(message);
            }
        }
    }

    /// A session that nobody has logged in to yet.
    pub(super) fn unborn_session(&self, connection: ConnectionId, now: super::Now) -> Session {
        let mut channels = heapless::Vec::new();
        // Capacity is at least one.
        let _ = channels.push(Channel {
            connection,
            key: None,
        });
        Session {
            state: State::InProgress,
            identity: Identity::Anonymous,
            name: auth::Name::new(),
            who: None,
            key: [0; 16],
            signing_required: false,
            encrypt: false,
            signing_key: None,
            sealing: None,
            channels,
            dialect: Dialect::Smb202,
            signing: SigningAlgorithm::HmacSha256,
            cipher: None,
            client_guid: [0; 16],
            created: now.wall,
            active: now.mono,
        }
    }
}
