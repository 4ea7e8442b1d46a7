//! The whole server in memory: a client logs in, then requests come in any order, with any body.
//!
//! An input is a list of records: command, mode, length (two bytes), body. The harness makes the header, so that
//! most requests reach their command. Modes: 1 next record is of the same compound; 2 related; 4 the record is a
//! whole frame; 8 on IPC$; 16 another session; 32 a message id already used; 64 time passes; 128 another connection.
//! Sixteen bytes 0xEE in a body stand for the last file id.

use crate::ntlm;
use smolsmb::crypto::{Cipher, SigningAlgorithm};
use smolsmb::engine::{
    ConnectionId, Encryption, Guest, JobResult, Now, Server, Setup, Share, User, Verdict, Walk,
};
use smolsmb::memory::{Budget, Limits};
use smolsmb::vfs::memory::Memory;
use smolsmb::wire::negotiate::Dialect;
use std::net::{IpAddr, Ipv4Addr};

const PLACEHOLDER: [u8; 16] = [0xEE; 16];

fn setup() -> Setup {
    let share = |name: &str, read_only| Share {
        name: name.into(),
        path: name.as_bytes().to_vec(),
        comment: String::new(),
        browseable: true,
        read_only,
        guest: Guest::None,
        read_users: vec![],
        write_users: vec!["alice".into()],
        encryption_required: false,
        create_mask: 0o664,
        directory_mask: 0o775,
        disk: Some(1),
hide_dot_files: true,
        veto: vec!["*.veto".into()],
        force: None,
    };
    Setup {
        name: "FUZZ".into(),
        description: "fuzzed".into(),
        workgroup: "WORKGROUP".into(),
        guid: [9; 16],
        min_dialect: Dialect::Smb202,
        max_dialect: Dialect::Smb311,
        signing_required: false,
        encryption: Encryption::Auto,
        signing_order: [
            SigningAlgorithm::AesGmac,
            SigningAlgorithm::AesCmac,
            SigningAlgorithm::HmacSha256,
        ],
        cipher_order: [
            Cipher::Aes128Gcm,
            Cipher::Aes256Gcm,
            Cipher::Aes128Ccm,
            Cipher::Aes256Ccm,
        ],
        idle_timeout: 60_000,
        started: 133_000_000_000_000_000,
        interfaces: vec![],
        users: vec![User {
            name: "alice".into(),
            nt_hash: ntlm::nt_hash("Fuzz-1"),
            who: None,
        }],
        shares: vec![share("rw", false), share("ro", true)],
    }
}

struct Harness {
    server: Server<Memory>,
    reply: Vec<u8>,
    mono: u64,
}

/// One client's side of a connection.
struct Client {
    connection: ConnectionId,
    open: bool,
    next_id: u64,
    session: u64,
    tree: u32,
    pipes: u32,
    file: [u8; 16],
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

fn header(command: u16, id: u64, session: u64, tree: u32, flags: u32, charge: u16) -> Vec<u8> {
    let mut head = vec![0xFE, b'S', b'M', b'B', 64, 0];
    head.extend(charge.to_le_bytes());
    head.extend([0; 4]);
    head.extend(command.to_le_bytes());
    head.extend(64u16.to_le_bytes());
    head.extend(flags.to_le_bytes());
    head.extend([0; 4]);
    head.extend(id.to_le_bytes());
    head.extend([0xFF, 0xFE, 0, 0]);
    head.extend(tree.to_le_bytes());
    head.extend(session.to_le_bytes());
    head.extend([0; 16]);
    head
}

impl Harness {
    fn now(&self) -> Now {
        Now {
            wall: 133_000_000_000_000_000 + self.mono * 10_000,
            mono: self.mono,
        }
    }

    fn connect(&mut self) -> Option<Client> {
        let now = self.now();
        let connection = self
            .server
            .connect(IpAddr::V4(Ipv4Addr::LOCALHOST), now)
            .ok()?;
        Some(Client {
            connection,
            open: true,
            next_id: 0,
            session: 0,
            tree: 0,
            pipes: 0,
            file: [0xFF; 16],
        })
    }

    /// Sends a frame as net would; the reply's bytes.
    fn send(&mut self, client: &mut Client, frame: &[u8]) -> Option<Vec<u8>> {
        if !client.open || frame.len() > self.server.frame_limit(client.connection) {
            return None;
        }
        let mut frame = frame.to_vec();
        let mut walk = Walk::default();
        let mut answer = None;
        for turn in 0.. {
            assert!(turn < 64, "a frame that never ends its jobs");
            let now = self.now();
            match self.server.receive(
                client.connection,
                &mut walk,
                &mut frame,
                &mut self.reply,
                now,
            ) {
                Verdict::Reply { length, tail } => {
                    assert!(length <= self.reply.len());
                    let whole = &self.reply[..length];
                    assert!(
                        whole.starts_with(b"\xfeSMB") || whole.starts_with(b"\xfdSMB"),
                        "a reply is an SMB2 message"
                    );
                    if let Some(tail) = tail {
                        assert!(self.server.file(&tail).is_some(), "a tail's file is open");
                    }
                    answer = Some(whole.to_vec());
                }
                Verdict::Silence => {}
                Verdict::Blocking(_) => {
                    walk.job = Some(JobResult::Done);
                    continue;
                }
                Verdict::Disconnect => self.end(client),
            }
            break;
        }
        self.settle(client);
        answer
    }

    /// What net does after each call: due replies, woken connections, those that must end.
    fn settle(&mut self, client: &mut Client) {
        for _ in 0..64 {
            let now = self.now();
            let Some(woken) = self.server.next_woken() else {
                break;
            };
            while self.server.pending(woken, &mut self.reply, now) > 0 {}
            if self.server.must_close(woken) && woken == client.connection {
                self.end(client);
            }
        }
    }

    fn end(&mut self, client: &mut Client) {
        if client.open {
            client.open = false;
            let now = self.now();
            self.server.disconnect(client.connection, now);
        }
    }

    fn request(
        &mut self,
        client: &mut Client,
        command: u16,
        body: &[u8],
        tree: u32,
    ) -> Option<Vec<u8>> {
        let mut frame = header(command, client.next_id, client.session, tree, 0, 1);
        client.next_id += 1;
        frame.extend(body);
        self.send(client, &frame)
    }

    fn log_in(&mut self, client: &mut Client) -> Option<()> {
        let mut body = vec![36, 0, 1, 0, 1, 0, 0, 0, 0x7F, 0, 0, 0];
        body.extend([5; 16]);
        body.extend([0; 8]);
        body.extend([0x10, 0x02]);
        self.request(client, 0, &body, 0)?;
        let setup = |token: &[u8]| {
            let mut body = vec![25, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 88, 0];
            body.extend((token.len() as u16).to_le_bytes());
            body.extend([0; 8]);
            body.extend(token);
            body
        };
        let reply = self.request(client, 1, &setup(&ntlm::negotiate()), 0)?;
        client.session = u64::from(u32_at(&reply, 40)) | u64::from(u32_at(&reply, 44)) << 32;
        let (token, _) = ntlm::authenticate(&reply, "alice", "Fuzz-1")?;
        let reply = self.request(client, 1, &setup(&token), 0)?;
        assert_eq!(u32_at(&reply, 8), 0, "an honest login");
        for share in ["rw", "IPC$"] {
            let path = ntlm::utf16(&format!("\\\\fuzz\\{share}"));
            let mut body = vec![9, 0, 0, 0, 72, 0];
            body.extend((path.len() as u16).to_le_bytes());
            body.extend(path);
            let reply = self.request(client, 3, &body, 0)?;
            assert_eq!(u32_at(&reply, 8), 0, "an honest tree connect");
            let tree = u32_at(&reply, 36);
            if share == "rw" {
                client.tree = tree
            } else {
                client.pipes = tree
            }
        }
        Some(())
    }
}

/// See the module.
pub fn engine(data: &[u8]) {
    let limits = Limits {
        memory: Some(4 << 20),
        max_io: Some(65536),
        max_connections: Some(4),
        max_open_files: Some(64),
    };
    let budget = Budget::new(64 << 20, &limits);
    let mut seed = 1u8;
    let random = move |out: &mut [u8]| {
        for byte in out {
            seed = seed.wrapping_mul(5).wrapping_add(3);
            *byte = seed;
        }
    };
    let reply = vec![0; budget.slot_size() as usize];
    let mut harness = Harness {
        server: Server::new(setup(), budget, Memory::new(), Box::new(random)),
        reply,
        mono: 1000,
    };
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..2 {
        let mut client = harness.connect().expect("room for two");
        harness
            .log_in(&mut client)
            .expect("an honest login is answered");
        clients.push(client);
    }
    let (mut rest, mut compound) = (data, Vec::new());
    let mut left = 64;
    while let [command, mode, low, high, more @ ..] = rest {
        left -= 1;
        if left == 0 {
            break;
        }
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(more.len());
        let (body, after) = more.split_at(length);
        rest = after;
        if mode & 64 != 0 {
            harness.mono += 10_000;
            let now = harness.now();
            harness.server.tick(now);
        }
        let client = &mut clients[usize::from(mode >> 7)];
        if mode & 4 != 0 {
            harness.send(client, body);
            continue;
        }
        let mut body = body.to_vec();
        while let Some(at) = body.windows(16).position(|window| window == PLACEHOLDER) {
            body[at..at + 16].copy_from_slice(&client.file);
        }
        let tree = if mode & 8 != 0 {
            client.pipes
        } else {
            client.tree
        };
        let session = if mode & 16 != 0 {
            client.session ^ 1
        } else {
            client.session
        };
        let id = if mode & 32 != 0 {
            client.next_id.saturating_sub(1)
        } else {
            client.next_id
        };
        client.next_id = client.next_id.max(id + 1);
        let flags = if mode & 2 != 0 { 4 } else { 0 };
        let start = compound.len();
        compound.extend(header(
            u16::from(*command % 20),
            id,
            session,
            tree,
            flags,
            1,
        ));
        compound.extend(body);
        if mode & 1 != 0 && rest.len() >= 4 {
            compound.resize(compound.len().next_multiple_of(8), 0);
            let next = (compound.len() - start) as u32;
            compound[start + 20..start + 24].copy_from_slice(&next.to_le_bytes());
            continue;
        }
        let frame = std::mem::take(&mut compound);
        if let Some(reply) = harness.send(client, &frame)
            && u32_at(&reply, 8) == 0
            && u32_at(&reply, 12) & 0xFFFF == 5
            && let Some(id) = reply.get(128..144)
        {
            client.file.copy_from_slice(id);
        }
    }
    for client in &mut clients {
        harness.end(client);
    }
    // Durable opens outlive their clients, but no longer than five minutes.
    harness.mono += 300_000;
    let now = harness.now();
    harness.server.tick(now);
    for (name, used, _) in harness.server.usage() {
        assert_eq!(used, 0, "{name} left behind");
    }
}
