//! Information classes: what QUERY_INFO, SET_INFO and QUERY_DIRECTORY carry ([MS-FSCC] 2.4 and 2.5).
//!
//! A plain struct each. What a client asks has `write`, what it sets has `parse` over the request's buffer.
//! Names are WTF-8 inside and UTF-16LE on the wire. A parser answers [`Malformed`](super::Malformed); whether that is
//! STATUS_INFO_LENGTH_MISMATCH or STATUS_INVALID_PARAMETER is told by [`class::set_minimum`].

pub mod basic;
pub mod class;
pub mod directory;
pub mod disposition;
pub mod id;
pub mod name;
pub mod pipe;
pub mod quota;
pub mod rename;
pub mod short;
pub mod size;
pub mod standard;
pub mod stream;
pub mod volume;

pub use basic::{AttributeTag, Basic, NetworkOpen, SetBasic, Times};
pub use directory::{DirectoryClass, DirectoryEntry, DirectoryWriter, write_directory_entry};
pub use disposition::{Disposition, DispositionEx};
pub use id::Id;
pub use name::Fit;
pub use pipe::{Pipe, PipeLocal, PipeRemote};
pub use rename::Rename;
pub use short::{Access, Alignment, Ea, Internal, Mode, Position};
pub use size::{Allocation, EndOfFile, ValidDataLength};
pub use standard::{All, Compression, Standard};
pub use stream::{StreamEntry, StreamWriter};
