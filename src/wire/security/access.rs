//! The access check.

use super::{SecurityDescriptor, Sid, ace_type};
use crate::wire::access::{FILE_ALL_ACCESS, MAXIMUM_ALLOWED, READ_CONTROL, WRITE_DAC, map_generic};

/// Not all of what was asked for is granted: STATUS_ACCESS_DENIED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

/// Everything the descriptor grants to who holds these SIDs (the user's, the groups', and those of
/// everyone such as [`Sid::EVERYONE`]): standard and file rights only ([MS-DTYP] 2.5.3.2).
///
/// Of each right the first entry that speaks of it decides. The owner may read and change the descriptor
/// unless an entry for [`Sid::OWNER_RIGHTS`] says what the owner may. Conditions are not evaluated: an
/// entry that grants under one grants nothing, one that denies under one denies.
pub fn maximal_access(descriptor: &SecurityDescriptor<'_>, sids: &[Sid]) -> u32 {
    let Some(dacl) = descriptor.dacl else {
        return FILE_ALL_ACCESS;
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
    granted & FILE_ALL_ACCESS
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

#[cfg(test)]
mod tests {
    use super::super::{AceParts, Acl, AclWriter, ace_flags};
    use super::*;
    use crate::wire::Writer;
    use crate::wire::access::{GENERIC_ALL, GENERIC_READ, GENERIC_WRITE};
    use proptest::prelude::*;

    const ME: Sid = Sid::unix_user(1);
    const ALLOW: u8 = ace_type::ALLOWED;
    const DENY: u8 = ace_type::DENIED;

    fn granted(entries: &[(u8, u8, u32, Sid)], owner: Sid, sids: &[Sid]) -> u32 {
        let mut room = [0; 600];
        let mut w = Writer::new(&mut room);
        let mut list = AclWriter::begin(2, &mut w).unwrap();
        for (kind, flags, mask, sid) in entries {
            list.ace(
                *kind,
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
        let dacl = Some(Acl::parse(w.written()).unwrap());
        maximal_access(
            &SecurityDescriptor {
                owner: Some(owner),
                dacl,
                ..Default::default()
            },
            sids,
        )
    }

    #[test]
    fn the_first_entry_that_speaks_of_a_right_decides() {
        let implicit = READ_CONTROL | WRITE_DAC;
        for (entries, owner, expected) in [
            (&[][..], Sid::SYSTEM, 0),
            (&[][..], ME, implicit),
            (&[(ALLOW, 0, 7, ME)], Sid::SYSTEM, 7),
            (&[(ALLOW, 0, 7, Sid::USERS)], Sid::SYSTEM, 0),
            (
                &[(DENY, 0, 2, Sid::EVERYONE), (ALLOW, 0, 7, ME)],
                Sid::SYSTEM,
                5,
            ),
            (
                &[(ALLOW, 0, 7, ME), (DENY, 0, 2, Sid::EVERYONE)],
                Sid::SYSTEM,
                7,
            ),
            (&[(ALLOW, ace_flags::INHERIT_ONLY, 7, ME)], Sid::SYSTEM, 0),
            (
                &[(DENY, ace_flags::INHERIT_ONLY, 7, ME), (ALLOW, 0, 7, ME)],
                Sid::SYSTEM,
                7,
            ),
            (&[(ALLOW, 0, GENERIC_READ, ME)], Sid::SYSTEM, 0x12_0089),
            (
                &[(DENY, 0, GENERIC_ALL, ME), (ALLOW, 0, 1, ME)],
                Sid::SYSTEM,
                0,
            ),
            (&[(DENY, 0, WRITE_DAC, ME)], ME, implicit),
            (&[(ALLOW, 0, 1, Sid::OWNER_RIGHTS)], ME, 1),
            (&[(ALLOW, 0, 1, Sid::OWNER_RIGHTS)], Sid::SYSTEM, 0),
            (
                &[(ALLOW, ace_flags::INHERIT_ONLY, 1, Sid::OWNER_RIGHTS)],
                ME,
                implicit,
            ),
            (&[(DENY, 0, 1, Sid::OWNER_RIGHTS), (ALLOW, 0, 3, ME)], ME, 2),
            (&[(ALLOW, 0, 7, Sid::CREATOR_OWNER)], Sid::SYSTEM, 0),
            (&[(ace_type::ALLOWED_CALLBACK, 0, 7, ME)], Sid::SYSTEM, 0),
            (
                &[(ace_type::DENIED_CALLBACK, 0, 1, ME), (ALLOW, 0, 7, ME)],
                Sid::SYSTEM,
                6,
            ),
            (&[(ace_type::AUDIT, 0, 7, ME)], Sid::SYSTEM, 0),
            (&[(ALLOW, 0, 0xFFFF_FFFF, ME)], Sid::SYSTEM, FILE_ALL_ACCESS),
        ] {
            assert_eq!(
                granted(entries, owner, &[ME, Sid::EVERYONE]),
                expected,
                "{entries:?} {owner}"
            );
        }
    }

    #[test]
    fn no_list_allows_everything() {
        assert_eq!(
            maximal_access(&SecurityDescriptor::default(), &[]),
            FILE_ALL_ACCESS
        );
    }

    #[test]
    fn what_is_asked_for_is_granted_whole_or_not_at_all() {
        let everything = SecurityDescriptor::default();
        let nothing = SecurityDescriptor {
            dacl: Some(Acl::EMPTY),
            ..Default::default()
        };
        for (descriptor, desired, expected) in [
            (everything, GENERIC_WRITE, Ok(0x12_0116)),
            (everything, 1, Ok(1)),
            (everything, MAXIMUM_ALLOWED, Ok(FILE_ALL_ACCESS)),
            (everything, MAXIMUM_ALLOWED | 1, Ok(FILE_ALL_ACCESS)),
            (everything, 0x0100_0000, Err(Denied)),
            (everything, 0x0000_0200, Err(Denied)),
            (nothing, 0, Ok(0)),
            (nothing, 1, Err(Denied)),
            (nothing, MAXIMUM_ALLOWED, Ok(0)),
            (nothing, MAXIMUM_ALLOWED | 1, Err(Denied)),
        ] {
            assert_eq!(
                access_check(&descriptor, &[], desired),
                expected,
                "{desired:x}"
            );
        }
    }

    proptest! {
        /// [MS-DTYP] 2.5.3.2 walks the list with the rights still wanted; the sum of all rights that
        /// would be granted one by one must say the same.
        #[test]
        fn agrees_with_the_walk_of_the_standard(
            entries in proptest::collection::vec((0u8..2, prop_oneof![Just(0u8), Just(8)], 0u32..32, proptest::sample::select(&[ME, Sid::USERS, Sid::EVERYONE][..])), 0..6),
            desired in 1u32..32,
        ) {
            let sids = [ME, Sid::EVERYONE];
            let mut wanted = desired;
            let mut refused = false;
            for (kind, flags, mask, sid) in &entries {
                if *flags == 0 && sids.contains(sid) {
                    if *kind == ALLOW { wanted &= !mask } else { refused |= wanted & mask != 0 }
                }
            }
            let granted = granted(&entries, Sid::SYSTEM, &sids);
            prop_assert_eq!(granted & desired == desired, wanted == 0 && !refused);
        }
    }
}
