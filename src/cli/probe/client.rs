//! As much of an SMB 3.1.1 client as it takes to log in, list a folder and try to write to it.

use super::ntlm;
use smolsmb::config::printable;
use smolsmb::crypto::{
    Cipher, Dialect, Preauth, SealingKey, SigningAlgorithm, SigningKey, SigningNonce,
    client_to_server_key, server_to_client_key, signing_key,
};
use smolsmb::wire::status::Status;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const QUERY_DIRECTORY: u16 = 14;

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer taken, in bytes.
const ANSWER: usize = 128 * 1024;
/// Bytes of names asked for.
const LISTING: u32 = 32 * 1024;
/// DELETE_ON_CLOSE and NON_DIRECTORY_FILE ([MS-SMB2] 2.2.13).
const PASSING_FILE: u32 = 0x1040;

/// A connection with a session.
pub struct Client {
    stream: TcpStream,
    /// The session is a guest's.
    pub guest: bool,
    session: u64,
    tree: u32,
    next: u64,
    signing: Option<SigningKey>,
    keys: Option<(SealingKey, SealingKey)>,
    sealed: bool,
    nonces: u64,
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|b| b.first_chunk())
        .copied()
        .unwrap_or([0; N])
}

fn told(what: &str, reply: &[u8]) -> Result<(), String> {
    match Status(u32::from_le_bytes(number(reply, 8))) {
        Status(0) => Ok(()),
        status => Err(format!("{what} is refused: {status}")),
    }
}

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

impl Client {
    /// Connects and logs in; an empty name is a guest's.
    pub fn connect(address: SocketAddr, user: &str, nt_hash: [u8; 16]) -> Result<Self, String> {
        let open = || -> std::io::Result<TcpStream> {
            let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let mut client = Client {
            stream: open().map_err(|error| format!("cannot connect: {error}"))?,
            guest: false,
            session: 0,
            tree: 0,
            next: 0,
            signing: None,
            keys: None,
            sealed: false,
            nonces: 0,
        };
        client.log_in(if user.is_empty() { "guest" } else { user }, nt_hash)?;
        Ok(client)
    }

    fn log_in(&mut self, user: &str, nt_hash: [u8; 16]) -> Result<(), String> {
        let mut preauth = Preauth::default();
        let mut body = vec![36, 0, 1, 0, 1, 0, 0, 0];
        body.extend(0x44u32.to_le_bytes()); // LARGE_MTU, ENCRYPTION
        body.extend(random::<16>()?);
        body.extend(104u32.to_le_bytes());
        body.extend([3, 0, 0, 0, 0x11, 0x03, 0, 0]);
        let salt = [&[1, 0, 16, 0, 1, 0][..], &random::<16>()?].concat();
        for (kind, data) in [(1u16, salt), (2, vec![1, 0, 2, 0]), (8, vec![1, 0, 1, 0])] {
            body.resize(body.len().next_multiple_of(8), 0);
            body.extend(kind.to_le_bytes());
            body.extend(u16::try_from(data.len()).unwrap_or(0).to_le_bytes());
            body.extend([0; 4]);
            body.extend(data);
        }
        let (request, reply) = self.call(NEGOTIATE, &body)?;
        told("NEGOTIATE", &reply)?;
        if number(&reply, 68) != [0x11, 0x03] {
            return Err("the newest dialect is set below 3.1.1, which this try needs".into());
        }
        preauth.update(&request);
        preauth.update(&reply);

        let (request, reply) = self.call(SESSION_SETUP, &setup(&ntlm::negotiate()))?;
        if Status(u32::from_le_bytes(number(&reply, 8))) != Status::MORE_PROCESSING_REQUIRED {
            told("SESSION_SETUP", &reply)?;
        }
        preauth.update(&request);
        preauth.update(&reply);
        self.session = u64::from_le_bytes(number(&reply, 40));
        let (token, key) = ntlm::authenticate(&reply, user, &nt_hash, random()?)
            .ok_or("the server's challenge is none")?;
        let (request, reply) = self.call(SESSION_SETUP, &setup(&token))?;
        told(&format!("the login of '{}'", printable(user)), &reply)?;
        preauth.update(&request);
        let flags = u16::from_le_bytes(number(&reply, 66));
        self.guest = flags & 1 != 0;
        if !self.guest {
            let dialect = Dialect::V311(&preauth);
            let cipher = Cipher::Aes128Gcm;
            self.signing = Some(SigningKey::new(
                SigningAlgorithm::AesCmac,
                &signing_key(&key, dialect),
            ));
            let up = client_to_server_key(&key, dialect, cipher);
            let down = server_to_client_key(&key, dialect, cipher);
            self.keys = SealingKey::new(cipher, up.as_bytes())
                .zip(SealingKey::new(cipher, down.as_bytes()));
            self.sealed = flags & 4 != 0;
        }
        Ok(())
    }

    /// Connects to a share; seals what follows if the share wants it.
    pub fn tree(&mut self, host: &str, share: &str) -> Result<(), String> {
        let path = ntlm::utf16(&format!("\\\\{host}\\{share}"));
        let mut body = vec![9, 0, 0, 0, 72, 0];
        body.extend(u16::try_from(path.len()).unwrap_or(0).to_le_bytes());
        body.extend(path);
        let (_, reply) = self.call(TREE_CONNECT, &body)?;
        told("the share", &reply)?;
        self.tree = u32::from_le_bytes(number(&reply, 36));
        self.sealed |= u32::from_le_bytes(number(&reply, 68)) & 0x8000 != 0;
        Ok(())
    }

    /// The first names in the share's folder.
    pub fn names(&mut self, most: usize) -> Result<Vec<String>, String> {
        // FILE_LIST_DIRECTORY and READ_ATTRIBUTES; OPEN; DIRECTORY_FILE.
        let id = self
            .open("", 0x81, 1, 1)
            .map_err(|status| format!("the folder is refused: {status}"))?;
        let mut body = vec![33, 0, 12, 1, 0, 0, 0, 0];
        body.extend(id);
        body.extend([96, 0, 2, 0]);
        body.extend(LISTING.to_le_bytes());
        body.extend(ntlm::utf16("*"));
        let (_, reply) = self.call(QUERY_DIRECTORY, &body)?;
        told("the listing", &reply)?;
        self.close(id)?;
        let mut names = Vec::new();
        let mut entry = reply
            .get(usize::from(u16::from_le_bytes(number(&reply, 66)))..)
            .unwrap_or_default();
        while names.len() < most {
            let length = usize::try_from(u32::from_le_bytes(number(entry, 8))).unwrap_or(0);
            let name = entry
                .get(12..)
                .and_then(|rest| rest.get(..length))
                .unwrap_or_default();
            let (units, _) = name.as_chunks::<2>();
            let name = String::from_utf16_lossy(
                &units
                    .iter()
                    .map(|u| u16::from_le_bytes(*u))
                    .collect::<Vec<_>>(),
            );
            if !matches!(name.as_str(), "" | "." | "..") {
                names.push(name.replace(char::is_control, "\u{fffd}"));
            }
            let next = usize::try_from(u32::from_le_bytes(number(entry, 0))).unwrap_or(0);
            match entry.get(next..) {
                Some(rest) if next != 0 => entry = rest,
                _ => break,
            }
        }
        Ok(names)
    }

    /// Whether a new file can be made and written: one that is gone as soon as it is closed.
    pub fn can_write(&mut self) -> bool {
        let Ok(number) = random::<8>() else {
            return false;
        };
        let name = format!(".smolsmb-probe-{:016x}", u64::from_le_bytes(number));
        // WRITE_DATA and DELETE; CREATE.
        match self.open(&name, 0x0001_0002, 2, PASSING_FILE) {
            Ok(id) => self.close(id).is_ok(),
            Err(_) => false,
        }
    }

    fn open(
        &mut self,
        name: &str,
        access: u32,
        disposition: u32,
        options: u32,
    ) -> Result<[u8; 16], String> {
        let name = ntlm::utf16(name);
        let mut body = vec![57, 0, 0, 0];
        body.extend(2u32.to_le_bytes()); // Impersonation
        body.extend([0; 16]);
        body.extend(access.to_le_bytes());
        body.extend(0u32.to_le_bytes());
        body.extend(7u32.to_le_bytes()); // shared with everyone
        body.extend(disposition.to_le_bytes());
        body.extend(options.to_le_bytes());
        body.extend(120u16.to_le_bytes());
        body.extend(u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        body.extend([0; 8]);
        body.extend(name);
        if body.len() == 56 {
            body.push(0);
        }
        let (_, reply) = self.call(CREATE, &body)?;
        match Status(u32::from_le_bytes(number(&reply, 8))) {
            Status(0) => Ok(number(&reply, 128)),
            status => Err(status.to_string()),
        }
    }

    fn close(&mut self, id: [u8; 16]) -> Result<(), String> {
        let mut body = vec![24, 0, 0, 0, 0, 0, 0, 0];
        body.extend(id);
        let (_, reply) = self.call(CLOSE, &body)?;
        told("closing", &reply)
    }

    /// Sends one request and returns it with its answer, both from their SMB2 headers on.
    fn call(&mut self, command: u16, body: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let id = self.next;
        self.next = self.next.saturating_add(1);
        let signing = self.signing.as_ref().filter(|_| !self.sealed);
        let mut message = vec![0xFE, b'S', b'M', b'B', 64, 0, 1, 0, 0, 0, 0, 0];
        message.extend(command.to_le_bytes());
        message.extend(8u16.to_le_bytes()); // credits wished for
        message.extend(u32::from(signing.is_some()).wrapping_mul(8).to_le_bytes());
        message.extend([0; 4]);
        message.extend(id.to_le_bytes());
        message.extend([0; 4]);
        message.extend(self.tree.to_le_bytes());
        message.extend(self.session.to_le_bytes());
        message.extend([0; 16]);
        message.extend(body);
        if let Some(key) = signing {
            let nonce = SigningNonce {
                message_id: id,
                server: false,
                cancel: false,
            };
            let signature = key.sign(&message, nonce);
            if let Some(place) = message.get_mut(48..64) {
                place.copy_from_slice(&signature);
            }
        }
        let request = message.clone();
        self.send(message)
            .map_err(|error| format!("the connection broke: {error}"))?;
        loop {
            let reply = self.receive()?;
            // An interim answer says only that another one comes.
            if Status(u32::from_le_bytes(number(&reply, 8))) != Status::PENDING {
                return Ok((request, reply));
            }
        }
    }

    fn send(&mut self, mut message: Vec<u8>) -> std::io::Result<()> {
        let mut frame = Vec::new();
        if let (true, Some((up, _))) = (self.sealed, &self.keys) {
            let mut nonce = [0; 16];
            nonce[..8].copy_from_slice(&self.nonces.to_le_bytes());
            self.nonces = self.nonces.saturating_add(1);
            let mut head = nonce.to_vec();
            head.extend(u32::try_from(message.len()).unwrap_or(0).to_le_bytes());
            head.extend([0, 0, 1, 0]);
            head.extend(self.session.to_le_bytes());
            let tag = up.seal(&nonce, &head, &mut message);
            frame.extend(b"\xfdSMB");
            frame.extend(tag);
            frame.extend(head);
        }
        frame.extend(message);
        let length = u32::try_from(frame.len()).unwrap_or(0);
        self.stream
            .write_all(&[&length.to_be_bytes()[..], &frame].concat())
    }

    fn receive(&mut self) -> Result<Vec<u8>, String> {
        let mut length = [0; 4];
        let broke = |error: std::io::Error| format!("the connection broke: {error}");
        self.stream.read_exact(&mut length).map_err(broke)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > ANSWER {
            return Err("the answer is too long".into());
        }
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame).map_err(broke)?;
        if let (Some(head), Some((_, down))) = (frame.first_chunk::<52>().copied(), &self.keys)
            && head.starts_with(b"\xfdSMB")
        {
            frame.drain(..52);
            let tag: [u8; 16] = number(&head, 4);
            down.open(
                &number(&head, 20),
                head.get(20..).unwrap_or_default(),
                &mut frame,
                &tag,
            )
            .map_err(|_| "the answer's seal is broken")?;
        }
        if frame.len() < 66 || !frame.starts_with(b"\xfeSMB") {
            return Err("the answer is no SMB".into());
        }
        Ok(frame)
    }
}

fn setup(token: &[u8]) -> Vec<u8> {
    let mut body = vec![25, 0, 0, 1];
    body.extend([0; 8]);
    body.extend(88u16.to_le_bytes());
    body.extend(u16::try_from(token.len()).unwrap_or(0).to_le_bytes());
    body.extend([0; 8]);
    body.extend(token);
    body
}
