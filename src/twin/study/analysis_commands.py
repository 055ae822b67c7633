"""What the commands of the analyses do."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.optimising import Batch
    from twin.study.spec import StudySpec


def analyse(arguments: Namespace) -> int:
    """`twin analyse STUDY.h5`"""
    from twin.study.analysing import analyse as found_in
    from twin.study.analysis.needs import AnalysisError
    from twin.study.file import open_study

    if arguments.level is not None and not 0.0 < arguments.level < 1.0:
        raise AnalysisError(f"--level is a probability between 0 and 1, not {arguments.level:g}")
    found = found_in(open_study(arguments.file), arguments.response, arguments.uncertain, arguments.level)
    _write(arguments, found)
    return _give(arguments, found.summary, _analysis)


def _write(arguments: Namespace, found: Any) -> None:
    """Write the page, if asked for."""
    if arguments.out is not None:
        found.summary["page"] = str(found.page.write(arguments.out))


def _give(arguments: Namespace, summary: dict[str, Any], draw: Any) -> int:
    if arguments.json:
        sys.stdout.write(json.dumps({"ok": True, "exit_code": 0, **summary}, allow_nan=False) + "\n")
        return 0
    draw(summary)
    if arguments.out is not None:
        sys.stdout.write(f"\nwrote {arguments.out}\n")
    return 0


def _print(title: str, rows: list[dict[str, Any]]) -> None:
    """Print mappings with the same keys as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from twin.study.analysis.page import shown
    from twin.tables import title_of

    if not rows:
        return
    table = Table(title=title_of(title), title_justify="left", box=None, pad_edge=False)
    for i, key in enumerate(rows[0]):
        table.add_column(key, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*(Text("" if v is None else shown(v)) for v in row.values()))
    console = Console(width=max(Console().width, 100))
    console.print(table)
    console.print()


def _analysis(summary: dict[str, Any]) -> None:
    from twin.study.analysing import morris_rows, pair_rows

    _print("Runs", [{"outcome": name, "runs": count} for name, count in summary["outcomes"].items()])
    good = {name: row for name, row in summary["responses"].items() if "error" not in row}
    for name, row in summary["responses"].items():
        if "error" in row:
            sys.stdout.write(f"{name}: {row['error']}\n")
    keys = ("unit", "runs", "mean", "std", "min", "max")
    _print("Responses", [{"response": name, **{key: row[key] for key in keys}} for name, row in good.items()])
    rows = []
    for name, row in good.items():
        if "q2" in row.get("surrogate", {}):
            q2 = row.get("surface", {}).get("q2")
            rows.append({"response": name, "surface": q2, "surrogate": row["surrogate"]["q2"]})
    _print("Variance of runs left out that is explained", rows)
    for name, row in good.items():
        if "mu" in row.get("morris", {}):
            _print(f"Elementary effects on {name} over the ranges (Morris)", morris_rows(row["morris"]))
    rows = []
    for name, row in good.items():
        sobol = row.get("sobol", {})
        for i, factor in enumerate(sobol.get("factors", [])):
            rows.append(
                {
                    "response": name,
                    "factor": factor,
                    "alone": sobol["first"][i],
                    "±": sobol["first_interval"][i],
                    "in all": sobol["total"][i],
                    "± ": sobol["total_interval"][i],
                }
            )
    direct = any(row.get("sobol", {}).get("of", "").startswith("the runs") for row in good.values())
    _print(f"Sobol' indices of the {'runs' if direct else 'surrogates'}, 95 % intervals", rows)
    for name, row in good.items():
        sobol = row.get("sobol", {})
        pairs = pair_rows(sobol.get("factors", []), sobol.get("second"), sobol.get("second_interval"))
        _print(f"Pairs of factors on {name}, beyond each alone", pairs)
    asked = ("mean", "deviation", "low", "high", "cp", "cpk", "cpk_interval", "ppm_normal")
    judged = {name: row["capability"] for name, row in good.items() if "cpk" in row.get("capability", {})}
    _print("Capability", [{"response": name, **{key: row[key] for key in asked}} for name, row in judged.items()])
    if summary["limits"] is not None:
        _print("Runs that miss a limit", [summary["limits"]])
    _space(summary["design_space"])


def _space(space: dict[str, Any] | None) -> None:
    if space is None:
        return
    if space["box"] is None:
        sys.stdout.write(f"Nowhere are all limits met with a probability of {space['level']:g}.\n")
        return
    box, one = space["box"], space.get("one_factor", {})
    rows = []
    for i, name in enumerate(space["factors"]):
        row = {"factor": name, "from": box["low"][i], "to": box["high"][i]}
        if "low" in one:
            row |= {"alone from": one["low"][i], "alone to": one["high"][i]}
        rows.append(row)
    _print(f"Acceptable together, with a probability of {space['level']:g}", rows)
    if "failing" in one:
        sys.stdout.write(
            f"Taken together, the ranges of one factor at a time fail in {100.0 * one['failing']:.1f} % of their box.\n"
        )


def optimise(arguments: Namespace) -> int:
    """`twin optimise FILE`"""
    from twin.study.optimising import load_optimisation, run_optimisation

    spec = load_optimisation(arguments.file)
    with _batch(arguments, spec.study, "optimise") as batch:
        found = run_optimisation(spec, batch=batch)
        _write(arguments, found)
    code = _give(arguments, found.summary, _optimisation)
    return code if len(found.found.x) else 1


def explore(arguments: Namespace) -> int:
    """`twin explore FILE`"""
    from twin.study.exploring import load_exploration, run_exploration

    spec = load_exploration(arguments.file)
    with _batch(arguments, spec.study, "explore") as batch:
        found = run_exploration(spec, batch=batch)
        _write(arguments, found)
    code = _give(arguments, found.summary, _exploration)
    return code if found.summary["design_space"]["box"] is not None else 1


@contextmanager
def _batch(arguments: Namespace, study: StudySpec, kind: str) -> Iterator[Batch]:
    """Lend what makes the runs of a search; they are kept in a log until it has ended, and in a study's file."""
    from twin.study.kept import keeping, place_of
    from twin.study.optimising import Batch
    from twin.study.progress import Lines, Watch

    place = place_of(arguments, kind, study.name)
    watch = Watch() if arguments.quiet else Lines()
    batch = Batch(study, arguments.workers, watch)
    with keeping(place, batch.identity(), arguments.resume, watch) as batch.kept:
        yield batch
        if arguments.runs is not None and batch.made:
            batch.write(Path(arguments.runs), {"kind": kind})


def estimate(arguments: Namespace) -> int:
    """`twin estimate FILE`"""
    from twin.study.estimate_reading import load_estimation
    from twin.study.estimating import identity_of, models_of, run_estimation
    from twin.study.kept import keeping, place_of
    from twin.study.progress import Lines, Watch

    spec = load_estimation(arguments.file)
    place = place_of(arguments, "estimate", spec.experiments[0].study.name)
    watch = Watch() if arguments.quiet else Lines()
    models = models_of(spec, arguments.workers)
    with keeping(place, identity_of(spec, models), arguments.resume, watch) as kept:
        for model in models:
            model.kept, model.watch = kept, watch
        watch.begin(0, kept.found, kept.failed)
        try:
            found = run_estimation(spec, models=models)
        finally:
            watch.end()
        _write(arguments, found)
    return _give(arguments, found.summary, _estimation)


def _optimisation(summary: dict[str, Any]) -> None:
    runs = f"{summary['evaluations']} evaluations, {summary['feasible']} keep all constraints, {summary['failed']} "
    sys.stdout.write(f"{summary['title']}: {runs}of {summary['runs']} runs failed. {summary['message']}\n\n")
    units = summary["units"]
    best = summary["best"]
    if len(best) == 1:
        _print("Best", [{"": name, "value": v, "unit": units.get(name, "")} for name, v in best[0].items()])
    else:
        _print("Front", best)


def _exploration(summary: dict[str, Any]) -> None:
    sys.stdout.write(
        f"{summary['title']}: {summary['runs']} runs, {summary['failed']} failed; of "
        f"{100.0 * summary['undecided']:.1f} % of the candidates it is not certain whether they keep the limits.\n\n"
    )
    _space(summary["design_space"])


def _estimation(summary: dict[str, Any]) -> None:
    if "ranks" in summary:
        _print(f"{summary['title']}: models, the best by AICc first", summary["ranks"])
        for one in summary["models"]:
            _estimation(one)
        return
    _print(summary["title"], summary["parameters"])
    for note in summary["identifiability"]:
        sys.stdout.write(f"{note}\n")
    told = ", ".join(f"{name} {value:.5g}" for name, value in summary["criteria"].items() if value is not None)
    sys.stdout.write(f"{summary['n']} data, weighted sum of squares {summary['squares']:.6g}; {told}\n")
