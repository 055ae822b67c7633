"""Blender: residence times of tanks in series, and a holdup that follows the flow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unit_ops.powder.blender as blender
from tests.unit_ops.piping.bench import Bench
from twin.library import names

M_SS, F_SS = 0.6, 0.01
TAU = M_SS / F_SS

#: verification 3.1 (computed to 30 digits): n, E(0.5), E(1), E(2), F(0.5), F(1), F(2) over t/tau.
TANKS_IN_SERIES = [
    (1, 0.6065306597, 0.3678794412, 0.1353352832, 0.3934693403, 0.6321205588, 0.8646647168),
    (2, 0.7357588823, 0.5413411329, 0.1465251111, 0.2642411177, 0.5939941503, 0.9084218056),
    (3, 0.7530642905, 0.6721254230, 0.1338526175, 0.1911531695, 0.5768099189, 0.9380311956),
    (10, 0.3626557742, 1.2511003572, 0.0290815326, 0.0318280573, 0.5420702855, 0.9950045877),
]


def build(tanks: int, feed: dict[str, Any], **params: Any) -> Bench:
    dims = {"fluids": 1, "solids": 2, "tanks": tanks}
    return Bench(blender, dims, {"M_ss": M_SS, "F_ss": F_SS, "api": 1, **params}, **feed)


@pytest.mark.parametrize("row", TANKS_IN_SERIES)
def test_a_step_leaves_as_from_tanks_in_series(row: tuple[float, ...]) -> None:
    n = int(row[0])
    bench = build(n, {"second": {"m_flow": [0.0, F_SS]}})
    y = bench.solve(bench.initial(w=[1.0, 0.0], M_tank=M_SS / n), [0.0, 0.5 * TAU, TAU, 2.0 * TAU], rtol=1e-11)
    F = [bench.measure("api_content", v) for v in y[1:]]
    assert F == pytest.approx(row[4:], abs=2e-10)  # ten digits are given
    E = []
    for v in y[1:]:
        rate = bench.dx(bench.unpack(v)).m_solids[1, n - 1]  # the holdup is constant
        E.append(TAU * rate * n / M_SS)
    assert E == pytest.approx(row[1:4], abs=2e-9)  # differences of contents, scaled by n


def delayed(cells: int, theta: list[float]) -> np.ndarray:
    """Outlet content after a step, at times over tau: `cells` in plug flow hold 30 %, three tanks 70 %."""
    sizes = np.append(np.full(cells, 0.3 / cells), np.full(3, 0.7 / 3.0))
    bench = build(cells + 3, {"first": {"m_flow": [0.0, F_SS]}}, plug_share=0.3, plug_cells=cells)
    y = bench.solve(bench.initial(w=[1.0, 0.0], M_tank=M_SS * sizes), [0.0, *(TAU * np.array(theta))], rtol=1e-9)
    assert bench.measure("F", y[-1]) == pytest.approx(F_SS, rel=1e-12)  # every cell holds its share, and goes on so
    return np.array([bench.measure("api_content", v) for v in y[1:]])


def test_a_delay_before_the_tanks() -> None:
    """F(θ) of a delay of 0.3 and three tanks of 0.7 in all: that of three tanks, shifted; error of first order."""
    theta = [0.6, 0.9, 1.2, 1.6, 2.2]
    z = 3.0 * (np.array(theta) - 0.3) / 0.7
    wanted = 1.0 - np.exp(-z) * (1.0 + z + 0.5 * z * z)
    coarse, fine = delayed(15, theta), delayed(30, theta)
    before, after = np.abs(coarse - wanted).sum(), np.abs(fine - wanted).sum()
    assert np.log2(before / after) == pytest.approx(1.0, abs=0.1)
    assert 2.0 * fine - coarse == pytest.approx(wanted, abs=3e-4)  # second order: (0.3/30)² times a curvature
    assert np.max(np.abs(fine - wanted)) < 4e-3


def test_a_delay_and_its_cells_go_together() -> None:
    assert blender.check_params(build(5, {}, plug_share=0.3, plug_cells=2).p) == {}
    for half in ({"plug_share": 0.3}, {"plug_cells": 2}):
        assert set(blender.check_params(build(5, {}, **half).p)) == {"plug_cells"}


def test_two_feeds_blend_in_proportion() -> None:
    bench = build(3, {"first": {"m_flow": [0.006, 0.0]}, "third": {"m_flow": [0.0, 0.004], "m_flow_liquid": [1e-4]}})
    y = bench.solve(bench.initial(w=[1.0, 0.0]), [0.0, 30.0 * TAU])
    out = bench.outlet("product", bench.unpack(y[-1]))
    assert out.m_flow == pytest.approx([0.006, 0.004], rel=1e-7)
    assert out.m_flow_liquid == pytest.approx([1e-4], rel=1e-7)
    assert bench.measure("api_content", y[-1]) == pytest.approx(0.004 / 0.0101, rel=1e-7)


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0, 3.0])
def test_the_holdup_follows_the_power_law_from_empty(exponent: float) -> None:
    """In steady state M = M_ss (F/F_ss)^(1/p), whatever it started from."""
    bench = build(3, {"first": {"m_flow": [0.5 * F_SS, 0.5 * F_SS]}}, exponent=exponent)
    doubled = build(3, {"first": {"m_flow": [F_SS, F_SS]}}, exponent=exponent)
    empty = bench.initial(w=[1.0, 0.0])
    assert bench.measure("api_content", empty) == 0.0
    y = bench.solve(empty, [0.0, 40.0 * TAU], method="BDF")
    assert bench.measure("M", y[-1]) == pytest.approx(M_SS, rel=1e-6)
    y = doubled.solve(empty, [0.0, 40.0 * TAU], method="BDF")
    assert doubled.measure("M", y[-1]) == pytest.approx(M_SS * 2.0 ** (1.0 / exponent), rel=1e-6)
    assert doubled.measure("F", y[-1]) == pytest.approx(2.0 * F_SS, rel=1e-6)


def test_faster_blades_hold_less() -> None:
    bench = build(3, {"first": {"m_flow": [F_SS, 0.0]}}, speed=8.0, speed_ss=4.0, speed_exponent=0.5)
    y = bench.solve(bench.initial(w=[1.0, 0.0]), [0.0, 40.0 * TAU])
    assert bench.measure("M", y[-1]) == pytest.approx(M_SS / 2.0**0.5, rel=1e-6)


def test_the_content_is_right_down_to_a_trace() -> None:
    """The assay fades below a thousandth of the nominal holdup only; above, it is exact."""
    bench = build(1, {})
    for M in (1.0, 0.1, 1.001e-3):
        assert bench.measure("api_content", bench.initial(w=[0.7, 0.3], M_tank=M * M_SS)) == pytest.approx(
            0.3, rel=1e-12
        )
    assert np.isfinite(bench.rhs(0.0, bench.initial(w=[0.7, 0.3]))).all()


def test_a_trace_has_no_assay_but_flows_with_its_own_content() -> None:
    """Errors of a solver (atol is 1e-6 of the holdup and less) must not show as a content."""
    bench = build(1, {})
    y = bench.initial(w=[0.0, 1.0], M_tank=1e-6 * M_SS)
    assert bench.measure("api_content", y) == pytest.approx(3e-6, rel=1e-3)  # 3z² at z = 1e-3
    out = bench.outlet("product", bench.unpack(y))
    assert out.m_flow == pytest.approx([0.0, 1e-6 * F_SS], rel=1e-12)


def test_the_blenders_are_in_the_library() -> None:
    """What they share stands in one file; `twin models` and the documentation find them all the same."""
    assert {"powder.blender", "powder.dispersion_blender", "powder.lubricant_blender"} <= set(names())
