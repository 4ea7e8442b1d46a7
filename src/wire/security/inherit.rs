//! What a new file inherits from its folder.

use super::{AceParts, AclWriter, SecurityDescriptor, Sid, ace_flags, control};
use crate::wire::access::map_generic;
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

#[cfg(test)]
mod tests {
    use super::super::Acl;
    use super::*;
    use crate::wire::security::ace_flags::{
        CONTAINER_INHERIT as CI, INHERIT_ONLY as IO, INHERITED as ID, NO_PROPAGATE as NP,
        OBJECT_INHERIT as OI,
    };
    use proptest::prelude::*;

    const FILE: Child = Child {
        directory: false,
        owner: Sid::unix_user(5),
        group: Sid::unix_group(6),
    };
    const FOLDER: Child = Child {
        directory: true,
        ..FILE
    };

    type Entry = (u8, u32, Sid);

    fn list(entries: &[Entry]) -> Vec<u8> {
        let mut room = vec![0; 4000];
        let mut w = Writer::new(&mut room);
        let mut list = AclWriter::begin(2, &mut w).unwrap();
        for (flags, mask, sid) in entries {
            list.ace(
                0,
                *flags,
                &AceParts {
                    mask: *mask,
                    sid: *sid,
                    data: &[],
                },
                &mut w,
            )
            .unwrap();
        }
        list.finish(&mut w).unwrap();
        w.written().to_vec()
    }

    fn inherited(entries: &[Entry], control: u16, child: &Child) -> Option<Vec<Entry>> {
        let bytes = list(entries);
        let parent = SecurityDescriptor {
            control,
            dacl: Acl::parse(&bytes).ok(),
            ..Default::default()
        };
        let mut room = vec![0; 9000];
        let mut w = Writer::new(&mut room);
        w.zeros(12).unwrap();
        if !inherit(&parent, child, &mut w).unwrap() {
            assert_eq!(w.position(), 12);
            return None;
        }
        let found = SecurityDescriptor::parse(&w.written()[12..]).unwrap();
        assert_eq!(
            (found.owner, found.group),
            (Some(child.owner), Some(child.group))
        );
        assert_eq!(
            found.control & !control::SELF_RELATIVE & !control::DACL_PRESENT,
            control & control::DACL_AUTO_INHERITED
        );
        let entry = |ace: super::super::Ace<'_>| {
            (ace.flags, ace.parts.unwrap().mask, ace.parts.unwrap().sid)
        };
        Some(found.dacl.unwrap().aces().map(entry).collect())
    }

    #[test]
    fn every_combination_of_flags_on_files_and_folders() {
        for (flags, file, folder) in [
            (0, None, None),
            (NP, None, None),
            (IO, None, None),
            (OI, Some(0), Some(OI | IO)),
            (CI, None, Some(CI)),
            (OI | CI, Some(0), Some(OI | CI)),
            (OI | NP, Some(0), None),
            (CI | NP, None, Some(0)),
            (OI | CI | NP, Some(0), Some(0)),
            (OI | IO, Some(0), Some(OI | IO)),
            (CI | IO, None, Some(CI)),
            (OI | CI | IO, Some(0), Some(OI | CI)),
            (OI | IO | NP, Some(0), None),
            (OI | CI | IO | NP, Some(0), Some(0)),
        ] {
            for (child, expected) in [(FILE, file), (FOLDER, folder)] {
                let expected = expected.map(|flags| vec![(flags, 1, Sid::USERS)]);
                assert_eq!(
                    inherited(&[(flags, 1, Sid::USERS)], 0, &child),
                    expected,
                    "{flags:x} {child:?}"
                );
            }
        }
    }

    #[test]
    fn creators_and_generic_rights_are_filled_in_once_and_handed_on() {
        let all = 0x1000_0000;
        for (entry, child, expected) in [
            (
                (OI | CI, all, Sid::USERS),
                FILE,
                vec![(0, 0x1F_01FF, Sid::USERS)],
            ),
            (
                (OI | CI, all, Sid::USERS),
                FOLDER,
                vec![(0, 0x1F_01FF, Sid::USERS), (OI | CI | IO, all, Sid::USERS)],
            ),
            (
                (OI | CI | IO, 1, Sid::CREATOR_OWNER),
                FILE,
                vec![(0, 1, FILE.owner)],
            ),
            (
                (OI | CI | IO, 1, Sid::CREATOR_GROUP),
                FOLDER,
                vec![(0, 1, FILE.group), (OI | CI | IO, 1, Sid::CREATOR_GROUP)],
            ),
            (
                (OI, 1, Sid::CREATOR_OWNER),
                FOLDER,
                vec![(OI | IO, 1, Sid::CREATOR_OWNER)],
            ),
            (
                (CI | NP, all, Sid::CREATOR_OWNER),
                FOLDER,
                vec![(0, 0x1F_01FF, FILE.owner)],
            ),
        ] {
            assert_eq!(inherited(&[entry], 0, &child), Some(expected), "{entry:?}");
        }
    }

    #[test]
    fn entries_are_marked_where_the_parent_keeps_track() {
        let entries = [
            (OI | CI, 1, Sid::USERS),
            (0, 2, Sid::EVERYONE),
            (CI, 4, Sid::CREATOR_OWNER),
        ];
        let expected = vec![
            (OI | CI | ID, 1, Sid::USERS),
            (ID, 4, FILE.owner),
            (CI | IO | ID, 4, Sid::CREATOR_OWNER),
        ];
        assert_eq!(
            inherited(&entries, control::DACL_AUTO_INHERITED, &FOLDER),
            Some(expected)
        );
    }

    #[test]
    fn a_parent_without_a_list_gives_nothing() {
        let mut room = [0; 100];
        assert_eq!(
            inherit(
                &SecurityDescriptor::default(),
                &FILE,
                &mut Writer::new(&mut room)
            ),
            Ok(false)
        );
    }

    /// CVE-2023-52755, CVE-2026-31706: the child's list may be twice the parent's.
    #[test]
    fn a_child_that_does_not_fit_leaves_no_trace() {
        let bytes = list(&[(OI | CI, 1, Sid::CREATOR_OWNER); 100]);
        let parent = SecurityDescriptor {
            dacl: Acl::parse(&bytes).ok(),
            ..Default::default()
        };
        let needed = 20 + 16 + 16 + 8 + 100 * (24 + 20);
        for room in [0, 19, 20, 60, needed - 1, needed] {
            let mut bytes = vec![0; room];
            let mut w = Writer::new(&mut bytes);
            let made = inherit(&parent, &FOLDER, &mut w);
            assert_eq!(made.is_ok(), room == needed);
            assert_eq!(w.position(), if made.is_ok() { needed } else { 0 });
        }
    }

    proptest! {
        #[test]
        fn generations_settle(flags in 0u8..16, mask: u32, creator: bool) {
            let sid = if creator { Sid::CREATOR_OWNER } else { Sid::USERS };
            let mut entries = vec![(flags, mask, sid)];
            for _ in 0..4 {
                let Some(next) = inherited(&entries, 0, &FOLDER) else { break };
                // One entry for the folder itself, one for those below, and never more.
                prop_assert!(next.len() <= 2);
                entries = next;
            }
        }
    }
}
