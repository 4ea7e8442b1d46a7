"""Messages no honest client sends: each gets the status the specification names or ends the connection, and
the server goes on serving others ([MS-SMB2] 3.3.5.2)."""

import socket
import struct
import time

import pytest

import raw as r
from raw import Gone, Raw


@pytest.fixture(autouse=True)
def _still_serves(world):
    yield
    world.serves()


def statuses_or_gone(connection, message):
    """Send one frame: the statuses of the answers, or None if the connection ended."""
    connection.send(message)
    try:
        return [reply.status for reply in r.replies(connection.receive())]
    except Gone:
        return None


def refused(outcome):
    return outcome is None or all(status & 0xC0000000 == 0xC0000000 for status in outcome)


# Before login.


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 63, 64, 65, 99])
def test_truncated_negotiate_is_refused(world, length):
    with Raw(world.port) as c:
        whole = c.message(r.NEGOTIATE, c.negotiate_body(), session=0)
        try:
            assert refused(statuses_or_gone(c, whole[:length]))
        except TimeoutError:
            pytest.fail("neither an answer nor an end")


def test_a_frame_larger_than_a_stranger_may_send_ends_the_connection(world):
    with Raw(world.port) as c:
        c.socket.sendall(struct.pack(">I", 0x00FFFFFF) + b"\xfeSMB" + bytes(1000))
        sent = 0
        try:
            c.socket.settimeout(5)
            while sent < 0x00FFFFFF:
                sent += c.socket.send(bytes(65536))
        except OSError:
            return
        assert c.gone()


def test_netbios_message_types_do_not_hang_the_server(world):
    with Raw(world.port) as c:
        c.socket.sendall(b"\x85\0\0\0")
        c.socket.sendall(b"\x81\0\0\x44" + b" " * 68)
        c.gone(within=2)


@pytest.mark.parametrize("command", [c for c in range(19) if c not in (r.NEGOTIATE, r.CANCEL)])
def test_a_command_before_negotiate_ends_the_connection(world, command):
    with Raw(world.port) as c:
        outcome = statuses_or_gone(c, c.message(command, struct.pack("<H", 4) + bytes(62), message_id=0))
        assert refused(outcome)


@pytest.mark.parametrize("command", [c for c in range(2, 19) if c not in (r.CANCEL, r.ECHO, r.OPLOCK_BREAK)])
def test_a_command_without_a_session_is_refused(world, command):
    sizes = {r.LOGOFF: 4, r.TREE_CONNECT: 9, r.TREE_DISCONNECT: 4, r.CREATE: 57, r.CLOSE: 24, r.FLUSH: 24, r.READ: 49,
             r.WRITE: 49, r.LOCK: 48, r.IOCTL: 57, r.QUERY_DIRECTORY: 33, r.CHANGE_NOTIFY: 32, r.QUERY_INFO: 41, r.SET_INFO: 33}
    with Raw(world.port) as c:
        c.negotiate()
        outcome = statuses_or_gone(c, c.message(command, struct.pack("<H", sizes[command]) + bytes(sizes[command] + 30)))
        assert outcome is None or outcome[0] in (r.USER_SESSION_DELETED, r.INVALID_PARAMETER, r.ACCESS_DENIED), outcome


def test_a_second_negotiate_ends_the_connection(world):
    with Raw(world.port) as c:
        assert c.negotiate().status == 0
        c.send(c.message(r.NEGOTIATE, c.negotiate_body(), session=0))
        assert c.gone()


def test_a_second_negotiate_after_login_ends_the_connection(world):
    with world.raw("rw") as c:
        c.send(c.message(r.NEGOTIATE, c.negotiate_body(), session=0))
        assert c.gone()


def test_a_negotiate_with_no_known_dialect_is_not_supported(world):
    with Raw(world.port) as c:
        reply = c.negotiate(dialects=(0x0999,))
        assert reply.status == 0xC00000BB


def test_a_negotiate_with_no_dialect_is_invalid(world):
    with Raw(world.port) as c:
        body = struct.pack("<HHHHI16sQ", 36, 0, 1, 0, 0, bytes(16), 0)
        assert refused(statuses_or_gone(c, c.message(r.NEGOTIATE, body, session=0)))


def test_smb311_without_preauth_context_is_invalid(world):
    with Raw(world.port, dialects=(0x0311,)) as c:
        outcome = statuses_or_gone(c, c.message(r.NEGOTIATE, c.negotiate_body(contexts=[(8, struct.pack("<HH", 1, 1))]), session=0))
        assert outcome in (None, [r.INVALID_PARAMETER])


@pytest.mark.parametrize("contexts", [
    [(1, b"")], [(1, struct.pack("<HHH", 0, 0, 1))], [(1, struct.pack("<HHH", 65535, 32, 1))],
    [(1, struct.pack("<HHH", 1, 65535, 1))], [(2, b"\xff\xff")], [(8, b"\xff\xff\1\0")],
    [(1, struct.pack("<HHH", 1, 0, 99))], pytest.param([(1, struct.pack("<HHH", 1, 0, 1))] * 2, marks=pytest.mark.ours),
], ids=range(8))
def test_broken_negotiate_contexts_are_refused(world, contexts):
    with Raw(world.port, dialects=(0x0311,)) as c:
        assert refused(statuses_or_gone(c, c.message(r.NEGOTIATE, c.negotiate_body(contexts=contexts), session=0)))


@pytest.mark.parametrize("offset,count", [(0, 1), (1, 1), (0xFFFFFFF8, 2), (104, 65535), (65536, 1)])
def test_wrong_negotiate_context_offsets_are_refused(world, offset, count):
    with Raw(world.port, dialects=(0x0311,)) as c:
        body = bytearray(c.negotiate_body())
        struct.pack_into("<IH", body, 28, offset, count)
        assert refused(statuses_or_gone(c, c.message(r.NEGOTIATE, bytes(body), session=0)))


def test_an_smb1_greeting_that_knows_smb2_is_answered_in_smb2(world):
    with Raw(world.port) as c:
        dialects = b"".join(b"\2" + name + b"\0" for name in (b"NT LM 0.12", b"SMB 2.002", b"SMB 2.???"))
        c.send(b"\xffSMB\x72" + bytes(4) + b"\x18\x53\xc8" + bytes(20) + b"\0" + struct.pack("<H", len(dialects)) + dialects)
        reply = c.reply()
        assert reply.command == r.NEGOTIATE and reply.status == 0
        assert struct.unpack_from("<H", reply.body, 4)[0] == 0x02FF
        c.message_id = 1
        assert c.login().status == 0
        assert c.dialect == 0x0210


def test_an_smb1_greeting_without_smb2_gets_nothing(world):
    with Raw(world.port) as c:
        dialects = b"\2NT LM 0.12\0"
        c.send(b"\xffSMB\x72" + bytes(4) + b"\x18\x53\xc8" + bytes(20) + b"\0" + struct.pack("<H", len(dialects)) + dialects)
        c.socket.settimeout(3)
        try:
            frame = c.receive()
            assert frame[:4] == b"\xffSMB" or r.Reply(frame).status != 0
        except (Gone, TimeoutError):
            pass


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 35, 36])
def test_short_smb1_greetings_are_refused(world, count):
    with Raw(world.port) as c:
        whole = b"\xffSMB\x72" + bytes(27) + b"\0\x0c\0" + b"\2NT LM 0.12\0"
        c.send(whole[:count])
        assert c.gone(within=5)


@pytest.mark.parametrize("after_login", [False, True])
def test_a_compression_header_nobody_negotiated_ends_the_connection(world, after_login):
    with (world.raw("rw") if after_login else Raw(world.port)) as c:
        c.send(b"\xfcSMB" + struct.pack("<IHHI", 100, 1, 0, 0) + bytes(80))
        assert c.gone()


@pytest.mark.parametrize("length", [4, 20, 51, 52, 53, 80, 116])
def test_a_transform_header_without_a_session_ends_the_connection(world, length):
    with Raw(world.port) as c:
        c.send((b"\xfdSMB" + bytes(16) + bytes(16) + struct.pack("<IHHQ", 64, 0, 1, 0x1234) + bytes(64))[:length])
        assert c.gone()


@pytest.mark.parametrize("size", [0, 1, 63, 65, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_transform_header_that_lies_about_its_size_ends_the_connection(world, size):
    with world.raw("rw", dialects=(0x0300,)) as c:
        c.send(b"\xfdSMB" + bytes(16) + bytes(16) + struct.pack("<IHHQ", size, 0, 1, c.session) + bytes(64))
        assert c.gone()


@pytest.mark.parametrize("protocol", [b"\0\0\0\0", b"\xfeSMA", b"SMB2", b"\xfbSMB"])
def test_an_unknown_protocol_id_ends_the_connection(world, protocol):
    with world.raw("rw") as c:
        c.send(protocol + bytes(100))
        assert c.gone()


# Login.


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 11, 12, 15, 16, 31])
def test_truncated_ntlm_negotiates_are_refused(world, cut):
    with Raw(world.port) as c:
        c.negotiate()
        try:
            reply = c.setup(r.Ntlm("alice", "x").first[:cut])
        except Gone:
            return
        assert reply.status & 0xC0000000 == 0xC0000000
        # A short one may still be answered with a challenge: the flags are all it must hold.
        assert reply.status != r.MORE_PROCESSING or cut >= 16 or cut == 0


def test_ntlm_authenticate_with_every_field_wrong_is_refused(world):
    wrong = [0, 1, 87, 0x7FFF, 0xFFFF]
    for field in range(6):
        for length in wrong:
            for offset in (0, 0xFFFFFFFF, 0x7FFFFFFF, 64):
                def damage(token, field=field, length=length, offset=offset):
                    token = bytearray(token)
                    struct.pack_into("<HHI", token, 12 + 8 * field, length, length, offset)
                    return bytes(token)

                with Raw(world.port) as c:
                    try:
                        status = c.login(ntlm=r.Ntlm("alice", "Wrong-1", damage=damage)).status
                    except Gone:
                        continue
                    # An emptied user name is an anonymous login, which a server may take.
                    assert status != 0 or field in (1, 3), (field, length, offset)


@pytest.mark.parametrize("cut", range(8, 88, 8))
def test_truncated_ntlm_authenticates_are_refused(world, cut):
    with Raw(world.port) as c:
        try:
            status = c.login(ntlm=r.Ntlm("alice", "Wonder-1", damage=lambda token: token[:cut])).status
        except Gone:
            return
        assert status != 0


@pytest.mark.parametrize("token", [
    b"", b"\x60", b"\x60\x80", b"\x60\x84\xff\xff\xff\xff", b"\x60\x82\xff\xff" + bytes(20), b"\xa1\x03\x30\x01\xa0",
    b"\x60\x0b\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x01", b"\x60" + b"\x84\x00\x00\x00\x01\x30" * 20, b"\x30" * 400,
], ids=range(9))
def test_broken_spnego_is_refused(world, token):
    with Raw(world.port) as c:
        c.negotiate()
        try:
            reply = c.setup(token)
        except Gone:
            return
        # An empty or half-begun token may be answered with the server's own first one.
        assert reply.status != 0


@pytest.mark.parametrize("offset,length", [(0, 40), (64, 40), (0xFFFF, 40), (88, 0xFFFF), (87, 40)])
def test_session_setup_buffers_outside_the_message_are_refused(world, offset, length):
    with Raw(world.port) as c:
        c.negotiate()
        body = struct.pack("<HBBIIHHQ", 25, 0, 1, 1, 0, offset, length, 0) + bytes(40)
        assert refused(statuses_or_gone(c, c.message(r.SESSION_SETUP, body)))


# After login.


def test_every_structure_size_is_checked(world):
    for command in [c for c in range(2, 19) if c != r.CANCEL]:
        with world.raw("rw") as c:
            assert refused(statuses_or_gone(c, c.message(command, struct.pack("<H", 3) + bytes(80)))), command


def test_every_command_cut_at_every_length_is_refused(world):
    """Every request, cut short byte by byte, on one connection as long as the server keeps it."""
    with world.raw("rw") as c:
        _, file_id = c.create("cut", disposition=5)
    bodies = {
        r.TREE_CONNECT: struct.pack("<HHHH", 9, 0, 72, 40) + "\\\\127.0.0.1\\rw".encode("utf-16-le").ljust(40, b"\0"),
        r.CREATE: Raw.create_body(None, "cutting", disposition=3), r.CLOSE: struct.pack("<HHI16s", 24, 0, 0, b"\1" * 16),
        r.FLUSH: struct.pack("<HHI16s", 24, 0, 0, b"\1" * 16), r.READ: Raw.read_body(b"\1" * 16, 0, 10),
        r.WRITE: Raw.write_body(b"\1" * 16, 0, b"0123456789"), r.LOCK: struct.pack("<HHI16s", 48, 1, 0, b"\1" * 16) + bytes(24),
        r.IOCTL: struct.pack("<HHI16sIIIIIIII", 57, 0, 0x140204, b"\xff" * 16, 120, 24, 0, 0, 0, 100, 1, 0) + bytes(24),
        r.QUERY_DIRECTORY: Raw.directory_body(b"\1" * 16), r.QUERY_INFO: Raw.query_info_body(b"\1" * 16, 1, 18),
        r.SET_INFO: struct.pack("<HBBIHHI16s", 33, 1, 20, 8, 96, 0, 0, b"\1" * 16) + bytes(8),
        r.CHANGE_NOTIFY: struct.pack("<HHI16sII", 32, 0, 100, b"\1" * 16, 1, 0), r.LOGOFF: struct.pack("<HH", 4, 0),
        r.TREE_DISCONNECT: struct.pack("<HH", 4, 0),
    }
    c = world.raw("rw")
    try:
        for command, body in bodies.items():
            for length in range(0, len(body) - 1):
                if command in (r.LOGOFF, r.TREE_DISCONNECT) and length > 2:
                    continue
                try:
                    if command == r.CREATE and length > 56:
                        length = 56
                    reply = c.call(command, body[:length])
                    # What may be cut at the end without harm (padding) may succeed; ours never does before the fixed part.
                    assert reply.status != 0 or length > 20, (command, length)
                except Gone:
                    c.close_socket()
                    c = world.raw("rw")
    finally:
        c.close_socket()


@pytest.mark.parametrize("next_command", [1, 8, 63, 64, 65, 72, 0x80, 0xFFFFFFF8, 0x80000000, 0xFFFFFFFF])
def test_next_command_that_points_anywhere_ends_in_an_error(world, next_command):
    with world.raw("rw") as c:
        message = c.message(r.ECHO, struct.pack("<HH", 4, 0), next=next_command, flags=0)
        c.send(message)
        c.socket.settimeout(3)
        try:
            c.receive()
        except (Gone, TimeoutError):
            pass


def test_a_chain_of_a_thousand_echoes_is_answered_or_refused(world):
    with world.raw("rw") as c:
        chain = b""
        for i in range(1000):
            chain += c.message(r.ECHO, struct.pack("<HHI", 4, 0, 0), next=72 if i < 999 else 0, flags=0, message_id=c.message_id + i % 4)
        c.send(chain)
        c.socket.settimeout(3)
        try:
            c.receive()
        except (Gone, TimeoutError):
            pass


def test_a_related_command_first_in_a_chain_is_invalid(world):
    with world.raw("rw") as c:
        message = c.signed(c.message(r.CLOSE, struct.pack("<HHI16s", 24, 0, 0, b"\xff" * 16), flags=r.RELATED | r.SIGNED))
        outcome = statuses_or_gone(c, message)
        assert outcome in (None, [r.INVALID_PARAMETER], [r.FILE_CLOSED])


def test_a_replayed_message_id_ends_the_connection(world):
    with world.raw("rw") as c:
        assert c.echo().status == 0
        c.send(c.message(r.ECHO, struct.pack("<HH", 4, 0), message_id=c.message_id - 1))
        assert c.gone()


@pytest.mark.parametrize("ahead", [100_000, 2**32, 2**63, 2**64 - 2])
def test_a_message_id_beyond_the_window_ends_the_connection(world, ahead):
    with world.raw("rw") as c:
        c.send(c.message(r.ECHO, struct.pack("<HH", 4, 0), message_id=ahead))
        assert c.gone()


def test_spent_credits_end_the_connection(world):
    """Requests that ask for no credits use up what was granted, and one more is out of the window."""
    with world.raw("rw") as c:
        try:
            for _ in range(20_000):
                reply = c.echo(credits=0)
                assert reply.status == 0
                if reply.credits == 0:
                    continue
                break  # A server never leaves a client at zero: it grants one although none was asked for.
            c.send(c.message(r.ECHO, struct.pack("<HH", 4, 0), message_id=c.message_id + 9000))
            assert c.gone()
        except Gone:
            pass


def test_a_credit_charge_too_small_for_the_read_is_invalid(world):
    with world.raw("rw") as c:
        status, file_id = c.create("charge", disposition=5)
        assert status == 0
        reply = c.call(r.READ, c.read_body(file_id, 0, 65537 * 2), charge=1)
        assert reply.status == r.INVALID_PARAMETER


def test_a_read_larger_than_negotiated_is_invalid(world):
    with world.raw("rw") as c:
        status, file_id = c.create("large", disposition=5)
        c.write(file_id, 0, b"x")
        for length in (c.max_read + 1, 0x7FFFFFFF, 0xFFFFFFFF):
            try:
                assert c.call(r.READ, c.read_body(file_id, 0, length)).status == r.INVALID_PARAMETER
            except Gone:
                return


@pytest.mark.parametrize("offset,length", [(0, 10), (111, 10), (112, 11), (112, 0xFFFFFFFF), (0xFFFF, 1), (64, 10)])
def test_write_buffers_outside_the_message_are_refused(world, offset, length):
    with world.raw("rw") as c:
        status, file_id = c.create("outside", disposition=5)
        body = struct.pack("<HHIQ16sIIHHI", 49, offset, length, 0, file_id, 0, 0, 0, 0, 0) + b"0123456789"
        assert refused(statuses_or_gone(c, c.message(r.WRITE, body)))
    assert b"NTLM" not in world.disk("rw", "outside").read_bytes()


@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1, 2**64 - 8])
def test_offsets_at_the_end_of_the_world_are_refused(world, offset):
    with world.raw("rw") as c:
        status, file_id = c.create("far", disposition=5)
        assert c.write(file_id, offset, b"12345678").status & 0xC0000000 == 0xC0000000
        assert c.read(file_id, offset, 8).status & 0xC0000000 == 0xC0000000
        assert c.echo().status == 0


def test_create_names_outside_the_message_are_refused(world):
    for offset, length in [(0, 8), (120, 0xFFFE), (120, 7), (0xFFFF, 2), (119, 8)]:
        with world.raw("rw") as c:
            body = bytearray(c.create_body("good", disposition=3))
            struct.pack_into("<HH", body, 44, offset, length)
            assert refused(statuses_or_gone(c, c.message(r.CREATE, bytes(body)))), (offset, length)


def context(name, data, next=None, name_offset=16, name_length=None, data_offset=None, data_length=None):
    data_offset = 16 + 8 if data_offset is None else data_offset
    head = struct.pack("<IHHHHI", next or 0, name_offset, len(name) if name_length is None else name_length, 0,
                       data_offset, len(data) if data_length is None else data_length)
    return head + name.ljust(8, b"\0") + data


@pytest.mark.parametrize("chain", [
    context(b"MxAc", b"", next=8), context(b"MxAc", b"", next=0xFFFFFFF8), context(b"MxAc", b"", next=1),
    context(b"ExtA", b"\0" * 3), context(b"ExtA", b"\xff" * 64), context(b"MxAc", b"", name_length=0),
    context(b"MxAc", b"", name_length=0xFFFF), context(b"MxAc", b"", name_offset=0xFFFF), context(b"RqLs", b"\1"),
    context(b"DH2Q", b"\1" * 31), context(b"DHnC", b"\1" * 15), context(b"AlSi", b"1234567"), context(b"SecD", b"\1" * 21),
    context(b"SecD", struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 0xFFFFFFF0)), context(b"TWrp", b"1"),
    context(b"ExtA", b"", data_length=0xFFFFFFFF), context(b"ExtA", b"12345678", data_offset=0xFFFF), b"\1" * 7,
], ids=range(18))
def test_broken_create_contexts_are_refused_or_ignored(world, chain):
    with world.raw("rw") as c:
        c.send(c.message(r.CREATE, c.create_body("contexts", disposition=3, contexts=chain)))
        c.socket.settimeout(5)
        try:
            c.receive()
        except Gone:
            return
        assert c.echo().status == 0


@pytest.mark.parametrize("buffer", [
    struct.pack("<IBBH", 0, 0, 255, 0) + b"x", struct.pack("<IBBH", 0, 0, 0, 0) + b"\0", struct.pack("<IBBH", 4, 0, 1, 0) + b"a\0",
    struct.pack("<IBBH", 0xFFFFFFFC, 0, 1, 1) + b"a\0v", struct.pack("<IBBH", 0, 0, 1, 0xFFFF) + b"a\0", b"\0", b"",
    (struct.pack("<IBBH", 12, 0, 1, 1) + b"a\0v\0") * 500,
], ids=range(8))
def test_broken_extended_attributes_are_refused(world, buffer):
    with world.raw("rw") as c:
        status, file_id = c.create("eas", disposition=5, access=0x001F01FF)
        assert status == 0
        try:
            c.set_info(file_id, 1, 15, buffer)
            assert c.echo().status == 0
        except Gone:
            pass


@pytest.mark.parametrize("descriptor", [
    b"", b"\1" * 19, struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20), struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 0xFFFFFFFF),
    struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + struct.pack("<BBHHH", 2, 0, 8, 65535, 0),
    struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + struct.pack("<BBHHH", 2, 0, 65535, 1, 0) + struct.pack("<BBHI", 0, 0, 0, 0),
    struct.pack("<BBHIIII", 1, 0, 0x8000, 20, 0, 0, 0) + struct.pack("<BB6s", 1, 255, bytes(6)),
    struct.pack("<BBHIIII", 1, 0, 0x8000, 20, 0, 0, 0) + struct.pack("<BB6s", 1, 0, bytes(6)),
    struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + struct.pack("<BBHHH", 2, 0, 28, 1, 0) + struct.pack("<BBHIBB6s", 0, 0, 20, 1, 1, 15, bytes(6)),
], ids=range(9))
def test_broken_security_descriptors_are_refused(world, descriptor):
    with world.raw("rw") as c:
        status, file_id = c.create("sd", disposition=5, access=0x001F01FF)
        assert status == 0
        try:
            c.set_info(file_id, 3, 0, descriptor, additional=5)
            assert c.echo().status == 0
        except Gone:
            pass


def test_every_information_class_answers_for_every_length(world):
    with world.raw("rw") as c:
        status, file_id = c.create("classes", disposition=5, access=0x001F01FF)
        for kind, top in ((1, 80), (2, 15), (3, 2), (4, 2), (0, 2), (5, 2), (255, 2)):
            for info_class in range(top):
                for length in (0, 1, 7, 65536):
                    c.query_info(file_id, kind, info_class, length=length)
        assert c.echo().status == 0


def test_every_information_class_refuses_short_and_random_settings(world):
    with world.raw("rw") as c:
        for kind, top in ((1, 80), (2, 15), (4, 2), (0, 1), (255, 1)):
            for info_class in range(top):
                for data in (b"", b"\0", b"\xff" * 8, b"\xff" * 24, b"\xff" * 100):
                    status, file_id = c.create("settings", disposition=3, access=0x001F01FF)
                    if status:
                        continue
                    c.set_info(file_id, kind, info_class, data)
                    c.close(file_id)
        assert c.echo().status == 0


@pytest.mark.parametrize("code", [0x00090000 + n for n in range(0, 0x400, 4)][::4] + [
    0x001440F2, 0x001480F2, 0x00140078, 0x001401FC, 0x00140204, 0x000980C8, 0x000900C0, 0x00098344, 0x00090284, 0x00098208,
    0x0011C017, 0x00110018, 0x00060194, 0x000601B0, 0, 0xFFFFFFFF], ids=hex)
def test_every_control_code_survives_rubbish(world, code):
    with world.raw("rw") as c:
        status, file_id = c.create("controls", disposition=5, access=0x001F01FF)
        for data in (b"", b"\0", b"\xff" * 7, b"\xff" * 16, b"\xff" * 36, b"\xff" * 1000):
            for target in (file_id, b"\xff" * 16):
                try:
                    c.ioctl(code, data, file_id=target)
                except Gone:
                    return


@pytest.mark.parametrize("elements", [0, 1, 2, 64, 65535])
def test_lock_counts_that_lie_are_refused(world, elements):
    with world.raw("rw") as c:
        status, file_id = c.create("locks", disposition=5)
        body = struct.pack("<HHI16s", 48, elements, 0, file_id) + struct.pack("<QQII", 0, 1, 0x10 | 2, 0)
        outcome = statuses_or_gone(c, c.message(r.LOCK, body))
        assert refused(outcome) if elements != 1 else outcome == [0]


def test_a_stale_file_id_is_closed(world):
    with world.raw("rw") as c:
        status, file_id = c.create("stale", disposition=5)
        assert c.close(file_id).status == 0
        assert c.close(file_id).status == r.FILE_CLOSED
        assert c.read(file_id, 0, 1).status == r.FILE_CLOSED


def test_a_file_id_of_another_session_is_closed(world):
    with world.raw("rw") as one, world.raw("rw") as two:
        status, file_id = one.create("mine", disposition=5)
        assert two.read(file_id, 0, 1).status == r.FILE_CLOSED
        assert one.close(file_id).status == 0


def test_a_tree_that_was_left_is_deleted(world):
    with world.raw("rw") as c:
        status, file_id = c.create("left", disposition=5)
        assert c.call(r.TREE_DISCONNECT, struct.pack("<HH", 4, 0)).status == 0
        assert c.read(file_id, 0, 1).status == r.NETWORK_NAME_DELETED


def test_a_session_that_was_left_is_deleted(world):
    with world.raw("rw") as c:
        assert c.call(r.LOGOFF, struct.pack("<HH", 4, 0)).status == 0
        assert statuses_or_gone(c, c.message(r.CLOSE, struct.pack("<HHI16s", 24, 0, 0, b"\xff" * 16))) in (None, [r.USER_SESSION_DELETED])


def test_compounds_that_end_their_own_ground_are_survived(world):
    """TREE_DISCONNECT or LOGOFF or a failing CREATE, followed by related commands."""
    for first in ("tree", "logoff", "create", "close"):
        with world.raw("rw") as c:
            body = {"tree": struct.pack("<HH", 4, 0), "logoff": struct.pack("<HH", 4, 0), "create": c.create_body("no\\where\\at", disposition=1),
                    "close": struct.pack("<HHI16s", 24, 0, 0, b"\xff" * 16)}[first]
            command = {"tree": r.TREE_DISCONNECT, "logoff": r.LOGOFF, "create": r.CREATE, "close": r.CLOSE}[first]
            body += bytes(-len(body) % 8)
            one = c.signed(c.message(command, body, next=64 + len(body), flags=r.SIGNED))
            two_body = c.read_body(b"\xff" * 16, 0, 10)
            two_body += bytes(-len(two_body) % 8)
            two = c.signed(c.message(r.READ, two_body, next=64 + len(two_body), flags=r.SIGNED | r.RELATED))
            three = c.signed(c.message(r.CLOSE, struct.pack("<HHI16s", 24, 0, 0, b"\xff" * 16), flags=r.SIGNED | r.RELATED))
            outcome = statuses_or_gone(c, one + two + three)
            assert outcome is None or all(status != 0 for status in outcome[1:]), (first, outcome)


# Signatures.


def test_a_wrong_signature_is_refused(world):
    with world.raw("rw") as c:
        message = bytearray(c.message(r.ECHO, struct.pack("<HH", 4, 0)))
        message = bytearray(c.message(r.TREE_DISCONNECT, struct.pack("<HH", 4, 0), message_id=c.message_id - 1))
        message[50] ^= 1
        outcome = statuses_or_gone(c, bytes(message))
        assert outcome in (None, [r.ACCESS_DENIED]), outcome


def test_a_missing_signature_where_required_is_refused(world):
    with world.raw("rw", signing=True) as c:
        body = c.create_body("unsigned", disposition=3)
        outcome = statuses_or_gone(c, c.message(r.CREATE, body, flags=0))
        assert outcome in (None, [r.ACCESS_DENIED]), outcome
    assert not world.disk("rw", "unsigned").exists()


@pytest.mark.parametrize("dialect", [0x0202, 0x0210, 0x0300, 0x0302, 0x0311], ids=hex)
def test_every_reply_is_signed_whatever_it_is(world, dialect):
    """Success, error, multi-buffer and compound replies of a signed session carry a right signature."""
    with world.raw("rw", dialects=(dialect,), signing=True) as c:
        status, file_id = c.create("signed", disposition=5)
        pairs = [
            (r.ECHO, struct.pack("<HH", 4, 0)), (r.CREATE, c.create_body("not there")), (r.QUERY_INFO, c.query_info_body(file_id, 1, 18)),
            (r.QUERY_INFO, c.query_info_body(file_id, 1, 18, length=20)), (r.READ, c.read_body(file_id, 0, 100)),
            (r.WRITE, c.write_body(file_id, 0, b"x" * 5000)), (r.READ, c.read_body(file_id, 0, 4096)),
            (r.IOCTL, struct.pack("<HHI16sIIIIIIII", 57, 0, 0x000900C0, file_id, 120, 0, 0, 0, 0, 64, 1, 0)),
            (r.LOCK, struct.pack("<HHI16s", 48, 1, 0, file_id) + struct.pack("<QQII", 0, 1, 0x12, 0)),
            (r.FLUSH, struct.pack("<HHI16s", 24, 0, 0, file_id)), (r.CLOSE, struct.pack("<HHI16s", 24, 1, 0, file_id)),
        ]
        for command, body in pairs:
            reply = c.call(command, body)
            assert reply.flags & r.SIGNED, (command, reply)
            assert reply.signature == c.signature(reply.raw), (command, reply)
        one = c.create_body("signed", disposition=1)
        one += bytes(-len(one) % 8)
        two = c.query_info_body(b"\xff" * 16, 1, 5)
        two += bytes(-len(two) % 8)
        three = struct.pack("<HHI16s", 24, 0, 0, b"\xff" * 16)
        c.send(c.signed(c.message(r.CREATE, one, next=64 + len(one), flags=r.SIGNED))
               + c.signed(c.message(r.QUERY_INFO, two, next=64 + len(two), flags=r.SIGNED | r.RELATED))
               + c.signed(c.message(r.CLOSE, three, flags=r.SIGNED | r.RELATED)))
        frame = c.receive()
        at = 0
        for reply in r.replies(frame):
            part = frame[at : at + reply.next] if reply.next else frame[at:]
            assert reply.status == 0 and reply.flags & r.SIGNED and reply.signature == c.signature(part), reply
            at += reply.next


# Time.


@pytest.mark.ours
@pytest.mark.slow
def test_half_open_logins_time_out(world):
    """Connections that say nothing, or stop in the middle of a login, are ended; ours within 45 seconds."""
    silent, greeted, challenged = Raw(world.port), Raw(world.port), Raw(world.port)
    greeted.negotiate()
    challenged.negotiate()
    assert challenged.setup(r.Ntlm("alice", "x").first).status == r.MORE_PROCESSING
    half = Raw(world.port)
    half.socket.sendall(b"\0\0\1\0\xfeSMB")
    began = time.monotonic()
    for connection in (silent, greeted, challenged, half):
        assert connection.gone(within=max(1, 45 - (time.monotonic() - began)))
        connection.close_socket()


def test_a_message_that_arrives_byte_by_byte_is_served(world):
    with Raw(world.port) as c:
        c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        message = c.message(r.NEGOTIATE, c.negotiate_body(), session=0)
        for byte in struct.pack(">I", len(message)) + message:
            c.socket.sendall(bytes([byte]))
            time.sleep(0.001)
        assert c.reply().status == 0
