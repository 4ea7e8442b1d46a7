//! What of a file is in memory, where the disk knows no reads that never wait.
#![allow(unsafe_code)]

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use std::ffi::c_void;
use std::os::fd::BorrowedFd;

/// Part of a file, mapped to be asked about and never looked into: a page that the disk cannot read would be a signal.
struct Mapping {
    start: *mut c_void,
    length: usize,
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is our own, of this length, and nobody else has its address.
        let _ = unsafe { rustix::mm::munmap(self.start, self.length) };
    }
}

/// Whether a range of a file opened for reading is in memory, so that reading it does not wait; what lies behind the
/// file's end counts as such. A page is looked at every `stride` bytes, and the last: each of a megabyte's would take
/// longer than sending them. The kernel answers truly for files that are this process's own or that it may write
/// (mincore(2)), which is all of them for a server with its privileges; for others it always says yes.
pub fn resident(
    fd: BorrowedFd<'_>,
    offset: u64,
    length: usize,
    stride: usize,
) -> Result<bool, Errno> {
    super::calls::count();
    let page = rustix::param::page_size();
    let lead = (offset % page as u64) as usize;
    let start = offset - lead as u64;
    let length = length.checked_add(lead).ok_or(Errno::INVAL)?;
    if length == 0 {
        return Ok(true);
    }
    // SAFETY: a new mapping at a place of the kernel's choice, which no reference points into and none ever will. It may
    // be read since qemu-user answers for no other pages.
    let mapped = unsafe {
        rustix::mm::mmap(
            core::ptr::null_mut(),
            length,
            ProtFlags::READ,
            MapFlags::SHARED,
            fd,
            start,
        )
    };
    let mapping = match mapped {
        Ok(start) => Mapping { start, length },
        // 32 bits of page number do not reach every offset.
        Err(_) if offset >= super::stat(fd)?.size => return Ok(true),
        Err(error) => return Err(error),
    };
    let last = length - 1;
    let mut at = 0;
    loop {
        let first = at - at % page;
        let mut state = 0u8;
        // SAFETY: one page of the mapping, from its start, and `state` is the byte that tells of one page.
        if unsafe {
            libc::mincore(
                mapping.start.wrapping_byte_add(first),
                1,
                (&raw mut state).cast(),
            )
        } != 0
        {
            return Err(crate::sys::last_error());
        }
        if state & 1 == 0 {
            return Ok(start + first as u64 >= super::stat(fd)?.size);
        }
        if at == last {
            return Ok(true);
        }
        at = last.min(at.saturating_add(stride));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileExt;

    #[test]
    fn what_was_written_is_in_memory_and_what_a_disk_gave_up_is_not() {
        let path = std::env::temp_dir().join(format!("smolsmb-resident-{}", std::process::id()));
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .unwrap();
        std::fs::remove_file(&path).unwrap();
        let size = 3_000_001;
        file.write_all_at(&vec![7; size], 0).unwrap();
        let ask = |offset, length| resident(file.as_fd(), offset, length, 65536).unwrap();
        for (offset, length) in [
            (0, size),
            (1, 1),
            (4095, 2),
            (2_999_999, 70_000),
            (1 << 40, 4096),
            (1 << 62, 4096),
            (5, 0),
        ] {
            assert!(ask(offset, length), "{offset} {length}");
        }
        assert_eq!(
            resident(file.as_fd(), 5, usize::MAX, 65536),
            Err(Errno::INVAL),
            "no such range"
        );
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        if super::super::file_system(file.as_fd()).unwrap().in_memory {
            return;
        }
        for (offset, length) in [(0, size), (2_999_999, 1), (1_500_000, 1_000_000)] {
            assert!(!ask(offset, length), "{offset} {length}");
        }
        file.read_exact_at(&mut vec![0; 2 << 20], 0).unwrap();
        assert!(ask(0, 2 << 20));
        rustix::fs::fadvise(&file, 2 << 20, None, rustix::fs::Advice::DontNeed).unwrap();
        assert!(!ask(0, size));
        assert!(ask(size as u64 + 4096, 4096));
    }
}
