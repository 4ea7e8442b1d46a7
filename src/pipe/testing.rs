//! A client of the pipes for tests: its encoder shares nothing with the one that is tested.

use super::{Caller, Endpoint, Facts, Pipe, ShareFact, ShareKind, UserFact, offline, server_type};
use crate::wire::security::Sid;

/// A stub or PDU in the making.
#[derive(Clone, Default)]
pub(crate) struct Bytes(pub Vec<u8>);

impl Bytes {
    pub fn pad(mut self, n: usize) -> Self {
        while !self.0.len().is_multiple_of(n) {
            self.0.push(0);
        }
        self
    }
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
    pub fn short(self, n: u16) -> Self {
        self.pad(2).raw(&n.to_le_bytes())
    }
    pub fn long(self, n: u32) -> Self {
        self.pad(4).raw(&n.to_le_bytes())
    }
    pub fn longs(self, all: &[u32]) -> Self {
        all.iter().fold(self, |bytes, n| bytes.long(*n))
    }
    /// `[string] wchar_t *` without its pointer.
    pub fn string(self, text: &str) -> Self {
        let units: Vec<u8> = text
            .encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect();
        let n = (units.len() / 2) as u32;
        self.longs(&[n, 0, n]).raw(&units)
    }
    /// `[unique, string] wchar_t *`.
    pub fn pointed(self, text: &str) -> Self {
        self.long(0xaaaa_0001).string(text)
    }
}

pub(crate) fn stub() -> Bytes {
    Bytes::default()
}

/// A PDU with this body; the fragment length is filled in.
pub(crate) fn pdu(ptype: u8, flags: u8, call: u32, body: &[u8]) -> Vec<u8> {
    let length = (16 + body.len()) as u16;
    let mut all = vec![5, 0, ptype, flags, 0x10, 0, 0, 0];
    all.extend(length.to_le_bytes());
    all.extend([0, 0]);
    all.extend(call.to_le_bytes());
    all.extend(body);
    all
}

pub(crate) const NDR32: [u8; 20] = [
    0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
    2, 0, 0, 0,
];
pub(crate) const NDR64: [u8; 20] = [
    0x33, 0x05, 0x71, 0x71, 0xba, 0xbe, 0x37, 0x49, 0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36,
    1, 0, 0, 0,
];

/// A bind's body that offers each pair of interface and transfer syntax under its own id.
pub(crate) fn bind_body(max_recv: u16, offers: &[([u8; 20], [u8; 20])]) -> Vec<u8> {
    let mut body = stub()
        .short(4280)
        .short(max_recv)
        .long(0)
        .raw(&[offers.len() as u8, 0, 0, 0]);
    for (id, (interface, transfer)) in offers.iter().enumerate() {
        body = body
            .short(id as u16)
            .raw(&[1, 0])
            .raw(interface)
            .raw(transfer);
    }
    body.0
}

pub(crate) fn interface(endpoint: Endpoint) -> [u8; 20] {
    let text = match endpoint {
        Endpoint::Srvsvc => "c84f324b7016d30112785a47bf6ee18803000000",
        Endpoint::Wkssvc => "98d0ff6b12a11036983346c3f87e345a01000000",
        Endpoint::Lsarpc => "785734123412cdabef000123456789ab00000000",
        Endpoint::Samr => "785734123412cdabef000123456789ac01000000",
    };
    let mut bytes = [0; 20];
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap();
    }
    bytes
}

pub(crate) const SHARES: [ShareFact<'static>; 4] = [
    share(
        "Öffentlich",
        "für alle 😀",
        "/mnt/disk",
        ShareKind::Disk,
        true,
        true,
    ),
    share("hidden", "", "/mnt/hidden", ShareKind::Disk, false, true),
    share("secret", "", "/mnt/secret", ShareKind::Disk, true, false),
    share("IPC$", "IPC Service", "", ShareKind::Ipc, true, true),
];

const fn share(
    name: &'static str,
    comment: &'static str,
    path: &'static str,
    kind: ShareKind,
    browseable: bool,
    visible: bool,
) -> ShareFact<'static> {
    let (current_uses, max_uses, flags) = (1, u32::MAX, offline::NONE);
    ShareFact {
        name,
        comment,
        path,
        kind,
        browseable,
        visible,
        current_uses,
        max_uses,
        flags,
    }
}

pub(crate) fn some_share(n: usize) -> Option<ShareFact<'static>> {
    SHARES.get(n).copied()
}

/// 1,000 shares: more than fit into an answer.
pub(crate) fn many_shares(n: usize) -> Option<ShareFact<'static>> {
    (n < 1000).then_some(SHARES[0])
}

pub(crate) fn some_user(n: usize) -> Option<UserFact<'static>> {
    [
        UserFact {
            name: "anna",
            rid: 1000,
        },
        UserFact {
            name: "Björn",
            rid: 1001,
        },
    ]
    .get(n)
    .copied()
}

pub(crate) fn facts() -> Facts<'static> {
    Facts {
        server: "ROUTER",
        comment: "Test router",
        workgroup: "WORKGROUP",
        version_major: 6,
        version_minor: 1,
        server_type: server_type::DEFAULT,
        max_users: 64,
        current_users: 2,
        now: (1_772_323_200 + 11_644_473_600) * 10_000_000,
        uptime_ms: 5,
        minutes_west: -60,
        caller: Caller::User("anna"),
        shares: &some_share,
        users: &some_user,
        machine_sid: Sid::new([0, 0, 0, 0, 0, 5], &[21, 1, 2, 3]).unwrap(),
    }
}

/// A bound pipe.
pub(crate) struct Client {
    pub pipe: Box<Pipe>,
    call: u32,
}

impl Client {
    pub fn bound(endpoint: Endpoint, max_recv: u16) -> Client {
        let mut pipe = Box::new(Pipe::new(endpoint));
        let body = bind_body(max_recv, &[(interface(endpoint), NDR32)]);
        pipe.write(&pdu(11, 3, 1, &body), &facts()).unwrap();
        let mut client = Client { pipe, call: 1 };
        assert_eq!(client.message()[2], 12);
        client
    }

    /// The next message.
    pub fn message(&mut self) -> Vec<u8> {
        let mut room = vec![0; 5000];
        let outcome = self.pipe.read(&mut room);
        assert!(!outcome.more);
        room.truncate(outcome.bytes);
        room
    }

    pub fn request(&mut self, operation: u16, stub: &[u8]) -> Vec<u8> {
        self.call += 1;
        let body = Bytes::default()
            .long(stub.len() as u32)
            .short(0)
            .short(operation)
            .raw(stub);
        pdu(0, 3, self.call, &body.0)
    }

    /// One call: the whole stub of the answer, or the fault's status.
    pub fn call(
        &mut self,
        operation: u16,
        stub: &Bytes,
        facts: &Facts<'_>,
    ) -> Result<Vec<u8>, u32> {
        let request = self.request(operation, &stub.0);
        self.pipe.write(&request, facts).unwrap();
        let mut answer = Vec::new();
        loop {
            let message = self.message();
            assert_eq!(message[12..16], self.call.to_le_bytes());
            match message[2] {
                2 => answer.extend(&message[24..]),
                3 => return Err(u32::from_le_bytes(message[24..28].try_into().unwrap())),
                other => panic!("PDU type {other}"),
            }
            if message[3] & 2 != 0 {
                assert_eq!(self.pipe.available(), 0);
                return Ok(answer);
            }
        }
    }
}

/// 1,000 users.
pub(crate) fn many_users(n: usize) -> Option<UserFact<'static>> {
    let rid = u32::try_from(n).ok()?.checked_add(1000)?;
    (n < 1000).then_some(UserFact {
        name: "somebody with a name",
        rid,
    })
}
