//! Disks that come and go: which are mounted, what they are called, and which shares they carry.
//!
//! [`mounts`] reads what the kernel has mounted, [`superblock`] the label and UUID of a file system, and [`Disks`]
//! puts the configured shares onto them. A share whose disk is absent has no place, and nothing else takes its place:
//! not the empty folder the disk is mounted on, which would fill the router's own flash.
#![forbid(unsafe_code)]

pub mod mounts;
pub mod superblock;

use crate::config::{AutoShare, Config, Names, Share, same_name};
use mounts::Mount;
use std::path::{Component, Path, PathBuf};
use superblock::Identity;

/// Where disks are mounted that come and go.
const PLACES: &[&str] = &["/mnt", "/media", "/run/media", "/tmp/run", "/tmp/mnt"];
/// File systems that are parts of the router, not disks.
const INTERNAL: &[&str] = &["squashfs", "overlay", "erofs", "jffs2", "ubifs"];

/// A share, and where its folder is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The share, as configured.
    pub share: Share,
    /// Its folder; of a share on a disk that is absent, as far as it is known.
    pub path: PathBuf,
    /// The mount that the folder is on, or why it is on none.
    pub on: Result<u32, &'static str>,
    /// Made for a disk that is here now.
    pub automatic: bool,
}

/// A mounted disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Its mount.
    pub mount: Mount,
    /// Its label and UUID.
    pub identity: Identity,
    /// It was ejected and waits to be unmounted.
    pub ejected: bool,
    /// The share on it, by name; empty: none.
    pub share: String,
    /// To be offered for sharing.
    pub offered: bool,
}

/// What is remembered of disks from one look to the next.
#[derive(Default)]
pub struct Disks {
    /// Labels and UUIDs by mount.
    known: Vec<(u32, String, Identity)>,
    /// Mounts that were ejected.
    ejected: Vec<(u32, PathBuf)>,
    /// Where folders were mounted when they were last there.
    seen: Vec<(PathBuf, PathBuf)>,
}

impl Disks {
    /// Puts the shares onto what is mounted. `identify` reads a device's label and UUID.
    pub fn look(
        &mut self,
        config: &Config,
        mounts: &[Mount],
        identify: &dyn Fn(&str) -> Identity,
    ) -> (Vec<Placed>, Vec<Disk>) {
        let there = |id: u32, point: &Path| mounts.iter().any(|m| m.id == id && m.point == point);
        self.ejected.retain(|(id, point)| there(*id, point));
        self.known
            .retain(|(id, source, _)| mounts.iter().any(|m| m.id == *id && m.source == *source));
        let mut disks: Vec<Disk> = Vec::new();
        for mount in mounts.iter().filter(|mount| is_disk(mount)) {
            // A second mount of the same disk is no second disk.
            if disks.iter().any(|disk| disk.mount.device == mount.device) {
                continue;
            }
            let known = self.known.iter().find(|(id, ..)| *id == mount.id);
            let identity = match known {
                Some((.., identity)) => identity.clone(),
                None => {
                    let identity = identify(&mount.source);
                    self.known
                        .push((mount.id, mount.source.clone(), identity.clone()));
                    identity
                }
            };
            disks.push(Disk {
                ejected: self.is_ejected(mount),
                mount: mount.clone(),
                identity,
                share: String::new(),
                offered: false,
            });
        }
        let mut placed: Vec<Placed> = config
            .shares
            .iter()
            .filter(|share| share.enabled)
            .map(|share| self.place(share, mounts, &disks))
            .collect();
        for disk in &mut disks {
            let on = |one: &&Placed| match one.on {
                Ok(id) => mounts
                    .iter()
                    .any(|m| m.id == id && m.device == disk.mount.device),
                Err(_) => concerns(&one.share, disk),
            };
            if let Some(one) = placed.iter().find(on) {
                disk.share = one.share.name.clone();
                continue;
            }
            // One that is switched off is the owner's word on this disk, too.
            if disk.ejected || config.shares.iter().any(|share| concerns(share, disk)) {
                continue;
            }
            disk.offered = config.server.auto_share == AutoShare::Ask;
            if let Some(share) = automatic(config.server.auto_share, disk, &placed, config) {
                disk.share = share.name.clone();
                placed.push(Placed {
                    path: share.path.clone(),
                    share,
                    on: Ok(disk.mount.id),
                    automatic: true,
                });
            }
        }
        (placed, disks)
    }

    /// Every mount of the disk that is mounted on `path`, or holds it. An error says why it cannot be ejected.
    pub fn holders(&self, path: &Path, mounts: &[Mount]) -> Result<Vec<Mount>, String> {
        let mount = mounts::holding(mounts, path)
            .filter(|mount| may_go(mount))
            .ok_or_else(|| format!("{} is on no disk that is mounted", path.display()))?;
        // What is mounted within must go first, wherever it comes from.
        let gone = |m: &&Mount| m.device == mount.device || m.point.starts_with(&mount.point);
        let mut all = vec![mount.clone()];
        all.extend(mounts.iter().filter(gone).filter(|m| *m != mount).cloned());
        Ok(all)
    }

    /// These mounts were ejected: until they are gone, nothing is served on them.
    pub fn give_up(&mut self, disk: &[Mount]) {
        for mount in disk {
            if !self.is_ejected(mount) {
                self.ejected.push((mount.id, mount.point.clone()));
            }
        }
    }

    fn is_ejected(&self, mount: &Mount) -> bool {
        let same = |(id, point): &(u32, PathBuf)| *id == mount.id && *point == mount.point;
        self.ejected.iter().any(same)
    }

    fn place(&mut self, share: &Share, mounts: &[Mount], disks: &[Disk]) -> Placed {
        let placed = |path: PathBuf, on| Placed {
            share: share.clone(),
            path,
            on,
            automatic: false,
        };
        if !share.uuid.is_empty() {
            let same = |disk: &&Disk| disk.identity.uuid.eq_ignore_ascii_case(&share.uuid);
            let Some(disk) = disks.iter().find(same) else {
                return placed(share.path.clone(), Err("no mounted disk has this UUID"));
            };
            let below = share.path.strip_prefix("/").unwrap_or(&share.path);
            let path = match below.as_os_str().is_empty() {
                true => disk.mount.point.clone(),
                false => disk.mount.point.join(below),
            };
            let on = match disk.ejected {
                true => Err("its disk was ejected"),
                false => Ok(disk.mount.id),
            };
            return placed(path, on);
        }
        let path = share.path.clone();
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let Some(mount) = mounts::holding(mounts, &real) else {
            return placed(path, Err("the folder is not there"));
        };
        if self.is_ejected(mount) {
            return placed(path, Err("its disk was ejected"));
        }
        let before = self.seen.iter().position(|(folder, _)| *folder == path);
        if let Some((_, point)) = before.and_then(|at| self.seen.get(at))
            && *point != mount.point
            && point.starts_with(&mount.point)
        {
            return placed(path, Err("its disk is not mounted"));
        }
        if mount.point == Path::new("/") {
            // What a disk is mounted on is a folder of the router's own flash without it.
            if is_empty_mount_point(&real) {
                return placed(
                    path,
                    Err("no disk is mounted there, and the folder is empty"),
                );
            }
        } else if let Some(seen) = before.and_then(|at| self.seen.get_mut(at)) {
            seen.1 = mount.point.clone();
        } else if self.seen.len() < 256 {
            self.seen.push((path.clone(), mount.point.clone()));
        }
        placed(path, Ok(mount.id))
    }
}

/// Whether a mount is a disk that people bring.
fn is_disk(mount: &Mount) -> bool {
    mount.source.starts_with("/dev/")
        && !INTERNAL.contains(&mount.filesystem.as_str())
        && PLACES.iter().any(|place| mount.point.starts_with(place))
}

/// Whether a mount can be ejected: a disk, wherever it is mounted, but nothing that the router itself is on.
fn may_go(mount: &Mount) -> bool {
    mount.source.starts_with("/dev/")
        && !INTERNAL.contains(&mount.filesystem.as_str())
        && !["/", "/boot", "/overlay", "/rom"]
            .iter()
            .any(|own| mount.point == Path::new(own))
}

/// Whether a configured share is meant to be on this disk.
fn concerns(share: &Share, disk: &Disk) -> bool {
    match share.uuid.as_str() {
        "" => share.path.starts_with(&disk.mount.point),
        uuid => uuid.eq_ignore_ascii_case(&disk.identity.uuid),
    }
}

/// A folder directly below one of [`PLACES`] with nothing in it.
fn is_empty_mount_point(path: &Path) -> bool {
    let parent = path.parent();
    PLACES.iter().any(|place| parent == Some(Path::new(place)))
        && std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// The share that the policy makes of a disk, for everybody with a password.
fn automatic(policy: AutoShare, disk: &Disk, placed: &[Placed], config: &Config) -> Option<Share> {
    let everyone = Names {
        everyone: true,
        names: Vec::new(),
    };
    let mut share = Share {
        path: disk.mount.point.clone(),
        comment: disk.mount.source.clone(),
        ..Share::default()
    };
    match policy {
        AutoShare::Off | AutoShare::Ask => return None,
        AutoShare::Read => (share.read_user, share.read_only) = (everyone, true),
        AutoShare::Write => share.write_user = everyone,
    }
    let folder = match disk.mount.point.components().next_back() {
        Some(Component::Normal(name)) => name.to_string_lossy().into_owned(),
        _ => return None,
    };
    let label = disk.identity.label.trim();
    let name = [label, &folder, "disk"]
        .into_iter()
        .find(|name| !name.is_empty() && crate::config::valid_share_name(name).is_ok())?;
    let taken = |name: &str| {
        placed.iter().any(|one| same_name(&one.share.name, name))
            || config.shares.iter().any(|one| same_name(&one.name, name))
    };
    share.name = (1..)
        .map(|number| match number {
            1 => name.to_owned(),
            number => format!("{name} {number}"),
        })
        .take(100)
        .find(|name| !taken(name))?;
    Some(share)
}

#[cfg(test)]
mod tests;
