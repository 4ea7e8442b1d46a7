//! What files hold: data, streams, attributes, times.

use super::*;

pub(in crate::vfs) fn data_is_read_and_written<V: Vfs>(b: &mut Bench<V>) {
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

pub(in crate::vfs) fn large_offsets_are_kept<V: Vfs>(b: &mut Bench<V>) {
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

pub(in crate::vfs) fn streams_are_kept<V: Vfs>(b: &mut Bench<V>) {
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
    a_stream_becomes_the_data(b);
    b.make_directory("d").unwrap();
    let (_, meta) = b.make("d:s").unwrap();
    assert_eq!((meta.kind, meta.attributes & 0x10), (Kind::File, 0));
}

fn a_stream_becomes_the_data<V: Vfs>(b: &mut Bench<V>) {
    let own = SharePath {
        path: b"",
        stream: b"",
    };
    let mut stream = b.make("f:s").unwrap().0;
    b.vfs.write(&mut stream, 0, b"stream", false).unwrap();
    // Never in the place of other data.
    assert_eq!(
        b.vfs.rename(&mut stream, own, true).err(),
        Some(Error::Invalid)
    );
    let mut base = b.open("f");
    b.vfs.truncate(&mut base, 0).unwrap();
    assert_eq!(
        b.vfs.rename(&mut stream, own, false).err(),
        Some(Error::Exists)
    );
    b.vfs.rename(&mut stream, own, true).unwrap();
    assert_eq!(b.content("f"), b"stream");
    assert!(b.find("f:s").is_err());
    b.vfs.write(&mut stream, 6, b"!", false).unwrap();
    assert_eq!(b.content("f"), b"stream!");
    let (base, stream) = (b.find("f").unwrap().1, b.vfs.meta(&stream).unwrap());
    assert_eq!(stream.key, base.key);
    let mut of_folder = {
        b.make_directory("folder").unwrap();
        b.make("folder:s").unwrap().0
    };
    assert_eq!(
        b.vfs.rename(&mut of_folder, own, true).err(),
        Some(Error::Invalid)
    );
}

pub(in crate::vfs) fn attributes_and_times_are_kept<V: Vfs>(b: &mut Bench<V>) {
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
    if b.attributes {
        a_change_time_is_kept(b, &mut file);
    }
    let (mut dir, _) = b.make_directory("d").unwrap();
    b.vfs.set_attributes(&mut dir, 0x2).unwrap();
    assert_eq!(
        b.vfs.meta(&dir).unwrap().attributes,
        if b.attributes { 0x12 } else { 0x10 }
    );
}

fn a_change_time_is_kept<V: Vfs>(b: &mut Bench<V>, file: &mut V::File) {
    let set = |b: &mut Bench<V>, file: &mut V::File, times: Times| {
        b.vfs.set_times(file, &times).unwrap();
        b.vfs.meta(file).unwrap().change
    };
    for change in [NOW + 11, 116_444_735_990_000_000] {
        let times = Times {
            creation: Some(NOW + 1),
            write: Some(NOW + 2),
            change: Some(change),
            ..Times::default()
        };
        assert_eq!(set(b, file, times), change);
        let mut found = None;
        let mut root = b.open("");
        b.vfs
            .list(&mut root, 0, true, &mut |entry| {
                found = found.or(entry.meta.filter(|_| entry.name == b"f"));
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(found.unwrap().change, change);
    }
    let again = b.open("f");
    assert_eq!(b.vfs.meta(&again).unwrap().change, 116_444_735_990_000_000);
}

pub(in crate::vfs) fn extras_are_kept<V: Vfs>(b: &mut Bench<V>) {
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

pub(in crate::vfs) fn the_volume_is_described<V: Vfs>(b: &mut Bench<V>) {
    let (root, _) = b.find("").unwrap();
    let space = b.vfs.space(&root).unwrap();
    assert!(space.total > 0 && space.free <= space.total && space.block.is_power_of_two());
    let volume = b.vfs.volume(&root).unwrap();
    assert_eq!(volume.attributes_kept, b.attributes);
    assert_eq!(volume, b.vfs.volume(&root).unwrap());
    assert!(volume.name_limit >= 100);
}
