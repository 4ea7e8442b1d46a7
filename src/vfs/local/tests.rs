//! The real store on the disks at hand.

use super::*;
use crate::vfs::conformance::{Bench, conforms};
use std::path::{Path, PathBuf};

mod calls;
mod escape;
mod names;
mod rights;
mod roots;
mod samba;

/// A folder that is gone when this is.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(parent: &str, name: &str) -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = Path::new(parent).join(format!("smolsmb-{}-{count}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn open(path: &Path, options: &RootOptions, walk: bool) -> Bench<Local> {
    use std::os::unix::ffi::OsStrExt;
    let mut vfs = Local::new(Limits::default());
    if walk {
        vfs.walk_paths();
    }
    let root = vfs.mount(path.as_os_str().as_bytes(), options).unwrap();
    let at = At { root, who: None };
    let (file, _) = vfs
        .lookup(
            at,
            SharePath {
                path: b"",
                stream: b"",
            },
            true,
        )
        .unwrap();
    let attributes = vfs.volume(&file).unwrap().attributes_kept;
    Bench {
        vfs,
        at,
        attributes,
    }
}

/// Whether the kernel resolves paths by itself (an emulator's may not).
pub(super) fn kernel_resolves() -> bool {
    sys::root(c"/").is_ok_and(|(root, _)| sys::kernel_resolves(root.as_fd()))
}

fn on(parent: &str, name: &str, walk: bool) -> (Bench<Local>, Scratch) {
    let scratch = Scratch::new(parent, name);
    (open(scratch.path(), &RootOptions::default(), walk), scratch)
}

fn read_only(_: Bench<Local>, scratch: &Scratch) -> Bench<Local> {
    open(
        scratch.path(),
        &RootOptions {
            read_only: true,
            ..RootOptions::default()
        },
        false,
    )
}

mod on_disk {
    use super::*;
    conforms!(|name| on("/tmp", name, false), read_only);
}

mod in_memory {
    use super::*;
    conforms!(|name| on("/dev/shm", name, false), read_only);
}

mod walked {
    use super::*;
    conforms!(|name| on("/tmp", name, true), read_only);
}

#[test]
fn a_change_time_that_was_set_gives_way_to_the_next_change() {
    let (mut b, scratch) = on("/tmp", "ctime", false);
    if !b.attributes {
        return;
    }
    let (mut file, made) = b.make("f").unwrap();
    let set = made.change - 864_000_000_000;
    let times = Times {
        change: Some(set),
        ..Times::default()
    };
    for on_the_router in [false, true] {
        b.vfs.set_times(&mut file, &times).unwrap();
        assert_eq!(b.vfs.meta(&file).unwrap().change, set);
        // Longer than what is taken for the same change.
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert_eq!(b.vfs.meta(&file).unwrap().change, set);
        match on_the_router {
            true => std::fs::write(scratch.path().join("f"), b"x").unwrap(),
            false => b.vfs.write(&mut file, 0, b"x", false).unwrap(),
        }
        assert!(b.vfs.meta(&file).unwrap().change >= made.change);
    }
}

/// Another disk, named by the tester: `SMOLSMB_TEST_DISK=/mnt/btrfs cargo test --lib vfs::`.
mod elsewhere {
    use super::*;
    conforms!(
        |name| on(
            &std::env::var("SMOLSMB_TEST_DISK").unwrap_or("/tmp".into()),
            name,
            false
        ),
        read_only
    );
}
