//! CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2).

use super::{SIGNATURE, av, flags};
use crate::auth::names::each_utf16;
use crate::auth::{AuthError, Facts};
use crate::wire::utf16::upper;
use crate::wire::{Full, Writer};

/// Room for the longest message: header, target name, five pairs and their end.
pub(in crate::auth) const LIMIT: usize =
    HEADER + 2 * NETBIOS_LIMIT + 2 * (4 + 2 * NETBIOS_LIMIT) + 2 * (4 + 2 * DNS_LIMIT) + 12 + 4;

/// UTF-16 units of a NetBIOS name.
const NETBIOS_LIMIT: usize = 15;
/// UTF-16 units of a DNS name that we tell; clients do nothing with a longer one.
const DNS_LIMIT: usize = 63;
/// Length of the fixed part, Version included.
const HEADER: usize = 56;
/// Where the flags are.
const FLAGS_AT: usize = 20;
/// Where the lengths of the target name are.
const TARGET_NAME_AT: usize = 12;

/// What we grant if the client asks for it.
const GRANTED: u32 = flags::UNICODE
    | flags::REQUEST_TARGET
    | flags::SIGN
    | flags::SEAL
    | flags::ALWAYS_SIGN
    | flags::EXTENDED_SESSION_SECURITY
    | flags::KEY_128
    | flags::KEY_EXCHANGE
    | flags::KEY_56;

/// What we say whatever the client asks for.
const ALWAYS: u32 = flags::NTLM | flags::TARGET_INFO | flags::VERSION;

/// Windows 10's version and NTLMSSP revision 15; nobody may decide anything by it
/// ([MS-NLMP] 2.2.2.10), and this is what clients have seen most.
const VERSION: [u8; 8] = [10, 0, 0x61, 0x4a, 0, 0, 0, 15];

/// A CHALLENGE made before the client has said what it wants: [`Challenge::grant`] fills that in.
/// It is kept to the end, because the client's MIC goes over it too.
pub(in crate::auth) struct Challenge {
    bytes: [u8; LIMIT],
    length: usize,
}

impl Challenge {
    /// Lays out everything that does not depend on the client.
    pub(in crate::auth) fn new(facts: &Facts<'_>, server_challenge: &[u8; 8], now: u64) -> Self {
        let mut challenge = Challenge {
            bytes: [0; LIMIT],
            length: 0,
        };
        let mut w = Writer::new(&mut challenge.bytes);
        // It cannot be full: every name is cut to what LIMIT counts with. If it were, the message
        // would be empty and no login succeed.
        let written = write(&mut w, facts, server_challenge, now).map(|()| w.position());
        challenge.length = written.unwrap_or(0);
        challenge
    }

    /// Answers what the client asked for, once its NEGOTIATE is there.
    pub(in crate::auth) fn grant(&mut self, asked: u32) -> Result<(), AuthError> {
        let mut granted = ALWAYS | asked & GRANTED;
        if granted & flags::UNICODE == 0 {
            granted |= flags::OEM;
        }
        let names_target = granted & flags::REQUEST_TARGET != 0 && granted & flags::UNICODE != 0;
        if names_target {
            granted |= flags::TARGET_TYPE_SERVER;
        }
        // The name lies there in UTF-16. A client that asks for none, or knows only its code
        // page, is told that it has no length; the pairs are UTF-16 for everyone.
        if !names_target
            && let Some(lengths) = self.bytes.get_mut(TARGET_NAME_AT..TARGET_NAME_AT + 4)
        {
            lengths.fill(0);
        }
        let field = self
            .bytes
            .get_mut(FLAGS_AT..FLAGS_AT + 4)
            .ok_or(AuthError::ReplyFull)?;
        field.copy_from_slice(&granted.to_le_bytes());
        Ok(())
    }

    /// The message.
    pub(in crate::auth) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The eight random bytes the client has to answer.
    pub(in crate::auth) fn server_challenge(&self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.bytes[24..32]);
        bytes
    }
}

fn write(
    w: &mut Writer<'_>,
    facts: &Facts<'_>,
    server_challenge: &[u8; 8],
    now: u64,
) -> Result<(), Full> {
    w.bytes(SIGNATURE)?;
    w.u32(2)?;
    w.zeros(8)?; // TargetNameFields
    w.u32(0)?; // NegotiateFlags
    w.bytes(server_challenge)?;
    w.zeros(8)?; // Reserved
    w.zeros(8)?; // TargetInfoFields
    w.bytes(&VERSION)?;

    let netbios = || facts.netbios_name.chars().map(upper);
    let name_at = w.position();
    name(w, netbios(), NETBIOS_LIMIT)?;
    let info_at = w.position();
    patch_field(w, TARGET_NAME_AT, name_at, info_at)?;

    if facts.domain.is_empty() {
        pair(w, av::NB_DOMAIN_NAME, netbios(), NETBIOS_LIMIT)?;
    } else {
        pair(
            w,
            av::NB_DOMAIN_NAME,
            facts.domain.chars().map(upper),
            NETBIOS_LIMIT,
        )?;
    }
    pair(w, av::NB_COMPUTER_NAME, netbios(), NETBIOS_LIMIT)?;
    // A host without a domain is its own, as a Windows computer in no domain says it.
    let dns_domain = facts
        .dns_name
        .split_once('.')
        .map_or(facts.dns_name, |(_, domain)| domain);
    pair(w, av::DNS_DOMAIN_NAME, dns_domain.chars(), DNS_LIMIT)?;
    pair(w, av::DNS_COMPUTER_NAME, facts.dns_name.chars(), DNS_LIMIT)?;
    // With our time before them, clients answer with it in place of their own, send a MIC and
    // leave the LM response out ([MS-NLMP] 3.1.5.1.2).
    w.u16(av::TIMESTAMP)?;
    w.u16(8)?;
    w.u64(now)?;
    w.u16(av::EOL)?;
    w.u16(0)?;
    let end = w.position();
    patch_field(w, 40, info_at, end)
}

/// Fills in a field's lengths and offset.
fn patch_field(w: &mut Writer<'_>, at: usize, from: usize, to: usize) -> Result<(), Full> {
    let length = u16::try_from(to.saturating_sub(from)).map_err(|_| Full)?;
    let offset = u32::try_from(from).map_err(|_| Full)?;
    w.patch_u16(at, length)?;
    w.patch_u16(at + 2, length)?;
    w.patch_u32(at + 4, offset)
}

/// Appends a name in UTF-16LE, cut before the character that goes beyond `limit` units.
fn name(w: &mut Writer<'_>, chars: impl Iterator<Item = char>, limit: usize) -> Result<(), Full> {
    let mut units = 0usize;
    let fitting = chars.take_while(|c| {
        units = units.saturating_add(c.len_utf16());
        units <= limit
    });
    let mut result = Ok(());
    each_utf16(fitting, |unit| result = result.and_then(|()| w.bytes(unit)));
    result
}

/// Appends an AV_PAIR that holds a name.
fn pair(
    w: &mut Writer<'_>,
    id: u16,
    chars: impl Iterator<Item = char>,
    limit: usize,
) -> Result<(), Full> {
    w.u16(id)?;
    let length_at = w.position();
    w.u16(0)?;
    let value_at = w.position();
    name(w, chars, limit)?;
    let length = u16::try_from(w.position() - value_at).map_err(|_| Full)?;
    w.patch_u16(length_at, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn made(facts: &Facts<'_>, asked: u32) -> Vec<u8> {
        let mut challenge = Challenge::new(facts, &[1, 2, 3, 4, 5, 6, 7, 8], 0x0102_0304);
        challenge.grant(asked).unwrap();
        assert_eq!(challenge.server_challenge(), [1, 2, 3, 4, 5, 6, 7, 8]);
        challenge.as_bytes().to_vec()
    }

    const FACTS: Facts<'static> = Facts {
        netbios_name: "Router",
        dns_name: "router.lan",
        domain: "Workgroup",
    };

    #[test]
    fn names_time_and_challenge_stand_where_the_fields_say() {
        let message = made(&FACTS, 0xe208_8297);
        assert_eq!(&message[..12], b"NTLMSSP\0\x02\0\0\0");
        assert_eq!(message[12..20], [12, 0, 12, 0, 56, 0, 0, 0]);
        assert_eq!(message[24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(message[56..68], utf16("ROUTER"));
        let mut info = Vec::new();
        for (id, text) in [
            (2u16, "WORKGROUP"),
            (1, "ROUTER"),
            (4, "lan"),
            (3, "router.lan"),
        ] {
            info.extend(id.to_le_bytes());
            info.extend((text.len() as u16 * 2).to_le_bytes());
            info.extend(utf16(text));
        }
        info.extend([7, 0, 8, 0, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(message[68..], info);
        assert_eq!(message[40..42], (info.len() as u16).to_le_bytes());
        assert_eq!(message[44..48], 68u32.to_le_bytes());
    }

    #[test]
    fn only_what_was_asked_for_is_granted() {
        let flags_of = |message: &[u8]| u32::from_le_bytes(message[20..24].try_into().unwrap());
        let everything = flags_of(&made(&FACTS, u32::MAX));
        assert_eq!(everything & flags::OEM, 0);
        assert_eq!(everything & GRANTED, GRANTED);
        let little = made(&FACTS, flags::OEM | flags::REQUEST_TARGET);
        assert_eq!(
            flags_of(&little),
            ALWAYS | flags::OEM | flags::REQUEST_TARGET
        );
        assert_eq!(little[12..16], [0; 4]);
        assert_eq!(
            flags_of(&made(&FACTS, flags::UNICODE)) & flags::TARGET_TYPE_SERVER,
            0
        );
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let long = "😀".repeat(40);
        let facts = Facts {
            netbios_name: &long,
            dns_name: &long,
            domain: &long,
        };
        let message = made(&facts, flags::UNICODE | flags::REQUEST_TARGET);
        assert_eq!(message[12..14], [28, 0], "7 characters of 2 units");
        assert!(message.len() <= LIMIT);
        let full = "x".repeat(200);
        let message = made(
            &Facts {
                netbios_name: &full,
                dns_name: &full,
                domain: &full,
            },
            flags::UNICODE,
        );
        assert_eq!(message.len(), LIMIT);
    }

    #[test]
    fn a_computer_in_no_domain_is_its_own() {
        let message = made(
            &Facts {
                netbios_name: "NAS",
                dns_name: "nas",
                domain: "",
            },
            flags::UNICODE,
        );
        let own = [
            &[2, 0, 6, 0][..],
            &utf16("NAS"),
            &[1, 0, 6, 0],
            &utf16("NAS"),
            &[4, 0, 6, 0],
            &utf16("nas"),
        ]
        .concat();
        assert!(message.windows(own.len()).any(|window| window == own));
    }
}
