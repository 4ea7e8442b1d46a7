//! On whose behalf: only what root can try is tried, elsewhere these tests do nothing.

use super::*;
use crate::vfs::conformance::{NOW, READ_WRITE, to};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

const ALICE: Who = Who {
    uid: 54321,
    gid: 54322,
};
const BOB: Who = Who {
    uid: 54323,
    gid: 54324,
};

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The thread's file-system user and group, as the kernel tells it.
fn identity() -> (String, String, String) {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = |name: &str| {
        status
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
            .to_owned()
    };
    (line("Uid:"), line("Gid:"), line("Groups:"))
}

fn bench() -> (Bench<Local>, Scratch) {
    let scratch = Scratch::new("/tmp", "rights");
    std::fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o777)).unwrap();
    (
        open(scratch.path(), &RootOptions::default(), false),
        scratch,
    )
}

#[test]
fn files_belong_to_whom_they_are_made_for() {
    if !is_root() {
        return;
    }
    let (mut b, scratch) = bench();
    b.at.who = Some(ALICE);
    b.write("f", b"data");
    b.make_directory("d").unwrap();
    for name in ["f", "d"] {
        let meta = std::fs::metadata(scratch.path().join(name)).unwrap();
        assert_eq!((meta.uid(), meta.gid()), (ALICE.uid, ALICE.gid), "{name}");
    }
}

#[test]
fn the_disk_decides_what_a_user_may() {
    if !is_root() {
        return;
    }
    let (mut b, scratch) = bench();
    b.at.who = Some(ALICE);
    b.write("private", b"mine");
    b.make("private:stream").unwrap();
    b.make_directory("closed").unwrap();
    b.write("closed/inner", b"x");
    b.write("readable", b"look");
    let mode = |name: &str, mode| {
        std::fs::set_permissions(scratch.path().join(name), PermissionsExt::from_mode(mode))
            .unwrap();
    };
    mode("private", 0o600);
    mode("closed", 0o700);
    mode("readable", 0o644);
    b.at.who = Some(BOB);
    const DENIED: Option<Error> = Some(Error::AccessDenied);
    let reading = DataAccess {
        read: true,
        write: false,
    };
    let (mut private, _) = b.find("private").unwrap();
    assert_eq!(b.vfs.activate(&mut private, reading).err(), DENIED);
    assert_eq!(b.find("closed/inner").err(), DENIED);
    assert_eq!(b.find("CLOSED/inner").err(), DENIED);
    assert_eq!(b.make("closed/new").err(), DENIED);
    let (mut closed, _) = b.find("closed").unwrap();
    assert_eq!(b.vfs.activate(&mut closed, reading).err(), DENIED);
    let (mut readable, _) = b.find("readable").unwrap();
    assert_eq!(b.vfs.activate(&mut readable, READ_WRITE).err(), DENIED);
    b.vfs.activate(&mut readable, reading).unwrap();
    assert_eq!(b.vfs.set_attributes(&mut readable, 2).err(), DENIED);
    assert_eq!(b.vfs.set_attribute(&mut readable, b"a", b"b").err(), DENIED);
    assert_eq!(b.vfs.set_security(&mut readable, b"sd").err(), DENIED);
    assert_eq!(b.vfs.set_reparse(&mut readable, b"abcdefgh").err(), DENIED);
    let times = Times {
        write: Some(NOW),
        creation: Some(NOW),
        ..Times::default()
    };
    assert_eq!(b.vfs.set_times(&mut readable, &times).err(), DENIED);
    let (stream, _) = b.find("private:stream").unwrap();
    assert_eq!(
        b.vfs.read(&stream, 0, &mut [0; 4], Wait::Allowed).err(),
        DENIED
    );
    assert_eq!(b.make("readable:new").err(), DENIED);
    assert_eq!(
        b.vfs.rename(&mut readable, to("closed/stolen"), true).err(),
        DENIED
    );
    // In a folder of others' only its owner may remove.
    mode("", 0o1777);
    assert_eq!(b.vfs.remove(&mut readable).err(), DENIED);
    assert_eq!(
        b.vfs.rename(&mut readable, to("renamed"), true).err(),
        DENIED
    );
    mode("", 0o555);
    assert_eq!(b.make("new").err(), DENIED);
    assert_eq!(b.make_directory("new").err(), DENIED);
}

#[test]
fn an_owner_marks_his_file_even_where_he_may_not_write() {
    if !is_root() {
        return;
    }
    let (mut b, scratch) = bench();
    b.at.who = Some(ALICE);
    b.write("f", b"");
    std::fs::set_permissions(scratch.path().join("f"), PermissionsExt::from_mode(0o444)).unwrap();
    let (mut file, _) = b.find("f").unwrap();
    b.vfs.set_attributes(&mut file, 0x3).unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x3);
    // Whoever may write a file may set its times, as on Windows.
    std::fs::set_permissions(scratch.path().join("f"), PermissionsExt::from_mode(0o666)).unwrap();
    b.at.who = Some(BOB);
    let (mut file, _) = b.find("f").unwrap();
    b.vfs
        .set_times(
            &mut file,
            &Times {
                write: Some(NOW),
                ..Times::default()
            },
        )
        .unwrap();
    assert_eq!(b.vfs.meta(&file).unwrap().write, NOW);
}

#[test]
fn a_folder_that_may_be_read_but_not_searched_shows_names_only() {
    if !is_root() {
        return;
    }
    let (mut b, scratch) = bench();
    b.make_directory("d").unwrap();
    b.write("d/f", b"x");
    if b.attributes {
        let (mut file, _) = b.find("d/f").unwrap();
        b.vfs.set_attributes(&mut file, 0x2).unwrap();
        // Long enough ago to be believed, if anything could be learnt of it.
        std::thread::sleep(std::time::Duration::from_millis(2_100));
    }
    std::fs::set_permissions(scratch.path().join("d"), PermissionsExt::from_mode(0o744)).unwrap();
    b.at.who = Some(BOB);
    assert_eq!(b.names("d"), ["f"]);
    let mut attributes = |who: Option<Who>| {
        b.at.who = who;
        let (mut d, _) = b.find("d").unwrap();
        let read = DataAccess {
            read: true,
            write: false,
        };
        b.vfs.activate(&mut d, read).unwrap();
        let mut found = Vec::new();
        let each = &mut |entry: &Entry<'_>| {
            found.push(entry.meta.unwrap().attributes);
            ControlFlow::Continue(())
        };
        b.vfs.list(&mut d, 0, true, each).unwrap();
        found
    };
    assert_eq!(attributes(Some(BOB)), []);
    // What he could not see teaches nothing to others.
    let hidden = attributes(None)[0] & 0x2 != 0;
    assert_eq!(hidden, b.attributes);
}

#[test]
fn the_servers_identity_is_back_after_every_call() {
    if !is_root() {
        return;
    }
    let (mut b, scratch) = bench();
    let before = identity();
    b.at.who = Some(ALICE);
    b.write("f", b"1");
    let (mut file, _) = b.find("f").unwrap();
    b.vfs.activate(&mut file, READ_WRITE).unwrap();
    assert!(b.find("none").is_err() && b.make("f").is_err() && b.make("none/x").is_err());
    b.vfs.set_attributes(&mut file, 2).unwrap();
    b.vfs.rename(&mut file, to("g"), false).unwrap();
    assert!(b.vfs.rename(&mut file, to("none/x"), false).is_err());
    b.vfs.link(&file, to("h"), false).unwrap();
    b.vfs.remove(&mut file).unwrap();
    assert!(b.vfs.remove(&mut file).is_err());
    chown(scratch.path(), Some(0), Some(0)).unwrap();
    // A panic while somebody else's identity is assumed gives it back too.
    let panicked = std::panic::catch_unwind(|| {
        let _guard = sys::Own::read().assume(BOB.uid, BOB.gid).unwrap();
        panic!("on purpose");
    });
    assert!(panicked.is_err());
    assert_eq!(identity(), before);
}

#[test]
fn masks_say_what_new_files_may_be() {
    let scratch = Scratch::new("/tmp", "masks");
    for (create_mask, directory_mask, file, directory) in [
        (0o640, 0o750, 0o640, 0o750),
        (0o666, 0o777, 0o666, 0o777),
        (0, 0, 0o664, 0o775),
    ] {
        let options = RootOptions {
            create_mask,
            directory_mask,
            ..RootOptions::default()
        };
        let mut b = open(scratch.path(), &options, false);
        let (mut f, meta) = b.make("f").unwrap();
        assert_eq!(meta.mode & 0o777, file);
        let (mut d, meta) = b.make_directory("d").unwrap();
        assert_eq!(meta.mode & 0o777, directory);
        b.vfs.remove(&mut f).unwrap();
        b.vfs.remove(&mut d).unwrap();
    }
}
