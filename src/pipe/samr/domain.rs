//! Domains of the account manager: the server's own and BUILTIN.

use super::super::accounts::{Account, Domain, kind};
use super::super::handles::{Handles, Object};
use super::super::lsarpc::{Sids, WideNames, opened};
use super::super::ndr::{Decoder, Encoder};
use super::super::{Facts, Fault, ntstatus};
use super::domain_of;

/// The domains there are.
pub(super) const DOMAINS: [Domain; 2] = [Domain::Machine, Domain::Builtin];

/// "Never", as a time span.
pub(super) const NEVER: u64 = 0x8000_0000_0000_0000;

/// The name this interface has for a domain: BUILTIN is written differently here.
pub(super) fn name<'a>(domain: Domain, facts: &Facts<'a>) -> &'a str {
    if domain == Domain::Builtin {
        "Builtin"
    } else {
        domain.name(facts)
    }
}

/// SamrLookupDomainInSamServer, opnum 5 ([MS-SAMR] 3.1.5.11.1).
pub(super) fn lookup(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let object = handles.get(&request.handle()?)?;
    let fixed = request.counted()?;
    let wanted = request.counted_text(fixed)?;
    let found = DOMAINS
        .into_iter()
        .find(|domain| wanted.is(name(*domain, facts)));
    let result = match found {
        _ if object != Object::Server => Err(ntstatus::INVALID_HANDLE),
        None => Err(ntstatus::NO_SUCH_DOMAIN),
        Some(domain) => Ok(domain),
    };
    match result {
        Ok(domain) => {
            reply.pointer()?;
            reply.sid(&domain.sid(facts))?;
        }
        Err(_) => reply.null()?,
    }
    Ok(reply.u32(result.err().unwrap_or(ntstatus::SUCCESS))?)
}

/// SamrOpenDomain, opnum 7 ([MS-SAMR] 3.1.5.1.5).
pub(super) fn open(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &mut Handles,
) -> Result<(), Fault> {
    let object = handles.get(&request.handle()?)?;
    let _access = request.u32()?;
    let wanted = request.sid()?;
    let found = DOMAINS
        .into_iter()
        .find(|domain| domain.sid(facts) == wanted);
    let result = match found {
        _ if object != Object::Server => Err(ntstatus::INVALID_HANDLE),
        None => Err(ntstatus::NO_SUCH_DOMAIN),
        Some(domain) => Ok(Object::Domain(domain)),
    };
    opened(reply, handles, result)
}

/// SamrQueryInformationDomain, opnum 8, and SamrQueryInformationDomain2, opnum 46 ([MS-SAMR] 3.1.5.5.1
/// and .2).
pub(super) fn query(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    const PASSWORD: u16 = 1;
    const GENERAL: u16 = 2;
    const LOGOFF: u16 = 3;
    const NAME: u16 = 5;
    const LOCKOUT: u16 = 12;
    const SERVER_ENABLED: u32 = 1;
    /// DomainServerRolePrimary
    const ROLE_PRIMARY: u32 = 3;

    let domain = domain_of(&mut request, handles)?;
    let class = request.u16()?;
    let known = matches!(class, PASSWORD | GENERAL | LOGOFF | NAME | LOCKOUT);
    let domain = match domain {
        Ok(domain) if known => domain,
        refused => {
            reply.null()?;
            return Ok(reply.u32(refused.err().unwrap_or(ntstatus::INVALID_INFO_CLASS))?);
        }
    };
    let name = name(domain, facts);
    reply.pointer()?;
    reply.u16(class)?;
    match class {
        PASSWORD => {
            reply.align(4)?;
            reply.u16(0)?; // MinPasswordLength
            reply.u16(0)?; // PasswordHistoryLength
            reply.u32(0)?; // PasswordProperties
            reply.old_u64(NEVER)?; // MaxPasswordAge
            reply.old_u64(0)?; // MinPasswordAge
        }
        GENERAL => {
            reply.old_u64(NEVER)?; // ForceLogoff
            reply.counted("")?; // OemInformation
            reply.counted(name)?;
            reply.counted("")?; // ReplicaSourceNodeName
            reply.old_u64(0)?; // DomainModifiedCount
            reply.u32(SERVER_ENABLED)?;
            reply.u32(ROLE_PRIMARY)?;
            reply.u8(0)?; // UasCompatibilityRequired
            for kind in [kind::USER, kind::GROUP, kind::ALIAS] {
                reply.count(domain.accounts(kind, facts).count())?;
            }
            reply.counted_text(name)?;
        }
        LOGOFF => reply.old_u64(NEVER)?,
        NAME => {
            reply.counted(name)?;
            reply.counted_text(name)?;
        }
        _ => {
            reply.u64(0)?; // LockoutDuration
            reply.u64(0)?; // LockoutObservationWindow
            reply.u16(0)?; // LockoutThreshold: never locked out
        }
    }
    Ok(reply.u32(ntstatus::SUCCESS)?)
}

/// SamrLookupNamesInDomain, opnum 17 ([MS-SAMR] 3.1.5.11.2).
pub(super) fn lookup_names(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let domain = domain_of(&mut request, handles)?;
    let count = varying_count(&mut request)?;
    let names = WideNames::new(&request, count)?;
    let found = || names.walk().map(|name| domain.ok()?.by_name(name, facts));
    write_counted(reply, domain, found(), |account| {
        account.and_then(|account| account.rid).unwrap_or(0)
    })?;
    write_counted(reply, domain, found(), kind_of)?;
    write_result(reply, domain, found())
}

/// SamrLookupIdsInDomain, opnum 18 ([MS-SAMR] 3.1.5.11.3).
pub(super) fn lookup_rids(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let domain = domain_of(&mut request, handles)?;
    let count = varying_count(&mut request)?;
    let mut end = request.clone();
    if count > end.remaining() {
        return Err(Fault::BadStub);
    }
    for _ in 0..count {
        end.u32()?;
    }
    let found = || {
        let mut rids = request.clone();
        (0..count)
            .map_while(move |_| rids.u32().ok())
            .map(move |rid| domain.ok()?.by_rid(rid, facts))
    };
    let shown = if domain.is_ok() { count } else { 0 };
    reply.count(shown)?;
    if shown == 0 {
        reply.null()?;
    } else {
        reply.pointer()?;
        reply.count(shown)?;
        for account in found() {
            match account {
                Some(account) => reply.counted(account.name.text().as_str())?,
                None => reply.counted("")?,
            }
        }
        found()
            .flatten()
            .try_for_each(|account| reply.counted_text(account.name.text().as_str()))?;
    }
    write_counted(reply, domain, found(), kind_of)?;
    write_result(reply, domain, found())
}

/// The count of a lookup and of its array, which may have held up to 1000.
fn varying_count(request: &mut Decoder<'_>) -> Result<usize, Fault> {
    let (count, most, offset, length) = (
        request.count()?,
        request.count()?,
        request.count()?,
        request.count()?,
    );
    if offset != 0 || length != count || count > most {
        Err(Fault::BadStub)
    } else {
        Ok(count)
    }
}

fn kind_of(account: Option<Account<'_>>) -> u32 {
    u32::from(account.map_or(kind::UNKNOWN, |account| account.kind))
}

/// A SAMPR_ULONG_ARRAY ([MS-SAMR] 2.2.7.2), empty if the handle was none of a domain.
fn write_counted<'a>(
    reply: &mut Encoder<'_>,
    domain: Result<Domain, u32>,
    found: impl Iterator<Item = Option<Account<'a>>> + Clone,
    value: impl Fn(Option<Account<'a>>) -> u32,
) -> Result<(), Fault> {
    let count = if domain.is_ok() {
        found.clone().count()
    } else {
        0
    };
    reply.count(count)?;
    if count == 0 {
        return Ok(reply.null()?);
    }
    reply.pointer()?;
    reply.count(count)?;
    for account in found {
        reply.u32(value(account))?;
    }
    Ok(())
}

fn write_result<'a>(
    reply: &mut Encoder<'_>,
    domain: Result<Domain, u32>,
    found: impl Iterator<Item = Option<Account<'a>>> + Clone,
) -> Result<(), Fault> {
    let (count, mapped) = (found.clone().count(), found.flatten().count());
    Ok(reply.u32(match domain {
        Err(status) => status,
        Ok(_) if mapped == count => ntstatus::SUCCESS,
        Ok(_) if mapped == 0 => ntstatus::NONE_MAPPED,
        Ok(_) => ntstatus::SOME_NOT_MAPPED,
    })?)
}

/// SamrGetAliasMembership, opnum 16 ([MS-SAMR] 3.1.5.9.2): nobody is a member of more than his user's
/// group.
pub(super) fn alias_membership(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let domain = domain_of(&mut request, handles)?;
    Sids::read(&mut request)?;
    reply.u32(0)?;
    reply.null()?;
    Ok(reply.u32(domain.err().unwrap_or(ntstatus::SUCCESS))?)
}
