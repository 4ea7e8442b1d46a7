//! Valid inputs to begin with.

use crate::ntlm;

const FILE: [u8; 16] = [0xEE; 16];

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn create(name: &str, access: u32, disposition: u32, options: u32, contexts: &[u8]) -> Vec<u8> {
    let path = ntlm::utf16(name);
    let mut body = vec![57, 0, 0, 0, 2, 0, 0, 0];
    body.extend([0; 16]);
    for value in [access, 0, 7, disposition, options] {
        body.extend(value.to_le_bytes());
    }
    body.extend(120u16.to_le_bytes());
    body.extend((path.len() as u16).to_le_bytes());
    let at = (120 + path.len()).next_multiple_of(8);
    body.extend((if contexts.is_empty() { 0 } else { at as u32 }).to_le_bytes());
    body.extend((contexts.len() as u32).to_le_bytes());
    body.extend(path);
    if !contexts.is_empty() {
        body.resize(at - 64, 0);
        body.extend(contexts);
    }
    body
}

fn context(name: &[u8; 4], data: &[u8], last: bool) -> Vec<u8> {
    let length = (24 + data.len()).next_multiple_of(8);
    let mut out = Vec::new();
    out.extend((if last { 0 } else { length as u32 }).to_le_bytes());
    out.extend([16, 0, 4, 0, 0, 0, if data.is_empty() { 0 } else { 24 }, 0]);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(name);
    out.extend([0; 4]);
    out.extend(data);
    out.resize(length, 0);
    out
}

fn all_contexts() -> Vec<u8> {
    joined(&[
        &context(b"MxAc", &[], false),
        &context(b"QFid", &[], false),
        &context(b"AlSi", &[0, 16, 0, 0, 0, 0, 0, 0], false),
        &context(b"ExtA", &extended(), false),
        &context(b"RqLs", &[7; 52], false),
        &context(b"DH2Q", &[3; 32], true),
    ])
}

fn extended() -> Vec<u8> {
    joined(&[
        &[16, 0, 0, 0, 0, 1, 3, 0],
        b"a\0one\0\0\0",
        &[0, 0, 0, 0, 0, 1, 3, 0],
        b"b\0two",
    ])
}

fn descriptor() -> Vec<u8> {
    let sid = [1u8, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let mut out = vec![
        1, 0, 4, 0x80, 20, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0,
    ];
    out.extend(sid);
    out.extend(sid);
    out.extend([2, 0, 28, 0, 1, 0, 0, 0, 0, 3, 20, 0, 0xFF, 1, 0x1F, 0]);
    out.extend(sid);
    out
}

fn info(kind: u8, class: u8, data: &[u8]) -> Vec<u8> {
    let mut body = vec![33, 0, kind, class];
    body.extend((data.len() as u32).to_le_bytes());
    body.extend([96, 0, 0, 0, if kind == 3 { 4 } else { 0 }, 0, 0, 0]);
    body.extend(FILE);
    body.extend(data);
    body
}

fn query(kind: u8, class: u8) -> Vec<u8> {
    joined(&[
        &[
            41, 0, kind, class, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
        ],
        &FILE,
    ])
}

fn ioctl(code: u32, data: &[u8]) -> Vec<u8> {
    let mut body = vec![57, 0, 0, 0];
    body.extend(code.to_le_bytes());
    body.extend(FILE);
    body.extend(120u32.to_le_bytes());
    body.extend((data.len() as u32).to_le_bytes());
    body.extend([0; 12]);
    body.extend(4096u32.to_le_bytes());
    body.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(data);
    body
}

fn directory(class: u8, flags: u8) -> Vec<u8> {
    joined(&[
        &[33, 0, class, flags, 0, 0, 0, 0],
        &FILE,
        &[96, 0, 2, 0, 0, 0x10, 0, 0],
        b"*\0",
    ])
}

fn read(offset: u64, length: u32) -> Vec<u8> {
    joined(&[
        &[49, 0, 0x50, 0],
        &length.to_le_bytes(),
        &offset.to_le_bytes(),
        &FILE,
        &[0; 17],
    ])
}

fn write(offset: u64, data: &[u8]) -> Vec<u8> {
    joined(&[
        &[49, 0, 112, 0],
        &(data.len() as u32).to_le_bytes(),
        &offset.to_le_bytes(),
        &FILE,
        &[0; 16],
        data,
    ])
}

fn lock(flags: u32) -> Vec<u8> {
    joined(&[
        &[48, 0, 1, 0, 0, 0, 0, 0],
        &FILE,
        &5u64.to_le_bytes(),
        &10u64.to_le_bytes(),
        &flags.to_le_bytes(),
        &[0; 4],
    ])
}

fn close() -> Vec<u8> {
    joined(&[&[24, 0, 1, 0, 0, 0, 0, 0], &FILE])
}

fn rename(class: u8, to: &str) -> Vec<u8> {
    let name = ntlm::utf16(to);
    let mut data = vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    data.extend((name.len() as u32).to_le_bytes());
    data.extend(name);
    info(1, class, &data)
}

/// Requests by command.
fn requests() -> Vec<(u8, Vec<u8>)> {
    let all = 0x001F_01FF;
    let mut list = vec![
        (5, create("folder", 0x0012_0089, 3, 1, &[])),
        (5, create("folder\\file", all, 3, 0, &all_contexts())),
        (9, write(0, b"some bytes to begin with")),
        (8, read(0, 100)),
        (8, read(5, 65536)),
        (7, joined(&[&[24, 0, 0, 0, 0, 0, 0, 0], &FILE])),
        (10, lock(0x12)),
        (10, lock(4)),
        (10, lock(2)),
        (13, vec![4, 0, 0, 0]),
        (17, info(1, 4, &[0; 40])),
        (17, info(1, 15, &extended())),
        (17, info(1, 20, &[100, 0, 0, 0, 0, 0, 0, 0])),
        (17, info(1, 19, &[10, 0, 0, 0, 0, 0, 0, 0])),
        (17, info(1, 13, &[1])),
        (17, info(1, 64, &[3, 0, 0, 0])),
        (17, info(3, 0, &descriptor())),
        (17, rename(10, "folder\\other")),
        (17, rename(11, "folder\\link")),
        (11, ioctl(0x0014_0078, &[])),
        (11, ioctl(0x0009_00C4, &[1])),
        (11, ioctl(0x0009_80C8, &[0; 16])),
        (
            11,
            ioctl(
                0x0009_40CF,
                &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
            ),
        ),
        (
            11,
            ioctl(
                0x0014_0204,
                &[
                    0x7F, 0, 0, 0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1, 0, 1, 0,
                    0x10, 2,
                ],
            ),
        ),
        (11, ioctl(0x0014_01FC, &[])),
        (11, ioctl(0x0014_40F2, &[1; 56])),
        (14, directory(37, 1)),
        (14, directory(3, 2)),
        (
            15,
            joined(&[
                &[32, 0, 0, 0, 0, 0x10, 0, 0],
                &FILE,
                &[0xFF, 1, 0, 0, 0, 0, 0, 0],
            ]),
        ),
        (12, vec![4, 0, 0, 0]),
        (5, create("folder\\file:stream", all, 3, 0, &[])),
        (6, close()),
        (5, create("folder\\file", 0x0001_0081, 1, 0x1000, &[])),
        (6, close()),
        (4, vec![4, 0, 0, 0]),
        (2, vec![4, 0, 0, 0]),
    ];
    for class in [4, 5, 6, 7, 14, 15, 16, 18, 21, 22, 34, 35, 48, 59] {
        list.insert(9, (16, query(1, class)));
    }
    for class in [1, 3, 4, 5, 7, 8, 11] {
        list.insert(9, (16, query(2, class)));
    }
    list.insert(9, (16, query(3, 0)));
    list
}

/// Whole messages with a header, one each.
pub fn messages() -> Vec<Vec<u8>> {
    let head = |command: u8| {
        let mut head = vec![0xFE, b'S', b'M', b'B', 64, 0, 1, 0, 0, 0, 0, 0, command, 0];
        head.resize(64, 0);
        head
    };
    let mut found: Vec<Vec<u8>> = requests()
        .iter()
        .map(|(command, body)| joined(&[&head(*command), body]))
        .collect();
    let mut negotiate = head(0);
    negotiate.extend([36, 0, 2, 0, 1, 0, 0, 0, 0x7F, 0, 0, 0]);
    negotiate.extend([5; 16]);
    negotiate.extend([0x68, 0, 0, 0, 2, 0, 0, 0, 0x10, 2, 0x11, 3]);
    negotiate.extend([1, 0, 38, 0, 0, 0, 0, 0, 1, 0, 32, 0, 1, 0]);
    negotiate.extend([9; 32]);
    negotiate.extend([0, 0, 8, 0, 4, 0, 0, 0, 0, 0, 1, 0, 1, 0]);
    found.push(negotiate);
    let token = ntlm::negotiate();
    found.push(joined(&[
        &head(1),
        &[
            25,
            0,
            0,
            1,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            88,
            0,
            token.len() as u8,
            0,
        ],
        &[0; 8],
        &token,
    ]));
    found.push(joined(&[
        &head(3),
        &[9, 0, 0, 0, 72, 0, 18, 0],
        &ntlm::utf16("\\\\fuzz\\rw"),
    ]));
    found.push(joined(&[
        b"\xffSMB\x72",
        &[0; 27],
        &[0, 34, 0],
        b"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0",
    ]));
    found.push(joined(&[
        b"\xfdSMB",
        &[1; 32],
        &[64, 0, 0, 0, 0, 0, 1, 0],
        &[0; 8],
        &[2; 64],
    ]));
    found
}

/// First and second tokens, bare and wrapped.
pub fn tokens() -> Vec<Vec<u8>> {
    let first = ntlm::negotiate();
    let mut challenge = b"NTLMSSP\0\x02\0\0\0".to_vec();
    challenge.extend([
        8, 0, 8, 0, 56, 0, 0, 0, 0x15, 0x82, 0x8A, 0x62, 1, 1, 1, 1, 1, 1, 1, 1,
    ]);
    challenge.extend([0; 8]);
    challenge.extend([12, 0, 12, 0, 64, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0, 15]);
    challenge.extend(ntlm::utf16("FUZZ"));
    challenge.extend([2, 0, 4, 0, b'F', 0, b'U', 0, 0, 0, 0, 0]);
    let second = ntlm::authenticate(&challenge, "alice", "Fuzz-1")
        .map(|(token, _)| token)
        .unwrap_or_default();
    let wrap = |inner: &[u8], tags: &[u8]| {
        let mut out = inner.to_vec();
        for tag in tags.iter().rev() {
            let length = out.len();
            let mut head = vec![*tag];
            match length {
                0..=127 => head.push(length as u8),
                128..=255 => head.extend([0x81, length as u8]),
                _ => head.extend([0x82, (length >> 8) as u8, length as u8]),
            }
            head.extend(out);
            out = head;
        }
        out
    };
    let mechanisms = wrap(
        &[0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10],
        &[0xA0, 0x30, 0x06],
    );
    let init = wrap(
        &joined(&[&mechanisms, &wrap(&first, &[0xA2, 0x04])]),
        &[0xA0, 0x30],
    );
    let init = wrap(&joined(&[&[6, 6, 0x2B, 6, 1, 5, 5, 2], &init]), &[0x60]);
    let response = wrap(&wrap(&second, &[0xA2, 0x04]), &[0xA1, 0x30]);
    vec![first, second, init, response]
}

pub fn descriptors() -> Vec<Vec<u8>> {
    vec![
        descriptor(),
        descriptor()[20..32].to_vec(),
        descriptor()[44..].to_vec(),
        extended(),
        all_contexts(),
    ]
}

pub fn names() -> Vec<Vec<u8>> {
    [
        "a\\b\\c.txt",
        "..\\..\\etc",
        "file:stream:$DATA",
        "ünïcode 🧀",
        "*.t?t",
        "CON",
        "a<b>c\"d",
        "\u{f022}\u{f03a}",
        " trailing. ",
    ]
    .map(ntlm::utf16)
    .into_iter()
    .chain([b"*.txtfile.txt".to_vec(), b"a>b<c\"abc".to_vec()])
    .collect()
}

pub fn config() -> Vec<Vec<u8>> {
    let text = "config server 'server'\n\toption name 'FUZZ'\n\toption memory '16'\n\tlist network 'lan'\n\n\
                config user\n\toption name 'alice'\n\toption nt_hash '0123456789abcdef0123456789abcdef'\n\n\
                config share\n\toption name 'di'\\''sk'\n\toption path \"/mnt/sd a\"\n\toption guest write\n\tlist write_user '*'\n\
                \tlist veto '.DS_Store' # comment\n\toption comment 'two\nlines'\n";
    vec![
        text.as_bytes().to_vec(),
        b"package smolsmb\nconfig share\n".to_vec(),
    ]
}

fn record(command: u8, mode: u8, body: &[u8]) -> Vec<u8> {
    joined(&[&[command, mode], &(body.len() as u16).to_le_bytes(), body])
}

/// Records for the engine.
pub fn conversations() -> Vec<Vec<u8>> {
    let all = requests();
    let whole: Vec<u8> = all
        .iter()
        .flat_map(|(command, body)| record(*command, 0, body))
        .collect();
    let open = record(5, 0, &create("file", 0x001F_01FF, 3, 0, &[]));
    let mut found = vec![whole];
    found.extend(all.iter().map(|(command, body)| {
        joined(&[&open, &record(*command, 0, body), &record(6, 0, &close())])
    }));
    let compound = joined(&[
        &record(5, 1, &create("file", 0x001F_01FF, 3, 0, &[])),
        &record(9, 3, &write(0, b"compound")),
        &record(16, 3, &query(1, 18)),
        &record(6, 2, &close()),
    ]);
    found.push(compound);
    for pipe in ["srvsvc", "wkssvc", "lsarpc", "samr"] {
        let bind: Vec<u8> = joined(&[
            &[
                5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0, 0xB8, 0x10, 0xB8, 0x10, 0, 0,
                0, 0, 1, 0, 0, 0, 0, 0, 1, 0,
            ],
            &[
                0xC8, 0x4F, 0x32, 0x4B, 0x70, 0x16, 0xD3, 1, 0x12, 0x78, 0x5A, 0x47, 0xBF, 0x6E,
                0xE1, 0x88, 3, 0, 0, 0,
            ],
            &[
                4, 0x5D, 0x88, 0x8A, 0xEB, 0x1C, 0xC9, 0x11, 0x9F, 0xE8, 8, 0, 0x2B, 0x10, 0x48,
                0x60, 2, 0, 0, 0,
            ],
        ]);
        let call: Vec<u8> = joined(&[
            &[
                5, 0, 0, 3, 0x10, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 40, 0, 0, 0, 0, 0, 15, 0,
            ],
            &[
                0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF,
                0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
        ]);
        found.push(joined(&[
            &record(5, 8, &create(pipe, 0x0012_019F, 1, 0, &[])),
            &record(11, 8, &ioctl(0x0011_C017, &bind)),
            &record(9, 8, &write(0, &call)),
            &record(8, 8, &read(0, 4096)),
            &record(6, 8, &close()),
        ]));
    }
    found
}
