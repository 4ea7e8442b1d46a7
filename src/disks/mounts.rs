//! What is mounted, from /proc/self/mountinfo ([proc(5)]).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// Its number; of a mount that is gone, soon another's.
    pub id: u32,
    /// The device number, as `8:1`.
    pub device: String,
    /// Where.
    pub point: PathBuf,
    /// Nothing can be changed.
    pub read_only: bool,
    /// The file system's kind.
    pub filesystem: String,
    /// What is mounted, as `/dev/sda1`.
    pub source: String,
}

/// What is mounted now, in the order it was.
pub fn read() -> Vec<Mount> {
    parse(&std::fs::read("/proc/self/mountinfo").unwrap_or_default())
}

/// A line of it: id, parent, device, root, point, options, fields up to `-`, kind, source, options of the disk.
pub fn parse(text: &[u8]) -> Vec<Mount> {
    let line = |line: &[u8]| {
        let mut words = line.split(|&byte| byte == b' ');
        let number = core::str::from_utf8(words.next()?).ok()?;
        let id = number.parse().ok()?;
        let device = String::from_utf8_lossy(words.nth(1)?).into_owned();
        let point = PathBuf::from(OsString::from_vec(plain(words.nth(1)?)));
        let read_only = |options: &[u8]| options.split(|&byte| byte == b',').any(|o| o == b"ro");
        let mounted = read_only(words.next()?);
        words.find(|word| *word == b"-")?;
        let filesystem = String::from_utf8_lossy(words.next()?).into_owned();
        let source = String::from_utf8_lossy(&plain(words.next()?)).into_owned();
        Some(Mount {
            id,
            device,
            point,
            read_only: mounted || words.next().is_some_and(read_only),
            filesystem,
            source,
        })
    };
    text.split(|&byte| byte == b'\n').filter_map(line).collect()
}

/// The mount a path lies on; of two on one point, the one above.
pub fn holding<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count())
}

/// Blanks, tabs, line ends and backslashes stand there as three octal digits.
fn plain(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, more)) = rest.split_first() {
        rest = more;
        let octal = || {
            let digits = core::str::from_utf8(more.get(..3)?).ok()?;
            u8::from_str_radix(digits, 8).ok()
        };
        match (first == b'\\').then(octal).flatten() {
            Some(byte) => {
                out.push(byte);
                rest = more.get(3..).unwrap_or_default();
            }
            None => out.push(first),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] = b"21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw\n\
        40 21 8:1 / /mnt/my\\040disk rw,nosuid - vfat /dev/sda1 rw,errors=remount-ro\n\
        41 21 8:2 /sub /mnt/b ro - ext4 /dev/sdb1 rw\n\
        42 21 8:3 / /mnt/c rw shared:2 master:1 - ntfs3 /dev/sdc1 ro\n\
        43 40 8:4 / /mnt/my\\040disk rw - ext4 /dev/sdd1 rw\nnonsense\n";

    #[test]
    fn mounts_are_read() {
        let mounts = parse(TEXT);
        let seen: Vec<_> = mounts
            .iter()
            .map(|m| {
                (
                    m.id,
                    m.point.to_str().unwrap(),
                    m.source.as_str(),
                    m.read_only,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (21, "/", "/dev/root", false),
                (40, "/mnt/my disk", "/dev/sda1", false),
                (41, "/mnt/b", "/dev/sdb1", true),
                (42, "/mnt/c", "/dev/sdc1", true),
                (43, "/mnt/my disk", "/dev/sdd1", false),
            ]
        );
        for (path, id) in [
            ("/mnt/my disk/a", 43),
            ("/mnt/my", 21),
            ("/mnt/c", 42),
            ("/", 21),
        ] {
            assert_eq!(holding(&mounts, Path::new(path)).unwrap().id, id, "{path}");
        }
        assert!(!read().is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&text);
        }
    }
}
