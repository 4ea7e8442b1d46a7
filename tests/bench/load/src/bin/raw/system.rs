//! The system calls that the standard library has no name for.

use std::ffi::CStr;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

fn checked(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| Error::last_os_error())
}

/// CPU time of this process, all its threads.
pub fn cpu_seconds() -> Result<f64> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel fills the struct that outlives the call.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    checked(result as isize)?;
    Ok(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

/// This process and the threads it will start run on that CPU alone.
pub fn pin(cpu: usize) -> Result<()> {
    // SAFETY: an all-zero set is a valid, empty one.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: CPU_SET checks that `cpu` lies within the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the set is initialised and its size is right.
    checked(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &set) } as isize)?;
    Ok(())
}

pub fn sendfile(socket: RawFd, file: RawFd, offset: usize, count: usize) -> Result<usize> {
    let mut offset = offset as libc::off_t;
    // SAFETY: `offset` outlives the call; the kernel checks the descriptors.
    checked(unsafe { libc::sendfile(socket, file, &mut offset, count) })
}

/// Throws away up to `count` received bytes; 0 at the stream's end.
pub fn discard(socket: RawFd, count: usize) -> Result<usize> {
    // SAFETY: MSG_TRUNC on a TCP socket drops bytes and writes nothing to the (null) buffer.
    checked(unsafe { libc::recv(socket, std::ptr::null_mut(), count, libc::MSG_TRUNC) })
}

pub struct Epoll(OwnedFd);

impl Epoll {
    pub fn new() -> Result<Epoll> {
        // SAFETY: no memory is passed.
        let fd = checked(unsafe { libc::epoll_create1(0) } as isize)?;
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Epoll(unsafe { OwnedFd::from_raw_fd(fd as RawFd) }))
    }

    pub fn add(&self, fd: RawFd, token: u64) -> Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, token)
    }

    pub fn remove(&self, fd: RawFd) -> Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0)
    }

    fn control(&self, what: i32, fd: RawFd, token: u64) -> Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: token,
        };
        // SAFETY: the event outlives the call, which copies it.
        let result = unsafe { libc::epoll_ctl(self.0.as_raw_fd(), what, fd, &mut event) };
        checked(result as isize).map(|_| ())
    }

    /// The tokens of those that have something to read.
    pub fn wait<'a>(
        &self,
        events: &'a mut [libc::epoll_event],
    ) -> Result<impl Iterator<Item = usize> + use<'a>> {
        // SAFETY: the kernel writes no more events than the slice has room for.
        let count = checked(unsafe {
            libc::epoll_wait(
                self.0.as_raw_fd(),
                events.as_mut_ptr(),
                events.len() as i32,
                -1,
            )
        } as isize)?;
        Ok(events[..count].iter().map(|event| event.u64 as usize))
    }
}

pub fn open_at(folder: RawFd, name: &CStr, flags: i32) -> Result<OwnedFd> {
    // SAFETY: the name ends with a zero.
    let fd = checked(
        unsafe { libc::openat(folder, name.as_ptr(), flags | libc::O_CLOEXEC, 0o644) } as isize,
    )?;
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

pub fn unlink_at(folder: RawFd, name: &CStr) -> Result<()> {
    // SAFETY: the name ends with a zero.
    checked(unsafe { libc::unlinkat(folder, name.as_ptr(), 0) } as isize).map(|_| ())
}

pub fn rewind(folder: RawFd) -> Result<()> {
    // SAFETY: no memory is passed.
    checked(unsafe { libc::lseek(folder, 0, libc::SEEK_SET) } as isize).map(|_| ())
}

/// More of a folder's entries, as the kernel writes them; 0 at its end.
pub fn entries(folder: RawFd, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: the kernel writes no more than the buffer has room for.
    let count = unsafe {
        libc::syscall(
            libc::SYS_getdents64,
            folder,
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    };
    checked(count as isize)
}

/// Asks for what a listing shows of a file.
pub fn stat(folder: RawFd, name: &CStr) -> Result<()> {
    // SAFETY: plain numbers, for which zero is a value.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    // SAFETY: the name ends with a zero, and the struct outlives the call.
    let result = unsafe {
        libc::statx(
            folder,
            name.as_ptr(),
            libc::AT_SYMLINK_NOFOLLOW,
            libc::STATX_BASIC_STATS | libc::STATX_BTIME,
            &mut found,
        )
    };
    if result != 0 {
        return Err(Error::last_os_error());
    }
    if found.stx_mask & libc::STATX_SIZE == 0 {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(())
}
