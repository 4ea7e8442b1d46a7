//! NEGOTIATE ([MS-SMB2] 2.2.3, 2.2.4).

use super::{Full, Malformed, Reader, Writer, header};

/// SMB2_NEGOTIATE_SIGNING_ENABLED.
pub const SIGNING_ENABLED: u16 = 1;
/// SMB2_NEGOTIATE_SIGNING_REQUIRED.
pub const SIGNING_REQUIRED: u16 = 2;
/// SMB2_GLOBAL_CAP_DFS.
pub const CAP_DFS: u32 = 0x01;
/// SMB2_GLOBAL_CAP_LEASING.
pub const CAP_LEASING: u32 = 0x02;
/// SMB2_GLOBAL_CAP_LARGE_MTU: multi-credit requests.
pub const CAP_LARGE_MTU: u32 = 0x04;
/// SMB2_GLOBAL_CAP_MULTI_CHANNEL.
pub const CAP_MULTI_CHANNEL: u32 = 0x08;
/// SMB2_GLOBAL_CAP_DIRECTORY_LEASING.
pub const CAP_DIRECTORY_LEASING: u32 = 0x20;
/// SMB2_GLOBAL_CAP_ENCRYPTION.
pub const CAP_ENCRYPTION: u32 = 0x40;
/// The dialect revision that answers "SMB 2.???".
pub const WILDCARD: u16 = 0x02FF;

/// A dialect of SMB2, in order of age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum Dialect {
    /// 2.0.2
    Smb202 = 0x0202,
    /// 2.1
    Smb210 = 0x0210,
    /// 3.0
    Smb300 = 0x0300,
    /// 3.0.2
    Smb302 = 0x0302,
    /// 3.1.1
    Smb311 = 0x0311,
}

impl Dialect {
    /// All of them, the oldest first.
    pub const ALL: [Dialect; 5] = [
        Dialect::Smb202,
        Dialect::Smb210,
        Dialect::Smb300,
        Dialect::Smb302,
        Dialect::Smb311,
    ];

    /// The dialect with this revision number.
    pub fn from_revision(revision: u16) -> Option<Dialect> {
        Self::ALL
            .into_iter()
            .find(|dialect| *dialect as u16 == revision)
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Smb202 => "2.0.2",
            Dialect::Smb210 => "2.1",
            Dialect::Smb300 => "3.0",
            Dialect::Smb302 => "3.0.2",
            Dialect::Smb311 => "3.1.1",
        }
    }
}

/// A NEGOTIATE request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// SecurityMode.
    pub security_mode: u16,
    /// Capabilities.
    pub capabilities: u32,
    /// ClientGuid.
    pub client_guid: [u8; 16],
    /// Dialects, two bytes each.
    dialects: &'a [u8],
    /// NegotiateContextList from its first context on, where the dialects hold 3.1.1.
    contexts: &'a [u8],
    context_count: u16,
}

impl<'a> Request<'a> {
    /// Reads the body.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::at(message, header::SIZE);
        if reader.u16()? != 36 {
            return Err(Malformed);
        }
        let count = reader.u16()?;
        let security_mode = reader.u16()?;
        reader.skip(2)?;
        let capabilities = reader.u32()?;
        let client_guid = reader.array()?;
        let context_offset = reader.u32()?;
        let context_count = reader.u16()?;
        reader.skip(2)?;
        if count == 0 {
            return Err(Malformed);
        }
        let dialects = reader.bytes(usize::from(count) * 2)?;
        let mut request = Request {
            security_mode,
            capabilities,
            client_guid,
            dialects,
            contexts: &[],
            context_count: 0,
        };
        // In older dialects these fields are ClientStartTime.
        if request
            .dialects()
            .any(|revision| revision == Dialect::Smb311 as u16)
        {
            let offset = usize::try_from(context_offset).map_err(|_| Malformed)?;
            if context_count > 0 && (offset < reader.position() || offset % 8 != 0) {
                return Err(Malformed);
            }
            request.contexts = if context_count > 0 {
                message.get(offset..).ok_or(Malformed)?
            } else {
                &[]
            };
            request.context_count = context_count;
        }
        Ok(request)
    }

    /// The revisions offered, in the client's order.
    pub fn dialects(&self) -> impl Iterator<Item = u16> + 'a {
        self.dialects
            .chunks_exact(2)
            .map(|two| u16::from_le_bytes([two[0], two[1]]))
    }

    /// The negotiate contexts: type and data.
    pub fn contexts(&self) -> Contexts<'a> {
        Contexts {
            reader: Reader::new(self.contexts),
            left: self.context_count,
        }
    }
}

/// Walks the negotiate contexts ([MS-SMB2] 2.2.3.1).
#[derive(Clone, Debug)]
pub struct Contexts<'a> {
    reader: Reader<'a>,
    left: u16,
}

impl<'a> Iterator for Contexts<'a> {
    type Item = Result<(u16, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let item = self.read();
        if item.is_err() {
            self.left = 0;
        }
        Some(item)
    }
}

impl<'a> Contexts<'a> {
    fn read(&mut self) -> Result<(u16, &'a [u8]), Malformed> {
        let kind = self.reader.u16()?;
        let length = self.reader.u16()?;
        self.reader.skip(4)?;
        let data = self.reader.bytes(length.into())?;
        if self.left > 0 {
            self.reader
                .skip(self.reader.position().next_multiple_of(8) - self.reader.position())?;
        }
        Ok((kind, data))
    }
}

/// A NEGOTIATE response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// SecurityMode.
    pub security_mode: u16,
    /// DialectRevision.
    pub dialect_revision: u16,
    /// ServerGuid.
    pub server_guid: [u8; 16],
    /// Capabilities.
    pub capabilities: u32,
    /// MaxTransactSize.
    pub max_transact_size: u32,
    /// MaxReadSize.
    pub max_read_size: u32,
    /// MaxWriteSize.
    pub max_write_size: u32,
    /// SystemTime, a FILETIME.
    pub system_time: u64,
}

const TOKEN_OFFSET: usize = header::SIZE + 56;
const CONTEXT_COUNT: usize = header::SIZE + 6;
const CONTEXT_OFFSET: usize = header::SIZE + 60;

impl Response {
    /// Writes the fixed part; the security token follows, then [`finish_token`].
    pub fn begin(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(65)?;
        w.u16(self.security_mode)?;
        w.u16(self.dialect_revision)?;
        w.u16(0)?; // NegotiateContextCount
        w.bytes(&self.server_guid)?;
        w.u32(self.capabilities)?;
        w.u32(self.max_transact_size)?;
        w.u32(self.max_read_size)?;
        w.u32(self.max_write_size)?;
        w.u64(self.system_time)?;
        w.u64(0)?; // ServerStartTime
        w.u16(header::SIZE as u16 + 64)?;
        w.u16(0)?; // SecurityBufferLength
        w.u32(0) // NegotiateContextOffset
    }
}

/// Completes the security token, which goes from the fixed part to the writer's position.
pub fn finish_token(w: &mut Writer<'_>) -> Result<(), Full> {
    let length = u16::try_from(w.position() - (header::SIZE + 64)).map_err(|_| Full)?;
    w.patch_u16(TOKEN_OFFSET + 2, length)
}

/// Appends one negotiate context after the token.
pub fn append_context(w: &mut Writer<'_>, count: u16, kind: u16, data: &[u8]) -> Result<(), Full> {
    w.align(0, 8)?;
    if count == 1 {
        w.patch_u32(CONTEXT_OFFSET, w.position() as u32)?;
    }
    w.u16(kind)?;
    w.u16(u16::try_from(data.len()).map_err(|_| Full)?)?;
    w.u32(0)?;
    w.bytes(data)?;
    w.patch_u16(CONTEXT_COUNT, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::negotiate_context as context;

    fn request(dialects: &[u16], contexts: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = vec![0; header::SIZE];
        message.extend(36u16.to_le_bytes());
        message.extend((dialects.len() as u16).to_le_bytes());
        message.extend([1, 0, 0, 0, 0x7F, 0, 0, 0]);
        message.extend([7; 16]);
        let offset = (header::SIZE + 36 + dialects.len() * 2).next_multiple_of(8);
        message.extend((offset as u32).to_le_bytes());
        message.extend((contexts.len() as u16).to_le_bytes());
        message.extend([0, 0]);
        dialects
            .iter()
            .for_each(|revision| message.extend(revision.to_le_bytes()));
        for (kind, data) in contexts {
            message.resize(message.len().next_multiple_of(8), 0);
            message.extend(kind.to_le_bytes());
            message.extend((data.len() as u16).to_le_bytes());
            message.extend([0; 4]);
            message.extend(*data);
        }
        message
    }

    #[test]
    fn dialects_and_contexts_are_read() {
        let message = request(&[0x0202, 0x0311], &[(1, b"abc"), (2, b"defgh"), (9, b"")]);
        let request = Request::parse(&message).unwrap();
        assert_eq!(request.dialects().collect::<Vec<_>>(), [0x0202, 0x0311]);
        let contexts: Result<Vec<_>, _> = request.contexts().collect();
        assert_eq!(
            contexts.unwrap(),
            [(1, &b"abc"[..]), (2, b"defgh"), (9, b"")]
        );
    }

    #[test]
    fn cut_short_anywhere_it_is_refused_or_its_contexts_are() {
        let message = request(
            &[0x0311],
            &[
                (context::PREAUTH, &[1, 0, 0, 0, 1, 0]),
                (context::NETNAME, b"x\0"),
            ],
        );
        for end in 0..message.len() {
            let read = Request::parse(&message[..end]);
            assert!(
                read.is_err() || read.unwrap().contexts().any(|context| context.is_err()),
                "{end}"
            );
        }
    }

    #[test]
    fn old_dialects_have_a_time_where_contexts_are_now() {
        let mut message = request(&[0x0202], &[]);
        message[header::SIZE + 28..header::SIZE + 36].fill(0xFF);
        assert_eq!(Request::parse(&message).unwrap().contexts().count(), 0);
    }
}
