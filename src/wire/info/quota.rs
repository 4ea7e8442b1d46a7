//! Quotas: the question, checked, and entries of an answer. A server that keeps no quotas answers
//! STATUS_NO_MORE_ENTRIES to any valid question.

use crate::wire::security::Sid;
use crate::wire::{Full, Malformed, Reader, Writer};

/// SMB2_QUERY_QUOTA_INFO, the input buffer of a quota query ([MS-SMB2] 2.2.37.1).
#[derive(Clone, Debug)]
pub struct QueryQuota<'a> {
    /// ReturnSingle: one entry is enough.
    pub return_single: bool,
    /// RestartScan: from the start.
    pub restart_scan: bool,
    /// The FILE_GET_QUOTA_INFORMATION list, empty if none was given; [`sids`] walks it.
    pub sid_list: &'a [u8],
    /// StartSid, where the scan begins.
    pub start_sid: Option<Sid>,
}

impl<'a> QueryQuota<'a> {
    /// Reads the buffer, with every entry of the list.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(buffer);
        let return_single = r.u8()? != 0;
        let restart_scan = r.u8()? != 0;
        r.skip(2)?;
        let sid_list_length = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
        let start_sid_length = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
        let start_sid_offset = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
        let after = buffer.get(r.position()..).ok_or(Malformed)?;
        let mut query = QueryQuota {
            return_single,
            restart_scan,
            sid_list: &[],
            start_sid: None,
        };
        if sid_list_length > 0 {
            query.sid_list = after.get(..sid_list_length).ok_or(Malformed)?;
            let mut walk = sids(query.sid_list);
            while let Some(sid) = walk.next_checked() {
                sid?;
            }
        } else if start_sid_length > 0 {
            let sid = Reader::at(after, start_sid_offset).bytes(start_sid_length)?;
            query.start_sid = Some(Sid::parse(sid)?);
        }
        Ok(query)
    }
}

/// Walks a FILE_GET_QUOTA_INFORMATION list ([MS-FSCC] 2.4); ends at its end or at the first entry
/// that is malformed.
pub fn sids(list: &[u8]) -> Sids<'_> {
    Sids { rest: Some(list) }
}

/// See [`sids`].
#[derive(Clone, Debug)]
pub struct Sids<'a> {
    rest: Option<&'a [u8]>,
}

impl Sids<'_> {
    fn next_checked(&mut self) -> Option<Result<Sid, Malformed>> {
        let list = self.rest.take().filter(|list| !list.is_empty())?;
        let mut r = Reader::new(list);
        let mut entry = || {
            let next = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
            let length = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
            let sid = Sid::parse(r.bytes(length)?)?;
            if next == 0 {
                return Ok((sid, None));
            }
            if next < r.position() || !next.is_multiple_of(4) {
                return Err(Malformed);
            }
            Ok((sid, Some(list.get(next..).ok_or(Malformed)?)))
        };
        Some(entry().map(|(sid, rest)| {
            self.rest = rest;
            sid
        }))
    }
}

impl Iterator for Sids<'_> {
    type Item = Sid;

    fn next(&mut self) -> Option<Sid> {
        self.next_checked()?.ok()
    }
}

/// FILE_QUOTA_INFORMATION ([MS-FSCC] 2.4), the last of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaEntry {
    /// ChangeTime, FILETIME.
    pub change: u64,
    /// QuotaUsed in bytes.
    pub used: u64,
    /// QuotaThreshold in bytes; all bits set: none.
    pub threshold: u64,
    /// QuotaLimit in bytes; all bits set: none.
    pub limit: u64,
    /// Whose.
    pub sid: Sid,
}

impl QuotaEntry {
    /// Appends it with NextEntryOffset 0.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        w.u32(0)?;
        w.u32(u32::try_from(self.sid.size()).map_err(|_| Full)?)?;
        w.u64(self.change)?;
        w.u64(self.used)?;
        w.u64(self.threshold)?;
        w.u64(self.limit)?;
        self.sid.write(w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(list: &[u8]) -> Vec<u8> {
        [
            &[1, 0, 0, 0][..],
            &(list.len() as u32).to_le_bytes(),
            &[0; 8],
            list,
        ]
        .concat()
    }

    fn entry(next: u32, sid: &Sid) -> Vec<u8> {
        let mut room = [0; 80];
        let mut w = Writer::new(&mut room);
        w.u32(next).unwrap();
        w.u32(sid.size() as u32).unwrap();
        sid.write(&mut w).unwrap();
        w.written().to_vec()
    }

    #[test]
    fn lists_are_walked_to_their_end() {
        let list = [entry(20, &Sid::EVERYONE), entry(0, &Sid::SYSTEM)].concat();
        let bytes = query(&list);
        let query = QueryQuota::parse(&bytes).unwrap();
        assert!(query.return_single);
        assert!(sids(query.sid_list).eq([Sid::EVERYONE, Sid::SYSTEM]));
    }

    #[test]
    fn links_that_loop_or_leave_are_refused() {
        for next in [1, 4, 19, 22, 24, 44, u32::MAX, 0x8000_0000] {
            let list = [entry(next, &Sid::EVERYONE), entry(0, &Sid::SYSTEM)].concat();
            assert!(QueryQuota::parse(&query(&list)).is_err(), "{next}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes: Vec<u8>) {
            if let Ok(query) = QueryQuota::parse(&bytes) {
                prop_assert!(sids(query.sid_list).count() <= bytes.len());
            }
        }
    }
}
