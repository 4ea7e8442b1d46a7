//! Buffers of the FSCTLs about ranges of a file ([MS-FSCC] 2.3).

use crate::wire::{FileId, Full, Malformed, Reader, Writer};

/// Bytes of one FILE_LEVEL_TRIM_RANGE or FILE_ALLOCATED_RANGE_BUFFER.
const RANGE: usize = 16;

/// `length` bytes at `offset`: FILE_ALLOCATED_RANGE_BUFFER ([MS-FSCC] 2.3.52) and
/// FILE_LEVEL_TRIM_RANGE ([MS-FSCC] 2.3.73.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

impl Range {
    /// Parses the input of QUERY_ALLOCATED_RANGES. Both numbers are signed on the wire; negative ones, and
    /// an end beyond the largest signed number, are [`Malformed`].
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        let range = Self::read(&mut Reader::new(input))?;
        signed_end(range.offset, range.length)?;
        Ok(range)
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Range {
            offset: r.u64()?,
            length: r.u64()?,
        })
    }

    /// Writes one entry of QUERY_ALLOCATED_RANGES' output.
    pub fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        if w.remaining() < RANGE {
            return Err(Full);
        }
        w.u64(self.offset)?;
        w.u64(self.length)
    }
}

/// The end of a range whose numbers are signed on the wire and may not be negative.
fn signed_end(offset: u64, length: u64) -> Result<u64, Malformed> {
    let end = offset.checked_add(length).ok_or(Malformed)?;
    if end > i64::MAX as u64 {
        Err(Malformed)
    } else {
        Ok(end)
    }
}

/// FILE_ZERO_DATA_INFORMATION ([MS-FSCC] 2.3.85).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroData {
    /// First byte to zero.
    pub file_offset: u64,
    /// The first byte after those to zero; never before `file_offset`.
    pub beyond_final_zero: u64,
}

impl ZeroData {
    /// Parses the input. Negative numbers and an end before the start are [`Malformed`].
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(input);
        let (file_offset, beyond_final_zero) = (r.u64()?, r.u64()?);
        if file_offset > beyond_final_zero || beyond_final_zero > i64::MAX as u64 {
            return Err(Malformed);
        }
        Ok(ZeroData {
            file_offset,
            beyond_final_zero,
        })
    }
}

/// Flag of [`DuplicateExtents`]: all or nothing.
pub const DUPLICATE_EXTENTS_SOURCE_ATOMIC: u32 = 0x0000_0001;

/// SMB2_DUPLICATE_EXTENTS_DATA ([MS-FSCC] 2.3.7.2) and its extended form ([MS-FSCC] 2.3.9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateExtents {
    /// The open to share from.
    pub source_file_id: FileId,
    /// Where in the source.
    pub source_file_offset: u64,
    /// Where in the target.
    pub target_file_offset: u64,
    /// How many bytes.
    pub byte_count: u64,
    /// [`DUPLICATE_EXTENTS_SOURCE_ATOMIC`] or 0; always 0 in the plain form.
    pub flags: u32,
}

impl DuplicateExtents {
    /// Parses the input of DUPLICATE_EXTENTS_TO_FILE. Negative numbers are [`Malformed`].
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        Self::read(&mut Reader::new(input))
    }

    /// Parses the input of DUPLICATE_EXTENTS_TO_FILE_EX.
    pub fn parse_ex(input: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(input);
        // The document says 0x30, which counts the file ID as eight bytes; its true size is 0x38.
        if !matches!(r.u64()?, 0x30 | 0x38) {
            return Err(Malformed);
        }
        let plain = Self::read(&mut r)?;
        let flags = r.u32()?;
        r.skip(4)?;
        Ok(DuplicateExtents { flags, ..plain })
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let source_file_id = FileId::read(r)?;
        let (source_file_offset, target_file_offset) = (r.u64()?, r.u64()?);
        let byte_count = r.u64()?;
        signed_end(source_file_offset, byte_count)?;
        signed_end(target_file_offset, byte_count)?;
        Ok(DuplicateExtents {
            source_file_id,
            source_file_offset,
            target_file_offset,
            byte_count,
            flags: 0,
        })
    }
}

/// FILE_LEVEL_TRIM ([MS-FSCC] 2.3.73).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLevelTrim<'a> {
    ranges: &'a [u8],
}

impl<'a> FileLevelTrim<'a> {
    /// Parses the input. The key must be 0, and all ranges promised must be there.
    pub fn parse(input: &'a [u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(input);
        let key = r.u32()?;
        let count = usize::try_from(r.u32()?).map_err(|_| Malformed)?;
        if key != 0 {
            return Err(Malformed);
        }
        Ok(FileLevelTrim {
            ranges: r.bytes(count.checked_mul(RANGE).ok_or(Malformed)?)?,
        })
    }

    /// The ranges, unchecked.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range> + Clone + use<'a> {
        self.ranges.chunks_exact(RANGE).map(|bytes| {
            // As long as a range, so reading it cannot fail.
            Range::read(&mut Reader::new(bytes)).unwrap_or_default()
        })
    }

    /// Writes FILE_LEVEL_TRIM_OUTPUT ([MS-FSCC] 2.3.74).
    pub fn write_output(w: &mut Writer<'_>, num_ranges_processed: u32) -> Result<(), Full> {
        w.u32(num_ranges_processed)
    }
}

/// Usage of a region: it holds valid cached data.
pub const FILE_REGION_USAGE_VALID_CACHED_DATA: u32 = 0x0000_0001;
/// Usage of a region: it holds valid data on the disk.
pub const FILE_REGION_USAGE_VALID_NONCACHED_DATA: u32 = 0x0000_0002;

/// FILE_REGION_INFO ([MS-FSCC] 2.3.56.1), and the input FILE_REGION_INPUT ([MS-FSCC] 2.3.55).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRegion {
    /// First byte.
    pub file_offset: u64,
    /// Number of bytes.
    pub length: u64,
    /// [`FILE_REGION_USAGE_VALID_CACHED_DATA`] and so on.
    pub usage: u32,
}

impl FileRegion {
    /// Parses the input of QUERY_FILE_REGIONS; no input is the whole file, every usage.
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        if input.is_empty() {
            return Ok(FileRegion {
                file_offset: 0,
                length: i64::MAX as u64,
                usage: FILE_REGION_USAGE_VALID_CACHED_DATA | FILE_REGION_USAGE_VALID_NONCACHED_DATA,
            });
        }
        let mut r = Reader::new(input);
        let region = FileRegion {
            file_offset: r.u64()?,
            length: r.u64()?,
            usage: r.u32()?,
        };
        r.skip(4)?;
        signed_end(region.file_offset, region.length)?;
        Ok(region)
    }

    /// Writes FILE_REGION_OUTPUT ([MS-FSCC] 2.3.56) for `total` regions of which `regions` are returned.
    pub fn write_output(
        w: &mut Writer<'_>,
        total: u32,
        regions: &[FileRegion],
    ) -> Result<(), Full> {
        w.u32(0)?; // Flags
        w.u32(total)?;
        w.u32(u32::try_from(regions.len()).map_err(|_| Full)?)?;
        w.u32(0)?;
        for region in regions {
            w.u64(region.file_offset)?;
            w.u64(region.length)?;
            w.u32(region.usage)?;
            w.u32(0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
        let mut room = [0xAA; 200];
        let mut w = Writer::new(&mut room);
        write(&mut w).unwrap();
        w.written().to_vec()
    }

    fn numbers(numbers: &[u64]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    }

    const MAX: u64 = i64::MAX as u64;

    #[test]
    fn ranges_may_not_be_negative_nor_end_beyond_the_largest_file() {
        for (offset, length, good) in [
            (0, 0, true),
            (1, 2, true),
            (0, MAX, true),
            (MAX, 0, true),
            (MAX, 1, false),
            (MAX + 1, 0, false),
            (0, u64::MAX, false),
            (u64::MAX, u64::MAX, false),
        ] {
            let range = Range::parse(&numbers(&[offset, length]));
            assert_eq!(
                range,
                if good {
                    Ok(Range { offset, length })
                } else {
                    Err(Malformed)
                }
            );
            let region = FileRegion::parse(&numbers(&[offset, length, 1]));
            assert_eq!(region.is_ok(), good);
            for (source, target) in [(offset, 0), (0, offset)] {
                let input = numbers(&[1, 2, source, target, length]);
                // The other offset being 0, only this one can be wrong, unless the length is.
                assert_eq!(
                    DuplicateExtents::parse(&input).is_ok(),
                    good,
                    "{offset} {length}"
                );
            }
        }
        assert!(Range::parse(&[0; 15]).is_err());
    }

    #[test]
    fn zeroing_goes_forward() {
        for (from, to, good) in [
            (0, 0, true),
            (1, 2, true),
            (0, MAX, true),
            (2, 1, false),
            (0, MAX + 1, false),
        ] {
            assert_eq!(
                ZeroData::parse(&numbers(&[from, to])).is_ok(),
                good,
                "{from} {to}"
            );
        }
    }

    #[test]
    fn both_forms_of_duplication_are_read() {
        let plain = DuplicateExtents {
            source_file_id: FileId {
                persistent: 1,
                volatile: 2,
            },
            source_file_offset: 3,
            target_file_offset: 4,
            byte_count: 5,
            flags: 0,
        };
        assert_eq!(
            DuplicateExtents::parse(&numbers(&[1, 2, 3, 4, 5])),
            Ok(plain)
        );
        let atomic = DuplicateExtents {
            flags: DUPLICATE_EXTENTS_SOURCE_ATOMIC,
            ..plain
        };
        for (size, expected) in [
            (0x30, Ok(atomic)),
            (0x38, Ok(atomic)),
            (0x28, Err(Malformed)),
        ] {
            assert_eq!(
                DuplicateExtents::parse_ex(&numbers(&[size, 1, 2, 3, 4, 5, 1])),
                expected
            );
        }
        assert!(DuplicateExtents::parse_ex(&numbers(&[0x30, 1, 2, 3, 4, 5])).is_err());
    }

    #[test]
    fn trims_hold_the_ranges_they_promise() {
        let input = |key: u64, count: u64, ranges: &[u64]| {
            [numbers(&[count << 32 | key]), numbers(ranges)].concat()
        };
        let two = input(0, 2, &[1, 2, 3, 4]);
        let ranges = FileLevelTrim::parse(&two).unwrap().ranges();
        assert!(ranges.eq([
            Range {
                offset: 1,
                length: 2
            },
            Range {
                offset: 3,
                length: 4
            }
        ]));
        assert!(FileLevelTrim::parse(&input(1, 1, &[1, 2])).is_err());
        assert!(FileLevelTrim::parse(&input(0, 2, &[1, 2, 3])).is_err());
        assert!(FileLevelTrim::parse(&input(0, 0xFFFF_FFFF, &[1, 2])).is_err());
    }

    #[test]
    fn regions_are_counted_in_their_output() {
        let region = FileRegion {
            file_offset: 1,
            length: 2,
            usage: 3,
        };
        let output = written(|w| FileRegion::write_output(w, 4, &[region]));
        assert_eq!(output, numbers(&[4 << 32, 1, 1, 2, 3]));
        assert_eq!(FileRegion::parse(&output[16..]), Ok(region));
        assert_eq!(FileRegion::parse(&[]).map(|all| all.length), Ok(MAX));
    }
}
