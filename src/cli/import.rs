//! `smolsmb import`: another server's configuration as ours, shown or written.

use super::{Failure, place, say};
use smolsmb::config::foreign::{Kind, convert, hashes};
use smolsmb::config::{UCI_FOLDER, passwd};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// Shows what would be written, or writes it.
pub fn run(from: &str, write: bool, config: Option<PathBuf>) -> Result<(), Failure> {
    let kind = match from {
        "ksmbd" => Kind::Ksmbd,
        "samba4" => Kind::Samba4,
        other => {
            return Err(Failure::Usage(format!(
                "import '{other}': it is neither ksmbd nor samba4"
            )));
        }
    };
    let folder = config.clone().unwrap_or_else(|| UCI_FOLDER.into());
    let passwords = match kind {
        Kind::Ksmbd => ("/etc/ksmbd", "ksmbdpwd.db"),
        Kind::Samba4 => ("/etc/samba", "smbpasswd"),
    };
    let theirs = match folder == Path::new(UCI_FOLDER) {
        true => Path::new(passwords.0).join(passwords.1),
        false => folder.join(passwords.1),
    };
    let file = folder.join(from);
    let named =
        |path: &Path, error: io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    let foreign = read(&file).map_err(|error| named(&file, error))?;
    let optional = |path: &Path| match read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|error| named(path, error)),
    };
    let ours = place(config);
    let known = hashes(kind, &optional(&theirs)?);
    let text = optional(&ours.uci)?;
    let import = convert(
        kind,
        &foreign,
        &known,
        &text,
        &optional(Path::new("/etc/passwd"))?,
    )
    .map_err(Failure::Failed)?;
    let mut out = String::new();
    let uci = ours.uci.display();
    let (verb, come) = if write {
        ("added", "came")
    } else {
        ("would be added", "would come")
    };
    if import.added.is_empty() {
        out.push_str(&format!("# Nothing of {from} is new to {uci}.\n"));
    } else {
        out.push_str(&format!("# {verb} to {uci}:\n{}", import.added));
    }
    if !import.passwords.is_empty() {
        let names: Vec<_> = import
            .passwords
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        out.push_str(&format!(
            "# Their passwords {come} along: {}\n",
            names.join(", ")
        ));
    }
    for note in &import.notes {
        out.push_str(&format!("# Note: {note}\n"));
    }
    if write && !import.added.is_empty() {
        passwd::update(&ours.passwd, |database| {
            for (name, hash) in &import.passwords {
                if database.get(name).is_none() {
                    database.set(name, *hash);
                }
            }
        })
        .map_err(|error| named(&ours.passwd, error))?;
        replace(&ours.uci, import.text.as_bytes()).map_err(|error| named(&ours.uci, error))?;
    }
    say(&out)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LIMIT).read_to_end(&mut text)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) >= LIMIT {
        return Err(io::Error::new(ErrorKind::InvalidData, "is too large"));
    }
    Ok(text)
}

/// Puts a new file in the place of the old one, whole or not at all, with the rights that one had.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mode = fs::metadata(path).map_or(0o600, |meta| meta.mode() & 0o7777);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut file = options.open(&beside)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    written
        .and_then(|()| fs::rename(&beside, path))
        .inspect_err(|_| drop(fs::remove_file(&beside)))
}
