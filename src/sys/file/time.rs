//! Setting times with 64 bits of seconds everywhere.
//!
//! On 32-bit musl the C library's `utimensat` that Rust links takes 32-bit times; given 64-bit ones it
//! sets nonsense without a word. So the kernel is asked directly, by its 64-bit call.
#![allow(unsafe_code)]

use super::path::HandlePath;
use super::stat::Timestamp;
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// As the kernel's 64-bit calls take a time on every architecture.
#[repr(C)]
#[derive(Clone, Copy)]
struct KernelTime {
    seconds: i64,
    nanoseconds: i64,
}

const LEAVE: i64 = 0x3FFF_FFFE; // UTIME_OMIT

#[cfg(target_pointer_width = "64")]
const SYS_UTIMENSAT: libc::c_long = libc::SYS_utimensat;
#[cfg(all(target_pointer_width = "32", target_arch = "mips"))]
const SYS_UTIMENSAT: libc::c_long = 4412; // utimensat_time64, o32
#[cfg(all(target_pointer_width = "32", not(target_arch = "mips")))]
const SYS_UTIMENSAT: libc::c_long = 412; // utimensat_time64

/// Sets the times of last read and last write; `None` leaves one as it is.
pub fn set_times(
    fd: BorrowedFd<'_>,
    access: Option<Timestamp>,
    write: Option<Timestamp>,
) -> Result<(), Errno> {
    super::calls::count();
    if access.is_none() && write.is_none() {
        return Ok(());
    }
    let kernel = |time: Option<Timestamp>| match time {
        Some(time) => KernelTime {
            seconds: time.seconds,
            nanoseconds: i64::from(time.nanoseconds),
        },
        None => KernelTime {
            seconds: 0,
            nanoseconds: LEAVE,
        },
    };
    let times = [kernel(access), kernel(write)];
    let path = HandlePath::of(fd);
    // SAFETY: `path` is a C string and `times` two times as the 64-bit call reads them; both outlive it.
    let result = unsafe {
        libc::syscall(
            SYS_UTIMENSAT,
            libc::AT_FDCWD,
            path.as_c_str().as_ptr(),
            times.as_ptr(),
            0,
        )
    };
    match result {
        0 => Ok(()),
        _ => by_old_call(crate::sys::last_error(), &path, &times),
    }
}

/// What to do where the call failed: kernels before 5.1 have only the one with 32-bit times on 32-bit machines.
#[cfg(target_pointer_width = "32")]
fn by_old_call(errno: Errno, path: &HandlePath, times: &[KernelTime; 2]) -> Result<(), Errno> {
    if errno != Errno::NOSYS {
        return Err(errno);
    }
    let clamp = |time: &KernelTime| {
        let seconds = time.seconds.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        [seconds, time.nanoseconds as i32]
    };
    let old = [clamp(&times[0]), clamp(&times[1])];
    // SAFETY: as above, with the two 32-bit times of the old call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_utimensat,
            libc::AT_FDCWD,
            path.as_c_str().as_ptr(),
            old.as_ptr(),
            0,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(crate::sys::last_error()),
    }
}

#[cfg(target_pointer_width = "64")]
fn by_old_call(errno: Errno, _: &HandlePath, _: &[KernelTime; 2]) -> Result<(), Errno> {
    Err(errno)
}

/// The clock the disks stamp times by: to the tick, not to the nanosecond.
pub fn now() -> Timestamp {
    let elapsed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: elapsed.subsec_nanos(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn times_beyond_32_bits_are_kept() {
        let path = std::env::temp_dir().join(format!("smolsmb-time-{}", std::process::id()));
        let file = std::fs::File::create(&path).unwrap();
        for seconds in [0, 1, 1_700_000_000, 0x7FFF_FFFF, 0x1_0000_0001] {
            let time = Timestamp {
                seconds,
                nanoseconds: 123_456_700,
            };
            set_times(file.as_fd(), None, Some(time)).unwrap();
            assert_eq!(
                super::super::stat(file.as_fd()).unwrap().write,
                time,
                "{seconds}"
            );
        }
        let before = super::super::stat(file.as_fd()).unwrap();
        set_times(
            file.as_fd(),
            Some(Timestamp {
                seconds: 7,
                nanoseconds: 0,
            }),
            None,
        )
        .unwrap();
        let after = super::super::stat(file.as_fd()).unwrap();
        assert_eq!(after.access.seconds, 7);
        assert_eq!(after.write, before.write);
        std::fs::remove_file(&path).unwrap();
    }
}
