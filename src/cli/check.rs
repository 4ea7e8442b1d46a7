//! `smolsmb check`.

use super::{Failure, connect, place, say};
use smolsmb::config::{Access, Config, Mistake, Severity, load, surroundings};
use smolsmb::control::{Table, bytes};
use std::io::Write;
use std::path::PathBuf;

/// Prints the configuration's mistakes and where the memory goes; fails if a mistake is more than a warning.
pub fn run(config: Option<PathBuf>) -> Result<(), Failure> {
    let place = place(config);
    let file = place.uci.display().to_string();
    let loaded = load(&place).map_err(|error| Failure::Failed(format!("{file}: {error}")))?;
    let mut errors = 0u32;
    for mistake in loaded
        .mistakes
        .iter()
        .chain(&surroundings::look(&loaded.config, &file))
    {
        errors = errors.saturating_add(u32::from(mistake.severity == Severity::Error));
        // To standard error, so that the table can be taken alone.
        let _ = std::io::stderr().write_all(format!("{}\n", worded(mistake)).as_bytes());
    }
    let mut out = summary(&loaded.config);
    memory(&mut out, &loaded.config);
    say(&out)?;
    match errors {
        0 => Ok(()),
        1 => Err(Failure::Failed(format!("1 mistake in {file}"))),
        n => Err(Failure::Failed(format!("{n} mistakes in {file}"))),
    }
}

/// The mistake with how bad it is.
pub fn worded(mistake: &Mistake) -> String {
    match mistake.severity {
        Severity::Error => mistake.to_string(),
        Severity::Warning => format!("{mistake} (warning)"),
    }
}

fn summary(config: &Config) -> String {
    let mut out = String::new();
    let users = config
        .users
        .iter()
        .filter(|u| u.enabled && u.nt_hash.is_some())
        .count();
    let shares: Vec<_> = config.shares.iter().filter(|s| s.enabled).collect();
    out.push_str(&format!(
        "{} shares, {users} users that can log in\n",
        shares.len()
    ));
    if shares.is_empty() {
        return out;
    }
    let mut table = Table::new(&["share", "folder", "guests", "writers", "readers"]);
    for share in shares {
        let list = |names: &smolsmb::config::Names| match (names.everyone, names.names.is_empty()) {
            (true, _) => "every user".to_string(),
            (false, true) => "-".into(),
            (false, false) => names.names.join(", "),
        };
        let folder = if share.uuid.is_empty() {
            share.path.display().to_string()
        } else {
            format!("{} on {}", share.path.display(), share.uuid)
        };
        let writers = if share.read_only {
            "- (read-only)".into()
        } else {
            list(&share.write_user)
        };
        table.row(vec![
            share.name.clone(),
            folder,
            match share.access(None) {
                Access::None => "none",
                Access::Read => "read",
                Access::Write => "write",
            }
            .into(),
            writers,
            list(&share.read_user),
        ]);
    }
    table.write(&mut out);
    out
}

fn memory(out: &mut String, config: &Config) {
    let budget = connect::budget(&config.server);
    out.push_str(&format!(
        "\nMemory: at most {} of this machine's {}; reads and writes of up to {}\n",
        bytes(budget.ceiling),
        bytes(connect::ram()),
        bytes(budget.max_io.into())
    ));
    let mut table = Table::new(&["what", ">number", ">bytes each", ">in all"]);
    let mut sum = 0u64;
    for holder in connect::holders(&budget) {
        sum = sum.saturating_add(holder.total());
        let known = |text: String| if holder.each == 0 { "-".into() } else { text };
        table.row(vec![
            holder.name.into(),
            holder.count.to_string(),
            known(holder.each.to_string()),
            known(bytes(holder.total())),
        ]);
    }
    table.row(vec![
        "in all".into(),
        String::new(),
        String::new(),
        bytes(sum),
    ]);
    table.write(out);
}
