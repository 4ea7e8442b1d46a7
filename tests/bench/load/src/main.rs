//! Loads an SMB server with one kind of work and says what was done. usage:
//!   load WORK KEY=VALUE…
//! works: read write random cycle list hold mixed names opens fill
//! keys: address share user password sign(hmac|cmac|gmac) seal(gcm128|gcm256|ccm128|ccm256)
//!       file size depth total(bytes) ops connections check(bytes of read data compared, 0 or 1)
//!       time(ms at most) files(how many there are) flat(all in one folder, 0 or 1) held(open meanwhile) data from
//! Prints "ready" when connected, begins at a line on standard input, prints a line of JSON when done ("cpu" is this
//! process's CPU time meanwhile), and keeps its connections until the next line: whoever measures the server reads
//! its figures at those points.

mod client;
mod growth;
mod mixed;
mod ntlm;

use client::{CLOSE, CREATE, Client, QUERY_DIRECTORY, READ, SET_INFO, Target, WRITE};
use smolsmb::crypto::{Cipher, SigningAlgorithm};
use std::collections::HashMap;
use std::io::{Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

struct Words(HashMap<String, String>);

impl Words {
    fn text(&self, key: &str, default: &str) -> String {
        self.0
            .get(key)
            .cloned()
            .unwrap_or_else(|| default.to_owned())
    }

    fn number(&self, key: &str, default: u64) -> u64 {
        self.0
            .get(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }
}

/// What was done while the clock ran.
struct Done {
    bytes: u64,
    ops: u64,
}

/// CPU time of this process when it began to work, in nanoseconds.
static BEGAN: AtomicU64 = AtomicU64::new(0);

/// CPU time of this process, all its threads, in nanoseconds.
fn cpu_time() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel fills the struct that outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Waits for a line of input.
fn step() {
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    BEGAN.store(cpu_time(), Ordering::Relaxed);
}

/// The byte every block of the benchmark's files is made of at `offset`; the benchmark writes them so.
fn pattern(block: &mut [u8], offset: u64) {
    for (at, byte) in block.iter_mut().enumerate() {
        let place = offset + at as u64;
        *byte = (place ^ (place >> 8) ^ (place >> 16)) as u8;
    }
}

fn connect(target: &Target, words: &Words) -> Result<Vec<Client>> {
    (0..words.number("connections", 1))
        .map(|_| Client::new(target))
        .collect()
}

fn stream(target: &Target, words: &Words, writing: bool) -> Result<()> {
    let mut client = Client::new(target)?;
    let size = words.number("size", 1 << 20) as usize;
    let limit = if writing {
        client.max_write
    } else {
        client.max_read
    };
    let size = size.min(limit);
    let total = words.number("total", 1 << 30);
    let length = words.number("length", total);
    let charge = size.div_ceil(65536) as u64;
    let depth = words.number("depth", 8).min(client.credits / charge).max(1);
    let name = words.text("file", "big");
    let file = client.create(&name, 0x0012_019F, if writing { 5 } else { 1 }, 0)?;
    let mut block = vec![0; size];
    if !writing && words.number("check", 1) == 1 {
        let mut expected = vec![0; size];
        for round in 0..4u64 {
            let offset = round * size as u64;
            client.push(
                READ,
                &client::read(&file, offset, size as u32),
                charge as u16,
            );
            client.flush()?;
            let reply = client.take()?;
            pattern(&mut expected, offset);
            if reply.status != 0 || client.body(&reply).get(16..16 + size) != Some(&expected[..]) {
                return Err(Error::other(format!(
                    "wrong bytes at {offset}, status {:#x}",
                    reply.status
                )));
            }
        }
    }
    pattern(&mut block, 0);
    println!("ready");
    step();
    let began = Instant::now();
    let (mut sent, mut done) = (0u64, 0u64);
    let count = total / size as u64;
    let blocks = (length / size as u64).max(1);
    while done < count {
        while sent < count && sent - done < depth && (sent == done || client.credits >= charge) {
            let offset = sent % blocks * size as u64;
            if writing {
                client.push(WRITE, &client::write(&file, offset, &block), charge as u16);
            } else {
                client.push(
                    READ,
                    &client::read(&file, offset, size as u32),
                    charge as u16,
                );
            }
            sent += 1;
        }
        client.flush()?;
        if writing {
            let reply = client.take()?;
            if reply.status != 0 {
                return Err(Error::other(format!("WRITE: {:#x}", reply.status)));
            }
        } else {
            client.discard(size)?;
        }
        done += 1;
    }
    report(
        Done {
            bytes: count * size as u64,
            ops: count,
        },
        began,
        &format!(", \"size\": {size}, \"depth\": {depth}"),
    );
    if writing {
        // What was written is what was sent.
        let reply = {
            client.push(READ, &client::read(&file, 0, size.min(65536) as u32), 1);
            client.flush()?;
            client.take()?
        };
        if client.body(&reply).get(16..16 + size.min(65536)) != Some(&block[..size.min(65536)]) {
            return Err(Error::other("what was written reads otherwise"));
        }
    }
    step();
    Ok(())
}

fn report(done: Done, began: Instant, more: &str) {
    println!(
        "{{\"seconds\": {:.6}, \"cpu\": {:.6}, \"bytes\": {}, \"ops\": {}{more}}}",
        began.elapsed().as_secs_f64(),
        (cpu_time() - BEGAN.load(Ordering::Relaxed)) as f64 / 1e9,
        done.bytes,
        done.ops
    );
}

fn random(target: &Target, words: &Words) -> Result<()> {
    let mut client = Client::new(target)?;
    let (size, depth, ops) = (
        words.number("size", 4096),
        words.number("depth", 1),
        words.number("ops", 100_000),
    );
    let blocks = (words.number("length", 1 << 28) / size).max(1);
    let file = client.create(&words.text("file", "big"), 0x0012_0089, 1, 0)?;
    let depth = depth.min(client.credits).max(1);
    println!("ready");
    step();
    let began = Instant::now();
    let (mut sent, mut done, mut seed) = (0, 0, 0x9E37_79B9_7F4A_7C15u64);
    let mut wanted = depth;
    while done < ops {
        for _ in 0..wanted.min(ops - sent) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            client.push(
                READ,
                &client::read(&file, seed % blocks * size, size as u32),
                1,
            );
            sent += 1;
        }
        client.flush()?;
        // All that have come are taken together, and answered together.
        wanted = 0;
        loop {
            let reply = client.take()?;
            if reply.status != 0 || client.body(&reply).len() < 16 + size as usize {
                return Err(Error::other(format!("READ: {:#x}", reply.status)));
            }
            done += 1;
            wanted += 1;
            if done == sent || !client.has_frame() {
                break;
            }
        }
    }
    report(
        Done {
            bytes: ops * size,
            ops,
        },
        began,
        &format!(", \"depth\": {depth}"),
    );
    step();
    Ok(())
}

/// Create, write 4 KiB, close, open, delete, close: what a folder of small files costs.
fn cycle(target: &Target, words: &Words) -> Result<()> {
    let clients = connect(target, words)?;
    let ops = words.number("ops", 2000);
    let count = clients.len() as u64;
    println!("ready");
    step();
    let began = Instant::now();
    let threads: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, mut client)| {
            std::thread::spawn(move || -> Result<Client> {
                let data = [0x61; 4096];
                for round in 0..ops / count {
                    let name = format!("cycle-{number}-{}", round % 50);
                    let file = client.create(&name, 0x0012_019F, 5, 0x40)?;
                    client.must(WRITE, &client::write(&file, 0, &data))?;
                    client.must(CLOSE, &client::close(&file))?;
                    let file = client.create(&name, 0x0001_0080, 1, 0x40)?;
                    let mut body = vec![33, 0, 1, 13, 1, 0, 0, 0, 96, 0, 0, 0, 0, 0, 0, 0];
                    body.extend(file);
                    body.push(1);
                    client.must(SET_INFO, &body)?;
                    client.must(CLOSE, &client::close(&file))?;
                }
                Ok(client)
            })
        })
        .collect();
    let mut kept = Vec::new();
    for thread in threads {
        kept.push(
            thread
                .join()
                .map_err(|_| Error::other("a thread panicked"))??,
        );
    }
    report(
        Done {
            bytes: 0,
            ops: ops / count * count,
        },
        began,
        "",
    );
    step();
    Ok(())
}

fn list(target: &Target, words: &Words) -> Result<()> {
    let mut client = Client::new(target)?;
    let folder = client.create(&words.text("file", "many"), 0x0012_0089, 1, 1)?;
    let (ops, size) = (words.number("ops", 10), words.number("size", 65536) as u32);
    println!("ready");
    step();
    let began = Instant::now();
    let mut entries = 0u64;
    for _ in 0..ops {
        let mut restart = true;
        loop {
            let reply = client.call(
                QUERY_DIRECTORY,
                &client::query_directory(&folder, restart, size),
            )?;
            restart = false;
            if reply.status == 0x8000_0006 {
                break;
            }
            if reply.status != 0 {
                return Err(Error::other(format!(
                    "QUERY_DIRECTORY: {:#x}",
                    reply.status
                )));
            }
            let (body, mut at) = (client.body(&reply), 8);
            loop {
                let next = body
                    .get(at..at + 4)
                    .map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                entries += 1;
                if next == 0 {
                    break;
                }
                at += next as usize;
            }
        }
    }
    report(
        Done { bytes: 0, ops },
        began,
        &format!(", \"entries\": {entries}"),
    );
    step();
    Ok(())
}

/// Connections that each open a file and then only stay.
fn hold(target: &Target, words: &Words) -> Result<()> {
    let mut clients = connect(target, words)?;
    for client in &mut clients {
        client.must(CREATE, &client::create("", 0x0012_0089, 1, 1))?;
    }
    println!("ready");
    step();
    report(
        Done {
            bytes: 0,
            ops: clients.len() as u64,
        },
        Instant::now(),
        "",
    );
    step();
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let work = arguments.next().unwrap_or_default();
    let words = Words(
        arguments
            .filter_map(|word| {
                word.split_once('=')
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
            })
            .collect(),
    );
    let target = Target {
        address: words.text("address", "127.0.0.1:445"),
        share: words.text("share", "disk"),
        user: words.text("user", "root"),
        password: words.text("password", ""),
        signing: match words.text("sign", "").as_str() {
            "hmac" => Some(SigningAlgorithm::HmacSha256),
            "cmac" => Some(SigningAlgorithm::AesCmac),
            "gmac" => Some(SigningAlgorithm::AesGmac),
            _ => None,
        },
        sealing: match words.text("seal", "").as_str() {
            "gcm128" => Some(Cipher::Aes128Gcm),
            "gcm256" => Some(Cipher::Aes256Gcm),
            "ccm128" => Some(Cipher::Aes128Ccm),
            "ccm256" => Some(Cipher::Aes256Ccm),
            _ => None,
        },
    };
    match work.as_str() {
        "read" => stream(&target, &words, false),
        "write" => stream(&target, &words, true),
        "random" => random(&target, &words),
        "cycle" => cycle(&target, &words),
        "list" => list(&target, &words),
        "hold" => hold(&target, &words),
        "mixed" => mixed::run(&target, &words),
        "names" => growth::names(&target, &words),
        "opens" => growth::opens(&target, &words),
        "fill" => growth::fill(&words),
        _ => Err(Error::other(
            "usage: load read|write|random|cycle|list|hold|mixed|names|opens|fill KEY=VALUE…",
        )),
    }
}
