//! After start, the paths every transfer takes allocate nothing: a counting global allocator proves it.
//!
//! The allocator counts what the test's own thread asks for while it is told to; a request is run once to warm
//! what is sized at first use, then again under the count.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn note() {
    // The thread may be at its end, without its locals: then nobody counts.
    let counting = COUNTING.try_with(Cell::get).unwrap_or(false);
    if counting {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    }
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises about `pointer` and `layout` are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: the caller's promises about `pointer`, `layout` and `size` are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` asked for memory.
fn allocations(work: impl FnOnce()) -> usize {
    COUNT.set(0);
    COUNTING.set(true);
    work();
    COUNTING.set(false);
    COUNT.get()
}

#[test]
fn the_counter_counts() {
    assert_eq!(
        allocations(|| drop(std::hint::black_box(Box::new([0u8; 100])))),
        1
    );
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1u8; 10]))), 1);
    assert_eq!(allocations(|| assert!(std::hint::black_box(1) + 1 == 2)), 0);
}

#[test]
fn signing_and_sealing_allocate_nothing() {
    use smolsmb::crypto::{Cipher, SealingKey, SigningAlgorithm, SigningKey, SigningNonce};
    let mut data = [7u8; 4096];
    for algorithm in [
        SigningAlgorithm::HmacSha256,
        SigningAlgorithm::AesCmac,
        SigningAlgorithm::AesGmac,
    ] {
        let key = SigningKey::new(algorithm, &[1; 16]);
        let count = allocations(|| {
            std::hint::black_box(key.sign(
                &data,
                SigningNonce {
                    message_id: 5,
                    server: true,
                    cancel: false,
                },
            ));
        });
        assert_eq!(count, 0, "{algorithm:?}");
    }
    for (cipher, length) in [
        (Cipher::Aes128Ccm, 16),
        (Cipher::Aes128Gcm, 16),
        (Cipher::Aes256Ccm, 32),
        (Cipher::Aes256Gcm, 32),
    ] {
        let key = SealingKey::new(cipher, &[2; 32][..length]).expect("the cipher's own key length");
        let count = allocations(|| {
            std::hint::black_box(key.seal(&[3; 16], &[4; 32], &mut data));
        });
        assert_eq!(count, 0, "{cipher:?}");
    }
}

/// A client that speaks SMB 2.1 as nobody (the share is for guests) to a server on a real folder.
mod client {
    use smolsmb::crypto::{Cipher, SigningAlgorithm};
    use smolsmb::engine::{
        ConnectionId, Encryption, Guest, JobResult, Now, Server, Setup, Share, Verdict, Walk,
    };
    use smolsmb::memory::{Budget, Limits};
    use smolsmb::vfs::local::{self, Local};
    use smolsmb::wire::negotiate::Dialect;

    pub const NOW: Now = Now {
        wall: 133_000_000_000_000_000,
        mono: 1_000,
    };

    fn setup(folder: &str) -> Setup {
        Setup {
            name: "COUNT".into(),
            description: String::new(),
            workgroup: "WORKGROUP".into(),
            guid: [1; 16],
            min_dialect: Dialect::Smb202,
            max_dialect: Dialect::Smb210,
            signing_required: false,
            encryption: Encryption::Off,
            signing_order: SigningAlgorithm::ALL,
            cipher_order: Cipher::ALL,
            idle_timeout: 0,
            started: 0,
            interfaces: vec![],
            users: vec![],
            shares: vec![Share {
                name: "disk".into(),
                path: folder.as_bytes().to_vec(),
                comment: String::new(),
                browseable: true,
                read_only: false,
                guest: Guest::Write,
                read_users: vec![],
                write_users: vec![],
                encryption_required: false,
                create_mask: 0o664,
                directory_mask: 0o775,
                disk: Some(1),
                hide_dot_files: true,
                veto: vec!["*.veto".into()],
                force: None,
            }],
        }
    }

    pub struct Client {
        server: Server<Local>,
        connection: ConnectionId,
        id: u64,
        session: u64,
        tree: u32,
        pub reply: Vec<u8>,
    }

    impl Client {
        pub fn new(folder: &str) -> Client {
            Client::on(64 << 20, folder)
        }

        /// The same on a machine with `ram` bytes.
        pub fn on(ram: u64, folder: &str) -> Client {
            let budget = Budget::new(ram, &Limits::default());
            let disk = Local::new(local::Limits::default());
            let mut server =
                Server::new(setup(folder), budget, disk, Box::new(|bytes| bytes.fill(7)));
            let connection = server.connect([127, 0, 0, 1].into(), NOW).unwrap();
            let reply = vec![0; budget.slot_size() as usize];
            let mut client = Client {
                server,
                connection,
                id: 0,
                session: 0,
                tree: 0,
                reply,
            };
            let mut negotiate = vec![36, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0];
            negotiate.resize(36, 0);
            negotiate.extend([0x10, 0x02]);
            client.ask(0, &negotiate, 0);
            // Bare NTLMSSP: a NEGOTIATE, then an AUTHENTICATE without name and response.
            let mut hello = b"NTLMSSP\0\x01\0\0\0\x05\x02\x08\x20".to_vec();
            hello.resize(32, 0);
            client.ask(1, &login(&hello), 0xC000_0016);
            let mut nobody = b"NTLMSSP\0\x03\0\0\0".to_vec();
            for length in [1u16, 0, 0, 0, 0, 0] {
                nobody.extend(length.to_le_bytes());
                nobody.extend(length.to_le_bytes());
                nobody.extend(64u32.to_le_bytes());
            }
            nobody.extend([0x05, 0x0A, 0x08, 0x20, 0]);
            nobody.resize(65, 0);
            client.ask(1, &login(&nobody), 0);
            let path: Vec<u8> = r"\\count\disk"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            let mut connect = vec![9, 0, 0, 0, 72, 0, path.len() as u8, 0];
            connect.extend(path);
            client.ask(3, &connect, 0);
            client.tree = u32::from_le_bytes(client.reply[36..40].try_into().unwrap());
            client
        }

        /// A request, ready to be sent; made outside of what is counted.
        pub fn request(&mut self, command: u16, body: &[u8]) -> Vec<u8> {
            let mut frame = vec![0xFE, b'S', b'M', b'B', 64, 0, 1, 0, 0, 0, 0, 0];
            frame.extend(command.to_le_bytes());
            frame.extend([16, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            frame.extend(self.id.to_le_bytes());
            frame.extend([0; 4]);
            frame.extend(self.tree.to_le_bytes());
            frame.extend(self.session.to_le_bytes());
            frame.extend([0; 16]);
            frame.extend(body);
            self.id += 1;
            frame
        }

        /// Sends a frame as the net room does; the status of its reply.
        pub fn send(&mut self, frame: &mut [u8]) -> u32 {
            let mut walk = Walk::default();
            loop {
                match self
                    .server
                    .receive(self.connection, &mut walk, frame, &mut self.reply, NOW)
                {
                    Verdict::Blocking(_) => walk.job = Some(JobResult::Done),
                    Verdict::Reply { .. } => {
                        return u32::from_le_bytes(self.reply[8..12].try_into().unwrap());
                    }
                    other => panic!("{other:?}"),
                }
            }
        }

        pub fn ask(&mut self, command: u16, body: &[u8], expected: u32) {
            let mut frame = self.request(command, body);
            let status = self.send(&mut frame);
            assert_eq!(status, expected, "command {command}: {status:#x}");
            if command == 1 {
                self.session = u64::from_le_bytes(self.reply[40..48].try_into().unwrap());
            }
        }

        /// Opens by name with a lease of its own on reads and the handle; the FileId.
        pub fn lease(&mut self, name: &str, key: u32) -> [u8; 16] {
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let mut body = vec![57, 0, 0, 0xFF, 2, 0, 0, 0];
            body.resize(24, 0);
            body.extend(0x0012_0089u32.to_le_bytes());
            body.extend([0; 4]);
            body.extend([
                7,
                0,
                0,
                0,
                1,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                120,
                0,
                name.len() as u8,
                0,
            ]);
            let at = (120 + name.len()).next_multiple_of(8);
            body.extend((at as u32).to_le_bytes());
            body.extend(56u32.to_le_bytes());
            body.extend(name);
            body.resize(at - 64, 0);
            body.extend([0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 24, 0, 32, 0, 0, 0]);
            body.extend(b"RqLs\0\0\0\0");
            body.extend([0; 12]);
            body.extend(key.to_le_bytes());
            body.extend(3u32.to_le_bytes());
            body.extend([0; 12]);
            self.ask(5, &body, 0);
            assert_eq!(self.reply[66], 0xFF, "leased");
            self.reply[128..144].try_into().unwrap()
        }

        /// How many bytes the server says without being asked.
        pub fn told(&mut self) -> usize {
            self.server.pending(self.connection, &mut self.reply, NOW)
        }

        /// How full a table is.
        pub fn used(&self, table: &str) -> usize {
            let usage = self.server.usage();
            usage.iter().find(|(name, ..)| *name == table).unwrap().1
        }

        /// Opens by name; the FileId.
        pub fn open(&mut self, name: &str, disposition: u8, directory: bool) -> [u8; 16] {
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let mut body = vec![57, 0, 0, 0, 2, 0, 0, 0];
            body.resize(24, 0);
            body.extend(
                if directory {
                    0x0012_0089u32
                } else {
                    0x0013_019F
                }
                .to_le_bytes(),
            );
            body.extend([0; 4]);
            body.extend([
                7,
                0,
                0,
                0,
                disposition,
                0,
                0,
                0,
                u8::from(directory),
                0,
                0,
                0,
            ]);
            body.extend([120, 0, name.len() as u8, 0]);
            body.resize(56, 0);
            body.extend(name);
            body.push(0);
            self.ask(5, &body, 0);
            self.reply[128..144].try_into().unwrap()
        }
    }

    fn login(token: &[u8]) -> Vec<u8> {
        let mut body = vec![25, 0, 0, 1];
        body.resize(12, 0);
        body.extend([88, 0, token.len() as u8, 0]);
        body.resize(24, 0);
        body.extend(token);
        body
    }
}

/// READ, WRITE, ECHO, QUERY_DIRECTORY, CLOSE as [MS-SMB2] 2.2.19, 2.2.21, 2.2.28, 2.2.33 and 2.2.15 have them.
fn bodies(file: [u8; 16], folder: [u8; 16]) -> [(u16, Vec<u8>, u32); 7] {
    let with = |head: &[u8], id: [u8; 16], rest: &[u8]| [head, &id, rest].concat();
    let read = |length: u32| {
        let mut head = vec![49, 0, 80, 0];
        head.extend(length.to_le_bytes());
        head.extend([0; 8]);
        with(&head, file, &[0; 17])
    };
    let mut write = vec![49, 0, 112, 0, 0, 16, 0, 0];
    write.resize(16, 0);
    let write = with(&write, file, &[0; 16 + 4096]);
    let list = |flags: u8| {
        let listing = with(
            &[33, 0, 37, flags, 0, 0, 0, 0],
            folder,
            &[96, 0, 2, 0, 0, 0x80, 0, 0],
        );
        [listing.as_slice(), b"*\0"].concat()
    };
    [
        (13, vec![4, 0, 0, 0], 0),
        (9, write, 0),
        (8, read(4096), 0),
        (8, read(65_536), 0),
        (14, list(1), 0),
        (14, list(0), 0x8000_0006),
        (6, with(&[24, 0, 1, 0, 0, 0, 0, 0], file, &[]), 0),
    ]
}

#[test]
fn transfers_listings_and_closes_allocate_nothing() {
    let folder = std::env::temp_dir().join(format!("smolsmb-allocation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..200 {
        std::fs::write(folder.join(format!("file {number}")), b"x").unwrap();
    }
    std::fs::write(folder.join("data"), vec![7; 1 << 20]).unwrap();
    let mut client = client::Client::new(folder.to_str().unwrap());
    let directory = client.open("", 1, true);
    for round in 0..3 {
        let file = client.open("data", 1, false);
        for (command, body, expected) in bodies(file, directory) {
            let mut frame = client.request(command, &body);
            let mut status = 0;
            let count = allocations(|| status = client.send(&mut frame));
            assert_eq!(status, expected, "command {command}: {status:#x}");
            assert_eq!(count, 0, "command {command}, round {round}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn nor_do_they_beside_a_thousand_leases_and_two_hundred_watches() {
    let folder = std::env::temp_dir().join(format!("smolsmb-many-{}", std::process::id()));
    for number in 0..200 {
        std::fs::create_dir_all(folder.join(format!("d{number}"))).unwrap();
    }
    for number in 0..1_000 {
        std::fs::write(folder.join(format!("f{number}")), b"x").unwrap();
    }
    std::fs::write(folder.join("data"), vec![7; 1 << 20]).unwrap();
    let mut client = client::Client::on(512 << 20, folder.to_str().unwrap());
    for number in 0..1_000 {
        client.lease(&format!("f{number}"), number);
    }
    let notify = |id: [u8; 16]| {
        let head = [32, 0, 0, 0, 0, 16, 0, 0];
        [&head[..], &id, &[0xFF, 0x0F, 0, 0, 0, 0, 0, 0]].concat()
    };
    for number in 0..199 {
        let id = client.open(&format!("d{number}"), 1, true);
        client.ask(15, &notify(id), 0x103);
    }
    let used = ["oplocks", "watches"].map(|table| client.used(table));
    assert_eq!(used, [1_000, 199]);
    let directory = client.open("", 1, true);
    for round in 0..3 {
        // Whoever closes what was written completes this.
        client.ask(15, &notify(directory), 0x103);
        let file = client.open("data", 1, false);
        for (command, body, expected) in bodies(file, directory) {
            let mut frame = client.request(command, &body);
            let mut status = 0;
            let count = allocations(|| status = client.send(&mut frame));
            // The listing takes more than two replies.
            assert!(
                status == expected || command == 14,
                "command {command}: {status:#x}"
            );
            assert_eq!(count, 0, "command {command}, round {round}");
        }
        assert!(client.told() > 0);
    }
    std::fs::remove_dir_all(folder).unwrap();
}
