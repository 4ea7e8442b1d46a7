"""A function for each kind of work: (bench, row, server's name) -> Measured."""

import dataclasses
import subprocess
import time

import memory
from bench import CLIENT_CPU, PASSWORD, proc
from data import CACHED
from rows import GIB


@dataclasses.dataclass(frozen=True)
class Measured:
    # In the row's unit.
    cost: float
    # MiB/s or operations a second; None for memory.
    speed: float | None = None
    # How much of its CPU the load used, and the server of its own, from 0 to 1.
    load_busy: float | None = None
    server_busy: float | None = None

    @property
    def bound_by_load(self):
        """Whether the speed is the load's more than the server's."""
        return self.load_busy is not None and self.load_busy > 0.95 and self.load_busy > self.server_busy


def loaded(bench, row, name, work=None, program=None, **words):
    """One run of the load: CPU time of the server's whole process tree while it works."""
    server = bench.server(name)
    load = bench.begin(server, work or row.work, program, **bench.scaled(row.words), **words)
    before = proc.cpu_seconds(server.pid)
    done = load.finish()
    used = proc.cpu_seconds(server.pid) - before
    load.end()
    return measured(row, done, used)


def measured(row, done, used):
    busy = {"load_busy": done["cpu"] / done["seconds"], "server_busy": used / done["seconds"]}
    if row.unit == "s/GiB":
        return Measured(used / (done["bytes"] / GIB), done["bytes"] / (1 << 20) / done["seconds"], **busy)
    return Measured(used / done["ops"] * {"µs/op": 1e6, "ms/op": 1e3}[row.unit], done["ops"] / done["seconds"], **busy)


def read(bench, row, name):
    words = {} if "file" in row.words else {"file": "big"}
    return loaded(bench, row, name, length=CACHED, **words)


def write(bench, row, name):
    return loaded(bench, row, name, file="written", length=CACHED)


def foreign(bench, row, name):
    """A load of others' making: the work is "PROGRAM-WORK"."""
    program, _, work = row.work.partition("-")
    return loaded(bench, row, name, work, getattr(bench, program), length=CACHED)


def smbclient(bench, row, name):
    server = bench.server(name)
    count = max(1, int(8 * bench.scale))
    command = "get big /dev/null" if row.work == "get" else f"put {bench.data}/big put"
    before, began = proc.cpu_seconds(server.pid), time.monotonic()
    subprocess.run(
        ["taskset", "-c", str(CLIENT_CPU), "smbclient", "//127.0.0.1/disk", "-p", str(server.port), "-U", f"root%{PASSWORD}",
         "--client-protection=off", "-c", ";".join([command] * count)],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    time.sleep(0.3)  # The child of smbd that served it ends.
    used = proc.cpu_seconds(server.pid) - before
    return Measured(used / (count * CACHED / GIB), count * CACHED / (1 << 20) / seconds)


WORKS = {
    "read": read,
    "write": write,
    "random": read,
    "cycle": loaded,
    "list": loaded,
    "get": smbclient,
    "put": smbclient,
    **dict.fromkeys(("libsmbclient-get", "libsmbclient-put", "libsmbclient-list", "smb2-get", "smb2-put"), foreign),
    "hold": lambda *of: Measured(memory.hold(*of)),
    "peak": lambda *of: Measured(memory.peak(*of)),
    "after": lambda *of: Measured(memory.after(*of)),
}


def raw(bench, row):
    """The row's bytes and file system calls without a protocol."""
    words = {"file": "written" if row.raw == "receive" else "big", **bench.scaled(row.words)}
    load = bench.begin_raw(row.raw, length=CACHED, **words)
    done = load.finish()
    load.end()
    return measured(row, done, done["server"])


def measure(bench, row, name):
    if name == "raw":
        return raw(bench, row)
    return WORKS[row.work](bench, row, name)
