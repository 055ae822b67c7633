"""Masses and flows of a network along a run: cubic pieces, one a step of the integrator."""

from __future__ import annotations

import numpy as np

from twin.trace.network import Network

#: Where inside a step masses and flows are kept.
POINTS = (0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0)
#: Relative change of a number at an instant that counts as a jump: rounding is far below, the integrator's error above.
JUMP = 1e-9


class Trajectory:
    """What moves through a network from the start to the end of a run.

    Parameters
    ----------
    network : Network
    times : array [steps, 2]
        Start and end of every step, in s.
    raw : array [steps, 4, recorded]
        What the network's maps are applied to, at `POINTS` of every step.
    """

    def __init__(self, network: Network, times: np.ndarray, raw: np.ndarray) -> None:
        self.network, self.times = network, times
        self.m = network.masses(raw)
        self.F = network.flows(raw)
        self.feed = raw @ network.feed.T
        self._raw = raw
        #: cells that hold more than the plant's, and how many times
        self.more: tuple[range, float] | None = None

    def copy_raw(self, other: Trajectory) -> None:
        """Take over what another one has recorded."""
        self._raw, self.more = other._raw, other.more

    @property
    def start(self) -> float:
        return float(self.times[0, 0])

    @property
    def end(self) -> float:
        return float(self.times[-1, 1])

    def piece(self, t: float, after: bool = False) -> tuple[int, np.ndarray]:
        """Number of the step that a time lies in, and the weights of its four points."""
        if after:
            k = int(np.searchsorted(self.times[:, 0], t, side="right")) - 1
        else:
            k = int(np.searchsorted(self.times[:, 1], t, side="left"))
        k = min(max(k, 0), len(self.times) - 1)
        start, end = self.times[k]
        x = 3.0 * (t - start) / (end - start)
        return k, np.array(
            [
                -(x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0,
                x * (x - 2.0) * (x - 3.0) / 2.0,
                -x * (x - 1.0) * (x - 3.0) / 2.0,
                x * (x - 1.0) * (x - 2.0) / 6.0,
            ]
        )

    def at(self, t: float, after: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Masses [cells], flows [edges] and what enters [pipes]; at an event, just before it unless `after`."""
        k, weights = self.piece(t, after)
        return weights @ self.m[k], weights @ self.F[k], weights @ self.feed[k]

    def raw(self, t: float, after: bool = False) -> np.ndarray:
        """What is recorded at an instant."""
        k, weights = self.piece(t, after)
        return np.asarray(weights @ self._raw[k])

    def held(self, t: float, after: bool = False) -> np.ndarray:
        """What each cell holds [cells], in kg."""
        return self.network.held(self.raw(t, after))

    def jumps(self) -> np.ndarray:
        """Instants at which something jumps, in s."""
        before, after = self._raw[:-1, -1], self._raw[1:, 0]
        size = np.maximum(np.max(np.abs(self._raw), axis=(0, 1)), 1e-300)
        return np.asarray(self.times[1:, 0][np.any(np.abs(after - before) > JUMP * size, axis=1)])

    def passed(self, point: int, start: float, end: float) -> float:
        """Mass that entered a point between two times, in kg."""
        return float(self.amounts(point, np.array([start, end]))[-1])

    def amounts(self, point: int, times: np.ndarray) -> np.ndarray:
        """Mass that has entered a point since times[0], at each of `times`, in kg."""
        flow = self.network.through(self._raw, point)
        h = np.diff(self.times, axis=1)[:, 0]
        whole = np.concatenate([[0.0], np.cumsum(h * (flow @ np.array([1.0, 3.0, 3.0, 1.0]) / 8.0))])
        found = np.empty(len(times))
        for i, t in enumerate(times):
            k = min(max(int(np.searchsorted(self.times[:, 1], t, side="left")), 0), len(h) - 1)
            x = (t - self.times[k, 0]) / h[k]
            found[i] = whole[k] + h[k] * float(_integrals(x) @ flow[k])
        return np.asarray(found - found[0])


def _integrals(x: float) -> np.ndarray:
    """Integrals from 0 to x of the four cubics that are 1 at one of `POINTS` and 0 at the others."""
    x2, x3, x4 = x * x, x**3, x**4
    return np.array(
        [
            x - 11.0 / 4.0 * x2 + 3.0 * x3 - 9.0 / 8.0 * x4,
            9.0 / 2.0 * x2 - 15.0 / 2.0 * x3 + 27.0 / 8.0 * x4,
            -9.0 / 4.0 * x2 + 6.0 * x3 - 27.0 / 8.0 * x4,
            0.5 * x2 - 3.0 / 2.0 * x3 + 9.0 / 8.0 * x4,
        ]
    )
