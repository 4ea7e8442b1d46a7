"""The server as a router's service: networks, rights, disks. All of it needs root; each test says what else."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "clients")]
import lab  # noqa: E402

ALICE = lab.User("alice", "Wonder-1")


def run(*command, check=True, timeout=60):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout)
    text = done.stdout.decode("utf8", "replace")
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{text}")
    return text if check else done.returncode


def eventually(what, seconds=15):
    """Waits until `what()` is true, or returns the last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.1)


def ask(server, request):
    """One request over the control socket."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        link.connect(str(server.directory / "smolsmb.sock"))
        link.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(b"".join(iter(lambda: link.recv(65536), b"")))


def status(server):
    answer = ask(server, {"command": "status"})
    assert answer["ok"] is True, answer
    return answer["status"]


@pytest.fixture
def base(request):
    folder = lab.ROOT / f"tests/.lab/service-{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**6}"
    folder.mkdir(parents=True)
    yield folder
    if not os.environ.get("SMOLSMB_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _root():
    if os.geteuid() != 0:
        pytest.skip("needs root")
