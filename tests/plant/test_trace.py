"""Structure found by running kernels: both sides of every branch, through loops, min/max and math."""

from __future__ import annotations

import math

import numpy as np

from twin.plant.structure import colour
from twin.plant.trace import Tracer, dependence, variables


def masks(function, n):
    return dependence(lambda: function(variables(np.linspace(0.3, 0.9, n), 0)))


def test_dependence_follows_arithmetic_not_values():
    assert masks(lambda v: [v[0] * 0.0 + v[2], v[1] - 3.0, 2.0 ** v[0]], 3) == [0b101, 0b010, 0b001]


def test_both_sides_of_a_branch_count():
    def kernel(v):
        if v[0] > 0.5:
            return [v[1]]
        return [v[2]]

    # the condition itself is no dependence of the result (its derivative is zero almost everywhere)
    assert masks(kernel, 3) == [0b110]


def test_nested_branches_and_laws_are_explored():
    def kernel(v):
        law = Tracer(0.0)
        if law == 0:
            return [v[0]]
        if law == 1:
            return [v[1]]
        if v[3] < 0.0:
            return [v[2]]
        return [v[3]]

    assert masks(kernel, 4) == [0b1111]


def test_a_forced_loop_condition_ends():
    def kernel(v):
        total = v[0]
        n = 0
        while total > 0.1:
            total = total - v[1]
            n += 1
        return [total]

    assert masks(kernel, 2) == [0b11]


def test_forbidden_values_on_the_other_side_do_not_stop_the_search():
    def kernel(v):
        x = v[0] - 5.0
        if x > 0.0:
            return [lifted_sqrt(x) + v[1]]
        return [x]

    from twin.plant.trace import _Math

    lifted_sqrt = _Math().sqrt
    assert masks(kernel, 2) == [0b11]


def test_min_max_depend_on_all_arguments():
    from twin.plant.trace import _choose

    low = _choose(min)
    assert masks(lambda v: [low(v[0], v[1])], 2) == [0b11]


def test_colours_share_no_row():
    rng = np.random.default_rng(1)
    columns = [rng.choice(60, 4, replace=False).tolist() for _ in range(80)]
    chosen = colour(columns)
    for c in set(chosen):
        rows = [row for column, own in zip(columns, chosen, strict=True) if own == c for row in column]
        assert len(rows) == len(set(rows))
    # a tridiagonal matrix needs exactly three
    tri = [[i, i + 1, i + 2] for i in range(50)]
    assert max(colour(tri)) + 1 == 3


def test_tracer_behaves_as_its_number():
    t = Tracer(2.0, 1)
    assert float(t) == 2.0
    assert int(t) == 2
    assert math.isclose(float(1.0 / t), 0.5)
    assert (-t).mask == abs(t).mask == (3.0 - t).mask == 1
