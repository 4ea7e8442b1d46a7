//! The end that is measured.

use crate::{Done, LIST_END, LIST_HEAD, LIST_MOST, LIST_REQUEST, REPLY_HEAD, REQUEST, STEPS};
use crate::{Words, system};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;

const DATA: usize = 4096;

pub struct Server {
    work: String,
    connections: Vec<TcpStream>,
    folder: File,
    /// What is read, written or listed; nothing for a cycle.
    file: Option<File>,
    size: usize,
    length: usize,
    total: usize,
    depth: usize,
}

impl Server {
    /// Waits until every connection of the client is there, and opens the file: as a client does before it is measured.
    pub fn new(listener: &TcpListener, work: &str, words: &Words) -> Result<Server> {
        let connections = (0..words.number("connections", 1))
            .map(|_| {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                Ok(stream)
            })
            .collect::<Result<_>>()?;
        let folder = File::open(words.text("folder", "."))?;
        let flags = match work {
            "cycle" => None,
            "list" => Some(libc::O_RDONLY | libc::O_DIRECTORY),
            "receive" => Some(libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC),
            _ => Some(libc::O_RDONLY),
        };
        let name = CString::new(words.text("file", "big"))?;
        let file = flags.map(|flags| system::open_at(folder.as_raw_fd(), &name, flags));
        Ok(Server {
            work: work.to_owned(),
            connections,
            folder,
            file: file.transpose()?.map(File::from),
            size: words.number("size", 1 << 20),
            length: words.number("length", 1 << 28),
            total: words.number("total", 1 << 30),
            depth: words.number("depth", 1),
        })
    }

    pub fn run(&mut self) -> Result<Done> {
        match self.work.as_str() {
            "sendfile" => self.send(false),
            "copy" => self.send(true),
            "receive" => self.receive(),
            "answer" => self.answer(),
            "cycle" => self.cycle(),
            "list" => self.list(),
            _ => Err(Error::other("no such work")),
        }
    }

    fn file(&mut self) -> Result<File> {
        self.file.take().ok_or(ErrorKind::NotFound.into())
    }

    fn send(&mut self, copied: bool) -> Result<Done> {
        let file = self.file()?;
        let stream = &mut self.connections[0];
        let mut block = vec![0; self.size];
        let mut sent = 0;
        while sent < self.total {
            let offset = sent % self.length;
            if copied {
                file.read_exact_at(&mut block, offset as u64)?;
                stream.write_all(&block)?;
                sent += self.size;
            } else {
                let wanted = self.size - sent % self.size;
                match system::sendfile(stream.as_raw_fd(), file.as_raw_fd(), offset, wanted)? {
                    0 => return Err(ErrorKind::UnexpectedEof.into()),
                    more => sent += more,
                }
            }
        }
        Ok(Done {
            bytes: sent,
            ops: sent / self.size,
        })
    }

    fn receive(&mut self) -> Result<Done> {
        let file = self.file()?;
        let stream = &mut self.connections[0];
        let mut block = vec![0; self.size];
        let mut done = 0;
        while done < self.total {
            stream.read_exact(&mut block)?;
            file.write_all_at(&block, (done % self.length) as u64)?;
            done += self.size;
        }
        Ok(Done {
            bytes: done,
            ops: done / self.size,
        })
    }

    /// Every connection that has requests is given to `each` with what was received and room for replies; it says how
    /// many bytes were whole requests, and how many the replies have. Until all have gone.
    fn rounds(
        &mut self,
        mut each: impl FnMut(usize, &[u8], &mut [u8]) -> Result<(usize, usize)>,
    ) -> Result<()> {
        let epoll = system::Epoll::new()?;
        for (number, stream) in self.connections.iter().enumerate() {
            epoll.add(stream.as_raw_fd(), number as u64)?;
        }
        let room = (self.depth * REQUEST).max(8192);
        let mut held = vec![(vec![0; room], 0); self.connections.len()];
        let mut events = [const { libc::epoll_event { events: 0, u64: 0 } }; 64];
        let mut reply = vec![0; self.depth * (REPLY_HEAD + DATA) + LIST_MOST + LIST_HEAD];
        let mut left = self.connections.len();
        while left > 0 {
            for number in epoll.wait(&mut events)? {
                let (received, filled) = &mut held[number];
                let mut stream = &self.connections[number];
                match stream.read(&mut received[*filled..])? {
                    0 => {
                        left -= 1;
                        epoll.remove(stream.as_raw_fd())?;
                        continue;
                    }
                    more => *filled += more,
                }
                let (used, answered) = each(number, &received[..*filled], &mut reply)?;
                received.copy_within(used..*filled, 0);
                *filled -= used;
                if answered > 0 {
                    stream.write_all(&reply[..answered])?;
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self) -> Result<Done> {
        let file = self.file()?;
        let blocks = self.length / DATA;
        let mut ops = 0;
        self.rounds(|_, received, reply| {
            let requests = received.chunks_exact(REQUEST);
            let count = requests.len();
            for (request, reply) in requests.zip(reply.chunks_exact_mut(REPLY_HEAD + DATA)) {
                let mut block = [0; 8];
                block.copy_from_slice(&request[..8]);
                let offset = (u64::from_le_bytes(block) as usize % blocks * DATA) as u64;
                file.read_exact_at(&mut reply[REPLY_HEAD..], offset)?;
                ops += 1;
            }
            Ok((count * REQUEST, count * (REPLY_HEAD + DATA)))
        })?;
        Ok(Done {
            bytes: ops * DATA,
            ops,
        })
    }

    fn cycle(&mut self) -> Result<Done> {
        let folder = self.folder.as_raw_fd();
        let mut open: Vec<Option<OwnedFd>> = self.connections.iter().map(|_| None).collect();
        let mut cycles = 0;
        let mut round = vec![0u32; self.connections.len()];
        // Every name is made before the clock matters: a server has it from the request.
        let names: Vec<Vec<CString>> = (0..self.connections.len())
            .map(|number| {
                (0..50)
                    .map(|turn| CString::new(format!("raw-{number}-{turn}")))
                    .collect::<std::result::Result<_, _>>()
            })
            .collect::<std::result::Result<_, _>>()?;
        self.rounds(|number, received, _| {
            let step = usize::from(received[0]);
            let (request, answer) = STEPS[step];
            if received.len() < request {
                return Ok((0, 0));
            }
            let name: &CStr = &names[number][round[number] as usize % 50];
            match step {
                0 => {
                    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
                    open[number] = Some(system::open_at(folder, name, flags)?);
                }
                1 => {
                    let file = File::from(open[number].take().ok_or(ErrorKind::InvalidInput)?);
                    file.write_all_at(&received[request - DATA..request], 0)?;
                    open[number] = Some(file.into());
                }
                3 => open[number] = Some(system::open_at(folder, name, libc::O_RDONLY)?),
                4 => {
                    system::unlink_at(folder, name)?;
                    round[number] += 1;
                }
                _ => {
                    open[number] = None;
                    cycles += usize::from(step == 5);
                }
            }
            Ok((request, answer))
        })?;
        Ok(Done {
            bytes: 0,
            ops: cycles,
        })
    }

    fn list(&mut self) -> Result<Done> {
        let folder = self.file()?;
        let mut listing = Listing::new(folder.as_raw_fd());
        let mut ops = 0;
        self.rounds(|_, received, reply| {
            if received.len() < LIST_REQUEST {
                return Ok((0, 0));
            }
            let length = listing.more()?;
            let answer = if length == 0 {
                ops += 1;
                system::rewind(listing.folder)?;
                LIST_END
            } else {
                LIST_HEAD + length
            };
            reply[..4].copy_from_slice(&(answer as u32 - 4).to_be_bytes());
            Ok((LIST_REQUEST, answer))
        })?;
        Ok(Done { bytes: 0, ops })
    }
}

/// A folder's entries in replies' worth.
struct Listing {
    folder: RawFd,
    buffer: Vec<u8>,
    /// What of the buffer is not yet told: from, to.
    held: (usize, usize),
}

impl Listing {
    fn new(folder: RawFd) -> Listing {
        Listing {
            folder,
            buffer: vec![0; 32768],
            held: (0, 0),
        }
    }

    /// Looks at as many files as a reply has room for; how long their entries are, 0 at the end.
    fn more(&mut self) -> Result<usize> {
        let mut length = 0;
        loop {
            if self.held.0 == self.held.1 {
                self.held = (0, system::entries(self.folder, &mut self.buffer)?);
                if self.held.1 == 0 {
                    return Ok(length);
                }
            }
            let entry = &self.buffer[self.held.0..self.held.1];
            let name = CStr::from_bytes_until_nul(&entry[19..]).map_err(Error::other)?;
            // FileIdBothDirectoryInformation: 104 bytes and the name in UTF-16, in steps of 8.
            let weight = (104 + 2 * name.count_bytes()).next_multiple_of(8);
            if length + weight > LIST_MOST {
                return Ok(length);
            }
            system::stat(self.folder, name)?;
            length += weight;
            self.held.0 += usize::from(u16::from_le_bytes([entry[16], entry[17]]));
        }
    }
}
