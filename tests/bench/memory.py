"""Memory: proportional set size of the server's whole process tree, in KiB.

Every figure is of a server of its own with no other beside it: its pages are shared with none, and none left anything behind.
"""

import contextlib
import re
import threading
import time
from concurrent import futures

from bench import proc
from data import CACHED
from rows import GIB

# Seconds after which a server that has nothing to do has given back what it gives back.
REST = 4


@contextlib.contextmanager
def alone(bench, name):
    bench.stop_all()
    server = bench.start(name, "-alone")
    try:
        yield server
    finally:
        server.stop()


def pss(server):
    return proc.memory_kib(server.pid)["Pss"]


def hold(bench, row, name):
    """With connections that each have an open file and do nothing."""
    with alone(bench, name) as server:
        load = bench.begin(server, "hold", **row.words) if row.words["connections"] else None
        time.sleep(REST)
        result = pss(server)
        if load:
            load.finish()
            load.end()
        return result


def crowd(bench, server):
    """8 readers and 8 writers at once; the most memory while they work."""
    total = max(16 << 20, int(GIB // 4 * bench.scale))
    loads = [bench.begin(server, "read", file="big", total=total, length=CACHED, check=0) for _ in range(8)]
    loads += [bench.begin(server, "write", file=f"peak-{i}", total=total, length=16 << 20) for i in range(8)]
    most, stop = [0], threading.Event()

    def watch():
        while not stop.is_set():
            most[0] = max(most[0], pss(server))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with futures.ThreadPoolExecutor(len(loads)) as pool:
            list(pool.map(lambda load: load.finish(), loads))
    finally:
        stop.set()
        watcher.join()
    for load in loads:
        load.end()
    return most[0]


def busy(bench, name):
    """(the peak, what is left some seconds after) of one and the same crowd, for the two rows."""
    if name not in bench.crowds:
        with alone(bench, name) as server:
            most = crowd(bench, server)
            time.sleep(REST)
            bench.crowds[name] = most, pss(server)
    return bench.crowds[name]


def peak(bench, row, name):
    return busy(bench, name)[0]


def after(bench, row, name):
    return busy(bench, name)[1]


def ceiling(bench):
    """KiB that our server says it uses at most."""
    found = re.search(r"^Memory: at most (\d+) MiB", bench.server("ours").check(), re.MULTILINE)
    return int(found[1]) * 1024 if found else None
