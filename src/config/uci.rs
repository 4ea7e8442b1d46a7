//! UCI text, OpenWrt's configuration language, to sections and back.
//!
//! Reads everything that OpenWrt's `uci` writes and its C parser accepts: bare words with backslash
//! escapes, single quotes (nothing is special inside), double quotes (backslash escapes), pieces that
//! touch joined into one word (`'a'\''b'`), values over several lines inside quotes, `#` comments, `;`
//! between statements, CR and tabs as blanks, the one-letter keywords, a last line without its end.
//!
//! What it cannot read is a [`Fault`] with its line. A fault leaves its section [`Section::damaged`], since
//! half a section may grant more than the whole, and reading goes on at the next line that begins a
//! section. After a quote that never closes nothing can be told apart, so reading ends there.

use super::printable;
use core::fmt::Write as _;

/// The largest file read, in bytes.
pub const FILE_LIMIT: usize = 256 * 1024;
/// The most sections in a file.
pub const SECTION_LIMIT: usize = 1024;
/// The most options in a section, and the most values in a list.
pub const OPTION_LIMIT: usize = 256;
/// The longest value in bytes.
pub const VALUE_LIMIT: usize = 4096;
/// The most faults told of one file: whoever reads them will mend the first ones first.
pub const FAULT_LIMIT: usize = 64;

/// What stands wrong in the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, counted from 1; 0: the file as a whole.
    pub line: u32,
    /// The section it spoiled, as [`Section::label`] names it; empty outside of any.
    pub section: String,
    /// Why, in words for an administrator.
    pub reason: String,
}

/// One value and the line it began on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The text, quotes and escapes undone.
    pub text: String,
    /// Line, counted from 1.
    pub line: u32,
}

/// `option name value` or the `list name value` lines of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The option's name: letters, digits and `_`.
    pub name: String,
    /// Written as `list`.
    pub list: bool,
    /// How often `option` gave it: more than once means that the earlier ones were lost.
    pub given: u32,
    /// One value for an option, one or more for a list.
    pub values: Vec<Value>,
}

/// `config kind 'name'` with what follows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The section's type.
    pub kind: String,
    /// The section's name; `None`: anonymous.
    pub name: Option<String>,
    /// How many sections of this type stand before it.
    pub index: usize,
    /// Line of its `config`, counted from 1; 0 if it was not read from a file.
    pub line: u32,
    /// Something in it could not be read.
    pub damaged: bool,
    /// Options in the order of the file.
    pub entries: Vec<Entry>,
}

impl Section {
    /// An empty section, as for writing.
    pub fn new(kind: &str, name: Option<&str>) -> Self {
        Self {
            kind: kind.into(),
            name: name.map(Into::into),
            ..Self::default()
        }
    }

    /// The section for a message: `share 'disk'`, with its `name` option, its UCI name, or its place (`@share[2]`).
    pub fn label(&self) -> String {
        match self.option("name").or(self.name.as_deref()) {
            Some(name) if !name.is_empty() => format!("{} '{}'", self.kind, printable(name)),
            _ => format!("@{}[{}]", self.kind, self.index),
        }
    }

    /// The entry of this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.name == name)
    }

    /// The last value of this name, empty or not.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.entry(name)?.values.last().map(|v| v.text.as_str())
    }

    /// The values of this name, one by one.
    pub fn list<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.entry(name)
            .into_iter()
            .flat_map(|e| e.values.iter().map(|v| v.text.as_str()))
    }

    /// Adds `option name value` for writing.
    pub fn set(&mut self, name: &str, value: &str) {
        self.put(
            name,
            Value {
                text: value.into(),
                line: 0,
            },
            false,
        );
    }

    /// Adds `list name value` for writing.
    pub fn add(&mut self, name: &str, value: &str) {
        self.put(
            name,
            Value {
                text: value.into(),
                line: 0,
            },
            true,
        );
    }

    /// As `uci` does it: a later `option` replaces, a `list` appends, also to an option.
    fn put(&mut self, name: &str, value: Value, list: bool) {
        let given = u32::from(!list);
        match self.entries.iter_mut().find(|e| e.name == name) {
            None => self.entries.push(Entry {
                name: name.into(),
                list,
                given,
                values: vec![value],
            }),
            Some(entry) if list => {
                entry.list = true;
                entry.values.push(value);
            }
            Some(entry) => {
                entry.list = false;
                entry.given = entry.given.saturating_add(1);
                entry.values = vec![value];
            }
        }
    }
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The name after `package`, if the file says one.
    pub package: Option<String>,
    /// Sections in the order of the file.
    pub sections: Vec<Section>,
    /// The rest of the text was not read: what it says is not known.
    pub cut: bool,
}

/// Reads UCI text. Whatever the bytes, this ends after one pass (and at most one look back for each fault).
pub fn parse(text: &[u8]) -> (Document, Vec<Fault>) {
    let mut parser = Parser {
        text,
        at: 0,
        line: 1,
        document: Document::default(),
        faults: Vec::new(),
        state: State::Outside,
    };
    if text.len() > FILE_LIMIT {
        parser.fault(
            0,
            format!(
                "the file is larger than {} KiB, it is not read",
                FILE_LIMIT / 1024
            ),
        );
    } else {
        parser.run();
    }
    (parser.document, parser.faults)
}

/// Where options go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No section has begun.
    Outside,
    /// Into this section.
    In(usize),
    /// Nowhere: the section's own line was wrong, which was told once.
    Skip,
}

/// Why a statement cannot be read.
enum Wrong {
    /// Only this statement: go on at the next section.
    Statement(u32, String),
    /// From here on nothing can be told apart.
    Rest(u32, String),
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    document: Document,
    faults: Vec<Fault>,
    state: State,
}

impl Parser<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let (start, line) = (self.at, self.line);
            match self.statement() {
                Ok(()) => {}
                Err(Wrong::Statement(at, reason)) => {
                    self.fault(at, reason);
                    // Back to where the statement began: a stray quote may have run over the next sections.
                    (self.at, self.line) = (start, line);
                    self.next_section();
                }
                Err(Wrong::Rest(at, reason)) => {
                    self.document.cut = true;
                    self.fault(at, reason);
                    return;
                }
            }
        }
    }

    fn fault(&mut self, line: u32, reason: String) {
        let mut section = String::new();
        if let State::In(index) = self.state
            && let Some(open) = self.document.sections.get_mut(index)
        {
            open.damaged = true;
            section = open.label();
        }
        match self.faults.len() {
            n if n < FAULT_LIMIT => self.faults.push(Fault {
                line,
                section,
                reason,
            }),
            n if n == FAULT_LIMIT => {
                self.faults.push(Fault {
                    line,
                    section: String::new(),
                    reason: "and more of this kind, not shown".into(),
                });
            }
            _ => {}
        }
    }

    /// To the start of the next line whose first word is `config`.
    fn next_section(&mut self) {
        self.state = State::Skip;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(end) = rest.iter().position(|&b| b == b'\n') else {
                self.at = self.text.len();
                return;
            };
            self.at = self.at.saturating_add(end).saturating_add(1);
            self.line = self.line.saturating_add(1);
            let rest = self
                .text
                .get(self.at..)
                .unwrap_or_default()
                .trim_ascii_start_line();
            if let Some(after) = rest.strip_prefix(b"config")
                && after.first().is_some_and(u8::is_ascii_whitespace)
            {
                return;
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) {
        if self.peek() == Some(b'\n') {
            self.line = self.line.saturating_add(1);
        }
        self.at = self.at.saturating_add(1);
    }

    /// One statement, or one blank stretch, comment, `;` or line end; always moves on.
    fn statement(&mut self) -> Result<(), Wrong> {
        self.blanks();
        match self.peek() {
            None => return Ok(()),
            Some(b'\n' | b';') => {
                self.step();
                return Ok(());
            }
            Some(b'#') => {
                self.comment();
                return Ok(());
            }
            Some(_) => {}
        }
        let line = self.line;
        let keyword = self.word(line)?;
        match keyword.as_str() {
            "package" | "p" => {
                let name = self.argument(line, "package without a name")?;
                self.end(line)?;
                if !name.bytes().all(|b| is_name(b) || b == b'-') {
                    return Err(Wrong::Statement(
                        line,
                        format!("'{}' is no package name", printable(&name)),
                    ));
                }
                self.document.package = Some(name);
                self.state = State::Outside;
            }
            "config" | "c" => {
                // Until its line is read whole, what follows must not land in the section before it.
                self.state = State::Skip;
                let kind = self.argument(line, "config without a section type")?;
                let name = if self.at_end() {
                    None
                } else {
                    Some(self.word(line)?)
                };
                self.end(line)?;
                self.open(line, kind, name.filter(|n| !n.is_empty()))?;
            }
            "option" | "o" | "list" | "l" => {
                let list = keyword.starts_with('l');
                let name = self.argument(
                    line,
                    if list {
                        "list without a name"
                    } else {
                        "option without a name"
                    },
                )?;
                let at = self.line;
                let text = if self.at_end() {
                    String::new()
                } else {
                    self.word(line)?
                };
                self.end(line)?;
                self.store(line, list, name, Value { text, line: at })?;
            }
            other => {
                let shown = printable(other);
                return Err(Wrong::Statement(
                    line,
                    format!("'{shown}' is none of package, config, option, list"),
                ));
            }
        }
        Ok(())
    }

    fn open(&mut self, line: u32, kind: String, name: Option<String>) -> Result<(), Wrong> {
        if !kind.bytes().all(|b| (33..127).contains(&b)) {
            return Err(Wrong::Statement(
                line,
                format!("'{}' is no section type", printable(&kind)),
            ));
        }
        if let Some(name) = &name
            && !name.bytes().all(is_name)
        {
            let shown = printable(name);
            return Err(Wrong::Statement(
                line,
                format!(
                    "section name '{shown}' may hold only letters, digits and _ (another name goes into option name)"
                ),
            ));
        }
        // The same type and name again goes on with the first, as with `uci`.
        if name.is_some()
            && let Some(index) = self.document.sections.iter().position(|s| s.name == name)
        {
            if self
                .document
                .sections
                .get(index)
                .is_some_and(|s| s.kind == kind)
            {
                self.state = State::In(index);
                return Ok(());
            }
            let shown = printable(name.as_deref().unwrap_or_default());
            return Err(Wrong::Statement(
                line,
                format!("section name '{shown}' is taken by a section of another type"),
            ));
        }
        if self.document.sections.len() >= SECTION_LIMIT {
            return Err(Wrong::Rest(
                line,
                format!("more than {SECTION_LIMIT} sections, the rest is not read"),
            ));
        }
        let index = self
            .document
            .sections
            .iter()
            .filter(|s| s.kind == kind)
            .count();
        self.state = State::In(self.document.sections.len());
        self.document.sections.push(Section {
            kind,
            name,
            index,
            line,
            ..Section::default()
        });
        Ok(())
    }

    fn store(&mut self, line: u32, list: bool, name: String, value: Value) -> Result<(), Wrong> {
        let index = match self.state {
            State::In(index) => index,
            State::Skip => return Ok(()),
            State::Outside => {
                return Err(Wrong::Statement(
                    line,
                    "an option before the first section".into(),
                ));
            }
        };
        if !name.bytes().all(is_name) {
            return Err(Wrong::Statement(
                line,
                format!(
                    "option name '{}' may hold only letters, digits and _",
                    printable(&name)
                ),
            ));
        }
        let Some(section) = self.document.sections.get_mut(index) else {
            return Ok(());
        };
        let full = match section.entry(&name) {
            Some(entry) => list && entry.values.len() >= OPTION_LIMIT,
            None => section.entries.len() >= OPTION_LIMIT,
        };
        if full {
            return Err(Wrong::Statement(
                line,
                format!("more than {OPTION_LIMIT} options or list values in one section"),
            ));
        }
        section.put(&name, value, list);
        Ok(())
    }

    /// Over blanks and joined lines, within the line.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b) if is_blank(b) => self.step(),
                Some(b'\\') if self.text.get(self.at.saturating_add(1)) == Some(&b'\n') => {
                    self.step();
                    self.step();
                }
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|b| b != b'\n') {
            self.step();
        }
    }

    /// Whether the statement has no further word.
    fn at_end(&mut self) -> bool {
        self.blanks();
        matches!(self.peek(), None | Some(b'\n' | b';' | b'#'))
    }

    /// A word that must be there and must not be empty.
    fn argument(&mut self, line: u32, missing: &str) -> Result<String, Wrong> {
        let word = if self.at_end() {
            String::new()
        } else {
            self.word(line)?
        };
        if word.is_empty() {
            Err(Wrong::Statement(line, missing.into()))
        } else {
            Ok(word)
        }
    }

    /// The statement ends here; takes the line end or `;`.
    fn end(&mut self, line: u32) -> Result<(), Wrong> {
        if !self.at_end() {
            return Err(Wrong::Statement(line, "too many words (a value with blanks needs quotes; a quote inside '…' is written '\\'')".into()));
        }
        self.comment_to_end();
        Ok(())
    }

    fn comment_to_end(&mut self) {
        if self.peek() == Some(b'#') {
            self.comment();
        }
        if self.peek().is_some() {
            self.step();
        }
    }

    /// One word: pieces up to a blank, `;`, `#` or the line's end, quotes and escapes undone.
    fn word(&mut self, line: u32) -> Result<String, Wrong> {
        let mut word = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'\'' | b'"' => self.quoted(byte, &mut word)?,
                b'\\' => self.escape(&mut word),
                b'\n' | b';' | b'#' => break,
                b if is_blank(b) => break,
                b => {
                    word.push(b);
                    self.step();
                }
            }
            if word.len() > VALUE_LIMIT {
                return Err(Wrong::Statement(
                    line,
                    format!("a word of more than {VALUE_LIMIT} bytes (a missing quote?)"),
                ));
            }
        }
        if word.contains(&0) {
            return Err(Wrong::Statement(line, "a NUL byte".into()));
        }
        String::from_utf8(word)
            .map_err(|_| Wrong::Statement(line, "bytes that are no UTF-8".into()))
    }

    /// A backslash and what it protects; with a line end it joins two lines.
    fn escape(&mut self, word: &mut Vec<u8>) {
        self.step();
        if let Some(byte) = self.peek() {
            if byte != b'\n' {
                word.push(byte);
            }
            self.step();
        }
    }

    fn quoted(&mut self, quote: u8, word: &mut Vec<u8>) -> Result<(), Wrong> {
        let line = self.line;
        self.step();
        loop {
            match self.peek() {
                None => {
                    return Err(Wrong::Rest(
                        line,
                        format!(
                            "the {} opened here is never closed, the rest is not read",
                            char::from(quote)
                        ),
                    ));
                }
                Some(byte) if byte == quote => {
                    self.step();
                    return Ok(());
                }
                Some(b'\\') if quote == b'"' => self.escape(word),
                Some(byte) => {
                    word.push(byte);
                    self.step();
                }
            }
        }
    }
}

/// Blanks of C's `isspace`, the line feed aside.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

trait TrimLine {
    /// Without blanks at the start, staying in the line.
    fn trim_ascii_start_line(&self) -> &[u8];
}

impl TrimLine for [u8] {
    fn trim_ascii_start_line(&self) -> &[u8] {
        let blanks = self.iter().take_while(|&&b| is_blank(b)).count();
        self.get(blanks..).unwrap_or_default()
    }
}

/// The value in single quotes, as `uci` writes it.
pub fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

/// A package's or section's word: bare where that reads back, else in quotes.
fn bare(word: &str) -> String {
    let plain = !word.is_empty() && word.bytes().all(|byte| is_name(byte) || byte == b'-');
    if plain { word.to_owned() } else { quote(word) }
}

/// A document as UCI text that [`parse`] reads back unchanged. Values must hold no NUL.
pub fn write(document: &Document) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    if let Some(package) = &document.package {
        let _ = writeln!(out, "package {}", bare(package));
    }
    for section in &document.sections {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = write!(out, "config {}", bare(&section.kind));
        if let Some(name) = &section.name {
            let _ = write!(out, " {}", quote(name));
        }
        out.push('\n');
        for entry in &section.entries {
            let keyword = if entry.list { "list" } else { "option" };
            for value in &entry.values {
                let _ = writeln!(out, "\t{keyword} {} {}", entry.name, quote(&value.text));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
