//! How often this thread has asked the kernel for something about files: counted in tests only, for those that
//! hold the number down.

#[cfg(test)]
thread_local! {
    static COUNT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// One more.
#[inline(always)]
pub fn count() {
    #[cfg(test)]
    COUNT.set(COUNT.get() + 1);
}

/// How many `work` makes. Closing a descriptor is not among them.
#[cfg(test)]
pub fn counted<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = COUNT.get();
    let result = work();
    (result, COUNT.get() - before)
}
