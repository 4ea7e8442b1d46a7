//! Extended attributes: FileFullEaInformation ([MS-SMB2] 3.3.5.20.1, [MS-FSA] 2.1.5.12.10).

use super::answer;
use crate::engine::Server;
use crate::engine::context::{Answer, Context};
use crate::engine::open::{Open, OpenId, Target};
use crate::vfs::{Error, Vfs};
use crate::wire::ea::{EaWriter, FullEa, GetEas, is_valid_name};
use crate::wire::info::Fit;
use crate::wire::query_info::{INDEX_SPECIFIED, RESTART_SCAN, RETURN_SINGLE_ENTRY, Request};
use crate::wire::status::Status;
use crate::wire::{Writer, utf16};

/// Tells the extended attributes: those named in the request, or all from where the last answer ended.
pub fn query<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    request: &Request<'_>,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let Server { opens, vfs, .. } = &mut *context.server;
    let Open {
        target, listing, ..
    } = opens.get_mut(id).ok_or(Status::FILE_CLOSED)?;
    let Target::File(file) = &*target else {
        return Err(Status::EAS_NOT_SUPPORTED);
    };
    answer(request, reply, |w| {
        if request.input.is_empty() {
            all(vfs, file, request, &mut listing.attribute, w)
        } else {
            named(vfs, file, request, w)
        }
    })
}

fn unsupported(error: Error) -> Status {
    match error {
        Error::Unsupported => Status::EAS_NOT_SUPPORTED,
        error => error.into(),
    }
}

/// All attributes from number `next` on, counted from 0; `next` becomes the first that was not told.
fn all<V: Vfs>(
    vfs: &mut V,
    file: &V::File,
    request: &Request<'_>,
    next: &mut u32,
    w: &mut Writer<'_>,
) -> Result<Fit, Status> {
    let from = if request.flags & INDEX_SPECIFIED != 0 {
        // The first has the number 1 on the wire.
        request.additional_information.saturating_sub(1)
    } else if request.flags & RESTART_SCAN != 0 {
        0
    } else {
        *next
    };
    let most = match request.flags & RETURN_SINGLE_ENTRY {
        0 => u32::MAX,
        _ => 1,
    };
    let mut list = EaWriter::new(w);
    let (mut count, mut told, mut fit) = (0u32, 0u32, Fit::Whole);
    vfs.attributes(file, &mut |name, value| {
        let wanted = count >= from && told < most && fit == Fit::Whole;
        count = count.saturating_add(1);
        if wanted {
            let attribute = FullEa {
                flags: 0,
                name,
                value,
            };
            match list.append(&attribute, w) {
                Ok(()) => told += 1,
                Err(_) => fit = Fit::Cut,
            }
        }
    })
    .map_err(unsupported)?;
    if count == 0 {
        return Err(Status::NO_EAS_ON_FILE);
    }
    if from >= count {
        return Err(if request.flags & INDEX_SPECIFIED != 0 && from > count {
            Status::NONEXISTENT_EA_ENTRY
        } else {
            Status::NO_MORE_EAS
        });
    }
    if told == 0 {
        return Err(Status::BUFFER_TOO_SMALL);
    }
    *next = from.saturating_add(told);
    Ok(fit)
}

/// The attributes named, in that order; one that is not there has an empty value.
fn named<V: Vfs>(
    vfs: &mut V,
    file: &V::File,
    request: &Request<'_>,
    w: &mut Writer<'_>,
) -> Result<Fit, Status> {
    let names = GetEas::parse(request.input).map_err(|_| Status::EA_LIST_INCONSISTENT)?;
    let mut list = EaWriter::new(w);
    for wanted in names {
        if !is_valid_name(wanted) {
            return Err(Status::INVALID_EA_NAME);
        }
        let (mut found, mut fits) = (false, true);
        vfs.attributes(file, &mut |name, value| {
            if !found && utf16::eq_folded(name, wanted) {
                found = true;
                let attribute = FullEa {
                    flags: 0,
                    name,
                    value,
                };
                fits = list.append(&attribute, w).is_ok();
            }
        })
        .map_err(unsupported)?;
        if !found {
            let attribute = FullEa {
                flags: 0,
                name: wanted,
                value: &[],
            };
            fits = list.append(&attribute, w).is_ok();
        }
        match (fits, list.is_empty()) {
            (true, _) => {}
            (false, true) => return Err(Status::BUFFER_TOO_SMALL),
            (false, false) => return Ok(Fit::Cut),
        }
        if request.flags & RETURN_SINGLE_ENTRY != 0 {
            break;
        }
    }
    Ok(Fit::Whole)
}
