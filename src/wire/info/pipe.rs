//! Named pipes: FilePipeInformation, FilePipeLocalInformation, FilePipeRemoteInformation.

use crate::wire::{Full, Malformed, Reader, Writer};

/// FilePipeInformation ([MS-FSCC] 2.4), 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pipe {
    /// ReadMode: 0 byte stream, 1 messages.
    pub read_mode: u32,
    /// CompletionMode: 0 blocks, 1 does not.
    pub completion_mode: u32,
}

impl Pipe {
    /// Reads the buffer; modes that do not exist are refused.
    pub fn parse(buffer: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(buffer);
        let pipe = Pipe {
            read_mode: r.u32()?,
            completion_mode: r.u32()?,
        };
        if pipe.read_mode > 1 || pipe.completion_mode > 1 {
            Err(Malformed)
        } else {
            Ok(pipe)
        }
    }

    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(self.read_mode)?;
        w.u32(self.completion_mode)
    }
}

/// FilePipeLocalInformation ([MS-FSCC] 2.4), 40 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipeLocal {
    /// NamedPipeType: 0 byte stream, 1 messages.
    pub named_pipe_type: u32,
    /// NamedPipeConfiguration: 0 inbound, 1 outbound, 2 full duplex.
    pub named_pipe_configuration: u32,
    /// MaximumInstances; 0xFFFFFFFF: no limit.
    pub maximum_instances: u32,
    /// CurrentInstances.
    pub current_instances: u32,
    /// InboundQuota in bytes.
    pub inbound_quota: u32,
    /// ReadDataAvailable in bytes.
    pub read_data_available: u32,
    /// OutboundQuota in bytes.
    pub outbound_quota: u32,
    /// WriteQuotaAvailable in bytes.
    pub write_quota_available: u32,
    /// NamedPipeState: 1 disconnected, 2 listening, 3 connected, 4 closing.
    pub named_pipe_state: u32,
    /// NamedPipeEnd: 0 client, 1 server.
    pub named_pipe_end: u32,
}

impl PipeLocal {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        for field in [
            self.named_pipe_type,
            self.named_pipe_configuration,
            self.maximum_instances,
            self.current_instances,
            self.inbound_quota,
            self.read_data_available,
            self.outbound_quota,
            self.write_quota_available,
            self.named_pipe_state,
            self.named_pipe_end,
        ] {
            w.u32(field)?;
        }
        Ok(())
    }
}

/// FilePipeRemoteInformation ([MS-FSCC] 2.4), 12 bytes and 4 that fill it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipeRemote {
    /// CollectDataTime in 100-nanosecond intervals.
    pub collect_data_time: u64,
    /// MaximumCollectionCount in bytes.
    pub maximum_collection_count: u32,
}

impl PipeRemote {
    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u64(self.collect_data_time)?;
        w.u32(self.maximum_collection_count)?;
        w.zeros(4)
    }
}
