"""Judges a diversion rule on runs with disturbances drawn at random, and searches for the cheapest that misses nothing.

Beside the rule itself (:mod:`twin.trace.asked`) its file may hold

    disturbances: {runs: 20, seed: 1, from: 30 min, to: 40 min, shortest: 5 s, longest: 5 min,
                   inputs: [{path: api_feeder.deviation, low: -0.5, high: 0.5}]}
    search: {guard: [0.003, 0.006, 0.009], margin: [0 s, 10 s]}

`guard` is how far the alarm lies inside the specification. The search uses the run and the first half of the disturbed
ones; the rule that it finds is judged on the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.results.files import FileProblem
from twin.trace.diversion import Case, Rule, Verdict, design, optimise
from twin.trace.network import TraceError
from twin.trace.rtd import Residence

if TYPE_CHECKING:
    from twin.results.reader import Run
    from twin.trace.asked import Asked


@dataclass(frozen=True)
class Disturbed:
    """A run with one disturbance, and what the rule did about it; `why` where the run failed."""

    path: str
    at: float
    length: float
    value: float
    case: Case | None
    verdict: Verdict | None
    why: str = ""


@dataclass(frozen=True)
class Searched:
    """The cheapest rule that missed nothing on the runs it was searched on."""

    best: Rule
    guard: float
    cost: float  #: price × kilograms diverted in vain, in the runs that it was searched on
    table: tuple[tuple[float, float, float, float], ...]  #: guard, margin, kg missed, kg falsely diverted
    searched: int  #: runs
    judged: int  #: other runs
    missed: float  #: kg, in the latter
    false: float  #: kg diverted in vain, in the latter


def disturb(run: Run, rule: Asked, made: Rule, say: Callable[[str], None]) -> tuple[Disturbed, ...]:
    """Run what was run again with the disturbances of a rule's file, and judge the rule on each."""
    from twin.evidence.dossier.refine import Again
    from twin.results.reader import open_run
    from twin.trace.assess import case_of, weighed

    if not rule.disturbances:
        return ()
    found = []
    for one in Again(run, [], say).disturbed(rule.disturbances, lambda path: case_of(open_run(path), rule)):
        case = one["read"]
        verdict = None if case is None else weighed(rule, made, case)
        found.append(Disturbed(one["path"], one["at"], one["length"], one["value"], case, verdict, one["why"]))
    return tuple(found)


def search(
    curves: Sequence[Residence], rule: Asked, known: Mapping[str, float], run: Case, disturbed: Sequence[Disturbed]
) -> Searched | None:
    """Search alarm and margin as the rule's file asks; None where it does not.

    Raises
    ------
    TraceError
        When there are too few runs, or every rule misses something.
    """
    if not rule.search:
        return None
    n = rule.numbers
    cases = [one.case for one in disturbed if one.case is not None]
    half = (len(cases) + 1) // 2
    on, others = [run, *cases[:half]], cases[half:]
    if not others:
        raise TraceError("a search needs two disturbed runs at least: some to search on, others to judge what it found")

    def make(guard: float, margin: float) -> Rule:
        changed = {"alarm_low": n["low"] + guard, "alarm_high": n["high"] - guard, "margin": margin}
        return design(curves, low=n["low"], high=n["high"], worst=n["worst"], **{**known, **changed})

    price = n.get("price", 1.0)
    best, cost, table = optimise(on, make, rule.search["guard"], rule.search["margin"], n["low"], n["high"], price)
    from twin.trace.assess import weighed

    kept = [weighed(rule, best, case) for case in others]
    missed, false = sum(v.missed for v in kept), sum(v.false for v in kept)
    return Searched(best, best.low - n["low"], cost, tuple(table), len(on), len(others), missed, false)


def write_best(path: Path, rule: Asked, found: Searched, run: str) -> Path:
    """Write the rule that was found as a file of its own, never over another.

    Raises
    ------
    FileProblem
        When the name is taken, or nothing can be written there.
    """
    numbers: dict[str, Any] = {**rule.numbers}
    numbers |= {"alarm_low": found.best.low, "alarm_high": found.best.high, "margin": found.best.margin}
    lines = [
        f"# found on {run}: of {len(found.table)} rules, the cheapest that missed nothing on {found.searched} runs;",
        f"# on {found.judged} others it missed {found.missed:g} kg, and diverted {found.false:g} kg in vain. SI units.",
        *(f"{name}: {text}" for name, text in rule.texts.items()),
        *(f"{name}: {value!r}" for name, value in numbers.items()),
    ]
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(lines) + "\n")
    except FileExistsError:
        raise FileProblem(f"{path} exists; it is not overwritten") from None
    except OSError as error:
        raise FileProblem(f"{path} cannot be written: {error.strerror}") from error
    return path
