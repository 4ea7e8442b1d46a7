//! What one pipe does with fragments, binds and reads.

use super::*;
use crate::pipe::testing::{
    Client, NDR32, NDR64, bind_body, facts, interface, many_shares, pdu, stub,
};
use proptest::prelude::*;

fn server_info() -> crate::pipe::testing::Bytes {
    stub().pointed("\\\\x").long(100)
}

fn written(endpoint: Endpoint, bytes: &[u8]) -> (Box<Pipe>, Result<(), Error>) {
    let mut pipe = Box::new(Pipe::new(endpoint));
    let result = pipe.write(bytes, &facts());
    (pipe, result)
}

fn read(pipe: &mut Pipe) -> Vec<u8> {
    let mut room = vec![0; 5000];
    let outcome = pipe.read(&mut room);
    room.truncate(outcome.bytes);
    room
}

#[test]
fn a_bind_is_answered_offer_by_offer() {
    let features = *b"\x2c\x1c\xb7\x6c\x12\x98\x40\x45\x03\0\0\0\0\0\0\0\x01\0\0\0";
    let srvsvc = interface(Endpoint::Srvsvc);
    let offers = [
        (srvsvc, NDR64),
        (srvsvc, NDR32),
        (srvsvc, features),
        (interface(Endpoint::Wkssvc), NDR32),
    ];
    let (mut pipe, result) = written(
        Endpoint::Srvsvc,
        &pdu(11, 3, 0x0102_0304, &bind_body(5840, &offers)),
    );
    assert_eq!(result, Ok(()));
    let mut wanted = b"\x05\0\x0c\x03\x10\0\0\0\x8c\0\0\0\x04\x03\x02\x01".to_vec();
    wanted.extend(b"\xb8\x10\xb8\x10\xf0\x53\0\0\x0d\0\\PIPE\\srvsvc\0\0\x04\0\0\0");
    wanted.extend(b"\x02\0\x02\0");
    wanted.extend([0; 20]);
    wanted.extend(b"\0\0\0\0");
    wanted.extend(NDR32);
    wanted.extend(b"\x03\0\0\0");
    wanted.extend([0; 20]);
    wanted.extend(b"\x02\0\x01\0");
    wanted.extend([0; 20]);
    assert_eq!(wanted.len(), 0x8c);
    assert_eq!(read(&mut pipe), wanted);
}

#[test]
fn a_context_added_later_is_answered_without_an_address() {
    let mut client = Client::bound(Endpoint::Srvsvc, 4280);
    let alter = pdu(
        14,
        3,
        7,
        &bind_body(4280, &[(interface(Endpoint::Srvsvc), NDR64)]),
    );
    client.pipe.write(&alter, &facts()).unwrap();
    let answer = client.message();
    assert_eq!((answer[2], answer.len()), (15, 16 + 8 + 4 + 4 + 24));
    assert_eq!(answer[24..28], [0, 0, 0, 0]);
    // The first context is still there.
    assert!(client.call(21, &server_info(), &facts()).is_ok());
}

#[test]
fn binds_that_cannot_be_served_are_refused_with_a_reason() {
    let offers = [(interface(Endpoint::Srvsvc), NDR32)];
    let good = pdu(11, 3, 1, &bind_body(4280, &offers));
    let with_auth = |level: u8| {
        let mut bytes = good.clone();
        bytes.extend([10, level, 0, 0, 1, 0, 0, 0]);
        bytes.extend(b"NTLMSSP\0");
        bytes[8] = bytes.len() as u8;
        bytes[10] = 8;
        bytes
    };
    let mut version = good.clone();
    version[0] = 4;
    let mut big_endian = good.clone();
    big_endian[4] = 0;
    big_endian[8..10].reverse();
    let mut cut = good.clone();
    cut.truncate(60);
    cut[8] = 60;
    let mut liar = with_auth(2);
    liar[10] = 200;
    let cases = [
        (version, 13, 4),
        (big_endian, 13, 4),
        (cut, 13, 0),
        (liar, 13, 0),
        (with_auth(6), 13, 8),
        (with_auth(5), 13, 8),
        (with_auth(2), 12, 0xb8),
        (with_auth(1), 12, 0xb8),
        (good.clone(), 12, 0xb8),
    ];
    for (n, (bytes, kind, first)) in cases.into_iter().enumerate() {
        let (mut pipe, result) = written(Endpoint::Srvsvc, &bytes);
        assert_eq!(result, Ok(()), "{n}");
        let answer = read(&mut pipe);
        assert_eq!((answer[2], answer[16]), (kind, first), "{n}");
    }
    let twice = [good.clone(), good].concat();
    let (mut pipe, _) = written(Endpoint::Srvsvc, &twice);
    assert_eq!(read(&mut pipe)[2], 12);
    assert_eq!(read(&mut pipe)[2], 13);
}

#[test]
fn requests_that_cannot_be_served_are_answered_by_faults() {
    let unbound = pdu(
        0,
        3,
        2,
        &stub().long(0).short(0).short(21).raw(&server_info().0).0,
    );
    let mut big_endian = unbound.clone();
    big_endian[4] = 0;
    big_endian[8..10].reverse();
    let context = pdu(
        0,
        3,
        2,
        &stub().long(0).short(9).short(21).raw(&server_info().0).0,
    );
    let operation = pdu(0, 3, 2, &stub().long(0).short(0).short(99).0);
    let empty = pdu(0, 3, 2, &stub().long(0).short(0).short(21).0);
    let no_body = pdu(0, 3, 2, &[]);
    let continued = pdu(0, 2, 2, &stub().long(0).short(0).short(21).0);
    let (mut pipe, result) = written(Endpoint::Srvsvc, &unbound);
    assert_eq!(result, Ok(()));
    assert_eq!(read(&mut pipe)[24..28], 0x1c01_000b_u32.to_le_bytes());
    let cases = [
        (big_endian, 0x1c01_000b_u32),
        (context, 0x1c01_0003),
        (operation, 0x1c01_0002),
        (empty, 0x0000_06f7),
        (no_body, 0x1c01_000b),
        (continued, 0x1c01_000b),
    ];
    for (bytes, code) in cases {
        let mut client = Client::bound(Endpoint::Srvsvc, 4280);
        client.pipe.write(&bytes, &facts()).unwrap();
        let answer = client.message();
        assert_eq!((answer[2], answer.len()), (3, 32));
        assert_eq!(answer[24..28], code.to_le_bytes(), "{code:x}");
        assert!(
            client.call(21, &server_info(), &facts()).is_ok(),
            "the pipe lives on"
        );
    }
}

#[test]
fn what_is_no_protocol_ends_the_pipe() {
    let short = [5, 0, 0, 3, 0x10, 0, 0, 0, 15, 0, 0, 0, 1, 0, 0, 0];
    let long = [5, 0, 0, 3, 0x10, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
    let response = pdu(2, 3, 1, &[0; 8]);
    for bytes in [&short[..], &long[..], &response[..]] {
        let (mut pipe, result) = written(Endpoint::Srvsvc, bytes);
        assert_eq!(result, Err(Error::Disconnected));
        assert!(pipe.is_disconnected());
        assert_eq!(pipe.write(&[], &facts()), Err(Error::Disconnected));
        assert_eq!(
            pipe.read(&mut [0; 10]),
            ReadOutcome {
                bytes: 0,
                more: false
            }
        );
        pipe.reopen(Endpoint::Srvsvc);
        assert_eq!(pipe.write(&[5], &facts()), Ok(()));
    }
}

#[test]
fn a_request_may_come_in_any_number_of_fragments_and_writes() {
    let mut client = Client::bound(Endpoint::Srvsvc, 4280);
    let whole = server_info().0;
    let wanted = client.call(21, &server_info(), &facts()).unwrap();
    for size in 1..whole.len() {
        let count = whole.len().div_ceil(size);
        let mut bytes = Vec::new();
        for (n, part) in whole.chunks(size).enumerate() {
            let flags = u8::from(n == 0) + u8::from(n + 1 == count) * 2;
            bytes.extend(pdu(
                0,
                flags,
                500,
                &stub().long(0).short(0).short(21).raw(part).0,
            ));
        }
        for chunk in bytes.chunks(size) {
            assert_eq!(client.pipe.available(), 0);
            client.pipe.write(chunk, &facts()).unwrap();
        }
        assert_eq!(client.message()[24..], wanted);
    }
}

#[test]
fn an_oversized_request_is_a_fault_and_its_rest_is_passed_over() {
    let mut client = Client::bound(Endpoint::Srvsvc, 4280);
    let fragment = |flags| pdu(0, flags, 9, &[0; 3000]);
    for flags in [1, 0, 0, 2] {
        client.pipe.write(&fragment(flags), &facts()).unwrap();
    }
    assert_eq!(client.message()[24..28], 0x1c00_001b_u32.to_le_bytes());
    assert_eq!(client.message(), [0; 0]);
    assert!(client.call(21, &server_info(), &facts()).is_ok());
}

#[test]
fn cancels_and_orphans_are_passed_over() {
    let mut client = Client::bound(Endpoint::Srvsvc, 4280);
    client.pipe.write(&pdu(18, 3, 2, &[]), &facts()).unwrap();
    client
        .pipe
        .write(
            &pdu(0, 1, 2, &stub().long(0).short(0).short(21).long(1).0),
            &facts(),
        )
        .unwrap();
    client.pipe.write(&pdu(19, 3, 2, &[]), &facts()).unwrap();
    assert_eq!(client.pipe.available(), 0);
    assert!(client.call(21, &server_info(), &facts()).is_ok());
}

#[test]
fn a_long_answer_comes_in_fragments_the_client_can_take() {
    let mut many = facts();
    many.shares = &many_shares;
    let question = stub().long(0).longs(&[1, 1, 1, 0, 0, u32::MAX, 0]);
    let mut answers = Vec::new();
    for limit in [0, 1432, 1439, 4280, 65535] {
        let mut client = Client::bound(Endpoint::Srvsvc, limit);
        let request = client.request(15, &question.0);
        client.pipe.write(&request, &many).unwrap();
        let mut lengths = Vec::new();
        let mut answer = Vec::new();
        while client.pipe.available() > 0 {
            let whole = client.pipe.message_available();
            let message = client.message();
            assert_eq!(message.len(), whole);
            assert_eq!(
                message.len(),
                usize::from(u16::from_le_bytes([message[8], message[9]]))
            );
            lengths.push((message.len(), message[3]));
            answer.extend_from_slice(&message[24..]);
        }
        let most = usize::from(limit).clamp(1432, 4280);
        assert!(lengths.iter().all(|(length, _)| *length <= most));
        assert_eq!(lengths.first().unwrap().1, 1);
        assert_eq!(lengths.last().unwrap().1, 2);
        assert!(answer.len() > 15000);
        answers.push(answer);
    }
}

#[test]
fn a_message_is_read_in_pieces_but_never_together_with_the_next() {
    let mut client = Client::bound(Endpoint::Srvsvc, 4280);
    let request = client.request(21, &server_info().0);
    client
        .pipe
        .write(&[&request[..], &request[..]].concat(), &facts())
        .unwrap();
    let all = client.pipe.available();
    let whole = client.pipe.message_available();
    assert_eq!(all, 2 * whole);
    let mut small = [0; 10];
    assert_eq!(
        client.pipe.read(&mut small),
        ReadOutcome {
            bytes: 10,
            more: true
        }
    );
    assert_eq!(
        client.pipe.read(&mut []),
        ReadOutcome {
            bytes: 0,
            more: true
        }
    );
    assert_eq!(client.pipe.message_available(), whole - 10);
    let mut large = [0; 5000];
    assert_eq!(
        client.pipe.read(&mut large),
        ReadOutcome {
            bytes: whole - 10,
            more: false
        }
    );
    assert_eq!(
        client.pipe.read(&mut large),
        ReadOutcome {
            bytes: whole,
            more: false
        }
    );
    assert_eq!(
        client.pipe.read(&mut large),
        ReadOutcome {
            bytes: 0,
            more: false
        }
    );
}

#[test]
fn a_client_that_reads_nothing_is_told_to() {
    let mut client = Client::bound(Endpoint::Srvsvc, 4280);
    let mut taken = 0;
    let busy = loop {
        let request = client.request(21, &server_info().0);
        match client.pipe.write(&request, &facts()) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(busy, Error::Busy);
    assert!(taken > 50);
    for _ in 0..taken {
        assert_eq!(client.message()[2], 2);
    }
    assert!(client.call(21, &server_info(), &facts()).is_ok());
    // All at once in one write: what does not fit is a fault, and in the end the pipe breaks.
    let request = client.request(21, &server_info().0);
    assert_eq!(
        client.pipe.write(&request.repeat(1000), &facts()),
        Err(Error::Disconnected)
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), which in 0_usize..4) {
        let endpoint = [Endpoint::Srvsvc, Endpoint::Wkssvc, Endpoint::Lsarpc, Endpoint::Samr][which];
        let _ = written(endpoint, &bytes);
        for kind in [0, 11, 14, 16, 18, 19] {
            let mut client = Client::bound(endpoint, 4280);
            let _ = client.pipe.write(&pdu(kind, 3, 1, &bytes), &facts());
            let _ = read(&mut client.pipe);
        }
    }

    #[test]
    fn no_stub_panics(
        longs in prop::collection::vec(prop_oneof![0_u32..4, any::<u32>(), Just(u32::MAX)], 0..40),
        operation in 0_u16..80,
        which in 0_usize..4,
    ) {
        let endpoint = [Endpoint::Srvsvc, Endpoint::Wkssvc, Endpoint::Lsarpc, Endpoint::Samr][which];
        let _ = Client::bound(endpoint, 4280).call(operation, &stub().longs(&longs), &facts());
    }
}
