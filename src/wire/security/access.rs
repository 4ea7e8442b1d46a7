//! The access check.

use super::{SecurityDescriptor, Sid, ace_type};

const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_EXECUTE: u32 = 0x2000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC: u32 = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;
const READ_CONTROL: u32 = 0x0002_0000;
const WRITE_DAC: u32 = 0x0004_0000;
/// FILE_ALL_ACCESS.
const FILE_ALL: u32 = 0x001F_01FF;

/// Not all of what was asked for is granted: STATUS_ACCESS_DENIED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

/// Replaces generic rights by those of files ([MS-SMB2] 2.2.13.1); other bits stay.
pub fn map_generic(mask: u32) -> u32 {
    let map = |generic: u32, rights: u32| if mask & generic != 0 { rights } else { 0 };
    mask & !GENERIC
        | map(GENERIC_READ, 0x0012_0089)
        | map(GENERIC_WRITE, 0x0012_0116)
        | map(GENERIC_EXECUTE, 0x0012_00A0)
        | map(GENERIC_ALL, FILE_ALL)
}

/// Everything the descriptor grants to who holds these SIDs (the user's, the groups', and those of
/// everyone such as [`Sid::EVERYONE`]): standard and file rights only ([MS-DTYP] 2.5.3.2).
///
/// Of each right the first entry that speaks of it decides. The owner may read and change the descriptor
/// unless an entry for [`Sid::OWNER_RIGHTS`] says what the owner may. Conditions are not evaluated: an
/// entry that grants under one grants nothing, one that denies under one denies.
pub fn maximal_access(descriptor: &SecurityDescriptor<'_>, sids: &[Sid]) -> u32 {
    let Some(dacl) = descriptor.dacl else {
        return FILE_ALL;
    };
    let is_owner = descriptor.owner.is_some_and(|owner| sids.contains(&owner));
    let effective = || dacl.aces().filter(|ace| ace.is_effective());
    let (mut granted, mut denied) = (0, 0);
    let restricted = || {
        effective().any(|ace| {
            ace.parts
                .is_some_and(|parts| parts.sid == Sid::OWNER_RIGHTS)
        })
    };
    if is_owner && !restricted() {
        granted = READ_CONTROL | WRITE_DAC;
    }
    for ace in effective() {
        let Some(parts) = ace.parts else { continue };
        if !(sids.contains(&parts.sid) || is_owner && parts.sid == Sid::OWNER_RIGHTS) {
            continue;
        }
        let mask = map_generic(parts.mask);
        match ace.kind {
            ace_type::ALLOWED => granted |= mask & !denied,
            ace_type::DENIED | ace_type::DENIED_CALLBACK => denied |= mask & !granted,
            _ => {}
        }
    }
    granted & FILE_ALL
}

/// What an open is granted that asks for `desired`: all of it with generic rights mapped, and everything
/// else that is allowed if MAXIMUM_ALLOWED was among it. ACCESS_SYSTEM_SECURITY needs a privilege that
/// nobody here holds.
pub fn access_check(
    descriptor: &SecurityDescriptor<'_>,
    sids: &[Sid],
    desired: u32,
) -> Result<u32, Denied> {
    let allowed = maximal_access(descriptor, sids);
    let asked = map_generic(desired & !MAXIMUM_ALLOWED);
    if asked & !allowed != 0 {
        return Err(Denied);
    }
    Ok(if desired & MAXIMUM_ALLOWED != 0 {
        allowed
    } else {
        asked
    })
}
