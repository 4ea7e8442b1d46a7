"""What an operation costs as there is more of everything: files in the share, files open, connections.

A series is a line of a plot: (what there is more of, CPU time of an operation) for each server. What takes a server
longer than LIMIT is cut off there and counted as far as it came. Nothing here runs for long; everything made is removed.
"""

import contextlib
import dataclasses
import shutil
import subprocess

from bench import proc

SERVERS = ("ours", "smbd")
FILES = (100, 1_000, 10_000, 100_000, 1_000_000)
OPEN = (10, 100, 1_000, 10_000)
CONNECTIONS = (1, 8, 64, 256)
# What ours may take in MiB, and of that a sixteenth to remember names: a million of them want 3 MiB.
MEMORY = 64
# Milliseconds of a run of one operation, and operations at most.
LIMIT, MOST = 700, 4_000
# Milliseconds of the mixed work.
MIXED = 3_000
# How much dearer the last may be than the first, and the slowest client's part of the mean.
FLAT, CROWDED, FAIR = 1.2, 1.3, 0.5


@dataclasses.dataclass(frozen=True)
class Series:
    name: str
    title: str
    # What there is more of.
    of: str
    # Of the cost.
    unit: str = "µs/op"
    # The most that the dearest point may be, beside the first.
    bound: float | None = FLAT


PHASES = {
    "names": (
        ("first", "the first look for a missing name"),
        # Into every folder: what is slow at first is over then.
        ("warm", None),
        ("open", "open, query, close"),
        ("missing", "open of a missing name"),
        ("create", "create and delete of a new name"),
        ("case", "open in another case, close"),
    ),
    "opens": (
        ("other", "open, read, close of another file"),
        ("held", "read of a file that is held open"),
        ("create", "create and delete of a new name"),
    ),
}
PLACES = {"spread": "folders of 1,000", "flat": "one folder"}
SERIES = [
    *(
        Series(f"files-{place}-{phase}", f"{title}; {where}", "files in the share", "ms/op" if phase == "first" else "µs/op",
               None if phase == "first" else FLAT)
        for place, where in PLACES.items() for phase, title in PHASES["names"] if title
    ),
    *(Series(f"open-{phase}", title, "open files") for phase, title in PHASES["opens"]),
    Series("connections-mixed", "mixed work, each request", "connections", bound=CROWDED),
    Series("connections-fair", "slowest client's part of the mean", "connections", "of 1", None),
    Series("connections-load", "mixed work, CPU of the load itself", "connections", bound=None),
]


class Growth:
    """`points[series' name, server's name]` is {x: cost}. The least of the rounds counts: what a busy machine does to a
    run of a moment only adds to it, and would bend a line that is flat. So all sizes take turns in every round."""

    def __init__(self, bench, servers=SERVERS, sizes=None, rounds=1):
        """`sizes`: no more than so many of the sizes of each series, the smallest."""
        # In less time than this nothing is measured but noise, and some of many clients do not get a turn.
        self.scale = bench.scale if sizes else max(bench.scale, 0.3)
        self.bench, self.servers = bench, [name for name in servers if name in SERVERS]
        self.files, self.opens, self.connections = FILES[:sizes], OPEN[:sizes], CONNECTIONS[:sizes]
        self.points, self.server, self.rounds = {}, {}, rounds

    def add(self, series, server, x, cost, better=min):
        points = self.points.setdefault((series, server), {})
        points[x] = better(cost, points.get(x, cost))

    def turns(self, sizes):
        """(size, server's name), round after round."""
        return [(size, name) for _ in range(self.rounds) for size in sizes for name in self.servers]

    def fill(self, **words):
        subprocess.run([self.bench.programs / "load", "fill", f"data={self.bench.data}", *(f"{key}={value}" for key, value in words.items())], check=True)

    def phases(self, work, prefix, x, name, **words):
        """Runs each operation of a work at one server and adds a point for each."""
        server = self.server[name]
        load = self.bench.begin(server, work, time=int(LIMIT * self.scale), ops=MOST, **words)
        for phase, title in PHASES[work]:
            before = proc.cpu_seconds(server.pid)
            done = load.finish()
            used = proc.cpu_seconds(server.pid) - before
            if title:
                # The first look is the first in the first round only.
                self.add(f"{prefix}-{phase}", name, x, used / done["ops"] * (1e3 if phase == "first" else 1e6), max if phase == "first" else min)
        load.end()

    def in_files(self, place):
        flat = int(place == "flat")
        for count in self.files:
            self.fill(file=f"{place}-{count}", flat=flat, files=count)
        for count, name in self.turns(self.files):
            self.phases("names", f"files-{place}", count, name, file=f"{place}-{count}", flat=flat, files=count)
        for count in self.files:
            shutil.rmtree(self.bench.data / f"{place}-{count}")

    def in_opens(self):
        files = self.opens[-1] + 1
        self.fill(file="held", flat=0, files=files, size=4096)
        for count, name in self.turns(self.opens):
            self.phases("opens", "open", count, name, file="held", flat=0, files=files, held=count)
        shutil.rmtree(self.bench.data / "held")

    def in_connections(self):
        for count, name in self.turns(self.connections):
            server = self.server[name]
            load = self.bench.begin(server, "mixed", connections=count, time=int(MIXED * self.scale))
            before = proc.cpu_seconds(server.pid)
            done = load.finish()
            used = proc.cpu_seconds(server.pid) - before
            load.end()
            self.add("connections-mixed", name, count, used / done["ops"] * 1e6)
            self.add("connections-fair", name, count, done["slowest"] / done["mean"])
            self.add("connections-load", name, count, done["cpu"] / done["ops"] * 1e6)
        shutil.rmtree(self.bench.data / "mixed")

    def run(self, parts):
        self.bench.data.mkdir(parents=True, exist_ok=True)
        self.bench.data.chmod(0o777)
        with contextlib.ExitStack() as stack:
            for name in self.servers if parts else ():
                options = {"memory": MEMORY} if name == "ours" else {}
                self.server[name] = self.bench.start(name, "-growth", **options)
                stack.callback(self.server[name].stop)
            for part in parts:
                PARTS[part](self)
        return {key: sorted(costs.items()) for key, costs in self.points.items()}


PARTS = {
    "growth-spread": lambda growth: growth.in_files("spread"),
    "growth-flat": lambda growth: growth.in_files("flat"),
    "growth-open": Growth.in_opens,
    "growth-connections": Growth.in_connections,
}


def chosen(words):
    """The parts that are named, or begun, or all of them if no row of any kind is named."""
    return [part for part in PARTS if not words or any(part == word or part.startswith(word + "-") for word in words)]


def figure(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(points, titles):
    """The lines of Markdown tables, one for each thing there is more of."""
    lines = []
    for of in dict.fromkeys(series.of for series in SERIES):
        rows = [(series, name) for series in SERIES if series.of == of for name in titles if (series.name, name) in points]
        if not rows:
            continue
        xs = sorted({x for series, name in rows for x, _ in points[series.name, name]})
        heads = [of, "", "unit", *(f"{x:,}" for x in xs), "dearest / first", "aim"]
        lines += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
        for series, name in rows:
            costs = dict(points[series.name, name])
            grown = f"{max(costs.values()) / costs[xs[0]]:.2f}" if series.bound and costs.get(xs[0]) else ""
            aim = f"≤ {series.bound}" if series.bound else f"≥ {FAIR}" if series.unit == "of 1" else ""
            if aim and name == "ours":
                met = float(grown) <= series.bound if series.bound else min(costs.values()) >= FAIR
                aim += " ✓" if met else " ✗"
            cells = [series.title, titles[name], series.unit, *(figure(costs[x]) if x in costs else "–" for x in xs), grown, aim]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return lines
