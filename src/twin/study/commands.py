"""What `twin study` does."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.study.engines import Engine, Plan
    from twin.study.spec import StudySpec


def study(arguments: Namespace) -> int:
    """`twin study STUDY`"""
    from twin.study.engines import plan_of
    from twin.study.reading import load_study

    if arguments.workers is not None and arguments.workers < 1:
        raise UsageError(f"--workers is a number from 1 on, not {arguments.workers}")
    if arguments.workers is not None and arguments.cluster:
        raise UsageError("--workers are threads here; a cluster has its own")
    spec = load_study(arguments.file)
    plan = plan_of(spec)
    if arguments.row is not None:
        return _row(arguments, spec, plan)
    if arguments.check:
        return _check(arguments, spec, plan)
    if not arguments.quiet:
        for note in spec.notes:
            _tell(f"note: {note}")
    return _run(arguments, spec, plan)


def _run(arguments: Namespace, spec: StudySpec, plan: Plan) -> int:
    from twin.study.execute import execute
    from twin.study.progress import Lines, Watch

    engine = _engine(arguments, spec)
    path = _place(arguments, spec)
    if not arguments.quiet:
        _tell(f"{spec.title}: {len(plan.X)} runs of {len(spec.factors)} factors, {engine.description}")
    done = execute(
        spec,
        path,
        engine,
        resume=arguments.resume,
        keep_going=arguments.keep_going,
        watch=Watch() if arguments.quiet else Lines(),
    )
    if arguments.json:
        _json(
            {
                "ok": done.exit_code == 0,
                "exit_code": done.exit_code,
                "file": str(path),
                "study": spec.name,
                "runs": len(plan.X),
                "ran": done.ran,
                "resumed": done.resumed,
                "outcomes": done.outcomes,
                "wall_s": done.wall,
                "content_hash": done.content_hash,
                "warnings": done.warnings,
            }
        )
    else:
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(done.outcomes.items()))
        _say(f"{path}: {len(plan.X)} runs ({told}) in {done.wall:.1f} s\n{done.content_hash}")
        for warning in done.warnings:
            _tell(f"warning: {warning}")
    return done.exit_code


def _engine(arguments: Namespace, spec: StudySpec) -> Engine:
    if arguments.cluster:
        from twin.study.cluster import Cluster

        return Cluster(spec, arguments.cluster)
    from twin.study.engines import Threads

    return Threads(spec, arguments.workers)


def _place(arguments: Namespace, spec: StudySpec) -> Path:
    """Where the file goes; of a study that goes on, where its log stands."""
    from twin.results.files import FileProblem
    from twin.run import free_path
    from twin.study.log import SUFFIX, head

    if arguments.resume and arguments.out and Path(arguments.out).is_file():
        raise FileProblem(f"{arguments.out} is there already: nothing of that study is missing")
    if not arguments.resume or arguments.out:
        path = free_path(arguments.out, spec.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
    logs = sorted(Path("runs").glob(f"{spec.name}-*.h5{SUFFIX}"), key=lambda log: log.stat().st_mtime, reverse=True)
    for log in logs:
        if (head(log) or {}).get("name") == spec.name:
            return log.with_name(log.name.removesuffix(SUFFIX))
    raise FileProblem(f"there is no study {spec.name} in ./runs to go on with; name its file with --out")


def _check(arguments: Namespace, spec: StudySpec, plan: Plan) -> int:
    rows: list[dict[str, Any]] = []
    for i, factor in enumerate(spec.factors):
        column, values = factor.column, plan.X[:, i]
        rows.append(
            {
                "factor": column.name,
                "unit": column.unit,
                "targets": list(column.targets),
                "distribution": dict(column.distribution),
                "least": float(values.min()),
                "greatest": float(values.max()),
            }
        )
    if arguments.json:
        responses = [{"response": r.column.name, "unit": r.column.unit} for r in spec.responses]
        told = {"study": spec.name, "runs": len(plan.X), "notes": list(spec.notes)}
        _json({"ok": True, "exit_code": 0, **told, "factors": rows, "responses": responses})
        return 0
    points = int(plan.points[-1]) + 1
    copies = f" × {spec.replicates} replicates" if spec.replicates > 1 else ""
    _say(f"{spec.title}: {spec.design['kind']}, {points} rows{copies} = {len(plan.X)} runs")
    for row in rows:
        _say(f"  {row['factor']} [{row['unit']}]: {row['least']:.6g} to {row['greatest']:.6g}")
    _say("keeps " + ", ".join(f"{r.column.name} [{r.column.unit}]" for r in spec.responses))
    for note in spec.notes:
        _say(f"note: {note}")
    return 0


def _row(arguments: Namespace, spec: StudySpec, plan: Plan) -> int:
    """Make one run of the study into an ordinary run file."""
    from twin.progress import shown
    from twin.run import run
    from twin.study.runner import values_into

    if not 0 <= arguments.row < len(plan.X):
        raise UsageError(f"the study has runs 0 to {len(plan.X) - 1}; there is no run {arguments.row}")
    _, scenario = values_into(spec, plan.X[arguments.row], int(plan.seeds[arguments.row]))
    with shown(arguments.quiet or arguments.json) as progress:
        result = run(scenario, arguments.out, parallel=True, progress=progress)
    if arguments.json:
        told = {"file": str(result.path), "outcome": result.outcome, "message": result.message}
        _json({"ok": result.ok, "exit_code": result.exit_code, **told, "content_hash": result.content_hash})
    else:
        _say(f"{result.path}: {result.message}")
    return result.exit_code


def dataset(arguments: Namespace) -> int:
    """`twin dataset STUDY`"""
    from twin.study.dataset import make, same
    from twin.study.progress import Lines, Watch
    from twin.study.reading import load_study

    if arguments.workers < 0:
        raise UsageError(f"--workers is a number from 1 on, not {arguments.workers}")
    if arguments.out and arguments.verify:
        raise UsageError("--verify makes no new folder: leave --out away")
    spec = load_study(arguments.file)
    watch = Watch() if arguments.quiet or arguments.json else Lines()
    if arguments.verify:
        stored, computed, again = same(spec, Path(arguments.verify), arguments.workers, watch)
        ok = stored == computed == again
        reason = "" if ok else "has been changed" if stored != computed else "is not what this study makes here and now"
        if arguments.json:
            hashes = {"stored": stored, "computed": computed, "again": again}
            _json({"ok": ok, "exit_code": 0 if ok else 1, **hashes, "reason": reason})
        else:
            _say(f"{arguments.verify}: {'the same, made again' if ok else reason}\n{again}")
        return 0 if ok else 1
    folder = Path(arguments.out) if arguments.out else Path("runs") / f"{spec.name}-dataset"
    if not arguments.out:
        folder.parent.mkdir(exist_ok=True)
    made = make(spec, folder, arguments.workers, watch)
    ok = bool(made.outcomes.get("finished"))
    if arguments.json:
        told = {"folder": str(folder), "splits": made.splits, "outcomes": made.outcomes}
        _json({"ok": ok, "exit_code": 0 if ok else 1, **told, "content_hash": made.content_hash})
    else:
        count = ", ".join(f"{n} {name}" for name, n in made.splits.items())
        _say(f"{folder}: {sum(made.splits.values())} runs ({count})\n{made.content_hash}")
    return 0 if ok else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _json(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
