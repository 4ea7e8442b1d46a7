//! Buffers of the FSCTLs that [MS-SMB2] itself defines.

use core::net::IpAddr;

use crate::wire::{Full, Malformed, Reader, Writer};

/// Bytes of one SRV_COPYCHUNK.
const CHUNK: usize = 24;
/// Bytes of one NETWORK_INTERFACE_INFO.
const INTERFACE: usize = 152;

/// The opaque name of an open that is the source of a copy.
pub type ResumeKey = [u8; 24];

/// SRV_COPYCHUNK_COPY ([MS-SMB2] 2.2.31.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyChunkCopy<'a> {
    /// From which open, as SRV_REQUEST_RESUME_KEY named it.
    pub source_key: ResumeKey,
    chunks: &'a [u8],
}

impl<'a> CopyChunkCopy<'a> {
    /// Parses the input; all chunks that ChunkCount promises must be there. None is fine: macOS asks for a copy
    /// of the whole file in that way.
    pub fn parse(input: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(input);
        let source_key = r.array()?;
        let count = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
        r.skip(4)?;
        let chunks = r.bytes(count.checked_mul(CHUNK).ok_or(Malformed)?)?;
        Ok(CopyChunkCopy { source_key, chunks })
    }

    /// The chunks, in the order given.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = CopyChunk> + Clone + use<'a> {
        self.chunks.chunks_exact(CHUNK).map(|bytes| {
            // As long as a chunk, so reading it cannot fail.
            CopyChunk::read(&mut Reader::new(bytes)).unwrap_or_default()
        })
    }
}

/// SRV_COPYCHUNK ([MS-SMB2] 2.2.31.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyChunk {
    /// Where in the source.
    pub source_offset: u64,
    /// Where in the target.
    pub target_offset: u64,
    /// Bytes to copy; 0 is invalid.
    pub length: u32,
}

impl CopyChunk {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(CopyChunk {
            source_offset: r.u64()?,
            target_offset: r.u64()?,
            length: r.u32()?,
        })
    }
}

/// SRV_COPYCHUNK_RESPONSE ([MS-SMB2] 2.2.32.1). With STATUS_INVALID_PARAMETER it tells the server's limits
/// instead: chunks per request, bytes per chunk, bytes per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyChunkResponse {
    /// Whole chunks copied.
    pub chunks_written: u32,
    /// Bytes copied of the chunk that failed.
    pub chunk_bytes_written: u32,
    /// Bytes copied altogether.
    pub total_bytes_written: u32,
}

impl CopyChunkResponse {
    /// Writes the output.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.chunks_written)?;
        w.u32(self.chunk_bytes_written)?;
        w.u32(self.total_bytes_written)
    }
}

/// Writes SRV_REQUEST_RESUME_KEY Response ([MS-SMB2] 2.2.32.3), 32 bytes: ContextLength is 0, and
/// clients want the empty Context to have its four bytes all the same.
pub fn write_resume_key(w: &mut Writer<'_>, resume_key: &ResumeKey) -> Result<(), Full> {
    w.bytes(resume_key)?;
    w.zeros(8)
}

/// VALIDATE_NEGOTIATE_INFO Request ([MS-SMB2] 2.2.31.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidateNegotiateRequest<'a> {
    /// As the client sent it in NEGOTIATE.
    pub capabilities: u32,
    /// As the client sent it in NEGOTIATE.
    pub guid: [u8; 16],
    /// As the client sent it in NEGOTIATE.
    pub security_mode: u16,
    dialects: &'a [u8],
}

impl<'a> ValidateNegotiateRequest<'a> {
    /// Parses the input.
    pub fn parse(input: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(input);
        let capabilities = r.u32()?;
        let guid = r.array()?;
        let security_mode = r.u16()?;
        let count = usize::from(r.u16()?);
        let dialects = r.bytes(count.checked_mul(2).ok_or(Malformed)?)?;
        Ok(ValidateNegotiateRequest {
            capabilities,
            guid,
            security_mode,
            dialects,
        })
    }

    /// The dialects the client sent in NEGOTIATE.
    pub fn dialects(&self) -> impl ExactSizeIterator<Item = u16> + Clone + use<'a> {
        self.dialects
            .chunks_exact(2)
            .map(|bytes| Reader::new(bytes).u16().unwrap_or_default())
    }
}

/// VALIDATE_NEGOTIATE_INFO Response ([MS-SMB2] 2.2.32.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidateNegotiateResponse {
    /// As the server sent it in NEGOTIATE.
    pub capabilities: u32,
    /// As the server sent it in NEGOTIATE.
    pub guid: [u8; 16],
    /// As the server sent it in NEGOTIATE.
    pub security_mode: u16,
    /// As the server sent it in NEGOTIATE.
    pub dialect: u16,
}

impl ValidateNegotiateResponse {
    /// Writes the output.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.capabilities)?;
        w.bytes(&self.guid)?;
        w.u16(self.security_mode)?;
        w.u16(self.dialect)
    }
}

/// Capability of an interface: receive side scaling.
pub const RSS_CAPABLE: u32 = 0x0000_0001;
/// Capability of an interface: RDMA.
pub const RDMA_CAPABLE: u32 = 0x0000_0002;

/// NETWORK_INTERFACE_INFO ([MS-SMB2] 2.2.32.5): one address of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkInterfaceInfo {
    /// The same for all addresses of one interface.
    pub if_index: u32,
    /// [`RSS_CAPABLE`], [`RDMA_CAPABLE`].
    pub capability: u32,
    /// Bits per second.
    pub link_speed: u64,
    /// The address.
    pub address: IpAddr,
}

impl NetworkInterfaceInfo {
    /// Bytes of one entry.
    pub const SIZE: usize = INTERFACE;

    /// Writes one entry; `last` says that no other follows.
    pub fn write(&self, w: &mut Writer<'_>, last: bool) -> Result<(), Full> {
        if w.remaining() < INTERFACE {
            return Err(Full);
        }
        let start = w.position();
        w.u32(if last { 0 } else { INTERFACE as u32 })?;
        w.u32(self.if_index)?;
        w.u32(self.capability)?;
        w.u32(0)?;
        w.u64(self.link_speed)?;
        // SOCKADDR_STORAGE: the family is little-endian, the address in network order ([MS-SMB2] 2.2.32.5.1).
        match self.address {
            IpAddr::V4(address) => {
                w.u16(0x0002)?;
                w.u16(0)?; // Port
                w.bytes(&address.octets())?;
            }
            IpAddr::V6(address) => {
                w.u16(0x0017)?;
                w.u16(0)?; // Port
                w.u32(0)?; // FlowInfo
                w.bytes(&address.octets())?;
                w.u32(0)?; // ScopeId
            }
        }
        let written = w.position().saturating_sub(start);
        w.zeros(INTERFACE.saturating_sub(written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
        let mut room = [0xAA; 200];
        let mut w = Writer::new(&mut room);
        write(&mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn chunks_are_counted_and_read_in_order() {
        let input = |count: u32, chunks: &[[u8; 24]]| {
            [
                &[7; 24][..],
                &count.to_le_bytes(),
                &[9; 4],
                &chunks.concat(),
            ]
            .concat()
        };
        let mut chunk = [0; 24];
        (chunk[0], chunk[8], chunk[16], chunk[20]) = (1, 2, 3, 9);
        let expected = CopyChunk {
            source_offset: 1,
            target_offset: 2,
            length: 3,
        };
        for (input, count) in [
            (input(0, &[]), Ok(0)),
            (input(1, &[chunk]), Ok(1)),
            (input(1, &[chunk, chunk]), Ok(1)),
            (input(2, &[chunk, chunk]), Ok(2)),
            (input(2, &[chunk]), Err(Malformed)),
            (input(u32::MAX, &[chunk]), Err(Malformed)),
            (vec![7; 31], Err(Malformed)),
        ] {
            let copy = CopyChunkCopy::parse(&input);
            assert_eq!(copy.map(|copy| copy.chunks().len()), count);
            if let Ok(copy) = copy {
                assert_eq!(copy.source_key, [7; 24]);
                assert!(copy.chunks().all(|chunk| chunk == expected));
            }
        }
    }

    #[test]
    fn a_validation_carries_all_its_dialects() {
        let input = [&[0x7F, 0, 0, 0][..], &[5; 16], &[1, 0, 2, 0, 2, 2, 0x11, 3]].concat();
        let request = ValidateNegotiateRequest::parse(&input).unwrap();
        assert_eq!(
            (request.capabilities, request.guid, request.security_mode),
            (0x7F, [5; 16], 1)
        );
        assert!(request.dialects().eq([0x0202, 0x0311]));
        assert!(ValidateNegotiateRequest::parse(&input[..27]).is_err());
    }

    #[test]
    fn outputs_have_the_sizes_clients_ask_for() {
        let copied = CopyChunkResponse {
            chunks_written: 1,
            chunk_bytes_written: 2,
            total_bytes_written: 3,
        };
        assert_eq!(
            written(|w| copied.write(w)),
            [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]
        );
        assert_eq!(
            written(|w| write_resume_key(w, &[7; 24])),
            [[7; 24].as_slice(), &[0; 8]].concat()
        );
        let validated = ValidateNegotiateResponse {
            capabilities: 0x7F,
            guid: [5; 16],
            security_mode: 1,
            dialect: 0x0302,
        };
        let expected = [&[0x7F, 0, 0, 0][..], &[5; 16], &[1, 0, 2, 3]].concat();
        assert_eq!(written(|w| validated.write(w)), expected);
    }

    #[test]
    fn interfaces_carry_their_address_in_network_order() {
        for (address, sockaddr) in [
            ("192.0.2.1", &b"\x02\0\0\0\xC0\0\x02\x01"[..]),
            (
                "fe80::1",
                b"\x17\0\0\0\0\0\0\0\xFE\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0",
            ),
        ] {
            let interface = NetworkInterfaceInfo {
                if_index: 2,
                capability: RSS_CAPABLE,
                link_speed: 1_000_000_000,
                address: address.parse().unwrap(),
            };
            let entry = written(|w| interface.write(w, false));
            assert_eq!(entry.len(), 152);
            assert_eq!(entry[..4], [152, 0, 0, 0]);
            assert_eq!(entry[24..24 + sockaddr.len()], *sockaddr, "{address}");
            assert_eq!(written(|w| interface.write(w, true))[..4], [0; 4]);
            let mut small = [0; 151];
            let mut w = Writer::new(&mut small);
            assert_eq!(
                (interface.write(&mut w, true), w.position()),
                (Err(Full), 0)
            );
        }
    }
}
