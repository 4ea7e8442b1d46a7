//! What names become, both ways.

use super::*;
use proptest::prelude::*;

fn wire(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Path, stream, type, trailing separator.
type Parts = (Vec<u8>, Vec<u8>, Option<StreamType>, bool);

fn parsed(text: &str) -> Result<Parts, NameError> {
    let mut out = [0; PARSE_BUFFER];
    parse(&wire(text), &mut out).map(|p| {
        (
            p.path.path.to_vec(),
            p.path.stream.to_vec(),
            p.stream_type,
            p.trailing_separator,
        )
    })
}

#[test]
fn paths_are_taken_apart() {
    let data = Some(StreamType::Data);
    let index = Some(StreamType::IndexAllocation);
    for (text, path, stream, kind, trailing) in [
        ("", "", "", None, false),
        ("a", "a", "", None, false),
        ("a\\b c\\d.txt", "a/b c/d.txt", "", None, false),
        ("a\\", "a", "", None, true),
        ("...", "...", "", None, false),
        ("CON", "CON", "", None, false),
        ("f:s", "f", "s", None, false),
        ("d\\f:s:$data", "d/f", "s", data, false),
        ("f:?*\u{5}\n :$DATA", "f", "?*\u{5}\n ", data, false),
        ("f::$DATA", "f", "", data, false),
        ("d::$INDEX_ALLOCATION", "d", "", index, false),
        ("d:$I30:$INDEX_ALLOCATION", "d", "", index, false),
        (":s", "", "s", None, false),
        ("\u{1F600}.txt", "\u{1F600}.txt", "", None, false),
        (
            "\u{F020}\u{F021}\u{F022}\u{F023}\u{F024}\u{F025}\u{F026}\u{F027}\u{F001}",
            "\"*:<>?\\|\u{1}",
            "",
            None,
            false,
        ),
        ("a\u{F028}\\b\u{F029}", "a /b.", "", None, false),
        ("\u{F028}a", "\u{F028}a", "", None, false),
        ("\u{F029}\u{F029}", "\u{F029}.", "", None, false),
    ] {
        assert_eq!(
            parsed(text),
            Ok((path.into(), stream.into(), kind, trailing)),
            "{text:?}"
        );
    }
}

#[test]
fn paths_are_refused() {
    use NameError::*;
    for (text, error) in [
        ("\\a", LeadingSeparator),
        ("\\", LeadingSeparator),
        ("..", PathSyntax),
        ("a\\..\\b", PathSyntax),
        ("a\\..", PathSyntax),
        ("..\\a", PathSyntax),
        (".", Invalid),
        ("a\\.\\b", Invalid),
        ("\u{F029}", Invalid),
        ("a\\.\u{F029}", PathSyntax),
        ("a\\\\b", Invalid),
        ("a\\\\", Invalid),
        ("a/b", Invalid),
        ("../a", Invalid),
        ("a\0", Invalid),
        ("a\u{1}", Invalid),
        ("a*", Invalid),
        ("a?", Invalid),
        ("\"", Invalid),
        ("<", Invalid),
        (">", Invalid),
        ("|", Invalid),
        ("f:", Invalid),
        ("f::", Invalid),
        ("f:s:", Invalid),
        ("f:s:$WHAT", Invalid),
        ("f:s:$DATA:x", Invalid),
        ("f:s:$INDEX_ALLOCATION", Invalid),
        ("d:s\\f", Invalid),
        ("d\\:s", Invalid),
        ("f:a/b", Invalid),
        ("f:a\0", Invalid),
    ] {
        assert_eq!(parsed(text), Err(error), "{text:?}");
    }
}

#[test]
fn lengths_are_bounded() {
    assert!(parsed(&"a".repeat(255)).is_ok());
    assert_eq!(parsed(&"a".repeat(256)), Err(NameError::TooLong));
    assert!(parsed(&"\u{4E2D}".repeat(85)).is_ok());
    assert_eq!(parsed(&"\u{4E2D}".repeat(86)), Err(NameError::TooLong));
    assert!(parsed(&format!("f:{}", "\u{4E2D}".repeat(255))).is_ok());
    assert_eq!(
        parsed(&format!("f:{}", "s".repeat(256))),
        Err(NameError::TooLong)
    );
    let long = ["a".repeat(255).as_str(); 16].join("\\");
    assert_eq!(long.len(), 4095);
    assert!(parsed(&long).is_ok());
    assert!(parsed(&format!("{long}\\")).is_ok());
    assert_eq!(parsed(&format!("{long}\\a")), Err(NameError::TooLong));
    // What is one byte on disk counts as one.
    let ends_in_dot = format!("{}\u{F029}", &long[..4094]);
    assert_eq!(parsed(&ends_in_dot).unwrap().0.len(), 4095);
    assert_eq!(parse(&[0x61], &mut [0; 8]), Err(NameError::Invalid));
    assert_eq!(parse(&wire("abc"), &mut [0; 2]), Err(NameError::TooLong));
}

#[test]
fn names_on_disk_are_shown_and_lead_back() {
    let mut out = [0; SHOWN_LIMIT];
    for (disk, shown) in [
        (&b"plain.txt"[..], "plain.txt"),
        (b"a:b*", "a\u{F022}b\u{F021}"),
        (b"tail ", "tail\u{F028}"),
        (b"tail.", "tail\u{F029}"),
        (b"tail..", "tail.\u{F029}"),
        (b"back\\slash", "back\u{F026}slash"),
        (b"\x01\x1F", "\u{F001}\u{F01F}"),
        (b"caf\xE9", "caf\u{EFE9}"),
        (b"\xF0\x9F\x98\x80", "\u{1F600}"),
        (b"\xF0\x9F\x98", "\u{EFF0}\u{EF9F}\u{EF98}"),
        (b"\xC0\xAF", "\u{EFC0}\u{EFAF}"),
        ("\u{EFC2}".as_bytes(), "\u{EFEE}\u{EFBF}\u{EF82}"),
        (b"\xEE\xBF\x82\x80", "\u{EFEE}\u{EFBF}\u{EF82}\u{EF80}"),
    ] {
        assert_eq!(show(disk, &mut out), Some(shown.as_bytes()), "{disk:?}");
        assert_eq!(parsed(shown).unwrap().0, disk, "{disk:?}");
    }
    assert_eq!(show(b"abc", &mut [0; 2]), None);
}

#[test]
fn names_are_compared_without_case_as_they_are_shown() {
    assert!(same(b"Readme.TXT", b"README.txt"));
    assert!(same("ÄÖü".as_bytes(), "äöÜ".as_bytes()));
    assert!(same(b"a:", "A\u{F022}".as_bytes()));
    assert!(!same(b"a", b"b"));
    assert!(!same(b"a", b"ab"));
    assert_eq!(hash(b"a:"), hash("A\u{F022}".as_bytes()));
    assert!(same_stream(b"Stream", b"sTREAM"));
}

fn safe(path: &[u8]) -> bool {
    path.is_empty()
        || path.split(|&b| b == b'/').all(|part| {
            !part.is_empty() && part != b"." && part != b".." && part.len() <= NAME_LIMIT
        }) && !path.contains(&0)
}

proptest! {
    #[test]
    fn the_quick_hash_is_the_hash(name in proptest::collection::vec(any::<u8>(), 0..40)) {
        let slow = finish(Shown::new(&name).fold(SEED, step));
        prop_assert_eq!(hash(&name), slow);
        prop_assert_eq!(hash(&name.to_ascii_lowercase()), slow);
    }

    #[test]
    fn the_quick_hash_is_the_hash_of_usual_names(name in "[ -~]{0,20}") {
        prop_assert_eq!(hash(name.as_bytes()), finish(Shown::new(name.as_bytes()).fold(SEED, step)));
    }

    #[test]
    fn there_is_room_for_whatever_is_parsed(points in proptest::collection::vec(prop_oneof![any::<u16>(),
        Just(0x5Cu16), Just(0x3A), Just(0xF029), 0xD800u16..0xE000, 0x20u16..0x80], 0..60)) {
        let bytes: Vec<u8> = points.into_iter().flat_map(u16::to_le_bytes).collect();
        let (mut all, mut buffer) = ([0; PARSE_BUFFER], ParseBuffer::new());
        prop_assert_eq!(parse(&bytes, room(&mut buffer, &bytes, 0)), parse(&bytes, &mut all));
    }

    #[test]
    fn any_bytes_are_taken_apart_safely_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut out = [0; PARSE_BUFFER];
        if let Ok(parsed) = parse(&bytes, &mut out) {
            prop_assert!(safe(parsed.path.path));
            prop_assert!(!parsed.path.stream.contains(&0) && !parsed.path.stream.contains(&b'/'));
        }
    }

    #[test]
    fn the_mapped_area_is_safe_too(points in proptest::collection::vec(prop_oneof![
        Just(0x5Cu16), Just(0x2E), Just(0x3A), 0xF000u16..0xF030, 0xEF70u16..0xF000, 0xD800u16..0xE000, 0x20u16..0x80], 0..40)) {
        let bytes: Vec<u8> = points.into_iter().flat_map(u16::to_le_bytes).collect();
        let mut out = [0; PARSE_BUFFER];
        if let Ok(parsed) = parse(&bytes, &mut out) {
            prop_assert!(safe(parsed.path.path));
        }
    }

    #[test]
    fn whatever_stands_on_disk_leads_back(disk in proptest::collection::vec(1u8..=255, 1..80)) {
        prop_assume!(!disk.contains(&b'/') && disk != b"." && disk != b"..");
        let mut out = [0; SHOWN_LIMIT];
        let shown = show(&disk, &mut out).unwrap().to_vec();
        let utf16: Vec<u8> = Plain(&shown).flat_map(|point| match char::from_u32(point) {
            Some(letter) => letter.encode_utf16(&mut [0; 2]).to_vec(),
            None => vec![point as u16],
        }).flat_map(u16::to_le_bytes).collect();
        let mut out = [0; PARSE_BUFFER];
        let back = parse(&utf16, &mut out).unwrap();
        // A private-use character that stood on disk itself comes back as what it stands for: the same name.
        prop_assert!(same(back.path.path, &disk));
    }
}
