//! Names: made, found, listed, changed, removed, refused.

use super::*;

pub(in crate::vfs) fn files_are_made_found_and_removed<V: Vfs>(b: &mut Bench<V>) {
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
    assert_eq!(b.vfs.folder(&file), Ok(root.key));
    assert_eq!(b.find("Datei.txt").err(), Some(Error::NotFound));
    assert_eq!(b.read(&file, 0, 9), b"abc");
    assert_eq!(b.vfs.meta(&file).unwrap().links, 0);
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    b.make("Datei.txt").unwrap();
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert!(b.find("Datei.txt").is_ok());
}

pub(in crate::vfs) fn directories_hold_names<V: Vfs>(b: &mut Bench<V>) {
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
    let inner_key = b.find("outer/inner").unwrap().1.key;
    assert_eq!(b.vfs.folder(&file), Ok(inner_key));
    assert_eq!(b.vfs.folder(&outer), Ok(b.find("").unwrap().1.key));
    let (root, _) = b.find("").unwrap();
    assert_eq!(b.vfs.folder(&root), Err(Error::NotFound));
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

pub(in crate::vfs) fn names_change<V: Vfs>(b: &mut Bench<V>) {
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

pub(in crate::vfs) fn links_are_made<V: Vfs>(b: &mut Bench<V>) {
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

pub(in crate::vfs) fn names_of_every_kind_are_kept<V: Vfs>(b: &mut Bench<V>) {
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

pub(in crate::vfs) fn a_read_only_root_refuses_every_change<V: Vfs>(b: &mut Bench<V>) {
    b.write("f", b"data");
    b.make_directory("d").unwrap();
}

/// With the same root mounted read-only.
pub(in crate::vfs) fn nothing_changes<V: Vfs>(b: &mut Bench<V>) {
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

pub(in crate::vfs) fn ten_thousand_names<V: Vfs>(b: &mut Bench<V>) {
    b.make_directory("many").unwrap();
    for index in 0..10_000 {
        b.make(&format!("many/Name {index}")).unwrap();
    }
    assert_eq!(b.make("many/nAME 77").err(), Some(Error::Exists));
    assert_eq!(b.find("many/name 9999").unwrap().1.kind, Kind::File);
    assert_eq!(b.find("many/name 10000").err(), Some(Error::NotFound));
    assert_eq!(b.names("many").len(), 10_000);
}
