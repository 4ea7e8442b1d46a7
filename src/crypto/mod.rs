//! Room: crypto.
