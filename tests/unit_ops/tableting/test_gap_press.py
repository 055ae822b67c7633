"""Press with rolls at a gap: force from filling and gap by the inverse laws, recovery, contact, limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.tableting.gap_press as press
import unit_ops.tableting.rotary_press as by_pressure
from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.tableting.test_rotary_press import AREA, BULK, STATIONS, TRUE, N
from tests.unit_ops.tableting.test_rotary_press import build as build_by_pressure
from unit_ops.tableting.compaction import Compaction, Strength

DIES = STATIONS * 0.75
#: A tablet of 300 mg of the second powder (1560 kg/m3), at 80 % of it: 300e-6/(1560 · 0.8 A) high.
MASS, GAP = 300e-6, 300e-6 / (1560.0 * 0.8 * AREA)
PRE = 1.4 * GAP


def build(powder: Any = 0.0, lubrication: float = 0.0, **params: Any) -> Bench:
    """As the rotary press of the neighbouring test, with the gaps in place of the pressures."""
    shared = build_by_pressure().p
    known = {name: getattr(shared, name) for name in press.Params._fields}
    signals = {"turret_speed": N, "fill_depth": 20e-3, "pre_gap": PRE, "main_gap": GAP}
    feed = {"m_flow": powder, "m_flow_liquid": 0.0}
    dims = {"fluids": 1, "solids": 2}
    return Bench(press, dims, {**known, **params}, powder=feed, lubrication_in=lubrication, **signals)


def full(bench: Bench, mass: float = MASS, w: Any = (0.0, 1.0), **more: Any) -> np.ndarray:
    return bench.initial(**{"m": DIES * mass, "w": w, "N": N, "depth": 20e-3, "gap_pre": PRE, "gap": GAP, **more})


#: ln 5 at D = 0.8; Kawakita from 0.3: C = 5/8; Kuentz-Leuenberger from 0.1906.
BY_HAND = {
    Compaction.KAWAKITA: 0.625 / (0.1156e-6 * (0.7115 - 0.625)),
    Compaction.HECKEL: (math.log(5.0) - 0.6978) / 0.0121e-6,
    Compaction.KUENTZ_LEUENBERGER: (0.1906 - 0.8 - 0.8094 * math.log(0.2 / 0.8094)) / 0.00777e-6,
}


@pytest.mark.parametrize("law", list(Compaction))
def test_force_is_what_the_gap_asks_for(law: Compaction) -> None:
    bench = build(compaction=law)
    y = full(bench)
    assert bench.measure("density_in_die", y) == pytest.approx(0.8, rel=1e-13)
    assert bench.measure("compression_force", y) == pytest.approx(AREA * BY_HAND[law], rel=1e-12)
    assert bench.measure("pre_force", y) < 0.4 * bench.measure("compression_force", y)
    # the height grows by 4e-10 1/Pa of the pressure as the tablet is let go
    grown = 1.0 + 4e-10 * BY_HAND[law]
    assert bench.measure("thickness", y) == pytest.approx(GAP * grown, rel=1e-13)
    assert bench.measure("porosity", y) == pytest.approx(1.0 - 0.8 / grown, rel=1e-12)
    assert bench.measure("tablet_mass", y) == pytest.approx(MASS, rel=1e-13)


@pytest.mark.parametrize("law", list(Compaction))
@pytest.mark.parametrize("exponent", [0.0, 0.05])
def test_the_press_set_by_pressure_makes_the_same_tablet_of_that_pressure(law: Compaction, exponent: float) -> None:
    """Round trip through the forward law, dwell and precompression included: all the same to 1e-12."""
    bench = build(compaction=law, speed_exponent=exponent, strength_law=Strength.LEUENBERGER, bonding=0.01)
    forward = build_by_pressure(
        compaction=law, speed_exponent=exponent, strength_law=Strength.LEUENBERGER, bonding=0.01
    )
    for w, speed in (((0.0, 1.0), N), ((0.3, 0.7), 0.6 * N)):
        y = full(bench, w=w, N=speed)
        pressures = {"P_pre": bench.measure("pre_force", y) / AREA, "P": bench.measure("compression_force", y) / AREA}
        assert pressures["P_pre"] > 1e6
        same = forward.initial(m=DIES * MASS, w=w, N=speed, depth=20e-3, **pressures)
        for name in ("thickness", "porosity", "tensile_strength", "hardness", "ejection_force", "compression_force"):
            assert bench.measure(name, y) == pytest.approx(forward.measure(name, same), rel=1e-12), name


def test_force_tells_of_filling_and_of_the_gap() -> None:
    """Density is mass over gap: either way the same density gives the same pressure."""
    bench = build()
    force = bench.measure("compression_force", full(bench))
    heavier = bench.measure("compression_force", full(bench, 1.02 * MASS))
    narrower = bench.measure("compression_force", full(bench, gap=GAP / 1.02))
    assert heavier == pytest.approx(narrower, rel=1e-12)
    # d ln P/d ln D of Kawakita = D/(D − D_0) + (1 − a) D/(D_0 − (1 − a) D) = 4.94 at D = 0.8
    slope = 0.8 / 0.5 + 0.2885 * 0.8 / (0.3 - 0.2885 * 0.8)
    low, high = (bench.measure("compression_force", full(bench, s * MASS)) for s in (1.0 - 1e-5, 1.0 + 1e-5))
    assert (high - low) / (2e-5 * force) == pytest.approx(slope, rel=1e-7)


def test_a_gap_wider_than_the_powder_is_high_gives_no_force() -> None:
    bench = build()
    y = full(bench, gap=0.8 * GAP / 0.3 * 1.01, gap_pre=0.05)  # Kawakita begins at 0.3
    assert bench.measure("compression_force", y) == bench.measure("pre_force", y) == 0.0
    assert bench.measure("compression_force", full(bench, gap=0.8 * GAP / 0.3 * 0.99, gap_pre=0.05)) > 0.0


def test_the_lesser_gap_makes_the_tablet_and_a_guard_tells_when_it_is_the_first() -> None:
    bench = build()
    usual, reversed_ = full(bench), full(bench, gap_pre=0.95 * GAP)
    assert bench.measure("pre_deeper", usual) < 0.0 < bench.measure("pre_deeper", reversed_)
    assert bench.measure("density_in_die", reversed_) == pytest.approx(0.8 / 0.95, rel=1e-12)
    assert bench.measure("pre_force", reversed_) > bench.measure("compression_force", reversed_)


def test_a_shorter_dwell_asks_for_more_force() -> None:
    bench = build(speed_exponent=0.1, roll_ratio=0.0)
    slow, fast = (bench.measure("compression_force", full(bench, N=n)) for n in (N, 2.0 * N))
    assert fast / slow == pytest.approx(2.0**0.1, rel=1e-4)  # rounding near rest
    assert bench.measure("thickness", full(bench, N=2.0 * N)) > bench.measure("thickness", full(bench))


def test_turret_cam_and_gaps_follow_their_setpoints() -> None:
    bench = build([0.0, 0.01])
    y0 = full(bench, N=0.4 * N, depth=10e-3, gap_pre=1.2 * PRE, gap=1.1 * GAP)
    x = bench.unpack(bench.solve(y0, [0.0, 3.0], rtol=1e-10)[-1])
    left = math.exp(-1.5)
    found = (x.N / N, x.depth / 20e-3, x.gap_pre / PRE, x.gap / GAP)
    assert found == pytest.approx((1.0 - 0.6 * left, 1.0 - 0.5 * left, 1.0 + 0.2 * left, 1.0 + 0.1 * left), rel=1e-8)


def test_material_is_kept_and_dies_fill_as_in_the_other_press() -> None:
    bench = build([2e-3, 7e-3], lubrication=20.0)
    x = bench.unpack(full(bench, w=(0.3, 0.7), w_liquid=[0.02]))
    out, rates = bench.outlet("tablets", x), bench.dx(x)
    assert rates.m_solids + out.m_flow == pytest.approx([2e-3, 7e-3], rel=1e-12)
    assert rates.m_liquid == pytest.approx(-out.m_flow_liquid, rel=1e-12)
    assert press.V_flow_dies(x, bench.p).value == pytest.approx(STATIONS * N * AREA * 20e-3, rel=1e-13)
    assert bench.dx(x).shear == pytest.approx(9e-3 * 20.0 - N / 0.75 * x.shear, rel=1e-13)
    fresh = build([0.0, STATIONS * N * AREA * 20e-3 * BULK[1]])
    y = fresh.solve(full(fresh, 0.5 * MASS), [0.0, 30.0])
    assert fresh.measure("tablet_mass", y[-1]) == pytest.approx(BULK[1] * AREA * 20e-3, rel=1e-8)


@pytest.mark.parametrize("law", list(Compaction))
def test_the_guard_rises_where_the_law_has_no_answer(law: Compaction) -> None:
    bench = build(compaction=law)
    pressed = 1.0 - 1e-9  # a solid: 0.3/(1 − 0.7115) is beyond, 2 GPa are 1.4e-9 below by the other two
    y = full(bench)
    gap = 0.8 * GAP / pressed
    for part, beyond in ((1.0 + 1e-7, False), (1.0 - 1e-7, True)):
        y[3] = gap * part
        assert (bench.measure("unpressable", y) > 0.0) is beyond
    assert bench.measure("unpressable", full(bench)) == pytest.approx(0.8 - pressed, abs=1e-9)


def test_kawakitas_limit_below_a_solid_is_met_at_two_gigapascals() -> None:
    """The first powder ends at 0.38/(1 − 0.6) = 0.95; 2 GPa, bP = 120, bring 0.38/(1 − 0.6 · 120/121)."""
    bench = build()
    y = full(bench, MASS, (1.0, 0.0), gap=1.2 * GAP)
    at = bench.measure("density_in_die", y)
    assert bench.measure("unpressable", y) == pytest.approx(at - 0.38 / (1.0 - 0.6 * 120.0 / 121.0), abs=1e-12)
    assert at == pytest.approx(MASS / (TRUE[0] * AREA * 1.2 * GAP), rel=1e-13)


def test_a_start_that_cannot_be_pressed_is_refused() -> None:
    bench = build()
    with pytest.raises(ValueError, match=r"asks for a relative density of 1\.067, .* than 1: widen"):
        full(bench, gap=0.75 * GAP)


def test_constants_and_heel_are_asked_for() -> None:
    assert press.check_params(build().p) == {}
    assert list(press.check_params(build(compaction=Compaction.HECKEL, heckel_K=[0.0, 1e-8]).p)) == ["heckel_K"]
    assert "less than 0.0001 m is needed" in press.check_params(build(V_heel=1e-6).p)["V_heel"]


def test_empty_dies_are_well_defined() -> None:
    """Nothing in them, or less than nothing by a solver's error: no force, no alarm."""
    bench = build()
    for m in (0.0, -1e-12, 1e-9):
        y = full(bench)
        y[5:] = [m, m, 0.0]
        assert np.isfinite(bench.rhs(0.0, y)).all()
        for name in press.Measurements._fields:
            assert math.isfinite(bench.measure(name, y)), name
        assert bench.measure("compression_force", y) == 0.0
        assert bench.measure("unpressable", y) == -1.0


def test_what_is_not_the_rolls_is_shared_with_the_other_press() -> None:
    for name in ("tablets", "V_flow_dies", "tablet_mass", "LOD", "api_content", "transport", "holdup"):
        one, other = (getattr(module, name) for module in (press, by_pressure))
        assert getattr(one, "py_func", one) is getattr(other, "py_func", other)  # compiled in this process, or not yet
