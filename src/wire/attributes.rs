//! FILE_ATTRIBUTE_* ([MS-FSCC] 2.6), without that prefix.

/// May not be written or deleted.
pub const READONLY: u32 = 0x0000_0001;
/// Left out of listings by default.
pub const HIDDEN: u32 = 0x0000_0002;
/// Belongs to the operating system.
pub const SYSTEM: u32 = 0x0000_0004;
/// Is a directory.
pub const DIRECTORY: u32 = 0x0000_0010;
/// Was changed since the last backup.
pub const ARCHIVE: u32 = 0x0000_0020;
/// No other attribute is set; valid only alone.
pub const NORMAL: u32 = 0x0000_0080;
/// Should be kept from the disk if possible.
pub const TEMPORARY: u32 = 0x0000_0100;
/// Has unallocated holes.
pub const SPARSE_FILE: u32 = 0x0000_0200;
/// Has a reparse point: a symbolic link, for example.
pub const REPARSE_POINT: u32 = 0x0000_0400;
/// Is compressed.
pub const COMPRESSED: u32 = 0x0000_0800;
/// Its data is not at hand.
pub const OFFLINE: u32 = 0x0000_1000;
/// The indexing service leaves it out.
pub const NOT_CONTENT_INDEXED: u32 = 0x0000_2000;
/// Is encrypted by the file system.
pub const ENCRYPTED: u32 = 0x0000_4000;
/// Its data carries checksums.
pub const INTEGRITY_STREAM: u32 = 0x0000_8000;
/// The scrubber leaves it out.
pub const NO_SCRUB_DATA: u32 = 0x0002_0000;
/// Opening it recalls it from remote storage.
pub const RECALL_ON_OPEN: u32 = 0x0004_0000;
/// Should be kept local.
pub const PINNED: u32 = 0x0008_0000;
/// Need not be kept local.
pub const UNPINNED: u32 = 0x0010_0000;
/// Reading its data recalls it from remote storage.
pub const RECALL_ON_DATA_ACCESS: u32 = 0x0040_0000;

/// What a client may set: others are kept by the file system itself.
pub const SETTABLE: u32 =
    READONLY | HIDDEN | SYSTEM | ARCHIVE | NORMAL | TEMPORARY | OFFLINE | NOT_CONTENT_INDEXED;

/// What a CREATE may carry; other bits are STATUS_INVALID_PARAMETER, as with Windows.
pub const CREATE_VALID: u32 = 0x0000_7FB7;
