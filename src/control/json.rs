//! As much JSON as the control socket needs: a writer, and a reader of one flat object.

use core::fmt::Write as _;

/// Writes `text` as a JSON string. What is no UTF-8 becomes U+FFFD; control characters, U+2028 and U+2029
/// (line ends to JavaScript) are escaped, so the whole stays one line.
pub fn string(out: &mut String, text: impl AsRef<[u8]>) {
    quoted(out, text.as_ref());
}

fn quoted(out: &mut String, text: &[u8]) {
    out.push('"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' => {
                    // All of these are below U+FFFF: one unit. Writing to a String cannot fail.
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        if !chunk.invalid().is_empty() {
            out.push('\u{fffd}');
        }
    }
    out.push('"');
}

/// Writes one object, field by field.
pub struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Begins the object.
    pub fn new(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        string(self.out, key);
        self.out.push(':');
    }

    /// A string.
    pub fn string(&mut self, key: &str, value: impl AsRef<[u8]>) -> &mut Self {
        self.key(key);
        quoted(self.out, value.as_ref());
        self
    }

    /// A whole number. Beyond 2^53 JavaScript rounds it: identifiers go as strings.
    pub fn number(&mut self, key: &str, value: u64) -> &mut Self {
        self.key(key);
        let _ = write!(self.out, "{value}");
        self
    }

    /// true or false.
    pub fn boolean(&mut self, key: &str, value: bool) -> &mut Self {
        self.key(key);
        self.out.push_str(if value { "true" } else { "false" });
        self
    }

    /// An object inside.
    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(key);
        let mut inner = Object::new(self.out);
        fill(&mut inner);
        inner.end();
        self
    }

    /// An array of objects.
    pub fn array<T>(
        &mut self,
        key: &str,
        items: &[T],
        mut fill: impl FnMut(&mut Object<'_>, &T),
    ) -> &mut Self {
        self.key(key);
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            let mut inner = Object::new(self.out);
            fill(&mut inner, item);
            inner.end();
        }
        self.out.push(']');
        self
    }

    /// An array of strings.
    pub fn strings(&mut self, key: &str, items: &[String]) -> &mut Self {
        self.key(key);
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            string(self.out, item);
        }
        self.out.push(']');
        self
    }

    /// Ends the object.
    pub fn end(&mut self) {
        self.out.push('}');
    }
}

/// A value of a flat object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    String(String),
    /// A number, as written.
    Number(String),
    /// true or false.
    Boolean(bool),
    /// null.
    Null,
}

/// Reads one object of scalars; arrays and objects inside are refused.
pub fn flat(text: &[u8]) -> Result<Vec<(String, Scalar)>, &'static str> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err("no object");
    }
    let mut fields = Vec::new();
    let mut nested = false;
    walk(text, &mut |path, value| match (path, value) {
        ([Step::Key(key)], Some(value)) => fields.push((key.clone(), value)),
        ([], None) => {}
        _ => nested = true,
    })?;
    if nested {
        return Err("an array or object inside the object");
    }
    Ok(fields)
}

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into the field of an object.
    Key(String),
    /// Into the element of an array.
    Index(usize),
}

/// The deepest nesting that is read.
const DEPTH: usize = 16;

/// Reads any JSON text: shows each scalar with the way to it, and each object and array, before what is in it, as
/// `None`.
pub fn walk(
    text: &[u8],
    each: &mut dyn FnMut(&[Step], Option<Scalar>),
) -> Result<(), &'static str> {
    let text = core::str::from_utf8(text).map_err(|_| "no UTF-8")?;
    let mut reader = Reader { rest: text };
    reader.value(&mut Vec::new(), each)?;
    match reader.rest.trim_ascii() {
        "" => Ok(()),
        _ => Err("something after the end"),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, c: char) -> bool {
        self.rest = self.rest.trim_ascii_start();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(
        &mut self,
        path: &mut Vec<Step>,
        each: &mut dyn FnMut(&[Step], Option<Scalar>),
    ) -> Result<(), &'static str> {
        let object = self.take('{');
        if !object && !self.take('[') {
            each(path, Some(self.scalar()?));
            return Ok(());
        }
        if path.len() >= DEPTH {
            return Err("too deep");
        }
        each(path, None);
        let end = if object { '}' } else { ']' };
        if self.take(end) {
            return Ok(());
        }
        let mut index = 0usize;
        loop {
            path.push(if object {
                let key = self.string()?;
                self.expect(':', "no colon after a key")?;
                Step::Key(key)
            } else {
                Step::Index(index)
            });
            self.value(path, each)?;
            path.pop();
            index = index.saturating_add(1);
            if self.take(end) {
                return Ok(());
            }
            self.expect(',', "no comma between values")?;
        }
    }

    fn expect(&mut self, c: char, why: &'static str) -> Result<(), &'static str> {
        if self.take(c) { Ok(()) } else { Err(why) }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn scalar(&mut self) -> Result<Scalar, &'static str> {
        self.rest = self.rest.trim_ascii_start();
        for (word, value) in [
            ("true", Scalar::Boolean(true)),
            ("false", Scalar::Boolean(false)),
            ("null", Scalar::Null),
        ] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        if self.rest.starts_with('"') {
            return self.string().map(Scalar::String);
        }
        let end = self
            .rest
            .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        if number.is_empty() {
            return Err("a value that is no string, number, true, false or null");
        }
        self.rest = rest;
        Ok(Scalar::Number(number.into()))
    }

    fn string(&mut self) -> Result<String, &'static str> {
        self.expect('"', "no string where one must be")?;
        let mut out = String::new();
        loop {
            match self.next().ok_or("a string without its end")? {
                '"' => return Ok(out),
                '\\' => out.push(self.escape()?),
                c if u32::from(c) < 0x20 => return Err("a control character in a string"),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, &'static str> {
        Ok(match self.next().ok_or("a string without its end")? {
            c @ ('"' | '\\' | '/') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.unit()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
                }
                // A surrogate needs its other half.
                let Some(rest) = self.rest.strip_prefix("\\u") else {
                    return Ok('\u{fffd}');
                };
                self.rest = rest;
                let second = self.unit()?;
                if !(0xdc00..0xe000).contains(&second) {
                    return Ok('\u{fffd}');
                }
                char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
                    .unwrap_or('\u{fffd}')
            }
            _ => return Err("an escape that JSON does not know"),
        })
    }

    fn unit(&mut self) -> Result<u32, &'static str> {
        let (digits, rest) = self
            .rest
            .split_at_checked(4)
            .ok_or("a \\u without four digits")?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("a \\u without four digits");
        }
        self.rest = rest;
        u32::from_str_radix(digits, 16).map_err(|_| "a \\u without four digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strings_are_escaped() {
        let table: &[(&[u8], &str)] = &[
            (b"", r#""""#),
            (b"a\"b\\c/", r#""a\"b\\c/""#),
            (b"\n\t\r\x00\x1f\x7f", r#""\n\t\u000d\u0000\u001f\u007f""#),
            (
                "\u{2028}\u{2029}\u{85}é🦀".as_bytes(),
                "\"\\u2028\\u2029\\u0085é🦀\"",
            ),
            (
                b"a\xffb\xed\xa0\x80",
                "\"a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}\"",
            ),
        ];
        for (text, want) in table {
            let mut out = String::new();
            string(&mut out, text);
            assert_eq!(out, *want);
        }
    }

    /// Text, and the fields it holds; `None`: refused.
    type Row = (&'static str, Option<Vec<(&'static str, Scalar)>>);

    #[test]
    fn objects_are_read_or_refused() {
        let string = |s: &str| Scalar::String(s.into());
        let table: &[Row] = &[
            ("{}", Some(vec![])),
            (
                " { \"a\" : \"b\" , \"c\":12 }\r\n",
                Some(vec![("a", string("b")), ("c", Scalar::Number("12".into()))]),
            ),
            (
                r#"{"a":true,"b":false,"c":null}"#,
                Some(vec![
                    ("a", Scalar::Boolean(true)),
                    ("b", Scalar::Boolean(false)),
                    ("c", Scalar::Null),
                ]),
            ),
            (
                r#"{"a":"\u00e9\ud83e\udd80\n\/\ud83e"}"#,
                Some(vec![("a", string("é🦀\n/\u{fffd}"))]),
            ),
            ("", None),
            ("[]", None),
            ("{", None),
            ("{\"a\"", None),
            ("{\"a\":", None),
            ("{\"a\":1,}", None),
            ("{\"a\":[]}", None),
            ("{\"a\":{}}", None),
            ("{\"a\":1} x", None),
            ("{\"a\":\"\\x\"}", None),
            ("{\"a\":\"\\u12\"}", None),
            ("{\"a\":\"\\u12é\"}", None),
            ("{\"a\":\"b", None),
            ("{\"a\":\"\n\"}", None),
        ];
        for (text, want) in table {
            let got = flat(text.as_bytes()).ok();
            let want = want.as_ref().map(|w| {
                w.iter()
                    .map(|(k, v)| (k.to_string(), v.clone()))
                    .collect::<Vec<_>>()
            });
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn nested_values_are_shown_with_the_way_to_them() {
        let mut seen = Vec::new();
        walk(
            br#" {"a":[1,{"b":"x"},[]],"c":null} "#,
            &mut |path, value| {
                seen.push((path.to_vec(), value));
            },
        )
        .unwrap();
        let key = |k: &str| Step::Key(k.into());
        let a = |rest: &[Step]| [&[key("a")], rest].concat();
        assert_eq!(
            seen,
            [
                (vec![], None),
                (a(&[]), None),
                (a(&[Step::Index(0)]), Some(Scalar::Number("1".into()))),
                (a(&[Step::Index(1)]), None),
                (
                    a(&[Step::Index(1), key("b")]),
                    Some(Scalar::String("x".into()))
                ),
                (a(&[Step::Index(2)]), None),
                (vec![key("c")], Some(Scalar::Null)),
            ]
        );
        for bad in ["[1,]", "[1", "[1 2]", "{1:2}", "[]]"] {
            assert!(walk(bad.as_bytes(), &mut |_, _| ()).is_err(), "{bad}");
        }
        let deep = "[".repeat(DEPTH + 1) + &"]".repeat(DEPTH + 1);
        assert_eq!(walk(deep.as_bytes(), &mut |_, _| ()), Err("too deep"));
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = flat(&text);
        }

        #[test]
        fn any_near_json_never_panics(text in r#"[\[\]{}:,"0-9a\\utrefalsn ]{0,60}"#) {
            let _ = walk(text.as_bytes(), &mut |_, _| ());
        }

        #[test]
        fn almost_json_never_panics(text in "[{}\":,\\\\u0-9a-f\\[\\]tr ]{0,60}") {
            let _ = flat(text.as_bytes());
        }

        #[test]
        fn what_is_written_reads_back(key in any::<String>(), value in any::<String>()) {
            let mut out = String::new();
            Object::new(&mut out).string(&key, &value).end();
            prop_assert!(!out.contains('\n'));
            prop_assert_eq!(flat(out.as_bytes()), Ok(vec![(key, Scalar::String(value))]));
        }
    }
}
