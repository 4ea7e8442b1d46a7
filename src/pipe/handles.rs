//! Context handles of lsarpc and samr: what a client has open on one pipe.

use super::Fault;
use super::accounts::Domain;
use super::ndr::Handle;

/// Handles one pipe may have open at once; a client that leaks them is refused more.
const MOST: usize = 16;

/// What a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// The LSA policy.
    Policy,
    /// The account manager.
    Server,
    /// One of its domains.
    Domain(Domain),
    /// The user with this RID.
    User(u32),
}

/// The open handles of one pipe.
#[derive(Clone, Debug)]
pub(crate) struct Handles {
    open: heapless::Vec<(u32, Object), MOST>,
    /// Numbers given out so far: a closed handle never comes back to life.
    last: u32,
}

impl Handles {
    pub const fn new() -> Handles {
        Handles {
            open: heapless::Vec::new(),
            last: 0,
        }
    }

    /// A new handle; `None` if there are too many.
    pub fn open(&mut self, object: Object) -> Option<Handle> {
        let number = self.last.checked_add(1)?;
        self.open.push((number, object)).ok()?;
        self.last = number;
        Some(name(number))
    }

    /// What the handle stands for.
    pub fn get(&self, handle: &Handle) -> Result<Object, Fault> {
        self.open
            .iter()
            .find(|(number, _)| name(*number) == *handle)
            .map(|(_, object)| *object)
            .ok_or(Fault::Handle)
    }

    /// Closes the handle.
    pub fn close(&mut self, handle: &Handle) -> Result<(), Fault> {
        let found = self
            .open
            .iter()
            .position(|(number, _)| name(*number) == *handle);
        self.open.swap_remove(found.ok_or(Fault::Handle)?);
        Ok(())
    }
}

/// The handle with a number: attributes 0, and the number as the first field of the UUID, which is
/// never 0 as the null handle's is.
fn name(number: u32) -> Handle {
    let mut handle = *b"\0\0\0\0nnnnsmolsmbpipes";
    for (to, from) in handle.iter_mut().skip(4).zip(number.to_le_bytes()) {
        *to = from;
    }
    handle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_handle_stays_closed() {
        let mut handles = Handles::new();
        let policy = handles.open(Object::Policy).unwrap();
        assert_eq!(handles.get(&policy), Ok(Object::Policy));
        assert_eq!(handles.close(&policy), Ok(()));
        let user = handles.open(Object::User(1000)).unwrap();
        assert_eq!(handles.get(&policy), Err(Fault::Handle));
        assert_eq!(handles.close(&policy), Err(Fault::Handle));
        assert_eq!(handles.get(&user), Ok(Object::User(1000)));
        assert_eq!(handles.get(&[0; 20]), Err(Fault::Handle));
    }

    #[test]
    fn there_is_an_end_to_them() {
        let mut handles = Handles::new();
        while handles.open(Object::Server).is_some() {}
        assert_eq!(handles.open.len(), MOST);
        let first = name(1);
        handles.close(&first).unwrap();
        assert!(handles.open(Object::Server).is_some());
    }
}
