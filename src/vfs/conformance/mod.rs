//! What every object store does, whatever it is made of: run against the real one on the disks at hand and
//! against the one in memory.

mod content;
mod names;

pub(super) use content::*;
pub(super) use names::*;

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
