//! The socket itself.

use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Requests that may wait to be accepted; one at a time is the rule.
const BACKLOG: i32 = 8;

/// Makes the listening socket, mode 0600, not blocking. One that a dead server left is replaced; a living
/// server, or anything that is no socket, is an error.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        if !folder.exists() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        // In a folder where others may write, another could put a socket of his own in our place.
        let meta = std::fs::metadata(folder)?;
        let owner = meta.uid();
        if (owner != 0 && owner != rustix::process::geteuid().as_raw())
            || (meta.mode() & 0o022 != 0 && meta.mode() & 0o1000 == 0)
        {
            return Err(refused(
                folder,
                "can be written by others, no control socket is made there",
            ));
        }
    }
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(meta) if !meta.file_type().is_socket() => {
            return Err(refused(path, "is there and is no socket"));
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?
            }
            _ => return Err(refused(path, "is another running server's")),
        },
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // Linux gives the file the mode its socket had when bound: changing it afterwards would leave a gap,
    // and the process's mask is everybody's.
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(UnixListener::from(socket))
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("{} {why}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_a_dead_servers_socket_is_replaced() {
        let folder = std::env::temp_dir().join(format!("smolsmb-socket-{}", std::process::id()));
        let path = folder.join("sock");
        let first = listen(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(
            listen(&path)
                .unwrap_err()
                .to_string()
                .contains("another running")
        );
        drop(first);
        let _second = listen(&path).unwrap();
        std::fs::write(folder.join("file"), "").unwrap();
        assert!(
            listen(&folder.join("file"))
                .unwrap_err()
                .to_string()
                .contains("no socket")
        );
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(
            listen(&folder.join("new"))
                .unwrap_err()
                .to_string()
                .contains("written by others")
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
