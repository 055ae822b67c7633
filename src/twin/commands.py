"""What each `twin` command does. Imports live inside, so that a command loads only what it needs."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.run import RunResult

#: Warnings shown after a run.
MOST_WARNINGS = 8
#: What `twin demo` runs.
DEMO = "paracetamol_startup"


def check(arguments: Namespace) -> int:
    """`twin check FILE`"""
    from twin.config import check as check_file

    problems = check_file(arguments.file)
    if arguments.json:
        rows = [
            {"file": p.file, "line": p.line, "column": p.col, "title": p.title, "detail": p.detail} for p in problems
        ]
        _json({"ok": not problems, "exit_code": 2 if problems else 0, "problems": rows})
    elif problems:
        from twin.errors import ConfigError

        raise ConfigError(problems)
    else:
        _say(f"{arguments.file}: nothing wrong")
    return 2 if problems else 0


def show(arguments: Namespace) -> int:
    """`twin show SCENARIO`"""
    from functools import partial

    from twin.config.paths import written
    from twin.schedule.rehearsal import rehearse
    from twin.schedule.segments import conditions, run_end, segments

    scenario = _load(arguments)
    if arguments.resolved:
        from twin.config import resolved_yaml

        sys.stdout.write(resolved_yaml(scenario))
        return 0
    end = run_end(scenario)
    say = partial(written, scenario.plant)
    rehearsal = rehearse(scenario, end)
    plan = segments(scenario.events, scenario.latches, end, say, rehearsal.actions)
    guarded = conditions(scenario.latches, say)
    if arguments.json:
        _json(
            {
                "ok": True,
                "exit_code": 0,
                "scenario": scenario.name,
                "plant": scenario.plant.name,
                "end": end,
                "segments": [{"start": s.start, "end": s.end, "causes": list(s.causes)} for s in plan],
                "conditions": [{"guard": c.guard, "direction": c.direction, "causes": list(c.causes)} for c in guarded],
            }
        )
        return 0
    from twin.tables import show_plan

    show_plan(scenario, plan, guarded, end, arguments.rows)
    if rehearsal.known_until <= end:
        from twin.progress import clock

        _say(f"\nWhat processes do from {clock(rehearsal.known_until)} on depends on the plant.")
    return 0


def run(arguments: Namespace) -> int:
    """`twin run SCENARIO`, `twin run --resume [PARTIAL]`, `twin run --from RUN --at TIME`"""
    if arguments.resume is not None or arguments.parent is not None:
        from twin.again_commands import go_on

        return _report_run(arguments, go_on(arguments))
    if arguments.scenario is None:
        raise UsageError("twin run needs a SCENARIO, or --resume, or --from RUN. See: twin run --help")
    if arguments.at is not None:
        raise UsageError("--at is the time of a fork: it needs --from RUN")
    scenario = _load(arguments)
    if not arguments.quiet:
        from twin.again_commands import offer

        offer(scenario.name, arguments.out)
    return _report_run(arguments, _run(arguments, scenario))


def compare(arguments: Namespace) -> int:
    """`twin compare A B`, `twin compare RUN data.csv --map tags.yaml`"""
    from twin.compare_commands import compare as carry_out

    return carry_out(arguments)


def bench(arguments: Namespace) -> int:
    """`twin bench [NAME…]`"""
    from twin.bench_commands import bench as carry_out

    return carry_out(arguments)


def verify(arguments: Namespace) -> int:
    """`twin verify FILE`"""
    from twin.evidence.commands import verify as carry_out

    return carry_out(arguments)


def finalise(arguments: Namespace) -> int:
    """`twin finalise FILE`"""
    from twin.evidence.commands import finalise as carry_out

    return carry_out(arguments)


def sign(arguments: Namespace) -> int:
    """`twin sign FILE --key KEY --as MEANING`"""
    from twin.evidence.commands import sign as carry_out

    return carry_out(arguments)


def dossier(arguments: Namespace) -> int:
    """`twin dossier new|register|build|verify`"""
    from twin.evidence.commands import dossier as carry_out

    return carry_out(arguments)


def qualify(arguments: Namespace) -> int:
    """`twin qualify iq|oq`"""
    from twin.evidence.qualify.commands import qualify as carry_out

    return carry_out(arguments)


def evidence(arguments: Namespace) -> int:
    """`twin evidence key|log|note|zipapp`"""
    from twin.evidence.commands import evidence as carry_out

    return carry_out(arguments)


def analyse(arguments: Namespace) -> int:
    """`twin analyse STUDY`"""
    from twin.study.analysis_commands import analyse as carry_out

    return carry_out(arguments)


def study(arguments: Namespace) -> int:
    """`twin study STUDY`"""
    from twin.study.commands import study as carry_out

    return carry_out(arguments)


def dataset(arguments: Namespace) -> int:
    """`twin dataset STUDY`"""
    from twin.study.commands import dataset as carry_out

    return carry_out(arguments)


def trace(arguments: Namespace) -> int:
    """`twin trace RUN|SCENARIO`"""
    from twin.trace.commands import trace as carry_out

    return carry_out(arguments)


def optimise(arguments: Namespace) -> int:
    """`twin optimise FILE`"""
    from twin.study.analysis_commands import optimise as carry_out

    return carry_out(arguments)


def explore(arguments: Namespace) -> int:
    """`twin explore FILE`"""
    from twin.study.analysis_commands import explore as carry_out

    return carry_out(arguments)


def estimate(arguments: Namespace) -> int:
    """`twin estimate FILE`"""
    from twin.study.analysis_commands import estimate as carry_out

    return carry_out(arguments)


def demo(arguments: Namespace) -> int:
    """`twin demo`"""
    from twin.config import load_scenario

    scenario = load_scenario(DEMO, until=arguments.until)
    if not arguments.json and not arguments.quiet:
        _say(f"{scenario.title} ({scenario.name}): a whole plant, from reactor to tablet. Its results are synthetic.")
    arguments.out = arguments.solver = arguments.rtol = None
    arguments.no_table = False
    result = _run(arguments, scenario)
    code = _report_run(arguments, result)
    if not arguments.json:
        shown = _short(result.path)
        _say(f"\nNext:\n  twin view {shown}      look at it in the browser\n  twin report {shown}    its key figures")
    return code


def steady(arguments: Namespace) -> int:
    """`twin steady PLANT|SCENARIO`"""
    from twin.plant import compile_plant
    from twin.steady import report as told
    from twin.steady.state import steady as solve

    plant = compile_plant(told.load(arguments.name, arguments.set))
    found = solve(plant, nearest=arguments.nearest)
    data = told.as_dict(plant, found)
    if arguments.out:
        told.write(Path(arguments.out), data)
    if arguments.json:
        _json(data)
    else:
        from rich.console import Console

        from twin.results.report import WIDTH

        console = Console()
        (console if console.width >= WIDTH else Console(width=WIDTH)).print(told.render(plant, found))
    return int(data["exit_code"])


def linearise(arguments: Namespace) -> int:
    """`twin linearise PLANT|SCENARIO|RUN`"""
    from twin.control.linear.commands import linearise as carry_out

    return carry_out(arguments)


def loops(arguments: Namespace) -> int:
    """`twin loops NAME`"""
    from twin.control.loop_commands import run_loops

    return run_loops(arguments)


def tune(arguments: Namespace) -> int:
    """`twin tune SCENARIO LOOP…`"""
    from twin.control.tuning.commands import tune as carry_out

    return carry_out(arguments)


def replay(arguments: Namespace) -> int:
    """`twin replay SCENARIO DATA --map FILE`"""
    from twin.control.estimation.commands import replay as carry_out

    return carry_out(arguments)


def monitor(arguments: Namespace) -> int:
    """`twin monitor RUN…`"""
    from twin.control.monitoring.commands import monitor as carry_out

    return carry_out(arguments)


def report(arguments: Namespace) -> int:
    """`twin report FILE`"""
    from twin.results.reader import open_run
    from twin.results.report import report as report_of

    figures = report_of(open_run(arguments.file))
    if arguments.json:
        _json({"ok": True, "exit_code": 0, **figures})
    else:
        from rich.console import Console

        from twin.results.report import WIDTH, render

        console = Console()
        # a narrower terminal breaks the lines by itself, which harms no number
        console = console if console.width >= WIDTH else Console(width=WIDTH)
        console.print(render(figures))
    return 0


def models(arguments: Namespace) -> int:
    """`twin models [NAME]`"""
    from twin import library

    if arguments.name is None:
        rows = library.summaries()
        if arguments.json:
            _json({"ok": True, "exit_code": 0, "models": rows})
        else:
            from twin.tables import show_library

            show_library(rows)
        return 0
    model = library.describe(arguments.name)
    if arguments.json:
        _json({"ok": True, "exit_code": 0, **model})
    else:
        from twin.tables import show_model

        show_model(model)
    return 0


def schema(arguments: Namespace) -> int:
    """`twin schema [plant|scenario]`"""
    from twin.schema import schema as make

    text = json.dumps(make(arguments.kind), indent=1, ensure_ascii=False)
    if arguments.out:
        Path(arguments.out).write_text(text + "\n", encoding="utf-8")
    else:
        _say(text)
    return 0


def new(arguments: Namespace) -> int:
    """`twin new unit|plant|scenario NAME`"""
    from twin.new import new_plant, new_scenario, new_unit

    here = Path.cwd()
    if arguments.kind == "unit":
        written = new_unit(arguments.name, here)
    elif arguments.kind == "plant":
        written = new_plant(arguments.name, here)
    else:
        written = new_scenario(arguments.name, here, arguments.plant)
    for path in written.paths:
        _say(f"wrote {_short(path)}")
    _say("\nNext:")
    for line in written.next:
        _say(f"  {line}")
    return 0


def view(arguments: Namespace) -> int:
    """`twin view [RUN…|FOLDER]`"""
    from twin.packages import others
    from twin.results.reader import open_run

    paths = [Path(name) for name in arguments.files or ["runs"]]
    if len(paths) == 1 and not paths[0].is_dir():
        open_run(paths[0])  # says what is wrong with the file before anything is imported
    try:
        from dashboard.app import serve
    except ModuleNotFoundError as error:
        package = others(error)
        if not package:
            raise
        raise UsageError(
            f"twin view needs {package}, which comes with: pip install 'continuous-twin[dashboard]'"
        ) from None
    serve(
        paths,
        port=arguments.port,
        host=arguments.host,
        browser=not arguments.no_browser,
        review=arguments.review,
        token=arguments.token,
    )
    return 0


def log_unexpected(error: BaseException) -> Path:
    """Write an unexpected error's traceback where a report can quote it."""
    import traceback
    from datetime import UTC, datetime

    import platformdirs

    folder = platformdirs.user_log_path("continuous-twin", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"twin-{datetime.now(UTC):%Y%m%dT%H%M%S}.log"
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return path


def _load(arguments: Namespace) -> ScenarioSpec:
    from twin.config import load_scenario

    return load_scenario(arguments.scenario, set=arguments.set, until=arguments.until)


def _run(arguments: Namespace, scenario: ScenarioSpec) -> RunResult:
    from twin.progress import shown
    from twin.run import run

    with shown(arguments.quiet) as progress:
        return run(
            scenario,
            out=arguments.out,
            method=arguments.solver,
            rtol=arguments.rtol,
            table=not arguments.no_table,
            parallel=True,
            progress=progress,
        )


def _report_run(arguments: Namespace, result: RunResult) -> int:
    if arguments.json:
        _json(
            {
                "ok": result.ok,
                "exit_code": result.exit_code,
                "file": str(result.path),
                "outcome": result.outcome,
                "message": result.message,
                "warnings": list(result.warnings),
                "plant_time": result.t,
                "wall_time": result.wall,
                "content_hash": result.content_hash,
                "statistics": result.statistics,
            }
        )
    else:
        from twin.progress import clock, speed

        took = f"{clock(result.t)} of plant time in {result.wall:.2f} s ({speed(result.t, result.wall)})"
        _say(f"{result.message}\n{_short(result.path)}: {took}")
        for warning in result.warnings[:MOST_WARNINGS]:
            _say(f"warning: {warning}")
        if len(result.warnings) > MOST_WARNINGS:
            _say(f"warning: {len(result.warnings) - MOST_WARNINGS} more; all are in the file's /alarms")
    return result.exit_code


def _short(path: Path) -> str:
    """Name a file as the user would type it here."""
    path = Path(path).absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _say(text: str) -> None:
    """Print a line on standard output."""
    sys.stdout.write(f"{text}\n")


def _json(value: dict[str, Any]) -> None:
    _say(json.dumps(value, allow_nan=False, default=_plain))


def _plain(value: Any) -> Any:
    """Numpy's numbers and arrays as JSON's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
