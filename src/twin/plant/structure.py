"""Structure of a unit's Jacobian block, and the colours in which its columns are taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.cache import digest, stored
from twin.plant import adapter
from twin.plant.codes import INTEGRAND, MEASURE, PORT, RATES
from twin.plant.layout import Cursor, UnitLayout, lay_out_alone
from twin.plant.model import Model, ModelError
from twin.plant.stretch import Found, stretched
from twin.plant.trace import StructureError, Tracer, call, constants, dependence, traced, variables


@dataclass(frozen=True)
class Dependence:
    """Local structure of a unit: which results depend on which inputs.

    Inputs are numbered states first, then the inlets' and integrals' places in the local w; results
    are (vector, place) with vector 0 for dy and 1 for the local w.
    """

    results: np.ndarray  #: [pairs, 2]: vector, place
    inputs: np.ndarray  #: [pairs, 2]: vector (0 y, 1 w), place
    readers: np.ndarray  #: [pairs, 3]: vector and place of a result, and the call whose scratch it reads


def local_calls(model: Model) -> list[int]:
    """What to ask of the entry, in order, to evaluate a unit alone."""
    calls = [INTEGRAND + i for i in range(len(model.Integrals._fields))]  # type: ignore[attr-defined]
    calls += [MEASURE + i for i in range(len(model.measurements))]
    calls += [PORT + i for i in range(len(model.outlets))]
    if model.State._fields or model.Quadratures._fields:  # type: ignore[attr-defined]
        calls.append(RATES)
    return calls


def _input_places(unit: UnitLayout, n_y: int) -> list[tuple[int, int]]:
    places = [(0, i) for i in range(n_y)]
    for key in unit.slots.index:
        if key[0] in ("u", "a"):
            first = unit.place(*key)
            places += [(1, first + i) for i in range(unit.size(*key))]
    return places


def _result_places(unit: UnitLayout, n_y: int) -> list[tuple[int, int]]:
    places = [(0, i) for i in range(n_y)]
    for key in unit.slots.index:
        if key[0] in ("b", "o", "q", "m"):
            first = unit.place(*key)
            places += [(1, first + i) for i in range(unit.size(*key))]
    return places


def trace_unit(model: Model, sizes: dict[str, int], params: np.ndarray) -> Dependence:
    """Run the unit's interpreted kernels on tracers."""
    p = Cursor()
    unit, n_y, n_w = lay_out_alone(model, sizes, lambda key, count: p.take(count))
    inputs = _input_places(unit, n_y)
    results = _result_places(unit, n_y)
    names: dict[str, object] = {}
    exec(compile(adapter.source(model), "<adapter>", "exec"), names)  # noqa: S102 (our own generated text)
    names.update(model=traced(model.module), view1=adapter.plain_view1, view2=adapter.plain_view2, as_int=lambda a: a)
    evaluate = names["evaluate"]
    assert callable(evaluate)
    y = variables(_positive(n_y), 0)
    fixed = constants(params)
    calls = local_calls(model)
    scratch = [unit.place(*key) + i for key in unit.slots.index if key[0] == "w" for i in range(unit.size(*key))]

    def run() -> list[object]:
        w = constants(np.zeros(n_w))
        for number, (vector, place) in enumerate(inputs):
            if vector == 1:
                w[place] = Tracer(0.5 + 0.01 * (number % 7), 1 << number)
        dy = constants(np.zeros(n_y))
        for number, what in enumerate(calls):
            before = w[scratch]
            call(evaluate, what, Tracer(0.0), y, fixed, w, dy, unit.offsets)
            for place, old in zip(scratch, before, strict=True):
                if w[place] is not old:
                    mask = w[place].mask if isinstance(w[place], Tracer) else 0
                    # whoever reads this later is known by the mark of its writer
                    w[place] = Tracer(float(w[place]), mask | 1 << (len(inputs) + number))
        return [(dy if vector == 0 else w)[place] for vector, place in results]

    try:
        masks = dependence(run)
    except StructureError as error:
        raise ModelError(f"{model.module.__file__}: {error}.") from None
    n = len(inputs)
    pairs = [(results[r], bit) for r, mask in enumerate(masks) for bit in _bits(mask)]
    return Dependence(
        _table([result for result, bit in pairs if bit < n], 2),
        _table([inputs[bit] for _, bit in pairs if bit < n], 2),
        _table([(*result, calls[bit - n]) for result, bit in pairs if bit >= n], 3),
    )


def _bits(mask: int) -> list[int]:
    """Numbers of the bits that are set."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def _table(rows: Sequence[tuple[int, ...]], width: int) -> np.ndarray:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _positive(n: int) -> np.ndarray:
    return 0.5 + 0.01 * (np.arange(n) % 7)


def unit_dependence(
    model: Model, sizes: dict[str, int], params: np.ndarray, integers: np.ndarray, folder: Path
) -> Dependence:
    """Trace a unit, or read what was traced for the same model, sizes and integer parameters."""

    def traced_alone(sizes: dict[str, int], params: np.ndarray) -> Found:
        found = trace_unit(model, sizes, params)
        return found.results, found.inputs, found.readers

    def find() -> dict[str, np.ndarray]:
        found = stretched(model, sizes, params, traced_alone) or traced_alone(sizes, params)
        return dict(zip(("results", "inputs", "readers"), found, strict=True))

    name = digest(sorted(sizes.items()), integers.tolist())
    return Dependence(**stored(folder / f"structure_{name}.npz", find))


def colour(rows_of_column: Sequence[Sequence[int]]) -> list[int]:
    """Greedy colouring: columns of one colour share no row."""
    taken: dict[int, int] = {}  # colours of the columns that a row has an entry in, as bits
    chosen = []
    for rows in rows_of_column:
        there = 0
        for row in rows:
            there |= taken.get(row, 0)
        free = ~there & (there + 1)  # the lowest bit that is not set
        for row in rows:
            taken[row] = taken.get(row, 0) | free
        chosen.append(free.bit_length() - 1)
    return chosen
