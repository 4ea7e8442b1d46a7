//! Whole logins, good and bad.

use super::client::*;
use super::ntlm::flags;
use super::spnego::NTLMSSP_OID;
use super::*;
use crate::wire::Writer;
use proptest::prelude::*;

/// Kind and name of a login that went through; both ends have the same key.
fn logs_in(client: &Client<'_>) -> (Kind, Name, bool) {
    let outcome = client.log_in().unwrap();
    if outcome.identity.kind == Kind::User {
        assert_eq!(outcome.identity.session_key, outcome.session_key);
    }
    (
        outcome.identity.kind,
        outcome.identity.name,
        outcome.server_mic,
    )
}

fn refused(client: &Client<'_>) -> AuthError {
    client.log_in().err().expect("refused")
}

#[test]
fn a_user_logs_in_with_spnego_and_every_mic() {
    let (kind, name, server_mic) = logs_in(&Client::default());
    assert_eq!(
        (kind, name.as_str(), server_mic),
        (Kind::User, "alice", true)
    );
}

#[test]
fn a_user_logs_in_without_spnego() {
    let outcome = Client {
        mechs: None,
        ..Client::default()
    }
    .log_in()
    .unwrap();
    assert_eq!((outcome.identity.kind, outcome.last_reply), (Kind::User, 0));
}

#[test]
fn plainer_clients_log_in_too() {
    let usual = Client::default();
    for (what, client) in [
        (
            "no MIC",
            Client {
                says_mic: false,
                mic: false,
                ..usual.clone()
            },
        ),
        (
            "a MIC that is not announced",
            Client {
                says_mic: false,
                ..usual.clone()
            },
        ),
        (
            "no mechListMIC",
            Client {
                mech_mic: false,
                ..usual.clone()
            },
        ),
        (
            "no key exchange",
            Client {
                flags: USUAL & !flags::KEY_EXCHANGE,
                ..usual.clone()
            },
        ),
        (
            "56 bits",
            Client {
                flags: USUAL & !flags::KEY_128,
                ..usual.clone()
            },
        ),
        (
            "40 bits",
            Client {
                flags: USUAL & !flags::KEY_128 & !flags::KEY_56,
                ..usual.clone()
            },
        ),
        (
            "no extended session security",
            Client {
                flags: USUAL & !flags::EXTENDED_SESSION_SECURITY,
                ..usual.clone()
            },
        ),
        (
            "an OEM character set",
            Client {
                flags: USUAL & !flags::UNICODE,
                ..usual.clone()
            },
        ),
        (
            "no domain",
            Client {
                domain: "",
                ..usual.clone()
            },
        ),
        (
            "another domain",
            Client {
                domain: "LAPTOP",
                ..usual.clone()
            },
        ),
        (
            "more mechanisms",
            Client {
                mechs: Some(vec![NTLMSSP_OID, KERBEROS]),
                ..usual.clone()
            },
        ),
    ] {
        assert_eq!(logs_in(&client).0, Kind::User, "{what}");
    }
}

#[test]
fn kerberos_first_and_ntlm_second_needs_mech_list_mic() {
    let client = Client {
        mechs: Some(vec![KERBEROS, NTLMSSP_OID]),
        ..Client::default()
    };
    assert_eq!(
        logs_in(&client),
        (Kind::User, Name::try_from("alice").unwrap(), true)
    );
    assert_eq!(
        refused(&Client {
            mech_mic: false,
            ..client
        }),
        AuthError::BadMic
    );
}

#[test]
fn ntlm_first_without_a_token_is_asked_for_one() {
    let mut acceptor = acceptor();
    let (step1, reply) = step(&mut acceptor, &init(&[NTLMSSP_OID], None)).unwrap();
    assert!(matches!(step1, Step::Continue));
    assert!(
        reply
            .windows(5)
            .any(|window| window == [0xa0, 3, 0x0a, 1, 1]),
        "accept-incomplete"
    );
    assert!(step(&mut acceptor, &response(Some(&negotiate(USUAL)), None)).is_ok());
}

#[test]
fn names_are_found_in_any_case_and_form() {
    for (user, domain, expected) in [
        ("ALICE", "WORKGROUP", "ALICE"),
        ("Alice", "", "Alice"),
        ("alice@router.lan", "", "alice"),
        ("WORKGROUP\\alice", "", "alice"),
        ("WORKGROUP\\alice", "LAPTOP", "alice"),
    ] {
        let (kind, name, _) = logs_in(&Client {
            user,
            domain,
            ..Client::default()
        });
        assert_eq!((kind, name.as_str()), (Kind::User, expected), "{user}");
    }
    let client = Client {
        user: "jüRGEN",
        password: "geheim",
        ..Client::default()
    };
    assert_eq!(logs_in(&client).0, Kind::User);
}

#[test]
fn the_wrong_password_and_the_unknown_user_prove_nothing() {
    for (user, password, why) in [
        ("alice", "password", Unproven::WrongPassword),
        ("alice", "", Unproven::WrongPassword),
        ("mallory", "Password", Unproven::UnknownUser),
        ("@alice", "Password", Unproven::UnknownUser),
        ("alice\\", "Password", Unproven::UnknownUser),
    ] {
        for mechs in [
            None,
            Some(vec![NTLMSSP_OID]),
            Some(vec![KERBEROS, NTLMSSP_OID]),
        ] {
            let outcome = Client {
                user,
                password,
                mechs,
                ..Client::default()
            }
            .log_in()
            .unwrap();
            assert_eq!(outcome.identity.kind, Kind::Guest(why), "{user}");
            assert_eq!(outcome.identity.session_key, [0; 16]);
            assert!(!outcome.server_mic);
        }
    }
}

#[test]
fn the_hash_that_stands_for_unknown_users_opens_nothing() {
    // A client that could make a proof from sixteen zeros must still be nobody.
    let hashes = |name: &str| (name == "zero").then_some([0; 16]);
    let mut acceptor = acceptor();
    let mut buffer = [0; 1024];
    let mut w = Writer::new(&mut buffer);
    acceptor.step(&negotiate(USUAL), &hashes, &mut w).unwrap();
    let client = Client {
        user: "mallory",
        ..Client::default()
    };
    let (message, _) = client.authenticate(&negotiate(USUAL), w.written());
    let Step::Done(identity) = acceptor
        .step(&message, &|_| None, &mut Writer::new(&mut []))
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(identity.kind, Kind::Guest(Unproven::UnknownUser));
}

#[test]
fn nobody_in_particular_is_anonymous() {
    for (lm_response, flags) in [
        (vec![], USUAL),
        (vec![0], USUAL),
        (vec![0], USUAL & !flags::KEY_EXCHANGE),
    ] {
        let client = Client {
            user: "",
            domain: "",
            nt_response: Some(vec![]),
            says_mic: false,
            mic: false,
            lm_response,
            flags,
            ..Client::default()
        };
        let outcome = client.log_in().unwrap();
        assert_eq!(
            (outcome.identity.kind, outcome.identity.name.as_str()),
            (Kind::Anonymous, "")
        );
        let exchanged = flags & flags::KEY_EXCHANGE != 0;
        assert_eq!(
            outcome.identity.session_key,
            if exchanged { [0x42; 16] } else { [0; 16] }
        );
    }
}

#[test]
fn weak_responses_are_refused_even_if_right() {
    let usual = Client::default();
    for (what, nt_response, lm_response) in [
        ("NTLMv1", vec![1; 24], vec![1; 24]),
        (
            "NTLM2 session",
            vec![1; 24],
            [vec![1; 8], vec![0; 16]].concat(),
        ),
        ("LM or LMv2 alone", vec![], vec![1; 24]),
        ("a name without any response", vec![], vec![]),
    ] {
        let client = Client {
            nt_response: Some(nt_response),
            lm_response,
            ..usual.clone()
        };
        assert_eq!(refused(&client), AuthError::WeakResponse, "{what}");
    }
}

#[test]
fn whoever_changes_the_exchange_is_found_out() {
    let usual = Client::default();
    for (what, client) in [
        (
            "a bit of the MIC",
            Client {
                tamper: |message| message[72] ^= 1,
                ..usual.clone()
            },
        ),
        (
            "the MIC taken out",
            Client {
                tamper: |message| message[72..88].fill(0),
                ..usual.clone()
            },
        ),
        (
            "no room for the MIC",
            Client {
                mic: false,
                ..usual.clone()
            },
        ),
        (
            "a flag in AUTHENTICATE",
            Client {
                tamper: |message| message[60] ^= 4,
                ..usual.clone()
            },
        ),
        (
            "the version",
            Client {
                tamper: |message| message[64] ^= 1,
                ..usual.clone()
            },
        ),
        (
            "a flag in NEGOTIATE",
            Client {
                tamper_negotiate: |message| message[15] ^= 0x80,
                ..usual.clone()
            },
        ),
        (
            "NEGOTIATE made longer",
            Client {
                tamper_negotiate: |message| message.push(0),
                ..usual.clone()
            },
        ),
        (
            "mechListMIC",
            Client {
                tamper_mech_mic: 1,
                ..usual.clone()
            },
        ),
        (
            "the key exchange struck",
            Client {
                tamper: |message| message[63] &= !0x40,
                says_mic: false,
                mic: false,
                ..usual.clone()
            },
        ),
        (
            "the extended session security struck",
            Client {
                tamper: |message| message[62] &= !0x08,
                says_mic: false,
                mic: false,
                ..usual.clone()
            },
        ),
    ] {
        assert_eq!(refused(&client), AuthError::BadMic, "{what}");
    }
}

#[test]
fn a_proof_for_another_challenge_is_none() {
    let client = Client::default();
    let mut other = Acceptor::new(
        &Facts {
            netbios_name: "ROUTER",
            dns_name: "router.lan",
            domain: "WORKGROUP",
        },
        [9; 8],
        0,
    );
    let (_, challenge) = step(&mut acceptor(), &negotiate(USUAL)).unwrap();
    step(&mut other, &negotiate(USUAL)).unwrap();
    let (message, _) = client.authenticate(&negotiate(USUAL), &challenge);
    let (Step::Done(identity), _) = step(&mut other, &message).unwrap() else {
        panic!()
    };
    assert_eq!(identity.kind, Kind::Guest(Unproven::WrongPassword));
}

#[test]
fn tokens_out_of_turn_end_the_login() {
    let (first, raw) = (
        init(&[NTLMSSP_OID], Some(&negotiate(USUAL))),
        negotiate(USUAL),
    );
    let kerberos = init(&[KERBEROS, NTLMSSP_OID], None);
    let next = response(Some(&negotiate(USUAL)), None);
    let nothing = response(None, None);
    for (what, tokens) in [
        ("a second NegTokenInit", vec![&first, &first]),
        ("NEGOTIATE twice", vec![&raw, &raw]),
        ("NegTokenResp first", vec![&next]),
        ("raw after SPNEGO", vec![&first, &raw]),
        ("SPNEGO after raw", vec![&raw, &next]),
        ("raw after a choice", vec![&kerberos, &raw]),
        ("no token", vec![&kerberos, &nothing]),
        ("NEGOTIATE for AUTHENTICATE", vec![&first, &next]),
    ] {
        let mut acceptor = acceptor();
        let (last, before) = tokens.split_last().unwrap();
        for token in before {
            step(&mut acceptor, token).unwrap();
        }
        assert_eq!(
            step(&mut acceptor, last).err(),
            Some(AuthError::OutOfOrder),
            "{what}"
        );
        assert_eq!(
            step(&mut acceptor, &raw).err(),
            Some(AuthError::OutOfOrder),
            "{what}, and then again"
        );
    }
}

#[test]
fn a_finished_login_takes_no_more() {
    let mut acceptor = acceptor();
    let (_, challenge) = step(&mut acceptor, &negotiate(USUAL)).unwrap();
    let (message, _) = Client::default().authenticate(&negotiate(USUAL), &challenge);
    assert!(step(&mut acceptor, &message).is_ok());
    assert_eq!(
        step(&mut acceptor, &message).err(),
        Some(AuthError::OutOfOrder)
    );
}

#[test]
fn no_common_mechanism_and_too_much_are_refused() {
    let many = vec![KERBEROS; 16];
    let long_oid = [7; 120];
    let mut long = negotiate(USUAL);
    long.resize(513, 0);
    let long_user = "x".repeat(NAME_LIMIT + 1);
    for (what, token, expected) in [
        (
            "Kerberos alone",
            init(&[KERBEROS], Some(b"ticket")),
            AuthError::NoCommonMechanism,
        ),
        (
            "no mechanism",
            init(&[], None),
            AuthError::NoCommonMechanism,
        ),
        (
            "many mechanisms",
            init(&[&many[..], &[NTLMSSP_OID]].concat(), None),
            AuthError::TooLong,
        ),
        (
            "long names of mechanisms",
            init(&[&long_oid, &long_oid, NTLMSSP_OID], None),
            AuthError::TooLong,
        ),
        ("a long NEGOTIATE", long, AuthError::TooLong),
        ("nothing", vec![], AuthError::Malformed),
    ] {
        assert_eq!(
            step(&mut acceptor(), &token).err(),
            Some(expected),
            "{what}"
        );
    }
    let client = Client {
        user: &long_user,
        ..Client::default()
    };
    assert_eq!(refused(&client), AuthError::TooLong);
}

#[test]
fn a_reply_without_room_is_an_error() {
    for token in [
        negotiate(USUAL),
        init(&[NTLMSSP_OID], Some(&negotiate(USUAL))),
    ] {
        let (_, whole) = step(&mut acceptor(), &token).unwrap();
        for room in 0..whole.len() {
            let mut buffer = vec![0; room];
            let result = acceptor().step(&token, &users, &mut Writer::new(&mut buffer));
            assert_eq!(result.err(), Some(AuthError::ReplyFull), "{room}");
        }
    }
}

#[test]
fn debug_prints_no_key() {
    let outcome = Client::default().log_in().unwrap();
    assert_eq!(
        format!("{:?}", outcome.identity),
        "Identity { kind: User, name: \"alice\", .. }"
    );
    assert_eq!(
        format!("{:?}", acceptor()),
        "Acceptor { expecting: First, .. }"
    );
}

proptest! {
    #[test]
    fn any_bytes_in_any_turn_never_panic(
        turns in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..3),
        framing in 0u8..4,
    ) {
        let mut acceptor = acceptor();
        for (turn, bytes) in turns.iter().enumerate() {
            let kind = if turn == 0 { 1u8 } else { 3 };
            let ntlm = [&b"NTLMSSP\0"[..], &[kind, 0, 0, 0], bytes].concat();
            let _ = match framing {
                0 => step(&mut acceptor, bytes),
                1 => step(&mut acceptor, &ntlm),
                _ if turn == 0 => step(&mut acceptor, &init(&[NTLMSSP_OID], Some(&negotiate(USUAL)))),
                2 => step(&mut acceptor, &response(Some(&ntlm), Some(bytes))),
                _ => step(&mut acceptor, &response(Some(bytes), None)),
            };
        }
    }

    #[test]
    fn a_changed_byte_never_panics_nor_changes_who_logs_in(at in 0usize..400, byte: u8) {
        let client = Client::default();
        let mut acceptor = acceptor();
        let (_, challenge) = step(&mut acceptor, &negotiate(USUAL)).unwrap();
        let (mut message, _) = client.authenticate(&negotiate(USUAL), &challenge);
        let at = at % message.len();
        let same = message[at] == byte;
        message[at] = byte;
        let result = step(&mut acceptor, &message);
        // The MIC goes over every byte, so a changed message never logs a user in. (The padding
        // of the maximum lengths, which nobody reads, is under it too.)
        if let Ok((Step::Done(identity), _)) = result {
            prop_assert!(same || identity.kind != Kind::User);
        }
    }
}
