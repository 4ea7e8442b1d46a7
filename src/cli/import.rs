//! `smolsmb import`.

use super::Failure;

/// An existing configuration as ours; not built yet, and says so.
pub fn run(from: &str) -> Result<(), Failure> {
    match from {
        "ksmbd" | "samba4" => Err(Failure::Failed(format!(
            "import {from} is not built yet; docs/config.md has the options to write by hand"
        ))),
        other => Err(Failure::Usage(format!(
            "import '{other}': it is neither ksmbd nor samba4"
        ))),
    }
}
