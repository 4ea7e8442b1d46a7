//! What happens to roots and open files behind the server's back; and names only a Unix program makes.

use super::*;
use crate::vfs::conformance::{READ_WRITE, to};
use std::os::unix::ffi::OsStrExt;

fn bench(options: RootOptions) -> (Bench<Local>, Scratch) {
    let scratch = Scratch::new("/tmp", "roots");
    let share = scratch.path().join("share");
    std::fs::create_dir(&share).unwrap();
    (open(&share, &options, false), scratch)
}

#[test]
fn a_root_must_be_a_folder() {
    let scratch = Scratch::new("/tmp", "mount");
    std::fs::write(scratch.path().join("f"), "").unwrap();
    let mut vfs = Local::new(Limits::default());
    let mut mount = |name: &str| {
        vfs.mount(
            scratch.path().join(name).as_os_str().as_bytes(),
            &RootOptions::default(),
        )
    };
    assert_eq!(mount("none").err(), Some(Error::NotFound));
    assert_eq!(mount("f").err(), Some(Error::NotDirectory));
    assert!(mount("").is_ok());
    assert!(vfs.mount(b"/", &RootOptions::default()).is_ok());
    assert_eq!(
        vfs.mount(b"a\0b", &RootOptions::default()).err(),
        Some(Error::Invalid)
    );
}

#[test]
fn the_whole_machine_can_be_a_root() {
    let mut b = open(Path::new("/"), &RootOptions::default(), false);
    let (file, _) = b.find("proc").unwrap();
    assert_eq!(b.path(&file), "proc");
    let (root, _) = b.find("").unwrap();
    assert_eq!(b.path(&root), "");
}

#[test]
fn an_unmounted_root_gives_errors_and_its_files_stay_open() {
    let (mut b, _scratch) = bench(RootOptions::default());
    b.write("f", b"data");
    let mut file = b.open("f");
    b.vfs.unmount(b.at.root);
    assert_eq!(b.find("f").err(), Some(Error::NotFound));
    assert_eq!(b.make("g").err(), Some(Error::NotFound));
    assert_eq!(b.read(&file, 0, 9), b"data");
    assert_eq!(b.vfs.path(&file, &mut [0; 99]).err(), Some(Error::NotFound));
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    // Another root in its place is not taken for it.
    let again = b.vfs.mount(b"/tmp", &RootOptions::default()).unwrap();
    assert_eq!(again, b.at.root);
    assert_eq!(b.vfs.path(&file, &mut [0; 99]).err(), Some(Error::NotFound));
    b.vfs.unmount(RootId(77));
}

#[test]
fn a_root_that_is_removed_or_replaced_gives_errors() {
    let (mut b, scratch) = bench(RootOptions::default());
    b.write("f", b"data");
    let mut file = b.open("f");
    let share = scratch.path().join("share");
    std::fs::rename(&share, scratch.path().join("moved")).unwrap();
    std::fs::create_dir(&share).unwrap();
    std::fs::write(share.join("other"), "").unwrap();
    // The root is the folder, not its name.
    assert_eq!(b.find("other").err(), Some(Error::NotFound));
    assert_eq!(b.path(&file), "f");
    std::fs::remove_dir_all(scratch.path().join("moved")).unwrap();
    assert_eq!(b.find("f").err(), Some(Error::NotFound));
    assert!(b.make("g").is_err());
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert!(b.vfs.rename(&mut file, to("h"), true).is_err());
    let (mut root, _) = b.find("").unwrap();
    if b.vfs.activate(&mut root, READ_WRITE).is_ok() {
        let _ = b
            .vfs
            .list(&mut root, 0, true, &mut |_| panic!("nothing is there"));
    }
}

#[test]
fn a_root_that_is_moved_takes_its_files_along() {
    let (mut b, scratch) = bench(RootOptions::default());
    std::fs::create_dir(scratch.path().join("share/d")).unwrap();
    b.write("d/f", b"data");
    let mut file = b.open("d/f");
    let (from, to) = (scratch.path().join("share"), scratch.path().join("other"));
    std::fs::rename(&from, &to).unwrap();
    assert_eq!(b.path(&file), "d/f");
    // What stands where it stood is not in it.
    std::fs::create_dir_all(from.join("d")).unwrap();
    std::fs::write(from.join("d/f"), "another").unwrap();
    assert_eq!(b.path(&file), "d/f");
    std::fs::rename(to.join("d/f"), from.join("d/g")).unwrap();
    assert_eq!(b.vfs.path(&file, &mut [0; 99]).err(), Some(Error::NotFound));
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert!(from.join("d/g").exists() && from.join("d/f").exists());
}

#[test]
fn a_name_that_stood_elsewhere_is_not_taken_for_the_file() {
    let (mut b, scratch) = bench(RootOptions::default());
    let share = scratch.path().join("share");
    std::fs::create_dir(share.join("d")).unwrap();
    for name in ["f", "d/f"] {
        let mut file = b.make(name).unwrap().0;
        std::fs::rename(share.join(name), share.join("moved")).unwrap();
        std::fs::write(share.join(name), "another").unwrap();
        b.vfs.remove(&mut file).unwrap();
        assert!(!share.join("moved").exists() && share.join(name).exists());
        // Of two names it is the one that the file was opened by.
        let mut file = b.open(name);
        std::fs::rename(share.join(name), share.join("first")).unwrap();
        std::fs::hard_link(share.join("first"), share.join(name)).unwrap();
        b.vfs.remove(&mut file).unwrap();
        assert!(!share.join("first").exists() && share.join(name).exists());
        std::fs::remove_file(share.join(name)).unwrap();
    }
}

#[test]
fn a_file_moved_out_of_the_share_is_out_of_reach() {
    let (mut b, scratch) = bench(RootOptions::default());
    b.write("f", b"data");
    let mut file = b.open("f");
    std::fs::rename(scratch.path().join("share/f"), scratch.path().join("f")).unwrap();
    assert_eq!(b.vfs.path(&file, &mut [0; 99]).err(), Some(Error::NotFound));
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert_eq!(
        b.vfs.rename(&mut file, to("back"), true).err(),
        Some(Error::NotFound)
    );
    // A folder beside the share whose name begins with the share's is not the share.
    std::fs::create_dir(scratch.path().join("share2")).unwrap();
    std::fs::rename(scratch.path().join("f"), scratch.path().join("share2/f")).unwrap();
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert!(scratch.path().join("share2/f").exists());
}

#[test]
fn a_name_replaced_by_another_file_is_left_alone() {
    let (mut b, scratch) = bench(RootOptions::default());
    b.write("f", b"old");
    let mut file = b.open("f");
    std::fs::write(scratch.path().join("share/new"), "new").unwrap();
    std::fs::rename(
        scratch.path().join("share/new"),
        scratch.path().join("share/f"),
    )
    .unwrap();
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert_eq!(
        b.vfs.rename(&mut file, to("g"), true).err(),
        Some(Error::NotFound)
    );
    assert_eq!(b.content("f"), b"new");
}

#[test]
fn a_name_that_ends_like_a_removed_ones_is_found() {
    let (mut b, _scratch) = bench(RootOptions::default());
    b.write("f (deleted)", b"x");
    let mut file = b.open("f (deleted)");
    assert_eq!(b.path(&file), "f (deleted)");
    b.write("f", b"y");
    b.vfs.remove(&mut file).unwrap();
    assert_eq!(b.names(""), ["f"]);
    assert_eq!(b.vfs.remove(&mut file).err(), Some(Error::NotFound));
    assert_eq!(b.names(""), ["f"]);
}

#[test]
fn what_unix_programs_make_is_shown_and_found() {
    let (mut b, scratch) = bench(RootOptions::default());
    let names: [&[u8]; 8] = [
        b"a:b",
        b"tail.",
        b"tail ",
        b"caf\xE9",
        b"new\nline",
        b"back\\slash",
        b"q?",
        "\u{F022}".as_bytes(),
    ];
    for name in names {
        std::fs::write(
            scratch
                .path()
                .join("share")
                .join(std::ffi::OsStr::from_bytes(name)),
            name,
        )
        .unwrap();
    }
    for shown in b.names("") {
        let wire: Vec<u8> = shown.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut out = [0; name::PARSE_BUFFER];
        let parsed = name::parse(&wire, &mut out).unwrap();
        let (mut file, _) = b.vfs.lookup(b.at, parsed.path, true).unwrap();
        assert_eq!(b.path(&file), shown);
        b.vfs.activate(&mut file, READ_WRITE).unwrap();
        let content = b.read(&file, 0, 99);
        assert!(names.contains(&content.as_slice()));
        b.vfs.remove(&mut file).unwrap();
    }
    assert_eq!(b.names(""), [""; 0]);
}

#[test]
fn of_names_that_differ_in_case_each_is_found_exactly() {
    let (mut b, scratch) = bench(RootOptions::default());
    for name in ["Name", "NAME", "name"] {
        std::fs::write(scratch.path().join("share").join(name), name).unwrap();
    }
    for name in ["Name", "NAME", "name"] {
        assert_eq!(b.content(name), name.as_bytes());
    }
    assert!(b.find("nAMe").is_ok());
    let mut file = b.open("NAME");
    b.vfs.remove(&mut file).unwrap();
    assert_eq!(b.names(""), ["Name", "name"]);
}

#[test]
fn what_others_make_is_seen_at_once_by_its_name_and_soon_in_another_case() {
    let (mut b, scratch) = bench(RootOptions::default());
    for index in 0..50 {
        b.write(&format!("f{index}"), b"");
    }
    assert_eq!(b.find("Foreign").err(), Some(Error::NotFound));
    std::fs::write(scratch.path().join("share/foreign"), "").unwrap();
    assert!(b.find("foreign").is_ok());
    let soon = std::time::Instant::now() + std::time::Duration::from_secs(4);
    while b.find("FOREIGN").is_err() {
        assert!(std::time::Instant::now() < soon);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn dotted_names_are_hidden_where_the_share_says_so() {
    let (mut b, _scratch) = bench(RootOptions {
        hide_dot_files: true,
        ..RootOptions::default()
    });
    let (mut file, meta) = b.make(".f").unwrap();
    assert_eq!(meta.attributes, 0x22);
    assert_eq!(b.make_directory(".d").unwrap().1.attributes, 0x12);
    assert_eq!(b.find(".F").unwrap().1.attributes, 0x22);
    let mut root = b.open("");
    b.vfs
        .list(&mut root, 0, true, &mut |entry| {
            assert_eq!(entry.meta.unwrap().attributes & 0x2, 0x2);
            ControlFlow::Continue(())
        })
        .unwrap();
    b.vfs.rename(&mut file, to("shown"), false).unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x20);
}

#[test]
fn pipes_and_devices_are_shown_but_never_opened() {
    let (mut b, scratch) = bench(RootOptions::default());
    let path = scratch.path().join("share/fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let _socket =
        std::os::unix::net::UnixListener::bind(scratch.path().join("share/socket")).unwrap();
    for name in ["fifo", "SOCKET"] {
        let (mut file, meta) = b.find(name).unwrap();
        assert_eq!((meta.kind, meta.size), (Kind::Special, 0));
        assert_eq!(
            b.vfs.activate(&mut file, READ_WRITE).err(),
            Some(Error::AccessDenied)
        );
        assert!(b.vfs.read(&file, 0, &mut [0], Wait::Allowed).is_err());
        assert!(b.make(&format!("{name}:s")).is_err());
        b.vfs.set_attributes(&mut file, 1).unwrap();
        b.vfs.remove(&mut file).unwrap();
    }
}

/// Also as where the disk does not know reads that never wait: no such disk is at hand everywhere.
#[test]
fn cached_data_is_read_without_waiting_and_other_data_not() {
    for (parent, waits) in [
        ("/tmp", Waits::Tried),
        ("/tmp", Waits::Looked),
        ("/dev/shm", Waits::Tried),
        ("/dev/shm", Waits::Looked),
    ] {
        let (mut b, _scratch) = on(parent, "cached", false);
        let (mut file, _) = b.make("f").unwrap();
        b.vfs.write(&mut file, 0, &[7; 200_000], false).unwrap();
        file.waits.set(waits);
        let mut out = [0; 300_000];
        assert_eq!(b.vfs.read(&file, 0, &mut out, Wait::Never), Ok(200_000));
        assert_eq!(b.vfs.read(&file, 1 << 62, &mut out, Wait::Never), Ok(0));
        assert!(b.vfs.sendable(&file, 0, 200_000));
        assert_eq!(b.vfs.size(&file), Ok(200_000));
        rustix::fs::fsync(&file).unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        if !sys::file_system(file.as_fd()).unwrap().in_memory {
            let read = b.vfs.read(&file, 0, &mut out, Wait::Never);
            assert_eq!(read, Err(Error::WouldBlock), "{waits:?}");
            assert!(!b.vfs.sendable(&file, 0, 200_000));
            b.vfs.read(&file, 0, &mut out, Wait::Allowed).unwrap();
            assert!(b.vfs.sendable(&file, 0, 200_000));
        }
    }
}

#[test]
fn the_kernels_limit_of_a_path_is_told() {
    let (mut b, _scratch) = bench(RootOptions::default());
    let deep = ["d".repeat(200).as_str(); 21].join("/");
    let error = b.find(&deep).err().unwrap();
    assert!(
        matches!(error, Error::NameTooLong | Error::PathNotFound),
        "{error:?}"
    );
    // Many components, each missing: answered without reading the folder 2,000 times.
    let many = ["x"; 2000].join("/");
    assert_eq!(b.find(&many).err(), Some(Error::PathNotFound));
}
