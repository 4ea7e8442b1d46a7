"""What QUERY_INFO, SET_INFO and QUERY_DIRECTORY tell and change, field by field, against the disk ([MS-FSCC] 2.4, 2.5),
and the rules of sharing, locking, deleting and server-side copies."""

import os
import struct
import time

import pytest

import raw as r
from conftest import KIND, some_bytes

ALL = 0x001F01FF


def filetime(nanoseconds):
    return nanoseconds // 100 + 116444736000000000


@pytest.fixture
def on(world):
    with world.raw("rw") as c:
        yield c


def opened(c, name, **options):
    status, file_id = c.create(name, **{"access": ALL, "disposition": 3, **options})
    assert status == 0, hex(status)
    return file_id


def info(c, file_id, info_class, kind=1, **options):
    reply = c.query_info(file_id, kind, info_class, **options)
    assert reply.status == 0, (info_class, reply)
    return reply.body[8:]


def test_basic_standard_and_internal_information(world, folder, on):
    name, path = folder
    (path / "f").write_bytes(b"x" * 5000)
    os.utime(path / "f", ns=(1_234_567_890_123_456_700, 1_300_000_000_765_432_100))
    os.link(path / "f", path / "g")
    file_id = opened(on, f"{name}\\f")
    disk = (path / "f").stat()
    creation, access, write, change, attributes = struct.unpack_from("<QQQQI", info(on, file_id, 4))
    assert access == filetime(disk.st_atime_ns) and write == filetime(disk.st_mtime_ns)
    assert change in (filetime(disk.st_ctime_ns), write)
    assert attributes in (0x20, 0x80) and creation > 0
    allocation, size, links, pending, directory = struct.unpack_from("<QQIBB", info(on, file_id, 5))
    assert (size, links, pending, directory) == (5000, 2, 0, 0) and allocation >= 5000
    assert struct.unpack("<Q", info(on, file_id, 6))[0] != 0
    both = [struct.unpack("<Q", info(on, opened(on, f"{name}\\{n}"), 6))[0] for n in "fg"]
    assert both[0] == both[1], "hard links are one file"


def test_all_information_is_the_sum_of_its_parts(world, folder, on):
    name, path = folder
    (path / "f").write_bytes(b"x" * 321)
    file_id = opened(on, f"{name}\\f")
    whole = info(on, file_id, 18)
    assert whole[:40] == info(on, file_id, 4)[:40].ljust(40, b"\0")
    assert whole[40:64] == info(on, file_id, 5)[:24]
    assert whole[64:72] == info(on, file_id, 6)
    assert struct.unpack_from("<I", whole, 76)[0] == ALL
    (length,) = struct.unpack_from("<I", whole, 96)
    assert whole[100 : 100 + length].decode("utf-16-le").lower().endswith(f"{name}\\f".lower())


@pytest.mark.parametrize("info_class,length", [(4, 40), (5, 24), (6, 8), (7, 4), (8, 4), (14, 8), (16, 4), (17, 4), (34, 56), (35, 8)])
def test_fixed_classes_have_their_length_and_mind_short_buffers(world, folder, on, info_class, length):
    name, path = folder
    file_id = opened(on, f"{name}\\f")
    assert len(info(on, file_id, info_class)) == length
    assert on.query_info(file_id, 1, info_class, length=length - 1).status == 0xC0000004


def test_network_open_information(world, folder, on):
    name, path = folder
    (path / "f").write_bytes(b"y" * 777)
    file_id = opened(on, f"{name}\\f")
    basic, network = info(on, file_id, 4), info(on, file_id, 34)
    assert network[:32] == basic[:32]
    assert struct.unpack_from("<Q", network, 40)[0] == 777


def test_stream_information(world, folder, on):
    name, path = folder
    (path / "f").write_bytes(b"main!")
    stream = opened(on, f"{name}\\f:note:$DATA")
    assert on.write(stream, 0, b"beside").status == 0
    body, found, at = info(on, opened(on, f"{name}\\f"), 22), {}, 0
    while True:
        following, length, size, allocation = struct.unpack_from("<IIQQ", body, at)
        found[body[at + 24 : at + 24 + length].decode("utf-16-le")] = size
        if not following:
            break
        at += following
    assert found == {"::$DATA": 5, ":note:$DATA": 6}


def test_filesystem_information(world, folder, on):
    name, path = folder
    folder_id = opened(on, name, access=0x00120089, disposition=1, options=1)
    disk = os.statvfs(path)
    total, free, sectors, size = struct.unpack("<QQII", info(on, folder_id, 3, kind=2))
    assert abs(total * sectors * size - disk.f_blocks * disk.f_frsize) < 1 << 20
    total, caller, actual, sectors, size = struct.unpack("<QQQII", info(on, folder_id, 7, kind=2))
    assert caller <= actual <= total and abs(caller * sectors * size - disk.f_bavail * disk.f_frsize) < 1 << 32
    attributes, longest, length = struct.unpack_from("<III", info(on, folder_id, 5, kind=2))
    assert attributes & 0x1 == 0 or attributes & 0x2, "case is kept"
    assert attributes & 0x40000 and longest == 255
    device, characteristics = struct.unpack("<II", info(on, folder_id, 4, kind=2))
    assert device == 7
    assert len(info(on, folder_id, 8, kind=2)) == 64
    assert len(info(on, folder_id, 11, kind=2)) == 28
    created, serial, label = struct.unpack_from("<QII", info(on, folder_id, 1, kind=2))


def test_a_security_descriptor_is_told(world, folder, on):
    name, path = folder
    file_id = opened(on, f"{name}\\f")
    body = info(on, file_id, 0, kind=3, additional=7)
    revision, _, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", body)
    assert revision == 1 and control & 0x8000 and owner and group and body[owner] == 1
    assert on.query_info(file_id, 3, 0, additional=7, length=8).status == 0xC0000023


def test_basic_information_is_set_on_disk(world, folder, on):
    name, path = folder
    file_id = opened(on, f"{name}\\f")
    moment = 1_111_111_111_123_456_700
    data = struct.pack("<QQQQII", filetime(moment - 10**9), filetime(moment), filetime(moment + 10**9), 0, 0x22, 0)
    assert on.set_info(file_id, 1, 4, data).status == 0
    on.close(file_id)
    disk = (path / "f").stat()
    assert (disk.st_atime_ns, disk.st_mtime_ns) == (moment, moment + 10**9)
    creation, access, write, change, attributes = struct.unpack_from("<QQQQI", info(on, opened(on, f"{name}\\f"), 4))
    assert creation == filetime(moment - 10**9) and attributes == 0x22


def test_size_is_set_on_disk(world, folder, on):
    name, path = folder
    file_id = opened(on, f"{name}\\f")
    for size in (10, 0, 5 << 32, 100):
        assert on.set_info(file_id, 1, 20, struct.pack("<Q", size)).status == 0
        assert (path / "f").stat().st_size == size
    assert on.set_info(file_id, 1, 19, struct.pack("<Q", 50)).status == 0
    assert (path / "f").stat().st_size == 50


@pytest.mark.parametrize("info_class", [37, 1, 2, 3, 12, 38, pytest.param(60, marks=pytest.mark.ours)])
def test_every_class_of_a_listing_tells_the_same(world, folder, on, info_class):
    name, path = folder
    (path / "folder").mkdir()
    for i in range(40):
        (path / f"file {i} 🧀").write_bytes(b"z" * i * 100)
    folder_id = opened(on, name, access=0x00120089, disposition=1, options=1)
    body, at, seen, flags = b"", 0, {}, 1
    name_at = {37: 104, 1: 64, 2: 68, 3: 94, 12: 12, 38: 80, 60: 88}[info_class]
    while True:
        reply = on.query_directory(folder_id, info_class=info_class, flags=flags, length=4096)
        if reply.status == 0x80000006:
            break
        assert reply.status == 0, reply
        flags, body, at = 0, reply.body[8:], 0
        while True:
            following = struct.unpack_from("<I", body, at)[0]
            length = struct.unpack_from("<I", body, at + (8 if info_class == 12 else 60))[0]
            title = body[at + name_at : at + name_at + length].decode("utf-16-le")
            assert title not in seen
            seen[title] = body[at : at + following] if following else body[at:]
            assert following % 8 == 0
            if not following:
                break
            at += following
    assert set(seen) == {".", "..", *os.listdir(path)}
    if info_class != 12:
        for title, entry in seen.items():
            if title.startswith("."):
                continue
            disk = (path / title).stat()
            write, = struct.unpack_from("<Q", entry, 24)
            size, = struct.unpack_from("<Q", entry, 40)
            attributes, = struct.unpack_from("<I", entry, 56)
            assert write == filetime(disk.st_mtime_ns)
            assert attributes & 0x10 == (0x10 if title == "folder" else 0)
            assert size == disk.st_size or title == "folder"


def test_a_listing_restarts_goes_singly_and_takes_new_patterns(world, folder, on):
    name, path = folder
    for title in ("a", "b", "c"):
        (path / title).write_text("")
    folder_id = opened(on, name, access=0x00120089, disposition=1, options=1)
    def titles(**options):
        reply = on.query_directory(folder_id, info_class=12, **options)
        if reply.status:
            return reply.status
        found, at, body = [], 0, reply.body[8:]
        while True:
            following, _, length = struct.unpack_from("<III", body, at)
            found.append(body[at + 12 : at + 12 + length].decode("utf-16-le"))
            if not following:
                return found
            at += following
    single = [titles(flags=2)[0] for _ in range(5)]
    assert sorted(single) == [".", "..", "a", "b", "c"]
    assert titles(flags=2) == 0x80000006
    assert sorted(titles(flags=1)) == [".", "..", "a", "b", "c"]
    (path / "d").write_text("")
    assert titles() == 0x80000006, "it had come to its end"
    assert sorted(titles(flags=1)) == [".", "..", "a", "b", "c", "d"]
    assert titles(flags=0x10, pattern="b") == ["b"]
    assert titles(flags=0x10, pattern="nothing") == 0xC000000F
    assert titles(flags=1, pattern="*", length=10) in (0xC0000004, 0x80000005, 0xC0000023)


@pytest.mark.parametrize("pattern,expected", [
    ("*", {"a", "a.b", "a.b.c", "ab", "Z.txt"}), ("*.b*", {"a.b", "a.b.c"}), ("?", {"a"}), ("a*", {"a", "a.b", "a.b.c", "ab"}),
    ("A.B", {"a.b"}), ("<.c", {"a.b.c"}), ("*.txt", {"Z.txt"}), ("z.TXT", {"Z.txt"}), ("??", {"ab"}), ("a>", {"a", "ab"}), ('a"b', {"a.b"}), ("q*", None)])
def test_patterns_match_as_ms_fsa_has_it(world, folder, on, pattern, expected):
    name, path = folder
    for title in ("a", "a.b", "a.b.c", "ab", "Z.txt"):
        (path / title).write_text("")
    folder_id = opened(on, name, access=0x00120089, disposition=1, options=1)
    reply = on.query_directory(folder_id, info_class=12, pattern=pattern)
    if expected is None:
        assert reply.status == 0xC000000F
        return
    found, at, body = set(), 0, reply.body[8:]
    while True:
        following, _, length = struct.unpack_from("<III", body, at)
        found.add(body[at + 12 : at + 12 + length].decode("utf-16-le"))
        if not following:
            break
        at += following
    assert found - {".", ".."} == expected


# Sharing, locking, deleting.


def test_share_modes_exclude(world, folder, on):
    name, path = folder
    for access, share, other, other_share, allowed in [
        (1, 1, 1, 1, True), (1, 0, 1, 7, False), (1, 1, 2, 7, False), (2, 7, 1, 7, True), (2, 7, 1, 1, False), (1, 3, 0x10000, 7, False),
        (0x80, 0, 1, 7, True), (0x10000, 7, 1, 3, False), (0x10000, 7, 1, 7, True)]:
        first = opened(on, f"{name}\\shared", access=access, share=share)
        status, second = on.create(f"{name}\\shared", access=other, share=other_share)
        assert status == (0 if allowed else r.SHARING_VIOLATION), (access, share, other, other_share, hex(status))
        on.close(first)
        if second:
            on.close(second)


def lock(c, file_id, *ranges):
    body = struct.pack("<HHI16s", 48, len(ranges), 0, file_id) + b"".join(struct.pack("<QQII", *each, 0) for each in ranges)
    return c.call(r.LOCK, body).status


def test_byte_ranges_are_locked_against_others(world, folder):
    name, path = folder
    (path / "f").write_bytes(bytes(100))
    with world.raw("rw") as one, world.raw("rw") as two:
        mine, theirs = opened(one, f"{name}\\f"), opened(two, f"{name}\\f")
        assert lock(one, mine, (10, 10, 0x12)) == 0
        assert lock(two, theirs, (15, 1, 0x12)) == 0xC0000055
        assert lock(two, theirs, (15, 1, 0x11)) == 0xC0000055
        assert two.read(theirs, 5, 10).status == 0xC0000054
        assert two.write(theirs, 19, b"x").status == 0xC0000054
        assert two.read(theirs, 0, 10).status == 0 and two.write(theirs, 20, b"x").status == 0
        assert one.write(mine, 12, b"mine").status == 0
        assert lock(one, mine, (10, 10, 4)) == 0
        assert lock(one, mine, (10, 10, 4)) == 0xC000007E
        assert two.write(theirs, 12, b"x").status == 0
        assert lock(one, mine, (0, 50, 0x11)) == 0 and lock(two, theirs, (0, 50, 0x11)) == 0
        assert two.write(theirs, 1, b"x").status == 0xC0000054
        one.close(mine)
        assert lock(two, theirs, (0, 50, 4)) == 0
        assert lock(two, theirs, (2**64 - 1, 2, 0x12)) == 0xC00001A1


def test_a_lock_that_waits_is_granted_or_cancelled(world, folder):
    name, path = folder
    with world.raw("rw") as one, world.raw("rw") as two:
        mine, theirs = opened(one, f"{name}\\f"), opened(two, f"{name}\\f")
        assert lock(one, mine, (0, 1, 0x12)) == 0
        body = struct.pack("<HHI16s", 48, 1, 0, theirs) + struct.pack("<QQII", 0, 1, 2, 0)
        two.send(two.message(r.LOCK, body))
        interim = two.reply(interim=True)
        assert interim.status == r.PENDING
        assert two.echo().status == 0
        assert lock(one, mine, (0, 1, 4)) == 0
        assert two.reply().status == 0
        assert lock(two, theirs, (0, 1, 4)) == 0 and lock(one, mine, (0, 1, 0x12)) == 0
        two.send(two.message(r.LOCK, body))
        waiting = two.message_id - 1
        interim = two.reply(interim=True)
        assert interim.status == r.PENDING
        async_id = interim.process | interim.tree << 32
        cancel = r.header(r.CANCEL, waiting, flags=r.ASYNC, process=async_id & 0xFFFFFFFF, tree=async_id >> 32, session=two.session) + struct.pack("<HH", 4, 0)
        two.send(cancel)
        assert two.reply().status in (0xC0000120, 0xC0000054)


def test_delete_on_close_waits_for_the_last_handle(world, folder, on):
    name, path = folder
    (path / "f").write_text("x")
    first = opened(on, f"{name}\\f")
    second = opened(on, f"{name}\\f", options=0x1000)
    on.close(second)
    assert (path / "f").exists()
    assert on.create(f"{name}\\f", access=1)[0] == 0xC0000056
    on.close(first)
    assert not (path / "f").exists()


def test_a_pending_delete_can_be_taken_back(world, folder, on):
    name, path = folder
    file_id = opened(on, f"{name}\\f")
    assert on.set_info(file_id, 1, 13, b"\1").status == 0
    assert info(on, file_id, 5)[20] == 1
    assert on.set_info(file_id, 1, 13, b"\0").status == 0
    on.close(file_id)
    assert (path / "f").exists()


def test_a_folder_with_something_in_it_is_not_deleted(world, folder, on):
    name, path = folder
    (path / "d").mkdir()
    (path / "d/x").write_text("")
    folder_id = opened(on, f"{name}\\d", access=0x10080, disposition=1, options=1)
    assert on.set_info(folder_id, 1, 13, b"\1").status == 0xC0000101
    on.close(folder_id)
    assert (path / "d/x").exists()


@pytest.mark.parametrize("disposition,exists,status,action", [
    (0, True, 0, 0), (0, False, 0, 2), (1, True, 0, 1), (1, False, r.OBJECT_NAME_NOT_FOUND, None), (2, True, 0xC0000035, None), (2, False, 0, 2),
    (3, True, 0, 1), (3, False, 0, 2), (4, True, 0, 3), (4, False, r.OBJECT_NAME_NOT_FOUND, None), (5, True, 0, 3), (5, False, 0, 2), (6, True, 0xC000000D, None)])
def test_every_disposition(world, folder, on, disposition, exists, status, action):
    name, path = folder
    if exists:
        (path / "f").write_text("before")
    reply = on.call(r.CREATE, on.create_body(f"{name}\\f", disposition=disposition, access=ALL))
    assert reply.status == status, reply
    if status == 0:
        assert struct.unpack_from("<I", reply.body, 4)[0] == action
        assert (path / "f").read_text() == ("before" if disposition in (1, 3) and exists else "")


def test_files_and_folders_are_told_apart(world, folder, on):
    name, path = folder
    (path / "d").mkdir()
    (path / "f").write_text("")
    assert on.create(f"{name}\\d", options=0x40)[0] == 0xC00000BA
    assert on.create(f"{name}\\f", options=1)[0] == 0xC0000103
    assert on.create(f"{name}\\f\\x")[0] in (r.OBJECT_PATH_NOT_FOUND, 0xC0000103)
    assert on.create(f"{name}\\no\\x")[0] == r.OBJECT_PATH_NOT_FOUND


# Control codes.


def test_chunks_are_copied_on_the_server(world, folder, on):
    name, path = folder
    data = some_bytes(3_000_000)
    (path / "from").write_bytes(data)
    source, target = opened(on, f"{name}\\from"), opened(on, f"{name}\\to")
    reply = on.ioctl(0x00140078, file_id=source, max_output=32)
    assert reply.status == 0
    key = reply.body[48 : 48 + 24]
    chunks = [(i << 20, i << 20, min(1 << 20, len(data) - (i << 20))) for i in range(3)]
    reply = on.ioctl(0x001440F2, key + struct.pack("<II", len(chunks), 0) + b"".join(struct.pack("<QQII", *c, 0) for c in chunks), file_id=target, max_output=12)
    assert reply.status == 0 and struct.unpack_from("<III", reply.body, 48) == (3, 0, len(data))
    assert (path / "to").read_bytes() == data
    too_many = key + struct.pack("<II", 257, 0) + struct.pack("<QQII", 0, 0, 1, 0) * 257
    reply = on.ioctl(0x001440F2, too_many, file_id=target, max_output=12)
    assert reply.status == 0xC000000D and struct.unpack_from("<I", reply.body, 48)[0] > 0
    assert on.ioctl(0x001440F2, b"\1" * 24 + struct.pack("<IIQQII", 1, 0, 0, 0, 1, 0), file_id=target, max_output=12).status == r.OBJECT_NAME_NOT_FOUND


def test_sparse_files_and_their_ranges(world, folder, on):
    name, path = folder
    file_id = opened(on, f"{name}\\f")
    assert on.ioctl(0x000900C4, b"\1", file_id=file_id).status == 0
    on.write(file_id, 0, b"a" * 65536)
    on.write(file_id, 1 << 20, b"b" * 65536)
    reply = on.ioctl(0x000940CF, struct.pack("<QQ", 0, 2 << 20), file_id=file_id)
    assert reply.status == 0
    count = struct.unpack_from("<I", reply.body, 36)[0] // 16
    ranges = [struct.unpack_from("<QQ", reply.body, 48 + 16 * i) for i in range(count)]
    assert ranges[0] == (0, 65536) and ranges[-1][0] == 1 << 20, ranges
    assert on.ioctl(0x000980C8, struct.pack("<QQ", 0, 65536), file_id=file_id).status == 0
    assert (path / "f").read_bytes()[:65536] == bytes(65536)
    assert info(on, file_id, 4)[33] & 2, "FILE_ATTRIBUTE_SPARSE_FILE"


def test_offsets_beyond_4_gib(world, folder, on):
    name, path = folder
    file_id = opened(on, f"{name}\\f")
    for offset in (2**31 - 2, 2**32 - 2, 2**40 - 4):
        assert on.write(file_id, offset, b"edge").status == 0
        assert on.read(file_id, offset, 4).body[16:20] == b"edge"
    with open(path / "f", "rb") as file:
        file.seek(2**40 - 4)
        assert file.read() == b"edge"


def test_reads_at_the_end_and_beyond(world, folder, on):
    name, path = folder
    (path / "f").write_bytes(b"0123456789")
    file_id = opened(on, f"{name}\\f")
    assert on.read(file_id, 5, 100).body[16:] == b"56789"
    assert on.read(file_id, 10, 1).status == 0xC0000011
    assert on.read(file_id, 10, 0).status in (0, 0xC0000011)
    reply = on.call(r.READ, struct.pack("<HBBIQ16sIIIHH", 49, 0x50, 0, 100, 5, file_id, 50, 0, 0, 0, 0) + b"\0")
    assert reply.status == 0xC0000011, "fewer bytes than MinimumCount"


def test_write_to_end_of_file(world, folder, on):
    name, path = folder
    (path / "f").write_bytes(b"begin")
    status, file_id = on.create(f"{name}\\f", access=0x00100004)
    assert status == 0
    assert on.write(file_id, 2**64 - 1, b" end").status in (0, r.INVALID_PARAMETER)


def test_create_and_close_tell_the_attributes(world, folder, on):
    name, path = folder
    (path / "f").write_bytes(b"x" * 99)
    reply = on.call(r.CREATE, on.create_body(f"{name}\\f", access=ALL))
    times = struct.unpack_from("<QQQQ", reply.body, 8)
    allocation, size, attributes = struct.unpack_from("<QQI", reply.body, 40)
    assert size == 99 and times[2] == filetime((path / "f").stat().st_mtime_ns)
    file_id = reply.body[64:80]
    on.write(file_id, 0, b"y" * 200)
    closed = on.call(r.CLOSE, struct.pack("<HHI16s", 24, 1, 0, file_id))
    assert struct.unpack_from("<Q", closed.body, 48)[0] == 200
    unasked = opened(on, f"{name}\\f")
    assert on.close(unasked).body[8:56] == bytes(48)


def test_on_disk_ids_and_alignment_contexts(world, folder, on):
    name, path = folder
    context = struct.pack("<IHHHHI", 0, 16, 4, 0, 0, 0) + b"QFid" + bytes(4)
    reply = on.call(r.CREATE, on.create_body(f"{name}\\f", disposition=3, contexts=context))
    assert reply.status == 0
    offset, length = struct.unpack_from("<II", reply.body, 80)
    assert length and b"QFid" in reply.raw[offset : offset + length]
    opened_id = reply.body[64:80]
    assert info(on, opened_id, 6) in reply.raw[offset : offset + length]
