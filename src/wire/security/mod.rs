//! Security descriptors as bytes ([MS-DTYP] 2.4): views that are checked once, writers, and the pure
//! arithmetic on them: inheritance, a descriptor for Unix modes, the access check.

mod access;
mod acl;
mod descriptor;
mod inherit;
mod sid;
mod unix;

pub use access::{Denied, access_check, maximal_access};
pub use acl::{Ace, AceParts, Aces, Acl, AclWriter, ace_flags, ace_type};
pub use descriptor::{SecurityDescriptor, control, information, merge};
pub use inherit::{Child, inherit};
pub use sid::Sid;
pub use unix::synthesise;
