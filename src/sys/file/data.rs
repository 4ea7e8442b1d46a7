//! Data: reading, writing, holes, copies.
#![allow(unsafe_code)]

use rustix::fs::{FallocateFlags, SeekFrom};
use rustix::io::{Errno, ReadWriteFlags};
use rustix::ioctl;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd};

fn again<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => continue,
            other => return other,
        }
    }
}

/// Reads at an offset, waiting for the disk; 0 at the end.
pub fn read_at(fd: BorrowedFd<'_>, out: &mut [u8], offset: u64) -> Result<usize, Errno> {
    super::calls::count();
    again(|| rustix::io::pread(fd, &mut *out, offset))
}

/// Reads what is in memory already. EAGAIN: nothing is; EOPNOTSUPP, ENOSYS: this disk cannot say.
pub fn read_cached(fd: BorrowedFd<'_>, out: &mut [u8], offset: u64) -> Result<usize, Errno> {
    super::calls::count();
    again(|| {
        rustix::io::preadv2(
            fd,
            &mut [IoSliceMut::new(out)],
            offset,
            ReadWriteFlags::NOWAIT,
        )
    })
}

/// Writes at an offset; may write less than was given.
pub fn write_at(fd: BorrowedFd<'_>, data: &[u8], offset: u64) -> Result<usize, Errno> {
    super::calls::count();
    again(|| rustix::io::pwrite(fd, data, offset))
}

/// Writes at an offset; what was written is on the disk then.
pub fn write_through(fd: BorrowedFd<'_>, data: &[u8], offset: u64) -> Result<usize, Errno> {
    super::calls::count();
    match again(|| rustix::io::pwritev2(fd, &[IoSlice::new(data)], offset, ReadWriteFlags::DSYNC)) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            let count = write_at(fd, data, offset)?;
            sync_data(fd)?;
            Ok(count)
        }
        other => other,
    }
}

/// Everything of the file is on the disk when this returns.
pub fn sync(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    again(|| rustix::fs::fsync(fd))
}

/// The file's data, and what is needed to find it, are on the disk when this returns.
pub fn sync_data(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    again(|| rustix::fs::fdatasync(fd))
}

/// Sets the length.
pub fn truncate(fd: BorrowedFd<'_>, size: u64) -> Result<(), Errno> {
    super::calls::count();
    again(|| rustix::fs::ftruncate(fd, size))
}

/// Reserves room without changing the length.
pub fn allocate(fd: BorrowedFd<'_>, offset: u64, length: u64) -> Result<(), Errno> {
    super::calls::count();
    again(|| rustix::fs::fallocate(fd, FallocateFlags::KEEP_SIZE, offset, length))
}

/// Makes a range a hole; the length stays.
pub fn punch(fd: BorrowedFd<'_>, offset: u64, length: u64) -> Result<(), Errno> {
    again(|| {
        rustix::fs::fallocate(
            fd,
            FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
            offset,
            length,
        )
    })
}

/// Where data begins at or after `offset`. ENXIO: nowhere.
pub fn next_data(fd: BorrowedFd<'_>, offset: u64) -> Result<u64, Errno> {
    rustix::fs::seek(fd, SeekFrom::Data(offset))
}

/// Where a hole begins at or after `offset`; the end of the file is one.
pub fn next_hole(fd: BorrowedFd<'_>, offset: u64) -> Result<u64, Errno> {
    rustix::fs::seek(fd, SeekFrom::Hole(offset))
}

/// Copies within the kernel; how much, 0 at the source's end.
pub fn copy_range(
    from: BorrowedFd<'_>,
    mut from_offset: u64,
    to: BorrowedFd<'_>,
    mut to_offset: u64,
    length: usize,
) -> Result<usize, Errno> {
    again(|| {
        rustix::fs::copy_file_range(
            from,
            Some(&mut from_offset),
            to,
            Some(&mut to_offset),
            length,
        )
    })
}

/// Sends from the page cache into a socket or pipe; how much, 0 at the file's end.
pub fn send(
    to: BorrowedFd<'_>,
    from: BorrowedFd<'_>,
    offset: u64,
    length: usize,
) -> Result<usize, Errno> {
    let mut offset = offset;
    rustix::fs::sendfile(to, from, Some(&mut offset), length)
}

/// `struct file_clone_range` of linux/fs.h.
#[repr(C)]
struct CloneRange {
    from: i64,
    from_offset: u64,
    from_length: u64,
    to_offset: u64,
}

const FICLONERANGE: ioctl::Opcode = ioctl::opcode::write::<CloneRange>(0x94, 13);

/// Shares a range's extents between two files of one file system.
pub fn clone_range(
    from: BorrowedFd<'_>,
    from_offset: u64,
    to: BorrowedFd<'_>,
    to_offset: u64,
    length: u64,
) -> Result<(), Errno> {
    let range = CloneRange {
        from: i64::from(from.as_raw_fd()),
        from_offset,
        from_length: length,
        to_offset,
    };
    // SAFETY: FICLONERANGE reads one `struct file_clone_range`, which `CloneRange` is laid out as, and
    // writes to no memory of ours.
    let call = unsafe { ioctl::Setter::<FICLONERANGE, CloneRange>::new(range) };
    // SAFETY: as above; both descriptors live as long as the call.
    unsafe { ioctl::ioctl(to, call) }
}
