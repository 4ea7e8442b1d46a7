//! The self-relative security descriptor.

use super::{Acl, AclWriter, Sid, ace_type};
use crate::wire::access::map_generic;
use crate::wire::{Full, Malformed, Reader, Writer};

/// Control bits ([MS-DTYP] 2.4.6).
pub mod control {
    /// SE_DACL_PRESENT; without it, or with no list, everything is allowed.
    pub const DACL_PRESENT: u16 = 0x0004;
    /// SE_DACL_DEFAULTED.
    pub const DACL_DEFAULTED: u16 = 0x0008;
    /// SE_SACL_PRESENT.
    pub const SACL_PRESENT: u16 = 0x0010;
    /// SE_SACL_DEFAULTED.
    pub const SACL_DEFAULTED: u16 = 0x0020;
    /// SE_DACL_AUTO_INHERIT_REQ: in a request only.
    pub const DACL_AUTO_INHERIT_REQ: u16 = 0x0100;
    /// SE_SACL_AUTO_INHERIT_REQ.
    pub const SACL_AUTO_INHERIT_REQ: u16 = 0x0200;
    /// SE_DACL_AUTO_INHERITED.
    pub const DACL_AUTO_INHERITED: u16 = 0x0400;
    /// SE_SACL_AUTO_INHERITED.
    pub const SACL_AUTO_INHERITED: u16 = 0x0800;
    /// SE_DACL_PROTECTED: inherits nothing.
    pub const DACL_PROTECTED: u16 = 0x1000;
    /// SE_SACL_PROTECTED.
    pub const SACL_PROTECTED: u16 = 0x2000;
    /// SE_SELF_RELATIVE: always set on the wire.
    pub const SELF_RELATIVE: u16 = 0x8000;

    /// Those that speak of the DACL.
    pub const OF_DACL: u16 = DACL_PRESENT
        | DACL_DEFAULTED
        | DACL_AUTO_INHERIT_REQ
        | DACL_AUTO_INHERITED
        | DACL_PROTECTED;
    /// Those that speak of the SACL.
    pub const OF_SACL: u16 = SACL_PRESENT
        | SACL_DEFAULTED
        | SACL_AUTO_INHERIT_REQ
        | SACL_AUTO_INHERITED
        | SACL_PROTECTED;
}

/// SECURITY_INFORMATION bits ([MS-DTYP] 2.4.7, [MS-SMB2] 2.2.37): which parts.
pub mod information {
    /// OWNER_SECURITY_INFORMATION.
    pub const OWNER: u32 = 0x01;
    /// GROUP_SECURITY_INFORMATION.
    pub const GROUP: u32 = 0x02;
    /// DACL_SECURITY_INFORMATION.
    pub const DACL: u32 = 0x04;
    /// SACL_SECURITY_INFORMATION: what is audited.
    pub const SACL: u32 = 0x08;
    /// LABEL_SECURITY_INFORMATION: the integrity label, kept in the SACL.
    pub const LABEL: u32 = 0x10;
    /// ATTRIBUTE_SECURITY_INFORMATION, kept in the SACL.
    pub const ATTRIBUTE: u32 = 0x20;
    /// SCOPE_SECURITY_INFORMATION, kept in the SACL.
    pub const SCOPE: u32 = 0x40;
    /// BACKUP_SECURITY_INFORMATION: everything.
    pub const BACKUP: u32 = 0x1_0000;

    /// Those kept in the SACL.
    pub const IN_SACL: u32 = SACL | LABEL | ATTRIBUTE | SCOPE;
    /// Every part.
    pub const ALL: u32 = OWNER | GROUP | DACL | IN_SACL;
}

/// A checked view of a descriptor ([MS-DTYP] 2.4.6), or the parts to write one from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecurityDescriptor<'a> {
    /// Control, bits of [`control`].
    pub control: u16,
    /// OwnerSid.
    pub owner: Option<Sid>,
    /// GroupSid.
    pub group: Option<Sid>,
    /// Sacl.
    pub sacl: Option<Acl<'a>>,
    /// Dacl; `None` allows everything, [`Acl::EMPTY`] nothing.
    pub dacl: Option<Acl<'a>>,
}

/// Length of the part before the SIDs and lists.
const HEADER: usize = 20;

/// Which part of the SACL an entry belongs to.
fn part_of_sacl(kind: u8) -> u32 {
    match kind {
        ace_type::MANDATORY_LABEL => information::LABEL,
        ace_type::RESOURCE_ATTRIBUTE => information::ATTRIBUTE,
        ace_type::SCOPED_POLICY_ID => information::SCOPE,
        _ => information::SACL,
    }
}

/// The parts to give for the bits asked: BACKUP means all.
fn wanted(parts: u32) -> u32 {
    if parts & information::BACKUP != 0 {
        information::ALL
    } else {
        parts
    }
}

impl<'a> SecurityDescriptor<'a> {
    /// Reads a self-relative descriptor: revision 1, each offset 0 or behind the header, each SID and list
    /// whole and within `bytes`. A list whose PRESENT bit is clear is not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let revision = r.u8()?;
        r.skip(1)?;
        let control = r.u16()?;
        if revision != 1 || control & control::SELF_RELATIVE == 0 {
            return Err(Malformed);
        }
        let mut part = || -> Result<Option<&'a [u8]>, Malformed> {
            match usize::try_from(r.u32()?).map_err(|_| Malformed)? {
                0 => Ok(None),
                1..HEADER => Err(Malformed),
                offset => Ok(Some(bytes.get(offset..).ok_or(Malformed)?)),
            }
        };
        let (owner, group, sacl, dacl) = (part()?, part()?, part()?, part()?);
        let sid = |bytes: Option<&[u8]>| bytes.map(Sid::parse).transpose();
        let list = |bytes: Option<&'a [u8]>, present: u16| {
            bytes
                .filter(|_| control & present != 0)
                .map(Acl::parse)
                .transpose()
        };
        Ok(SecurityDescriptor {
            control,
            owner: sid(owner)?,
            group: sid(group)?,
            sacl: list(sacl, control::SACL_PRESENT)?,
            dacl: list(dacl, control::DACL_PRESENT)?,
        })
    }

    /// The length in bytes of what [`SecurityDescriptor::write_parts`] would write: what a client whose
    /// room is too small is told with STATUS_BUFFER_TOO_SMALL.
    pub fn size(&self, parts: u32) -> usize {
        let parts = wanted(parts);
        let sid = |sid: Option<Sid>, part: u32| {
            sid.filter(|_| parts & part != 0)
                .map_or(0, |sid| sid.size())
        };
        let sacl = match self.sacl {
            Some(sacl) if parts & information::IN_SACL != 0 => {
                let kept = sacl
                    .aces()
                    .filter(|ace| parts & part_of_sacl(ace.kind) != 0);
                8 + kept.map(|ace| ace.bytes.len()).sum::<usize>()
            }
            _ => 0,
        };
        let dacl = self
            .dacl
            .filter(|_| parts & information::DACL != 0)
            .map_or(0, |dacl| dacl.size());
        HEADER
            + sid(self.owner, information::OWNER)
            + sid(self.group, information::GROUP)
            + sacl
            + dacl
    }

    /// Appends a self-relative descriptor of the parts asked for (SECURITY_INFORMATION bits); parts that
    /// are not there are left out. On [`Full`] the bytes begun are the caller's to take back.
    pub fn write_parts(&self, parts: u32, w: &mut Writer<'_>) -> Result<(), Full> {
        let parts = wanted(parts);
        let mut control =
            self.control & !(control::OF_DACL | control::OF_SACL) | control::SELF_RELATIVE;
        if parts & information::DACL != 0 {
            control |= self.control & control::OF_DACL;
        }
        if parts & information::IN_SACL != 0 {
            control |= self.control & control::OF_SACL;
        }
        let owner = self.owner.filter(|_| parts & information::OWNER != 0);
        let group = self.group.filter(|_| parts & information::GROUP != 0);
        let dacl = self.dacl.filter(|_| parts & information::DACL != 0);
        assemble(
            control,
            owner,
            group,
            &[(self.sacl, parts & information::IN_SACL)],
            dacl,
            w,
        )
    }

    /// Appends all of it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        self.write_parts(information::ALL, w)
    }
}

/// Writes a descriptor; the SACL is gathered from lists, of each the parts named beside it.
fn assemble(
    control: u16,
    owner: Option<Sid>,
    group: Option<Sid>,
    sacls: &[(Option<Acl<'_>>, u32)],
    dacl: Option<Acl<'_>>,
    w: &mut Writer<'_>,
) -> Result<(), Full> {
    let start = w.position();
    w.u8(1)?;
    w.u8(0)?;
    w.u16(control)?;
    w.zeros(16)?;
    // Tells the offset field at `field` of the part that comes next.
    let here = |field: usize, w: &mut Writer<'_>| {
        let offset = u32::try_from(w.position() - start).map_err(|_| Full)?;
        w.patch_u32(start + field, offset)
    };
    if let Some(owner) = owner {
        here(4, w)?;
        owner.write(w)?;
    }
    if let Some(group) = group {
        here(8, w)?;
        group.write(w)?;
    }
    let gathered = || {
        sacls
            .iter()
            .filter(|(_, parts)| *parts != 0)
            .filter_map(|(sacl, parts)| Some(((*sacl)?, *parts)))
    };
    if let Some(revision) = gathered().map(|(sacl, _)| sacl.revision()).max() {
        here(12, w)?;
        let mut list = AclWriter::begin(revision, w)?;
        for (sacl, parts) in gathered() {
            for ace in sacl
                .aces()
                .filter(|ace| parts & part_of_sacl(ace.kind) != 0)
            {
                list.copy(&ace, w)?;
            }
        }
        list.finish(w)?;
    }
    if let Some(dacl) = dacl {
        here(16, w)?;
        dacl.write(w)?;
    }
    Ok(())
}

/// Appends what is to be stored after a SET_INFO: the parts named from `request`, the others from
/// `stored` ([MS-FSA]). An owner or group named but not given stays. A list is marked as
/// auto-inherited only if the request says so and asks for it ([MS-DTYP] 2.5.3.4.2). Generic rights of
/// the new DACL are stored as the rights of files they stand for, save where an entry only waits to be
/// inherited.
pub fn merge(
    stored: &SecurityDescriptor<'_>,
    request: &SecurityDescriptor<'_>,
    parts: u32,
    w: &mut Writer<'_>,
) -> Result<(), Full> {
    let parts = wanted(parts);
    let taken = parts & information::IN_SACL;
    let mut control = stored.control | control::SELF_RELATIVE;
    let mut take = |of_list: u16, requested: u16, inherited: u16| {
        control = control & !of_list | request.control & of_list & !requested;
        if request.control & requested == 0 {
            control &= !inherited;
        }
    };
    if parts & information::DACL != 0 {
        take(
            control::OF_DACL,
            control::DACL_AUTO_INHERIT_REQ,
            control::DACL_AUTO_INHERITED,
        );
    }
    if taken != 0 {
        take(
            control::OF_SACL,
            control::SACL_AUTO_INHERIT_REQ,
            control::SACL_AUTO_INHERITED,
        );
    }
    let kept = information::IN_SACL & !taken;
    if kept != 0 && stored.sacl.is_some() {
        control |= control::SACL_PRESENT;
    }
    let owner = request
        .owner
        .filter(|_| parts & information::OWNER != 0)
        .or(stored.owner);
    let group = request
        .group
        .filter(|_| parts & information::GROUP != 0)
        .or(stored.group);
    let dacl = if parts & information::DACL != 0 {
        request.dacl
    } else {
        stored.dacl
    };
    assemble(
        control,
        owner,
        group,
        &[(stored.sacl, kept), (request.sacl, taken)],
        dacl,
        w,
    )?;
    // The DACL stands last; go over its masks once more.
    let Some(dacl) = request.dacl.filter(|_| parts & information::DACL != 0) else {
        return Ok(());
    };
    let mut at = w.position() - dacl.size() + 8;
    for ace in dacl.aces() {
        if let (true, Some(parts)) = (ace.is_effective(), ace.parts) {
            w.patch_u32(at + 4, map_generic(parts.mask))?;
        }
        at += ace.bytes.len();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{AceParts, ace_flags};
    use super::*;
    use proptest::prelude::*;

    /// A list of plain entries: type, flags, mask, SID.
    fn list(entries: &[(u8, u8, u32, Sid)]) -> Vec<u8> {
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
        w.written().to_vec()
    }

    fn written(descriptor: &SecurityDescriptor<'_>, parts: u32) -> Vec<u8> {
        let mut room = [0; 2000];
        let mut w = Writer::new(&mut room);
        descriptor.write_parts(parts, &mut w).unwrap();
        assert_eq!(w.position(), descriptor.size(parts));
        w.written().to_vec()
    }

    fn merged(
        stored: &SecurityDescriptor<'_>,
        request: &SecurityDescriptor<'_>,
        parts: u32,
    ) -> Vec<u8> {
        let mut room = [0; 2000];
        let mut w = Writer::new(&mut room);
        w.u32(0).unwrap();
        merge(stored, request, parts, &mut w).unwrap();
        w.written()[4..].to_vec()
    }

    const BOTH: u16 = control::SELF_RELATIVE | control::DACL_PRESENT | control::SACL_PRESENT;

    #[test]
    fn the_parts_asked_for_are_written_and_no_others() {
        let dacl = list(&[(0, 0, 1, Sid::EVERYONE)]);
        let sacl = list(&[(2, 0, 1, Sid::EVERYONE), (0x11, 0, 1, Sid::USERS)]);
        let full = SecurityDescriptor {
            control: BOTH | control::DACL_PROTECTED,
            owner: Some(Sid::SYSTEM),
            group: Some(Sid::USERS),
            sacl: Some(Acl::parse(&sacl).unwrap()),
            dacl: Some(Acl::parse(&dacl).unwrap()),
        };
        let bytes = written(&full, information::ALL);
        assert_eq!(SecurityDescriptor::parse(&bytes), Ok(full));
        assert_eq!(written(&full, information::BACKUP), bytes);
        let none = SecurityDescriptor {
            control: control::SELF_RELATIVE,
            ..Default::default()
        };
        for (parts, expected) in [
            (0, none),
            (
                information::OWNER,
                SecurityDescriptor {
                    owner: full.owner,
                    ..none
                },
            ),
            (
                information::GROUP,
                SecurityDescriptor {
                    group: full.group,
                    ..none
                },
            ),
            (
                information::DACL,
                SecurityDescriptor {
                    control: full.control & !control::OF_SACL,
                    dacl: full.dacl,
                    ..none
                },
            ),
        ] {
            assert_eq!(
                SecurityDescriptor::parse(&written(&full, parts)),
                Ok(expected),
                "{parts}"
            );
        }
        for (part, kind) in [(information::SACL, 2), (information::LABEL, 0x11)] {
            let bytes = written(&full, part);
            let found = SecurityDescriptor::parse(&bytes).unwrap();
            assert!(found.sacl.unwrap().aces().map(|ace| ace.kind).eq([kind]));
        }
    }

    /// The header's offsets at 4 (owner), 8 (group), 12 (SACL), 16 (DACL); CVE-2025-21946, CVE-2025-22039.
    #[test]
    fn offsets_that_lead_out_are_refused() {
        let dacl = list(&[(0, 0, 1, Sid::EVERYONE)]);
        let acl = Acl::parse(&dacl).ok();
        let full = SecurityDescriptor {
            control: BOTH,
            owner: Some(Sid::SYSTEM),
            group: Some(Sid::SYSTEM),
            sacl: acl,
            dacl: acl,
        };
        let good = written(&full, information::ALL);
        let length = good.len() as u32;
        for field in [4, 8, 12, 16] {
            for offset in [
                1,
                19,
                length - 7,
                length - 1,
                length,
                length + 1,
                0x7FFF_FFFF,
                0xFFFF_FFF0,
                u32::MAX,
            ] {
                let mut bytes = good.clone();
                bytes[field..field + 4].copy_from_slice(&offset.to_le_bytes());
                assert_eq!(
                    SecurityDescriptor::parse(&bytes),
                    Err(Malformed),
                    "{field} {offset}"
                );
            }
            let mut bytes = good.clone();
            bytes[field..field + 4].fill(0);
            assert!(SecurityDescriptor::parse(&bytes).is_ok());
        }
        for cut in 0..good.len() {
            assert_eq!(
                SecurityDescriptor::parse(&good[..cut]),
                Err(Malformed),
                "{cut}"
            );
        }
        for (at, byte) in [(0, 2), (3, 0)] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(SecurityDescriptor::parse(&bytes), Err(Malformed));
        }
    }

    #[test]
    fn no_list_and_an_empty_list_are_not_the_same() {
        let null = SecurityDescriptor {
            control: BOTH & !control::SACL_PRESENT,
            ..Default::default()
        };
        assert_eq!(
            SecurityDescriptor::parse(&written(&null, information::ALL)),
            Ok(null)
        );
        let empty = SecurityDescriptor {
            dacl: Some(Acl::EMPTY),
            ..null
        };
        assert_eq!(
            SecurityDescriptor::parse(&written(&empty, information::ALL)),
            Ok(empty)
        );
    }

    #[test]
    fn a_merge_takes_what_is_named_and_keeps_the_rest() {
        let (old, new) = (
            list(&[(0, 0, 1, Sid::EVERYONE)]),
            list(&[(0, 0, 2, Sid::USERS)]),
        );
        let stored = SecurityDescriptor {
            control: BOTH & !control::SACL_PRESENT | control::DACL_PROTECTED,
            owner: Some(Sid::SYSTEM),
            group: Some(Sid::SYSTEM),
            sacl: None,
            dacl: Acl::parse(&old).ok(),
        };
        let request = SecurityDescriptor {
            control: BOTH & !control::SACL_PRESENT,
            owner: Some(Sid::USERS),
            group: None,
            sacl: None,
            dacl: Acl::parse(&new).ok(),
        };
        for (parts, expected) in [
            (0, stored),
            (
                information::OWNER,
                SecurityDescriptor {
                    owner: request.owner,
                    ..stored
                },
            ),
            (information::GROUP, stored),
            (
                information::DACL,
                SecurityDescriptor {
                    dacl: request.dacl,
                    control: request.control,
                    ..stored
                },
            ),
        ] {
            assert_eq!(
                SecurityDescriptor::parse(&merged(&stored, &request, parts)),
                Ok(expected),
                "{parts}"
            );
        }
    }

    #[test]
    fn auto_inherited_is_kept_only_if_asked_for() {
        use control::{DACL_AUTO_INHERIT_REQ as REQ, DACL_AUTO_INHERITED as DONE};
        let stored = SecurityDescriptor::default();
        for (asked, expected) in [(0, 0), (REQ, 0), (DONE, 0), (REQ | DONE, DONE)] {
            let control = BOTH & !control::SACL_PRESENT | asked;
            let request = SecurityDescriptor {
                control,
                dacl: Some(Acl::EMPTY),
                ..Default::default()
            };
            let bytes = merged(&stored, &request, information::DACL);
            assert_eq!(
                SecurityDescriptor::parse(&bytes).unwrap().control & (REQ | DONE),
                expected
            );
        }
    }

    #[test]
    fn a_label_is_set_beside_what_is_audited() {
        let audit = list(&[(2, 0, 1, Sid::EVERYONE), (0x11, 0, 1, Sid::USERS)]);
        let label = list(&[(0x11, 0, 2, Sid::USERS), (2, 0, 9, Sid::USERS)]);
        let of = |sacl| SecurityDescriptor {
            control: BOTH & !control::DACL_PRESENT,
            sacl: Acl::parse(sacl).ok(),
            ..Default::default()
        };
        let bytes = merged(&of(&audit), &of(&label), information::LABEL);
        let sacl = SecurityDescriptor::parse(&bytes).unwrap().sacl.unwrap();
        assert!(
            sacl.aces()
                .map(|ace| (ace.kind, ace.parts.unwrap().mask))
                .eq([(2, 1), (0x11, 2)])
        );
    }

    #[test]
    fn generic_rights_are_stored_as_those_of_files() {
        let dacl = list(&[
            (0, 0, 0x8000_0000, Sid::EVERYONE),
            (
                0,
                ace_flags::INHERIT_ONLY | 3,
                0x1000_0000,
                Sid::CREATOR_OWNER,
            ),
            (1, 0, 0x4, Sid::USERS),
        ]);
        let control = BOTH & !control::SACL_PRESENT;
        let request = SecurityDescriptor {
            control,
            dacl: Acl::parse(&dacl).ok(),
            ..Default::default()
        };
        let bytes = merged(&SecurityDescriptor::default(), &request, information::DACL);
        let dacl = SecurityDescriptor::parse(&bytes).unwrap().dacl.unwrap();
        assert!(
            dacl.aces()
                .map(|ace| ace.parts.unwrap().mask)
                .eq([0x12_0089, 0x1000_0000, 4])
        );
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic_and_what_is_read_can_be_written(
            control: u16,
            offsets in proptest::array::uniform4(prop_oneof![Just(0u32), 20u32..60, any::<u32>()]),
            mut body in proptest::collection::vec(prop_oneof![3 => 0u8..20, 1 => any::<u8>()], 0..120),
            information: u32,
        ) {
            if let Some(first) = body.first_mut() {
                *first = 1 + *first % 3;
            }
            let mut bytes = [&[1, 0][..], &(control | control::SELF_RELATIVE).to_le_bytes()].concat();
            bytes.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
            bytes.extend(&body);
            if let Ok(descriptor) = SecurityDescriptor::parse(&bytes) {
                let again = written(&descriptor, information::ALL);
                let reread = SecurityDescriptor::parse(&again);
                prop_assert_eq!(reread.map(|found| (found.owner, found.group, found.dacl)), Ok((descriptor.owner, descriptor.group, descriptor.dacl)));
                written(&descriptor, information);
                let both = merged(&descriptor, &descriptor, information);
                prop_assert!(SecurityDescriptor::parse(&both).is_ok());
            }
        }

        #[test]
        fn full_rooms_never_panic(room in 0usize..200) {
            let dacl = list(&[(0, 0, 1, Sid::EVERYONE), (1, 0, 1, Sid::ADMINISTRATORS)]);
            let acl = Acl::parse(&dacl).ok();
            let full = SecurityDescriptor { control: BOTH, owner: Some(Sid::SYSTEM), group: Some(Sid::SYSTEM), sacl: acl, dacl: acl };
            let mut bytes = vec![0; room];
            prop_assert_eq!(full.write(&mut Writer::new(&mut bytes)).is_ok(), room >= full.size(information::ALL));
            prop_assert_eq!(merge(&full, &full, information::ALL, &mut Writer::new(&mut bytes)).is_ok(), room >= full.size(information::ALL));
        }
    }
}
