"""How two runs differ: configuration, events, results.

    difference = compare(open_run("a.h5"), open_run("b.h5"))

Numbers of the second run stand beside those of the first; changes are second minus first. Runs
recorded at other times are compared at the first one's, as far as both reach, by straight lines.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from twin.results.events import EventRow
from twin.results.reader import Run, Tag
from twin.results.report import report

#: More events than this are counted by what they are, and not laid side by side in order.
MOST_EVENTS = 4000
#: Keys of the resolved configuration that say where it came from, not what was run.
NAMES = ("twin", "description")


def compare(a: Run, b: Run) -> dict[str, Any]:
    """Compare two runs.

    Returns
    -------
    dict
        `same` (the same content), `configuration`, `events`, `tags` (those that differ, the most different
        first, relative to the largest number of either run), `only` (tags that one of them lacks) and `figures`
        (those of `twin report` that differ). None stands for what is not there or not finite.
    """
    hashes = [run.attrs.get("content_hash") for run in (a, b)]
    missing = sorted(a.tags.keys() ^ b.tags.keys())
    return {
        "a": _head(a),
        "b": _head(b),
        "same": hashes[0] is not None and hashes[0] == hashes[1],
        "configuration": _configuration(a, b),
        "events": _events(a.events, b.events),
        "tags": _tags(a, b),
        "only": {"a": [t for t in missing if t in a.tags], "b": [t for t in missing if t in b.tags]},
        "figures": _figures(a, b),
    }


def _head(run: Run) -> dict[str, Any]:
    reached = float(run.time[-1]) if run.rows else 0.0
    head = {"file": str(run.path), "scenario": run.attrs["scenario"], "plant": run.attrs["plant"]}
    return {**head, "outcome": run.outcome, "reached_s": reached, "rows": run.rows, **_fork(run)}


def _fork(run: Run) -> dict[str, Any]:
    return {"fork": run.provenance["fork"]} if "fork" in run.provenance else {}


# --- configuration


def _configuration(a: Run, b: Run) -> list[dict[str, Any]]:
    from twin.config.reading import read_text

    left, right = (dict(_leaves(read_text(run.resolved_yaml, str(run.path)).plain())) for run in (a, b))
    paths = [*left, *(path for path in right if path not in left)]
    rows = []
    for path in paths:
        one, other = left.get(path), right.get(path)
        if one != other and path not in NAMES:
            rows.append({"path": path, **_change(one, other)})
    return rows


def _change(one: Any, other: Any) -> dict[str, Any]:
    """Give both values; of lists of things only what the other one lacks."""
    if isinstance(one, list) and isinstance(other, list) and any(isinstance(x, (dict, str)) for x in [*one, *other]):
        texts = [Counter(json.dumps(item, ensure_ascii=False) for item in items) for items in (one, other)]
        ours, theirs = texts[0] - texts[1], texts[1] - texts[0]
        return {"a": [json.loads(t) for t in ours.elements()], "b": [json.loads(t) for t in theirs.elements()]}
    return {"a": one, "b": other}


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        inner = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict) and value:
            yield from _leaves(value, inner)
        else:
            yield inner, value


# --- events


def _events(a: list[EventRow], b: list[EventRow]) -> dict[str, Any]:
    """Lay events side by side: those of one run only, and how far times and values of the others differ."""
    keys = [[(row.kind, row.path, row.cause) for row in rows] for rows in (a, b)]
    only: dict[str, list[EventRow]] = {"a": [], "b": []}
    pairs: list[tuple[EventRow, EventRow]] = []
    if max(len(a), len(b)) > MOST_EVENTS:
        counts = [Counter(of) for of in keys]
        for rows, side, lacks in ((a, "a", counts[0] - counts[1]), (b, "b", counts[1] - counts[0])):
            for row in reversed(rows):  # of many alike the last ones are taken to be more
                key = (row.kind, row.path, row.cause)
                if lacks[key] > 0:
                    lacks[key] -= 1
                    only[side].insert(0, row)
    else:
        for what, i, j, k, m in difflib.SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
            if what == "equal":
                pairs += zip(a[i:j], b[k:m], strict=True)
            else:
                only["a"] += a[i:j]
                only["b"] += b[k:m]
    moved = [(abs(y.time - x.time), x, y) for x, y in pairs if x.time != y.time]
    furthest = max(moved, key=lambda one: one[0], default=None)
    changed = [(x, y) for x, y in pairs if repr(x.new) != repr(y.new)]  # repr: NaN stands for no value
    return {
        "a": len(a),
        "b": len(b),
        "only_a": [_event(row) for row in only["a"]],
        "only_b": [_event(row) for row in only["b"]],
        "moved": len(moved),
        "furthest": None if furthest is None else {"a": _event(furthest[1]), "b": _event(furthest[2])},
        "other_values": [{"a": _event(x), "b": _event(y)} for x, y in changed],
    }


def _event(row: EventRow) -> dict[str, Any]:
    return {key: _finite(value) for key, value in row._asdict().items()}


# --- results


def _tags(a: Run, b: Run) -> list[dict[str, Any]]:
    rows = []
    end = min(a.time[-1], b.time[-1]) if a.rows and b.rows else -np.inf
    here = a.time[a.time <= end]
    same_times = np.array_equal(here, b.time[: len(here)])
    with a.opened() as left, b.opened() as right:
        for name, tag in a.tags.items():
            other = b.tags.get(name)
            if other is None or other.shape != tag.shape or not len(here):
                continue
            one = left[tag.path][: len(here)].reshape(len(here), -1)
            two = right[other.path][: b.rows].reshape(b.rows, -1)
            if same_times:
                two = two[: len(here)]
            else:
                two = np.stack([np.interp(here, b.time, column) for column in two.T], axis=1)
            if one.tobytes() != two.tobytes():
                rows += _row(a, tag, here, one, two)
    return sorted(rows, key=lambda row: -np.inf if row["relative"] is None else -row["relative"])


def _row(run: Run, tag: Tag, times: np.ndarray, one: np.ndarray, two: np.ndarray) -> list[dict[str, Any]]:
    """Describe the element of a tag that differs most; nothing when only signs of zero differ."""
    with np.errstate(invalid="ignore", over="ignore"):
        change = np.abs(two - one)
        change[(one == two) | (np.isnan(one) & np.isnan(two))] = 0.0
        change[np.isnan(change)] = np.inf  # a number here, none there
        if not change.any():
            return []
        row, column = np.unravel_index(int(np.argmax(change)), change.shape)
        finite = np.concatenate([one[:, column], two[:, column]])
        scale = float(np.max(np.abs(finite[np.isfinite(finite)]), initial=0.0))
    largest = float(change[row, column])
    return [
        {
            "tag": f"{tag.name}{_element(run, tag, int(column))}",
            "unit": tag.unit,
            "largest": _finite(largest),
            "at_s": float(times[row]),
            "relative": _finite(largest / scale) if scale else None,
            "final_a": _finite(float(one[-1, column])),
            "final_b": _finite(float(two[-1, column])),
        }
    ]


def _element(run: Run, tag: Tag, column: int) -> str:
    """Name an element: "[ethanol]", "[12]"."""
    if not tag.shape:
        return ""
    places = np.unravel_index(column, tag.shape)
    labels = [run.labels(dim) for dim in tag.dims]
    names = [str(x[i]) if isinstance(x, list) else str(i) for x, i in zip(labels, places, strict=True)]
    return f"[{','.join(names)}]"


def _figures(a: Run, b: Run) -> list[dict[str, Any]]:
    left, right = (dict(_numbers(report(run))) for run in (a, b))
    names = [*left, *(name for name in right if name not in left)]
    rows = []
    for name in names:
        one, other = left.get(name), right.get(name)
        if one != other:
            change = None if one is None or other is None else other - one
            rows.append({"name": name, "a": one, "b": other, "change": change})
    return rows


def _numbers(summary: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Key figures of a report, by names that people know."""
    for role in ("feeds", "products"):
        for name, row in summary[role].items():
            yield f"{name} [kg]", row["mass_kg"]
    if summary["yield"] and summary["yield"]["yield"] is not None:
        yield "yield", summary["yield"]["yield"]
    if summary["pmi"] is not None:
        yield "PMI", summary["pmi"]
    for row in summary["quality"]:
        unit = "" if row["unit"] == "1" else f" [{row['unit']}]"
        yield from ((f"{row['tag']} {key}{unit}", row[key]) for key in ("mean",) if row.get(key) is not None)
        if "inside" in row:
            yield f"{row['tag']} inside its limits", row["inside"]
    for unit, terms in summary["utilities"].items():
        for label, row in terms.items():
            yield f"{unit}.{label} [{row['unit']}]", row["net"]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
