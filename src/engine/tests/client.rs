//! A client as small as it can be: it builds requests byte by byte, keeps the keys of its session, and holds
//! every reply to the rules of signing. The server is a value beside it; time stands still unless it is moved.

use crate::auth;
use crate::crypto::{self, Preauth, SealingKey, SigningAlgorithm, SigningKey, SigningNonce};
use crate::engine::setup::{Encryption, Guest, Setup, Share, User};
use crate::engine::{ConnectionId, Job, JobResult, Now, Server, Verdict, Walk};
use crate::memory::{Budget, Limits};
use crate::vfs::memory::Memory;
use crate::wire::header::{self, Command, Header};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;
use crate::wire::transform::{self, TransformHeader};
use std::net::{IpAddr, Ipv4Addr};

/// A FILETIME in 2022.
const START: u64 = 133_000_000_000_000_000;

/// The server and its clock.
pub struct World {
    pub server: Server<Memory>,
    pub now: Now,
    reply: Vec<u8>,
}

impl Default for World {
    fn default() -> Self {
        World::with(|_| {})
    }
}

impl World {
    /// The usual setup: users alice (Password) and bob (geheim), share `files` for both, share `open` for
    /// guests too.
    pub fn setup() -> Setup {
        let share = |name: &str, guest| Share {
            name: name.into(),
            path: name.as_bytes().to_vec(),
            comment: String::new(),
            browseable: true,
            read_only: false,
            guest,
            read_users: vec![],
            write_users: vec!["*".into()],
            encryption_required: false,
            create_mask: 0o664,
            directory_mask: 0o775,
            disk: Some(1),
            hide_dot_files: true,
            veto: vec![],
            force: None,
        };
        let user = |name: &str, password: &str| User {
            name: name.into(),
            nt_hash: auth::nt_hash(password),
            who: None,
        };
        Setup {
            name: "ROUTER".into(),
            description: String::new(),
            workgroup: "WORKGROUP".into(),
            guid: [9; 16],
            min_dialect: Dialect::Smb202,
            max_dialect: Dialect::Smb311,
            signing_required: false,
            encryption: Encryption::Auto,
            signing_order: SigningAlgorithm::ALL,
            cipher_order: crypto::Cipher::ALL,
            idle_timeout: 60_000,
            started: START,
            interfaces: vec![],
            users: vec![user("alice", "Password"), user("bob", "geheim")],
            shares: vec![share("files", Guest::None), share("open", Guest::Write)],
        }
    }

    /// A server with the usual setup, changed.
    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        World::bounded(change, |_| {})
    }

    /// The same, with other bounds.
    pub fn bounded(change: impl FnOnce(&mut Setup), bound: impl FnOnce(&mut Budget)) -> Self {
        let mut setup = World::setup();
        change(&mut setup);
        let mut budget = Budget::new(64 << 20, &Limits::default());
        bound(&mut budget);
        let mut random = 1_u8;
        let random = Box::new(move |bytes: &mut [u8]| {
            random = random.wrapping_mul(5).wrapping_add(1);
            bytes.fill(random);
        });
        World {
            server: Server::new(setup, budget, Memory::new(), random),
            now: Now {
                wall: START,
                mono: 0,
            },
            reply: vec![0; budget.slot_size() as usize],
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, milliseconds: u64) {
        self.now.mono += milliseconds;
        self.now.wall += milliseconds * 10_000;
        self.server.tick(self.now);
    }

    /// A connection that has not said anything.
    pub fn connect(&mut self) -> Client {
        self.connect_from([127, 0, 0, 1])
    }

    /// The same, from an address.
    pub fn connect_from(&mut self, address: [u8; 4]) -> Client {
        let peer = IpAddr::V4(Ipv4Addr::from(address));
        Client {
            connection: self.server.connect(peer, self.now).unwrap(),
            message_id: 0,
            session: 0,
            tree: 0,
            dialect: Dialect::Smb202,
            guid: [7; 16],
            preauth: Preauth::default(),
            algorithm: SigningAlgorithm::HmacSha256,
            key: None,
            sealing: None,
            seal: false,
            replay: false,
            channel_sequence: 0,
            nonce: 0,
        }
    }

    /// A connection with a session of alice's and a tree connect to `files`.
    pub fn alice(&mut self, dialect: Dialect) -> Client {
        let mut client = self.connect();
        client.negotiate(self, dialect);
        assert_eq!(client.log_in(self, "alice", "Password"), Status::SUCCESS);
        assert_eq!(client.tree_connect(self, "files"), Status::SUCCESS);
        client
    }

    /// Hands a frame over as the net does: what comes back, or `None` if the connection is to end.
    pub fn frame(&mut self, connection: ConnectionId, frame: &[u8]) -> Option<Vec<u8>> {
        let mut frame = frame.to_vec();
        let mut walk = Walk::default();
        loop {
            match self
                .server
                .receive(connection, &mut walk, &mut frame, &mut self.reply, self.now)
            {
                Verdict::Reply { length, tail } => {
                    let mut reply = self.reply[..length].to_vec();
                    if let Some(tail) = tail {
                        reply.extend(core::iter::repeat_n(0, tail.length as usize));
                    }
                    return Some(reply);
                }
                Verdict::Silence => return Some(vec![]),
                Verdict::Blocking(Job::Read { .. } | Job::Sync { .. }) => {
                    walk.job = Some(JobResult::Done)
                }
                Verdict::Disconnect => return None,
            }
        }
    }

    /// Everything is given back: no table holds anything.
    pub fn assert_empty(&self) {
        for (name, used, _) in self.server.usage() {
            assert_eq!(used, 0, "{name}");
        }
    }
}

/// A reply, its signature checked.
#[derive(Clone, Debug)]
pub struct Reply {
    pub header: Header,
    pub status: Status,
    /// The whole message: offsets in it count from its header.
    pub message: Vec<u8>,
    pub signed: bool,
}

impl Reply {
    /// Whether it only says that the request waits.
    pub fn is_interim(&self) -> bool {
        self.status == Status::PENDING && self.header.async_id.is_some()
    }

    /// CreditResponse.
    pub fn credits(&self) -> u16 {
        self.header.credit_request
    }

    /// The 16 bytes of a CREATE reply's FileId.
    pub fn file_id(&self) -> [u8; 16] {
        assert_eq!(self.status, Status::SUCCESS);
        self.message[128..144].try_into().unwrap()
    }
}

/// One request of a compound.
pub struct Element {
    pub command: Command,
    pub body: Vec<u8>,
    pub related: bool,
}

/// A client's end of a connection.
pub struct Client {
    pub connection: ConnectionId,
    pub message_id: u64,
    pub session: u64,
    pub tree: u32,
    pub dialect: Dialect,
    pub guid: [u8; 16],
    pub preauth: Preauth,
    pub algorithm: SigningAlgorithm,
    /// Signs; `None`: nothing is signed.
    pub key: Option<SigningKey>,
    pub sealing: Option<(SealingKey, SealingKey)>,
    /// Requests are encrypted.
    pub seal: bool,
    /// Requests say that they were sent before.
    pub replay: bool,
    /// ChannelSequence of requests.
    pub channel_sequence: u16,
    nonce: u64,
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Client {
    /// A request's header.
    pub fn header(&self, command: u16, related: bool) -> Vec<u8> {
        let mut head = vec![0xFE, b'S', b'M', b'B', 64, 0, 1, 0];
        head.extend(self.channel_sequence.to_le_bytes());
        head.extend([0; 2]);
        head.extend(command.to_le_bytes());
        head.extend(16_u16.to_le_bytes()); // CreditRequest
        head.extend((u32::from(related) << 2 | u32::from(self.replay) << 29).to_le_bytes());
        head.extend([0; 4]);
        head.extend(self.message_id.to_le_bytes());
        head.extend([0xFF, 0xFE, 0, 0]);
        head.extend(self.tree.to_le_bytes());
        head.extend(self.session.to_le_bytes());
        head.extend([0; 16]);
        head
    }

    /// Signs a finished message in place.
    pub fn sign(&self, message: &mut [u8]) {
        let Some(key) = &self.key else { return };
        message[16] |= 8;
        let header = Header::parse(message).unwrap();
        let nonce = SigningNonce {
            message_id: header.message_id,
            server: false,
            cancel: header.command == Command::Cancel as u16,
        };
        message[48..64].fill(0);
        let signature = key.sign(message, nonce);
        message[48..64].copy_from_slice(&signature);
    }

    fn sealed(&mut self, plain: &[u8]) -> Vec<u8> {
        let (key, _) = self.sealing.as_ref().unwrap();
        self.nonce += 1;
        let mut head = TransformHeader {
            signature: [0; 16],
            nonce: [0; 16],
            original_message_size: plain.len() as u32,
            session_id: self.session,
        };
        head.nonce[..8].copy_from_slice(&self.nonce.to_le_bytes());
        let mut frame = vec![0; transform::SIZE];
        frame.extend(plain);
        let (bytes, body) = frame.split_at_mut(transform::SIZE);
        head.write(bytes).unwrap();
        head.signature = key.seal(&head.nonce, &bytes[transform::AUTHENTICATED], body);
        head.write(bytes).unwrap();
        frame
    }

    /// The messages of a frame the server sent, each held to the rules.
    pub fn read(&self, frame: &[u8]) -> Vec<Reply> {
        let mut plain = frame.to_vec();
        let mut sealed = false;
        if frame.starts_with(b"\xFDSMB") {
            let (head, body) = plain.split_at_mut(transform::SIZE);
            let transform = TransformHeader::parse(head, body.len()).unwrap();
            let (_, key) = self.sealing.as_ref().unwrap();
            let aad = &head[transform::AUTHENTICATED];
            key.open(&transform.nonce, aad, body, &transform.signature)
                .expect("sealed with the server's key");
            plain.drain(..transform::SIZE);
            sealed = true;
        }
        let mut replies = vec![];
        let mut rest = &plain[..];
        while !rest.is_empty() {
            let (message, next) = header::split(rest).unwrap();
            replies.push(self.reply(message, sealed));
            rest = if next == 0 { &[] } else { &rest[next..] };
        }
        replies
    }

    fn reply(&self, message: &[u8], sealed: bool) -> Reply {
        let header = Header::parse(message).unwrap();
        assert!(header.is_response());
        let status = header::status(message).unwrap();
        if header.is_signed() {
            let nonce = SigningNonce {
                message_id: header.message_id,
                server: true,
                cancel: header.command == Command::Cancel as u16,
            };
            let key = self.key.as_ref().expect("signed without a key");
            let mut bare = message.to_vec();
            bare[48..64].fill(0);
            assert!(key.verify(&bare, nonce, &header.signature), "{header:?}");
            assert!(status != Status::PENDING || header.async_id.is_none());
            assert!(!sealed, "sealed is enough");
        }
        Reply {
            signed: header.is_signed(),
            header,
            status,
            message: message.to_vec(),
        }
    }

    /// Sends a compound; the replies, in order. `None`: the connection ended.
    pub fn compound(&mut self, world: &mut World, elements: &[Element]) -> Option<Vec<Reply>> {
        let mut frame = vec![];
        for (at, element) in elements.iter().enumerate() {
            let mut message = self.header(element.command as u16, element.related);
            if element.command != Command::Cancel {
                self.message_id += 1;
            }
            message.extend(&element.body);
            if at + 1 < elements.len() {
                message.resize(message.len().next_multiple_of(8), 0);
                let length = message.len() as u32;
                message[20..24].copy_from_slice(&length.to_le_bytes());
            }
            if !self.seal {
                self.sign(&mut message);
            }
            frame.extend(message);
        }
        if self.seal {
            frame = self.sealed(&frame);
        }
        let reply = world.frame(self.connection, &frame)?;
        Some(self.read(&reply))
    }

    /// Sends one request that is not answered, or answered with silence.
    pub fn post(&mut self, world: &mut World, command: Command, body: &[u8]) {
        let element = Element {
            command,
            body: body.to_vec(),
            related: false,
        };
        let replies = self.compound(world, &[element]).expect("still connected");
        assert!(replies.is_empty(), "{replies:?}");
    }

    /// Sends one request; its reply.
    pub fn ask(&mut self, world: &mut World, command: Command, body: &[u8]) -> Reply {
        let element = Element {
            command,
            body: body.to_vec(),
            related: false,
        };
        let replies = self.compound(world, &[element]).expect("still connected");
        let [reply] = &replies[..] else {
            panic!("one reply, not {replies:?}")
        };
        assert_eq!(reply.header.message_id, self.message_id - 1);
        reply.clone()
    }

    /// What the server says without being asked.
    pub fn pending(&mut self, world: &mut World) -> Vec<Reply> {
        let mut buffer = vec![0; 16 << 10];
        let mut replies = vec![];
        loop {
            let length = world
                .server
                .pending(self.connection, &mut buffer, world.now);
            if length == 0 {
                return replies;
            }
            let mut rest = &buffer[..length];
            while let Some((prefix, after)) = rest.split_first_chunk::<4>() {
                let (frame, next) = after.split_at(u32::from_be_bytes(*prefix) as usize);
                replies.extend(self.read(frame));
                rest = next;
            }
        }
    }

    /// Agrees on exactly this dialect.
    pub fn negotiate(&mut self, world: &mut World, dialect: Dialect) {
        self.dialect = dialect;
        let v311 = dialect == Dialect::Smb311;
        let mut body = vec![36, 0, 1, 0, 1, 0, 0, 0];
        body.extend(0x7F_u32.to_le_bytes()); // every capability
        body.extend(self.guid);
        body.extend(if v311 { 104_u32 } else { 0 }.to_le_bytes());
        body.extend([if v311 { 3 } else { 0 }, 0, 0, 0]);
        body.extend((dialect as u16).to_le_bytes());
        if v311 {
            body.extend([0, 0]);
            let mut context = |kind: u8, data: &[u8]| {
                body.resize(body.len().next_multiple_of(8), 0);
                body.extend([kind, 0, data.len() as u8, 0, 0, 0, 0, 0]);
                body.extend(data);
            };
            let mut preauth = vec![1, 0, 32, 0, 1, 0];
            preauth.extend([5; 32]);
            context(1, &preauth);
            context(2, &[1, 0, 1, 0]); // AES-128-CCM, as in 3.0
            context(8, &[1, 0, self.algorithm.id() as u8, 0]);
        }
        let mut message = self.header(Command::Negotiate as u16, false);
        self.message_id += 1;
        message.extend(body);
        let reply = world
            .frame(self.connection, &message)
            .expect("a common dialect");
        assert_eq!(header::status(&reply), Some(Status::SUCCESS));
        self.preauth.update(&message);
        self.preauth.update(&reply);
        match dialect {
            Dialect::Smb202 | Dialect::Smb210 => self.algorithm = SigningAlgorithm::HmacSha256,
            Dialect::Smb300 | Dialect::Smb302 => self.algorithm = SigningAlgorithm::AesCmac,
            Dialect::Smb311 => {}
        }
    }

    /// One SESSION_SETUP; status, session and token of the reply.
    fn setup(
        &mut self,
        world: &mut World,
        token: &[u8],
        preauth: &mut Preauth,
        previous: u64,
        bind: bool,
    ) -> (Status, Vec<u8>) {
        let mut body = vec![25, 0, u8::from(bind), 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0];
        body.extend((token.len() as u16).to_le_bytes());
        body.extend(previous.to_le_bytes());
        body.extend(token);
        let mut message = self.header(Command::SessionSetup as u16, false);
        self.message_id += 1;
        message.extend(body);
        if bind {
            self.sign(&mut message);
        }
        let reply = world
            .frame(self.connection, &message)
            .expect("still connected");
        let status = header::status(&reply).unwrap();
        preauth.update(&message);
        if status == Status::MORE_PROCESSING_REQUIRED {
            preauth.update(&reply);
        }
        self.session = Header::parse(&reply).unwrap().session_id;
        let token = if status.is_error() && status != Status::MORE_PROCESSING_REQUIRED {
            vec![]
        } else {
            reply[72..].to_vec()
        };
        (status, token)
    }

    /// Logs in; its status.
    pub fn log_in(&mut self, world: &mut World, user: &str, password: &str) -> Status {
        self.log_in_with(world, user, password, 0, false)
    }

    /// Logs in, naming a previous session, or binding the session whose number and key are set.
    pub fn log_in_with(
        &mut self,
        world: &mut World,
        user: &str,
        password: &str,
        previous: u64,
        bind: bool,
    ) -> Status {
        let mut ntlm = auth::client::Client {
            user,
            password,
            mechs: None,
            ..auth::client::Client::default()
        };
        if user.is_empty() {
            // Nobody, on purpose.
            ntlm.nt_response = Some(vec![]);
            ntlm.lm_response = vec![0];
        }
        let mut preauth = self.preauth;
        let first = auth::client::negotiate(ntlm.flags);
        let (status, challenge) = self.setup(world, &first, &mut preauth, previous, bind);
        if status != Status::MORE_PROCESSING_REQUIRED {
            return status;
        }
        let (token, key) = ntlm.authenticate(&first, &challenge);
        let (status, _) = self.setup(world, &token, &mut preauth, previous, bind);
        if status != Status::SUCCESS {
            return status;
        }
        let derive = match self.dialect {
            Dialect::Smb202 | Dialect::Smb210 => None,
            Dialect::Smb300 | Dialect::Smb302 => Some(crypto::Dialect::V30),
            Dialect::Smb311 => Some(crypto::Dialect::V311(&preauth)),
        };
        let signing = derive.map_or(key, |derive| crypto::signing_key(&key, derive));
        self.key = Some(SigningKey::new(self.algorithm, &signing));
        if let Some(derive) = derive
            && !bind
        {
            let cipher = crypto::Cipher::Aes128Ccm;
            let to = crypto::client_to_server_key(&key, derive, cipher);
            let from = crypto::server_to_client_key(&key, derive, cipher);
            self.sealing = SealingKey::new(cipher, to.as_bytes())
                .zip(SealingKey::new(cipher, from.as_bytes()));
        }
        status
    }

    /// Connects to a share; its status.
    pub fn tree_connect(&mut self, world: &mut World, share: &str) -> Status {
        let path = utf16(&format!(r"\\router\{share}"));
        let mut body = vec![9, 0, 0, 0, 72, 0];
        body.extend((path.len() as u16).to_le_bytes());
        body.extend(path);
        let reply = self.ask(world, Command::TreeConnect, &body);
        self.tree = reply.header.tree_id;
        reply.status
    }

    /// Opens or makes a file with everything shared; its FileId.
    pub fn open(&mut self, world: &mut World, name: &str) -> [u8; 16] {
        self.ask(world, Command::Create, &create(name, 3, 0))
            .file_id()
    }
}

/// A CREATE body: read, write and delete, everything shared.
pub fn create(name: &str, disposition: u8, options: u32) -> Vec<u8> {
    create_with(name, disposition, options, 0)
}

/// A CREATE body that asks for an oplock.
pub fn create_with(name: &str, disposition: u8, options: u32, oplock: u8) -> Vec<u8> {
    let name = utf16(name);
    let mut body = vec![57, 0, 0, oplock, 2, 0, 0, 0];
    body.extend([0; 16]);
    body.extend(0x0013_0197_u32.to_le_bytes());
    body.extend(0x80_u32.to_le_bytes());
    body.extend(7_u32.to_le_bytes());
    body.extend([disposition, 0, 0, 0]);
    body.extend(options.to_le_bytes());
    body.extend([120, 0]);
    body.extend((name.len() as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend(&name);
    if name.is_empty() {
        body.push(0);
    }
    body
}

/// A CLOSE body.
pub fn close(file: [u8; 16]) -> Vec<u8> {
    [&[24, 0, 0, 0, 0, 0, 0, 0][..], &file].concat()
}

/// A READ body.
pub fn read(file: [u8; 16], offset: u64, length: u32) -> Vec<u8> {
    let mut body = vec![49, 0, 0, 0];
    body.extend(length.to_le_bytes());
    body.extend(offset.to_le_bytes());
    body.extend(file);
    body.extend([0; 17]);
    body
}

/// A WRITE body.
pub fn write(file: [u8; 16], offset: u64, data: &[u8]) -> Vec<u8> {
    let mut body = vec![49, 0, 112, 0];
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(offset.to_le_bytes());
    body.extend(file);
    body.extend([0; 16]);
    body.extend(data);
    body
}

/// A LOCK body: offset, length, flags.
pub fn lock(file: [u8; 16], elements: &[(u64, u64, u32)]) -> Vec<u8> {
    let mut body = vec![48, 0, elements.len() as u8, 0, 0, 0, 0, 0];
    body.extend(file);
    for (offset, length, flags) in elements {
        body.extend(offset.to_le_bytes());
        body.extend(length.to_le_bytes());
        body.extend(flags.to_le_bytes());
        body.extend([0; 4]);
    }
    body
}

/// A CHANGE_NOTIFY body.
pub fn notify(file: [u8; 16], recursive: bool, length: u32, filter: u32) -> Vec<u8> {
    let mut body = vec![32, 0, u8::from(recursive), 0];
    body.extend(length.to_le_bytes());
    body.extend(file);
    body.extend(filter.to_le_bytes());
    body.extend([0; 4]);
    body
}

/// A body of four bytes: ECHO, CANCEL, LOGOFF, TREE_DISCONNECT.
pub const EMPTY: [u8; 4] = [4, 0, 0, 0];
