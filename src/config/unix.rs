//! Unix users by name, from /etc/passwd's text: a static binary has no other way to ask.

/// uid and gid of a user in the text of /etc/passwd.
pub fn ids(passwd: &[u8], name: &str) -> Option<(u32, u32)> {
    passwd.split(|&b| b == b'\n').find_map(|line| {
        let mut fields = line.split(|&b| b == b':');
        if fields.next()? != name.as_bytes() {
            return None;
        }
        let _password = fields.next()?;
        Some((number(fields.next()?)?, number(fields.next()?)?))
    })
}

fn number(field: &[u8]) -> Option<u32> {
    core::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let text = b"root:x:0:0:root:/root:/bin/ash\nnobodyx:x:1:1::/:\nnobody:*:65534:65534:nobody:/var:/bin/false\nbad:x:y:0\nshort:x\n\xff:x:5:6:\n";
        let table = [
            ("root", Some((0, 0))),
            ("nobody", Some((65534, 65534))),
            ("bad", None),
            ("short", None),
            ("", None),
            ("none", None),
        ];
        for (name, want) in table {
            assert_eq!(ids(text, name), want, "{name}");
        }
    }
}
