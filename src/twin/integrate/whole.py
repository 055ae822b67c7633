"""The whole plant as its blocks together show it: what is recorded of it, and its parameters as events left them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from twin.integrate.allocate import Kind
from twin.integrate.blockloop import Seen, observe_all
from twin.integrate.integrator import Samples
from twin.jit import call
from twin.plant.blocks import Block
from twin.plant.handles import handed
from twin.quantity import Array


class Recorded(NamedTuple):
    """What of the samples a block gives: numbers in the samples, and places in the block."""

    y: Array
    y_here: Array
    w: Array
    w_here: Array


def _recorded(block: Block, states: Array, record: Array) -> Recorded:
    def pairs(places: Array, here: dict[int, int]) -> list[Array]:
        found = [(i, here[place]) for i, place in enumerate(places.tolist()) if place in here]
        return [column.copy() for column in np.array(found, dtype=np.int64).reshape(-1, 2).T]

    return Recorded(*pairs(states, block.y_here), *pairs(record, block.w))


def _joined(blocks: Sequence[Samples]) -> Samples:
    return Samples(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))


def put(whole: Array, block: Block, vector: str, values: Array) -> None:
    """Write a block's numbers [..., n] where they stand in the whole plant's [..., n]; `vector` is y, q or p."""
    if vector == "y":
        whole[..., block.y] = values
    else:
        pairs = block.q if vector == "q" else block.p
        whole[..., pairs[:, 1]] = values[..., pairs[:, 0]]


class Whole:
    """One run's view of a plant that is integrated in blocks.

    Parameters
    ----------
    plant : Plant
        The whole.
    blocks : sequence of Block
        What it is cut into.
    states, record : arrays of int
        States and places in w that samples hold.
    """

    def __init__(self, plant: Any, blocks: Sequence[Block], states: Array, record: Array) -> None:
        self.plant, self.blocks, self.states, self.record = plant, blocks, states, record
        units = tuple((unit, k) for k, block in enumerate(blocks) for unit in block.units)
        self.recorded: list[Recorded] = plant.kept(
            ("recorded", units, states.tobytes(), record.tobytes()),
            lambda: [_recorded(block, states, record) for block in blocks],
        )
        self._p = plant.p0.copy()
        self._ramps: dict[int, tuple[float, float, float, float]] = {}  #: under way: begin, from, end, to
        n_y, n_p, n_w = plant.n_y, plant.n_p, plant.n_w
        calls = plant.giving(record.tolist())
        self._at = Seen(np.zeros(1), np.zeros(n_y), np.zeros(n_p), np.zeros(n_w), np.zeros(n_y), calls)
        self._handed = handed([plant.tables, self._at])

    def joined(self, blocks: Sequence[Sequence[Samples]]) -> Samples | None:
        """Samples of all blocks put together; None where there are none."""
        taken = [_joined(samples) for samples in blocks if samples]
        if not taken:
            return None
        n = len(taken[0].time)
        y, w = np.zeros((n, len(self.states))), np.zeros((n, len(self.record)))
        q = np.zeros((n, self.plant.n_q))
        for block, recorded, one in zip(self.blocks, self.recorded, taken, strict=True):
            y[:, recorded.y] = one.y
            w[:, recorded.w] = one.w
            put(q, block, "q", one.q)
        return Samples(taken[0].time, y, w, q)

    def seen(self, t: float, y: Array) -> Array:
        """What is recorded of w in a state."""
        for index, (t0, v0, t1, v1) in list(self._ramps.items()):
            self._p[index] = v1 if t >= t1 else v0 + (v1 - v0) * (t - t0) / (t1 - t0)
            if t >= t1:
                del self._ramps[index]
        seen = self._at
        seen.t[0], seen.y[:], seen.p[:], seen.w[:] = t, y, self._p, 0.0
        call(observe_all, *self._handed)
        return seen.w[self.record]

    def set(self, index: int, value: float) -> None:
        """Follow a parameter that is set; a ramp of it under way ends."""
        self._ramps.pop(index, None)
        self._p[index] = value

    def follow(self, t: float, kind: Kind, index: int, duration: float, old: float, new: float) -> None:
        """Follow the parameters through what has fired."""
        if index < 0 or kind not in (Kind.SET, Kind.RAMP, Kind.RESTORE):
            return
        if kind == Kind.RAMP:
            self._ramps[index] = (t, old, t + duration, new)
        else:
            self.set(index, new)

    def state(self) -> dict[str, Array]:
        """What a checkpoint must hold, copied."""
        ramps = np.array([[index, *ramp] for index, ramp in self._ramps.items()]).reshape(-1, 5)
        return {"p": self._p.copy(), "ramps": ramps}

    def restore(self, state: dict[str, Array]) -> None:
        """Continue from a checkpoint."""
        self._p = np.array(state["p"])
        self._ramps = {int(row[0]): (row[1], row[2], row[3], row[4]) for row in state["ramps"]}
