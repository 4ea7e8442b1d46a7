//! Reading, writing, lengths, holes and copies.

use super::error::error;
use super::*;
use crate::sys::file::{Errno, Flags};

/// The kernel counts offsets in 63 bits.
pub(super) const OFFSET_LIMIT: u64 = i64::MAX as u64;
/// How much is copied or zeroed by hand at a time.
const CHUNK: usize = stream::VALUE_LIMIT;

impl Local {
    pub(super) fn read_data(
        &mut self,
        file: &File,
        offset: u64,
        out: &mut [u8],
        wait: Wait,
    ) -> Result<usize, Error> {
        if let Some(name) = &file.stream {
            return self.read_stream(file, name, offset, out);
        }
        data_file(file)?;
        // Beyond what a file can be there is nothing.
        let room = OFFSET_LIMIT.saturating_sub(offset).min(out.len() as u64) as usize;
        let out = &mut out[..room];
        let mut done = 0;
        while done < out.len() {
            let at = offset + done as u64;
            let count = match wait {
                Wait::Allowed => sys::read_at(file.as_fd(), &mut out[done..], at),
                Wait::Never => Self::read_cached(file, &mut out[done..], at),
            };
            match count.map_err(error)? {
                0 => break,
                count => done += count,
            }
        }
        Ok(done)
    }

    pub(super) fn length(&mut self, file: &File) -> Result<u64, Error> {
        let path = file.handle_path();
        match &file.stream {
            Some(name) => stream::size(file.place(&path), name),
            None if file.kind == Kind::File => Ok(sys::stat(file.as_fd()).map_err(error)?.size),
            None => Ok(0),
        }
    }

    fn read_stream(
        &mut self,
        file: &File,
        name: &[u8],
        offset: u64,
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let _guard = self.on_behalf(file.who)?;
        let path = file.handle_path();
        let value = stream::load(file.place(&path), name, &mut self.work.value)?;
        let left = usize::try_from(offset)
            .ok()
            .and_then(|start| value.get(start..))
            .unwrap_or_default();
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        Ok(count)
    }

    pub(super) fn write_data(
        &mut self,
        file: &mut File,
        offset: u64,
        data: &[u8],
        through: bool,
    ) -> Result<(), Error> {
        file.writable()?;
        if data.is_empty() {
            return Ok(());
        }
        if file.stream.is_some() {
            self.change_stream(file, |value, length| {
                let start = usize::try_from(offset).map_err(|_| Error::Full)?;
                let end = start
                    .checked_add(data.len())
                    .filter(|&end| end <= stream::STREAM_LIMIT)
                    .ok_or(Error::Full)?;
                if start > length {
                    value[length..start].fill(0);
                }
                value[start..end].copy_from_slice(data);
                Ok(length.max(end))
            })?;
            return if through {
                self.sync_file(file)
            } else {
                Ok(())
            };
        }
        data_file(file)?;
        if offset
            .checked_add(data.len() as u64)
            .is_none_or(|end| end > OFFSET_LIMIT)
        {
            return Err(Error::TooLarge);
        }
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            let count = match through {
                false => sys::write_at(file.as_fd(), &data[done..], at),
                true => sys::write_through(file.as_fd(), &data[done..], at),
            };
            match count.map_err(error)? {
                0 => return Err(Error::Io),
                count => done += count,
            }
        }
        Ok(())
    }

    /// Reads a stream, lets `change` alter the value (it is told the length and says the new one), stores it.
    fn change_stream(
        &mut self,
        file: &File,
        change: impl FnOnce(&mut [u8], usize) -> Result<usize, Error>,
    ) -> Result<(), Error> {
        let Some(name) = &file.stream else {
            return Err(Error::Invalid);
        };
        let _guard = self.on_behalf(file.who)?;
        let path = file.handle_path();
        let value = &mut self.work.value;
        let length = stream::load(file.place(&path), name, value)?.len();
        let length = change(value, length)?;
        stream::store(file.place(&path), name, value, length, false)
    }

    pub(super) fn sync_file(&mut self, file: &File) -> Result<(), Error> {
        if file.open {
            return sys::sync(file.as_fd()).map_err(error);
        }
        if !file.has_attributes() {
            return Ok(());
        }
        let stat = sys::stat(file.as_fd()).map_err(error)?;
        let directory = meta::kind(&stat) == Kind::Directory;
        let fd = sys::reopen(
            file.as_fd(),
            Flags {
                read: true,
                directory,
                ..Flags::HANDLE
            },
        )
        .map_err(error)?;
        sys::sync(fd.as_fd()).map_err(error)
    }

    pub(super) fn set_size(&mut self, file: &mut File, size: u64) -> Result<(), Error> {
        file.writable()?;
        if file.stream.is_some() {
            return self.change_stream(file, |value, length| {
                let size = usize::try_from(size)
                    .ok()
                    .filter(|&size| size <= stream::STREAM_LIMIT)
                    .ok_or(Error::Full)?;
                if size > length {
                    value[length..size].fill(0);
                }
                Ok(size)
            });
        }
        data_file(file)?;
        if size > OFFSET_LIMIT {
            return Err(Error::TooLarge);
        }
        sys::truncate(file.as_fd(), size).map_err(error)
    }

    pub(super) fn reserve(&mut self, file: &mut File, size: u64) -> Result<(), Error> {
        file.writable()?;
        if file.stream.is_some() {
            return if size > stream::STREAM_LIMIT as u64 {
                Err(Error::Full)
            } else {
                Ok(())
            };
        }
        data_file(file)?;
        if size == 0 {
            return Ok(());
        }
        if size > OFFSET_LIMIT {
            return Err(Error::TooLarge);
        }
        match sys::allocate(file.as_fd(), 0, size) {
            // Where the disk cannot reserve, what is written later finds room or not.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            other => other.map_err(error),
        }
    }

    pub(super) fn zero_range(
        &mut self,
        file: &mut File,
        offset: u64,
        length: u64,
    ) -> Result<(), Error> {
        file.writable()?;
        let end = offset.saturating_add(length);
        if file.stream.is_some() {
            return self.change_stream(file, |value, size| {
                let start = usize::try_from(offset).unwrap_or(size).min(size);
                let end = usize::try_from(end).unwrap_or(size).min(size);
                value[start..end.max(start)].fill(0);
                Ok(size)
            });
        }
        data_file(file)?;
        let size = sys::stat(file.as_fd()).map_err(error)?.size;
        let end = end.min(size);
        let Some(length) = end.checked_sub(offset).filter(|&length| length > 0) else {
            return Ok(());
        };
        match sys::punch(file.as_fd(), offset, length) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            other => return other.map_err(error),
        }
        self.work.value.fill(0);
        let mut at = offset;
        while at < end {
            let count = (end - at).min(CHUNK as u64) as usize;
            let count =
                sys::write_at(file.as_fd(), &self.work.value[..count], at).map_err(error)?;
            if count == 0 {
                return Err(Error::Io);
            }
            at += count as u64;
        }
        Ok(())
    }

    pub(super) fn copy_data(
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
        if from.is_plain() && to.is_plain() {
            while done < length {
                let count = usize::try_from(length - done)
                    .unwrap_or(usize::MAX)
                    .min(1 << 30);
                match sys::copy_range(
                    from.as_fd(),
                    from_offset + done,
                    to.as_fd(),
                    to_offset + done,
                    count,
                ) {
                    Ok(0) => return Ok(done),
                    Ok(count) => done += count as u64,
                    Err(
                        Errno::XDEV | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::IO,
                    ) => break,
                    Err(errno) => return Err(error(errno)),
                }
            }
        }
        // By hand: other disks, streams, ranges of one file that overlap.
        let mut chunk = std::mem::take(&mut self.work.names);
        let copied = self.copy_by_hand(
            (from, from_offset),
            (to, to_offset),
            done..length,
            &mut chunk,
        );
        self.work.names = chunk;
        copied
    }

    /// Copies what is left of `range`, by offsets from where both begin, through `chunk`; how far it came.
    fn copy_by_hand(
        &mut self,
        (from, from_offset): (&File, u64),
        (to, to_offset): (&mut File, u64),
        range: std::ops::Range<u64>,
        chunk: &mut [u8],
    ) -> Result<u64, Error> {
        let mut done = range.start;
        while done < range.end {
            let count = (range.end - done).min(chunk.len() as u64) as usize;
            let count =
                self.read_data(from, from_offset + done, &mut chunk[..count], Wait::Allowed)?;
            if count == 0 {
                break;
            }
            self.write_data(to, to_offset + done, &chunk[..count], false)?;
            done += count as u64;
        }
        Ok(done)
    }

    pub(super) fn share_extents(
        &mut self,
        from: &File,
        from_offset: u64,
        to: &mut File,
        to_offset: u64,
        length: u64,
    ) -> Result<(), Error> {
        to.writable()?;
        if !from.is_plain() || !to.is_plain() {
            return Err(Error::Unsupported);
        }
        // A length of 0 means "to the end" to the kernel and nothing to the client.
        if length == 0 {
            return Ok(());
        }
        sys::clone_range(from.as_fd(), from_offset, to.as_fd(), to_offset, length).map_err(error)
    }

    pub(super) fn data_ranges(
        &mut self,
        file: &File,
        offset: u64,
        length: u64,
        each: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let path = file.handle_path();
        let size = match &file.stream {
            Some(name) => stream::size(file.place(&path), name)?,
            None => {
                data_file(file)?;
                sys::stat(file.as_fd()).map_err(error)?.size
            }
        };
        let end = offset.saturating_add(length).min(size);
        let mut at = offset;
        while at < end {
            let (start, stop) = match next_range(file, at, end) {
                Err(Errno::NXIO) => break,
                other => other.map_err(error)?,
            };
            let (start, stop) = (start.max(at), stop.min(end));
            if start >= end || stop <= start {
                break;
            }
            if each(start, stop - start).is_break() {
                break;
            }
            at = stop;
        }
        Ok(())
    }
}

/// The next range of data at or after `at`; all of it where the disk does not tell.
fn next_range(file: &File, at: u64, end: u64) -> Result<(u64, u64), Errno> {
    if file.stream.is_some() {
        return Ok((at, end));
    }
    match sys::next_data(file.as_fd(), at) {
        Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok((at, end)),
        Err(errno) => Err(errno),
        Ok(start) => Ok((start, sys::next_hole(file.as_fd(), start)?)),
    }
}

/// Only an open regular file has data.
fn data_file(file: &File) -> Result<(), Error> {
    match file.kind {
        Kind::File if file.open => Ok(()),
        Kind::File => Err(Error::AccessDenied),
        Kind::Directory => Err(Error::IsDirectory),
        Kind::Symlink | Kind::Special => Err(Error::Unsupported),
    }
}
