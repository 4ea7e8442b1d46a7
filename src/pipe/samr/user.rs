//! One user: his handle, what is known about him, his groups.

use super::super::accounts::{Domain, GROUP_NONE, kind};
use super::super::handles::{Handles, Object};
use super::super::lsarpc::opened;
use super::super::ndr::{Decoder, Encoder};
use super::super::{Facts, Fault, ntstatus};
use super::domain_of;

/// USER_NORMAL_ACCOUNT ([MS-SAMR] 2.2.1.12).
pub(super) const NORMAL_ACCOUNT: u32 = 0x10;
/// USER_DONT_EXPIRE_PASSWORD.
const PASSWORD_STAYS: u32 = 0x200;

/// SamrOpenUser, opnum 34 ([MS-SAMR] 3.1.5.1.9).
pub(super) fn open(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &mut Handles,
) -> Result<(), Fault> {
    let domain = domain_of(&mut request, handles)?;
    let (_access, rid) = (request.u32()?, request.u32()?);
    let user = domain.and_then(|domain| {
        let account = domain
            .by_rid(rid, facts)
            .filter(|account| account.kind == kind::USER);
        account
            .map(|_| Object::User(rid))
            .ok_or(ntstatus::NO_SUCH_USER)
    });
    opened(reply, handles, user)
}

/// SamrQueryInformationUser, opnum 36, and SamrQueryInformationUser2, opnum 47 ([MS-SAMR] 3.1.5.5.5 and
/// .6).
pub(super) fn query(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    facts: &Facts<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    const GENERAL: u16 = 1;
    const NAME: u16 = 6;
    const ACCOUNT_NAME: u16 = 7;
    const FULL_NAME: u16 = 8;
    const PRIMARY_GROUP: u16 = 9;
    const CONTROL: u16 = 16;
    const ALL: u16 = 21;

    let object = handles.get(&request.handle()?)?;
    let class = request.u16()?;
    let known = matches!(
        class,
        GENERAL | NAME | ACCOUNT_NAME | FULL_NAME | PRIMARY_GROUP | CONTROL | ALL
    );
    let account = match object {
        Object::User(rid) => Domain::Machine
            .by_rid(rid, facts)
            .ok_or(ntstatus::NO_SUCH_USER),
        _ => Err(ntstatus::INVALID_HANDLE),
    };
    let account = match account {
        Ok(account) if known => account,
        refused => {
            reply.null()?;
            return Ok(reply.u32(refused.err().unwrap_or(ntstatus::INVALID_INFO_CLASS))?);
        }
    };
    let text = account.name.text();
    let name = text.as_str();
    reply.pointer()?;
    reply.u16(class)?;
    match class {
        GENERAL => {
            reply.counted(name)?;
            reply.counted("")?; // FullName
            reply.u32(GROUP_NONE)?;
            reply.counted("")?; // AdminComment
            reply.counted("")?; // UserComment
            reply.counted_text(name)?;
        }
        NAME => {
            reply.counted(name)?;
            reply.counted("")?;
            reply.counted_text(name)?;
        }
        ACCOUNT_NAME => {
            reply.counted(name)?;
            reply.counted_text(name)?;
        }
        FULL_NAME => reply.counted("")?,
        PRIMARY_GROUP => reply.u32(GROUP_NONE)?,
        CONTROL => reply.u32(NORMAL_ACCOUNT | PASSWORD_STAYS)?,
        _ => all(reply, name, account.rid.unwrap_or(0))?,
    }
    Ok(reply.u32(ntstatus::SUCCESS)?)
}

/// SAMPR_USER_ALL_INFORMATION ([MS-SAMR] 2.2.6.6).
fn all(reply: &mut Encoder<'_>, name: &str, rid: u32) -> Result<(), Fault> {
    const NEVER: u64 = 0x7fff_ffff_ffff_ffff;
    /// UserName, UserId, PrimaryGroupId and UserAccountControl are what is told.
    const WHICH: u32 = 0x0000_0001 | 0x0000_0004 | 0x0000_0008 | 0x0010_0000;
    // LastLogon, LastLogoff, PasswordLastSet, AccountExpires, PasswordCanChange, PasswordMustChange
    for time in [0, 0, 0, NEVER, 0, NEVER] {
        reply.old_u64(time)?;
    }
    reply.counted(name)?;
    // FullName, HomeDirectory, HomeDirectoryDrive, ScriptPath, ProfilePath, AdminComment, WorkStations,
    // UserComment, Parameters; the hashes of the password, never told; PrivateData
    for _ in 0..12 {
        reply.counted("")?;
    }
    reply.u32(0)?; // SecurityDescriptor: length
    reply.null()?;
    reply.u32(rid)?;
    reply.u32(GROUP_NONE)?;
    reply.u32(NORMAL_ACCOUNT | PASSWORD_STAYS)?;
    reply.u32(WHICH)?;
    reply.u16(0)?; // LogonHours: UnitsPerWeek
    reply.null()?;
    // BadPasswordCount, LogonCount, CountryCode, CodePage
    for _ in 0..4 {
        reply.u16(0)?;
    }
    // LmPasswordPresent, NtPasswordPresent, PasswordExpired, PrivateDataSensitive
    for _ in 0..4 {
        reply.u8(0)?;
    }
    Ok(reply.counted_text(name)?)
}

/// SamrGetGroupsForUser, opnum 39 ([MS-SAMR] 3.1.5.9.1): the one group all users are in.
pub(super) fn groups(
    mut request: Decoder<'_>,
    reply: &mut Encoder<'_>,
    handles: &Handles,
) -> Result<(), Fault> {
    /// SE_GROUP_MANDATORY, SE_GROUP_ENABLED_BY_DEFAULT and SE_GROUP_ENABLED.
    const ATTRIBUTES: u32 = 7;
    if !matches!(handles.get(&request.handle()?)?, Object::User(_)) {
        reply.null()?;
        return Ok(reply.u32(ntstatus::INVALID_HANDLE)?);
    }
    reply.pointer()?;
    reply.u32(1)?;
    reply.pointer()?;
    reply.u32(1)?;
    reply.u32(GROUP_NONE)?;
    reply.u32(ATTRIBUTES)?;
    Ok(reply.u32(ntstatus::SUCCESS)?)
}

/// SamrGetUserDomainPasswordInformation, opnum 44, and SamrGetDomainPasswordInformation, opnum 56
/// ([MS-SAMR] 3.1.5.13.3 and .4): passwords are set elsewhere, so there are no rules for them here.
pub(super) fn password_rules(reply: &mut Encoder<'_>) -> Result<(), Fault> {
    reply.align(4)?;
    reply.u16(0)?;
    reply.u32(0)?;
    Ok(reply.u32(ntstatus::SUCCESS)?)
}
