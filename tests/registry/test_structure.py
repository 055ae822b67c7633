"""No result of a unit depends on a whole grid: what the sparse, coloured Jacobian rests on.

Dependences are found by tracing both sides of every branch, so the answer does not hang on the state.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.registry.carriers import plain_kernels
from tests.registry.library import unit_names
from tests.registry.sample import SIZES, Evaluation, Instance, instance
from twin.plant.adapter import Key
from twin.plant.layout import Cursor, UnitLayout, lay_out_alone
from twin.plant.structure import trace_unit
from twin.quantity import Field, fields

UNITS = unit_names()
#: Neighbours that an element may depend on along a grid: two on either side, as a limited flux needs,
#: and the ends. Far fewer than the 24 classes or the cells of a whole grid.
NEIGHBOURS = 8
BINS = 24


def parameters(made: Instance) -> np.ndarray:
    """The unit's parameters as the flat vector of `lay_out_alone`."""
    values = [np.ravel(np.asarray(v, dtype=float)) for v in made.p]
    return np.concatenate(values) if values else np.zeros(0)


def places(unit: UnitLayout, kinds: tuple[str, ...]) -> dict[int, tuple[Key, int]]:
    """Which field and element stands at each place of a local vector."""
    found = {}
    for key in unit.slots.index:
        if key[0] in kinds:
            for i in range(unit.size(*key)):
                found[unit.place(*key) + i] = (key, i)
    return found


def grids(made: Instance) -> dict[Key, tuple[str, ...]]:
    """Dimensions of every state and inlet that lies on a grid (bins, cells, tanks)."""
    found: dict[Key, tuple[str, ...]] = {}

    def note(key: Key, f: Field) -> None:
        if set(f.dims) - {"fluids", "solids", "reactions"} and not all(d.isdigit() for d in f.dims):
            found[key] = f.dims

    for f in fields(made.model.State):
        note(("x", f.name), f)
    for port in made.model.inlets.values():
        if not port.is_signal:
            for f in fields(port.stream):
                note(("u", port.name, f.name), f)
    return found


@pytest.mark.parametrize("name", UNITS)
def test_no_row_of_the_jacobian_is_dense(name: str) -> None:
    made = instance(name, 0, {**SIZES, "bins": BINS})
    m = made.model
    p = Cursor()
    unit, _, _ = lay_out_alone(m, made.sizes, lambda key, count: p.take(count))
    found = trace_unit(m, made.sizes, parameters(made))
    inputs = {0: places(unit, ("x",)), 1: places(unit, ("u", "a"))}
    results = {0: places(unit, ("x",)), 1: places(unit, ("b", "o", "q", "m"))}
    dense = set(getattr(m.module, "DENSE", ()))  # where everything depends on everything by nature
    on_grid = {key: dims for key, dims in grids(made).items() if not dense & set(dims)}
    reach: dict[tuple[Key, int], dict[Key, set[int]]] = defaultdict(lambda: defaultdict(set))
    for (to, row), (of, column) in zip(found.results, found.inputs, strict=True):
        source, element = inputs[int(of)][int(column)]
        if source in on_grid:
            shape = unit.shapes[source]
            axis = next(i for i, d in enumerate(on_grid[source]) if d not in ("fluids", "solids", "reactions"))
            position = int(np.unravel_index(element, shape)[axis])
            reach[results[int(to)][int(row)]][source].add(position)
    for (target, element), sources in reach.items():
        for source, positions in sources.items():
            if not may_sum(target, source, on_grid):
                assert len(positions) <= NEIGHBOURS, (
                    f"{'.'.join(target)}[{element}] depends on {len(positions)} places of {'.'.join(source)}: "
                    "sum it as a field of Integrals"
                )


def may_sum(target: Key, source: Key, on_grid: dict[Key, tuple[str, ...]]) -> bool:
    """Whether a result may depend on a whole grid: never on the size classes; a few cells may be summed.

    Measurements stand outside the Jacobian unless wired; an outlet or a duty may gather the cells.
    """
    few = "bins" not in on_grid[source]
    return few and target not in on_grid and target[0] in ("m", "o", "q")


@pytest.mark.parametrize("name", UNITS)
def test_results_are_finite_and_repeat(name: str) -> None:
    """Kernels are pure: evaluated twice, on other buffers, they give the same bits."""
    made = instance(name, 5)
    m = made.model
    if not m.State._fields:
        return
    once, twice = (Evaluation(made, plain_kernels(m.module)).derivatives() for _ in range(2))
    for f, a, b in zip(fields(m.State), once, twice, strict=True):
        assert np.all(np.isfinite(a)), f"d{f.name}/dt is not finite"
        assert np.array_equal(a, b), f"d{f.name}/dt changes from call to call"
