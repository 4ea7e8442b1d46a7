//! The other end: asks as the load does, and throws away what comes.

use crate::{LIST_END, LIST_REQUEST, REPLY_HEAD, REQUEST, STEPS, Words, system};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;

/// Connects, waits for a line, works, and prints the CPU time it took.
pub fn run(work: &str, words: &Words) -> Result<()> {
    system::pin(words.number("client_cpu", 1))?;
    let streams = (0..words.number("connections", 1))
        .map(|_| {
            let stream = TcpStream::connect(words.text("address", ""))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let cpu = system::cpu_seconds()?;
    let share = words.number("ops", 1000) / streams.len();
    match work {
        "sendfile" | "copy" => {
            let total = words.number("total", 1 << 30);
            skip(&streams[0], total, words.number("size", 1 << 20))?;
        }
        "receive" => give(&streams[0], words)?,
        "answer" => ask(&streams[0], share, words.number("depth", 1))?,
        "cycle" => std::thread::scope(|scope| {
            let threads: Vec<_> = streams
                .iter()
                .map(|stream| scope.spawn(move || cycle(stream, share)))
                .collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| Error::other("a panic"))?)
        })?,
        "list" => list(&streams[0], share)?,
        _ => return Err(Error::other("no such work")),
    }
    println!("{:.6}", system::cpu_seconds()? - cpu);
    Ok(())
}

fn skip(stream: &TcpStream, count: usize, size: usize) -> Result<()> {
    let mut left = count;
    while left > 0 {
        match system::discard(stream.as_raw_fd(), left.min(size))? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            more => left -= more,
        }
    }
    Ok(())
}

fn give(mut stream: &TcpStream, words: &Words) -> Result<()> {
    let block = vec![7; words.number("size", 1 << 20)];
    for _ in 0..words.number("total", 1 << 30) / block.len() {
        stream.write_all(&block)?;
    }
    Ok(())
}

fn ask(mut stream: &TcpStream, ops: usize, depth: usize) -> Result<()> {
    let whole = REPLY_HEAD + 4096;
    let mut requests = Vec::with_capacity(depth * REQUEST);
    let mut received = vec![0; depth * whole];
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let (mut sent, mut done, mut held, mut wanted) = (0, 0, 0, depth);
    while done < ops {
        requests.clear();
        for _ in 0..wanted.min(ops - sent) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            requests.extend(seed.to_le_bytes());
            requests.resize(requests.len().next_multiple_of(REQUEST), 0);
            sent += 1;
        }
        stream.write_all(&requests)?;
        // All that have come are taken together, and asked anew together.
        wanted = 0;
        while wanted == 0 {
            match stream.read(&mut received[held..])? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                more => held += more,
            }
            wanted = held / whole;
            held %= whole;
        }
        done += wanted;
    }
    Ok(())
}

fn cycle(mut stream: &TcpStream, ops: usize) -> Result<()> {
    let mut buffer = [0; 8192];
    for _ in 0..ops {
        for (step, (request, reply)) in STEPS.into_iter().enumerate() {
            buffer[0] = step as u8;
            stream.write_all(&buffer[..request])?;
            stream.read_exact(&mut buffer[..reply])?;
        }
    }
    Ok(())
}

fn list(mut stream: &TcpStream, ops: usize) -> Result<()> {
    let request = [0; LIST_REQUEST];
    let mut reply = vec![0; 1 << 17];
    for _ in 0..ops {
        loop {
            stream.write_all(&request)?;
            stream.read_exact(&mut reply[..4])?;
            let length = u32::from_be_bytes([reply[0], reply[1], reply[2], reply[3]]) as usize;
            stream.read_exact(&mut reply[..length])?;
            if length + 4 == LIST_END {
                break;
            }
        }
    }
    Ok(())
}
