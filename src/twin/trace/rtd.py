"""Residence times by a virtual tracer on the running plant: a pulse into one pipe, its time until another.

The tracer rides with the material through masses and flows as they change, so that nothing need be steady. Age is
carried with it: mean and variance are moments of what has arrived, not integrals of a sampled curve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.trace.analytic import tanks_share
from twin.trace.carry import Aging, Carrier, Mark
from twin.trace.network import Network, TraceError
from twin.trace.trajectory import Trajectory

#: Percentiles that are told, in %.
PERCENTILES = (1.0, 5.0, 10.0, 50.0, 90.0, 95.0, 99.0, 99.9)
#: What may stay behind of a pulse when its curve is taken for complete.
REST = 1e-10
#: Length of a curve in steady flow, in s: none is that long.
FOREVER = 1e9


@dataclass(frozen=True)
class Residence:
    """Residence times from one place to another of what entered at an instant.

    Attributes
    ----------
    source, target : str
    entered : float
        Plant time of the pulse, in s.
    steady : bool
        Whether flows were held as they were at that instant.
    time : array
        Since the pulse, in s.
    E : array
        Share that arrives per second, in 1/s.
    F : array
        Share that has arrived.
    arrived : float
        Share that arrived in all: the rest is still on its way, or left elsewhere.
    mean, variance : float
        Of what arrived, in s and s².
    of : str
        What was followed: "total", or a component.
    """

    source: str
    target: str
    entered: float
    steady: bool
    time: np.ndarray
    E: np.ndarray
    F: np.ndarray
    arrived: float
    mean: float
    variance: float
    of: str = "total"

    @property
    def tanks(self) -> float:
        """Number of tanks in series of this mean and variance."""
        return self.mean**2 / self.variance if self.variance > 0.0 else np.inf

    def apart(self, points: int = 200) -> float:
        """Largest difference of F from that of `tanks` tanks in series: how well two moments describe the curve."""
        if not self.arrived > 0.0 or not math.isfinite(self.tanks):
            return math.nan
        first, last = self.percentile(0.01), self.percentile(99.99)
        if not (math.isfinite(first) and math.isfinite(last)):
            return math.nan
        t = np.linspace(first, last, points)
        return float(np.max(np.abs(self.share(t) / self.arrived - tanks_share(t / self.mean, self.tanks))))

    def share(self, t: np.ndarray | float) -> np.ndarray:
        """Give F at times since the pulse: cubics through F with the slopes E."""
        x = np.atleast_1d(np.asarray(t, dtype=float))
        k = np.searchsorted(self.time, x, side="right") - 1
        inside = (k >= 0) & (k < len(self.time) - 1)
        k = np.where(inside, k, 0)
        h = self.time[k + 1] - self.time[k]
        s = np.where(inside, (x - self.time[k]) / h, 0.0)
        found = (
            (1.0 + 2.0 * s) * (1.0 - s) ** 2 * self.F[k]
            + s**2 * (3.0 - 2.0 * s) * self.F[k + 1]
            + h * s * (1.0 - s) * ((1.0 - s) * self.E[k] - s * self.E[k + 1])
        )
        return np.where(x < self.time[0], 0.0, np.where(inside, found, self.F[-1]))

    def percentile(self, percent: float) -> float:
        """Time by which this part of what arrives in all has arrived, in s; NaN where nothing did."""
        wanted = 0.01 * percent * self.arrived
        place = int(np.searchsorted(self.F, wanted))
        if self.arrived <= 0.0 or place >= len(self.F):
            return float("nan")
        low, high = float(self.time[max(place - 1, 0)]), float(self.time[place])
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if float(self.share(middle)[0]) < wanted else (low, middle)
        return 0.5 * (low + high)

    def attenuation(self, widths: np.ndarray | Sequence[float]) -> np.ndarray:
        """Greatest part of an upset of the feed that shows at the outlet, by the upset's length [s]: the funnel."""
        whole = self.F / self.arrived if self.arrived > 0.0 else self.F
        scaled = replace(self, F=whole, E=self.E / self.arrived if self.arrived > 0.0 else self.E)
        found = []
        for width in np.asarray(widths, dtype=float):
            # the top lies where E(t) = E(t − width): on the curve's own points, then refined
            ends = np.unique(np.concatenate([self.time, self.time + width]))
            heights = scaled.share(ends) - scaled.share(ends - width)
            k = int(np.argmax(heights))
            low, high = ends[max(k - 1, 0)], ends[min(k + 1, len(ends) - 1)]
            fine = np.linspace(low, high, 2001)
            found.append(float(np.max(scaled.share(fine) - scaled.share(fine - width))))
        return np.array(found)


def tapped(trajectory: Trajectory, pipes: Sequence[int]) -> tuple[Trajectory, list[int]]:
    """Let what reaches some pipes end there, in sinks of their own: what comes back by a recycle counts once.

    Returns
    -------
    Trajectory, list of int
        And the number of the sink of each.
    """
    net = trajectory.network
    held, extra = net.n_held, len(pipes)
    keep = ~np.isin(net.source, pipes)

    def moved(points: np.ndarray) -> np.ndarray:
        return np.where(points >= held, points + extra, points)

    source = np.concatenate([moved(net.source[keep]), moved(np.array(pipes, dtype=np.int64))])
    target = np.concatenate([moved(net.target[keep]), held + np.arange(extra)])
    names = tuple(f"{net.pipes[pipe - held]} (tap)" for pipe in pipes)
    changed: Network = replace(
        net,
        sinks=(*net.sinks, *names),
        source=source,
        target=target,
        feeds={name: place + extra for name, place in net.feeds.items()},
        bypass=(),
    )
    result = object.__new__(Trajectory)
    result.network, result.times, result.m, result.feed = changed, trajectory.times, trajectory.m, trajectory.feed
    passing = np.stack([trajectory.F[:, :, net.source == pipe].sum(axis=-1) for pipe in pipes], axis=-1)
    result.F = np.concatenate([trajectory.F[:, :, keep], passing], axis=-1)
    result.copy_raw(trajectory)
    return result, [held + i for i in range(extra)]


def residence(
    trajectory: Trajectory,
    source: str,
    target: str,
    at: float | None = None,
    *,
    steady: bool = False,
    taps: Sequence[str] = (),
    tolerance: float = 1e-9,
) -> Residence:
    """Put a pulse of tracer into a pipe and see when it arrives.

    Parameters
    ----------
    trajectory : Trajectory
        Of "total", or of a component.
    source : str
        A feed or an outlet (`unit.port`).
    target : str
        A product or an outlet.
    at : float, optional
        Plant time of the pulse, in s: the start unless given.
    steady : bool
        Hold masses and flows as they are then, until all has passed.
    taps : sequence of str
        More pipes that end what reaches them.
    tolerance : float
        Error of a step.

    Raises
    ------
    TraceError
        Where nothing flows at the source then.
    """
    from twin.trace.replay import frozen

    t0 = trajectory.start if at is None else at
    net = trajectory.network
    if not trajectory.start <= t0 < trajectory.end:
        raise TraceError(f"the run goes from {trajectory.start:g} to {trajectory.end:g} s: no pulse at {t0:g} s")
    if not net.through(trajectory.raw(t0, after=True), net.point(source)) > 0.0:
        raise TraceError(f"nothing flows through {source} at {t0:g} s: a pulse would go nowhere")
    if steady:
        trajectory, t0, entered = frozen(net, trajectory, t0, FOREVER), 0.0, t0
    else:
        entered = t0
    ends = [net.point(name) for name in (target, *taps)]
    pipes = [end for end in ends if end >= net.n_held]
    cut, sinks = tapped(trajectory, pipes) if pipes else (trajectory, [])
    sink = sinks[0] if ends[0] >= net.n_held else ends[0]
    last = int(cut.network.source[cut.network.target == sink][0])
    into = net.point(source)
    into += len(pipes) if into >= net.n_held else 0
    carrier = Carrier(cut, 3, aging=[Aging(1, 0), Aging(2, 1, 2.0)], tolerance=tolerance, watch=[last])
    X = carrier.empty()
    carrier.pulse(X, 0, into, 1.0, t0)
    cells, place = len(cut.network.cells), sink - len(cut.network.cells)
    span = cut.end - t0
    if steady:  # until nothing is left worth speaking of
        m, F, _ = cut.at(t0)
        flow = float(net.through(trajectory.raw(t0), net.point(source)))
        span = 4.0 * float(m.sum()) / flow
    times, E, F_ = [np.array([t0])], [np.zeros(1)], [np.zeros(1)]
    first = True
    while True:
        end = min(t0 + span, cut.end)
        found = carrier.run(float(times[-1][-1]), end, X)
        begin = 0 if first else 1
        if first:
            times, E, F_, first = [], [], [], False
        times.append(found.time[begin:])
        E.append(found.rate[begin:, 0, 0])
        F_.append(found.out[begin:, place, 0])
        X = np.concatenate([found.held[-1], found.out[-1]])
        left = float(X[:cells, 0].sum())
        if end >= cut.end or left < REST or not steady or span > 1e3 * FOREVER:
            break
        span *= 2.0
    arrived, first_moment, second = (float(X[sink, i]) for i in range(3))
    mean = first_moment / arrived if arrived > 0.0 else np.nan
    return Residence(
        source=source,
        target=target,
        entered=entered,
        steady=steady,
        time=np.concatenate(times) - t0,
        E=np.concatenate(E),
        F=np.concatenate(F_),
        arrived=arrived,
        mean=mean,
        variance=second / arrived - mean**2 if arrived > 0.0 else np.nan,
        of=net.of,
    )


def step_response(
    trajectory: Trajectory, source: str, target: str, at: float, *, tolerance: float = 1e-8
) -> tuple[np.ndarray, np.ndarray]:
    """Mark all that passes a pipe from an instant on, and see what share of another's flow is marked.

    Returns
    -------
    time, share : array
        Time since the instant, in s; NaN where nothing flows.
    """
    net = trajectory.network
    end = net.point(target)
    last = end if end >= net.n_held else int(net.source[net.target == end][0])
    carrier = Carrier(trajectory, 1, [Mark(0, net.point(source), start=at)], tolerance=tolerance, watch=[last])
    found = carrier.run(at, trajectory.end, carrier.empty())
    flow = np.array([float(net.through(trajectory.raw(t, after=True), last)) for t in found.time])
    share = np.divide(found.rate[:, 0, 0], flow, out=np.full(len(flow), np.nan), where=flow > 0.0)
    return found.time - at, share
