//! Numbers of the information types and classes, and the least sizes of their buffers.

/// InfoType: what kind of information ([MS-SMB2] 2.2.37).
pub mod info_type {
    /// File information; the class is a `file::` constant.
    pub const FILE: u8 = 1;
    /// File-system information; the class is a `filesystem::` constant.
    pub const FILESYSTEM: u8 = 2;
    /// A security descriptor.
    pub const SECURITY: u8 = 3;
    /// Quotas.
    pub const QUOTA: u8 = 4;
}

/// File information classes ([MS-FSCC] 2.4, where sections beyond 2.4.16 change their numbers between
/// revisions and are named here only).
pub mod file {
    /// FileDirectoryInformation, 2.4.10.
    pub const DIRECTORY: u8 = 1;
    /// FileFullDirectoryInformation, 2.4.14.
    pub const FULL_DIRECTORY: u8 = 2;
    /// FileBothDirectoryInformation, 2.4.8.
    pub const BOTH_DIRECTORY: u8 = 3;
    /// FileBasicInformation, 2.4.7.
    pub const BASIC: u8 = 4;
    /// FileStandardInformation.
    pub const STANDARD: u8 = 5;
    /// FileInternalInformation.
    pub const INTERNAL: u8 = 6;
    /// FileEaInformation, 2.4.12.
    pub const EA: u8 = 7;
    /// FileAccessInformation, 2.4.1.
    pub const ACCESS: u8 = 8;
    /// FileNameInformation (not queried over SMB2).
    pub const NAME: u8 = 9;
    /// FileRenameInformation.
    pub const RENAME: u8 = 10;
    /// FileLinkInformation.
    pub const LINK: u8 = 11;
    /// FileNamesInformation.
    pub const NAMES: u8 = 12;
    /// FileDispositionInformation, 2.4.11.
    pub const DISPOSITION: u8 = 13;
    /// FilePositionInformation.
    pub const POSITION: u8 = 14;
    /// FileFullEaInformation, 2.4.15.
    pub const FULL_EA: u8 = 15;
    /// FileModeInformation.
    pub const MODE: u8 = 16;
    /// FileAlignmentInformation, 2.4.3.
    pub const ALIGNMENT: u8 = 17;
    /// FileAllInformation, 2.4.2.
    pub const ALL: u8 = 18;
    /// FileAllocationInformation, 2.4.4.
    pub const ALLOCATION: u8 = 19;
    /// FileEndOfFileInformation, 2.4.13.
    pub const END_OF_FILE: u8 = 20;
    /// FileAlternateNameInformation, 2.4.5.
    pub const ALTERNATE_NAME: u8 = 21;
    /// FileStreamInformation.
    pub const STREAM: u8 = 22;
    /// FilePipeInformation.
    pub const PIPE: u8 = 23;
    /// FilePipeLocalInformation.
    pub const PIPE_LOCAL: u8 = 24;
    /// FilePipeRemoteInformation.
    pub const PIPE_REMOTE: u8 = 25;
    /// FileCompressionInformation, 2.4.9.
    pub const COMPRESSION: u8 = 28;
    /// FileObjectIdInformation.
    pub const OBJECT_ID: u8 = 29;
    /// FileQuotaInformation.
    pub const QUOTA: u8 = 32;
    /// FileReparsePointInformation.
    pub const REPARSE_POINT: u8 = 33;
    /// FileNetworkOpenInformation.
    pub const NETWORK_OPEN: u8 = 34;
    /// FileAttributeTagInformation, 2.4.6.
    pub const ATTRIBUTE_TAG: u8 = 35;
    /// FileIdBothDirectoryInformation.
    pub const ID_BOTH_DIRECTORY: u8 = 37;
    /// FileIdFullDirectoryInformation.
    pub const ID_FULL_DIRECTORY: u8 = 38;
    /// FileValidDataLengthInformation.
    pub const VALID_DATA_LENGTH: u8 = 39;
    /// FileShortNameInformation.
    pub const SHORT_NAME: u8 = 40;
    /// FileNormalizedNameInformation.
    pub const NORMALIZED_NAME: u8 = 48;
    /// FileIdInformation.
    pub const ID: u8 = 59;
    /// FileIdExtdDirectoryInformation.
    pub const ID_EXTD_DIRECTORY: u8 = 60;
    /// FileIdExtdBothDirectoryInformation.
    pub const ID_EXTD_BOTH_DIRECTORY: u8 = 63;
    /// FileDispositionInformationEx, 2.4.11.
    pub const DISPOSITION_EX: u8 = 64;
    /// FileRenameInformationEx.
    pub const RENAME_EX: u8 = 65;
    /// The POSIX extensions' file and directory information.
    pub const POSIX: u8 = 100;
}

/// File-system information classes ([MS-FSCC] 2.5).
pub mod filesystem {
    /// FileFsVolumeInformation, 2.5.9.
    pub const VOLUME: u8 = 1;
    /// FileFsLabelInformation, 2.5.5.
    pub const LABEL: u8 = 2;
    /// FileFsSizeInformation, 2.5.8.
    pub const SIZE: u8 = 3;
    /// FileFsDeviceInformation, 2.5.10.
    pub const DEVICE: u8 = 4;
    /// FileFsAttributeInformation, 2.5.1.
    pub const ATTRIBUTE: u8 = 5;
    /// FileFsControlInformation, 2.5.2.
    pub const CONTROL: u8 = 6;
    /// FileFsFullSizeInformation, 2.5.4.
    pub const FULL_SIZE: u8 = 7;
    /// FileFsObjectIdInformation, 2.5.6.
    pub const OBJECT_ID: u8 = 8;
    /// FileFsDriverPathInformation, 2.5.3.
    pub const DRIVER_PATH: u8 = 9;
    /// FileFsVolumeFlagsInformation, 2.5.
    pub const VOLUME_FLAGS: u8 = 10;
    /// FileFsSectorSizeInformation, 2.5.7.
    pub const SECTOR_SIZE: u8 = 11;
    /// The POSIX extensions' file-system information.
    pub const POSIX: u8 = 100;
}

/// The least OutputBufferLength a query of a file class needs; less is STATUS_INFO_LENGTH_MISMATCH, and
/// a variable part beyond it may be cut (STATUS_BUFFER_OVERFLOW). `None`: no class that is queried.
pub fn query_minimum(class: u8) -> Option<usize> {
    Some(match class {
        file::BASIC => 40,
        file::STANDARD => 24,
        file::INTERNAL => 8,
        file::EA | file::ACCESS | file::MODE | file::ALIGNMENT => 4,
        file::POSITION => 8,
        // The engine answers an empty list before it looks at the room.
        file::FULL_EA => 1,
        file::ALL => 104,
        file::NAME | file::ALTERNATE_NAME | file::NORMALIZED_NAME => 8,
        file::STREAM => 32,
        file::PIPE => 8,
        file::PIPE_LOCAL => 40,
        file::PIPE_REMOTE => 16,
        file::COMPRESSION => 16,
        file::NETWORK_OPEN => 56,
        file::ATTRIBUTE_TAG => 8,
        file::ID => 24,
        _ => return None,
    })
}

/// The least buffer a SET_INFO of a file class carries; less is STATUS_INFO_LENGTH_MISMATCH.
/// `None`: no class that is set.
pub fn set_minimum(class: u8) -> Option<usize> {
    Some(match class {
        // The four times and the attributes; the last four bytes are reserved.
        file::BASIC => 36,
        file::RENAME | file::RENAME_EX | file::LINK => 20,
        file::DISPOSITION => 1,
        file::DISPOSITION_EX | file::MODE | file::SHORT_NAME => 4,
        file::POSITION
        | file::ALLOCATION
        | file::END_OF_FILE
        | file::VALID_DATA_LENGTH
        | file::PIPE => 8,
        // An empty list is none.
        file::FULL_EA => 1,
        _ => return None,
    })
}

/// The least OutputBufferLength a query of a file-system class needs. `None`: no class that is queried.
pub fn filesystem_minimum(class: u8) -> Option<usize> {
    Some(match class {
        filesystem::VOLUME => 24,
        filesystem::SIZE => 24,
        filesystem::DEVICE => 8,
        filesystem::ATTRIBUTE => 16,
        filesystem::CONTROL => 48,
        filesystem::FULL_SIZE => 32,
        filesystem::OBJECT_ID => 64,
        filesystem::SECTOR_SIZE => 28,
        _ => return None,
    })
}
