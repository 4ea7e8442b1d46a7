//! `smolsmb passwd`.

use super::{Failure, connect, password, place, say};
use smolsmb::config::{load, passwd, printable};
use std::path::PathBuf;

/// Sets, or deletes, the password of a user in the database.
pub fn run(name: &str, config: Option<PathBuf>, delete: bool) -> Result<(), Failure> {
    passwd::valid_name(name)
        .map_err(|reason| Failure::Usage(format!("the name '{}' {reason}", printable(name))))?;
    let place = place(config);
    let file = &place.passwd;
    if delete {
        if !passwd::update(file, |database| database.remove(name))
            .map_err(|error| told(file, error))?
        {
            return Err(Failure::Failed(format!(
                "{} has no user '{name}'",
                file.display()
            )));
        }
        return say(&format!("'{name}' is removed from {}\n", file.display()));
    }
    let hash = connect::nt_hash(&password::ask(name).map_err(Failure::Failed)?);
    passwd::update(file, |database| database.set(name, hash)).map_err(|error| told(file, error))?;
    say(&format!(
        "The password of '{name}' is set in {}\n",
        file.display()
    ))?;
    // The database alone makes nobody a user.
    if let Ok(loaded) = load(&place) {
        match loaded
            .config
            .users
            .iter()
            .find(|u| smolsmb::config::same_name(&u.name, name))
        {
            Some(user) if user.nt_hash != Some(hash) => {
                say("But option nt_hash of the configuration has another one, which holds.\n")?
            }
            Some(_) => say("A running server takes it over on reload (SIGHUP).\n")?,
            None => say(&format!(
                "It counts once {} has the user:\n\n\tconfig user\n\t\toption name {}\n",
                place.uci.display(),
                smolsmb::config::uci::quote(name)
            ))?,
        }
    }
    Ok(())
}

fn told(file: &std::path::Path, error: std::io::Error) -> Failure {
    let text = error.to_string();
    let file = file.display().to_string();
    Failure::Failed(if text.starts_with(&file) {
        text
    } else {
        format!("{file}: {text}")
    })
}
