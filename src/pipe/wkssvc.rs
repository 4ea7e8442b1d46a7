//! The workstation service, [MS-WKST]: the computer's and the workgroup's name.

use super::ndr::{Decoder, Encoder, Member};
use super::srvsvc::{PLATFORM_NT, information, refuse_enumeration};
use super::{Facts, Fault, werror};

/// Answers one operation ([MS-WKST] 3.2.4).
pub(crate) fn call(
    operation: u16,
    request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    match operation {
        0 => get_info(request, reply, facts),
        // NetrWkstaUserEnum, NetrWkstaTransportEnum: who is here, and over which network.
        2 => refuse_enumeration(request, reply, 0, &[0, 1]),
        5 => refuse_enumeration(request, reply, 0, &[0]),
        20 => get_join_information(request, reply, facts),
        _ => Err(Fault::Operation),
    }
}

/// NetrWkstaGetInfo, opnum 0 ([MS-WKST] 3.2.4.1): levels 100, 101 and 102.
fn get_info(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    request.optional_string()?;
    let level = request.u32()?;
    let all = [
        Member::Long(PLATFORM_NT),
        Member::Text(facts.server),
        Member::Text(facts.workgroup),
        Member::Long(facts.version_major),
        Member::Long(facts.version_minor),
        Member::Text(""), // lanroot
        Member::Long(facts.current_users),
    ];
    let members = match level {
        100 => all.get(..5),
        101 => all.get(..6),
        102 => Some(&all[..]),
        _ => None,
    };
    information(reply, level, members.ok_or(werror::INVALID_LEVEL))
}

/// NetrGetJoinInformation, opnum 20 ([MS-WKST] 3.2.4.14): in a workgroup, never in a domain.
fn get_join_information(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    const NET_SETUP_WORKGROUP_NAME: u16 = 2;
    request.optional_string()?;
    reply.pointer()?;
    reply.string(facts.workgroup.chars())?;
    reply.u16(NET_SETUP_WORKGROUP_NAME)?;
    Ok(reply.u32(werror::SUCCESS)?)
}

#[cfg(test)]
mod tests {
    use super::super::Endpoint;
    use super::super::testing::{Client, facts, stub};

    #[test]
    fn the_computer_is_described_at_every_level() {
        let mut client = Client::bound(Endpoint::Wkssvc, 4280);
        let mut ask = |level| {
            client
                .call(0, &stub().pointed("\\\\r").long(level), &facts())
                .unwrap()
        };
        let wanted = stub()
            .longs(&[102, 0x20004, 500, 0x20008, 0x2000c, 6, 1, 0x20010, 2])
            .string("ROUTER")
            .string("WORKGROUP")
            .string("")
            .long(0);
        assert_eq!(ask(102), wanted.0);
        let wanted = stub()
            .longs(&[100, 0x20004, 500, 0x20008, 0x2000c, 6, 1])
            .string("ROUTER")
            .string("WORKGROUP");
        assert_eq!(ask(100), wanted.long(0).0);
        assert_eq!(ask(502), stub().longs(&[502, 0, 124]).0);
    }

    #[test]
    fn the_workgroup_is_no_domain() {
        let mut client = Client::bound(Endpoint::Wkssvc, 4280);
        let answer = client.call(20, &stub().longs(&[0, 0]), &facts()).unwrap();
        assert_eq!(
            answer,
            stub().long(0x20004).string("WORKGROUP").short(2).long(0).0
        );
    }
}
