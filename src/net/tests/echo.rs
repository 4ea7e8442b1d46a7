//! An engine for tests: the first byte of a frame says what to do with it.

use crate::memory::Handle;
use crate::net::link::SENDS;
use crate::net::port::*;
use core::net::IpAddr;
use std::collections::VecDeque;
use std::fs::File;

/// What stands before the payload of a reply from the file.
pub const HEAD: &[u8] = b"FILEHEAD";
/// The longest frame.
pub const FRAME_LIMIT: usize = 64 << 10;

struct Client {
    id: ConnectionId,
    pending: VecDeque<Vec<u8>>,
    kicked: bool,
}

/// See the module.
pub struct Echo {
    file: File,
    next: u64,
    clients: Vec<Client>,
    woken: VecDeque<ConnectionId>,
    alarm: Option<(u64, ConnectionId)>,
    pub disconnects: usize,
}

#[derive(Default)]
pub struct Walk {
    job: Option<JobResult>,
}

impl Echo {
    pub fn new(file: File) -> Echo {
        Echo {
            file,
            next: 1,
            clients: Vec::new(),
            woken: VecDeque::new(),
            alarm: None,
            disconnects: 0,
        }
    }

    fn client(&mut self, id: ConnectionId) -> &mut Client {
        self.clients.iter_mut().find(|c| c.id == id).unwrap()
    }
}

fn number(frame: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(frame[at..at + 4].try_into().unwrap())
}

fn reply(out: &mut [u8], bytes: &[u8]) -> Verdict<File> {
    out[..bytes.len()].copy_from_slice(bytes);
    Verdict::Reply {
        length: bytes.len(),
        tail: None,
    }
}

impl Engine for Echo {
    type File = File;
    type Walk = Walk;

    fn connect(&mut self, _: IpAddr, _: Now) -> Result<ConnectionId, Refused> {
        let id = Handle::from_u64(self.next);
        self.next += 1;
        self.clients.push(Client {
            id,
            pending: VecDeque::new(),
            kicked: false,
        });
        Ok(id)
    }

    fn disconnect(&mut self, id: ConnectionId, _: Now) {
        let before = self.clients.len();
        self.clients.retain(|client| client.id != id);
        assert_eq!(self.clients.len() + 1, before, "disconnected twice");
        self.disconnects += 1;
    }

    fn frame_limit(&self, _: ConnectionId) -> usize {
        FRAME_LIMIT
    }

    fn receive(
        &mut self,
        id: ConnectionId,
        walk: &mut Walk,
        frame: &mut [u8],
        out: &mut [u8],
        now: Now,
    ) -> Verdict<File> {
        let open = Handle::from_u64(7);
        match frame.first() {
            Some(b'e') => reply(out, frame),
            Some(b'n') => {
                let length = number(frame, 1) as usize;
                out[..length].fill(0x55);
                Verdict::Reply { length, tail: None }
            }
            Some(b'f') => {
                out[..HEAD.len()].copy_from_slice(HEAD);
                let tail = Tail {
                    open,
                    offset: number(frame, 1).into(),
                    length: number(frame, 5),
                };
                Verdict::Reply {
                    length: HEAD.len(),
                    tail: Some(tail),
                }
            }
            Some(b'j') => match walk.job.take() {
                None => Verdict::Blocking(Job::Read {
                    open,
                    offset: 0,
                    length: 1 << 20,
                }),
                Some(JobResult::Done) => reply(out, b"done"),
                Some(JobResult::Failed(_)) => reply(out, b"failed"),
            },
            Some(b'w') => {
                for client in &mut self.clients {
                    client.pending.push_back(b"wake".to_vec());
                    self.woken.push_back(client.id);
                }
                Verdict::Silence
            }
            Some(b'k') => {
                for client in self.clients.iter_mut().filter(|client| client.id != id) {
                    client.kicked = true;
                    self.woken.push_back(client.id);
                }
                Verdict::Silence
            }
            Some(b't') => {
                self.alarm = Some((now.mono + u64::from(number(frame, 1)), id));
                Verdict::Silence
            }
            Some(b'q') => {
                let state = format!("{} {}", SENDS.get(), self.clients.len());
                reply(out, state.as_bytes())
            }
            Some(b'p') => panic!("asked for by a test"),
            Some(b'd') => Verdict::Disconnect,
            _ => Verdict::Silence,
        }
    }

    fn reply_bound(&self, _: ConnectionId, frame: &[u8]) -> usize {
        match frame.first() {
            Some(b'n') => number(frame, 1) as usize,
            _ => frame.len().max(64),
        }
    }

    fn reply_begun(_: &Walk) -> bool {
        false
    }

    fn job_done(walk: &mut Walk, result: JobResult) {
        walk.job = Some(result);
    }

    fn pending(&mut self, id: ConnectionId, out: &mut [u8], _: Now) -> usize {
        let Some(message) = self.client(id).pending.pop_front() else {
            return 0;
        };
        out[..4].copy_from_slice(&(message.len() as u32).to_be_bytes());
        out[4..4 + message.len()].copy_from_slice(&message);
        4 + message.len()
    }

    fn next_woken(&mut self) -> Option<ConnectionId> {
        self.woken.pop_front()
    }

    fn must_close(&self, id: ConnectionId) -> bool {
        self.clients
            .iter()
            .any(|client| client.id == id && client.kicked)
    }

    fn tick(&mut self, now: Now) -> Option<u64> {
        if let Some((_, id)) = self.alarm.take_if(|(at, _)| *at <= now.mono) {
            self.client(id).pending.push_back(b"alarm".to_vec());
            self.woken.push_back(id);
        }
        self.alarm.map(|(at, _)| at)
    }

    fn file(&self, open: OpenId<File>) -> Option<&File> {
        (open == Handle::from_u64(7)).then_some(&self.file)
    }
}
