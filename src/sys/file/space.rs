//! What a file system is and how full.

use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// How full a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The unit the rest is counted in, bytes.
    pub block: u64,
    /// Blocks in all.
    pub total: u64,
    /// Free for everybody.
    pub available: u64,
    /// Free with those reserved for root.
    pub free: u64,
    /// The longest name, bytes.
    pub name_limit: u64,
    /// Identity of the file system.
    pub id: u64,
}

/// What is known of a file system by its magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Everything is in memory: no read waits.
    pub in_memory: bool,
    /// Can punch holes.
    pub sparse: bool,
    /// Can share extents.
    pub reflink: bool,
    /// Compresses the files it is told to.
    pub compression: bool,
    /// Every change of a file, of its attributes and its place too, is dated by this machine's clock. Others may do so,
    /// or not in every version of theirs (f2fs).
    pub dated: bool,
    /// Made of others, which may differ.
    pub stacked: bool,
    /// May be changed by others than this kernel: by other machines, or a program that makes it up.
    pub shared: bool,
}

/// How full the file system is that holds `fd`.
pub fn room(fd: BorrowedFd<'_>) -> Result<Room, Errno> {
    super::calls::count();
    let stat = rustix::fs::fstatvfs(fd)?;
    Ok(Room {
        block: if stat.f_frsize == 0 {
            stat.f_bsize
        } else {
            stat.f_frsize
        },
        total: stat.f_blocks,
        available: stat.f_bavail,
        free: stat.f_bfree,
        name_limit: stat.f_namemax,
        id: stat.f_fsid,
    })
}

/// Writes out everything that a file system holds back; `path` is on it. It waits for the disk.
pub fn write_out(path: &std::path::Path) -> std::io::Result<()> {
    let folder = std::fs::File::open(path)?;
    Ok(rustix::fs::syncfs(folder)?)
}

/// What the file system is that holds `fd`.
pub fn file_system(fd: BorrowedFd<'_>) -> Result<FileSystem, Errno> {
    super::calls::count();
    let magic = rustix::fs::fstatfs(fd)?.f_type as u32;
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58F6;
    const EXT: u32 = 0xEF53;
    const XFS: u32 = 0x5846_5342;
    const BTRFS: u32 = 0x9123_683E;
    const BCACHEFS: u32 = 0xCA45_1A4E;
    const F2FS: u32 = 0xF2F5_2010;
    const NTFS3: u32 = 0x7366_746E;
    const OVERLAY: u32 = 0x794C_7630;
    const NFS: u32 = 0x6969;
    const CIFS: u32 = 0xFF53_4D42;
    const SMB2: u32 = 0xFE53_4D42;
    const CEPH: u32 = 0x00C3_6400;
    const NINE: u32 = 0x0102_1997;
    const FUSE: u32 = 0x6573_5546;
    Ok(FileSystem {
        shared: matches!(magic, NFS | CIFS | SMB2 | CEPH | NINE | FUSE),
        dated: matches!(magic, TMPFS | EXT | XFS | BTRFS),
        stacked: magic == OVERLAY,
        in_memory: matches!(magic, TMPFS | RAMFS),
        sparse: matches!(
            magic,
            TMPFS | EXT | XFS | BTRFS | BCACHEFS | F2FS | NTFS3 | OVERLAY
        ),
        reflink: matches!(magic, XFS | BTRFS | BCACHEFS),
        compression: magic == BTRFS,
    })
}
