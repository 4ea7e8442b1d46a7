//! The built command, driven as a shell does.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of a test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("smolsmb-cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn config(&self, text: &str) -> &str {
        std::fs::write(self.0.join("smolsmb"), text).unwrap();
        self.path()
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smolsmb"))
        .args(arguments)
        .env_remove("SMOLSMB_PASSWORD")
        .env("SMOLSMB_LOG", "stderr")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn version_and_help_are_printed() {
    let output = run(&["--version"], "");
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (
            Some(0),
            concat!("smolsmb ", env!("CARGO_PKG_VERSION"), "\n")
        )
    );
    let output = run(&["--help"], "");
    assert_eq!(output.status.code(), Some(0));
    for verb in [
        "serve",
        "check",
        "passwd",
        "status",
        "disconnect",
        "eject",
        "import",
        "ciphers",
    ] {
        assert!(
            text(&output.stdout).contains(&format!(" {verb}"))
                || text(&output.stdout).contains(&format!("[{verb}]")),
            "{verb}"
        );
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    let table: &[&[&str]] = &[
        &["nonsense"],
        &["--nonsense"],
        &["passwd"],
        &["passwd", "alice", "secret"],
        &["passwd", "a:b"],
        &["disconnect", "x"],
        &["eject", "relative"],
        &["import", "nothing"],
        &["serve", "--listen", "x"],
        &["serve", "--share", "x"],
        &["serve", "--share", "IPC$=/tmp"],
        &["status", "--config"],
    ];
    for arguments in table {
        let output = run(arguments, "");
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stderr).starts_with("smolsmb: "),
            "{arguments:?}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn another_servers_configuration_is_shown_and_then_written() {
    let folder = Folder::new("import");
    let ours = "# mine\nconfig server 'server'\n\toption port 4451\n";
    let path = folder.config(ours).to_owned();
    let file = |name: &str| folder.0.join(name);
    std::fs::write(
        file("ksmbd"),
        "config globals\n\toption workgroup HEIM\nconfig share\n\toption name disk\n\toption path /mnt\n\toption users bob\n",
    )
    .unwrap();
    std::fs::write(file("ksmbdpwd.db"), "bob:AAECAwQFBgcICQoLDA0ODw==\n").unwrap();
    let shown = run(&["import", "ksmbd", "--config", &path], "");
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    let said = text(&shown.stdout);
    assert!(
        said.contains("option name 'disk'") && said.contains("passwords would come along: bob"),
        "{said}"
    );
    assert!(
        !said.contains("0001") && !said.contains("AAEC"),
        "a hash is shown: {said}"
    );
    assert_eq!(std::fs::read_to_string(file("smolsmb")).unwrap(), ours);
    assert!(!file("passwd").exists());
    for added in [true, false] {
        let done = run(&["import", "ksmbd", "--write", "--config", &path], "");
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        assert_eq!(text(&done.stdout).contains("option name 'disk'"), added);
    }
    let written = std::fs::read_to_string(file("smolsmb")).unwrap();
    assert!(
        written.starts_with("# mine\nconfig server 'server'\n\toption workgroup 'HEIM'\n"),
        "{written}"
    );
    assert_eq!(written.matches("config share").count(), 1);
    let passwd = std::fs::read_to_string(file("passwd")).unwrap();
    assert_eq!(
        passwd.to_lowercase(),
        "bob:000102030405060708090a0b0c0d0e0f\n"
    );
    assert_eq!(
        run(&["check", "--config", &path], "").status.code(),
        Some(0)
    );
    let absent = run(&["import", "samba4", "--config", &path], "");
    assert_eq!(absent.status.code(), Some(1));
    assert_eq!(run(&["import", "nfs"], "").status.code(), Some(2));
}

#[test]
fn check_names_each_mistake_and_prints_the_memory() {
    let folder = Folder::new("check");
    let config = folder.config(
        "config share\n\toption name 'disk'\n\toption path '/tmp'\n\toption guest 'maybe'\n\tlist read_user '*'\n\nconfig share 'late'\n\toption name 'late'\n\toption path '/nowhere/at/all'\n\toption guest 'read'\n",
    );
    let output = run(&["check", "--config", config], "");
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains(&format!(
            "{config}/smolsmb:4: share 'disk': option guest: 'maybe' is none of none, read, write\n"
        )),
        "{told}"
    );
    assert!(told.contains("share 'late': option path: '/nowhere/at/all' is not there; it is served when it comes (warning)\n"), "{told}");
    assert!(
        told.ends_with(&format!("smolsmb: 1 mistake in {config}/smolsmb\n")),
        "{told}"
    );
    assert!(
        text(&output.stdout).contains("2 shares")
            && text(&output.stdout).contains("Memory: at most"),
        "{}",
        text(&output.stdout)
    );

    let config = folder.config("config server\n\toption memory '8'\n\toption max_io '256'\n");
    let output = run(&["check", "--config", config], "");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    assert!(
        text(&output.stdout).contains("at most 8192 KiB")
            || text(&output.stdout).contains("at most 8 MiB"),
        "{}",
        text(&output.stdout)
    );

    let output = run(&["check", "--config", "/nowhere/at/all"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere/at/all/smolsmb: "));
}

#[test]
fn passwd_reads_standard_input_and_writes_a_private_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("passwd");
    let config = folder.config("config user\n\toption name 'alice'\n");
    let file = Path::new(config).join("passwd");
    let output = run(&["passwd", "alice", "--config", config], "Password\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("Password\n"));
    // [MS-NLMP] 4.2.2.1.2
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "alice:a4f49c406510bdcab6824ee7c30fd852\n"
    );
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let output = run(&["passwd", "bob", "--config", config], "x\r\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stdout).contains("option name 'bob'"),
        "the configuration does not have him"
    );

    for (name, input) in [("alice", ""), ("alice", "\n"), ("alice", "a\u{7}b\n")] {
        let output = run(&["passwd", name, "--config", config], input);
        assert_eq!(output.status.code(), Some(1), "{input:?}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);

    assert_eq!(
        run(&["passwd", "--delete", "ALICE", "--config", config], "")
            .status
            .code(),
        Some(0)
    );
    assert_eq!(
        run(&["passwd", "--delete", "alice", "--config", config], "")
            .status
            .code(),
        Some(1)
    );
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("bob:"));
}

#[test]
fn questions_without_a_server_fail_plainly() {
    let folder = Folder::new("status");
    for verb in [
        &["status"][..],
        &["status", "--json"],
        &["disconnect", "17"],
        &["eject", "/mnt"],
    ] {
        let mut arguments = verb.to_vec();
        arguments.extend(["--config", folder.path()]);
        let output = run(&arguments, "");
        assert_eq!(output.status.code(), Some(1));
        assert!(
            text(&output.stderr).contains("is it running?"),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn serve_refuses_what_it_cannot_use() {
    let folder = Folder::new("serve");
    let config = folder.config("config server\n\toption signing 'required\n");
    let output = run(&["serve", "--config", config], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("/smolsmb:2: @server[0]: the ' opened here is never closed"),
        "{}",
        text(&output.stderr)
    );
    let output = run(&["serve", "--share", "x=/nowhere/at/all"], "");
    assert_eq!(output.status.code(), Some(1));
    let config = folder.config("config server\n\toption enabled '0'\n");
    let output = run(&["serve", "--config", config], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("switched off"));
}

#[test]
fn ciphers_are_measured() {
    let output = run(&["ciphers"], "");
    assert_eq!(output.status.code(), Some(0));
    for name in ["HMAC-SHA256", "GMAC", "GCM", "CCM"] {
        assert!(
            text(&output.stdout).contains(name),
            "{name}: {}",
            text(&output.stdout)
        );
    }
}

/// `| head` closes the pipe early: no message, no panic.
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smolsmb"))
        .arg("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}
