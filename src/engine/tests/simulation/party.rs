//! One client: what it does, and what it knows.

use super::*;
use crate::engine::open::OpenId;
use crate::engine::tests::leasing::{chained, leased, new_name, u32_at};
use crate::engine::{ConnectionId, Server};
use crate::vfs::memory::{File, Memory};
use crate::wire::lock::{EXCLUSIVE_LOCK, FAIL_IMMEDIATELY, SHARED_LOCK, UNLOCK};
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

const NAMES: [&str; 6] = ["a", "b", r"d\x", r"d\y", "d", r"d\s"];
const FULL: u32 = 0x0013_0197;
const NO_DELETE: u32 = 0x0012_0197;
const READS: u32 = 0x0012_0089;
const LOOKS: u32 = 0x0010_0080;

/// An open the client knows.
#[derive(Clone, Debug)]
pub struct Held {
    file: [u8; 16],
    name: &'static str,
    lease: Option<u8>,
    durable: Option<Durable>,
    /// Offset, length, exclusive.
    locks: Vec<(u64, u64, bool)>,
    /// The connection was lost while a lock was waited for: it may have been granted.
    unsure: bool,
}

/// How a durable handle is come back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durable {
    V1,
    V2([u8; 16]),
}

/// What a request was about, for when it is answered.
#[derive(Clone, Debug)]
enum About {
    Create {
        name: &'static str,
        lease: Option<u8>,
        durable: Option<Durable>,
    },
    Reconnect(Held),
    Lock([u8; 16], (u64, u64, bool)),
    Unlock([u8; 16], (u64, u64)),
    Close([u8; 16]),
    Notify,
    Other,
}

struct Waiting {
    message: u64,
    async_id: u64,
    about: About,
}

/// A break the client was told of.
#[derive(Clone, Copy)]
enum Told {
    Lease { key: [u8; 16], to: u32 },
    Oplock { file: [u8; 16], level: u8 },
}

/// How often something happened, so that a simulation in which it never does is noticed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub waited: u32,
    pub came_back: u32,
    pub told: u32,
    pub told_of_folders: u32,
    pub locked_late: u32,
    pub exhausted: u32,
}

/// A client.
pub struct Party {
    pub seen: Seen,
    number: u8,
    link: Option<Client>,
    previous: u64,
    handles: Vec<Held>,
    waiting: Vec<Waiting>,
    /// Durable handles whose connection is gone.
    lost: Vec<Held>,
    told: Vec<Told>,
    guids: u8,
    /// Everything the server has said was heard.
    heard: bool,
}

impl Party {
    pub fn new(number: u8) -> Self {
        Party {
            seen: Seen::default(),
            number,
            link: None,
            previous: 0,
            handles: vec![],
            waiting: vec![],
            lost: vec![],
            told: vec![],
            guids: 0,
            heard: true,
        }
    }

    pub fn is_on(&self, connection: ConnectionId) -> bool {
        let link = self.link.as_ref();
        link.is_some_and(|link| link.connection == connection)
    }

    fn connect(&mut self, world: &mut World, dice: &mut Dice) {
        let mut client = world.connect_from([10, 0, 0, self.number]);
        client.guid = [self.number + 1; 16];
        client.negotiate(
            world,
            dice.pick(&[Dialect::Smb311, Dialect::Smb302, Dialect::Smb210]),
        );
        let previous = if dice.once_in(2) { self.previous } else { 0 };
        let (user, password) = match self.number {
            3 => ("bob", "geheim"),
            _ => ("alice", "Password"),
        };
        let status = client.log_in_with(world, user, password, previous, false);
        if status == Status::INSUFFICIENT_RESOURCES {
            world.server.disconnect(client.connection, world.now);
            return;
        }
        assert_eq!(status, Status::SUCCESS);
        assert_eq!(client.tree_connect(world, "files"), Status::SUCCESS);
        self.previous = client.session;
        self.link = Some(client);
    }

    /// The connection is gone, as both sides know.
    pub fn cut(&mut self, world: &mut World) {
        if let Some((client, handles)) = self.vanish() {
            world.server.disconnect(client.connection, world.now);
            self.lose(handles);
        }
    }

    /// The connection is gone, as only the client knows.
    pub fn vanish(&mut self) -> Option<(Client, Vec<Held>)> {
        let client = self.link.take()?;
        for waiting in self.waiting.drain(..) {
            if let About::Lock(file, _) = waiting.about {
                let mut handles = self.handles.iter_mut();
                if let Some(held) = handles.find(|held| held.file == file) {
                    held.unsure = true;
                }
            }
        }
        self.told.clear();
        Some((client, core::mem::take(&mut self.handles)))
    }

    /// Of handles without connection the durable ones may be come back to.
    pub fn lose(&mut self, handles: Vec<Held>) {
        self.lost
            .extend(handles.into_iter().filter(|held| held.durable.is_some()));
    }

    /// Sends a request and takes note of its answer, if it comes at once.
    fn send(&mut self, world: &mut World, command: Command, body: Vec<u8>, about: About) {
        let Some(client) = &mut self.link else { return };
        let element = Element {
            command,
            body,
            related: false,
        };
        let replies = client.compound(world, &[element]).expect("still connected");
        for reply in replies {
            if reply.is_interim() {
                self.seen.waited += 1;
                self.waiting.push(Waiting {
                    message: reply.header.message_id,
                    async_id: reply.header.async_id.unwrap(),
                    about: about.clone(),
                });
            } else {
                self.answered(&about, &reply);
            }
        }
    }

    fn answered(&mut self, about: &About, reply: &Reply) {
        let done = reply.status == Status::SUCCESS;
        self.seen.exhausted += u32::from(reply.status == Status::INSUFFICIENT_RESOURCES);
        let held = |file: &[u8; 16]| self.handles.iter().position(|held| held.file == *file);
        match about {
            About::Create {
                name,
                lease,
                durable,
            } if done => {
                let contexts = &reply.message[152..];
                let has = |name: &[u8; 4]| contexts.windows(4).any(|at| at == name);
                self.handles.push(Held {
                    file: reply.file_id(),
                    name,
                    lease: lease.filter(|_| has(b"RqLs")),
                    durable: durable.filter(|_| has(b"DHnQ") || has(b"DH2Q")),
                    locks: vec![],
                    unsure: false,
                });
            }
            About::Reconnect(back) if done => {
                assert_eq!(reply.file_id(), back.file);
                self.seen.came_back += 1;
                self.handles.push(back.clone());
            }
            About::Lock(file, range) if done => {
                if let Some(at) = held(file) {
                    self.handles[at].locks.push(*range);
                }
            }
            About::Unlock(file, range) if done => {
                let at = held(file).expect("unlocked through it");
                let locks = &mut self.handles[at].locks;
                let same = |lock: &(u64, u64, bool)| (lock.0, lock.1) == *range;
                let exclusive = locks.iter().position(|lock| lock.2 && same(lock));
                let at = exclusive.or(locks.iter().position(same)).expect("a lock");
                locks.remove(at);
            }
            About::Close(file) => {
                assert_eq!(reply.status, Status::SUCCESS, "a handle was lost");
                self.handles.retain(|held| held.file != *file);
            }
            _ => {}
        }
    }

    /// What somebody else did may concern it.
    pub fn is_spoken_to(&mut self) {
        self.heard = false;
    }

    /// Takes what the server has to say.
    pub fn hear(&mut self, world: &mut World) {
        let Some(client) = &mut self.link else { return };
        for reply in client.pending(world) {
            if reply.header.message_id == u64::MAX {
                let body = &reply.message[64..];
                self.seen.told += 1;
                // Folders are given up whole, in one step, and files are not.
                let folder = body[0] == 44 && (u32_at(body, 24), u32_at(body, 28)) == (3, 0);
                self.seen.told_of_folders += u32::from(folder);
                self.told.push(match body[0] {
                    44 => Told::Lease {
                        key: body[8..24].try_into().unwrap(),
                        to: u32_at(body, 28),
                    },
                    _ => Told::Oplock {
                        file: body[8..24].try_into().unwrap(),
                        level: body[2],
                    },
                });
                continue;
            }
            let message = reply.header.message_id;
            let at = self
                .waiting
                .iter()
                .position(|waiting| waiting.message == message);
            let waiting = self.waiting.remove(at.expect("an answer nobody waits for"));
            assert_eq!(reply.header.async_id, Some(waiting.async_id));
            let locked = matches!(waiting.about, About::Lock(..));
            self.seen.locked_late += u32::from(locked && reply.status == Status::SUCCESS);
            self.answered(&waiting.about, &reply);
        }
        self.heard = true;
    }

    /// What the server has agrees with what the client knows. `alone`: it has no other connection.
    pub fn check(&mut self, server: &Server<Memory>, alone: bool) {
        let of = |held: &Held| {
            OpenId::<File>::from_u64(u64::from_le_bytes(held.file[..8].try_into().unwrap()))
        };
        self.lost
            .retain(|held| server.opens.get(of(held)).is_some());
        for held in self.handles.iter().chain(&self.lost) {
            let number = of(held).to_u64();
            let table = server.locks.table();
            let theirs = table.iter().filter(|(_, lock)| lock.open == number);
            let mut theirs: Vec<_> = theirs
                .map(|(_, lock)| (lock.offset, lock.length, lock.exclusive))
                .collect();
            for lock in &held.locks {
                let at = theirs.iter().position(|one| one == lock);
                theirs.remove(at.expect("a lock was lost"));
            }
            assert!(
                !self.heard || held.unsure || theirs.is_empty(),
                "a lock nobody was told of"
            );
        }
        if !self.heard {
            return;
        }
        for held in &self.handles {
            assert!(
                server.opens.get(of(held)).is_some(),
                "a handle was lost: {held:?}"
            );
        }
        if let Some(client) = self.link.as_ref().filter(|_| alone) {
            let theirs = server
                .opens
                .iter()
                .filter(|(_, open)| open.session.to_u64() == client.session);
            assert_eq!(theirs.count(), self.handles.len(), "an orphaned handle");
        }
    }

    /// No request is left unanswered; but for locks and watches, if `patient`, which may wait for ever.
    pub fn answered_but_for(&self, patient: bool) {
        for waiting in &self.waiting {
            let patiently = matches!(waiting.about, About::Lock(..) | About::Notify);
            assert!(
                patient && patiently,
                "{:?} was never answered",
                waiting.about
            );
        }
    }

    pub fn close_everything(&mut self, world: &mut World) {
        while let Some(held) = self.handles.first() {
            let file = held.file;
            self.send(world, Command::Close, close(file), About::Close(file));
        }
    }

    /// Does something; what it was.
    pub fn act(&mut self, world: &mut World, dice: &mut Dice) -> String {
        if self.link.is_none() {
            self.connect(world, dice);
            return "connects".to_owned();
        }
        if self.handles.is_empty() || dice.once_in(4) {
            return match dice.below(8) {
                0 if !self.lost.is_empty() => self.come_back(world, dice),
                _ => self.open(world, dice),
            };
        }
        let held = self.handles[dice.below(self.handles.len())].clone();
        let file = held.file;
        match dice.below(24) {
            0..3 => {
                self.send(world, Command::Write, write(file, 0, b"data"), About::Other);
                format!("writes {}", held.name)
            }
            3 => {
                self.send(world, Command::Read, read(file, 0, 9), About::Other);
                format!("reads {}", held.name)
            }
            4..8 => self.lock(world, dice, &held),
            8 => {
                let body = end_of_file(file, dice.below(9) as u64);
                self.send(world, Command::SetInfo, body, About::Other);
                format!("resizes {}", held.name)
            }
            9 => {
                let to = dice.pick(&["a", "b", "c", r"d\x", r"d\z", "e"]);
                let mut buffer = new_name(to);
                buffer[0] = u8::from(dice.once_in(2));
                let body = set_info(file, dice.pick(&[10, 10, 11]), &buffer);
                self.send(world, Command::SetInfo, body, About::Other);
                format!("renames {} to {to}", held.name)
            }
            10 => {
                let body = set_info(file, 13, &[u8::from(!dice.once_in(3))]);
                self.send(world, Command::SetInfo, body, About::Other);
                format!("deletes {}", held.name)
            }
            11..13 => {
                let body = notify(file, dice.once_in(2), 4_096, 0xFFF);
                self.send(world, Command::ChangeNotify, body, About::Notify);
                format!("watches {}", held.name)
            }
            13 => {
                self.send(world, Command::Flush, flush(file), About::Other);
                format!("flushes {}", held.name)
            }
            14 => self.cancel(world, dice),
            15..19 => {
                self.send(world, Command::Close, close(file), About::Close(file));
                format!("closes {}", held.name)
            }
            19..22 => self.acknowledge(world, dice),
            22 => self.leave(world, dice),
            _ => {
                self.cut(world);
                "is cut off".to_owned()
            }
        }
    }

    fn open(&mut self, world: &mut World, dice: &mut Dice) -> String {
        let name = dice.pick(&NAMES);
        let options = match name {
            "d" | r"d\s" => 1,
            _ if dice.once_in(6) => 0x1000,
            _ => 0,
        };
        let disposition = match options {
            1 => dice.pick(&[1, 3]),
            _ => dice.pick(&[1, 3, 3, 3, 5, 0, 2]),
        };
        let level = dice.pick(&[0, 1, 8, 9]);
        let mut body = create_with(name, disposition, options, level);
        let access = dice.pick(&[FULL, FULL, NO_DELETE, NO_DELETE, READS, LOOKS]);
        body[24..28].copy_from_slice(&access.to_le_bytes());
        body[32] = dice.pick(&[7, 7, 7, 3, 1]);
        let mut lease = None;
        if !dice.once_in(3) {
            let key = 16 * (self.number + 1) + dice.below(3) as u8;
            let state = dice.pick(&[1, 3, 5, 7, 7]);
            let epoch = dice.once_in(2).then_some(5);
            let parent = dice.once_in(3).then_some(16 * (self.number + 1));
            body = leased(body, key, state, epoch, parent);
            lease = Some(key);
        }
        let durable = match dice.below(3) {
            0 => None,
            1 => {
                body = chained(body, b"DHnQ", &[0; 16]);
                Some(Durable::V1)
            }
            _ => {
                self.guids = self.guids.wrapping_add(1);
                let mut guid = [self.number + 1; 16];
                guid[0] = self.guids;
                let timeout = dice.pick(&[0_u32, 20_000, 200_000]);
                let mut data = timeout.to_le_bytes().to_vec();
                data.extend([0; 12]);
                data.extend(guid);
                body = chained(body, b"DH2Q", &data);
                Some(Durable::V2(guid))
            }
        };
        let about = About::Create {
            name,
            lease,
            durable,
        };
        let said = format!("opens {name}: {disposition} {access:#x} {level} {lease:?} {durable:?}");
        self.send(world, Command::Create, body, about);
        said
    }

    fn come_back(&mut self, world: &mut World, dice: &mut Dice) -> String {
        let held = self.lost.swap_remove(dice.below(self.lost.len()));
        let mut body = create_with(held.name, 1, 0, 9);
        if let Some(key) = held.lease {
            let epoch = dice.once_in(2).then_some(5);
            body = leased(body, key, 7, epoch, None);
        }
        body = match held.durable {
            Some(Durable::V2(guid)) => {
                let data = [&held.file[..], &guid, &[0; 4]].concat();
                chained(body, b"DH2C", &data)
            }
            _ => chained(body, b"DHnC", &held.file),
        };
        let said = format!("comes back to {}", held.name);
        self.send(world, Command::Create, body, About::Reconnect(held));
        said
    }

    fn lock(&mut self, world: &mut World, dice: &mut Dice, held: &Held) -> String {
        let range = (dice.below(4) as u64 * 2, 1 + dice.below(3) as u64);
        if !held.locks.is_empty() && dice.once_in(2) {
            let (offset, length, _) = held.locks[dice.below(held.locks.len())];
            let body = lock(held.file, &[(offset, length, UNLOCK)]);
            let about = About::Unlock(held.file, (offset, length));
            self.send(world, Command::Lock, body, about);
            return format!("unlocks {offset}+{length} of {}", held.name);
        }
        let exclusive = dice.once_in(2);
        let kind = if exclusive {
            EXCLUSIVE_LOCK
        } else {
            SHARED_LOCK
        };
        let wait = if dice.once_in(2) { 0 } else { FAIL_IMMEDIATELY };
        let body = lock(held.file, &[(range.0, range.1, kind | wait)]);
        let about = About::Lock(held.file, (range.0, range.1, exclusive));
        self.send(world, Command::Lock, body, about);
        format!("locks {range:?} of {}, {exclusive}, {wait}", held.name)
    }

    fn cancel(&mut self, world: &mut World, dice: &mut Dice) -> String {
        let Some(client) = &mut self.link else {
            return String::new();
        };
        if self.waiting.is_empty() {
            return "has nothing to cancel".to_owned();
        }
        let message = self.waiting[dice.below(self.waiting.len())].message;
        let next = core::mem::replace(&mut client.message_id, message);
        client.post(world, Command::Cancel, &EMPTY);
        client.message_id = next;
        format!("cancels {message}")
    }

    /// Answers a break: rightly, with less, with too much, or twice.
    fn acknowledge(&mut self, world: &mut World, dice: &mut Dice) -> String {
        if self.told.is_empty() {
            return "was told of no break".to_owned();
        }
        let at = dice.below(self.told.len());
        let told = match dice.once_in(6) {
            true => self.told[at],
            false => self.told.swap_remove(at),
        };
        let body = match told {
            Told::Lease { key, to } => {
                let state = dice.pick(&[to, to, to, to & 1, 0, 7]);
                [
                    &[36, 0, 0, 0, 0, 0, 0, 0][..],
                    &key,
                    &state.to_le_bytes(),
                    &[0; 8],
                ]
                .concat()
            }
            Told::Oplock { file, level } => {
                let level = dice.pick(&[level, level, 0, 9]);
                [&[24, 0, level, 0, 0, 0, 0, 0][..], &file].concat()
            }
        };
        self.send(world, Command::OplockBreak, body, About::Other);
        "acknowledges".to_owned()
    }

    /// Logs off, or leaves its tree connect and comes again.
    fn leave(&mut self, world: &mut World, dice: &mut Dice) -> String {
        if dice.once_in(2) {
            self.send(world, Command::Logoff, EMPTY.to_vec(), About::Other);
            // What waited is answered, signed with the key of the session that was.
            self.hear(world);
            self.answered_but_for(false);
            self.cut(world);
            return "logs off".to_owned();
        }
        self.send(world, Command::TreeDisconnect, EMPTY.to_vec(), About::Other);
        self.hear(world);
        self.handles.clear();
        let client = self.link.as_mut().unwrap();
        client.tree = 0;
        assert_eq!(client.tree_connect(world, "files"), Status::SUCCESS);
        "leaves its tree connect".to_owned()
    }
}
