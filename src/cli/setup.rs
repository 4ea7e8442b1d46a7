//! From the checked config to what the engine is to be.

use core::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;

use smolsmb::config::unix;
use smolsmb::config::{Access, Config, Dialect, Encryption, Names, ServerConfig, Signing};
use smolsmb::crypto::measure::Speeds;
use smolsmb::engine::{self, Guest, Interface, Setup};
use smolsmb::vfs::Who;
use smolsmb::wire::negotiate;

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
pub fn setup(config: &Config, machine: &Machine) -> Setup {
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
        interfaces: interfaces(server),
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
        shares: config
            .shares
            .iter()
            .filter(|share| share.enabled)
            .map(|share| engine::Share {
                name: share.name.clone(),
                path: share.path.as_os_str().as_bytes().to_vec(),
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
pub fn addresses(server: &ServerConfig) -> Vec<SocketAddr> {
    if !server.listen.is_empty() {
        return server.listen.clone();
    }
    // The service turns networks into addresses. Started by hand, the server must not be found on a network
    // that its owner did not name.
    let everywhere = [IpAddr::from([0; 4]), IpAddr::from([0u8; 16])];
    let here = [
        IpAddr::V4(core::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(core::net::Ipv6Addr::LOCALHOST),
    ];
    let named = !server.network.is_empty();
    if named {
        log::warn!(
            "option network is for the service: started by hand without --listen, this machine alone is served"
        );
    }
    if named { here } else { everywhere }
        .into_iter()
        .map(|address| SocketAddr::new(address, server.port))
        .collect()
}

/// The addresses clients may be told of: those that were named, not the wildcards.
fn interfaces(server: &ServerConfig) -> Vec<Interface> {
    let named = server
        .listen
        .iter()
        .map(SocketAddr::ip)
        .filter(|address| !address.is_unspecified());
    named
        .enumerate()
        .map(|(at, address)| Interface {
            index: at as u32 + 1,
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
    short.chars().take(15).collect::<String>().to_uppercase()
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
        assert!(addresses(&server).iter().all(|a| a.ip().is_loopback()));
        server.network.clear();
        assert!(addresses(&server).iter().all(|a| a.ip().is_unspecified()));
        server.listen = vec!["192.0.2.1:445".parse().unwrap()];
        assert_eq!(addresses(&server), server.listen);
    }
}
