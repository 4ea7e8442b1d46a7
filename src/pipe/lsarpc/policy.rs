//! The policy object: its handle, and what the server and its domain are called.

use super::super::handles::{Handles, Object};
use super::super::ndr::{Decoder, Encoder};
use super::super::{Facts, Fault, ntstatus};
use super::opened;

/// LsarOpenPolicy, opnum 6, and LsarOpenPolicy2, opnum 44 ([MS-LSAD] 3.1.4.4.1 and .2). Nothing can be
/// changed through the handle, so the access asked for does not matter.
pub(super) fn open(
    operation: u16,
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    handles: &mut Handles,
) -> Result<(), Fault> {
    if operation == 44 {
        request.optional_string()?;
    } else if request.pointer()? {
        // In the older one the server's name is one character.
        request.u16()?;
    }
    let (_length, root) = (request.u32()?, request.pointer()?);
    // RootDirectory is to be null.
    opened(
        reply,
        handles,
        if root {
            Err(ntstatus::INVALID_PARAMETER)
        } else {
            Ok(Object::Policy)
        },
    )
}

/// LsarQueryInformationPolicy, opnum 7, and LsarQueryInformationPolicy2, opnum 46 ([MS-LSAD] 3.1.4.4.3
/// and .4).
pub(super) fn query(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    const PRIMARY_DOMAIN: u16 = 3;
    const ACCOUNT_DOMAIN: u16 = 5;
    const SERVER_ROLE: u16 = 6;
    const DNS_DOMAIN: u16 = 12;
    const LOCAL_ACCOUNT_DOMAIN: u16 = 14;
    /// PolicyServerRolePrimary
    const ROLE_PRIMARY: u16 = 3;

    let object = handles.get(&request.handle()?)?;
    let class = request.u16()?;
    if object != Object::Policy {
        return failed(reply, ntstatus::INVALID_HANDLE);
    }
    if !matches!(
        class,
        PRIMARY_DOMAIN | ACCOUNT_DOMAIN | SERVER_ROLE | DNS_DOMAIN | LOCAL_ACCOUNT_DOMAIN
    ) {
        return failed(reply, ntstatus::INVALID_PARAMETER);
    }
    reply.pointer()?;
    reply.u16(class)?;
    match class {
        // In a workgroup the primary domain is its name, without a SID.
        PRIMARY_DOMAIN => {
            reply.counted(facts.workgroup)?;
            reply.null()?;
            reply.counted_text(facts.workgroup)?;
        }
        DNS_DOMAIN => {
            reply.counted(facts.workgroup)?;
            reply.counted("")?;
            reply.counted("")?;
            reply.guid(&[0; 16])?;
            reply.null()?;
            reply.counted_text(facts.workgroup)?;
        }
        SERVER_ROLE => reply.u16(ROLE_PRIMARY)?,
        _ => {
            reply.counted(facts.server)?;
            reply.pointer()?;
            reply.counted_text(facts.server)?;
            reply.sid(&facts.machine_sid)?;
        }
    }
    Ok(reply.u32(ntstatus::SUCCESS)?)
}

fn failed(reply: &mut Encoder<'_>, status: u32) -> Result<(), Fault> {
    reply.null()?;
    Ok(reply.u32(status)?)
}

/// LsarEnumerateAccounts, opnum 11, and LsarEnumerateTrustedDomains, opnum 13 ([MS-LSAD] 3.1.4.5.2 and
/// 3.1.4.7.8): no account has rights of its own here, and no domain is trusted.
pub(super) fn enumerate_nothing(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let object = handles.get(&request.handle()?)?;
    let context = request.u32()?;
    reply.u32(context)?;
    reply.u32(0)?;
    reply.null()?;
    let valid = object == Object::Policy;
    Ok(reply.u32(if valid {
        ntstatus::NO_MORE_ENTRIES
    } else {
        ntstatus::INVALID_HANDLE
    })?)
}
