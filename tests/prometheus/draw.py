"""Draws the dashboards as Grafana lays them out, from a real Prometheus that watches services under load.

Usage: draw.py OPS_FOLDER PETSTORE PETSTORE_FOLDER PLUGIN_HOST IMAGES_FOLDER      (needs matplotlib; no test does)
"""

import math
import pathlib
import re
import sys
import time

import dashboards
import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402
from PIL import Image  # noqa: E402
from watched import Watched  # noqa: E402

SECONDS = 150  # of the run
QUIET_SECONDS = 30  # between two disturbances
COLUMNS, CELL_WIDTH, CELL_HEIGHT = 24, 0.52, 0.27  # inches
SERVICES = {"mmf-plugin-troubleshooting": "plugin_host"}
COLOURS = {"green": "#3a9b57", "orange": "#e08a1e", "red": "#d5433e"}
PALETTE = ["#3a9b57", "#d9a514", "#3f7fbf", "#d5633e", "#8a5fb0", "#3aa5a5", "#c2559b", "#7a8a2e", "#8c6d4f", "#777777"]


def with_unit(value, unit):
    if unit == "percentunit":
        return f"{value * 100:.2f} %" if abs(value) < 0.1 else f"{value * 100:,.0f} %"
    if unit == "s":
        for limit, factor, name in ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (math.inf, 1, "s")):
            if abs(value) < limit:
                return f"{value * factor:.3g} {name}"
    if unit == "bytes":
        return f"{value / (1 << 20):.3g} MiB"
    return f"{value:.3g}" + {"reqps": " req/s", "ops": " ops/s"}.get(unit, "")


def legend_of(target, labels):
    text = target["legendFormat"]
    for name, value in labels.items():
        text = text.replace("{{" + name + "}}", value)
    return re.sub(r"{{\w+}}", "", text).strip()  # an empty label is no label


def draw_stat(axes, panel, watched, service):
    values = watched.query(dashboards.replaced(panel["targets"][0]["expr"], service))
    value = values[0][1] if values else math.nan
    colour = "green"
    for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]:
        colour = step["color"] if value >= step["value"] else colour
    text = with_unit(value, panel["fieldConfig"]["defaults"]["unit"])
    axes.text(0.5, 0.42, text, ha="center", va="center", fontsize=19, color=COLOURS[colour], transform=axes.transAxes)
    axes.set_xticks([]), axes.set_yticks([])


def draw_lines(axes, panel, watched, service):
    defaults = panel["fieldConfig"]["defaults"]
    lines = []
    for target in panel["targets"]:
        for labels, values in watched.over_the_run(dashboards.replaced(target["expr"], service)):
            lines.append((legend_of(target, labels), values))
    highest = 0
    for number, (legend, values) in enumerate(lines):
        x = [when - watched.started for when, _ in values]
        y = [value if math.isfinite(value) else math.nan for _, value in values]
        highest = max([highest, *(value for value in y if not math.isnan(value))])
        axes.plot(x, y, linewidth=1.1, color=PALETTE[number % len(PALETTE)], label=legend if number < 9 else None)
    for step in defaults["thresholds"]["steps"][1:]:
        if step["value"] < highest * 1.5:
            axes.axhline(step["value"], color=COLOURS[step["color"]], linewidth=0.8, linestyle="--")
    axes.yaxis.set_major_formatter(lambda value, _: with_unit(value, defaults["unit"]))
    low, high = axes.get_ylim()
    axes.set_ylim(min(0, low), high * 1.3 if highest > 0 else 1)
    axes.set_xlim(0, SECONDS)
    axes.grid(linewidth=0.3)
    if lines:
        axes.legend(fontsize=5, loc="upper left", ncols=3, frameon=False, borderpad=0.2, labelspacing=0.2)


def draw_heatmap(axes, panel, watched, service):
    series = watched.over_the_run(dashboards.replaced(panel["targets"][0]["expr"], service))
    cumulative = sorted(((float(labels["le"].replace("+Inf", "inf")), dict(values)) for labels, values in series))
    times = sorted({when for _, values in cumulative for when in values})
    below, cells = [0] * len(times), []
    for _, values in cumulative:
        row = [values.get(when, 0) for when in times]
        cells.append([max(0, count - lower) for count, lower in zip(row, below)])
        below = row
    x = [when - watched.started for when in times]
    axes.pcolormesh(x, range(len(cells)), cells, cmap="YlOrRd", shading="nearest")
    bounds = [with_unit(bound, "s") if math.isfinite(bound) else "more" for bound, _ in cumulative]
    axes.set_yticks(range(0, len(bounds), 2), bounds[::2])


def draw_table(axes, panel, watched, service):
    rows = watched.query(dashboards.replaced(panel["targets"][0]["expr"], service))
    for number, (labels, value) in enumerate(rows):
        text = "   ".join([*labels.values(), f"{value:g}"])
        axes.text(0.02, 0.85 - 0.12 * number, text, fontsize=6, transform=axes.transAxes)
    axes.set_xticks([]), axes.set_yticks([])


DRAW = {"stat": draw_stat, "timeseries": draw_lines, "heatmap": draw_heatmap, "table": draw_table}


def draw(path, watched, folder):
    service = SERVICES.get(path.stem, "petstore")
    panels = list(dashboards.panels_of(path))
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) + 1
    figure = plt.figure(figsize=(COLUMNS * CELL_WIDTH, height * CELL_HEIGHT), facecolor="white")
    figure.text(0.01, 1 - 0.5 / height, f"{dashboards.title_of(path)}   ·   {service}", fontsize=11, va="center")
    for title, y in dashboards.rows_of(path):
        figure.text(0.012, 1 - (y + 1.6) / height, title, fontsize=8, va="center", weight="bold")
    for panel in panels:
        at = panel["gridPos"]
        left, bottom = (at["x"] + 1.0) / COLUMNS, 1 - (at["y"] + 1 + at["h"] - 0.9) / height
        axes = figure.add_axes([left, bottom, (at["w"] - 1.25) / COLUMNS, (at["h"] - 2.1) / height])
        axes.set_title(panel["title"], fontsize=7, loc="left", pad=3)
        axes.tick_params(labelsize=5, length=2, width=0.4, pad=1)
        for spine in axes.spines.values():
            spine.set_linewidth(0.4)
        DRAW[panel["type"]](axes, panel, watched, service)
    image = folder / f"observability-{path.stem.removeprefix('mmf-')}.png"
    figure.savefig(image, dpi=90)
    Image.open(image).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(image, optimize=True)
    plt.close(figure)
    print(f"{image}: {image.stat().st_size // 1024} KiB")


def main():
    ops, petstore, petstore_folder, plugin_host, images = (pathlib.Path(each).resolve() for each in sys.argv[1:])
    with Watched("prometheus", ops, petstore, petstore_folder, plugin_host, QUIET_SECONDS) as watched:
        time.sleep(SECONDS)
        for path in sorted((ops / "dashboards").glob("*.json")):
            draw(path, watched, images)


if __name__ == "__main__":
    main()
