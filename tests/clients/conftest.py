"""One server for the whole suite, its shares and users, and the small things every test needs.

SMOLSMB_TEST_SERVER=smbd runs the same suite against Samba, to check the suite itself; tests of what only our
server promises are marked `ours` and skipped then.
"""

import contextlib
import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import pytest

# impacket installs a script smbclient.py beside pytest's, which would hide smbprotocol's module smbclient.
sys.path[:] = [p for p in sys.path if pathlib.Path(p) != pathlib.Path(sys.executable).parent]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import lab  # noqa: E402
from raw import Raw  # noqa: E402

KIND = os.environ.get("SMOLSMB_TEST_SERVER", "smolsmb")
ALICE, BOB = lab.User("alice", "Wonder-1"), lab.User("bob", "Builder-1")
UNICODE_SHARE = "Käse 文件 🧀"


def pytest_configure(config):
    config.addinivalue_line("markers", "ours: a promise of our server, not of SMB servers in general")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


def pytest_collection_modifyitems(items):
    if KIND != "smolsmb":
        for item in items:
            if item.get_closest_marker("ours"):
                item.add_marker(pytest.mark.skip(reason="a promise of our server alone"))


class Lab:
    """The running server with what the tests ask about it."""

    def __init__(self, server, paths):
        self.server, self.paths = server, paths
        self.alice, self.bob = ALICE, BOB

    @property
    def port(self):
        return self.server.port

    def disk(self, share, name=""):
        return self.paths[share] / name

    def raw(self, share=None, user=ALICE, **options):
        """A raw connection, logged in and on a share."""
        raw = Raw(self.port, **options)
        reply = raw.login(user.name, user.password)
        assert reply.status == 0, reply
        if share:
            reply = raw.connect(share)
            assert reply.status == 0, reply
        return raw

    def smbclient(self, share, commands, user=ALICE, options=(), check=True, cwd=None, timeout=120):
        """Run smbclient's commands (a list or text); its output. `user` None: no login at all."""
        commands = commands if isinstance(commands, str) else ";".join(commands)
        who = ["-N"] if user is None else ["-U", f"{user.name}%{user.password}"]
        done = subprocess.run(
            ["smbclient", f"//127.0.0.1/{share}", "-p", str(self.port), *who, *options, "-c", commands],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, cwd=cwd,
        )
        text = done.stdout.decode("utf8", "replace")
        if check:
            assert done.returncode == 0 and "NT_STATUS_" not in text, text
        return text

    def run(self, *command, check=True, timeout=60, **options):
        done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, **options)
        text = done.stdout.decode("utf8", "replace")
        if check:
            assert done.returncode == 0, text
        return text

    def serves(self):
        """The server is alive and serves a good client."""
        assert self.server.alive(), self.server.log_tail()
        with self.raw("rw") as raw:
            status, file_id = raw.create("still-serving", disposition=5)
            assert status == 0
            assert raw.write(file_id, 0, b"good").status == 0
            assert raw.read(file_id, 0, 4).body[16:20] == b"good"
            assert raw.close(file_id).status == 0


def shares_in(base):
    """The shares every test may use: name -> folder, and the list for the server."""
    shm = pathlib.Path(f"/dev/shm/smolsmb-lab-{os.getpid()}")
    paths = {name: base / "shares" / name for name in ("rw", "ro", "guest-read", "guest-write", "sealed", "hidden", "unicode", "bobs")}
    paths["shm"] = shm
    for path in paths.values():
        path.mkdir(parents=True)
        path.chmod(0o777)
    both = dict(writers=["alice"], readers=["bob"])
    shares = [
        lab.Share("rw", str(paths["rw"]), **both, comment="read and write"),
        lab.Share("ro", str(paths["ro"]), writers=["alice", "bob"], read_only=True),
        lab.Share("guest-read", str(paths["guest-read"]), guest="read", writers=["alice"]),
        lab.Share("guest-write", str(paths["guest-write"]), guest="write", writers=["alice"]),
        lab.Share("sealed", str(paths["sealed"]), **both, encryption=True),
        lab.Share("hidden", str(paths["hidden"]), **both, browseable=False),
        lab.Share(UNICODE_SHARE, str(paths["unicode"]), **both),
        lab.Share("bobs", str(paths["bobs"]), writers=["bob"]),
        lab.Share("shm", str(shm), **both),
    ]
    return paths, shares


@pytest.fixture(scope="session")
def world():
    base = lab.ROOT / f"tests/.lab/clients-{os.getpid()}"
    paths, shares = shares_in(base)
    server = lab.start(KIND, base / "server", shares, [ALICE, BOB])
    try:
        yield Lab(server, paths)
        assert server.alive(), "the server died during the suite:\n" + server.log_tail()
        assert "panicked" not in server.log.read_text(errors="replace"), server.log_tail()
    finally:
        server.stop()
        shutil.rmtree(paths["shm"], ignore_errors=True)
        if not os.environ.get("SMOLSMB_KEEP"):
            shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(autouse=True)
def _outlives(world):
    """Each test names itself if the server does not live through it."""
    yield
    if not world.server.alive():
        tail = world.server.log_tail()
        world.server.start()
        pytest.fail("the server died in this test:\n" + tail)


@pytest.fixture
def folder(world, request):
    """A fresh folder on `rw`: its name on the share, and its path on the disk."""
    name = "t-" + hashlib.sha1(request.node.nodeid.encode()).hexdigest()[:12]
    path = world.disk("rw", name)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    path.chmod(0o777)
    yield name, path
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def relay(port, to):
    """Carries connections to 127.0.0.1:`port` on to `to`; yields whether it could be set up."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        yield False
        return
    listener.listen()

    def carry(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", to))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def some_bytes(length, seed=1):
    """Bytes that look random and are the same every time."""
    block = hashlib.shake_256(seed.to_bytes(8, "big")).digest(min(length, 1 << 20))
    return (block * (length // max(len(block), 1) + 1))[:length]
