"""Who solves the same equations how fast, at which error? Rivals on the same compiled right-hand side and Jacobian.

    python -m benchmarks.peers [--quick]

Plants without events from their initial state: the flagship, CADET's closed crystallizer and Dyssol's granulation loop.
Rivals: scikit-sundae's CVODE (sparse; GMRES preconditioned by our LU), scipy's BDF, Radau (sparse Jacobian) and LSODA
(dense, differenced by itself: it takes no other). All get our compiled rates and, where they take one, our exact
Jacobian, so what is compared is the integrator and the way it is driven. Errors are the worst state's |y - ref|/(|ref|
+ nominal), median and greatest over the instants, against Rodas4P at rtol 1e-11. A rival is told in times of ours at
the same tolerance, in one step for all and in blocks, and of the fastest of ours whose errors are no larger. CPU
seconds, least of five where one takes less than `ONCE`; each has integrated to the first sample before, so that nothing
is loaded or compiled by the clock. A rival that needs more than `PATIENCE` is stopped, and the row says so; one that is
absent is a row with the reason. Times that others published on other machines are no rivals here; they stand beside
ours in the benchmarks `crystallizers` (CADET), `dyssol` and `optimisation` (PharmaPy).
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Skipped, quickly, show, stores, write
from benchmarks.shortly import short
from twin.integrate.integrator import Integrator

#: Plant -> seconds of plant time and between samples.
CASES: dict[str, tuple[float, float]] = {
    "paracetamol_tablets": (86400.0, 900.0),
    "cadet_crystallizer": (18000.0, 600.0),
    "dyssol_granulation": (3500.0, 100.0),
}
TOLERANCES = (1e-4, 1e-6)
REFERENCE = 1e-11
#: CPU seconds after which a rival is stopped.
PATIENCE = 30.0
#: CPU seconds from which on a time is taken once.
ONCE = 2.0
#: In one step for all, and in blocks with steps of their own.
OURS = ("rodas4p", "multirate")
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


def native(
    plant: Any, method: str, rtol: float, end: float, every: float, patience: float = 600.0
) -> tuple[Solved, float]:
    """Our own integrators, and SUNDIALS behind the same interface; stopped after so many seconds of the clock."""
    from twin.integrate.cvode import Cvode
    from twin.integrate.multirate import Multirate

    blocks: list[np.ndarray] = []
    kind: Any = Cvode if method.startswith("cvode") else Multirate if method == "multirate" else Integrator
    run = kind(plant, method=method, rtol=rtol, every=every, samples=lambda block: blocks.append(block.y.copy()))
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


def scipys(plant: Any, method: str, rtol: float, end: float, every: float, patience: float) -> tuple[Solved, float]:
    """A method of scipy's `solve_ivp`; quadratures come along outside its error test, as with CVODE."""
    from scipy.integrate import solve_ivp
    from scipy.sparse import csc_matrix

    from twin.integrate.cvode import NO_TEST, Cvode
    from twin.integrate.elimination import elimination

    lent = Cvode(plant, method="cvode", rtol=rtol)
    n_y, n_q = plant.n_y, plant.n_q
    _, indices, pointers = elimination(lent.jacobian, n_y, plant.n_aux, n_q)
    rates, values = np.zeros(n_y + n_q), np.zeros(len(indices))
    counts = {"rhs": 0, "jacobians": 0}
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
    atol = np.concatenate([rtol * plant.nominal, np.full(n_q, NO_TEST)])
    start = np.concatenate([plant.y0, np.zeros(n_q)])
    instants = every * np.arange(int(end / every * (1.0 + 1e-12)) + 1)
    found = solve_ivp(f, (0.0, end), start, method=method, t_eval=instants, rtol=rtol, atol=atol, **options)
    if not found.success:
        raise RuntimeError(found.message)
    counts["lu"] = int(found.nlu)
    return (found.y[:n_y].T, counts), time.process_time() - began


def least(solve: Callable[[], tuple[Solved, float]]) -> tuple[Solved, float]:
    """Solve five times, or once where that takes long; the least time."""
    solved, seconds = solve()
    if seconds < ONCE:
        seconds = min(seconds, *(solve()[1] for _ in range(4)))
    return solved, seconds


def case(name: str, quick: bool) -> list[dict[str, Any]]:
    """All rivals on one plant."""
    end, every = CASES[name]
    if quick:
        end = end / 12.0
    patience = 5.0 if quick else PATIENCE
    made = short(name)
    plant = made.plant
    (reference, _), _ = native(plant, OURS[0], REFERENCE, end, every)
    rivals: dict[str, Callable[..., tuple[Solved, float]]] = {
        method: partial(native, plant, method, every=every, patience=3.0 * patience)
        for method in (*OURS, "cvode-gmres", "cvode")
    }
    for method in ("BDF", "Radau", "LSODA"):
        rivals[f"scipy {method}"] = partial(scipys, plant, method, every=every, patience=patience)
    for solve in rivals.values():
        with contextlib.suppress(Stopped, *GIVES_UP):  # it will say so by the clock, too
            solve(rtol=TOLERANCES[0], end=every)
    rows: list[dict[str, Any]] = []
    for rtol in TOLERANCES:
        ours = {method: least(partial(rivals[method], rtol=rtol, end=end))[1] for method in OURS}
        for rival, solve in rivals.items():
            where: dict[str, Any] = {"plant": name, "method": rival, "rtol": rtol}
            values: dict[str, Any]
            try:
                (samples, counts), seconds = least(partial(solve, rtol=rtol, end=end))
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
