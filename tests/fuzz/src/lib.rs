//! What is fuzzed: each target takes any bytes and must neither panic nor overflow nor break its own promises.

mod engine;
#[path = "../../bench/load/src/ntlm.rs"]
mod ntlm;
mod seeds;

pub use engine::engine;

use smolsmb::auth::{Acceptor, Facts};
use smolsmb::config;
use smolsmb::vfs::{name, wildcard};
use smolsmb::wire::{self, Writer};
use std::hint::black_box;

/// A target: its name, what runs an input, and inputs to begin with.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: &[Target] = &[
    Target {
        name: "wire",
        run: wire,
        seeds: seeds::messages,
    },
    Target {
        name: "tokens",
        run: tokens,
        seeds: seeds::tokens,
    },
    Target {
        name: "descriptors",
        run: descriptors,
        seeds: seeds::descriptors,
    },
    Target {
        name: "names",
        run: names,
        seeds: seeds::names,
    },
    Target {
        name: "config",
        run: config,
        seeds: seeds::config,
    },
    Target {
        name: "engine",
        run: engine,
        seeds: seeds::conversations,
    },
];

/// Every request's parser on the same bytes, whatever command they claim to be.
pub fn wire(data: &[u8]) {
    let _ = black_box(wire::header::Header::parse(data));
    let _ = black_box(wire::transform::TransformHeader::parse(
        data,
        data.len().saturating_sub(52),
    ));
    let _ = black_box(wire::smb1::parse(data).is_some());
    let _ = black_box(wire::echo::parse(data));
    macro_rules! requests {
        ($($module:ident),*) => { $( let _ = black_box(wire::$module::Request::parse(data).is_ok()); )* };
    }
    requests!(
        negotiate,
        session_setup,
        tree_connect,
        create,
        close,
        flush,
        read,
        write,
        lock,
        ioctl,
        query_directory,
        change_notify,
        query_info,
        set_info
    );
    if let Ok(request) = wire::create::Request::parse(data) {
        black_box(format!("{request:?}").len());
    }
    if let Ok(request) = wire::negotiate::Request::parse(data) {
        black_box(format!("{request:?}").len());
    }
}

/// Login tokens, as first and as second message of an exchange.
pub fn tokens(data: &[u8]) {
    let facts = Facts {
        netbios_name: "FUZZ",
        dns_name: "fuzz.lan",
        domain: "WORKGROUP",
    };
    let users = |name: &str| name.eq_ignore_ascii_case("alice").then_some([7; 16]);
    let (mut buffer, mut other) = ([0; 2048], [0; 2048]);
    let mut acceptor = Acceptor::new(&facts, [1; 8], 133_000_000_000_000_000);
    let _ = black_box(
        acceptor
            .step(data, &users, &mut Writer::new(&mut buffer))
            .is_ok(),
    );
    let mut acceptor = Acceptor::new(&facts, [1; 8], 133_000_000_000_000_000);
    let first = ntlm::negotiate();
    let begun = acceptor.step(&first, &users, &mut Writer::new(&mut buffer));
    assert!(begun.is_ok(), "an honest first token");
    let _ = black_box(
        acceptor
            .step(data, &users, &mut Writer::new(&mut other))
            .is_ok(),
    );
}

/// Security descriptors, SIDs, ACLs, extended attributes, create contexts, buffers of FSCTLs and information classes.
pub fn descriptors(data: &[u8]) {
    use wire::security::{Acl, SecurityDescriptor, Sid};
    let _ = black_box(Sid::parse(data).is_ok());
    if let Ok(acl) = Acl::parse(data) {
        black_box(acl.aces().count());
    }
    if let Ok(descriptor) = SecurityDescriptor::parse(data) {
        let mut buffer = vec![0; 2 * data.len() + 256];
        // What was read can be written, and reads the same.
        if descriptor.write(&mut Writer::new(&mut buffer)).is_ok() {
            assert!(
                SecurityDescriptor::parse(&buffer).is_ok(),
                "a descriptor we wrote"
            );
        }
    }
    for context in wire::create_context::CreateContexts::new(data) {
        let Ok(context) = context else { break };
        black_box(format!("{context:?}").len());
    }
    for name in [
        &b"RqLs"[..],
        b"DH2Q",
        b"DH2C",
        b"DHnQ",
        b"DHnC",
        b"MxAc",
        b"QFid",
        b"AlSi",
        b"ExtA",
        b"SecD",
        b"TWrp",
        b"AAPL",
    ] {
        let _ = black_box(wire::create_context::Context::parse(name, data).is_ok());
    }
}

/// Paths from the wire and patterns.
pub fn names(data: &[u8]) {
    let mut out = vec![0; 4 * data.len() + 64];
    if name::parse(data, &mut out).is_ok() {
        // The sum of what it must never be: a way out.
        let text = &out;
        black_box(text.len());
    }
    let (pattern, title) = data.split_at(data.len() / 2);
    black_box(wildcard::matches(pattern, title));
    black_box(name::same(pattern, title));
    assert!(name::same(title, title), "a name is itself");
    assert_eq!(name::hash(title), name::hash(title));
    let mut shown = vec![0; 4 * data.len() + 64];
    black_box(name::show(data, &mut shown).map(<[u8]>::len));
}

/// UCI text, to the checked values.
pub fn config(data: &[u8]) {
    let (document, _) = config::uci::parse(data);
    black_box(config::check::check("fuzz", data).has_errors());
    if data.contains(&0) {
        return; // `write` takes no NUL.
    }
    let text = config::uci::write(&document);
    let (again, faults) = config::uci::parse(text.as_bytes());
    assert!(faults.is_empty(), "what we write we read: {faults:?}");
    assert_eq!(config::uci::write(&again), text, "and it is the same");
}
