//! SMB2 OPLOCK_BREAK, for oplocks and for leases ([MS-SMB2] 2.2.23, 2.2.24, 2.2.25).

use super::{FileId, Full, Malformed, Reader, Writer, body};

/// StructureSize of the three messages about oplocks.
const OPLOCK_SIZE: u16 = 24;
/// StructureSize of a lease break acknowledgment and of its response.
const LEASE_SIZE: u16 = 36;
/// StructureSize of a lease break notification.
const LEASE_NOTIFICATION_SIZE: u16 = 44;

/// Lease notification flag: the client must acknowledge.
pub const ACK_REQUIRED: u32 = 0x01;

/// An oplock break: notification, acknowledgment and response have the same fields
/// ([MS-SMB2] 2.2.23.1, 2.2.24.1, 2.2.25.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oplock {
    /// The level to go down to, one of [`super::create::oplock`], unchecked in an acknowledgment.
    pub oplock_level: u8,
    /// The open whose oplock it is.
    pub file_id: FileId,
}

impl Oplock {
    /// Writes the body of a notification or of a response.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(OPLOCK_SIZE)?;
        w.u8(self.oplock_level)?;
        w.u8(0)?;
        w.u32(0)?;
        self.file_id.write(w)
    }
}

/// A lease break acknowledgment and its response ([MS-SMB2] 2.2.24.2, 2.2.25.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose lease it is.
    pub lease_key: [u8; 16],
    /// What is left of it: bits of [`super::create_context::lease_state`], unchecked in an acknowledgment.
    pub lease_state: u32,
}

impl Lease {
    /// Writes the body of a response.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(LEASE_SIZE)?;
        w.u16(0)?;
        w.u32(0)?; // Flags
        w.bytes(&self.lease_key)?;
        w.u32(self.lease_state)?;
        w.u64(0) // LeaseDuration
    }
}

/// Lease break notification ([MS-SMB2] 2.2.23.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseNotification {
    /// The lease's epoch after the break; 0 for version 1.
    pub new_epoch: u16,
    /// [`ACK_REQUIRED`] or 0.
    pub flags: u32,
    /// Whose lease it is.
    pub lease_key: [u8; 16],
    /// Bits of [`super::create_context::lease_state`].
    pub current_lease_state: u32,
    /// Bits of [`super::create_context::lease_state`].
    pub new_lease_state: u32,
}

impl LeaseNotification {
    /// Writes the body.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u16(LEASE_NOTIFICATION_SIZE)?;
        w.u16(self.new_epoch)?;
        w.u32(self.flags)?;
        w.bytes(&self.lease_key)?;
        w.u32(self.current_lease_state)?;
        w.u32(self.new_lease_state)?;
        w.zeros(12) // BreakReason, AccessMaskHint, ShareMaskHint
    }
}

/// An acknowledgment of a break: its StructureSize tells which kind ([MS-SMB2] 3.3.5.22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Of an oplock.
    Oplock(Oplock),
    /// Of a lease.
    Lease(Lease),
}

impl Request {
    /// Parses the message.
    pub fn parse(msg: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::at(msg, body::START);
        match r.u16()? {
            OPLOCK_SIZE => {
                let oplock_level = r.u8()?;
                r.skip(5)?;
                Ok(Request::Oplock(Oplock {
                    oplock_level,
                    file_id: FileId::read(&mut r)?,
                }))
            }
            LEASE_SIZE => {
                r.skip(6)?; // Reserved, Flags
                let lease_key = r.array()?;
                let lease_state = r.u32()?;
                r.skip(8)?; // LeaseDuration
                Ok(Request::Lease(Lease {
                    lease_key,
                    lease_state,
                }))
            }
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: FileId = FileId {
        persistent: 0x0706_0504_0302_0100,
        volatile: 0x0F0E_0D0C_0B0A_0908,
    };

    /// A message: room for the header, then the parts.
    fn message(parts: &[&[u8]]) -> Vec<u8> {
        [&[0; 64][..], &parts.concat()].concat()
    }

    fn id() -> [u8; 16] {
        core::array::from_fn(|i| i as u8)
    }

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
        let mut room = [0xAA; 200];
        let mut w = Writer::new(&mut room);
        write(&mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn the_structure_size_tells_oplock_from_lease() {
        let oplock = Oplock {
            oplock_level: 1,
            file_id: ID,
        };
        let lease = Lease {
            lease_key: id(),
            lease_state: 3,
        };
        for (body, expected) in [
            (written(|w| oplock.write(w)), Ok(Request::Oplock(oplock))),
            (written(|w| lease.write(w)), Ok(Request::Lease(lease))),
            (written(|w| oplock.write(w))[..23].to_vec(), Err(Malformed)),
            (written(|w| lease.write(w))[..35].to_vec(), Err(Malformed)),
            (vec![44; 50], Err(Malformed)),
            (vec![], Err(Malformed)),
        ] {
            assert_eq!(Request::parse(&message(&[&body])), expected, "{body:?}");
        }
    }

    #[test]
    fn messages_are_as_long_as_they_say() {
        let notification = LeaseNotification {
            new_epoch: 2,
            flags: ACK_REQUIRED,
            lease_key: id(),
            current_lease_state: 7,
            new_lease_state: 3,
        };
        let body = written(|w| notification.write(w));
        let head = [44, 0, 2, 0, 1, 0, 0, 0];
        let tail = [7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(body, [&head[..], &id(), &tail].concat());
        assert_eq!(
            written(|w| Oplock {
                oplock_level: 0,
                file_id: ID
            }
            .write(w))
            .len(),
            24
        );
        assert_eq!(
            written(|w| Lease {
                lease_key: id(),
                lease_state: 0
            }
            .write(w))
            .len(),
            36
        );
    }
}
