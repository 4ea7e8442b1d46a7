//! What others do on this machine: a shell, another daemon ([`Vfs::observe`]).
//!
//! The kernel does not say who it was. But it tells each change as it is made, and the server has one thread:
//! what is in the queue before a change of ours is others', what came in meanwhile and is of its kind is ours,
//! and is dropped. So nothing of ours is told twice; a change of the same kind that somebody else makes in the
//! same instant is told with ours.

use super::*;
use crate::sys::inotify::{self, Event, Inotify};

/// Events kept, in bytes: 60 with long names, 500 with short ones.
const ROOM: usize = 16 * 1024;

/// How often the kernel is asked for more at a time.
const READS: usize = 64;

/// Changes of data and of what is known of a file.
pub(super) const OF_FILES: u32 = inotify::MODIFY | inotify::ATTRIB;
/// Changes that also make names.
pub(super) const OF_NEW: u32 = OF_FILES | inotify::CREATE;
/// Changes that take names away.
pub(super) const OF_GONE: u32 = OF_FILES | inotify::DELETE;
/// Changes of names into others.
pub(super) const OF_MOVED: u32 =
    OF_FILES | inotify::MOVED_FROM | inotify::MOVED_TO | inotify::DELETE | inotify::CREATE;

/// What is observed, and what has happened.
pub(super) struct Outside {
    inotify: Option<Inotify>,
    events: Box<[u8]>,
    start: usize,
    end: usize,
    lost: bool,
    /// The cookie of a rename whose first half was told last.
    half: u32,
    observed: usize,
    most: usize,
    said: bool,
}

impl Outside {
    pub fn new(most: usize) -> Self {
        let inotify = Inotify::new()
            .inspect_err(|errno| log::warn!("changes made by others are not noticed: {errno}"))
            .ok();
        Outside {
            inotify,
            events: vec![0; ROOM].into_boxed_slice(),
            start: 0,
            end: 0,
            lost: false,
            half: 0,
            observed: 0,
            most,
            said: false,
        }
    }

    /// The descriptor that becomes readable when something has happened.
    pub fn bell(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(Inotify::as_fd)
    }

    /// Takes in what the kernel has, but for what is of these kinds.
    fn take(&mut self, ours: u32) {
        let Some(inotify) = &self.inotify else { return };
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        for _ in 0..READS {
            if self.start > 0 && self.events.len() - self.end < ROOM / 2 {
                self.events.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            let room = self.events.get_mut(self.end..).unwrap_or_default();
            let read = match inotify.read(room) {
                Ok(0) => return,
                Ok(read) => read,
                Err(_) if self.end == 0 => return,
                // No room for even one more.
                Err(_) => {
                    self.lost = true;
                    (self.start, self.end) = (0, 0);
                    continue;
                }
            };
            let (mut at, stop) = (self.end, self.end.saturating_add(read));
            while let Some((event, size)) =
                inotify::event(self.events.get(at..stop).unwrap_or_default())
            {
                let next = at.saturating_add(size);
                self.lost |= event.mask & inotify::OVERFLOW != 0;
                let kind = event.mask & !inotify::DIRECTORY;
                if kind & !ours != 0 && kind & inotify::IGNORED == 0 {
                    self.events.copy_within(at..next, self.end);
                    self.end = self.end.saturating_add(size);
                }
                at = next;
            }
        }
        // Somebody makes changes faster than they can be looked at.
        self.lost = true;
    }

    fn next(&self) -> Option<(Event<'_>, usize)> {
        inotify::event(self.events.get(self.start..self.end)?)
    }
}

impl Local {
    /// Makes a change of these kinds that is not told to ourselves.
    pub(super) fn quietly<R>(&mut self, kinds: u32, change: impl FnOnce(&mut Self) -> R) -> R {
        if self.outside.observed == 0 {
            return change(self);
        }
        self.outside.take(0);
        let result = change(self);
        self.outside.take(kinds);
        result
    }

    /// A descriptor that becomes readable when others have changed something that is observed.
    pub fn bell(&self) -> Option<OwnedFd> {
        self.outside.bell()?.try_clone_to_owned().ok()
    }

    pub(super) fn begin_observing(&mut self, file: &File) -> Option<Observed> {
        if file.stream.is_some() || !file.has_attributes() {
            return None;
        }
        let outside = &mut self.outside;
        // Files, of which there are many, leave half of it to folders.
        let most = match file.kind {
            Kind::Directory => outside.most,
            _ => outside.most / 2,
        };
        let refused = match outside.observed < most {
            true => match outside.inotify.as_ref()?.add(file.handle_path().as_c_str()) {
                Ok(watch) => {
                    outside.observed = outside.observed.saturating_add(1);
                    return Some(Observed(watch));
                }
                Err(errno) => errno.to_string(),
            },
            false => "there are too many".to_owned(),
        };
        if !core::mem::replace(&mut outside.said, true) {
            log::warn!("changes made by others are not noticed everywhere any more: {refused}");
        }
        None
    }

    pub(super) fn end_observing(&mut self, observed: Observed) {
        self.outside.observed = self.outside.observed.saturating_sub(1);
        if let Some(inotify) = &self.outside.inotify {
            // It ends by itself with what it observes.
            let _ = inotify.remove(observed.0);
        }
    }

    pub(super) fn has_events(&self) -> bool {
        self.outside.lost || self.outside.start < self.outside.end
    }

    pub(super) fn next_event(&mut self, room: &mut [u8]) -> Option<Change> {
        let outside = &mut self.outside;
        if outside.start == outside.end {
            outside.take(0);
        }
        if core::mem::take(&mut outside.lost) {
            (outside.start, outside.end) = (0, 0);
            return Some(Change {
                of: Observed(-1),
                deed: Deed::Lost,
                name: 0,
                directory: false,
            });
        }
        loop {
            let (event, size) = self.outside.next()?;
            let after = self.outside.start.saturating_add(size);
            let follows = self.outside.events.get(after..self.outside.end);
            let paired = follows.and_then(inotify::event).is_some_and(|(next, _)| {
                let moved_here = next.mask & inotify::MOVED_TO != 0 && next.watch == event.watch;
                moved_here && next.cookie == event.cookie
            });
            let kind = event.mask & !inotify::DIRECTORY;
            let deed = match kind {
                inotify::CREATE => Some(Deed::Added),
                inotify::DELETE => Some(Deed::Removed),
                inotify::MOVED_FROM if paired => Some(Deed::RenamedFrom),
                inotify::MOVED_FROM => Some(Deed::Removed),
                inotify::MOVED_TO if self.outside.half == event.cookie => Some(Deed::RenamedTo),
                inotify::MOVED_TO => Some(Deed::Added),
                inotify::MODIFY => Some(Deed::Written),
                inotify::ATTRIB => Some(Deed::Changed),
                _ => None,
            };
            let half = if paired && kind == inotify::MOVED_FROM {
                event.cookie
            } else {
                0
            };
            let shown = match event.name {
                [] => Some(0),
                name => name::show(name, room).map(|shown| shown.len()),
            };
            let found = deed.zip(shown).map(|(deed, name)| Change {
                of: Observed(event.watch),
                deed,
                name,
                directory: event.mask & inotify::DIRECTORY != 0,
            });
            self.outside.start = after;
            self.outside.half = half;
            if found.is_some() {
                return found;
            }
        }
    }
}
