//! From the checked config to what the engine is to be.

use core::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;

use smolsmb::config::unix;
use smolsmb::config::{Access, Config, Dialect, Encryption, Names, ServerConfig, Signing};
use smolsmb::crypto::measure::Speeds;
use smolsmb::disks::Placed;
use smolsmb::engine::{self, Guest, Interface, Setup};
use smolsmb::net::{Listen, Place};
use smolsmb::vfs::Who;
use smolsmb::wire::negotiate;
use smolsmb::wire::utf16::upper;

/// What is found out once, at the start.
pub struct Machine {
    /// The host's name.
    pub host: String,
    /// A number that is this machine's own.
    pub guid: [u8; 16],
    /// What this CPU does fastest.
    pub speeds: Speeds,
    /// When the server started, as a FILETIME.
    pub started: u64,
}

impl Machine {
    /// Looks at this machine.
    pub fn look(speeds: Speeds, started: u64) -> Self {
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let seed = if id.trim().is_empty() {
            &host
        } else {
            id.trim()
        };
        // MD4 of something only this machine has: the same number after every start.
        Machine {
            guid: smolsmb::auth::nt_hash(&format!("smolsmb {seed}")),
            host,
            speeds,
            started,
        }
    }
}

/// The engine's setup.
pub fn setup(config: &Config, shares: &[Placed], machine: &Machine) -> Setup {
    let server = &config.server;
    let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
    let who = |name: &str| match name {
        "" => None,
        name => unix::ids(&passwd, name).map(|(uid, gid)| Who { uid, gid }),
    };
    Setup {
        name: netbios_name(server, &machine.host),
        description: server.description.clone(),
        workgroup: server.workgroup.clone(),
        guid: machine.guid,
        min_dialect: dialect(server.min_dialect),
        max_dialect: dialect(server.max_dialect),
        signing_required: server.signing == Signing::Required,
        encryption: match server.encryption {
            Encryption::Off => engine::Encryption::Off,
            Encryption::Auto => engine::Encryption::Auto,
            Encryption::Required => engine::Encryption::Required,
        },
        signing_order: machine.speeds.signing_order(),
        cipher_order: machine.speeds.cipher_order(),
        idle_timeout: u64::from(server.idle_timeout) * 60_000,
        started: machine.started,
        interfaces: interfaces(server.listen.iter().map(SocketAddr::ip)),
        users: config
            .users
            .iter()
            .filter(|user| user.enabled)
            .filter_map(|user| {
                let hash = user.nt_hash?;
                Some(engine::User {
                    name: user.name.clone(),
                    nt_hash: hash.0,
                    who: who(&user.unix_user),
                })
            })
            .collect(),
        shares: shares
            .iter()
            .map(|placed| (&placed.share, placed))
            .map(|(share, placed)| engine::Share {
                name: share.name.clone(),
                path: placed.path.as_os_str().as_bytes().to_vec(),
                disk: placed.on.ok(),
                comment: share.comment.clone(),
                browseable: share.browseable,
                read_only: share.read_only,
                guest: match share.guest {
                    Access::None => Guest::None,
                    Access::Read => Guest::Read,
                    Access::Write => Guest::Write,
                },
                read_users: names(&share.read_user),
                write_users: names(&share.write_user),
                encryption_required: share.encryption_required,
                create_mask: share.create_mask,
                directory_mask: share.dir_mask,
                hide_dot_files: share.hide_dot_files,
                veto: share.veto.clone(),
                force: who(&share.force_user),
            })
            .collect(),
    }
}

/// Where to listen.
pub fn listen(server: &ServerConfig) -> Place {
    let networks = server.listen.is_empty() && !server.network.is_empty();
    // This machine itself is served too: what is asked from here to one of its networks' addresses does not
    // come in at the network's interface.
    let here = [
        IpAddr::from(core::net::Ipv4Addr::LOCALHOST),
        IpAddr::from(core::net::Ipv6Addr::LOCALHOST),
    ];
    let everywhere = [IpAddr::from([0; 4]), IpAddr::from([0u8; 16])];
    let addresses = if server.listen.is_empty() {
        if networks { here } else { everywhere }
            .map(|address| SocketAddr::new(address, server.port))
            .to_vec()
    } else {
        server.listen.clone()
    };
    Place {
        addresses: addresses.into_iter().map(Listen::from).collect(),
        networks,
    }
}

/// The addresses clients may be told of: not the wildcards, nor those that mean something else elsewhere.
pub fn interfaces(addresses: impl Iterator<Item = IpAddr>) -> Vec<Interface> {
    let told = |address: &IpAddr| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    };
    addresses
        .filter(|address| !address.is_unspecified())
        .filter(told)
        .zip(1..)
        .map(|(address, index)| Interface {
            index,
            speed: 1_000_000_000,
            address,
        })
        .collect()
}

fn names(names: &Names) -> Vec<String> {
    if names.everyone {
        vec!["*".into()]
    } else {
        names.names.clone()
    }
}

fn netbios_name(server: &ServerConfig, host: &str) -> String {
    let name = if server.name.is_empty() {
        host
    } else {
        &server.name
    };
    let short = name.split('.').next().unwrap_or_default();
    short.chars().take(15).map(upper).collect()
}

fn dialect(dialect: Dialect) -> negotiate::Dialect {
    match dialect {
        Dialect::Smb202 => negotiate::Dialect::Smb202,
        Dialect::Smb21 => negotiate::Dialect::Smb210,
        Dialect::Smb30 => negotiate::Dialect::Smb300,
        Dialect::Smb302 => negotiate::Dialect::Smb302,
        Dialect::Smb311 => negotiate::Dialect::Smb311,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_nobody_resolved_is_not_every_network() {
        let mut server = ServerConfig {
            network: vec!["lan".into()],
            ..ServerConfig::default()
        };
        let waiting = listen(&server);
        assert!(waiting.networks);
        let own = |one: &Listen| one.address.ip().is_loopback();
        assert!(waiting.addresses.iter().all(own));
        server.network.clear();
        let place = listen(&server);
        assert!(!place.networks);
        let any = |one: &Listen| one.address.ip().is_unspecified();
        assert!(place.addresses.iter().all(any));
        server.network = vec!["lan".into()];
        server.listen = vec!["192.0.2.1:445".parse().unwrap()];
        let place = listen(&server);
        assert_eq!((place.networks, place.addresses.len()), (false, 1));
    }
}
