//! Sockets: made, tuned, accepted, read and written, never blocking.
#![allow(unsafe_code)]

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{FileType, Mode};
use rustix::io::{Errno, IoSliceMut, Result};
use rustix::net::{
    self, AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, sockopt,
};
use std::path::Path;

const FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);
const BACKLOG: i32 = 128;

/// A listening TCP socket on `address`. IPv6 sockets take IPv6 only, so that both families can have the port.
/// With a `device`, only what comes in there is taken: Linux answers on every interface for the addresses of all.
pub fn listen(address: SocketAddr, device: &str) -> Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = net::socket_with(family, SocketType::STREAM, FLAGS, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    if !device.is_empty() {
        bind_to_device(&socket, device)?;
    }
    net::bind(&socket, &address)?;
    net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// SO_BINDTODEVICE ([socket(7)]); from Linux 5.7 on it needs no right.
fn bind_to_device(socket: &OwnedFd, device: &str) -> Result<()> {
    let length = u32::try_from(device.len()).map_err(|_| Errno::NAMETOOLONG)?;
    // SAFETY: the descriptor is open, and the kernel reads `length` bytes, which `device` has.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            device.as_ptr().cast(),
            length,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(crate::sys::last_error()),
    }
}

/// A listening socket takes no more connections, and its address is free again.
pub fn hang_up(socket: impl AsFd) {
    // It fails only where nothing is left to do.
    let _ = net::shutdown(socket, net::Shutdown::Both);
}

/// The address a listening socket got, for port 0.
pub fn local_address(socket: impl AsFd) -> Result<SocketAddr> {
    SocketAddr::try_from(net::getsockname(socket)?).map_err(|_| Errno::AFNOSUPPORT)
}

/// The next waiting connection and its peer's address (IPv4 where it is an IPv4 peer).
pub fn accept(socket: impl AsFd) -> Result<(OwnedFd, IpAddr)> {
    let (accepted, peer) = net::acceptfrom_with(socket, FLAGS)?;
    let peer = peer
        .and_then(|peer| SocketAddr::try_from(peer).ok())
        .ok_or(Errno::CONNABORTED)?;
    Ok((accepted, peer.ip().to_canonical()))
}

/// The next waiting connection of a Unix socket.
pub fn accept_local(socket: impl AsFd) -> Result<OwnedFd> {
    net::accept_with(socket, FLAGS)
}

/// What every accepted connection gets: no delay of small replies; a dead peer is noticed after two
/// minutes, whether we wait for it (keepalive) or it owes us acknowledgements (user time-out).
pub fn tune(socket: impl AsFd) -> Result<()> {
    let socket = socket.as_fd();
    sockopt::set_tcp_nodelay(socket, true)?;
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, Duration::from_secs(60))?;
    sockopt::set_tcp_keepintvl(socket, Duration::from_secs(10))?;
    sockopt::set_tcp_keepcnt(socket, 6)?;
    set_patience(socket, PATIENCE)
}

/// How long a peer may owe acknowledgements before its connection is dead, in ms.
pub const PATIENCE: u32 = 120_000;
/// The same while others wait for the peer's answer: four or five repetitions of what it did not acknowledge.
pub const HURRIED: u32 = 8_000;

/// Sets how long a peer may owe acknowledgements, in ms.
pub fn set_patience(socket: impl AsFd, milliseconds: u32) -> Result<()> {
    sockopt::set_tcp_user_timeout(socket, milliseconds)
}

/// Receives what is there; 0 at the peer's end.
pub fn receive(socket: impl AsFd, into: &mut [u8]) -> Result<usize> {
    net::recv(socket, into, RecvFlags::DONTWAIT).map(|(_, received)| received)
}

/// Receives into `first`, and what comes after it into `second`; how many bytes in all, 0 at the end.
pub fn receive_two(socket: impl AsFd, first: &mut [u8], second: &mut [u8]) -> Result<usize> {
    let mut parts = [IoSliceMut::new(first), IoSliceMut::new(second)];
    rustix::io::readv(socket, &mut parts)
}

/// Sends what there is room for. `more`: more follows at once, so a packet need not go out yet.
pub fn send(socket: impl AsFd, bytes: &[u8], more: bool) -> Result<usize> {
    let mut flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    if more {
        flags |= SendFlags::MORE;
    }
    net::send(socket, bytes, flags)
}

/// Sends `count` bytes of `file` from `offset`, as far as there is room; 0 at the end of the file.
pub fn send_file(
    socket: impl AsFd,
    file: impl AsFd,
    mut offset: u64,
    count: usize,
) -> Result<usize> {
    rustix::fs::sendfile(socket, file, Some(&mut offset), count)
}

/// A listening Unix socket at `path`, in place of one a dead server left there: EXIST where something else
/// stands, ADDRINUSE where somebody listens. Only its owner may connect.
pub fn listen_local(path: &Path) -> Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let unix = || net::socket_with(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None);
    match rustix::fs::lstat(path) {
        Err(Errno::NOENT) => {}
        Err(error) => return Err(error),
        Ok(stat) if !FileType::from_raw_mode(stat.st_mode).is_socket() => return Err(Errno::EXIST),
        Ok(_) => match net::connect(&unix()?, &address) {
            Err(Errno::CONNREFUSED) => rustix::fs::unlink(path)?,
            // Gone in between.
            Err(Errno::NOENT) => {}
            _ => return Err(Errno::ADDRINUSE),
        },
    }
    let socket = unix()?;
    // Linux gives the file the mode its socket had when bound: changing it afterwards would leave a gap.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    net::bind(&socket, &address)?;
    net::listen(&socket, 4)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_a_dead_servers_socket_is_replaced() {
        let path = std::env::temp_dir().join(format!("smolsmb-local-{}", std::process::id()));
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(listen_local(&path).unwrap_err(), Errno::EXIST);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        std::fs::remove_file(&path).unwrap();
        let living = listen_local(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(listen_local(&path).unwrap_err(), Errno::ADDRINUSE);
        drop(living);
        listen_local(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
