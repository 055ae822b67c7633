"""Kernel styles that would fool the search for the Jacobian's structure, and searches in two threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from twin.plant.trace import StructureError, call, dependence, variables


def masks(function, n):
    return dependence(lambda: function(variables(np.linspace(0.3, 0.9, n), 0)))


def pick(condition, yes, no):
    if condition > 0.0:
        return yes
    return no


def test_a_branch_that_overwrites_does_not_hide_an_earlier_one():
    def kernel(v):
        result = v[0]
        if v[3] < 0.0:
            result = v[1]
        if v[4] > 0.0:  # true by the values at hand: without combinations v[1] would stay hidden
            result = v[2]
        return [result]

    assert masks(kernel, 5) == [0b111]


def test_one_helper_called_twice_decides_twice():
    assert masks(lambda v: [pick(v[0], v[1], pick(v[2], v[3], v[4]))], 5) == [0b11010]


@pytest.mark.parametrize("n", [3, 10, 16])
def test_the_largest_element_by_comparison(n):
    def kernel(v):
        best = v[0]
        for i in range(1, n):
            if v[i] > best:
                best = v[i]
        return [best]

    assert masks(kernel, n) == [(1 << n) - 1]


def test_an_index_computed_from_a_state_is_refused():
    with pytest.raises(StructureError, match="smooth"):
        masks(lambda v: [v[v[0]]], 3)
    with pytest.raises(StructureError, match="smooth"):
        masks(lambda v: [v[i] for i in range(v[0])], 3)


def test_branches_forced_against_the_values_may_divide_by_zero_but_the_values_may_not():
    def kernel(v, out):
        scale = 1.0 if v[0] > 0.0 else 0.0
        if v[1] > 0.0:
            out[0] = v[2] * (1.0 / scale)
        else:
            out[0] = v[0]

    def run(values):
        out = [0.0]
        call(kernel, values, out)
        return out

    assert dependence(lambda: run(variables(np.array([0.5, 0.5, 0.5]), 0))) == [0b101]
    with pytest.raises(ZeroDivisionError):
        dependence(lambda: run(variables(np.array([-0.5, 0.5, 0.5]), 0)))


def test_searches_in_threads_do_not_mix():
    """What is forced is global: two plants compiled at once must not force each other's branches."""

    def kernel(v):
        result = v[0]
        for i in range(1, 12):
            result = result + pick(v[i], v[12 + i], 0.0)
            if v[0] > 10.0:
                result = v[24]
        return [result]

    alone = masks(kernel, 25)
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(masks(kernel, 25))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [alone] * 4
