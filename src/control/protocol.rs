//! Requests and answers: one JSON object a line.
//!
//! `{"command":"ping"}` → `{"ok":true}`; `{"command":"status"}` → `{"ok":true,"status":{…}}`;
//! `{"command":"status","format":"text"}` → `{"ok":true,"text":"…"}`;
//! `{"command":"disconnect","session":"17"}` → `{"ok":true}`; `{"command":"reload"}` and
//! `{"command":"eject","path":"/mnt/sda1"}` → `{"ok":true,"text":"…"}`, the latter with `holders`. What fails
//! answers `{"ok":false,"error":"…"}`. docs/control.md has it all.

use super::json::{Object, Scalar, flat};
use super::status::{LIST_LIMIT, Status};

/// The longest request line in bytes.
pub const REQUEST_LIMIT: usize = 4096;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Are you there?
    Ping,
    /// Everything about the server.
    Status {
        /// As text for people.
        text: bool,
    },
    /// End this session: close its files, then its connection.
    Disconnect {
        /// SessionId.
        session: u64,
    },
    /// Give up everything below this folder, so that its disk can be unmounted.
    Eject {
        /// The mount point.
        path: String,
    },
    /// Read the configuration again.
    Reload,
}

/// The running server, as far as it is asked here.
pub trait Running {
    /// Its state now.
    fn status(&mut self) -> Status;
    /// Ends a session; false: there is none of this id.
    fn disconnect(&mut self, session: u64) -> bool;
    /// Gives up a disk; what was done, or why not. `None`: not done yet, to be asked again.
    fn eject(&mut self, path: &str) -> Option<Result<Ejected, String>>;
    /// Reads the configuration again; what is said of it, or why not.
    fn reload(&mut self) -> Result<String, String>;
}

/// A disk was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ejected {
    /// What was done, for a person.
    pub text: String,
    /// Who had files open on it until then, a row a file, at most [`LIST_LIMIT`].
    pub holders: Vec<Held>,
}

/// A file that was open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// SessionId.
    pub session: u64,
    /// Who; empty: anonymous.
    pub user: String,
    /// The client's address.
    pub address: String,
    /// The share.
    pub share: String,
    /// The file, below the share.
    pub path: Vec<u8>,
}

impl Request {
    /// Reads one line. The error is worded for the one who asked.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        if line.len() > REQUEST_LIMIT {
            return Err(format!("longer than {REQUEST_LIMIT} bytes"));
        }
        let fields = flat(line)?;
        let text = |key: &str| {
            fields
                .iter()
                .find(|(k, _)| k == key)
                .and_then(|(_, v)| match v {
                    Scalar::String(text) | Scalar::Number(text) => Some(text.as_str()),
                    _ => None,
                })
        };
        match text("command") {
            Some("ping") => Ok(Self::Ping),
            Some("status") => match text("format") {
                None | Some("json") => Ok(Self::Status { text: false }),
                Some("text") => Ok(Self::Status { text: true }),
                Some(_) => Err("format is neither json nor text".into()),
            },
            Some("disconnect") => {
                let session = text("session")
                    .and_then(session_id)
                    .ok_or("session is no number")?;
                Ok(Self::Disconnect { session })
            }
            Some("eject") => match text("path") {
                Some(path) if path.starts_with('/') => Ok(Self::Eject { path: path.into() }),
                _ => Err("path is no absolute path".into()),
            },
            Some("reload") => Ok(Self::Reload),
            Some(_) => Err("command is none of ping, status, disconnect, eject, reload".into()),
            None => Err("no command".into()),
        }
    }

    /// The request as a line, with its line end.
    pub fn line(&self) -> String {
        let mut out = String::new();
        let mut object = Object::new(&mut out);
        match self {
            Self::Ping => object.string("command", "ping"),
            Self::Status { text: false } => object.string("command", "status"),
            Self::Status { text: true } => {
                object.string("command", "status").string("format", "text")
            }
            Self::Disconnect { session } => object
                .string("command", "disconnect")
                .string("session", session.to_string()),
            Self::Eject { path } => object.string("command", "eject").string("path", path),
            Self::Reload => object.string("command", "reload"),
        };
        object.end();
        out.push('\n');
        out
    }
}

/// A session's id, decimal or `0x` and hexadecimal.
pub fn session_id(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// Answers one request line (with or without its line end) with one line (with it), appended to `out`. False: there
/// is no answer yet, the same line is to be given again.
pub fn answer(line: &[u8], server: &mut dyn Running, out: &mut String) -> bool {
    let result = Request::parse(line.trim_ascii_end());
    let ejected = match &result {
        Ok(Request::Eject { path }) => match server.eject(path) {
            Some(done) => Some(done),
            None => return false,
        },
        _ => None,
    };
    let mut object = Object::new(out);
    let done = match result {
        Err(reason) => Err(reason),
        Ok(Request::Ping) => Ok(None),
        Ok(Request::Status { text: false }) => {
            let status = server.status();
            object
                .boolean("ok", true)
                .object("status", |o| status.json(o))
                .end();
            out.push('\n');
            return true;
        }
        Ok(Request::Status { text: true }) => {
            let mut text = String::new();
            server.status().text(&mut text);
            Ok(Some(text))
        }
        Ok(Request::Disconnect { session }) => match server.disconnect(session) {
            true => Ok(None),
            false => Err(format!("no session {session}")),
        },
        Ok(Request::Eject { .. }) => match ejected {
            Some(Ok(done)) => {
                object.array("holders", list(&done.holders), |o, held| {
                    o.string("session", held.session.to_string())
                        .string("user", &held.user)
                        .string("address", &held.address)
                        .string("share", &held.share)
                        .string("path", &held.path);
                });
                Ok(Some(done.text))
            }
            Some(Err(reason)) => Err(reason),
            None => Err(String::new()),
        },
        Ok(Request::Reload) => server.reload().map(Some),
    };
    match done {
        Ok(None) => object.boolean("ok", true),
        Ok(Some(text)) => object.boolean("ok", true).string("text", text),
        Err(reason) => object.boolean("ok", false).string("error", reason),
    };
    object.end();
    out.push('\n');
    true
}

fn list<T>(items: &[T]) -> &[T] {
    items.get(..LIST_LIMIT).unwrap_or(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Fake;

    impl Running for Fake {
        fn status(&mut self) -> Status {
            Status {
                name: "router".into(),
                ..Status::default()
            }
        }
        fn disconnect(&mut self, session: u64) -> bool {
            session == 17
        }
        fn eject(&mut self, path: &str) -> Option<Result<Ejected, String>> {
            let held = Held {
                session: 17,
                user: "a\"b".into(),
                path: b"x\xff".to_vec(),
                ..Held::default()
            };
            match path {
                "/mnt" => Some(Ok(Ejected {
                    text: "done".into(),
                    holders: vec![held],
                })),
                "/later" => None,
                _ => Some(Err("no disk".into())),
            }
        }
        fn reload(&mut self) -> Result<String, String> {
            Ok("again".into())
        }
    }

    #[test]
    fn every_request_is_answered_in_one_line() {
        let table: &[(&str, &str)] = &[
            (r#"{"command":"ping"}"#, r#"{"ok":true}"#),
            (
                r#"{"command":"status"}"#,
                r#"{"ok":true,"status":{"name":"router","#,
            ),
            (
                r#"{"command":"status","format":"json"}"#,
                r#"{"ok":true,"status":{"name":"router","#,
            ),
            (
                r#"{"command":"status","format":"text"}"#,
                r#"{"ok":true,"text":"smolsmb  as router, up 0s\n"#,
            ),
            (
                r#"{"command":"status","format":"xml"}"#,
                r#"{"ok":false,"error":"format is neither json nor text"}"#,
            ),
            (
                r#"{"command":"disconnect","session":"17"}"#,
                r#"{"ok":true}"#,
            ),
            (r#"{"command":"disconnect","session":17}"#, r#"{"ok":true}"#),
            (
                r#"{"command":"disconnect","session":"0x11"}"#,
                r#"{"ok":true}"#,
            ),
            (
                r#"{"command":"disconnect","session":18}"#,
                r#"{"ok":false,"error":"no session 18"}"#,
            ),
            (
                r#"{"command":"disconnect","session":-1}"#,
                r#"{"ok":false,"error":"session is no number"}"#,
            ),
            (
                r#"{"command":"disconnect"}"#,
                r#"{"ok":false,"error":"session is no number"}"#,
            ),
            (
                r#"{"command":"eject","path":"/mnt"}"#,
                "{\"holders\":[{\"session\":\"17\",\"user\":\"a\\\"b\",\"address\":\"\",\"share\":\"\",\"path\":\"x\u{fffd}\"}],\"ok\":true,\"text\":\"done\"}",
            ),
            (
                r#"{"command":"eject","path":"/x"}"#,
                r#"{"ok":false,"error":"no disk"}"#,
            ),
            (
                r#"{"command":"eject","path":"mnt"}"#,
                r#"{"ok":false,"error":"path is no absolute path"}"#,
            ),
            (r#"{"command":"reload"}"#, r#"{"ok":true,"text":"again"}"#),
            (
                r#"{"command":"halt"}"#,
                r#"{"ok":false,"error":"command is none of"#,
            ),
            (
                r#"{"command":true}"#,
                r#"{"ok":false,"error":"no command"}"#,
            ),
            ("status", r#"{"ok":false,"error":"no object"}"#),
            ("", r#"{"ok":false,"error":"no object"}"#),
        ];
        for (request, want) in table {
            let mut out = String::new();
            assert!(answer(
                format!("{request}\n").as_bytes(),
                &mut Fake,
                &mut out
            ));
            assert!(out.starts_with(want), "{request}: {out}");
            assert_eq!(out.matches('\n').count(), 1, "{request}: {out}");
            assert!(out.ends_with("}\n"), "{request}: {out}");
        }
        let mut out = String::new();
        answer(&[b' '; REQUEST_LIMIT + 1], &mut Fake, &mut out);
        assert!(out.contains("no object"), "blanks at the end do not count");
        out.clear();
        assert!(!answer(
            br#"{"command":"eject","path":"/later"}"#,
            &mut Fake,
            &mut out
        ));
        assert_eq!(out, "");
        answer(&[b'x'; REQUEST_LIMIT + 1], &mut Fake, &mut out);
        assert!(out.contains("longer than 4096"));
    }

    #[test]
    fn a_request_reads_back() {
        for request in [
            Request::Ping,
            Request::Status { text: true },
            Request::Status { text: false },
            Request::Disconnect { session: u64::MAX },
            Request::Eject {
                path: "/mnt/a \"b\"\n".into(),
            },
            Request::Reload,
        ] {
            assert_eq!(
                Request::parse(request.line().trim_end().as_bytes()),
                Ok(request)
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_get_one_line(line in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut out = String::new();
            answer(&line, &mut Fake, &mut out);
            prop_assert_eq!(out.matches('\n').count(), 1);
        }
    }
}
