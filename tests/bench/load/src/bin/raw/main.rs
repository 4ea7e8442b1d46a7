//! The same bytes and the same file system calls as a server's, with no protocol between them: what no server
//! here can do without. usage:
//!   raw WORK KEY=VALUE…
//! works: sendfile (a file's bytes to the client), copy (pread and send), receive (recv and pwrite),
//!        answer (4 KiB for each request), cycle (create-write-close-open-delete), list (names and their statx)
//! keys: folder file size length total(bytes) depth ops connections client_cpu
//! Prints "ready", begins at a line on standard input, and prints a line of JSON: "server" is this process's CPU time,
//! "cpu" that of the other end, a process of its own on CPU `client_cpu`.

mod client;
mod server;
mod system;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Error, Result, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a READ request of 4 KiB weighs on the wire, and a reply's part before its data.
const REQUEST: usize = 117;
const REPLY_HEAD: usize = 84;
/// Bytes of the requests of one cycle, each told from the others by its first byte, and of their replies:
/// CREATE, WRITE of 4 KiB, CLOSE, CREATE, SET_INFO, CLOSE.
const STEPS: [(usize, usize); 6] = [
    (148, 156),
    (4212, 84),
    (92, 128),
    (148, 156),
    (101, 70),
    (92, 128),
];
/// Bytes of a request for more of a folder, the most a reply to it holds, a reply's head, and one that says no more.
const LIST_REQUEST: usize = 102;
const LIST_MOST: usize = 65536;
const LIST_HEAD: usize = 76;
const LIST_END: usize = 77;

struct Words(HashMap<String, String>);

impl Words {
    fn text<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.0.get(key).map_or(default, String::as_str)
    }

    fn number(&self, key: &str, default: usize) -> usize {
        self.0
            .get(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }
}

/// What was done: bytes of data and operations.
struct Done {
    bytes: usize,
    ops: usize,
}

fn serve(work: &str, words: &Words, arguments: &[String]) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["client", work])
        .args(arguments)
        .arg(format!("address={}", listener.local_addr()?))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut server = server::Server::new(&listener, work, words)?;
    let mut said = BufReader::new(child.stdout.take().ok_or(Error::other("no pipe"))?);
    let mut line = String::new();
    println!("ready");
    std::io::stdin().read_line(&mut line)?;
    let (began, cpu) = (Instant::now(), system::cpu_seconds()?);
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(b"\n")?;
    }
    let done = server.run()?;
    let cpu = system::cpu_seconds()? - cpu;
    line.clear();
    said.read_line(&mut line)?;
    if !child.wait()?.success() {
        return Err(Error::other("the client failed"));
    }
    println!(
        "{{\"seconds\": {:.6}, \"bytes\": {}, \"ops\": {}, \"server\": {cpu:.6}, \"cpu\": {}}}",
        began.elapsed().as_secs_f64(),
        done.bytes,
        done.ops,
        line.trim()
    );
    Ok(())
}

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_client = arguments.first().is_some_and(|word| word == "client");
    if is_client {
        arguments.remove(0);
    }
    if arguments.is_empty() {
        return Err(Error::other("usage: raw WORK KEY=VALUE…"));
    }
    let work = arguments.remove(0);
    let words = Words(
        arguments
            .iter()
            .filter_map(|word| word.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    );
    if is_client {
        client::run(&work, &words)
    } else {
        serve(&work, &words, &arguments)
    }
}
