"""Who may in, and to do what: passwords, guests, anonymous, NTLM versions, rights on shares, downgrades."""

import struct

import pytest

import lab
import raw as r
from conftest import ALICE, BOB, KIND
from raw import Gone, Raw

SHARES_OF_STRANGERS = ["rw", "ro", "sealed", "hidden", "bobs", "shm"]


# Logins.


def test_a_wrong_password_is_refused(world):
    text = world.smbclient("rw", "ls", user=lab.User("alice", "wonder-1"), check=False)
    assert "NT_STATUS_LOGON_FAILURE" in text


@pytest.mark.parametrize("share", SHARES_OF_STRANGERS)
def test_an_unknown_user_gets_no_share_of_others(world, share):
    text = world.smbclient(share, "ls", user=lab.User("mallory", "anything"), check=False)
    assert "NT_STATUS_LOGON_FAILURE" in text or "NT_STATUS_ACCESS_DENIED" in text, text


@pytest.mark.parametrize("share", SHARES_OF_STRANGERS)
def test_a_guest_gets_no_share_without_guests(world, share):
    text = world.smbclient(share, "ls", user=None, check=False)
    assert "NT_STATUS_ACCESS_DENIED" in text or "NT_STATUS_LOGON_FAILURE" in text, text


@pytest.mark.parametrize("user", [None, lab.User("mallory", "x")], ids=["nobody", "mallory"])
def test_a_guest_reads_where_guests_read(world, user, tmp_path):
    (world.disk("guest-read") / "open").write_text("to all")
    if user is None and KIND == "smbd":
        pytest.skip("smbd takes no login at all for anonymous, which its share then refuses")
    world.smbclient("guest-read", f"get open {tmp_path}/open", user=user)
    assert (tmp_path / "open").read_text() == "to all"
    text = world.smbclient("guest-read", [f"put {tmp_path}/open new"], user=user, check=False)
    assert "NT_STATUS_ACCESS_DENIED" in text or "NT_STATUS_MEDIA_WRITE_PROTECTED" in text, text
    assert not world.disk("guest-read", "new").exists()


def test_a_guest_writes_where_guests_write(world, tmp_path):
    (tmp_path / "up").write_text("from a guest")
    world.smbclient("guest-write", f"put {tmp_path}/up guests", user=lab.User("mallory", "x"))
    assert world.disk("guest-write", "guests").read_text() == "from a guest"


def test_alice_writes_where_guests_read(world, tmp_path):
    (tmp_path / "up").write_text("alice's")
    world.smbclient("guest-read", f"put {tmp_path}/up hers")
    assert world.disk("guest-read", "hers").read_text() == "alice's"


def test_names_of_users_are_found_in_any_case(world):
    world.smbclient("rw", "ls", user=lab.User("ALICE", ALICE.password))


def test_anonymous_reaches_ipc(world):
    with Raw(world.port) as c:
        assert c.login(ntlm=r.Ntlm("", "", anonymous=True)).status == 0
        assert c.connect("IPC$").status == 0
        c.tree = 0
        assert c.connect("rw").status in (r.ACCESS_DENIED, 0xC000006D)


def test_ntlmv1_is_refused(world):
    text = world.smbclient("rw", "ls", options=["--option=client ntlmv2 auth=no", "--option=client use spnego=yes"], check=False)
    assert "NT_STATUS_" in text, text


def test_lm_and_ntlmv1_answers_are_refused(world):
    """24-byte answers, whatever is in them."""
    def damage(token):
        token = bytearray(token)
        for field in (12, 20):
            offset = struct.unpack_from("<I", token, field + 4)[0]
            struct.pack_into("<HH", token, field, 24, 24)
            token[offset : offset + 24] = b"\1" * 24
        return bytes(token)

    with Raw(world.port) as c:
        assert c.login(ntlm=r.Ntlm("alice", ALICE.password, damage=damage)).status != 0


def test_a_right_mic_is_taken_and_a_wrong_one_refused(world):
    with Raw(world.port) as c:
        assert c.login(ntlm=r.Ntlm("alice", ALICE.password, mic=True)).status == 0
    with Raw(world.port) as c:
        reply = c.login(ntlm=r.Ntlm("alice", ALICE.password, mic=False))
        assert reply.status != 0


@pytest.mark.ours
def test_a_login_survives_a_second_one_on_its_connection(world):
    """Several sessions on one connection; each keeps its own trees."""
    with world.raw("rw") as c:
        first, tree, key = c.session, c.tree, c.key
        c.session = 0
        c.sign = False
        assert c.login("bob", BOB.password).status == 0
        assert c.session != first
        assert c.connect("bobs").status == 0
        second, second_key = c.session, c.key
        c.session, c.tree, c.key = first, tree, key
        assert c.create("two-sessions", disposition=5)[0] == 0
        c.session, c.tree, c.key = second, tree, second_key
        assert c.create("two-sessions")[0] == r.NETWORK_NAME_DELETED


def test_a_session_ends_when_its_successor_logs_in(world):
    with world.raw("rw") as old:
        with Raw(world.port) as new:
            assert new.login(previous=old.session).status == 0
            try:
                assert old.create("succeeded", disposition=5)[0] == r.USER_SESSION_DELETED
            except Gone:
                pass


def test_a_session_does_not_end_when_its_would_be_successor_fails(world):
    with world.raw("rw") as victim:
        for user, password in (("alice", "Wrong-1"), ("mallory", "x"), ("bob", BOB.password)):
            with Raw(world.port) as c:
                c.login(user, password, previous=victim.session)
                assert victim.create("victim", disposition=5)[0] == 0, user


# Shares.


def test_shares_are_found_in_any_case(world):
    world.smbclient("RW", "ls")


@pytest.mark.parametrize("name", ["nothing", "", "rw\\sub", "..", "rw ", "r", "rww", "a" * 300])
def test_an_unknown_share_is_not_found(world, name):
    with world.raw() as c:
        try:
            assert c.connect(name).status in (0xC00000CC, r.INVALID_PARAMETER, 0xC0000033, 0xC000003A, 0xC00000BE)
        except Gone:
            pass


def test_bob_reads_and_does_not_write_what_alice_writes(world, tmp_path):
    (world.disk("rw") / "shared").write_text("alice's words")
    world.smbclient("rw", f"get shared {tmp_path}/got", user=BOB)
    assert (tmp_path / "got").read_text() == "alice's words"
    for command in (f"put {tmp_path}/got shared", "rm shared", "rename shared stolen", "mkdir bobs-folder", "setmode shared +h"):
        text = world.smbclient("rw", command, user=BOB, check=False)
        assert "NT_STATUS_ACCESS_DENIED" in text or "NT_STATUS_MEDIA_WRITE_PROTECTED" in text, (command, text)
    assert (world.disk("rw") / "shared").read_text() == "alice's words"


def test_alice_does_not_enter_bobs_share(world):
    assert "NT_STATUS_ACCESS_DENIED" in world.smbclient("bobs", "ls", check=False)
    world.smbclient("bobs", "ls", user=BOB)


WRITES = {
    "create": dict(disposition=2), "overwrite": dict(disposition=4), "supersede": dict(disposition=0), "overwrite or create": dict(disposition=5),
    "open for writing": dict(access=0x2), "open for appending": dict(access=0x4), "open for deleting": dict(access=0x10000),
    "open to write attributes": dict(access=0x100), "open to write EAs": dict(access=0x10), "open to write the DACL": dict(access=0x40000),
    "open to take ownership": dict(access=0x80000), "generic write": dict(access=0x40000000), "generic all": dict(access=0x10000000),
    "delete on close": dict(access=0x10001, options=0x1000),
}


@pytest.mark.ours
@pytest.mark.parametrize("what", WRITES)
def test_a_read_only_share_refuses_to(world, what):
    path = world.disk("ro", "kept")
    path.write_text("kept")
    name = "new" if what == "create" else "kept"
    with world.raw("ro") as c:
        options = {"access": 0x0012019F if "access" not in WRITES[what] else 0, **WRITES[what]}
        status, _ = c.create(name, **options)
        assert status & 0xC0000000 == 0xC0000000, hex(status)
    assert path.read_text() == "kept" and not world.disk("ro", "new").exists()


@pytest.mark.ours
def test_a_read_only_share_refuses_every_change_through_a_handle(world):
    path = world.disk("ro", "kept")
    path.write_text("kept")
    world.disk("ro", "folder").mkdir(exist_ok=True)
    before = path.stat()
    with world.raw("ro") as c:
        status, file_id = c.create("kept", access=0x02000000)
        assert status == 0
        name = "moved".encode("utf-16-le")
        renaming = struct.pack("<BxxxxxxxQI", 1, 0, len(name)) + name
        attempts = {
            "write": lambda: c.write(file_id, 0, b"spoilt"),
            "basic": lambda: c.set_info(file_id, 1, 4, struct.pack("<QQQQII", 1 << 56, 1 << 56, 1 << 56, 1 << 56, 2, 0)),
            "rename": lambda: c.set_info(file_id, 1, 10, renaming), "link": lambda: c.set_info(file_id, 1, 11, renaming),
            "disposition": lambda: c.set_info(file_id, 1, 13, b"\1"), "allocation": lambda: c.set_info(file_id, 1, 19, bytes(8)),
            "end of file": lambda: c.set_info(file_id, 1, 20, bytes(8)), "disposition ex": lambda: c.set_info(file_id, 1, 64, struct.pack("<I", 3)),
            "full EA": lambda: c.set_info(file_id, 1, 15, struct.pack("<IBBH", 0, 0, 1, 1) + b"a\0v"),
            "security": lambda: c.set_info(file_id, 3, 0, struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 0), additional=4),
            "sparse": lambda: c.ioctl(0x000900C4, b"\1", file_id=file_id),
            "zero data": lambda: c.ioctl(0x000980C8, struct.pack("<QQ", 0, 4), file_id=file_id),
            "trim": lambda: c.ioctl(0x00098208, struct.pack("<IIQQ", 0, 1, 0, 4), file_id=file_id),
            "reparse": lambda: c.ioctl(0x000900A4, struct.pack("<IHH", 0xA000000C, 20, 0) + bytes(20), file_id=file_id),
            "object id": lambda: c.ioctl(0x00090098, bytes(64), file_id=file_id),
            "compression": lambda: c.ioctl(0x0009C040, struct.pack("<H", 1), file_id=file_id),
        }
        for what, attempt in attempts.items():
            reply = attempt()
            assert reply.status & 0xC0000000 == 0xC0000000, (what, reply)
    after = path.stat()
    assert path.read_text() == "kept" and (before.st_mtime_ns, before.st_mode, before.st_size, before.st_nlink) == (
        after.st_mtime_ns, after.st_mode, after.st_size, after.st_nlink)
    assert {p.name for p in world.disk("ro").iterdir()} <= {"kept", "folder"}


def test_a_read_only_handle_changes_nothing_on_a_writable_share(world):
    path = world.disk("rw", "handle")
    path.write_text("kept")
    with world.raw("rw") as c:
        status, file_id = c.create("handle", access=0x00120089)
        assert status == 0
        assert c.write(file_id, 0, b"x").status == r.ACCESS_DENIED
        for info_class, data in ((20, bytes(8)), (19, bytes(8)), (13, b"\1"), (4, bytes(32) + struct.pack("<II", 2, 0))):
            assert c.set_info(file_id, 1, info_class, data).status == r.ACCESS_DENIED, info_class
        assert c.ioctl(0x000980C8, struct.pack("<QQ", 0, 4), file_id=file_id).status == r.ACCESS_DENIED
    assert path.read_text() == "kept"


# Downgrades ([MS-SMB2] 3.3.5.15.12).

VALIDATE = 0x00140204


def validation(c, **lies):
    value = dict(capabilities=0x7F, guid=c.guid, mode=1, dialects=c.dialects, **{})
    value.update(lies)
    return struct.pack("<I16sHH", value["capabilities"], value["guid"], value["mode"], len(value["dialects"])) + struct.pack(
        f"<{len(value['dialects'])}H", *value["dialects"])


@pytest.mark.parametrize("dialects", [(0x0210,), (0x0202, 0x0210), (0x0300,), (0x0300, 0x0302)], ids=str)
def test_an_honest_validation_is_confirmed(world, dialects):
    with world.raw("rw", dialects=dialects) as c:
        reply = c.ioctl(VALIDATE, validation(c), max_output=24)
        assert reply.status == 0
        capabilities, guid, mode, dialect = struct.unpack_from("<I16sHH", reply.body, 48)
        assert (capabilities, mode, dialect) == (c.capabilities, c.mode, c.dialect)


@pytest.mark.parametrize("lie", [dict(capabilities=0), dict(guid=b"\1" * 16), dict(mode=2), dict(dialects=(0x0202, 0x0300, 0x0302)), dict(dialects=())], ids=str)
def test_a_negotiation_that_was_tampered_with_ends_the_connection(world, lie):
    with world.raw("rw", dialects=(0x0300,)) as c:
        c.send(c.message(r.IOCTL, struct.pack("<HHI16sIIIIIIII", 57, 0, VALIDATE, b"\xff" * 16, 120, len(validation(c, **lie)), 0, 0, 0, 24, 1, 0) + validation(c, **lie)))
        assert c.gone()


@pytest.mark.ours
def test_smb311_asks_for_no_validation(world):
    with world.raw("rw", dialects=(0x0311,)) as c:
        try:
            assert c.ioctl(VALIDATE, validation(c), max_output=24).status != 0
        except Gone:
            pass
