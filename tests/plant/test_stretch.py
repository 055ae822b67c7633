"""Structures of large grids from small ones: the same, row by row, as when the whole is traced."""

from __future__ import annotations

import numpy as np
import pytest

from tests.registry.sample import SIZES, instance
from tests.registry.test_structure import parameters
from twin.plant.stretch import WORTH_IT, Found, stretched
from twin.plant.structure import trace_unit


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("crystallization.msmpr", "bins"),
        pytest.param("crystallization.stirred_crystallizer", "bins", marks=pytest.mark.slow),
        pytest.param("separation.belt_filter", "bins", marks=pytest.mark.slow),
        ("reaction.plug_flow", "cells"),
        pytest.param("separation.deliquoring", "cells", marks=pytest.mark.slow),
        ("piping.pipe", "cells"),
    ],
)
def test_a_stretched_structure_is_the_traced_one(name: str, dim: str) -> None:
    made = instance(f"unit_ops.{name}", 0, {**SIZES, dim: WORTH_IT + 4})
    wanted_sizes, p = {**made.sizes, dim: WORTH_IT + 4}, parameters(made)
    lengths: list[int] = []

    def trace(sizes: dict[str, int], params: np.ndarray) -> Found:
        lengths.append(sizes[dim])
        found = trace_unit(made.model, sizes, params)
        return found.results, found.inputs, found.readers

    fast = stretched(made.model, wanted_sizes, p, trace)
    assert fast is not None
    assert max(lengths) < 0.5 * WORTH_IT
    whole = trace_unit(made.model, wanted_sizes, p)
    for got, wanted in zip(fast, (whole.results, whole.inputs, whole.readers), strict=True):
        assert np.array_equal(got, wanted)


def test_what_depends_on_everything_is_not_stretched() -> None:
    made = instance("unit_ops.crystallization.agglomerating", 0, {**SIZES, "bins": WORTH_IT})

    def trace(sizes: dict[str, int], params: np.ndarray) -> Found:
        raise AssertionError(sizes)

    assert stretched(made.model, made.sizes, parameters(made), trace) is None
    small = {**made.sizes, "bins": WORTH_IT - 1}
    assert stretched(made.model, small, parameters(made), trace) is None
