"""An extended Kalman filter: predicts with the twin, corrects by what sensors tell, and says what drifts.

Uncertain are states of the plant, parameters and feeds (random walks that the state is augmented with: Jazwinski,
Stochastic Processes and Filtering Theory, 1970, ch. 8), and biases of sensors. Between two looks the whole plant is
integrated as it is, nonlinear; its covariance follows the plant linearised at the corrected state.

Only some of the plant's states have a covariance: those that anything uncertain reaches, as far as a sensor or an
estimate sees them. What nothing uncertain reaches is known exactly, so that its rows are zero; what no sensor and no
estimate sees does not act on those that do. Leaving both out changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, replace

import numpy as np

from twin.config.estimator_spec import EstimatorSpec
from twin.control.estimation.drift import Change, Cusum, window_limit
from twin.control.estimation.kalman import advance, corrected
from twin.control.estimation.model import TwinModel
from twin.control.linear.linearise import Matrices
from twin.control.linear.needs import library
from twin.control.linear.system import spread
from twin.errors import TwinError
from twin.quantity import Array
from twin.schedule.memory import Memory, arrays_to_rows, of, packed, rows_to_arrays, under, unpacked

#: A random walk's standard deviation is told for so many seconds.
HOUR = 3600.0
#: More states than this with a covariance would take minutes a look.
MOST = 5000
#: Numbers of a look.
NUMBERS = (
    *("time", "inputs", "read", "expected", "spread", "used", "nis"),
    *("values", "sds", "estimates", "estimate_sds"),
)


class TooLarge(TwinError):
    """More uncertain states than can be handled."""

    exit_code = 2


@dataclass(frozen=True)
class Alarm:
    """What a test of innovations says.

    Attributes
    ----------
    time, since : float
        Told, and by the test begun [s].
    kind : str
        "drift" of a parameter, "bias" of a sensor (they wander more than the filter was told), "change" (of either:
        it is no longer what it was), "sensor" (its innovations go one way), "model" (all innovations together are
        larger than the model explains).
    what : str
        Path or tag; "" for all together.
    direction : int
        1 upwards, -1 downwards; 0 for all together.
    value, sd : float
        Of what drifts, as estimated then; of all together the statistic and its limit.
    """

    time: float
    since: float
    kind: str
    what: str
    direction: int
    value: float
    sd: float


@dataclass(frozen=True)
class Look:
    """What a filter saw at one instant, and says.

    Attributes
    ----------
    time : float
    inputs : array [inputs]
    read, expected, spread : array [measured]
        Told by sensors (NaN: missing), expected of them, and the standard deviation of the difference.
    used : array [measured] of bool
        Whether a reading was believed.
    nis : float
        Normalised innovation squared of the readings used; NaN without any.
    values, sds : array [uncertain]
        Disturbances, then biases.
    estimates, estimate_sds : array [outputs]
        Of all measurements, then of what else was asked for.
    """

    time: float
    inputs: Array
    read: Array
    expected: Array
    spread: Array
    used: Array
    nis: float
    values: Array
    sds: Array
    estimates: Array
    estimate_sds: Array


class Filter:
    """One filter.

    Parameters
    ----------
    spec : EstimatorSpec
    model : TwinModel
        Of its inputs, disturbances, and as outputs its measurements and then its estimates.
    period : float, optional
        Between two looks [s], for the tests; that of the specification unless given.
    """

    def __init__(self, spec: EstimatorSpec, model: TwinModel, period: float | None = None) -> None:
        self.spec, self.model = spec, model
        self.looks: list[Look] = []
        self.alarms: list[Alarm] = []
        self.m, self.d = len(spec.measured), len(spec.disturbances)
        self.biased = [k for k, one in enumerate(spec.measured) if one.bias_sd or one.bias_drift]
        self.names = [
            *(u.path for u in spec.disturbances),
            *(f"bias of {spec.measured[k].sensor}" for k in self.biased),
        ]
        walks = [(u.sd, u.drift) for u in spec.disturbances]
        walks += [(spec.measured[k].bias_sd, spec.measured[k].bias_drift) for k in self.biased]
        #: sizes by which disturbances and biases are measured
        self.units = np.array([max(sd, drift) for sd, drift in walks])
        self.first = np.array([sd for sd, _ in walks]) / self.units
        self.rates = (np.array([drift for _, drift in walks]) / self.units) ** 2 / HOUR
        self.bias = np.zeros(len(self.biased))
        self.places = np.zeros(0, dtype=int)  #: states with a covariance, in the model's y
        self.L = np.diag(self.first)  #: a factor of the covariance: of states in sizes, disturbances, biases
        self.R = np.array([one.sd**2 for one in spec.measured])
        n_y = model.plant.n_y
        self.scale = np.maximum(np.abs(model.y), model.plant.nominal)
        self._state_variance, self._state_rate = np.zeros(n_y), np.zeros(n_y)
        for one in spec.states:
            places = model.states(one.path)
            size = self.scale[places] if one.relative else 1.0
            self._state_variance[places] = (one.sd * size / self.scale[places]) ** 2
            self._state_rate[places] = (one.drift * size / self.scale[places]) ** 2 / HOUR
        self._outside = np.zeros(n_y, dtype=bool)
        if spec.units:
            owner = np.array([model.plant.label(k).partition(".")[0] for k in range(n_y)])
            self._outside = ~np.isin(owner, spec.units)
        length = spec.false_alarms / (period or spec.period)
        self.cusum = Cusum(len(self.names) + self.m, length)
        self.change = Change(self._values(), length)
        self._window, self._count, self._since = 0.0, 0, math.nan
        self.time: float | None = None
        self.bends: tuple[int, list[str]] | None = None  #: what `seen.bent` found, after so many looks

    def look(self, time: float, read: Array, inputs: Array) -> Look:
        """Go on to a time and take readings there.

        Parameters
        ----------
        time : float
            Plant time [s].
        read : array [measured]
            In SI; NaN where there is none.
        inputs : array [inputs]

        Raises
        ------
        Lost
            When the model does not come there.
        """
        if self.time is not None:
            self._predict(time, inputs)
        elif time > self.model.time:
            self.model.advance(time, inputs, self.spec.hold == "linear")
        self.time = time
        found = self.model.linearised()
        self._track(found)
        H = self._outputs(found)
        C = H[: self.m].copy()
        for j, k in enumerate(self.biased):
            C[k, len(self.places) + self.d + j] = self.units[self.d + j]
        expected = found.y_0[: self.m].copy()
        expected[self.biased] += self.bias
        used = np.isfinite(read)
        for k, one in enumerate(self.spec.measured):
            used[k] &= not (one.low is not None and read[k] < one.low) and not (
                one.high is not None and read[k] > one.high
            )
        sds = np.sqrt(np.sum((C @ self.L) ** 2, axis=1) + self.R)
        away = np.where(used, read - expected, 0.0) / sds
        if self.spec.gate is not None:
            used &= np.abs(away) <= self.spec.gate
        rows, nis, z = np.flatnonzero(used), math.nan, np.full(len(self.names) + self.m, math.nan)
        if len(rows):
            result = corrected(self.L, C[rows], self.R[rows], (read - expected)[rows])
            self.L, nis = result.L, result.nis
            self._move(result.moves)
            gain = result.K[len(self.places) :]
            spreads = np.sqrt(np.diag(gain @ result.S @ gain.T))
            moved = result.moves[len(self.places) :]
            z[: len(self.names)] = np.where(spreads > 0.0, moved / np.where(spreads > 0.0, spreads, 1.0), math.nan)
            z[len(self.names) + rows] = away[rows]
        n = len(self.places)
        values, spread_ = self._values(), np.sqrt(np.sum(self.L[n:] ** 2, axis=1)) * self.units
        told_sds = np.sqrt(np.sum((H @ self.L) ** 2, axis=1))
        told = self.model.seen()
        look = Look(time, inputs.copy(), read.copy(), expected, sds, used, nis, values, spread_, told, told_sds)
        self.looks.append(look)
        self._test(look, z, len(rows))
        return look

    def memory(self) -> Memory:
        """All that going on needs."""
        found = rows_to_arrays(self.looks, NUMBERS)
        found |= under("model", self.model.memory())
        found |= {"L": self.L.copy(), "places": self.places.astype(float), "bias_now": self.bias.copy()}
        found |= {"sums": self.cusum.sums.copy(), "sums_since": self.cusum.since.copy()}
        found |= {"changed": self.change.outside.astype(float), "changed_since": self.change.since.copy()}
        found["window"] = np.array([self._window, float(self._count), self._since])
        found["alarms"] = packed([astuple(alarm) for alarm in self.alarms])
        return found

    def recall(self, memory: Memory) -> None:
        """Be what it was."""
        self.model.recall(of("model", memory))
        self.looks = arrays_to_rows(Look, memory, len(memory["time"]))
        self.looks = [replace(look, used=look.used != 0.0) for look in self.looks]
        self.L, self.places, self.bias = memory["L"], memory["places"].astype(int), memory["bias_now"]
        self.cusum.sums, self.cusum.since = memory["sums"], memory["sums_since"]
        self.change.outside, self.change.since = memory["changed"] != 0.0, memory["changed_since"]
        self._window, count, self._since = memory["window"].tolist()
        self._count = int(count)
        self.alarms = [Alarm(*row) for row in unpacked(memory["alarms"])]
        self.time = self.looks[-1].time if self.looks else None

    def unread(self, time: float) -> Array:
        """Standard deviations that disturbances and biases would have without a single reading."""
        begun = self.looks[0].time if self.looks else time
        return np.asarray(np.sqrt(self.first**2 + self.rates * (time - begun)) * self.units)

    def correlations(self) -> Array:
        """Of the errors of disturbances and biases, [uncertain, uncertain]."""
        rows = self.L[len(self.places) :]
        sizes = np.linalg.norm(rows, axis=1)
        rows = rows / np.where(sizes > 0.0, sizes, 1.0)[:, None]
        return np.asarray(rows @ rows.T)

    def _values(self) -> Array:
        return np.concatenate([self.model.p[self.model.uncertain_places], self.bias])

    def _predict(self, time: float, inputs: Array) -> None:
        """Move the model and the covariance on to a time."""
        assert self.time is not None
        found = self.model.linearised()  # about the corrected state
        self._track(found)
        n, u = len(self.places), len(self.names)
        rows = self._rows()
        sparse = library("scipy.sparse")
        scale = self.scale[self.places]
        inner = sparse.diags_array(1.0 / scale) @ found.A[rows][:, rows] @ sparse.diags_array(scale)
        moved = np.zeros((n, u))
        moved[:, : self.d] = found.B[rows] * self.units[: self.d] / scale[:, None]
        A = sparse.block_array([[inner, sparse.csr_array(moved)], [None, sparse.csr_array((u, u))]], format="csr")
        noise = np.diag(np.sqrt(np.concatenate([self._state_rate[self.places], self.rates])))
        self.L = advance(A, noise[:, np.any(noise != 0.0, axis=0)], self.L, time - self.time)
        self.model.advance(time, inputs, self.spec.hold == "linear")

    def _rows(self) -> Array:
        """Rows of the last linearisation that have a covariance."""
        number = {int(place): k for k, place in enumerate(self.model.free)}
        return np.array([number[int(place)] for place in self.places], dtype=int)

    def _track(self, found: Matrices) -> None:
        """Give a covariance to states that something uncertain reaches now and that something sees."""
        free = self.model.free
        A, B, C = found.A, found.B, found.C
        inside = ~self._outside[free]
        rows, columns = A.nonzero()
        kept = inside[rows] & inside[columns]
        rows, columns = rows[kept], columns[kept]
        known = np.isin(free, self.places)
        unsure = (self._state_variance[free] > 0.0) | (self._state_rate[free] > 0.0) | np.any(B != 0.0, axis=1) | known
        reached, seen = spread(unsure & inside, columns, rows), spread(np.any(C != 0.0, axis=0) & inside, rows, columns)
        wanted = free[reached & seen]
        gone = ~np.isin(self.places, free)
        if not gone.any() and np.isin(wanted, self.places).all():
            return
        places = np.union1d(self.places[~gone], wanted)
        if len(places) > MOST:
            raise TooLarge(
                f"{self.spec.name}: {len(places)} states lie between what is uncertain and what is seen; at most {MOST}"
                " can. Name the units whose states are uncertain with `units:`."
            )
        n, old, u = len(places), len(self.places), len(self.names)
        at = np.concatenate([np.searchsorted(places, self.places[~gone]), n + np.arange(u)])
        of = np.concatenate([np.flatnonzero(~gone), old + np.arange(u)])
        L = np.zeros((n + u, self.L.shape[1]))
        L[at] = self.L[of]
        fresh = np.flatnonzero(~np.isin(places, self.places) & (self._state_variance[places] > 0.0))
        new = np.zeros((n + u, len(fresh)))
        new[fresh, np.arange(len(fresh))] = np.sqrt(self._state_variance[places[fresh]])
        self.places, self.L = places, np.hstack([L, new])

    def _outputs(self, found: Matrices) -> Array:
        """Rows of all outputs, by what is uncertain, [outputs, n + uncertain]."""
        C, D = found.C, found.D
        n = len(self.places)
        H = np.zeros((len(C), n + len(self.names)))
        H[:, :n] = C[:, self._rows()] * self.scale[self.places]
        H[:, n : n + self.d] = D * self.units[: self.d]
        return H

    def _move(self, moves: Array) -> None:
        """Move states, disturbances and biases; a disturbance stops at its limits."""
        n = len(self.places)
        model = self.model
        model.y[self.places] += moves[:n] * self.scale[self.places]
        changes = moves[n:] * self.units
        for k, (place, one) in enumerate(zip(model.uncertain_places, self.spec.disturbances, strict=True)):
            value = float(model.p[place] + changes[k])
            low, high = (-math.inf if one.low is None else one.low), (math.inf if one.high is None else one.high)
            model.p[place] = min(max(value, low), high)
        self.bias = self.bias + changes[self.d :]

    def _test(self, look: Look, z: Array, readings: int) -> None:
        """Sum what the tests sum, and tell."""
        for row, direction, since in self.cusum.see(look.time, z):
            if row < len(self.names):
                kind = "drift" if row < self.d else "bias"
                value, sd, what = float(look.values[row]), float(look.sds[row]), self.names[row]
            else:
                k = row - len(self.names)
                kind, what = "sensor", self.spec.measured[k].sensor
                value, sd = float(look.read[k] - look.expected[k]), float(look.spread[k])
            self.alarms.append(Alarm(look.time, since, kind, what, direction, value, sd))
        for row, direction, since in self.change.see(look.time, look.values, look.sds):
            value, sd = float(look.values[row]), float(look.sds[row])
            self.alarms.append(Alarm(look.time, since, "change", self.names[row], direction, value, sd))
        if readings:
            if self._count == 0:
                self._since = look.time
            self._window += look.nis
            self._count += readings
        if self._count and look.time - self._since >= self.spec.window * (1.0 - 1e-9):
            limit = window_limit(self._count, self.spec.window / self.spec.false_alarms)
            if self._window > limit:
                self.alarms.append(Alarm(look.time, self._since, "model", "", 0, self._window, limit))
            self._window, self._count = 0.0, 0
