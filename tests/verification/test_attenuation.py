"""How much of a feed upset gets through: rectangular pulses through blenders, verification 3.1 (funnel plots).

Method of García-Muñoz et al., AIChE J. 64 (2018) 511: a pulse of width w (in units of
the mean residence time) in the API fed; what counts is the greatest excursion at the outlet over the step fed.
The blender's holdup does not move, so that its contents follow dm/dt = A m + b exactly and are advanced by the
matrix exponential: no error of integration stands between the model and the table.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import minimize_scalar

import unit_ops.powder.blender as blender
import unit_ops.powder.dispersion_blender as dispersion_blender
from tests.unit_ops.piping.bench import Bench
from tests.verification.record import record

M_SS, F_SS = 0.6, 0.01
TAU = M_SS / F_SS
WIDTHS = (0.1, 0.25, 0.5, 1.0, 2.0)

#: n tanks in series: greatest outlet excursion over the step fed, at WIDTHS; ten digits are given.
PULSES = {
    1: tuple(1.0 - math.exp(-w) for w in WIDTHS),
    2: (0.0734534862, 0.1820454003, 0.3532243568, 0.6322636884, 0.9110888209),
    3: (0.0810492028, 0.2006515789, 0.3878310920, 0.6842243360, 0.9465764021),
    5: (0.0974296516, 0.2402944430, 0.4584883488, 0.7743592625, 0.9815000857),
}
#: Axial dispersion, Pe = 10: outlet step response F at multiples of 0.25 mean residence times (3.1).
F_PE_10 = {0.25: 0.0003966508, 0.5: 0.0681142060, 0.75: 0.3118168214, 1.0: 0.5803326769}


def step_response(bench: Bench, cells: int, field: str) -> np.ndarray:
    """Rates A of the API of each cell with respect to itself, per mean residence time; columns exact."""
    full = np.full(cells, M_SS / cells)
    A = np.zeros((cells, cells))
    for j in range(cells):
        x = bench.unpack(bench.initial(w=[1.0, 0.0], **{field: full}))
        x.m_solids[0, j], x.m_solids[1, j] = 0.0, full[j]
        A[:, j] = bench.dx(x).m_solids[1] / full[0] * TAU
    return A


def outlet(A: np.ndarray, theta: float) -> float:
    """Outlet content after a unit step of the feed."""
    return 0.0 if theta <= 0.0 else float(1.0 - (expm(A * theta) @ np.ones(len(A)))[-1])


def greatest(A: np.ndarray, width: float) -> float:
    """Greatest content that a pulse of that width leaves at the outlet: a step less the same step later."""
    found = minimize_scalar(
        lambda theta: outlet(A, theta - width) - outlet(A, theta),
        bounds=(width, width + 2.0),
        method="bounded",
        options={"xatol": 1e-7},  # the top is flat: 1e-7 in time is 1e-14 in height
    )
    return -float(found.fun)


@pytest.mark.parametrize("n", PULSES)
def test_a_pulse_is_attenuated_as_by_tanks_in_series(n: int) -> None:
    bench = Bench(blender, {"fluids": 1, "solids": 2, "tanks": n}, {"M_ss": M_SS, "F_ss": F_SS, "api": 1})
    A = step_response(bench, n, "M_tank")
    # one tank peaks as the pulse ends: at a bound, which the search meets within its 1e-7
    found = [greatest(A, w) for w in WIDTHS]
    assert found == pytest.approx(PULSES[n], abs=1e-10 if n > 1 else 2e-7)
    for w, wanted, got in zip(WIDTHS, PULSES[n], found, strict=True):
        record("Pulse through a blender (funnel)", "closed form", f"greatest content, n = {n}, w = {w}", wanted, got)


def test_a_pulse_through_a_blender_with_axial_dispersion() -> None:
    """Pe = 10, pulse of 0.25: its effect at 1 and at 0.75, from the analytic step response."""
    cells = 100
    bench = Bench(
        dispersion_blender,
        {"fluids": 1, "solids": 2, "cells": cells},
        {"M_ss": M_SS, "F_ss": F_SS, "api": 1, "Pe": 10.0},
    )
    A = step_response(bench, cells, "M_cell")
    found = [outlet(A, theta) - outlet(A, theta - 0.25) for theta in (0.5, 0.75, 1.0)]
    wanted = [F_PE_10[theta] - F_PE_10[theta - 0.25] for theta in (0.5, 0.75, 1.0)]
    # second order, error of F below (Pe/n)²/10 (its own test shows the order)
    assert found == pytest.approx(wanted, abs=1e-3)
    assert max(found) < greatest(A, 0.25) < outlet(A, 0.25 + 1.0)


def test_little_back_mixing_lets_more_through_and_much_makes_one_tank() -> None:
    found = []
    for Pe in (1e-2, 1.0, 10.0, 100.0):
        cells = 20
        sizes = {"fluids": 1, "solids": 2, "cells": cells}
        bench = Bench(dispersion_blender, sizes, {"M_ss": M_SS, "F_ss": F_SS, "api": 1, "Pe": Pe})
        found.append(greatest(step_response(bench, cells, "M_cell"), 0.5))
    assert found == sorted(found)
    # at Pe 0.01 the response differs from one tank's by the order of Pe
    assert found[0] == pytest.approx(1.0 - math.exp(-0.5), abs=0.01)
