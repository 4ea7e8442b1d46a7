//! Another program, asked a question: no shell, no input, its output read without blocking.
//!
//! `posix_spawn` by itself, since `std::process::Command` is 20 kB of a router's flash.

#![allow(unsafe_code)]

use core::ffi::{c_char, c_short};
use core::mem::MaybeUninit;
use core::ptr;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the program finds in its environment.
const ENVIRONMENT: &core::ffi::CStr = c"PATH=/usr/sbin:/usr/bin:/sbin:/bin";

/// A program under way; dropping it ends it.
pub struct Asked {
    child: Pid,
    output: OwnedFd,
}

impl Asked {
    /// Starts `program`. Its standard output becomes the descriptor to read.
    pub fn start(program: &Path, arguments: &[&str]) -> io::Result<Asked> {
        let (output, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&output, true)?;
        let words = core::iter::once(program.as_os_str().as_bytes())
            .chain(arguments.iter().map(|word| word.as_bytes()))
            .map(|word| CString::new(word).map_err(io::Error::from))
            .collect::<io::Result<Vec<_>>>()?;
        let child = spawn(&words, &theirs)?;
        Ok(Asked { child, output })
    }
}

/// Starts the program named by the first word, with `output` as its standard output and the others at /dev/null.
fn spawn(words: &[CString], output: &OwnedFd) -> io::Result<Pid> {
    let program = words.first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut arguments: Vec<*mut c_char> =
        words.iter().map(|word| word.as_ptr().cast_mut()).collect();
    arguments.push(ptr::null_mut());
    let environment = [ENVIRONMENT.as_ptr().cast_mut(), ptr::null_mut()];
    let nowhere = c"/dev/null".as_ptr();
    let mut files = MaybeUninit::uninit();
    let mut attributes = MaybeUninit::uninit();
    let mut signals = MaybeUninit::uninit();
    let mut child = 0;
    // The server ignores SIGPIPE, and what is ignored stays so in another program.
    let flags = (libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK) as c_short;
    // SAFETY: each object is initialised by its init function before another sees it, and destroyed once; the
    // lists of words end with a null pointer and outlive the call, as do the strings that they point to.
    let failed = unsafe {
        libc::posix_spawn_file_actions_init(files.as_mut_ptr());
        libc::posix_spawn_file_actions_addopen(files.as_mut_ptr(), 0, nowhere, libc::O_RDONLY, 0);
        libc::posix_spawn_file_actions_adddup2(files.as_mut_ptr(), output.as_raw_fd(), 1);
        libc::posix_spawn_file_actions_addopen(files.as_mut_ptr(), 2, nowhere, libc::O_WRONLY, 0);
        libc::posix_spawnattr_init(attributes.as_mut_ptr());
        libc::sigemptyset(signals.as_mut_ptr());
        libc::posix_spawnattr_setsigmask(attributes.as_mut_ptr(), signals.as_ptr());
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE);
        libc::posix_spawnattr_setsigdefault(attributes.as_mut_ptr(), signals.as_ptr());
        libc::posix_spawnattr_setflags(attributes.as_mut_ptr(), flags);
        let failed = libc::posix_spawn(
            &mut child,
            program.as_ptr(),
            files.as_ptr(),
            attributes.as_ptr(),
            arguments.as_ptr(),
            environment.as_ptr(),
        );
        libc::posix_spawnattr_destroy(attributes.as_mut_ptr());
        libc::posix_spawn_file_actions_destroy(files.as_mut_ptr());
        failed
    };
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    Pid::from_raw(child).ok_or_else(|| io::ErrorKind::Other.into())
}

impl AsFd for Asked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = kill_process(self.child, Signal::KILL);
        let _ = waitpid(Some(self.child), WaitOptions::empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn said(asked: &Asked) -> String {
        let (mut text, mut buffer) = (Vec::new(), [0; 256]);
        loop {
            match rustix::io::read(asked, &mut buffer) {
                Ok(0) => return String::from_utf8(text).unwrap(),
                Ok(length) => text.extend_from_slice(&buffer[..length]),
                Err(rustix::io::Errno::AGAIN) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn its_output_is_read_and_its_words_reach_it_as_they_are() {
        let asked = Asked::start(
            Path::new("/bin/sh"),
            &[
                "-c",
                "echo lost >&2; printf '%s|' \"$@\" \"$PATH\"; read -r line; echo $line",
                "x",
                "a b",
                "$c",
                "",
            ],
        );
        assert_eq!(
            said(&asked.unwrap()),
            "a b|$c||/usr/sbin:/usr/bin:/sbin:/bin|\n"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        assert_eq!(
            Asked::start(Path::new("/nowhere/ubus"), &[])
                .map(|_| ())
                .unwrap_err()
                .kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn dropping_it_ends_it() {
        let began = Instant::now();
        drop(Asked::start(Path::new("/bin/sleep"), &["60"]).unwrap());
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
