//! A client for the tests: the other half of the exchange, with every knob a bad one would turn.

use super::der::{self, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context};
use super::ntlm::response::{hmac_md5, nt_hash, rc4};
use super::ntlm::signature::{self, From};
use super::ntlm::{SIGNATURE, flags};
use super::spnego::{self, NTLMSSP_OID, Token};
use super::{Acceptor, AuthError, Facts, Identity, Step};
use crate::wire::Writer;
use hmac::Mac;

/// 1.2.840.113554.1.2.2.
pub(super) const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];

const FACTS: Facts<'static> = Facts {
    netbios_name: "ROUTER",
    dns_name: "router.lan",
    domain: "WORKGROUP",
};

/// What Windows asks for.
pub(crate) const USUAL: u32 = flags::UNICODE
    | flags::OEM
    | flags::REQUEST_TARGET
    | flags::SIGN
    | flags::NTLM
    | flags::ALWAYS_SIGN
    | flags::EXTENDED_SESSION_SECURITY
    | flags::VERSION
    | flags::KEY_128
    | flags::KEY_EXCHANGE
    | flags::KEY_56;

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The server's users: alice with "Password", Jürgen with "geheim".
pub(super) fn users(name: &str) -> Option<[u8; 16]> {
    [("alice", "Password"), ("Jürgen", "geheim")]
        .into_iter()
        .find(|(known, _)| super::same_name(known, name))
        .map(|(_, password)| nt_hash(password))
}

/// How the client wraps its tokens and what it proves.
#[derive(Clone)]
pub(crate) struct Client<'a> {
    pub user: &'a str,
    pub domain: &'a str,
    pub password: &'a str,
    pub flags: u32,
    /// The mechanisms offered; none: no SPNEGO.
    pub mechs: Option<Vec<&'a [u8]>>,
    /// It says in its target information that there is a MIC.
    pub says_mic: bool,
    /// Room for a MIC and the MIC itself.
    pub mic: bool,
    /// It sends mechListMIC.
    pub mech_mic: bool,
    /// Replaces the NT response.
    pub nt_response: Option<Vec<u8>>,
    /// Replaces the LM response.
    pub lm_response: Vec<u8>,
    /// Changes AUTHENTICATE once it is complete.
    pub tamper: fn(&mut Vec<u8>),
    /// Changes NEGOTIATE on its way to the server.
    pub tamper_negotiate: fn(&mut Vec<u8>),
    /// Changes mechListMIC.
    pub tamper_mech_mic: u8,
}

impl Default for Client<'_> {
    fn default() -> Self {
        Client {
            user: "alice",
            domain: "WORKGROUP",
            password: "Password",
            flags: USUAL,
            mechs: Some(vec![NTLMSSP_OID]),
            says_mic: true,
            mic: true,
            mech_mic: true,
            nt_response: None,
            lm_response: vec![0; 24],
            tamper: |_| {},
            tamper_negotiate: |_| {},
            tamper_mech_mic: 0,
        }
    }
}

/// What a client has when it is done.
pub(super) struct Outcome {
    pub identity: Identity,
    /// The key the client believes in.
    pub session_key: [u8; 16],
    /// The server's last token carried the right mechListMIC.
    pub server_mic: bool,
    /// Its length.
    pub last_reply: usize,
}

/// An element around the pieces.
fn wrap(tag: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let content = pieces.concat();
    let mut buffer = vec![0; content.len() + 8];
    let mut w = Writer::new(&mut buffer);
    der::element(&mut w, tag, &content).unwrap();
    w.written().to_vec()
}

pub(super) fn mech_list(mechs: &[&[u8]]) -> Vec<u8> {
    let oids: Vec<u8> = mechs
        .iter()
        .flat_map(|oid| wrap(OBJECT_IDENTIFIER, &[oid]))
        .collect();
    wrap(SEQUENCE, &[&oids])
}

pub(super) fn init(mechs: &[&[u8]], token: Option<&[u8]>) -> Vec<u8> {
    let list = wrap(context(0), &[&mech_list(mechs)]);
    let token = token.map_or(vec![], |token| {
        wrap(context(2), &[&wrap(OCTET_STRING, &[token])])
    });
    let spnego = wrap(OBJECT_IDENTIFIER, &[&[0x2b, 6, 1, 5, 5, 2]]);
    wrap(
        0x60,
        &[
            &spnego,
            &wrap(context(0), &[&wrap(SEQUENCE, &[&list, &token])]),
        ],
    )
}

pub(super) fn response(token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    let field = |number, content: Option<&[u8]>| {
        content.map_or(vec![], |content| {
            wrap(context(number), &[&wrap(OCTET_STRING, &[content])])
        })
    };
    wrap(
        context(1),
        &[&wrap(SEQUENCE, &[&field(2, token), &field(3, mic)])],
    )
}

pub(crate) fn negotiate(flags: u32) -> Vec<u8> {
    let mut message = [&SIGNATURE[..], &[1, 0, 0, 0], &flags.to_le_bytes()].concat();
    message.extend([0; 16]); // no names
    message.extend([10, 0, 0, 0, 0, 0, 0, 15]);
    message
}

pub(super) fn acceptor() -> Acceptor {
    Acceptor::new(&FACTS, [1, 2, 3, 4, 5, 6, 7, 8], 0x01dc_0000_0000_0000)
}

/// One step, with the reply.
pub(super) fn step(acceptor: &mut Acceptor, token: &[u8]) -> Result<(Step, Vec<u8>), AuthError> {
    let mut buffer = [0; 1024];
    let mut w = Writer::new(&mut buffer);
    let step = acceptor.step(token, &users, &mut w)?;
    Ok((step, w.written().to_vec()))
}

fn token_of(reply: &[u8]) -> &[u8] {
    match spnego::parse(reply).unwrap() {
        Token::Response {
            response_token: Some(token),
            ..
        } => token,
        other => panic!("no token in {other:?}"),
    }
}

impl Client<'_> {
    fn text(&self, text: &str) -> Vec<u8> {
        if self.flags & flags::UNICODE != 0 {
            utf16(text)
        } else {
            text.bytes().collect()
        }
    }

    /// AUTHENTICATE and the session key.
    pub(crate) fn authenticate(&self, negotiate: &[u8], challenge: &[u8]) -> (Vec<u8>, [u8; 16]) {
        let at = |at: usize| usize::from(u16::from_le_bytes([challenge[at], challenge[at + 1]]));
        let server_info = &challenge[at(44)..at(44) + at(40)];
        let mut pairs = server_info[..server_info.len() - 4].to_vec();
        if self.says_mic {
            pairs.extend([6, 0, 4, 0, 2, 0, 0, 0]);
        }
        pairs.extend([0; 4]);
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
        blob.extend(0x01dc_0000_0000_0000_u64.to_le_bytes());
        blob.extend([0xcc; 8]);
        blob.extend([0; 4]);
        blob.extend(pairs);
        blob.extend([0; 4]);

        let mut mac = hmac_md5(&nt_hash(self.password));
        mac.update(&utf16(&self.user.to_uppercase()));
        mac.update(&utf16(self.domain));
        let key: [u8; 16] = mac.finalize().into_bytes().into();
        let mut mac = hmac_md5(&key);
        mac.update(&challenge[24..32]);
        mac.update(&blob);
        let proof: [u8; 16] = mac.finalize().into_bytes().into();
        let mut mac = hmac_md5(&key);
        mac.update(&proof);
        let base: [u8; 16] = mac.finalize().into_bytes().into();

        let (mut exported, mut encrypted) = (base, vec![]);
        if self.flags & flags::KEY_EXCHANGE != 0 {
            exported = [0x42; 16];
            let mut sealed = exported;
            rc4(
                &if self.user.is_empty() { [0; 16] } else { base },
                &mut sealed,
            );
            encrypted = sealed.to_vec();
        }
        let nt_response = self
            .nt_response
            .clone()
            .unwrap_or([&proof[..], &blob].concat());

        let mut message = [&SIGNATURE[..], &[3, 0, 0, 0]].concat();
        let mut offset = if self.mic { 88 } else { 72 };
        let mut payload = Vec::<u8>::new();
        let workstation = self.text("LAPTOP");
        let (domain, user) = (self.text(self.domain), self.text(self.user));
        for field in [
            &self.lm_response,
            &nt_response,
            &domain,
            &user,
            &workstation,
            &encrypted,
        ] {
            message.extend((field.len() as u16).to_le_bytes());
            message.extend((field.len() as u16).to_le_bytes());
            message.extend((offset as u32).to_le_bytes());
            offset += field.len();
            payload.extend(field);
        }
        message.extend(self.flags.to_le_bytes());
        message.extend([10, 0, 0, 0, 0, 0, 0, 15]);
        if self.mic {
            message.extend([0; 16]);
        }
        message.extend(payload);
        if self.mic {
            let mut mac = hmac_md5(&exported);
            mac.update(negotiate);
            mac.update(challenge);
            mac.update(&message);
            let mic: [u8; 16] = mac.finalize().into_bytes().into();
            message[72..88].copy_from_slice(&mic);
        }
        (self.tamper)(&mut message);
        (message, exported)
    }

    /// The whole exchange.
    pub(super) fn log_in(&self) -> Result<Outcome, AuthError> {
        let mut acceptor = acceptor();
        let negotiate = negotiate(self.flags);
        let mut tampered = negotiate.clone();
        (self.tamper_negotiate)(&mut tampered);
        let Some(mechs) = &self.mechs else {
            let (_, challenge) = step(&mut acceptor, &tampered)?;
            let (message, session_key) = self.authenticate(&negotiate, &challenge);
            let (Step::Done(identity), reply) = step(&mut acceptor, &message)? else {
                panic!()
            };
            return Ok(Outcome {
                identity,
                session_key,
                server_mic: false,
                last_reply: reply.len(),
            });
        };
        let reply = if mechs[0] == NTLMSSP_OID {
            step(&mut acceptor, &init(mechs, Some(&tampered)))?.1
        } else {
            let (_, reply) = step(&mut acceptor, &init(mechs, Some(b"a ticket")))?;
            assert!(
                reply
                    .windows(5)
                    .any(|window| window == [0xa0, 3, 0x0a, 1, 3]),
                "request-mic"
            );
            step(&mut acceptor, &response(Some(&tampered), None))?.1
        };
        let challenge = token_of(&reply);
        let (message, session_key) = self.authenticate(&negotiate, challenge);
        let list = mech_list(mechs);
        let mic = signature::first(&session_key, self.flags, From::Client, &list).map(|mut mic| {
            mic[5] ^= self.tamper_mech_mic;
            mic
        });
        let mic = mic.as_ref().filter(|_| self.mech_mic).map(|mic| &mic[..]);
        let (step, reply) = step(&mut acceptor, &response(Some(&message), mic))?;
        let Step::Done(identity) = step else { panic!() };
        let ours = signature::first(&session_key, self.flags, From::Server, &list);
        let server_mic = match spnego::parse(&reply)? {
            Token::Response { mic: Some(mic), .. } => {
                assert_eq!(Some(mic), ours.as_ref().map(|mic| &mic[..]));
                true
            }
            _ => false,
        };
        Ok(Outcome {
            identity,
            session_key,
            server_mic,
            last_reply: reply.len(),
        })
    }
}
