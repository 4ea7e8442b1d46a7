"""Figures from /proc about a server's whole process tree."""

import os


def _stat(pid):
    with open(f"/proc/{pid}/stat") as file:
        text = file.read()
    return text[text.rindex(")") + 2 :].split()


def tree(root: int) -> list[int]:
    """`root` and everything below it, parents first."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                children.setdefault(int(_stat(name)[1]), []).append(int(name))
            except OSError:
                continue
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(root: int) -> float:
    """CPU time used by the tree: nanosecond figures of what lives, ticks of the children that have ended."""
    tick = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for pid in tree(root):
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[0]) / 1e9
            fields = _stat(pid)
            total += (int(fields[13]) + int(fields[14])) / tick
        except OSError:
            continue
    return total


def memory_kib(root: int) -> dict[str, int]:
    """Sums of Pss and Rss over the tree, in KiB."""
    total = {"Pss": 0, "Rss": 0}
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in file:
                    key = line.split(":")[0]
                    if key in total:
                        total[key] += int(line.split()[1])
        except OSError:
            continue
    return total


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))
