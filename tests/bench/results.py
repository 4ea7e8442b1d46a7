"""Everything one run found, and docs/performance.md made of it. It is kept, so that the page can be made anew without measuring."""

import dataclasses
import json
import time

import document
import growth
import machine
import plots
import report
import rows
import works
from bench import TITLES

KEPT = document.PICTURES / "results.json"


@dataclasses.dataclass
class Results:
    # How it was measured: date, scale, rounds, servers, data.
    asked: dict
    # The machine and the versions.
    facts: dict
    # KiB that our server may use.
    ceiling: float | None
    # {(row's name, server's name): Measured}
    rows: dict
    # {(series' name, server's name): [(x, cost)]}
    points: dict

    @classmethod
    def of(cls, a, servers, ceiling, measured, points):
        asked = {"date": time.strftime("%Y-%m-%d"), "scale": a.scale, "rounds": a.rounds, "servers": servers, "data": a.data, "load": a.load}
        return cls(asked, machine.describe(), ceiling, measured, points)

    def updated(self, other):
        """With what another run found, and which rows those are."""
        names = [row.name for row in rows.ROWS if any(row.name == name for name, _ in other.rows)] + (["growth"] if other.points else [])
        of = {**other.asked, "rows": names, "smolsmb": other.facts["smolsmb"]}
        asked = {**self.asked, "since": [*self.asked.get("since", []), of]}
        return Results(asked, self.facts, other.ceiling or self.ceiling, {**self.rows, **other.rows}, {**self.points, **other.points})

    def save(self):
        KEPT.parent.mkdir(exist_ok=True)
        short = {**dataclasses.asdict(self), "rows": [[*key, dataclasses.asdict(of)] for key, of in self.rows.items()],
                 "points": [[*key, of] for key, of in self.points.items()]}
        KEPT.write_text(json.dumps(short, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls):
        kept = json.loads(KEPT.read_text())
        kept["rows"] = {(row, name): works.Measured(**of) for row, name, of in kept["rows"]}
        kept["points"] = {(series, name): of for series, name, of in kept["points"]}
        return cls(**kept)

    def tables(self, chosen):
        """The lines of everything that was measured of those rows."""
        found = report.tables(chosen, self.asked["servers"], self.rows, self.ceiling)
        if self.points:
            found["growth"] = growth.table(self.points, {name: TITLES[name] for name in self.asked["servers"]})
        return found

    def write(self):
        """docs/performance.md and its pictures."""
        document.PICTURES.mkdir(exist_ok=True)
        document.put("summary", report.summary(rows.ROWS, self.rows, self.ceiling, self.facts, self.asked))
        for name, lines in self.tables(rows.ROWS).items():
            document.put(name, lines)
        plots.bars([row for row in rows.ROWS if row.name in plots.MAIN], self.rows, document.PICTURES / "main.png")
        plots.bars([row for row in rows.ROWS if not row.is_memory], self.rows, document.PICTURES / "time.png")
        plots.memory(rows.ROWS, self.rows, document.PICTURES / "memory.png")
        if self.points:
            plots.lines(self.points, document.PICTURES / "growth.png")
