"""The figures as pictures."""

import math

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot, ticker  # noqa: E402

import growth  # noqa: E402
from bench import TITLES  # noqa: E402

COLOURS = {"ours": "#2a7f62", "static": "#7fc4a5", "smbd": "#b5523b", "tuned": "#d9a441", "raw": "#9aa3ab"}
# The rows of the picture for those who look at one only.
MAIN = (
    "read", "write", "read-signed-gmac", "write-signed-gmac", "read-sealed-gcm128", "write-sealed-gcm128", "random-1", "random-64",
    "cycle-1", "list", "list-100k", "libsmbclient-get", "memory-idle", "memory-256",
)


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def bars(rows, results, path):
    """Each row's cost beside that of smbd as Debian ships it; memory is that of the binary that routers get."""
    drawn = ("ours", "tuned", "raw")

    def cost(row, name):
        if name == "ours" and row.is_memory and (row.name, "static") in results:
            name = "static"
        found = results.get((row.name, name))
        return found and found.cost

    rows = [row for row in rows if cost(row, "smbd") and cost(row, "ours")]
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(rows) + 1.2))
    for number, name in enumerate(drawn):
        at = (number - 1) * 0.27
        values = [(i + at, cost(row, name) / cost(row, "smbd")) for i, row in enumerate(rows) if cost(row, name)]
        axes.barh([i for i, _ in values], [value for _, value in values], 0.27, label=TITLES[name], color=COLOURS[name])
        for i, value in values:
            axes.text(value + 0.008, i, f"{value:.2f}", va="center", fontsize=6.5)
    axes.axvline(1, color=COLOURS["smbd"], linewidth=1.5, label="smbd as Debian ships it")
    axes.set_yticks(range(len(rows)), [f"{row.title} ({figure_of(cost(row, 'ours'))} {row.unit})" for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xlabel("CPU time or memory beside smbd's, which is 1: less is better. In brackets: ours", fontsize=8)
    axes.legend(fontsize=8, ncols=4, loc="lower right", bbox_to_anchor=(1, 1), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def figure_of(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def memory(rows, results, path):
    """MiB of each server as more is asked of it."""
    rows = [row for row in rows if row.is_memory and any((row.name, name) in results for name in COLOURS)]
    names = [name for name in COLOURS if any((row.name, name) in results for row in rows)]
    figure, axes = pyplot.subplots(figsize=(9, 3.6))
    width = 0.8 / len(names)
    for number, name in enumerate(names):
        values = [(i + (number + 0.5) * width - 0.4, results[row.name, name].cost / 1024) for i, row in enumerate(rows) if (row.name, name) in results]
        axes.bar([i for i, _ in values], [value for _, value in values], width, label=TITLES[name], color=COLOURS[name])
        for i, value in values:
            axes.text(i, value * 1.05, figure_of(value), ha="center", fontsize=6.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylabel("MiB (PSS)", fontsize=8)
    axes.set_xticks(range(len(rows)), [row.title.removeprefix("memory, ").replace(" of ", "\nof ").replace(" they", "\nthey") for row in rows], fontsize=8)
    axes.legend(fontsize=8, ncols=len(names), loc="upper center", bbox_to_anchor=(0.5, 1.16), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def lines(points, path):
    """What an operation costs with ever more of everything: a panel for each operation."""
    panels = [
        *((title, f"files-{{}}-{phase}", growth.PLACES, "files in the share") for phase, title in growth.PHASES["names"] if phase != "first"),
        *((title, f"open-{phase}", {"": ""}, "open files") for phase, title in growth.PHASES["opens"]),
        ("mixed work, each request", "connections-mixed", {"": ""}, "connections"),
        ("slowest client's part of the mean", "connections-fair", {"": ""}, "connections"),
    ]
    across = 3
    down = math.ceil(len(panels) / across)
    figure, grid = pyplot.subplots(down, across, figsize=(10, 2.5 * down), squeeze=False)
    for axes, (title, series, places, of) in zip(grid.flat, panels):
        for place, where in places.items():
            for name in growth.SERVERS:
                found = points.get((series.format(place), name))
                if found:
                    axes.plot(*zip(*found), marker="o", markersize=3, color=COLOURS[name], linestyle="--" if place == "flat" else "-",
                              label=", ".join(filter(None, (TITLES[name], where))))
        axes.set_xscale("log")
        axes.set_title(title, fontsize=8)
        axes.set_xlabel(of, fontsize=7)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
        if series == "connections-fair":
            axes.set_ylim(0, 1.05)
        else:
            axes.set_ylabel("CPU µs/op", fontsize=7)
            if len(places) > 1:
                axes.set_yscale("log")
            else:
                axes.set_ylim(bottom=0)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.10g}"))
            axis.set_minor_formatter(ticker.NullFormatter())
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=6)
    for axes in list(grid.flat)[len(panels):]:
        axes.remove()
    save(figure, path)
