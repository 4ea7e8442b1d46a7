//! Memory that is not needed for now, given back to the kernel while its addresses stay.
#![allow(unsafe_code)]

use rustix::mm::{Advice, madvise};
use std::ffi::{c_int, c_void};

/// Gives back the whole pages within `bytes`; what stood there is lost, and some of it may read as zeros.
pub fn forget(bytes: &mut [u8]) {
    let page = rustix::param::page_size();
    let start = bytes.as_mut_ptr();
    let skip = start.align_offset(page);
    let length = bytes.len().saturating_sub(skip) & !(page - 1);
    if length == 0 {
        return;
    }
    // SAFETY: the pages lie within `bytes`, which are borrowed exclusively and may have any value.
    let _ = unsafe {
        madvise(
            start.wrapping_add(skip).cast(),
            length,
            Advice::LinuxDontNeed,
        )
    };
}

/// Unmaps the program's own code and constants. They stay in the page cache, which the kernel may now take
/// for others at any time, and are mapped again where they are used: after the start, little of them is.
pub fn forget_code() {
    // SAFETY: the callback below has the signature that is asked for and uses what it is given only while called.
    unsafe { libc::dl_iterate_phdr(Some(forget_segments), std::ptr::null_mut()) };
}

/// For the first object, which is the program, what cannot be written to.
///
/// # Safety
/// `info` is what `dl_iterate_phdr` gives.
// SAFETY: `dl_iterate_phdr` alone calls it.
unsafe extern "C" fn forget_segments(
    info: *mut libc::dl_phdr_info,
    _: usize,
    _: *mut c_void,
) -> c_int {
    // SAFETY: valid while this is called, as are the headers it names.
    let (base, headers) = unsafe {
        let info = &*info;
        let count = usize::from(info.dlpi_phnum);
        if info.dlpi_phdr.is_null() {
            return 1;
        }
        (
            info.dlpi_addr as usize,
            std::slice::from_raw_parts(info.dlpi_phdr, count),
        )
    };
    let page = rustix::param::page_size();
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let start = base.wrapping_add(header.p_vaddr as usize);
        let end = start.wrapping_add(header.p_memsz as usize);
        let start = start & !(page - 1);
        let Some(length) = end.checked_sub(start) else {
            continue;
        };
        // SAFETY: a segment that is never written to is what the file says, before and after.
        let _ = unsafe { madvise(start as *mut c_void, length, Advice::LinuxDontNeed) };
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pages_are_forgotten() {
        let page = rustix::param::page_size();
        let mut bytes = vec![7u8; 4 * page];
        let skip = bytes.as_ptr().align_offset(page);
        let part = &mut bytes[skip + 1..skip + 3 * page - 1];
        forget(part);
        assert!(part[..page - 1].iter().all(|&byte| byte == 7));
        assert!(part[page - 1..2 * page - 1].iter().all(|&byte| byte == 0));
        assert!(part[2 * page - 1..].iter().all(|&byte| byte == 7));
        forget(&mut bytes[..page / 2]);
        forget(&mut []);
        assert!(bytes[..skip].iter().all(|&byte| byte == 7));
    }

    /// The static binaries for MIPS bring a memcpy of their own (`cross/copy.c`).
    #[test]
    fn copies_are_exact_at_all_lengths_and_places() {
        let from: Vec<u8> = (1..=120).collect();
        for (start, to, length) in (0..8)
            .flat_map(|start| (0..8).map(move |to| (start, to)))
            .flat_map(|(start, to)| (0..=100).map(move |length| (start, to, length)))
        {
            let mut copy = [0u8; 120];
            copy[to..to + length].copy_from_slice(&from[start..start + length]);
            assert_eq!(copy[to..to + length], from[start..start + length]);
            let around = [&copy[..to], &copy[to + length..]].concat();
            assert!(
                around.iter().all(|&byte| byte == 0),
                "{start} {to} {length}"
            );
        }
    }

    #[test]
    fn the_program_goes_on_without_its_code() {
        static CONSTANTS: [u32; 4096] = [0x1234_5678; 4096];
        forget_code();
        assert!(
            std::hint::black_box(&CONSTANTS)
                .iter()
                .all(|&one| one == 0x1234_5678)
        );
    }
}
