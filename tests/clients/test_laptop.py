"""A laptop's day: its Wi-Fi drops while a file is open, and it goes on where it was ([MS-SMB2] 3.2.4.4, 3.3.5.9.12).

The connection is really gone: the socket is reset, and nothing is said before. What the client held is a lease and
a durable handle of version 2.
"""

import os
import socket
import struct
import time

import pytest

import lab
import raw as r
from conftest import ALICE, KIND, some_bytes
from raw import Raw

pytestmark = pytest.mark.ours

READ, HANDLE, WRITE = 1, 2, 4
LEASE = 0xFF


def context(name, data, last=False):
    body = struct.pack("<HHHHI", 16, 4, 0, 24, len(data)) + name + bytes(4) + data
    whole = 4 + len(body)
    padded = -(-whole // 8) * 8
    return struct.pack("<I", 0 if last else padded) + body + (b"" if last else bytes(padded - whole))


def lease(key, state, epoch=0):
    return context(b"RqLs", key + struct.pack("<IIQ16sHH", state, 0, 0, bytes(16), epoch, 0), last=True)


def lease_in(reply):
    """The lease state of a CREATE's answer; None without one."""
    at = reply.raw.find(b"RqLs", 64)
    return None if at < 0 else struct.unpack_from("<I", reply.raw, at + 8 + 16)[0]


class Laptop:
    """A client that remembers who it is and what it holds while its connections come and go."""

    def __init__(self, port, share):
        self.port, self.share = port, share
        self.guid, self.key, self.create_guid = os.urandom(16), os.urandom(16), os.urandom(16)
        self.session = 0

    def connect(self):
        self.raw = Raw(self.port, dialects=(0x0311,))
        self.raw.guid = self.guid
        assert self.raw.login(ALICE.name, ALICE.password, previous=self.session).status == 0
        self.session = self.raw.session
        assert self.raw.connect(self.share).status == 0

    def open(self, name):
        asked = context(b"DH2Q", struct.pack("<IIQ16s", 0, 0, 0, self.create_guid)) + lease(self.key, READ | WRITE | HANDLE)
        reply = self.raw.call(r.CREATE, self.raw.create_body(name, disposition=3, access=0x0013019F, oplock=LEASE, contexts=asked))
        assert reply.status == 0 and lease_in(reply) == READ | WRITE | HANDLE and b"DH2Q" in reply.raw, reply
        self.name, self.file = name, reply.body[64:80]

    def cut(self):
        """The other end learns of it by a reset, not by a word of ours."""
        self.raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.raw.socket.close()

    def reclaim(self):
        back = context(b"DH2C", self.file + self.create_guid + struct.pack("<I", 0)) + lease(self.key, READ | WRITE | HANDLE)
        return self.raw.call(r.CREATE, self.raw.create_body(self.name, oplock=LEASE, contexts=back))

    def write(self, offset, data):
        for at in range(0, len(data), 60_000):
            assert self.raw.write(self.file, offset + at, data[at : at + 60_000]).status == 0


def lock(raw, file_id, offset, length, flags):
    return raw.call(r.LOCK, struct.pack("<HHI16sQQII", 48, 1, 0, file_id, offset, length, flags, 0))


def day(laptop, disk, away):
    """Writes, is cut off, does `away`, comes back and goes on; the file is whole, and nobody got at it meanwhile."""
    data = some_bytes(700_000, seed=7)
    laptop.connect()
    laptop.open("day")
    laptop.write(0, data[:300_000])
    assert lock(laptop.raw, laptop.file, 0, 10, 2).status == 0
    laptop.cut()
    away()
    laptop.connect()
    early = laptop.raw.write(laptop.file, 0, b"no")
    assert early.status == r.FILE_CLOSED, early
    reply = laptop.reclaim()
    assert reply.status == 0 and lease_in(reply) == READ | WRITE | HANDLE, reply
    assert reply.body[64:80] == laptop.file
    assert struct.unpack_from("<Q", reply.body, 48)[0] == 300_000
    # The lock is there still: it can be given back, once.
    assert lock(laptop.raw, laptop.file, 0, 10, 4).status == 0
    assert lock(laptop.raw, laptop.file, 0, 10, 4).status == 0xC000007E
    laptop.write(300_000, data[300_000:])
    assert laptop.raw.close(laptop.file).status == 0
    laptop.raw.close_socket()
    assert (disk / "day").read_bytes() == data


def test_ten_seconds_without_wifi_are_not_noticed(world, folder):
    name, path = folder
    laptop = Laptop(world.port, "rw")
    opened = laptop.open
    laptop.open = lambda file: opened(f"{name}\\{file}")
    day(laptop, path, lambda: time.sleep(10))


def test_nor_is_a_reload_meanwhile(tmp_path):
    path = tmp_path / "share"
    path.mkdir(mode=0o777)
    path.chmod(0o777)
    other = tmp_path / "other"
    other.mkdir()
    share = lab.Share("files", str(path), writers=["alice"])
    server = lab.start(KIND, tmp_path / "server", [share], [ALICE])

    def reload():
        server.shares.append(lab.Share("other", str(other), writers=["alice"]))
        server.reload()
        time.sleep(1)
        with Raw(server.port) as raw:
            assert raw.login(ALICE.name, ALICE.password).status == 0
            assert raw.connect("other").status == 0

    try:
        day(Laptop(server.port, "files"), path, reload)
    finally:
        server.stop()


def test_who_wants_the_file_meanwhile_gets_it_and_the_laptop_learns_that_it_has_lost_it(world, folder):
    name, path = folder
    laptop = Laptop(world.port, "rw")
    laptop.connect()
    laptop.open(f"{name}\\day")
    laptop.write(0, b"mine")
    laptop.cut()
    with world.raw("rw") as other:
        began = time.monotonic()
        while True:
            status, file_id = other.create(f"{name}\\day", disposition=1)
            if status == 0:
                break
            assert time.monotonic() - began < 5, status
        # Nobody is waited for who is away.
        assert time.monotonic() - began < 5
        assert other.write(file_id, 0, b"ours").status == 0
        laptop.connect()
        assert laptop.reclaim().status == r.OBJECT_NAME_NOT_FOUND
        assert other.close(file_id).status == 0
    laptop.raw.close_socket()
    assert (path / "day").read_bytes() == b"ours"
