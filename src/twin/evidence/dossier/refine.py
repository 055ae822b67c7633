"""The same run with tighter tolerances, finer grids, another integrator, other inputs: what the numbers do then."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.errors import ConfigError, Problem, TwinError
from twin.evidence.dossier.quantities import Origin, evaluate
from twin.results.reader import Run
from twin.run import execute

_CELLS = re.compile(r"^(\s+(?:cells|tanks|stages|segments): )(\d+)$")
_EDGES = re.compile(r"^(\s+edges: )(\[.*\])$")
_LIST = re.compile(r"^(\s+\w+: )(\[.*\])$")
#: How the reader of configurations says that a list has another length than its grid.
_HALF = re.compile(r"has (\d+) (\w+), but this list has (\d+) items")
#: Lists within lists are found after those that hold them.
ROUNDS = 4
#: How much tighter the tolerance is.
TIGHTER = 0.1


class Again:
    """Runs the scenario of a run file again with changes, and gives the quantities."""

    def __init__(self, run: Run, origins: Sequence[Origin], say: Callable[[str], None]) -> None:
        self.text, self.name = run.resolved_yaml, run.path.name
        self.origins, self.say = origins, say
        self.rtol = float(run.attrs["rtol"])

    def __call__(
        self,
        what: str,
        *,
        text: str | None = None,
        set: Mapping[str, Any] | None = None,
        rtol: float | None = None,
        method: str | None = None,
        read: Callable[[Path], Any] | None = None,
    ) -> dict[str, Any]:
        """Run; give `{"values": […], "why": ""}`, or why there are none; `read` says what is read of the run."""
        self.say(what)
        try:
            root = read_text(text or self.text, f"{self.name} (resolved)")
            spec = build_scenario(root, None, "run", set=set or {})
            spec = replace(spec, rtol=rtol or spec.rtol, method=method or spec.method)
            with tempfile.TemporaryDirectory(prefix="twin-dossier-") as folder:
                result = execute(spec, Path(folder) / "run.h5", checkpoint_every=float("inf"))
                if not result.ok:
                    return {"values": None, "why": result.message}
                if read is not None:
                    return {"values": read(result.path), "why": ""}
                with h5py.File(result.path, "r") as file:
                    return {"values": [evaluate(file, origin) for origin in self.origins], "why": ""}
        except (TwinError, KeyError, ValueError) as error:
            return {"values": None, "why": str(error).splitlines()[0][:300]}

    def tighter(self) -> dict[str, Any]:
        """A tolerance a tenth of the run's."""
        return self("the same with a tighter tolerance", rtol=max(1e-13, TIGHTER * self.rtol))

    def finer(self) -> dict[str, Any]:
        """Every grid with twice as many cells, and size classes halved."""
        text, grids = refined(self.text)
        if not grids:
            return {"values": None, "why": "", "none": True}
        return {**self("the same on finer grids", text=text), "grids": grids}

    def crossed(self) -> dict[str, Any]:
        """SUNDIALS CVODE in place of the run's integrator."""
        try:
            import sksundae  # noqa: F401
        except ModuleNotFoundError:
            return {"values": None, "why": "SUNDIALS is not installed: pip install 'continuous-twin[sundials]'"}
        return self("the same with CVODE", method="cvode", rtol=min(self.rtol, 1e-6))

    def sampled(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Quantities of runs with inputs drawn at random, uniform between their bounds, from the plan's seed."""
        count, inputs = int(plan.get("runs", 0)), plan.get("inputs") or []
        generator = np.random.Generator(np.random.Philox(int(plan.get("seed", 0))))
        rows, drawn, failed, why = [], [], 0, ""
        for number in range(count):
            values = {str(row["path"]): generator.uniform(float(row["low"]), float(row["high"])) for row in inputs}
            found = self(f"sample {number + 1} of {count}", set=values)
            if found["values"] is None:
                failed += 1
                why = found["why"]
            else:
                rows.append(found["values"])
                drawn.append(list(values.values()))
        return {"values": rows, "drawn": drawn, "failed": failed, "why": why}

    def disturbed(self, plan: Mapping[str, Any], read: Callable[[Path], Any]) -> list[dict[str, Any]]:
        """Runs with one disturbance each, drawn at random from the plan's seed: an input held off for a while.

        Which input, from when, for how long (uniform in its logarithm) and how far (uniform) are drawn.

        Returns
        -------
        list of dict
            `path`, `at`, `length`, `value`, and what `read` gave of the run, or None and `why`.
        """
        count, inputs = int(plan["runs"]), plan["inputs"]
        generator = np.random.Generator(np.random.Philox(int(plan.get("seed", 0))))
        rows = []
        for number in range(count):
            one = inputs[int(generator.integers(len(inputs)))]
            about = {
                "path": str(one["path"]),
                "at": float(generator.uniform(plan["from"], plan["to"])),
                "length": float(np.exp(generator.uniform(np.log(plan["shortest"]), np.log(plan["longest"])))),
                "value": float(generator.uniform(float(one["low"]), float(one["high"]))),
            }
            event = {"at": about["at"], "hold": {about["path"]: about["value"]}, "for": about["length"]}
            text = with_event(self.text, {**event, "name": "disturbance of the dossier"})
            found = self(f"disturbance {number + 1} of {count}", text=text, read=read)
            rows.append({**about, "read": found["values"], "why": found["why"]})
        return rows


def with_event(text: str, event: Mapping[str, Any]) -> str:
    """A resolved configuration with one event more."""
    lines = text.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("events:"))
    lines[place : place + 1] = ["events:", f"  - {json.dumps(event)}"]
    return "\n".join(lines) + "\n"


def refined(text: str) -> tuple[str, int]:
    """Double the cells of every unit of a resolved configuration, and halve its size classes.

    Initial values given cell by cell become those of both halves; what a size class holds is shared by its halves.

    Returns
    -------
    text, int
        The configuration, and how many grids were refined.
    """
    lines, grids = text.splitlines(), 0
    known: list[list[float]] = []
    for number, line in enumerate(lines):
        if found := _EDGES.match(line):
            known.append(json.loads(found[2]))
            lines[number] = f"{found[1]}{json.dumps(_halved(known[-1]))}"
            grids += 1
        elif found := _CELLS.match(line):
            lines[number] = f"{found[1]}{2 * int(found[2])}"
            grids += 1
    for number, line in enumerate(lines):  # parameters that repeat a grid's edges
        if (found := _LIST.match(line)) and json.loads(found[2]) in known:
            lines[number] = f"{found[1]}{json.dumps(_halved(json.loads(found[2])))}"
    for _ in range(ROUNDS if grids else 0):
        try:
            build_scenario(read_text("\n".join(lines), "refined"), None, "run")
            break
        except ConfigError as error:
            # the last one of a line first, so that the places of the others stay
            for problem in sorted(error.problems, key=lambda p: (p.line, -p.col)):
                _lengthen(lines, problem)
    return "\n".join(lines) + "\n", grids


def _lengthen(lines: list[str], problem: Problem) -> None:
    """Double a list that is half as long as its finer grid, where the reader of configurations says so."""
    found = _HALF.search(problem.detail)
    if problem.title != "wrong length" or not found or int(found[1]) != 2 * int(found[3]):
        return
    line = lines[problem.line - 1]
    values, length = json.JSONDecoder().raw_decode(line[problem.col - 1 :])
    share = 0.5 if found[2] == "bins" else 1.0
    longer = [share * value if isinstance(value, float) else value for value in values for _ in range(2)]
    lines[problem.line - 1] = line[: problem.col - 1] + json.dumps(longer) + line[problem.col - 1 + length :]


def _halved(edges: list[float]) -> list[float]:
    finer = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        finer += [low, (low * high) ** 0.5 if low > 0.0 else 0.5 * (low + high)]
    return [*finer, edges[-1]]
