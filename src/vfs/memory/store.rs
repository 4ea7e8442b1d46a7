//! The store's calls.

use super::tree::Reached;
use super::*;

impl Vfs for Memory {
    type File = File;
    type Folder = (At, usize);

    fn mount(&mut self, path: &[u8], options: &RootOptions) -> Result<RootId, Error> {
        let node = match self.folders.get(path) {
            Some(&node) => node,
            None => {
                let now = self.tick();
                let node = self.tree.add_node(true, 0, now);
                self.folders.insert(path.to_vec(), node);
                node
            }
        };
        let id = RootId(u16::try_from(self.roots.len()).map_err(|_| Error::TooManyOpen)?);
        self.roots.push(Some(Root {
            node,
            options: options.clone(),
        }));
        Ok(id)
    }

    fn unmount(&mut self, root: RootId) {
        if let Some(slot) = self.roots.get_mut(usize::from(root.0)) {
            *slot = None;
        }
    }

    fn lookup(
        &mut self,
        at: At,
        path: SharePath<'_>,
        _follow: bool,
    ) -> Result<(File, Meta), Error> {
        let root = self.root(at.root)?;
        let found = self.tree.find(root.node, path)?;
        let mut file = self.enter(root, found, DataAccess::default());
        if !path.stream.is_empty() {
            file.stream = Some(
                self.stored_stream(file.node, path.stream)
                    .ok_or(Error::NotFound)?,
            );
        }
        let meta = self.meta(&file)?;
        Ok((file, meta))
    }

    fn find(
        &mut self,
        at: At,
        path: SharePath<'_>,
        follow: bool,
        _new: bool,
    ) -> Result<Found<File, (At, usize)>, Error> {
        match self.lookup(at, path, follow) {
            Err(Error::NotFound) => {}
            other => return other.map(|(file, meta)| Found::There(file, meta)),
        }
        let root = self.root(at.root)?.node;
        match self.tree.parent(root, path.path)? {
            Some((parent, leaf)) if self.tree.child(parent, leaf).is_none() => {
                Ok(Found::Missing((at, parent)))
            }
            _ => Err(Error::NotFound),
        }
    }

    fn create_in(
        &mut self,
        folder: &(At, usize),
        path: SharePath<'_>,
        new: &New,
    ) -> Result<(File, Meta), Error> {
        self.create(folder.0, path, new)
    }

    fn folder_security(
        &mut self,
        folder: &(At, usize),
        out: &mut [u8],
    ) -> Result<Option<usize>, Error> {
        self.stored_security(folder.1, out)
    }

    fn create(&mut self, at: At, path: SharePath<'_>, new: &New) -> Result<(File, Meta), Error> {
        let root = self.root(at.root)?.clone();
        if root.options.read_only {
            return Err(Error::ReadOnly);
        }
        self.clock = self.clock.max(new.now);
        let mut file;
        if path.stream.is_empty() {
            let (parent, leaf) = self
                .tree
                .parent(root.node, path.path)?
                .ok_or(Error::Exists)?;
            if leaf.len() > name::NAME_LIMIT {
                return Err(Error::NameTooLong);
            }
            if self.tree.child(parent, leaf).is_some() {
                return Err(Error::Exists);
            }
            let kept = new.attributes & KEPT & !0x1200;
            let attributes = if new.directory { kept } else { kept | ARCHIVE };
            let now = self.tick();
            let compressed = self.tree.node(parent).compressed;
            let node = self.tree.add_node(new.directory, attributes, now);
            self.tree.node_mut(node).compressed = compressed;
            let name = self.tree.add_name(parent, leaf, node);
            self.touch(parent, &[WRITE, CHANGE]);
            file = self.enter(
                &root,
                Reached {
                    node,
                    name: Some(name),
                },
                DataAccess {
                    read: true,
                    ..new.access
                },
            );
        } else {
            let found = self.tree.find(root.node, path)?;
            if new.directory {
                return Err(Error::Invalid);
            }
            if self.stored_stream(found.node, path.stream).is_some() {
                return Err(Error::Exists);
            }
            self.tree
                .node_mut(found.node)
                .streams
                .insert(path.stream.to_vec(), Vec::new());
            self.touch(found.node, &[CHANGE]);
            file = self.enter(&root, found, new.access);
            file.stream = Some(path.stream.to_vec());
        }
        let meta = self.meta(&file)?;
        Ok((file, meta))
    }

    fn activate(&mut self, file: &mut File, access: DataAccess) -> Result<(), Error> {
        if access.write {
            file.writable()?;
        }
        file.access = access;
        Ok(())
    }

    fn base(&mut self, file: &File) -> Result<File, Error> {
        Ok(File {
            stream: None,
            ..file.clone()
        })
    }

    fn meta(&mut self, file: &File) -> Result<Meta, Error> {
        let base = self.describe(file.node, self.hidden(file));
        let Some(stream) = &file.stream else {
            return Ok(base);
        };
        let size = self
            .tree
            .node(file.node)
            .streams
            .get(stream)
            .ok_or(Error::NotFound)?
            .len() as u64;
        let attributes = base.attributes & !DIRECTORY;
        Ok(Meta {
            key: FileKey {
                stream: name::hash_stream(stream),
                ..base.key
            },
            kind: Kind::File,
            size,
            allocation: size,
            attributes: if attributes == 0 { NORMAL } else { attributes },
            ..base
        })
    }

    fn path(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        let mut length = 0;
        for (index, component) in self.tree.climb(file.name).iter().rev().enumerate() {
            if index > 0 {
                *out.get_mut(length).ok_or(Error::BufferTooSmall)? = b'/';
                length += 1;
            }
            let room = out.get_mut(length..).unwrap_or_default();
            length += name::show(component, room)
                .ok_or(Error::BufferTooSmall)?
                .len();
        }
        Ok(length)
    }

    fn folder(&mut self, file: &File) -> Result<FileKey, Error> {
        let name = file.name.filter(|_| file.node != file.root);
        let parent = self.tree.holder(name.ok_or(Error::NotFound)?);
        Ok(self.describe(parent, false).key)
    }

    fn stream_name(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        let name = file.stream.as_deref().unwrap_or_default();
        out.get_mut(..name.len())
            .ok_or(Error::BufferTooSmall)?
            .copy_from_slice(name);
        Ok(name.len())
    }

    fn read(
        &mut self,
        file: &File,
        offset: u64,
        out: &mut [u8],
        wait: Wait,
    ) -> Result<usize, Error> {
        file.has_data(&self.tree, false)?;
        if self.cold && wait == Wait::Never {
            return Err(Error::WouldBlock);
        }
        let node = self.tree.node(file.node);
        let Some(stream) = &file.stream else {
            return Ok(node.data.read(offset, out));
        };
        let value = node.streams.get(stream).ok_or(Error::NotFound)?;
        let left = usize::try_from(offset)
            .ok()
            .and_then(|start| value.get(start..))
            .unwrap_or_default();
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        Ok(count)
    }

    fn write(
        &mut self,
        file: &mut File,
        offset: u64,
        data: &[u8],
        _through: bool,
    ) -> Result<(), Error> {
        file.writable()?;
        if data.is_empty() {
            return Ok(());
        }
        file.has_data(&self.tree, true)?;
        let end = offset.checked_add(data.len() as u64);
        if let Some(value) = self.stream_mut(file)? {
            let end = end.filter(|&end| end <= STREAM_LIMIT).ok_or(Error::Full)? as usize;
            value.resize(value.len().max(end), 0);
            value[offset as usize..end].copy_from_slice(data);
        } else {
            if end.is_none_or(|end| end > OFFSET_LIMIT) {
                return Err(Error::TooLarge);
            }
            self.needs(data.len() as u64)?;
            let node = self.tree.node_mut(file.node);
            let before = node.data.allocation();
            node.data.write(offset, data);
            let after = node.data.allocation();
            self.account(before, after);
        }
        self.touch(file.node, &[WRITE, CHANGE]);
        Ok(())
    }

    fn sync(&mut self, _file: &File) -> Result<(), Error> {
        Ok(())
    }

    fn truncate(&mut self, file: &mut File, size: u64) -> Result<(), Error> {
        file.writable()?;
        file.has_data(&self.tree, true)?;
        if let Some(value) = self.stream_mut(file)? {
            if size > STREAM_LIMIT {
                return Err(Error::Full);
            }
            value.resize(size as usize, 0);
        } else {
            if size > OFFSET_LIMIT {
                return Err(Error::TooLarge);
            }
            let node = self.tree.node_mut(file.node);
            let before = node.data.allocation();
            node.data.resize(size);
            let after = node.data.allocation();
            self.account(before, after);
        }
        self.touch(file.node, &[WRITE, CHANGE]);
        Ok(())
    }

    fn allocate(&mut self, file: &mut File, size: u64) -> Result<(), Error> {
        file.writable()?;
        file.has_data(&self.tree, true)?;
        let limit = if file.stream.is_some() {
            STREAM_LIMIT
        } else {
            self.capacity
        };
        if size > limit {
            Err(Error::Full)
        } else {
            Ok(())
        }
    }

    fn set_times(&mut self, file: &mut File, times: &Times) -> Result<(), Error> {
        file.writable()?;
        self.touch(file.node, &[CHANGE]);
        let kept = &mut self.tree.node_mut(file.node).times;
        let wanted = [times.creation, times.access, times.write, times.change];
        for (kept, wanted) in kept.iter_mut().zip(wanted) {
            *kept = wanted.unwrap_or(*kept);
        }
        Ok(())
    }

    fn set_attributes(&mut self, file: &mut File, attributes: u32) -> Result<(), Error> {
        file.writable()?;
        self.tree.node_mut(file.node).attributes = attributes & KEPT;
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn set_compressed(&mut self, file: &mut File, compressed: bool) -> Result<(), Error> {
        file.writable()?;
        self.tree.node_mut(file.node).compressed = compressed;
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn list(
        &mut self,
        directory: &mut File,
        cursor: DirectoryCursor,
        with_meta: bool,
        each: &mut dyn FnMut(&Entry<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if !self.tree.node(directory.node).directory || directory.stream.is_some() {
            return Err(Error::NotDirectory);
        }
        if !directory.access.read {
            return Err(Error::AccessDenied);
        }
        let from = usize::try_from(cursor).unwrap_or(usize::MAX);
        for (count, name) in (self.tree.names_from(directory.node, from)).enumerate() {
            if count >= self.readable_names {
                return Err(Error::Io);
            }
            let text = self.tree.text(name);
            let mut shown = [0; name::SHOWN_LIMIT];
            let Some(shown) = name::show(text, &mut shown) else {
                continue;
            };
            let hidden = directory.hide && text.first() == Some(&b'.');
            let meta = with_meta.then(|| self.describe(self.tree.target(name), hidden));
            if each(&Entry {
                name: shown,
                meta,
                next: name as u64 + 1,
            })
            .is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn is_empty(&mut self, directory: &mut File) -> Result<bool, Error> {
        match self.tree.node(directory.node).directory && directory.stream.is_none() {
            true => Ok(self.tree.is_empty(directory.node)),
            false => Err(Error::NotDirectory),
        }
    }

    fn rename(&mut self, file: &mut File, to: SharePath<'_>, replace: bool) -> Result<(), Error> {
        file.writable()?;
        if let Some(old) = file.stream.clone() {
            if !to.path.is_empty() {
                return Err(Error::Invalid);
            }
            if to.stream.is_empty() {
                return self.become_data(file, &old, replace);
            }
            let taken = self
                .stored_stream(file.node, to.stream)
                .filter(|taken| *taken != old);
            if taken.is_some() && !replace {
                return Err(Error::Exists);
            }
            let streams = &mut self.tree.node_mut(file.node).streams;
            taken.and_then(|taken| streams.remove(&taken));
            let value = streams.remove(&old).ok_or(Error::NotFound)?;
            streams.insert(to.stream.to_vec(), value);
            file.stream = Some(to.stream.to_vec());
            return Ok(());
        }
        if !to.stream.is_empty() {
            return Err(Error::Invalid);
        }
        let name = file.own_name(&self.tree)?;
        let (parent, leaf) = self.tree.parent(file.root, to.path)?.ok_or(Error::Exists)?;
        if self.tree.within(parent, file.node) {
            return Err(Error::Invalid);
        }
        self.clear_way(parent, leaf, Some(name), file, replace)?;
        self.tree.move_name(name, parent, leaf);
        self.touch(parent, &[WRITE, CHANGE]);
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn link(&mut self, file: &File, to: SharePath<'_>, replace: bool) -> Result<(), Error> {
        file.writable()?;
        if file.stream.is_some() || !to.stream.is_empty() {
            return Err(Error::Invalid);
        }
        if self.tree.node(file.node).directory {
            return Err(Error::IsDirectory);
        }
        let (parent, leaf) = self.tree.parent(file.root, to.path)?.ok_or(Error::Exists)?;
        let taken = self.tree.child(parent, leaf);
        if replace && taken.is_some_and(|taken| self.tree.target(taken) == file.node) {
            return Ok(());
        }
        self.clear_way(parent, leaf, None, file, replace)?;
        self.tree.add_name(parent, leaf, file.node);
        self.tree.node_mut(file.node).links += 1;
        self.touch(parent, &[WRITE, CHANGE]);
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn remove(&mut self, file: &mut File) -> Result<(), Error> {
        file.writable()?;
        if let Some(stream) = &file.stream {
            return self
                .tree
                .node_mut(file.node)
                .streams
                .remove(stream)
                .map(|_| ())
                .ok_or(Error::NotFound);
        }
        let name = file.own_name(&self.tree)?;
        if self.tree.node(file.node).directory && !self.tree.is_empty(file.node) {
            return Err(Error::NotEmpty);
        }
        self.tree.remove_name(name);
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn streams(&mut self, file: &File, each: &mut dyn FnMut(&[u8], u64, u64)) -> Result<(), Error> {
        for (name, value) in &self.tree.node(file.node).streams {
            each(name, value.len() as u64, value.len() as u64);
        }
        Ok(())
    }

    fn attributes(&mut self, file: &File, each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), Error> {
        for (name, value) in &self.tree.node(file.node).extended {
            each(name, value);
        }
        Ok(())
    }

    fn set_attribute(&mut self, file: &mut File, name: &[u8], value: &[u8]) -> Result<(), Error> {
        file.writable()?;
        if !name::visible_attribute(name) {
            return Err(Error::AccessDenied);
        }
        let extended = &mut self.tree.node_mut(file.node).extended;
        let stored = extended
            .keys()
            .find(|stored| name::same_stream(stored, name))
            .cloned();
        let stored = stored.unwrap_or_else(|| name.to_vec());
        match value.is_empty() {
            true => extended.remove(&stored),
            false => extended.insert(stored, value.to_vec()),
        };
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn security(&mut self, file: &File, out: &mut [u8]) -> Result<Option<usize>, Error> {
        self.stored_security(file.node, out)
    }

    fn set_security(&mut self, file: &mut File, descriptor: &[u8]) -> Result<(), Error> {
        file.writable()?;
        self.tree.node_mut(file.node).security = Some(descriptor.to_vec());
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn reparse(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        let stored = self
            .tree
            .node(file.node)
            .reparse
            .as_ref()
            .ok_or(Error::NotFound)?;
        out.get_mut(..stored.len())
            .ok_or(Error::BufferTooSmall)?
            .copy_from_slice(stored);
        Ok(stored.len())
    }

    fn set_reparse(&mut self, file: &mut File, buffer: &[u8]) -> Result<(), Error> {
        file.writable()?;
        let node = self.tree.node_mut(file.node);
        match buffer.is_empty() {
            true => node.reparse.take().map(|_| ()).ok_or(Error::NotFound)?,
            false => node.reparse = Some(buffer.to_vec()),
        }
        self.touch(file.node, &[CHANGE]);
        Ok(())
    }

    fn copy(
        &mut self,
        from: &File,
        from_offset: u64,
        to: &mut File,
        to_offset: u64,
        length: u64,
    ) -> Result<u64, Error> {
        to.writable()?;
        let fits = |offset: u64| {
            offset
                .checked_add(length)
                .is_some_and(|end| end <= OFFSET_LIMIT)
        };
        if !fits(from_offset) || !fits(to_offset) {
            return Err(Error::TooLarge);
        }
        let mut done = 0;
        let mut chunk = [0; 4096];
        while done < length {
            let count = (length - done).min(chunk.len() as u64) as usize;
            let count = self.read(from, from_offset + done, &mut chunk[..count], Wait::Allowed)?;
            if count == 0 {
                break;
            }
            self.write(to, to_offset + done, &chunk[..count], false)?;
            done += count as u64;
        }
        Ok(done)
    }

    fn duplicate(
        &mut self,
        from: &File,
        from_offset: u64,
        to: &mut File,
        to_offset: u64,
        length: u64,
    ) -> Result<(), Error> {
        self.copy(from, from_offset, to, to_offset, length)
            .map(|_| ())
    }

    fn zero(&mut self, file: &mut File, offset: u64, length: u64) -> Result<(), Error> {
        file.writable()?;
        file.has_data(&self.tree, true)?;
        let end = offset.saturating_add(length);
        if let Some(value) = self.stream_mut(file)? {
            let end = usize::try_from(end).unwrap_or(usize::MAX).min(value.len());
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(end);
            value[start..end].fill(0);
        } else {
            let node = self.tree.node_mut(file.node);
            let before = node.data.allocation();
            node.data.zero(offset, end);
            let after = node.data.allocation();
            self.account(before, after);
        }
        self.touch(file.node, &[WRITE, CHANGE]);
        Ok(())
    }

    fn allocated(
        &mut self,
        file: &File,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let size = self.meta(file)?.size;
        let end = offset.saturating_add(length).min(size);
        let mut at = offset;
        while at < end {
            let range = match file.stream {
                Some(_) => Some((at, end)),
                None => self.tree.node(file.node).data.next_range(at),
            };
            let Some((start, stop)) = range else { break };
            let (start, stop) = (start.max(at), stop.min(end));
            if start >= stop || each(start, stop - start).is_break() {
                break;
            }
            at = stop;
        }
        Ok(())
    }

    fn observe(&mut self, file: &File) -> Option<Observed> {
        i32::try_from(file.node).ok().map(Observed)
    }

    fn next_change(&mut self, room: &mut [u8]) -> Option<Change> {
        let (of, deed, directory, name) = self.outside.pop_front()?;
        room.get_mut(..name.len())?.copy_from_slice(&name);
        Some(Change {
            of,
            deed,
            name: name.len(),
            directory,
        })
    }

    fn space(&mut self, _file: &File) -> Result<Space, Error> {
        let free = self.capacity.saturating_sub(self.used);
        Ok(Space {
            total: self.capacity,
            available: free,
            free,
            block: 4096,
        })
    }

    fn volume(&mut self, _file: &File) -> Result<Volume, Error> {
        Ok(Volume {
            serial: 0x534D_4F4C,
            object_id: *b"smolsmb in RAM\0\0",
            creation: 133_000_000_000_000_000,
            attributes_kept: true,
            sparse: true,
            reflink: true,
            compression: true,
            name_limit: 255,
        })
    }
}
