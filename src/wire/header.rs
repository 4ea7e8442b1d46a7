//! The 64 bytes every SMB2 message begins with ([MS-SMB2] 2.2.1), and the compound they link.

use super::fixed::{get, set};
use super::status::Status;
use super::{Malformed, Reader};

/// Length of the header.
pub const SIZE: usize = 64;

const PROTOCOL: [u8; 4] = *b"\xFESMB";
const FLAG_RESPONSE: u32 = 0x01;
const FLAG_ASYNC: u32 = 0x02;
const FLAG_RELATED: u32 = 0x04;
const FLAG_SIGNED: u32 = 0x08;
const FLAG_REPLAY: u32 = 0x2000_0000;
const FLAGS_AT: usize = 16;
const NEXT_COMMAND_AT: usize = 20;

/// What is asked for ([MS-SMB2] 2.2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[allow(missing_docs)] // the names are the documentation
pub enum Command {
    Negotiate = 0,
    SessionSetup = 1,
    Logoff = 2,
    TreeConnect = 3,
    TreeDisconnect = 4,
    Create = 5,
    Close = 6,
    Flush = 7,
    Read = 8,
    Write = 9,
    Lock = 10,
    Ioctl = 11,
    Cancel = 12,
    Echo = 13,
    QueryDirectory = 14,
    ChangeNotify = 15,
    QueryInfo = 16,
    SetInfo = 17,
    OplockBreak = 18,
}

impl Command {
    const ALL: [Command; 19] = [
        Command::Negotiate,
        Command::SessionSetup,
        Command::Logoff,
        Command::TreeConnect,
        Command::TreeDisconnect,
        Command::Create,
        Command::Close,
        Command::Flush,
        Command::Read,
        Command::Write,
        Command::Lock,
        Command::Ioctl,
        Command::Cancel,
        Command::Echo,
        Command::QueryDirectory,
        Command::ChangeNotify,
        Command::QueryInfo,
        Command::SetInfo,
        Command::OplockBreak,
    ];
}

impl TryFrom<u16> for Command {
    type Error = Malformed;

    fn try_from(number: u16) -> Result<Self, Malformed> {
        Self::ALL.get(usize::from(number)).copied().ok_or(Malformed)
    }
}

/// A received header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// CreditCharge.
    pub credit_charge: u16,
    /// ChannelSequence (dialect 3.0 and later).
    pub channel_sequence: u16,
    /// Command, as it came.
    pub command: u16,
    /// CreditRequest.
    pub credit_request: u16,
    /// Flags.
    pub flags: u32,
    /// MessageId.
    pub message_id: u64,
    /// AsyncId, if the flags say so.
    pub async_id: Option<u64>,
    /// TreeId, 0 in an async header.
    pub tree_id: u32,
    /// SessionId.
    pub session_id: u64,
    /// Signature.
    pub signature: [u8; 16],
}

impl Header {
    /// Reads the header at the start of a message.
    pub fn parse(message: &[u8]) -> Result<Header, Malformed> {
        let head: &[u8; SIZE] = message.first_chunk().ok_or(Malformed)?;
        if get(head, 0) != PROTOCOL || u16::from_le_bytes(get(head, 4)) != SIZE as u16 {
            return Err(Malformed);
        }
        let flags = u32::from_le_bytes(get(head, FLAGS_AT));
        // NextCommand, at 20: see `split`.
        let third = u64::from_le_bytes(get(head, 32));
        let (async_id, tree_id) = match flags & FLAG_ASYNC {
            0 => (None, (third >> 32) as u32),
            _ => (Some(third), 0),
        };
        Ok(Header {
            credit_charge: u16::from_le_bytes(get(head, 6)),
            channel_sequence: u16::from_le_bytes(get(head, 8)),
            command: u16::from_le_bytes(get(head, 12)),
            credit_request: u16::from_le_bytes(get(head, 14)),
            flags,
            message_id: u64::from_le_bytes(get(head, 24)),
            async_id,
            tree_id,
            session_id: u64::from_le_bytes(get(head, 40)),
            signature: get(head, 48),
        })
    }

    /// It is a response, not a request.
    pub fn is_response(&self) -> bool {
        self.flags & FLAG_RESPONSE != 0
    }

    /// It takes session, tree and file from the message before it.
    pub fn is_related(&self) -> bool {
        self.flags & FLAG_RELATED != 0
    }

    /// It is signed.
    pub fn is_signed(&self) -> bool {
        self.flags & FLAG_SIGNED != 0
    }

    /// It repeats a request whose reply was lost (SMB2_FLAGS_REPLAY_OPERATION).
    pub fn is_replay(&self) -> bool {
        self.flags & FLAG_REPLAY != 0
    }
}

/// The first message of a compound, and how far the next one is from its start; 0 if it is the last.
/// NextCommand points forward, by a multiple of 8, past the header, and inside the frame ([MS-SMB2] 3.3.5.2.7).
pub fn split(frame: &[u8]) -> Result<(&[u8], usize), Malformed> {
    let next = Reader::at(frame, NEXT_COMMAND_AT).u32()?;
    let next = usize::try_from(next).map_err(|_| Malformed)?;
    if next == 0 {
        return Ok((frame, 0));
    }
    if next % 8 != 0 || next < SIZE || frame.len() - next.min(frame.len()) < SIZE {
        return Err(Malformed);
    }
    Ok((frame.get(..next).ok_or(Malformed)?, next))
}

/// The header of a reply.
#[derive(Clone, Copy, Debug)]
pub struct Response {
    /// Command.
    pub command: Command,
    /// Status.
    pub status: Status,
    /// CreditCharge, as in the request.
    pub credit_charge: u16,
    /// CreditResponse: credits granted.
    pub credits: u16,
    /// The request was related to the one before.
    pub related: bool,
    /// MessageId, as in the request.
    pub message_id: u64,
    /// AsyncId of an interim or late reply.
    pub async_id: Option<u64>,
    /// TreeId, if it is not an async header.
    pub tree_id: u32,
    /// SessionId.
    pub session_id: u64,
}

impl Response {
    /// Writes the header over the first [`SIZE`] bytes of a message; a shorter one is left as it is.
    pub fn write(&self, message: &mut [u8]) {
        let Some(head) = message.first_chunk_mut::<SIZE>() else {
            return;
        };
        let mut flags = FLAG_RESPONSE;
        if self.related {
            flags |= FLAG_RELATED;
        }
        if self.async_id.is_some() {
            flags |= FLAG_ASYNC;
        }
        // Reserved (ProcessId) is 0xFEFF by custom and ignored.
        let third = self
            .async_id
            .unwrap_or(u64::from(self.tree_id) << 32 | 0xFEFF);
        *head = [0; SIZE];
        set(head, 0, PROTOCOL);
        set(head, 4, (SIZE as u16).to_le_bytes());
        set(head, 6, self.credit_charge.to_le_bytes());
        set(head, 8, self.status.0.to_le_bytes());
        set(head, 12, (self.command as u16).to_le_bytes());
        set(head, 14, self.credits.to_le_bytes());
        set(head, FLAGS_AT, flags.to_le_bytes());
        set(head, 24, self.message_id.to_le_bytes());
        set(head, 32, third.to_le_bytes());
        set(head, 40, self.session_id.to_le_bytes());
    }
}

/// The status of a reply.
pub fn status(message: &[u8]) -> Option<Status> {
    Reader::at(message, 8).u32().ok().map(Status)
}

/// Puts a command no [`Command`] stands for into a reply's header.
pub fn set_command(message: &mut [u8], command: u16) {
    if let Some(field) = message.get_mut(12..14) {
        field.copy_from_slice(&command.to_le_bytes());
    }
}

/// Links a message of a reply to the next one, `next` bytes from its start.
pub fn set_next_command(message: &mut [u8], next: u32) {
    if let Some(field) = message.get_mut(NEXT_COMMAND_AT..NEXT_COMMAND_AT + 4) {
        field.copy_from_slice(&next.to_le_bytes());
    }
}

/// Marks a message as signed, before the signature is computed.
pub fn set_signed(message: &mut [u8]) {
    if let Some(flags) = message.get_mut(FLAGS_AT) {
        *flags |= FLAG_SIGNED as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> Response {
        Response {
            command: Command::Read,
            status: Status::END_OF_FILE,
            credit_charge: 2,
            credits: 3,
            related: true,
            message_id: 4,
            async_id: None,
            tree_id: 5,
            session_id: 6,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut bytes = [0xFF; SIZE];
        response().write(&mut bytes);
        let header = Header::parse(&bytes).unwrap();
        assert!(header.is_response() && header.is_related() && !header.is_signed());
        assert_eq!(
            (header.credit_charge, header.command, header.credit_request),
            (2, Command::Read as u16, 3)
        );
        assert_eq!(
            (
                header.message_id,
                header.tree_id,
                header.session_id,
                header.async_id
            ),
            (4, 5, 6, None)
        );
        Response {
            async_id: Some(7),
            ..response()
        }
        .write(&mut bytes);
        set_signed(&mut bytes);
        let header = Header::parse(&bytes).unwrap();
        assert!(header.is_signed());
        assert_eq!((header.async_id, header.tree_id), (Some(7), 0));
    }

    #[test]
    fn a_compound_goes_forward_inside_its_frame() {
        let mut frame = [0; 200];
        let cases = [
            (0, Some(0)),
            (64, Some(64)),
            (136, Some(136)),
            (8, None),
            (63, None),
            (65, None),
            (72, Some(72)),
            (144, None),
            (200, None),
            (u32::MAX, None),
        ];
        for (next, expected) in cases {
            set_next_command(&mut frame, next);
            assert_eq!(split(&frame).ok().map(|(_, next)| next), expected, "{next}");
        }
        assert!(split(&frame[..20]).is_err());
    }

    #[test]
    fn commands_are_numbered_as_on_the_wire() {
        for number in 0..19 {
            assert_eq!(Command::try_from(number).unwrap() as u16, number);
        }
        assert!(Command::try_from(19).is_err());
    }
}
