//! The account manager, [MS-SAMR]: the server's users, for who has proven to be one of them. Accounts
//! are made and changed in the configuration and nowhere else.

mod domain;
mod entries;
mod user;

use super::accounts::Domain;
use super::handles::{Handles, Object};
use super::lsarpc::{close, opened};
use super::ndr::{Decoder, Encoder};
use super::{Caller, Facts, Fault, ntstatus};

/// Answers one operation ([MS-SAMR] 3.1.5).
pub(crate) fn call(
    operation: u16,
    request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &mut Handles,
) -> Result<(), Fault> {
    match operation {
        // SamrConnect, SamrConnect2, SamrConnect4
        0 | 57 | 62 => opened(reply, handles, may_connect(facts)),
        64 => connect5(reply, facts, handles),
        1 => close(request, reply, handles),
        5 => domain::lookup(request, reply, facts, handles),
        6 => entries::domains(request, reply, facts, handles),
        7 => domain::open(request, reply, facts, handles),
        // SamrQueryInformationDomain, SamrQueryInformationDomain2
        8 | 46 => domain::query(request, reply, facts, handles),
        11 => entries::accounts(entries::Listed::Groups, request, reply, facts, handles),
        13 => entries::accounts(entries::Listed::Users, request, reply, facts, handles),
        15 => entries::accounts(entries::Listed::Aliases, request, reply, facts, handles),
        16 => domain::alias_membership(request, reply, handles),
        17 => domain::lookup_names(request, reply, facts, handles),
        18 => domain::lookup_rids(request, reply, facts, handles),
        34 => user::open(request, reply, facts, handles),
        // SamrQueryInformationUser, SamrQueryInformationUser2
        36 | 47 => user::query(request, reply, facts, handles),
        39 => user::groups(request, reply, handles),
        // SamrQueryDisplayInformation, ...2, ...3
        40 | 48 | 51 => entries::display(request, reply, facts, handles),
        // SamrGetUserDomainPasswordInformation, SamrGetDomainPasswordInformation
        44 | 56 => user::password_rules(reply),
        _ => Err(Fault::Operation),
    }
}

/// Whether this caller may open the account manager: users of it may, others would learn its names.
fn may_connect(facts: &Facts<'_>) -> Result<Object, u32> {
    match facts.caller {
        Caller::User(_) => Ok(Object::Server),
        Caller::Guest | Caller::Anonymous => Err(ntstatus::ACCESS_DENIED),
    }
}

/// SamrConnect5, opnum 64 ([MS-SAMR] 3.1.5.1.1): revision 3, no optional features.
fn connect5(
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &mut Handles,
) -> Result<(), Fault> {
    reply.u32(1)?;
    reply.u32(1)?;
    reply.u32(3)?;
    reply.u32(0)?;
    opened(reply, handles, may_connect(facts))
}

/// The domain a handle stands for, or the status to answer with.
fn domain_of(request: &mut Decoder<'_>, handles: &Handles) -> Result<Result<Domain, u32>, Fault> {
    Ok(match handles.get(&request.handle()?)? {
        Object::Domain(domain) => Ok(domain),
        _ => Err(ntstatus::INVALID_HANDLE),
    })
}

#[cfg(test)]
mod tests;
