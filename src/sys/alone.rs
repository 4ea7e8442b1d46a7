//! A static binary has no shared library to look symbols up in, so it says so at once.
//!
//! rustix asks `dlsym` for calls that an old C library may lack, and makes the system call itself where there
//! are none. In static musl `dlsym` never finds any; and its entry, written in assembler for position-independent
//! callers, crashes on MIPS when a static binary jumps to it. This one takes its place.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_void};

// SAFETY: the name is the C library's, the type is its type, and "not found" is among its answers.
#[unsafe(no_mangle)]
extern "C" fn dlsym(_library: *mut c_void, _symbol: *const c_char) -> *mut c_void {
    std::ptr::null_mut()
}
