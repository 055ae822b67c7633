"""A tuning from start to end: experiments, rules, margins, and the search when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.control.linear.linearise import NotLinear
from twin.control.linear.loops import Loop, find_loop
from twin.control.linear.point import Point
from twin.control.linear.response import Margins
from twin.control.tuning.experiment import Bench, Record
from twin.control.tuning.optimise import Optimum, optimise
from twin.control.tuning.process import INTEGRATOR, Fit, NoFit, Process, best_fit
from twin.control.tuning.robustness import Opened, opened_loop
from twin.control.tuning.rules import RULES, NoRule, Settings, Ultimate, ziegler_nichols_relay
from twin.control.tuning.trial import COST, Case, errors, index, settings_of

#: Size of a step, as a part of the controller's range, unless told otherwise.
STEP = 0.02
#: A step test lasts at least so many delays allowed for, and at most this long [s].
SHORTEST, LONGEST = 20.0, 48 * 3600.0
#: A first-order process is followed for so many of its time constants.
LONG_ENOUGH = 5.0


@dataclass
class Tuned:
    """A loop with all that was found about it.

    Attributes
    ----------
    loop : Loop
    before : Settings
    record : Record
        Of the step test.
    fit : Fit
        What was identified in it, the plant alone.
    relay : Ultimate or None
    rules : dict
        Settings by each rule, or why it has none.
    chosen : Settings
        By the rule asked for, or by the search.
    opened : Opened
        For margins.
    """

    loop: Loop
    before: Settings
    record: Record
    fit: Fit
    relay: Ultimate | None
    rules: dict[str, Settings | str]
    chosen: Settings
    opened: Opened

    def margins(self, settings: Settings) -> Margins:
        """Margins of the loop with some settings."""
        return self.opened.margins(settings)


def explore(
    point: Point, name: str, rule: str = "simc", delay: float = 30.0, relay: bool = False, derivative: bool = False
) -> Tuned:
    """Experiment with a loop, and apply the rules.

    Parameters
    ----------
    point : Point
        Where the plant is.
    name : str
        Of the controller.
    rule : str
        Whose settings are chosen.
    delay : float
        What is allowed for beside the plant [s]: sensor, transmission, scan, valve.
    relay : bool
        Whether to make a relay experiment, too.
    derivative : bool
        Whether rules are to give derivative action.
    """
    loop = find_loop(point.plant.spec, name)
    before = settings_of(point.plant, loop)
    bench = Bench(point, loop)
    record, fit = _step_test(bench, _step_size(point, loop), SHORTEST * delay)
    process = replace(fit.process, theta=fit.process.theta + delay)
    ultimate, found = None, dict[str, Settings | str]()
    if relay:
        scale = float(np.max(np.abs(record.y)))
        size = record.moves[0][1]
        per_step = fit.process.K * (delay if fit.process.order == INTEGRATOR else 1.0)
        hysteresis = 0.1 * min(abs(per_step * size), scale)
        period = 4.0 * (process.theta + 0.2 * fit.process.T)
        ultimate, _ = bench.relay(float(np.copysign(size, before.K)), period, hysteresis)
        found["zn-relay"] = ziegler_nichols_relay(ultimate, derivative)
    for key, apply in RULES.items():
        try:
            found[key] = apply(process, derivative=derivative)
        except NoRule as reason:
            found[key] = str(reason)
    chosen = found[rule]
    if isinstance(chosen, str):
        raise NoRule(f"{name}: {chosen}")
    if chosen.K * before.K < 0.0:
        raise NotLinear(
            f"{name} has a gain of {before.K:.4g}, but its measurement moves the other way: with {chosen.K:.4g} it "
            "would be negative feedback. The loop as it stands drives its measurement away."
        )
    slowest = max(process.T, LONG_ENOUGH * delay, 10.0 * abs(chosen.T_i), before.T_i)
    opened = opened_loop(point, loop, delay, slowest, max(delay, 1.0))
    return Tuned(loop, before, record, fit, ultimate, found, chosen, opened)


def _step_size(point: Point, loop: Loop) -> float:
    """A step towards the middle of the output's range."""
    params = point.plant.spec.unit(loop.name).params
    low, high = float(params["low"]), float(params["high"])
    rest = point.signal(f"{loop.name}.output")
    size = STEP * (high - low)
    return size if rest < 0.5 * (low + high) else -size


def _step_test(bench: Bench, size: float, window: float) -> tuple[Record, Fit]:
    """Step tests over longer windows until the answer has come to its end, or shows none."""
    while True:
        record = bench.step(size, window)
        if float(np.ptp(record.y)) == 0.0:
            raise NoFit(f"{bench.loop.measurement} does not answer to {bench.loop.output}")
        fit = best_fit(record.t, record.y, record.moves)
        if fit.process.order == INTEGRATOR or window > 0.5 * LONGEST:
            return record, fit
        if _ended(fit.process, window):
            return record, fit
        window *= 2.0


def _ended(process: Process, window: float) -> bool:
    return window >= process.theta + LONG_ENOUGH * (process.T + process.T_2)


def search(
    tuned: Sequence[Tuned],
    scenarios: Sequence[Sequence[Case]],
    *,
    kind: str = "itae",
    Ms: float = 2.0,
    trials: int = 120,
    told: Callable[[int, float], None] | None = None,
) -> Optimum:
    """Search from the settings chosen so far, and choose what was found."""
    loops = [one.loop for one in tuned]
    found = optimise(
        scenarios,
        loops,
        {one.loop.name: one.chosen for one in tuned},
        {one.loop.name: one.opened for one in tuned},
        kind=kind,
        Ms=Ms,
        trials=trials,
        told=told,
    )
    for one in tuned:
        one.chosen = found.settings[one.loop.name]
    return found


#: Whose index a cost is.
ALL = "all loops"


def indices(tuned: Sequence[Tuned], case: Case, settings: dict[str, Settings], kind: str) -> dict[str, float | None]:
    """Index of each loop in a scenario, or of all together; None where its run fails."""
    names = [ALL] if kind == COST else [one.loop.name for one in tuned]
    run = errors(case, [one.loop for one in tuned], settings)
    values = [None] * len(names) if run is None else [float(v) for v in index(case, run, kind)]
    return dict(zip(names, values, strict=True))
