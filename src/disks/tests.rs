//! Shares on disks that come and go.

use super::*;

fn mount(id: u32, device: &str, point: &str, source: &str) -> Mount {
    Mount {
        id,
        device: device.into(),
        point: point.into(),
        filesystem: "ext4".into(),
        source: source.into(),
        ..Mount::default()
    }
}

fn root() -> Mount {
    mount(1, "254:0", "/", "/dev/root")
}

fn config(text: &str) -> Config {
    let loaded = crate::config::check("test", text.as_bytes());
    assert!(!loaded.has_errors(), "{:?}", loaded.mistakes);
    loaded.config
}

fn identify(device: &str) -> Identity {
    match device {
        "/dev/sda1" => Identity {
            label: "Fotos".into(),
            uuid: "abcd-0001".into(),
        },
        _ => Identity::default(),
    }
}

/// What is seen of each share: name, path, where it is.
fn seen(placed: &[Placed]) -> Vec<(&str, &str, Result<u32, &'static str>)> {
    placed
        .iter()
        .map(|one| (one.share.name.as_str(), one.path.to_str().unwrap(), one.on))
        .collect()
}

#[test]
fn a_share_is_absent_while_its_disk_is() {
    let config = config(
        "config share\noption name a\noption path /mnt/nowhere-a\n\
         config share\noption name u\noption uuid ABCD-0001\noption path /sub\n",
    );
    let mut disks = Disks::default();
    let with = [root(), mount(7, "8:1", "/mnt/nowhere-a", "/dev/sda1")];
    let (placed, found) = disks.look(&config, &with, &identify);
    assert_eq!(
        seen(&placed),
        [
            ("a", "/mnt/nowhere-a", Ok(7)),
            ("u", "/mnt/nowhere-a/sub", Ok(7))
        ]
    );
    assert_eq!((found[0].share.as_str(), found[0].offered), ("a", false));
    let (placed, found) = disks.look(&config, &[root()], &identify);
    assert_eq!(
        seen(&placed),
        [
            ("a", "/mnt/nowhere-a", Err("its disk is not mounted")),
            ("u", "/sub", Err("no mounted disk has this UUID")),
        ]
    );
    assert!(found.is_empty());
    // It comes back elsewhere.
    let (placed, _) = disks.look(
        &config,
        &[root(), mount(9, "8:17", "/mnt/b", "/dev/sda1")],
        &identify,
    );
    assert_eq!(seen(&placed)[1], ("u", "/mnt/b/sub", Ok(9)));
}

#[test]
fn an_ejected_disk_is_absent_until_it_is_mounted_anew() {
    let config = config("config share\noption name a\noption path /mnt/nowhere-a/x\n");
    let mut disks = Disks::default();
    let with = [root(), mount(7, "8:1", "/mnt/nowhere-a", "/dev/sda1")];
    assert!(disks.holders(Path::new("/mnt"), &with).is_err());
    assert!(disks.holders(Path::new("/"), &with).is_err());
    let ejected = disks.holders(Path::new("/mnt/nowhere-a"), &with).unwrap();
    disks.give_up(&ejected);
    assert_eq!(ejected[0].id, 7);
    for _ in 0..2 {
        let (placed, found) = disks.look(&config, &with, &identify);
        assert_eq!(placed[0].on, Err("its disk was ejected"));
        assert!(found[0].ejected && !found[0].offered);
    }
    disks.look(&config, &[root()], &identify);
    let (placed, found) = disks.look(&config, &with, &identify);
    assert_eq!((placed[0].on, found[0].ejected), (Ok(7), false));
}

#[test]
fn disks_are_shared_as_the_policy_says_and_no_disk_twice() {
    let stick = [
        root(),
        mount(7, "8:1", "/mnt/sda1", "/dev/sda1"),
        mount(8, "8:1", "/mnt/again", "/dev/sda1"),
        mount(9, "8:2", "/mnt/sdb1", "/dev/sdb1"),
        mount(10, "0:5", "/mnt/tmp", "tmpfs"),
        mount(11, "254:1", "/overlay", "/dev/mtdblock5"),
    ];
    let names = |text: &str| {
        let config = config(text);
        let (placed, disks) = Disks::default().look(&config, &stick, &identify);
        let shares: Vec<_> = placed
            .iter()
            .map(|one| {
                format!(
                    "{}:{:?}:{}",
                    one.share.name,
                    one.share.access(Some("x")),
                    one.automatic
                )
            })
            .collect();
        let offers: Vec<_> = disks.iter().map(|disk| disk.offered).collect();
        (shares.join(" "), offers)
    };
    assert_eq!(
        names("config server\n"),
        (String::new(), vec![false, false])
    );
    let policy = |policy: &str, more: &str| {
        names(&format!(
            "config server\noption auto_share {policy}\n{more}"
        ))
    };
    assert_eq!(policy("ask", ""), (String::new(), vec![true, true]));
    assert_eq!(policy("read", "").0, "Fotos:Read:true sdb1:Read:true");
    assert_eq!(policy("write", "").0, "Fotos:Write:true sdb1:Write:true");
    // A share of the owner's own is his word on the disk, even when it is switched off.
    for own in [
        "config share\noption name mine\noption path /mnt/sda1/sub\noption enabled 0\n",
        "config share\noption name mine\noption uuid abcd-0001\noption enabled 0\n",
    ] {
        assert_eq!(policy("write", own).0, "sdb1:Write:true", "{own}");
    }
    let other = "config share\noption name FOTOS\noption path /\noption enabled 0\n";
    assert_eq!(policy("read", other).0, "Fotos 2:Read:true sdb1:Read:true");
}
