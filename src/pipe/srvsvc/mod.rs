//! The server service, [MS-SRVS]: which shares there are and what the server is.
//!
//! Shares are changed in the configuration and nowhere else, so every operation that would is refused.

mod server;
mod shares;

use super::ndr::{Decoder, Encoder, Member};
use super::{Facts, Fault, werror};

pub(crate) use server::PLATFORM_NT;

/// Answers one operation ([MS-SRVS] 3.1.4).
pub(crate) fn call(
    operation: u16,
    request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    match operation {
        // NetrConnectionEnum, NetrFileEnum, NetrSessionEnum: who is here is told to nobody.
        8 => refuse_enumeration(request, reply, 1, &[0, 1]),
        9 => refuse_enumeration(request, reply, 2, &[2, 3]),
        12 => refuse_enumeration(request, reply, 2, &[0, 1, 2, 10, 502]),
        // NetrFileGetInfo
        10 => refuse_information(request, reply),
        // NetrFileClose, NetrSessionDel
        11 | 13 => refuse(reply),
        // NetrShareAdd, NetrShareSetInfo, NetrServerSetInfo
        14 | 17 | 22 => refuse_change(reply),
        // NetrShareEnum; every share is a sticky one
        15 | 36 => shares::enumerate(request, reply, facts),
        16 => shares::get_info(request, reply, facts),
        // NetrShareDel, NetrShareDelSticky
        18 | 19 => refuse(reply),
        20 => shares::check(reply),
        21 => server::get_info(request, reply, facts),
        28 => server::remote_time(reply, facts),
        33 => shares::validate_name(request, reply),
        _ => Err(Fault::Operation),
    }
}

/// An operation that returns nothing but its result.
fn refuse(reply: &mut Encoder<'_>) -> Result<(), Fault> {
    Ok(reply.u32(werror::ACCESS_DENIED)?)
}

/// An operation that returns which parameter was wrong: none was.
fn refuse_change(reply: &mut Encoder<'_>) -> Result<(), Fault> {
    reply.null()?;
    refuse(reply)
}

fn refuse_information(mut request: Decoder<'_>, reply: &mut Encoder<'_>) -> Result<(), Fault> {
    request.optional_string()?;
    let _file = request.u32()?;
    information(reply, request.u32()?, Err(werror::ACCESS_DENIED))
}

/// An enumeration nobody may make: `qualifiers` strings follow the server's name, `levels` are those the
/// interface knows. Also wkssvc's.
pub(crate) fn refuse_enumeration(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    qualifiers: usize,
    levels: &[u32],
) -> Result<(), Fault> {
    for _ in 0..=qualifiers {
        request.optional_string()?;
    }
    let level = request.u32()?;
    if !levels.contains(&level) {
        return unknown_level(reply, level);
    }
    reply.u32(level)?;
    reply.u32(level)?;
    reply.pointer()?;
    reply.u32(0)?;
    reply.null()?;
    reply.u32(0)?;
    reply.null()?;
    refuse(reply)
}

/// An enumeration of a level the interface does not know: a union without a member, no entries, no
/// resume handle.
fn unknown_level(reply: &mut Encoder<'_>, level: u32) -> Result<(), Fault> {
    reply.u32(level)?;
    reply.u32(level)?;
    reply.u32(0)?;
    reply.null()?;
    Ok(reply.u32(werror::INVALID_LEVEL)?)
}

/// What the "get information" operations return: a union that is one structure, and the result. The
/// structure is not there if the result is an error. Also wkssvc's.
pub(crate) fn information(
    reply: &mut Encoder<'_>,
    level: u32,
    found: Result<&[Member<'_>], u32>,
) -> Result<(), Fault> {
    reply.u32(level)?;
    let result = match found {
        Ok(members) => {
            reply.pointer()?;
            reply.members(members)?;
            reply.member_texts(members)?;
            werror::SUCCESS
        }
        Err(error) => {
            reply.null()?;
            error
        }
    };
    Ok(reply.u32(result)?)
}
