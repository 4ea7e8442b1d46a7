//! Another program, asked a question: no shell, no input, its output read without blocking.

use rustix::fd::{AsFd, BorrowedFd};
use std::io;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A program under way; dropping it ends it.
pub struct Asked {
    child: Child,
    output: ChildStdout,
}

impl Asked {
    /// Starts `program`. Its standard output becomes the descriptor to read.
    pub fn start(program: &Path, arguments: &[&str]) -> io::Result<Asked> {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        rustix::io::ioctl_fionbio(&output, true)?;
        Ok(Asked { child, output })
    }
}

impl AsFd for Asked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
