//! Giving up a disk: its caches are called back from the clients, its files are closed, what was written goes out;
//! then it can be unmounted. It takes several calls, so that clients are served meanwhile.

use super::live::Live;
use smolsmb::control::{Ejected, Held, LIST_LIMIT};
use smolsmb::disks::mounts::{self, Mount};
use smolsmb::engine::Share;
use smolsmb::sys::file::write_out;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long clients may take to write back what they cache.
const PATIENCE: Duration = Duration::from_secs(5);

/// A disk that is being given up.
pub struct Ejecting {
    path: String,
    disk: Vec<Mount>,
    holders: Vec<Held>,
    /// Until then clients may write back.
    deadline: Instant,
    /// Writes out; there once the files are closed.
    sync: Option<JoinHandle<std::io::Result<()>>>,
    /// Clients that had not answered.
    silent: usize,
}

impl Ejecting {
    /// The next step; what was done, once all is.
    pub fn go_on(live: &mut Live, path: &str) -> Option<Result<Ejected, String>> {
        let mut ejecting = match live.ejecting.take() {
            Some(ejecting) if ejecting.path != path => {
                let reason = format!("{} is being ejected, one at a time", ejecting.path);
                live.ejecting = Some(ejecting);
                return Some(Err(reason));
            }
            Some(ejecting) => ejecting,
            None => match Ejecting::begin(live, path) {
                Ok(ejecting) => ejecting,
                Err(reason) => return Some(Err(reason)),
            },
        };
        let Some(sync) = ejecting.sync.take() else {
            let on = |share: &Share| ejecting.holds(share);
            let now = live.now();
            ejecting.silent = live.engine.borrow_mut().recall(&on, now);
            let over = ejecting.silent == 0 || Instant::now() >= ejecting.deadline;
            if over && let Err(error) = ejecting.close(live) {
                return Some(ejecting.told(Err(error)));
            }
            live.ejecting = Some(ejecting);
            return None;
        };
        if !sync.is_finished() {
            ejecting.sync = Some(sync);
            live.ejecting = Some(ejecting);
            return None;
        }
        let written = sync
            .join()
            .unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
        Some(ejecting.told(written))
    }

    fn begin(live: &mut Live, path: &str) -> Result<Self, String> {
        let real = std::fs::canonicalize(path).map_err(|error| format!("{path}: {error}"))?;
        let mounts = mounts::read();
        let disk = live.disks.holders(&real, &mounts)?;
        let mut ejecting = Ejecting {
            path: path.to_owned(),
            disk,
            holders: Vec::new(),
            deadline: Instant::now() + PATIENCE,
            sync: None,
            silent: 0,
        };
        ejecting.name_holders(live);
        Ok(ejecting)
    }

    /// Whether a share is on the disk.
    fn holds(&self, share: &Share) -> bool {
        self.disk.iter().any(|mount| share.disk == Some(mount.id))
    }

    /// Remembers who has what open.
    fn name_holders(&mut self, live: &Live) {
        let mut engine = live.engine.borrow_mut();
        let mut shares = Vec::new();
        for one in engine.report_shares() {
            if self.holds(one.share) {
                shares.push(one.share.name.clone());
            }
        }
        let holders = &mut self.holders;
        engine.report_opens(usize::MAX, &mut |open| {
            if holders.len() < LIST_LIMIT && shares.iter().any(|share| share == open.share) {
                holders.push(Held {
                    session: open.session,
                    share: open.share.to_owned(),
                    path: open.path.to_vec(),
                    ..Held::default()
                });
            }
        });
        for session in engine.sessions() {
            for held in holders.iter_mut().filter(|h| h.session == session.id) {
                held.user = session.user.to_owned();
                held.address = session.address.map(|a| a.to_string()).unwrap_or_default();
            }
        }
    }

    /// Closes everything, and lets what was written go out.
    fn close(&mut self, live: &mut Live) -> std::io::Result<()> {
        live.disks.give_up(&self.disk);
        live.look();
        let mut points: Vec<PathBuf> = Vec::new();
        for (at, mount) in self.disk.iter().enumerate() {
            let before = self.disk.get(..at).unwrap_or_default();
            if before.iter().all(|other| other.device != mount.device) {
                points.push(mount.point.clone());
            }
        }
        let sync = move || points.iter().try_for_each(|point| write_out(point));
        let thread = std::thread::Builder::new().stack_size(64 << 10);
        self.sync = Some(thread.spawn(sync)?);
        Ok(())
    }

    fn told(self, written: std::io::Result<()>) -> Result<Ejected, String> {
        let path = self
            .disk
            .first()
            .map_or(Path::new(&self.path), |mount| mount.point.as_path());
        let path = path.display();
        if let Err(error) = written {
            log::error!("{path} was ejected, and could not be written out: {error}");
            return Err(format!(
                "{path} is given up, but what was written last may be lost: {error}"
            ));
        }
        log::info!("{path} was ejected");
        let mut text = format!("{path} can be unmounted\n");
        for held in &self.holders {
            let file = String::from_utf8_lossy(&held.path);
            let line = format!(
                "  closed for '{}' at {}: {}/{}\n",
                held.user, held.address, held.share, file
            );
            text.extend(line.chars().map(|c| match c {
                '\n' => c,
                c if c.is_control() => '\u{fffd}',
                c => c,
            }));
        }
        if self.silent > 0 {
            text.push_str("  a client did not write back in time what it cached\n");
        }
        Ok(Ejected {
            text,
            holders: self.holders,
        })
    }
}
