//! The `smolsmb` command.
fn main() {}
