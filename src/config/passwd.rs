//! The password database, `/etc/smolsmb/passwd`: one `name:hash` a line, the NT hash in hexadecimal.
//!
//! An NT hash is as good as the password, so the file is 0600, is replaced whole (written beside, brought to
//! the disk, renamed) so that a power cut leaves the old or the new one, and neither reading nor writing
//! follows a symbolic link.

use super::model::{NtHash, same_name};
use core::fmt::Write as _;
use rustix::fs::{FlockOperation, Mode, OFlags};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where OpenWrt keeps it.
pub const PATH: &str = "/etc/smolsmb/passwd";
/// The largest database read, in bytes: some 2,000 users.
const LIMIT: u64 = 128 * 1024;
/// The longest name in UTF-16 units, as a client sends it.
pub const NAME_LIMIT: usize = 64;

/// Names and hashes, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    entries: Vec<(String, NtHash)>,
}

impl Database {
    /// Reads the text; lines that cannot be read are left out and told by number.
    pub fn parse(text: &[u8]) -> (Self, Vec<(u32, String)>) {
        let mut database = Self::default();
        let mut wrong = Vec::new();
        for (line, bytes) in (1u32..).zip(text.split(|&b| b == b'\n')) {
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            if bytes.is_empty() {
                continue;
            }
            // No reason shows the line: it holds a secret.
            match entry(bytes) {
                Ok((name, _)) if database.get(&name).is_some() => wrong.push((
                    line,
                    "this user is given twice, the first one counts".into(),
                )),
                Ok(entry) => database.entries.push(entry),
                Err(reason) => wrong.push((line, reason)),
            }
        }
        (database, wrong)
    }

    /// The user's hash; names are compared without regard to case.
    pub fn get(&self, name: &str) -> Option<NtHash> {
        self.entries
            .iter()
            .find(|(n, _)| same_name(n, name))
            .map(|(_, hash)| *hash)
    }

    /// Sets or adds.
    pub fn set(&mut self, name: &str, hash: NtHash) {
        match self.entries.iter_mut().find(|(n, _)| same_name(n, name)) {
            Some(entry) => entry.1 = hash,
            None => self.entries.push((name.into(), hash)),
        }
    }

    /// Removes; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(n, _)| !same_name(n, name));
        self.entries.len() < before
    }

    /// Names in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str())
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (name, NtHash(hash)) in &self.entries {
            let _ = write!(out, "{name}:");
            for byte in hash {
                let _ = write!(out, "{byte:02x}");
            }
            out.push('\n');
        }
        out
    }
}

fn entry(line: &[u8]) -> Result<(String, NtHash), String> {
    let line = core::str::from_utf8(line).map_err(|_| "bytes that are no UTF-8")?;
    let (name, hash) = line.split_once(':').ok_or("no name:hash")?;
    valid_name(name).map_err(|reason| format!("the name {reason}"))?;
    let hash = from_hex(hash.trim_end()).ok_or("no hash of 32 hexadecimal digits")?;
    Ok((name.into(), NtHash(hash)))
}

/// Whether a user may be called so; the reason is worded to follow the name.
pub fn valid_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is empty".into());
    }
    if name == "*" {
        return Err("stands for every user".into());
    }
    if name.chars().any(|c| c == ':' || c.is_control()) {
        return Err("holds a colon or a control character".into());
    }
    if name.trim() != name {
        return Err("begins or ends with a blank".into());
    }
    if name.encode_utf16().count() > NAME_LIMIT {
        return Err(format!("is longer than {NAME_LIMIT} characters"));
    }
    Ok(())
}

/// 32 hexadecimal digits as 16 bytes.
pub fn from_hex(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let mut out = [0; 16];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let mut digits = pair.iter().map(|&c| char::from(c).to_digit(16));
        let (high, low) = (digits.next()??, digits.next()??);
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(out)
}

/// Reads the database; none at all is an empty one. With it the lines that cannot be read.
pub fn load(path: &Path) -> io::Result<(Database, Vec<(u32, String)>)> {
    // NONBLOCK: a FIFO in its place must not make the server wait for ever.
    let file = match rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
    ) {
        Ok(fd) => File::from(fd),
        Err(rustix::io::Errno::NOENT) => return Ok(Default::default()),
        Err(rustix::io::Errno::LOOP) => return Err(refused(path, "is a symbolic link")),
        Err(error) => return Err(error.into()),
    };
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(refused(path, "is no regular file"));
    }
    let mut text = Vec::new();
    (&file)
        .take(LIMIT.saturating_add(1))
        .read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|n| n > LIMIT) {
        return Err(refused(path, "is larger than 128 KiB"));
    }
    let (database, mut wrong) = Database::parse(&text);
    if std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077 != 0 {
        wrong.insert(0, (0, "others can read it: chmod 600".into()));
    }
    Ok((database, wrong))
}

/// Reads, changes and replaces the database, alone: a second one waits. Lines that could not be read are lost
/// with this, so they stop it.
pub fn update<T>(path: &Path, change: impl FnOnce(&mut Database) -> T) -> io::Result<T> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.exists() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let folder_fd = rustix::fs::open(
        folder,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    // Freed with the descriptor, also when the process dies.
    rustix::fs::flock(&folder_fd, FlockOperation::LockExclusive)?;
    let (mut database, wrong) = load(path)?;
    if let Some((line, reason)) = wrong.iter().find(|(line, _)| *line > 0) {
        return Err(refused(
            path,
            &format!("line {line}: {reason}; mend or remove that line first"),
        ));
    }
    let result = change(&mut database);
    save(path, &database)?;
    rustix::fs::fsync(&folder_fd)?;
    Ok(result)
}

fn save(path: &Path, database: &Database) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // Left by a power cut: the lock is ours, so nobody else writes it.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(&beside, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file
        .write_all(database.text().as_bytes())
        .and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| std::fs::rename(&beside, path)) {
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{} {why}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("smolsmb-passwd-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_is_set_is_read_again() {
        let folder = folder("again");
        let path = folder.join("new/passwd");
        update(&path, |d| d.set("Zoë", NtHash([0xab; 16]))).unwrap();
        update(&path, |d| d.set("bob", NtHash([1; 16]))).unwrap();
        update(&path, |d| d.set("ZOË", NtHash([0xcd; 16]))).unwrap();
        let (database, wrong) = load(&path).unwrap();
        assert_eq!(wrong, []);
        assert_eq!(database.names().collect::<Vec<_>>(), ["Zoë", "bob"]);
        assert_eq!(database.get("zoë"), Some(NtHash([0xcd; 16])));
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(
            std::fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o7777,
            0o700
        );
        assert!(update(&path, |d| d.remove("Bob")).unwrap());
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("Zoë:{}\n", "cd".repeat(16))
        );
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn links_and_other_files_are_refused() {
        let folder = folder("links");
        std::fs::write(folder.join("target"), "keep").unwrap();
        symlink(folder.join("target"), folder.join("passwd")).unwrap();
        assert!(load(&folder.join("passwd")).is_err());
        assert!(update(&folder.join("passwd"), |d| d.set("a", NtHash([0; 16]))).is_err());
        assert!(load(&folder).is_err());
        // A link planted where the new one is written is removed, not followed.
        symlink(folder.join("target"), folder.join("good.new")).unwrap();
        update(&folder.join("good"), |d| d.set("a", NtHash([0; 16]))).unwrap();
        assert_eq!(
            std::fs::read_to_string(folder.join("target")).unwrap(),
            "keep"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_missing_database_is_empty_and_an_open_one_is_told() {
        let folder = folder("open");
        assert_eq!(load(&folder.join("none")).unwrap().0, Database::default());
        std::fs::write(
            folder.join("passwd"),
            "a:00000000000000000000000000000000\n",
        )
        .unwrap();
        std::fs::set_permissions(
            folder.join("passwd"),
            std::fs::Permissions::from_mode(0o644),
        )
        .unwrap();
        let (_, wrong) = load(&folder.join("passwd")).unwrap();
        assert_eq!(wrong.len(), 1);
        std::fs::write(folder.join("large"), "\n".repeat(200_000)).unwrap();
        assert!(load(&folder.join("large")).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn wrong_lines_are_told_without_their_text_and_never_lost() {
        let good = "00112233445566778899aabbccddeeff";
        let text = format!(
            "a:{good}\r\n\nb\n:{good}\nc:{}\n\u{7}:{good}\nA:{good}\n",
            &good[1..]
        );
        let (database, wrong) = Database::parse(text.as_bytes());
        assert_eq!(database.names().collect::<Vec<_>>(), ["a"]);
        assert_eq!(
            wrong.iter().map(|w| w.0).collect::<Vec<_>>(),
            [3, 4, 5, 6, 7]
        );
        assert!(!format!("{wrong:?}").contains("112233"));
        let (_, wrong) = Database::parse(b"a\xff:00112233445566778899aabbccddeeff");
        assert_eq!(wrong.len(), 1);

        let folder = folder("lost");
        std::fs::write(folder.join("passwd"), &text).unwrap();
        assert!(update(&folder.join("passwd"), |_| ()).is_err());
        assert_eq!(
            std::fs::read_to_string(folder.join("passwd")).unwrap(),
            text
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_never_panic(text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Database::parse(&text);
        }
    }
}
