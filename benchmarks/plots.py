"""Figures of results: error against time, cost against size. One that has no figure stays a table.

python -m benchmarks.plots [FOLDER]

A figure says in its file which rows it was drawn from, so that one that was not drawn again is found.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS

Rows = list[dict[str, Any]]
#: An error from which on an answer is none, and no point of a diagram.
WRONG = 1.0


def work_precision(rows: Rows, figure: Any) -> None:
    """A panel a plant, a line a method; a method has its colour in all of them."""
    every = list(dict.fromkeys(row["values"]["method"] for row in rows))
    points: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        values = row["values"]
        if "min_s" in values and 0.0 < values["error_median"] <= WRONG:
            methods = points.setdefault(values["plant"], {})
            methods.setdefault(values["method"], []).append((values["min_s"], values["error_median"]))
    columns = 3 if len(points) > 2 else len(points)
    lines = -(-len(points) // columns)
    figure.set_size_inches(10.0, 1.0 + 2.6 * lines)
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axis, (plant, methods) in zip(panels, points.items(), strict=False):
        for name, found in methods.items():
            axis.loglog(*zip(*found, strict=True), marker="o", markersize=3, color=f"C{every.index(name)}")
        axis.set_title(plant, fontsize=9)
        axis.grid(alpha=0.3)
        axis.xaxis.set_minor_formatter("")
    for axis in panels[len(points) :]:
        axis.axis("off")
    for number, name in enumerate(every):
        panels[0].plot([], [], marker="o", markersize=3, color=f"C{number}", label=name)
    panels[0].legend(fontsize=7)
    figure.supxlabel("CPU time [s]")
    figure.supylabel("median error of the worst state")


def cost(rows: Rows, figure: Any) -> None:
    """Time against size, a line for each thing that grows."""
    axis = figure.subplots()
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if "size" in row["values"]:
            lines.setdefault(row["values"]["of"], []).append((row["values"]["size"], row["values"]["min_s"]))
    for name, found in lines.items():
        axis.loglog(*zip(*found, strict=True), marker="o", label=name)
    axis.set(xlabel="number", ylabel="CPU time [s]")
    axis.grid(alpha=0.3)
    axis.legend()


def peers(rows: Rows, figure: Any) -> None:
    """Error against time of everyone on the same case."""
    work_precision([row for row in rows if "method" in row["values"]], figure)


#: Results that have a figure: what draws it.
FIGURES: dict[str, Callable[[Rows, Any], None]] = {
    "work_precision": work_precision,
    "cost": cost,
    "peers": peers,
}


def digest(rows: Rows) -> str:
    """Of the rows that a figure is drawn from."""
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def drawn_from(figure: Path) -> str:
    """What a figure's file says of the rows that it was drawn from: PNG's text `Source`."""
    _, _, told = figure.read_bytes().partition(b"tEXtSource\0")
    return told[:64].decode("ascii")


def draw_all(folder: Path) -> list[Path]:
    """Draw the figures of the results in a folder, beside them; none without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return []
    made = []
    for name, draw in FIGURES.items():
        path = folder / f"{name}.json"
        if path.is_file():
            figure = Figure(figsize=(6.0, 4.0), layout="constrained")
            rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
            draw(rows, figure)
            made.append(folder / f"{name}.png")
            figure.savefig(
                made[-1], dpi=80, pil_kwargs={"optimize": True}, metadata={"Software": None, "Source": digest(rows)}
            )
    return made


if __name__ == "__main__":
    for drawn in draw_all(Path(sys.argv[1]) if sys.argv[1:] else RESULTS):
        sys.stdout.write(f"{drawn}\n")
