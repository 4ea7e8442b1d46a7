//! The asking side, for the command line: blocking, with a time limit.

use super::json::{Scalar, Step, walk};
use super::protocol::Request;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long a server may take; it answers between two requests of its clients.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to write a disk's caches out.
const EJECT: Duration = Duration::from_secs(600);
/// The longest answer taken, in bytes.
const ANSWER_LIMIT: u64 = 4 * 1024 * 1024;

/// Sends a request and returns the answer's line, without its end.
pub fn ask(socket: &Path, request: &Request) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => io::Error::new(
            error.kind(),
            format!("no server answers at {} (is it running?)", socket.display()),
        ),
        io::ErrorKind::PermissionDenied => io::Error::new(
            error.kind(),
            format!("{}: only its owner may ask the server", socket.display()),
        ),
        _ => error,
    })?;
    let patience = match request {
        Request::Eject { .. } => EJECT,
        _ => PATIENCE,
    };
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request.line().as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_LIMIT)
        .read_to_end(&mut answer)
        .map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                io::Error::new(io::ErrorKind::TimedOut, "the server does not answer")
            }
            _ => error,
        })?;
    match answer.strip_suffix(b"\n") {
        Some(line) => String::from_utf8(line.to_vec()).map_err(|_| broken()),
        None => Err(broken()),
    }
}

/// Sends a request; its answer's `text`, or the server's reason as an error.
pub fn ask_text(socket: &Path, request: &Request) -> io::Result<String> {
    let answer = ask(socket, request)?;
    let mut fields = Vec::new();
    let top = &mut |way: &[Step], value| {
        if let ([Step::Key(key)], Some(value)) = (way, value) {
            fields.push((key.clone(), value));
        }
    };
    walk(answer.as_bytes(), top).map_err(|_| broken())?;
    let text = |key: &str| {
        fields.iter().find(|(k, _)| k == key).and_then(|(_, v)| {
            if let Scalar::String(text) = v {
                Some(text.clone())
            } else {
                None
            }
        })
    };
    if fields.contains(&("ok".into(), Scalar::Boolean(true))) {
        Ok(text("text").unwrap_or_default())
    } else {
        Err(io::Error::other(
            text("error").unwrap_or_else(|| "refused".into()),
        ))
    }
}

fn broken() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the server's answer is cut off or no JSON",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{Ejected, Running, Status, answer};
    use std::io::{BufRead, BufReader};

    struct Fake;

    impl Running for Fake {
        fn status(&mut self) -> Status {
            Status {
                name: "rou\"ter".into(),
                ..Status::default()
            }
        }
        fn disconnect(&mut self, _: u64) -> bool {
            false
        }
        fn eject(&mut self, _: &str) -> Option<Result<Ejected, String>> {
            None
        }
        fn reload(&mut self) -> Result<String, String> {
            Err(String::new())
        }
    }

    #[test]
    fn a_server_is_asked_over_its_socket() {
        let folder = std::env::temp_dir().join(format!("smolsmb-control-{}", std::process::id()));
        let path = folder.join("sock");
        assert!(
            ask(&path, &Request::Ping)
                .unwrap_err()
                .to_string()
                .contains("is it running?")
        );
        std::fs::create_dir_all(&folder).unwrap();
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            for _ in 0..3 {
                let (mut stream, _) = listener.accept().unwrap();
                let mut line = Vec::new();
                BufReader::new(&stream)
                    .read_until(b'\n', &mut line)
                    .unwrap();
                let mut out = String::new();
                answer(&line, &mut Fake, &mut out);
                stream.write_all(out.as_bytes()).unwrap();
            }
        });
        assert_eq!(ask(&path, &Request::Ping).unwrap(), r#"{"ok":true}"#);
        assert!(
            ask_text(&path, &Request::Status { text: true })
                .unwrap()
                .starts_with("smolsmb  as rou\"ter")
        );
        assert_eq!(
            ask_text(&path, &Request::Disconnect { session: 3 })
                .unwrap_err()
                .to_string(),
            "no session 3"
        );
        server.join().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
