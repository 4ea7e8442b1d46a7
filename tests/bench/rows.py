"""What is measured: a table of rows. A row's `work` names a function of works.WORKS, which gets the row's `words`."""

import dataclasses

GIB = 1 << 30
# Every server of `servers.SERVERS` that can do the work; a tuned smbd neither signs nor seals.
EVERY = ("ours", "smbd", "tuned")
SAFE = ("ours", "smbd")
SPEED = {"s/GiB": "MiB/s", "µs/op": "op/s", "ms/op": "op/s"}


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
    # For the work; "total" (bytes) and "ops" are for --scale 1.
    words: dict = dataclasses.field(default_factory=dict)

    @property
    def is_memory(self):
        return self.unit == "KiB"

    def can(self, name):
        """Whether that server can do it."""
        return name in self.servers or (name == "raw" and bool(self.raw))


def stream(work, kind, title, total, **words):
    """A row of 1 MiB reads or writes that are signed or sealed."""
    needs = ("big",) if work == "read" else ()
    return Row(f"{work}-{kind}", f"{work} {title}", "s/GiB", work, SAFE, needs, "copy" if work == "read" else "receive", {"total": total, **words})


def random(depth, ops):
    return Row(f"random-{depth}", f"random read 4 KiB, depth {depth}", "µs/op", "random", EVERY, ("big",), "answer", {"ops": ops, "depth": depth})


def cycle(connections, ops):
    many = "1 connection" if connections == 1 else f"{connections} connections"
    return Row(f"cycle-{connections}", f"create-write-close-open-delete, {many}", "µs/op", "cycle", EVERY, (), "cycle", {"ops": ops, "connections": connections})


def memory(name, title, work, **words):
    return Row(f"memory-{name}", f"memory, {title}", "KiB", work, EVERY, ("big",) if work != "hold" else (), "", words)


ROWS = [
    Row("read", "sequential read 1 MiB", "s/GiB", "read", EVERY, ("big",), "sendfile", {"total": 4 * GIB}),
    Row("write", "sequential write 1 MiB", "s/GiB", "write", EVERY, (), "receive", {"total": 4 * GIB}),
    *(
        stream(work, f"signed-{sign}", f"signed, {title}", total, sign=sign)
        for work in ("read", "write")
        for sign, title, total in (("gmac", "AES-128-GMAC", 2 * GIB), ("cmac", "AES-128-CMAC", GIB), ("hmac", "HMAC-SHA256", GIB))
    ),
    *(
        stream(work, f"sealed-{seal}", f"sealed, {title}", total, seal=seal)
        for work in ("read", "write")
        for seal, title, total in (("gcm128", "AES-128-GCM", 2 * GIB), ("gcm256", "AES-256-GCM", 2 * GIB), ("ccm128", "AES-128-CCM", GIB))
    ),
    random(1, 60_000),
    random(16, 150_000),
    random(64, 150_000),
    cycle(1, 4000),
    cycle(8, 8000),
    Row("list", "list 10,000 entries", "ms/op", "list", EVERY, ("many",), "list", {"ops": 20, "file": "many"}),
    Row("smbclient-get", "smbclient get (sanity)", "s/GiB", "get", EVERY, ("big",)),
    Row("smbclient-put", "smbclient put (sanity)", "s/GiB", "put", EVERY, ("big",)),
    memory("idle", "idle", "hold", connections=0),
    memory("1", "1 connection", "hold", connections=1),
    memory("64", "64 connections", "hold", connections=64),
    memory("256", "256 connections", "hold", connections=256),
    memory("peak", "peak of 8 readers and 8 writers", "peak"),
    memory("after", "after they have gone", "after"),
]
SMOKE = ("read", "write-signed-gmac", "read-sealed-gcm128", "random-16", "cycle-8", "list", "memory-64")


def chosen(words):
    """The rows named, or all whose names begin with a word that is no row's own name."""
    if not words:
        return list(ROWS)
    names = {row.name for row in ROWS}
    begun = tuple(word + "-" for word in words if word not in names)
    return [row for row in ROWS if row.name in words or (begun and row.name.startswith(begun))]
