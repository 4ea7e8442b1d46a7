//! The SIDs of this server's own users: made of what never changes, the server's GUID and the user's name, so
//! that a descriptor that names one means the same user after a restart and after others were added or removed
//! ([MS-DTYP] 2.4.2).

use crate::wire::security::Sid;
use crate::wire::utf16;

/// The first RID that is nobody's everywhere.
const FIRST_RID: u64 = 1_000;
/// RIDs are numbers of 30 bits.
const RIDS: u64 = (1 << 30) - FIRST_RID;

/// The domain of the server's accounts.
pub fn machine_sid(guid: &[u8; 16]) -> Option<Sid> {
    let (parts, _) = guid.as_chunks::<4>();
    let part = |at: usize| parts.get(at).map(|part| u32::from_le_bytes(*part));
    Sid::new([0, 0, 0, 0, 0, 5], &[21, part(0)?, part(1)?, part(2)?])
}

/// What tells a user from others of that domain. Of a thousand users two have the same once in two thousand
/// installations.
pub fn rid(name: &str) -> u32 {
    let rid = FIRST_RID + utf16::hash_folded(name.as_bytes(), 0) % RIDS;
    u32::try_from(rid).unwrap_or(u32::MAX)
}

/// A user's SID, as names are looked up.
pub fn sid(guid: &[u8; 16], name: &str) -> Option<Sid> {
    machine_sid(guid)?.with_rid(rid(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_number_for_ever() {
        // Written down in descriptors on disks: these may not change.
        let rids = ["alice", "ALICE", "bob"].map(rid);
        assert_eq!(rids, [182_891_750, 182_891_750, 66_044_893]);
        let guid = core::array::from_fn(|at| at as u8);
        let sid = sid(&guid, "alice").unwrap();
        assert_eq!(
            sid.sub_authorities()[..4],
            [21, 0x0302_0100, 0x0706_0504, 0x0B0A_0908]
        );
        assert_eq!(sid.sub_authorities()[4], rid("alice"));
    }
}
