//! What becomes of the other servers' configurations.

use super::*;
use crate::config::Access;
use proptest::prelude::*;

const UNIX: &[u8] = b"root:x:0:0::/root:/bin/ash\nalice:x:1000:1000::/:\n";

fn people() -> Vec<(String, NtHash)> {
    ["alice", "bob"]
        .map(|name| (name.to_owned(), NtHash([7; 16])))
        .to_vec()
}

fn import(kind: Kind, text: &str, ours: &str) -> Import {
    convert(kind, text.as_bytes(), &people(), ours.as_bytes(), UNIX).unwrap()
}

#[test]
fn a_ksmbd_configuration_is_taken_over() {
    let text = "config globals\n\toption workgroup 'HEIM'\n\toption interface 'lan guest'\n\toption allow_legacy_protocols '1'\n\
        config share\n\toption name 'Disk'\n\toption path '/mnt/a b'\n\toption users 'alice carol'\n\toption read_only 'no'\n\toption create_mask '0666'\n\
        \toption dir_mask '0777'\n\toption force_root '1'\n\toption veto_files '/.DS_Store/~*/'\n\toption hide_dot_files 'no'\n\
        config share\n\toption name 'nowhere'\n";
    let got = import(Kind::Ksmbd, text, "");
    assert_eq!(
        got.added,
        "config server 'server'\n\toption workgroup 'HEIM'\n\tlist network 'lan'\n\tlist network 'guest'\n\n\
        config user\n\toption name 'alice'\n\toption unix_user 'alice'\n\nconfig user\n\toption name 'bob'\n\nconfig user\n\toption name 'carol'\n\n\
        config share\n\toption name 'Disk'\n\toption path '/mnt/a b'\n\tlist write_user 'alice'\n\tlist write_user 'carol'\n\toption create_mask '0666'\n\
        \toption dir_mask '0777'\n\toption force_user 'root'\n\toption hide_dot_files '0'\n\tlist veto '.DS_Store'\n\tlist veto '~*'\n"
    );
    assert_eq!(got.passwords, people());
    let notes = got.notes.join("\n");
    for note in [
        "allow_legacy_protocols",
        "share 'nowhere'",
        "user 'carol': has no password",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    assert_eq!(check("", got.text.as_bytes()).mistakes, []);
}

#[test]
fn what_we_have_stays_as_it_is_with_its_comments() {
    let ours = "# mine\nconfig server 'server' # here\n\tlist network 'lan'\n\n# a share\nconfig share\n\toption name 'DISK'\n\toption path '/srv'\nconfig user\n\toption name Alice\n";
    let text = "config samba\n\toption workgroup 'HEIM'\n\toption interface 'wan'\nconfig sambashare\n\toption name 'disk'\n\toption path '/mnt'\nconfig sambashare\n\toption name 'new'\n\toption path '/mnt'\n\toption guest_ok 'yes'\n\toption timemachine '1'\n\toption timemachine_maxsize '200G'\n";
    let got = import(Kind::Samba4, text, ours);
    assert_eq!(
        got.text,
        "# mine\nconfig server 'server' # here\n\toption workgroup 'HEIM'\n\tlist network 'lan'\n\n# a share\nconfig share\n\toption name 'DISK'\n\toption path '/srv'\nconfig user\n\toption name Alice\n\n\
        config user\n\toption name 'bob'\n\nconfig share\n\toption name 'new'\n\toption path '/mnt'\n\toption guest 'read'\n\toption read_only '1'\n\tlist read_user '*'\n\toption time_machine '1'\n\toption time_machine_size '200'\n"
    );
    let notes = got.notes.join("\n");
    for note in [
        "share of this name",
        "stays lan, the other had wan",
        "user 'alice': is there",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    // Once more: nothing new.
    let again = import(Kind::Samba4, text, &got.text);
    assert_eq!(
        (again.added.as_str(), again.text.as_str()),
        ("", got.text.as_str())
    );
}

#[test]
fn nobody_may_do_more_than_there() {
    use Access::{None, Read, Write};
    // Options; what alice, bob (who have passwords), eve (who has not been named) and a guest may do.
    let table: &[(&str, [Access; 4])] = &[
        ("", [Read, Read, Read, None]),
        ("read_only no", [Write, Write, Write, None]),
        ("writeable yes", [Write, Write, Write, None]),
        ("read_only yes|guest_ok yes", [Read, Read, Read, Read]),
        ("read_only no|guest_ok yes", [Write, Write, Write, Write]),
        (
            "read_only no|guest_ok yes|users alice",
            [Write, None, None, None],
        ),
        ("users alice", [Read, None, None, None]),
        (
            "users alice,bob|read_only no|read_list bob",
            [Write, Read, None, None],
        ),
        (
            "users 'alice bob'|write_list bob",
            [Read, Write, None, None],
        ),
        ("read_only no|read_list bob", [Write, Read, Read, None]),
        ("write_list bob", [Read, Write, Read, None]),
        ("users @staff|read_only no", [None, None, None, None]),
        ("write_list eve|users alice", [Read, None, None, None]),
    ];
    for (options, want) in table {
        let lines: String = options
            .split('|')
            .filter(|o| !o.is_empty())
            .map(|o| format!("\toption {o}\n"))
            .collect();
        let text = format!("config share\n\toption name s\n\toption path /s\n{lines}");
        let got = import(Kind::Ksmbd, &text, "");
        let config = check("", got.text.as_bytes()).config;
        let share = config.share("s").unwrap();
        let may =
            [Some("alice"), Some("bob"), Some("eve"), Option::None].map(|who| share.access(who));
        assert_eq!(may, *want, "{options}: {}", got.added);
    }
}

#[test]
fn hostile_values_stay_values() {
    let text = "config share\n\toption name 'a'\"'\"'b'\n\toption path '/mnt/x\ny'\nconfig share\n\toption name 'ok'\n\toption path '/mnt/x'\n\toption comment 'a'\\''b # c'\nconfig share\n\toption name 'IPC$'\n\toption path '/mnt'\n";
    let got = import(Kind::Ksmbd, text, "");
    let loaded = check("", got.text.as_bytes());
    assert!(!loaded.unusable);
    assert_eq!(loaded.config.share("ok").unwrap().comment, "a'b # c");
    assert!(loaded.config.share("IPC$").is_none());
    assert!(
        got.notes.iter().any(|note| note.contains("is reserved")),
        "{:?}",
        got.notes
    );
    assert!(convert(Kind::Ksmbd, b"", &[], b"config 'x", b"").is_err());
}

proptest! {
    #[test]
    fn any_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..200), ours in prop::collection::vec(any::<u8>(), 0..50)) {
        let _ = convert(Kind::Samba4, &text, &people(), &ours, UNIX);
    }

    #[test]
    fn what_is_written_reads_back(name in "[ -~é]{0,20}", path in "/[ -~]{0,20}", users in "[ -~]{0,20}", comment in "[ -~ü]{0,30}") {
        let mut section = Section::new("share", None);
        for (option, value) in [("name", &name), ("path", &path), ("users", &users), ("comment", &comment)] {
            section.set(option, value);
        }
        let text = uci::write(&Document { sections: vec![section], ..Document::default() });
        let got = import(Kind::Ksmbd, &text, "config server\n");
        let loaded = check("", got.text.as_bytes());
        prop_assert!(!loaded.unusable && !loaded.has_errors(), "{:?} {}", loaded.mistakes, got.text);
        if let Some(share) = loaded.config.shares.first() {
            prop_assert_eq!(&share.name, &name);
        }
    }
}
