//! `smolsmb probe`: logs in to the running server over the network, as one of the share's people would.

mod client;
mod ntlm;

use super::{Failure, place, say};
use client::Client;
use smolsmb::config::{Access, Config, Share, load, printable, same_name};
use smolsmb::control::client::ask;
use smolsmb::control::json::Object;
use smolsmb::control::protocol::Request;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The most names that are told.
const NAMES: usize = 12;

/// Prints, as a line of JSON, what a client finds on the share; fails with what the server answered.
pub fn run(name: &str, config: Option<PathBuf>) -> Result<(), Failure> {
    let place = place(config);
    let config = load(&place)?.config;
    let share = config
        .shares
        .iter()
        .find(|share| share.enabled && same_name(&share.name, name))
        .ok_or_else(|| Failure::Failed(format!("no share '{}'", printable(name))))?;
    let status = ask(&place.socket, &Request::Status { text: false })?;
    let address =
        listening(&status).ok_or_else(|| Failure::Failed("the server listens nowhere".into()))?;
    let (user, hash) = login(&config, share);
    let failed = |reason: String| Failure::Failed(format!("{address}: {reason}"));
    let mut client = Client::connect(address, user, hash).map_err(failed)?;
    client
        .tree(&address.ip().to_string(), &share.name)
        .map_err(failed)?;
    let names = client.names(NAMES).map_err(failed)?;
    let writable = share_can_change(share, user) && client.can_write();

    let mut out = String::new();
    let mut object = Object::new(&mut out);
    object
        .boolean("ok", true)
        .string("address", address.to_string())
        .string("user", user)
        .boolean("guest", client.guest)
        .boolean("writable", writable)
        .string("names", names.join("\n"));
    object.end();
    out.push('\n');
    say(&out)
}

/// Who is best placed to show that it works: who may change most, and has a password. Nobody: a guest.
fn login<'a>(config: &'a Config, share: &Share) -> (&'a str, [u8; 16]) {
    config
        .users
        .iter()
        .filter(|user| user.enabled)
        .filter_map(|user| Some((user, user.nt_hash?)))
        .filter(|(user, _)| share.access(Some(&user.name)) != Access::None)
        .max_by_key(|(user, _)| share.access(Some(&user.name)))
        .map_or(("", [0; 16]), |(user, hash)| (user.name.as_str(), hash.0))
}

fn share_can_change(share: &Share, user: &str) -> bool {
    let user = Some(user).filter(|user| !user.is_empty());
    share.access(user) == Access::Write
}

/// The first address that the running server says it listens on; a wildcard is asked on this machine.
fn listening(status: &str) -> Option<SocketAddr> {
    let mut words = (status.split('"'))
        .skip_while(|word| *word != "listening")
        .skip_while(|word| *word != "address");
    let mut address: SocketAddr = words.nth(2)?.parse().ok()?;
    if address.ip().is_unspecified() {
        let here: [std::net::IpAddr; 2] = [
            std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::Ipv6Addr::LOCALHOST.into(),
        ];
        address.set_ip(here[usize::from(address.is_ipv6())]);
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_first_that_is_listened_on() {
        let table = [
            (
                r#"{"listening":[{"address":"192.168.1.1:445"},{"address":"[::1]:445"}]}"#,
                Some("192.168.1.1:445"),
            ),
            (
                r#"{"listening":[{"address":"0.0.0.0:4450","network":""}]}"#,
                Some("127.0.0.1:4450"),
            ),
            (
                r#"{"listening":[{"address":"[::]:445"}]}"#,
                Some("[::1]:445"),
            ),
            (r#"{"listening":[]}"#, None),
            ("", None),
        ];
        for (status, want) in table {
            assert_eq!(
                listening(status),
                want.map(|w| w.parse().unwrap()),
                "{status}"
            );
        }
    }
}
