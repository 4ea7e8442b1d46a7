//! Security descriptors ([MS-SMB2] 3.3.5.20.3, [MS-FSA] 2.1.5.14).

use super::{answer, too_small};
use crate::engine::Server;
use crate::engine::access::DESCRIPTOR;
use crate::engine::context::{Answer, Context};
use crate::engine::open::{OpenId, Target};
use crate::vfs::{Error, Kind, Vfs};
use crate::wire::info::Fit;
use crate::wire::negotiate::Dialect;
use crate::wire::query_info::Request;
use crate::wire::security::{SecurityDescriptor, information, synthesise};
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// Tells the parts asked for of the stored descriptor, or of one made from the Unix rights.
pub fn query<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    request: &Request<'_>,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let parts = request.additional_information;
    context.granted(id, needed(parts))?;
    let contexts = context.connection()?.dialect == Dialect::Smb311;
    let Server {
        opens,
        vfs,
        scratch,
        ..
    } = &mut *context.server;
    let open = opens.get(id).ok_or(Status::FILE_CLOSED)?;
    let Target::File(file) = &open.target else {
        return Err(Status::NOT_SUPPORTED);
    };
    let (stored, made) = scratch.split_at_mut(DESCRIPTOR);
    let found = match vfs.security(file, stored) {
        Ok(found) => found,
        Err(Error::Unsupported) => None,
        Err(error) => return Err(error.into()),
    };
    let stored = found
        .and_then(|length| stored.get(..length))
        .and_then(|bytes| SecurityDescriptor::parse(bytes).ok());
    let descriptor = match stored {
        Some(descriptor) => descriptor,
        None => {
            let meta = vfs.meta(file)?;
            let mut w = Writer::new(made);
            let directory = meta.kind == Kind::Directory;
            synthesise(meta.uid, meta.gid, meta.mode, directory, &mut w)?;
            let length = w.position();
            let bytes = made.get(..length).unwrap_or_default();
            SecurityDescriptor::parse(bytes).map_err(|_| Status::INTERNAL_ERROR)?
        }
    };
    let size = descriptor.size(parts);
    if size > request.output_buffer_length as usize {
        return too_small(contexts, size, reply);
    }
    answer(request, reply, |w| {
        descriptor.write_parts(parts, w)?;
        Ok(Fit::Whole)
    })
}

/// The rights that reading these parts takes.
fn needed(parts: u32) -> u32 {
    let right = |part: u32, right: u32| if parts & part != 0 { right } else { 0 };
    right(
        information::OWNER
            | information::GROUP
            | information::DACL
            | information::LABEL
            | information::ATTRIBUTE
            | information::SCOPE
            | information::BACKUP,
        access::READ_CONTROL,
    ) | right(
        information::SACL | information::BACKUP,
        access::ACCESS_SYSTEM_SECURITY,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_takes_its_right() {
        for (parts, rights) in [
            (0, 0),
            (information::OWNER, access::READ_CONTROL),
            (information::DACL | information::GROUP, access::READ_CONTROL),
            (information::LABEL, access::READ_CONTROL),
            (information::SACL, access::ACCESS_SYSTEM_SECURITY),
            (
                information::BACKUP,
                access::READ_CONTROL | access::ACCESS_SYSTEM_SECURITY,
            ),
        ] {
            assert_eq!(needed(parts), rights, "{parts:#x}");
        }
    }
}
