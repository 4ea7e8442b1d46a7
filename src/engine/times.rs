//! The times of a file that is changed ([MS-FSA] 2.1.4.17): a last write time or change time that was set
//! through an open, or frozen with -1, stays what it was whatever that open does later, until -2 lets it go.

use super::caching::Reason;
use super::open::OpenId;
use super::{Now, Server};
use crate::vfs::{self, Times, Vfs};
use crate::wire::status::Status;

impl<V: Vfs> Server<V> {
    /// Changes a file's data: others drop what they cache of it, and times that were fixed through the same
    /// open stay what they were.
    pub(super) fn change_data<T>(
        &mut self,
        id: OpenId<V::File>,
        now: Now,
        change: impl FnOnce(&mut V, &mut V::File) -> Result<T, vfs::Error>,
    ) -> Result<T, Status> {
        let fixed = self.begin_change(id, now)?;
        let (vfs, file) = self.file_mut(id)?;
        let result = change(vfs, file)?;
        self.put_back(id, &fixed)?;
        Ok(result)
    }

    /// What comes before a change of a file's data; the times that [`Server::put_back`] is to put back after it.
    pub(super) fn begin_change(&mut self, id: OpenId<V::File>, now: Now) -> Result<Times, Status> {
        let open = self.opens.get_mut(id).ok_or(Status::FILE_CLOSED)?;
        open.wrote = true;
        if let Some(object) = open.object {
            self.break_caching(object, self.breaker(id), Reason::Change, now);
        }
        self.fixed_times(id)
    }

    /// The times of a file that are fixed for this open, as they are now.
    pub(super) fn fixed_times(&mut self, id: OpenId<V::File>) -> Result<Times, Status> {
        let open = self.opens.get(id).ok_or(Status::FILE_CLOSED)?;
        let (write, change) = (open.write_time_fixed, open.change_time_fixed);
        self.times_now(id, write, change)
    }

    /// The last write time and the change time as they are now, those of them that are asked for.
    pub(super) fn times_now(
        &mut self,
        id: OpenId<V::File>,
        write: bool,
        change: bool,
    ) -> Result<Times, Status> {
        if !write && !change {
            return Ok(Times::default());
        }
        let (vfs, file) = self.file_mut(id)?;
        let meta = vfs.meta(file)?;
        Ok(Times {
            write: write.then_some(meta.write),
            change: change.then_some(meta.change),
            ..Times::default()
        })
    }

    /// Puts back times that a change of the file has moved.
    pub(super) fn put_back(&mut self, id: OpenId<V::File>, fixed: &Times) -> Result<(), Status> {
        if *fixed == Times::default() {
            return Ok(());
        }
        let (vfs, file) = self.file_mut(id)?;
        Ok(vfs.set_times(file, fixed)?)
    }
}
