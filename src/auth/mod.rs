//! Room: auth.
