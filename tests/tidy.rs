//! The house rules that a compiler does not know: which room may import which, where `unsafe` may stand and
//! what it must say, how long a file may be, and that each says at its head what it is for.

use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import: the arrows of ARCHITECTURE.md, and no others. The longest matching name is the room.
const ARROWS: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("crypto", &[]),
    ("memory", &[]),
    ("sys", &[]),
    ("auth", &["wire"]),
    ("pipe", &["wire"]),
    ("vfs", &["wire"]),
    ("vfs::local", &["vfs", "sys", "wire"]),
    ("vfs::memory", &["vfs", "wire"]),
    (
        "engine",
        &["pipe", "vfs", "auth", "crypto", "memory", "wire"],
    ),
    ("net", &["engine", "memory", "sys", "vfs"]),
    ("config", &["wire"]),
    ("disks", &["config"]),
    (
        "control",
        &["config", "engine", "memory", "crypto", "auth", "sys", "net"],
    ),
    ("discovery", &["config", "sys"]),
];

/// The rooms that put the house together; they may import any.
const ROOFS: &[&str] = &["main", "lib", "cli"];

/// Where `unsafe` may stand.
const UNSAFE_ROOMS: &[&str] = &["sys/", "sys.rs", "net/reactor/", "net/reactor.rs"];

const LONGEST: usize = 700;

struct Source {
    path: PathBuf,
    /// Relative to `src`, with slashes.
    name: String,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.name.ends_with("/tests.rs") || self.name.contains("/tests/")
    }

    /// The lines that are the product: up to the tests at the file's end, numbered from 1.
    fn product(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = lines
            .windows(2)
            .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].contains("mod tests"))
            .unwrap_or(lines.len());
        lines
            .into_iter()
            .take(end)
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }

    /// The room of this file, by the longest name in `ARROWS` that its path begins with.
    fn room(&self) -> &str {
        let module = self
            .name
            .trim_end_matches(".rs")
            .trim_end_matches("/mod")
            .replace('/', "::");
        let drawn = ARROWS
            .iter()
            .map(|(room, _)| *room)
            .filter(|room| within(&module, room))
            .max_by_key(|room| room.len());
        drawn.unwrap_or_else(|| self.name.split(['/', '.']).next().unwrap_or_default())
    }
}

fn within(module: &str, room: &str) -> bool {
    module == room
        || module
            .strip_prefix(room)
            .is_some_and(|rest| rest.starts_with("::"))
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<Source>) {
        let mut entries: Vec<_> = fs::read_dir(folder)
            .expect("src is readable")
            .map(|entry| entry.expect("entry").path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root)
                    .expect("below src")
                    .to_string_lossy()
                    .replace('\\', "/");
                let text = fs::read_to_string(&path).expect("UTF-8 source");
                found.push(Source { path, name, text });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(
        found.len() > 10,
        "the sources are where this test looks for them"
    );
    found
}

/// The code of a line, without a comment; near enough for `use` lines and keywords.
fn code(line: &str) -> &str {
    line.find("//").map_or(line, |at| &line[..at])
}

/// Every module path below `crate` that a line names: `crate::wire::{Reader, header}` gives `wire::Reader`, `wire::header`.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        expand(&line[at + "crate::".len()..], "", &mut found);
    }
    found
}

/// Reads one path or one braced list of paths; what follows them is left alone.
fn expand<'a>(mut rest: &'a str, prefix: &str, found: &mut Vec<String>) -> &'a str {
    rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            rest = expand(rest, prefix, found).trim_start();
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    if word.is_empty() {
        return after;
    }
    let path = if prefix.is_empty() {
        word.to_owned()
    } else {
        format!("{prefix}::{word}")
    };
    match after.strip_prefix("::") {
        Some(more) => expand(more, &path, found),
        None => {
            found.push(path);
            after
        }
    }
}

/// `use` statements on one line each, however rustfmt broke them, with the line they begin on.
fn statements(source: &Source) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in source.product() {
        let line = code(line).trim();
        if open {
            let last = found.last_mut().expect("an open statement");
            last.1.push_str(line);
            open = !line.ends_with(';');
        } else {
            let begins = line.split_whitespace().take(2).any(|word| word == "use")
                && line.contains("crate::");
            open = begins && !line.ends_with(';');
            found.push((number, line.to_owned()));
        }
    }
    found
}

fn report(what: &str, faults: Vec<String>) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn only_the_drawn_arrows_are_imported() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let room = source.room();
        if ROOFS.contains(&room) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            faults.push(format!(
                "{}: the room `{room}` is not drawn",
                source.path.display()
            ));
            continue;
        };
        for (number, line) in statements(source) {
            for path in imports(&line) {
                let rooms = ARROWS
                    .iter()
                    .map(|(name, _)| *name)
                    .filter(|name| within(&path, name));
                let Some(target) = rooms.max_by_key(|name| name.len()) else {
                    continue;
                };
                // A room inside another may use its parent; a parent does not know its inner rooms.
                if target != room && !allowed.contains(&target) {
                    faults.push(format!(
                        "{}:{number}: {room} imports {target} ({path})",
                        source.path.display()
                    ));
                }
            }
        }
    }
    report("arrows that are not drawn", faults);
}

#[test]
fn unsafe_stands_in_its_rooms_and_says_why_it_is_sound() {
    let mut faults = Vec::new();
    for source in sources() {
        let home = UNSAFE_ROOMS
            .iter()
            .any(|room| source.name.starts_with(room));
        let lines: Vec<&str> = source.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let words = code(line).split(|c: char| !c.is_alphanumeric() && c != '_');
            if !words.into_iter().any(|word| word == "unsafe") {
                continue;
            }
            let place = format!("{}:{}", source.path.display(), at + 1);
            if !home {
                faults.push(format!("{place}: unsafe outside sys and the reactor"));
            } else if !lines[at.saturating_sub(3)..=at]
                .iter()
                .any(|near| near.contains("SAFETY"))
            {
                faults.push(format!("{place}: unsafe without a SAFETY line above it"));
            }
        }
    }
    report("unsafe", faults);
}

#[test]
fn no_file_is_too_long_to_read() {
    let long = sources().into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > LONGEST).then(|| format!("{}: {lines} lines", source.path.display()))
    });
    report("files longer than they may be", long.collect());
}

#[test]
fn every_file_says_at_its_head_what_it_is_for() {
    let mute = sources().into_iter().filter_map(|source| {
        let first = source
            .text
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        (!source.is_test() && !first.starts_with("//!")).then(|| source.path.display().to_string())
    });
    report("files without a `//!` line at their head", mute.collect());
}

#[test]
fn the_pure_rooms_know_no_operating_system() {
    const PURE: &[&str] = &["wire", "crypto", "auth", "memory", "engine", "pipe", "vfs"];
    const OUTSIDE: &[&str] = &[
        "std::fs",
        "std::net",
        "std::time",
        "std::thread",
        "std::os",
        "std::process",
        "std::env",
        "std::io",
    ];
    let mut faults = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| !source.is_test() && PURE.contains(&source.room()))
    {
        for (number, line) in source.product() {
            for name in OUTSIDE.iter().filter(|name| code(line).contains(**name)) {
                faults.push(format!("{}:{number}: {name}", source.path.display()));
            }
        }
    }
    report("the operating system in pure rooms", faults);
}

#[test]
fn this_test_reads_use_lines_right() {
    assert_eq!(
        imports("use crate::wire::{Reader, header::{self, Header}};"),
        ["wire::Reader", "wire::header::self", "wire::header::Header"]
    );
    assert_eq!(
        imports("    let x = crate::vfs::local::open(crate::sys::file);"),
        ["vfs::local::open", "sys::file"]
    );
    assert_eq!(imports("use super::{a, b};"), Vec::<String>::new());
    assert_eq!(imports("mycrate::thing"), Vec::<String>::new());
}
