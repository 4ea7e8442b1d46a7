//! Mounting roots; looking up, making and opening files.

use super::error::{error, refusal};
use super::meta::{self, Extra, bits};
use super::place::{Guess, whereabouts};
use super::resolve::{Reached, Resolver, folder, split};
use super::*;
use crate::sys::file::{Errno, Flags};
use crate::vfs::name;

/// What a file may be made with if the share says nothing.
const FILE_MODE: u32 = 0o664;
const DIRECTORY_MODE: u32 = 0o775;

impl Local {
    pub(super) fn mount_root(
        &mut self,
        path: &[u8],
        options: &RootOptions,
    ) -> Result<RootId, Error> {
        self.work.path.set(path).map_err(error)?;
        let (fd, readable) = sys::root(self.work.path.as_c_str()).map_err(error)?;
        let kernel = !self.walk && sys::kernel_resolves(fd.as_fd());
        self.generation = self.generation.wrapping_add(1);
        self.bare.forget();
        whereabouts(fd.as_fd(), &mut self.work.root)?;
        let handle = HandlePath::of(fd.as_fd());
        let root = Root {
            device: sys::stat(fd.as_fd()).map_err(error)?.device,
            disk: Disk::of(fd.as_fd(), Place::Handle(handle.as_c_str())),
            fd,
            options: options.clone(),
            generation: self.generation,
            path: self.work.root.bytes().into(),
            readable,
            kernel,
        };
        let free = self.roots.iter().position(Option::is_none);
        let index = free.unwrap_or(self.roots.len());
        let id = RootId(u16::try_from(index).map_err(|_| Error::TooManyOpen)?);
        match free {
            Some(index) => self.roots[index] = Some(root),
            None => self.roots.push(Some(root)),
        }
        Ok(id)
    }

    pub(super) fn look_up(
        &mut self,
        at: At,
        path: SharePath<'_>,
        follow: bool,
    ) -> Result<(File, Meta), Error> {
        match self.look_for(at, path, follow, false)? {
            Found::There(file, meta) => Ok((file, meta)),
            Found::Missing(_) => Err(Error::NotFound),
        }
    }

    pub(super) fn look_for(
        &mut self,
        at: At,
        path: SharePath<'_>,
        follow: bool,
        new: bool,
    ) -> Result<Found<File, Folder>, Error> {
        let guard = self.on_behalf(at.who)?;
        let new = new && path.stream.is_empty();
        let (mut file, stat) = match self.reach(at, path.path, follow, new)? {
            Ok(found) => found,
            Err(folder) => return Ok(Found::Missing(folder)),
        };
        if !path.stream.is_empty() {
            self.enter_stream(&mut file, path.stream)?;
        }
        drop(guard);
        let meta = self.describe_as(&file, &stat)?;
        Ok(Found::There(file, meta))
    }

    /// A handle to what the path names, and its status; or the folder it would be in.
    fn reach(
        &mut self,
        at: At,
        path: &[u8],
        follow: bool,
        new: bool,
    ) -> Result<Result<(File, sys::Stat), Folder>, Error> {
        let Some(Some(root)) = self.roots.get(usize::from(at.root.0)) else {
            return Err(Error::NotFound);
        };
        let mut resolver = Resolver {
            root: root.fd.as_fd(),
            kernel: root.kernel,
            misses: &mut self.misses,
            entries: &mut self.work.entries,
            path: &mut self.work.path,
            seen: None,
        };
        let mut fd = match resolver.find(path, new)? {
            Reached::There(fd) => fd,
            Reached::Missing(own, stat) => {
                return Ok(Err(Folder {
                    own,
                    stat,
                    at,
                    generation: root.generation,
                }));
            }
        };
        let mut link = None;
        let mut stat = sys::stat(fd.as_fd()).map_err(error)?;
        if follow && meta::kind(&stat) == Kind::Symlink {
            link = Some(fd);
            fd = resolver.follow()?;
            stat = sys::stat(fd.as_fd()).map_err(error)?;
        }
        let hidden = root.options.hide_dot_files && is_dotted(resolver.path.bytes());
        let file = File {
            fd,
            identity: (stat.device, stat.inode),
            guess: Guess::of(resolver.path.bytes()),
            link,
            stream: None,
            kind: meta::kind(&stat),
            root: at.root,
            generation: root.generation,
            who: at.who,
            open: false,
            hidden,
            read_only: root.options.read_only,
            search: false,
            waits: Cell::new(Waits::Tried),
            bare: Cell::new(None),
        };
        Ok(Ok((file, stat)))
    }

    /// Makes a file's handle that of one of its streams.
    fn enter_stream(&mut self, file: &mut File, wanted: &[u8]) -> Result<(), Error> {
        if !file.has_attributes() {
            return Err(Error::NotFound);
        }
        let path = file.handle_path();
        let found = stream::find(file.place(&path), wanted, &mut self.work.names)?
            .ok_or(Error::NotFound)?;
        file.stream = Some(found.into());
        file.kind = Kind::File;
        Ok(())
    }

    pub(super) fn describe(&mut self, file: &File) -> Result<Meta, Error> {
        let stat = sys::stat(file.fd.as_fd()).map_err(error)?;
        self.describe_as(file, &stat)
    }

    fn describe_as(&mut self, file: &File, stat: &sys::Stat) -> Result<Meta, Error> {
        let base = meta::describe(stat, self.extra(file, stat), file.hidden);
        match &file.stream {
            None => Ok(base),
            Some(name) => {
                let path = file.handle_path();
                let size = stream::size(file.place(&path), name)?;
                Ok(meta::of_stream(base, name, size))
            }
        }
    }

    /// What the attributes of a file with this status add to it.
    pub(super) fn extra(&mut self, file: &File, stat: &sys::Stat) -> Extra {
        let disk = self.disk(file, stat.device);
        let now = Bare::now(stat, sys::stored());
        if disk == Disk::Bare || now.is_some() && file.bare.get() == now {
            return Extra::default();
        }
        let path = file.handle_path();
        let extra = meta::extra(stat, file.place(&path), self.work.attributes());
        let known = extra.none && disk == Disk::Dated;
        file.bare.set(now.filter(|_| known));
        extra
    }

    pub(super) fn make(
        &mut self,
        at: At,
        path: SharePath<'_>,
        new: &New,
    ) -> Result<(File, Meta), Error> {
        if self.root(at.root)?.options.read_only {
            return Err(Error::ReadOnly);
        }
        let guard = self.on_behalf(at.who)?;
        let file = match path.stream.is_empty() {
            true => {
                let folder = self.place_for(at, path.path)?;
                self.make_file(&folder, path.path, new)?
            }
            false => self.make_stream(at, path, new)?,
        };
        drop(guard);
        self.made(file, new)
    }

    pub(super) fn make_in(
        &mut self,
        folder: &Folder,
        path: SharePath<'_>,
        new: &New,
    ) -> Result<(File, Meta), Error> {
        if self.root(folder.at.root)?.options.read_only {
            return Err(Error::ReadOnly);
        }
        let guard = self.on_behalf(folder.at.who)?;
        let file = self.make_file(folder, path.path, new)?;
        drop(guard);
        self.made(file, new)
    }

    /// Finishes what was made.
    fn made(&mut self, mut file: File, new: &New) -> Result<(File, Meta), Error> {
        let stat = sys::stat(file.fd.as_fd()).map_err(error)?;
        file.identity = (stat.device, stat.inode);
        let changed = file.stream.is_none() && self.first_attributes(&file, &stat, new)?;
        let meta = match changed || file.stream.is_some() {
            true => self.describe(&file)?,
            // The disk gives a new file no attribute that says anything to us.
            false => {
                if self.disk(&file, stat.device) == Disk::Dated {
                    file.bare.set(Bare::now(&stat, sys::stored()));
                }
                meta::describe(&stat, Extra::default(), file.hidden)
            }
        };
        Ok((file, meta))
    }

    /// The folder in which something is to be made that is not there, in any case.
    fn place_for(&mut self, at: At, path: &[u8]) -> Result<Folder, Error> {
        let Some(Some(root)) = self.roots.get(usize::from(at.root.0)) else {
            return Err(Error::NotFound);
        };
        let (parent, leaf) = split(path).ok_or(Error::Exists)?;
        let mut resolver = Resolver {
            root: root.fd.as_fd(),
            kernel: root.kernel,
            misses: &mut self.misses,
            entries: &mut self.work.entries,
            path: &mut self.work.path,
            seen: None,
        };
        let own = resolver.find_folder(parent)?;
        if resolver.find_leaf(folder(resolver.root, &own), leaf)? {
            return Err(Error::Exists);
        }
        Ok(Folder {
            own,
            stat: resolver.seen,
            at,
            generation: root.generation,
        })
    }

    fn make_file(&mut self, place: &Folder, path: &[u8], new: &New) -> Result<File, Error> {
        let at = place.at;
        let (_, leaf) = split(path).ok_or(Error::Exists)?;
        let watched = place.stat.and_then(|stat| self.misses.held(&stat));
        let root = self
            .roots
            .get(usize::from(at.root.0))
            .and_then(Option::as_ref)
            .filter(|root| root.generation == place.generation)
            .ok_or(Error::NotFound)?;
        let folder = folder(root.fd.as_fd(), &place.own);
        let mask = if new.directory {
            root.options.directory_mask
        } else {
            root.options.create_mask
        };
        let mode = match (mask & 0o7777, new.directory) {
            (0, true) => DIRECTORY_MODE,
            (0, false) => FILE_MODE,
            (mask, _) => mask,
        };
        let mut made = make_one(folder, leaf, new, mode);
        if matches!(made, Err(Errno::INVAL | Errno::ILSEQ)) {
            // Disks for Windows refuse what Windows forbids: there it stands as it is shown.
            let mut shown = [0; name::SHOWN_LIMIT];
            let shown = name::show(leaf, &mut shown)
                .filter(|shown| *shown != leaf && shown.len() <= name::NAME_LIMIT);
            made = shown.map_or(Err(Errno::ILSEQ), |shown| {
                make_one(folder, shown, new, mode)
            });
        }
        let fd = made.map_err(|errno| match errno {
            Errno::NOENT => Error::PathNotFound,
            Errno::INVAL => Error::NameInvalid,
            other => refusal(other),
        })?;
        let deeds = [misses::Deed::Made(name::hash(leaf))];
        changed(&mut self.misses, watched, folder, &deeds);
        Ok(File {
            fd,
            identity: (0, 0),
            guess: Guess::of(path),
            link: None,
            stream: None,
            kind: if new.directory {
                Kind::Directory
            } else {
                Kind::File
            },
            root: at.root,
            generation: root.generation,
            who: at.who,
            open: true,
            hidden: root.options.hide_dot_files && is_dotted(leaf),
            read_only: false,
            search: true,
            waits: Cell::new(Waits::Tried),
            bare: Cell::new(None),
        })
    }

    fn make_stream(&mut self, at: At, path: SharePath<'_>, new: &New) -> Result<File, Error> {
        let Ok((mut file, _)) = self.reach(at, path.path, true, false)? else {
            return Err(Error::NotFound);
        };
        if !file.has_attributes() || new.directory {
            return Err(Error::Invalid);
        }
        let handle = file.handle_path();
        if stream::find(file.place(&handle), path.stream, &mut self.work.names)?.is_some() {
            return Err(Error::Exists);
        }
        stream::store(
            file.place(&handle),
            path.stream,
            &mut self.work.value,
            0,
            true,
        )?;
        file.stream = Some(path.stream.into());
        file.kind = Kind::File;
        Ok(file)
    }

    /// Keeps a new file's attributes, unless they are those that every new file is told to have anyway.
    /// Whether something was changed.
    fn first_attributes(
        &mut self,
        file: &File,
        stat: &sys::Stat,
        new: &New,
    ) -> Result<bool, Error> {
        let asked = new.attributes & bits::KEPT & !(bits::SPARSE_FILE | bits::OFFLINE);
        let attributes = if new.directory {
            asked
        } else {
            asked | bits::ARCHIVE
        };
        if attributes == meta::synthesised(stat, file.kind) && stat.birth.is_some() {
            return Ok(false);
        }
        let creation = stat.birth.map_or(new.now, meta::file_time);
        match self.keep_attributes(file, stat, attributes, creation) {
            Err(Error::Unsupported | Error::Full) => Ok(true),
            other => other.map(|()| true),
        }
    }

    pub(super) fn open_data(&mut self, file: &mut File, access: DataAccess) -> Result<(), Error> {
        if access.write {
            file.writable()?;
        }
        if file.stream.is_some() || (!access.read && !access.write) {
            return Ok(());
        }
        let guard = self.on_behalf(file.who)?;
        match file.kind {
            Kind::File => {
                let flags = Flags {
                    read: access.read,
                    write: access.write,
                    ..Flags::HANDLE
                };
                file.fd = sys::reopen(file.fd.as_fd(), flags).map_err(in_use)?;
            }
            // What is done in a folder is checked when it is done; only a listing needs it open.
            Kind::Directory if !access.read => return Ok(()),
            Kind::Directory => {
                let listing = Flags {
                    read: true,
                    directory: true,
                    ..Flags::HANDLE
                };
                let fd = sys::reopen(file.fd.as_fd(), listing).map_err(error)?;
                file.search = sys::stat_child(fd.as_fd(), b".").is_ok();
                file.fd = fd;
            }
            Kind::Symlink | Kind::Special => return Err(Error::AccessDenied),
        }
        drop(guard);
        file.open = true;
        Ok(())
    }

    pub(super) fn second(&mut self, file: &File) -> Result<File, Error> {
        let copy = |fd: &OwnedFd| fd.try_clone().map_err(|_| Error::TooManyOpen);
        let fd = copy(&file.fd)?;
        let kind = meta::kind(&sys::stat(fd.as_fd()).map_err(error)?);
        Ok(File {
            fd,
            link: file.link.as_ref().map(copy).transpose()?,
            stream: None,
            kind,
            waits: file.waits.clone(),
            bare: file.bare.clone(),
            ..*file
        })
    }
}

/// A lease of a local program (F_SETLEASE) makes a non-blocking open fail with EAGAIN.
fn in_use(errno: Errno) -> Error {
    match errno {
        Errno::AGAIN => Error::Busy,
        other => error(other),
    }
}

/// Makes one name in a folder and opens it.
fn make_one(folder: BorrowedFd<'_>, leaf: &[u8], new: &New, mode: u32) -> Result<OwnedFd, Errno> {
    if !new.directory {
        return sys::make_file(folder, leaf, new.access.write, mode);
    }
    sys::make_directory(folder, leaf, mode)?;
    sys::child(
        folder,
        leaf,
        Flags {
            read: true,
            directory: true,
            ..Flags::HANDLE
        },
    )
}

/// Whether the last component begins with a dot.
pub(super) fn is_dotted(path: &[u8]) -> bool {
    split(path).is_some_and(|(_, leaf)| leaf.first() == Some(&b'.'))
}

/// Remembers that a folder whose names are known is about to be changed by us.
pub(super) fn watch(misses: &Misses, folder: BorrowedFd<'_>) -> Option<misses::Slot> {
    if misses.is_empty() {
        return None;
    }
    misses.held(&sys::stat(folder).ok()?)
}

/// Follows the change.
pub(super) fn changed(
    misses: &mut Misses,
    watched: Option<misses::Slot>,
    folder: BorrowedFd<'_>,
    deeds: &[misses::Deed],
) {
    let Some(slot) = watched else { return };
    match misses.is_observed(slot) {
        true => misses.changed(slot, None, deeds),
        false => {
            if let Ok(stat) = sys::stat(folder) {
                misses.changed(slot, Some(&stat), deeds);
            }
        }
    }
}
