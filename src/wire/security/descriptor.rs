//! The self-relative security descriptor.

use super::{Acl, AclWriter, Sid, ace_type};
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
/// `stored` ([MS-FSA] 2.1.5.17). An owner or group named but not given stays. A list is marked as
/// auto-inherited only if the request says so and asks for it ([MS-DTYP] 2.5.3.4.2).
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
    )
}
