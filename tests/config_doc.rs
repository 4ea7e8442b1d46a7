//! docs/config.md and files/smolsmb.config tell what the program does, option by option.

use smolsmb::config::options::{SERVER, SHARE, Spec, USER, Wrong};
use smolsmb::config::{Config, ServerConfig, check};

const PAGE: &str = include_str!("../docs/config.md");

/// The rows of the table below a heading: cells without blanks around.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let section = PAGE
        .split(&format!("\n## `{heading}`\n"))
        .nth(1)
        .expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &str| {
        line.replace("\\|", "\u{1}")
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_string())
            .collect()
    };
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(cells)
        .collect()
}

fn compare<T>(heading: &str, table: &[Spec<T>]) {
    let rows = rows(heading);
    let names: Vec<_> = rows
        .iter()
        .map(|row| row[0].trim_end_matches(" *").trim_matches('`').to_string())
        .collect();
    assert_eq!(
        names,
        table.iter().map(|spec| spec.name).collect::<Vec<_>>(),
        "{heading}"
    );
    for (row, spec) in rows.iter().zip(table) {
        assert_eq!(row.len(), 5, "{heading} {}", spec.name);
        assert_eq!(
            row[1].trim_matches('`'),
            spec.default,
            "{heading} {}: default",
            spec.name
        );
        assert_eq!(
            row[2].starts_with("list"),
            spec.list,
            "{heading} {}: list",
            spec.name
        );
        assert!(!row[3].is_empty(), "{heading} {}: meaning", spec.name);
        let cost = match spec.wrong {
            Wrong::Default => row[4].starts_with("default") || row[4].starts_with("passed over"),
            Wrong::Closed(_, words) => {
                words.contains(row[4].trim_matches('`'))
                    || row[4] == "off"
                    || row[4] == "not listed"
            }
            Wrong::Drop => row[4] == "left out",
        };
        assert!(
            cost,
            "{heading} {}: wrong value costs {}",
            spec.name, row[4]
        );
    }
}

#[test]
fn the_page_has_every_option_and_no_other() {
    compare("config server", SERVER);
    compare("config user", USER);
    compare("config share", SHARE);
}

#[test]
fn what_holds_only_after_a_restart_is_marked() {
    use smolsmb::config::reload::difference;
    for row in rows("config server") {
        let name = row[0].trim_end_matches(" *").trim_matches('`').to_string();
        let marked = row[0].ends_with('*');
        // A value that is accepted and is not the default.
        let other = ["0", "x", "512", "debug", "3.0", "required", "5", "ask"]
            .iter()
            .find_map(|value| {
                let loaded = check(
                    "test",
                    format!("config server\n\toption {name} '{value}'\n").as_bytes(),
                );
                let changed = loaded.config.server != ServerConfig::default();
                (changed && loaded.mistakes.is_empty()).then_some(loaded.config)
            });
        let change = difference(&Config::default(), &other.expect(&name));
        let restart = change.server_restart.contains(&name.as_str());
        assert!(
            restart || change.server_live.contains(&name.as_str()),
            "{name}"
        );
        assert_eq!(marked, restart, "{name}");
    }
}

#[test]
fn the_installed_file_shares_nothing_and_listens_on_lan_only() {
    let loaded = check("smolsmb.config", include_bytes!("../files/smolsmb.config"));
    assert_eq!(loaded.mistakes, []);
    let server = ServerConfig {
        network: vec!["lan".into()],
        ..ServerConfig::default()
    };
    assert_eq!(
        loaded.config,
        Config {
            server,
            ..Config::default()
        }
    );
}

/// What stands there as a comment must work once the `#` is taken away.
#[test]
fn the_installed_files_examples_are_right() {
    let text = include_str!("../files/smolsmb.config");
    let opened: String = text
        .lines()
        .map(|line| {
            let code = line.trim_start();
            let example = ["#config ", "#option ", "#list ", "#\toption ", "#\tlist "]
                .iter()
                .any(|start| code.starts_with(start));
            format!(
                "{}\n",
                if example {
                    code.trim_start_matches('#')
                } else {
                    line
                }
            )
        })
        .collect();
    let loaded = check("smolsmb.config", opened.as_bytes());
    assert_eq!(loaded.mistakes, [], "{opened}");
    assert_eq!(
        (loaded.config.users.len(), loaded.config.shares.len()),
        (1, 1)
    );
    assert_eq!(loaded.config.server.name, "router");
}
