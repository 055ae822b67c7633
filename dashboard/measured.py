"""Plant data beside a run: files of the run's folder with their maps, as points of a figure and as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dashboard.display import HOUR, clock, number, plain, unit_text
from dashboard.figures import Line, thinned
from dashboard.runs import Catalog
from dashboard.speech import say
from dashboard.widgets import table
from twin.compare_data import Comparison, Residuals, compare_with_data, read_data
from twin.compare_map import read_map
from twin.results.files import FileProblem

#: Endings of a map's name, after the stem of its data's; the last one serves all data of a folder.
MAPS = ("{stem}.map.yaml", "{stem}.yaml", "tags.yaml")
#: Bytes of data read at most, and points drawn of a tag.
LARGEST, MOST_POINTS = 64 << 20, 4000


def data_files(folder: Path) -> dict[str, Path]:
    """Data of a folder that have a map: names of CSV files → their maps; links that lead elsewhere are left out."""
    found = {}
    for file in sorted(folder.glob("*.csv")):
        names = (folder / name.format(stem=file.stem) for name in MAPS)
        plan = next((path for path in names if path.is_file() and path.resolve().parent == folder), None)
        if plan is not None and file.is_file() and file.resolve().parent == folder:
            found[file.name] = plan
    return found


def beside(catalog: Catalog, run: str | None, name: Any) -> Comparison | None:
    """Set a run beside data of its folder; None where none are chosen.

    Raises
    ------
    FileProblem
        When there are no such data, or they do not fit the run; ConfigError for what is wrong with the map.
    """
    if not isinstance(name, str) or not name:
        return None
    plan = data_files(catalog.folder).get(name)
    if plan is None:
        raise FileProblem("there are no data of that name here")
    file = catalog.folder / name
    if file.stat().st_size > LARGEST:
        raise FileProblem(f"{name} is larger than {LARGEST >> 20} MB: more than can be shown; twin compare reads it")
    stamp = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in (file, plan))

    def compared() -> Comparison:
        opened = catalog.dataset(run).run
        chosen = read_map(plan, opened)
        return compare_with_data(opened, read_data(file, chosen), chosen)

    found: Comparison = catalog.once((catalog.key(run), name, stamp), compared)
    return found


def points(found: Comparison, lines: list[Line], colours: dict[str, str]) -> list[tuple[int, dict[str, Any]]]:
    """Traces of the data of those tags that are drawn, with the rows of the panels that they belong to."""
    rows = {line.series.name: line for line in reversed(lines)}
    return [
        (rows[one.column.tag].row, _trace(one, rows[one.column.tag], colours))
        for one in found.tags
        if one.column.tag in rows and len(one.data)
    ]


def _trace(one: Residuals, line: Line, colours: dict[str, str]) -> dict[str, Any]:
    x, y = thinned(one.time, one.data, MOST_POINTS)
    shown = np.asarray(line.shown.of(y * one.column.factor + one.column.offset))
    trace: dict[str, Any] = {
        "type": "scatter",
        "x": x / HOUR,
        "y": shown,
        "mode": "markers",
        "name": f"{plain(one.column.tag)} · {say('data')}",
        "marker": {"symbol": "circle-open", "size": 6, "color": colours.get(one.column.tag), "line": {"width": 1.4}},
        "hovertemplate": f"%{{y:.5g}} {line.shown.text}, %{{x:.3f}} h<extra>{plain(one.column.name)}</extra>",
    }
    if one.uncertainty is not None and len(x) == len(one.data):
        half = one.uncertainty * one.column.factor * line.shown.factor
        trace["error_y"] = {"type": "data", "array": half, "thickness": 0.8, "width": 2}
    return trace


def residuals(found: Comparison) -> Any:
    """How far run and data are apart: a table, and the shift of the data's clock."""
    rows = []
    for one in found.tags:
        told = one.summary()
        covered = "–" if told["coverage"] is None else f"{number(100.0 * told['coverage'], 3)} %"
        at = "–" if told["at_s"] is None else clock(told["at_s"])
        values = [number(told[key], 4) for key in ("bias", "rmse", "largest")]
        rows.append((told["tag"], told["column"], unit_text(told["unit"]), str(told["n"]), *values, at, covered))
    head = (
        say("tag"), say("column"), say("unit"), say("points"), say("bias"), "RMSE", say("largest"), say("at"),
        say("within the uncertainty"),
    )  # fmt: skip
    return table(head, rows, (3, 4, 5, 6, 7, 8))


def clock_note(found: Comparison) -> str:
    """What was done to the data's clock."""
    shift = number(found.shift / 60.0, 4)
    if not found.estimated:
        return say("Run minus data; the data's clock is moved by {shift} min, as the map says.", shift=shift)
    if found.at_the_edge:
        return say("Run minus data; the best shift found, {shift} min, is at the edge of the search.", shift=shift)
    return say("Run minus data; the data's clock is moved by {shift} min, estimated.", shift=shift)
