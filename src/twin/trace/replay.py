"""Runs a scenario again, step by step, and keeps what crossed every face: the trajectory that tracing follows.

The same integrator takes the same steps (recording never alters a step); inside each, masses and flows are taken
from its dense output at four points, and between those from the cubic through them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.config.spec import WHOLE
from twin.integrate import stepping
from twin.integrate import tables as at
from twin.integrate.integrator import Integrator
from twin.jit import arm
from twin.plant import evaluate
from twin.plant.codes import TRANSPORT
from twin.trace.network import Network, TraceError, network_of
from twin.trace.trajectory import POINTS, Trajectory

if TYPE_CHECKING:
    from twin.config.spec import ScenarioSpec
    from twin.plant.compile import Plant


class Watched(Integrator):
    """An integrator that lets somebody look at every step."""

    def __init__(self, plant: Any, **settings: Any) -> None:
        super().__init__(plant, **settings)
        arm(stepping)  # called from here, too
        arm(evaluate)
        self.look: Callable[[float, float], None] | None = None
        self.before = self._snapshot()
        calls = [(k, TRANSPORT) for k, node in enumerate(plant.nodes) if node.layout.shapes.get(("t", "m"))]
        added = np.array(calls, dtype=np.int64).reshape(-1, 2)
        # after integrals and holdups, of which a transport may ask
        self._transport = self._tables._replace(observe=np.concatenate([plant.tables.observe, added]))

    def _snapshot(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        m = self._memory
        return m.y.copy(), m.p.copy(), m.ramp.copy(), int(m.resume[at.N_RAMPS])

    def _call(self, progress: Callable[[float], None] | None) -> int:
        # first what is due at this instant, then one step: what lies between is the start of that step
        self._control.status[at.STEP_BUDGET] = 0
        code = self._run()
        full = self._control.status[at.EVENTS_HELD] >= self._recorder.log.shape[0]
        if code != at.FLUSH or full or self._memory.resume[at.H_PENDING] > 0.0:
            return code
        self.before, start = self._snapshot(), self.time
        self._control.status[at.STEP_BUDGET] = 1
        logged = int(self._control.status[at.EVENTS_HELD])
        code = self._run()
        self._fired_first(logged, start)
        if self.look is not None and self.time > start:
            self.look(start, self.time)
        return code

    def _fired_first(self, logged: int, start: float) -> None:
        """A guard found crossed at the very start of the step has fired before it: it belongs to its start."""
        _, p, ramp, ramps = self.before
        for row in range(logged, int(self._control.status[at.EVENTS_HELD])):
            time, source, latch, _, new = self._recorder.log[row]
            if time > start:
                return
            if (
                source == 1.0
                and self._latch_rows.kind[int(latch)] == at.SET
                and self._latch_rows.index[int(latch)] >= 0
            ):
                p[self._latch_rows.index[int(latch)]] = new
            self.before = self._recorder.event_y[row, 1].copy(), p, ramp, ramps

    def inside(self, theta: float, start: float, end: float, index: np.ndarray) -> np.ndarray:
        """Numbers of w at the part theta of the step just made; the instant's events are not in them."""
        y0, p0, ramp, ramps = self.before
        y, p = np.empty_like(y0), p0.copy()
        stepping.interpolate(theta, y0, self._work.y_new, self._work.dense, y)
        return self.instant(start + theta * (end - start), y, p, ramp, ramps, index)

    def instant(
        self, t: float, y: np.ndarray, p: np.ndarray, ramp: np.ndarray, ramps: int, index: np.ndarray
    ) -> np.ndarray:
        """Numbers of w at an instant."""
        stepping.move_ramps(p, ramp, ramps, t)
        w, dy = self._work.w_aside, self._work.dy_aside
        evaluate.rates(self._transport, t, y, p, w, dy)
        evaluate.observe(self._transport, t, y, p, w, dy)
        return np.asarray(w[index])


def replay(
    spec: ScenarioSpec,
    of: tuple[str, ...] = ("total",),
    progress: Callable[[float], None] | None = None,
    more: Callable[[dict[str, Trajectory]], Sequence[str]] = lambda _: (),
) -> tuple[Plant, dict[str, Trajectory]]:
    """Run a scenario and keep the trajectory of its flows.

    Parameters
    ----------
    spec : ScenarioSpec
        What CVODE or `multirate` is to integrate is run with `rodas4p` here, at the same tolerance.
    of : tuple of str
        What is followed: "total", or components.
    progress : callable, optional
        Told the plant time reached.
    more : callable
        Given what was followed, says what else is: components of it, together.

    Returns
    -------
    Plant, dict of Trajectory

    Raises
    ------
    TraceError
        When the run does not reach its end.
    """
    from twin.plant import compile_plant
    from twin.results.layout import recording
    from twin.schedule.simulation import Simulation

    if spec.method not in WHOLE:
        spec = replace(spec, method="rodas4p")
    plant = compile_plant(spec.plant)
    if spec.start == "steady":
        from twin.steady.state import started

        plant = started(plant)
    networks = {name: network_of(plant, name) for name in of}
    index = np.unique(np.concatenate([net.index for net in networks.values()]))
    times: list[tuple[float, float]] = []
    rows: list[np.ndarray] = []
    simulation = Simulation(spec, plant, record=recording(plant).w_index, every=0.0, integrator=Watched)
    integrator = simulation.integrator

    def look(start: float, end: float) -> None:
        times.append((start, end))
        rows.append(np.stack([integrator.inside(theta, start, end, index) for theta in POINTS]))
        if progress is not None:
            progress(end)

    integrator.look = look
    ending = simulation.run()
    if ending.outcome.failed:
        raise TraceError(f"the run to be traced failed: {ending}")
    if not rows:
        raise TraceError("the run to be traced made no step")
    whole = np.stack(rows)
    found: dict[str, Trajectory] = {}
    for name, net in networks.items():
        found[name] = Trajectory(net, np.array(times), whole[:, :, np.searchsorted(index, net.index)])
    for name in more(found):
        net = network_of(plant, name)
        found[name] = Trajectory(net, np.array(times), whole[:, :, np.searchsorted(index, net.index)])
    return plant, found


def frozen(net: Network, trajectory: Trajectory, t: float, length: float) -> Trajectory:
    """Give a trajectory on which nothing moves any more: the flows and masses of one instant."""
    raw = trajectory.raw(t)
    return Trajectory(net, np.array([[0.0, length]]), np.broadcast_to(raw, (1, len(POINTS), len(raw))).copy())
