"""Numbers with slopes: every operator and function that a kernel may use, against differences of the plain ones."""

from __future__ import annotations

import ctypes
import math

import numba
import numpy as np
import pytest
from numba import types

from twin import jit
from twin.plant import views
from twin.plant.codes import LANES

#: Two states, and two numbers that have no slopes.
X, Y, A, N = 0.37, 0.81, 1.7, 3
RESULTS = 59


def laws(x, y, a, n, out):
    """Write one result after another: arithmetic, powers, branches, functions."""
    out[0] = x + y
    out[1] = x + a
    out[2] = a + x
    out[3] = x - y
    out[4] = x - a
    out[5] = a - x
    out[6] = x * y
    out[7] = x * a
    out[8] = a * x
    out[9] = x / y
    out[10] = x / a
    out[11] = a / x
    out[12] = -x
    out[13] = +x * n
    out[14] = x**3
    out[15] = x**2
    out[16] = x**a
    out[17] = math.exp(y * math.log(x))
    out[18] = a**y
    out[19] = x**n
    out[20] = min(x, y)
    out[21] = max(x, y)
    out[22] = min(x, a)
    out[23] = max(a, x)
    out[24] = abs(x - y)
    out[25] = math.fabs(y - x)
    out[26] = float(x) * y
    out[27] = math.exp(x)
    out[28] = math.expm1(x)
    out[29] = math.log(x)
    out[30] = math.log1p(x)
    out[31] = math.log10(x)
    out[32] = math.sqrt(x)
    out[33] = math.tanh(x)
    out[34] = math.sinh(x)
    out[35] = math.cosh(x)
    out[36] = math.sin(x)
    out[37] = math.cos(x)
    out[38] = math.tan(x)
    out[39] = math.asin(x)
    out[40] = math.acos(x)
    out[41] = math.atan(x)
    out[42] = math.erf(x)
    out[43] = math.erfc(x)
    out[44] = math.hypot(x, y)
    out[45] = math.hypot(a, y)
    out[46] = math.floor(a + x) * y
    grown = x
    grown += y
    grown *= y
    grown -= a
    grown /= x
    out[47] = grown
    chosen = 1.0  # now a plain number and now one with slopes
    if x < y:
        chosen = x * y
    out[48] = chosen
    out[49] = x if x > y else y
    out[50] = x if x <= a else y
    out[51] = x if a >= y else y
    out[52] = x if x == x else y
    out[53] = y if x != x else x
    out[54] = math.exp(-math.sqrt(x * y)) / (1.0 + x**2)
    out[55] = a
    out[56] = x**-2
    out[57] = x**-n
    out[58] = x ** (n - 3)


def plain(x: float, y: float) -> np.ndarray:
    out = np.zeros(RESULTS)
    laws(x, y, A, N, out)
    return out


def aligned(n: int) -> np.ndarray:
    """Memory for n numbers with slopes, on the boundary of a vector."""
    room = np.zeros((n + 1) * LANES)
    first = -(room.ctypes.data // 8) % LANES
    return room[first : first + n * LANES].reshape(n, LANES)


@pytest.fixture(scope="module")
def slopes():
    inner = jit.inner(laws)
    duals, view1 = views.duals, views.view1

    @numba.cfunc(types.void(views.POINTER, views.POINTER), error_model="numpy")
    def entry(given, made):
        x = view1(duals(given), 0, 2)
        inner(x[0], x[1], A, N, view1(duals(made), 0, RESULTS))

    pointer = ctypes.POINTER(ctypes.c_double)

    def evaluate(x: float, y: float) -> np.ndarray:
        given, made = aligned(2), aligned(RESULTS)
        given[0, :2] = x, 1.0
        given[1, 0], given[1, LANES - 1] = y, 1.0  # the last of the lanes
        entry.ctypes(given.ctypes.data_as(pointer), made.ctypes.data_as(pointer))
        return np.array(made)

    return evaluate


@pytest.mark.parametrize(("x", "y"), [(X, Y), (Y, X)])
def test_slopes_are_those_of_the_plain_numbers(slopes, x, y):
    found = slopes(x, y)
    h = 2.0**-18  # central differences: h^2 of truncation, 2^-52/h of rounding, both below 1e-10 times the derivatives
    expected = [(plain(x + h, y) - plain(x - h, y)) / (2.0 * h), (plain(x, y + h) - plain(x, y - h)) / (2.0 * h)]
    # values differ from libm's by what compilers do with powers
    np.testing.assert_allclose(found[:, 0], plain(x, y), rtol=1e-15)
    np.testing.assert_allclose(found[:, 1], expected[0], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found[:, LANES - 1], expected[1], rtol=1e-8, atol=1e-9)
    assert not found[:, 2 : LANES - 1].any()  # no direction gets what is another's


def test_an_infinite_slope_leaves_the_other_directions_alone(slopes):
    """At 0 a square root rises without bound; what does not depend on that state must not become NaN."""
    found = slopes(0.0, Y)
    assert not found[32].any()  # math.sqrt(x)
    assert not found[14].any()  # x**3
    assert np.isfinite(found[54]).all()


def test_what_is_infinite_raises_nothing_that_a_callback_would_swallow(slopes):
    """Results after a whole power below zero of 0 are there (an exception would end the kernel half-way)."""
    found = slopes(0.0, Y)
    assert found[56, 0] == math.inf
    assert found[57, 0] == math.inf
    assert found[58, 0] == 1.0
    assert not found[58, 1:].any()
