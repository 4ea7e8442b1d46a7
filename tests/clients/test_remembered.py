"""A thousand leases, five hundred durable handles, two hundred watches: held in the memory there is, and given back."""

import struct
import time
import types

import pytest

import lab
import raw as r
from conftest import ALICE, KIND
from lab import proc
from raw import Raw
from test_control import status
from test_laptop import HANDLE, LEASE, READ, Laptop, context, lease, lease_in
from test_limits import ceiling_kib
from test_outside import folder_of, told, watch

pytestmark = pytest.mark.ours

LEASES, DURABLES, WATCHES = 1_000, 500, 200


def used(server, *names):
    """How full these tables are, as the server tells on its control socket."""
    rows = {row["name"]: row["used"] for row in status(types.SimpleNamespace(server=server))["memory"]["rows"]}
    return [rows[name] for name in names]


def test_all_of_it_at_once_stays_under_the_ceiling(world, tmp_path):
    path = tmp_path / "share"
    path.mkdir()
    path.chmod(0o777)
    for i in range(LEASES):
        (path / f"f{i}").write_bytes(bytes(100))
    for i in range(WATCHES):
        (path / f"d{i}").mkdir()
        (path / f"d{i}").chmod(0o777)
    server = lab.start(KIND, tmp_path / "server", [lab.Share("files", str(path), writers=["alice"])], [ALICE])
    laptop = Laptop(server.port, "files")
    try:
        before = proc.memory_kib(server.pid)["Rss"]
        laptop.connect()
        c = laptop.raw
        files = []
        for i in range(LEASES):
            contexts = lease(struct.pack("<QQ", 1, i), READ | HANDLE)
            if i < DURABLES:
                contexts = context(b"DH2Q", struct.pack("<IIQQQ", 0, 0, 0, 2, i)) + contexts
            reply = c.call(r.CREATE, c.create_body(f"f{i}", oplock=LEASE, contexts=contexts))
            assert reply.status == 0 and lease_in(reply) == READ | HANDLE, (i, reply)
            assert (b"DH2Q" in reply.raw) == (i < DURABLES)
            files.append(reply.body[64:80])
        watcher = Raw(server.port, timeout=30)
        assert watcher.login().status == 0 and watcher.connect("files").status == 0
        for i in range(WATCHES):
            watch(watcher, folder_of(watcher, f"d{i}"))
        assert used(server, "oplocks", "durable handles", "watches") == [LEASES, DURABLES, WATCHES]
        memory = proc.memory_kib(server.pid)["Rss"]
        assert memory < ceiling_kib(world) + 4096, (before, memory)
        # Each of them still works: one folder's watch is told, a file is read, ...
        (path / "d77" / "new").write_text("")
        assert told(watcher.reply())[0] == (1, "new")
        assert c.read(files[999], 0, 100).status == 0
        # ... and after the connection is lost what is durable is there, and what is not is gone.
        laptop.cut()
        watcher.close_socket()
        time.sleep(0.5)
        assert used(server, "opens", "oplocks", "durable handles", "watches") == [DURABLES, DURABLES, DURABLES, 0]
        laptop.connect()
        c = laptop.raw
        for i in range(DURABLES):
            back = context(b"DH2C", files[i] + struct.pack("<QQI", 2, i, 0)) + lease(struct.pack("<QQ", 1, i), READ | HANDLE)
            reply = c.call(r.CREATE, c.create_body(f"f{i}", oplock=LEASE, contexts=back))
            assert reply.status == 0 and reply.body[64:80] == files[i], (i, reply)
            assert c.close(files[i]).status == 0
        assert used(server, "opens", "oplocks", "durable handles") == [0, 0, 0]
        assert proc.memory_kib(server.pid)["Rss"] < ceiling_kib(world) + 4096
    finally:
        laptop.raw.close_socket()
        server.stop()
