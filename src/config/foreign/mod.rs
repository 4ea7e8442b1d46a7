//! The configuration of ksmbd or Samba on OpenWrt, as ours: what `smolsmb import` writes.
//!
//! Both have the same kind of UCI file. What has no counterpart here is told, never dropped in silence; and what is
//! not sure is closed, not opened. What our own file has already stays as it is, comments included.

mod passwords;

pub use passwords::hashes;

use super::options::{SHARE, put_option};
use super::passwd::valid_name;
use super::printable;
use super::uci::{self, Document, Section};
use super::{NtHash, Share, check, same_name, unix};

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ksmbd-tools' `/etc/config/ksmbd`.
    Ksmbd,
    /// samba4-server's `/etc/config/samba4`.
    Samba4,
}

impl Kind {
    /// Section types of the server and of a share.
    const fn sections(self) -> (&'static str, &'static str) {
        match self {
            Self::Ksmbd => ("globals", "share"),
            Self::Samba4 => ("samba", "sambashare"),
        }
    }
}

/// What was made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// What is added to our file: options of the server and whole sections.
    pub added: String,
    /// Our file with that in it.
    pub text: String,
    /// Passwords of the users added.
    pub passwords: Vec<(String, NtHash)>,
    /// What was not taken over, and why.
    pub notes: Vec<String>,
}

/// Options that mean nothing here, or the same as without them.
const SILENT: &[&str] = &[
    "name",
    "path",
    "interface",
    "allow_guest_ipc",
    "charset",
    "macos",
    "disable_netbios",
    "disable_ad_dc",
    "disable_winbind",
    "disable_async_io",
    "enable_extra_tuning",
    "inherit_owner",
    "dos_filemode",
    // Read below.
    "comment",
    "workgroup",
    "description",
    "users",
    "read_list",
    "write_list",
    "create_mask",
    "dir_mask",
    "browseable",
    "read_only",
    "writeable",
    "guest_ok",
    "guest_only",
    "force_root",
    "hide_dot_files",
    "veto_files",
    "timemachine",
    "timemachine_maxsize",
];

/// Converts. `foreign` and `theirs` are the other server's UCI file and password file, `ours` our UCI file, `unix_users`
/// /etc/passwd. An error: the files cannot be read so that the rest is safe.
pub fn convert(
    kind: Kind,
    foreign: &[u8],
    theirs: &[(String, NtHash)],
    ours: &[u8],
    unix_users: &[u8],
) -> Result<Import, String> {
    let (document, faults) = uci::parse(foreign);
    if document.cut {
        return Err("the other configuration cannot be read as a whole".into());
    }
    let (own, own_faults) = uci::parse(ours);
    if own.cut || !own_faults.is_empty() {
        return Err("our own configuration has mistakes; smolsmb check names them".into());
    }
    let mut work = Work {
        theirs,
        own: &own,
        unix_users,
        sections: Vec::new(),
        import: Import::default(),
    };
    for fault in &faults {
        work.note(&fault.section, "", &fault.reason);
    }
    let (server, share) = kind.sections();
    let mut options = String::new();
    for section in &document.sections {
        if section.damaged {
            continue; // told with the faults
        }
        match section.kind.as_str() {
            kind if kind == server => options.push_str(&work.server(section)),
            kind if kind == share => work.share(section),
            other => {
                let reason = format!("section type '{}' is not known", printable(other));
                work.note("", "", &reason);
            }
        }
    }
    work.users();
    work.finish(ours, &options)
}

struct Work<'a> {
    theirs: &'a [(String, NtHash)],
    own: &'a Document,
    unix_users: &'a [u8],
    sections: Vec<Section>,
    import: Import,
}

impl Work<'_> {
    fn note(&mut self, section: &str, option: &str, reason: &str) {
        let mut line = section.to_owned();
        if !option.is_empty() {
            line.push_str(if line.is_empty() {
                "option "
            } else {
                ": option "
            });
            line.push_str(option);
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(reason);
        self.import
            .notes
            .push(line.chars().filter(|c| !c.is_control()).collect());
    }

    fn unknown(&mut self, section: &Section) {
        for entry in &section.entries {
            let empty = entry
                .values
                .iter()
                .all(|value| value.text.is_empty() || value.text == "no" || value.text == "0");
            if !SILENT.contains(&entry.name.as_str()) && !empty {
                let reason = "has no counterpart here, it is not taken over";
                self.note(&section.label(), &printable(&entry.name), reason);
            }
        }
    }

    /// Our own server section.
    fn own_server(&self) -> Option<&Section> {
        self.own.sections.iter().find(|s| s.kind == "server")
    }

    /// The server's options that our file does not have, as lines.
    fn server(&mut self, section: &Section) -> String {
        self.unknown(section);
        let mut lines = Section::new("server", Some("server"));
        for option in ["workgroup", "description"] {
            if let Some(value) = section.option(option).filter(|v| !v.is_empty()) {
                lines.set(option, value);
            }
        }
        let networks: Vec<&str> = section
            .list("interface")
            .flat_map(str::split_ascii_whitespace)
            .collect();
        let networks = if networks.is_empty() {
            vec!["lan"]
        } else {
            networks
        };
        let have: Vec<&str> = self
            .own_server()
            .map(|own| own.list("network").collect())
            .unwrap_or_default();
        if have.is_empty() {
            for network in networks {
                lines.add("network", network);
            }
        } else if have != networks {
            let reason = format!(
                "stays {}, the other had {}",
                have.join(" "),
                printable(&networks.join(" "))
            );
            self.note("server", "network", &reason);
        }
        if let Some(own) = self.own_server() {
            lines
                .entries
                .retain(|entry| own.entry(&entry.name).is_none());
        }
        let document = Document {
            sections: vec![lines],
            ..Document::default()
        };
        let text = uci::write(&document);
        text.split_once('\n')
            .map(|(_, options)| options.to_owned())
            .unwrap_or_default()
    }

    fn share(&mut self, section: &Section) {
        let label = section.label();
        let (Some(name), Some(path)) = (value(section, "name"), value(section, "path")) else {
            self.note(&label, "", "has no name or no path");
            return;
        };
        let kept = |kind: &str, sections: &[Section]| {
            let mut same = sections.iter().filter(|s| s.kind == kind);
            same.any(|s| s.option("name").is_some_and(|own| same_name(own, name)))
        };
        if kept("share", &self.own.sections) || kept("share", &self.sections) {
            self.note(
                &label,
                "",
                "there is a share of this name, it stays as it is",
            );
            return;
        }
        self.unknown(section);
        let mut out = Section::new("share", None);
        let mut scratch = Share::default();
        for (option, value) in [("name", name), ("path", path)] {
            if let Err(reason) = put_option(SHARE, &mut scratch, option, value) {
                self.note(
                    &label,
                    option,
                    &format!("'{}' {reason}; the share is left out", printable(value)),
                );
                return;
            }
            out.set(option, value);
        }
        self.keep(section, &mut out, "comment", "comment");
        if !flag(section, "browseable", true) {
            out.set("browseable", "0");
        }
        self.rights(section, &mut out);
        self.keep(section, &mut out, "create_mask", "create_mask");
        self.keep(section, &mut out, "dir_mask", "dir_mask");
        if flag(section, "force_root", false) {
            out.set("force_user", "root");
        }
        if !flag(section, "hide_dot_files", true) {
            out.set("hide_dot_files", "0");
        }
        let vetoed: Vec<String> = section
            .list("veto_files")
            .flat_map(|names| names.split('/'))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        for name in vetoed {
            match put_option(SHARE, &mut scratch, "veto", &name) {
                Ok(()) => out.add("veto", &name),
                Err(reason) => {
                    self.note(
                        &label,
                        "veto_files",
                        &format!("'{}' {reason}; the share is left out", printable(&name)),
                    );
                    return;
                }
            }
        }
        if flag(section, "timemachine", false) {
            out.set("time_machine", "1");
            let size = value(section, "timemachine_maxsize").unwrap_or_default();
            let size = size.trim_end_matches(['G', 'g']);
            if !size.is_empty()
                && put_option(SHARE, &mut scratch, "time_machine_size", size).is_ok()
            {
                out.set("time_machine_size", size);
            }
        }
        self.sections.push(out);
    }

    /// Takes an option over, if its value is right here.
    fn keep(&mut self, section: &Section, out: &mut Section, theirs: &str, ours: &str) {
        let Some(value) = value(section, theirs) else {
            return;
        };
        match put_option(SHARE, &mut Share::default(), ours, value) {
            Ok(()) => out.set(ours, value),
            Err(reason) => self.note(
                &section.label(),
                theirs,
                &format!("'{}' {reason}", printable(value)),
            ),
        }
    }

    /// Who may read and write. There, `users` bounds everybody, the lists make exceptions, and a guest is somebody
    /// who is not bounded out.
    fn rights(&mut self, section: &Section, out: &mut Section) {
        let read_only = match section.option("read_only").filter(|v| !v.is_empty()) {
            Some(_) => flag(section, "read_only", true),
            None => !flag(section, "writeable", false),
        };
        let mut users = self.names(section, "users");
        let readers = self.names(section, "read_list");
        let writers = self.names(section, "write_list");
        let anybody = !named(section, "users");
        let guests = flag(section, "guest_ok", false) || flag(section, "guest_only", false);
        if guests && anybody {
            out.set("guest", if read_only { "read" } else { "write" });
        } else if guests {
            self.note(
                &section.label(),
                "guest_ok",
                "with a list of users nobody else came in there either: no guests",
            );
        }
        let everyone = anybody && readers.is_empty();
        if anybody && !everyone && !read_only {
            // `*` would let those write who may only read.
            users = self.theirs.iter().map(|(name, _)| name.clone()).collect();
        }
        let within = |list: &[String], name: &str| list.iter().any(|one| same_name(one, name));
        let mut may_write: Vec<&str> = Vec::new();
        let mut may_read: Vec<&str> = Vec::new();
        match (anybody, everyone, read_only) {
            (true, _, true) => may_read.push("*"),
            (true, true, false) => may_write.push("*"),
            _ => {
                for name in &users {
                    let listed = within(&writers, name);
                    if listed || (!read_only && !within(&readers, name)) {
                        may_write.push(name);
                    } else {
                        may_read.push(name);
                    }
                }
                if anybody {
                    may_read.push("*");
                }
            }
        }
        if anybody && !may_write.contains(&"*") {
            let further = writers
                .iter()
                .filter(|name| !may_write.contains(&name.as_str()));
            let further: Vec<&str> = further.map(String::as_str).collect();
            may_write.extend(further);
        }
        if may_write.is_empty() && read_only {
            out.set("read_only", "1");
        }
        for name in may_write {
            out.add("write_user", name);
        }
        for name in may_read {
            out.add("read_user", name);
        }
    }

    /// The names in a list, however it is written; groups are told.
    fn names(&mut self, section: &Section, option: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for word in words(section, option) {
            if word.starts_with(['@', '+', '&']) {
                let reason = format!("'{}' is a group, and there are none here", printable(word));
                self.note(&section.label(), option, &reason);
            } else if let Err(reason) = valid_name(word) {
                self.note(
                    &section.label(),
                    option,
                    &format!("'{}' {reason}", printable(word)),
                );
            } else if !names.iter().any(|name| same_name(name, word)) {
                names.push(word.to_owned());
            }
        }
        names
    }

    /// A section for each person of the other server, and for those that shares name.
    fn users(&mut self) {
        let mut wanted: Vec<String> = self.theirs.iter().map(|(name, _)| name.clone()).collect();
        for share in &self.sections {
            let named = ["write_user", "read_user"].into_iter();
            for name in named
                .flat_map(|list| share.list(list))
                .filter(|name| *name != "*")
            {
                if !wanted.iter().any(|one| same_name(one, name)) {
                    wanted.push(name.to_owned());
                }
            }
        }
        let mut users = Vec::new();
        for name in wanted {
            let mut own = self.own.sections.iter().filter(|s| s.kind == "user");
            if own.any(|s| s.option("name").is_some_and(|own| same_name(own, &name))) {
                self.note(
                    &format!("user '{}'", printable(&name)),
                    "",
                    "is there, and stays as it is",
                );
                continue;
            }
            let mut out = Section::new("user", None);
            out.set("name", &name);
            if unix::ids(self.unix_users, &name).is_some() {
                out.set("unix_user", &name);
            }
            users.push(out);
            match self.theirs.iter().find(|(one, _)| same_name(one, &name)) {
                Some((_, hash)) => self.import.passwords.push((name, *hash)),
                None => {
                    let label = format!("user '{}'", printable(&name));
                    self.note(&label, "", "has no password there: smolsmb passwd sets one");
                }
            }
        }
        users.append(&mut self.sections);
        self.sections = users;
    }

    fn finish(mut self, ours: &[u8], options: &str) -> Result<Import, String> {
        let ours = core::str::from_utf8(ours).map_err(|_| "our own configuration is no UTF-8")?;
        let sections = uci::write(&Document {
            sections: core::mem::take(&mut self.sections),
            ..Document::default()
        });
        let mut import = self.import;
        let server = self.own.sections.iter().find(|s| s.kind == "server");
        let mut text = String::new();
        match server {
            Some(server) => {
                for (at, line) in ours.lines().enumerate() {
                    text.push_str(line);
                    text.push('\n');
                    if u32::try_from(at).ok().and_then(|at| at.checked_add(1)) == Some(server.line)
                    {
                        text.push_str(options);
                    }
                }
            }
            None => {
                text.push_str(ours);
                if !ours.is_empty() && !ours.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str("\nconfig server 'server'\n");
                text.push_str(options);
            }
        }
        if !options.is_empty() || server.is_none() {
            import.added = format!("config server 'server'\n{options}");
        }
        if !sections.is_empty() {
            for out in [&mut text, &mut import.added] {
                if !out.is_empty() {
                    out.push('\n');
                }
                out.push_str(&sections);
            }
        }
        // What would be wrong here is told before it is written.
        let before = check("", ours.as_bytes());
        let after = check("", text.as_bytes());
        if after.unusable {
            return Err("what would be written cannot be read back; nothing is written".into());
        }
        for mistake in after.mistakes {
            let same = |old: &super::Mistake| {
                (&old.section, &old.option, &old.reason)
                    == (&mistake.section, &mistake.option, &mistake.reason)
            };
            if !before.mistakes.iter().any(same) {
                let told = format!("{}: {} {}", mistake.section, mistake.option, mistake.reason);
                import.notes.push(told);
            }
        }
        import.text = text;
        Ok(import)
    }
}

/// An option's value, if it has one.
fn value<'a>(section: &'a Section, option: &str) -> Option<&'a str> {
    section.option(option).filter(|value| !value.is_empty())
}

/// A switch, as OpenWrt's init scripts read it.
fn flag(section: &Section, option: &str, default: bool) -> bool {
    match section.option(option) {
        Some("1" | "on" | "true" | "yes" | "enabled") => true,
        Some("0" | "off" | "false" | "no" | "disabled") => false,
        _ => default,
    }
}

fn words<'a>(section: &'a Section, option: &str) -> impl Iterator<Item = &'a str> {
    section
        .list(option)
        .flat_map(|text| text.split([' ', ',', '\t']))
        .filter(|word| !word.is_empty())
}

fn named(section: &Section, option: &str) -> bool {
    words(section, option).next().is_some()
}

#[cfg(test)]
mod tests;
