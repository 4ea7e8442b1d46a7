//! From what ubus says of the router's networks to addresses to listen on.

use smolsmb::control::json::{Scalar, Step, walk};
use smolsmb::net::Listen;
use smolsmb::sys::network::Address6;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// One network, as `ubus call network.interface dump` tells it.
#[derive(Default)]
struct Network {
    name: String,
    up: bool,
    device: String,
    addresses: Vec<IpAddr>,
}

/// An address to listen on, and the network it belongs to.
pub type Of = (Listen, String);

/// The addresses of the networks `wanted`, and whether each of them has one; `None`: the answer is none.
/// `known`: the IPv6 addresses of this machine that may be used already.
pub fn resolve(
    answer: &[u8],
    known: &[Address6],
    wanted: &[String],
    port: u16,
) -> Option<(Vec<Of>, bool)> {
    let networks = parse(answer)?;
    let mut found: Vec<Of> = Vec::new();
    let mut whole = true;
    for name in wanted {
        let before = found.len();
        let theirs = networks.iter().filter(|network| network.name == *name);
        for network in theirs.filter(|network| network.up && !network.device.is_empty()) {
            let on = |address: &&Address6| address.device == network.device;
            let told = network
                .addresses
                .iter()
                .filter_map(|address| match address {
                    IpAddr::V4(_) => Some(SocketAddr::new(*address, port)),
                    IpAddr::V6(six) => {
                        let there = known.iter().filter(on).any(|one| one.address == *six);
                        there.then(|| SocketAddr::new(*address, port))
                    }
                });
            // Those of the link, which netifd does not tell.
            let local = |address: &Address6| address.address.is_unicast_link_local();
            let link = known
                .iter()
                .filter(on)
                .filter(|one| local(one))
                .map(|one| SocketAddr::V6(SocketAddrV6::new(one.address, port, 0, one.index)));
            for address in told.chain(link) {
                add(&mut found, address, &network.device, name);
            }
        }
        whole &= found.len() > before;
    }
    // Whoever comes in at one of them may mean the address of another, as by a VPN to the lan's.
    for (listen, _) in found.clone() {
        let link = matches!(listen.address.ip(), IpAddr::V6(six) if six.is_unicast_link_local());
        for (other, name) in found.clone() {
            if !link && other.device != listen.device {
                add(&mut found, listen.address, &other.device, &name);
            }
        }
    }
    Some((found, whole))
}

fn add(found: &mut Vec<Of>, address: SocketAddr, device: &str, network: &str) {
    let device = device.to_owned();
    let listen = Listen { address, device };
    if !found.iter().any(|(known, _)| *known == listen) {
        found.push((listen, network.to_owned()));
    }
}

fn parse(answer: &[u8]) -> Option<Vec<Network>> {
    let mut networks: Vec<Network> = Vec::new();
    let mut told = false;
    let mut each = |path: &[Step], value: Option<Scalar>| {
        let [Step::Key(top), rest @ ..] = path else {
            return;
        };
        if top != "interface" {
            return;
        }
        told = true;
        let [Step::Index(index), way @ ..] = rest else {
            return;
        };
        if networks.len() <= *index {
            networks.push(Network::default());
        }
        let Some(network) = networks.last_mut() else {
            return;
        };
        let keys: Vec<&str> = way
            .iter()
            .map(|step| match step {
                Step::Key(key) => key.as_str(),
                Step::Index(_) => "",
            })
            .collect();
        match (keys.as_slice(), value) {
            (["interface"], Some(Scalar::String(name))) => network.name = name,
            (["l3_device"], Some(Scalar::String(device))) => network.device = device,
            (["up"], Some(Scalar::Boolean(up))) => network.up = up,
            (
                ["ipv4-address" | "ipv6-address", "", "address"]
                | ["ipv6-prefix-assignment", "", "local-address", "address"],
                Some(Scalar::String(text)),
            ) => {
                let good = |address: &IpAddr| {
                    !address.is_unspecified() && *address != IpAddr::V6(Ipv6Addr::LOCALHOST)
                };
                network.addresses.extend(text.parse().ok().filter(good));
            }
            _ => {}
        }
    };
    walk(answer, &mut each).ok()?;
    told.then_some(networks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = r#"{"interface":[
        {"interface":"loopback","up":true,"l3_device":"lo","ipv4-address":[{"address":"127.0.0.1","mask":8}]},
        {"interface":"lan","up":true,"device":"br-lan","ipv4-address":[{"address":"192.168.1.1","mask":24}],
         "ipv6-address":[],"ipv6-prefix-assignment":[{"address":"fd00:1::","mask":60,"local-address":{"address":"fd00:1::1","mask":60}}],
         "route":[{"target":"1.2.3.4"}],"l3_device":"br-lan"},
        {"interface":"wan","up":true,"l3_device":"eth1","ipv4-address":[{"address":"203.0.113.5","mask":24}],
         "inactive":{"ipv4-address":[{"address":"203.0.113.6"}]}},
        {"interface":"guest","up":false,"l3_device":"br-guest","ipv4-address":[{"address":"192.168.2.1","mask":24}]},
        {"interface":"late","up":true}]}"#;

    fn known() -> Vec<Address6> {
        let of = |address: &str, index, device: &str| Address6 {
            address: address.parse().unwrap(),
            index,
            device: device.into(),
        };
        vec![
            of("fe80::1", 7, "br-lan"),
            of("fd00:1::1", 7, "br-lan"),
            of("fe80::2", 8, "eth1"),
        ]
    }

    fn addresses(known: &[Address6], wanted: &[&str]) -> (Vec<String>, bool) {
        let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        let (found, whole) = resolve(DUMP.as_bytes(), known, &wanted, 445).unwrap();
        let show =
            |(listen, network): &Of| format!("{network} {} {}", listen.device, listen.address);
        (found.iter().map(show).collect(), whole)
    }

    #[test]
    fn only_the_named_networks_addresses_are_found() {
        let lan = [
            "lan br-lan 192.168.1.1:445",
            "lan br-lan [fd00:1::1]:445",
            "lan br-lan [fe80::1%7]:445",
        ];
        assert_eq!(
            addresses(&known(), &["lan"]),
            (lan.map(String::from).to_vec(), true)
        );
        // Its IPv6 addresses are still in doubt.
        assert_eq!(addresses(&[], &["lan"]), (vec![lan[0].into()], true));
        // Down, without an address, or unknown: waited for.
        for absent in ["guest", "late", "nowhere"] {
            assert_eq!(addresses(&known(), &[absent]), (vec![], false), "{absent}");
        }
        assert!(!addresses(&known(), &["lan", "guest"]).1);
    }

    #[test]
    fn each_named_networks_addresses_are_served_to_the_others() {
        let both = addresses(&known(), &["lan", "wan"]).0;
        for one in [
            "lan br-lan 203.0.113.5:445",
            "wan eth1 192.168.1.1:445",
            "wan eth1 [fe80::2%8]:445",
        ] {
            assert!(both.contains(&one.to_owned()), "{one}: {both:?}");
        }
        assert_eq!(both.len(), 3 + 2 + 3);
    }

    #[test]
    fn what_is_no_answer_changes_nothing() {
        for answer in [
            "",
            "{}",
            "{\"interface\":",
            "[]",
            "Command failed: Not found",
        ] {
            assert!(
                resolve(answer.as_bytes(), &[], &["lan".into()], 445).is_none(),
                "{answer}"
            );
        }
        assert!(resolve(b"{\"interface\":[]}", &[], &[], 445).is_some());
    }
}
