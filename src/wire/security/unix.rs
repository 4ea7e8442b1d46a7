//! A descriptor for a file that has only Unix's owner, group and mode.

use super::{AceParts, AclWriter, SecurityDescriptor, Sid, ace_type, control};
use crate::wire::{Full, Writer};

/// FILE_READ_DATA and FILE_READ_EA.
const READ: u32 = 0x0009;
/// FILE_WRITE_DATA, APPEND_DATA, WRITE_EA, DELETE_CHILD, WRITE_ATTRIBUTES, and DELETE.
const WRITE: u32 = 0x1_0156;
/// FILE_EXECUTE, on a directory TRAVERSE.
const EXECUTE: u32 = 0x0020;
/// READ_ATTRIBUTES, READ_CONTROL, SYNCHRONIZE: what Unix lets anyone do who reaches the name.
const ANYONE: u32 = 0x0012_0080;
/// WRITE_ATTRIBUTES, DELETE, WRITE_DAC, WRITE_OWNER: what Unix lets an owner do whatever the mode.
const OWNER: u32 = 0x000D_0100;

/// The rights three permission bits give. Windows asks for FILE_EXECUTE to run a program, and few
/// programs on a share have Unix's bit for it: on a file, reading is enough.
fn rights(bits: u32, directory: bool) -> u32 {
    let bit = |mask: u32, rights: u32| if bits & mask != 0 { rights } else { 0 };
    let execute = if directory { 1 } else { 5 };
    bit(4, READ) | bit(2, WRITE) | bit(execute, EXECUTE)
}

/// Appends a descriptor that says what the mode says: owner S-1-22-1-uid, group S-1-22-2-gid, and a DACL
/// of what the owner, the group and everyone may do. An owner or group with fewer rights than those that
/// come after it is denied the difference first, as Unix stops at the first class that fits.
pub fn synthesise(
    uid: u32,
    gid: u32,
    mode: u32,
    directory: bool,
    w: &mut Writer<'_>,
) -> Result<(), Full> {
    let (owner, group) = (Sid::unix_user(uid), Sid::unix_group(gid));
    let (of_owner, of_group, of_others) = (
        rights(mode >> 6 & 7, directory),
        rights(mode >> 3 & 7, directory),
        rights(mode & 7, directory),
    );
    let start = w.position();
    let control = control::DACL_PRESENT;
    SecurityDescriptor {
        control,
        owner: Some(owner),
        group: Some(group),
        sacl: None,
        dacl: None,
    }
    .write(w)?;
    let offset = u32::try_from(w.position() - start).map_err(|_| Full)?;
    w.patch_u32(start + 16, offset)?;
    let mut list = AclWriter::begin(2, w)?;
    for (kind, mask, sid) in [
        (
            ace_type::DENIED,
            (of_group | of_others) & !(of_owner | OWNER),
            owner,
        ),
        (ace_type::ALLOWED, of_owner | OWNER | ANYONE, owner),
        (ace_type::DENIED, of_others & !of_group, group),
        (ace_type::ALLOWED, of_group | ANYONE, group),
        (ace_type::ALLOWED, of_others | ANYONE, Sid::EVERYONE),
    ] {
        if mask != 0 {
            list.ace(
                kind,
                0,
                &AceParts {
                    mask,
                    sid,
                    data: &[],
                },
                w,
            )?;
        }
    }
    list.finish(w)
}

#[cfg(test)]
mod tests {
    use super::super::maximal_access;
    use super::*;

    const RWX: [(u32, u32); 3] = [(4, 0x1), (2, 0x2), (1, 0x20)];

    fn access(mode: u32, directory: bool, sids: &[Sid]) -> u32 {
        let mut room = [0; 300];
        let mut w = Writer::new(&mut room);
        w.u32(0).unwrap();
        synthesise(10, 20, mode, directory, &mut w).unwrap();
        maximal_access(&SecurityDescriptor::parse(&w.written()[4..]).unwrap(), sids)
    }

    #[test]
    fn each_class_may_do_what_the_mode_says() {
        let (owner, group) = (Sid::unix_user(10), Sid::unix_group(20));
        for mode in 0..0o1000 {
            for directory in [false, true] {
                for (sids, shift) in [
                    (&[owner, Sid::EVERYONE][..], 6),
                    (&[owner, group, Sid::EVERYONE], 6),
                    (&[Sid::unix_user(11), group, Sid::EVERYONE], 3),
                    (&[Sid::EVERYONE], 0),
                ] {
                    let found = access(mode, directory, sids);
                    for (bit, right) in RWX {
                        let mut expected = mode >> shift & bit != 0;
                        if right == 0x20 && !directory {
                            expected |= mode >> shift & 4 != 0;
                        }
                        assert_eq!(
                            found & right != 0,
                            expected,
                            "{mode:o} {directory} {right:x} {sids:?}"
                        );
                    }
                    assert_eq!(found & ANYONE, ANYONE);
                    assert_eq!(found & 0x4_0000 != 0, shift == 6, "WRITE_DAC {mode:o}");
                }
            }
        }
    }

    #[test]
    fn an_owner_with_every_bit_has_full_control() {
        let owner = [Sid::unix_user(10)];
        assert_eq!(access(0o700, true, &owner), 0x1F_01FF);
        assert_eq!(access(0o600, false, &owner), 0x1F_01FF);
        assert_eq!(access(0o444, false, &[Sid::EVERYONE]), 0x12_00A9);
    }
}
