"""Whether a row's targets are met."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Verdict:
    text: str
    met: bool
    # What the raw limit is at, where that is more than the target: no server can meet it.
    limit: float | None = None

    def __str__(self):
        return f"{self.text} {'✓' if self.met else '✗'}"


def judged(row, results):
    """The server of ours that a row's target is about: for memory the binary that routers get."""
    return "static" if row.is_memory and (row.name, "static") in results else "ours"


def verdicts(row, results, ceiling=None):
    """One for each target that something was measured for; `ceiling` in KiB."""
    server = judged(row, results)
    if (row.name, server) not in results:
        return []
    ours = results[row.name, server].cost
    cost = {name: results[row.name, name].cost for name in ("raw", "smbd", "tuned") if (row.name, name) in results}
    smbds = [cost[name] for name in ("smbd", "tuned") if name in cost]
    idle = results.get(("memory-idle", server))
    bases = {
        **cost,
        "best": min(smbds) if smbds else None,
        "idle": idle and idle.cost,
        "ceiling": ceiling,
        "KiB": 1,
    }
    names = {"best": "× the better smbd", "KiB": "KiB", "ceiling": "× its ceiling", "smbd": "× smbd", "tuned": "× tuned", "raw": "× raw", "idle": "× idle"}
    found = []
    for target in row.targets:
        base = bases.get(target.beside)
        if not base:
            continue
        ratio = ours / base
        aim = f"≤ {target.most:,} {names[target.beside]}" if target.beside == "KiB" else f"≤ {target.most:.2f} {names[target.beside]}: {ratio:.2f}"
        limit = round(cost["raw"] / base, 2) if "raw" in cost and target.beside != "raw" else 0
        # As it is printed: no target is missed by what nobody sees.
        found.append(Verdict(aim, round(ratio, 2) <= target.most, limit if limit > target.most else None))
    return found
