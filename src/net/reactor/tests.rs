use super::*;
use crate::net::notify::Notify;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

fn run<T: 'static>(
    body: impl AsyncFnOnce(Rc<Reactor>, Rc<LocalExecutor<'static>>) -> T + 'static,
) -> T {
    let reactor = Reactor::new(8).unwrap();
    let executor = Rc::new(LocalExecutor::new());
    let (r, e) = (reactor.clone(), executor.clone());
    let task = executor.spawn(async move { body(r, e).await });
    reactor.block_on(&executor, task, &mut || ()).unwrap()
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    let order = run(async |reactor, executor| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut tasks = Vec::new();
        for delay in [30, 10, 20] {
            let (reactor, order) = (reactor.clone(), order.clone());
            tasks.push(executor.spawn(async move {
                reactor.sleep_until(delay).await;
                assert!(reactor.now() >= delay);
                order.borrow_mut().push(delay);
            }));
        }
        for task in tasks {
            task.await;
        }
        order.take()
    });
    assert_eq!(order, [10, 20, 30]);
}

#[test]
fn a_dropped_sleep_leaves_no_timer() {
    run(async |reactor, _| {
        let mut sleep = reactor.sleep_until(1_000_000);
        assert!(smol::future::poll_once(&mut sleep).await.is_none());
        assert!(reactor.timers.borrow().next().is_some());
        drop(sleep);
        assert!(reactor.timers.borrow().next().is_none());
    });
}

#[test]
fn a_notified_task_wakes_once_for_many_notifications() {
    run(async |_, executor| {
        let notify = Rc::new(Notify::default());
        let count = Rc::new(Cell::new(0));
        let (waiter, counter) = (notify.clone(), count.clone());
        let task = executor.spawn(async move {
            loop {
                waiter.notified().await;
                counter.set(counter.get() + 1);
            }
        });
        for round in 1..=3 {
            notify.notify();
            notify.notify();
            for _ in 0..4 {
                smol::future::yield_now().await;
            }
            assert_eq!(count.get(), round);
        }
        drop(task);
    });
}

#[test]
fn readiness_is_remembered_until_a_call_finds_nothing() {
    run(async |reactor, _| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let io = Io::new(&reactor, ours).unwrap();
        theirs.write_all(b"ab").unwrap();
        let mut byte = [0];
        for expected in *b"ab" {
            let read = io
                .retry(Interest::Read, |mut s| Ok(s.read(&mut byte).unwrap()))
                .await;
            assert_eq!((read, byte[0]), (Ok(1), expected));
        }
        io.exhausted(Interest::Read);
        assert!(
            smol::future::poll_once(io.ready(Interest::Read))
                .await
                .is_none()
        );
        drop(theirs);
        io.ready(Interest::Read).await;
        io.exhausted(Interest::Read);
        io.ready(Interest::Read).await; // the end stays readable
    });
}

#[test]
fn the_table_of_descriptors_is_bounded_and_reused() {
    run(async |reactor, _| {
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(Io::new(&reactor, UnixStream::pair().unwrap().0).unwrap());
        }
        let extra = UnixStream::pair().unwrap().0;
        assert!(matches!(Io::new(&reactor, extra), Err(Errno::MFILE)));
        held.pop();
        assert!(Io::new(&reactor, UnixStream::pair().unwrap().0).is_ok());
    });
}

#[test]
fn block_on_returns_what_the_task_gives() {
    let reactor = Reactor::new(4).unwrap();
    let executor = LocalExecutor::new();
    let sleeper = reactor.clone();
    let task = executor.spawn(async move {
        sleeper.sleep_until(5).await;
        sleeper.now()
    });
    assert!(reactor.block_on(&executor, task, &mut || ()).unwrap() >= 5);
}

#[test]
fn the_wall_clock_agrees_with_the_system() {
    let reactor = Reactor::new(4).unwrap();
    let unix = reactor.wall().saturating_sub(UNIX_EPOCH_AS_FILETIME) / 10_000_000;
    let system = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(system.abs_diff(unix) <= 1, "{unix} {system}");
}

#[test]
fn a_long_wait_rests_once_and_ends_in_time_and_a_short_one_never_does() {
    let reactor = Reactor::new(8).unwrap();
    let executor = Rc::new(LocalExecutor::new());
    let rests = Rc::new(Cell::new(0));
    let (r, seen) = (reactor.clone(), rests.clone());
    let task = executor.spawn(async move {
        r.sleep_until(20).await;
        let short = seen.get();
        r.sleep_until(REST_AFTER + 120).await;
        (short, seen.get(), r.now())
    });
    let mut rest = || rests.set(rests.get() + 1);
    let (short, long, now) = reactor.block_on(&executor, task, &mut rest).unwrap();
    assert_eq!((short, long), (0, 1));
    assert!((REST_AFTER + 120..2 * REST_AFTER).contains(&now), "{now}");
}
