//! Setting a security descriptor ([MS-SMB2] 3.3.5.21.3, [MS-FSA] 2.1.5.17).

use crate::engine::access::{DESCRIPTOR, token};
use crate::engine::context::Context;
use crate::engine::open::{OpenId, Target};
use crate::vfs::{Error, Kind, Vfs};
use crate::wire::change_notify::{action, filter};
use crate::wire::security::{SecurityDescriptor, control, information, merge, synthesise};
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// Which right each part needs.
const NEEDED: [(u32, u32); 4] = [
    (
        information::OWNER | information::GROUP | information::LABEL,
        access::WRITE_OWNER,
    ),
    (
        information::DACL | information::ATTRIBUTE,
        access::WRITE_DAC,
    ),
    (
        information::SACL | information::SCOPE,
        access::ACCESS_SYSTEM_SECURITY,
    ),
    (
        information::BACKUP,
        access::WRITE_DAC | access::WRITE_OWNER | access::ACCESS_SYSTEM_SECURITY,
    ),
];

/// The rights that setting these parts needs.
fn needed(parts: u32) -> u32 {
    NEEDED
        .iter()
        .filter(|(part, _)| parts & part != 0)
        .fold(0, |rights, (_, right)| rights | right)
}

/// Takes the named parts from the descriptor sent and the others from the one stored, or from what the
/// disk's own rights say where none is, and stores the result.
pub fn set<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    parts: u32,
    sent: &[u8],
) -> Result<(), Status> {
    let directory = context.granted(id, needed(parts))?.kind == Kind::Directory;
    let mut sent = SecurityDescriptor::parse(sent).map_err(|_| Status::INVALID_SECURITY_DESCR)?;
    // A list that is to be set and is not there allows everything.
    sent.control |= control::DACL_PRESENT;
    if parts & information::ALL == 0 {
        return Ok(());
    }
    let token = token(context.session()?.1, &context.server.setup.guid);
    let server = &mut *context.server;
    let fixed = server.fixed_times(id)?;
    let open = server.opens.get_mut(id).ok_or(Status::FILE_CLOSED)?;
    let Target::File(file) = &mut open.target else {
        return Err(Status::INVALID_DEVICE_REQUEST);
    };
    let (before, after) = server.scratch.split_at_mut(DESCRIPTOR);
    let length = match server.vfs.security(file, before) {
        Ok(Some(length)) => Some(length),
        Ok(None) => None,
        Err(error) => return Err(error.into()),
    };
    // What cannot be read protects nothing; it is replaced as a whole.
    let readable = length.filter(|length| {
        before
            .get(..*length)
            .is_some_and(|bytes| SecurityDescriptor::parse(bytes).is_ok())
    });
    let length = match readable {
        Some(length) => length,
        None => {
            let meta = server.vfs.meta(file)?;
            let mut w = Writer::new(before);
            synthesise(meta.uid, meta.gid, meta.mode, directory, &mut w)?;
            w.position()
        }
    };
    let stored = before.get(..length).ok_or(Status::INTERNAL_ERROR)?;
    let stored = SecurityDescriptor::parse(stored).map_err(|_| Status::INTERNAL_ERROR)?;
    // Giving a file away needs a privilege that nobody has here ([MS-FSA] 2.1.5.17).
    if parts & information::OWNER != 0
        && let Some(owner) = sent.owner
        && stored.owner != Some(owner)
        && !token.contains(&owner)
    {
        return Err(Status::INVALID_OWNER);
    }
    let mut w = Writer::new(after);
    merge(&stored, &sent, parts, &mut w)?;
    match server.vfs.set_security(file, w.written()) {
        // A disk without attributes can keep none.
        Err(Error::Unsupported) => Err(Status::NOT_SUPPORTED),
        Err(Error::TooLarge | Error::BufferTooSmall) => Err(Status::INSUFFICIENT_RESOURCES),
        Err(error) => Err(error.into()),
        Ok(()) => {
            server.put_back(id, &fixed)?;
            server.changed(id, action::MODIFIED, filter::SECURITY);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_needs_its_right() {
        let cases = [
            (0, 0),
            (information::DACL, access::WRITE_DAC),
            (information::OWNER, access::WRITE_OWNER),
            (information::GROUP, access::WRITE_OWNER),
            (information::LABEL, access::WRITE_OWNER),
            (information::SACL, access::ACCESS_SYSTEM_SECURITY),
            (information::SCOPE, access::ACCESS_SYSTEM_SECURITY),
            (information::ATTRIBUTE, access::WRITE_DAC),
            (
                information::DACL | information::OWNER,
                access::WRITE_DAC | access::WRITE_OWNER,
            ),
        ];
        for (parts, expected) in cases {
            assert_eq!(needed(parts), expected, "{parts:#x}");
        }
    }
}
