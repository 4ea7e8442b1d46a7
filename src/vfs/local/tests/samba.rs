//! What Samba's streams_xattr and "store dos attributes" keep on disk, byte for byte (written by smbd 4.17).

use super::*;
use crate::vfs::conformance::NOW;
use std::process::Command;

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The attribute as `getfattr` prints it; `None` where there is no such program.
fn attribute(path: &Path, name: &str) -> Option<String> {
    let text = run(
        "getfattr",
        &["-n", name, "-e", "hex", "--absolute-names", path.to_str()?],
    )?;
    text.lines()
        .find_map(|line| line.split_once('=').map(|(_, value)| value.to_owned()))
}

#[test]
fn what_samba_wrote_is_served() {
    let (mut b, scratch) = on("/tmp", "samba", false);
    let path = scratch.path().join("h.txt");
    std::fs::write(&path, "hello\n").unwrap();
    for (name, value) in [
        (
            "user.DOSATTRIB",
            "0x000005000500000011000000230000007b2a57144a7bdd01",
        ),
        ("user.DosStream.Stream1:$DATA", "0x68656c6c6f0a00"),
    ] {
        if run(
            "setfattr",
            &["-n", name, "-v", value, path.to_str().unwrap()],
        )
        .is_none()
        {
            return;
        }
    }
    let (_, meta) = b.find("H.TXT").unwrap();
    assert_eq!(
        (meta.attributes, meta.creation),
        (0x23, 0x01dd_7b4a_1457_2a7b)
    );
    assert_eq!(b.content("h.txt:stream1"), b"hello\n");
    assert_eq!(meta.ea_size, 0);
}

#[test]
fn what_is_served_is_what_samba_writes() {
    let (mut b, scratch) = on("/tmp", "samba", false);
    b.write("f", b"");
    b.write("f:Stream1", b"hello\n");
    let mut file = b.open("f");
    b.vfs
        .set_times(
            &mut file,
            &Times {
                creation: Some(0x01dd_7b4a_1457_2a7b),
                ..Times::default()
            },
        )
        .unwrap();
    b.vfs.set_attributes(&mut file, 0x23).unwrap();
    let path = scratch.path().join("f");
    let Some(value) = attribute(&path, "user.DOSATTRIB") else {
        return;
    };
    assert_eq!(value, "0x000005000500000011000000230000007b2a57144a7bdd01");
    assert_eq!(
        attribute(&path, "user.DosStream.Stream1:$DATA").unwrap(),
        "0x68656c6c6f0a00"
    );
    let (mut d, _) = b.make_directory("d").unwrap();
    b.vfs
        .set_times(
            &mut d,
            &Times {
                creation: Some(NOW),
                ..Times::default()
            },
        )
        .unwrap();
    b.vfs.set_attributes(&mut d, 0x2).unwrap();
    let value = attribute(&scratch.path().join("d"), "user.DOSATTRIB").unwrap();
    assert!(
        value.starts_with("0x0000050005000000110000001200000000"),
        "{value}"
    );
}
