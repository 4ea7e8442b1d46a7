//! `user.SMOLSMB.CTIME`: a change time that a client set, which Unix cannot store.
//!
//! The value is two FILETIMEs, little-endian: the change time set, and the inode's own (ctime) when it was.
//! It counts as long as the inode has not changed since; then the disk's own time is the truth again. Storing
//! the attribute changes the inode too, and by how little is not known before: hence [`GRACE`].

use crate::vfs::FileTime;

/// The attribute's name.
pub(super) const NAME: &[u8] = b"user.SMOLSMB.CTIME";
/// How long a value is.
pub(super) const LENGTH: usize = 16;
/// How far apart the two inode times may be, in 100-nanosecond intervals: 20 ms, two ticks of the coarsest
/// clock that kernels stamp inodes by.
pub(super) const GRACE: u64 = 200_000;

/// What is stored for a change time set when the inode's own was `seen`.
pub(super) fn write(change: FileTime, seen: FileTime) -> [u8; LENGTH] {
    let mut value = [0; LENGTH];
    let (first, second) = value.split_at_mut(8);
    first.copy_from_slice(&change.to_le_bytes());
    second.copy_from_slice(&seen.to_le_bytes());
    value
}

/// The change time of a stored value, if the inode has not changed since: its own time is `now`.
pub(super) fn read(value: &[u8], now: FileTime) -> Option<FileTime> {
    let (change, rest) = value.split_first_chunk()?;
    let seen = u64::from_le_bytes(rest.try_into().ok()?);
    let change = u64::from_le_bytes(*change);
    (settled(seen, now) && change != 0 && i64::try_from(change).is_ok()).then_some(change)
}

/// Whether an inode's time is still the one that was seen.
pub(super) fn settled(seen: FileTime, now: FileTime) -> bool {
    seen.abs_diff(now) <= GRACE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_until_the_inode_changes() {
        let value = write(7, 1_000_000);
        for (now, change) in [
            (1_000_000, Some(7)),
            (1_000_000 + GRACE, Some(7)),
            (1_000_000 - GRACE, Some(7)),
            (1_000_000 + GRACE + 1, None),
            (0, None),
            (u64::MAX, None),
        ] {
            assert_eq!(read(&value, now), change, "{now}");
        }
        for bad in [
            &value[..15],
            &[0; 17],
            &[],
            &write(0, 5),
            &write(1 << 63, 5),
        ] {
            assert_eq!(read(bad, 5), None);
        }
    }
}
