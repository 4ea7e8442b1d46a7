//! Every option checked against one table a section type: a wrong value is told with file, line, section,
//! option and reason, and the rest still loads where that is safe.
//!
//! Safe means: a mistake never gives anybody more than was meant. So each option says what a wrong value
//! costs ([`Wrong`]): its default, a closed door, or the whole share or user. An empty value is no value,
//! as with `uci`: the default holds.

use super::model::{Config, ServerConfig, Share, User, same_name};
use super::options::{SERVER, SHARE, Spec, USER, Wrong};
use super::printable;
use super::uci::{self, Document, Section};
use core::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is not as it was written.
    Error,
    /// Everything was understood, but is hardly meant so.
    Warning,
}

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// How bad it is.
    pub severity: Severity,
    /// The file's path.
    pub file: String,
    /// Line, counted from 1; 0: the file as a whole.
    pub line: u32,
    /// The section for people, as `share 'disk'`; empty: none.
    pub section: String,
    /// The option; empty: none.
    pub option: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.section.is_empty() {
            write!(f, ": {}", self.section)?;
        }
        if !self.option.is_empty() {
            write!(f, ": option {}", self.option)?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// A configuration as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// What was wrong, in the order of the file.
    pub mistakes: Vec<Mistake>,
    /// The server's own section, or the rest of the file, could not be read as text: do not start with
    /// this, do not reload to it.
    pub unusable: bool,
}

impl Loaded {
    /// Whether anything is not as it was written (warnings aside).
    pub fn has_errors(&self) -> bool {
        self.mistakes.iter().any(|m| m.severity == Severity::Error)
    }
}

/// Reads and checks UCI text; `file` is its name for messages.
pub fn check(file: &str, text: &[u8]) -> Loaded {
    let (document, faults) = uci::parse(text);
    let mut checker = Checker {
        file,
        mistakes: Vec::new(),
    };
    for fault in &faults {
        checker.tell(
            Severity::Error,
            fault.line,
            &fault.section,
            "",
            fault.reason.clone(),
        );
    }
    let mut loaded = checker.document(&document);
    // A file of which nothing was read, or not the rest, must not look like a server without shares.
    loaded.unusable |= document.cut || faults.iter().any(|f| f.line == 0);
    loaded.mistakes = checker.mistakes;
    loaded.mistakes.sort_by_key(|m| m.line);
    loaded
}

struct Checker<'a> {
    file: &'a str,
    mistakes: Vec<Mistake>,
}

impl Checker<'_> {
    fn tell(&mut self, severity: Severity, line: u32, section: &str, option: &str, reason: String) {
        self.mistakes.push(Mistake {
            severity,
            file: self.file.into(),
            line,
            section: section.into(),
            option: option.into(),
            reason,
        });
    }

    fn error(&mut self, section: &Section, line: u32, option: &str, reason: String) {
        self.tell(Severity::Error, line, &section.label(), option, reason);
    }

    fn warn(&mut self, section: &Section, option: &str, reason: String) {
        let line = section
            .entry(option)
            .and_then(|e| e.values.first())
            .map_or(section.line, |v| v.line);
        self.tell(Severity::Warning, line, &section.label(), option, reason);
    }

    fn document(&mut self, document: &Document) -> Loaded {
        let mut loaded = Loaded::default();
        let config = &mut loaded.config;
        let mut servers = 0u32;
        // Lines of the shares and users kept, for what is only known at the end.
        let mut kept: Vec<(&Section, usize)> = Vec::new();
        for section in &document.sections {
            match section.kind.as_str() {
                "server" => {
                    servers = servers.saturating_add(1);
                    loaded.unusable |= section.damaged;
                    if servers > 1 {
                        self.error(
                            section,
                            section.line,
                            "",
                            "a second server section, it is left out".into(),
                        );
                    } else if self.fill(section, SERVER, &mut config.server) {
                        self.server(section, &mut config.server);
                    }
                }
                "user" => {
                    let mut user = User::default();
                    if self.whole(section)
                        && self.fill(section, USER, &mut user)
                        && self.user(section, &user, config)
                    {
                        config.users.push(user);
                    }
                }
                "share" => {
                    let mut share = Share::default();
                    if self.whole(section)
                        && self.fill(section, SHARE, &mut share)
                        && self.share(section, &share, config)
                    {
                        kept.push((section, config.shares.len()));
                        config.shares.push(share);
                    }
                }
                other => {
                    let reason = format!(
                        "section type '{}' is none of server, user, share, it is left out",
                        printable(other)
                    );
                    self.tell(Severity::Warning, section.line, "", "", reason);
                }
            }
        }
        for (section, index) in kept {
            if let Some(share) = config.shares.get(index) {
                self.listed_users(section, share, &config.users);
            }
        }
        loaded
    }

    /// A section the parser could not read whole is not used; why, the parser has told.
    fn whole(&mut self, section: &Section) -> bool {
        if section.damaged {
            self.error(
                section,
                section.line,
                "",
                "left out, because a line in it cannot be read".into(),
            );
        }
        !section.damaged
    }

    /// Puts every value of the section where its table says. False: the section cannot be used.
    fn fill<T>(&mut self, section: &Section, table: &[Spec<T>], into: &mut T) -> bool {
        let mut usable = true;
        for entry in &section.entries {
            let Some(spec) = table.iter().find(|s| s.name == entry.name) else {
                self.warn(section, &entry.name, "is not known, it is left out".into());
                continue;
            };
            if entry.given > 1 {
                self.warn(
                    section,
                    &entry.name,
                    "is given more than once, the last one counts".into(),
                );
            }
            if !spec.list && entry.values.len() > 1 {
                self.warn(
                    section,
                    &entry.name,
                    "is no list, the last value counts".into(),
                );
            }
            // Also a single `option network 'lan wan'` is what people write: LuCI's older pages did.
            let skip = if spec.list {
                0
            } else {
                entry.values.len().saturating_sub(1)
            };
            for value in entry
                .values
                .iter()
                .skip(skip)
                .filter(|v| !v.text.is_empty())
            {
                let text = value.text.as_str();
                let result = if text.chars().any(char::is_control) {
                    Err("holds a line break or another control character (a missing quote?)".into())
                } else {
                    (spec.set)(into, text)
                };
                let Err(reason) = result else { continue };
                let cost = match spec.wrong {
                    Wrong::Default => "",
                    Wrong::Closed(close, words) => {
                        close(into);
                        words
                    }
                    Wrong::Drop => {
                        usable = false;
                        "; the section is left out"
                    }
                };
                self.error(
                    section,
                    value.line,
                    spec.name,
                    format!("'{}' {reason}{cost}", printable(text)),
                );
            }
        }
        usable
    }

    fn server(&mut self, section: &Section, server: &mut ServerConfig) {
        if server.network.is_empty() && section.list("network").any(|n| !n.is_empty()) {
            // Passed over, the list would be empty, and empty means every network.
            server.network.push("lan".into());
            self.warn(
                section,
                "network",
                "names no network, only lan is listened on".into(),
            );
        }
        if server.min_dialect > server.max_dialect {
            let line = section
                .entry("min_dialect")
                .and_then(|e| e.values.last())
                .map_or(section.line, |v| v.line);
            self.error(
                section,
                line,
                "min_dialect",
                "is newer than max_dialect; only the newer of the two is offered".into(),
            );
            server.max_dialect = server.min_dialect;
        }
        if server.encryption == super::model::Encryption::Required
            && server.max_dialect < super::model::Dialect::Smb30
        {
            self.warn(
                section,
                "encryption",
                "is required, but no dialect before 3.0 can encrypt: nobody can connect".into(),
            );
        }
    }

    fn user(&mut self, section: &Section, user: &User, config: &Config) -> bool {
        if user.name.is_empty() {
            self.error(
                section,
                section.line,
                "name",
                "is missing; the section is left out".into(),
            );
            return false;
        }
        if config.users.iter().any(|u| same_name(&u.name, &user.name)) {
            self.error(
                section,
                section.line,
                "name",
                "this user is given twice, the first one counts".into(),
            );
            return false;
        }
        true
    }

    fn share(&mut self, section: &Section, share: &Share, config: &Config) -> bool {
        if share.name.is_empty() {
            self.error(
                section,
                section.line,
                "name",
                "is missing; the section is left out".into(),
            );
            return false;
        }
        if config
            .shares
            .iter()
            .any(|s| same_name(&s.name, &share.name))
        {
            self.error(
                section,
                section.line,
                "name",
                "this share is given twice, the first one counts".into(),
            );
            return false;
        }
        if share.path.as_os_str().is_empty() && share.uuid.is_empty() {
            self.error(
                section,
                section.line,
                "path",
                "is missing; the section is left out".into(),
            );
            return false;
        }
        if share.path.is_relative() && share.uuid.is_empty() {
            self.error(
                section,
                section.line,
                "path",
                "does not begin with /; the section is left out".into(),
            );
            return false;
        }
        if share.time_machine_size.is_some() && !share.time_machine {
            self.warn(
                section,
                "time_machine_size",
                "has no meaning while time_machine is off".into(),
            );
        }
        true
    }

    /// Needs all users, which may stand behind the share.
    fn listed_users(&mut self, section: &Section, share: &Share, users: &[User]) {
        for (option, list) in [
            ("write_user", &share.write_user),
            ("read_user", &share.read_user),
        ] {
            for name in &list.names {
                if users.iter().any(|u| same_name(&u.name, name)) {
                    continue;
                }
                let line = section
                    .entry(option)
                    .and_then(|e| e.values.iter().find(|v| v.text == *name))
                    .map_or(section.line, |v| v.line);
                let reason = format!("'{}' is no user of this server", printable(name));
                self.tell(Severity::Warning, line, &section.label(), option, reason);
            }
        }
        if share.enabled
            && share.guest == super::model::Access::None
            && share.write_user.is_empty()
            && share.read_user.is_empty()
        {
            self.tell(
                Severity::Warning,
                section.line,
                &section.label(),
                "",
                "nobody can open it: no write_user, no read_user, and guest is none".into(),
            );
        }
    }
}

#[cfg(test)]
mod tests;
