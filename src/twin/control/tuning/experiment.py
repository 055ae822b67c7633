"""Experiments on the twin: a step and a relay in place of a controller, the other loops as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.control.linear.loops import Loop
from twin.control.linear.opened import driver, opened
from twin.control.linear.point import Point
from twin.control.tuning.process import NoFit
from twin.control.tuning.rules import Ultimate
from twin.quantity import Array

#: Samples of a step test, and looks of a relay in each of its expected half periods.
SAMPLES = 400
#: Relative tolerance of the experiments: differences of runs are taken.
RTOL = 1e-8


@dataclass(frozen=True)
class Record:
    """What an experiment recorded: deviations from what the plant does without it."""

    t: Array
    y: Array
    moves: tuple[tuple[float, float], ...]


class Bench:
    """A plant at a point with one loop open, its output free to be moved."""

    def __init__(self, point: Point, loop: Loop) -> None:
        from twin.plant import compile_plant

        spec = point.plant.spec
        self.loop = loop
        self.rest = point.signal(driver(spec, loop.output))
        plant = compile_plant(opened(spec, {loop.output: self.rest}, [loop.measurement.partition(".")[0]]))
        self.point = point.moved_to(plant, {loop.output: self.rest})
        self.place = plant.parameter(loop.output)[0]
        column = next(
            c for c in plant.columns if c.path == loop.measurement and c.vector == "w" and c.kind != "quadrature"
        )
        self.column = int(column.offset)

    def _run(self, every: float, into: list[Any]) -> Any:
        from twin.integrate.integrator import Integrator

        run = Integrator(
            self.point.plant,
            rtol=RTOL,
            every=every,
            record=[self.column],
            foreseen=[(self.place, self.rest)],
            samples=lambda block: into.append((block.time, block.w[:, 0])),
        )
        run.y[:] = self.point.y
        run.p[:] = self.point.p
        return run

    def _follow(self, window: float, moves: list[tuple[float, float]]) -> Array:
        """The measurement after these steps."""
        into: list[Any] = []
        run = self._run(window / SAMPLES, into)
        at = self.rest
        for time, size in moves:
            if time > 0.0:
                _advance(run, time)
            at += size
            run.set(self.place, at)
        _advance(run, window)
        return np.concatenate([w for _, w in into])[: SAMPLES + 1]

    def step(self, size: float, window: float) -> Record:
        """Step the output by `size` and watch for `window` [s]; what drifts without it is taken off."""
        t = np.linspace(0.0, window, SAMPLES + 1)
        y = self._follow(window, [(0.0, size)]) - self._follow(window, [])
        return Record(t, y, ((0.0, size),))

    def relay(self, size: float, period: float, hysteresis: float = 0.0) -> tuple[Ultimate, Record]:
        """Switch the output by ±`size` as the measurement passes its value at the start.

        Parameters
        ----------
        size : float
            Signed: a positive one lowers the output when the measurement is high, in a loop of positive gain.
        period : float
            Expected period [s]: the relay looks two hundred times in it.
        hysteresis : float
            Of the measurement.

        Raises
        ------
        NoFit
            When no limit cycle comes about.
        """
        every = period / 200.0
        into: list[Any] = []
        run = self._run(every, into)
        sign, since = 1.0, 0.0
        switches: list[float] = []
        run.set(self.place, self.rest + size)
        moves = [(0.0, size)]
        time, start = 0.0, float("nan")
        while len(switches) < 8:
            time += every
            _advance(run, time)
            y = float(into[-1][1][-1])
            if np.isnan(start):
                start = float(into[0][1][0])
            deviation = (y - start) * np.sign(size)
            if sign * deviation > hysteresis:
                sign = -sign
                run.set(self.place, self.rest + sign * size)
                moves.append((time, 2.0 * sign * size))
                switches.append(time)
                since = time
            if time - since > 10.0 * period:
                raise NoFit(f"{self.loop.name}: the relay brings about no limit cycle")
        t, w = (np.concatenate([block[k] for block in into]) for k in (0, 1))
        last = t >= switches[-5]
        amplitude = 0.5 * float(np.ptp(w[last]))
        P_u = 0.5 * (switches[-1] - switches[-5])
        K_u = 4.0 * abs(size) / (np.pi * np.sqrt(max(amplitude**2 - hysteresis**2, 1e-300)))
        return Ultimate(float(np.sign(size) * K_u), float(P_u)), Record(t, w - start, tuple(moves))


def _advance(run: Any, until: float) -> None:
    ending = run.advance(until)
    if ending.outcome.failed:
        raise NoFit(f"the experiment does not come to its end. {ending}")
