//! The task of a connection: frames in, replies out, in order.
//!
//! Small frames are handled where they were received, several a receive, and their replies leave in one
//! send. A frame too long for the inbox is received into a slot of the `rx` half. Replies are encoded into
//! a slot of the `tx` half, which is held until it is sent. An idle connection holds neither.

use super::helper::Work;
use super::inbox::{Inbox, LONGEST, Next, NotAFrame, PREFIX};
use super::link::{End, Held, Link, Woken};
use super::port::{Engine, Job, JobResult, Verdict};
use super::reactor::Interest;
use crate::sys::socket;
use crate::vfs;
use core::convert::Infallible;
use core::ops::Range;
use rustix::fd::AsFd;
use rustix::io::Errno;

/// What a frame counts for in a turn, beside its bytes.
const FRAME_COST: usize = 4 << 10;
/// Rounds of unasked-for messages before the peer's own frames get their turn.
const PENDING_ROUNDS: usize = 16;
/// Disk jobs for one frame: a compound has fewer elements.
const JOBS_PER_FRAME: usize = 1_024;

/// Replies that wait to be sent together.
struct Outbox<'a> {
    slot: Option<Held<'a>>,
    /// What is before this was sent.
    start: usize,
    /// Where the next reply begins.
    end: usize,
}

impl Outbox<'_> {
    /// Room for one more reply, after its prefix.
    fn room(&self) -> usize {
        let size = self.slot.as_ref().map_or(0, |slot| slot.len());
        size.saturating_sub(self.end).saturating_sub(PREFIX)
    }

    fn release(&mut self) {
        (self.slot, self.start, self.end) = (None, 0, 0);
    }
}

impl<E: Engine> Link<E> {
    /// Serves the connection to its end.
    pub async fn serve(&self) -> End {
        match self.converse().await {
            Err(end) => end,
            Ok(never) => match never {},
        }
    }

    async fn converse(&self) -> Result<Infallible, End> {
        let mut inbox = Inbox::new();
        let mut outbox = Outbox {
            slot: None,
            start: 0,
            end: 0,
        };
        loop {
            if self.place().is_due() {
                self.tell(&mut outbox).await?;
            }
            match inbox.next(self.frame_limit()) {
                Err(NotAFrame) => {
                    self.flush(&mut outbox, false).await?;
                    return Err(End::NotAFrame);
                }
                Ok(Next::Frame(range)) => {
                    let end = range.end;
                    self.answer(inbox.part(range), &mut outbox).await?;
                    inbox.consume(end);
                    self.spend(FRAME_COST).await;
                }
                Ok(Next::Large { length, have }) => {
                    self.flush(&mut outbox, false).await?;
                    outbox.release();
                    self.receive_large(&mut inbox, length, have, &mut outbox)
                        .await?;
                }
                Ok(Next::Partial) => {
                    self.flush(&mut outbox, false).await?;
                    outbox.release();
                    inbox.rest();
                    if self.wait(Interest::Read, true).await? == Woken::Ready {
                        self.receive_some(&mut inbox).await?;
                    }
                }
            }
        }
    }

    fn frame_limit(&self) -> usize {
        let limit = self.shared.peek(|engine| engine.frame_limit(self.id));
        limit.min(self.shared.rx.slot_size()).min(LONGEST)
    }

    async fn receive_some(&self, inbox: &mut Inbox) -> Result<(), End> {
        let room = inbox.room(&self.shared.buffers);
        let asked = room.len();
        match socket::receive(self.io.fd(), room) {
            Ok(0) if asked == 0 => return Err(End::Socket(Errno::NOBUFS)),
            received => {
                let received = self.received(received, asked)?;
                inbox.received(received);
            }
        }
        Ok(())
    }

    /// What a receive of `asked` bytes says: how many came, 0 for "later".
    fn received(&self, outcome: Result<usize, Errno>, asked: usize) -> Result<usize, End> {
        match outcome {
            Ok(0) => Err(End::Eof),
            Ok(received) => {
                if received < asked {
                    self.io.exhausted(Interest::Read);
                }
                self.place().moved(received);
                self.hurry(false);
                Ok(received)
            }
            Err(Errno::INTR) => Ok(0),
            Err(Errno::AGAIN) => {
                self.io.exhausted(Interest::Read);
                Ok(0)
            }
            Err(errno) => Err(End::Socket(errno)),
        }
    }

    /// Receives a frame too long for the inbox into a slot, and answers it. What comes after the frame lands
    /// in the inbox with the same system call.
    async fn receive_large<'a>(
        &'a self,
        inbox: &mut Inbox,
        length: usize,
        have: Range<usize>,
        outbox: &mut Outbox<'a>,
    ) -> Result<(), End> {
        let mut slot = loop {
            match self.take(&self.shared.rx, true).await? {
                Some(slot) => break slot,
                None => self.tell(outbox).await?,
            }
        };
        let frame = slot.get_mut(..length).ok_or(End::NotAFrame)?;
        let end = have.end;
        let begun = inbox.part(have);
        let mut at = begun.len();
        frame
            .get_mut(..at)
            .ok_or(End::NotAFrame)?
            .copy_from_slice(begun);
        inbox.consume(end);
        while at < length {
            if self.wait(Interest::Read, true).await? == Woken::Due {
                self.tell(outbox).await?;
                continue;
            }
            let rest = frame.get_mut(at..).unwrap_or(&mut []);
            let missing = rest.len();
            let room = inbox.room(&self.shared.buffers);
            let asked = missing.saturating_add(room.len());
            let outcome = socket::receive_two(self.io.fd(), rest, room);
            let received = self.received(outcome, asked)?;
            at = at.saturating_add(received.min(missing));
            inbox.received(received.saturating_sub(missing));
            self.spend(received).await;
        }
        self.answer(frame, outbox).await
    }

    /// Sends the replies that are ready.
    async fn flush(&self, outbox: &mut Outbox<'_>, more: bool) -> Result<(), End> {
        if let Some(slot) = &outbox.slot
            && let Some(bytes) = slot.get(outbox.start..outbox.end)
        {
            self.send(bytes, more).await?;
        }
        outbox.start = outbox.end;
        Ok(())
    }

    /// Sees that the outbox has a slot.
    async fn reserve<'a>(&'a self, outbox: &mut Outbox<'a>) -> Result<(), End> {
        if outbox.slot.is_none() {
            outbox.slot = self.take(&self.shared.tx, false).await?;
        }
        if outbox.start == outbox.end {
            (outbox.start, outbox.end) = (0, 0);
        }
        Ok(())
    }

    /// Has the engine answer a frame; what it says is in the outbox or sent when this returns.
    async fn answer<'a>(&'a self, frame: &mut [u8], outbox: &mut Outbox<'a>) -> Result<(), End> {
        if outbox.start < outbox.end {
            let bound = self.shared.peek(|e| e.reply_bound(self.id, frame));
            if bound > outbox.room() {
                self.flush(outbox, false).await?;
            }
        }
        self.reserve(outbox).await?;
        let mut walk = E::Walk::default();
        for _ in 0..JOBS_PER_FRAME {
            if outbox.slot.is_none() {
                self.reserve(outbox).await?;
            }
            let room = outbox.room();
            let begin = outbox.end.saturating_add(PREFIX);
            let reply = outbox.slot.as_mut().and_then(|slot| slot.get_mut(begin..));
            let reply = reply.ok_or(End::Engine)?;
            let verdict = self
                .shared
                .engine(|engine, now| engine.receive(self.id, &mut walk, frame, reply, now));
            match verdict {
                Verdict::Silence => return Ok(()),
                Verdict::Disconnect => {
                    self.flush(outbox, false).await?;
                    return Err(End::Engine);
                }
                Verdict::Reply { length, tail } => {
                    let behind = tail.as_ref().map_or(0, |tail| tail.length as usize);
                    let total = length.saturating_add(behind);
                    if length > room || total > LONGEST {
                        return Err(End::Engine);
                    }
                    let prefix = (total as u32).to_be_bytes();
                    if let Some(slot) = &mut outbox.slot
                        && let Some(place) = slot.get_mut(outbox.end..begin)
                    {
                        place.copy_from_slice(&prefix);
                    }
                    outbox.end = begin.saturating_add(length);
                    let Some(tail) = tail else { return Ok(()) };
                    self.flush(outbox, behind > 0).await?;
                    let bounce = outbox.slot.as_deref_mut().unwrap_or(&mut []);
                    return self.send_file(&tail, bounce).await;
                }
                Verdict::Blocking(job) => {
                    // A disk can take seconds: what is ready goes, and the slot does too if it can.
                    self.flush(outbox, false).await?;
                    if !E::reply_begun(&walk) {
                        outbox.release();
                    }
                    let result = self.run(&job).await;
                    E::job_done(&mut walk, result);
                }
            }
        }
        Err(End::Engine)
    }

    /// Runs a job on the helper thread.
    async fn run(&self, job: &Job<E::File>) -> JobResult {
        let (open, work) = match *job {
            Job::Sync { open } => (open, Work::Sync),
            Job::Read {
                open,
                offset,
                length,
            } => (open, Work::Read { offset, length }),
        };
        let file = self.shared.peek(|engine| {
            let file = engine.file(open)?;
            Some(file.as_fd().try_clone_to_owned())
        });
        match file {
            Some(Ok(file)) => self.shared.helper.run(file, work).await,
            Some(Err(_)) => JobResult::Failed(vfs::Error::TooManyOpen),
            // Closed by somebody else meanwhile: the engine will see.
            None => JobResult::Failed(vfs::Error::Io),
        }
    }

    /// Sends what the engine has to say without being asked, in a slot that is free again afterwards.
    async fn tell<'a>(&'a self, outbox: &mut Outbox<'a>) -> Result<(), End> {
        self.place().take_due();
        self.flush(outbox, false).await?;
        let mut quiet = false;
        for _ in 0..PENDING_ROUNDS {
            if self.shared.peek(|engine| engine.must_close(self.id)) {
                return Err(End::Engine);
            }
            self.reserve(outbox).await?;
            let slot = outbox.slot.as_deref_mut().unwrap_or(&mut []);
            let length = self
                .shared
                .engine(|engine, now| engine.pending(self.id, slot, now));
            quiet = length == 0;
            if quiet {
                break;
            }
            outbox.end = length.min(slot.len());
            self.flush(outbox, false).await?;
            if self.shared.peek(|engine| engine.owes_answer(self.id)) {
                self.hurry(true);
            }
        }
        outbox.release();
        if !quiet {
            self.place().make_due();
        }
        Ok(())
    }
}
