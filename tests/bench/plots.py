"""The figures as pictures."""

from bench import TITLES

COLOURS = {"ours": "#2a7f62", "tuned": "#c9b458"}


def bars(rows, servers, results, path):
    """Each row's cost beside that of smbd as Debian ships it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if (row.name, "smbd") in results and (row.name, "ours") in results]
    drawn = [name for name in servers if name != "smbd"]
    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(rows) + 1.4))
    height = 0.8 / len(drawn)
    for number, name in enumerate(drawn):
        at = number * height - 0.4 + height / 2
        values = [(i + at, results[row.name, name].cost / results[row.name, "smbd"].cost) for i, row in enumerate(rows) if (row.name, name) in results]
        axes.barh([i for i, _ in values], [value for _, value in values], height, label=TITLES[name], color=COLOURS.get(name))
        for i, value in values:
            axes.text(value + 0.01, i, f"{value:.2f}", va="center", fontsize=7)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(rows)), [f"{row.title} ({row.unit})" for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("cost beside smbd as Debian ships it (1): CPU time or memory; less is better")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
