//! Codes about the connection: was the negotiation tampered with, which addresses are there.

use super::need;
use crate::engine::command::negotiate::{capabilities, security_mode};
use crate::engine::context::{Answer, Context, Outcome};
use crate::vfs::Vfs;
use crate::wire::Writer;
use crate::wire::fsctl::{
    NetworkInterfaceInfo, ValidateNegotiateRequest, ValidateNegotiateResponse,
};
use crate::wire::ioctl::Request;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

/// Bytes of a VALIDATE_NEGOTIATE_INFO response.
const VALIDATE: usize = 24;

/// FSCTL_VALIDATE_NEGOTIATE_INFO ([MS-SMB2] 3.3.5.15.12): what the client asked for in NEGOTIATE, said again
/// under a signature. What differs was changed on the way, and the connection ends.
pub fn validate<V: Vfs>(
    context: &mut Context<'_, V>,
    request: &Request<'_>,
    out: &mut Writer<'_>,
) -> Answer<V::File> {
    let server = &mut *context.server;
    let Some(connection) = server.connections.get(context.connection) else {
        return Ok(Outcome::Disconnect);
    };
    let Ok(said) = ValidateNegotiateRequest::parse(request.input) else {
        return Ok(Outcome::Disconnect);
    };
    let setup = &server.setup;
    let best = said
        .dialects()
        .filter_map(Dialect::from_revision)
        .filter(|dialect| (setup.min_dialect..=setup.max_dialect).contains(dialect))
        .max();
    // In 3.1.1 the hash of the negotiation goes into the keys; nobody honest asks this.
    let same = connection.dialect != Dialect::Smb311
        && request.max_output_response as usize >= VALIDATE
        && best == Some(connection.dialect)
        && said.capabilities == connection.client_capabilities
        && said.guid == connection.client_guid
        && said.security_mode == connection.client_security_mode;
    if !same {
        return Ok(Outcome::Disconnect);
    }
    let answer = ValidateNegotiateResponse {
        capabilities: capabilities(
            Some(connection.dialect),
            connection.client_capabilities,
            connection.cipher.is_some(),
        ),
        guid: setup.guid,
        security_mode: security_mode(setup.signing_required),
        dialect: connection.dialect as u16,
    };
    answer.write(out)?;
    Ok(Outcome::Done)
}

/// FSCTL_QUERY_NETWORK_INTERFACE_INFO ([MS-SMB2] 3.3.5.15.11): the addresses for further channels.
pub fn interfaces<V: Vfs>(
    context: &mut Context<'_, V>,
    out: &mut Writer<'_>,
) -> Result<Status, Status> {
    if context.connection()?.dialect < Dialect::Smb300 {
        return Err(Status::NOT_SUPPORTED);
    }
    let interfaces = &context.server.setup.interfaces;
    let last = interfaces.len().checked_sub(1).ok_or(Status::NOT_FOUND)?;
    need(out, NetworkInterfaceInfo::SIZE, Status::BUFFER_TOO_SMALL)?;
    // As many as the client has room for, and a word of there being more.
    let fitting = out.remaining() / NetworkInterfaceInfo::SIZE;
    for (index, interface) in interfaces.iter().enumerate().take(fitting) {
        NetworkInterfaceInfo {
            if_index: interface.index,
            capability: 0,
            link_speed: interface.speed,
            address: interface.address,
        }
        .write(out, index == last || index + 1 == fitting)?;
    }
    Ok(if fitting <= last {
        Status::BUFFER_OVERFLOW
    } else {
        Status::SUCCESS
    })
}
