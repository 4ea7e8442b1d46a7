//! How each kind of value is read. A reason is worded to follow the value: `'maybe'` *is none of …*.

use super::model::Names;

/// One of some words.
pub(super) fn word<V: Copy>(text: &str, words: &[(&str, V)]) -> Result<V, String> {
    match words.iter().find(|(w, _)| *w == text) {
        Some((_, value)) => Ok(*value),
        None if words.len() == 1 => Err(format!(
            "is neither empty nor {}",
            words.iter().map(|w| w.0).collect::<String>()
        )),
        None => Err(format!(
            "is none of {}",
            words.iter().map(|w| w.0).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// A switch, in all the words that OpenWrt takes for one.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text {
        "1" | "on" | "true" | "yes" | "enabled" => Ok(true),
        "0" | "off" | "false" | "no" | "disabled" => Ok(false),
        _ => Err("is neither 0 nor 1".into()),
    }
}

/// A decimal number within bounds; digits only, so that `+5`, ` 5` and `0x5` are told and not guessed at.
pub(super) fn number(text: &str, min: u32, max: u32) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(n) if digits && (min..=max).contains(&n) => Ok(n),
        _ => Err(format!("is no number from {min} to {max}")),
    }
}

/// `auto` or a number.
pub(super) fn auto(text: &str, min: u32, max: u32) -> Result<Option<u32>, String> {
    if text == "auto" {
        return Ok(None);
    }
    number(text, min, max)
        .map(Some)
        .map_err(|_| format!("is neither auto nor a number from {min} to {max}"))
}

/// Credits count in units of 64 KiB ([MS-SMB2] 3.1.5.2), so sizes between would only waste.
pub(super) fn whole_64(value: Option<u32>) -> Result<Option<u32>, String> {
    match value {
        Some(n) if n % 64 != 0 => Err("is no multiple of 64".into()),
        other => Ok(other),
    }
}

/// Permission bits in octal.
pub(super) fn mask(text: &str) -> Result<u32, String> {
    let octal = (1..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    match u32::from_str_radix(text, 8) {
        Ok(n) if octal && n <= 0o777 => Ok(n),
        _ => Err("is no octal number from 0 to 0777".into()),
    }
}

/// Free text of at most `limit` UTF-16 units, as clients count.
pub(super) fn text(text: &str, limit: usize) -> Result<String, String> {
    at_most(text, limit).map(Into::into)
}

fn at_most(text: &str, limit: usize) -> Result<&str, String> {
    if text.encode_utf16().count() > limit {
        Err(format!("is longer than {limit} characters"))
    } else {
        Ok(text)
    }
}

fn without<'a>(text: &'a str, forbidden: &str) -> Result<&'a str, String> {
    match text
        .chars()
        .find(|c| forbidden.chars().any(|one| one == *c) || c.is_control())
    {
        Some(c) if c.is_control() => Err("holds a control character".into()),
        Some(c) => Err(format!("holds the forbidden character {c}")),
        None => Ok(text),
    }
}

/// A NetBIOS-style name: what Windows takes as a computer's or a work group's.
pub(super) fn netbios(text: &str) -> Result<String, String> {
    without(at_most(text, 15)?, "\\/:*?\"<>|,;=+[]@#%^&(){}~!'$ `")?;
    if text.starts_with('.') || text.starts_with('-') || text.ends_with('-') {
        return Err("must not begin with . or -, nor end with -".into());
    }
    Ok(text.into())
}

/// A share's name: [MS-SRVS] 2.2.4.23 and what Explorer can show, 80 characters as NetShareAdd has it.
pub fn share_name(text: &str) -> Result<String, String> {
    without(at_most(text, 80)?, "\"/\\[]:|<>+=;,*?")?;
    if text.trim() != text {
        return Err("begins or ends with a blank".into());
    }
    if ["IPC$", "PIPE", "MAILSLOT"]
        .iter()
        .any(|r| r.eq_ignore_ascii_case(text))
    {
        return Err("is reserved".into());
    }
    if matches!(text, "." | "..") {
        return Err("is no name".into());
    }
    Ok(text.into())
}

/// A user's name: what NTLM can carry and the password database can hold.
pub(super) fn user_name(text: &str) -> Result<String, String> {
    super::passwd::valid_name(text).map(|()| text.into())
}

/// A user's name in a list, or `*`. Several names in one value are read too: older pages wrote them so.
pub(super) fn names(into: &mut Names, text: &str) -> Result<(), String> {
    if text == "*" {
        into.everyone = true;
        return Ok(());
    }
    user_name(text).map(|name| {
        if !into.names.contains(&name) {
            into.names.push(name);
        }
    })
}

/// A name of /etc/passwd.
pub(super) fn unix_name(text: &str) -> Result<String, String> {
    let good = text.len() <= 32
        && text.bytes().enumerate().all(|(at, b)| {
            b.is_ascii_alphanumeric()
                || b == b'_'
                || (at > 0 && (b == b'-' || b == b'.'))
                || (at > 0 && at.saturating_add(1) == text.len() && b == b'$')
        });
    if good {
        Ok(text.into())
    } else {
        Err("is no name that /etc/passwd could hold".into())
    }
}

/// OpenWrt networks: one, or several with blanks between.
pub(super) fn networks(into: &mut Vec<String>, text: &str) -> Result<(), String> {
    let good = |name: &str| {
        name.len() <= 32
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    if text.trim().is_empty() || !text.split_whitespace().all(good) {
        return Err("is no name of a network".into());
    }
    for name in text.split_whitespace() {
        if !into.iter().any(|n| n == name) {
            into.push(name.into());
        }
    }
    Ok(())
}

/// A folder: whether it must be absolute depends on `uuid`, which is known only with the whole section.
pub(super) fn folder(text: &str) -> Result<String, String> {
    if text.len() > 1024 {
        return Err("is longer than 1024 bytes".into());
    }
    if text.split('/').any(|part| part == "..") {
        return Err("holds ..".into());
    }
    Ok(text.into())
}

/// A folder below the share's own.
pub(super) fn below(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Err("begins with /, but stands for a folder below path".into());
    }
    folder(text)
}

/// A file system's UUID as `block info` prints it: 8-4-4-4-12, or FAT's 4-4, NTFS's 16 digits.
pub(super) fn uuid(text: &str) -> Result<String, String> {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let good = (8..=32).contains(&digits)
        && text.len() <= 36
        && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if good {
        Ok(text.into())
    } else {
        Err("is no UUID of a file system".into())
    }
}

/// An NT hash in hexadecimal.
pub(super) fn nt_hash(text: &str) -> Result<[u8; 16], String> {
    super::passwd::from_hex(text).ok_or_else(|| "is no NT hash (32 hexadecimal digits)".into())
}

/// A name with wildcards.
pub(super) fn pattern(into: &mut Vec<String>, text: &str) -> Result<(), String> {
    let limit = 64;
    if into.len() >= limit {
        return Err(format!("is one more than {limit}"));
    }
    without(at_most(text, 255)?, "/\\")?;
    into.push(text.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hides what is read: the tables below are about what is accepted.
    fn ok<V>(result: Result<V, String>) -> bool {
        result.is_ok()
    }

    /// A kind of value, how it is read, what it accepts, what it refuses.
    type Row = (
        &'static str,
        fn(&str) -> bool,
        &'static [&'static str],
        &'static [&'static str],
    );

    #[test]
    fn values_are_accepted_or_refused() {
        let long = |n: usize| "x".repeat(n);
        let table: &[Row] = &[
            (
                "flag",
                |v| ok(flag(v)),
                &["0", "1", "yes", "off", "disabled"],
                &["2", "Yes", "maybe", " 1"],
            ),
            (
                "number",
                |v| ok(number(v, 1, 10)),
                &["1", "10", "07"],
                &["0", "11", "-1", "+1", "1.5", "0x1", " 1", "99999999999"],
            ),
            (
                "auto",
                |v| ok(auto(v, 2, 4)),
                &["auto", "2"],
                &["Auto", "5", "1"],
            ),
            (
                "mask",
                |v| ok(mask(v)),
                &["0664", "775", "0", "0000"],
                &["0888", "01777", "7777", "0o664", "-1", "00000664"],
            ),
            (
                "netbios",
                |v| ok(netbios(v)),
                &["router", "MY-BOX", "a.b", "Büro"],
                &["0123456789abcdef", "a b", "-a", "a/b", ".a", "a$"],
            ),
            (
                "share",
                |v| ok(share_name(v)),
                &["disk", "My disk", "磁盘", "🦀", "a$", "x.y"],
                &[
                    "ipc$", "IPC$", "pipe", "a/b", "a\\b", " a", "a ", "..", "a:b", "a*", "a\u{7}",
                ],
            ),
            (
                "user",
                |v| ok(user_name(v)),
                &["alice", "Zoë", "a b", "名"],
                &["a:b", "a\nb", "*", " a", ""],
            ),
            (
                "unix",
                |v| ok(unix_name(v)),
                &["nobody", "smb-user", "pc$"],
                &["-a", "a b", "a/b", "ü", "a$b"],
            ),
            (
                "network",
                |v| ok(networks(&mut Vec::new(), v)),
                &["lan", "lan guest", "wg0.1"],
                &["lan;", "a/b", " ", "é"],
            ),
            (
                "folder",
                |v| ok(folder(v)),
                &["/mnt/sda1", "/mnt/a b", "/", "sub", "/a..b"],
                &["/mnt/../etc", ".."],
            ),
            (
                "below",
                |v| ok(below(v)),
                &[".snapshots", "a/b"],
                &["/a", "../a"],
            ),
            (
                "uuid",
                |v| ok(uuid(v)),
                &[
                    "0b0e5f7c-3a39-4c0e-8f0e-2d0c5d0e7a10",
                    "1A2B-3C4D",
                    "5E6F70818293A4B5",
                ],
                &["sda1", "-", "xyz-1234"],
            ),
            (
                "hash",
                |v| ok(nt_hash(v)),
                &[
                    "8846f7eaee8fb117ad06bdd830b7586c",
                    "8846F7EAEE8FB117AD06BDD830B7586C",
                ],
                &[
                    "8846f7",
                    "x846f7eaee8fb117ad06bdd830b7586c",
                    "+846f7eaee8fb117ad06bdd830b7586c",
                ],
            ),
            (
                "pattern",
                |v| ok(pattern(&mut Vec::new(), v)),
                &[".DS_Store", "*.tmp", "~$*"],
                &["a/b", "a\\b"],
            ),
        ];
        for (kind, read, good, bad) in table {
            for value in *good {
                assert!(read(value), "{kind} must accept {value:?}");
            }
            for value in *bad {
                assert!(!read(value), "{kind} must refuse {value:?}");
            }
        }
        assert!(share_name(&long(80)).is_ok() && share_name(&long(81)).is_err());
        assert!(
            share_name(&"🦀".repeat(41)).is_err(),
            "80 units of UTF-16, not 80 characters"
        );
        assert!(
            folder(&long(1025)).is_err()
                && unix_name(&long(33)).is_err()
                && text(&long(49), 48).is_err()
        );
    }

    #[test]
    fn a_size_between_credits_is_refused() {
        assert!(
            whole_64(Some(100)).is_err() && whole_64(Some(128)).is_ok() && whole_64(None).is_ok()
        );
    }
}
