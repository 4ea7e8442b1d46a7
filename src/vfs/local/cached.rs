//! Reading what is in memory already, and never waiting for the disk.

use super::data::OFFSET_LIMIT;
use super::{File, Local};
use crate::sys::file::{self as sys, Errno};
use std::os::fd::AsFd;

/// How far apart the page cache is asked. A guess: the kernel mostly brings in, and drops, longer runs; what lies between
/// and is missing is waited for.
const PROBE_STRIDE: u64 = 256 * 1024;

/// How to know whether reading a file would wait, as far as its disk was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Reads say so themselves (RWF_NOWAIT): ext4, XFS, btrfs.
    Tried,
    /// The pages are asked for first: FAT, exFAT, NTFS, FUSE.
    Looked,
    /// Never: the disk is memory.
    Never,
}

impl Local {
    /// Reads at `at` what can be read without waiting; EAGAIN where the disk would have to be waited for.
    pub(super) fn read_cached(file: &File, out: &mut [u8], at: u64) -> Result<usize, Errno> {
        if file.waits.get() == Waits::Tried {
            match sys::read_cached(file.as_fd(), out, at) {
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.waits.set(found(file)),
                other => return other,
            }
        }
        if file.waits.get() == Waits::Looked && !resident(file, at, out.len()) {
            return Err(Errno::AGAIN);
        }
        sys::read_at(file.as_fd(), out, at)
    }

    /// Whether the range is in memory. Where reads say whether they would wait single bytes are read.
    pub(super) fn in_page_cache(&mut self, file: &File, offset: u64, length: u32) -> bool {
        if !file.is_plain() || length == 0 {
            return false;
        }
        let last = offset.saturating_add(u64::from(length) - 1);
        if last > OFFSET_LIMIT {
            return false;
        }
        let mut at = offset;
        while file.waits.get() == Waits::Tried {
            match sys::read_cached(file.as_fd(), &mut [0], at) {
                Ok(_) if at == last => return true,
                Ok(_) => at = last.min(at.saturating_add(PROBE_STRIDE)),
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.waits.set(found(file)),
                Err(_) => return false,
            }
        }
        file.waits.get() == Waits::Never || resident(file, offset, length as usize)
    }
}

fn resident(file: &File, offset: u64, length: usize) -> bool {
    sys::resident(file.as_fd(), offset, length, PROBE_STRIDE as usize).unwrap_or(false)
}

/// Asked once for each open where the disk does not know reads that never wait.
fn found(file: &File) -> Waits {
    match sys::file_system(file.as_fd()) {
        Ok(system) if system.in_memory => Waits::Never,
        _ => Waits::Looked,
    }
}
