"""The figures as Markdown."""

import os
import time

from bench import TITLES, lab
from rows import SPEED


def figure(value, unit):
    if value is None:
        return "–"
    return f"{value:,.0f}" if unit == "KiB" or value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def table(rows, servers, results):
    """The lines of a Markdown table; `results` is {(row's name, server's name): Measured}."""
    heads = ["work", "unit"]
    for name in servers:
        heads += [TITLES[name]] + ([f"ours / {TITLES[name]}"] if name != "ours" and "ours" in servers else [])
    heads += [f"{TITLES[name]}, speed" for name in servers]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row.title, row.unit]
        of = {name: results[row.name, name] for name in servers if (row.name, name) in results}
        for name in servers:
            cells.append(figure(of[name].cost if name in of else None, row.unit))
            if name != "ours" and "ours" in servers:
                cells.append(f"{of['ours'].cost / of[name].cost:.2f}" if name in of and "ours" in of and of[name].cost else "–")
        cells += [f"{of[name].speed:,.0f} {SPEED[row.unit]}" if name in of and of[name].speed else "–" for name in servers]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def write(lines, a):
    """docs/benchmark.md"""
    kind = f"{os.cpu_count()} CPUs, {a.rounds} rounds, medians; server on CPU 0, client on CPU 1, files on {'a tmpfs' if not a.data else a.data}"
    head = "# Benchmark\n\nMade by `tests/bench/run`. CPU time of the server's whole process tree per GiB or operation, and PSS; ratios below 1: we need less.\n"
    (lab.ROOT / "docs/benchmark.md").write_text(f"{head}{time.strftime('%Y-%m-%d')}, {kind}.\n\n" + "\n".join(lines) + "\n\n![ratios](benchmark.png)\n")
