//! Fields of a layout whose size never changes. Where they stand is known when this is compiled, so that nothing is left
//! of the checks: this is for what every request or every listed file goes through.

/// The field of `N` bytes at `at`; zeros beyond the end.
#[inline(always)]
pub fn get<const N: usize, const SIZE: usize>(layout: &[u8; SIZE], at: usize) -> [u8; N] {
    let field = layout.get(at..).and_then(|rest| rest.first_chunk());
    field.copied().unwrap_or([0; N])
}

/// Puts a field at `at`; nothing beyond the end.
#[inline(always)]
pub fn set<const N: usize, const SIZE: usize>(layout: &mut [u8; SIZE], at: usize, field: [u8; N]) {
    if let Some(place) = layout.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = field;
    }
}
