//! Without any configuration: a share to try the server with, on this machine only.

use super::Failure;
use smolsmb::config::{Config, ServerConfig};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The share's name.
pub const SHARE: &str = "files";
/// The user's name.
pub const USER: &str = "smolsmb";
/// The folder, below the one the command was started in.
const FOLDER: &str = "smolsmb-files";
/// Only this machine, and a port that needs no rights.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4450);

/// The server's part: nothing outside of this machine hears of it.
pub fn config() -> Config {
    Config {
        server: ServerConfig {
            listen: vec![ADDRESS],
            discovery: false,
            ..ServerConfig::default()
        },
        ..Config::default()
    }
}

/// Makes the folder that is shared.
pub fn folder() -> Result<PathBuf, Failure> {
    let folder = PathBuf::from(FOLDER);
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::Failed(format!("{FOLDER}: {error}")))?;
    Ok(folder)
}

/// What to type to see it. `made_up`: users with the passwords nobody else knows yet.
pub fn banner(config: &Config, listening: &[SocketAddr], made_up: &[(String, String)]) -> String {
    let mut out = format!(
        "smolsmb {}: no configuration, so this is a server to try\n\n",
        env!("CARGO_PKG_VERSION")
    );
    // Writing to a String cannot fail.
    for share in &config.shares {
        let _ = writeln!(
            out,
            "  share      {} on {}",
            share.name,
            share.path.display()
        );
    }
    for user in &config.users {
        match made_up.iter().find(|(name, _)| *name == user.name) {
            Some((_, password)) => drop(writeln!(
                out,
                "  user       {}, password {password} (for this run only)",
                user.name
            )),
            None => drop(writeln!(out, "  user       {}", user.name)),
        }
    }
    for address in listening {
        let _ = writeln!(out, "  listening  {address}");
    }
    if let (Some(share), Some(user), Some(address)) = (
        config.shares.first(),
        config.users.first(),
        listening.first(),
    ) {
        let known = made_up
            .iter()
            .find(|(name, _)| *name == user.name)
            .map_or_else(String::new, |(_, password)| format!("%{password}"));
        let host = match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => "127.0.0.1".into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => "::1".into(),
            ip => ip.to_string(),
        };
        let place = quoted(&format!("//{host}/{}", share.name));
        let login = quoted(&format!("{}{known}", user.name));
        let _ = write!(
            out,
            "\nTry:  smbclient {place} -p {} -U {login} -c ls\nEnd it with Ctrl-C.\n",
            address.port()
        );
    }
    out
}

/// For a shell.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | ':' | '%' | '-' | '_');
    if word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smolsmb::config::{Share, User};

    #[test]
    fn the_banner_says_what_to_type() {
        let mut config = config();
        config.shares.push(Share {
            name: "my files".into(),
            path: "/srv".into(),
            ..Share::default()
        });
        config.users.push(User {
            name: "a".into(),
            ..User::default()
        });
        let text = banner(&config, &[ADDRESS], &[("a".into(), "pass-word".into())]);
        assert!(
            text.contains("smbclient '//127.0.0.1/my files' -p 4450 -U a%pass-word -c ls\n"),
            "{text}"
        );
        let text = banner(&config, &[ADDRESS], &[]);
        assert!(
            text.contains("-U a -c ls\n") && !text.contains("password"),
            "{text}"
        );
    }
}
