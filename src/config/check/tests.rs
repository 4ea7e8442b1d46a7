use super::*;
use crate::config::{Access, Dialect, Encryption, Signing, options};
use proptest::prelude::*;

fn load(text: &str) -> Loaded {
    check("/etc/config/smolsmb", text.as_bytes())
}

const GOOD: &str =
    "config share\n\toption name 'disk'\n\toption path '/mnt/sda1'\n\tlist write_user '*'\n";

/// The example of the product's page, read whole.
#[test]
fn every_option_is_read() {
    let text = "
config server 'server'
	option enabled '1'
	option name 'box'
	option description 'Disks'
	option workgroup 'HOME'
	list   network 'lan'
	list   network 'guest'
	option port '4450'
	option min_dialect '2.1'
	option max_dialect '3.0.2'
	option signing 'required'
	option encryption 'off'
	option memory '8'
	option max_io '256'
	option max_connections '10'
	option max_open_files '100'
	option idle_timeout '5'
	option log_level 'debug'
	option discovery '0'

config user
	option name 'alice'
	option nt_hash '8846F7EAEE8FB117AD06BDD830B7586C'
	option unix_user 'nobody'
	option enabled '1'

config share
	option name 'Größe 磁盘'
	option path '/mnt/sda1'
	option uuid '1A2B-3C4D'
	option comment 'it'\\''s'
	option enabled '1'
	option browseable '0'
	option read_only '1'
	option guest 'read'
	list   write_user 'alice'
	list   read_user '*'
	option encryption 'required'
	option create_mask '0600'
	option dir_mask '700'
	option force_user 'root'
	option hide_dot_files '0'
	list   veto '.DS_Store'
	list   veto 'Thumbs.db'
	option time_machine '1'
	option time_machine_size '500'
	option recycle '1'
	option snapshots '.snapshots'
";
    let loaded = load(text);
    assert_eq!(loaded.mistakes, []);
    let (server, user, share) = (
        &loaded.config.server,
        &loaded.config.users[0],
        &loaded.config.shares[0],
    );
    assert_eq!(
        (
            server.name.as_str(),
            server.port,
            server.min_dialect,
            server.max_dialect
        ),
        ("box", 4450, Dialect::Smb21, Dialect::Smb302)
    );
    assert_eq!(
        (
            server.signing,
            server.encryption,
            server.memory,
            server.max_io
        ),
        (Signing::Required, Encryption::Off, Some(8), Some(256))
    );
    assert_eq!(server.network, ["lan", "guest"]);
    assert!(user.nt_hash.is_some_and(|h| h.0[0] == 0x88) && user.unix_user == "nobody");
    assert_eq!(
        (
            share.name.as_str(),
            share.comment.as_str(),
            share.create_mask,
            share.dir_mask
        ),
        ("Größe 磁盘", "it's", 0o600, 0o700)
    );
    assert_eq!(
        (
            share.guest,
            share.read_only,
            share.encryption_required,
            share.time_machine_size
        ),
        (Access::Read, true, true, Some(500))
    );
    assert!(
        share.read_user.everyone && share.write_user.names == ["alice"] && share.veto.len() == 2
    );
}

#[test]
fn a_mistake_names_file_line_section_option_and_reason() {
    let loaded = load(
        "config share\n\toption name 'disk'\n\toption path '/x'\n\n\toption guest 'maybe'\n\tlist read_user '*'\n",
    );
    assert_eq!(
        loaded
            .mistakes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["/etc/config/smolsmb:5: share 'disk': option guest: 'maybe' is none of none, read, write"]
    );
    assert_eq!(loaded.config.shares[0].guest, Access::None);
}

/// Each line is added to a good share: what is told, and whether the share is still there.
#[test]
fn a_wrong_value_in_a_share_never_opens_it() {
    let table = [
        (
            "option read_only 'perhaps'",
            "is neither 0 nor 1; it is read-only",
            true,
        ),
        (
            "option encryption 'on'",
            "is neither empty nor required; encryption is required",
            true,
        ),
        (
            "option create_mask '999'",
            "is no octal number from 0 to 0777; 0600 is used",
            true,
        ),
        ("option browseable 'x'", "; it is not listed", true),
        ("option guest 'Read'", "is none of none, read, write", true),
        ("option enabled 'x'", "; the section is left out", false),
        ("option path '/mnt/../etc'", "holds ..", false),
        ("option path 'mnt'", "does not begin with /", false),
        ("option name 'IPC$'", "is reserved", false),
        (
            "option force_user 'a b'",
            "is no name that /etc/passwd could hold",
            false,
        ),
        ("list veto 'a/b'", "holds the forbidden character /", false),
        ("list write_user 'a:b'", "holds a colon", true),
        ("option comment 'a\n\tb'", "a missing quote?", true),
        ("option comment 'a' b", "too many words", false),
        ("option nonsense '1'", "is not known", true),
        (
            "option read_only '0'\n\toption read_only '1'",
            "given more than once",
            true,
        ),
        ("list guest 'none'\n\tlist guest 'read'", "is no list", true),
        (
            "list read_user 'nobody-here'",
            "is no user of this server",
            true,
        ),
        ("option time_machine_size '5'", "no meaning", true),
    ];
    for (line, reason, kept) in table {
        let loaded = load(&format!(
            "{GOOD}\t{line}\n\nconfig share\n\toption name 'other'\n\toption path '/b'\n\toption guest 'read'\n"
        ));
        assert!(
            loaded.mistakes.iter().any(|m| m.reason.contains(reason)),
            "{line}: {:?}",
            loaded.mistakes
        );
        let names: Vec<_> = loaded
            .config
            .shares
            .iter()
            .map(|s| s.name.as_str())
            .collect();
        assert_eq!(
            names,
            if kept {
                vec!["disk", "other"]
            } else {
                vec!["other"]
            },
            "{line}"
        );
    }
}

#[test]
fn a_wrong_value_for_the_server_closes_rather_than_opens() {
    let server = |line: &str| {
        let loaded = load(&format!("config server\n\t{line}\n"));
        assert_eq!(
            loaded
                .mistakes
                .iter()
                .filter(|m| m.severity == Severity::Error)
                .count(),
            1,
            "{line}"
        );
        assert!(!loaded.unusable);
        loaded.config.server
    };
    assert_eq!(server("option signing 'off'").signing, Signing::Required);
    assert_eq!(
        server("option encryption 'on'").encryption,
        Encryption::Required
    );
    assert_eq!(
        server("option min_dialect '3'").min_dialect,
        Dialect::Smb311
    );
    assert_eq!(server("list network 'l/n'").network, ["lan"]);
    assert!(!server("option enabled 'x'").enabled);
    assert!(!server("option discovery 'x'").discovery);
    assert_eq!(server("option port '70000'").port, 445);
    assert_eq!(server("option max_io '100'").max_io, None);
    let both = server("option max_dialect '2.1'\n\toption min_dialect '3.0'");
    assert_eq!(
        (both.min_dialect, both.max_dialect),
        (Dialect::Smb30, Dialect::Smb30)
    );
}

#[test]
fn sections_given_twice_or_halfway_are_told() {
    let table = [
        ("config share\n\toption path '/a'", "name: is missing"),
        ("config share\n\toption name 'x'", "path: is missing"),
        (
            "config user\n\toption name 'a'\nconfig user\n\toption name 'A'",
            "given twice",
        ),
        (
            "config server\nconfig server\n\toption port '1'",
            "a second server section",
        ),
        (
            "config sambashare\n\toption name 'x'",
            "none of server, user, share",
        ),
        (
            "config share\n\toption name 'x'\n\toption path '/a'",
            "nobody can open it",
        ),
        (
            "config server\n\toption encryption 'required'\n\toption max_dialect '2.1'",
            "nobody can connect",
        ),
        (
            "config user\n\toption nt_hash '0'\n\toption name 'a'",
            "the section is left out",
        ),
    ];
    for (text, reason) in table {
        let loaded = load(text);
        assert!(
            loaded
                .mistakes
                .iter()
                .any(|m| m.to_string().contains(reason)),
            "{text}: {:?}",
            loaded.mistakes
        );
    }
    let twice = load(&format!(
        "{GOOD}{}",
        GOOD.replace("disk", "DISK").replace("sda1", "sdb1")
    ));
    assert_eq!(twice.config.shares.len(), 1);
    assert!(twice.config.shares[0].path.ends_with("sda1"));
}

#[test]
fn a_server_section_that_cannot_be_read_is_not_used() {
    assert!(load("config server\n\toption signing 'required' x\n").unusable);
    assert!(check("x", &vec![b'\n'; uci::FILE_LIMIT + 1]).unusable);
    assert!(!load("config share\n\toption name 'x' y\n").unusable);
    assert!(load("config share\n\toption name 'disk'\nconfig nonsense 'x\n").unusable);
    assert!(!load("").unusable);
}

/// Loading the defaults as written must give the defaults as coded.
#[test]
fn the_tables_defaults_are_the_structs_defaults() {
    fn filled<T: Default>(table: &[Spec<T>]) -> T {
        let mut out = T::default();
        for spec in table.iter().filter(|s| !s.default.is_empty()) {
            (spec.set)(&mut out, spec.default).unwrap();
        }
        out
    }
    assert_eq!(filled(options::SERVER), ServerConfig::default());
    assert_eq!(filled(options::USER), User::default());
    assert_eq!(filled(options::SHARE), Share::default());
}

proptest! {
    #[test]
    fn any_values_are_told_or_taken(values in prop::collection::vec((0usize..60, "[^\0]{0,30}"), 0..20)) {
        let names: Vec<_> = options::SERVER.iter().map(|s| s.name).chain(options::SHARE.iter().map(|s| s.name)).collect();
        for kind in ["server", "user", "share"] {
            let mut section = Section::new(kind, None);
            for (name, value) in &values {
                section.add(names[name % names.len()], value);
            }
            let text = uci::write(&Document { package: None, sections: vec![section], cut: false });
            for mistake in load(&text).mistakes {
                prop_assert!(!mistake.to_string().contains('\n'), "one line each: {mistake}");
            }
        }
    }
}
