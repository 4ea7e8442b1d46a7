//! The net with a simple engine, over loopback.

mod echo;

use super::*;
use crate::memory::Limits;
use echo::{Echo, FRAME_LIMIT, HEAD};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const FILE_SIZE: usize = 3 << 20;

struct Server {
    address: SocketAddr,
    control: PathBuf,
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<usize>>,
}

fn budget() -> Budget {
    Budget {
        connections: 256,
        receive_slots: 4,
        send_slots: 4,
        ..Budget::new(64 << 20, &Limits::default())
    }
}

fn pattern(at: usize) -> u8 {
    (at / 3 + at / 4096) as u8
}

fn scratch(what: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!(
        "smolsmb-net-{}-{number}.{what}",
        std::process::id()
    ))
}

fn start(budget: Budget, patience: [u64; 2]) -> Server {
    let control = scratch("socket");
    let path = control.clone();
    let (stop, stopped) = UnixStream::pair().unwrap();
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let name = scratch("data");
        let content: Vec<u8> = (0..FILE_SIZE).map(pattern).collect();
        std::fs::write(&name, content).unwrap();
        let engine = Rc::new(RefCell::new(Echo::new(File::open(&name).unwrap())));
        std::fs::remove_file(&name).unwrap();
        let executor = Rc::new(LocalExecutor::new());
        let mut shared = Shared::new(engine.clone(), &executor, &budget).unwrap();
        shared.patience = patience;
        let net = Net::over(executor, Rc::new(shared));
        let gauges: Control = Box::new(|line, gauges| {
            let line = String::from_utf8_lossy(line);
            Some(format!("{line}: {gauges:?}").into_bytes())
        });
        net.control(&path, gauges).unwrap();
        tell.send(net.listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap())
            .unwrap();
        stopped.set_nonblocking(true).unwrap();
        let stopped = Io::new(net.reactor(), stopped).unwrap();
        net.run(async move {
            let read = |fd: &UnixStream| rustix::io::read(fd, &mut [0; 1]);
            stopped.retry(Interest::Read, read).await.unwrap();
        })
        .unwrap();
        let _ = std::fs::remove_file(&path);
        let engine = Rc::into_inner(engine).expect("the net keeps nothing of the engine");
        engine.into_inner().disconnects
    });
    Server {
        address: told.recv().unwrap(),
        control,
        stop: Some(stop),
        thread: Some(thread),
    }
}

impl Server {
    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Client(stream)
    }

    fn ask(&self, line: &str) -> String {
        let mut socket = UnixStream::connect(&self.control).unwrap();
        socket.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// How many connections the engine was told are gone.
    fn stop(mut self) -> usize {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Client(TcpStream);

fn framed(payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes().to_vec();
    frame.extend_from_slice(payload);
    frame
}

fn asks(op: u8, numbers: &[u32]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
    [op].into_iter().chain(numbers).collect()
}

impl Client {
    fn send(&mut self, payload: &[u8]) {
        self.0.write_all(&framed(payload)).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        self.try_receive().expect("a reply")
    }

    fn try_receive(&mut self) -> std::io::Result<Vec<u8>> {
        let mut prefix = [0; 4];
        self.0.read_exact(&mut prefix)?;
        let mut payload = vec![0; u32::from_be_bytes(prefix) as usize];
        self.0.read_exact(&mut payload)?;
        Ok(payload)
    }

    fn call(&mut self, payload: &[u8]) -> Vec<u8> {
        self.send(payload);
        self.receive()
    }

    /// Whether the server ended the connection.
    fn ended(&mut self) -> bool {
        match self.try_receive() {
            Ok(_) => false,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

const PATIENT: [u64; 2] = [30_000, 30_000];

#[test]
fn frames_are_put_together_byte_by_byte() {
    let server = start(budget(), PATIENT);
    let mut client = server.connect();
    for byte in framed(b"echo me") {
        client.0.write_all(&[byte]).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.receive(), b"echo me");
    assert_eq!(client.call(b"e"), b"e");
}

#[test]
fn pipelined_frames_are_answered_in_order_with_one_send() {
    let server = start(budget(), PATIENT);
    let mut client = server.connect();
    let counted = |client: &mut Client| -> u32 {
        let state = String::from_utf8(client.call(b"q")).unwrap();
        state.split(' ').next().unwrap().parse().unwrap()
    };
    let before = counted(&mut client);
    let burst: Vec<u8> = (0..10)
        .flat_map(|n| framed(format!("echo {n}").as_bytes()))
        .collect();
    client.0.write_all(&burst).unwrap();
    for n in 0..10 {
        assert_eq!(client.receive(), format!("echo {n}").as_bytes());
    }
    let sends = counted(&mut client) - before;
    assert_eq!(sends, 2, "the burst's and the count's own");
}

#[test]
fn large_frames_come_through_slots_with_what_follows_them() {
    let server = start(budget(), PATIENT);
    let mut client = server.connect();
    for size in [4_000, 4_092, 4_093, 5_000, 40_000, FRAME_LIMIT] {
        let large: Vec<u8> = [b'e'].into_iter().chain((1..size).map(pattern)).collect();
        let mut burst = framed(b"e before");
        burst.extend(framed(&large));
        burst.extend(framed(&large));
        burst.extend(framed(b"e after"));
        client.0.write_all(&burst).unwrap();
        assert_eq!(client.receive(), b"e before");
        assert!(client.receive() == large && client.receive() == large);
        assert_eq!(client.receive(), b"e after");
    }
    assert!(server.ask("gauges\n").contains("in_use: 0"));
}

#[test]
fn what_is_no_frame_ends_the_connection() {
    let server = start(budget(), PATIENT);
    let mut other = server.connect();
    let long = (FRAME_LIMIT as u32 + 1).to_be_bytes();
    let cases: [&[u8]; 5] = [
        &long,
        &[0xFF],
        &[0x81, 0, 0, 0],
        b"GET / HTTP/1.0\r\n",
        &[0, 0xFF, 0xFF, 0xFF],
    ];
    for bytes in cases {
        let mut client = server.connect();
        client.0.write_all(bytes).unwrap();
        assert!(client.ended(), "{bytes:?}");
    }
    let mut client = server.connect();
    client.send(b"d");
    assert!(client.ended());
    assert_eq!(other.call(b"e"), b"e");
}

#[test]
fn many_connections_are_served_and_one_too_many_refused() {
    let server = start(budget(), PATIENT);
    let mut clients: Vec<Client> = (0..256).map(|_| server.connect()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(format!("e{n}").as_bytes());
    }
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.receive(), format!("e{n}").as_bytes());
    }
    assert!(server.connect().ended());
    drop(clients.pop());
    let served = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        let mut client = server.connect();
        client.0.write_all(&framed(b"e")).is_ok() && client.try_receive().is_ok()
    });
    assert!(served, "a place that is free again is used");
    assert_eq!(clients[3].call(b"e"), b"e");
}

#[test]
fn a_file_is_sent_from_the_page_cache_and_padded_where_it_ended() {
    let server = start(budget(), PATIENT);
    let mut client = server.connect();
    let end = FILE_SIZE as u32;
    let cases = [
        (0, 1),
        (5, 70_000),
        (1, end - 1),
        (end - 10, 5_000),
        (end + 9, 9_000),
        (3, 0),
    ];
    for (offset, length) in cases {
        client.send(&asks(b'f', &[offset, length]));
        client.send(b"e");
        let reply = client.receive();
        assert!(reply.starts_with(HEAD));
        let from = offset as usize;
        let expected =
            (from..from + length as usize).map(|at| if at < FILE_SIZE { pattern(at) } else { 0 });
        assert!(
            reply[HEAD.len()..].iter().copied().eq(expected),
            "{offset} {length}"
        );
        assert_eq!(client.receive(), b"e");
    }
}

#[test]
fn readers_that_do_not_read_give_their_slots_up_and_others_are_served() {
    let budget = Budget {
        send_slots: 2,
        ..budget()
    };
    let server = start(budget, [60_000, 700]);
    let mut stalled: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    let greedy: Vec<u8> = (0..200)
        .flat_map(|_| framed(&asks(b'f', &[0, FILE_SIZE as u32])))
        .collect();
    for client in &mut stalled {
        client.0.write_all(&greedy).unwrap();
    }
    // Both slots are held by those who do not read.
    std::thread::sleep(Duration::from_millis(300));
    assert!(server.ask("gauges\n").contains("in_use: 2"));
    let begun = Instant::now();
    let mut client = server.connect();
    assert_eq!(client.call(b"e"), b"e");
    assert!(begun.elapsed() < Duration::from_secs(8));
    for _ in 0..50 {
        if server.ask("gauges\n").contains("connections: 1,") {
            return;
        }
        assert_eq!(client.call(b"e"), b"e");
        std::thread::sleep(Duration::from_millis(100));
    }
    // The last of them has a slot to itself while nobody waits: that is its right.
    assert!(server.ask("gauges\n").contains("connections: 2,"));
}

#[test]
fn a_slow_reader_that_reads_is_not_cut_and_holds_nobody_up() {
    let server = start(budget(), [60_000, 700]);
    let mut slow = server.connect();
    slow.send(&asks(b'f', &[0, FILE_SIZE as u32]));
    let mut quick = server.connect();
    let mut got = Vec::new();
    let total = 4 + HEAD.len() + FILE_SIZE;
    while got.len() < total {
        let mut bytes = vec![0; 100_000];
        let read = slow.0.read(&mut bytes).unwrap();
        assert!(read > 0);
        got.extend_from_slice(&bytes[..read]);
        let begun = Instant::now();
        assert_eq!(quick.call(b"e"), b"e");
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
    assert!(
        got[4 + HEAD.len()..]
            .iter()
            .copied()
            .eq((0..FILE_SIZE).map(pattern))
    );
}

#[test]
fn writers_that_do_not_write_give_their_slot_up_in_order() {
    let budget = Budget {
        receive_slots: 1,
        ..budget()
    };
    let server = start(budget, [60_000, 600]);
    let large = framed(&vec![b'e'; 50_000]);
    let mut stalled = server.connect();
    stalled.0.write_all(&large[..20_000]).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let mut waiting: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    for client in &mut waiting {
        client.0.write_all(&large).unwrap();
    }
    let mut small = server.connect();
    assert_eq!(small.call(b"e"), b"e", "what needs no slot goes on");
    for client in &mut waiting {
        assert_eq!(client.receive().len(), 50_000);
    }
    assert!(stalled.ended());
}

#[test]
fn a_job_for_the_disk_holds_only_its_own_connection_up() {
    let server = start(budget(), PATIENT);
    assert!(server.ask("gauges\n").contains("disk_thread: false"));
    let mut clients: Vec<Client> = (0..30).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(b"e1");
        client.send(b"j");
        client.send(b"e2");
    }
    for client in &mut clients {
        assert_eq!(client.receive(), b"e1");
        assert_eq!(client.receive(), b"done");
        assert_eq!(client.receive(), b"e2");
    }
    let gauges = server.ask("gauges\n");
    assert!(gauges.contains("disk_thread: true") && gauges.contains("disk_jobs: 0"));
}

#[test]
fn what_is_due_without_a_request_is_sent_even_in_the_middle_of_a_frame() {
    let server = start(budget(), PATIENT);
    let mut clients: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.call(b"e"), b"e");
    }
    let large = framed(&vec![b'e'; 50_000]);
    clients[0].0.write_all(&large[..30_000]).unwrap();
    clients[1].send(b"w");
    for client in &mut clients {
        assert_eq!(client.receive(), b"wake");
    }
    clients[0].0.write_all(&large[30_000..]).unwrap();
    assert_eq!(clients[0].receive().len(), 50_000);
    clients[1].send(b"k");
    assert!(clients[0].ended() && clients[2].ended());
    assert_eq!(clients[1].call(b"e"), b"e");
}

#[test]
fn the_engine_is_called_at_its_deadline() {
    let server = start(budget(), PATIENT);
    let mut client = server.connect();
    let begun = Instant::now();
    client.send(&asks(b't', &[300]));
    assert_eq!(client.receive(), b"alarm");
    let taken = begun.elapsed();
    assert!(taken >= Duration::from_millis(295) && taken < Duration::from_secs(5));
}

#[test]
fn a_panic_ends_its_connection_alone() {
    let server = start(budget(), PATIENT);
    let (mut victim, mut other) = (server.connect(), server.connect());
    assert_eq!(other.call(b"e"), b"e");
    victim.send(b"p");
    assert!(victim.ended());
    assert_eq!(other.call(b"e"), b"e");
    assert_eq!(server.stop(), 2);
}

#[test]
fn a_client_that_ends_its_side_gets_its_answers() {
    let server = start(budget(), PATIENT);
    let mut client = server.connect();
    client.send(b"e1");
    client.send(&asks(b'f', &[0, FILE_SIZE as u32]));
    client.send(b"e2");
    client.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.receive(), b"e1");
    assert_eq!(client.receive().len(), HEAD.len() + FILE_SIZE);
    assert_eq!(client.receive(), b"e2");
    assert!(client.ended());
}

#[test]
fn stopping_tells_the_engine_of_every_connection() {
    let server = start(budget(), PATIENT);
    let mut clients: Vec<Client> = (0..5).map(|_| server.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.call(b"e"), b"e");
    }
    clients[0].0.write_all(&[0, 0, 1]).unwrap();
    assert_eq!(server.stop(), 5);
    for client in &mut clients {
        assert!(client.ended());
    }
}

#[test]
fn the_control_socket_answers_one_line_and_survives_bad_clients() {
    let server = start(budget(), PATIENT);
    assert!(server.ask("hello\nmore").starts_with("hello: Gauges"));
    for rubbish in [&b""[..], &[b'x'; 100_000], b"no end of line"] {
        let mut socket = UnixStream::connect(&server.control).unwrap();
        let _ = socket.write_all(rubbish);
        drop(socket);
        assert!(server.ask("again\n").starts_with("again: Gauges"));
    }
}

#[test]
fn signals_reload_and_stop() {
    use rustix::process::{Signal, getpid, kill_process};
    let (tell, told) = mpsc::channel();
    let server = std::thread::spawn(move || {
        let engine = Rc::new(RefCell::new(Echo::new(
            File::open("/proc/self/exe").unwrap(),
        )));
        let (first, second) = (tell.clone(), tell);
        let hooks = Hooks {
            reload: Box::new(move || {
                second.send(Vec::new()).unwrap();
                Some(Place {
                    addresses: Vec::new(),
                    networks: false,
                })
            }),
            networks: Box::new(|_| None),
            mounts: Box::new(|| ()),
            control: Box::new(|_, _| None),
            ready: Box::new(move |addresses| first.send(addresses.to_vec()).unwrap()),
        };
        let settings = Settings {
            listen: Place {
                addresses: ["127.0.0.1:0", "[::1]:0"]
                    .map(|text| text.parse::<SocketAddr>().unwrap().into())
                    .into(),
                networks: false,
            },
            control: None,
            ubus: PathBuf::new(),
            changes: None,
        };
        serve(engine, &budget(), &settings, hooks)
    });
    let addresses = told.recv().unwrap();
    let mut stream = TcpStream::connect(addresses[0]).unwrap();
    stream.write_all(&framed(b"e")).unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    kill_process(getpid(), Signal::HUP).unwrap();
    told.recv().unwrap();
    stream.write_all(&framed(b"e")).unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    let closed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(addresses[0]).is_err()
    });
    assert!(closed, "the reloaded config listens nowhere");
    kill_process(getpid(), Signal::TERM).unwrap();
    server.join().unwrap().unwrap();
}
