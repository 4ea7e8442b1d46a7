//! Removing, renaming and linking: one name in a folder opened beneath the root, and only while that name is
//! the very file.

use super::error::{error, refusal};
use super::misses::Deed;
use super::open::{changed, is_dotted, watch};
use super::place::{Guess, Leaf, Standing, has_one_name, same_file};
use super::resolve::{OwnFolder, Resolver, folder, split};
use super::*;
use crate::sys::file::{Errno, Flags};

/// What stands where a name is to be put.
struct Taken {
    stat: Stat,
    /// How it is spelled on disk.
    spelled: Leaf,
}

impl Local {
    pub(super) fn remove_file(&mut self, file: &mut File) -> Result<(), Error> {
        file.writable()?;
        if let Some(stream) = &file.stream {
            let _guard = self.on_behalf(file.who)?;
            let path = file.handle_path();
            return stream::remove(file.place(&path), stream);
        }
        let Standing { own, leaf, stat } = self.standing(file)?;
        let _guard = self.on_behalf(file.who)?;
        let root = self.roots.get(usize::from(file.root.0));
        let Some(Some(Root { fd, .. })) = root else {
            return Err(Error::NotFound);
        };
        let folder = folder(fd.as_fd(), &own);
        let watched = watch(&self.misses, folder);
        let directory = meta::kind(&stat) == Kind::Directory;
        sys::remove(folder, leaf.bytes(), directory).map_err(|errno| match errno {
            Errno::EXIST => Error::NotEmpty,
            other => error(other),
        })?;
        let deeds = [Deed::Removed(name::hash(leaf.bytes()))];
        changed(&mut self.misses, watched, folder, &deeds);
        Ok(())
    }

    /// The folder where `path` is to be put, its last component, and what stands there in any case.
    fn destination<'p>(
        &mut self,
        root: RootId,
        path: &'p [u8],
    ) -> Result<(OwnFolder, &'p [u8], Option<Taken>), Error> {
        let Some(Some(root)) = self.roots.get(usize::from(root.0)) else {
            return Err(Error::NotFound);
        };
        let (parent, leaf) = split(path).ok_or(Error::Exists)?;
        let mut resolver = Resolver {
            root: root.fd.as_fd(),
            kernel: root.kernel,
            misses: &mut self.misses,
            entries: &mut self.work.entries,
            path: &mut self.work.target,
            seen: None,
        };
        let own = resolver.find_folder(parent)?;
        let found = folder(root.fd.as_fd(), &own);
        match sys::stat_child(found, leaf) {
            Ok(stat) => {
                return Ok((
                    own,
                    leaf,
                    Some(Taken {
                        stat,
                        spelled: Leaf::of(leaf)?,
                    }),
                ));
            }
            Err(Errno::NOENT | Errno::INVAL | Errno::ILSEQ) => {}
            Err(errno) => return Err(refusal(errno)),
        }
        if !resolver.find_leaf(found, leaf)? {
            return Ok((own, leaf, None));
        }
        let spelled = Leaf::of(split(resolver.path.bytes()).ok_or(Error::Io)?.1)?;
        let taken = match sys::stat_child(found, spelled.bytes()) {
            Ok(stat) => Some(Taken { stat, spelled }),
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(refusal(errno)),
        };
        Ok((own, leaf, taken))
    }

    pub(super) fn rename_file(
        &mut self,
        file: &mut File,
        to: SharePath<'_>,
        replace: bool,
    ) -> Result<(), Error> {
        file.writable()?;
        if file.stream.is_some() || (to.path.is_empty() && !to.stream.is_empty()) {
            return self.rename_stream(file, to, replace);
        }
        if !to.stream.is_empty() {
            return Err(Error::Invalid);
        }
        let Standing { own, leaf, stat } = self.standing(file)?;
        let _guard = self.on_behalf(file.who)?;
        let (other, new, taken) = self.destination(file.root, to.path)?;
        let Some(Some(Root { fd: root, .. })) = self.roots.get(usize::from(file.root.0)) else {
            return Err(Error::NotFound);
        };
        let (here, there) = (folder(root.as_fd(), &own), folder(root.as_fd(), &other));
        let from = sys::stat(here).map_err(error)?;
        let into = match (&own, &other) {
            (None, None) => from,
            _ => sys::stat(there).map_err(error)?,
        };
        let (source, target) = (self.misses.held(&from), self.misses.held(&into));
        let one_folder = same_file(&from, &into);
        match taken {
            None => sys::rename_new(here, leaf.bytes(), there, new).map_err(error)?,
            Some(taken)
                if same_file(&taken.stat, &stat)
                    && one_folder
                    && taken.spelled.bytes() == leaf.bytes() =>
            {
                // Its own name: only the case is new, if anything.
                if new != leaf.bytes() {
                    sys::rename(here, leaf.bytes(), there, new).map_err(error)?;
                }
            }
            Some(taken) if same_file(&taken.stat, &stat) && one_folder && has_one_name(&stat) => {
                // The disk itself takes both for one name (FAT) and would change nothing: by way of a third.
                let third = format!("~{:x}.smolsmb", stat.inode);
                sys::rename_new(here, leaf.bytes(), here, third.as_bytes()).map_err(error)?;
                sys::rename_new(here, third.as_bytes(), here, new)
                    .inspect_err(|_| {
                        let _ = sys::rename_new(here, third.as_bytes(), here, leaf.bytes());
                    })
                    .map_err(error)?;
            }
            Some(_) if !replace => return Err(Error::Exists),
            Some(taken)
                if meta::kind(&taken.stat) == Kind::Directory
                    || meta::kind(&stat) == Kind::Directory =>
            {
                return Err(Error::AccessDenied);
            }
            Some(taken) => {
                if same_file(&taken.stat, &stat) {
                    // Two names of one file: the kernel would do nothing.
                    sys::remove(there, taken.spelled.bytes(), false).map_err(error)?;
                    sys::rename_new(here, leaf.bytes(), there, new).map_err(error)?;
                } else {
                    sys::rename(here, leaf.bytes(), there, taken.spelled.bytes()).map_err(error)?;
                    if taken.spelled.bytes() != new {
                        // It stands in the old spelling now; that it has the new one is not worth failing for.
                        let _ = sys::rename_new(there, taken.spelled.bytes(), there, new);
                    }
                }
            }
        }
        let (gone, come) = (
            Deed::Removed(name::hash(leaf.bytes())),
            Deed::Named(name::hash(new)),
        );
        match one_folder {
            true => changed(&mut self.misses, source, here, &[gone, come]),
            false => {
                changed(&mut self.misses, source, here, &[gone]);
                changed(&mut self.misses, target, there, &[come]);
            }
        }
        file.guess = Guess::of(to.path);
        file.hidden = self
            .root_of(file)
            .is_ok_and(|root| root.options.hide_dot_files)
            && is_dotted(new);
        Ok(())
    }

    fn rename_stream(
        &mut self,
        file: &mut File,
        to: SharePath<'_>,
        replace: bool,
    ) -> Result<(), Error> {
        let Some(old) = file.stream.clone() else {
            return Err(Error::Invalid);
        };
        if !to.path.is_empty() {
            return Err(Error::Invalid);
        }
        if to.stream.is_empty() {
            return self.become_data(file, &old, replace);
        }
        let _guard = self.on_behalf(file.who)?;
        let path = file.handle_path();
        let place = file.place(&path);
        let Work { names, value, .. } = &mut self.work;
        let taken: Option<Box<[u8]>> = stream::find(place, to.stream, names)?.map(Box::from);
        if taken.as_deref() == Some(to.stream) && *old == *to.stream {
            return Ok(());
        }
        let own = taken.as_deref() == Some(&*old);
        if taken.is_some() && !own && !replace {
            return Err(Error::Exists);
        }
        let length = stream::load(place, &old, value)?.len();
        // The old one goes first where the disk has no room for both.
        match stream::store(place, to.stream, value, length, false) {
            Err(Error::Full) => {
                stream::remove(place, &old)?;
                if let Err(error) = stream::store(place, to.stream, value, length, false) {
                    let _ = stream::store(place, &old, value, length, false);
                    return Err(error);
                }
            }
            other => {
                other?;
                stream::remove(place, &old)?;
            }
        }
        if let Some(taken) = taken
            && !own
            && *taken != *to.stream
        {
            let _ = stream::remove(place, &taken);
        }
        file.stream = Some(to.stream.into());
        Ok(())
    }

    /// Makes a stream the data of its file, which must have none so far; the handle is one to the file then.
    fn become_data(&mut self, file: &mut File, old: &[u8], replace: bool) -> Result<(), Error> {
        let stat = sys::stat(file.fd.as_fd()).map_err(error)?;
        if meta::kind(&stat) != Kind::File || (replace && stat.size > 0) {
            return Err(Error::Invalid);
        }
        if !replace {
            return Err(Error::Exists);
        }
        let _guard = self.on_behalf(file.who)?;
        let access = Flags {
            read: true,
            write: true,
            ..Flags::HANDLE
        };
        let data = sys::reopen(file.fd.as_fd(), access).map_err(error)?;
        let path = file.handle_path();
        let place = file.place(&path);
        let mut value = stream::load(place, old, &mut self.work.value)?;
        let mut at = 0;
        while !value.is_empty() {
            let count = sys::write_at(data.as_fd(), value, at).map_err(error)?;
            if count == 0 {
                return Err(Error::Io);
            }
            value = value.get(count..).unwrap_or_default();
            at += count as u64;
        }
        stream::remove(place, old)?;
        file.fd = data;
        (file.stream, file.open) = (None, true);
        Ok(())
    }

    pub(super) fn link_file(
        &mut self,
        file: &File,
        to: SharePath<'_>,
        replace: bool,
    ) -> Result<(), Error> {
        file.writable()?;
        if file.stream.is_some() || !to.stream.is_empty() {
            return Err(Error::Invalid);
        }
        match file.kind {
            Kind::File => {}
            Kind::Directory => return Err(Error::IsDirectory),
            Kind::Symlink | Kind::Special => return Err(Error::Unsupported),
        }
        self.root_of(file)?;
        let _guard = self.on_behalf(file.who)?;
        let (own, new, taken) = self.destination(file.root, to.path)?;
        let Some(Some(Root { fd: root, .. })) = self.roots.get(usize::from(file.root.0)) else {
            return Err(Error::NotFound);
        };
        let there = folder(root.as_fd(), &own);
        let watched = watch(&self.misses, there);
        if let Some(taken) = taken {
            let stat = sys::stat(file.fd.as_fd()).map_err(error)?;
            if !replace {
                return Err(Error::Exists);
            }
            if meta::kind(&taken.stat) == Kind::Directory {
                return Err(Error::AccessDenied);
            }
            if same_file(&taken.stat, &stat) {
                return Ok(());
            }
            sys::remove(there, taken.spelled.bytes(), false).map_err(error)?;
        }
        sys::link(file.fd.as_fd(), there, new).map_err(error)?;
        let deeds = [Deed::Named(name::hash(new))];
        changed(&mut self.misses, watched, there, &deeds);
        Ok(())
    }
}
