"""What every measurement needs: the servers, each started when first asked for, and the load that works on them."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import data as contents  # noqa: E402
import lab  # noqa: E402
from lab import proc  # noqa: E402

PASSWORD = "Bench-1"
TUNED = {
    "server signing": "disabled", "smb encrypt": "off", "use sendfile": "yes", "aio read size": 0, "aio write size": 0,
    "min receivefile size": 16384, "strict locking": "no",
}
# The lab's name of each server and the options it runs with; "static" is ours as routers get it.
SERVERS = {"ours": ("smolsmb", {}), "static": ("smolsmb", {}), "smbd": ("smbd", {"plain shares": True}), "tuned": ("smbd", {"plain shares": True, **TUNED})}
# "raw" is no server: the same bytes and file system calls without a protocol, by the load's program of that name.
TITLES = {"ours": "smolsmb", "static": "smolsmb static", "smbd": "smbd", "tuned": "smbd tuned", "raw": "raw limit"}
SERVER_CPU, CLIENT_CPU = 0, 1


def build_load(package="load"):
    """The folder of the load's programs."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", "--target-dir", lab.ROOT / "target/load"], cwd=HERE / package,
                   check=True, env={**os.environ, "RUSTFLAGS": "-Awarnings"})
    return lab.ROOT / "target/load/release"


def build_static():
    """The binary that routers get, for this machine's CPU."""
    subprocess.run([lab.ROOT / "cross/build", "x86_64"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return lab.ROOT / "target/cross/x86_64/smolsmb"


class Bench:
    """`with Bench(scale, data) as bench:` ends every server it started, and removes what it made unless `data` was given."""

    def __init__(self, scale=1.0, data=None):
        self.scale = scale
        self.programs = build_load()
        self.keep = data is not None
        self.data = pathlib.Path(data or f"/dev/shm/smolsmb-bench-{os.getpid()}")
        self.lab = lab.ROOT / f"tests/.lab/bench-{os.getpid()}"
        self.servers = {}
        # Of memory.py: what was found at each server.
        self.crowds = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_all()
        contents.clear(self.data)
        if not self.keep:
            shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.lab, ignore_errors=True)
        if "static" in self.__dict__:
            self.static.unlink()

    def start(self, name, place="", **more):
        """A server that whoever asked for it stops; `more` are options beside its usual ones."""
        kind, options = SERVERS[name]
        options = {**options, **more}
        share = lab.Share("disk", str(self.data), writers=["root"])
        make = {"smolsmb": lab.Smolsmb, "smbd": lab.Samba}[kind]
        server = make(self.lab / (name + place), [share], [lab.User("root", PASSWORD)], options, cpu=SERVER_CPU)
        if name == "static":
            server.binary = lambda: str(self.static)
        return server.start()

    def server(self, name):
        """The server that all rows share."""
        if name not in self.servers:
            self.servers[name] = self.start(name)
        return self.servers[name]

    def stop_all(self):
        for server in self.servers.values():
            server.stop()
        self.servers = {}

    @functools.cached_property
    def static(self):
        """On a tmpfs, in single pages as a router's squashfs has it: where the page cache holds a program in large folios,
        as ext4 does, touching any of it counts it all."""
        copy = pathlib.Path(f"/dev/shm/smolsmb-bench-{os.getpid()}.program")
        shutil.copy2(build_static(), copy)
        return copy

    @functools.cached_property
    def smb2(self):
        """The load that is made of the smb2 crate."""
        return build_load("smb2-crate") / "smb2-load"

    @functools.cached_property
    def libsmbclient(self):
        """The load that is made of Samba's client library."""
        program = self.programs / "libsmbclient"
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "smbclient"], check=True, capture_output=True, text=True).stdout.split()
        subprocess.run(["cc", "-O2", "-Wall", "-o", program, HERE / "libsmbclient.c", *flags], check=True)
        return program

    def begin(self, server, work, program=None, **words):
        """The load, connected to the server and waiting for `finish` to begin its work."""
        for patience in (2, 1, 0):
            try:
                return Load(program or self.programs / "load", work, address=f"127.0.0.1:{server.port}", share="disk", user="root", password=PASSWORD, **words)
            except RuntimeError as problem:
                # A busy machine lets a login time out now and then.
                if not patience:
                    raise RuntimeError(f"at {server.kind}: {problem}") from None
                time.sleep(1)

    def begin_raw(self, work, **words):
        """Both ends of a connection with no protocol, of which this process is the server's."""
        return Load(self.programs / "raw", work, cpu=SERVER_CPU, folder=self.data, client_cpu=CLIENT_CPU, **words)

    def scaled(self, words):
        """The row's words with less or more to do, in whole steps."""
        words = dict(words)
        for key, unit in (("total", 4 << 20), ("ops", words.get("connections", 1))):
            if key in words:
                words[key] = max(unit, int(words[key] * self.scale) // unit * unit)
        return words


class Load:
    """A program that prints "ready", works when given a line, prints what it did as JSON, and ends at its input's end."""

    def __init__(self, program, work, cpu=CLIENT_CPU, **words):
        self.process = subprocess.Popen(
            ["taskset", "-c", str(cpu), program, work, *(f"{key}={value}" for key, value in words.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{work} {words}: {self.process.stderr.read().strip()}")

    def finish(self):
        """Lets it work; what it did."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.stderr.read().strip())
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        if self.process.returncode:
            raise RuntimeError(self.process.stderr.read().strip())
