//! Share modes ([MS-FSA] 2.1.5.1.2): what one open does must be what the others let it do.

use crate::engine::Server;
use crate::engine::open::Object;
use crate::vfs::{FileKey, Vfs};
use crate::wire::status::Status;
use crate::wire::{access, create};

const READS: u32 = access::FILE_READ_DATA | access::FILE_EXECUTE;
const WRITES: u32 = access::FILE_WRITE_DATA | access::FILE_APPEND_DATA;

/// Which kind of access needs which permission.
const PAIRS: [(u32, u32); 3] = [
    (READS, create::share::READ),
    (WRITES, create::share::WRITE),
    (access::DELETE, create::share::DELETE),
];

/// Whether an open with `wants` is at odds with one that shares `shares`.
fn at_odds(wants: u32, shares: u32) -> bool {
    PAIRS
        .iter()
        .any(|(access, share)| wants & access != 0 && shares & share == 0)
}

impl<V: Vfs> Server<V> {
    /// SHARING_VIOLATION if an open with this access and these share bits cannot be beside those there
    /// are. Opens that touch neither data nor the name disturb nobody.
    pub(in crate::engine) fn check_sharing(
        &self,
        key: &FileKey,
        wants: u32,
        shares: u32,
    ) -> Result<(), Status> {
        let touches = |access: u32| access & (READS | WRITES | access::DELETE) != 0;
        if wants & access::DELETE != 0 && key.stream == 0 && self.streams_forbid_deletion(key) {
            return Err(Status::SHARING_VIOLATION);
        }
        let Some(object) = self.objects.find(key).filter(|_| touches(wants)) else {
            return Ok(());
        };
        let conflict = self.opens_of(object).any(|(_, open)| {
            touches(open.access)
                && (at_odds(wants, open.share_access) || at_odds(open.access, shares))
        });
        if conflict {
            Err(Status::SHARING_VIOLATION)
        } else {
            Ok(())
        }
    }

    /// Whether a stream of this file is open for its data by somebody who lets nobody delete it: with the
    /// file it would go.
    fn streams_forbid_deletion(&self, key: &FileKey) -> bool {
        let forbids = |id, object: &Object| {
            object.key.stream != 0
                && self.opens_of(id).any(|(_, open)| {
                    open.access & (READS | WRITES | access::DELETE) != 0
                        && open.share_access & create::share::DELETE == 0
                })
        };
        self.objects.find_of_file(key, forbids).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_access_needs_its_share() {
        let cases = [
            (access::FILE_READ_DATA, create::share::READ, false),
            (access::FILE_EXECUTE, create::share::WRITE, true),
            (access::FILE_APPEND_DATA, create::share::READ, true),
            (
                access::DELETE,
                create::share::READ | create::share::WRITE,
                true,
            ),
            (access::DELETE, create::share::DELETE, false),
            (access::FILE_READ_ATTRIBUTES, 0, false),
        ];
        for (wants, shares, expected) in cases {
            assert_eq!(at_odds(wants, shares), expected, "{wants:#x} {shares:#x}");
        }
    }
}
