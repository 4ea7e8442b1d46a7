//! What a new file inherits from its folder.

use super::{AceParts, AclWriter, SecurityDescriptor, Sid, ace_flags, control, map_generic};
use crate::wire::{Full, Writer};

/// What is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// A directory, not a file.
    pub directory: bool,
    /// Who owns it; stands in for Creator Owner.
    pub owner: Sid,
    /// Its group; stands in for Creator Group.
    pub group: Sid,
}

/// Generic bits of a mask that mean nothing until they are mapped.
const GENERIC: u32 = 0xF000_0000;

/// Appends the descriptor a new object has by inheritance alone ([MS-DTYP] 2.5.3.4.1): owner, group and the
/// parent's inheritable entries. `false`, and nothing appended, if the parent has none: the object gets
/// its default.
///
/// An entry that names Creator Owner or a generic right becomes two on a directory: one for the directory
/// itself with the names filled in, one as it was for what is made below. Entries are marked INHERITED if
/// the parent's list is kept that way (SE_DACL_AUTO_INHERITED).
pub fn inherit(
    parent: &SecurityDescriptor<'_>,
    child: &Child,
    w: &mut Writer<'_>,
) -> Result<bool, Full> {
    let start = w.position();
    let written = attempt(parent, child, w);
    if written != Ok(true) {
        w.truncate(start);
    }
    written
}

fn attempt(
    parent: &SecurityDescriptor<'_>,
    child: &Child,
    w: &mut Writer<'_>,
) -> Result<bool, Full> {
    let Some(dacl) = parent.dacl else {
        return Ok(false);
    };
    let start = w.position();
    let automatic = parent.control & control::DACL_AUTO_INHERITED;
    let mark = if automatic != 0 {
        ace_flags::INHERITED
    } else {
        0
    };
    // Owner and group by the one writer there is; the list is then appended and linked in.
    let control = control::DACL_PRESENT | automatic;
    let head = SecurityDescriptor {
        control,
        owner: Some(child.owner),
        group: Some(child.group),
        sacl: None,
        dacl: None,
    };
    head.write(w)?;
    let offset = u32::try_from(w.position() - start).map_err(|_| Full)?;
    w.patch_u32(start + 16, offset)?;
    let mut list = AclWriter::begin(dacl.revision(), w)?;
    for ace in dacl.aces() {
        let Some(parts) = ace.parts else { continue };
        let below = ace.flags & (ace_flags::OBJECT_INHERIT | ace_flags::CONTAINER_INHERIT);
        let applies = if child.directory {
            ace_flags::CONTAINER_INHERIT
        } else {
            ace_flags::OBJECT_INHERIT
        };
        let propagates = child.directory && ace.flags & ace_flags::NO_PROPAGATE == 0;
        if below & applies == 0 {
            // A directory hands on what only files inherit, without being touched by it.
            if below != 0 && propagates {
                list.ace(ace.kind, below | ace_flags::INHERIT_ONLY | mark, &parts, w)?;
            }
            continue;
        }
        let own = filled_in(&parts, child);
        if !propagates {
            list.ace(ace.kind, mark, &own, w)?;
        } else if own == parts {
            list.ace(ace.kind, below | mark, &own, w)?;
        } else {
            list.ace(ace.kind, mark, &own, w)?;
            list.ace(ace.kind, below | ace_flags::INHERIT_ONLY | mark, &parts, w)?;
        }
    }
    if list.count() == 0 {
        return Ok(false);
    }
    list.finish(w)?;
    Ok(true)
}

/// The entry as it holds for the child itself.
fn filled_in<'a>(parts: &AceParts<'a>, child: &Child) -> AceParts<'a> {
    let sid = match parts.sid {
        Sid::CREATOR_OWNER => child.owner,
        Sid::CREATOR_GROUP => child.group,
        sid => sid,
    };
    let mask = if parts.mask & GENERIC != 0 {
        map_generic(parts.mask)
    } else {
        parts.mask
    };
    AceParts {
        mask,
        sid,
        data: parts.data,
    }
}
