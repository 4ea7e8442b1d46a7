//! A file's bytes, with holes.

use std::collections::BTreeMap;

const PAGE: u64 = 4096;

/// Pages that were written; the rest reads as zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    pub size: u64,
    pages: BTreeMap<u64, Box<[u8; PAGE as usize]>>,
}

/// Offset within the page and length of the part of `at..end` that lies in `at`'s page.
fn part(at: u64, end: u64) -> (usize, usize) {
    let within = at % PAGE;
    (within as usize, (end - at).min(PAGE - within) as usize)
}

impl Data {
    pub fn read(&self, offset: u64, out: &mut [u8]) -> usize {
        let end = self.size.min(offset.saturating_add(out.len() as u64));
        let mut at = offset;
        while at < end {
            let (within, count) = part(at, end);
            let done = (at - offset) as usize;
            match self.pages.get(&(at / PAGE)) {
                Some(page) => {
                    out[done..done + count].copy_from_slice(&page[within..within + count])
                }
                None => out[done..done + count].fill(0),
            }
            at += count as u64;
        }
        at.saturating_sub(offset) as usize
    }

    pub fn write(&mut self, offset: u64, data: &[u8]) {
        let end = offset + data.len() as u64;
        let mut at = offset;
        while at < end {
            let (within, count) = part(at, end);
            let done = (at - offset) as usize;
            let page = self
                .pages
                .entry(at / PAGE)
                .or_insert_with(|| Box::new([0; PAGE as usize]));
            page[within..within + count].copy_from_slice(&data[done..done + count]);
            at += count as u64;
        }
        self.size = self.size.max(end);
    }

    pub fn resize(&mut self, size: u64) {
        if size < self.size {
            self.zero(size, self.size);
        }
        self.size = size;
    }

    /// Makes `offset..end` (within the size) read as zero, freeing whole pages.
    pub fn zero(&mut self, offset: u64, end: u64) {
        let end = end.min(self.size);
        if offset >= end {
            return;
        }
        let first = offset / PAGE;
        let pages: Vec<u64> = self
            .pages
            .range(first..=(end - 1) / PAGE)
            .map(|(&page, _)| page)
            .collect();
        for page in pages {
            let start = (page * PAGE).max(offset);
            let (within, count) = part(start, end);
            // What lies beyond the size in the last page is zero already.
            if count as u64 == PAGE || (within == 0 && start + count as u64 == self.size) {
                self.pages.remove(&page);
            } else if let Some(bytes) = self.pages.get_mut(&page) {
                bytes[within..within + count].fill(0);
            }
        }
    }

    pub fn allocation(&self) -> u64 {
        self.pages.len() as u64 * PAGE
    }

    /// The next range of pages that were written, at or after `at`.
    pub fn next_range(&self, at: u64) -> Option<(u64, u64)> {
        let mut pages = self.pages.range(at / PAGE..).map(|(&page, _)| page);
        let first = pages.next()?;
        let mut last = first;
        for page in pages {
            if page != last + 1 {
                break;
            }
            last = page;
        }
        Some((first * PAGE, (last + 1) * PAGE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_a_plain_array_is(steps in proptest::collection::vec((0u8..3, 0u64..20_000, 0u64..9_000), 0..20)) {
            let (mut data, mut plain) = (Data::default(), Vec::<u8>::new());
            for (index, (what, offset, length)) in steps.into_iter().enumerate() {
                match what {
                    0 => {
                        let bytes = vec![index as u8 + 1; length as usize];
                        data.write(offset, &bytes);
                        plain.resize(plain.len().max((offset + length) as usize), 0);
                        plain[offset as usize..(offset + length) as usize].copy_from_slice(&bytes);
                    }
                    1 => {
                        data.resize(offset);
                        plain.resize(offset as usize, 0);
                    }
                    _ => {
                        data.zero(offset, offset + length);
                        let end = plain.len().min((offset + length) as usize);
                        plain[(offset as usize).min(end)..end].fill(0);
                    }
                }
                let mut out = vec![9; 40_000];
                let count = data.read(0, &mut out);
                prop_assert_eq!(&out[..count], &plain[..]);
            }
        }
    }
}
