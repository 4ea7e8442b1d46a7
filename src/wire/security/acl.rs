//! Access-control lists and their entries.

use super::Sid;
use crate::wire::{Full, Malformed, Reader, Writer};

/// AceType values ([MS-DTYP] 2.4.4.1).
pub mod ace_type {
    /// ACCESS_ALLOWED_ACE_TYPE.
    pub const ALLOWED: u8 = 0x00;
    /// ACCESS_DENIED_ACE_TYPE.
    pub const DENIED: u8 = 0x01;
    /// SYSTEM_AUDIT_ACE_TYPE.
    pub const AUDIT: u8 = 0x02;
    /// SYSTEM_ALARM_ACE_TYPE.
    pub const ALARM: u8 = 0x03;
    /// ACCESS_ALLOWED_OBJECT_ACE_TYPE.
    pub const ALLOWED_OBJECT: u8 = 0x05;
    /// ACCESS_DENIED_OBJECT_ACE_TYPE.
    pub const DENIED_OBJECT: u8 = 0x06;
    /// SYSTEM_ALARM_OBJECT_ACE_TYPE; SYSTEM_AUDIT_OBJECT_ACE_TYPE is 7.
    pub const ALARM_OBJECT: u8 = 0x08;
    /// ACCESS_ALLOWED_CALLBACK_ACE_TYPE: with a condition.
    pub const ALLOWED_CALLBACK: u8 = 0x09;
    /// ACCESS_DENIED_CALLBACK_ACE_TYPE.
    pub const DENIED_CALLBACK: u8 = 0x0A;
    /// ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE; ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE is 0x0C.
    pub const ALLOWED_CALLBACK_OBJECT: u8 = 0x0B;
    /// SYSTEM_AUDIT_CALLBACK_ACE_TYPE.
    pub const AUDIT_CALLBACK: u8 = 0x0D;
    /// SYSTEM_AUDIT_CALLBACK_OBJECT_ACE_TYPE; SYSTEM_ALARM_CALLBACK_OBJECT_ACE_TYPE is 0x10.
    pub const AUDIT_CALLBACK_OBJECT: u8 = 0x0F;
    /// SYSTEM_MANDATORY_LABEL_ACE_TYPE.
    pub const MANDATORY_LABEL: u8 = 0x11;
    /// SYSTEM_RESOURCE_ATTRIBUTE_ACE_TYPE.
    pub const RESOURCE_ATTRIBUTE: u8 = 0x12;
    /// SYSTEM_SCOPED_POLICY_ID_ACE_TYPE.
    pub const SCOPED_POLICY_ID: u8 = 0x13;
}

/// AceFlags bits ([MS-DTYP] 2.4.4.1).
pub mod ace_flags {
    /// OBJECT_INHERIT_ACE: files inherit it.
    pub const OBJECT_INHERIT: u8 = 0x01;
    /// CONTAINER_INHERIT_ACE: directories inherit it.
    pub const CONTAINER_INHERIT: u8 = 0x02;
    /// NO_PROPAGATE_INHERIT_ACE: children inherit it, theirs do not.
    pub const NO_PROPAGATE: u8 = 0x04;
    /// INHERIT_ONLY_ACE: not for this object itself.
    pub const INHERIT_ONLY: u8 = 0x08;
    /// INHERITED_ACE.
    pub const INHERITED: u8 = 0x10;
}

/// Where the SID stands in an entry of a type.
enum Layout {
    /// After the mask.
    Plain,
    /// After the mask, Flags and up to two GUIDs.
    Object,
    /// Not known.
    Opaque,
}

fn layout(kind: u8) -> Layout {
    match kind {
        0x00..=0x03 | 0x09 | 0x0A | 0x0D | 0x0E | 0x11..=0x13 => Layout::Plain,
        0x05..=0x08 | 0x0B | 0x0C | 0x0F | 0x10 => Layout::Object,
        _ => Layout::Opaque,
    }
}

/// One entry of a checked list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ace<'a> {
    /// AceType.
    pub kind: u8,
    /// AceFlags.
    pub flags: u8,
    /// The whole entry, header included.
    pub bytes: &'a [u8],
    /// Mask, SID and what follows it; `None` for types whose layout is not known, and for those that
    /// speak of object types, which files have none of.
    pub parts: Option<AceParts<'a>>,
}

/// What an entry says ([MS-DTYP] 2.4.4.2 and after it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AceParts<'a> {
    /// Mask.
    pub mask: u32,
    /// Sid.
    pub sid: Sid,
    /// ApplicationData, a condition or an attribute; mostly empty.
    pub data: &'a [u8],
}

impl<'a> Ace<'a> {
    /// Reads the entry at the start of `bytes`: AceSize a multiple of 4, within `bytes`, and large enough
    /// for all its type has, the SID's sub-authorities included.
    fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let (kind, flags, size) = (r.u8()?, r.u8()?, usize::from(r.u16()?));
        if size < 4 || !size.is_multiple_of(4) {
            return Err(Malformed);
        }
        let bytes = bytes.get(..size).ok_or(Malformed)?;
        let mut r = Reader::at(bytes, 4);
        let parts = match layout(kind) {
            Layout::Plain => {
                let mask = r.u32()?;
                let rest = r.bytes(r.remaining())?;
                let sid = Sid::parse(rest)?;
                Some(AceParts {
                    mask,
                    sid,
                    data: rest.get(sid.size()..).ok_or(Malformed)?,
                })
            }
            Layout::Object => {
                r.skip(4)?;
                let present = r.u32()?;
                r.skip(16 * (present & 3).count_ones() as usize)?;
                Sid::parse(r.bytes(r.remaining())?)?;
                None
            }
            Layout::Opaque => None,
        };
        Ok(Ace {
            kind,
            flags,
            bytes,
            parts,
        })
    }

    /// Whether it says something about the object it stands on, not only about what is made below.
    pub fn is_effective(&self) -> bool {
        self.flags & ace_flags::INHERIT_ONLY == 0
    }
}

/// A checked access-control list ([MS-DTYP] 2.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acl<'a> {
    revision: u8,
    count: u16,
    aces: &'a [u8],
}

impl<'a> Acl<'a> {
    /// A list without entries: nobody is granted anything.
    pub const EMPTY: Acl<'static> = Acl {
        revision: 2,
        count: 0,
        aces: &[],
    };

    /// Reads the list at the start of `bytes`: AclSize within them, AceCount entries within AclSize, each
    /// of them whole. Room left over in AclSize is allowed and dropped.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let revision = r.u8()?;
        r.skip(1)?;
        let size = usize::from(r.u16()?);
        let count = r.u16()?;
        if !(2..=4).contains(&revision) {
            return Err(Malformed);
        }
        let aces = bytes.get(8..size).ok_or(Malformed)?;
        let mut rest = aces;
        for _ in 0..count {
            let ace = Ace::parse(rest)?;
            rest = rest.get(ace.bytes.len()..).ok_or(Malformed)?;
        }
        let used = aces.len() - rest.len();
        Ok(Acl {
            revision,
            count,
            aces: aces.get(..used).ok_or(Malformed)?,
        })
    }

    /// The entries in their order.
    pub fn aces(&self) -> Aces<'a> {
        Aces { rest: self.aces }
    }

    /// AceCount.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// AclRevision.
    pub fn revision(&self) -> u8 {
        self.revision
    }

    /// Its length in bytes when written.
    pub fn size(&self) -> usize {
        8 + self.aces.len()
    }

    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u8(self.revision)?;
        w.u8(0)?;
        w.u16(u16::try_from(self.size()).map_err(|_| Full)?)?;
        w.u16(self.count)?;
        w.u16(0)?;
        w.bytes(self.aces)
    }
}

/// See [`Acl::aces`].
#[derive(Clone, Debug)]
pub struct Aces<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Aces<'a> {
    type Item = Ace<'a>;

    fn next(&mut self) -> Option<Ace<'a>> {
        let ace = Ace::parse(self.rest).ok()?;
        self.rest = self.rest.get(ace.bytes.len()..)?;
        Some(ace)
    }
}

/// Writes a list entry by entry.
#[derive(Debug)]
pub struct AclWriter {
    start: usize,
    count: u16,
}

impl AclWriter {
    /// Begins a list where `w` stands; the revision is 2, or 4 if entries of object types will be in it.
    pub fn begin(revision: u8, w: &mut Writer<'_>) -> Result<Self, Full> {
        let start = w.position();
        w.u8(revision)?;
        w.zeros(7)?;
        Ok(AclWriter { start, count: 0 })
    }

    /// Appends an entry with SID ([MS-DTYP] 2.4.4.2).
    pub fn ace(
        &mut self,
        kind: u8,
        flags: u8,
        parts: &AceParts<'_>,
        w: &mut Writer<'_>,
    ) -> Result<(), Full> {
        let size = parts.sid.size() + 8;
        let size = size
            .checked_add(parts.data.len())
            .ok_or(Full)?
            .next_multiple_of(4);
        let start = w.position();
        w.u8(kind)?;
        w.u8(flags)?;
        w.u16(u16::try_from(size).map_err(|_| Full)?)?;
        w.u32(parts.mask)?;
        parts.sid.write(w)?;
        w.bytes(parts.data)?;
        w.align(start, 4)?;
        self.counted()
    }

    /// Appends an entry as it is.
    pub fn copy(&mut self, ace: &Ace<'_>, w: &mut Writer<'_>) -> Result<(), Full> {
        w.bytes(ace.bytes)?;
        self.counted()
    }

    fn counted(&mut self) -> Result<(), Full> {
        self.count = self.count.checked_add(1).ok_or(Full)?;
        Ok(())
    }

    /// How many entries there are.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// Fills in AclSize and AceCount; [`Full`] if the list has grown beyond 65,535 bytes.
    pub fn finish(self, w: &mut Writer<'_>) -> Result<(), Full> {
        let size = u16::try_from(w.position() - self.start).map_err(|_| Full)?;
        w.patch_u16(self.start + 2, size)?;
        w.patch_u16(self.start + 4, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two entries of 20 bytes each: allowed and denied, Everyone.
    fn two() -> Vec<u8> {
        let mut room = [0; 100];
        let mut w = Writer::new(&mut room);
        let mut list = AclWriter::begin(2, &mut w).unwrap();
        let parts = AceParts {
            mask: 7,
            sid: Sid::EVERYONE,
            data: &[],
        };
        list.ace(ace_type::ALLOWED, 0, &parts, &mut w).unwrap();
        list.ace(ace_type::DENIED, 3, &parts, &mut w).unwrap();
        list.finish(&mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn entries_come_back_in_their_order() {
        let bytes = two();
        let acl = Acl::parse(&bytes).unwrap();
        assert_eq!((acl.count(), acl.size()), (2, bytes.len()));
        let found = acl
            .aces()
            .map(|ace| (ace.kind, ace.flags, ace.parts.unwrap()));
        let parts = AceParts {
            mask: 7,
            sid: Sid::EVERYONE,
            data: &[],
        };
        assert!(found.eq([(0, 0, parts), (1, 3, parts)]));
    }

    /// Offsets: AclSize at 2, AceCount at 4; the first entry's AceSize at 10, its SubAuthorityCount at 17.
    /// CVE-2025-21994 (AceCount), CVE-2025-22038 and CVE-2026-68097 (sub-authorities against AceSize),
    /// CVE-2026-31712 (the least AceSize), CVE-2026-31706 and CVE-2026-63909 (walks), CVE-2026-72382
    /// (a list smaller than its header).
    #[test]
    fn sizes_and_counts_that_lie_are_refused() {
        for (at, value) in [
            (2, 0u16),
            (2, 7),
            (2, 47),
            (2, 49),
            (2, u16::MAX),
            (4, 3),
            (4, u16::MAX),
            (10, 0),
            (10, 4),
            (10, 8),
            (10, 16),
            (10, 18),
            (10, 21),
            (10, 24),
            (10, 44),
            (10, u16::MAX),
            (30, 0),
            (30, 16),
            (30, 24),
            (16, 0x0201),
            (16, 0x0F01),
            (16, 0x1001),
            (16, 0xFF01),
        ] {
            let mut bytes = two();
            bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
            assert_eq!(Acl::parse(&bytes), Err(Malformed), "{at} {value}");
        }
        for revision in [0, 1, 5, 255] {
            let mut bytes = two();
            bytes[0] = revision;
            assert_eq!(Acl::parse(&bytes), Err(Malformed));
        }
        for cut in 0..48 {
            assert_eq!(Acl::parse(&two()[..cut]), Err(Malformed));
        }
    }

    #[test]
    fn a_sid_of_no_sub_authorities_is_whole() {
        let mut bytes = two();
        bytes[17] = 0;
        let acl = Acl::parse(&bytes).unwrap();
        let first = acl.aces().next().unwrap().parts.unwrap();
        assert_eq!(
            (first.sid.sub_authorities().len(), first.data.len()),
            (0, 4)
        );
    }

    #[test]
    fn room_left_over_in_the_list_is_dropped() {
        let mut bytes = two();
        bytes[4] = 1;
        let acl = Acl::parse(&bytes).unwrap();
        assert_eq!((acl.count(), acl.size(), acl.aces().count()), (1, 28, 1));
    }

    #[test]
    fn entries_of_object_types_need_their_guids_and_sid() {
        // Flags say one GUID, then two; the SID is Everyone's.
        let sid = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        for (present, guids, valid) in [
            (0u32, 0, true),
            (1, 16, true),
            (2, 16, true),
            (3, 32, true),
            (3, 16, false),
            (1, 0, false),
        ] {
            let body = [&[0; 4][..], &present.to_le_bytes(), &vec![9; guids], &sid].concat();
            let size = (body.len() + 4) as u16;
            let ace = [
                &[ace_type::ALLOWED_OBJECT, 0][..],
                &size.to_le_bytes(),
                &body,
            ]
            .concat();
            let found = Ace::parse(&ace);
            assert_eq!(found.is_ok(), valid, "{present} {guids}");
            assert!(found.is_err() || found.unwrap().parts.is_none());
        }
    }

    /// CVE-2026-31704, CVE-2026-68099.
    #[test]
    fn a_list_beyond_65535_bytes_is_not_finished() {
        let mut room = vec![0; 70_000];
        let mut w = Writer::new(&mut room);
        let mut list = AclWriter::begin(2, &mut w).unwrap();
        let parts = AceParts {
            mask: 1,
            sid: Sid::EVERYONE,
            data: &[0; 32_000],
        };
        list.ace(0, 0, &parts, &mut w).unwrap();
        list.ace(0, 0, &parts, &mut w).unwrap();
        list.ace(
            0,
            0,
            &AceParts {
                data: &[0; 1500],
                ..parts
            },
            &mut w,
        )
        .unwrap();
        list.ace(0, 0, &AceParts { data: &[], ..parts }, &mut w)
            .unwrap();
        assert_eq!(list.finish(&mut w), Err(Full));
        let mut list = AclWriter::begin(2, &mut w).unwrap();
        assert_eq!(
            list.ace(
                0,
                0,
                &AceParts {
                    data: &[0; 65_535],
                    ..parts
                },
                &mut w
            ),
            Err(Full)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic_and_the_walk_ends(
            count in prop_oneof![0u16..8, any::<u16>()],
            size in prop_oneof![0u16..200, any::<u16>()],
            aces in proptest::collection::vec((0u8..24, 0u8..48, 0u8..18, proptest::collection::vec(any::<u8>(), 0..48)), 0..6),
        ) {
            let mut bytes = [&[2, 0][..], &size.to_le_bytes(), &count.to_le_bytes(), &[0; 2]].concat();
            for (kind, size, subs, rest) in &aces {
                bytes.extend([*kind, 0, *size, 0, 0, 0, 0, 0, 1, *subs, 0, 0, 0, 0, 0, 5]);
                bytes.extend(rest);
            }
            if let Ok(acl) = Acl::parse(&bytes) {
                prop_assert!(acl.size() <= bytes.len());
                prop_assert_eq!(acl.aces().count(), usize::from(acl.count()));
                let mut room = vec![0; bytes.len()];
                let mut w = Writer::new(&mut room);
                acl.write(&mut w).unwrap();
                prop_assert_eq!(Acl::parse(w.written()), Ok(acl));
            }
        }
    }
}
