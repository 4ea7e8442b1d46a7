//! FSCTL codes ([MS-SMB2] 2.2.31, [MS-FSCC] 2.3) and the buffers of those that can be served.

mod extents;
mod server;
mod state;

pub use extents::*;
pub use server::*;
pub use state::*;

/// DFS referral: STATUS_FS_DRIVER_REQUIRED where there is no DFS.
pub const DFS_GET_REFERRALS: u32 = 0x0006_0194;
/// DFS referral, extended.
pub const DFS_GET_REFERRALS_EX: u32 = 0x0006_01B0;
/// Is a named pipe there?
pub const PIPE_WAIT: u32 = 0x0011_0018;
/// Look into a pipe.
pub const PIPE_PEEK: u32 = 0x0011_400C;
/// Write to a pipe and read the answer.
pub const PIPE_TRANSCEIVE: u32 = 0x0011_C017;
/// Name an open so that it can be the source of a copy.
pub const SRV_REQUEST_RESUME_KEY: u32 = 0x0014_0078;
/// List the snapshots.
pub const SRV_ENUMERATE_SNAPSHOTS: u32 = 0x0014_4064;
/// Copy within the server; the target must be open for reading too.
pub const SRV_COPYCHUNK: u32 = 0x0014_40F2;
/// Copy within the server.
pub const SRV_COPYCHUNK_WRITE: u32 = 0x0014_80F2;
/// BranchCache.
pub const SRV_READ_HASH: u32 = 0x0014_41BB;
/// Make a handle outlive its connection, SMB 2.1.
pub const LMR_REQUEST_RESILIENCY: u32 = 0x0014_01D4;
/// Which addresses the server has.
pub const QUERY_NETWORK_INTERFACE_INFO: u32 = 0x0014_01FC;
/// Was the negotiation tampered with?
pub const VALIDATE_NEGOTIATE_INFO: u32 = 0x0014_0204;

/// Is a path valid?
pub const IS_PATHNAME_VALID: u32 = 0x0009_002C;
/// Is the file compressed?
pub const GET_COMPRESSION: u32 = 0x0009_003C;
/// Compress the file.
pub const SET_COMPRESSION: u32 = 0x0009_C040;
/// FAT's boot sector.
pub const QUERY_FAT_BPB: u32 = 0x0009_0058;
/// Statistics.
pub const FILESYSTEM_GET_STATISTICS: u32 = 0x0009_0060;
/// NTFS numbers.
pub const GET_NTFS_VOLUME_DATA: u32 = 0x0009_0064;
/// Where a file lies on the disk.
pub const GET_RETRIEVAL_POINTERS: u32 = 0x0009_0073;
/// Files of an owner.
pub const FIND_FILES_BY_SID: u32 = 0x0009_008F;
/// Set the object ID.
pub const SET_OBJECT_ID: u32 = 0x0009_0098;
/// Get the object ID.
pub const GET_OBJECT_ID: u32 = 0x0009_009C;
/// Delete the object ID.
pub const DELETE_OBJECT_ID: u32 = 0x0009_00A0;
/// Set the reparse point.
pub const SET_REPARSE_POINT: u32 = 0x0009_00A4;
/// Get the reparse point.
pub const GET_REPARSE_POINT: u32 = 0x0009_00A8;
/// Delete the reparse point.
pub const DELETE_REPARSE_POINT: u32 = 0x0009_00AC;
/// Set the object ID's extended part.
pub const SET_OBJECT_ID_EXTENDED: u32 = 0x0009_00BC;
/// Get the object ID, making one if there is none.
pub const CREATE_OR_GET_OBJECT_ID: u32 = 0x0009_00C0;
/// Make the file sparse or not.
pub const SET_SPARSE: u32 = 0x0009_00C4;
/// Zero a range.
pub const SET_ZERO_DATA: u32 = 0x0009_80C8;
/// Which ranges have data.
pub const QUERY_ALLOCATED_RANGES: u32 = 0x0009_40CF;
/// Encrypt the file.
pub const SET_ENCRYPTION: u32 = 0x0009_00D7;
/// Change journal record of a file.
pub const READ_FILE_USN_DATA: u32 = 0x0009_00EB;
/// Close record in the change journal.
pub const WRITE_USN_CLOSE_RECORD: u32 = 0x0009_00EF;
/// Mark a handle.
pub const MARK_HANDLE: u32 = 0x0009_00FC;
/// Single instance store copy.
pub const SIS_COPYFILE: u32 = 0x0009_0100;
/// Single instance store link.
pub const SIS_LINK_FILES: u32 = 0x0009_C104;
/// Recall from remote storage.
pub const RECALL_FILE: u32 = 0x0009_0117;
/// Optical media.
pub const SET_DEFECT_MANAGEMENT: u32 = 0x0009_8134;
/// Optical media.
pub const QUERY_SPARING_INFO: u32 = 0x0009_0138;
/// Optical media.
pub const QUERY_ON_DISK_VOLUME_INFO: u32 = 0x0009_013C;
/// Zero on deallocation.
pub const SET_ZERO_ON_DEALLOCATION: u32 = 0x0009_0194;
/// Ranges that are no longer needed.
pub const FILE_LEVEL_TRIM: u32 = 0x0009_8208;
/// Offloaded copy, source side.
pub const OFFLOAD_READ: u32 = 0x0009_4264;
/// Offloaded copy, target side.
pub const OFFLOAD_WRITE: u32 = 0x0009_8268;
/// Checksum state.
pub const GET_INTEGRITY_INFORMATION: u32 = 0x0009_027C;
/// Set the checksum state.
pub const SET_INTEGRITY_INFORMATION: u32 = 0x0009_C280;
/// Set the checksum state, extended.
pub const SET_INTEGRITY_INFORMATION_EX: u32 = 0x0009_0380;
/// Which regions hold valid data.
pub const QUERY_FILE_REGIONS: u32 = 0x0009_0284;
/// ReFS numbers.
pub const GET_REFS_VOLUME_DATA: u32 = 0x0009_02D8;
/// Shared virtual disks.
pub const QUERY_SHARED_VIRTUAL_DISK_SUPPORT: u32 = 0x0009_0300;
/// Shared virtual disks.
pub const SVHDX_SYNC_TUNNEL_REQUEST: u32 = 0x0009_0304;
/// Share extents between two files.
pub const DUPLICATE_EXTENTS_TO_FILE: u32 = 0x0009_8344;
/// Storage quality of service.
pub const STORAGE_QOS_CONTROL: u32 = 0x0009_0350;
/// Shared virtual disks.
pub const SVHDX_ASYNC_TUNNEL_REQUEST: u32 = 0x0009_0364;
/// Share extents between two files, all or nothing on demand.
pub const DUPLICATE_EXTENTS_TO_FILE_EX: u32 = 0x0009_83E8;
/// Where a file lies on the disk, with reference counts.
pub const GET_RETRIEVAL_POINTERS_AND_REFCOUNT: u32 = 0x0009_03D3;
/// How many pieces a file has.
pub const GET_RETRIEVAL_POINTER_COUNT: u32 = 0x0009_042B;
/// Stream snapshots.
pub const REFS_STREAM_SNAPSHOT_MANAGEMENT: u32 = 0x0009_0440;
