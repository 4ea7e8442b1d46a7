"""What is measured: a table of rows. A row's `work` names a function of works.WORKS, which gets the row's `words`."""

import dataclasses

GIB = 1 << 30
# The servers that can do the work; a tuned smbd neither signs nor seals.
EVERY = ("ours", "smbd", "tuned")
SAFE = ("ours", "smbd")
MEMORY = ("ours", "static", "smbd", "tuned")
SPEED = {"s/GiB": "MiB/s", "µs/op": "op/s", "ms/op": "op/s"}


@dataclasses.dataclass(frozen=True)
class Target:
    """Our cost is to be at most `most` times that of `beside`."""

    most: float
    # A server or "raw"; "best", the cheaper smbd; "idle", our own row of that name; "ceiling", the memory our server
    # is given; "KiB", one.
    beside: str


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    # Of the cost: "s/GiB", "µs/op", "ms/op" are CPU time; "KiB" is memory.
    unit: str
    work: str
    servers: tuple[str, ...] = EVERY
    # What of data.MAKERS must lie in the share.
    needs: tuple[str, ...] = ()
    # The work of tests/bench/load's program "raw" that does the same without a protocol.
    raw: str = ""
    targets: tuple[Target, ...] = (Target(1, "best"),)
    # For the work; "total" (bytes) and "ops" are for --scale 1.
    words: dict = dataclasses.field(default_factory=dict)

    @property
    def is_memory(self):
        return self.unit == "KiB"

    def can(self, name):
        """Whether that server can do it."""
        return name in self.servers or (name == "raw" and bool(self.raw))


def kept(kind, title, total, most, **words):
    """The rows of 1 MiB reads and writes that are signed or sealed."""
    for work, needs, raw in (("read", ("big",), "copy"), ("write", (), "receive")):
        yield Row(f"{work}-{kind}", f"{work} {title}", "s/GiB", work, SAFE, needs, raw, (Target(most, "smbd"),), {"total": total, **words})


def random(depth, ops, *targets):
    return Row(f"random-{depth}", f"random read 4 KiB, depth {depth}", "µs/op", "random", EVERY, ("big",), "answer", targets, {"ops": ops, "depth": depth})


def cycle(connections, ops):
    many = "1 connection" if connections == 1 else f"{connections} connections"
    return Row(f"cycle-{connections}", f"create-write-close-open-delete, {many}", "µs/op", "cycle", EVERY, (), "cycle", (Target(0.20, "best"),),
               {"ops": ops, "connections": connections})


def listing(name, count, ops, folder):
    return Row(name, f"list {count:,} entries", "ms/op", "list", EVERY, (folder,), "list", (Target(0.12, "best"),), {"ops": ops, "file": folder})


def client(name, work, title, needs=(), **words):
    """The same work by a client that others wrote: that the load measures what real ones see."""
    return Row(name, title, "ms/op" if "ops" in words else "s/GiB", work, EVERY, needs, words=words)


def memory(name, title, work, *targets, **words):
    return Row(f"memory-{name}", f"memory, {title}", "KiB", work, MEMORY, ("big",) if work != "hold" else (), "", targets or (Target(1, "best"),), words)


ROWS = [
    Row("read", "sequential read 1 MiB", "s/GiB", "read", EVERY, ("big",), "sendfile", (Target(1.05, "raw"), Target(0.95, "tuned")), {"total": 4 * GIB}),
    Row("write", "sequential write 1 MiB", "s/GiB", "write", EVERY, (), "receive", (Target(1.10, "raw"), Target(0.90, "tuned")), {"total": 4 * GIB}),
    *sorted(
        [
            *kept("signed-gmac", "signed, AES-128-GMAC", 2 * GIB, 0.60, sign="gmac"),
            *kept("signed-cmac", "signed, AES-128-CMAC", GIB, 0.80, sign="cmac"),
            *kept("signed-hmac", "signed, HMAC-SHA256", GIB, 1, sign="hmac"),
            *kept("sealed-gcm128", "sealed, AES-128-GCM", 2 * GIB, 0.75, seal="gcm128"),
            *kept("sealed-gcm256", "sealed, AES-256-GCM", 2 * GIB, 1, seal="gcm256"),
            *kept("sealed-ccm128", "sealed, AES-128-CCM", GIB, 0.80, seal="ccm128"),
        ],
        key=lambda row: row.work,
    ),
    random(1, 60_000, Target(0.45, "tuned")),
    random(16, 150_000, Target(1, "best")),
    random(64, 150_000, Target(0.60, "tuned")),
    Row("random-64-squashfs", "random read 4 KiB, depth 64, from a squashfs", "µs/op", "random", EVERY, ("squashfs",),
        words={"ops": 150_000, "depth": 64, "file": r"squashfs\big"}),
    cycle(1, 4000),
    cycle(8, 8000),
    listing("list", 10_000, 20, "many"),
    listing("list-100k", 100_000, 8, "crowd"),
    Row("list-ramfs", "list 10,000 entries, no extended attributes on the disk", "ms/op", "list", EVERY, ("ramfs",), "", (Target(0.12, "best"),),
        {"ops": 20, "file": r"ramfs\many"}),
    client("smbclient-get", "get", "smbclient get", ("big",)),
    client("smbclient-put", "put", "smbclient put", ("big",)),
    client("libsmbclient-get", "libsmbclient-get", "libsmbclient, read 1 MiB", ("big",), total=2 * GIB, file="big"),
    client("libsmbclient-get-squashfs", "libsmbclient-get", "libsmbclient, read 1 MiB from a squashfs", ("squashfs",), total=2 * GIB, file="squashfs/big"),
    client("libsmbclient-put", "libsmbclient-put", "libsmbclient, write 1 MiB", total=2 * GIB, file="put"),
    client("libsmbclient-list", "libsmbclient-list", "libsmbclient, list 10,000 entries", ("many",), ops=10, file="many"),
    client("smb2-get", "smb2-get", "smb2 crate, whole files read", ("big",), total=2 * GIB, file="big"),
    client("smb2-put", "smb2-put", "smb2 crate, whole files written", total=2 * GIB, file="put"),
    memory("idle", "idle", "hold", Target(1024, "KiB"), connections=0),
    memory("1", "1 connection", "hold", connections=1),
    memory("64", "64 connections", "hold", connections=64),
    memory("256", "256 connections", "hold", Target(4096, "KiB"), connections=256),
    memory("peak", "peak of 8 readers and 8 writers", "peak", Target(1, "ceiling")),
    memory("after", "after they have gone", "after", Target(1.1, "idle")),
]
SMOKE = ("read", "write-signed-gmac", "read-sealed-gcm128", "random-16", "cycle-8", "list", "libsmbclient-get", "memory-64")


def chosen(words):
    """The rows named, or all whose names begin with a word that is no row's own name."""
    if not words:
        return list(ROWS)
    names = {row.name for row in ROWS}
    begun = tuple(word + "-" for word in words if word not in names)
    return [row for row in ROWS if row.name in words or (begun and row.name.startswith(begun))]
