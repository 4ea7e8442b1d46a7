//! NTSTATUS values ([MS-ERREF] 2.3.1).

use core::fmt;

/// A status. The top two bits are its severity: 0 success, 1 information, 2 warning, 3 error.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u32);

impl Status {
    /// Whether the request failed; its reply then has an error body.
    pub fn is_error(self) -> bool {
        self.0 >> 30 == 3
    }

    /// The value's name, where it has one here.
    pub fn name(self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|(value, _)| *value == self.0)
            .map(|(_, name)| *name)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! statuses {
    ($($name:ident = $value:literal,)*) => {
        #[allow(missing_docs)] // the names are the documentation: STATUS_… of [MS-ERREF] 2.3.1
        impl Status {
            $(pub const $name: Status = Status($value);)*
        }
        const NAMES: &[(u32, &str)] = &[$(($value, stringify!($name)),)*];
    };
}

statuses! {
    SUCCESS = 0x0000_0000,
    PENDING = 0x0000_0103,
    NOTIFY_CLEANUP = 0x0000_010B,
    NOTIFY_ENUM_DIR = 0x0000_010C,
    BUFFER_OVERFLOW = 0x8000_0005,
    NO_MORE_FILES = 0x8000_0006,
    NO_MORE_EAS = 0x8000_0012,
    INVALID_EA_NAME = 0x8000_0013,
    EA_LIST_INCONSISTENT = 0x8000_0014,
    NO_MORE_ENTRIES = 0x8000_001A,
    STOPPED_ON_SYMLINK = 0x8000_002D,
    UNSUCCESSFUL = 0xC000_0001,
    NOT_IMPLEMENTED = 0xC000_0002,
    INVALID_INFO_CLASS = 0xC000_0003,
    INFO_LENGTH_MISMATCH = 0xC000_0004,
    INVALID_HANDLE = 0xC000_0008,
    INVALID_PARAMETER = 0xC000_000D,
    NO_SUCH_DEVICE = 0xC000_000E,
    NO_SUCH_FILE = 0xC000_000F,
    INVALID_DEVICE_REQUEST = 0xC000_0010,
    END_OF_FILE = 0xC000_0011,
    MORE_PROCESSING_REQUIRED = 0xC000_0016,
    NO_MEMORY = 0xC000_0017,
    INVALID_VIEW_SIZE = 0xC000_001F,
    CONFLICTING_ADDRESSES = 0xC000_0018,
    ALREADY_COMMITTED = 0xC000_0021,
    ACCESS_DENIED = 0xC000_0022,
    BUFFER_TOO_SMALL = 0xC000_0023,
    OBJECT_TYPE_MISMATCH = 0xC000_0024,
    OBJECT_NAME_INVALID = 0xC000_0033,
    OBJECT_NAME_NOT_FOUND = 0xC000_0034,
    OBJECT_NAME_COLLISION = 0xC000_0035,
    OBJECT_PATH_INVALID = 0xC000_0039,
    OBJECT_PATH_NOT_FOUND = 0xC000_003A,
    OBJECT_PATH_SYNTAX_BAD = 0xC000_003B,
    SHARING_VIOLATION = 0xC000_0043,
    QUOTA_EXCEEDED = 0xC000_0044,
    EAS_NOT_SUPPORTED = 0xC000_004F,
    EA_TOO_LARGE = 0xC000_0050,
    NONEXISTENT_EA_ENTRY = 0xC000_0051,
    NO_EAS_ON_FILE = 0xC000_0052,
    FILE_LOCK_CONFLICT = 0xC000_0054,
    LOCK_NOT_GRANTED = 0xC000_0055,
    DELETE_PENDING = 0xC000_0056,
    INVALID_OWNER = 0xC000_005A,
    PRIVILEGE_NOT_HELD = 0xC000_0061,
    NO_SUCH_USER = 0xC000_0064,
    WRONG_PASSWORD = 0xC000_006A,
    LOGON_FAILURE = 0xC000_006D,
    ACCOUNT_RESTRICTION = 0xC000_006E,
    PASSWORD_EXPIRED = 0xC000_0071,
    ACCOUNT_DISABLED = 0xC000_0072,
    NONE_MAPPED = 0xC000_0073,
    INVALID_ACL = 0xC000_0077,
    INVALID_SID = 0xC000_0078,
    INVALID_SECURITY_DESCR = 0xC000_0079,
    RANGE_NOT_LOCKED = 0xC000_007E,
    DISK_FULL = 0xC000_007F,
    INSUFFICIENT_RESOURCES = 0xC000_009A,
    MEDIA_WRITE_PROTECTED = 0xC000_00A2,
    BAD_IMPERSONATION_LEVEL = 0xC000_00A5,
    INSTANCE_NOT_AVAILABLE = 0xC000_00AB,
    PIPE_NOT_AVAILABLE = 0xC000_00AC,
    INVALID_PIPE_STATE = 0xC000_00AD,
    PIPE_BUSY = 0xC000_00AE,
    PIPE_DISCONNECTED = 0xC000_00B0,
    PIPE_CLOSING = 0xC000_00B1,
    IO_TIMEOUT = 0xC000_00B5,
    FILE_FORCED_CLOSED = 0xC000_00B6,
    FILE_IS_A_DIRECTORY = 0xC000_00BA,
    NOT_SUPPORTED = 0xC000_00BB,
    DUPLICATE_NAME = 0xC000_00BD,
    UNEXPECTED_NETWORK_ERROR = 0xC000_00C4,
    NETWORK_NAME_DELETED = 0xC000_00C9,
    NETWORK_ACCESS_DENIED = 0xC000_00CA,
    BAD_DEVICE_TYPE = 0xC000_00CB,
    BAD_NETWORK_NAME = 0xC000_00CC,
    REQUEST_NOT_ACCEPTED = 0xC000_00D0,
    PIPE_EMPTY = 0xC000_00D9,
    INTERNAL_ERROR = 0xC000_00E5,
    UNEXPECTED_IO_ERROR = 0xC000_00E9,
    DIRECTORY_NOT_EMPTY = 0xC000_0101,
    FILE_CORRUPT_ERROR = 0xC000_0102,
    NOT_A_DIRECTORY = 0xC000_0103,
    NAME_TOO_LONG = 0xC000_0106,
    TOO_MANY_OPENED_FILES = 0xC000_011F,
    CANCELLED = 0xC000_0120,
    CANNOT_DELETE = 0xC000_0121,
    FILE_DELETED = 0xC000_0123,
    FILE_CLOSED = 0xC000_0128,
    VOLUME_DISMOUNTED = 0xC000_026E,
    INVALID_LEVEL = 0xC000_0148,
    INVALID_LOCK_RANGE = 0xC000_01A1,
    TOO_MANY_LINKS = 0xC000_0265,
    DRIVER_INTERNAL_ERROR = 0xC000_0183,
    INVALID_DEVICE_STATE = 0xC000_0184,
    SHORT_NAMES_NOT_ENABLED_ON_VOLUME = 0xC000_019F,
    USER_SESSION_DELETED = 0xC000_0203,
    NOT_FOUND = 0xC000_0225,
    RETRY = 0xC000_022D,
    NOT_A_REPARSE_POINT = 0xC000_0275,
    IO_REPARSE_TAG_INVALID = 0xC000_0276,
    IO_REPARSE_TAG_MISMATCH = 0xC000_0277,
    IO_REPARSE_DATA_INVALID = 0xC000_0278,
    PATH_NOT_COVERED = 0xC000_0257,
    NETWORK_SESSION_EXPIRED = 0xC000_035C,
    CONNECTION_DISCONNECTED = 0xC000_020C,
    CONNECTION_REFUSED = 0xC000_0236,
    DUPLICATE_OBJECTID = 0xC000_022A,
    NOT_SAME_DEVICE = 0xC000_00D4,
    FILE_RENAMED = 0xC000_00D5,
    OPLOCK_NOT_GRANTED = 0xC000_00E2,
    INVALID_OPLOCK_PROTOCOL = 0xC000_00E3,
    CANNOT_BREAK_OPLOCK = 0xC000_0909,
    FILE_NOT_AVAILABLE = 0xC000_0467,
    SERVER_UNAVAILABLE = 0xC000_0466,
    INVALID_NETWORK_RESPONSE = 0xC000_00C3,
    REQUEST_OUT_OF_SEQUENCE = 0xC000_042A,
    SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP = 0xC05D_0000,
    SMB_BAD_CLUSTER_DIALECT = 0xC05D_0001,
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_stands_twice() {
        for (at, (value, name)) in NAMES.iter().enumerate() {
            assert!(
                NAMES[..at].iter().all(|(other, _)| other != value),
                "{name}"
            );
        }
    }

    #[test]
    fn severity_tells_errors_from_warnings() {
        assert!(Status::ACCESS_DENIED.is_error());
        assert!(
            !Status::BUFFER_OVERFLOW.is_error()
                && !Status::SUCCESS.is_error()
                && !Status::PENDING.is_error()
        );
        assert_eq!(
            format!("{} {}", Status::PENDING, Status(0xC000_FFFF)),
            "PENDING 0xc000ffff"
        );
    }
}
