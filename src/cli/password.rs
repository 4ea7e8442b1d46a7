//! Passwords in: from a terminal without showing them, from standard input, or made up.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Read, Write};

/// The longest password in bytes; Windows takes 127 characters.
const LIMIT: usize = 512;

/// Asks on the terminal, twice, or reads one line of standard input.
pub fn ask(name: &str) -> Result<String, String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return match line()? {
            Some(password) => checked(password),
            None => Err("standard input holds no password".into()),
        };
    }
    let password = checked(hidden(&format!("New password for {name}: "))?)?;
    if hidden("Once more: ")? != password {
        return Err("the two are not the same, nothing was changed".into());
    }
    Ok(password)
}

/// One line of standard input without its end; `None` at the end of the input.
pub fn line() -> Result<Option<String>, String> {
    let mut bytes = Vec::new();
    let mut stdin = io::stdin().lock();
    let mut byte = [0];
    loop {
        match stdin.read(&mut byte) {
            Ok(0) if bytes.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(_) if byte == [b'\n'] => break,
            Ok(_) if bytes.len() >= LIMIT => {
                return Err(format!("the password is longer than {LIMIT} bytes"));
            }
            Ok(_) => bytes.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| "the password is no UTF-8".into())
}

fn checked(password: String) -> Result<String, String> {
    if password.is_empty() {
        return Err("an empty password is no password, nothing was changed".into());
    }
    if password.chars().any(char::is_control) {
        return Err("the password holds a control character, nothing was changed".into());
    }
    Ok(password)
}

/// The terminal's settings, put back however this ends.
struct Quiet(Termios);

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nothing more can be done if the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Prompts and reads a line that is not shown. Signals are off meanwhile, or Ctrl-C would leave the terminal mute.
fn hidden(prompt: &str) -> Result<String, String> {
    let before = tcgetattr(io::stdin()).map_err(|error| error.to_string())?;
    let mut quiet = before.clone();
    quiet
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    let mut err = io::stderr();
    let _ = err.write_all(prompt.as_bytes());
    let guard = Quiet(before);
    tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).map_err(|error| error.to_string())?;
    let typed = keys();
    drop(guard);
    let _ = err.write_all(b"\n");
    typed
}

/// Keys up to Enter; Backspace takes one back, Ctrl-C and Ctrl-D give up.
fn keys() -> Result<String, String> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut stdin = io::stdin().lock();
    loop {
        let mut key = [0];
        match stdin.read(&mut key) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => return Err("the terminal is gone".into()),
        }
        match key[0] {
            b'\n' | b'\r' => {
                return String::from_utf8(bytes).map_err(|_| "the password is no UTF-8".into());
            }
            3 | 4 => return Err("given up, nothing was changed".into()),
            8 | 127 => {
                // A whole character: its first byte is no continuation.
                while bytes.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            // Ctrl-U: from the start.
            21 => bytes.clear(),
            _ if bytes.len() >= LIMIT => {
                return Err(format!("the password is longer than {LIMIT} bytes"));
            }
            byte => bytes.push(byte),
        }
    }
}

/// Without characters that look alike; 32 of them, so that each takes five bits.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A password of 80 random bits, in groups that can be read out.
pub fn made_up() -> Result<String, String> {
    let mut random = [0u8; 16];
    let mut filled = 0;
    while let Some(rest) = random.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())
            .map_err(|error| error.to_string())?;
    }
    let letter = |byte: &u8| {
        LETTERS
            .get(usize::from(byte % 32))
            .map_or('x', |&l| char::from(l))
    };
    let groups: Vec<String> = random
        .chunks(4)
        .map(|group| group.iter().map(letter).collect())
        .collect();
    Ok(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_passwords_differ_and_need_no_quoting() {
        let (a, b) = (made_up().unwrap(), made_up().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 19);
        assert!(a.bytes().all(|c| c == b'-' || LETTERS.contains(&c)));
    }

    #[test]
    fn what_is_no_password_is_refused() {
        assert!(checked(String::new()).is_err());
        assert!(checked("a\u{7}".into()).is_err());
        assert!(checked("pass wörd 🦀".into()).is_ok());
    }
}
