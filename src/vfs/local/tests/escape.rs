//! Attempts to leave the share.

use super::*;
use crate::vfs::conformance::{READ_WRITE, to};
use std::os::unix::fs::symlink;

/// A share with a secret beside it, and every kind of link.
fn trap(walk: bool) -> (Bench<Local>, Scratch) {
    let scratch = Scratch::new("/tmp", "escape");
    let share = scratch.path().join("share");
    std::fs::create_dir_all(share.join("Dir/sub")).unwrap();
    std::fs::create_dir(scratch.path().join("outside")).unwrap();
    std::fs::write(scratch.path().join("outside/secret"), "secret").unwrap();
    std::fs::write(share.join("Dir/inside"), "inside").unwrap();
    symlink("../outside/secret", share.join("relative")).unwrap();
    symlink(
        scratch.path().join("outside/secret"),
        share.join("absolute"),
    )
    .unwrap();
    symlink("../outside", share.join("folder")).unwrap();
    symlink("Dir/../../outside", share.join("roundabout")).unwrap();
    symlink("/proc/self/root", share.join("magic")).unwrap();
    symlink("Dir/inside", share.join("good")).unwrap();
    symlink("../Dir", share.join("Dir/up")).unwrap();
    symlink("loop", share.join("loop")).unwrap();
    symlink("nowhere", share.join("dangling")).unwrap();
    (open(&share, &RootOptions::default(), walk), scratch)
}

#[test]
fn no_link_leads_out() {
    for walk in [false, true] {
        let (mut b, scratch) = trap(walk);
        for path in [
            "relative",
            "absolute",
            "folder",
            "magic",
            "roundabout",
            "loop",
            "RELATIVE",
            "ABSOLUTE",
            "Folder",
            "MAGIC",
        ] {
            assert_eq!(
                b.find(path).err(),
                Some(Error::LinkRefused),
                "{path} {walk}"
            );
        }
        for path in [
            "folder/secret",
            "FOLDER/secret",
            "folder/SECRET",
            "Roundabout/secret",
            "magic/etc/passwd",
            "MAGIC/etc/PASSWD",
        ] {
            let error = b.find(path).err().unwrap();
            assert!(
                matches!(
                    error,
                    Error::LinkRefused | Error::PathNotFound | Error::NotFound
                ),
                "{path} {walk} {error:?}"
            );
        }
        for path in [
            "folder/new",
            "Folder/new",
            "roundabout/new",
            "magic/tmp/new",
        ] {
            assert!(
                b.make(path).is_err() && b.make_directory(path).is_err(),
                "{path}"
            );
        }
        for path in [
            "relative", "absolute", "dangling", "loop", "RELATIVE", "Dangling",
        ] {
            assert_eq!(b.make(path).err(), Some(Error::Exists), "{path}");
        }
        // A stream of what a link leads to is no way either.
        assert!(b.make("relative:s").is_err() && b.find("absolute:s").is_err());
        let mut file = b.open("Dir/inside");
        for path in ["folder/stolen", "FOLDER/stolen", "roundabout/stolen"] {
            assert!(b.vfs.rename(&mut file, to(path), true).is_err(), "{path}");
            assert!(b.vfs.link(&file, to(path), true).is_err(), "{path}");
        }
        assert_eq!(
            std::fs::read_dir(scratch.path().join("outside"))
                .unwrap()
                .count(),
            1
        );
        assert_eq!(
            std::fs::read(scratch.path().join("outside/secret")).unwrap(),
            b"secret"
        );
    }
}

#[test]
fn links_within_the_share_are_followed_where_the_kernel_can() {
    if !kernel_resolves() {
        return;
    }
    let (mut b, _scratch) = trap(false);
    assert_eq!(b.content("good"), b"inside");
    assert_eq!(b.content("GOOD"), b"inside");
    assert_eq!(b.content("dir/UP/inside"), b"inside");
    assert_eq!(b.find("dangling").err(), Some(Error::NotFound));
    let (mut b, _scratch) = trap(true);
    assert_eq!(b.find("good").err(), Some(Error::LinkRefused));
    assert_eq!(b.content("dir/INSIDE"), b"inside");
}

#[test]
fn a_link_itself_is_shown_and_removed_not_what_it_leads_to() {
    if !kernel_resolves() {
        return;
    }
    let (mut b, scratch) = trap(false);
    for path in ["absolute", "loop", "dangling"] {
        let (mut link, meta) = b.vfs.lookup(b.at, to(path), false).unwrap();
        assert_eq!(
            (meta.kind, meta.attributes & 0x400, meta.reparse_tag),
            (Kind::Symlink, 0x400, 0xA000_000C)
        );
        assert_eq!(
            b.vfs.activate(&mut link, READ_WRITE).err(),
            Some(Error::AccessDenied)
        );
        let mut out = [0; 1024];
        assert!(b.vfs.reparse(&link, &mut out).unwrap() > 20);
        b.vfs.set_attributes(&mut link, 1).unwrap();
        b.vfs
            .set_times(
                &mut link,
                &Times {
                    write: Some(1),
                    ..Times::default()
                },
            )
            .unwrap();
        b.vfs.remove(&mut link).unwrap();
        assert_eq!(b.find(path).err(), Some(Error::NotFound));
    }
    assert!(scratch.path().join("outside/secret").exists());
    // Reached by a link and removed: the link goes, the file stays.
    let mut file = b.open("good");
    assert_eq!(b.path(&file), "good");
    b.vfs.remove(&mut file).unwrap();
    assert_eq!(b.find("good").err(), Some(Error::NotFound));
    assert_eq!(b.content("Dir/inside"), b"inside");
}

#[test]
fn a_listing_tells_nothing_of_what_lies_outside() {
    for walk in [false, true] {
        let (mut b, _scratch) = trap(walk);
        let mut root = b.open("");
        let mut kinds = Vec::new();
        b.vfs
            .list(&mut root, 0, true, &mut |entry| {
                kinds.push((
                    String::from_utf8_lossy(entry.name).into_owned(),
                    entry.meta.unwrap().kind,
                ));
                ControlFlow::Continue(())
            })
            .unwrap();
        for (name, kind) in kinds {
            let expected = match name.as_str() {
                "Dir" => Kind::Directory,
                "good" if !walk && kernel_resolves() => Kind::File,
                _ => Kind::Symlink,
            };
            assert_eq!(kind, expected, "{name} {walk}");
        }
    }
}

#[test]
fn dots_are_refused_below_the_parser_too() {
    for walk in [false, true] {
        let (mut b, _scratch) = trap(walk);
        for path in [
            "..",
            "../outside/secret",
            "Dir/../../outside/secret",
            "DIR/../../outside/secret",
            "/etc/passwd",
            "dir/..",
        ] {
            assert!(b.find(path).is_err() || path == "dir/..", "{path} {walk}");
            assert!(b.make(path).is_err(), "{path} {walk}");
        }
        for path in ["../outside/x", "..", ".", "Dir/..", "a\0b"] {
            let mut file = b.open("Dir/inside");
            assert!(b.vfs.rename(&mut file, to(path), true).is_err(), "{path}");
            assert!(b.vfs.link(&file, to(path), true).is_err(), "{path}");
        }
    }
}

/// Somebody with a shell on the router swaps a folder for a link again and again.
#[test]
fn a_link_swapped_in_while_paths_are_resolved_leads_nowhere() {
    for walk in [false, true] {
        let (mut b, scratch) = trap(walk);
        let share = scratch.path().join("share");
        std::fs::write(share.join("Dir/sub/secret"), "harmless").unwrap();
        symlink("../../outside", share.join("Dir/evil")).unwrap();
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let swapper = {
            let (stop, dir) = (stop.clone(), share.join("Dir"));
            std::thread::spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = std::fs::rename(dir.join("sub"), dir.join("kept"));
                    let _ = std::fs::rename(dir.join("evil"), dir.join("sub"));
                    let _ = std::fs::rename(dir.join("sub"), dir.join("evil"));
                    let _ = std::fs::rename(dir.join("kept"), dir.join("sub"));
                }
            })
        };
        let (mut found, mut made) = (0, 0);
        for round in 0..4000 {
            let path = if round % 2 == 0 {
                "Dir/sub/secret"
            } else {
                "dir/SUB/Secret"
            };
            if let Ok((mut file, _)) = b.find(path)
                && b.vfs
                    .activate(
                        &mut file,
                        DataAccess {
                            read: true,
                            write: false,
                        },
                    )
                    .is_ok()
            {
                assert_eq!(b.read(&file, 0, 20), b"harmless");
                found += 1;
            }
            if let Ok((mut file, _)) = b.make(&format!("Dir/SUB/new{round}")) {
                made += 1;
                let _ = b.vfs.remove(&mut file);
            }
            let mut file = b.open("Dir/inside");
            let _ = b.vfs.link(&file, to("Dir/sub/linked"), true);
            if b.vfs.rename(&mut file, to("DIR/sub/moved"), true).is_ok() {
                let _ = b.vfs.remove(&mut file);
            }
            let _ = b.make("Dir/inside");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        swapper.join().unwrap();
        assert!(found > 0 && made > 0);
        let outside: Vec<_> = std::fs::read_dir(scratch.path().join("outside"))
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(outside, ["secret"]);
        assert_eq!(
            std::fs::read(scratch.path().join("outside/secret")).unwrap(),
            b"secret"
        );
    }
}
