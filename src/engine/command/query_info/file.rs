//! Files and pipes ([MS-SMB2] 3.3.5.20.1, [MS-FSA] 2.1.5.12).

use super::{answer, attributes};
use crate::engine::Server;
use crate::engine::context::{Answer, Context};
use crate::engine::open::{Open, OpenId, Target};
use crate::engine::short_name;
use crate::pipe;
use crate::vfs::{FileKey, Kind, Meta, Vfs};
use crate::wire::info::class::{file as class, query_minimum};
use crate::wire::info::{
    Access, Alignment, All, AttributeTag, Basic, Compression, Ea, Fit, Id, Internal, Mode,
    NetworkOpen, Pipe, PipeLocal, PipeRemote, Position, Standard, StreamEntry, StreamWriter, Times,
    name,
};
use crate::wire::negotiate::Dialect;
use crate::wire::query_info::Request;
use crate::wire::status::Status;
use crate::wire::{Writer, access};

/// What a pipe's sizes are told to be.
const PIPE_ALLOCATION: u64 = 4_096;

/// Tells what a file or pipe is like.
pub fn query<V: Vfs>(
    context: &mut Context<'_, V>,
    id: OpenId<V::File>,
    request: &Request<'_>,
    reply: &mut Writer<'_>,
) -> Answer<V::File> {
    let asked = request.info_class;
    match asked {
        class::NAME | class::OBJECT_ID | class::REPARSE_POINT | class::QUOTA => {
            return Err(Status::NOT_SUPPORTED);
        }
        class::NORMALIZED_NAME if context.connection()?.dialect != Dialect::Smb311 => {
            return Err(Status::NOT_SUPPORTED);
        }
        _ => {}
    }
    let minimum = query_minimum(asked).ok_or(Status::INVALID_INFO_CLASS)?;
    if (request.output_buffer_length as usize) < minimum {
        return Err(Status::INFO_LENGTH_MISMATCH);
    }
    context.granted(id, needed(asked))?;
    if asked == class::FULL_EA {
        return attributes::query(context, id, request, reply);
    }
    let Server {
        opens,
        objects,
        vfs,
        pipes,
        scratch,
        ..
    } = &mut *context.server;
    let open = opens.get(id).ok_or(Status::FILE_CLOSED)?;
    let delete_pending = open
        .object
        .and_then(|object| objects.get(object))
        .is_some_and(|object| object.delete_pending);
    let of_pipe = matches!(asked, class::PIPE | class::PIPE_LOCAL | class::PIPE_REMOTE);
    match &open.target {
        Target::Pipe(pipe) if of_pipe => {
            let available = pipes.get(*pipe).map_or(0, pipe::Pipe::available);
            answer(request, reply, |w| about_pipe(asked, available, w))
        }
        Target::Pipe(_) => {
            let meta = pipe_meta(id.to_u64());
            let subject = Subject {
                open,
                meta: &meta,
                delete_pending: true,
                name: b"",
            };
            answer(request, reply, |w| subject.write(asked, w))
        }
        Target::File(_) if of_pipe => Err(Status::INVALID_PARAMETER),
        Target::File(file) if asked == class::STREAM => {
            answer(request, reply, |w| streams(vfs, file, w))
        }
        Target::File(file) => {
            let meta = vfs.meta(file)?;
            let name = match asked {
                class::ALL | class::NORMALIZED_NAME | class::ALTERNATE_NAME => {
                    full_name(vfs, file, scratch)?
                }
                _ => &[],
            };
            let subject = Subject {
                open,
                meta: &meta,
                delete_pending,
                name,
            };
            answer(request, reply, |w| subject.write(asked, w))
        }
    }
}

/// The rights a class takes.
fn needed(asked: u8) -> u32 {
    match asked {
        class::BASIC | class::ALL | class::NETWORK_OPEN | class::ATTRIBUTE_TAG | class::PIPE => {
            access::FILE_READ_ATTRIBUTES
        }
        class::PIPE_LOCAL | class::PIPE_REMOTE => access::FILE_READ_ATTRIBUTES,
        class::FULL_EA => access::FILE_READ_EA,
        _ => 0,
    }
}

/// What is asked about.
struct Subject<'a, F> {
    open: &'a Open<F>,
    meta: &'a Meta,
    delete_pending: bool,
    /// `\` and the path from the share's root, with the stream.
    name: &'a [u8],
}

impl<F> Subject<'_, F> {
    fn times(&self) -> Times {
        Times {
            creation: self.meta.creation,
            access: self.meta.access,
            write: self.meta.write,
            change: self.meta.change,
        }
    }

    fn basic(&self) -> Basic {
        Basic {
            times: self.times(),
            attributes: self.meta.attributes,
        }
    }

    fn standard(&self) -> Standard {
        let directory = self.meta.kind == Kind::Directory;
        // The disk counts a directory's own entries; a name that is to go counts no longer.
        let links = if directory { 1 } else { self.meta.links };
        Standard {
            allocation: self.meta.allocation,
            end_of_file: self.meta.size,
            links: links.saturating_sub(self.delete_pending.into()),
            delete_pending: self.delete_pending,
            directory,
        }
    }

    fn mode(&self) -> Mode {
        Mode(self.open.options & Mode::ALL)
    }

    fn write(&self, asked: u8, w: &mut Writer<'_>) -> Result<Fit, Status> {
        match asked {
            class::BASIC => self.basic().write(w)?,
            class::STANDARD => self.standard().write(w)?,
            class::INTERNAL => Internal(self.meta.key.inode).write(w)?,
            class::EA => Ea(self.meta.ea_size).write(w)?,
            class::ACCESS => Access(self.open.access).write(w)?,
            class::POSITION => Position(self.open.position).write(w)?,
            class::MODE => self.mode().write(w)?,
            class::ALIGNMENT => Alignment(0).write(w)?,
            class::COMPRESSION => Compression {
                size: self.meta.size,
            }
            .write(w)?,
            class::NETWORK_OPEN => NetworkOpen {
                times: self.times(),
                allocation: self.meta.allocation,
                end_of_file: self.meta.size,
                attributes: self.meta.attributes,
            }
            .write(w)?,
            class::ATTRIBUTE_TAG => AttributeTag {
                attributes: self.meta.attributes,
                reparse_tag: self.meta.reparse_tag,
            }
            .write(w)?,
            class::ID => Id {
                volume_serial_number: self.meta.key.device,
                file_id: self.meta.key.inode.into(),
            }
            .write(w)?,
            class::ALL => {
                return Ok(All {
                    basic: self.basic(),
                    standard: self.standard(),
                    internal: Internal(self.meta.key.inode),
                    ea: Ea(self.meta.ea_size),
                    access: Access(self.open.access),
                    position: Position(self.open.position),
                    mode: self.mode(),
                    alignment: Alignment(0),
                    name: self.name,
                }
                .write(w)?);
            }
            // The same path, but relative ([MS-SMB2] 3.3.5.20.1).
            class::NORMALIZED_NAME => {
                let relative = self.name.strip_prefix(b"\\").unwrap_or(self.name);
                return Ok(name::write(relative, w)?);
            }
            class::ALTERNATE_NAME => {
                let path = self.name.split(|byte| *byte == b':').next();
                let last = path.and_then(|path| path.rsplit(|byte| *byte == b'\\').next());
                let mut out = [0; short_name::LIMIT];
                return match last {
                    None | Some([]) => Err(Status::OBJECT_NAME_INVALID),
                    Some(last) => Ok(name::write(short_name::of(last, &mut out), w)?),
                };
            }
            _ => return Err(Status::INVALID_INFO_CLASS),
        }
        Ok(Fit::Whole)
    }
}

/// The path from the share's root as Windows writes it: a backslash before each component, then the stream
/// after a colon.
fn full_name<'s, V: Vfs>(
    vfs: &mut V,
    file: &V::File,
    scratch: &'s mut [u8],
) -> Result<&'s [u8], Status> {
    let (first, rest) = scratch.split_first_mut().ok_or(Status::INTERNAL_ERROR)?;
    *first = b'\\';
    let mut length = vfs.path(file, rest)?;
    for byte in rest.get_mut(..length).unwrap_or_default() {
        if *byte == b'/' {
            *byte = b'\\';
        }
    }
    if let Some((colon, room)) = rest.get_mut(length..).and_then(<[u8]>::split_first_mut) {
        let stream = vfs.stream_name(file, room)?;
        if stream > 0 {
            *colon = b':';
            length += 1 + stream;
        }
    }
    scratch.get(..=length).ok_or(Status::INTERNAL_ERROR)
}

/// The data of a file, then its named streams; of a directory only these.
fn streams<V: Vfs>(vfs: &mut V, file: &V::File, w: &mut Writer<'_>) -> Result<Fit, Status> {
    let mut meta = vfs.meta(file)?;
    let whole;
    let base = match meta.key.stream {
        0 => file,
        _ => {
            whole = vfs.base(file)?;
            meta = vfs.meta(&whole)?;
            &whole
        }
    };
    let mut list = StreamWriter::new(w);
    if meta.kind != Kind::Directory {
        let data = StreamEntry {
            name: b"",
            size: meta.size,
            allocation: meta.allocation,
        };
        let _ = list.append(&data, w);
    }
    let listed = vfs.streams(base, &mut |name, size, allocation| {
        let entry = StreamEntry {
            name,
            size,
            allocation,
        };
        let _ = list.append(&entry, w);
    });
    match listed {
        Ok(()) | Err(crate::vfs::Error::Unsupported) => Ok(list.fit()),
        Err(error) => Err(error.into()),
    }
}

/// What a pipe shows of itself in the classes of files.
fn pipe_meta(number: u64) -> Meta {
    Meta {
        key: FileKey {
            device: 0,
            inode: number,
            stream: 0,
        },
        kind: Kind::File,
        size: 0,
        allocation: PIPE_ALLOCATION,
        links: 2,
        attributes: crate::wire::attributes::NORMAL,
        creation: 0,
        access: 0,
        write: 0,
        change: 0,
        reparse_tag: 0,
        ea_size: 0,
        mode: 0,
        uid: 0,
        gid: 0,
        described: false,
    }
}

/// The classes that only pipes have.
fn about_pipe(asked: u8, available: usize, w: &mut Writer<'_>) -> Result<Fit, Status> {
    match asked {
        // Messages, and a call waits.
        class::PIPE => Pipe {
            read_mode: 1,
            completion_mode: 0,
        }
        .write(w)?,
        class::PIPE_LOCAL => PipeLocal {
            named_pipe_type: 1,
            named_pipe_configuration: 2,
            maximum_instances: u32::MAX,
            current_instances: 1,
            inbound_quota: PIPE_ALLOCATION as u32,
            read_data_available: u32::try_from(available).unwrap_or(u32::MAX),
            outbound_quota: PIPE_ALLOCATION as u32,
            write_quota_available: PIPE_ALLOCATION as u32,
            named_pipe_state: 3,
            named_pipe_end: 0,
        }
        .write(w)?,
        _ => PipeRemote::default().write(w)?,
    }
    Ok(Fit::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_show_attributes_take_the_right_to_read_them() {
        for (asked, right) in [
            (class::BASIC, access::FILE_READ_ATTRIBUTES),
            (class::ALL, access::FILE_READ_ATTRIBUTES),
            (class::NETWORK_OPEN, access::FILE_READ_ATTRIBUTES),
            (class::ATTRIBUTE_TAG, access::FILE_READ_ATTRIBUTES),
            (class::FULL_EA, access::FILE_READ_EA),
            (class::STANDARD, 0),
            (class::INTERNAL, 0),
            (class::STREAM, 0),
        ] {
            assert_eq!(needed(asked), right, "{asked}");
        }
    }
}
