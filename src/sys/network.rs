//! The machine's addresses: when they change, and which IPv6 ones may be used.

use core::net::Ipv6Addr;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::{Errno, Result};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{self, AddressFamily, RecvFlags, SocketFlags, SocketType};

/// RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR ([rtnetlink(7)]).
const GROUPS: u32 = 0x1 | 0x10 | 0x100;

/// A socket that becomes readable when an interface or an address comes, changes or goes.
pub fn changes() -> Result<OwnedFd> {
    let socket = net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None, // NETLINK_ROUTE is 0
    )?;
    net::bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    Ok(socket)
}

/// Takes every message that is there; whether there was any. What they say is looked up elsewhere: messages can
/// be lost (ENOBUFS), and that counts as one.
pub fn drain(socket: impl AsFd) -> Result<bool> {
    let mut buffer = [0; 512];
    let mut any = false;
    loop {
        match net::recv(
            socket.as_fd(),
            &mut buffer[..],
            RecvFlags::DONTWAIT | RecvFlags::TRUNC,
        ) {
            Ok(_) | Err(Errno::NOBUFS) => any = true,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(any),
            Err(error) => return Err(error),
        }
    }
}

/// An IPv6 address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address6 {
    /// The address.
    pub address: Ipv6Addr,
    /// The interface's index, which is a link-local address's scope.
    pub index: u32,
    /// The interface's name.
    pub device: String,
}

/// Every IPv6 address that may be listened on: not those still being checked for a double (IFA_F_TENTATIVE).
pub fn addresses6() -> Vec<Address6> {
    parse6(&std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default())
}

/// A line of it: address, index, prefix length, scope, flags, all hexadecimal; then the interface.
fn parse6(text: &str) -> Vec<Address6> {
    let line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let index = u32::from_str_radix(words.next()?, 16).ok()?;
        let flags = u32::from_str_radix(words.nth(2)?, 16).ok()?;
        let device = words.next()?.to_owned();
        (flags & 0x40 == 0).then_some(Address6 {
            address: Ipv6Addr::from(address),
            index,
            device,
        })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_doubt_are_left_out() {
        let text = "fe800000000000000000000000000001 0a 40 20 80   br-lan\n\
                    fd000000000000000000000000000001 02 40 00 40 eth0\nnonsense\n";
        assert_eq!(
            parse6(text),
            [Address6 {
                address: "fe80::1".parse().unwrap(),
                index: 10,
                device: "br-lan".into()
            }]
        );
    }

    #[test]
    fn a_quiet_machine_says_nothing() {
        let socket = changes().unwrap();
        while drain(&socket).unwrap() {}
    }
}
