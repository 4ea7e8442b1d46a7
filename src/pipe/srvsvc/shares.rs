//! The shares: NetrShareEnum, NetrShareGetInfo, NetrShareCheck and NetprNameValidate.

use super::super::ndr::{Decoder, Encoder, Member};
use super::super::{Facts, Fault, ShareFact, ShareKind, werror};
use super::{information, unknown_level};

/// Members of the longest structure, SHARE_INFO_503_I.
type Members<'a> = heapless::Vec<Member<'a>, 11>;

/// NetrShareEnum, opnum 15 ([MS-SRVS] 3.1.4.8): levels 0, 1, 2, 501, 502 and 503, in parts as the
/// preferred length and this server's reply buffer have it.
pub(super) fn enumerate(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    request.optional_string()?;
    let (level, arm) = (request.u32()?, request.u32()?);
    if level != arm {
        return Err(Fault::BadStub);
    }
    if !matches!(level, 0 | 1 | 2 | 501 | 502 | 503) {
        return unknown_level(reply, level);
    }
    if request.pointer()? {
        // What is enumerated goes out, not in: a container that comes filled is a contradiction.
        let count = request.u32()?;
        let filled = request.pointer()? && request.u32()? != 0;
        if count != 0 || filled {
            return Err(Fault::BadStub);
        }
    }
    let preferred = request.count()?;
    let resume = if request.pointer()? {
        Some(request.count()?)
    } else {
        None
    };

    let first = resume.unwrap_or(0);
    let listed =
        || listed(facts, first).filter_map(|(n, share)| Some((n, members(level, &share)?)));
    let total = listed().count();
    let room = reply
        .remaining()
        .saturating_sub(OUTSIDE_ARRAY)
        .min(preferred);
    let count = fitting(listed().map(|(_, members)| members), room);
    let next = listed().nth(count).map(|(n, _)| n);
    let result = match next {
        Some(_) if count == 0 => werror::BUF_TOO_SMALL,
        Some(_) => werror::MORE_DATA,
        None => werror::SUCCESS,
    };

    reply.u32(level)?;
    reply.u32(level)?;
    reply.pointer()?;
    reply.count(count)?;
    if count == 0 {
        reply.null()?;
    } else {
        reply.pointer()?;
        reply.count(count)?;
    }
    listed()
        .take(count)
        .try_for_each(|(_, members)| reply.members(&members))?;
    listed()
        .take(count)
        .try_for_each(|(_, members)| reply.member_texts(&members))?;
    reply.count(total)?;
    if resume.is_some() {
        reply.pointer()?;
        reply.count(next.unwrap_or(0))?;
    } else {
        reply.null()?;
    }
    Ok(reply.u32(result)?)
}

/// Bytes of an enumeration's answer before and after its array, padding included.
const OUTSIDE_ARRAY: usize = 48;

/// How many entries, from the first on, take no more than `room` bytes.
fn fitting<'a>(entries: impl Iterator<Item = Members<'a>>, room: usize) -> usize {
    let mut used = 0_usize;
    entries
        .take_while(|members| {
            used = members
                .iter()
                .fold(used, |sum, member| sum.saturating_add(member.size()));
            used <= room
        })
        .count()
}

/// NetrShareGetInfo, opnum 16 ([MS-SRVS] 3.1.4.10): levels 0, 1, 2, 501, 502, 503, 1004, 1005, 1006.
pub(super) fn get_info(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    request.optional_string()?;
    let name = request.string()?;
    let level = request.u32()?;
    let share = shares(facts, 0)
        .map(|(_, share)| share)
        .find(|share| share.visible && name.is(share.name));
    let found = share.ok_or(werror::NET_NAME_NOT_FOUND);
    let found = found.and_then(|share| members(level, &share).ok_or(werror::INVALID_LEVEL));
    information(reply, level, found.as_deref().map_err(|error| *error))
}

/// NetrShareCheck, opnum 20 ([MS-SRVS] 3.1.4.14): folders are shared here, never devices.
pub(super) fn check(reply: &mut Encoder<'_>) -> Result<(), Fault> {
    reply.u32(0)?;
    Ok(reply.u32(werror::DEVICE_NOT_SHARED)?)
}

/// NetprNameValidate, opnum 33 ([MS-SRVS] 3.1.4.32), for the names of shares.
pub(super) fn validate_name(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
) -> Result<(), Fault> {
    const NAMETYPE_SHARE: u32 = 9;
    request.optional_string()?;
    let name = request.string()?;
    let (kind, flags) = (request.u32()?, request.u32()?);
    let illegal =
        |c: char| u8::try_from(c).is_ok_and(|c| c < b' ' || br#""\/[]:|<>+=;,*?"#.contains(&c));
    let result = if kind != NAMETYPE_SHARE || flags & !0x8000_0000 != 0 {
        werror::INVALID_PARAMETER
    } else if name.units() == 0 || name.units() > 80 || name.chars().any(illegal) {
        werror::INVALID_NAME
    } else {
        werror::SUCCESS
    };
    Ok(reply.u32(result)?)
}

fn shares<'a>(facts: &Facts<'a>, first: usize) -> impl Iterator<Item = (usize, ShareFact<'a>)> {
    let share = facts.shares;
    (first..usize::MAX).map_while(move |n| Some((n, share(n)?)))
}

/// The shares an enumeration shows this caller.
fn listed<'a>(facts: &Facts<'a>, first: usize) -> impl Iterator<Item = (usize, ShareFact<'a>)> {
    shares(facts, first).filter(|(_, share)| share.visible && share.browseable)
}

/// A share as the structure of `level` ([MS-SRVS] 2.2.4.22 to 2.2.4.31) has it.
fn members<'a>(level: u32, share: &ShareFact<'a>) -> Option<Members<'a>> {
    const STYPE_IPC: u32 = 3;
    const STYPE_SPECIAL: u32 = 0x8000_0000;
    let kind = match share.kind {
        ShareKind::Disk if share.name.ends_with('$') => STYPE_SPECIAL,
        ShareKind::Disk => 0,
        ShareKind::Ipc => STYPE_IPC | STYPE_SPECIAL,
    };
    let name = Member::Text(share.name);
    let comment = Member::Text(share.comment);
    let kind = Member::Long(kind);
    // In shi2_permissions, which only servers with share-level security use; as Windows fills it.
    let permissions = Member::Long(0);
    let max = Member::Long(share.max_uses);
    let now = Member::Long(share.current_uses);
    let path = Member::Path(share.path);
    let flags = Member::Long(share.flags);
    // No password and no security descriptor are told.
    let (password, no_length, no_descriptor) = (Member::Null, Member::Long(0), Member::Null);
    let members: &[Member<'a>] = match level {
        0 => &[name],
        1 => &[name, kind, comment],
        2 => &[name, kind, comment, permissions, max, now, path, password],
        501 => &[name, kind, comment, flags],
        502 => &[
            name,
            kind,
            comment,
            permissions,
            max,
            now,
            path,
            password,
            no_length,
            no_descriptor,
        ],
        503 => {
            // The server's name: any.
            let scope = Member::Text("*");
            &[
                name,
                kind,
                comment,
                permissions,
                max,
                now,
                path,
                password,
                scope,
                no_length,
                no_descriptor,
            ]
        }
        1004 => &[comment],
        1005 => &[flags],
        1006 => &[max],
        _ => return None,
    };
    heapless::Vec::from_slice(members).ok()
}

#[cfg(test)]
mod tests {
    use super::super::super::Endpoint;
    use super::super::super::testing::{Bytes, Client, facts, many_shares, stub};
    use super::*;

    fn ask(operation: u16, stub: &Bytes, facts: &Facts<'_>) -> Result<Vec<u8>, u32> {
        Client::bound(Endpoint::Srvsvc, 4280).call(operation, stub, facts)
    }

    fn enumeration(level: u32, preferred: u32, resume: Option<u32>) -> Bytes {
        let question =
            stub()
                .pointed("\\\\router")
                .longs(&[level, level, 0xbbbb_0000, 0, 0, preferred]);
        match resume {
            Some(handle) => question.longs(&[0xcccc_0000, handle]),
            None => question.long(0),
        }
    }

    fn long_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn listed_are_the_shares_the_caller_may_see() {
        let answer = ask(15, &enumeration(1, u32::MAX, Some(0)), &facts()).unwrap();
        let wanted = stub()
            .longs(&[1, 1, 0x20004, 2, 0x20008, 2])
            .longs(&[0x2000c, 0, 0x20010])
            .longs(&[0x20014, 0x8000_0003, 0x20018])
            .string("Öffentlich")
            .string("für alle 😀")
            .string("IPC$")
            .string("IPC Service")
            .longs(&[2, 0x2001c, 0, 0]);
        assert_eq!(answer, wanted.0);
        assert_eq!(
            ask(36, &enumeration(1, u32::MAX, Some(0)), &facts()).unwrap(),
            wanted.0
        );
    }

    #[test]
    fn the_longest_level_is_written_member_by_member() {
        let answer = ask(16, &stub().long(0).string("ÖFFENTLICH").long(503), &facts()).unwrap();
        let wanted = stub()
            .longs(&[503, 0x20004])
            .longs(&[
                0x20008,
                0,
                0x2000c,
                0,
                u32::MAX,
                1,
                0x20010,
                0,
                0x20014,
                0,
                0,
            ])
            .string("Öffentlich")
            .string("für alle 😀")
            .string("C:\\mnt\\disk")
            .string("*")
            .long(0);
        assert_eq!(answer, wanted.0);
    }

    #[test]
    fn a_hidden_share_is_found_by_name_and_a_forbidden_one_is_not() {
        let cases = [
            ("hidden", 1, 0),
            ("Hidden", 1005, 0),
            ("ipc$", 501, 0),
            ("secret", 1, 2310),
            ("nothing", 1, 2310),
            ("", 1, 2310),
            ("hidden", 3, 124),
        ];
        for (name, level, result) in cases {
            let answer = ask(16, &stub().pointed("r").string(name).long(level), &facts()).unwrap();
            assert_eq!(long_at(&answer, 0), level);
            assert_eq!(long_at(&answer, 4) == 0, result != 0, "{name}");
            assert_eq!(long_at(&answer, answer.len() - 4), result, "{name}");
        }
    }

    #[test]
    fn long_lists_come_in_parts_that_leave_nothing_out() {
        let mut many = facts();
        many.shares = &many_shares;
        for (level, preferred) in [(0, u32::MAX), (1, u32::MAX), (1, 1000), (503, u32::MAX)] {
            let (mut resume, mut seen) = (0, 0);
            loop {
                let answer = ask(15, &enumeration(level, preferred, Some(resume)), &many).unwrap();
                let count = long_at(&answer, 12);
                let [total, _, handle, result] =
                    [4, 3, 2, 1].map(|from_end| long_at(&answer, answer.len() - 4 * from_end));
                assert_eq!(total, 1000 - seen);
                assert!(answer.len() <= (preferred as usize).saturating_add(OUTSIDE_ARRAY));
                seen += count;
                if result == 0 {
                    assert_eq!(handle, 0);
                    break;
                }
                assert_eq!((result, handle), (234, seen));
                resume = handle;
            }
            assert_eq!(seen, 1000);
        }
    }

    #[test]
    fn odd_enumerations_are_answered_in_kind() {
        let ends = |answer: &[u8], result: u32| long_at(answer, answer.len() - 4) == result;
        assert!(ends(
            &ask(15, &enumeration(1, 0, Some(0)), &facts()).unwrap(),
            2123
        ));
        assert!(ends(
            &ask(15, &enumeration(1, 9, None), &facts()).unwrap(),
            2123
        ));
        assert!(ends(
            &ask(15, &enumeration(1, u32::MAX, Some(u32::MAX)), &facts()).unwrap(),
            0
        ));
        assert!(ends(
            &ask(15, &enumeration(7, u32::MAX, Some(0)), &facts()).unwrap(),
            124
        ));
        let contradictory = stub().long(0).longs(&[1, 2, 0, u32::MAX, 0]);
        assert_eq!(ask(15, &contradictory, &facts()), Err(0x6f7));
        let filled = stub().long(0).longs(&[0, 0, 1, 1, 1, 1, 0, u32::MAX, 0]);
        assert_eq!(ask(15, &filled, &facts()), Err(0x6f7));
    }

    #[test]
    fn nothing_is_changed_and_nobody_is_betrayed() {
        // NetrShareDel, NetrSessionDel, NetrFileClose; NetrShareAdd, NetrShareSetInfo, NetrServerSetInfo
        for operation in [18, 13, 11] {
            assert_eq!(ask(operation, &stub(), &facts()).unwrap(), stub().long(5).0);
        }
        for operation in [14, 17, 22] {
            assert_eq!(
                ask(operation, &stub(), &facts()).unwrap(),
                stub().longs(&[0, 5]).0
            );
        }
        let sessions = stub().longs(&[0, 0, 0, 10, 10, 1, 0, 0, u32::MAX, 0]);
        assert_eq!(
            ask(12, &sessions, &facts()).unwrap(),
            stub().longs(&[10, 10, 0x20004, 0, 0, 0, 0, 5]).0
        );
        let unknown = stub().longs(&[0, 0, 0, 11, 11, 1, 0, 0, u32::MAX, 0]);
        assert_eq!(
            ask(12, &unknown, &facts()).unwrap(),
            stub().longs(&[11, 11, 0, 0, 124]).0
        );
    }

    #[test]
    fn names_of_shares_are_validated() {
        let long = "x".repeat(81);
        let cases = [
            ("Fotos & Co", 9, 0),
            ("a/b", 9, 123),
            ("", 9, 123),
            (&long, 9, 123),
            ("a", 1, 87),
        ];
        for (name, kind, result) in cases {
            let answer = ask(33, &stub().long(0).string(name).longs(&[kind, 0]), &facts()).unwrap();
            assert_eq!(answer, stub().long(result).0, "{name}");
        }
    }
}
