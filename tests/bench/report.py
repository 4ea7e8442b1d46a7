"""The figures as Markdown."""

import targets
from bench import TITLES
from rows import SPEED


def figure(value, unit):
    if value is None:
        return "–"
    return f"{value:,.0f}" if unit == "KiB" or value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def markdown(heads, rows):
    return ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *("| " + " | ".join(cells) + " |" for cells in rows)]


def costs(rows, servers, results, ours, ceiling=None):
    """What each row costs at each server, our part of the others, and the targets; `ours`: of those servers, which is ours."""
    others = [name for name in servers if name not in ("ours", "static")]
    heads = ["work", "unit", *(TITLES[name] for name in servers), *(f"{TITLES[ours]} / {TITLES[name]}" for name in others), "target"]
    lines = []
    for row in rows:
        of = {name: results[row.name, name].cost for name in servers if (row.name, name) in results}
        ratios = [f"{of[ours] / of[name]:.2f}" if of.get(name) and ours in of else "–" for name in others]
        verdicts = [str(verdict) for verdict in targets.verdicts(row, results, ceiling)]
        lines.append([row.title, row.unit, *(figure(of.get(name), row.unit) for name in servers), *ratios, "; ".join(verdicts) or "–"])
    return markdown(heads, lines)


def speeds(rows, servers, results):
    """What came through, which the load bounds where the server needs less CPU than it."""
    bound = False
    lines = []
    for row in rows:
        cells = [row.title]
        for name in servers:
            of = results.get((row.name, name))
            cells.append(f"{of.speed:,.0f} {SPEED[row.unit]}{' †' if of.bound_by_load else ''}" if of and of.speed else "–")
            bound = bound or (of is not None and of.bound_by_load)
        lines.append(cells)
    note = ["", "† The load's CPU was more than 95 % busy, and busier than the server's: the speed is the load's."] if bound else []
    return markdown(["work", *(TITLES[name] for name in servers)], lines) + note


def tables(rows, servers, results, ceiling=None):
    """{name: lines} of "time", "speed" and "memory", those of which there is anything."""
    timed, sized = [row for row in rows if not row.is_memory], [row for row in rows if row.is_memory]
    found = {}
    quick = [name for name in servers if name != "static"]
    if timed:
        found["time"] = costs(timed, quick, results, "ours")
        found["speed"] = speeds(timed, quick, results)
    if sized:
        big = [name for name in servers if name != "raw"]
        found["memory"] = costs(sized, big, results, "static" if "static" in big else "ours", ceiling)
    return found


def summary(rows, results, ceiling, facts, a):
    """The machine, the versions, how it was measured, and how many targets are met."""
    verdicts = [(row, verdict) for row in rows for verdict in targets.verdicts(row, results, ceiling)]
    missed = [f"{row.title} ({verdict.text}" + (f"; the raw limit is at {verdict.limit:.2f})" if verdict.limit else ")") for row, verdict in verdicts if not verdict.met]
    files = "a tmpfs" if not a["data"] else a["data"]
    anew = [f"{', '.join(of['rows'])} ({of['date']}, {of['smolsmb']}, `--scale {of['scale']:g} --rounds {of['rounds']}`)" for of in a.get("since", [])]
    lines = markdown(["", ""], [[key, value] for key, value in {
        "date": a["date"], **facts,
        "run": f"`cargo build --release && tests/bench/run --scale {a['scale']:g} --rounds {a['rounds']}`: servers take turns, medians; files on {files}",
        "load of the machine before": f"{a['load']:.1f}" + (": others were at work, so take these figures for rough ones" if a["load"] > 0.7 else ""),
        **({"measured anew since": "; ".join(anew)} if anew else {}),
    }.items()])
    lines += ["", f"{len(verdicts) - len(missed)} of {len(verdicts)} targets are met."]
    if missed:
        lines += ["Missed:", *(f"- {what}" for what in missed)]
    return lines
