//! An object store in memory, for tests and fuzzing: the same as the real one to whoever asks, with a clock
//! that goes one tick a change, so that everything repeats exactly. It knows neither users nor links to
//! other names than hard ones.

mod data;
mod store;
mod tree;

use super::*;
use std::collections::{BTreeMap, VecDeque};
use tree::{Reached, Tree};

const READONLY: u32 = 0x1;
const DIRECTORY: u32 = 0x10;
const ARCHIVE: u32 = 0x20;
const NORMAL: u32 = 0x80;
const REPARSE_POINT: u32 = 0x400;
const COMPRESSED: u32 = 0x800;
/// READONLY, HIDDEN, SYSTEM, ARCHIVE, TEMPORARY, SPARSE_FILE, OFFLINE, NOT_CONTENT_INDEXED.
const KEPT: u32 = READONLY | 0x2 | 0x4 | ARCHIVE | 0x100 | 0x200 | 0x1000 | 0x2000;
/// As the real store bounds streams.
const STREAM_LIMIT: u64 = 65_535;
const CREATION: usize = 0;
const ACCESS: usize = 1;
const WRITE: usize = 2;
const CHANGE: usize = 3;

/// The store.
#[derive(Debug)]
pub struct Memory {
    tree: Tree,
    folders: BTreeMap<Vec<u8>, usize>,
    roots: Vec<Option<Root>>,
    clock: FileTime,
    /// Reads that may not wait answer [`Error::WouldBlock`].
    pub cold: bool,
    /// After so many names a listing fails with [`Error::Io`].
    pub readable_names: usize,
    /// How many bytes all files together may take; beyond, [`Error::Full`].
    pub capacity: u64,
    used: u64,
    /// What others have done, still to be told: where, what, whether to a folder, and its name.
    pub outside: VecDeque<(Observed, Deed, bool, Vec<u8>)>,
}

#[derive(Clone, Debug)]
struct Root {
    node: usize,
    options: RootOptions,
}

/// An open file of a [`Memory`].
#[derive(Clone, Debug)]
pub struct File {
    node: usize,
    name: Option<usize>,
    stream: Option<Vec<u8>>,
    root: usize,
    read_only: bool,
    hide: bool,
    access: DataAccess,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            tree: Tree::default(),
            folders: BTreeMap::new(),
            roots: Vec::new(),
            clock: 133_000_000_000_000_000,
            cold: false,
            readable_names: usize::MAX,
            capacity: 1 << 40,
            used: 0,
            outside: VecDeque::new(),
        }
    }
}

impl Memory {
    /// An empty store. Whatever path is mounted is an empty folder at first, and the same one each time.
    pub fn new() -> Self {
        Memory::default()
    }

    fn tick(&mut self) -> FileTime {
        self.clock += 1;
        self.clock
    }

    fn root(&self, id: RootId) -> Result<&Root, Error> {
        self.roots
            .get(usize::from(id.0))
            .and_then(Option::as_ref)
            .ok_or(Error::NotFound)
    }

    fn touch(&mut self, node: usize, which: &[usize]) {
        let now = self.tick();
        for &time in which {
            self.tree.node_mut(node).times[time] = now;
        }
    }

    fn enter(&self, root: &Root, found: Reached, access: DataAccess) -> File {
        let Reached { node, name } = found;
        let (read_only, hide) = (root.options.read_only, root.options.hide_dot_files);
        File {
            node,
            name,
            stream: None,
            root: root.node,
            read_only,
            hide,
            access,
        }
    }

    fn stored_security(&self, node: usize, out: &mut [u8]) -> Result<Option<usize>, Error> {
        let Some(stored) = &self.tree.node(node).security else {
            return Ok(None);
        };
        out.get_mut(..stored.len())
            .ok_or(Error::BufferTooSmall)?
            .copy_from_slice(stored);
        Ok(Some(stored.len()))
    }

    fn stored_stream(&self, node: usize, wanted: &[u8]) -> Option<Vec<u8>> {
        let streams = &self.tree.node(node).streams;
        let same = |stored: &&Vec<u8>| name::same_stream(stored, wanted);
        streams
            .keys()
            .find(|stored| stored.as_slice() == wanted)
            .or_else(|| streams.keys().find(same))
            .cloned()
    }

    fn stream_mut(&mut self, file: &File) -> Result<Option<&mut Vec<u8>>, Error> {
        match &file.stream {
            None => Ok(None),
            Some(name) => self
                .tree
                .node_mut(file.node)
                .streams
                .get_mut(name)
                .map(Some)
                .ok_or(Error::NotFound),
        }
    }

    fn describe(&self, node: usize, hidden: bool) -> Meta {
        let found = self.tree.node(node);
        let mut attributes = found.attributes & KEPT;
        if found.directory {
            attributes |= DIRECTORY;
        }
        if hidden {
            attributes |= 0x2;
        }
        if found.compressed {
            attributes |= COMPRESSED;
        }
        let tag = found
            .reparse
            .as_deref()
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |tag| u32::from_le_bytes(*tag));
        if tag != 0 {
            attributes |= REPARSE_POINT;
        }
        let eas = found
            .extended
            .iter()
            .map(|(name, value)| 5 + name.len() + value.len())
            .sum::<usize>();
        Meta {
            key: FileKey {
                device: 1,
                inode: node as u64 + 2,
                stream: 0,
            },
            kind: self.tree.kind(node),
            size: found.data.size,
            allocation: found.data.allocation(),
            links: found.links,
            attributes: if attributes == 0 { NORMAL } else { attributes },
            creation: found.times[CREATION],
            access: found.times[ACCESS],
            write: found.times[WRITE],
            change: found.times[CHANGE],
            reparse_tag: tag,
            ea_size: if eas == 0 {
                0
            } else {
                u32::try_from(eas + 4).unwrap_or(u32::MAX)
            },
            mode: if found.directory { 0o775 } else { 0o664 },
            uid: 0,
            gid: 0,
            described: found.security.is_some(),
        }
    }

    fn hidden(&self, file: &File) -> bool {
        file.hide
            && file
                .name
                .is_some_and(|name| self.tree.text(name).first() == Some(&b'.'))
    }

    /// Takes room for a file that grew, or gives it back.
    fn account(&mut self, before: u64, after: u64) {
        self.used = self.used.saturating_add(after).saturating_sub(before);
    }

    fn needs(&self, bytes: u64) -> Result<(), Error> {
        if self.used.saturating_add(bytes) > self.capacity {
            Err(Error::Full)
        } else {
            Ok(())
        }
    }

    /// Makes a stream the data of its file, which must have none so far.
    fn become_data(&mut self, file: &mut File, old: &[u8], replace: bool) -> Result<(), Error> {
        let node = self.tree.node_mut(file.node);
        if node.directory || (replace && node.data.size > 0) {
            return Err(Error::Invalid);
        }
        if !replace {
            return Err(Error::Exists);
        }
        let value = node.streams.remove(old).ok_or(Error::NotFound)?;
        node.data.write(0, &value);
        file.stream = None;
        file.access = DataAccess {
            read: true,
            write: true,
        };
        let (before, after) = (0, self.tree.node(file.node).data.allocation());
        self.account(before, after);
        self.touch(file.node, &[WRITE, CHANGE]);
        Ok(())
    }

    /// What stands in the way of a new name: `None` if nothing does or it is `own`.
    fn clear_way(
        &mut self,
        parent: usize,
        leaf: &[u8],
        own: Option<usize>,
        file: &File,
        replace: bool,
    ) -> Result<(), Error> {
        let Some(taken) = self.tree.child(parent, leaf) else {
            return Ok(());
        };
        if Some(taken) == own {
            return Ok(());
        }
        if !replace {
            return Err(Error::Exists);
        }
        if self.tree.node(self.tree.target(taken)).directory || self.tree.node(file.node).directory
        {
            return Err(Error::AccessDenied);
        }
        self.tree.remove_name(taken);
        Ok(())
    }
}

impl File {
    fn writable(&self) -> Result<(), Error> {
        if self.read_only {
            Err(Error::ReadOnly)
        } else {
            Ok(())
        }
    }

    fn own_name(&self, tree: &Tree) -> Result<usize, Error> {
        let name = self.name.ok_or(Error::AccessDenied)?;
        if tree.alive(name) {
            Ok(name)
        } else {
            Err(Error::NotFound)
        }
    }

    /// Only an open file has data.
    fn has_data(&self, tree: &Tree, write: bool) -> Result<(), Error> {
        if self.stream.is_some() {
            return Ok(());
        }
        if tree.node(self.node).directory {
            return Err(Error::IsDirectory);
        }
        if if write {
            self.access.write
        } else {
            self.access.read
        } {
            Ok(())
        } else {
            Err(Error::AccessDenied)
        }
    }
}

const OFFSET_LIMIT: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::conformance::{Bench, conforms};

    fn bench(_: &str) -> (Bench<Memory>, ()) {
        let mut vfs = Memory::new();
        let root = vfs.mount(b"/share", &RootOptions::default()).unwrap();
        (
            Bench {
                vfs,
                at: At { root, who: None },
                attributes: true,
            },
            (),
        )
    }

    fn read_only(mut bench: Bench<Memory>, _: &()) -> Bench<Memory> {
        let options = RootOptions {
            read_only: true,
            ..RootOptions::default()
        };
        bench.at.root = bench.vfs.mount(b"/share", &options).unwrap();
        bench
    }

    conforms!(bench, read_only);

    #[test]
    fn a_full_store_and_a_cold_one_say_so() {
        let (mut b, ()) = bench("");
        b.vfs.capacity = 8192;
        let (mut file, _) = b.make("f").unwrap();
        b.vfs.write(&mut file, 0, &[1; 4096], false).unwrap();
        assert_eq!(
            b.vfs.write(&mut file, 4096, &[1; 8192], false),
            Err(Error::Full)
        );
        b.vfs.cold = true;
        assert_eq!(
            b.vfs.read(&file, 0, &mut [0], Wait::Never),
            Err(Error::WouldBlock)
        );
        assert_eq!(b.vfs.read(&file, 0, &mut [0], Wait::Allowed), Ok(1));
    }
}
