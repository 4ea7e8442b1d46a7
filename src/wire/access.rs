//! Access masks ([MS-SMB2] 2.2.13.1, [MS-DTYP] 2.4.3).

/// Read the file's data.
pub const FILE_READ_DATA: u32 = 0x0000_0001;
/// List the directory (the same bit as [`FILE_READ_DATA`]).
pub const FILE_LIST_DIRECTORY: u32 = 0x0000_0001;
/// Write the file's data.
pub const FILE_WRITE_DATA: u32 = 0x0000_0002;
/// Create files in the directory (the same bit as [`FILE_WRITE_DATA`]).
pub const FILE_ADD_FILE: u32 = 0x0000_0002;
/// Append to the file.
pub const FILE_APPEND_DATA: u32 = 0x0000_0004;
/// Create directories in the directory (the same bit as [`FILE_APPEND_DATA`]).
pub const FILE_ADD_SUBDIRECTORY: u32 = 0x0000_0004;
/// Read extended attributes.
pub const FILE_READ_EA: u32 = 0x0000_0008;
/// Write extended attributes.
pub const FILE_WRITE_EA: u32 = 0x0000_0010;
/// Execute the file.
pub const FILE_EXECUTE: u32 = 0x0000_0020;
/// Pass through the directory (the same bit as [`FILE_EXECUTE`]).
pub const FILE_TRAVERSE: u32 = 0x0000_0020;
/// Delete entries of the directory, whatever their own access says.
pub const FILE_DELETE_CHILD: u32 = 0x0000_0040;
/// Read attributes and times.
pub const FILE_READ_ATTRIBUTES: u32 = 0x0000_0080;
/// Write attributes and times.
pub const FILE_WRITE_ATTRIBUTES: u32 = 0x0000_0100;
/// Delete or rename the object.
pub const DELETE: u32 = 0x0001_0000;
/// Read the security descriptor, without its SACL.
pub const READ_CONTROL: u32 = 0x0002_0000;
/// Write the DACL.
pub const WRITE_DAC: u32 = 0x0004_0000;
/// Write the owner.
pub const WRITE_OWNER: u32 = 0x0008_0000;
/// Wait on the object.
pub const SYNCHRONIZE: u32 = 0x0010_0000;
/// Read and write the SACL.
pub const ACCESS_SYSTEM_SECURITY: u32 = 0x0100_0000;
/// Whatever the caller may have.
pub const MAXIMUM_ALLOWED: u32 = 0x0200_0000;
/// Stands for [`FILE_ALL_ACCESS`].
pub const GENERIC_ALL: u32 = 0x1000_0000;
/// Stands for [`FILE_GENERIC_EXECUTE`].
pub const GENERIC_EXECUTE: u32 = 0x2000_0000;
/// Stands for [`FILE_GENERIC_WRITE`].
pub const GENERIC_WRITE: u32 = 0x4000_0000;
/// Stands for [`FILE_GENERIC_READ`].
pub const GENERIC_READ: u32 = 0x8000_0000;

/// Every right on files and directories.
pub const FILE_ALL_ACCESS: u32 = 0x001F_01FF;
/// What [`GENERIC_READ`] means for files.
pub const FILE_GENERIC_READ: u32 =
    FILE_READ_DATA | FILE_READ_EA | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE;
/// What [`GENERIC_WRITE`] means for files.
pub const FILE_GENERIC_WRITE: u32 = FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_WRITE_EA
    | FILE_WRITE_ATTRIBUTES
    | READ_CONTROL
    | SYNCHRONIZE;
/// What [`GENERIC_EXECUTE`] means for files.
pub const FILE_GENERIC_EXECUTE: u32 =
    FILE_EXECUTE | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE;
/// Bits that name no right: a CREATE that asks for one fails with STATUS_ACCESS_DENIED
/// ([MS-SMB2] 3.3.5.9).
pub const INVALID: u32 = 0x0CE0_FE00;

/// Replaces the four generic bits by the file rights they stand for; the rest, MAXIMUM_ALLOWED
/// among it, stays.
pub fn map_generic(mask: u32) -> u32 {
    const MAP: [(u32, u32); 4] = [
        (GENERIC_READ, FILE_GENERIC_READ),
        (GENERIC_WRITE, FILE_GENERIC_WRITE),
        (GENERIC_EXECUTE, FILE_GENERIC_EXECUTE),
        (GENERIC_ALL, FILE_ALL_ACCESS),
    ];
    let mut mapped = mask;
    for (generic, specific) in MAP {
        if mask & generic != 0 {
            mapped = (mapped & !generic) | specific;
        }
    }
    mapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generic_bits_become_the_masks_windows_uses() {
        for (asked, meant) in [
            (0, 0),
            (GENERIC_READ, 0x0012_0089),
            (GENERIC_WRITE, 0x0012_0116),
            (GENERIC_EXECUTE, 0x0012_00A0),
            (GENERIC_ALL, 0x001F_01FF),
            (GENERIC_READ | DELETE, 0x0013_0089),
            (MAXIMUM_ALLOWED | GENERIC_EXECUTE, 0x0212_00A0),
            (FILE_READ_DATA, FILE_READ_DATA),
        ] {
            assert_eq!(map_generic(asked), meant, "{asked:#x}");
        }
    }

    #[test]
    fn invalid_bits_are_those_without_a_name() {
        let named = FILE_ALL_ACCESS
            | ACCESS_SYSTEM_SECURITY
            | MAXIMUM_ALLOWED
            | GENERIC_ALL
            | GENERIC_EXECUTE
            | GENERIC_WRITE
            | GENERIC_READ;
        assert_eq!(named ^ u32::MAX, INVALID);
    }
}
