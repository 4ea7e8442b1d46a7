//! The exchange as a whole: which token may come when, and what each leads to.

use super::ntlm::authenticate::{Authenticate, NtResponse};
use super::ntlm::challenge::{self, Challenge};
use super::ntlm::signature::{self, From};
use super::ntlm::{negotiate, response};
use super::spnego::{self, NegState, Token};
use super::{AuthError, Facts, Identity, Kind, NAME_LIMIT, Name, Step, Unproven, Users, names};
use crate::wire::{Full, Writer};
use subtle::ConstantTimeEq;

/// The longest NEGOTIATE_MESSAGE we keep for the MIC: 40 bytes and two names.
const NEGOTIATE_LIMIT: usize = 512;
/// The longest list of mechanisms we keep for mechListMIC: a dozen of them.
const MECH_TYPES_LIMIT: usize = 160;
/// The longest domain name in bytes of UTF-8.
const DOMAIN_LIMIT: usize = 256;

/// The hash that stands for that of an unknown user, so that one costs the same time as a known.
const NOBODY: [u8; 16] = [0; 16];

/// What is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expecting {
    /// The client's first token.
    First,
    /// NTLM's NEGOTIATE, in a NegTokenResp: the first token was for another mechanism.
    Negotiate,
    /// NTLM's AUTHENTICATE.
    Authenticate,
    /// Nothing more.
    Nothing,
}

/// How SPNEGO stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    /// NTLM without SPNEGO.
    None,
    /// NTLM was the client's first choice: mechListMIC may be left out (RFC 4178 5).
    FirstChoice,
    /// It was another's place: without mechListMIC, anyone between us could have struck the better
    /// mechanisms from the list.
    LaterChoice,
}

/// One login: a value of fixed size (about 1.2 KiB), from the first token of SESSION_SETUP to the
/// last. It reads no clock and makes no random numbers; both are arguments.
pub struct Acceptor {
    expecting: Expecting,
    wrapping: Wrapping,
    mech_types: heapless::Vec<u8, MECH_TYPES_LIMIT>,
    negotiate: heapless::Vec<u8, NEGOTIATE_LIMIT>,
    challenge: Challenge,
}

impl core::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Acceptor")
            .field("expecting", &self.expecting)
            .finish_non_exhaustive()
    }
}

impl Acceptor {
    /// A login that has not begun. `challenge` are eight random bytes that never come again,
    /// `now` is the time as a FILETIME.
    pub fn new(facts: &Facts<'_>, challenge: [u8; 8], now: u64) -> Self {
        Acceptor {
            expecting: Expecting::First,
            wrapping: Wrapping::None,
            mech_types: heapless::Vec::new(),
            negotiate: heapless::Vec::new(),
            challenge: Challenge::new(facts, &challenge, now),
        }
    }

    /// Writes the token for the NEGOTIATE response, the same for everyone: NegTokenInit2 with the
    /// mechanisms on offer ([MS-SPNG] 2.2.1), 74 bytes.
    pub fn initial_token(reply: &mut Writer<'_>) -> Result<(), Full> {
        spnego::write_init(reply)
    }

    /// Takes the client's next token and appends the answer to `reply`. After an error or
    /// [`Step::Done`] every further token is [`AuthError::OutOfOrder`].
    pub fn step(
        &mut self,
        token: &[u8],
        users: &Users<'_>,
        reply: &mut Writer<'_>,
    ) -> Result<Step, AuthError> {
        let expecting = core::mem::replace(&mut self.expecting, Expecting::Nothing);
        match (expecting, spnego::parse(token)?) {
            (Expecting::First, Token::Raw(message)) => self.on_negotiate(message, reply),
            (
                Expecting::First,
                Token::Init {
                    mech_types,
                    ntlm_at,
                    mech_token,
                },
            ) => {
                let first = ntlm_at.ok_or(AuthError::NoCommonMechanism)? == 0;
                self.wrapping = if first {
                    Wrapping::FirstChoice
                } else {
                    Wrapping::LaterChoice
                };
                self.mech_types =
                    heapless::Vec::from_slice(mech_types).map_err(|_| AuthError::TooLong)?;
                match mech_token {
                    Some(message) if first => self.on_negotiate(message, reply),
                    // No token, or one for a mechanism that we have not got: the client is told
                    // which one we have, and begins again with that.
                    _ => {
                        let state = if first {
                            NegState::AcceptIncomplete
                        } else {
                            NegState::RequestMic
                        };
                        spnego::write_response(reply, state, true, None, None)?;
                        self.expecting = Expecting::Negotiate;
                        Ok(Step::Continue)
                    }
                }
            }
            (
                Expecting::Negotiate,
                Token::Response {
                    response_token: Some(message),
                    ..
                },
            ) => self.on_negotiate(message, reply),
            (Expecting::Authenticate, Token::Raw(message)) if self.wrapping == Wrapping::None => {
                self.on_authenticate(message, None, users, reply)
            }
            (
                Expecting::Authenticate,
                Token::Response {
                    response_token: Some(message),
                    mic,
                },
            ) if self.wrapping != Wrapping::None => {
                self.on_authenticate(message, mic, users, reply)
            }
            _ => Err(AuthError::OutOfOrder),
        }
    }

    fn on_negotiate(&mut self, message: &[u8], reply: &mut Writer<'_>) -> Result<Step, AuthError> {
        let asked = negotiate::parse(message)?;
        self.negotiate = heapless::Vec::from_slice(message).map_err(|_| AuthError::TooLong)?;
        self.challenge.grant(asked)?;
        let challenge = self.challenge.as_bytes();
        match self.wrapping {
            Wrapping::None => reply.bytes(challenge)?,
            _ => spnego::write_response(
                reply,
                NegState::AcceptIncomplete,
                true,
                Some(challenge),
                None,
            )?,
        }
        self.expecting = Expecting::Authenticate;
        Ok(Step::Continue)
    }

    fn on_authenticate(
        &mut self,
        message: &[u8],
        mic: Option<&[u8]>,
        users: &Users<'_>,
        reply: &mut Writer<'_>,
    ) -> Result<Step, AuthError> {
        let message = Authenticate::parse(message)?;
        let identity = if message.is_anonymous() {
            anonymous(&message)?
        } else {
            self.judge(&message, users)?
        };
        let ours = match identity.kind {
            Kind::User => self.mech_list_mic(&identity.session_key, message.flags, mic)?,
            // Nothing is proven, so there is nothing a MIC could protect.
            Kind::Guest(_) | Kind::Anonymous => None,
        };
        if self.wrapping != Wrapping::None {
            spnego::write_response(reply, NegState::AcceptCompleted, false, None, ours.as_ref())?;
        }
        Ok(Step::Done(identity))
    }

    /// Finds the user and checks the proof and, where the client sent one, the MIC.
    fn judge(&self, message: &Authenticate<'_>, users: &Users<'_>) -> Result<Identity, AuthError> {
        let response = NtResponse::parse(message.nt_response)?;
        let sent: Name = names::decode(message.user, message.unicode())?;
        let domain: heapless::String<DOMAIN_LIMIT> =
            names::decode(message.domain, message.unicode())?;
        let found = find(&sent, users);
        let hash = found.map_or(NOBODY, |(_, hash)| hash);
        let proven = response::prove(
            &hash,
            &sent,
            &domain,
            &self.challenge.server_challenge(),
            &response,
        );
        let (Some((name, _)), Some(base)) = (found, proven) else {
            let why = if found.is_some() {
                Unproven::WrongPassword
            } else {
                Unproven::UnknownUser
            };
            let name = found.map_or(Ok(sent.clone()), |(name, _)| owned(name))?;
            return Ok(Identity {
                kind: Kind::Guest(why),
                name,
                session_key: [0; 16],
            });
        };
        let session_key = response::exported_key(base, message)?;
        if response.mic_present
            && !response::mic_is_right(
                &session_key,
                &self.negotiate,
                self.challenge.as_bytes(),
                message,
            )
        {
            return Err(AuthError::BadMic);
        }
        Ok(Identity {
            kind: Kind::User,
            name: owned(name)?,
            session_key,
        })
    }

    /// Checks the client's mechListMIC and makes ours, which is due if the client sent one.
    fn mech_list_mic(
        &self,
        key: &[u8; 16],
        negotiated: u32,
        mic: Option<&[u8]>,
    ) -> Result<Option<[u8; 16]>, AuthError> {
        let Some(mic) = mic else {
            return match self.wrapping {
                Wrapping::LaterChoice => Err(AuthError::BadMic),
                Wrapping::None | Wrapping::FirstChoice => Ok(None),
            };
        };
        let right = signature::first(key, negotiated, From::Client, &self.mech_types)
            .ok_or(AuthError::BadMic)?;
        if !bool::from(right.ct_eq(mic)) {
            return Err(AuthError::BadMic);
        }
        Ok(signature::first(
            key,
            negotiated,
            From::Server,
            &self.mech_types,
        ))
    }
}

/// An anonymous login has no secret; its key exchange, if any, is under a key of zeros.
fn anonymous(message: &Authenticate<'_>) -> Result<Identity, AuthError> {
    let session_key = match message.encrypted_key {
        Some(_) => response::exported_key([0; 16], message)?,
        None => [0; 16],
    };
    Ok(Identity {
        kind: Kind::Anonymous,
        name: Name::new(),
        session_key,
    })
}

/// Finds a user by the name as sent, or, if there is none, by what is left of `domain\user` or
/// `user@domain`, which people type into a field that asks for a name alone. The proof is over the
/// name as sent in any case.
fn find<'a>(sent: &'a str, users: &Users<'_>) -> Option<(&'a str, [u8; 16])> {
    let after_backslash = sent.rsplit_once('\\').map(|(_, user)| user);
    let before_at = sent.split_once('@').map(|(user, _)| user);
    [Some(sent), after_backslash, before_at]
        .into_iter()
        .flatten()
        .filter(|name| !name.is_empty())
        .find_map(|name| users(name).map(|hash| (name, hash)))
}

fn owned(name: &str) -> Result<Name, AuthError> {
    let mut owned = heapless::String::<NAME_LIMIT>::new();
    owned.push_str(name).map_err(|_| AuthError::TooLong)?;
    Ok(owned)
}

// What a login costs is part of the memory budget.
const _: () =
    assert!(size_of::<Acceptor>() <= NEGOTIATE_LIMIT + MECH_TYPES_LIMIT + challenge::LIMIT + 64);
