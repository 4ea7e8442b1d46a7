//! LOCK ([MS-SMB2] 3.3.5.14, [MS-FSA] 2.1.5.8, 2.1.5.9).

use crate::engine::Server;
use crate::engine::caching::Reason;
use crate::engine::context::{Answer, Context, Outcome};
use crate::engine::open::{ObjectId, OpenId, Target};
use crate::engine::parked::Wait;
use crate::vfs::{Kind, Vfs};
use crate::wire::lock::{EXCLUSIVE_LOCK, Element, FAIL_IMMEDIATELY, SHARED_LOCK, UNLOCK};
use crate::wire::lock::{Request, Response};
use crate::wire::negotiate::{CAP_MULTI_CHANNEL, Dialect};
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// Ranges one request may name: each is compared with all there are, while everybody else waits.
const MOST: usize = 256;

/// Locks or unlocks ranges of a file. What the first element asks for, all must ask for: locks are taken
/// all or none, unlocks are done in order up to the first that fails.
pub fn handle<V: Vfs>(
    context: &mut Context<'_, V>,
    message: &[u8],
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let request = Request::parse(message)?;
    if request.locks().len() > MOST {
        return Err(Status::INVALID_PARAMETER);
    }
    let id = context.open(request.file_id)?;
    let open = context.opened(id)?;
    let object = match (&open.target, open.kind, open.object) {
        (Target::Pipe(_), ..) => return Err(Status::INVALID_DEVICE_REQUEST),
        (_, Kind::Directory, _) => return Err(Status::INVALID_PARAMETER),
        (.., Some(object)) => object,
        (.., None) => return Err(Status::FILE_CLOSED),
    };
    if open.access & (access::FILE_READ_DATA | access::FILE_WRITE_DATA) == 0 {
        return Err(Status::ACCESS_DENIED);
    }
    let durable = open
        .durable
        .and_then(|durable| context.server.durables.get(durable))
        .is_some_and(|durable| durable.granted);
    let sequence = match sequence(context, &request, durable)? {
        Some((bucket, number)) => {
            let open = context.server.opens.get_mut(id);
            let slot = open.and_then(|open| open.lock_sequences.get_mut(usize::from(bucket)));
            let slot = slot.ok_or(Status::INVALID_PARAMETER)?;
            if *slot == number + 1 {
                // The client asks again because it lost the answer: it was done.
                Response.write(reply)?;
                return Ok(Outcome::Done);
            }
            *slot = 0;
            Some((bucket, number))
        }
        None => None,
    };
    let unlocks = request
        .locks()
        .next()
        .is_some_and(|first| first.flags & UNLOCK != 0);
    if unlocks {
        let result = unlock(context.server, object, id, request.locks());
        context.server.grant_waiting_locks(object);
        result?;
    } else {
        let (now, breaker) = (context.now, context.server.breaker(id));
        context
            .server
            .break_caching(object, breaker, Reason::Change, now);
        let (connection, more) = (context.connection, request.locks().len());
        if !context.server.may_lock(connection, more) {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        if let Some(waits) = lock(context.server, object, id, request.locks())? {
            let wait = Wait::Lock {
                open: id.to_u64(),
                offset: waits.offset,
                length: waits.length,
                exclusive: waits.flags & EXCLUSIVE_LOCK != 0,
                sequence,
            };
            return context.park(wait);
        }
    }
    if let Some((bucket, number)) = sequence
        && let Some(open) = context.server.opens.get_mut(id)
        && let Some(slot) = open.lock_sequences.get_mut(usize::from(bucket))
    {
        *slot = number + 1;
    }
    Response.write(reply)?;
    Ok(Outcome::Done)
}

/// The bucket and number of the request's lock sequence, where the server keeps them: for durable
/// opens, and on connections that may fail over to another channel ([MS-SMB2] 3.3.5.14).
fn sequence<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    durable: bool,
) -> Result<Option<(u8, u8)>, Status> {
    let connection = context.connection()?;
    let kept = durable
        || connection.dialect >= Dialect::Smb300
            && connection.client_capabilities & CAP_MULTI_CHANNEL != 0;
    Ok(match u8::try_from(request.lock_sequence_index) {
        Ok(bucket @ 1..=64) if kept => Some((bucket, request.lock_sequence_number)),
        _ => None,
    })
}

/// A range that ends beyond the last byte there can be is none ([MS-FSA] 2.1.5.8).
fn check_range(element: &Element) -> Result<(u64, u64), Status> {
    let last = element.length.saturating_sub(1);
    match element.offset.checked_add(last) {
        Some(_) => Ok((element.offset, element.length)),
        None => Err(Status::INVALID_LOCK_RANGE),
    }
}

/// Unlocks in order; what was unlocked before a failure stays unlocked.
fn unlock<V: Vfs>(
    server: &mut Server<V>,
    object: ObjectId,
    id: OpenId<V::File>,
    elements: impl Iterator<Item = Element>,
) -> Result<(), Status> {
    let Server { locks, objects, .. } = server;
    for element in elements {
        if element.flags != UNLOCK {
            return Err(Status::INVALID_PARAMETER);
        }
        let range = check_range(&element)?;
        if !locks.remove(objects, object, id.to_u64(), range) {
            return Err(Status::RANGE_NOT_LOCKED);
        }
    }
    Ok(())
}

/// Takes all locks or none. The element that has to wait for its range, if it may.
fn lock<V: Vfs>(
    server: &mut Server<V>,
    object: ObjectId,
    id: OpenId<V::File>,
    elements: impl ExactSizeIterator<Item = Element> + Clone,
) -> Result<Option<Element>, Status> {
    let one = elements.len() == 1;
    for element in elements.clone() {
        match element.flags & !FAIL_IMMEDIATELY {
            SHARED_LOCK | EXCLUSIVE_LOCK if one || element.flags & FAIL_IMMEDIATELY != 0 => {}
            _ => return Err(Status::INVALID_PARAMETER),
        }
        check_range(&element)?;
    }
    let Server { locks, objects, .. } = server;
    let owner = id.to_u64();
    for (taken, element) in elements.enumerate() {
        let range = (element.offset, element.length);
        let exclusive = element.flags & EXCLUSIVE_LOCK != 0;
        let failure = if locks.conflicts(objects, object, owner, range, exclusive) {
            if element.flags & FAIL_IMMEDIATELY == 0 {
                return Ok(Some(element));
            }
            Status::LOCK_NOT_GRANTED
        } else if locks
            .add(objects, object, owner, range, exclusive)
            .is_none()
        {
            server.totals.exhausted += 1;
            Status::INSUFFICIENT_RESOURCES
        } else {
            continue;
        };
        locks.remove_newest(objects, object, taken);
        return Err(failure);
    }
    Ok(None)
}
