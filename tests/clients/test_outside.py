"""Changes made on the router itself, not through the server: who watches or caches learns of them."""

import os
import struct
import subprocess
import time

import pytest

import raw as r
from raw import Raw
from test_laptop import LEASE, lease, lease_in

pytestmark = pytest.mark.ours

ADDED, REMOVED, MODIFIED, OLD_NAME, NEW_NAME = 1, 2, 3, 4, 5
EVERYTHING = 0xFFF
R, RH = 1, 3


def watch(raw, file_id, filter=EVERYTHING, tree=False):
    """Sends a CHANGE_NOTIFY that waits; its message id."""
    body = struct.pack("<HHI16sII", 32, int(tree), 4096, file_id, filter, 0)
    raw.send(raw.message(r.CHANGE_NOTIFY, body))
    interim = raw.reply(interim=True)
    assert interim.status == r.PENDING, interim
    return interim.message_id


def told(reply):
    """Actions and names of a CHANGE_NOTIFY's answer."""
    assert reply.command == r.CHANGE_NOTIFY and reply.status == 0, reply
    found, at, entries = [], 0, reply.body[8:]
    while True:
        following, action, size = struct.unpack_from("<III", entries, at)
        found.append((action, entries[at + 12 : at + 12 + size].decode("utf-16-le")))
        if not following:
            return found
        at += following


def folder_of(raw, name, **options):
    status, file_id = raw.create(name, access=0x00120089, options=1, **options)
    assert status == 0
    return file_id


def silent(raw, seconds=0.5):
    """Nothing more is said."""
    raw.socket.settimeout(seconds)
    try:
        reply = raw.receive()
    except TimeoutError:
        return True
    finally:
        raw.socket.settimeout(10)
    raise AssertionError(r.Reply(reply))


def broken(raw):
    """Key, old and new state of the lease break that comes next."""
    reply = r.Reply(raw.receive())
    assert reply.command == r.OPLOCK_BREAK and reply.message_id == 2**64 - 1, reply
    key, old, new = struct.unpack_from("<16sII", reply.body, 8)
    return key, old, new


def test_a_touch_in_a_shell_completes_a_watch(world, folder):
    name, path = folder
    with world.raw("rw") as c:
        d = folder_of(c, name)
        watch(c, d)
        subprocess.run(["touch", str(path / "from the shell")], check=True)
        assert (ADDED, "from the shell") in told(c.reply())
        c.close(d)


def test_renames_and_removals_in_a_shell_are_told(world, folder):
    name, path = folder
    (path / "before").write_text("x")
    with world.raw("rw") as c:
        d = folder_of(c, name)
        watch(c, d, filter=0x3)
        subprocess.run(["mv", str(path / "before"), str(path / "after")], check=True)
        assert told(c.reply()) == [(OLD_NAME, "before"), (NEW_NAME, "after")]
        watch(c, d, filter=0x3)
        (path / "after").unlink()
        assert told(c.reply()) == [(REMOVED, "after")]
        watch(c, d, filter=0x3)
        (path / "a folder").mkdir()
        assert told(c.reply()) == [(ADDED, "a folder")]


def test_what_a_client_does_is_told_once(world, folder):
    name, path = folder
    with world.raw("rw") as c, world.raw("rw") as other:
        d = folder_of(c, name)
        watch(c, d)
        status, file_id = other.create(f"{name}\\mine", disposition=2)
        assert status == 0
        assert told(c.reply()) == [(ADDED, "mine")]
        watch(c, d)
        assert other.write(file_id, 0, b"data").status == 0
        assert silent(c)
        other.close(file_id)
        assert [name for _, name in told(c.reply())] == ["mine"]
        watch(c, d)
        assert silent(c)
        # A shell's change between is not taken for the client's.
        status, file_id = other.create(f"{name}\\mine", access=0x0013019F)
        (path / "other").write_text("x")
        assert any(name == "other" for _, name in told(c.reply()))


def test_a_shell_that_writes_breaks_leases_of_the_file_and_of_its_folder(world, folder):
    name, path = folder
    (path / "file").write_text("old")
    file_key, folder_key = os.urandom(16), os.urandom(16)
    with Raw(world.port, dialects=(0x0311,)) as c:
        assert c.login().status == 0 and c.connect("rw").status == 0
        reply = c.call(r.CREATE, c.create_body(f"{name}\\file", access=0x00120089, oplock=LEASE, contexts=lease(file_key, RH)))
        assert lease_in(reply) == RH
        with (path / "file").open("a") as file:
            file.write("new")
        assert broken(c) == (file_key, RH, 0)
        assert c.read(reply.body[64:80], 0, 6).body[16:22] == b"oldnew"
        reply = c.call(r.CREATE, c.create_body(name, access=0x00120089, options=1, oplock=LEASE, contexts=lease(folder_key, RH)))
        assert lease_in(reply) == RH
        (path / "another").write_text("")
        assert broken(c) == (folder_key, RH, 0)


def test_folders_and_files_without_end_are_observed_as_far_as_it_goes(world, folder):
    """Beyond what can be observed everything is served as before."""
    name, path = folder
    count = 1_200
    for i in range(count):
        (path / f"f{i}").write_text("x")
    with Raw(world.port, dialects=(0x0311,)) as c:
        assert c.login().status == 0 and c.connect("rw").status == 0
        held = []
        for i in range(count):
            contexts = lease(struct.pack("<QQ", 7, i), R)
            reply = c.call(r.CREATE, c.create_body(f"{name}\\f{i}", access=0x00120089, oplock=LEASE, contexts=contexts))
            if reply.status == 0xC000011F:
                break
            assert reply.status == 0 and lease_in(reply) == R, reply
            held.append(reply.body[64:80])
        (path / "f0").write_text("longer")
        assert broken(c)[0] == struct.pack("<QQ", 7, 0)
        for file_id in held:
            assert c.close(file_id).status == 0
    began = time.monotonic()
    with world.raw("rw") as c:
        d = folder_of(c, name)
        watch(c, d)
        (path / "afterwards").write_text("")
        assert (ADDED, "afterwards") in told(c.reply())
    assert time.monotonic() - began < 5
