use super::*;
use proptest::prelude::*;

/// One context as a client would send it.
fn raw(next: u32, name_offset: u16, name: &[u8], data_offset: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = next.to_le_bytes().to_vec();
    bytes.extend(name_offset.to_le_bytes());
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(data_offset.to_le_bytes());
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(name);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(data);
    bytes
}

/// How many contexts a walk found before its end, and whether it ended well.
fn walk(bytes: &[u8]) -> (usize, bool) {
    let steps: Vec<_> = CreateContexts::new(bytes).collect();
    let good = steps.iter().filter(|step| step.is_ok()).count();
    (good, good == steps.len())
}

#[test]
fn contradictions_end_the_walk() {
    let good = raw(0, 16, b"AlSi", 24, &[1; 8]);
    let chained = |next: u32| {
        let mut bytes = raw(next, 16, b"AlSi", 24, &[1; 8]);
        bytes.extend(&good);
        bytes
    };
    for (what, bytes, outcome) in [
        ("no contexts", vec![], (0, true)),
        ("one", good.clone(), (1, true)),
        ("two", chained(32), (2, true)),
        ("trailing bytes", chained(0), (1, true)),
        (
            "no data, wild offset",
            raw(0, 16, b"MxAc", 0xFFFF, &[]),
            (1, true),
        ),
        (
            "a name without meaning",
            raw(0, 16, b"xxxxx", 0, &[]),
            (1, true),
        ),
        ("header cut short", good[..15].to_vec(), (0, false)),
        ("data cut short", good[..31].to_vec(), (0, false)),
        ("next not aligned", chained(33), (0, false)),
        ("next within the header", chained(8), (0, false)),
        ("next cuts the data off", chained(24), (0, false)),
        ("next at the end", chained(64), (0, false)),
        ("next beyond the end", chained(72), (0, false)),
        ("next huge", chained(0xFFFF_FFF8), (0, false)),
        ("name too short", raw(0, 16, b"xxx", 0, &[]), (0, false)),
        (
            "name within the header",
            raw(0, 8, b"AlSi", 24, &[1; 8]),
            (0, false),
        ),
        (
            "name beyond the end",
            raw(0, 40, b"AlSi", 24, &[1; 8]),
            (0, false),
        ),
        (
            "data over the name",
            raw(0, 16, b"AlSi", 16, &[1; 8]),
            (0, false),
        ),
        (
            "data not aligned",
            raw(0, 16, b"AlSi", 20, &[1; 8]),
            (0, false),
        ),
        (
            "data beyond the end",
            raw(0, 16, b"AlSi", 32, &[1; 8]),
            (0, false),
        ),
    ] {
        assert_eq!(walk(&bytes), outcome, "{what}");
    }
}

#[test]
fn payloads_are_read_by_name_and_size() {
    let one = FileId {
        persistent: u64::from_le_bytes([1; 8]),
        volatile: u64::from_le_bytes([1; 8]),
    };
    let ones = u64::from_le_bytes([1; 8]);
    let app = |size: u8, n: usize| [&[size, 0, 0, 0][..], &vec![1; n]].concat();
    for (name, data, meaning) in [
        (name::EA_BUFFER, vec![1; 3], Ok(Context::EaBuffer(&[1; 3]))),
        (name::SD_BUFFER, vec![1; 3], Ok(Context::SdBuffer(&[1; 3]))),
        (name::AAPL, vec![1; 3], Ok(Context::Aapl(&[1; 3]))),
        (
            name::DURABLE_HANDLE_REQUEST,
            vec![1; 16],
            Ok(Context::DurableHandleRequest),
        ),
        (name::DURABLE_HANDLE_REQUEST, vec![1; 15], Err(Malformed)),
        (name::DURABLE_HANDLE_REQUEST, vec![1; 17], Err(Malformed)),
        (
            name::DURABLE_HANDLE_RECONNECT,
            vec![1; 16],
            Ok(Context::DurableHandleReconnect(one)),
        ),
        (
            name::DURABLE_HANDLE_REQUEST_V2,
            vec![1; 32],
            Ok(Context::DurableHandleRequestV2(DurableRequest {
                timeout: 0x0101_0101,
                flags: 0x0101_0101,
                create_guid: [1; 16],
            })),
        ),
        (name::DURABLE_HANDLE_REQUEST_V2, vec![1; 16], Err(Malformed)),
        (
            name::DURABLE_HANDLE_RECONNECT_V2,
            vec![1; 36],
            Ok(Context::DurableHandleReconnectV2(DurableReconnect {
                file_id: one,
                create_guid: [1; 16],
                flags: 0x0101_0101,
            })),
        ),
        (
            name::DURABLE_HANDLE_RECONNECT_V2,
            vec![1; 35],
            Err(Malformed),
        ),
        (
            name::ALLOCATION_SIZE,
            vec![1; 8],
            Ok(Context::AllocationSize(ones)),
        ),
        (name::ALLOCATION_SIZE, vec![1; 4], Err(Malformed)),
        (
            name::QUERY_MAXIMAL_ACCESS,
            vec![],
            Ok(Context::QueryMaximalAccess(0)),
        ),
        (
            name::QUERY_MAXIMAL_ACCESS,
            vec![1; 8],
            Ok(Context::QueryMaximalAccess(ones)),
        ),
        (name::QUERY_MAXIMAL_ACCESS, vec![1; 4], Err(Malformed)),
        (
            name::TIMEWARP_TOKEN,
            vec![1; 8],
            Ok(Context::TimewarpToken(ones)),
        ),
        (name::TIMEWARP_TOKEN, vec![], Err(Malformed)),
        (name::QUERY_ON_DISK_ID, vec![], Ok(Context::QueryOnDiskId)),
        (name::REQUEST_LEASE, vec![1; 31], Err(Malformed)),
        (name::REQUEST_LEASE, vec![1; 40], Err(Malformed)),
        (name::REQUEST_LEASE, vec![1; 53], Err(Malformed)),
        (
            name::APP_INSTANCE_ID,
            app(20, 16),
            Ok(Context::AppInstanceId([1; 16])),
        ),
        (name::APP_INSTANCE_ID, app(21, 16), Err(Malformed)),
        (
            name::APP_INSTANCE_VERSION,
            app(24, 20),
            Ok(Context::AppInstanceVersion(ones, ones)),
        ),
        (name::APP_INSTANCE_VERSION, app(24, 16), Err(Malformed)),
        (name::POSIX, vec![1; 4], Ok(Context::Posix(0x0101_0101))),
        (name::POSIX, vec![1; 3], Err(Malformed)),
        (name::SVHDX_OPEN_DEVICE, vec![1; 3], Ok(Context::Unknown)),
        (b"FooO", vec![1; 3], Ok(Context::Unknown)),
    ] {
        assert_eq!(
            Context::parse(name, &data),
            meaning,
            "{name:?} {}",
            data.len()
        );
    }
}

#[test]
fn a_response_context_looks_as_the_document_draws_it() {
    let mut room = [0xAA; 64];
    let mut w = Writer::new(&mut room);
    Chain::new().maximal_access(&mut w, 0, 0x001F_01FF).unwrap();
    assert_eq!(
        w.written(),
        b"\0\0\0\0\x10\0\x04\0\0\0\x18\0\x08\0\0\0MxAc\0\0\0\0\0\0\0\0\xFF\x01\x1F\0"
    );
}

#[test]
fn a_context_that_does_not_fit_leaves_the_chain_as_it_was() {
    let mut room = [0; 80];
    let mut w = Writer::new(&mut room);
    let mut chain = Chain::new();
    chain.durable_handle(&mut w).unwrap();
    let before = w.written().to_vec();
    assert_eq!(chain.on_disk_id(&mut w, 1, 2), Err(Full));
    assert_eq!(w.written(), before);
    chain
        .durable_handle_v2(&mut w, 60_000, DHANDLE_FLAG_PERSISTENT)
        .unwrap();
    let found: Vec<_> = CreateContexts::new(w.written()).collect();
    assert_eq!(
        found,
        [
            Ok((name::DURABLE_HANDLE_REQUEST, &[0; 8][..])),
            Ok((
                name::DURABLE_HANDLE_REQUEST_V2,
                &[0x60, 0xEA, 0, 0, 2, 0, 0, 0][..]
            )),
        ]
    );
}

fn lease() -> impl Strategy<Value = Lease> {
    let v2 = any::<([u8; 16], u16)>().prop_map(|(parent_lease_key, epoch)| LeaseV2 {
        parent_lease_key,
        epoch,
    });
    (any::<([u8; 16], u32, u32)>(), proptest::option::of(v2)).prop_map(
        |((lease_key, lease_state, lease_flags), v2)| Lease {
            lease_key,
            lease_state,
            lease_flags,
            v2,
        },
    )
}

proptest! {
    #[test]
    fn leases_come_back_as_written(lease in lease()) {
        let mut room = [0; 100];
        let mut w = Writer::new(&mut room);
        Chain::new().lease(&mut w, &lease).unwrap();
        let (name, data) = CreateContexts::new(w.written()).next().unwrap().unwrap();
        prop_assert_eq!(Context::parse(name, data), Ok(Context::RequestLease(lease)));
    }

    #[test]
    fn chains_come_back_as_written(
        contexts in proptest::collection::vec(
            (proptest::collection::vec(any::<u8>(), 4..20), proptest::collection::vec(any::<u8>(), 0..40)),
            0..6,
        )
    ) {
        let mut room = [0xAA; 1000];
        let mut w = Writer::new(&mut room);
        let mut chain = Chain::new();
        for (name, data) in &contexts {
            chain.append(&mut w, name, |w| w.bytes(data)).unwrap();
        }
        let found: Result<Vec<_>, _> = CreateContexts::new(w.written()).collect();
        let found = found.unwrap();
        let sent: Vec<_> = contexts.iter().map(|(n, d)| (n.as_slice(), d.as_slice())).collect();
        prop_assert_eq!(found, sent);
    }
}
