//! After start, the paths every transfer takes allocate nothing: a counting global allocator proves it.
//!
//! The allocator counts what the test's own thread asks for while it is told to; a request is run once to warm
//! what is sized at first use, then again under the count.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn note() {
    // The thread may be at its end, without its locals: then nobody counts.
    let counting = COUNTING.try_with(Cell::get).unwrap_or(false);
    if counting {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    }
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises about `pointer` and `layout` are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: the caller's promises about `pointer`, `layout` and `size` are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` asked for memory.
fn allocations(work: impl FnOnce()) -> usize {
    COUNT.set(0);
    COUNTING.set(true);
    work();
    COUNTING.set(false);
    COUNT.get()
}

#[test]
fn the_counter_counts() {
    assert_eq!(
        allocations(|| drop(std::hint::black_box(Box::new([0u8; 100])))),
        1
    );
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1u8; 10]))), 1);
    assert_eq!(allocations(|| assert!(std::hint::black_box(1) + 1 == 2)), 0);
}

#[test]
fn signing_and_sealing_allocate_nothing() {
    use smolsmb::crypto::{Cipher, SealingKey, SigningAlgorithm, SigningKey, SigningNonce};
    let mut data = [7u8; 4096];
    for algorithm in [
        SigningAlgorithm::HmacSha256,
        SigningAlgorithm::AesCmac,
        SigningAlgorithm::AesGmac,
    ] {
        let key = SigningKey::new(algorithm, &[1; 16]);
        let count = allocations(|| {
            std::hint::black_box(key.sign(
                &[&data],
                SigningNonce {
                    message_id: 5,
                    server: true,
                    cancel: false,
                },
            ));
        });
        assert_eq!(count, 0, "{algorithm:?}");
    }
    for (cipher, length) in [
        (Cipher::Aes128Ccm, 16),
        (Cipher::Aes128Gcm, 16),
        (Cipher::Aes256Ccm, 32),
        (Cipher::Aes256Gcm, 32),
    ] {
        let key = SealingKey::new(cipher, &[2; 32][..length]).expect("the cipher's own key length");
        let count = allocations(|| {
            std::hint::black_box(key.seal(&[3; 16], &[4; 32], &mut data));
        });
        assert_eq!(count, 0, "{cipher:?}");
    }
}
