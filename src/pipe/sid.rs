//! Security identifiers ([MS-DTYP] 2.4.2).

/// A SID of at most 15 parts below its authority.
#[derive(Clone, Copy, Debug)]
pub struct Sid {
    authority: u64,
    count: u8,
    parts: [u32; Sid::MAX_PARTS],
}

impl Sid {
    /// SID_MAX_SUB_AUTHORITIES.
    pub const MAX_PARTS: usize = 15;

    /// The SID of `authority` (48 bits) and `parts`; `None` if there are more than 15.
    pub const fn new(authority: u64, parts: &[u32]) -> Option<Sid> {
        if parts.len() > Sid::MAX_PARTS || authority >> 48 != 0 {
            return None;
        }
        let mut all = [0; Sid::MAX_PARTS];
        let mut i = 0;
        while i < parts.len() {
            all[i] = parts[i];
            i += 1;
        }
        Some(Sid {
            authority,
            count: parts.len() as u8,
            parts: all,
        })
    }

    /// IdentifierAuthority as a number.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// SubAuthority.
    pub fn parts(&self) -> &[u32] {
        self.parts
            .get(..usize::from(self.count))
            .unwrap_or_default()
    }

    /// This SID with `rid` added below; `None` if it is full.
    pub fn child(&self, rid: u32) -> Option<Sid> {
        let mut child = *self;
        *child.parts.get_mut(usize::from(self.count))? = rid;
        child.count += 1;
        Some(child)
    }

    /// The RID, if this SID stands directly below `domain`.
    pub fn rid_in(&self, domain: &Sid) -> Option<u32> {
        let (rid, above) = self.parts().split_last()?;
        (self.authority == domain.authority && above == domain.parts()).then_some(*rid)
    }
}

impl PartialEq for Sid {
    fn eq(&self, other: &Sid) -> bool {
        self.authority == other.authority && self.parts() == other.parts()
    }
}

impl Eq for Sid {}

impl core::fmt::Display for Sid {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts()
            .iter()
            .try_for_each(|part| write!(f, "-{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_knows_its_domain() {
        let domain = Sid::new(5, &[21, 1, 2, 3]).unwrap();
        let user = domain.child(1000).unwrap();
        assert_eq!(user.to_string(), "S-1-5-21-1-2-3-1000");
        assert_eq!(user.rid_in(&domain), Some(1000));
        assert_eq!(user.rid_in(&user), None);
        assert_eq!(domain.rid_in(&domain), None);
        assert_ne!(user, domain);
    }

    #[test]
    fn more_than_fifteen_parts_are_refused() {
        assert!(Sid::new(5, &[0; 16]).is_none());
        assert!(Sid::new(5, &[0; 15]).unwrap().child(1).is_none());
        assert!(Sid::new(1 << 48, &[]).is_none());
    }
}
