//! Upper case, as names are compared by.

/// The upper case of a code point, one to one, in the first plane only, as Windows compares names.
pub(crate) fn fold(point: u32) -> u32 {
    if point < 0x80 {
        return if (0x61..=0x7A).contains(&point) {
            point - 0x20
        } else {
            point
        };
    }
    if point > 0xFFFF {
        return point;
    }
    let Some(letter) = char::from_u32(point) else {
        return point;
    };
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) if u32::from(only) <= 0xFFFF => u32::from(only),
        _ => point,
    }
}
