//! Little-endian writing into a slice of fixed size.

/// The slice is full: nothing was written by the call that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl embedded_io::Error for Full {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::OutOfMemory
    }
}

impl core::fmt::Display for Full {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no room left in the reply")
    }
}

impl core::error::Error for Full {}

/// A cursor that fills a slice. Positions are counted from the slice's start; a message writer is
/// given the slice that begins at its own SMB2 header, so that positions are the offsets the wire wants.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    position: usize,
}

impl<'a> Writer<'a> {
    /// Writes `bytes` from the start.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Writer { bytes, position: 0 }
    }

    /// Where the next byte goes.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes there is still room for.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// What has been written so far.
    pub fn written(&self) -> &[u8] {
        &self.bytes[..self.position]
    }

    /// What has been written so far, for sealing or patching.
    pub fn written_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.position]
    }

    /// The room that is left, to be filled by a read from disk; then call [`Writer::advance`].
    pub fn rest(&mut self) -> &mut [u8] {
        &mut self.bytes[self.position..]
    }

    /// Counts `n` bytes of [`Writer::rest`] as written.
    pub fn advance(&mut self, n: usize) -> Result<(), Full> {
        if n > self.remaining() {
            return Err(Full);
        }
        self.position += n;
        Ok(())
    }

    /// Takes back everything after `position`; a later position changes nothing.
    pub fn truncate(&mut self, position: usize) {
        self.position = self.position.min(position);
    }

    /// Narrows the room to `n` more bytes for what `fill` writes, as the client's OutputBufferLength asks.
    pub fn within<T>(&mut self, n: usize, fill: impl FnOnce(&mut Writer<'_>) -> T) -> T {
        let end = self.position.saturating_add(n).min(self.bytes.len());
        let mut inner = Writer {
            bytes: &mut self.bytes[..end],
            position: self.position,
        };
        let result = fill(&mut inner);
        self.position = inner.position;
        result
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.position.checked_add(bytes.len()).ok_or(Full)?;
        self.bytes
            .get_mut(self.position..end)
            .ok_or(Full)?
            .copy_from_slice(bytes);
        self.position = end;
        Ok(())
    }

    /// Appends an array: its length is known, so nobody is called to copy it.
    fn array<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Full> {
        let rest = self.bytes.get_mut(self.position..).unwrap_or_default();
        *rest.first_chunk_mut().ok_or(Full)? = bytes;
        self.position += N;
        Ok(())
    }

    /// Appends one byte.
    pub fn u8(&mut self, value: u8) -> Result<(), Full> {
        self.array([value])
    }

    /// Appends two bytes, little-endian.
    pub fn u16(&mut self, value: u16) -> Result<(), Full> {
        self.array(value.to_le_bytes())
    }

    /// Appends four bytes, little-endian.
    pub fn u32(&mut self, value: u32) -> Result<(), Full> {
        self.array(value.to_le_bytes())
    }

    /// Appends eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) -> Result<(), Full> {
        self.array(value.to_le_bytes())
    }

    /// Appends `n` zero bytes.
    pub fn zeros(&mut self, n: usize) -> Result<(), Full> {
        let end = self.position.checked_add(n).ok_or(Full)?;
        self.bytes.get_mut(self.position..end).ok_or(Full)?.fill(0);
        self.position = end;
        Ok(())
    }

    /// Appends zero bytes until the position is a multiple of `n` counted from `start`.
    pub fn align(&mut self, start: usize, n: usize) -> Result<(), Full> {
        let over = (self.position - start) % n;
        if over == 0 {
            Ok(())
        } else {
            self.zeros(n - over)
        }
    }

    /// Overwrites bytes that were written before.
    pub fn patch(&mut self, position: usize, bytes: &[u8]) -> Result<(), Full> {
        let end = position.checked_add(bytes.len()).ok_or(Full)?;
        if end > self.position {
            return Err(Full);
        }
        self.bytes[position..end].copy_from_slice(bytes);
        Ok(())
    }

    /// Overwrites two bytes that were written before.
    pub fn patch_u16(&mut self, position: usize, value: u16) -> Result<(), Full> {
        self.patch(position, &value.to_le_bytes())
    }

    /// Overwrites four bytes that were written before.
    pub fn patch_u32(&mut self, position: usize, value: u32) -> Result<(), Full> {
        self.patch(position, &value.to_le_bytes())
    }
}

impl embedded_io::ErrorType for Writer<'_> {
    type Error = Full;
}

impl embedded_io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Full> {
        self.bytes(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> Result<(), Full> {
        Ok(())
    }
}
