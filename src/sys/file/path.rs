//! Paths as the kernel takes them, ending in NUL, in fixed memory.

use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `/proc/self/fd/N`: the name under which the kernel knows what a descriptor refers to. It reaches what the
/// path-only calls (extended attributes, re-opening) cannot reach by an `O_PATH` descriptor, and no path
/// that somebody else could swap is involved.
pub struct HandlePath {
    bytes: [u8; 32],
}

impl HandlePath {
    /// The path of `fd`.
    pub fn of(fd: BorrowedFd<'_>) -> Self {
        let mut path = HandlePath { bytes: [0; 32] };
        append_handle(fd, &mut path.bytes);
        path
    }

    /// As the kernel takes it.
    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}

const HANDLES: &[u8] = b"/proc/self/fd/";

/// Writes the handle's path at the start of `out` (at least 25 bytes); its length.
fn append_handle(fd: BorrowedFd<'_>, out: &mut [u8]) -> usize {
    let mut digits = [0u8; 10];
    let mut number = fd.as_raw_fd().unsigned_abs();
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    let digits = &digits[first..];
    let end = HANDLES.len() + digits.len();
    out[..HANDLES.len()].copy_from_slice(HANDLES);
    out[HANDLES.len()..end].copy_from_slice(digits);
    out[end] = 0;
    end
}

/// A path that is built and taken apart in place: components joined by `/`, always followed by a NUL.
pub struct PathBuffer {
    bytes: Box<[u8]>,
    length: usize,
}

impl PathBuffer {
    /// Room for `capacity` bytes (at least 32 are taken).
    pub fn new(capacity: usize) -> Self {
        PathBuffer {
            bytes: vec![0; capacity.max(32) + 1].into_boxed_slice(),
            length: 0,
        }
    }

    /// The path, without its NUL.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// How long it is.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// As the kernel takes it; the empty path is `.`.
    pub fn as_c_str(&self) -> &CStr {
        match self.length {
            0 => c".",
            end => CStr::from_bytes_with_nul(&self.bytes[..=end]).unwrap_or(c""),
        }
    }

    /// Becomes `path`. A NUL within it is refused with EINVAL, too long a path with ENAMETOOLONG.
    pub fn set(&mut self, path: &[u8]) -> Result<(), Errno> {
        self.length = 0;
        self.append(path)
    }

    /// Becomes the path of a handle, for [`PathBuffer::push`] to put a name behind it.
    pub fn set_handle(&mut self, fd: BorrowedFd<'_>) {
        self.length = append_handle(fd, &mut self.bytes);
    }

    /// Puts one component behind.
    pub fn push(&mut self, name: &[u8]) -> Result<(), Errno> {
        let before = self.length;
        let joined = if before == 0 {
            Ok(())
        } else {
            self.append(b"/")
        };
        let result = joined.and_then(|()| self.append(name));
        if result.is_err() {
            self.truncate(before);
        }
        result
    }

    /// Cuts it to `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.length = length.min(self.length);
        self.bytes[self.length] = 0;
    }

    /// Lets `fill` write the path and say how long it became.
    pub fn fill(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
    ) -> Result<(), Errno> {
        self.length = 0;
        let room = self.bytes.len() - 1;
        let length = fill(&mut self.bytes[..room])?;
        if length >= room {
            self.bytes[0] = 0;
            return Err(Errno::NAMETOOLONG);
        }
        self.length = length;
        self.bytes[length] = 0;
        Ok(())
    }

    /// Takes `count` bytes away at the start.
    pub fn drop_front(&mut self, count: usize) {
        let count = count.min(self.length);
        self.bytes.copy_within(count..=self.length, 0);
        self.length -= count;
    }

    fn append(&mut self, part: &[u8]) -> Result<(), Errno> {
        if part.contains(&0) {
            return Err(Errno::INVAL);
        }
        let end = self
            .length
            .checked_add(part.len())
            .ok_or(Errno::NAMETOOLONG)?;
        if end >= self.bytes.len() {
            return Err(Errno::NAMETOOLONG);
        }
        self.bytes[self.length..end].copy_from_slice(part);
        self.bytes[end] = 0;
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_handle_is_reached_by_its_number() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let path = HandlePath::of(file.as_fd());
        assert_eq!(
            path.as_c_str().to_str().unwrap(),
            format!("/proc/self/fd/{}", file.as_raw_fd())
        );
    }

    #[test]
    fn a_path_is_built_and_taken_apart_in_place() {
        let mut path = PathBuffer::new(32);
        assert_eq!(path.as_c_str(), c".");
        path.set(b"a").unwrap();
        path.push(b"bc").unwrap();
        assert_eq!(path.as_c_str(), c"a/bc");
        assert_eq!(path.push(&[b'x'; 40]), Err(Errno::NAMETOOLONG));
        assert_eq!(path.bytes(), b"a/bc");
        assert_eq!(path.push(b"\0"), Err(Errno::INVAL));
        path.drop_front(2);
        assert_eq!(path.as_c_str(), c"bc");
        path.truncate(1);
        assert_eq!(path.as_c_str(), c"b");
    }
}
