//! Simple upper-casing of one UTF-16 code unit, for names that are compared without regard to case.
//!
//! Windows compares names by a table that maps each code unit of the Basic Multilingual Plane to at most
//! one other ([MS-FSA] 2.1.1, the volume's upcase table); characters beyond the plane stay as they are.
//! The table below is derived from Unicode's lower-case mappings: a character maps to the first one whose
//! lower case it is, which leaves out what cannot be undone (dotless i, long s, micro sign, sharp s);
//! the final sigma and the four title-case digraphs are added, as Windows has them.

/// First unit, last unit, step, what to add (wrapping).
type Run = (u16, u16, u16, i16);

#[rustfmt::skip]
static RUNS: [Run; 170] = [
    (0x00E0, 0x00F6, 1, -32), (0x00F8, 0x00FE, 1, -32), (0x00FF, 0x00FF, 1, 121), (0x0101, 0x012F, 2, -1),
    (0x0133, 0x0137, 2, -1), (0x013A, 0x0148, 2, -1), (0x014B, 0x0177, 2, -1), (0x017A, 0x017E, 2, -1),
    (0x0180, 0x0180, 1, 195), (0x0183, 0x0185, 2, -1), (0x0188, 0x0188, 1, -1), (0x018C, 0x018C, 1, -1),
    (0x0192, 0x0192, 1, -1), (0x0195, 0x0195, 1, 97), (0x0199, 0x0199, 1, -1), (0x019A, 0x019A, 1, 163),
    (0x019B, 0x019B, 1, -22975), (0x019E, 0x019E, 1, 130), (0x01A1, 0x01A5, 2, -1), (0x01A8, 0x01A8, 1, -1),
    (0x01AD, 0x01AD, 1, -1), (0x01B0, 0x01B0, 1, -1), (0x01B4, 0x01B6, 2, -1), (0x01B9, 0x01B9, 1, -1),
    (0x01BD, 0x01BD, 1, -1), (0x01BF, 0x01BF, 1, 56), (0x01C5, 0x01C5, 1, -1), (0x01C6, 0x01C6, 1, -2),
    (0x01C8, 0x01C8, 1, -1), (0x01C9, 0x01C9, 1, -2), (0x01CB, 0x01CB, 1, -1), (0x01CC, 0x01CC, 1, -2),
    (0x01CE, 0x01DC, 2, -1), (0x01DD, 0x01DD, 1, -79), (0x01DF, 0x01EF, 2, -1), (0x01F2, 0x01F2, 1, -1),
    (0x01F3, 0x01F3, 1, -2), (0x01F5, 0x01F5, 1, -1), (0x01F9, 0x021F, 2, -1), (0x0223, 0x0233, 2, -1),
    (0x023C, 0x023C, 1, -1), (0x023F, 0x0240, 1, 10815), (0x0242, 0x0242, 1, -1), (0x0247, 0x024F, 2, -1),
    (0x0250, 0x0250, 1, 10783), (0x0251, 0x0251, 1, 10780), (0x0252, 0x0252, 1, 10782), (0x0253, 0x0253, 1, -210),
    (0x0254, 0x0254, 1, -206), (0x0256, 0x0257, 1, -205), (0x0259, 0x0259, 1, -202), (0x025B, 0x025B, 1, -203),
    (0x025C, 0x025C, 1, -23217), (0x0260, 0x0260, 1, -205), (0x0261, 0x0261, 1, -23221), (0x0263, 0x0263, 1, -207),
    (0x0264, 0x0264, 1, -23193), (0x0265, 0x0265, 1, -23256), (0x0266, 0x0266, 1, -23228), (0x0268, 0x0268, 1, -209),
    (0x0269, 0x0269, 1, -211), (0x026A, 0x026A, 1, -23228), (0x026B, 0x026B, 1, 10743), (0x026C, 0x026C, 1, -23231),
    (0x026F, 0x026F, 1, -211), (0x0271, 0x0271, 1, 10749), (0x0272, 0x0272, 1, -213), (0x0275, 0x0275, 1, -214),
    (0x027D, 0x027D, 1, 10727), (0x0280, 0x0280, 1, -218), (0x0282, 0x0282, 1, -23229), (0x0283, 0x0283, 1, -218),
    (0x0287, 0x0287, 1, -23254), (0x0288, 0x0288, 1, -218), (0x0289, 0x0289, 1, -69), (0x028A, 0x028B, 1, -217),
    (0x028C, 0x028C, 1, -71), (0x0292, 0x0292, 1, -219), (0x029D, 0x029D, 1, -23275), (0x029E, 0x029E, 1, -23278),
    (0x0371, 0x0373, 2, -1), (0x0377, 0x0377, 1, -1), (0x037B, 0x037D, 1, 130), (0x03AC, 0x03AC, 1, -38),
    (0x03AD, 0x03AF, 1, -37), (0x03B1, 0x03C1, 1, -32), (0x03C2, 0x03C2, 1, -31), (0x03C3, 0x03CB, 1, -32),
    (0x03CC, 0x03CC, 1, -64), (0x03CD, 0x03CE, 1, -63), (0x03D7, 0x03D7, 1, -8), (0x03D9, 0x03EF, 2, -1),
    (0x03F2, 0x03F2, 1, 7), (0x03F3, 0x03F3, 1, -116), (0x03F8, 0x03F8, 1, -1), (0x03FB, 0x03FB, 1, -1),
    (0x0430, 0x044F, 1, -32), (0x0450, 0x045F, 1, -80), (0x0461, 0x0481, 2, -1), (0x048B, 0x04BF, 2, -1),
    (0x04C2, 0x04CE, 2, -1), (0x04CF, 0x04CF, 1, -15), (0x04D1, 0x052F, 2, -1), (0x0561, 0x0586, 1, -48),
    (0x10D0, 0x10FA, 1, 3008), (0x10FD, 0x10FF, 1, 3008), (0x13F8, 0x13FD, 1, -8), (0x1C8A, 0x1C8A, 1, -1),
    (0x1D79, 0x1D79, 1, -30204), (0x1D7D, 0x1D7D, 1, 3814), (0x1D8E, 0x1D8E, 1, -30152), (0x1E01, 0x1E95, 2, -1),
    (0x1EA1, 0x1EFF, 2, -1), (0x1F00, 0x1F07, 1, 8), (0x1F10, 0x1F15, 1, 8), (0x1F20, 0x1F27, 1, 8),
    (0x1F30, 0x1F37, 1, 8), (0x1F40, 0x1F45, 1, 8), (0x1F51, 0x1F57, 2, 8), (0x1F60, 0x1F67, 1, 8),
    (0x1F70, 0x1F71, 1, 74), (0x1F72, 0x1F75, 1, 86), (0x1F76, 0x1F77, 1, 100), (0x1F78, 0x1F79, 1, 128),
    (0x1F7A, 0x1F7B, 1, 112), (0x1F7C, 0x1F7D, 1, 126), (0x1F80, 0x1F87, 1, 8), (0x1F90, 0x1F97, 1, 8),
    (0x1FA0, 0x1FA7, 1, 8), (0x1FB0, 0x1FB1, 1, 8), (0x1FB3, 0x1FB3, 1, 9), (0x1FC3, 0x1FC3, 1, 9),
    (0x1FD0, 0x1FD1, 1, 8), (0x1FE0, 0x1FE1, 1, 8), (0x1FE5, 0x1FE5, 1, 7), (0x1FF3, 0x1FF3, 1, 9),
    (0x214E, 0x214E, 1, -28), (0x2170, 0x217F, 1, -16), (0x2184, 0x2184, 1, -1), (0x24D0, 0x24E9, 1, -26),
    (0x2C30, 0x2C5F, 1, -48), (0x2C61, 0x2C61, 1, -1), (0x2C65, 0x2C65, 1, -10795), (0x2C66, 0x2C66, 1, -10792),
    (0x2C68, 0x2C6C, 2, -1), (0x2C73, 0x2C73, 1, -1), (0x2C76, 0x2C76, 1, -1), (0x2C81, 0x2CE3, 2, -1),
    (0x2CEC, 0x2CEE, 2, -1), (0x2CF3, 0x2CF3, 1, -1), (0x2D00, 0x2D25, 1, -7264), (0x2D27, 0x2D27, 1, -7264),
    (0x2D2D, 0x2D2D, 1, -7264), (0xA641, 0xA66D, 2, -1), (0xA681, 0xA69B, 2, -1), (0xA723, 0xA72F, 2, -1),
    (0xA733, 0xA76F, 2, -1), (0xA77A, 0xA77C, 2, -1), (0xA77F, 0xA787, 2, -1), (0xA78C, 0xA78C, 1, -1),
    (0xA791, 0xA793, 2, -1), (0xA794, 0xA794, 1, 48), (0xA797, 0xA7A9, 2, -1), (0xA7B5, 0xA7C3, 2, -1),
    (0xA7C8, 0xA7CA, 2, -1), (0xA7CD, 0xA7DB, 2, -1), (0xA7F6, 0xA7F6, 1, -1), (0xAB53, 0xAB53, 1, -928),
    (0xAB70, 0xABBF, 1, 26672), (0xFF41, 0xFF5A, 1, -32),
];

/// The upper case of a UTF-16 code unit; itself if it has none of its own. Surrogates stay.
pub fn upcase(unit: u16) -> u16 {
    if unit < 0x80 {
        return match unit {
            0x61..=0x7A => unit - 0x20,
            _ => unit,
        };
    }
    // The last run that starts at or before the unit is the only one that can hold it.
    let after = RUNS.partition_point(|run| run.0 <= unit);
    let Some(&(first, last, step, add)) = after.checked_sub(1).and_then(|index| RUNS.get(index))
    else {
        return unit;
    };
    if unit <= last && (unit - first).is_multiple_of(step) {
        unit.wrapping_add_signed(add)
    } else {
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_letters_and_known_exceptions() {
        for (from, to) in [
            ('a', 'A'),
            ('z', 'Z'),
            ('[', '['),
            ('\u{e4}', '\u{c4}'),
            ('\u{f7}', '\u{f7}'),
            ('\u{ff}', '\u{178}'),
            ('\u{df}', '\u{df}'),
            ('\u{131}', '\u{131}'),
            ('\u{17f}', '\u{17f}'),
            ('\u{b5}', '\u{b5}'),
            ('\u{3c2}', '\u{3a3}'),
            ('\u{3c9}', '\u{3a9}'),
            ('\u{2126}', '\u{2126}'),
            ('\u{43f}', '\u{41f}'),
            ('\u{1c5}', '\u{1c4}'),
            ('\u{ff41}', '\u{ff21}'),
        ] {
            assert_eq!(upcase(from as u16), to as u16, "{from}");
        }
    }

    #[test]
    fn every_mapping_is_unicodes_and_upper_case_is_final() {
        let mut changed = 0;
        for unit in 0..=u16::MAX {
            let upper = upcase(unit);
            assert_eq!(upcase(upper), upper, "{unit:04x}");
            if upper != unit {
                changed += 1;
                let (from, to) = (
                    char::from_u32(unit.into()).unwrap(),
                    char::from_u32(upper.into()).unwrap(),
                );
                // The final sigma is a lower-case letter twice over; all others lead back.
                let from = if from == '\u{3c2}' { '\u{3c3}' } else { from };
                assert!(to.to_lowercase().eq(from.to_lowercase()), "{unit:04x}");
            }
        }
        assert_eq!(changed, 26 + 1150);
    }

    #[test]
    fn runs_are_in_order_and_apart() {
        for pair in RUNS.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:?}");
        }
    }
}
