//! Users as descriptors name them.

use super::client::*;
use super::leasing::{client, set_info};
use crate::engine::account;
use crate::wire::Writer;
use crate::wire::header::Command;
use crate::wire::negotiate::Dialect;
use crate::wire::status::Status;

/// A self-relative descriptor whose list allows everything to one user of the server and nothing to others.
fn only(name: &str) -> Vec<u8> {
    let sid = account::sid(&World::setup().guid, name).unwrap();
    let mut bytes = vec![0; 128];
    let mut w = Writer::new(&mut bytes);
    sid.write(&mut w).unwrap();
    let length = w.position();
    let sid = &bytes[..length];
    let ace = [&[0, 0, 8 + length as u8, 0, 0xFF, 0x01, 0x1F, 0][..], sid].concat();
    let list = [&[2, 0, 8 + ace.len() as u8, 0, 1, 0, 0, 0][..], &ace].concat();
    let head = [
        1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
    ];
    [&head[..], &list].concat()
}

#[test]
fn a_user_who_was_looked_up_by_name_is_the_one_who_logs_in() {
    for (allowed, alice, bob) in [
        ("alice", Status::SUCCESS, Status::ACCESS_DENIED),
        ("BOB", Status::ACCESS_DENIED, Status::SUCCESS),
    ] {
        let mut world = World::default();
        let mut a = client(&mut world, 1);
        // WRITE_DAC
        let mut body = create("f", 3, 0);
        body[26] |= 4;
        let file = a.ask(&mut world, Command::Create, &body).file_id();
        let mut body = set_info(file, 0, &only(allowed));
        (body[2], body[12]) = (3, 4); // SMB2_0_INFO_SECURITY, DACL_SECURITY_INFORMATION
        let reply = a.ask(&mut world, Command::SetInfo, &body);
        assert_eq!(reply.status, Status::SUCCESS);
        a.ask(&mut world, Command::Close, &close(file));
        let mut b = world.connect();
        b.negotiate(&mut world, Dialect::Smb311);
        assert_eq!(b.log_in(&mut world, "bob", "geheim"), Status::SUCCESS);
        assert_eq!(b.tree_connect(&mut world, "files"), Status::SUCCESS);
        let mut body = create("f", 1, 0);
        body[24..28].copy_from_slice(&1_u32.to_le_bytes()); // FILE_READ_DATA
        let status = a.ask(&mut world, Command::Create, &body).status;
        assert_eq!(status, alice, "{allowed}");
        let status = b.ask(&mut world, Command::Create, &body).status;
        assert_eq!(status, bob, "{allowed}");
    }
}
