//! Quotas ([MS-SMB2] 3.3.5.20.4): none are kept, and no file system says they are.

use crate::engine::context::{Answer, Context};
use crate::engine::open::OpenId;
use crate::vfs::Vfs;
use crate::wire::access;
use crate::wire::info::quota::QueryQuota;
use crate::wire::query_info::Request;
use crate::wire::status::Status;

/// Checks the question and answers that there are no quotas ([MS-FSA] 2.1.5.21).
pub fn query<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    request: &Request<'_>,
) -> Answer<V::File> {
    context.granted(id, access::FILE_READ_DATA)?;
    QueryQuota::parse(request.input)?;
    Err(Status::INVALID_DEVICE_REQUEST)
}
