"""Many of everything: connections, files, names, bytes nobody takes; the memory stays under its ceiling and
others are served meanwhile."""

import os
import re
import signal
import struct
import threading
import time

import pytest

import lab
import raw as r
from conftest import ALICE, BOB, KIND, some_bytes
from lab import proc
from raw import Gone, Raw


def ceiling_kib(world):
    """The memory the budget allows, as `smolsmb check` prints it."""
    text = world.server.check()
    amount, unit = re.search(r"at most ([\d.]+) (KiB|MiB)", text).groups()
    return float(amount) * (1024 if unit == "MiB" else 1)


def names_of(c, file_id, info_class=12, pattern="*", length=65536):
    """Every name of a folder, and how many requests it took."""
    names, requests, flags = [], 0, 1
    while True:
        reply = c.call(r.QUERY_DIRECTORY, c.directory_body(file_id, info_class, pattern, flags, length=length), charge=max(1, length // 65536))
        requests += 1
        if reply.status == 0x80000006:
            return names, requests
        assert reply.status == 0, reply
        flags, at = 0, 0
        body = reply.body[8:]
        while True:
            following, _, size = struct.unpack_from("<III", body, at)
            names.append(body[at + 12 : at + 12 + size].decode("utf-16-le"))
            if not following:
                break
            at += following


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_large_folder_is_listed_whole(world, folder, count):
    name, path = folder
    for i in range(count):
        os.close(os.open(path / f"entry {i:06} of many", os.O_CREAT | os.O_WRONLY))
    with world.raw("rw", timeout=30) as c:
        status, file_id = c.create(name, access=0x00120089, options=1)
        names, requests = names_of(c, file_id)
        assert len(names) == len(set(names)) == count + 2
        assert requests < count / 300, requests
        assert len(names_of(c, file_id, pattern="entry 00001? of many")[0]) == 10
        status, _ = c.create(f"{name}\\ENTRY 000777 OF MANY")
        assert status == 0


def test_opening_by_another_case_in_a_large_folder_is_quick(world, folder):
    name, path = folder
    for i in range(10_000):
        os.close(os.open(path / f"Entry{i:05}", os.O_CREAT | os.O_WRONLY))
    with world.raw("rw") as c:
        began = time.monotonic()
        for i in range(0, 10_000, 50):
            status, file_id = c.create(f"{name}\\eNTRY{i:05}", access=0x00120089)
            assert status == 0
            c.close(file_id)
        assert time.monotonic() - began < 10


def test_256_connections_and_5000_files_stay_under_the_ceiling(world, folder, tmp_path):
    """A server of its own: 256 is all the connections it has, and other tests may have some still ending."""
    name, path = folder
    for i in range(100):
        (path / f"f{i}").write_bytes(some_bytes(70_000, seed=i))
    server = lab.start(KIND, tmp_path / "many", [lab.Share("files", str(path), writers=["alice"])], [ALICE])
    connections = []
    try:
        for i in range(256):
            c = Raw(server.port, timeout=30)
            connections.append(c)
            assert c.login().status == 0 and c.connect("files").status == 0, i
        files = []
        for i in range(5000):
            c = connections[i % 256]
            status, file_id = c.create(f"f{i % 100}", access=0x00120089)
            assert status == 0, (i, hex(status))
            files.append((c, file_id))
        for c, file_id in files[::10]:
            assert len(c.read(file_id, 0, 65536).body) >= 65536
        memory = proc.memory_kib(server.pid)
        if KIND == "smolsmb":
            assert memory["Rss"] < ceiling_kib(world) + 4096, memory
        for c, file_id in files:
            assert c.close(file_id).status == 0
    finally:
        for c in connections:
            c.close_socket()
        server.stop()


def test_one_connection_more_than_fits_is_refused_and_the_place_comes_back(world):
    connections = []
    try:
        for i in range(600):
            c = Raw(world.port)
            try:
                if c.login().status != 0:
                    break
            except (Gone, TimeoutError):
                c.close_socket()
                break
            connections.append(c)
    finally:
        for c in connections:
            c.close_socket()
    time.sleep(0.5)
    world.serves()


def test_a_client_that_asks_and_never_takes_harms_no_other(world, folder):
    """Eight clients ask for all the large reads they have credit for and receive nothing, while another is served."""
    name, path = folder
    (path / "big").write_bytes(some_bytes(32 << 20))
    greedy = []
    try:
        for _ in range(8):
            c = world.raw("rw", timeout=2)
            status, file_id = c.create(f"{name}\\big", access=0x00120089)
            for _ in range(8):
                c.echo(credits=512)
            size = min(c.max_read, 1 << 20)
            charge = max(1, size // 65536)
            try:
                for i in range(24):
                    c.send(c.message(r.READ, c.read_body(file_id, i * size, size), charge=charge))
            except OSError:
                pass
            greedy.append(c)
        time.sleep(1)
        began = time.monotonic()
        with world.raw("rw", timeout=10) as good:
            status, file_id = good.create(f"{name}\\big", access=0x00120089)
            for i in range(64):
                reply = good.read(file_id, i * 65536, 65536)
                assert reply.status == 0 and len(reply.body) == 16 + 65536
        assert time.monotonic() - began < 10
        memory = proc.memory_kib(world.server.pid)
        if KIND == "smolsmb":
            assert memory["Rss"] < ceiling_kib(world) + 4096, memory
    finally:
        for c in greedy:
            c.close_socket()


def test_writes_that_never_finish_harm_no_other(world):
    """Thirty clients begin a large WRITE and stop in its middle."""
    begun = []
    try:
        for i in range(30):
            c = world.raw("rw", timeout=5)
            status, file_id = c.create("unfinished", disposition=3)
            size = min(c.max_write, 1 << 20)
            message = c.message(r.WRITE, c.write_body(file_id, 0, bytes(size)), charge=max(1, size // 65536))
            c.socket.sendall(struct.pack(">I", len(message)) + message[: len(message) // 2])
            begun.append(c)
        world.serves()
    finally:
        for c in begun:
            c.close_socket()
    world.serves()


@pytest.mark.ours
def test_the_budget_adds_up(world):
    """What the tables and pools come to is no more than the ceiling."""
    text = world.server.check()
    amount, unit = re.search(r"in all\s+([\d.]+) (KiB|MiB)\s*$", text, re.M).groups()
    assert float(amount) * (1024 if unit == "MiB" else 1) <= ceiling_kib(world), text


@pytest.mark.ours
def test_one_thread_under_load_on_tmpfs(world, tmp_path):
    """A server of its own: the helper thread comes when a disk first makes it wait, and a tmpfs never does."""
    folder = world.disk("shm", "one-thread")
    folder.mkdir()
    (folder / "load").write_bytes(some_bytes(16 << 20))
    server = lab.start("smolsmb", tmp_path / "load", [lab.Share("tmpfs", str(folder), writers=["alice"])], [ALICE])
    stop, failures, seen = threading.Event(), [], set()

    def load():
        try:
            with Raw(server.port) as c:
                assert c.login().status == 0 and c.connect("tmpfs").status == 0
                status, file_id = c.create("load")
                i = 0
                while not stop.is_set():
                    assert c.read(file_id, i % 256 * 65536, 65536).status == 0
                    assert c.write(file_id, i % 256 * 65536, bytes(65536)).status == 0
                    i += 1
        except Exception as error:
            failures.append(error)

    try:
        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for _ in range(40):
            time.sleep(0.05)
            seen.add(proc.threads(server.pid))
        stop.set()
        for thread in threads:
            thread.join()
    finally:
        server.stop()
    assert not failures and seen == {1}, (failures, seen)


@pytest.mark.ours
def test_nothing_is_left_behind_by_vanished_clients(world, folder):
    """Connections that end in the middle of things give their files back."""
    name, path = folder
    (path / "f").write_text("x")
    def rounds():
        for _ in range(20):
            c = world.raw("rw")
            for _ in range(20):
                c.create(f"{name}\\f", access=0x00120089)
            c.socket.setsockopt(__import__("socket").SOL_SOCKET, __import__("socket").SO_LINGER, struct.pack("ii", 1, 0))
            c.close_socket()
    rounds()
    time.sleep(1)
    before = proc.open_files(world.server.pid)
    rounds()
    time.sleep(1)
    assert proc.open_files(world.server.pid) <= before + 2


@pytest.mark.ours
def test_idle_memory_is_small(world, tmp_path):
    """A server of its own, that nobody has spoken to."""
    server = lab.start("smolsmb", tmp_path / "idle", world.server.shares, world.server.users)
    try:
        time.sleep(1)
        assert proc.memory_kib(server.pid)["Pss"] < 2048, proc.memory_kib(server.pid)
        assert proc.threads(server.pid) == 1
    finally:
        server.stop()


# Reload.


@pytest.mark.ours
def test_a_reload_keeps_sessions_and_brings_new_shares(world, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = lab.Share("one", str(tmp_path / "one"), writers=["alice"])
    two = lab.Share("two", str(tmp_path / "two"), writers=["alice", "bob"])
    server = lab.start("smolsmb", tmp_path / "reload", [one], [ALICE])
    try:
        c = Raw(server.port)
        assert c.login().status == 0 and c.connect("one").status == 0
        status, file_id = c.create("kept", disposition=5)
        assert c.write(file_id, 0, b"before").status == 0
        server.shares.append(two)
        server.users.append(BOB)
        server.reload()
        time.sleep(1)
        assert c.write(file_id, 6, b" and after").status == 0
        assert (tmp_path / "one/kept").read_bytes() == b"before and after"
        with Raw(server.port) as b:
            assert b.login("bob", BOB.password).status == 0 and b.connect("two").status == 0
            server.shares.remove(two)
            server.reload()
            time.sleep(1)
            b.tree = 0
            assert b.connect("two").status == 0xC00000CC
        assert c.read(file_id, 0, 6).body[16:22] == b"before"
        # A config with a mistake leaves what was there.
        (server.directory / "smolsmb").write_text("config nonsense 'x\n")
        os.kill(server.pid, signal.SIGHUP)
        time.sleep(1)
        assert server.alive() and c.read(file_id, 0, 6).status == 0
        c.close_socket()
    finally:
        server.stop()
