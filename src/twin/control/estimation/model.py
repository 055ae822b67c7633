"""The twin as a filter's model: a plant of its own, moved by the integrator and linearised where it is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import numpy as np

from twin.config.spec import SCANS
from twin.control.linear.linearise import Linearisation, Matrices, place_of_output
from twin.control.linear.opened import driver, opened
from twin.control.linear.point import Point
from twin.errors import TwinError
from twin.integrate.allocate import Event, Kind
from twin.quantity import Array
from twin.steady.view import View


class Lost(TwinError):
    """The model did not come to the next look."""


class TwinModel:
    """A plant without the loops whose outputs it is told of.

    Parameters
    ----------
    point : Point
        Of the whole plant, where the model begins: compiled, with its state.
    inputs : mapping of str to float
        Paths that it is told of, with their values at the start. Those that a controller drives are free in the
        model, and controllers that then drive nothing are not in it.
    uncertain : sequence of str
        Parameters and feeds by which it is differentiated.
    outputs : sequence of str
        Measurements, states and streams that it tells.
    rtol : float
    scans : str
        As for :class:`twin.integrate.integrator.Integrator`.
    """

    def __init__(
        self,
        point: Point,
        inputs: Mapping[str, float],
        uncertain: Sequence[str],
        outputs: Sequence[str],
        rtol: float,
        scans: str = SCANS[0],
    ) -> None:
        from twin.integrate.integrator import Integrator
        from twin.plant import compile_plant

        spec = point.plant.spec
        free = {path: value for path, value in inputs.items() if driver(spec, path)}
        asked = [path.partition(".")[0] for path in (*outputs, *uncertain)]
        plant = self.plant = compile_plant(opened(spec, free, asked)) if free else point.plant
        start = point.moved_to(plant, free)
        self._linearisation: Linearisation | None = None
        self._absent: Array | None = None
        self._uncertain, self._outputs = tuple(uncertain), tuple(outputs)
        self.input_places = [self.place(path) for path in inputs]
        self.uncertain_places = [self.place(path) for path in uncertain]
        values = list(inputs.values())
        changes = [*zip(self.input_places, values, strict=True), *((k, start.p[k]) for k in self.uncertain_places)]
        self._integrator = Integrator(
            plant, method="rodas4p", rtol=rtol, start=point.time or 0.0, scans=scans, foreseen=changes
        )
        self._integrator.y[:], self._integrator.p[:] = start.y, start.p
        self._integrator.p[self.input_places] = values
        self._view = View(plant, plant.p0.copy())
        self._seen = [place_of_output(plant, path) for path in outputs]

    def place(self, path: str) -> int:
        """Place of a path in the model's parameters."""
        return int(self.plant.parameter(path)[0])

    @property
    def time(self) -> float:
        """Plant time that it has come to [s]."""
        return self._integrator.time

    @property
    def y(self) -> Array:
        """Its states; may be changed between two advances."""
        return self._integrator.y

    @property
    def p(self) -> Array:
        """Its parameters."""
        return self._integrator.p

    def point(self) -> Point:
        """Where it is."""
        y, p = self.y.copy(), self.p.copy()
        self._view.p[:] = p
        rates = self._view.rates(y)
        if self._absent is None or np.any((y[self._absent] != 0.0) | (rates[self._absent] != 0.0)):
            among = np.ones(self.plant.n_y, dtype=bool) if self._absent is None else self._absent
            self._absent = self.plant.absent_from(y, p, among)
        return Point(self.plant, y, p, self._absent, self.time, self._absent)

    def linearised(self) -> Matrices:
        """Linearise where it is; rows are those of `free`."""
        point = self.point()
        if self._linearisation is None:
            self._linearisation = Linearisation(point, self._uncertain, self._outputs)
            # places of the linearised plant's states in the model's: that one has stations and taps as well
            inside = self._linearisation.plant
            mine = {c.path: c.offset for c in self.plant.columns if c.kind == "state"}
            self._places = np.full(inside.n_y, -1)
            for column in inside.columns:
                if column.kind == "state" and column.path in mine:
                    count = int(np.prod(column.shape))
                    first = mine[column.path]
                    self._places[column.offset : column.offset + count] = np.arange(first, first + count)
        return self._linearisation.matrices(point)

    @property
    def free(self) -> Array:
        """Places, among its states, of the rows of what was linearised last."""
        assert self._linearisation is not None
        return np.asarray(self._places[self._linearisation.states])

    def seen(self) -> Array:
        """The outputs where it is."""
        self._view.p[:] = self.p
        self._view.observe(self.y)
        vectors = {"y": self.y, "w": self._view.w}
        return np.array([vectors[vector][place] for vector, place in self._seen])

    def states(self, path: str) -> Array:
        """Places of a state, or of one element of it. Raises TwinError."""
        base = path.partition("[")[0]
        found = next((c for c in self.plant.columns if c.kind == "state" and c.path == base), None)
        if found is None:
            raise TwinError(f"the model has no state '{path}': its unit is left out with the loop that was opened")
        places = np.arange(found.offset, found.offset + int(np.prod(found.shape)))
        if base == path:
            return places
        labels = {self.plant.label(int(place)): int(place) for place in places}
        if path not in labels:
            close = difflib.get_close_matches(path, labels, n=1)
            raise TwinError(f"there is no state '{path}'." + (f" Did you mean '{close[0]}'?" if close else ""))
        return np.array([labels[path]])

    def advance(self, until: float, values: Array, linear: bool) -> None:
        """Go on to a time, inputs going to these values.

        Parameters
        ----------
        until : float
            Plant time [s].
        values : array [inputs]
            At `until`: they go there in a straight line, or keep theirs until then where not `linear`.

        Raises
        ------
        Lost
        """
        one, now = self._integrator, self.time
        rows = []
        for place, value in zip(self.input_places, values.tolist(), strict=True):
            if linear and value != one.p[place]:
                rows.append(Event(now, Kind.RAMP, place, value, until - now))
        one.schedule(rows)
        ending = one.advance(until)
        if ending.outcome.failed:
            raise Lost(f"the model does not come to {until:g} s. {ending}")
        for place, value in zip(self.input_places, values.tolist(), strict=True):
            one.set(place, value)

    def memory(self) -> dict[str, Array]:
        """All that going on needs."""
        found = self._integrator.state()
        if self._absent is not None:
            found["absent_then"] = self._absent.astype(float)
        return found

    def recall(self, state: dict[str, Array]) -> None:
        """Go on from a memory."""
        self._integrator.schedule([Event(0.0, Kind.RETURN)] * len(state["old"]))
        self._integrator.restore(state)
        self._absent = state["absent_then"] != 0.0 if "absent_then" in state else None

    def recorded(self) -> tuple[Array, Array, Array]:
        """States, streams and quadratures where it is, as a run records them."""
        self._view.p[:] = self.p
        self._view.observe(self.y)
        return self.y.copy(), self._view.w.copy(), self._integrator.q.copy()

    @property
    def statistics(self) -> dict[str, int]:
        """Counts of the integrator."""
        return self._integrator.statistics
