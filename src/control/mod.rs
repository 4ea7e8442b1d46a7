//! Room: control.
