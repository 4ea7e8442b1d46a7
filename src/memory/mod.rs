//! Fixed memory: every limit is computed once, every table and pool is allocated at start.
//!
//! Running out is an answer to whoever asked, never an abort.
#![forbid(unsafe_code)]

mod budget;
mod index;
mod pool;
mod table;

pub use budget::{Budget, Holder, Limits};
pub use index::Index;
pub use pool::{Pool, Slot, Take};
pub use table::{Handle, Table};
