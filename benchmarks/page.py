"""The page of results in the documentation with its figures, and tables in others: `python -m benchmarks.page`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import COMMITTED
from benchmarks.plots import draw_all
from benchmarks.suite import benchmarks
from twin.config.spec import SCANS
from twin.markdown import cell, table

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "benchmarks.md"
#: What stands around a table in another page.
BEGUN, ENDED = "<!-- made by `python -m benchmarks.page` -->", "<!-- so far -->"
HEAD = """\
<!-- Made by `python -m benchmarks.page` from benchmarks/results: run a benchmark again, then this. -->

# Benchmarks

"Fast" is a table that you can make again:

```sh
twin bench                              # what there is, each with its question
twin bench counts startup --quick       # short forms: seconds to a minute
twin bench all --out my_results         # everything, as JSON with your machine beside it, figures, a summary
```

`twin bench` works in a clone; each benchmark runs in a process of its own, one that lacks a package is skipped and says
which. Over the history of the repository: `pip install -e ".[bench]"`, then `asv run` in `benchmarks/`.

How to read the numbers: times are CPU seconds unless they say wall; compiling is apart; an error stands beside every
time that a tolerance could change; ratios come from one run, since this machine's speed changes from minute to minute.
Nothing here is a gate but the operation counts, which a test holds (`tests/integrate/test_operation_counts.py`).

## What is measured

"""
#: Results shown in full: file -> heading, columns that are shown (all of a row's values otherwise).
SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "peers": (
        "Rivals on the same equations",
        (
            "min_s",
            "over_rodas4p",
            "over_rodas5p",
            "over_multirate",
            "over_rodas4p_at_least",
            "over_multirate_at_least",
            "over_ours_at_no_larger_error",
            "error_median",
            "error_max",
            "skipped",
        ),
    ),
    "compiled_cvode": (
        "CVODE without Python, smooth and under events",
        ("min_s", "error_median", "error_max", "steps", "rhs", "jacobians", "lu", "solves"),
    ),
    "pharmapy": (
        "PharmaPy's own test flowsheets",
        ("cpu_s", "setup_s", "error_count", "error_mean_size", "crystals", "mean_um", "steps"),
    ),
    "flagship": (
        "The flagship's smooth day",
        (
            "min_s",
            "error",
            "steps",
            "rhs",
            "jacobians",
            "lu",
            "solves",
            "integration_over_sum",
            "ratio_to_median",
            "us",
            "memory_us",
            "arithmetic_us",
            "over_limit",
            "skipped",
        ),
    ),
    "startup": (
        "First result, cold and warm; memory",
        ("min_wall_s", "median_wall_s", "wall_s", "min_cpu_s", "peak_MB"),
    ),
    "cost": ("Cost against size", ("states", "min_s", "steps", "us_per_step", "exponent")),
    "recording": ("Run files", ("file_MB", "bytes_per_number", "wall_s", "wall_s_without", "MB_per_s")),
    "study": (
        "Ensembles",
        (
            "runs",
            "cpu_s_per_run",
            "plant_days_per_s_per_core",
            "wall_s_per_run",
            "efficiency_by_wall",
            "cpu_of_one_over_cpu_of_two",
            "peak_memory_MB",
        ),
    ),
    "dashboard": ("The dashboard on a month of a gigabyte", ()),
    "counts": (
        "Operation counts at a short horizon, and parts of an operation",
        ("steps", "rejected", "rhs", "jacobians", "lu", "solves", "calls", "passes", "entries", "fill", "updates"),
    ),
}
#: Results that have a figure (`benchmarks/plots.py`).
FIGURES = {"work_precision": "Work and precision", "cost": "", "peers": ""}


def number(value: Any) -> str:
    """A value in a table."""
    return f"{value:.4g}" if isinstance(value, float) else cell(str(value))


def stored(name: str) -> dict[str, Any] | None:
    path = COMMITTED / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def page() -> str:
    """The whole page."""
    rows = []
    for benchmark in benchmarks().values():
        made = stored(benchmark.name)
        when = "" if made is None else f"[{made.get('made', 'result')}](../benchmarks/results/{benchmark.name}.json)"
        rows.append((f"`{benchmark.name}`", benchmark.question, when))
    lines = [HEAD + "\n".join(table("", ("name", "question", "committed result"), rows))]
    for name in dict.fromkeys([*FIGURES, *SHOWN]):
        made = stored(name)
        if made is None:
            continue
        heading, columns = SHOWN.get(name, (FIGURES.get(name, ""), ("",)))
        where = made["environment"]
        lines += [
            f"## {heading}",
            "",
            f"{made['question']}: {made['made']}, {where['machine']}, {where['cores']} cores,",
        ]
        lines += [f"Python {where['python']}, numba {where['versions'].get('numba', '?')}.", ""]
        if (COMMITTED / f"{name}.png").is_file():
            lines += [f"![{made['question']}](../benchmarks/results/{name}.png)", ""]
        if name in SHOWN:
            used = [c for c in columns if any(c in row["values"] for row in made["rows"])]
            used = used or list(dict.fromkeys(key for row in made["rows"] for key in row["values"]))
            body = [
                (row["name"], *(number(row["values"].get(c, "")) for c in used))
                for row in made["rows"]
                if any(c in row["values"] for c in used)
            ]
            lines += table("", ("", *used), body)
        lines += [f"- {note}" for note in made["notes"]] + [""]
    return "\n".join(lines).rstrip() + "\n"


def small(value: float) -> str:
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")


def loops() -> list[str]:
    """Ten loops, however executed: what they cost, and how far each is off."""
    body = []
    for row in (stored("control_loops") or {"runs": []})["runs"]:
        name, error = row["execution"], row["error"]
        if name not in ("scans every 1 s", "continuous"):
            continue
        body.append(
            (
                f"`{row['way']}`" if row["way"] in SCANS else row["way"] or "continuous loops",
                f"`{row['method']}`",
                f"{row['rtol']:g}".replace("e-0", "e-"),
                f"{small(row['cpu_s'])} s",
                str(row["steps"] - row["kept"])
                if "kept" in row
                else str(row["steps"])
                if row["way"] == "full steps"
                else "",
                f"{small(1e3 * error['reactor.T_out'])} mK",
                f"{small(1e3 * max(error['crystallizer_1.T'], error['crystallizer_2.T']))} mK",
                small(error["press.level"]),
                f"{small(error['press.hardness'])} N",
            )
        )
    body.sort(key=lambda one: one[0] == "continuous loops")
    how, what = ("`scans:`", "`method:`", "rtol"), ("reactor", "crystallizers", "level of the press", "hardness")
    heads = (*how, "time", "full steps", *what)
    return table("", heads, body)


def studies() -> list[str]:
    """What a run of a study costs on one thread, and what follows for 10,000 on two."""
    rows = {row["name"]: row["values"] for row in (stored("study") or {"rows": []})["rows"]}
    body = []
    for day, told in (
        ("paracetamol_smooth", "smooth"),
        ("paracetamol_startup", "start-up, with its events and refills"),
    ):
        line = [told]
        for method in ("rodas4p", "multirate"):
            one, two = rows[f"{day}, {method}, 1 threads"], rows[f"{day}, {method}, two threads against one"]
            line.append(f"{small(one['cpu_s_per_run'])} s, {small(one['minutes_for_10000_runs_on_2_free_cores'])} min")
            line.append(f"{small(1e3 * two['python_s_per_run'])} ms")
        body.append(tuple(line))
    return table("", ("day", "`rodas4p`", "of that Python", "`multirate`", "of that Python"), body)


def compiled() -> list[str]:
    """CVODE without Python beside the fastest of ours whose median error is no larger."""
    rows = (stored("compiled_cvode") or {"rows": []})["rows"]
    body = []
    for row in rows:
        case, _, told = row["name"].partition(": ")
        name, rival = told.partition(", rtol ")[0], row["values"]
        if name != "compiled CVODE":
            continue
        if "skipped" in rival:
            body.append((case, told.partition("rtol ")[2], "", "gave up", "", ""))
            continue
        line = [case, told.partition("rtol ")[2], f"{rival['error_median']:.1e}", f"{small(rival['min_s'])} s"]
        for ours in ("rodas4p", "multirate"):
            fit = [r for r in rows if r["name"].startswith(f"{case}: {ours}, ")]
            fit = [r for r in fit if r["values"]["error_median"] <= rival["error_median"]]
            best = min(fit, key=lambda r: float(r["values"]["min_s"]), default=None)
            rtol = best and best["name"].partition("rtol ")[2]
            line.append(f"{small(best['values']['min_s'])} s (rtol {rtol})" if best else "none so exact")
        body.append(tuple(line))
    ours = ("`rodas4p` at no larger one", "`multirate` at no larger one")
    return table("", ("day", "CVODE's rtol", "its median error", "its time", *ours), body)


#: Tables in other pages.
TABLES = {"control.md": loops, "studies.md": studies, "numerics.md": compiled}


def with_table(text: str, lines: list[str]) -> str:
    """A page with its table made anew."""
    before, begun, rest = text.partition(BEGUN)
    _, ended, after = rest.partition(ENDED)
    if not begun or not ended:
        raise ValueError("the page has no place for its table")
    return "\n".join([before + BEGUN, "", *lines, ENDED]) + after


if __name__ == "__main__":
    draw_all(COMMITTED)
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    for name, made in TABLES.items():
        path = DOCS / name
        path.write_text(with_table(path.read_text(encoding="utf-8"), made()), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{', '.join([PAGE.name, *TABLES])} written\n")
