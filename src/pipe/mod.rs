//! Room: pipe.
