"""Mill: Reid's exact solution, a steady mixed mill, a screen that holds back, and Bond's law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.granulation.mill as mill
from tests.unit_ops.piping.bench import Bench
from unit_ops.granulation import grinding

N = 6
#: verification 3.5 (Reid): six classes of ratio √2, S = 0.5 x^1.2, B = 0.5 r^0.8 + 0.5 r^4, all in class 1 at first.
REID = {
    "x_top": 1e-3,
    "screen": 1e-3,
    "breakage_rate": 0.5,
    "ratio": math.sqrt(0.5),
    "size_exponent": 1.2,
    "phi": 0.5,
    "gamma": 0.8,
    "beta": 4.0,
    "m_max": 10.0,
    "api": 1,
    "feed_share": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    "screen_rate": 1.0,
}
BATCH = (0.082084998624, 0.160498580612, 0.175930552911, 0.146362068760, 0.109767416626, 0.325356382468)
MIXED = (0.5, 0.149441083349, 0.098700270269, 0.066882158626, 0.047032579815, 0.137943907940)


def build(feed: tuple[float, float] = (0.0, 0.0), classes: int = N, **params: Any) -> Bench:
    sizes = {"fluids": 1, "solids": 2, "classes": classes}
    return Bench(mill, sizes, {**REID, **params}, granules={"m_flow": list(feed), "m_flow_liquid": [0.01 * sum(feed)]})


def test_batch_grinding_is_reids() -> None:
    """Verification 3.5, t = 5. Holes a millionth as wide as the finest class let nothing out."""
    bench = build(screen=1e-9, x_top=1.0)
    start = bench.initial(m_class=[1.0, *[0.0] * 5], w=[0.75, 0.25])
    y = bench.solve(start, [0.0, 5.0], rtol=1e-12, atol=1e-15)
    x = bench.unpack(y[-1])
    assert bench.measure("F", y[-1]) == 0.0
    assert x.m_solids.sum(axis=0) == pytest.approx(BATCH, abs=2e-12)  # twelve digits are given
    assert x.m_solids[1] == pytest.approx(0.25 * np.array(BATCH), abs=2e-12)


def test_a_mixed_mill_is_reids() -> None:
    """Verification 3.5, mean residence time 2: a screen far wider than the granules passes all classes alike."""
    bench = build((0.3, 0.2), screen=1e3, x_top=1e-3, screen_rate=0.5, sharpness=20.0)
    y = bench.solve(bench.initial(m_class=0.0, w=[0.6, 0.4]), [0.0, 120.0], rtol=1e-11, atol=1e-14)
    out = bench.unpack(y[-1])
    share = out.m_solids.sum(axis=0)  # one kilogram is held
    assert share == pytest.approx(MIXED, abs=1e-9)
    assert bench.measure("fines", y[-1]) == pytest.approx(MIXED[-1], abs=1e-9)
    assert bench.measure("api_content", y[-1]) == pytest.approx(0.2 / 0.505, rel=1e-9)
    sizes = 1e-3 * math.sqrt(0.5) ** (np.arange(N) + 0.5)
    assert bench.measure("d_32", y[-1]) == pytest.approx(1.0 / np.sum(np.array(MIXED) / sizes), rel=1e-8)


def test_classes_on_the_screen_stay_until_they_are_broken() -> None:
    """Classes as wide as the holes have no place in the product; in steady state what goes in comes out."""
    bench = build((0.3, 0.2), screen=4e-4, screen_rate=2.0)
    y = bench.solve(bench.initial(m_class=0.0, w=[0.6, 0.4]), [0.0, 400.0], rtol=1e-10, atol=1e-13)[-1]
    rates = [mill.passing(i, bench.p) for i in range(N)]
    assert rates[:2] == [0.0, 0.0]  # 0.84 and 0.59 mm
    assert rates == sorted(rates)
    assert 0.0 < rates[-1] < 2.0
    out = bench.outlet("product", bench.unpack(y))
    assert out.m_flow == pytest.approx([0.3, 0.2], rel=1e-8)
    assert out.m_flow_liquid == pytest.approx([0.005], rel=1e-8)
    wider = build((0.3, 0.2), screen=1e-3, screen_rate=2.0)
    z = wider.solve(wider.initial(m_class=0.0, w=[0.6, 0.4]), [0.0, 400.0], rtol=1e-10, atol=1e-13)[-1]
    assert wider.measure("d_32", z) > bench.measure("d_32", y)
    assert wider.measure("M", z) < bench.measure("M", y)


def test_size_fines_and_content_are_those_of_what_passes_not_of_what_is_held() -> None:
    """Another blend in every class, holes that hold the coarse back: sums by hand over the rates of passing."""
    bench = build(screen=6e-4, screen_rate=2.0, sharpness=3.0)
    x = bench.unpack(bench.initial(m_class=0.0, w=[0.5, 0.5]))
    x.m_solids[:] = np.array([[3.0, 2.0, 1.0, 0.5, 0.4, 0.3], [0.1, 0.2, 0.4, 0.6, 0.8, 1.0]])
    x.m_liquid[:] = 0.05
    sizes = 1e-3 * math.sqrt(0.5) ** (np.arange(N) + 0.5)
    rates = 2.0 * np.maximum(1.0 - (sizes / 6e-4) ** 3.0, 0.0)
    held = x.m_solids.sum(axis=0) + 0.05
    y = bench.pack(x)
    flow = float(rates @ held)
    assert bench.measure("F", y) == pytest.approx(flow, rel=1e-12)
    assert bench.measure("d_32", y) == pytest.approx(flow / float(rates @ (held / sizes)), rel=1e-12)
    assert bench.measure("fines", y) == pytest.approx(rates[-1] * held[-1] / flow, rel=1e-12)
    assert bench.measure("api_content", y) == pytest.approx(float(rates @ x.m_solids[1]) / flow, rel=1e-12)


@pytest.mark.parametrize("n", [2, 4, 6])
def test_daughters_are_all_of_what_broke(n: int) -> None:
    for j in range(n - 1):
        shares = [grinding.daughters(i - j, i == n - 1, 0.6, 0.3, 0.7, 5.0) for i in range(j + 1, n)]
        assert sum(shares) == pytest.approx(1.0, rel=1e-14)
        assert min(shares) > 0.0


def test_fine_daughters_have_their_share_and_their_exponent() -> None:
    """Reid's case shares half and half, which would hide one taken for the other: 0.3 · 0.5^0.8 + 0.7 · 0.5^4."""
    assert grinding.breakage(0.5, 0.3, 0.8, 4.0) == pytest.approx(0.3 * 0.5**0.8 + 0.7 / 16.0, rel=1e-14)
    assert grinding.daughters(1, False, 0.5, 1.0, 2.0, 9.0) == pytest.approx(0.75, rel=1e-14)


def test_a_faster_impeller_breaks_more() -> None:
    slow, fast = (mill.breaking(1, N, build(speed=v, speed_exponent=2.0).p) for v in (10.0, 20.0))
    assert fast == pytest.approx(4.0 * slow, rel=1e-14)
    assert mill.breaking(N - 1, N, build().p) == 0.0
    # half the reference speed, whatever that is
    assert mill.breaking(0, N, build(speed=4.0, speed_ref=8.0, speed_exponent=2.0).p) == pytest.approx(0.125, rel=1e-14)


def test_bond() -> None:
    """10 kWh/t of work index, from 1 mm to 100 µm: 10·10 (1/√100 − 1/√1000) = 6.8377 kWh/t."""
    kWh_per_t = 3600.0
    work = 100.0 * (0.1 - 1.0 / math.sqrt(1000.0)) * kWh_per_t
    assert grinding.bond_size(work * 0.01, 0.01, 10.0 * kWh_per_t, 1e-3) == pytest.approx(1e-4, rel=1e-12)
    assert grinding.bond_size(0.0, 0.01, 10.0 * kWh_per_t, 1e-3) == pytest.approx(1e-3, rel=1e-12)
