"""Which calls give what of a plant: those that some numbers of w need, and no others.

A call asks one unit for one thing (its rates, an outlet, a measurement, an integral), and needs what its kernel asks
for by name: calls of the units upstream for inlets, integrals of its own unit that it reads, and for lent memory all
calls of the unit before it, any of which may have left something there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.plant.codes import HOLDUP, INTEGRAL, MEASURE, PORT, RATES
from twin.plant.order import needs
from twin.quantity import Array, fields

if TYPE_CHECKING:
    from twin.plant.nodes import Node

#: (unit, what), as in the tables of a plant.
Call = tuple[int, int]


class Calls:
    """All calls of a plant, and what each needs.

    Parameters
    ----------
    nodes : sequence of Node
        Of the plant, with their layout.
    calls : sequence of Call
        All that give its streams, integrals, measurements and holdups, in order.
    """

    def __init__(self, nodes: Sequence[Node], calls: Sequence[Call]) -> None:
        self.nodes = nodes
        self.number = {node.name: k for k, node in enumerate(nodes)}
        self.all = list(dict.fromkeys(calls))
        self._needs: dict[Call, list[Call]] = {}

    def needed_for(self, wanted: Iterable[Call]) -> list[Call]:
        """Give these calls and all that they need, in order."""
        found: set[Call] = set()
        queue = list(wanted)
        while queue:
            call = queue.pop()
            if call not in found:
                found.add(call)
                queue += self.needed_by(call)
        return [call for call in self.all if call in found]

    def giving(self, places: Iterable[int]) -> list[Call]:
        """Give the calls that these places of w need, in order; what feeds put there needs none."""
        return self.needed_for({self._givers[place] for place in places if place in self._givers})

    @cached_property
    def _givers(self) -> dict[int, Call]:
        """Call that writes each place of w."""
        found: dict[int, Call] = {}
        for k, node in enumerate(self.nodes):
            whats: dict[tuple[str, ...], int] = {("o", port): PORT + i for i, port in enumerate(node.model.outlets)}
            whats |= {("m", f.name): MEASURE + i for i, f in enumerate(node.model.measurements)}
            for i, f in enumerate(fields(node.model.Integrals)):
                whats |= {("a", f.name): INTEGRAL + i, ("b", f.name): INTEGRAL + i}
            for key in node.layout.slots.index:
                what = {"q": RATES, "h": HOLDUP}.get(key[0], whats.get(key[:2]))
                if what is not None:
                    first = node.layout.place(*key)
                    found.update(dict.fromkeys(range(first, first + node.layout.size(*key)), (k, what)))
        return found

    def source(self, k: int, inlet: str) -> Call | None:
        """Call that gives what flows into an inlet; None for what the plant's boundary gives."""
        name, what = self.nodes[k].sources.get(inlet, ("", ""))
        if not name:
            return None
        model = self.nodes[self.number[name]].model
        if what in model.outlets:
            return self.number[name], PORT + list(model.outlets).index(what)
        return self.number[name], MEASURE + [f.name for f in model.measurements].index(what)

    def sources(self, k: int, inlets: Iterable[str]) -> list[Call]:
        """Calls that give what flows into these inlets of a unit."""
        return [call for inlet in inlets if (call := self.source(k, inlet)) is not None]

    def needed_by(self, call: Call) -> list[Call]:
        """Calls that another one needs at once."""
        if call not in self._needs:
            self._needs[call] = self._find(call)
        return self._needs[call]

    def _find(self, call: Call) -> list[Call]:
        k, what = call
        model = self.nodes[k].model
        if what >= INTEGRAL:
            kernels = [fields(model.Integrals)[what - INTEGRAL].name]
        elif what >= MEASURE:
            kernels = [model.measurements[what - MEASURE].name]
        elif what >= PORT:
            kernels = [list(model.outlets)[what - PORT]]
        else:
            kernels = ["holdup"] if what == HOLDUP else ["derivatives", "quadratures"]
        return self.read_by(k, kernels, self.all[: self.all.index(call)])

    def read_by(self, k: int, kernels: Iterable[str], before: Sequence[Call]) -> list[Call]:
        """Calls that kernels of a unit need at once; of those of the unit itself, the ones that come before."""
        node = self.nodes[k]
        found: list[Call] = []
        for kernel in kernels:
            if node.model.has(kernel):
                asked = node.model.arguments(kernel)
                found += self.sources(k, needs(node, kernel))
                if "w" in asked:  # lent memory may have been filled by any call of the unit before
                    found += [call for call in before if call[0] == k]
                elif "a" in asked:
                    integrals = [(k, INTEGRAL + i) for i in node.model.integrals_for([kernel])]
                    found += [call for call in integrals if call in before]
        return found


def table(calls: Sequence[Call]) -> Array:
    """Calls as compiled code takes them, [n, 2]."""
    return np.array(calls, dtype=np.int64).reshape(-1, 2)
