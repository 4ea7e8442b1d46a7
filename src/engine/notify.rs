//! Who watches a directory, and what is kept for them until they ask ([MS-SMB2] 3.3.5.19, [MS-FSA] 2.1.5.11).
//!
//! A watch begins with the first CHANGE_NOTIFY on an open and ends with its CLOSE; what the first request asked
//! for, filter, depth and length, holds to the end. Events between two requests are kept, as many as fit.

use super::Server;
use super::access::DESCRIPTOR;
use super::open::{ObjectId, Open, OpenId, Target};
use super::parked::Wait;
use super::tree;
use crate::memory::Table;
use crate::vfs::{Kind, RootId, Vfs};
use crate::wire::change_notify::{Entries, Request, Response, WATCH_TREE, action, filter};
use crate::wire::status::Status;
use crate::wire::{Full, Writer};

/// Room for the events of one watch: 70 names of ten letters.
const EVENTS: usize = 1_024;
/// What is kept of an event before its path: the action, and the path's length.
const HEAD: usize = 3;
/// The most bytes that all events of a watch take on the wire: a name of one letter is 16 there, 4 here.
pub const LONGEST: usize = EVENTS * 4;
/// Where a path before a change is kept in the second half of the scratch, behind the paths of watches.
const BEFORE: usize = DESCRIPTOR / 2;

/// One open's watch on its directory.
pub struct Watch {
    /// The open.
    open: u64,
    /// The share its directory is in.
    root: RootId,
    /// Bits of [`filter`].
    filter: u32,
    /// What lies below the directory's directories counts too.
    recursive: bool,
    /// The most bytes on the wire, as the first request had it.
    room: usize,
    /// Length of the directory's path.
    length: usize,
    /// A hash of it, so that most changes elsewhere are passed over without asking the disk.
    hash: u32,
    /// There was more than fits: all that is known is that something changed.
    overflow: bool,
    /// An event came that nobody was told of yet.
    fresh: bool,
    /// What the events take on the wire.
    wire: usize,
    /// Where the last event begins.
    last: usize,
    /// Where it ends.
    used: usize,
    events: [u8; EVENTS],
}

fn hash(path: &[u8]) -> u32 {
    // FNV-1a; who makes two paths agree gains nothing, they are compared before anything is told.
    path.iter().fold(0x811C_9DC5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// How many UTF-16 code units a path takes.
fn units(path: &[u8]) -> usize {
    let leads = path.iter().filter(|byte| **byte & 0xC0 != 0x80);
    leads.map(|byte| 1 + usize::from(*byte >= 0xF0)).sum()
}

impl Watch {
    fn new(open: u64, root: RootId, request: &Request) -> Self {
        Watch {
            open,
            root,
            filter: request.completion_filter,
            recursive: request.flags & WATCH_TREE != 0,
            room: request.output_buffer_length as usize,
            length: 0,
            hash: hash(&[]),
            overflow: false,
            fresh: false,
            wire: 0,
            last: 0,
            used: 0,
            events: [0; EVENTS],
        }
    }

    /// The open's number.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// Whether there is something to tell.
    pub fn has_news(&self) -> bool {
        self.overflow || self.used > 0
    }

    /// The directory has this path.
    fn stands_at(&mut self, path: &[u8]) {
        self.length = path.len();
        self.hash = hash(path);
    }

    /// What is left of a path below this directory, if it is watched; whether the directory is the right one
    /// is still to be checked.
    fn below<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let (directory, rest) = path.split_at_checked(self.length)?;
        let rest = match self.length {
            0 => rest,
            _ => rest.strip_prefix(b"/")?,
        };
        let watched = !rest.is_empty() && (self.recursive || !rest.contains(&b'/'));
        (watched && hash(directory) == self.hash).then_some(rest)
    }

    /// Keeps an event. One that only says what the last one said is no news.
    fn note(&mut self, action: u32, path: &[u8]) {
        let head = |length: usize| {
            let [low, high] = u16::try_from(length).ok()?.to_le_bytes();
            Some([action as u8, low, high])
        };
        self.fresh = true;
        if self.overflow {
            return;
        }
        let modified = matches!(action, action::MODIFIED | action::MODIFIED_STREAM);
        if modified && self.used > 0 {
            let last = self.events.get(self.last..self.used).unwrap_or_default();
            if last.first() == Some(&(action as u8)) && last.get(HEAD..) == Some(path) {
                return;
            }
        }
        let wire = self.wire.next_multiple_of(4) + 12 + 2 * units(path);
        let end = self.used + HEAD + path.len();
        match (head(path.len()), self.events.get_mut(self.used..end)) {
            (Some(head), Some(room)) if wire <= self.room => {
                let (first, rest) = room.split_at_mut(HEAD);
                first.copy_from_slice(&head);
                rest.copy_from_slice(path);
                (self.last, self.used, self.wire) = (self.used, end, wire);
            }
            _ => {
                self.clear();
                self.overflow = true;
            }
        }
    }

    fn clear(&mut self) {
        (self.last, self.used, self.wire) = (0, 0, 0);
        self.overflow = false;
    }

    /// Writes the body that tells what has happened, and forgets it. What does not fit into `length` is not
    /// told: then the client has to list the directory.
    pub fn answer(&mut self, length: u32, reply: &mut Writer<'_>) -> Result<Status, Full> {
        let before = reply.position();
        let fits = !self.overflow
            && u32::try_from(self.wire).is_ok_and(|wire| wire <= length)
            && self.write(reply).is_ok();
        self.clear();
        if fits {
            return Ok(Status::SUCCESS);
        }
        reply.truncate(before);
        let start = Response::begin(reply)?;
        Response::finish(reply, start);
        Ok(Status::NOTIFY_ENUM_DIR)
    }

    fn write(&self, reply: &mut Writer<'_>) -> Result<(), Full> {
        let start = Response::begin(reply)?;
        let mut entries = Entries::new(start);
        let mut rest = self.events.get(..self.used).unwrap_or_default();
        while let Some(([action, low, high], after)) = rest.split_first_chunk::<HEAD>() {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            let (path, after) = after.split_at_checked(length).ok_or(Full)?;
            entries.append(reply, u32::from(*action), path)?;
            rest = after;
        }
        Response::finish(reply, start);
        Ok(())
    }
}

/// A change, as the watches are asked about it.
#[derive(Clone, Copy)]
struct Event {
    root: RootId,
    action: u32,
    filter: u32,
}

impl Event {
    /// The same change, of a named stream.
    fn of_stream(self) -> Event {
        let action = match self.action {
            action::ADDED => action::ADDED_STREAM,
            action::REMOVED => action::REMOVED_STREAM,
            action::MODIFIED => action::MODIFIED_STREAM,
            action => action,
        };
        let filter = [
            (filter::FILE_NAME, filter::STREAM_NAME),
            (filter::SIZE, filter::STREAM_SIZE),
            (filter::LAST_WRITE, filter::STREAM_WRITE),
        ]
        .iter()
        .filter(|(of_file, _)| self.filter & of_file != 0)
        .fold(0, |filter, (_, of_stream)| filter | of_stream);
        Event {
            action,
            filter,
            ..self
        }
    }
}

/// The filter that the name of such an object falls under.
pub fn name_of(kind: Kind) -> u32 {
    match kind {
        Kind::Directory => filter::DIR_NAME,
        _ => filter::FILE_NAME,
    }
}

/// The path of a file, with its stream's name; its length, and whether it is a stream.
fn path_of<V: Vfs>(vfs: &mut V, file: &V::File, out: &mut [u8]) -> Option<(usize, bool)> {
    let length = vfs.path(file, out).ok()?;
    let (colon, rest) = out.get_mut(length..)?.split_first_mut()?;
    match vfs.stream_name(file, rest).ok()? {
        0 => Some((length, false)),
        stream => {
            *colon = b':';
            Some((length + 1 + stream, true))
        }
    }
}

/// Notes an event with every watch it concerns.
fn tell<V: Vfs>(
    (vfs, opens, watches): (&mut V, &Table<Open<V::File>>, &mut Table<Watch>),
    room: &mut [u8],
    event: Event,
    path: &[u8],
) {
    for (_, watch) in watches.iter_mut() {
        if watch.root != event.root || watch.filter & event.filter == 0 {
            continue;
        }
        let Some(rest) = watch.below(path) else {
            continue;
        };
        if watch.length > 0 {
            let Some(Target::File(directory)) = opens
                .get(OpenId::<V::File>::from_u64(watch.open))
                .map(|open| &open.target)
            else {
                continue;
            };
            let found = vfs.path(directory, room);
            let found = found.ok().and_then(|length| room.get(..length));
            if found.is_none() || found != path.get(..watch.length) {
                continue;
            }
        }
        watch.note(event.action, rest);
    }
}

impl<V: Vfs> Server<V> {
    /// The watch of an open, begun if there is none yet.
    pub(super) fn watch(
        &mut self,
        id: OpenId<V::File>,
        root: RootId,
        request: &Request,
    ) -> Result<&mut Watch, Status> {
        let Server {
            opens,
            vfs,
            scratch,
            watches,
            totals,
            ..
        } = self;
        let open = opens.get(id).ok_or(Status::FILE_CLOSED)?;
        let Target::File(directory) = &open.target else {
            return Err(Status::INVALID_PARAMETER);
        };
        let length = vfs.path(directory, scratch)?;
        let path = scratch.get(..length).unwrap_or_default();
        let number = id.to_u64();
        let watch = match watches.find_from(0, |watch| watch.open == number) {
            Some(watch) => watch,
            None => watches
                .insert(Watch::new(number, root, request))
                .map_err(|_| {
                    totals.exhausted += 1;
                    Status::INSUFFICIENT_RESOURCES
                })?,
        };
        let watch = watches
            .get_mut(watch)
            .ok_or(Status::INSUFFICIENT_RESOURCES)?;
        watch.stands_at(path);
        Ok(watch)
    }

    /// The watch of an open, by the open's number.
    pub(super) fn watch_of(&mut self, open: u64) -> Option<&mut Watch> {
        let watch = self.watches.find_from(0, |watch| watch.open == open)?;
        self.watches.get_mut(watch)
    }

    /// Ends the watch of an open, if it has one.
    pub(super) fn end_watch(&mut self, id: OpenId<V::File>) {
        let number = id.to_u64();
        if !self.watches.is_empty()
            && let Some(watch) = self.watches.find_from(0, |watch| watch.open == number)
        {
            self.watches.remove(watch);
        }
    }

    /// The share an open's file is in, as far as anybody watches anything.
    pub(super) fn watched_root(&self, id: OpenId<V::File>) -> Option<RootId> {
        if self.watches.is_empty() {
            return None;
        }
        let open = self.opens.get(id)?;
        match self.trees.get(open.tree) {
            Some(tree) => match tree.target {
                tree::Target::Disk(at) => Some(at.root),
                tree::Target::Pipes => None,
            },
            // The open has outlived its tree connect.
            None => {
                let share = self.durable_of(id)?.share;
                let served = self.served.iter().find(|served| served.number == share)?;
                served.root
            }
        }
    }

    /// A file has changed, as whoever watches is told: `action` is one of [`action`], `filter` says which
    /// watches it concerns. Of a stream both are turned into those of streams.
    pub(super) fn changed(&mut self, id: OpenId<V::File>, action: u32, filter: u32) {
        let folder = self.leased_folder_of(id);
        let parent = self.parent_key(id);
        self.folder_changed(folder, parent);
        let Some(root) = self.watched_root(id) else {
            return;
        };
        let Server {
            opens,
            vfs,
            scratch,
            watches,
            ..
        } = self;
        let (changed, room) = scratch.split_at_mut(DESCRIPTOR);
        let Some(Target::File(file)) = opens.get(id).map(|open| &open.target) else {
            return;
        };
        let Some((length, stream)) = path_of(vfs, file, changed) else {
            return;
        };
        let event = Event {
            root,
            action,
            filter,
        };
        let event = if stream { event.of_stream() } else { event };
        let path = changed.get(..length).unwrap_or_default();
        tell((vfs, opens, watches), room, event, path);
        self.answer_watching();
    }

    /// As [`Server::changed`], of a file that is no open's, or no more.
    pub(super) fn changed_file(&mut self, root: RootId, file: &V::File, action: u32, filter: u32) {
        if let Some(path) = self.path_for_watches(file) {
            self.changed_path(root, path, action, filter);
        }
    }

    /// Keeps the path of a file that is about to go, if anybody watches anything.
    pub(super) fn path_for_watches(&mut self, file: &V::File) -> Option<(usize, bool)> {
        if self.watches.is_empty() {
            return None;
        }
        let (changed, _) = self.scratch.split_at_mut(DESCRIPTOR);
        path_of(&mut self.vfs, file, changed)
    }

    /// As [`Server::changed`], of the path that [`Server::path_for_watches`] kept.
    pub(super) fn changed_path(
        &mut self,
        root: RootId,
        (length, stream): (usize, bool),
        action: u32,
        filter: u32,
    ) {
        let event = Event {
            root,
            action,
            filter,
        };
        let event = if stream { event.of_stream() } else { event };
        let (changed, room) = self.scratch.split_at_mut(DESCRIPTOR);
        let path = changed.get(..length).unwrap_or_default();
        let all = (&mut self.vfs, &self.opens, &mut self.watches);
        tell(all, room, event, path);
        self.answer_watching();
    }

    /// Keeps the path of an open's file before it is renamed, if anybody watches anything.
    pub(super) fn before_rename(&mut self, id: OpenId<V::File>) -> Option<usize> {
        if self.watches.is_empty() {
            return None;
        }
        let Some(Target::File(file)) = self.opens.get(id).map(|open| &open.target) else {
            return None;
        };
        let room = self.scratch.get_mut(DESCRIPTOR + BEFORE..)?;
        path_of(&mut self.vfs, file, room).map(|(length, _)| length)
    }

    /// Tells of a rename: of a pair of names within one directory, of a file gone here and come there
    /// otherwise ([MS-FSA] 2.1.5.15.11). `before` is from [`Server::before_rename`]; `replaced`: another file
    /// had the new name.
    pub(super) fn renamed(&mut self, id: OpenId<V::File>, before: usize, replaced: bool) {
        let Some(root) = self.watched_root(id) else {
            return;
        };
        let Server {
            opens,
            vfs,
            scratch,
            watches,
            ..
        } = self;
        let (changed, room) = scratch.split_at_mut(DESCRIPTOR);
        let (room, old) = room.split_at_mut(BEFORE);
        let Some(open) = opens.get(id) else {
            return;
        };
        let Target::File(file) = &open.target else {
            return;
        };
        let Some((length, stream)) = path_of(vfs, file, changed) else {
            return;
        };
        let old = old.get(..before).unwrap_or_default();
        let new = changed.get(..length).unwrap_or_default();
        let folder = |path: &[u8]| path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let same = !stream && old.get(..folder(old)) == new.get(..folder(new));
        let (gone, come) = match same {
            true => (action::RENAMED_OLD_NAME, action::RENAMED_NEW_NAME),
            false => (action::REMOVED, action::ADDED),
        };
        if old == new {
            return;
        }
        let (kind, filter) = (open.kind, name_of(open.kind));
        let events = [
            (replaced, action::REMOVED, filter::FILE_NAME, new),
            (true, gone, filter, old),
            (true, come, filter, new),
        ];
        for (_, action, filter, path) in events.into_iter().filter(|(told, ..)| *told) {
            let event = Event {
                root,
                action,
                filter,
            };
            let event = if stream { event.of_stream() } else { event };
            tell((&mut *vfs, opens, &mut *watches), room, event, path);
        }
        if kind == Kind::Directory {
            self.follow_directories();
        } else if !stream && let Some(open) = self.opens.get_mut(id) {
            open.renamed = true;
        }
        self.answer_watching();
    }

    /// Notes where the watched directories stand, after one was renamed.
    fn follow_directories(&mut self) {
        for (_, watch) in self.watches.iter_mut() {
            let open = self.opens.get(OpenId::<V::File>::from_u64(watch.open));
            if let Some(Target::File(directory)) = open.map(|open| &open.target)
                && let Ok(length) = self.vfs.path(directory, &mut self.scratch)
                && let Some(path) = self.scratch.get(..length)
            {
                watch.stands_at(path);
            }
        }
    }

    /// Changes were missed: every watch has more than it can tell.
    pub(super) fn lose_track(&mut self) {
        for (_, watch) in self.watches.iter_mut() {
            watch.clear();
            (watch.overflow, watch.fresh) = (true, true);
        }
        self.answer_watching();
    }

    /// Lets the oldest request on each watch with fresh news be answered.
    fn answer_watching(&mut self) {
        let mut from = 0;
        while let Some(id) = self.watches.find_from(from, |watch| watch.fresh) {
            from = id.index() + 1;
            let Some(watch) = self.watches.get_mut(id) else {
                continue;
            };
            watch.fresh = false;
            let number = watch.open;
            if self.is_being_told(number) {
                continue;
            }
            let oldest = self
                .parked
                .iter()
                .filter(|(_, parked)| {
                    matches!(parked.wait, Wait::Notify { open, .. } if open == number)
                })
                .min_by_key(|(_, parked)| parked.order)
                .map(|(id, _)| id);
            if let Some(parked) = oldest.and_then(|oldest| self.parked.get_mut(oldest))
                && let Wait::Notify { open, length } = parked.wait
            {
                parked.wait = Wait::Told { open, length };
                let connection = parked.connection;
                self.wake(connection);
            }
        }
    }

    /// Whether a request on this open is about to be told of what happened.
    fn is_being_told(&self, number: u64) -> bool {
        let told = |wait| matches!(wait, Wait::Told { open, .. } if open == number);
        self.parked.iter().any(|(_, parked)| told(parked.wait))
    }

    /// Whether a request on this open waits already.
    pub(super) fn is_awaited(&self, number: u64) -> bool {
        let waits = |wait| matches!(wait, Wait::Notify { open, .. } | Wait::Told { open, .. } if open == number);
        self.parked.iter().any(|(_, parked)| waits(parked.wait))
    }

    /// A directory is to be deleted: who watches it learns that and no more ([MS-FSA] 2.1.5.15.3).
    pub(super) fn answer_deleted(&mut self, object: ObjectId) {
        if self.watches.is_empty() {
            return;
        }
        let mut from = 0;
        while let Some(id) = self.parked.find_from(from, |parked| {
            matches!(parked.wait, Wait::Notify { open, .. }
                if self.opens.get(OpenId::<V::File>::from_u64(open))
                    .is_some_and(|open| open.object == Some(object)))
        }) {
            from = id.index() + 1;
            self.answer_parked(id, Status::DELETE_PENDING);
        }
    }
}
