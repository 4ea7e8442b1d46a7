//! What went wrong elsewhere, as the status a client gets.

use crate::vfs::Error;
use crate::wire::status::Status;
use crate::wire::{Full, Malformed};

impl From<Malformed> for Status {
    fn from(_: Malformed) -> Status {
        Status::INVALID_PARAMETER
    }
}

impl From<Full> for Status {
    fn from(_: Full) -> Status {
        Status::INSUFFICIENT_RESOURCES
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        match error {
            Error::NotFound => Status::OBJECT_NAME_NOT_FOUND,
            Error::PathNotFound => Status::OBJECT_PATH_NOT_FOUND,
            Error::Exists => Status::OBJECT_NAME_COLLISION,
            Error::NotDirectory => Status::NOT_A_DIRECTORY,
            Error::IsDirectory => Status::FILE_IS_A_DIRECTORY,
            Error::NotEmpty => Status::DIRECTORY_NOT_EMPTY,
            Error::AccessDenied => Status::ACCESS_DENIED,
            Error::ReadOnly => Status::MEDIA_WRITE_PROTECTED,
            Error::Full => Status::DISK_FULL,
            Error::TooLarge => Status::DISK_FULL,
            Error::NameTooLong => Status::OBJECT_NAME_INVALID,
            Error::NameInvalid => Status::OBJECT_NAME_INVALID,
            Error::TooManyOpen => Status::TOO_MANY_OPENED_FILES,
            Error::CrossDevice => Status::NOT_SAME_DEVICE,
            Error::LinkRefused => Status::ACCESS_DENIED,
            Error::Busy => Status::SHARING_VIOLATION,
            Error::Unsupported => Status::NOT_SUPPORTED,
            Error::WouldBlock => Status::IO_TIMEOUT,
            Error::BufferTooSmall => Status::BUFFER_TOO_SMALL,
            Error::Gone => Status::VOLUME_DISMOUNTED,
            Error::Io => Status::UNEXPECTED_IO_ERROR,
            Error::Invalid => Status::INVALID_PARAMETER,
        }
    }
}
