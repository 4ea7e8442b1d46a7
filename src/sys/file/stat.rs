//! statx: identity, size, times, birth.
#![allow(unsafe_code)]

use rustix::fs::{CWD, IFlags};
use rustix::io::Errno;
use rustix::path::Arg;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

pub use rustix::fs::FileType;

/// A moment as the kernel has it: seconds since 1970 and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    /// 0..1,000,000,000.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// Before all others.
    pub const FIRST: Self = Timestamp {
        seconds: i64::MIN,
        nanoseconds: 0,
    };
    /// After all others.
    pub const LAST: Self = Timestamp {
        seconds: i64::MAX,
        nanoseconds: 0,
    };
}

impl From<libc::statx_timestamp> for Timestamp {
    fn from(time: libc::statx_timestamp) -> Self {
        Timestamp {
            seconds: time.tv_sec,
            nanoseconds: time.tv_nsec,
        }
    }
}

/// What the disk tells about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Device number, major in the upper half.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// What it is.
    pub kind: FileType,
    /// Permission bits.
    pub mode: u32,
    /// Hard links.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// Bytes taken on disk.
    pub allocation: u64,
    /// Last read.
    pub access: Timestamp,
    /// Last write.
    pub write: Timestamp,
    /// Last change of anything.
    pub change: Timestamp,
    /// Birth, where the disk keeps it.
    pub birth: Option<Timestamp>,
    /// The disk compresses it.
    pub compressed: bool,
    /// Something is mounted there, and this is it.
    pub mount_root: bool,
}

impl Stat {
    fn of(stat: &libc::statx) -> Self {
        let mode = u32::from(stat.stx_mode);
        let has = |attribute: i32| stat.stx_attributes & attribute as u64 != 0;
        Stat {
            device: u64::from(stat.stx_dev_major) << 32 | u64::from(stat.stx_dev_minor),
            inode: stat.stx_ino,
            kind: FileType::from_raw_mode(mode),
            mode: mode & 0o7777,
            links: stat.stx_nlink,
            uid: stat.stx_uid,
            gid: stat.stx_gid,
            size: stat.stx_size,
            allocation: stat.stx_blocks.saturating_mul(512),
            access: stat.stx_atime.into(),
            write: stat.stx_mtime.into(),
            change: stat.stx_ctime.into(),
            birth: (stat.stx_mask & libc::STATX_BTIME != 0).then(|| stat.stx_btime.into()),
            compressed: has(libc::STATX_ATTR_COMPRESSED),
            mount_root: has(libc::STATX_ATTR_MOUNT_ROOT),
        }
    }
}

/// Asks, and reads the answer where the kernel put it: it is long, and copied about it would cost half as much again.
fn ask(directory: BorrowedFd<'_>, name: &CStr, flags: i32) -> Result<Stat, Errno> {
    let wanted = libc::STATX_BASIC_STATS | libc::STATX_BTIME;
    let mut found = MaybeUninit::<libc::statx>::uninit();
    // SAFETY: `name` ends in a zero byte; the kernel writes a `struct statx`, which is what `found` has room for.
    let result = unsafe {
        libc::syscall(
            libc::SYS_statx,
            directory.as_raw_fd(),
            name.as_ptr(),
            flags,
            wanted,
            found.as_mut_ptr(),
        )
    };
    if result != 0 {
        return Err(crate::sys::last_error());
    }
    // SAFETY: the kernel says that it has filled it, all of it.
    Ok(Stat::of(unsafe { found.assume_init_ref() }))
}

/// The status of an open file, directory, link or handle.
pub fn stat(fd: BorrowedFd<'_>) -> Result<Stat, Errno> {
    super::calls::count();
    ask(fd, c"", libc::AT_EMPTY_PATH)
}

/// The status of one name of a directory; a link's own.
pub fn stat_child(directory: BorrowedFd<'_>, name: &[u8]) -> Result<Stat, Errno> {
    super::calls::count();
    if name.contains(&b'/') {
        return Err(Errno::INVAL);
    }
    name.into_with_c_str(|name| ask(directory, name, libc::AT_SYMLINK_NOFOLLOW))
}

/// The status of a name just listed, in `directory` or, without one, in the folder entered; a link's own.
pub fn stat_entry(directory: Option<BorrowedFd<'_>>, name: &CStr) -> Result<Stat, Errno> {
    ask(directory.unwrap_or(CWD), name, libc::AT_SYMLINK_NOFOLLOW)
}

/// Tells the disk to compress a file, or what is made in a directory, from now on; or to leave it as it is.
pub fn set_compressed(fd: BorrowedFd<'_>, compressed: bool) -> Result<(), Errno> {
    super::calls::count();
    // FS_NOCOMP_FL: what the disk gave up compressing, which it will not take beside the wish.
    const GIVEN_UP: IFlags = IFlags::from_bits_retain(0x400);
    let mut flags = rustix::fs::ioctl_getflags(fd)?;
    flags.set(IFlags::COMPRESSED, compressed);
    flags.remove(GIVEN_UP);
    rustix::fs::ioctl_setflags(fd, flags)
}

/// Sets the permission bits.
pub fn set_mode(fd: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    super::calls::count();
    let path = super::path::HandlePath::of(fd);
    rustix::fs::chmod(path.as_c_str(), rustix::fs::Mode::from_raw_mode(mode))
}
