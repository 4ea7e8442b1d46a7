//! What every object store does, whatever it is made of: run against the real one on the disks at hand and
//! against the one in memory.

use super::*;
use core::ops::ControlFlow;

/// A store with one root to try things in.
pub(super) struct Bench<V: Vfs> {
    pub vfs: V,
    pub at: At,
    /// Keeps attributes (some tmpfs do not).
    pub attributes: bool,
}

pub(super) const READ_WRITE: DataAccess = DataAccess {
    read: true,
    write: true,
};
pub(super) const NOW: FileTime = 133_000_000_000_000_000;

pub(super) fn to(path: &str) -> SharePath<'_> {
    match path.split_once(':') {
        Some((path, stream)) => SharePath {
            path: path.as_bytes(),
            stream: stream.as_bytes(),
        },
        None => SharePath {
            path: path.as_bytes(),
            stream: b"",
        },
    }
}

impl<V: Vfs> Bench<V> {
    pub fn make(&mut self, path: &str) -> Result<(V::File, Meta), Error> {
        self.vfs.create(
            self.at,
            to(path),
            &New {
                directory: false,
                attributes: 0,
                access: READ_WRITE,
                now: NOW,
            },
        )
    }

    pub fn make_directory(&mut self, path: &str) -> Result<(V::File, Meta), Error> {
        self.vfs.create(
            self.at,
            to(path),
            &New {
                directory: true,
                attributes: 0,
                access: READ_WRITE,
                now: NOW,
            },
        )
    }

    pub fn find(&mut self, path: &str) -> Result<(V::File, Meta), Error> {
        self.vfs.lookup(self.at, to(path), true)
    }

    pub fn open(&mut self, path: &str) -> V::File {
        let (mut file, _) = self.find(path).unwrap();
        self.vfs.activate(&mut file, READ_WRITE).unwrap();
        file
    }

    pub fn write(&mut self, path: &str, data: &[u8]) {
        let (mut file, _) = self.make(path).unwrap();
        self.vfs.write(&mut file, 0, data, false).unwrap();
    }

    pub fn content(&mut self, path: &str) -> Vec<u8> {
        let file = self.open(path);
        self.read(&file, 0, 1 << 17)
    }

    pub fn read(&mut self, file: &V::File, offset: u64, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        let count = self
            .vfs
            .read(file, offset, &mut out, Wait::Allowed)
            .unwrap();
        out.truncate(count);
        out
    }

    pub fn names(&mut self, path: &str) -> Vec<String> {
        let (mut file, _) = self.find(path).unwrap();
        self.vfs
            .activate(
                &mut file,
                DataAccess {
                    read: true,
                    write: false,
                },
            )
            .unwrap();
        let mut names = Vec::new();
        self.vfs
            .list(&mut file, 0, false, &mut |entry| {
                names.push(String::from_utf8_lossy(entry.name).into_owned());
                ControlFlow::Continue(())
            })
            .unwrap();
        names.sort();
        names
    }

    pub fn path(&mut self, file: &V::File) -> String {
        let mut out = [0; 4096];
        let length = self.vfs.path(file, &mut out).unwrap();
        String::from_utf8_lossy(&out[..length]).into_owned()
    }
}

pub(super) fn files_are_made_found_and_removed<V: Vfs>(b: &mut Bench<V>) {
    let (_, root) = b.find("").unwrap();
    assert_eq!(root.kind, Kind::Directory);
    assert_eq!(b.make("").err(), Some(Error::Exists));
    let (mut file, meta) = b.make("Datei.txt").unwrap();
    assert_eq!(
        (meta.kind, meta.size, meta.attributes, meta.links),
        (Kind::File, 0, 0x20, 1)
    );
    assert_eq!((meta.key.device, meta.key.stream), (root.key.device, 0));
    assert_ne!(meta.key.inode, root.key.inode);
    assert!(meta.creation > 0 && meta.write > 0);
    let (_, found) = b.find("dATEI.TXT").unwrap();
    assert_eq!(found.key, meta.key);
    assert_eq!(b.make("Datei.txt").err(), Some(Error::Exists));
    assert_eq!(b.make("DATEI.TXT").err(), Some(Error::Exists));
    assert_eq!(b.find("other").err(), Some(Error::NotFound));
    assert_eq!(b.find("other/x").err(), Some(Error::PathNotFound));
    assert_eq!(b.find("datei.txt/x").err(), Some(Error::PathNotFound));
    assert_eq!(b.make("other/x").err(), Some(Error::PathNotFound));
    assert_eq!(b.path(&file), "Datei.txt");
    b.vfs.write(&mut file, 0, b"abc", false).unwrap();
    b.vfs.remove(&mut file).unwrap();
    assert_eq!(b.find("Datei.txt").err(), Some(Error::NotFound));
    assert_eq!(b.read(&file, 0, 9), b"abc");
    assert_eq!(b.vfs.meta(&file).unwrap().links, 0);
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    b.make("Datei.txt").unwrap();
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert!(b.find("Datei.txt").is_ok());
}

pub(super) fn directories_hold_names<V: Vfs>(b: &mut Bench<V>) {
    let (mut outer, meta) = b.make_directory("Outer").unwrap();
    assert_eq!(
        (meta.kind, meta.size, meta.attributes),
        (Kind::Directory, 0, 0x10)
    );
    assert!(b.vfs.is_empty(&mut outer).unwrap());
    b.make_directory("outer/INNER").unwrap();
    b.write("OUTER/inner/file", b"1");
    assert!(!b.vfs.is_empty(&mut outer).unwrap());
    let file = b.open("ouTER/InnER/FILE");
    assert_eq!(b.path(&file), "Outer/INNER/file");
    assert_eq!(b.vfs.remove(&mut outer).err(), Some(Error::NotEmpty));
    assert_eq!(b.names("outer"), ["INNER"]);
    let mut inner = b.open("Outer/INNER");
    for index in 0..300 {
        b.write(&format!("Outer/INNER/name {index}"), b"12345");
    }
    // In pieces of seven, with meta, going on where each stopped.
    let (mut cursor, mut seen) = (0, Vec::new());
    loop {
        let mut count = 0;
        b.vfs
            .list(&mut inner, cursor, true, &mut |entry| {
                if count == 7 {
                    return ControlFlow::Break(());
                }
                count += 1;
                assert!(matches!(
                    entry.meta,
                    Some(Meta {
                        kind: Kind::File,
                        size: 1 | 5,
                        attributes: 0x20,
                        ..
                    })
                ));
                cursor = entry.next;
                seen.push(entry.name.to_vec());
                ControlFlow::Continue(())
            })
            .unwrap();
        if count == 0 {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 301);
    let mut file = b.open("Outer/INNER/file");
    assert_eq!(
        b.vfs
            .list(&mut file, 0, false, &mut |_| ControlFlow::Continue(()))
            .err(),
        Some(Error::NotDirectory)
    );
    assert_eq!(b.vfs.is_empty(&mut file).err(), Some(Error::NotDirectory));
}

pub(super) fn data_is_read_and_written<V: Vfs>(b: &mut Bench<V>) {
    let (mut file, _) = b.make("data").unwrap();
    assert_eq!(b.read(&file, 0, 4), b"");
    b.vfs.write(&mut file, 3, b"defg", true).unwrap();
    assert_eq!(b.read(&file, 0, 100), b"\0\0\0defg");
    assert_eq!(b.read(&file, 5, 1), b"f");
    assert_eq!(b.read(&file, 7, 1), b"");
    assert_eq!(b.read(&file, u64::MAX, 1), b"");
    assert_eq!(
        b.vfs.write(&mut file, u64::MAX, b"a", false).err(),
        Some(Error::TooLarge)
    );
    b.vfs.truncate(&mut file, 4).unwrap();
    assert_eq!(b.read(&file, 0, 100), b"\0\0\0d");
    b.vfs.truncate(&mut file, 6).unwrap();
    assert_eq!(b.read(&file, 0, 100), b"\0\0\0d\0\0");
    assert_eq!(
        b.vfs.truncate(&mut file, u64::MAX).err(),
        Some(Error::TooLarge)
    );
    b.vfs.allocate(&mut file, 100_000).unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().size, 6);
    b.vfs.sync(&file).unwrap();
    let big = vec![7; 300_000];
    b.vfs.write(&mut file, 0, &big, false).unwrap();
    assert_eq!(b.read(&file, 0, 400_000), big);
    b.vfs.zero(&mut file, 299_998, 100).unwrap();
    b.vfs.zero(&mut file, 1, 8192).unwrap();
    b.vfs.zero(&mut file, 400_000, 8192).unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().size, 300_000);
    assert_eq!(b.read(&file, 0, 2), [7, 0]);
    assert_eq!(b.read(&file, 8192, 2), [0, 7]);
    assert_eq!(b.read(&file, 299_997, 9), [7, 0, 0]);
    let (mut other, _) = b.make("other").unwrap();
    assert_eq!(b.vfs.copy(&file, 299_990, &mut other, 2, 100), Ok(10));
    assert_eq!(b.read(&other, 0, 99), [0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0]);
    assert_eq!(b.vfs.copy(&file, 300_000, &mut other, 0, 100), Ok(0));
    let (file, _) = b.find("data").unwrap();
    assert_eq!(
        b.vfs.read(&file, 0, &mut [0], Wait::Allowed).err(),
        Some(Error::AccessDenied)
    );
}

pub(super) fn large_offsets_are_kept<V: Vfs>(b: &mut Bench<V>) {
    const FAR: u64 = 15 << 40;
    let (mut file, _) = b.make("sparse").unwrap();
    b.vfs.write(&mut file, FAR, b"end", false).unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().size, FAR + 3);
    assert_eq!(b.read(&file, FAR - 1, 9), b"\0end");
    b.vfs.write(&mut file, 5 << 32, b"middle", false).unwrap();
    assert_eq!(b.read(&file, 5 << 32, 6), b"middle");
    let mut ranges = Vec::new();
    b.vfs
        .allocated(&file, 1, u64::MAX, &mut |offset, length| {
            ranges.push((offset, length));
            ControlFlow::Continue(())
        })
        .unwrap();
    let holds = |place: u64| {
        ranges
            .iter()
            .any(|&(offset, length)| (offset..offset + length).contains(&place))
    };
    assert!(holds(5 << 32) && holds(FAR + 2) && !holds(1 << 32) && !holds(FAR + 3));
    b.vfs.truncate(&mut file, 0).unwrap();
    assert_eq!(
        b.vfs
            .allocated(&file, 0, 100, &mut |_, _| panic!("nothing is left")),
        Ok(())
    );
}

pub(super) fn names_change<V: Vfs>(b: &mut Bench<V>) {
    b.write("a", b"A");
    b.write("b", b"B");
    b.make_directory("dir").unwrap();
    let mut a = b.open("a");
    assert_eq!(
        b.vfs.rename(&mut a, to("B"), false).err(),
        Some(Error::Exists)
    );
    assert_eq!(
        b.vfs.rename(&mut a, to("DIR"), true).err(),
        Some(Error::AccessDenied)
    );
    assert_eq!(
        b.vfs.rename(&mut a, to("none/x"), true).err(),
        Some(Error::PathNotFound)
    );
    assert_eq!(b.vfs.rename(&mut a, to("a"), false), Ok(()));
    b.vfs.rename(&mut a, to("A"), false).unwrap();
    assert_eq!(b.names(""), ["A", "b", "dir"]);
    b.vfs.rename(&mut a, to("DIR/x"), false).unwrap();
    assert_eq!(b.path(&a), "dir/x");
    assert_eq!(b.content("dir/X"), b"A");
    // Over another one: the new spelling stands.
    b.vfs.rename(&mut a, to("B"), true).unwrap();
    assert_eq!(b.names(""), ["B", "dir"]);
    assert_eq!(b.content("b"), b"A");
    // A directory moves with what it holds.
    b.write("dir/y", b"Y");
    let mut dir = b.open("dir");
    let y = b.open("dir/y");
    b.vfs.rename(&mut dir, to("moved"), false).unwrap();
    assert_eq!(b.path(&y), "moved/y");
    assert!(
        b.vfs
            .rename(&mut dir, to("moved/into/itself"), false)
            .is_err()
    );
    assert_eq!(
        b.vfs.rename(&mut dir, to("b"), true).err(),
        Some(Error::AccessDenied)
    );
    let (mut root, _) = b.find("").unwrap();
    assert_eq!(
        b.vfs.rename(&mut root, to("x"), false).err(),
        Some(Error::AccessDenied)
    );
    assert_eq!(b.vfs.remove(&mut root).err(), Some(Error::AccessDenied));
}

pub(super) fn links_are_made<V: Vfs>(b: &mut Bench<V>) {
    b.write("one", b"1");
    b.write("three", b"3");
    let mut one = b.open("one");
    b.vfs.link(&one, to("two"), false).unwrap();
    assert_eq!(b.vfs.meta(&one).unwrap().links, 2);
    assert_eq!(
        b.vfs.link(&one, to("THREE"), false).err(),
        Some(Error::Exists)
    );
    b.vfs.link(&one, to("THREE"), true).unwrap();
    assert_eq!(b.names(""), ["THREE", "one", "two"]);
    assert_eq!(b.content("three"), b"1");
    b.vfs.remove(&mut one).unwrap();
    assert_eq!(b.names(""), ["THREE", "two"]);
    // Both names are one file: the rename leaves one of them.
    let mut two = b.open("two");
    b.vfs.rename(&mut two, to("three"), true).unwrap();
    assert_eq!(b.names(""), ["three"]);
    let (dir, _) = b.make_directory("dir").unwrap();
    assert_eq!(
        b.vfs.link(&dir, to("x"), false).err(),
        Some(Error::IsDirectory)
    );
}

pub(super) fn streams_are_kept<V: Vfs>(b: &mut Bench<V>) {
    if !b.attributes {
        b.write("f", b"base");
        assert_eq!(b.make("f:s").err(), Some(Error::Unsupported));
        assert_eq!(b.find("f:s").err(), Some(Error::NotFound));
        return;
    }
    assert_eq!(b.make("f:s").err(), Some(Error::NotFound));
    b.write("f", b"base");
    assert_eq!(b.find("f:s").err(), Some(Error::NotFound));
    let (mut stream, meta) = b.make("f:Stream One").unwrap();
    let (_, base) = b.find("f").unwrap();
    assert_eq!(
        (meta.kind, meta.size, meta.key.inode),
        (Kind::File, 0, base.key.inode)
    );
    assert_ne!(meta.key.stream, 0);
    assert_eq!(b.make("f:STREAM one").err(), Some(Error::Exists));
    b.vfs.write(&mut stream, 2, b"data", false).unwrap();
    assert_eq!(b.read(&stream, 0, 99), b"\0\0data");
    assert_eq!(b.read(&stream, 4, 1), b"t");
    assert_eq!(b.read(&stream, 6, 1), b"");
    b.vfs.truncate(&mut stream, 3).unwrap();
    b.vfs.truncate(&mut stream, 5).unwrap();
    assert_eq!(b.content("F:stream ONE"), b"\0\0d\0\0");
    assert_eq!(
        b.vfs.write(&mut stream, 1 << 32, b"x", false).err(),
        Some(Error::Full)
    );
    assert_eq!(
        b.vfs.truncate(&mut stream, 1 << 17).err(),
        Some(Error::Full)
    );
    let (_, meta) = b.find("f:Stream One").unwrap();
    assert_eq!(meta.size, 5);
    let mut name = [0; 64];
    let length = b.vfs.stream_name(&stream, &mut name).unwrap();
    assert_eq!(&name[..length], b"Stream One");
    assert_eq!(b.path(&stream), "f");
    b.vfs
        .rename(
            &mut stream,
            SharePath {
                path: b"",
                stream: b"renamed",
            },
            false,
        )
        .unwrap();
    let base = b.vfs.base(&stream).unwrap();
    let list = |b: &mut Bench<V>, file: &V::File| {
        let mut list = Vec::new();
        b.vfs
            .streams(file, &mut |name, size, _| list.push((name.to_vec(), size)))
            .unwrap();
        list.sort();
        list
    };
    assert_eq!(list(b, &base), [(b"renamed".to_vec(), 5)]);
    let mut second = b.make("f:second").unwrap().0;
    assert_eq!(
        b.vfs
            .rename(
                &mut second,
                SharePath {
                    path: b"",
                    stream: b"RENAMED"
                },
                false
            )
            .err(),
        Some(Error::Exists)
    );
    b.vfs
        .rename(
            &mut second,
            SharePath {
                path: b"",
                stream: b"Renamed",
            },
            true,
        )
        .unwrap();
    assert_eq!(list(b, &base), [(b"Renamed".to_vec(), 0)]);
    b.vfs.remove(&mut second).unwrap();
    assert_eq!(list(b, &base), []);
    assert_eq!(b.content("f"), b"base");
    b.make_directory("d").unwrap();
    let (_, meta) = b.make("d:s").unwrap();
    assert_eq!((meta.kind, meta.attributes & 0x10), (Kind::File, 0));
}

pub(super) fn attributes_and_times_are_kept<V: Vfs>(b: &mut Bench<V>) {
    let new = New {
        directory: false,
        attributes: 0x2 | 0x80 | 0x10,
        access: READ_WRITE,
        now: NOW,
    };
    let (mut file, meta) = b.vfs.create(b.at, to("f"), &new).unwrap();
    if b.attributes {
        assert_eq!(meta.attributes, 0x22);
        b.vfs.set_attributes(&mut file, 0x7).unwrap();
        assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x7);
        b.vfs.set_attributes(&mut file, 0x80).unwrap();
        assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x80);
        assert_eq!(b.vfs.meta(&file).unwrap().creation, meta.creation);
        b.vfs
            .set_times(
                &mut file,
                &Times {
                    creation: Some(NOW + 7),
                    ..Times::default()
                },
            )
            .unwrap();
        assert_eq!(b.vfs.meta(&file).unwrap().creation, NOW + 7);
        assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x80);
    } else {
        b.vfs.set_attributes(&mut file, 0x1).unwrap();
        assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x21);
        b.vfs.set_attributes(&mut file, 0x0).unwrap();
        assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x20);
    }
    for time in [NOW + 3, 116_444_736_000_000_000, 180_000_000_000_000_005] {
        b.vfs
            .set_times(
                &mut file,
                &Times {
                    access: Some(time),
                    write: Some(time + 1),
                    ..Times::default()
                },
            )
            .unwrap();
        let meta = b.vfs.meta(&file).unwrap();
        assert_eq!((meta.access, meta.write), (time, time + 1));
    }
    b.vfs
        .set_times(
            &mut file,
            &Times {
                access: Some(NOW),
                ..Times::default()
            },
        )
        .unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().write, 180_000_000_000_000_006);
    let (mut dir, _) = b.make_directory("d").unwrap();
    b.vfs.set_attributes(&mut dir, 0x2).unwrap();
    assert_eq!(
        b.vfs.meta(&dir).unwrap().attributes,
        if b.attributes { 0x12 } else { 0x10 }
    );
}

pub(super) fn extras_are_kept<V: Vfs>(b: &mut Bench<V>) {
    b.write("f", b"");
    let mut file = b.open("f");
    let mut out = [0; 128];
    assert_eq!(b.vfs.security(&file, &mut out), Ok(None));
    assert_eq!(
        b.vfs.reparse(&file, &mut out).err(),
        Some(if b.attributes {
            Error::NotFound
        } else {
            Error::Unsupported
        })
    );
    if !b.attributes {
        assert_eq!(
            b.vfs.set_security(&mut file, b"sd").err(),
            Some(Error::Unsupported)
        );
        assert_eq!(
            b.vfs.set_attribute(&mut file, b"a", b"b").err(),
            Some(Error::Unsupported)
        );
        return;
    }
    b.vfs.set_security(&mut file, b"descriptor").unwrap();
    assert_eq!(b.vfs.security(&file, &mut out), Ok(Some(10)));
    assert_eq!(
        b.vfs.security(&file, &mut [0; 3]).err(),
        Some(Error::BufferTooSmall)
    );
    b.vfs.set_attribute(&mut file, b"Author", b"me").unwrap();
    b.vfs.set_attribute(&mut file, b"AUTHOR", b"you!").unwrap();
    b.vfs.set_attribute(&mut file, b"other", b"1").unwrap();
    b.vfs.set_attribute(&mut file, b"none", b"").unwrap();
    let list = |b: &mut Bench<V>, file: &V::File| {
        let mut list = Vec::new();
        b.vfs
            .attributes(file, &mut |name, value| {
                list.push((name.to_vec(), value.to_vec()))
            })
            .unwrap();
        list.sort();
        list
    };
    assert_eq!(
        list(b, &file),
        [
            (b"Author".to_vec(), b"you!".to_vec()),
            (b"other".to_vec(), b"1".to_vec())
        ]
    );
    assert_eq!(
        b.vfs.meta(&file).unwrap().ea_size,
        4 + (4 + 1 + 6 + 4) + (4 + 1 + 5 + 1)
    );
    b.vfs.set_attribute(&mut file, b"OTHER", b"").unwrap();
    assert_eq!(list(b, &file).len(), 1);
    assert_eq!(
        b.vfs.set_attribute(&mut file, b"DosAttrib", b"x").err(),
        Some(Error::AccessDenied)
    );
    assert_eq!(
        b.vfs
            .set_attribute(&mut file, b"DosStream.x:$DATA", b"x")
            .err(),
        Some(Error::AccessDenied)
    );
    let buffer = [&0x8000_0017u32.to_le_bytes()[..], b"\x02\0\0\0ab"].concat();
    b.vfs.set_reparse(&mut file, &buffer).unwrap();
    let meta = b.vfs.meta(&file).unwrap();
    assert_eq!(
        (meta.reparse_tag, meta.attributes & 0x400),
        (0x8000_0017, 0x400)
    );
    let length = b.vfs.reparse(&file, &mut out).unwrap();
    assert_eq!(&out[..length], buffer);
    b.vfs.set_reparse(&mut file, b"").unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().reparse_tag, 0);
    assert_eq!(
        b.vfs.set_reparse(&mut file, b"").err(),
        Some(Error::NotFound)
    );
}

pub(super) fn names_of_every_kind_are_kept<V: Vfs>(b: &mut Bench<V>) {
    let shown = [
        "\u{1F600} smile",
        "ÄÖÜ ß",
        "a\u{F022}b\u{F021}",
        "dot\u{F029}",
        "space\u{F028}",
        "中文",
        "con",
        "e\u{301}",
        "\u{EFE9}",
    ];
    for name in shown {
        let wire: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut out = [0; name::PARSE_BUFFER];
        let parsed = name::parse(&wire, &mut out).unwrap();
        let (file, meta) = b
            .vfs
            .create(
                b.at,
                parsed.path,
                &New {
                    directory: false,
                    attributes: 0,
                    access: READ_WRITE,
                    now: NOW,
                },
            )
            .unwrap();
        assert_eq!(b.path(&file), name);
        assert_eq!(
            b.vfs.lookup(b.at, parsed.path, true).unwrap().1.key,
            meta.key
        );
    }
    let mut expected: Vec<String> = shown.map(String::from).to_vec();
    expected.sort();
    assert_eq!(b.names(""), expected);
    assert!(b.find("äöü ß").is_ok());
}

pub(super) fn a_read_only_root_refuses_every_change<V: Vfs>(b: &mut Bench<V>) {
    b.write("f", b"data");
    b.make_directory("d").unwrap();
}

/// With the same root mounted read-only.
pub(super) fn nothing_changes<V: Vfs>(b: &mut Bench<V>) {
    const REFUSED: Option<Error> = Some(Error::ReadOnly);
    assert_eq!(b.make("new").err(), REFUSED);
    assert_eq!(b.make_directory("new").err(), REFUSED);
    assert_eq!(b.make("f:s").err(), REFUSED);
    let (mut file, _) = b.find("f").unwrap();
    assert_eq!(b.vfs.activate(&mut file, READ_WRITE).err(), REFUSED);
    b.vfs
        .activate(
            &mut file,
            DataAccess {
                read: true,
                write: false,
            },
        )
        .unwrap();
    assert_eq!(b.read(&file, 0, 9), b"data");
    let (source, _) = b.find("f").unwrap();
    assert_eq!(b.vfs.write(&mut file, 0, b"x", false).err(), REFUSED);
    assert_eq!(b.vfs.truncate(&mut file, 0).err(), REFUSED);
    assert_eq!(b.vfs.allocate(&mut file, 10).err(), REFUSED);
    assert_eq!(
        b.vfs
            .set_times(
                &mut file,
                &Times {
                    write: Some(NOW),
                    ..Times::default()
                }
            )
            .err(),
        REFUSED
    );
    assert_eq!(b.vfs.set_attributes(&mut file, 1).err(), REFUSED);
    assert_eq!(b.vfs.rename(&mut file, to("g"), true).err(), REFUSED);
    assert_eq!(b.vfs.link(&file, to("g"), true).err(), REFUSED);
    assert_eq!(b.vfs.remove(&mut file).err(), REFUSED);
    assert_eq!(b.vfs.set_attribute(&mut file, b"a", b"b").err(), REFUSED);
    assert_eq!(b.vfs.set_security(&mut file, b"a").err(), REFUSED);
    assert_eq!(b.vfs.set_reparse(&mut file, b"a").err(), REFUSED);
    assert_eq!(b.vfs.copy(&source, 0, &mut file, 0, 1).err(), REFUSED);
    assert_eq!(b.vfs.duplicate(&source, 0, &mut file, 0, 1).err(), REFUSED);
    assert_eq!(b.vfs.zero(&mut file, 0, 1).err(), REFUSED);
    let (mut base, _) = b.find("F").unwrap();
    assert_eq!(b.vfs.set_attributes(&mut base, 1).err(), REFUSED);
    let mut second = b.vfs.base(&base).unwrap();
    assert_eq!(b.vfs.remove(&mut second).err(), REFUSED);
    assert_eq!(b.names(""), ["d", "f"]);
}

pub(super) fn ten_thousand_names<V: Vfs>(b: &mut Bench<V>) {
    b.make_directory("many").unwrap();
    for index in 0..10_000 {
        b.make(&format!("many/Name {index}")).unwrap();
    }
    assert_eq!(b.make("many/nAME 77").err(), Some(Error::Exists));
    assert_eq!(b.find("many/name 9999").unwrap().1.kind, Kind::File);
    assert_eq!(b.find("many/name 10000").err(), Some(Error::NotFound));
    assert_eq!(b.names("many").len(), 10_000);
}

pub(super) fn the_volume_is_described<V: Vfs>(b: &mut Bench<V>) {
    let (root, _) = b.find("").unwrap();
    let space = b.vfs.space(&root).unwrap();
    assert!(space.total > 0 && space.free <= space.total && space.block.is_power_of_two());
    let volume = b.vfs.volume(&root).unwrap();
    assert_eq!(volume.attributes_kept, b.attributes);
    assert_eq!(volume, b.vfs.volume(&root).unwrap());
    assert!(volume.name_limit >= 100);
}

/// One test for each of the above, each on a fresh bench.
macro_rules! conforms {
    ($bench:expr, $read_only:expr) => {
        $crate::vfs::conformance::conforms! { @ $bench;
            files_are_made_found_and_removed directories_hold_names data_is_read_and_written large_offsets_are_kept
            names_change links_are_made streams_are_kept attributes_and_times_are_kept extras_are_kept
            names_of_every_kind_are_kept ten_thousand_names the_volume_is_described
        }

        #[test]
        fn a_read_only_root_refuses_every_change() {
            let (mut bench, kept) = $bench("a_read_only_root_refuses_every_change");
            $crate::vfs::conformance::a_read_only_root_refuses_every_change(&mut bench);
            $crate::vfs::conformance::nothing_changes(&mut $read_only(bench, &kept));
        }
    };
    (@ $bench:expr; $($name:ident)*) => {
        $(#[test]
        fn $name() {
            let (mut bench, _kept) = $bench(stringify!($name));
            $crate::vfs::conformance::$name(&mut bench);
        })*
    };
}
pub(super) use conforms;
