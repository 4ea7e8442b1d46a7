//! The one SMB1 message we understand: the multi-protocol greeting ([MS-SMB2] 3.3.5.3.1).

/// What the greeting offers of SMB2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// "SMB 2.???": any dialect; a real NEGOTIATE follows.
    Wildcard,
    /// "SMB 2.002" alone.
    Smb202,
}

/// Reads an SMB_COM_NEGOTIATE; `None` if it is something else or offers no SMB2.
pub fn parse(frame: &[u8]) -> Option<Greeting> {
    const HEADER: usize = 32;
    if frame.get(..5)? != b"\xFFSMB\x72" || *frame.get(HEADER)? != 0 {
        return None;
    }
    let length = usize::from(u16::from_le_bytes(
        frame.get(HEADER + 1..HEADER + 3)?.try_into().ok()?,
    ));
    let dialects = frame.get(HEADER + 3..)?.get(..length)?;
    // Each dialect: 0x02, the name, 0x00.
    let offers = |name: &[u8]| {
        dialects
            .split(|byte| *byte == 0)
            .any(|dialect| dialect.strip_prefix(b"\x02") == Some(name))
    };
    if offers(b"SMB 2.???") {
        Some(Greeting::Wildcard)
    } else if offers(b"SMB 2.002") {
        Some(Greeting::Smb202)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(dialects: &[u8]) -> Vec<u8> {
        let mut frame = b"\xFFSMB\x72".to_vec();
        frame.resize(32, 0);
        frame.push(0);
        frame.extend((dialects.len() as u16).to_le_bytes());
        frame.extend(dialects);
        frame
    }

    #[test]
    fn offers_are_found_among_others() {
        let cases: [(&[u8], _); 4] = [
            (
                b"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0",
                Some(Greeting::Wildcard),
            ),
            (b"\x02NT LM 0.12\0\x02SMB 2.002\0", Some(Greeting::Smb202)),
            (b"\x02NT LM 0.12\0", None),
            (b"", None),
        ];
        for (dialects, expected) in cases {
            let frame = greeting(dialects);
            assert_eq!(parse(&frame), expected);
            for end in 0..frame.len() {
                assert_eq!(parse(&frame[..end]), None);
            }
        }
    }
}
