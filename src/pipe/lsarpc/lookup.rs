//! Translation of names and SIDs.

use super::super::accounts::{self, Account, DOMAINS, Domain, Name, Text, kind};
use super::super::handles::{Handles, Object};
use super::super::ndr::{Decoder, Encoder};
use super::super::wide::Wide;
use super::super::{Caller, Facts, Fault, ntstatus};
use crate::wire::security::Sid;

/// How a lookup of names answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// LsarLookupNames: RIDs.
    One,
    /// LsarLookupNames2: RIDs and flags.
    Two,
    /// LsarLookupNames3: SIDs and flags.
    Three,
}

/// LsarLookupNames, opnum 14, LsarLookupNames2, opnum 58, and LsarLookupNames3, opnum 68 ([MS-LSAT]
/// 3.1.4.5, .7 and .8).
pub(super) fn names(
    version: Names,
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let object = handles.get(&request.handle()?)?;
    let (count, conformance) = (request.count()?, request.count()?);
    if count != conformance {
        return Err(Fault::BadStub);
    }
    let names = WideNames::new(&request, count)?;
    let found = || names.walk().map(|name| accounts::by_name(name, facts));
    let translation = Translation::new(object, facts, found());

    translation.write_domains(reply, facts)?;
    let found = || found().filter(|_| translation.refused.is_none());
    translation.write_array(reply)?;
    for account in found() {
        reply.u16(account.map_or(kind::UNKNOWN, |account| account.kind))?;
        match version {
            Names::One | Names::Two => reply.u32(match account {
                // A domain has no RID of its own, and what is unknown has none at all.
                Some(account) => account.rid.unwrap_or(u32::MAX),
                None => 0,
            })?,
            Names::Three if account.is_some() => reply.pointer()?,
            Names::Three => reply.null()?,
        }
        reply.u32(translation.index(&account))?;
        if version != Names::One {
            reply.u32(0)?;
        }
    }
    if version == Names::Three {
        found()
            .flatten()
            .try_for_each(|account| reply.sid(&account.sid(facts)))?;
    }
    translation.write_end(reply)
}

/// LsarLookupSids, opnum 15, and LsarLookupSids2, opnum 57 ([MS-LSAT] 3.1.4.9 and .10).
pub(super) fn sids(
    with_flags: bool,
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    let object = handles.get(&request.handle()?)?;
    let sids = Sids::read(&mut request)?;
    let found = || sids.walk().map(|sid| (sid, accounts::by_sid(&sid, facts)));
    let translation = Translation::new(object, facts, found().map(|(_, account)| account));

    translation.write_domains(reply, facts)?;
    let found = || found().filter(|_| translation.refused.is_none());
    translation.write_array(reply)?;
    for (sid, account) in found() {
        reply.u16(account.map_or(kind::UNKNOWN, |account| account.kind))?;
        reply.counted(text(sid, &account).as_str())?;
        reply.u32(translation.index(&account))?;
        if with_flags {
            reply.u32(0)?;
        }
    }
    found().try_for_each(|(sid, account)| reply.counted_text(text(sid, &account).as_str()))?;
    translation.write_end(reply)
}

/// The name a SID is answered with; an unknown one stands for itself.
fn text<'a>(sid: Sid, account: &Option<Account<'a>>) -> Text<'a> {
    account
        .map_or(Name::Sid(sid), |account| account.name)
        .text()
}

/// LsarGetUserName, opnum 45 ([MS-LSAT] 3.1.4.2): who asks, and of which domain if that is wanted.
pub(super) fn user_name(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
) -> Result<(), Fault> {
    request.optional_string()?;
    if request.pointer()? {
        // UserName comes in as null; what comes instead is passed over.
        let fixed = request.counted()?;
        request.counted_text(fixed)?;
    }
    let domain_wanted = request.pointer()?;
    let (name, domain) = match facts.caller {
        Caller::User(name) => (name, facts.server),
        Caller::Guest => ("Guest", facts.server),
        Caller::Anonymous => ("ANONYMOUS LOGON", Domain::NtAuthority.name(facts)),
    };
    reply.pointer()?;
    reply.counted(name)?;
    reply.counted_text(name)?;
    if domain_wanted {
        reply.pointer()?;
        reply.pointer()?;
        reply.counted(domain)?;
        reply.counted_text(domain)?;
    } else {
        reply.null()?;
    }
    Ok(reply.u32(ntstatus::SUCCESS)?)
}

/// The names of a request: an array of RPC_UNICODE_STRINGs, checked.
#[derive(Clone)]
pub(crate) struct WideNames<'a> {
    count: usize,
    fixed: Decoder<'a>,
    texts: Decoder<'a>,
}

impl<'a> WideNames<'a> {
    /// The `count` strings whose fixed parts start where `request` stands.
    pub fn new(request: &Decoder<'a>, count: usize) -> Result<WideNames<'a>, Fault> {
        // Eight bytes each: more than that cannot be there, and the walk ends where they end.
        if count > request.remaining() {
            return Err(Fault::BadStub);
        }
        let mut texts = request.clone();
        for _ in 0..count {
            texts.counted()?;
        }
        let names = WideNames {
            count,
            fixed: request.clone(),
            texts,
        };
        if names.walk().count() == count {
            Ok(names)
        } else {
            Err(Fault::BadStub)
        }
    }

    /// The names.
    pub fn walk(&self) -> impl Iterator<Item = Wide<'a>> + Clone {
        let (mut fixed, mut texts) = (self.fixed.clone(), self.texts.clone());
        (0..self.count).map_while(move |_| texts.counted_text(fixed.counted().ok()?).ok())
    }
}

/// The SIDs of a request: an LSAPR_SID_ENUM_BUFFER ([MS-LSAT] 2.2.18), checked.
pub(crate) struct Sids<'a> {
    count: usize,
    sids: Decoder<'a>,
}

impl<'a> Sids<'a> {
    /// Reads the count and the pointers; the SIDs are read when they are walked.
    pub fn read(request: &mut Decoder<'a>) -> Result<Sids<'a>, Fault> {
        let (count, present) = (request.count()?, request.pointer()?);
        if !present {
            return if count == 0 {
                Ok(Sids {
                    count,
                    sids: request.clone(),
                })
            } else {
                Err(Fault::BadStub)
            };
        }
        if request.count()? != count || count > request.remaining() {
            return Err(Fault::BadStub);
        }
        for _ in 0..count {
            if !request.pointer()? {
                return Err(Fault::BadStub);
            }
        }
        let sids = Sids {
            count,
            sids: request.clone(),
        };
        if sids.walk().count() == count {
            Ok(sids)
        } else {
            Err(Fault::BadStub)
        }
    }

    /// The SIDs.
    pub fn walk(&self) -> impl Iterator<Item = Sid> {
        let mut sids = self.sids.clone();
        (0..self.count).map_while(move |_| sids.sid().ok())
    }
}

/// What all lookups answer around their arrays.
struct Translation {
    /// The domains of what was found, each once.
    domains: heapless::Vec<Domain, DOMAINS>,
    count: usize,
    mapped: usize,
    /// The status instead of a translation.
    refused: Option<u32>,
}

impl Translation {
    fn new<'a>(
        object: Object,
        facts: &Facts<'_>,
        found: impl Iterator<Item = Option<Account<'a>>>,
    ) -> Translation {
        let refused = if object != Object::Policy {
            Some(ntstatus::INVALID_HANDLE)
        } else if facts.caller == Caller::Anonymous {
            // Whoever has no name learns none.
            Some(ntstatus::ACCESS_DENIED)
        } else {
            None
        };
        let mut new = Translation {
            domains: heapless::Vec::new(),
            count: 0,
            mapped: 0,
            refused,
        };
        if refused.is_some() {
            return new;
        }
        for account in found {
            new.count += 1;
            let Some(account) = account else { continue };
            new.mapped += 1;
            if !new.domains.contains(&account.domain) {
                // There are no more domains than it has room for.
                let _ = new.domains.push(account.domain);
            }
        }
        new
    }

    /// The place of the account's domain in the list; -1 for none.
    fn index(&self, account: &Option<Account<'_>>) -> u32 {
        let place = account.and_then(|account| {
            self.domains
                .iter()
                .position(|domain| *domain == account.domain)
        });
        place
            .and_then(|place| u32::try_from(place).ok())
            .unwrap_or(u32::MAX)
    }

    /// ReferencedDomains: a pointer to an LSAPR_REFERENCED_DOMAIN_LIST ([MS-LSAT] 2.2.12).
    fn write_domains(&self, reply: &mut Encoder<'_>, facts: &Facts<'_>) -> Result<(), Fault> {
        const MAX_ENTRIES: u32 = 32;
        if self.refused.is_some() {
            return Ok(reply.null()?);
        }
        reply.pointer()?;
        reply.count(self.domains.len())?;
        if self.domains.is_empty() {
            reply.null()?;
            return Ok(reply.u32(MAX_ENTRIES)?);
        }
        reply.pointer()?;
        reply.u32(MAX_ENTRIES)?;
        reply.count(self.domains.len())?;
        for domain in &self.domains {
            reply.counted(domain.name(facts))?;
            reply.pointer()?;
        }
        for domain in &self.domains {
            reply.counted_text(domain.name(facts))?;
            reply.sid(&domain.sid(facts))?;
        }
        Ok(())
    }

    /// The count of the translated names or SIDs, and the start of their array.
    fn write_array(&self, reply: &mut Encoder<'_>) -> Result<(), Fault> {
        reply.count(self.count)?;
        if self.count == 0 {
            return Ok(reply.null()?);
        }
        reply.pointer()?;
        Ok(reply.count(self.count)?)
    }

    /// MappedCount and the result.
    fn write_end(&self, reply: &mut Encoder<'_>) -> Result<(), Fault> {
        reply.count(self.mapped)?;
        Ok(reply.u32(match self.refused {
            Some(status) => status,
            None if self.mapped == self.count => ntstatus::SUCCESS,
            None if self.mapped == 0 => ntstatus::NONE_MAPPED,
            None => ntstatus::SOME_NOT_MAPPED,
        })?)
    }
}
