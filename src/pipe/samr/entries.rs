//! Enumerations of the account manager: domains, users, groups, aliases, in parts.

use super::super::accounts::{Domain, kind};
use super::super::handles::{Handles, Object};
use super::super::ndr::{Decoder, Encoder};
use super::super::{Facts, Fault, ntstatus};
use super::domain::{self, DOMAINS};
use super::domain_of;
use super::user::NORMAL_ACCOUNT;

/// Bytes of an answer before and after its array, padding included.
const OUTSIDE_ARRAY: usize = 48;

/// What is enumerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Users,
    Groups,
    Aliases,
}

/// SamrEnumerateDomainsInSamServer, opnum 6 ([MS-SAMR] 3.1.5.2.1).
pub(super) fn domains(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let server = match handles.get(&request.handle()?)? {
        Object::Server => Ok(()),
        _ => Err(ntstatus::INVALID_HANDLE),
    };
    let (first, preferred) = (request.count()?, request.count()?);
    enumeration(
        reply,
        first,
        preferred,
        server,
        DOMAINS
            .into_iter()
            .map(|found| (domain::name(found, facts), 0)),
    )
}

/// SamrEnumerateGroupsInDomain, opnum 11, SamrEnumerateUsersInDomain, opnum 13, and
/// SamrEnumerateAliasesInDomain, opnum 15 ([MS-SAMR] 3.1.5.2.3, .5 and .4).
pub(super) fn accounts(
    listed: Listed,
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let domain = domain_of(&mut request, handles)?;
    let first = request.count()?;
    // Users are asked for by the bits of their UserAccountControl, all of them by 0.
    let control = if listed == Listed::Users {
        request.u32()?
    } else {
        0
    };
    let preferred = request.count()?;
    let kind = match listed {
        Listed::Users => kind::USER,
        Listed::Groups => kind::GROUP,
        Listed::Aliases => kind::ALIAS,
    };
    let wanted = control == 0 || control & NORMAL_ACCOUNT != 0;
    let entries = domain
        .unwrap_or(Domain::Null)
        .accounts(kind, facts)
        .filter(|_| wanted);
    enumeration(reply, first, preferred, domain.map(|_| ()), entries)
}

/// Writes a SAMPR_ENUMERATION_BUFFER ([MS-SAMR] 2.2.7.10) of the entries from the `first` on, and what
/// is around it.
fn enumeration<'a>(
    reply: &mut Encoder<'_>,
    first: usize,
    preferred: usize,
    valid: Result<(), u32>,
    entries: impl Iterator<Item = (&'a str, u32)> + Clone,
) -> Result<(), Fault> {
    if let Err(status) = valid {
        reply.u32(0)?;
        reply.null()?;
        reply.u32(0)?;
        return Ok(reply.u32(status)?);
    }
    // RID, string, pointer, three counts, padding
    let size = |(name, _): &(&str, u32)| 12 + 12 + 2 + 2 * name.len();
    let entries = entries.skip(first);
    let count = fitting(reply, preferred, entries.clone().map(|entry| size(&entry)));
    let more = entries.clone().nth(count).is_some();
    reply.count(if more { first.saturating_add(count) } else { 0 })?;
    reply.pointer()?;
    reply.count(count)?;
    if count == 0 {
        reply.null()?;
    } else {
        reply.pointer()?;
        reply.count(count)?;
        for (name, rid) in entries.clone().take(count) {
            reply.u32(rid)?;
            reply.counted(name)?;
        }
        entries
            .take(count)
            .try_for_each(|(name, _)| reply.counted_text(name))?;
    }
    reply.count(count)?;
    Ok(reply.u32(if more {
        ntstatus::MORE_ENTRIES
    } else {
        ntstatus::SUCCESS
    })?)
}

/// How many entries of these sizes fit; at least one, for the preferred length is only that.
fn fitting(reply: &Encoder<'_>, preferred: usize, sizes: impl Iterator<Item = usize>) -> usize {
    let room = reply.remaining().saturating_sub(OUTSIDE_ARRAY);
    let mut used = 0_usize;
    let fits = |(n, size): &(usize, usize)| {
        used = used.saturating_add(*size);
        used <= room && (*n == 0 || used <= preferred)
    };
    sizes.enumerate().take_while(fits).count()
}

/// SamrQueryDisplayInformation, opnum 40, and its successors, opnums 48 and 51 ([MS-SAMR] 3.1.5.3): users.
pub(super) fn display(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    const DOMAIN_DISPLAY_USER: u16 = 1;
    let domain = domain_of(&mut request, handles)?;
    let class = request.u16()?;
    let (first, most, preferred) = (request.count()?, request.count()?, request.count()?);
    let refused = match domain {
        Err(status) => Some(status),
        Ok(_) if class != DOMAIN_DISPLAY_USER => Some(ntstatus::INVALID_INFO_CLASS),
        Ok(_) => None,
    };
    let listed = domain
        .unwrap_or(Domain::Null)
        .accounts(kind::USER, facts)
        .filter(|_| refused.is_none());
    let entries = listed.clone().enumerate().skip(first);
    // Index, RID, control, three strings; pointer's target, padding
    let sizes = entries
        .clone()
        .map(|(_, (name, _))| 36 + 12 + 2 + 2 * name.len());
    let count = fitting(reply, preferred, sizes.take(most));
    let more = entries.clone().nth(count).is_some();
    reply.count(listed.map(|(name, _)| 36 + 2 * name.len()).sum())?; // TotalAvailable, in bytes
    reply.count(
        entries
            .clone()
            .take(count)
            .map(|(_, (name, _))| 36 + 2 * name.len())
            .sum(),
    )?;
    reply.u16(class)?;
    reply.count(count)?;
    if count == 0 {
        reply.null()?;
    } else {
        reply.pointer()?;
        reply.count(count)?;
        for (n, (name, rid)) in entries.clone().take(count) {
            reply.count(n.saturating_add(1))?;
            reply.u32(rid)?;
            reply.u32(NORMAL_ACCOUNT)?;
            reply.counted(name)?;
            reply.counted("")?; // AdminComment
            reply.counted("")?; // FullName
        }
        entries
            .take(count)
            .try_for_each(|(_, (name, _))| reply.counted_text(name))?;
    }
    Ok(reply.u32(match refused {
        Some(status) => status,
        None if more => ntstatus::MORE_ENTRIES,
        None => ntstatus::SUCCESS,
    })?)
}
