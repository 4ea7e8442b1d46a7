//! What the running server says of itself, for a page (JSON) and for people (text).

use super::json::Object;
use super::table::{Table, bytes};

/// The most sessions and the most opens a status lists: with thousands of them the list itself would not fit
/// the memory ceiling. The totals count all.
pub const LIST_LIMIT: usize = 256;

/// A server's state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The server's name.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Seconds since the start.
    pub uptime: u64,
    /// Memory.
    pub memory: Memory,
    /// Connections.
    pub connections: u32,
    /// Sessions, at most [`LIST_LIMIT`].
    pub sessions: Vec<Session>,
    /// How many sessions there are.
    pub sessions_total: u32,
    /// Opens, at most [`LIST_LIMIT`].
    pub opens: Vec<Open>,
    /// How many opens there are.
    pub opens_total: u32,
    /// Byte-range locks.
    pub locks_total: u32,
    /// Since the start.
    pub totals: Totals,
    /// Where it listens.
    pub listening: Vec<Listening>,
    /// Every share that is switched on.
    pub shares: Vec<Share>,
    /// Every mounted disk that may be shared.
    pub disks: Vec<Disk>,
    /// What is wrong with the configuration that is in use, a sentence each.
    pub mistakes: Vec<String>,
}

/// A listening socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listening {
    /// Address and port, as `192.168.1.1:445`.
    pub address: String,
    /// The OpenWrt network it belongs to; empty: none.
    pub network: String,
}

/// A share, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Why it cannot be used; empty: it is served.
    pub why: String,
    /// Nobody changes anything.
    pub read_only: bool,
    /// Made for a disk that is here now; the configuration does not name it.
    pub automatic: bool,
    /// Tree connects.
    pub uses: u32,
}

/// A mounted disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Its device, as `/dev/sda1`.
    pub device: String,
    /// Where it is mounted.
    pub path: String,
    /// The file system's kind.
    pub filesystem: String,
    /// The file system's label and UUID; empty: not known.
    pub label: String,
    /// See `label`.
    pub uuid: String,
    /// Mounted read-only.
    pub read_only: bool,
    /// It was ejected and may be unmounted.
    pub ejected: bool,
    /// The share that is on it; empty: none.
    pub share: String,
    /// To be offered: nothing shares it, and automatic shares are to ask.
    pub offered: bool,
}

/// Memory, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What the owner allowed.
    pub ceiling: u64,
    /// What the system says the process holds; 0: not known.
    pub resident: u64,
    /// Pools and tables.
    pub rows: Vec<MemoryRow>,
}

/// One pool or table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryRow {
    /// What it holds.
    pub name: String,
    /// Entries in use.
    pub used: u64,
    /// Entries in all.
    pub capacity: u64,
    /// What it costs, used or not.
    pub bytes: u64,
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// SessionId; `smolsmb disconnect` takes it.
    pub id: u64,
    /// Who; empty: anonymous.
    pub user: String,
    /// Let in without a password.
    pub guest: bool,
    /// The client's address.
    pub address: String,
    /// The dialect, as `3.1.1`.
    pub dialect: String,
    /// The signing algorithm; empty: not signed.
    pub signing: String,
    /// The cipher; empty: not encrypted.
    pub encryption: String,
    /// Since when, in seconds since 1970 UTC.
    pub since: u64,
    /// Seconds since its last request.
    pub idle: u64,
    /// Files it has open.
    pub opens: u32,
}

/// One open file, directory or pipe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The session's id.
    pub session: u64,
    /// The share's name.
    pub share: String,
    /// Path below the share's root, as the disk has it; perhaps no UTF-8.
    pub path: Vec<u8>,
    /// What was granted, in words: `read`, `read, write`, `delete` …
    pub access: String,
    /// Byte-range locks it holds.
    pub locks: u32,
}

/// Counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes that clients have read.
    pub bytes_read: u64,
    /// Bytes that clients have written.
    pub bytes_written: u64,
    /// Requests answered.
    pub requests: u64,
}

impl Share {
    fn state(&self) -> &'static str {
        if self.why.is_empty() {
            "served"
        } else {
            "absent"
        }
    }
}

impl Status {
    /// Writes the status as fields of a JSON object.
    pub fn json(&self, object: &mut Object<'_>) {
        object
            .string("name", &self.name)
            .string("version", &self.version)
            .number("uptime", self.uptime)
            .object("memory", |o| {
                o.number("ceiling", self.memory.ceiling)
                    .number("resident", self.memory.resident)
                    .array("rows", &self.memory.rows, |o, row| {
                        o.string("name", &row.name)
                            .number("used", row.used)
                            .number("capacity", row.capacity)
                            .number("bytes", row.bytes);
                    });
            })
            .number("connections", self.connections.into())
            .number("sessions_total", self.sessions_total.into())
            .array("sessions", &self.sessions, |o, session| {
                // As a string: JavaScript would round it.
                o.string("id", session.id.to_string())
                    .string("user", &session.user)
                    .boolean("guest", session.guest)
                    .string("address", &session.address)
                    .string("dialect", &session.dialect)
                    .string("signing", &session.signing)
                    .string("encryption", &session.encryption)
                    .number("since", session.since)
                    .number("idle", session.idle)
                    .number("opens", session.opens.into());
            })
            .number("opens_total", self.opens_total.into())
            .array("opens", &self.opens, |o, open| {
                o.string("session", open.session.to_string())
                    .string("share", &open.share)
                    .string("path", &open.path)
                    .string("access", &open.access)
                    .number("locks", open.locks.into());
            })
            .number("locks_total", self.locks_total.into())
            .object("totals", |o| {
                o.number("bytes_read", self.totals.bytes_read)
                    .number("bytes_written", self.totals.bytes_written)
                    .number("requests", self.totals.requests);
            })
            .array("listening", &self.listening, |o, one| {
                o.string("address", &one.address)
                    .string("network", &one.network);
            })
            .array("shares", &self.shares, |o, share| {
                o.string("name", &share.name)
                    .string("path", &share.path)
                    .string("state", share.state())
                    .string("why", &share.why)
                    .boolean("read_only", share.read_only)
                    .boolean("automatic", share.automatic)
                    .number("uses", share.uses.into());
            })
            .array("disks", &self.disks, |o, disk| {
                o.string("device", &disk.device)
                    .string("path", &disk.path)
                    .string("filesystem", &disk.filesystem)
                    .string("label", &disk.label)
                    .string("uuid", &disk.uuid)
                    .boolean("read_only", disk.read_only)
                    .boolean("ejected", disk.ejected)
                    .string("share", &disk.share)
                    .boolean("offered", disk.offered);
            })
            .strings("mistakes", &self.mistakes);
    }

    /// Appends the status as text for a terminal; names from clients cannot send it control sequences.
    pub fn text(&self, out: &mut String) {
        out.push_str(&format!(
            "smolsmb {} as {}, up {}\n{} connections, {} sessions, {} open files\n{} requests, {} read, {} written\n",
            self.version,
            safe(self.name.as_bytes()),
            duration(self.uptime),
            self.connections,
            self.sessions_total,
            self.opens_total,
            self.totals.requests,
            bytes(self.totals.bytes_read),
            bytes(self.totals.bytes_written),
        ));
        let addresses: Vec<_> = self.listening.iter().map(|l| l.address.as_str()).collect();
        out.push_str(&match addresses.is_empty() {
            true => "listening nowhere\n".into(),
            false => format!("listening on {}\n", addresses.join(", ")),
        });
        if !self.mistakes.is_empty() {
            out.push_str(&format!(
                "{} mistakes in the configuration: smolsmb check\n",
                self.mistakes.len()
            ));
        }
        if !self.shares.is_empty() {
            out.push_str("\nShares\n");
            let mut table = Table::new(&["share", "state", ">uses", "folder"]);
            for share in &self.shares {
                table.row(vec![
                    safe(share.name.as_bytes()),
                    match share.why.as_str() {
                        "" => share.state().into(),
                        why => format!("absent: {}", safe(why.as_bytes())),
                    },
                    share.uses.to_string(),
                    safe(share.path.as_bytes()),
                ]);
            }
            table.write(out);
        }
        out.push_str(&format!("\nMemory: at most {}", bytes(self.memory.ceiling)));
        if self.memory.resident > 0 {
            out.push_str(&format!(", {} held now", bytes(self.memory.resident)));
        }
        out.push('\n');
        let mut table = Table::new(&["what", ">used", ">of", ">costs"]);
        for row in &self.memory.rows {
            table.row(vec![
                row.name.clone(),
                row.used.to_string(),
                row.capacity.to_string(),
                bytes(row.bytes),
            ]);
        }
        table.write(out);
        if !self.sessions.is_empty() {
            out.push_str("\nSessions\n");
            let mut table = Table::new(&[
                ">session",
                "user",
                "address",
                "dialect",
                "signing",
                "encryption",
                ">idle",
                ">files",
            ]);
            for session in &self.sessions {
                let or_none = |text: &str| {
                    if text.is_empty() {
                        "-".into()
                    } else {
                        safe(text.as_bytes())
                    }
                };
                table.row(vec![
                    session.id.to_string(),
                    if session.user.is_empty() {
                        "(anonymous)".into()
                    } else {
                        safe(session.user.as_bytes()) + if session.guest { " (guest)" } else { "" }
                    },
                    session.address.clone(),
                    session.dialect.clone(),
                    or_none(&session.signing),
                    or_none(&session.encryption),
                    duration(session.idle),
                    session.opens.to_string(),
                ]);
            }
            table.write(out);
            more(out, self.sessions.len(), self.sessions_total);
        }
        if !self.opens.is_empty() {
            out.push_str("\nOpen files\n");
            let mut table = Table::new(&[">session", "share", "access", "path"]);
            for open in &self.opens {
                table.row(vec![
                    open.session.to_string(),
                    safe(open.share.as_bytes()),
                    open.access.clone(),
                    safe(&open.path),
                ]);
            }
            table.write(out);
            more(out, self.opens.len(), self.opens_total);
        }
    }
}

fn more(out: &mut String, shown: usize, total: u32) {
    let shown = u32::try_from(shown).unwrap_or(u32::MAX);
    if total > shown {
        out.push_str(&format!("  and {} more\n", total.saturating_sub(shown)));
    }
}

/// Text that a terminal only shows: no control characters, no change of direction.
fn safe(text: &[u8]) -> String {
    let keep = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    String::from_utf8_lossy(text)
        .chars()
        .map(|c| if keep(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Seconds for people: `45s`, `12m`, `5h 3m`, `12d 4h`.
fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Status {
        Status {
            name: "router".into(),
            version: "0.1.0".into(),
            uptime: 90_061,
            memory: Memory {
                ceiling: 8 << 20,
                resident: 3 << 20,
                rows: vec![MemoryRow {
                    name: "opens".into(),
                    used: 2,
                    capacity: 1024,
                    bytes: 131_072,
                }],
            },
            connections: 1,
            sessions: vec![Session {
                id: u64::MAX,
                user: "ali\u{1b}[2Jce".into(),
                guest: false,
                address: "192.168.1.7".into(),
                dialect: "3.1.1".into(),
                signing: "AES-128-GMAC".into(),
                encryption: String::new(),
                since: 1_800_000_000,
                idle: 5,
                opens: 2,
            }],
            sessions_total: 1,
            opens: vec![Open {
                session: 7,
                share: "disk".into(),
                path: b"a\xff\n\"b".to_vec(),
                access: "read".into(),
                locks: 1,
            }],
            opens_total: 300,
            locks_total: 9,
            totals: Totals {
                bytes_read: 1 << 30,
                bytes_written: 0,
                requests: 12,
            },
            listening: vec![Listening {
                address: "192.168.1.1:445".into(),
                network: "lan".into(),
            }],
            shares: vec![Share {
                name: "disk".into(),
                path: "/mnt/a\u{1b}c".into(),
                why: "no such folder".into(),
                uses: 1,
                ..Share::default()
            }],
            disks: vec![Disk {
                device: "/dev/sda1".into(),
                path: "/mnt/sda1".into(),
                filesystem: "ext4".into(),
                offered: true,
                ..Disk::default()
            }],
            mistakes: vec!["a \"b\"".into()],
        }
    }

    #[test]
    fn json_is_one_line_with_every_field() {
        let mut out = String::new();
        let mut object = Object::new(&mut out);
        example().json(&mut object);
        object.end();
        assert_eq!(
            out,
            concat!(
                r#"{"name":"router","version":"0.1.0","uptime":90061,"#,
                r#""memory":{"ceiling":8388608,"resident":3145728,"rows":[{"name":"opens","used":2,"capacity":1024,"bytes":131072}]},"#,
                r#""connections":1,"sessions_total":1,"sessions":[{"id":"18446744073709551615","user":"ali\u001b[2Jce","guest":false,"address":"192.168.1.7","#,
                r#""dialect":"3.1.1","signing":"AES-128-GMAC","encryption":"","since":1800000000,"idle":5,"opens":2}],"#,
                r#""opens_total":300,"opens":[{"session":"7","share":"disk","path":"a"#,
                "\u{fffd}",
                r#"\n\"b","access":"read","locks":1}],"locks_total":9,"totals":{"bytes_read":1073741824,"bytes_written":0,"requests":12},"#,
                r#""listening":[{"address":"192.168.1.1:445","network":"lan"}],"#,
                r#""shares":[{"name":"disk","path":"/mnt/a\u001bc","state":"absent","why":"no such folder","read_only":false,"automatic":false,"uses":1}],"#,
                r#""disks":[{"device":"/dev/sda1","path":"/mnt/sda1","filesystem":"ext4","label":"","uuid":"","read_only":false,"ejected":false,"share":"","offered":true}],"#,
                r#""mistakes":["a \"b\""]}"#,
            )
        );
    }

    #[test]
    fn text_has_no_control_sequences() {
        let mut out = String::new();
        example().text(&mut out);
        assert!(out.chars().all(|c| c == '\n' || !c.is_control()), "{out:?}");
        assert!(
            out.contains("up 1d 1h")
                && out.contains("and 299 more")
                && out.contains("AES-128-GMAC"),
            "{out}"
        );
    }

    #[test]
    fn durations_are_short() {
        let table = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_600, "1h 0m"),
            (100_000, "1d 3h"),
        ];
        for (seconds, want) in table {
            assert_eq!(duration(seconds), want);
        }
    }
}
