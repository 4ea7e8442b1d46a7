//! What a house full of clients does: each connection opens a file of its own, reads and writes 64 KiB, asks for
//! its facts, lists a small folder, and closes; over and over until the time is up.

use super::{Done, Words, connect, report, step};
use crate::client::{
    self, CLOSE, CREATE, Client, QUERY_DIRECTORY, QUERY_INFO, READ, Target, WRITE,
};
use std::io::{Error, Result};
use std::time::{Duration, Instant};

const BLOCK: u64 = 64 << 10;
/// Blocks of each connection's file: with 256 connections 256 MiB, which stay in the page cache.
const BLOCKS: u64 = 16;
/// Entries of the folder that is listed.
const ENTRIES: u64 = 20;
const NO_MORE_FILES: u32 = 0x8000_0006;

struct Worker {
    client: Client,
    name: String,
    data: Vec<u8>,
    /// Requests answered while the clock ran.
    ops: u64,
}

impl Worker {
    fn new(number: usize, mut client: Client) -> Result<Worker> {
        let name = format!("mixed\\{number:03}");
        let data = vec![number as u8; BLOCK as usize];
        let file = client.create(&name, 0x0012_019F, 5, 0x40)?;
        for block in 0..BLOCKS {
            client.must(WRITE, &client::write(&file, block * BLOCK, &data))?;
        }
        client.must(CLOSE, &client::close(&file))?;
        Ok(Worker {
            client,
            name,
            data,
            ops: 0,
        })
    }

    fn ask(&mut self, command: u16, body: &[u8]) -> Result<()> {
        self.ops += 1;
        self.client.must(command, body).map(|_| ())
    }

    fn round(&mut self, round: u64) -> Result<()> {
        self.ops += 1;
        let file = self.client.create(&self.name, 0x0012_019F, 1, 0x40)?;
        let (from, to) = (round % BLOCKS * BLOCK, (round + 5) % BLOCKS * BLOCK);
        self.ask(READ, &client::read(&file, from, BLOCK as u32))?;
        let body = client::write(&file, to, &self.data);
        self.ask(WRITE, &body)?;
        self.ask(QUERY_INFO, &client::query_info(&file))?;
        self.ask(CLOSE, &client::close(&file))?;
        self.ops += 1;
        let folder = self.client.create("mixed\\folder", 0x0012_0089, 1, 1)?;
        let mut restart = true;
        loop {
            self.ops += 1;
            let body = client::query_directory(&folder, restart, BLOCK as u32);
            match self.client.call(QUERY_DIRECTORY, &body)?.status {
                0 => restart = false,
                NO_MORE_FILES => break,
                other => return Err(Error::other(format!("QUERY_DIRECTORY: {other:#x}"))),
            }
        }
        self.ask(CLOSE, &client::close(&folder))
    }
}

fn furnish(client: &mut Client) -> Result<()> {
    for folder in ["mixed", "mixed\\folder"] {
        let made = client.create(folder, 0x0012_0089, 3, 1)?;
        client.must(CLOSE, &client::close(&made))?;
    }
    for entry in 0..ENTRIES {
        let body = client::create(
            &format!("mixed\\folder\\{entry:02}.txt"),
            0x0012_019F,
            5,
            0x40,
        );
        let made = client.must(CREATE, &body)?.get(64..80).map(<[u8]>::to_vec);
        let id = made
            .and_then(|id| id.try_into().ok())
            .ok_or_else(|| Error::other("a short CREATE reply"))?;
        client.must(CLOSE, &client::close(&id))?;
    }
    Ok(())
}

pub fn run(target: &Target, words: &Words) -> Result<()> {
    let mut clients = connect(target, words)?;
    furnish(&mut clients[0])?;
    let workers: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, client)| Worker::new(number, client))
        .collect::<Result<_>>()?;
    let time = Duration::from_millis(words.number("time", 2_000));
    println!("ready");
    step();
    let began = Instant::now();
    let threads: Vec<_> = workers
        .into_iter()
        .map(|mut worker| {
            std::thread::spawn(move || -> Result<Worker> {
                let mut round = 0;
                while began.elapsed() < time {
                    worker.round(round)?;
                    round += 1;
                }
                Ok(worker)
            })
        })
        .collect();
    let mut done = Vec::new();
    for thread in threads {
        done.push(
            thread
                .join()
                .map_err(|_| Error::other("a thread panicked"))??,
        );
    }
    let ops: u64 = done.iter().map(|worker| worker.ops).sum();
    let slowest = done.iter().map(|worker| worker.ops).min().unwrap_or(0);
    report(
        Done { bytes: 0, ops },
        began,
        &format!(
            ", \"slowest\": {slowest}, \"mean\": {:.1}",
            ops as f64 / done.len() as f64
        ),
    );
    step();
    Ok(())
}
