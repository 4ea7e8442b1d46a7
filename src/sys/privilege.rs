//! What this process may do beyond its user's rights: given up for good, as far as it is not needed.

use rustix::io::Result;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
    clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs,
};

/// What a server of files that belong to others needs: to act as them, to give them new files, to reach and to
/// change what is theirs; and a port below 1024 whenever a network gets another address.
const NEEDED: CapabilitySet = CapabilitySet::SETUID
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::CHOWN)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::NET_BIND_SERVICE);

/// Keeps what is needed, of what there is; programs that are started get no more either. It holds for the calling
/// thread and those it starts: call it before there are others.
pub fn give_up() -> Result<()> {
    set_no_new_privs(true)?;
    let now = capabilities(None)?;
    // First, while there still is the right to. Under procd's jail there is not, and nothing left to take out.
    if now.effective.contains(CapabilitySet::SETPCAP) {
        for bit in (0..64).map_while(|bit| 1u64.checked_shl(bit)) {
            let one = CapabilitySet::from_bits_retain(bit);
            // The kernel knows fewer than 64.
            if !NEEDED.contains(one) && capability_is_in_bounding_set(one).unwrap_or(false) {
                remove_capability_from_bounding_set(one)?;
            }
        }
    }
    // Kernels before 4.3 have no such set.
    let _ = clear_ambient_capability_set();
    set_capabilities(
        None,
        CapabilitySets {
            effective: now.effective & NEEDED,
            permitted: now.permitted & NEEDED,
            inheritable: CapabilitySet::empty(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_does_not_come_back() {
        let thread = std::thread::spawn(|| {
            let before = capabilities(None).unwrap();
            give_up().unwrap();
            let after = capabilities(None).unwrap();
            assert_eq!(after.permitted, before.permitted & NEEDED);
            assert!(after.inheritable.is_empty());
            assert!(rustix::thread::no_new_privs().unwrap());
            let all = CapabilitySets {
                effective: NEEDED | CapabilitySet::SYS_ADMIN,
                permitted: NEEDED | CapabilitySet::SYS_ADMIN,
                inheritable: CapabilitySet::empty(),
            };
            assert!(set_capabilities(None, all).is_err());
            give_up().unwrap();
        });
        thread.join().unwrap();
    }
}
