//! Security identifiers.

use core::fmt;

use crate::wire::{Full, Malformed, Reader, Writer};

/// SID_MAX_SUB_AUTHORITIES.
const MAXIMUM: usize = 15;

/// A security identifier ([MS-DTYP] 2.4.2): who. 68 bytes inside, 8 to 68 on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sid {
    count: u8,
    authority: [u8; 6],
    // Those from `count` on are 0, so that equality is equality of all.
    sub_authorities: [u32; MAXIMUM],
}

impl Sid {
    /// Nobody, S-1-0-0.
    pub const NOBODY: Sid = Sid::known(0, &[0]);
    /// Everyone, S-1-1-0.
    pub const EVERYONE: Sid = Sid::known(1, &[0]);
    /// Creator Owner, S-1-3-0.
    pub const CREATOR_OWNER: Sid = Sid::known(3, &[0]);
    /// Creator Group, S-1-3-1.
    pub const CREATOR_GROUP: Sid = Sid::known(3, &[1]);
    /// Owner Rights, S-1-3-4.
    pub const OWNER_RIGHTS: Sid = Sid::known(3, &[4]);
    /// Network, S-1-5-2.
    pub const NETWORK: Sid = Sid::known(5, &[2]);
    /// Anonymous, S-1-5-7.
    pub const ANONYMOUS: Sid = Sid::known(5, &[7]);
    /// Authenticated Users, S-1-5-11.
    pub const AUTHENTICATED_USERS: Sid = Sid::known(5, &[11]);
    /// SYSTEM, S-1-5-18.
    pub const SYSTEM: Sid = Sid::known(5, &[18]);
    /// BUILTIN\Administrators, S-1-5-32-544.
    pub const ADMINISTRATORS: Sid = Sid::known(5, &[32, 544]);
    /// BUILTIN\Users, S-1-5-32-545.
    pub const USERS: Sid = Sid::known(5, &[32, 545]);
    /// BUILTIN\Guests, S-1-5-32-546.
    pub const GUESTS: Sid = Sid::known(5, &[32, 546]);

    const fn known(authority: u8, sub_authorities: &[u32]) -> Sid {
        let mut sid = Sid {
            count: sub_authorities.len() as u8,
            authority: [0, 0, 0, 0, 0, authority],
            sub_authorities: [0; MAXIMUM],
        };
        let mut index = 0;
        while index < sub_authorities.len() {
            sid.sub_authorities[index] = sub_authorities[index];
            index += 1;
        }
        sid
    }

    /// A SID from its authority (big-endian, as on the wire) and sub-authorities; `None` for more than 15.
    pub fn new(authority: [u8; 6], sub_authorities: &[u32]) -> Option<Sid> {
        let mut sid = Sid {
            count: u8::try_from(sub_authorities.len()).ok()?,
            authority,
            sub_authorities: [0; MAXIMUM],
        };
        sid.sub_authorities
            .get_mut(..sub_authorities.len())?
            .copy_from_slice(sub_authorities);
        Some(sid)
    }

    /// A Unix user as Samba shows one it has no other SID for: S-1-22-1-uid.
    pub const fn unix_user(uid: u32) -> Sid {
        Sid::known(22, &[1, uid])
    }

    /// A Unix group likewise: S-1-22-2-gid.
    pub const fn unix_group(gid: u32) -> Sid {
        Sid::known(22, &[2, gid])
    }

    /// The uid of S-1-22-1-uid.
    pub fn as_unix_user(&self) -> Option<u32> {
        self.unix(1)
    }

    /// The gid of S-1-22-2-gid.
    pub fn as_unix_group(&self) -> Option<u32> {
        self.unix(2)
    }

    fn unix(&self, kind: u32) -> Option<u32> {
        match (self.authority, self.sub_authorities()) {
            ([0, 0, 0, 0, 0, 22], &[found, id]) if found == kind => Some(id),
            _ => None,
        }
    }

    /// A SID of this one's domain: one more sub-authority, the RID. `None` if there are 15 already.
    pub fn with_rid(&self, rid: u32) -> Option<Sid> {
        let mut sid = *self;
        *sid.sub_authorities.get_mut(usize::from(self.count))? = rid;
        sid.count += 1;
        Some(sid)
    }

    /// IdentifierAuthority, big-endian.
    pub fn authority(&self) -> [u8; 6] {
        self.authority
    }

    /// SubAuthority values.
    pub fn sub_authorities(&self) -> &[u32] {
        self.sub_authorities
            .get(..usize::from(self.count))
            .unwrap_or(&self.sub_authorities)
    }

    /// Reads the SID at the start of `bytes`; what follows it is not looked at. Revision 1, at most 15
    /// sub-authorities, all of them there.
    pub fn parse(bytes: &[u8]) -> Result<Sid, Malformed> {
        let mut r = Reader::new(bytes);
        let revision = r.u8()?;
        let count = r.u8()?;
        let authority = r.array()?;
        if revision != 1 || usize::from(count) > MAXIMUM {
            return Err(Malformed);
        }
        let mut sub_authorities = [0; MAXIMUM];
        for sub_authority in sub_authorities.iter_mut().take(count.into()) {
            *sub_authority = r.u32()?;
        }
        Ok(Sid {
            count,
            authority,
            sub_authorities,
        })
    }

    /// Its length in bytes on the wire.
    pub fn size(&self) -> usize {
        8 + 4 * self.sub_authorities().len()
    }

    /// Appends it.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u8(1)?;
        w.u8(self.count)?;
        w.bytes(&self.authority)?;
        for sub_authority in self.sub_authorities() {
            w.u32(*sub_authority)?;
        }
        Ok(())
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self
            .authority
            .iter()
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        // [MS-DTYP] 2.4.2.1: decimal below 2^32, else hexadecimal.
        if authority >> 32 == 0 {
            write!(f, "S-1-{authority}")?
        } else {
            write!(f, "S-1-0x{authority:012X}")?
        }
        self.sub_authorities()
            .iter()
            .try_for_each(|sub_authority| write!(f, "-{sub_authority}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(sid: &Sid) -> Vec<u8> {
        let mut room = [0; 68];
        let mut w = Writer::new(&mut room);
        sid.write(&mut w).unwrap();
        assert_eq!(w.position(), sid.size());
        w.written().to_vec()
    }

    #[test]
    fn well_known_ones_are_written_out() {
        for (sid, text) in [
            (Sid::EVERYONE, "S-1-1-0"),
            (Sid::CREATOR_OWNER, "S-1-3-0"),
            (Sid::OWNER_RIGHTS, "S-1-3-4"),
            (Sid::ANONYMOUS, "S-1-5-7"),
            (Sid::ADMINISTRATORS, "S-1-5-32-544"),
            (Sid::unix_user(1000), "S-1-22-1-1000"),
            (Sid::unix_group(4_294_967_295), "S-1-22-2-4294967295"),
            (
                Sid::new([1, 0, 0, 0, 0, 5], &[]).unwrap(),
                "S-1-0x010000000005",
            ),
        ] {
            assert_eq!(sid.to_string(), text);
            assert_eq!(Sid::parse(&written(&sid)), Ok(sid));
        }
    }

    #[test]
    fn counts_that_lie_are_refused() {
        let good = written(&Sid::ADMINISTRATORS);
        for (at, byte) in [(0, 0), (0, 2), (1, 3), (1, 16), (1, 255)] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(Sid::parse(&bytes), Err(Malformed), "{at} {byte}");
        }
        for cut in 0..good.len() {
            assert_eq!(Sid::parse(&good[..cut]), Err(Malformed));
        }
        assert_eq!(Sid::new([0; 6], &[0; 16]), None);
        let full = Sid::new([0; 6], &[1; 15]).unwrap();
        assert_eq!(full.with_rid(1), None);
        assert_eq!(
            Sid::parse(&[1, 0, 0, 0, 0, 0, 0, 5])
                .unwrap()
                .sub_authorities(),
            &[]
        );
    }

    #[test]
    fn unix_ids_are_found_again() {
        assert_eq!(Sid::unix_user(7).as_unix_user(), Some(7));
        assert_eq!(Sid::unix_user(7).as_unix_group(), None);
        assert_eq!(Sid::unix_group(7).as_unix_group(), Some(7));
        assert_eq!(Sid::ADMINISTRATORS.as_unix_user(), None);
        assert_eq!(Sid::known(22, &[1]).as_unix_user(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(count in 0u8..20, rest: Vec<u8>) {
            let bytes = [&[1, count][..], &rest].concat();
            if let Ok(sid) = Sid::parse(&bytes) {
                prop_assert_eq!(&written(&sid)[..], &bytes[..sid.size()]);
            }
        }
    }
}
