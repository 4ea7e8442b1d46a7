//! NEGOTIATE, and the SMB1 greeting that leads to it ([MS-SMB2] 3.3.5.3, 3.3.5.4).

use crate::auth::Acceptor;
use crate::crypto::{Cipher, SigningAlgorithm};
use crate::engine::connection::{ConnectionId, Phase};
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::setup::Encryption;
use crate::engine::{Now, Server, Verdict};
use crate::vfs::Vfs;
use crate::wire::negotiate::{self, Dialect, Request, Response};
use crate::wire::negotiate_context as contexts;
use crate::wire::smb1::{self, Greeting};
use crate::wire::status::Status;
use crate::wire::{Full, Writer, header};

/// Agrees on a dialect, an algorithm for signatures and one for encryption.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let connection_id = context.connection;
    let server = &mut *context.server;
    let Some(connection) = server.connections.get_mut(connection_id) else {
        return Ok(Outcome::Disconnect);
    };
    if connection.phase == Phase::Negotiated {
        return Ok(Outcome::Disconnect);
    }
    let request = Request::parse(message)?;
    let setup = &server.setup;
    let dialect = request
        .dialects()
        .filter_map(Dialect::from_revision)
        .filter(|dialect| (setup.min_dialect..=setup.max_dialect).contains(dialect))
        .max()
        .ok_or(Status::NOT_SUPPORTED)?;

    let client_encrypts = request.capabilities & negotiate::CAP_ENCRYPTION != 0
        && setup.encryption != Encryption::Off;
    let mut chosen = Chosen {
        cipher: None,
        signing: SigningAlgorithm::HmacSha256,
        answer_cipher: false,
        answer_signing: false,
    };
    match dialect {
        Dialect::Smb202 | Dialect::Smb210 => {}
        Dialect::Smb300 | Dialect::Smb302 => {
            chosen.signing = SigningAlgorithm::AesCmac;
            chosen.cipher = client_encrypts.then_some(Cipher::Aes128Ccm);
        }
        Dialect::Smb311 => {
            chosen = choose(
                &request,
                setup.encryption != Encryption::Off,
                &setup.cipher_order,
                &setup.signing_order,
            )?
        }
    }

    connection.phase = Phase::Negotiated;
    connection.dialect = dialect;
    connection.client_guid = request.client_guid;
    connection.client_capabilities = request.capabilities;
    connection.client_security_mode = request.security_mode;
    connection.cipher = chosen.cipher;
    connection.signing = chosen.signing;
    connection.multi_credit = dialect >= Dialect::Smb210;
    if dialect == Dialect::Smb311 {
        connection.preauth.update(message);
    }

    let mut salt = [0; 32];
    (server.random)(&mut salt);
    respond(
        server,
        dialect as u16,
        request.capabilities,
        &chosen,
        context.now,
        reply,
    )?;
    if dialect == Dialect::Smb311 {
        negotiate::append_context(
            reply,
            1,
            contexts::PREAUTH,
            &contexts::preauth_answer(&salt),
        )?;
        let mut count = 1;
        if chosen.answer_cipher {
            count += 1;
            let id = chosen.cipher.map_or(0, Cipher::id);
            negotiate::append_context(
                reply,
                count,
                contexts::ENCRYPTION,
                &contexts::algorithm_answer(id),
            )?;
        }
        if chosen.answer_signing {
            count += 1;
            negotiate::append_context(
                reply,
                count,
                contexts::SIGNING,
                &contexts::algorithm_answer(chosen.signing.id()),
            )?;
        }
    }
    Ok(Outcome::Done)
}

/// What was agreed on beside the dialect.
struct Chosen {
    cipher: Option<Cipher>,
    signing: SigningAlgorithm,
    answer_cipher: bool,
    answer_signing: bool,
}

/// Reads the contexts of a 3.1.1 client: exactly one for the preauthentication hash, at most one of each
/// other kind; unknown ones are ignored ([MS-SMB2] 3.3.5.4).
fn choose(
    request: &Request<'_>,
    encrypt: bool,
    ciphers: &[Cipher],
    algorithms: &[SigningAlgorithm],
) -> Result<Chosen, Status> {
    let mut chosen = Chosen {
        cipher: None,
        signing: SigningAlgorithm::AesCmac,
        answer_cipher: false,
        answer_signing: false,
    };
    let mut seen: u16 = 0;
    for context in request.contexts() {
        let (kind, data) = context?;
        let bit = 1u16.checked_shl(kind.into()).unwrap_or(0);
        if seen & bit != 0 {
            return Err(Status::INVALID_PARAMETER);
        }
        seen |= bit;
        match kind {
            contexts::PREAUTH => {
                let offered = contexts::preauth(data)?;
                if !offered.contain(contexts::SHA_512) {
                    return Err(Status::SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP);
                }
            }
            contexts::ENCRYPTION => {
                let offered = contexts::algorithms(data)?;
                chosen.answer_cipher = encrypt;
                chosen.cipher = ciphers
                    .iter()
                    .copied()
                    .find(|cipher| encrypt && offered.contain(cipher.id()));
            }
            contexts::SIGNING => {
                let offered = contexts::algorithms(data)?;
                if let Some(common) = algorithms
                    .iter()
                    .copied()
                    .find(|algorithm| offered.contain(algorithm.id()))
                {
                    chosen.signing = common;
                    chosen.answer_signing = true;
                }
            }
            _ => {} // compression, transport, RDMA: declined by not answering
        }
    }
    if seen & (1 << contexts::PREAUTH) == 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    Ok(chosen)
}

fn respond<V: Vfs>(
    server: &Server<V>,
    revision: u16,
    client: u32,
    chosen: &Chosen,
    now: Now,
    reply: &mut Writer<'_>,
) -> Result<(), Full> {
    let dialect = Dialect::from_revision(revision);
    let setup = &server.setup;
    let largest = match dialect {
        Some(Dialect::Smb202) => 65_536,
        _ => server.budget.max_io,
    };
    let response = Response {
        security_mode: security_mode(setup.signing_required),
        dialect_revision: revision,
        server_guid: setup.guid,
        capabilities: capabilities(dialect, client, chosen.cipher.is_some()),
        max_transact_size: largest,
        max_read_size: largest,
        max_write_size: largest,
        system_time: now.wall,
    };
    response.begin(reply)?;
    Acceptor::initial_token(reply)?;
    negotiate::finish_token(reply)
}

/// The server's SecurityMode.
pub fn security_mode(required: bool) -> u16 {
    negotiate::SIGNING_ENABLED
        | if required {
            negotiate::SIGNING_REQUIRED
        } else {
            0
        }
}

/// The server's capabilities towards a client ([MS-SMB2] 3.3.5.4); VALIDATE_NEGOTIATE_INFO repeats them.
pub fn capabilities(dialect: Option<Dialect>, client: u32, cipher: bool) -> u32 {
    let mut capabilities = 0;
    if dialect.is_none_or(|dialect| dialect >= Dialect::Smb210) {
        capabilities |= negotiate::CAP_LARGE_MTU;
    }
    if dialect.is_some_and(|dialect| dialect >= Dialect::Smb210) {
        capabilities |= negotiate::CAP_LEASING;
    }
    if dialect.is_some_and(|dialect| dialect >= Dialect::Smb300) {
        // Told to those who know of it; impacket fails where it does not.
        capabilities |= client & (negotiate::CAP_MULTI_CHANNEL | negotiate::CAP_DIRECTORY_LEASING);
        // In 3.1.1 the context says it ([MS-SMB2] 2.2.4).
        if cipher && dialect != Some(Dialect::Smb311) {
            capabilities |= negotiate::CAP_ENCRYPTION;
        }
    }
    capabilities
}

impl<V: Vfs> Server<V> {
    /// Answers the SMB1 greeting with an SMB2 NEGOTIATE response ([MS-SMB2] 3.3.5.3.1, 3.3.5.3.2).
    pub(in crate::engine) fn greet(
        &mut self,
        id: ConnectionId,
        frame: &[u8],
        reply: &mut [u8],
        now: Now,
    ) -> Verdict<V::File> {
        let Some(greeting) = smb1::parse(frame) else {
            return Verdict::Disconnect;
        };
        let Some(connection) = self.connections.get_mut(id) else {
            return Verdict::Disconnect;
        };
        let range = self.setup.min_dialect..=self.setup.max_dialect;
        let revision = match greeting {
            Greeting::Wildcard if *range.end() > Dialect::Smb202 => {
                connection.phase = Phase::Wildcard;
                negotiate::WILDCARD
            }
            _ if range.contains(&Dialect::Smb202) => {
                connection.phase = Phase::Negotiated;
                connection.dialect = Dialect::Smb202;
                Dialect::Smb202 as u16
            }
            _ => return Verdict::Disconnect,
        };
        // The answer counts as that to message 0.
        connection.window.consume(0, 1);
        let credits = connection.window.grant(1);
        let nothing = Chosen {
            cipher: None,
            signing: SigningAlgorithm::HmacSha256,
            answer_cipher: false,
            answer_signing: false,
        };
        let mut writer = Writer::new(reply);
        if writer
            .zeros(header::SIZE)
            .and_then(|()| respond(self, revision, 0, &nothing, now, &mut writer))
            .is_err()
        {
            return Verdict::Disconnect;
        }
        let header = header::Response {
            command: header::Command::Negotiate,
            status: Status::SUCCESS,
            credit_charge: 0,
            credits,
            related: false,
            message_id: 0,
            async_id: None,
            tree_id: 0,
            session_id: 0,
        };
        header.write(writer.written_mut());
        Verdict::Reply {
            length: writer.position(),
            tail: None,
        }
    }
}
