//! The pipes there are, by name and by interface.

use super::pdu::Syntax;

/// A named pipe of IPC$ this server answers on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Server service: shares and server information ([MS-SRVS]).
    Srvsvc,
    /// Workstation service: computer and workgroup name ([MS-WKST]).
    Wkssvc,
    /// Local security authority: names and SIDs ([MS-LSAT], [MS-LSAD]).
    Lsarpc,
    /// Account manager: users ([MS-SAMR]).
    Samr,
}

impl Endpoint {
    /// The endpoint a CREATE on IPC$ names, whatever the case; a leading `\` and a leading `pipe\` are
    /// passed over. `name` is UTF-8 (or WTF-8: no endpoint has characters beyond ASCII).
    pub fn by_name(name: &[u8]) -> Option<Endpoint> {
        let name = name.strip_prefix(b"\\").unwrap_or(name);
        let name = match name.split_at_checked(5) {
            Some((start, rest)) if start.eq_ignore_ascii_case(b"pipe\\") => rest,
            _ => name,
        };
        let all = [
            Endpoint::Srvsvc,
            Endpoint::Wkssvc,
            Endpoint::Lsarpc,
            Endpoint::Samr,
        ];
        all.into_iter()
            .find(|e| name.eq_ignore_ascii_case(e.name().as_bytes()))
    }

    /// The name, lower case, without `\PIPE\`.
    pub fn name(self) -> &'static str {
        match self {
            Endpoint::Srvsvc => "srvsvc",
            Endpoint::Wkssvc => "wkssvc",
            Endpoint::Lsarpc => "lsarpc",
            Endpoint::Samr => "samr",
        }
    }

    /// The secondary address of the bind_ack, with its terminating zero ([C706] 12.6.4.4).
    pub(crate) fn secondary_address(self) -> &'static [u8] {
        match self {
            Endpoint::Srvsvc => b"\\PIPE\\srvsvc\0",
            Endpoint::Wkssvc => b"\\PIPE\\wkssvc\0",
            Endpoint::Lsarpc | Endpoint::Samr => b"\\PIPE\\lsass\0",
        }
    }

    /// The interface served here: UUID as it stands on the wire, and version.
    pub(crate) fn interface(self) -> Syntax {
        match self {
            // 4b324fc8-1670-01d3-1278-5a47bf6ee188, 3.0
            Endpoint::Srvsvc => Syntax {
                uuid: [
                    0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf,
                    0x6e, 0xe1, 0x88,
                ],
                major: 3,
                minor: 0,
            },
            // 6bffd098-a112-3610-9833-46c3f87e345a, 1.0
            Endpoint::Wkssvc => Syntax {
                uuid: [
                    0x98, 0xd0, 0xff, 0x6b, 0x12, 0xa1, 0x10, 0x36, 0x98, 0x33, 0x46, 0xc3, 0xf8,
                    0x7e, 0x34, 0x5a,
                ],
                major: 1,
                minor: 0,
            },
            // 12345778-1234-abcd-ef00-0123456789ab, 0.0
            Endpoint::Lsarpc => Syntax {
                uuid: [
                    0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45,
                    0x67, 0x89, 0xab,
                ],
                major: 0,
                minor: 0,
            },
            // 12345778-1234-abcd-ef00-0123456789ac, 1.0
            Endpoint::Samr => Syntax {
                uuid: [
                    0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45,
                    0x67, 0x89, 0xac,
                ],
                major: 1,
                minor: 0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_with_either_prefix() {
        let cases: [(&[u8], Option<Endpoint>); 11] = [
            (b"srvsvc", Some(Endpoint::Srvsvc)),
            (b"SrvSvc", Some(Endpoint::Srvsvc)),
            (b"\\wkssvc", Some(Endpoint::Wkssvc)),
            (b"\\PIPE\\lsarpc", Some(Endpoint::Lsarpc)),
            (b"pipe\\SAMR", Some(Endpoint::Samr)),
            (b"", None),
            (b"pipe\\", None),
            (b"srvsvc\\x", None),
            (b"\\\\srvsvc", None),
            (b"spoolss", None),
            (b"srvsvc\xff", None),
        ];
        for (name, wanted) in cases {
            assert_eq!(Endpoint::by_name(name), wanted, "{name:?}");
        }
    }
}
