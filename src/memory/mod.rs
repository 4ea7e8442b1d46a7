//! Fixed memory: every limit is computed once, every table and pool is allocated at start.
//!
//! Running out is an answer to whoever asked, never an abort.
#![forbid(unsafe_code)]

mod budget;
mod index;
mod table;

pub use budget::{Budget, Holder, Limits};
pub use index::Index;
pub use table::{Handle, Table};
