//! Room: memory.
