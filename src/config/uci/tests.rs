use super::*;
use proptest::prelude::*;

/// The sections as plain text, for tables: `kind/name{option=value|value}`.
fn shown(document: &Document) -> String {
    let mut out = String::new();
    for section in &document.sections {
        out += &format!(
            "{}/{}",
            section.kind,
            section.name.as_deref().unwrap_or("-")
        );
        out += if section.damaged { "!{" } else { "{" };
        for entry in &section.entries {
            let values: Vec<_> = entry.values.iter().map(|v| v.text.as_str()).collect();
            out += &format!(
                "{}{}={};",
                if entry.list { "*" } else { "" },
                entry.name,
                values.join("|")
            );
        }
        out += "}";
    }
    out
}

#[test]
fn every_quoting_is_read() {
    let table: &[(&str, &str)] = &[
        ("", ""),
        ("\n\n# nothing\n  # more\n", ""),
        ("config share", "share/-{}"),
        ("config share 'disk'", "share/disk{}"),
        ("config share \"disk\" # comment", "share/disk{}"),
        ("config share disk; option a b", "share/disk{a=b;}"),
        ("config 'share' ''\n", "share/-{}"),
        ("c share\no a b\nl c d\nl c e", "share/-{a=b;*c=d|e;}"),
        ("package smolsmb\nconfig a", "a/-{}"),
        ("config a\n\toption x y\n", "a/-{x=y;}"),
        ("config a\r\n\toption x 'y'\r\n\r\n", "a/-{x=y;}"),
        ("config a\n\toption x y   \t\n", "a/-{x=y;}"),
        ("config a\n\toption x", "a/-{x=;}"),
        ("config a\n\toption x ''", "a/-{x=;}"),
        ("config a\n\toption x 'it'\\''s'", "a/-{x=it's;}"),
        ("config a\n\toption x it\\'s", "a/-{x=it's;}"),
        ("config a\n\toption x two\\ words", "a/-{x=two words;}"),
        ("config a\n\toption x 'a'\"b\"c", "a/-{x=abc;}"),
        (
            "config a\n\toption x \"say \\\"hi\\\" \\\\\"",
            "a/-{x=say \"hi\" \\;}",
        ),
        ("config a\n\toption x 'back\\slash'", "a/-{x=back\\slash;}"),
        ("config a\n\toption x 'a # b; c'", "a/-{x=a # b; c;}"),
        ("config a\n\toption x a#b", "a/-{x=a;}"),
        ("config a\n\toption x a;option y b;;", "a/-{x=a;y=b;}"),
        (
            "config a\n\toption x 'one\ntwo'\n\toption y z",
            "a/-{x=one\ntwo;y=z;}",
        ),
        ("config a\n\toption x \"one\\\ntwo\"", "a/-{x=onetwo;}"),
        ("config a\n\toption x \\\n  y", "a/-{x=y;}"),
        ("config a\n\toption x on\\\ne", "a/-{x=one;}"),
        ("config a\n\toption x 'Grüße 🦀'", "a/-{x=Grüße 🦀;}"),
        ("config a\noption x 1\noption x 2", "a/-{x=2;}"),
        ("config a\noption x 1\nlist x 2", "a/-{*x=1|2;}"),
        (
            "config a n\noption x 1\nconfig b\nconfig a n\noption y 2",
            "a/n{x=1;y=2;}b/-{}",
        ),
        ("config a\n\toption x y\\", "a/-{x=y;}"),
    ];
    for (text, want) in table {
        let (document, faults) = parse(text.as_bytes());
        assert_eq!(shown(&document), *want, "{text:?}");
        assert_eq!(faults, [], "{text:?}");
    }
}

#[test]
fn a_fault_names_its_line_and_the_next_section_is_read() {
    let table: &[(&[u8], u32, &str, &str)] = &[
        (
            b"config a\n\n\toptoin x y\nconfig b\noption x y",
            3,
            "'optoin' is none",
            "a/-!{}b/-{x=y;}",
        ),
        (
            b"config a\noption x y z\nconfig b",
            2,
            "too many words",
            "a/-!{}b/-{}",
        ),
        (
            b"config a\noption x 'it's nice'\noption y '1'\nconfig b\noption x 'y'",
            2,
            "too many words",
            "a/-!{}b/-{x=y;}",
        ),
        (
            b"config a\noption\nconfig b",
            2,
            "option without a name",
            "a/-!{}b/-{}",
        ),
        (
            b"config a\noption x-y z\nconfig b",
            2,
            "may hold only",
            "a/-!{}b/-{}",
        ),
        (
            b"config a\noption x \xff\xfe\noption y 1\nconfig b",
            2,
            "no UTF-8",
            "a/-!{}b/-{}",
        ),
        (b"config a\noption x \0\nconfig b", 2, "NUL", "a/-!{}b/-{}"),
        (
            b"config a\noption x 'y\n\nconfig b",
            2,
            "never closed",
            "a/-!{}",
        ),
        (
            b"config a\noption x 'y'\nconfig b\noption z \"\noption v w",
            4,
            "never closed",
            "a/-{x=y;}b/-!{}",
        ),
        (
            b"config\noption x y\nconfig b",
            1,
            "without a section type",
            "b/-{}",
        ),
        (
            b"config a\nconfig b in-valid\noption x y\nconfig c",
            2,
            "section name",
            "a/-{}c/-{}",
        ),
        (
            b"config a n\nconfig b n\noption x y\nconfig c",
            2,
            "another type",
            "a/n{}c/-{}",
        ),
        (b"config \x01\nconfig c", 1, "no section type", "c/-{}"),
        (
            b"option x y\nconfig c",
            1,
            "before the first section",
            "c/-{}",
        ),
        (b"package a/b\nconfig c", 1, "no package name", "c/-{}"),
        (b"\xef\xbb\xbfconfig a\nconfig b", 1, "is none of", "b/-{}"),
    ];
    for (text, line, reason, want) in table {
        let (document, faults) = parse(text);
        let text = String::from_utf8_lossy(text);
        assert_eq!(faults.len(), 1, "{text:?}: {faults:?}");
        assert_eq!(faults[0].line, *line, "{text:?}");
        assert!(faults[0].reason.contains(reason), "{text:?}: {faults:?}");
        assert_eq!(shown(&document), *want, "{text:?}");
    }
}

#[test]
fn bounds_are_kept_and_told() {
    let large = vec![b'#'; FILE_LIMIT + 1];
    let sections = "config a\n".repeat(SECTION_LIMIT + 1);
    let options = format!(
        "config a\n{}",
        (0..=OPTION_LIMIT)
            .map(|n| format!("option x{n} y\n"))
            .collect::<String>()
    );
    let values = format!("config a\n{}", "list x y\n".repeat(OPTION_LIMIT + 1));
    let value = format!("config a\noption x {}", "y".repeat(VALUE_LIMIT + 1));
    let quoted = format!("config a\noption x '{}'", "y".repeat(VALUE_LIMIT + 1));
    for text in [
        large.as_slice(),
        sections.as_bytes(),
        options.as_bytes(),
        values.as_bytes(),
        value.as_bytes(),
        quoted.as_bytes(),
    ] {
        let (document, faults) = parse(text);
        assert_eq!(faults.len(), 1);
        assert!(document.sections.len() <= SECTION_LIMIT);
    }
    let (_, faults) = parse("config\n".repeat(10_000).as_bytes());
    assert_eq!(faults.len(), FAULT_LIMIT + 1);
}

#[test]
fn a_section_is_named_for_people() {
    let (document, _) = parse(b"config share\noption name 'My disk'\nconfig share x\nconfig share\nconfig share\noption name ''");
    let labels: Vec<_> = document.sections.iter().map(Section::label).collect();
    assert_eq!(
        labels,
        ["share 'My disk'", "share 'x'", "@share[2]", "@share[3]"]
    );
}

#[test]
fn messages_carry_no_control_characters() {
    assert_eq!(
        printable("a\nb\u{1b}[31m\u{202e}"),
        "a\\u{a}b\\u{1b}[31m\\u{202e}"
    );
    assert_eq!(printable(&"x".repeat(200)).chars().count(), 81);
}

/// Lines and lists as another parser sees them.
#[test]
fn agrees_with_another_parser_where_that_one_is_right() {
    use uci_rs::UciCommand as _;
    // Well-formed, one line a value, named sections only: on less it hangs or loses values.
    let text = "\nconfig system 'main'\n\toption hostname 'router'\n\toption zone 'Europe/Berlin'\n\tlist server 'a.example'\n\tlist server 'b.example'\n\nconfig share 'disk'\n\toption path '/mnt/sda1'\n\toption comment \"two words\"\n\toption mask 0664\n\n";
    let folder = std::env::temp_dir().join(format!("smolsmb-uci-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("test"), text).unwrap();
    let theirs = uci_rs::load_config("test", folder.to_str().unwrap()).unwrap();
    let (ours, faults) = parse(text.as_bytes());
    assert_eq!(faults, []);
    for section in &ours.sections {
        let name = section.name.as_deref().unwrap();
        assert_eq!(theirs.get_section(name).unwrap().0, section.kind);
        for entry in &section.entries {
            let values: Vec<_> = entry.values.iter().map(|v| v.text.clone()).collect();
            assert_eq!(
                *theirs.get_option(name, &entry.name).unwrap().1,
                values,
                "{name}.{}",
                entry.name
            );
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

prop_compose! {
    fn any_document()(sections in prop::collection::vec(
        ("[!-~&&[^'\"\\\\;#]]{1,8}", prop::option::of("[a-z]{1,3}"), prop::collection::btree_map("[a-zA-Z0-9_]{1,6}", (any::<bool>(), prop::collection::vec("[^\0]{0,20}", 1..3)), 0..4)),
        0..5,
    )) -> Document {
        let mut document = Document::default();
        for (kind, name, options) in sections {
            // A name is unique, or it would go on with an earlier section.
            if name.is_some() && document.sections.iter().any(|s| s.name == name) {
                continue;
            }
            let mut section = Section::new(&kind, name.as_deref());
            for (option, (list, values)) in options {
                for value in values {
                    if list { section.add(&option, &value) } else { section.set(&option, &value) }
                }
            }
            document.sections.push(section);
        }
        document
    }
}

proptest! {
    #[test]
    fn any_bytes_end_and_never_panic(text in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&text);
    }

    #[test]
    fn any_mix_of_uci_pieces_ends_and_never_panics(pieces in prop::collection::vec(prop::sample::select(vec![
        "config", "option", "list", "package", " ", "\t", "\n", "'", "\"", "\\", ";", "#", "a", "share", "\r", "\0", "\u{e9}", "c ", "o ", "''",
    ]), 0..200)) {
        let _ = parse(pieces.concat().as_bytes());
    }

    #[test]
    fn what_is_written_reads_back(document in any_document()) {
        let text = write(&document);
        let (read, faults) = parse(text.as_bytes());
        prop_assert_eq!(faults, vec![]);
        prop_assert_eq!(shown(&read), shown(&document));
    }
}
