"""Checks of the operation. Each gives a sentence, or raises `Failed` with one."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.config import check, load_scenario
from twin.errors import ConfigError
from twin.evidence.chain import log_of, read
from twin.evidence.findings import Kind
from twin.evidence.qualify.installation import Failed
from twin.evidence.verify import verify
from twin.results.reader import Run, open_run
from twin.run import run

REFERENCES = Path(__file__).with_name("references.json")
#: Scenarios whose results are compared, and how far they are run.
SCENARIOS = {
    "two_tanks": "20 min",
    "paracetamol_startup": "10 h",
    "paracetamol_recycle_day": "10 h",
    "direct_compression_day": "1 h",
    "wet_granulation_day": "30 min",
    "dry_granulation_day": "30 min",
    "two_step_day": "12 h",
    "cadet_growth": "5 h",
    "cadet_tube_startup": "600 s",
}
#: Largest difference from a reference, relative to the largest value of the variable in the run.
ALLOWED = 1e-3
TANKS = """\
twin: 1
duration: 600 s
record: 10 s
solver: {rtol: 1e-8}
plant:
  twin: 1
  fluids: [water]
  units:
    first: {model: piping.tank, params: {tau: 60 s, V_weir: 10 L}, initial: {V: 16 L, T: 290 K, w: {water: 1}}}
    second: {model: piping.tank, params: {tau: 60 s, V_weir: 10 L}, initial: {V: 16 L, T: 290 K, w: {water: 1}}}
  feeds:
    warm: {T: 310 K, m_flow: {water: 0.1 kg/s}}
  connections:
    - warm -> first.feed
    - first.product -> second.feed
    - second.product -> drain
  products: [drain]
"""
#: Steady volumes first, then the step of the feed's temperature.
SETTLE, STEP = 3000.0, "events:\n  - {at: 3000 s, set: {warm.T: 310 K}, name: warm}\n"


class Workshop:
    """A folder for the runs of one qualification; each scenario is run once."""

    def __init__(self, folder: Path, scenarios: dict[str, str]) -> None:
        self.folder, self.scenarios = folder, scenarios
        self._runs: dict[str, Run] = {}

    def shipped(self, name: str) -> Run:
        """A shipped scenario, shortened; run when it is asked for first."""
        if name not in self._runs:
            result = run(name, self.folder / f"{name}.h5", until=self.scenarios[name], checkpoint_every=math.inf)
            if not result.ok:
                raise Failed(f"{name} did not reach its end: {result.message}")
            self._runs[name] = open_run(result.path)
        return self._runs[name]


@contextmanager
def workshop(scenarios: dict[str, str]) -> Iterator[Workshop]:
    """Lend a folder."""
    with tempfile.TemporaryDirectory(prefix="twin-oq-") as folder:
        yield Workshop(Path(folder), scenarios)


def plants_are_read(work: Workshop) -> str:
    """Every file in plant_configs and scenarios."""
    count = 0
    for package in ("plant_configs", "scenarios"):
        for file in sorted(resources.files(package).iterdir(), key=lambda item: item.name):
            if file.name.endswith(".yaml"):
                count += 1
                with resources.as_file(file) as path:
                    problems = check(str(path))
                if problems:
                    raise Failed(f"{file.name}: {problems[0].title}")
    if not count:
        raise Failed("no plant or scenario is installed")
    return f"{count} files without a problem"


def mistakes_are_refused(work: Workshop) -> str:
    """A misspelt key, a wrong unit, a missing connection: each with line and column."""
    text = TANKS
    for right, wrong in (("tau: 60 s", "tua: 60 s"), ("tau: 60 s", "tau: 60 kg"), ("first.feed", "frist.feed")):
        path = work.folder / "wrong.yaml"
        path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
        problems = check(str(path))
        if not problems or not problems[0].line:
            raise Failed(f"'{wrong}' was not refused with its place")
        try:
            run(str(path), work.folder / "wrong.h5")
        except ConfigError:
            continue
        raise Failed(f"a plant with '{wrong}' was run")
    return "three mistakes refused with line and column, nothing was run"


def tanks_in_series(work: Workshop) -> str:
    """Erlang's response to a step of the temperature, both tanks, to 1e-6."""
    text = TANKS.replace("T: 310 K", "T: 290 K").replace("duration: 600 s", f"duration: {SETTLE + 600:g} s") + STEP
    path = work.folder / "tanks.yaml"
    path.write_text(text, encoding="utf-8")
    found = open_run(run(str(path), work.folder / "tanks.h5", checkpoint_every=math.inf).path)
    later = found.time >= SETTLE
    time = found.time[later] - SETTLE
    masses = [float(found.get(f"{unit}.holdup.fluids[water]")[later][0]) for unit in ("first", "second")]
    rate = 0.1 / masses[0]
    if not math.isclose(masses[0], masses[1], rel_tol=1e-9):
        raise Failed(f"equal tanks hold {masses[0]!r} and {masses[1]!r} kg")
    volume = float(found.get("first.V")[later][0])
    above = 60.0 * 0.1 * volume / masses[0]  # what flows in 60 s stands above the weir, but for its rounded lip
    if not math.isclose(volume, 0.010 + above - (1e-3 * 0.010) ** 2 / (4.0 * above), rel_tol=1e-7):
        raise Failed(f"{volume:.9g} m3 stand in the tank, of which {above:.9g} above 10 L")
    theta = rate * time
    worst = 0.0
    for unit, expected in (("first", np.exp(-theta)), ("second", np.exp(-theta) * (1.0 + theta))):
        left = (310.0 - found.get(f"{unit}.T")[later]) / 20.0
        worst = max(worst, float(np.max(np.abs(left - expected))))
    if not worst < 1e-6:
        raise Failed(f"the step response differs from Erlang's by {worst:.2g}, more than 1e-6")
    return f"step responses of one and two tanks within {worst:.1e}"


def balances(work: Workshop) -> str:
    """Of every scenario, by the solver's integrals, to the limit by which a run judges itself."""
    worst, where = 0.0, ""
    for name in work.scenarios:
        balances = work.shipped(name).balances
        balance, limit = balances.worst, balances.limit.value
        relative = float(balance.measures["relative"])
        if relative > worst:
            worst, where = relative, f"{balance.name} in {name}"
        if not balances.closes(balance):
            raise Failed(f"{balance.name} in {name} closes to {relative:.2g}, not to {limit:g}")
    return f"{len(work.scenarios)} scenarios; worst {worst:.1e} ({where})"


def references(work: Workshop) -> str:
    """Final values of all measurements and totals, against stored ones: [value, largest magnitude in the run]."""
    stored = json.loads(REFERENCES.read_text(encoding="utf-8"))["scenarios"]
    count, worst, where = 0, 0.0, ""
    for name in work.scenarios:
        expected = stored.get(name)
        if expected is None:
            raise Failed(f"there is no reference of {name}")
        if expected["until"] != work.scenarios[name]:
            raise Failed(f"the reference of {name} goes to {expected['until']}")
        got = final_values(work.shipped(name))
        if set(got) != set(expected["values"]):
            raise Failed(f"{name} records other variables than its reference")
        for tag, (value, scale) in got.items():
            before, size = expected["values"][tag]
            gap = abs(value - before) / (max(scale, size) or 1.0)
            count += 1
            if gap > worst:
                worst, where = gap, f"{tag} in {name}"
            if not gap <= ALLOWED:
                raise Failed(f"{tag} in {name} is {value:.8g}, not {before:.8g}")
    return f"{count} numbers of {len(work.scenarios)} scenarios within {worst:.1e} ({where})"


def final_values(found: Run) -> dict[str, tuple[float, float]]:
    """Last value of every element of measurements and totals, and the largest magnitude of its variable."""
    values: dict[str, tuple[float, float]] = {}
    for tag, about in sorted(found.tags.items()):
        if about.kind not in ("measurement", "quadrature"):
            continue
        series = np.asarray(found.get(tag), dtype=float)
        last = np.atleast_1d(series[-1]).ravel()
        finite = series[np.isfinite(series)]
        scale = float(np.max(np.abs(finite), initial=0.0))
        total = float(last.sum())
        if math.isfinite(total):
            values[tag] = (total, scale * max(1, last.size) ** 0.5)
    return values


def two_integrators(work: Workshop) -> str:
    """Rosenbrock and CVODE on two tanks with their events, to 1e-5."""
    try:
        import sksundae  # noqa: F401
    except ModuleNotFoundError:
        raise Failed("SUNDIALS is not installed (extra: sundials), so that nothing is compared") from None
    results = [
        open_run(run("two_tanks", work.folder / f"{method}.h5", method=method, rtol=1e-8).path)
        for method in ("rodas4p", "cvode")
    ]
    worst = 0.0
    for tag, about in results[0].tags.items():
        if about.kind == "measurement":
            a, b = (one.get(tag) for one in results)
            worst = max(worst, float(np.max(np.abs(a - b)) / (np.max(np.abs(a)) or 1.0)))
    if not worst < 1e-5:
        raise Failed(f"they differ by {worst:.2g}, more than 1e-5")
    return f"within {worst:.1e}"


def same_bits(work: Workshop) -> str:
    """Twice, and with events applied from Python."""
    hashes = [
        run("two_tanks", work.folder / f"same{number}.h5", table=table).content_hash
        for number, table in enumerate((True, True, False))
    ]
    if len(set(hashes)) != 1:
        raise Failed(f"equal runs have the hashes {', '.join(sorted(set(hashes)))}")
    return hashes[0]


def events(work: Workshop) -> str:
    """Of two tanks: each at its time, to the bit."""
    found = work.shipped("two_tanks") if "two_tanks" in work.scenarios else None
    found = found or open_run(run("two_tanks", work.folder / "events.h5").path)
    times = sorted({row.time for row in found.events})
    if times != [300.0, 600.0, 900.0, 930.0]:
        raise Failed(f"events fired at {times} s")
    return f"{len(found.events)} events at {', '.join(f'{t:g}' for t in times)} s"


def failures_are_told(work: Workshop) -> str:
    """A tolerance that no step can keep: the outcome is named, the file is complete and verifies."""
    spec = load_scenario("two_tanks", set=["first.tau=1e-3 s", "second.tau=1e7 s"])
    result = run(spec, work.folder / "hard.h5", rtol=1e-14)
    told = open_run(result.path)
    if not told.complete or told.outcome != result.outcome or not told.outcome_message:
        raise Failed("a run's file does not say how it ended")
    if verify(result.path).wrong:
        raise Failed("a run's file does not verify")
    if not np.all(np.isfinite(told.time)):
        raise Failed("a run's file holds times that are no numbers")
    return f"outcome '{told.outcome}' in a complete file"


def tampering(work: Workshop) -> str:
    """A number, an attribute, a line of the log; each has to be noticed by its class."""
    folder = work.folder / "tampering"
    folder.mkdir()
    path = run("two_tanks", folder / "a.h5", until="1 min").path
    if verify(path).wrong:
        raise Failed("a genuine file does not verify")
    for change, kind in ((_number, Kind.CONTENT), (_unit, Kind.CONTENT)):
        forged = folder / "forged.h5"
        shutil.copyfile(path, forged)
        with h5py.File(forged, "r+") as file:
            change(file)
        if verify(forged).kind is not kind:
            raise Failed(f"a changed file gives {verify(forged).kind}, not {kind.name}")
        forged.unlink()
    log = log_of(folder)
    log.write_bytes(log.read_bytes().replace(b"finished", b"finishes"))
    if verify(path).kind is not Kind.AUDIT:
        raise Failed("a changed log was not noticed")
    return "changed number, unit and log noticed"


def logged(work: Workshop) -> str:
    """Starts and ends of all runs of this qualification."""
    run("two_tanks", work.folder / "logged.h5", until="1 min")
    chain = read(log_of(work.folder))
    starts = {entry.object["run_id"] for entry in chain.of("run.started")}
    ends = {entry.object["run_id"] for entry in chain.of("run.ended", "run.aborted")}
    if chain.broken or starts != ends or not starts:
        raise Failed(f"{len(starts)} starts and {len(ends)} ends are logged; {chain.broken or 'the chain is whole'}")
    return f"{len(starts)} starts and as many ends in a whole chain"


def _number(file: h5py.File) -> None:
    file["time"][1] = np.nextafter(file["time"][1], 1e9)


def _unit(file: h5py.File) -> None:
    file["time"].attrs["units"] = "min"


def write_references() -> None:
    """Write `references.json` anew, after a model was changed on purpose: run this module."""
    found: dict[str, Any] = {}
    with workshop(SCENARIOS) as work:
        for name in SCENARIOS:
            values = {tag: list(pair) for tag, pair in final_values(work.shipped(name)).items()}
            found[name] = {"until": SCENARIOS[name], "values": values}
    text = json.dumps({"made_by": "python -m twin.evidence.qualify.operation", "scenarios": found})
    text = text.replace('], "', '],\n"')  # a variable a line
    REFERENCES.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_references()
