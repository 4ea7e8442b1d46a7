//! SMB2_CREATE_CONTEXT ([MS-SMB2] 2.2.13.2, 2.2.14.2): the chain of named values that a CREATE request and
//! its response carry.

use super::{FileId, Full, Malformed, Reader, Writer};

/// Names of create contexts, as they stand on the wire.
pub mod name {
    /// Extended attributes for a new file.
    pub const EA_BUFFER: &[u8] = b"ExtA";
    /// Security descriptor for a new file.
    pub const SD_BUFFER: &[u8] = b"SecD";
    /// Ask for a durable handle.
    pub const DURABLE_HANDLE_REQUEST: &[u8] = b"DHnQ";
    /// Come back to a durable handle.
    pub const DURABLE_HANDLE_RECONNECT: &[u8] = b"DHnC";
    /// Ask for a durable or persistent handle, SMB 3.
    pub const DURABLE_HANDLE_REQUEST_V2: &[u8] = b"DH2Q";
    /// Come back to it, SMB 3.
    pub const DURABLE_HANDLE_RECONNECT_V2: &[u8] = b"DH2C";
    /// Allocation for a new file.
    pub const ALLOCATION_SIZE: &[u8] = b"AlSi";
    /// Ask what access one could have.
    pub const QUERY_MAXIMAL_ACCESS: &[u8] = b"MxAc";
    /// Open an earlier version.
    pub const TIMEWARP_TOKEN: &[u8] = b"TWrp";
    /// Ask for the numbers of file and volume.
    pub const QUERY_ON_DISK_ID: &[u8] = b"QFid";
    /// Ask for a lease, both versions.
    pub const REQUEST_LEASE: &[u8] = b"RqLs";
    /// macOS: ask for Apple's extensions.
    pub const AAPL: &[u8] = b"AAPL";
    /// Which application instance opens.
    pub const APP_INSTANCE_ID: &[u8] =
        b"\x45\xBC\xA6\x6A\xEF\xA7\xF7\x4A\x90\x08\xFA\x46\x2E\x14\x4D\x74";
    /// Which version of that instance.
    pub const APP_INSTANCE_VERSION: &[u8] =
        b"\xB9\x82\xD0\xB7\x3B\x56\x07\x4F\xA0\x7B\x52\x4A\x81\x16\xA0\x10";
    /// Shared virtual disk.
    pub const SVHDX_OPEN_DEVICE: &[u8] =
        b"\x9C\xCB\xCF\x9E\x04\xC1\xE6\x43\x98\x0E\x15\x8D\xA1\xF6\xEC\x83";
    /// SMB 3.1.1 POSIX extensions.
    pub const POSIX: &[u8] = b"\x93\xAD\x25\x50\x9C\xB4\x11\xE7\xB4\x23\x83\xDE\x96\x8B\xCD\x7C";
}

/// LeaseState bits ([MS-SMB2] 2.2.13.2.8).
pub mod lease_state {
    /// Reads may be cached.
    pub const READ_CACHING: u32 = 0x1;
    /// The open may be cached.
    pub const HANDLE_CACHING: u32 = 0x2;
    /// Writes may be cached.
    pub const WRITE_CACHING: u32 = 0x4;
}

/// LeaseFlags bit: a break of this lease is under way; only in responses.
pub const LEASE_FLAG_BREAK_IN_PROGRESS: u32 = 0x2;
/// LeaseFlags bit: the parent's lease key is valid.
pub const LEASE_FLAG_PARENT_LEASE_KEY_SET: u32 = 0x4;
/// Flag of the durable handle contexts of SMB 3: the handle shall be persistent.
pub const DHANDLE_FLAG_PERSISTENT: u32 = 0x2;

/// Bytes of a context before its name: Next, NameOffset, NameLength, Reserved, DataOffset, DataLength.
const HEADER: usize = 16;

/// Walks a chain of contexts: `(name, data)` for each. The first contradiction yields
/// [`Malformed`] and ends the walk; [MS-SMB2] 3.3.5.9 wants the whole request refused then.
#[derive(Clone, Debug)]
pub struct CreateContexts<'a> {
    rest: &'a [u8],
}

impl<'a> CreateContexts<'a> {
    /// Walks the bytes that CreateContextsOffset and CreateContextsLength name; none are no contexts.
    pub fn new(contexts: &'a [u8]) -> Self {
        CreateContexts { rest: contexts }
    }

    fn step(&mut self) -> Result<(&'a [u8], &'a [u8]), Malformed> {
        let all = core::mem::take(&mut self.rest);
        let mut r = Reader::new(all);
        let next = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
        let name_offset = usize::from(r.u16()?);
        let name_length = usize::from(r.u16()?);
        r.skip(2)?;
        let data_offset = usize::from(r.u16()?);
        let data_length = usize::try_from(r.u32()?).map_err(|_| Malformed)?;

        let element = if next == 0 {
            all
        } else {
            all.get(..next).ok_or(Malformed)?
        };
        let after = if next == 0 {
            &[][..]
        } else {
            all.get(next..).ok_or(Malformed)?
        };
        if !next.is_multiple_of(8) || (next != 0 && (next < HEADER || after.is_empty())) {
            return Err(Malformed);
        }
        // Windows refuses names of fewer than four bytes; longer ones it does not know it ignores.
        if name_offset < HEADER || name_length < 4 {
            return Err(Malformed);
        }
        let name = Reader::at(element, name_offset).bytes(name_length)?;
        let data = if data_length == 0 {
            &[]
        } else {
            // The data may not lie over the header or the name.
            if !data_offset.is_multiple_of(8)
                || data_offset < name_offset.saturating_add(name_length)
            {
                return Err(Malformed);
            }
            Reader::at(element, data_offset).bytes(data_length)?
        };
        self.rest = after;
        Ok((name, data))
    }
}

impl<'a> Iterator for CreateContexts<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            None
        } else {
            Some(self.step())
        }
    }
}

/// A create context of a request, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context<'a> {
    /// The bytes of a FILE_FULL_EA_INFORMATION list.
    EaBuffer(&'a [u8]),
    /// The bytes of a SECURITY_DESCRIPTOR.
    SdBuffer(&'a [u8]),
    /// DHnQ.
    DurableHandleRequest,
    /// DHnC: the open to come back to.
    DurableHandleReconnect(FileId),
    /// DH2Q.
    DurableHandleRequestV2(DurableRequest),
    /// DH2C.
    DurableHandleReconnectV2(DurableReconnect),
    /// Bytes to allocate.
    AllocationSize(u64),
    /// The answer is wanted only if the file was changed after this FILETIME (0 if none was sent).
    QueryMaximalAccess(u64),
    /// The FILETIME of the snapshot to open.
    TimewarpToken(u64),
    /// QFid.
    QueryOnDiskId,
    /// RqLs, both versions.
    RequestLease(Lease),
    /// The application instance's GUID.
    AppInstanceId([u8; 16]),
    /// High and low part of the application instance's version.
    AppInstanceVersion(u64, u64),
    /// The bytes of Apple's request.
    Aapl(&'a [u8]),
    /// The mode bits the client asks for a new file.
    Posix(u32),
    /// Nothing we know: to be ignored ([MS-SMB2] 3.3.5.9).
    Unknown,
}

/// The payload of SMB2_CREATE_DURABLE_HANDLE_REQUEST_V2 ([MS-SMB2] 2.2.13.2.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurableRequest {
    /// Milliseconds the handle should outlive its connection; 0 leaves it to the server.
    pub timeout: u32,
    /// [`DHANDLE_FLAG_PERSISTENT`] or 0.
    pub flags: u32,
    /// The client's name for this CREATE, the same when it is sent again.
    pub create_guid: [u8; 16],
}

/// The payload of SMB2_CREATE_DURABLE_HANDLE_RECONNECT_V2 ([MS-SMB2] 2.2.13.2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurableReconnect {
    /// The open to come back to; only its persistent half counts.
    pub file_id: FileId,
    /// The same as when the handle was asked for.
    pub create_guid: [u8; 16],
    /// [`DHANDLE_FLAG_PERSISTENT`] or 0.
    pub flags: u32,
}

/// The payload of SMB2_CREATE_REQUEST_LEASE and its version 2, in requests and responses
/// ([MS-SMB2] 2.2.13.2.8, 2.2.13.2.10, 2.2.14.2.10, 2.2.14.2.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose lease it is.
    pub lease_key: [u8; 16],
    /// Bits of [`lease_state`].
    pub lease_state: u32,
    /// [`LEASE_FLAG_BREAK_IN_PROGRESS`], [`LEASE_FLAG_PARENT_LEASE_KEY_SET`].
    pub lease_flags: u32,
    /// What only version 2 has.
    pub v2: Option<LeaseV2>,
}

/// What version 2 of a lease context adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseV2 {
    /// The lease of the directory the file is in; valid if its flag is set.
    pub parent_lease_key: [u8; 16],
    /// Counts the changes of the lease's state.
    pub epoch: u16,
}

impl<'a> Context<'a> {
    /// Understands what [`CreateContexts`] yields. A payload of the wrong size is [`Malformed`].
    pub fn parse(name: &[u8], data: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(data);
        let context = match name {
            name::EA_BUFFER => return Ok(Context::EaBuffer(data)),
            name::SD_BUFFER => return Ok(Context::SdBuffer(data)),
            name::AAPL => return Ok(Context::Aapl(data)),
            name::DURABLE_HANDLE_REQUEST => {
                r.skip(16)?;
                Context::DurableHandleRequest
            }
            name::DURABLE_HANDLE_RECONNECT => {
                Context::DurableHandleReconnect(FileId::read(&mut r)?)
            }
            name::DURABLE_HANDLE_REQUEST_V2 => {
                let (timeout, flags) = (r.u32()?, r.u32()?);
                r.skip(8)?;
                let create_guid = r.array()?;
                Context::DurableHandleRequestV2(DurableRequest {
                    timeout,
                    flags,
                    create_guid,
                })
            }
            name::DURABLE_HANDLE_RECONNECT_V2 => {
                Context::DurableHandleReconnectV2(DurableReconnect {
                    file_id: FileId::read(&mut r)?,
                    create_guid: r.array()?,
                    flags: r.u32()?,
                })
            }
            name::ALLOCATION_SIZE => Context::AllocationSize(r.u64()?),
            name::QUERY_MAXIMAL_ACCESS if data.is_empty() => Context::QueryMaximalAccess(0),
            name::QUERY_MAXIMAL_ACCESS => Context::QueryMaximalAccess(r.u64()?),
            name::TIMEWARP_TOKEN => Context::TimewarpToken(r.u64()?),
            // Nothing is expected, and nothing is made of what comes all the same.
            name::QUERY_ON_DISK_ID => return Ok(Context::QueryOnDiskId),
            name::REQUEST_LEASE => Context::RequestLease(Lease::read(&mut r)?),
            name::APP_INSTANCE_ID => {
                expect_size(&mut r, 20)?;
                Context::AppInstanceId(r.array()?)
            }
            name::APP_INSTANCE_VERSION => {
                expect_size(&mut r, 24)?;
                r.skip(4)?;
                Context::AppInstanceVersion(r.u64()?, r.u64()?)
            }
            name::POSIX => Context::Posix(r.u32()?),
            _ => return Ok(Context::Unknown),
        };
        if r.remaining() == 0 {
            Ok(context)
        } else {
            Err(Malformed)
        }
    }
}

/// StructureSize and the reserved two bytes behind it.
fn expect_size(r: &mut Reader<'_>, size: u16) -> Result<(), Malformed> {
    if r.u16()? != size {
        return Err(Malformed);
    }
    r.skip(2)
}

impl Lease {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let lease_key = r.array()?;
        let lease_state = r.u32()?;
        let lease_flags = r.u32()?;
        r.skip(8)?; // LeaseDuration
        let v2 = if r.remaining() == 0 {
            None
        } else {
            let v2 = LeaseV2 {
                parent_lease_key: r.array()?,
                epoch: r.u16()?,
            };
            r.skip(2)?;
            Some(v2)
        };
        Ok(Lease {
            lease_key,
            lease_state,
            lease_flags,
            v2,
        })
    }

    /// Writes the payload, as version 2 if [`Lease::v2`] is there.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.bytes(&self.lease_key)?;
        w.u32(self.lease_state)?;
        w.u32(self.lease_flags)?;
        w.u64(0)?; // LeaseDuration
        if let Some(v2) = &self.v2 {
            w.bytes(&v2.parent_lease_key)?;
            w.u16(v2.epoch)?;
            w.u16(0)?;
        }
        Ok(())
    }
}

/// Appends the contexts of a response, each linked from the one before.
#[derive(Debug, Default)]
pub struct Chain {
    last: Option<usize>,
}

impl Chain {
    /// A chain without contexts; the first one goes where the writer stands then.
    pub fn new() -> Self {
        Chain::default()
    }

    /// Appends a context, 8-aligned, whose payload `payload` writes. If there is no room nothing is
    /// appended.
    pub fn append(
        &mut self,
        w: &mut Writer<'_>,
        name: &[u8],
        payload: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<(), Full> {
        let before = w.position();
        match Self::context(w, name, payload) {
            Ok(start) => {
                if let Some(last) = self.last {
                    let next = u32::try_from(start.saturating_sub(last)).map_err(|_| Full)?;
                    w.patch_u32(last, next)?;
                }
                self.last = Some(start);
                Ok(())
            }
            Err(full) => {
                w.truncate(before);
                Err(full)
            }
        }
    }

    fn context(
        w: &mut Writer<'_>,
        name: &[u8],
        payload: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<usize, Full> {
        w.align(0, 8)?;
        let start = w.position();
        w.u32(0)?; // Next, patched by the context after this one
        w.u16(HEADER as u16)?;
        w.u16(u16::try_from(name.len()).map_err(|_| Full)?)?;
        w.u16(0)?;
        w.zeros(6)?; // DataOffset, DataLength
        w.bytes(name)?;
        w.align(start, 8)?;
        let data = w.position();
        payload(w)?;
        let length = u32::try_from(w.position().saturating_sub(data)).map_err(|_| Full)?;
        if length != 0 {
            let offset = u16::try_from(data.saturating_sub(start)).map_err(|_| Full)?;
            w.patch_u16(start.saturating_add(10), offset)?;
            w.patch_u32(start.saturating_add(12), length)?;
        }
        Ok(start)
    }

    /// MxAc ([MS-SMB2] 2.2.14.2.5): the outcome of the query as an NTSTATUS, and the rights.
    pub fn maximal_access(
        &mut self,
        w: &mut Writer<'_>,
        query_status: u32,
        maximal_access: u32,
    ) -> Result<(), Full> {
        self.append(w, name::QUERY_MAXIMAL_ACCESS, |w| {
            w.u32(query_status)?;
            w.u32(maximal_access)
        })
    }

    /// QFid ([MS-SMB2] 2.2.14.2.9): the numbers of the file and of its volume.
    pub fn on_disk_id(
        &mut self,
        w: &mut Writer<'_>,
        disk_file_id: u64,
        volume_id: u64,
    ) -> Result<(), Full> {
        self.append(w, name::QUERY_ON_DISK_ID, |w| {
            w.u64(disk_file_id)?;
            w.u64(volume_id)?;
            w.zeros(16)
        })
    }

    /// RqLs ([MS-SMB2] 2.2.14.2.10, 2.2.14.2.11): the lease as it is now.
    pub fn lease(&mut self, w: &mut Writer<'_>, lease: &Lease) -> Result<(), Full> {
        self.append(w, name::REQUEST_LEASE, |w| lease.write(w))
    }

    /// DHnQ ([MS-SMB2] 2.2.14.2.3): the handle is durable.
    pub fn durable_handle(&mut self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.append(w, name::DURABLE_HANDLE_REQUEST, |w| w.u64(0))
    }

    /// DH2Q ([MS-SMB2] 2.2.14.2.12): the handle is durable for `timeout` milliseconds; `flags` is
    /// [`DHANDLE_FLAG_PERSISTENT`] or 0.
    pub fn durable_handle_v2(
        &mut self,
        w: &mut Writer<'_>,
        timeout: u32,
        flags: u32,
    ) -> Result<(), Full> {
        self.append(w, name::DURABLE_HANDLE_REQUEST_V2, |w| {
            w.u32(timeout)?;
            w.u32(flags)
        })
    }
}

#[cfg(test)]
mod tests;
