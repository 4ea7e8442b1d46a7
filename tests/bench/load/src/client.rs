//! One SMB 3.1.1 connection: log in, sign or seal what is sent, and count what comes back without looking
//! at more of it than asked.

use crate::ntlm;
use smolsmb::crypto::{
    self, Cipher, Dialect, Preauth, SealingKey, SigningAlgorithm, SigningKey, SigningNonce,
};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};

pub const NEGOTIATE: u16 = 0;
pub const SESSION_SETUP: u16 = 1;
pub const TREE_CONNECT: u16 = 3;
pub const CREATE: u16 = 5;
pub const CLOSE: u16 = 6;
pub const READ: u16 = 8;
pub const WRITE: u16 = 9;
pub const ECHO: u16 = 13;
pub const QUERY_DIRECTORY: u16 = 14;
pub const QUERY_INFO: u16 = 16;
pub const SET_INFO: u16 = 17;

#[derive(Clone)]
pub struct Target {
    pub address: String,
    pub share: String,
    pub user: String,
    pub password: String,
    pub signing: Option<SigningAlgorithm>,
    pub sealing: Option<Cipher>,
}

pub struct Client {
    stream: TcpStream,
    session: u64,
    tree: u32,
    next_id: u64,
    pub credits: u64,
    pub max_read: usize,
    pub max_write: usize,
    signing: Option<SigningKey>,
    sign: bool,
    sealing: Option<(SealingKey, SealingKey)>,
    nonce: u64,
    out: Vec<u8>,
    received: Vec<u8>,
    /// Bytes of `received` that hold frames not yet taken: from, to.
    held: (usize, usize),
}

/// A reply's status and where its body stands in the frame that `body` gives.
pub struct Reply {
    pub status: u32,
    frame: (usize, usize),
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

/// A ClientGuid of its own for each connection: servers take those that share one for channels of one client.
fn guid() -> [u8; 16] {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut guid = [0x17; 16];
    guid[..4].copy_from_slice(&std::process::id().to_le_bytes());
    guid[4..8].copy_from_slice(&NUMBER.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    guid
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes
        .get(at..at + 2)
        .map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

impl Client {
    /// Connected, logged in and on the share.
    pub fn new(target: &Target) -> Result<Client> {
        let stream = TcpStream::connect(&target.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(60)))?;
        let mut client = Client {
            stream,
            session: 0,
            tree: 0,
            next_id: 0,
            credits: 1,
            max_read: 0,
            max_write: 0,
            signing: None,
            sign: false,
            sealing: None,
            nonce: 1,
            out: Vec::with_capacity(2 << 20),
            received: vec![0; 9 << 20],
            held: (0, 0),
        };
        client.log_in(target)?;
        Ok(client)
    }

    fn log_in(&mut self, target: &Target) -> Result<()> {
        let mut preauth = Preauth::default();
        let wanted = target.signing.unwrap_or(SigningAlgorithm::AesCmac) as u16;
        let mut contexts: Vec<(u16, Vec<u8>)> = vec![
            (1, [&[1, 0, 32, 0, 1, 0][..], &[0x42; 32]].concat()),
            (8, [&[1, 0][..], &wanted.to_le_bytes()].concat()),
        ];
        if let Some(cipher) = target.sealing {
            contexts.push((2, [&[1, 0][..], &(cipher as u16).to_le_bytes()].concat()));
        }
        let mut body = [
            &[36, 0, 1, 0, 1, 0, 0, 0][..],
            &0x7Fu32.to_le_bytes(),
            &guid(),
        ]
        .concat();
        body.extend(104u32.to_le_bytes());
        body.extend((contexts.len() as u16).to_le_bytes());
        body.extend([0, 0, 0x11, 0x03, 0, 0]);
        for (kind, data) in contexts {
            body.resize(body.len().next_multiple_of(8), 0);
            body.extend(kind.to_le_bytes());
            body.extend((data.len() as u16).to_le_bytes());
            body.extend([0; 4]);
            body.extend(data);
        }
        let reply = self.greet(NEGOTIATE, &body, Some(&mut preauth), true)?;
        if reply.status != 0 || u16_at(self.body(&reply), 4) != 0x0311 {
            return Err(broken("no SMB 3.1.1"));
        }
        self.max_read = u32_at(self.body(&reply), 32) as usize;
        self.max_write = u32_at(self.body(&reply), 36) as usize;

        let reply = self.session_setup(&ntlm::negotiate(), &mut preauth)?;
        if reply.status != 0xC000_0016 {
            return Err(broken(&format!("SESSION_SETUP: {:#x}", reply.status)));
        }
        self.session = u64_at(self.frame(&reply), 40);
        let (token, key) = ntlm::authenticate(self.frame(&reply), &target.user, &target.password)
            .ok_or_else(|| broken("a bad challenge"))?;
        let reply = self.session_setup(&token, &mut preauth)?;
        if reply.status != 0 {
            return Err(broken(&format!("login: {:#x}", reply.status)));
        }
        let dialect = Dialect::V311(&preauth);
        let algorithm = target.signing.unwrap_or(SigningAlgorithm::AesCmac);
        self.signing = Some(SigningKey::new(
            algorithm,
            &crypto::signing_key(&key, dialect),
        ));
        if let Some(cipher) = target.sealing {
            let up = crypto::client_to_server_key(&key, dialect, cipher);
            let down = crypto::server_to_client_key(&key, dialect, cipher);
            self.sealing = SealingKey::new(cipher, up.as_bytes())
                .zip(SealingKey::new(cipher, down.as_bytes()));
        }

        let path = ntlm::utf16(&format!("\\\\127.0.0.1\\{}", target.share));
        let mut body = vec![9, 0, 0, 0, 72, 0];
        body.extend((path.len() as u16).to_le_bytes());
        body.extend(path);
        self.sign = true; // SMB 3.1.1 wants TREE_CONNECT signed even where nothing else is.
        let reply = self.call(TREE_CONNECT, &body)?;
        self.sign = target.signing.is_some();
        if reply.status != 0 {
            return Err(broken(&format!("TREE_CONNECT: {:#x}", reply.status)));
        }
        self.tree = u32_at(self.frame(&reply), 36);
        // Credits for what is to come.
        for _ in 0..6 {
            self.call(ECHO, &[4, 0, 0, 0])?;
        }
        Ok(())
    }

    fn session_setup(&mut self, token: &[u8], preauth: &mut Preauth) -> Result<Reply> {
        let mut body = vec![25, 0, 0, 1];
        body.extend(1u32.to_le_bytes());
        body.extend(0u32.to_le_bytes());
        body.extend(88u16.to_le_bytes());
        body.extend((token.len() as u16).to_le_bytes());
        body.extend(0u64.to_le_bytes());
        body.extend(token);
        let reply = self.greet(SESSION_SETUP, &body, Some(preauth), false)?;
        if reply.status == 0xC000_0016 {
            let frame = self.frame(&reply).to_vec();
            preauth.update(&frame);
        }
        Ok(reply)
    }

    /// A message of the greeting: never sealed, and hashed.
    fn greet(
        &mut self,
        command: u16,
        body: &[u8],
        preauth: Option<&mut Preauth>,
        both: bool,
    ) -> Result<Reply> {
        self.push(command, body, 1);
        let message = self.out[4..].to_vec();
        self.flush()?;
        let reply = self.take()?;
        if let Some(preauth) = preauth {
            preauth.update(&message);
            if both {
                let frame = self.frame(&reply).to_vec();
                preauth.update(&frame);
            }
        }
        Ok(reply)
    }

    /// Adds a request to what `flush` sends, signed or sealed as the connection is.
    pub fn push(&mut self, command: u16, body: &[u8], charge: u16) {
        let start = self.out.len();
        let sealed = self.sealing.is_some();
        self.out.extend([0; 4]);
        if sealed {
            self.out.extend([0; 52]);
        }
        let at = self.out.len();
        let id = self.next_id;
        self.next_id += u64::from(charge.max(1));
        self.credits = self.credits.saturating_sub(u64::from(charge.max(1)));
        let signed = self.sign && !sealed && self.signing.is_some();
        let wish = if self.credits < 1024 {
            512
        } else {
            charge.max(1)
        };
        self.out.extend([0xFE, b'S', b'M', b'B', 64, 0]);
        self.out.extend(charge.to_le_bytes());
        self.out.extend([0; 4]);
        self.out.extend(command.to_le_bytes());
        self.out.extend(wish.to_le_bytes());
        self.out.extend(if signed { 8u32 } else { 0 }.to_le_bytes());
        self.out.extend([0; 4]);
        self.out.extend(id.to_le_bytes());
        self.out.extend([0xFF, 0xFE, 0, 0]);
        self.out.extend(self.tree.to_le_bytes());
        self.out.extend(self.session.to_le_bytes());
        self.out.extend([0; 16]);
        self.out.extend(body);
        if let (true, Some(key)) = (signed, &self.signing) {
            let signature = key.sign(
                &self.out[at..],
                SigningNonce {
                    message_id: id,
                    server: false,
                    cancel: false,
                },
            );
            self.out[at + 48..at + 64].copy_from_slice(&signature);
        }
        if let Some((up, _)) = &self.sealing {
            let length = (self.out.len() - at) as u32;
            let (head, message) = self.out.split_at_mut(at);
            let transform = &mut head[start + 4..];
            transform[..4].copy_from_slice(b"\xfdSMB");
            transform[20..28].copy_from_slice(&self.nonce.to_le_bytes());
            self.nonce += 1;
            transform[36..40].copy_from_slice(&length.to_le_bytes());
            transform[42..44].copy_from_slice(&1u16.to_le_bytes());
            transform[44..52].copy_from_slice(&self.session.to_le_bytes());
            let mut nonce = [0; 16];
            nonce.copy_from_slice(&transform[20..36]);
            let tag = up.seal(&nonce, &transform[20..52], message);
            transform[4..20].copy_from_slice(&tag);
        }
        let length = (self.out.len() - start - 4) as u32;
        self.out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    pub fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn fill(&mut self, wanted: usize) -> Result<()> {
        if self.held.1 - self.held.0 >= wanted {
            return Ok(());
        }
        if self.held.0 + wanted > self.received.len() || self.held.0 == self.held.1 {
            self.received.copy_within(self.held.0..self.held.1, 0);
            self.held = (0, self.held.1 - self.held.0);
        }
        if wanted > self.received.len() {
            return Err(broken("a frame larger than any we asked for"));
        }
        while self.held.1 - self.held.0 < wanted {
            match self.stream.read(&mut self.received[self.held.1..])? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                more => self.held.1 += more,
            }
        }
        Ok(())
    }

    /// The next reply, whole, opened and checked; interim ones are passed over.
    pub fn take(&mut self) -> Result<Reply> {
        loop {
            self.fill(4)?;
            let length = u32::from_be_bytes(
                self.received[self.held.0..][..4]
                    .try_into()
                    .expect("four bytes"),
            ) as usize;
            self.fill(4 + length)?;
            let mut frame = (self.held.0 + 4, self.held.0 + 4 + length);
            self.held.0 = frame.1;
            let bytes = &mut self.received[frame.0..frame.1];
            if bytes.starts_with(b"\xfdSMB") {
                let (head, message) = bytes.split_at_mut(52);
                let mut nonce = [0; 16];
                nonce.copy_from_slice(&head[20..36]);
                let tag = head[4..20].try_into().expect("sixteen bytes");
                let (_, down) = self
                    .sealing
                    .as_ref()
                    .ok_or_else(|| broken("sealed without need"))?;
                down.open(&nonce, &head[20..52], message, tag)
                    .map_err(|_| broken("a wrong tag"))?;
                frame.0 += 52;
            }
            let bytes = &self.received[frame.0..frame.1];
            if !bytes.starts_with(b"\xfeSMB") {
                return Err(broken("not SMB2"));
            }
            self.credits += u64::from(u16_at(bytes, 14));
            let status = u32_at(bytes, 8);
            if status != 0x103 {
                return Ok(Reply { status, frame });
            }
        }
    }

    /// Whether a whole frame has come already.
    pub fn has_frame(&self) -> bool {
        let held = &self.received[self.held.0..self.held.1];
        held.first_chunk()
            .is_some_and(|length| held.len() >= 4 + u32::from_be_bytes(*length) as usize)
    }

    /// Drops the next reply unread but for its header; for streams of READs, where reading it would be the client's
    /// work and not the server's. A sealed one stays sealed: then a frame's length alone tells success.
    pub fn discard(&mut self, expected: usize) -> Result<()> {
        let head = if self.sealing.is_some() {
            4 + 52
        } else {
            4 + 64
        };
        loop {
            if self.held.0 == self.held.1 {
                self.held = (0, 0);
            }
            // No more than the header is read into the buffer; the kernel throws the rest away.
            while self.held.1 - self.held.0 < head {
                let room = self.held.1..self.held.0 + head;
                match self.stream.read(&mut self.received[room])? {
                    0 => return Err(ErrorKind::UnexpectedEof.into()),
                    more => self.held.1 += more,
                }
            }
            let bytes = &self.received[self.held.0..self.held.1];
            let length = u32::from_be_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
            if self.sealing.is_some() && length < 1024 {
                // An interim reply or an error: looked at like any other.
                let reply = self.take()?;
                if reply.status != 0 {
                    return Err(broken(&format!("status {:#x}", reply.status)));
                }
                return Ok(());
            }
            let (status, granted) = match self.sealing {
                Some(_) => (0, (expected / 65536).max(1) as u16),
                None => (u32_at(bytes, 12), u16_at(bytes, 18)),
            };
            let available = bytes.len().min(4 + length);
            self.held.0 += available;
            let mut left = 4 + length - available;
            while left > 0 {
                // SAFETY: MSG_TRUNC on a TCP socket drops bytes and writes nothing to the (null) buffer.
                let dropped = unsafe {
                    libc::recv(
                        self.stream.as_raw_fd(),
                        std::ptr::null_mut(),
                        left,
                        libc::MSG_TRUNC,
                    )
                };
                match dropped {
                    0 => return Err(ErrorKind::UnexpectedEof.into()),
                    count if count > 0 => left -= count as usize,
                    _ => return Err(Error::last_os_error()),
                }
            }
            self.credits += u64::from(granted);
            if status == 0x103 {
                continue;
            }
            if status != 0 || length < expected {
                return Err(broken(&format!(
                    "a reply of {length} bytes with status {status:#x}, not one of {expected}"
                )));
            }
            return Ok(());
        }
    }

    pub fn call(&mut self, command: u16, body: &[u8]) -> Result<Reply> {
        self.push(command, body, 1);
        self.flush()?;
        self.take()
    }

    /// A request that must succeed; its body.
    pub fn must(&mut self, command: u16, body: &[u8]) -> Result<&[u8]> {
        let reply = self.call(command, body)?;
        if reply.status != 0 {
            return Err(broken(&format!("command {command}: {:#x}", reply.status)));
        }
        Ok(self.body(&reply))
    }

    pub fn frame(&self, reply: &Reply) -> &[u8] {
        &self.received[reply.frame.0..reply.frame.1]
    }

    pub fn body(&self, reply: &Reply) -> &[u8] {
        self.frame(reply).get(64..).unwrap_or_default()
    }

    pub fn create(
        &mut self,
        name: &str,
        access: u32,
        disposition: u32,
        options: u32,
    ) -> Result<[u8; 16]> {
        let body = create(name, access, disposition, options);
        let reply = self.must(CREATE, &body)?;
        reply
            .get(64..80)
            .and_then(|id| id.try_into().ok())
            .ok_or_else(|| broken("a short CREATE reply"))
    }
}

pub fn create(name: &str, access: u32, disposition: u32, options: u32) -> Vec<u8> {
    let path = ntlm::utf16(name);
    let mut body = vec![57, 0, 0, 0, 2, 0, 0, 0];
    body.extend([0; 16]);
    for value in [access, 0, 7, disposition, options] {
        body.extend(value.to_le_bytes());
    }
    body.extend(120u16.to_le_bytes());
    body.extend((path.len() as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend(path);
    if name.is_empty() {
        body.push(0);
    }
    body
}

pub fn close(file: &[u8; 16]) -> Vec<u8> {
    [&[24, 0, 0, 0, 0, 0, 0, 0][..], file].concat()
}

pub fn read(file: &[u8; 16], offset: u64, length: u32) -> Vec<u8> {
    let mut body = vec![49, 0, 0x50, 0];
    body.extend(length.to_le_bytes());
    body.extend(offset.to_le_bytes());
    body.extend(file);
    body.extend([0; 17]);
    body
}

pub fn write(file: &[u8; 16], offset: u64, data: &[u8]) -> Vec<u8> {
    let mut body = vec![49, 0, 112, 0];
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(offset.to_le_bytes());
    body.extend(file);
    body.extend([0; 16]);
    body.extend(data);
    body
}

/// FileAllInformation.
pub fn query_info(file: &[u8; 16]) -> Vec<u8> {
    let mut body = vec![41, 0, 1, 18];
    body.extend(4096u32.to_le_bytes());
    body.extend([0; 16]);
    body.extend(file);
    body.push(0);
    body
}

pub fn query_directory(folder: &[u8; 16], restart: bool, length: u32) -> Vec<u8> {
    let mut body = vec![33, 0, 37, u8::from(restart), 0, 0, 0, 0];
    body.extend(folder);
    body.extend(96u16.to_le_bytes());
    body.extend(2u16.to_le_bytes());
    body.extend(length.to_le_bytes());
    body.extend(b"*\0");
    body
}
