//! Named streams, kept as Samba's streams_xattr keeps them: `user.DosStream.NAME:$DATA`, the value followed
//! by one NUL (so that an empty stream is no empty attribute).

use super::error::error;
use crate::sys::file::{self as sys, Errno, Place};
use crate::vfs::{Error, name};

const PREFIX: &[u8] = b"user.DosStream.";
const SUFFIX: &[u8] = b":$DATA";
/// The longest attribute name the kernel takes.
const ATTRIBUTE_NAME_LIMIT: usize = 255;
/// The longest value the kernel takes.
pub(super) const VALUE_LIMIT: usize = 65_536;
/// The longest stream: the NUL takes one byte.
pub(super) const STREAM_LIMIT: usize = VALUE_LIMIT - 1;

/// An attribute's name, in place.
pub(super) struct AttributeName {
    bytes: [u8; ATTRIBUTE_NAME_LIMIT],
    length: usize,
}

impl AttributeName {
    /// Joins the parts.
    pub(super) fn join(parts: &[&[u8]]) -> Result<Self, Error> {
        let mut name = AttributeName {
            bytes: [0; ATTRIBUTE_NAME_LIMIT],
            length: 0,
        };
        for part in parts {
            if part.contains(&0) {
                return Err(Error::NameInvalid);
            }
            let end = name.length + part.len();
            name.bytes
                .get_mut(name.length..end)
                .ok_or(Error::NameTooLong)?
                .copy_from_slice(part);
            name.length = end;
        }
        Ok(name)
    }

    /// Of a stream.
    pub(super) fn of_stream(stream: &[u8]) -> Result<Self, Error> {
        Self::join(&[PREFIX, stream, SUFFIX])
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// What tells a stream from its file's others in a [`crate::vfs::FileKey`].
pub(super) fn key(stream: &[u8]) -> u64 {
    name::hash_stream(stream)
}

/// The streams among attribute names as the kernel lists them.
pub(super) fn among(names: &[u8]) -> impl Iterator<Item = &[u8]> {
    names.split(|&byte| byte == 0).filter_map(|name| {
        let stream = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        (!stream.is_empty()).then_some(stream)
    })
}

/// The stream's name as it is stored; the exact spelling wins.
pub(super) fn find<'m>(
    place: Place<'_>,
    wanted: &[u8],
    names: &'m mut [u8],
) -> Result<Option<&'m [u8]>, Error> {
    let length = match sys::list_attributes(place, names) {
        Err(Errno::OPNOTSUPP) => return Ok(None),
        other => other.map_err(error)?,
    };
    let mut found = None;
    for stream in among(&names[..length]) {
        if stream == wanted {
            return Ok(Some(stream));
        }
        if found.is_none() && name::same_stream(stream, wanted) {
            found = Some(stream);
        }
    }
    Ok(found)
}

/// Reads the whole stream; the part of `value` that holds it.
pub(super) fn load<'m>(
    place: Place<'_>,
    stream: &[u8],
    value: &'m mut [u8],
) -> Result<&'m [u8], Error> {
    let attribute = AttributeName::of_stream(stream)?;
    let length = sys::get(place, attribute.bytes(), value).map_err(missing)?;
    Ok(&value[..length.saturating_sub(1)])
}

/// How long the stream is.
pub(super) fn size(place: Place<'_>, stream: &[u8]) -> Result<u64, Error> {
    let attribute = AttributeName::of_stream(stream)?;
    let length = sys::size(place, attribute.bytes()).map_err(missing)?;
    Ok(length.saturating_sub(1) as u64)
}

/// Stores `value[..length]` as the stream; the byte behind it becomes the NUL.
pub(super) fn store(
    place: Place<'_>,
    stream: &[u8],
    value: &mut [u8],
    length: usize,
    new: bool,
) -> Result<(), Error> {
    let attribute = AttributeName::of_stream(stream)?;
    *value.get_mut(length).ok_or(Error::Full)? = 0;
    sys::set(place, attribute.bytes(), &value[..=length], new).map_err(no_room)
}

/// Removes the stream.
pub(super) fn remove(place: Place<'_>, stream: &[u8]) -> Result<(), Error> {
    let attribute = AttributeName::of_stream(stream)?;
    sys::remove_attribute(place, attribute.bytes()).map_err(missing)
}

/// An attribute that is not there.
pub(super) fn missing(errno: Errno) -> Error {
    match errno {
        Errno::NODATA => Error::NotFound,
        other => error(other),
    }
}

/// An attribute that its disk has no room for.
pub(super) fn no_room(errno: Errno) -> Error {
    match errno {
        Errno::TOOBIG | Errno::RANGE => Error::Full,
        other => error(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_picked_from_a_list() {
        let names = b"security.selinux\0user.DosStream.One:$DATA\0user.x\0user.DosStream.a:b:$DATA\0user.DosStream.:$DATA\0";
        let found: Vec<&[u8]> = among(names).collect();
        assert_eq!(found, [&b"One"[..], b"a:b"]);
    }

    #[test]
    fn a_name_too_long_for_an_attribute_is_refused() {
        assert!(AttributeName::of_stream(&[b'x'; 234]).is_ok());
        assert_eq!(
            AttributeName::of_stream(&[b'x'; 235]).err(),
            Some(Error::NameTooLong)
        );
        assert_eq!(
            AttributeName::of_stream(b"a\0b").err(),
            Some(Error::NameInvalid)
        );
    }
}
