//! statx: identity, size, times, birth.

use rustix::fs::{AtFlags, CWD, IFlags, Statx, StatxAttributes, StatxFlags, StatxTimestamp};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

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

impl From<StatxTimestamp> for Timestamp {
    fn from(time: StatxTimestamp) -> Self {
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

impl From<Statx> for Stat {
    fn from(stat: Statx) -> Self {
        let mode = u32::from(stat.stx_mode);
        let has_birth = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
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
            birth: has_birth.then(|| stat.stx_btime.into()),
            compressed: stat.stx_attributes.contains(StatxAttributes::COMPRESSED),
            mount_root: stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
        }
    }
}

fn wanted() -> StatxFlags {
    StatxFlags::BASIC_STATS | StatxFlags::BTIME
}

/// The status of an open file, directory, link or handle.
pub fn stat(fd: BorrowedFd<'_>) -> Result<Stat, Errno> {
    super::calls::count();
    rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, wanted()).map(Stat::from)
}

/// The status of one name of a directory; a link's own.
pub fn stat_child(directory: BorrowedFd<'_>, name: &[u8]) -> Result<Stat, Errno> {
    super::calls::count();
    if name.contains(&b'/') {
        return Err(Errno::INVAL);
    }
    rustix::fs::statx(directory, name, AtFlags::SYMLINK_NOFOLLOW, wanted()).map(Stat::from)
}

/// The status of a name just listed, in `directory` or, without one, in the folder entered; a link's own.
pub fn stat_entry(directory: Option<BorrowedFd<'_>>, name: &CStr) -> Result<Stat, Errno> {
    let directory = directory.unwrap_or(CWD);
    rustix::fs::statx(directory, name, AtFlags::SYMLINK_NOFOLLOW, wanted()).map(Stat::from)
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
