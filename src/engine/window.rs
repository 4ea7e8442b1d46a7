//! The message ids a client may use: its credits ([MS-SMB2] 3.3.1.1, 3.3.5.2.3).

/// The most credits a client may hold.
pub const MAX_CREDITS: u32 = 8_192;
/// Ids between the lowest unused one and the highest granted one.
const SPAN: u32 = 2 * MAX_CREDITS;
const WORDS: usize = (SPAN / 32) as usize;

/// The window of message ids. Ids below `low` are used; of those from `low` to `high` the bits tell.
pub struct Window {
    low: u64,
    high: u64,
    unused: u32,
    used: [u32; WORDS],
}

impl Window {
    /// A new connection may send message 0.
    pub fn new() -> Self {
        Window {
            low: 0,
            high: 1,
            unused: 1,
            used: [0; WORDS],
        }
    }

    fn place(id: u64) -> (usize, u32) {
        let slot = (id % u64::from(SPAN)) as u32;
        ((slot / 32) as usize, 1 << (slot % 32))
    }

    fn is_used(&self, id: u64) -> bool {
        let (word, bit) = Self::place(id);
        self.used.get(word).is_none_or(|w| w & bit != 0)
    }

    fn set(&mut self, id: u64, used: bool) {
        let (word, bit) = Self::place(id);
        if let Some(w) = self.used.get_mut(word) {
            *w = if used { *w | bit } else { *w & !bit };
        }
    }

    /// Uses `charge` ids from `id` on; false if one of them was not granted or is used already.
    pub fn consume(&mut self, id: u64, charge: u16) -> bool {
        let charge = u64::from(charge.max(1));
        let Some(end) = id.checked_add(charge) else {
            return false;
        };
        if id < self.low || end > self.high || (id..end).any(|one| self.is_used(one)) {
            return false;
        }
        (id..end).for_each(|one| self.set(one, true));
        self.unused = self.unused.saturating_sub(charge as u32);
        while self.low < self.high && self.is_used(self.low) {
            let low = self.low;
            self.set(low, false);
            self.low = low + 1;
        }
        true
    }

    /// Grants up to `asked` more ids, at most so many that the client holds [`MAX_CREDITS`], and at least
    /// one whenever it would hold none; the number granted.
    pub fn grant(&mut self, asked: u16) -> u16 {
        let room = u64::from(SPAN)
            .saturating_sub(self.high - self.low)
            .min(u64::from(MAX_CREDITS.saturating_sub(self.unused)));
        let granted = u64::from(asked.max(1)).min(room) as u16;
        self.high += u64::from(granted);
        self.unused += u32::from(granted);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_used_once() {
        let mut window = Window::new();
        assert!(window.consume(0, 1));
        assert!(!window.consume(0, 1));
        assert!(!window.consume(1, 1), "not granted yet");
        assert_eq!(window.grant(4), 4);
        assert!(window.consume(2, 2));
        assert!(!window.consume(1, 2), "2 is used");
        assert!(window.consume(1, 1));
        assert!(window.consume(4, 1));
        assert!(!window.consume(5, 1));
        assert!(!window.consume(u64::MAX, 2));
    }

    #[test]
    fn credits_stop_at_the_maximum_and_never_at_zero() {
        let mut window = Window::new();
        for id in 0..100_000 {
            assert!(window.consume(id, 1));
            window.grant(u16::MAX);
            assert!(window.unused <= MAX_CREDITS && window.unused > 0);
        }
    }

    #[test]
    fn a_skipped_id_stops_the_window_from_running_away() {
        let mut window = Window::new();
        assert!(window.consume(0, 1));
        window.grant(2);
        let mut id = 2; // 1 is skipped
        while window.consume(id, 1) {
            window.grant(1);
            id += 1;
        }
        assert!(id <= u64::from(SPAN) + 1);
        assert!(window.consume(1, 1), "the skipped id still works");
        assert!(window.grant(1) >= 1);
        assert!(window.consume(id, 1));
    }
}
