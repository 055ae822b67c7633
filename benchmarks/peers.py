"""Who solves the same equations how fast, at which error? Rivals on the same compiled right-hand side and Jacobian.

    python -m benchmarks.peers [--quick]

Plants without events from their initial state: the flagship, CADET's closed crystallizer and Dyssol's granulation loop;
and the flagship's first hours with a change of the reagents' temperature every minute, at each of which rivals that
know no events are started anew, since their history does not hold across a jump.
Rivals: scikit-sundae's CVODE (sparse; GMRES preconditioned by our LU), scipy's BDF, Radau (sparse Jacobian) and LSODA
(dense, differenced by itself: it takes no other). All get our compiled rates and, where they take one, our exact
Jacobian, so what is compared is the integrator and the way it is driven. Errors are the worst state's |y - ref|/(|ref|
+ nominal), median and greatest over the instants, against Rodas4P at rtol 1e-11. A rival is told in times of ours at
the same tolerance, in one step for all and in blocks, and of the fastest of ours whose errors are no larger. CPU
seconds, least of five where one takes less than `ONCE`; each has integrated to the first sample before, so that nothing
is loaded or compiled by the clock. A rival that runs out of patience is stopped, and the row says so; one that is
absent is a row with the reason. Times that others published on other machines are no rivals here; they stand beside
ours in the benchmarks `crystallizers` (CADET), `dyssol` and `optimisation` (PharmaPy).
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.harness import Skipped, quickly, show, stores, write
from benchmarks.shortly import short
from twin.integrate.allocate import Event, Kind
from twin.schedule.simulation import integrator_of


class Case(NamedTuple):
    """What is solved, and by which methods of scipy's."""

    plant: str
    end: float  #: [s]
    every: float  #: between samples [s]
    period: float = 0.0  #: between events [s]; 0: there are none
    patience: float = 30.0  #: CPU seconds after which a rival is stopped
    scipy: tuple[str, ...] = ("BDF", "Radau", "LSODA")


CASES = {
    "paracetamol_tablets": Case("paracetamol_tablets", 86400.0, 900.0),
    "cadet_crystallizer": Case("cadet_crystallizer", 18000.0, 600.0),
    "dyssol_granulation": Case("dyssol_granulation", 3500.0, 100.0),
    "paracetamol_tablets with an event a minute": Case(
        "paracetamol_tablets", 14400.0, 900.0, period=60.0, patience=240.0, scipy=("BDF",)
    ),
}
#: What an event changes, by how much, up and down in turn.
PATH, STEP = "reagents.T", 1.0
TOLERANCES = (1e-4, 1e-6)
REFERENCE = 1e-11
#: CPU seconds from which on a time is taken once.
ONCE = 2.0
#: In one step for all, and in blocks with steps of their own.
OURS = ("rodas4p", "rodas5p", "multirate")
#: What cannot be had from a package index: rival -> why.
ABSENT = {
    "CADET": "cadet-python drives CADET-Core, a program that no package for this system holds",
    "Dyssol": "there is no package of it for this system",
    "ContCarSim": "a program for MATLAB; its carousel is the plant filter_dryer_carousel of `work_precision`",
    "PharmaPy": "assembles equations of its own: the benchmark `pharmapy` has its flowsheets, by it and by Twin",
}
#: What a rival that gives up raises; anything else is a mistake of ours.
GIVES_UP = (RuntimeError, ValueError, ArithmeticError)

Solved = tuple[np.ndarray, dict[str, int]]


class Stopped(Exception):
    """Out of patience."""


def changes(plant: Any, end: float, period: float) -> list[Event]:
    """Changes of one parameter at every period, up and down in turn."""
    if period == 0.0:
        return []
    place, _ = plant.parameter(PATH)
    times = period * np.arange(1, int(end / period * (1.0 + 1e-12)) + 1)
    return [Event(float(t), Kind.SET, place, float(plant.p0[place]) + STEP * (k % 2)) for k, t in enumerate(times, 1)]


def native(
    plant: Any,
    method: str,
    rtol: float,
    end: float,
    every: float,
    patience: float = 600.0,
    events: Sequence[Event] = (),
) -> tuple[Solved, float]:
    """Our own integrators, and SUNDIALS behind the same interface; stopped after so many seconds of the clock."""
    blocks: list[np.ndarray] = []
    run = integrator_of(method)(
        plant,
        method=method,
        rtol=rtol,
        every=every,
        events=list(events),
        samples=lambda block: blocks.append(block.y.copy()),
    )
    stop = threading.Timer(patience, run.interrupt)
    stop.daemon = True
    stop.start()
    began = time.process_time()
    try:
        ending = run.advance(end)
    finally:
        stop.cancel()
    seconds = time.process_time() - began
    if ending.outcome.name == "INTERRUPTED":
        raise Stopped
    if ending.outcome.name != "FINISHED":
        raise RuntimeError(str(ending))
    return (np.concatenate(blocks), dict(run.statistics)), seconds


def scipys(
    plant: Any,
    method: str,
    rtol: float,
    end: float,
    every: float,
    patience: float,
    events: Sequence[Event] = (),
) -> tuple[Solved, float]:
    """A method of scipy's `solve_ivp`, from event to event; quadratures are outside its error test, as with CVODE."""
    from scipy.integrate import solve_ivp
    from scipy.sparse import csc_matrix

    from twin.integrate.cvode import NO_TEST, Cvode
    from twin.integrate.elimination import elimination

    lent = Cvode(plant, method="cvode", rtol=rtol)
    n_y, n_q = plant.n_y, plant.n_q
    _, indices, pointers = elimination(lent.jacobian, n_y, plant.n_aux, n_q)
    rates, values = np.zeros(n_y + n_q), np.zeros(len(indices))
    counts = {"rhs": 0, "jacobians": 0, "lu": 0}
    began = time.process_time()

    def f(t: float, z: np.ndarray) -> np.ndarray:
        counts["rhs"] += 1
        if time.process_time() - began > patience:
            raise Stopped
        lent._right_hand_side(t, z, rates)
        return rates.copy()

    def jac(t: float, z: np.ndarray) -> Any:
        counts["jacobians"] += 1
        lent._jacobian(t, z, rates, values)
        return csc_matrix((values.copy(), indices, pointers), shape=(n_y + n_q, n_y + n_q))

    options: dict[str, Any] = {} if method == "LSODA" else {"jac": jac}
    options |= {"method": method, "rtol": rtol, "atol": np.concatenate([rtol * plant.nominal, np.full(n_q, NO_TEST)])}
    z = np.concatenate([plant.y0, np.zeros(n_q)])
    instants = every * np.arange(int(end / every * (1.0 + 1e-12)) + 1)
    samples, start = [z[None, :n_y]], 0.0
    for stop, event in [*((event.time, event) for event in events if event.time < end), (end, None)]:
        asked = instants[(instants > start) & (instants <= stop)]
        found = solve_ivp(f, (start, stop), z, t_eval=np.union1d(asked, [stop]), **options)
        if not found.success:
            raise RuntimeError(found.message)
        counts["lu"] += int(found.nlu)
        samples.append(found.y[:n_y, : len(asked)].T)
        z, start = found.y[:, -1], stop
        if event is not None:
            lent.p[event.index] = event.value
    return (np.concatenate(samples), counts), time.process_time() - began


def least(solve: Callable[[], tuple[Solved, float]]) -> tuple[Solved, float]:
    """Solve five times, or once where that takes long; the least time."""
    solved, seconds = solve()
    if seconds < ONCE:
        seconds = min(seconds, *(solve()[1] for _ in range(4)))
    return solved, seconds


def case(name: str, quick: bool) -> list[dict[str, Any]]:
    """All rivals on one plant."""
    asked = CASES[name]
    end, every, patience = asked.end, asked.every, asked.patience
    if quick:
        end, patience = end / 12.0, patience / 6.0
    plant = short(asked.plant).plant
    given: dict[str, Any] = {"end": end, "every": every, "events": changes(plant, end, asked.period)}
    (reference, _), _ = native(plant, OURS[0], REFERENCE, **given)
    rivals: dict[str, Callable[..., tuple[Solved, float]]] = {
        method: partial(native, plant, method, patience=3.0 * patience, **given)
        for method in (*OURS, "cvode-gmres", "cvode")
    }
    for method in asked.scipy:
        rivals[f"scipy {method}"] = partial(scipys, plant, method, patience=patience, **given)
    for solve in rivals.values():
        with contextlib.suppress(Stopped, *GIVES_UP):  # it will say so by the clock, too
            solve(rtol=TOLERANCES[0], end=every, events=())
    rows: list[dict[str, Any]] = []
    for rtol in TOLERANCES:
        ours = {method: least(partial(rivals[method], rtol=rtol))[1] for method in OURS}
        for rival, solve in rivals.items():
            where: dict[str, Any] = {"plant": name, "method": rival, "rtol": rtol}
            values: dict[str, Any]
            try:
                (samples, counts), seconds = least(partial(solve, rtol=rtol))
                seconds = ours.get(rival, seconds)
                worst = np.max(np.abs(samples - reference) / (np.abs(reference) + plant.nominal), axis=1)
                values = {"min_s": seconds, "error_median": float(np.median(worst)), "error_max": float(np.max(worst))}
                values |= {f"over_{method}": seconds / own for method, own in ours.items()}
                values |= {k: counts[k] for k in ("steps", "rhs", "jacobians", "lu") if k in counts}
            except Stopped:
                values = {"skipped": f"stopped after {patience:g} s"}
                values |= {f"over_{method}_at_least": patience / own for method, own in ours.items()}
            except GIVES_UP as error:  # does not keep the others
                values = {"skipped": f"{type(error).__name__}: {error}".splitlines()[0]}
            rows.append({"name": f"{name}, {rival}, rtol {rtol:g}", "values": {**where, **values}})
            show(rows[-1:])
    for row in rows:
        row["values"] |= at_no_larger_error(row["values"], [other["values"] for other in rows])
    return rows


def at_no_larger_error(rival: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How much longer a rival took than the fastest of ours whose errors, median and greatest, are no larger."""
    errors = ("error_median", "error_max")
    if rival["method"] in OURS or "min_s" not in rival:
        return {}
    fit = [row for row in rows if row["method"] in OURS and all(row[error] <= rival[error] for error in errors)]
    if not fit:
        return {}
    best = min(fit, key=lambda row: float(row["min_s"]))
    return {
        "over_ours_at_no_larger_error": rival["min_s"] / best["min_s"],
        "ours": f"{best['method']}, rtol {best['rtol']:g}",
    }


def main() -> None:
    """Run, print and store."""
    quick = quickly(__doc__, "a twelfth of the time, little patience")
    for package in ("scipy", "sksundae"):
        if importlib.util.find_spec(package) is None:
            raise Skipped(f"needs {package}: pip install 'continuous-twin[sundials]'")
    rows: list[dict[str, Any]] = []
    for name in CASES:
        rows += case(name, quick)
    rows += [{"name": name, "values": {"skipped": why}} for name, why in ABSENT.items()]
    show(rows[-len(ABSENT) :])
    if stores(quick):
        notes = [
            "The same compiled rates and Jacobian for all; CPU seconds of the integration, least of five below 2 s,"
            " nothing loaded or compiled by the clock."
        ]
        write("peers", "Rivals on the same equations", rows, notes)


if __name__ == "__main__":
    main()
