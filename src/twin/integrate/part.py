"""One block of a plant: takes what the blocks before it have left as cubics, and leaves its own steps to later ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from twin.integrate import allocate
from twin.integrate import tables as at
from twin.integrate.blockloop import Cubics, cubics
from twin.integrate.growing import Growing
from twin.integrate.integrator import Integrator
from twin.integrate.past import Past
from twin.jit import call
from twin.plant.blocks import Block
from twin.plant.handles import handed
from twin.quantity import Array

#: Steps that a block holds before Python takes them.
HELD = 256
#: A difference between two pieces is a jump from this part of the tolerance on.
JUMP = 1e-3


class Pieces(NamedTuple):
    """What the steps of a block leave for later blocks."""

    ends: Array  #: [n + 1]
    outlets: Array  #: [n, 4, k] at 0, 1/3, 2/3 and all of each
    gained: Array  #: [n, n_q] what the quadratures gained


class Track:
    """What a block's steps have left in this window, for later blocks."""

    def __init__(self) -> None:
        self.times, self.outlets, self.gained = Growing(), Growing(), Growing()

    def clear(self) -> None:
        """Forget all."""
        for one in (self.times, self.outlets, self.gained):
            one.clear()

    def pieces(self) -> Pieces:
        """All steps so far."""
        times = self.times.rows
        return Pieces(np.append(times[:, 0], times[-1, 1]), self.outlets.rows, self.gained.rows)


class Part(Integrator):
    """The integrator of one block."""

    loop, loop_over_scans = "twin.integrate.blockloop", "twin.integrate.blockoverloop"
    keeps = 0.0  # what other blocks feed jumps where their steps end

    def __init__(self, plant: Any, block: Block, booked: Sequence[Array], **settings: Any) -> None:
        self.block, self.booked, self.track = block, booked, Track()
        self._value, self._mean = np.empty((0, 4)), np.empty(0)
        self._alone = allocate.no_inlets()
        self._cubics: list[tuple[Any, ...]] = [() for _ in block.flows]
        self._lengths = [len(flow.place) for flow in block.flows]
        self._places = np.array([place for flow in block.flows for place in flow.place], dtype=np.int64)
        self._place_start = np.cumsum([0, *self._lengths])
        sources = np.repeat(np.arange(len(block.flows)), self._lengths)
        rows = [(sources[j], j) for j, place in enumerate(self._places.tolist()) if place in block.read]
        #: what scans read of other blocks: source, and place among all that flows in
        self._signal = np.array(rows, dtype=np.int64).reshape(-1, 2)
        super().__init__(plant, **settings)

    def begin(self, plant: Any, **settings: Any) -> None:
        """Begin a run of the same block."""
        self._inlets = self._alone
        super().begin(plant, **settings)
        flows, zeros = self.block.flows, self._lent.zeros
        if flows:
            self._control.settings[at.TIME_DEPENDENT] = 1.0
        self.scales = [zeros(length) for length in self._lengths]
        self._most = [zeros(len(flow.starts)) for flow in flows]
        self._apart = zeros(1)
        self._apart[0] = JUMP * self._control.settings[at.RTOL]
        count = len(self._places)
        stages = len(self._method.c)
        self._fed = (zeros(count), zeros(len(flows) + 1, np.int64), zeros((stages, count)), zeros(count))
        self.track.clear()
        self.past: Past | None = None
        self._keep_steps()

    def _keep_steps(self) -> None:
        """Allocate for what steps leave: to later blocks, and where there is a past to it."""
        index, history = self.block.index, self.past is not None
        calls = self.plant.giving(index.tolist())
        capacity = HELD if history or len(index) else 0
        self._steps = allocate.steps(self._lent, self._sizes, index, calls, capacity, history)
        self._recorder = self._recorder._replace(steps=self._steps)

    def _use(self, jacobian: Any, coupling: Any = None) -> None:
        super()._use(jacobian, coupling)
        self._work = self._work._replace(inlets=self._inlets)
        self._over = tuple(over._replace(signal=self._signal) for over in self._over)

    def open_window(self, history: bool) -> None:
        """Forget what the window before has left; `history` says whether to keep what the block was at any instant."""
        self.track.clear()
        if history == (self.past is None):
            self.past = Past() if history else None
            self._keep_steps()
        elif self.past is not None:
            self.past.clear()

    def feed(self, tracks: Sequence[Track]) -> None:
        """Take what the blocks before this one have left; what is at rest stays."""
        flows = [flow for flow in self.block.flows if len(tracks[flow.source].times)]
        if not flows:
            return
        left = [tracks[flow.source].pieces() for flow in self.block.flows]
        first = np.cumsum([0, *(len(one.gained) * length for one, length in zip(left, self._lengths, strict=True))])
        count = int(first[-1])
        if count > len(self._mean):  # kept from window to window, and a half more than has been asked for
            self._value, self._mean = np.empty((count + count // 2, 4)), np.empty(count + count // 2)
        value, mean = self._value[:count], self._mean[:count]
        jumps = []
        for k, (flow, one) in enumerate(zip(self.block.flows, left, strict=True)):
            rows, jump, most = slice(first[k], first[k + 1]), np.zeros(len(one.gained)), self._most[k]
            most[:] = 0.0
            made = Cubics(
                *one,
                flow.outlet,
                flow.group,
                flow.booked,
                self.scales[k],
                most,
                value[rows],
                mean[rows],
                jump,
                self._apart,
            )
            self._cubics[k] = handed([made], self._cubics[k])
            call(cubics, *self._cubics[k])
            jumps.append(one.ends[:-1][jump != 0.0])
        scale, cursor, stage, slope = self._fed
        scale[:] = np.concatenate(self.scales)
        scale[~(scale > 0.0)] = 1.0
        for array in (cursor, stage, slope):
            array.fill(0)
        self._inlets = at.Inlets(
            self._places,
            self._place_start,
            np.concatenate([one.ends for one in left]),
            np.cumsum([0, *(len(one.ends) for one in left)]),
            value,
            mean,
            first[:-1].copy(),
            scale,
            np.append(np.unique(np.concatenate(jumps)), np.inf),
            cursor,
            stage,
            slope,
        )
        self._work = self._work._replace(inlets=self._inlets)

    def _drain(self) -> None:
        super()._drain()
        status, kept = self._control.status, self._steps
        n = int(status[at.STEPS_HELD])
        if n:
            self.track.times.add(kept.time[:n])
            self.track.outlets.add(kept.outlet[:n])
            self.track.gained.add(kept.q[:n, 1] - kept.q[:n, 0])
            if self.past is not None:
                self.past.add(kept.time[:n], kept.y[:n], kept.q[:n])
        status[at.STEPS_HELD] = 0
