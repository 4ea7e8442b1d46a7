//! TREE_CONNECT ([MS-SMB2] 3.3.5.7).

use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::session::Identity;
use crate::engine::shares::{IPC, rights};
use crate::engine::tree::{Target, Tree};
use crate::vfs::{At, Vfs};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;
use crate::wire::tree_connect::{self, Request, Response};
use crate::wire::{Writer, access, utf16};

/// Share names are at most 80 characters ([MS-SRVS] 2.2.4.23), four bytes each.
const NAME: usize = 320;

/// Connects the session to a share.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    let dialect = context.connection()?.dialect;
    let (session_id, session) = context.session()?;
    if dialect == Dialect::Smb311
        && session.identity == Identity::User
        && !context.signed
        && !context.sealed
    {
        // Whoever changed the negotiation would show here ([MS-SMB2] 3.3.5.7).
        return Ok(Outcome::Disconnect);
    }
    let mut name = [0; NAME];
    let name = share_name(request.path, &mut name).ok_or(Status::BAD_NETWORK_NAME)?;
    let mut response = Response {
        share_type: tree_connect::TYPE_DISK,
        share_flags: 0,
        capabilities: 0,
        maximal_access: access::FILE_ALL_ACCESS,
    };
    let (session_encrypts, can_encrypt) = (session.encrypt, session.sealing.is_some());
    let (who, anonymous) = (session.who, session.identity == Identity::Anonymous);
    let mut tree = Tree {
        session: session_id,
        share: 0,
        target: Target::Pipes,
        maximal_access: response.maximal_access,
        encrypt: session_encrypts,
        stale: false,
    };
    let pipes = name.eq_ignore_ascii_case(IPC);
    if pipes {
        response.share_type = tree_connect::TYPE_PIPE;
        response.share_flags = tree_connect::SHARE_NO_CACHING;
    } else {
        context.server.find_share(name);
        let (_, session) = context.session()?;
        let served = context
            .server
            .served
            .iter()
            .find(|served| crate::auth::same_name(&served.share.name, name));
        let served = served.ok_or(Status::BAD_NETWORK_NAME)?;
        let maximal_access = rights(&served.share, session);
        if maximal_access == 0 {
            log::debug!("share {name:?} is not for this session (anonymous: {anonymous})");
            return Err(Status::ACCESS_DENIED);
        }
        if served.share.encryption_required && !can_encrypt {
            return Err(Status::ACCESS_DENIED);
        }
        if anonymous && context.server.setup.signing_required {
            // Nobody signs, as no guest does.
            return Err(Status::ACCESS_DENIED);
        }
        let root = served.root.ok_or(Status::BAD_NETWORK_NAME)?;
        tree.share = served.number;
        tree.target = Target::Disk(At {
            root,
            who: served.share.force.or(who),
        });
        tree.maximal_access = maximal_access;
        tree.encrypt |= served.share.encryption_required;
        response.maximal_access = maximal_access;
    }
    if tree.encrypt {
        response.share_flags |= tree_connect::SHARE_ENCRYPT;
    }
    if !context.server.may_add_tree(context.connection) {
        return Err(Status::INSUFFICIENT_RESOURCES);
    }
    let id = context
        .server
        .trees
        .insert(tree)
        .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
    context.chain.tree = id.to_u32();
    if !pipes {
        // Nobody in particular is as welcome here as a guest, and not cut off as a stranger.
        context.connection()?.authenticated = true;
    }
    response.write(reply)?;
    Ok(Outcome::Done)
}

/// The share of `\\server\share`, as UTF-8.
fn share_name<'a>(path: &[u8], out: &'a mut [u8; NAME]) -> Option<&'a str> {
    let backslash = path.chunks_exact(2).rposition(|unit| unit == [b'\\', 0])?;
    if backslash < 3 || path.get(..4) != Some(&[b'\\', 0, b'\\', 0]) {
        return None;
    }
    let length = utf16::decode(path.get(2 * (backslash + 1)..)?, out).ok()?;
    core::str::from_utf8(out.get(..length)?)
        .ok()
        .filter(|name| !name.is_empty())
}
