//! What must hold of the server's tables at any time.

use crate::engine::Server;
use crate::engine::caching::{Holder, HolderId, NONE, Owner, WRITE, only_looks};
use crate::engine::open::OpenId;
use crate::engine::parked::Wait;
use crate::vfs::memory::{File, Memory};

/// Everything in the tables agrees.
pub fn of_server(server: &mut Server<Memory>) {
    opens(server);
    holders(server);
    grants(server);
    locks(server);
    waiting(server);
    counters(server);
}

fn opens(server: &Server<Memory>) {
    let mut listed = 0;
    for (id, object) in server.objects.iter() {
        let opens = server.opens_of(id).count();
        assert_eq!(opens, object.opens as usize, "opens of an object");
        assert!(server.opens_of(id).all(|(_, open)| open.object == Some(id)));
        // One without opens is a file that goes with the last of its streams; none are opened here.
        assert!(opens > 0, "an object without opens");
        listed += opens;
    }
    assert_eq!(listed, server.opens.len());
    let mut detached = 0;
    for (id, open) in server.opens.iter() {
        let away = server
            .durable_of(id)
            .is_some_and(|durable| durable.deadline.is_some());
        detached += usize::from(away);
        assert_eq!(
            server.sessions.get(open.session).is_none(),
            away,
            "an orphaned open"
        );
        assert_eq!(
            server.trees.get(open.tree).is_none(),
            away,
            "an open without tree connect"
        );
        if let Some(durable) = open.durable {
            let durable = server.durables.get(durable).expect("durable part");
            assert_eq!(durable.open, id.to_u64());
        }
    }
    assert_eq!(detached, server.detached);
    for (id, durable) in server.durables.iter() {
        let open = server.opens.get(OpenId::<File>::from_u64(durable.open));
        assert_eq!(
            open.and_then(|open| open.durable),
            Some(id),
            "a durable without open"
        );
    }
    for (_, tree) in server.trees.iter() {
        assert!(server.sessions.get(tree.session).is_some());
    }
    for (_, session) in server.sessions.iter() {
        for channel in &session.channels {
            assert!(server.connections.get(channel.connection).is_some());
        }
    }
}

fn holders(server: &Server<Memory>) {
    let (mut breaking, mut folders) = (0, 0);
    for (id, holder) in server.holders.iter() {
        let mut sharing = 0;
        for (open, entry) in server
            .opens
            .iter()
            .filter(|(_, open)| open.holder == Some(id))
        {
            sharing += 1;
            assert_eq!(entry.object, Some(holder.object));
            if let Owner::Open(owner) = holder.owner {
                assert_eq!(owner, open.to_u64());
            }
        }
        assert_eq!(sharing, holder.opens as usize);
        assert!(sharing > 0, "a holder without opens");
        assert_eq!(listed(server, holder).filter(|one| *one == id).count(), 1);
        breaking += usize::from(holder.breaking.is_some());
        if let Some(step) = holder.breaking {
            assert!(holder.state & !step.to != 0, "a break that takes nothing");
            assert_eq!(step.required & !step.to, 0);
        }
        if let Owner::Lease(lease) = holder.owner {
            folders += usize::from(lease.directory);
            let name = (&lease.guid, lease.user, &lease.key);
            assert_eq!(server.find_lease(name), Some(id));
            assert!(!lease.directory || holder.state & WRITE == 0);
        }
    }
    assert_eq!(
        (breaking, folders),
        (server.breaks_running, server.folder_leases)
    );
    for (_, open) in server.opens.iter() {
        assert!(
            open.holder
                .is_none_or(|holder| server.holders.get(holder).is_some())
        );
    }
}

fn listed<'a>(server: &'a Server<Memory>, holder: &Holder) -> impl Iterator<Item = HolderId> + 'a {
    let object = holder.object;
    let first = server.holder_after(object, None);
    core::iter::successors(first, move |one| server.holder_after(object, Some(*one)))
}

/// Who caches writes is alone: nobody else caches anything, and no other open touches the data.
fn grants(server: &Server<Memory>) {
    for (id, holder) in server.holders.iter() {
        if holder.state & WRITE == 0 || holder.breaking.is_some() {
            continue;
        }
        for other in listed(server, holder).filter(|other| *other != id) {
            let state = server.holders.get(other).unwrap().state;
            assert_eq!(state, NONE, "{:?} caches beside {:?}", state, holder.state);
        }
        for (_, open) in server.opens_of(holder.object) {
            assert!(
                open.holder == Some(id) || only_looks(open.access),
                "an open beside {:?}",
                holder.state
            );
        }
    }
}

fn locks(server: &Server<Memory>) {
    let table = server.locks.table();
    let object = |open: u64| {
        let open = server.opens.get(OpenId::<File>::from_u64(open));
        open.expect("a lock without open").object
    };
    for (id, lock) in table.iter() {
        let end = lock.offset + lock.length;
        for (other, against) in table.iter().filter(|(other, _)| *other != id) {
            let overlap = lock.offset < against.offset + against.length && against.offset < end;
            let conflict = overlap
                && (lock.exclusive || against.exclusive)
                && object(lock.open) == object(against.open)
                && lock.open != against.open;
            assert!(!conflict, "{other:?} and {id:?} hold the same bytes");
        }
    }
}

fn waiting(server: &Server<Memory>) {
    let mut kept = 0;
    for (_, parked) in server.parked.iter() {
        assert!(server.connections.get(parked.connection).is_some());
        assert!(server.sessions.get(parked.session).is_some());
        match parked.wait {
            Wait::Break { deferred, .. } | Wait::Retry { deferred, .. } => {
                assert!(server.deferred.get(deferred).is_some());
                kept += 1;
            }
            Wait::Ready(_) => {}
            wait => {
                let open = wait.open().map(OpenId::<File>::from_u64);
                assert!(open.is_some_and(|open| server.opens.get(open).is_some()));
            }
        }
        if let Wait::Break { object, .. } = parked.wait {
            // Somebody will answer, or be given up.
            let answers = server.holders.iter();
            let mut answers = answers.filter(|(_, holder)| holder.object == object);
            assert!(
                answers.any(|(_, holder)| holder.breaking.is_some()),
                "waits for nobody"
            );
        }
    }
    assert_eq!(kept, server.deferred.len());
    for (_, watch) in server.watches.iter() {
        assert!(
            server
                .opens
                .get(OpenId::<File>::from_u64(watch.open()))
                .is_some()
        );
    }
}

fn counters(server: &Server<Memory>) {
    for (id, connection) in server.connections.iter() {
        let untold = server.holders.iter();
        let untold =
            untold.filter(|(_, holder)| holder.untold.is_some() && holder.connection == id);
        assert_eq!(untold.count(), connection.untold as usize);
    }
    let woken = server
        .connections
        .iter()
        .filter(|(_, connection)| connection.woken);
    assert_eq!(woken.count(), server.woken);
}
