//! What an operation costs as there are more files, or more of them open. Each kind of operation is a phase: it
//! begins at a line on standard input and ends with a line of JSON, after `ops` operations or `time` ms.

use super::{Done, Words, report, step};
use crate::client::{self, CLOSE, CREATE, Client, QUERY_INFO, READ, Target};
use std::io::{Error, Result};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const NOT_FOUND: u32 = 0xC000_0034;
/// A folder of a share that is not flat has so many files.
const SPREAD: u64 = 1_000;

/// Where the files are, and how they are called.
struct Names {
    folder: String,
    flat: bool,
    count: u64,
    seed: u64,
}

impl Names {
    fn new(words: &Words) -> Names {
        Names {
            folder: words.text("file", "growth"),
            flat: words.number("flat", 0) == 1,
            count: words.number("files", 100).max(1),
            seed: 0x9E37_79B9_7F4A_7C15,
        }
    }

    fn folder_of(&self, number: u64, separator: char) -> String {
        match self.flat {
            true => self.folder.clone(),
            false => format!("{}{separator}d{:04}", self.folder, number / SPREAD),
        }
    }

    fn any(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % self.count
    }

    fn folders(&self) -> u64 {
        if self.flat {
            1
        } else {
            self.count.div_ceil(SPREAD)
        }
    }
}

fn leaf(number: u64) -> String {
    format!("photo {number:07}.jpg")
}

/// Makes the files, `size` bytes long, in the folder `data` of this machine.
pub fn fill(words: &Words) -> Result<()> {
    let names = Names::new(words);
    let data = PathBuf::from(words.text("data", "."));
    let content = vec![0x61; words.number("size", 0) as usize];
    for number in 0..names.count {
        let folder = data.join(names.folder_of(number, '/'));
        if number % SPREAD == 0 {
            std::fs::create_dir_all(&folder)?;
        }
        std::fs::write(folder.join(leaf(number)), &content)?;
    }
    Ok(())
}

/// A name that was never used before: neither by a former run nor by another server's.
fn fresh(kind: &str, round: u64) -> String {
    format!("{kind} {}-{round}.jpg", std::process::id())
}

/// An operation: given its number.
type Operation<'a> = &'a mut dyn FnMut(&mut Client, u64) -> Result<()>;

struct Phases {
    most: u64,
    time: Duration,
    next: u64,
}

impl Phases {
    fn new(words: &Words) -> Phases {
        Phases {
            most: words.number("ops", 2_000),
            time: Duration::from_millis(words.number("time", 1_000)),
            next: 0,
        }
    }

    fn run(&mut self, client: &mut Client, operation: Operation<'_>) -> Result<()> {
        step();
        let began = Instant::now();
        let mut ops = 0;
        while ops < self.most && (ops == 0 || began.elapsed() < self.time) {
            operation(client, self.next)?;
            self.next += 1;
            ops += 1;
        }
        report(Done { bytes: 0, ops }, began, "");
        Ok(())
    }
}

fn miss(client: &mut Client, name: &str) -> Result<()> {
    match client
        .call(CREATE, &client::create(name, 0x0012_0089, 1, 0x40))?
        .status
    {
        NOT_FOUND => Ok(()),
        other => Err(Error::other(format!("CREATE of {name}: {other:#x}"))),
    }
}

/// Creates a new file that goes with its close.
fn make(client: &mut Client, name: &str) -> Result<()> {
    let file = client.create(name, 0x0013_019F, 2, 0x1040)?;
    client.must(CLOSE, &client::close(&file)).map(|_| ())
}

fn open_and_close(client: &mut Client, name: &str) -> Result<()> {
    let file = client.create(name, 0x0012_0089, 1, 0x40)?;
    client.must(CLOSE, &client::close(&file)).map(|_| ())
}

/// Phases: the first look for a missing name; a look into every folder, twice, to be warm; an open, a query and a close; a
/// missing name; a create and a delete; an open in another case.
pub fn names(target: &Target, words: &Words) -> Result<()> {
    let mut client = Client::new(target)?;
    let mut names = Names::new(words);
    let mut phases = Phases::new(words);
    let (most, time) = (phases.most, phases.time);
    let folders = names.folders();
    println!("ready");
    let missing = |names: &Names, number: u64, round: u64| {
        format!(
            "{}\\{}",
            names.folder_of(number, '\\'),
            fresh("missing", round)
        )
    };
    phases.most = 1;
    phases.run(&mut client, &mut |client, round| {
        miss(client, &missing(&names, 0, round))
    })?;
    (phases.most, phases.time) = (2 * folders, 6 * time);
    phases.run(&mut client, &mut |client, round| {
        miss(client, &missing(&names, round % folders * SPREAD, round))
    })?;
    (phases.most, phases.time) = (most, time);
    phases.run(&mut client, &mut |client, _| {
        let number = names.any();
        let name = format!("{}\\{}", names.folder_of(number, '\\'), leaf(number));
        let file = client.create(&name, 0x0012_0089, 1, 0x40)?;
        client.must(QUERY_INFO, &client::query_info(&file))?;
        client.must(CLOSE, &client::close(&file)).map(|_| ())
    })?;
    phases.run(&mut client, &mut |client, round| {
        let number = names.any();
        miss(client, &missing(&names, number, round))
    })?;
    phases.run(&mut client, &mut |client, round| {
        let number = names.any();
        make(
            client,
            &format!("{}\\{}", names.folder_of(number, '\\'), fresh("new", round)),
        )
    })?;
    phases.run(&mut client, &mut |client, _| {
        let number = names.any();
        let name = leaf(number).to_uppercase();
        open_and_close(
            client,
            &format!("{}\\{name}", names.folder_of(number, '\\')),
        )
    })?;
    step();
    Ok(())
}

/// Holds `held` files open. Phases: open, read and close of another; a read of one that is held; a create and a delete.
pub fn opens(target: &Target, words: &Words) -> Result<()> {
    let mut client = Client::new(target)?;
    let mut names = Names::new(words);
    let mut phases = Phases::new(words);
    let held = words.number("held", 10).min(names.count - 1);
    let mut files = Vec::new();
    for number in 0..held {
        let name = format!("{}\\{}", names.folder_of(number, '\\'), leaf(number));
        files.push(client.create(&name, 0x0012_019F, 1, 0x40)?);
    }
    let other = held;
    println!("ready");
    phases.run(&mut client, &mut |client, _| {
        let name = format!("{}\\{}", names.folder_of(other, '\\'), leaf(other));
        let file = client.create(&name, 0x0012_0089, 1, 0x40)?;
        client.must(READ, &client::read(&file, 0, 4096))?;
        client.must(CLOSE, &client::close(&file)).map(|_| ())
    })?;
    phases.run(&mut client, &mut |client, _| {
        let file = &files[names.any() as usize % files.len()];
        client.must(READ, &client::read(file, 0, 4096)).map(|_| ())
    })?;
    phases.run(&mut client, &mut |client, round| {
        make(
            client,
            &format!("{}\\{}", names.folder_of(0, '\\'), fresh("new", round)),
        )
    })?;
    step();
    Ok(())
}
