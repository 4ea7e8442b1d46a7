//! The local security authority, [MS-LSAT] and a little of [MS-LSAD]: who a SID is, which SID a name has,
//! and what the server's own domain is called.

mod lookup;
mod policy;

pub(crate) use lookup::{Sids, WideNames};

use super::handles::{Handles, Object};
use super::ndr::{Decoder, Encoder};
use super::{Facts, Fault, ntstatus};

/// Answers one operation ([MS-LSAT] 3.1.4, [MS-LSAD] 3.1.4).
pub(crate) fn call(
    operation: u16,
    request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &mut Handles,
) -> Result<(), Fault> {
    match operation {
        0 => close(request, reply, handles),
        // LsarOpenPolicy, LsarOpenPolicy2
        6 | 44 => policy::open(operation, request, reply, handles),
        // LsarQueryInformationPolicy, LsarQueryInformationPolicy2
        7 | 46 => policy::query(request, reply, facts, handles),
        // LsarEnumerateAccounts, LsarEnumerateTrustedDomains
        11 | 13 => policy::enumerate_nothing(request, reply, handles),
        14 => lookup::names(lookup::Names::One, request, reply, facts, handles),
        58 => lookup::names(lookup::Names::Two, request, reply, facts, handles),
        68 => lookup::names(lookup::Names::Three, request, reply, facts, handles),
        // LsarLookupSids, LsarLookupSids2
        15 | 57 => lookup::sids(operation == 57, request, reply, facts, handles),
        45 => lookup::user_name(request, reply, facts),
        _ => Err(Fault::Operation),
    }
}

/// LsarClose, opnum 0, and SamrCloseHandle, opnum 1: the handle comes back as null.
pub(crate) fn close(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    handles: &mut Handles,
) -> Result<(), Fault> {
    handles.close(&request.handle()?)?;
    reply.handle(&[0; 20])?;
    Ok(reply.u32(ntstatus::SUCCESS)?)
}

/// Answers with a new handle, or with the status that refuses one.
pub(crate) fn opened(
    reply: &mut Encoder<'_>,
    handles: &mut Handles,
    object: Result<Object, u32>,
) -> Result<(), Fault> {
    let handle =
        object.and_then(|object| handles.open(object).ok_or(ntstatus::INSUFFICIENT_RESOURCES));
    reply.handle(&handle.unwrap_or([0; 20]))?;
    Ok(reply.u32(handle.err().unwrap_or(ntstatus::SUCCESS))?)
}

#[cfg(test)]
mod tests;
