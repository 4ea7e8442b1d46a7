//! How often the kernel is asked: each call costs as much as the rest of what the server does for a small file.

use super::*;
use crate::sys::file::counted;
use crate::vfs::Found;

const NEW: New = New {
    directory: false,
    attributes: 0x20,
    access: DataAccess {
        read: true,
        write: true,
    },
    now: 1,
};

fn path(path: &[u8]) -> SharePath<'_> {
    SharePath { path, stream: b"" }
}

/// As a CREATE makes a file: looked for, its folder's descriptor asked for, made.
fn make(b: &mut Bench<Local>, name: &[u8]) -> File {
    let Found::Missing(folder) = b.vfs.find(b.at, path(name), true, true).unwrap() else {
        panic!("it is there already");
    };
    assert_eq!(b.vfs.folder_security(&folder, &mut [0; 4096]), Ok(None));
    b.vfs.create_in(&folder, path(name), &NEW).unwrap().0
}

fn find(b: &mut Bench<Local>, name: &[u8]) -> File {
    match b.vfs.find(b.at, path(name), true, false).unwrap() {
        Found::There(file, _) => file,
        Found::Missing(_) => panic!("it is gone"),
    }
}

#[test]
fn a_small_file_takes_few_calls() {
    let (mut b, scratch) = on("/tmp", "calls", false);
    if !kernel_resolves() || !b.attributes {
        return;
    }
    let at = b.at;
    let folder = New {
        directory: true,
        ..NEW
    };
    b.vfs.create(at, path(b"Folder"), &folder).unwrap();
    for (name, new, depth) in [
        (&b"one"[..], &b"two"[..], 0),
        (b"Folder/one", b"Folder/two", 1),
    ] {
        // The folder's names are learnt, and once more when names are gone.
        for _ in 0..2 {
            let mut first = make(&mut b, name);
            b.vfs.remove(&mut first).unwrap();
        }
        let (file, calls) = counted(|| make(&mut b, name));
        assert!(calls <= 5 + 2 * depth, "made by {calls} calls");
        drop(file);
        let (mut file, calls) = counted(|| find(&mut b, name));
        assert!(calls <= 3, "found by {calls} calls");
        let (_, calls) = counted(|| b.vfs.meta(&file).unwrap());
        let again = if is_dated(&scratch) { 1 } else { 2 };
        assert!(calls <= again, "described again by {calls} calls");
        let (_, calls) = counted(|| b.vfs.rename(&mut file, path(new), false).unwrap());
        assert!(calls <= 6 + 3 * depth, "renamed by {calls} calls");
        let (_, calls) = counted(|| b.vfs.remove(&mut file).unwrap());
        assert!(calls <= 4 + depth, "removed by {calls} calls");
    }
}

#[test]
fn attributes_are_asked_for_again_once_one_was_set() {
    let (mut b, scratch) = on("/tmp", "calls", false);
    if !b.attributes {
        return;
    }
    // So often that, before Linux 6.13, some changes have one change time.
    for round in 0..50 {
        let mut file = make(&mut b, b"file");
        let mut other = find(&mut b, b"file");
        assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x20, "{round}");
        b.vfs.set_attributes(&mut other, 0x22).unwrap();
        assert_eq!(b.vfs.meta(&file).unwrap().attributes, 0x22, "{round}");
        b.vfs.remove(&mut file).unwrap();
    }
    let file = make(&mut b, b"file");
    assert_eq!(b.vfs.meta(&file).unwrap().ea_size, 0);
    // Somebody else, on this machine: a tick of the disk's clock later.
    std::thread::sleep(std::time::Duration::from_millis(30));
    let path = scratch.path().join("file");
    rustix::fs::setxattr(&path, "user.Author", b"x", rustix::fs::XattrFlags::CREATE).unwrap();
    assert_ne!(b.vfs.meta(&file).unwrap().ea_size, 0);
}

/// Whether the disk keeps attributes, and dates what is set.
fn is_dated(scratch: &Scratch) -> bool {
    let folder = std::fs::File::open(scratch.path()).unwrap();
    Disk::of(folder.as_fd(), Place::Open(folder.as_fd())) == Disk::Dated
}

/// Lists the folder in parts of so many entries; how many files have attributes (of their own, or hidden), and the calls.
fn list(b: &mut Bench<Local>, folder: &mut File, from: u64, part: usize) -> (usize, usize) {
    let (mut cursor, mut marked, mut entries) = (from, 0, part);
    let (_, calls) = counted(|| {
        while entries == part {
            entries = 0;
            let mut next = cursor;
            let each = &mut |entry: &Entry<'_>| {
                if entries == part {
                    return ControlFlow::Break(());
                }
                let meta = entry.meta.unwrap();
                marked += usize::from(meta.ea_size > 0 || meta.attributes & 0x2 != 0);
                entries += 1;
                next = entry.next;
                ControlFlow::Continue(())
            };
            b.vfs.list(folder, cursor, true, each).unwrap();
            cursor = next;
        }
    });
    (marked, calls)
}

#[test]
fn a_folder_without_attributes_is_not_asked_again_file_by_file() {
    const FILES: usize = 100;
    let mark = |path: &std::path::Path| {
        rustix::fs::setxattr(path, "user.Author", b"x", rustix::fs::XattrFlags::CREATE).unwrap();
    };
    let (mut b, scratch) = on("/dev/shm", "bare", false);
    if !is_dated(&scratch) {
        return;
    }
    let (elsewhere, inside) = (scratch.path().join("elsewhere"), scratch.path().join("in"));
    std::fs::write(&elsewhere, "data").unwrap();
    mark(&elsewhere);
    std::fs::create_dir(&inside).unwrap();
    for i in 0..FILES {
        std::fs::write(inside.join(i.to_string()), "data").unwrap();
    }
    let (mut folder, _) = b.find("in").unwrap();
    b.vfs.activate(&mut folder, NEW.access).unwrap();
    let asked = |calls: usize| calls >= FILES;

    assert!(asked(list(&mut b, &mut folder, 0, 30).1));
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    // A part of the listing says nothing of the rest.
    let mut middle = 0;
    let each = &mut |entry: &Entry<'_>| {
        middle = entry.next;
        ControlFlow::Break(())
    };
    b.vfs.list(&mut folder, 0, false, each).unwrap();
    b.vfs.unmount(b.at.root);
    let path = std::os::unix::ffi::OsStrExt::as_bytes(scratch.path().as_os_str());
    b.at.root = b.vfs.mount(path, &RootOptions::default()).unwrap();
    let (mut folder, _) = b.find("in").unwrap();
    b.vfs.activate(&mut folder, NEW.access).unwrap();
    list(&mut b, &mut folder, middle, 30);
    assert!(
        asked(list(&mut b, &mut folder, 0, 30).1),
        "a part is not all"
    );
    let (marked, calls) = list(&mut b, &mut folder, 0, 30);
    assert_eq!(marked, 0);
    assert!(!asked(calls), "listed by {calls} calls");

    // Whatever others do shows.
    mark(&inside.join("7"));
    assert_eq!(list(&mut b, &mut folder, 0, 30).0, 1);
    std::fs::rename(elsewhere, inside.join("moved")).unwrap();
    assert_eq!(list(&mut b, &mut folder, 0, 30).0, 2);
    rustix::fs::removexattr(inside.join("7"), "user.Author").unwrap();
    std::fs::remove_file(inside.join("moved")).unwrap();
    assert_eq!(list(&mut b, &mut folder, 0, 30).0, 0);
    // And whatever we do.
    let mut file = find(&mut b, b"in/50");
    b.vfs.set_attributes(&mut file, 0x22).unwrap();
    assert_eq!(list(&mut b, &mut folder, 0, 30).0, 1);
}

/// A ramfs, which keeps no attributes, as FAT and exFAT do not.
struct Ramfs(Scratch);

impl Ramfs {
    /// `None` where the tester may not mount one.
    fn new() -> Option<Self> {
        let ramfs = Ramfs(Scratch::new("/tmp", "ramfs"));
        ramfs
            .run("mount", &["-t", "ramfs", "none"])
            .then_some(ramfs)
    }

    fn run(&self, program: &str, words: &[&str]) -> bool {
        let status = std::process::Command::new(program)
            .args(words)
            .arg(self.0.path())
            .stderr(std::process::Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for Ramfs {
    fn drop(&mut self) {
        self.run("umount", &["--lazy"]);
    }
}

#[test]
fn a_disk_that_keeps_no_attributes_is_not_asked_for_them() {
    let Some(disk) = Ramfs::new() else { return };
    let mut b = open(disk.0.path(), &RootOptions::default(), false);
    assert!(!b.attributes);
    for i in 0..100 {
        make(&mut b, i.to_string().as_bytes());
    }
    let (_, calls) = counted(|| find(&mut b, b"7"));
    assert!(calls <= 2, "found by {calls} calls");
    let (mut folder, _) = b.find("").unwrap();
    b.vfs.activate(&mut folder, NEW.access).unwrap();
    let mut entries = 0;
    let (_, calls) = counted(|| {
        b.vfs.list(&mut folder, 0, true, &mut |entry| {
            assert_eq!(entry.meta.unwrap().attributes, 0x20);
            entries += 1;
            ControlFlow::Continue(())
        })
    });
    assert_eq!(entries, 100);
    assert!(calls < entries, "listed by {calls} calls");
}

#[test]
fn what_somebody_else_made_just_now_is_not_made_again() {
    let (mut b, scratch) = on("/tmp", "calls", false);
    let mut first = make(&mut b, b"other");
    b.vfs.remove(&mut first).unwrap();
    let Found::Missing(folder) = b.vfs.find(b.at, path(b"name"), true, true).unwrap() else {
        panic!("it is there already");
    };
    std::fs::write(scratch.path().join("name"), "data").unwrap();
    let made = b.vfs.create_in(&folder, path(b"name"), &NEW);
    assert_eq!(made.err(), Some(Error::Exists));
    drop(find(&mut b, b"name"));
}
