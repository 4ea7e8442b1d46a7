//! System calls on files: opening beneath a root, status, extended attributes, data, times, names.

mod calls;
mod data;
mod here;
mod identity;
mod names;
mod open;
mod path;
mod resident;
mod space;
mod stat;
mod time;
mod xattr;

#[cfg(test)]
pub use calls::counted;
pub use data::{
    allocate, clone_range, copy_range, next_data, next_hole, punch, read_at, read_cached, send,
    sync, sync_data, truncate, write_at, write_through,
};
pub use here::{Here, enter};
pub use identity::{Assumed, Own, clear_umask};
pub use names::{
    link, list, make_directory, read_link, remove, rename, rename_new, seek_directory,
};
pub use open::{Flags, child, kernel_resolves, make_file, reopen, root, under, under_walked};
pub use path::{HandlePath, PathBuffer};
pub use resident::resident;
pub use rustix::fs::{FileType, RawDir};
pub use rustix::io::Errno;
pub use space::{FileSystem, Room, file_system, room, write_out};
pub use stat::{Stat, Timestamp, set_compressed, set_mode, stat, stat_child, stat_entry};
pub use time::{now, set_times};
pub use xattr::{
    Place, get, list as list_attributes, remove as remove_attribute, set, size, stored,
};
