//! The file-system information classes that could be set ([MS-SMB2] 3.3.5.21.2, [MS-FSA] 2.1.5.16): a share
//! has no quotas to switch on, no label and no object identifier of its own, so all are refused.

use crate::engine::context::Context;
use crate::engine::open::OpenId;
use crate::vfs::Vfs;
use crate::wire::access;
use crate::wire::info::class::filesystem;
use crate::wire::status::Status;

/// Refuses a class with the status that fits it.
pub fn set<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    class: u8,
) -> Result<(), Status> {
    match class {
        filesystem::CONTROL | filesystem::OBJECT_ID => {
            context.granted(id, access::FILE_WRITE_DATA)?;
            Err(Status::NOT_SUPPORTED)
        }
        filesystem::LABEL => Err(Status::ACCESS_DENIED),
        _ => Err(Status::INVALID_INFO_CLASS),
    }
}
