//! Names and SIDs of users and groups, each translated into the other ([MS-LSAT] 3.1.1).

use super::wide::Wide;
use super::{Facts, UserFact};
use crate::wire::security::Sid;
use core::fmt::Write;

/// What kind of account a name or SID is: SID_NAME_USE ([MS-LSAT] 2.2.13).
pub(crate) mod kind {
    pub const USER: u16 = 1;
    pub const GROUP: u16 = 2;
    pub const DOMAIN: u16 = 3;
    pub const ALIAS: u16 = 4;
    pub const WELL_KNOWN: u16 = 5;
    pub const UNKNOWN: u16 = 8;
}

/// The RID of the group every user of a server without domain belongs to; Windows calls it None.
pub(crate) const GROUP_NONE: u32 = 513;

/// A domain accounts belong to: its SID and one more part make theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// This server's own users.
    Machine,
    /// S-1-5-32: the same groups on every computer.
    Builtin,
    /// S-1-5.
    NtAuthority,
    /// S-1-0: nobody.
    Null,
    /// S-1-1: everyone.
    World,
    /// S-1-3: placeholders in what is inherited.
    Creator,
    /// S-1-22-1: users by uid, as Samba shows them.
    UnixUser,
    /// S-1-22-2: groups by gid.
    UnixGroup,
}

/// How many domains there are.
pub(crate) const DOMAINS: usize = 8;

const ALL: [Domain; DOMAINS] = [
    Domain::Machine,
    Domain::Builtin,
    Domain::NtAuthority,
    Domain::Null,
    Domain::World,
    Domain::Creator,
    Domain::UnixUser,
    Domain::UnixGroup,
];

/// Accounts with the same SID everywhere ([MS-DTYP] 2.4.2.4).
const WELL_KNOWN: [(Domain, u32, &str, u16); 18] = [
    (Domain::Null, 0, "NULL SID", kind::WELL_KNOWN),
    (Domain::World, 0, "Everyone", kind::WELL_KNOWN),
    (Domain::Creator, 0, "CREATOR OWNER", kind::WELL_KNOWN),
    (Domain::Creator, 1, "CREATOR GROUP", kind::WELL_KNOWN),
    (Domain::Creator, 4, "OWNER RIGHTS", kind::WELL_KNOWN),
    (Domain::NtAuthority, 2, "NETWORK", kind::WELL_KNOWN),
    (Domain::NtAuthority, 4, "INTERACTIVE", kind::WELL_KNOWN),
    (Domain::NtAuthority, 7, "ANONYMOUS LOGON", kind::WELL_KNOWN),
    (Domain::NtAuthority, 10, "SELF", kind::WELL_KNOWN),
    (
        Domain::NtAuthority,
        11,
        "Authenticated Users",
        kind::WELL_KNOWN,
    ),
    (Domain::NtAuthority, 18, "SYSTEM", kind::WELL_KNOWN),
    (Domain::NtAuthority, 19, "LOCAL SERVICE", kind::WELL_KNOWN),
    (Domain::NtAuthority, 20, "NETWORK SERVICE", kind::WELL_KNOWN),
    (Domain::Builtin, 544, "Administrators", kind::ALIAS),
    (Domain::Builtin, 545, "Users", kind::ALIAS),
    (Domain::Builtin, 546, "Guests", kind::ALIAS),
    (Domain::Builtin, 547, "Power Users", kind::ALIAS),
    (Domain::Machine, GROUP_NONE, "None", kind::GROUP),
];

impl Domain {
    /// Its SID.
    pub fn sid(self, facts: &Facts<'_>) -> Sid {
        let (authority, parts): (u8, &[u32]) = match self {
            Domain::Machine => return facts.machine_sid,
            Domain::Builtin => (5, &[32]),
            Domain::NtAuthority => (5, &[]),
            Domain::Null => (0, &[]),
            Domain::World => (1, &[]),
            Domain::Creator => (3, &[]),
            Domain::UnixUser => (22, &[1]),
            Domain::UnixGroup => (22, &[2]),
        };
        Sid::new([0, 0, 0, 0, 0, authority], parts).unwrap_or(Sid::NOBODY)
    }

    /// Its name.
    pub fn name<'a>(self, facts: &Facts<'a>) -> &'a str {
        match self {
            Domain::Machine => facts.server,
            Domain::Builtin => "BUILTIN",
            Domain::NtAuthority => "NT AUTHORITY",
            Domain::Null | Domain::World | Domain::Creator => "",
            Domain::UnixUser => "Unix User",
            Domain::UnixGroup => "Unix Group",
        }
    }

    /// Its accounts of one kind, in the order they are listed.
    pub fn accounts<'a>(
        self,
        wanted: u16,
        facts: &Facts<'a>,
    ) -> impl Iterator<Item = (&'a str, u32)> + Clone {
        let fixed = WELL_KNOWN.iter();
        let fixed = fixed.filter(move |(domain, _, _, kind)| *domain == self && *kind == wanted);
        let users = users(facts).filter(move |_| self == Domain::Machine && wanted == kind::USER);
        fixed
            .map(|(_, rid, name, _)| (*name, *rid))
            .chain(users.map(|user| (user.name, user.rid)))
    }

    /// The account with this RID.
    pub fn by_rid<'a>(self, rid: u32, facts: &Facts<'a>) -> Option<Account<'a>> {
        let found = |kind, name| Account {
            domain: self,
            rid: Some(rid),
            kind,
            name,
        };
        let same = |(domain, number, _, _): &&_| (*domain, *number) == (self, rid);
        if let Some((_, _, name, kind)) = WELL_KNOWN.iter().find(same) {
            return Some(found(*kind, Name::Text(name)));
        }
        match self {
            Domain::Machine => {
                let user = users(facts).find(|user| user.rid == rid)?;
                Some(found(kind::USER, Name::Text(user.name)))
            }
            Domain::UnixUser => Some(found(kind::USER, Name::Number(rid))),
            Domain::UnixGroup => Some(found(kind::GROUP, Name::Number(rid))),
            _ => None,
        }
    }

    /// The account of this name.
    pub fn by_name<'a>(self, name: Wide<'_>, facts: &Facts<'a>) -> Option<Account<'a>> {
        let same = |(domain, _, text, _): &&(_, _, &str, _)| *domain == self && name.is(text);
        let known = WELL_KNOWN.iter().find(same).map(|(_, rid, _, _)| *rid);
        let rid = known.or_else(|| match self {
            Domain::Machine => users(facts)
                .find(|user| name.is(user.name))
                .map(|user| user.rid),
            Domain::UnixUser | Domain::UnixGroup => number(name),
            _ => None,
        })?;
        self.by_rid(rid, facts)
    }
}

fn users<'a>(facts: &Facts<'a>) -> impl Iterator<Item = UserFact<'a>> + Clone {
    let user = facts.users;
    (0..usize::MAX).map_while(user)
}

/// A decimal number as `Display` writes it.
fn number(text: Wide<'_>) -> Option<u32> {
    let number = text.chars().try_fold(0_u32, |number, c| {
        number.checked_mul(10)?.checked_add(c.to_digit(10)?)
    })?;
    text.is(Name::Number(number).text().as_str())
        .then_some(number)
}

/// A name as it will be told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'a> {
    Text(&'a str),
    /// A uid or gid.
    Number(u32),
    /// A SID no name is known for stands for itself.
    Sid(Sid),
}

/// The characters of a [`Name`].
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    /// "S-1-0x", 12 hexadecimal digits and 15 times a hyphen and 10 digits.
    Written(heapless::String<184>),
}

impl<'a> Name<'a> {
    pub fn text(self) -> Text<'a> {
        let mut written = heapless::String::new();
        // There is room for the longest of either.
        let _ = match self {
            Name::Text(text) => return Text::Borrowed(text),
            Name::Number(number) => write!(written, "{number}"),
            Name::Sid(sid) => write!(written, "{sid}"),
        };
        Text::Written(written)
    }
}

impl Text<'_> {
    pub fn as_str(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Written(text) => text,
        }
    }
}

/// A user, a group, or a domain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    pub domain: Domain,
    /// `None` for the domain itself.
    pub rid: Option<u32>,
    pub kind: u16,
    pub name: Name<'a>,
}

impl<'a> Account<'a> {
    /// The account's own SID.
    pub fn sid(&self, facts: &Facts<'_>) -> Sid {
        let domain = self.domain.sid(facts);
        self.rid
            .and_then(|rid| domain.with_rid(rid))
            .unwrap_or(domain)
    }

    fn of_domain(domain: Domain, facts: &Facts<'a>) -> Account<'a> {
        Account {
            domain,
            rid: None,
            kind: kind::DOMAIN,
            name: Name::Text(domain.name(facts)),
        }
    }
}

/// The account a SID stands for.
pub(crate) fn by_sid<'a>(sid: &Sid, facts: &Facts<'a>) -> Option<Account<'a>> {
    let domain = |wanted: &Sid| ALL.into_iter().find(|domain| domain.sid(facts) == *wanted);
    if let Some(domain) = domain(sid) {
        return (!domain.name(facts).is_empty()).then(|| Account::of_domain(domain, facts));
    }
    let (rid, parent) = sid.sub_authorities().split_last()?;
    domain(&Sid::new(sid.authority(), parent)?)?.by_rid(*rid, facts)
}

/// The account a name stands for: `name`, `DOMAIN\name`, or the name of a domain.
pub(crate) fn by_name<'a>(name: Wide<'_>, facts: &Facts<'a>) -> Option<Account<'a>> {
    if let Some((domain, name)) = name.split_at(b'\\') {
        let mut of_name = ALL.into_iter().filter(|known| domain.is(known.name(facts)));
        return of_name.find_map(|domain| domain.by_name(name, facts));
    }
    if name.units() == 0 {
        return None;
    }
    let domain = ALL.into_iter().find(|domain| name.is(domain.name(facts)));
    if let Some(domain) = domain {
        return Some(Account::of_domain(domain, facts));
    }
    // A bare number is a name, never a Unix id.
    let searched = ALL
        .into_iter()
        .filter(|domain| !matches!(domain, Domain::UnixUser | Domain::UnixGroup));
    searched
        .filter_map(|domain| domain.by_name(name, facts))
        .next()
}

#[cfg(test)]
mod tests {
    use super::super::testing::facts;
    use super::*;

    fn sid(text: &str) -> Sid {
        let mut parts = text.split('-').skip(2).map(|n| n.parse::<u32>().unwrap());
        let authority = parts.next().unwrap() as u8;
        Sid::new([0, 0, 0, 0, 0, authority], &parts.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn names_and_sids_are_each_others_translation() {
        let cases = [
            ("S-1-5-21-1-2-3-1001", "ROUTER\\Björn", "björn", kind::USER),
            ("S-1-5-21-1-2-3-513", "ROUTER\\None", "none", kind::GROUP),
            ("S-1-5-21-1-2-3", "ROUTER\\ROUTER", "router", kind::DOMAIN),
            (
                "S-1-5-32-544",
                "BUILTIN\\Administrators",
                "administrators",
                kind::ALIAS,
            ),
            ("S-1-5-32", "BUILTIN\\BUILTIN", "builtin", kind::DOMAIN),
            (
                "S-1-5-18",
                "NT AUTHORITY\\SYSTEM",
                "nt authority\\system",
                kind::WELL_KNOWN,
            ),
            ("S-1-1-0", "\\Everyone", "EVERYONE", kind::WELL_KNOWN),
            (
                "S-1-3-1",
                "\\CREATOR GROUP",
                "\\creator group",
                kind::WELL_KNOWN,
            ),
            ("S-1-22-1-0", "Unix User\\0", "unix user\\0", kind::USER),
            (
                "S-1-22-2-4294967295",
                "Unix Group\\4294967295",
                "Unix Group\\4294967295",
                kind::GROUP,
            ),
        ];
        let facts = facts();
        for (wanted, full, asked, kind) in cases {
            let account = by_sid(&sid(wanted), &facts).unwrap();
            let name = format!(
                "{}\\{}",
                account.domain.name(&facts),
                account.name.text().as_str()
            );
            assert_eq!((name.as_str(), account.kind), (full, kind));
            let asked: Vec<u8> = asked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(
                by_name(Wide::new(&asked), &facts).unwrap().sid(&facts),
                sid(wanted),
                "{full}"
            );
        }
    }

    #[test]
    fn what_is_unknown_has_no_translation() {
        let facts = facts();
        let sids = [
            "S-1-5-21-1-2-3-1002",
            "S-1-5-21-1-2-4-1000",
            "S-1-1",
            "S-1-22",
            "S-1-22-1-0-0",
            "S-1-5-32-999",
            "S-1-9",
        ];
        for text in sids {
            assert!(by_sid(&sid(text), &facts).is_none(), "{text}");
        }
        let names = [
            "",
            "\\",
            "nobody",
            "ROUTER\\",
            "ROUTER\\nobody",
            "1000",
            "Unix User\\",
            "Unix User\\4294967296",
            "Unix User\\01",
            "Unix User\\-1",
            "BUILTIN\\anna",
            "OTHER\\anna",
            "ROUTER\\anna\\x",
        ];
        for name in names {
            let bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(by_name(Wide::new(&bytes), &facts).is_none(), "{name}");
        }
    }

    #[test]
    fn the_longest_sid_has_room() {
        let sid = Sid::new([255; 6], &[u32::MAX; 15]).unwrap();
        assert_eq!(Name::Sid(sid).text().as_str(), sid.to_string());
    }
}
