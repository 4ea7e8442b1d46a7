//! What stands in extended attributes: DOS attributes, streams' names, EAs, descriptors, reparse buffers; and times.

use super::changetime;
use super::error::error;
use super::meta::{self, REPARSE, SECURITY, TAG_SYMLINK, bits, timestamp, visible};
use super::stream::{AttributeName, missing, no_room};
use super::*;
use crate::sys::file::{Errno, Flags, Stat};

/// Most descriptors are shorter, in bytes.
const USUAL_DESCRIPTOR: usize = 1024;

impl Local {
    pub(super) fn store_times(&mut self, file: &mut File, times: &Times) -> Result<(), Error> {
        file.writable()?;
        if !file.has_attributes() {
            return Ok(());
        }
        if let Some(creation) = times.creation {
            let stat = sys::stat(file.as_fd()).map_err(error)?;
            let now = meta::describe(&stat, self.extra(file, &stat), false);
            match self.keep_attributes(file, &stat, now.attributes & bits::KEPT, creation) {
                // The disk keeps no birth: there is nothing to set.
                Err(Error::Unsupported) => {}
                other => other?,
            }
        }
        let (access, write) = (times.access.map(timestamp), times.write.map(timestamp));
        self.as_owner_or_writer(file, || sys::set_times(file.fd.as_fd(), access, write))?;
        match times.change.map(|change| self.keep_change(file, change)) {
            // Where there is no room for it, the disk's own change time is as true as ever.
            Some(Err(Error::Unsupported | Error::Full)) | None => Ok(()),
            Some(result) => result,
        }
    }

    /// Keeps a change time, beside the inode's own as it is once that is stored.
    fn keep_change(&mut self, file: &File, change: FileTime) -> Result<(), Error> {
        let path = file.handle_path();
        let mut seen = meta::file_time(sys::now());
        // The first guess is right unless the disk's clock is another, or the disk was slow.
        for _ in 0..3 {
            let value = changetime::write(change, seen);
            self.as_owner_or_writer(file, || {
                sys::set(file.place(&path), changetime::NAME, &value, false)
            })?;
            let stat = sys::stat(file.as_fd()).map_err(error)?;
            let now = meta::file_time(stat.change);
            if changetime::settled(seen, now) {
                break;
            }
            seen = now;
        }
        Ok(())
    }

    pub(super) fn store_attributes(
        &mut self,
        file: &mut File,
        attributes: u32,
    ) -> Result<(), Error> {
        file.writable()?;
        if !file.has_attributes() {
            return Ok(());
        }
        let stat = sys::stat(file.as_fd()).map_err(error)?;
        let creation = meta::describe(&stat, self.extra(file, &stat), false).creation;
        match self.keep_attributes(file, &stat, attributes & bits::KEPT, creation) {
            Err(Error::Unsupported) => Ok(()),
            other => other,
        }
    }

    pub(super) fn store_compressed(
        &mut self,
        file: &mut File,
        compressed: bool,
    ) -> Result<(), Error> {
        file.writable()?;
        let _guard = self.on_behalf(file.who)?;
        let readable = Flags {
            read: true,
            directory: file.kind == Kind::Directory,
            ..Flags::HANDLE
        };
        // A handle does not do, and what is open may be no more than one.
        let fd = sys::reopen(file.as_fd(), readable).map_err(error)?;
        sys::set_compressed(fd.as_fd(), compressed).map_err(error)
    }

    /// Writes the attribute Samba keeps them in; READONLY becomes a mode where the disk has no attributes.
    pub(super) fn keep_attributes(
        &mut self,
        file: &File,
        stat: &Stat,
        attributes: u32,
        creation: FileTime,
    ) -> Result<(), Error> {
        let directory = meta::kind(stat) == Kind::Directory;
        let stored = if directory {
            attributes | bits::DIRECTORY
        } else {
            attributes
        };
        let value = dosattrib::write(stored, creation);
        let path = file.handle_path();
        let result = self.as_owner_or_writer(file, || {
            sys::set(file.place(&path), dosattrib::NAME, &value, false)
        });
        if result != Err(Error::Unsupported) || directory {
            return result;
        }
        let mode = match attributes & bits::READONLY {
            0 => stat.mode | 0o200,
            _ => stat.mode & !0o222,
        };
        if mode != stat.mode {
            self.as_owner_or_writer(file, || sys::set_mode(file.as_fd(), mode))?;
        }
        Err(Error::Unsupported)
    }

    /// Does what Unix allows the owner or a writer only, with the user's rights; and where that fails, with the
    /// server's if the user is the owner or holds the file open for writing: a file without write permission
    /// is still its owner's to mark.
    fn as_owner_or_writer(
        &self,
        file: &File,
        change: impl Fn() -> Result<(), Errno>,
    ) -> Result<(), Error> {
        let guard = self.on_behalf(file.who)?;
        let result = change();
        drop(guard);
        match (result, file.who) {
            (Err(Errno::ACCESS | Errno::PERM), Some(who)) if self.may_mark(file, who) => {
                change().map_err(no_room)
            }
            (result, _) => result.map_err(no_room),
        }
    }

    /// Whether the user owns the file or may write to it.
    fn may_mark(&self, file: &File, who: Who) -> bool {
        if sys::stat(file.as_fd()).is_ok_and(|stat| stat.uid == who.uid) {
            return true;
        }
        if meta_kind(file) != Some(Kind::File) {
            return false;
        }
        let Ok(_guard) = self.on_behalf(Some(who)) else {
            return false;
        };
        sys::reopen(
            file.as_fd(),
            sys::Flags {
                write: true,
                ..sys::Flags::HANDLE
            },
        )
        .is_ok()
    }

    pub(super) fn list_streams(
        &mut self,
        file: &File,
        each: &mut dyn FnMut(&[u8], u64, u64),
    ) -> Result<(), Error> {
        if !file.has_attributes() {
            return Ok(());
        }
        let path = file.handle_path();
        let place = file.place(&path);
        let _guard = self.on_behalf(file.who)?;
        let length = match sys::list_attributes(place, &mut self.work.names) {
            Err(Errno::OPNOTSUPP) => 0,
            other => other.map_err(error)?,
        };
        for name in stream::among(&self.work.names[..length]) {
            if let Ok(size) = stream::size(place, name) {
                each(name, size, size);
            }
        }
        Ok(())
    }

    pub(super) fn list_attributes(
        &mut self,
        file: &File,
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Error> {
        if !file.has_attributes() {
            return Ok(());
        }
        let path = file.handle_path();
        let place = file.place(&path);
        let _guard = self.on_behalf(file.who)?;
        let Work { names, value, .. } = &mut self.work;
        let length = match sys::list_attributes(place, names) {
            Err(Errno::OPNOTSUPP) => 0,
            other => other.map_err(error)?,
        };
        for name in names[..length].split(|&byte| byte == 0) {
            let Some(shown) = visible(name) else { continue };
            if let Ok(length) = sys::get(place, name, value) {
                each(shown, &value[..length]);
            }
        }
        Ok(())
    }

    pub(super) fn store_attribute(
        &mut self,
        file: &mut File,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), Error> {
        file.writable()?;
        if !file.has_attributes() {
            return Err(Error::Unsupported);
        }
        let new = AttributeName::join(&[b"user.", name])?;
        if visible(new.bytes()).is_none() {
            return Err(Error::AccessDenied);
        }
        let path = file.handle_path();
        let place = file.place(&path);
        let _guard = self.on_behalf(file.who)?;
        let names = &mut self.work.names;
        let length = sys::list_attributes(place, names).map_err(error)?;
        let stored = names[..length].split(|&byte| byte == 0).find(|stored| {
            visible(stored).is_some_and(|shown| crate::vfs::name::same_stream(shown, name))
        });
        match (stored, value.is_empty()) {
            (Some(stored), true) => sys::remove_attribute(place, stored).map_err(error),
            (None, true) => Ok(()),
            (Some(stored), false) => sys::set(place, stored, value, false).map_err(no_room),
            (None, false) => sys::set(place, new.bytes(), value, false).map_err(no_room),
        }
    }

    pub(super) fn load_security(
        &mut self,
        file: &File,
        out: &mut [u8],
    ) -> Result<Option<usize>, Error> {
        if !file.has_attributes() {
            return Ok(None);
        }
        let path = file.handle_path();
        stored_security(file.place(&path), out)
    }

    pub(super) fn load_folder_security(
        &mut self,
        folder: &Folder,
        out: &mut [u8],
    ) -> Result<Option<usize>, Error> {
        let root = self.root(folder.at.root)?;
        match &folder.own {
            None if root.readable => stored_security(Place::Open(root.fd.as_fd()), out),
            own => {
                let path = HandlePath::of(resolve::folder(root.fd.as_fd(), own));
                stored_security(Place::Handle(path.as_c_str()), out)
            }
        }
    }

    pub(super) fn store_security(
        &mut self,
        file: &mut File,
        descriptor: &[u8],
    ) -> Result<(), Error> {
        file.writable()?;
        if !file.has_attributes() {
            return Err(Error::Unsupported);
        }
        let path = file.handle_path();
        self.as_owner_or_writer(file, || {
            sys::set(file.place(&path), SECURITY, descriptor, false)
        })
    }

    pub(super) fn load_reparse(&mut self, file: &File, out: &mut [u8]) -> Result<usize, Error> {
        if file.kind == Kind::Symlink {
            let length = sys::read_link(
                Some(file.fd.as_fd()),
                c"",
                &mut self.work.value[..name::PATH_LIMIT],
            )
            .map_err(error)?;
            return symlink_buffer(&self.work.value[..length], out);
        }
        if !file.has_attributes() {
            return Err(Error::NotFound);
        }
        let path = file.handle_path();
        sys::get(file.place(&path), REPARSE, out).map_err(missing)
    }

    pub(super) fn store_reparse(&mut self, file: &mut File, buffer: &[u8]) -> Result<(), Error> {
        file.writable()?;
        if !file.has_attributes() || file.stream.is_some() {
            return Err(Error::Unsupported);
        }
        let path = file.handle_path();
        let place = file.place(&path);
        let _guard = self.on_behalf(file.who)?;
        match buffer.is_empty() {
            true => sys::remove_attribute(place, REPARSE).map_err(missing),
            false => sys::set(place, REPARSE, buffer, false).map_err(no_room),
        }
    }
}

/// The descriptor that is stored at `place`. The kernel takes as much memory as it is offered room: a little is
/// tried first.
pub(super) fn stored_security(place: Place<'_>, out: &mut [u8]) -> Result<Option<usize>, Error> {
    let little = out.len().min(USUAL_DESCRIPTOR);
    let found = match sys::get(place, SECURITY, &mut out[..little]) {
        Err(Errno::RANGE) if little < out.len() => sys::get(place, SECURITY, out),
        other => other,
    };
    match found {
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        other => other.map(Some).map_err(error),
    }
}

fn meta_kind(file: &File) -> Option<Kind> {
    sys::stat(file.as_fd()).ok().map(|stat| meta::kind(&stat))
}

/// A symbolic link as Windows writes one ([MS-FSCC] 2.1.2.4): substitute and print name are the same text.
fn symlink_buffer(target: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let relative = u32::from(target.first() != Some(&b'/'));
    let mut length = 20;
    for point in name::Plain(target) {
        let point = if point == u32::from(b'/') {
            u32::from(b'\\')
        } else {
            point
        };
        let mut put = |unit: u16| {
            let room = out
                .get_mut(length..length + 2)
                .ok_or(Error::BufferTooSmall)?;
            room.copy_from_slice(&unit.to_le_bytes());
            length += 2;
            Ok(())
        };
        match point.checked_sub(0x10000) {
            None => put(point as u16)?,
            Some(above) => {
                put(0xD800 | (above >> 10) as u16)?;
                put(0xDC00 | (above & 0x3FF) as u16)?;
            }
        }
    }
    let text = u16::try_from(length - 20).map_err(|_| Error::TooLarge)?;
    let header = out.get_mut(..20).ok_or(Error::BufferTooSmall)?;
    header[..4].copy_from_slice(&TAG_SYMLINK.to_le_bytes());
    header[4..6].copy_from_slice(&text.saturating_add(12).to_le_bytes());
    header[6..8].fill(0);
    for (index, value) in [0, text, 0, text].into_iter().enumerate() {
        header[8 + 2 * index..10 + 2 * index].copy_from_slice(&value.to_le_bytes());
    }
    header[16..20].copy_from_slice(&relative.to_le_bytes());
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_shown_as_windows_writes_one() {
        let mut out = [0xAA; 64];
        let length = symlink_buffer(b"../a", &mut out).unwrap();
        let expected = [
            &[
                0x0C, 0, 0, 0xA0, 20, 0, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 1, 0, 0, 0,
            ][..],
            b".\0.\0\\\0a\0",
        ]
        .concat();
        assert_eq!(&out[..length], expected);
        assert_eq!(
            symlink_buffer(b"../a", &mut [0; 24]),
            Err(Error::BufferTooSmall)
        );
    }
}
