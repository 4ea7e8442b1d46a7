//! Reading, writing and listing take no memory: a counting allocator says so.

use smolsmb::vfs::local::{Limits, Local};
use smolsmb::vfs::{At, DataAccess, New, RootOptions, SharePath, Vfs, Wait};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::ControlFlow;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system's allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the system's allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted(what: &str, work: impl FnOnce()) {
    let before = COUNT.with(Cell::get);
    work();
    assert_eq!(COUNT.with(Cell::get) - before, 0, "{what} took memory");
}

fn to(path: &[u8]) -> SharePath<'_> {
    SharePath { path, stream: b"" }
}

#[test]
fn the_busy_paths_take_no_memory() {
    let folder = std::env::temp_dir().join(format!("smolsmb-allocation-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let mut vfs = Local::new(Limits::default());
    let root = vfs
        .mount(folder.to_str().unwrap().as_bytes(), &RootOptions::default())
        .unwrap();
    let at = At { root, who: None };
    let access = DataAccess {
        read: true,
        write: true,
    };
    let new = New {
        directory: false,
        attributes: 2,
        access,
        now: 1,
    };
    let (mut file, _) = vfs.create(at, to(b"f"), &new).unwrap();
    let mut stream = vfs
        .create(
            at,
            SharePath {
                path: b"f",
                stream: b"s",
            },
            &new,
        )
        .unwrap()
        .0;
    for index in 0..2000 {
        vfs.create(at, to(format!("name {index}").as_bytes()), &new)
            .unwrap();
    }
    let (mut directory, _) = vfs.lookup(at, to(b""), true).unwrap();
    vfs.activate(&mut directory, access).unwrap();
    let mut buffer = vec![7; 1 << 20];

    counted("writing", || {
        vfs.write(&mut file, 5, &buffer, false).unwrap()
    });
    counted("writing through", || {
        vfs.write(&mut file, 5, &buffer[..4096], true).unwrap()
    });
    counted("reading", || {
        assert!(vfs.read(&file, 0, &mut buffer, Wait::Allowed).is_ok())
    });
    counted("reading what is cached", || {
        assert!(vfs.read(&file, 0, &mut buffer, Wait::Never).is_ok())
    });
    counted("writing a stream", || {
        vfs.write(&mut stream, 9, b"stream", false).unwrap()
    });
    counted("reading a stream", || {
        assert!(vfs.read(&stream, 0, &mut buffer, Wait::Never).is_ok())
    });
    counted("its length", || {
        assert!(vfs.size(&file).is_ok() && vfs.sendable(&file, 0, 1 << 20))
    });
    counted("listing", || {
        let mut count = 0;
        vfs.list(&mut directory, 0, true, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(count, 2001);
    });
    counted("meta", || {
        assert!(vfs.meta(&file).is_ok() && vfs.meta(&stream).is_ok())
    });
    counted("where it is", || {
        assert!(vfs.path(&file, &mut buffer).is_ok())
    });
    counted("looking up, in any case", || {
        for name in [&b"name 77"[..], b"NAME 77", b"none", b"none/none"] {
            let _ = vfs.lookup(at, to(name), true);
        }
    });
    counted("making, renaming, removing", || {
        let (mut made, _) = vfs.create(at, to(b"made"), &new).unwrap();
        vfs.rename(&mut made, to(b"renamed"), true).unwrap();
        vfs.remove(&mut made).unwrap();
    });
    counted("closing", || drop(file));
    std::fs::remove_dir_all(&folder).unwrap();
}
