//! What IOCTL tells and changes of a file ([MS-SMB2] 3.3.5.15).

use super::client::*;
use crate::wire::attributes::COMPRESSED;
use crate::wire::create::{disposition, options};
use crate::wire::fsctl;
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

/// An IOCTL body of an FSCTL with room for 64 bytes.
fn ioctl(code: u32, file: [u8; 16], input: &[u8]) -> Vec<u8> {
    let mut body = vec![57, 0, 0, 0];
    body.extend(code.to_le_bytes());
    body.extend(file);
    body.extend(120_u32.to_le_bytes());
    body.extend((input.len() as u32).to_le_bytes());
    body.extend([0; 12]);
    body.extend(64_u32.to_le_bytes());
    body.extend(1_u32.to_le_bytes());
    body.extend([0; 4]);
    body.extend(input);
    if input.is_empty() {
        body.push(0);
    }
    body
}

/// FileAttributes of a CREATE reply ([MS-SMB2] 2.2.14).
fn attributes(reply: &Reply) -> u32 {
    u32::from_le_bytes(reply.message[64 + 56..64 + 60].try_into().unwrap())
}

#[test]
fn compression_is_set_told_inherited_and_declined() {
    let mut world = World::default();
    let mut a = world.alice(Dialect::Smb311);
    let folder = create("d", disposition::CREATE as u8, options::DIRECTORY_FILE);
    let folder = a.ask(&mut world, Command::Create, &folder).file_id();
    let state = |a: &mut Client, world: &mut World, file| {
        let reply = a.ask(
            world,
            Command::Ioctl,
            &ioctl(fsctl::GET_COMPRESSION, file, &[]),
        );
        assert_eq!(reply.status, Status::SUCCESS);
        let at = u32::from_le_bytes(reply.message[96..100].try_into().unwrap()) as usize;
        u16::from_le_bytes(reply.message[at..at + 2].try_into().unwrap())
    };
    assert_eq!(
        state(&mut a, &mut world, folder),
        fsctl::COMPRESSION_FORMAT_NONE
    );
    for (format, status) in [
        (&[2, 0][..], Status::SUCCESS),
        (&[0x42, 0][..], Status::INVALID_PARAMETER),
        (&[1][..], Status::INVALID_PARAMETER),
    ] {
        let body = ioctl(fsctl::SET_COMPRESSION, folder, format);
        let reply = a.ask(&mut world, Command::Ioctl, &body);
        assert_eq!(reply.status, status, "{format:?}");
    }
    assert_eq!(
        state(&mut a, &mut world, folder),
        fsctl::COMPRESSION_FORMAT_LZNT1
    );
    for (name, option, expected) in [
        ("d\\inherits", 0, COMPRESSED),
        ("d\\declines", options::NO_COMPRESSION, 0),
    ] {
        let body = create(name, disposition::CREATE as u8, option);
        let reply = a.ask(&mut world, Command::Create, &body);
        assert_eq!(reply.status, Status::SUCCESS);
        assert_eq!(attributes(&reply) & COMPRESSED, expected, "{name}");
    }
}
