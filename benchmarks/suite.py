"""All benchmarks behind one door: what there is, and each run in a process of its own. `twin bench` is this.

    python -m benchmarks.suite [NAME…] [--quick] [--out FOLDER]

A benchmark is a file of this folder with a `main`; its question is the first line of its text. One that needs a
package which is not installed is skipped, and says which. Results go to FOLDER, one JSON file each with the
environment, figures of those that have one, and `summary.json`; without FOLDER the committed ones are replaced,
unless they are short forms (`--quick`).
"""

from __future__ import annotations

import ast
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.packages import others

FOLDER = Path(__file__).parent
#: Exit code of a benchmark that cannot be run here.
SKIP = 77
#: What the short form of a benchmark is asked for with, where it is not `--quick`.
SHORT: dict[str, tuple[str, ...]] = {
    "control_loops": ("--periods", "60", "--repeats", "1", "--until", "1800"),
    "diversion": ("2",),
    "monitoring": (),
    "scenarios": ("two_tanks",),
    "study": (),
    "tuning": ("--judge",),
    "turret": (),
    "dossier": (),
    "dyssol": (),
}
#: Those that have no short form and take more than a few minutes: left out of `all --quick`.
LONG = ("monitoring", "study", "tuning", "verifier")


@dataclass(frozen=True)
class Benchmark:
    """One file of this folder.

    Attributes
    ----------
    name : str
        Of the file.
    question : str
        What it answers.
    """

    name: str
    question: str


def benchmarks() -> dict[str, Benchmark]:
    """Everything that can be run, by name; nothing is imported for it."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if "main" in functions and path.stem != Path(__file__).stem:
            found[path.stem] = Benchmark(path.stem, (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " "))
    return found


def arguments_of(name: str, quick: bool) -> tuple[str, ...]:
    """What a benchmark is started with."""
    return SHORT.get(name, ("--quick",)) if quick else ()


def started(name: str, quick: bool) -> list[str]:
    """The command of a benchmark's process."""
    return [sys.executable, "-m", "benchmarks.suite", "--one", name, *arguments_of(name, quick)]


def carry_out(names: Sequence[str], *, quick: bool = False, out: Path | None = None) -> list[dict[str, Any]]:
    """Run benchmarks one after another; a failing one does not keep the others.

    Returns
    -------
    list of dict
        `name`, `outcome` (done, skipped, failed), `seconds` of the clock, `reason`.
    """
    if quick and out is None:  # what short forms store goes with this folder
        with tempfile.TemporaryDirectory() as folder:
            return carry_out(names, quick=True, out=Path(folder))
    environment = dict(os.environ)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        environment["TWIN_BENCH_OUT"] = str(out.resolve())
    root = FOLDER.parent
    environment["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root), environment.get("PYTHONPATH", "")])
    rows = []
    for name in names:
        sys.stdout.write(f"== {name}\n")
        sys.stdout.flush()
        began = time.perf_counter()
        code, said = streamed(started(name, quick), root, environment)
        seconds = time.perf_counter() - began
        outcome = {0: "done", SKIP: "skipped"}.get(code, "failed")
        reason = "" if outcome == "done" else (said.strip().splitlines() or [f"exit code {code}"])[-1]
        if outcome == "failed":
            sys.stderr.write(said)
        sys.stdout.write(f"== {name}: {outcome} in {seconds:.1f} s{f' ({reason})' if reason else ''}\n\n")
        rows.append({"name": name, "outcome": outcome, "seconds": seconds, "reason": reason})
    if out is not None:
        from benchmarks.harness import environment as described
        from benchmarks.plots import draw_all

        summary = {"environment": described(), "quick": quick, "benchmarks": rows}
        (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        draw_all(out)
    return rows


def streamed(command: Sequence[str], root: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command, its lines written on as they come; its exit code, and what it said of errors."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": errors, "text": True, "encoding": "utf-8"}
        with subprocess.Popen(command, cwd=root, env=environment, **pipes) as process:
            for line in process.stdout or ():
                sys.stdout.write(line)
                sys.stdout.flush()
            code = process.wait()
        errors.seek(0)
        return code, errors.read()


def lacking(error: BaseException | None) -> str:
    """The module for want of which an error arose, told outright or by an error of Twin's; none where it is ours."""
    while error is not None and not isinstance(error, ModuleNotFoundError):
        error = error.__cause__ or error.__context__
    return str(error.name) if error is not None and others(error) else ""


def one(name: str, arguments: Sequence[str]) -> int:
    """Run one benchmark in this process; a missing package is a reason to skip it."""
    from benchmarks.harness import Skipped

    sys.argv = [f"benchmarks.{name}", *arguments]
    try:
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    except Skipped as reason:
        sys.stderr.write(f"{reason}\n")
        return SKIP
    except Exception as error:
        missing = lacking(error)
        if not missing:
            raise
        sys.stderr.write(f"needs {missing}, which is not installed\n")
        return SKIP
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run what the command line names, or list what there is."""
    if arguments[:1] == ["--one"]:
        return one(arguments[1], arguments[2:])
    top = ArgumentParser(prog="benchmarks.suite", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    top.add_argument("names", nargs="*", metavar="NAME")
    top.add_argument("--quick", action="store_true")
    top.add_argument("--out", type=Path, metavar="FOLDER")
    given = top.parse_args(arguments)
    known = benchmarks()
    if not given.names:
        for benchmark in known.values():
            sys.stdout.write(f"{benchmark.name:<20s} {benchmark.question}\n")
        return 0
    rows = carry_out(given.names, quick=given.quick, out=given.out)
    return 1 if any(row["outcome"] == "failed" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
