//! Text from outside, as a message may hold it.

/// Characters of a value that a message shows.
const LONGEST: usize = 80;

/// A value for a message: see [`one_line`].
pub fn printable(text: &str) -> String {
    one_line(text, LONGEST)
}

/// Text as one line of bounded length that a terminal and a log only show: what controls them, ends a line or
/// turns its direction stands there escaped, and an ellipsis where `longest` characters were not enough.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(longest));
    for (count, c) in text.chars().enumerate() {
        if count >= longest {
            shown.push('…');
            break;
        }
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}
