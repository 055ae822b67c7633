"""Rotary press: weight from the dies, pre- and main compression, recovery, lubrication, ejection, starvation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.tableting.rotary_press as press
from tests.unit_ops.piping.bench import Bench
from unit_ops.tableting.compaction import Compaction, Strength, heckel, kawakita, kuentz_leuenberger

D, DEPTH, P, N, STATIONS = 8e-3, 10e-3, 100e6, 1.0, 36.0
AREA = math.pi * D * D / 4.0
BULK, TRUE = np.array([450.0, 305.0]), np.array([1293.0, 1560.0])


def build(powder: Any = 0.0, lubrication: float = 0.0, pre: float = 0.0, **params: Any) -> Bench:
    values: dict[str, Any] = {
        "stations": STATIONS, "diameter": D, "pitch_diameter": 0.41, "flat": 12.5e-3, "V_heel": 1e-8, "api": 0,
        "rho_bulk": BULK, "rho_true": TRUE, "strength_max": [4e6, 15e6], "recovery": [1e-9, 4e-10],
        "compaction": Compaction.KAWAKITA, "strength_law": Strength.RYSHKEWITCH_DUCKWORTH,
        "strength_loss": 0.5, "lubrication_rate": 0.02, "friction": 0.4, "friction_min": 0.1, "radial": 0.05,
        "kawakita_density": [0.38, 0.3], "kawakita_a": [0.6, 0.7115],
        "kawakita_b": [0.06e-6, 0.1156e-6], "heckel_A": [0.8, 0.6978],
        "heckel_K": [0.009e-6, 0.0121e-6], "kl_density": [0.35, 0.1906], "kl_C": [0.005e-6, 0.00777e-6],
        "porosity_exponent": [10.0, 8.0],
    }  # fmt: skip
    signals = {"turret_speed": N, "fill_depth": DEPTH, "pre_pressure": pre, "pressure": P}
    feed = {"m_flow": powder, "m_flow_liquid": 0.0}
    dims = {"fluids": 1, "solids": 2}
    return Bench(press, dims, {**values, **params}, powder=feed, lubrication_in=lubrication, **signals)


def mcc_flow() -> float:
    """What full dies take of MCC [kg/s]."""
    return float(STATIONS * N * AREA * DEPTH * BULK[1])


def full(bench: Bench, w: Any = (0.0, 1.0), **more: Any) -> np.ndarray:
    """Dies filled to the set depth with a blend."""
    m = STATIONS * 0.75 * AREA * DEPTH / float(np.sum(np.asarray(w) / BULK))
    return bench.initial(m=m, w=w, N=N, depth=DEPTH, P=P, **more)


def test_dies_ask_for_a_volume_and_weigh_what_they_were_given() -> None:
    bench = build([0.0, mcc_flow()])
    y = full(bench)
    x = bench.unpack(y)
    assert press.V_flow_dies(x, bench.p).value == pytest.approx(STATIONS * N * AREA * DEPTH, rel=1e-13)
    assert bench.measure("tablet_mass", y) == pytest.approx(BULK[1] * AREA * DEPTH, rel=1e-13)
    assert np.max(np.abs(bench.dx(x).m_solids)) < 1e-15  # fed what it asks for: steady
    out = bench.outlet("tablets", x)
    assert out.n_flow == STATIONS * N
    assert out.m_flow.sum() == pytest.approx(out.n_flow * bench.measure("tablet_mass", y), rel=1e-13)


def test_half_the_powder_makes_tablets_of_half_the_weight() -> None:
    bench = build([0.0, 0.5 * mcc_flow()])
    y = bench.solve(full(bench), [0.0, 30.0])
    assert bench.measure("tablet_mass", y[-1]) == pytest.approx(0.5 * BULK[1] * AREA * DEPTH, rel=1e-8)


@pytest.mark.parametrize("law", list(Compaction))
def test_density_follows_the_chosen_law_and_recovers(law: Compaction) -> None:
    bench = build(compaction=law)
    y = full(bench)
    pressed = {
        Compaction.KAWAKITA: 0.3 / (1.0 - kawakita(P, 0.7115, 0.1156e-6)),
        Compaction.HECKEL: heckel(P, 0.6978, 0.0121e-6),
        Compaction.KUENTZ_LEUENBERGER: kuentz_leuenberger(P, 0.1906, 0.00777e-6),
    }[law]
    density = pressed / 1.04  # 4e-10 1/Pa at 1e8 Pa
    assert bench.measure("porosity", y) == pytest.approx(1.0 - density, rel=1e-11)
    assert bench.measure("thickness", y) == pytest.approx(305.0 * DEPTH / (1560.0 * density), rel=1e-12)
    strength = 15e6 * math.exp(-8.0 * (1.0 - density))
    assert bench.measure("tensile_strength", y) == pytest.approx(strength, rel=1e-11)
    hardness = 0.5 * math.pi * strength * D * bench.measure("thickness", y)
    assert bench.measure("hardness", y) == pytest.approx(hardness, rel=1e-12)


def test_precompression_counts_through_its_dwell_or_when_it_is_the_greater() -> None:
    plain, timed = build(), build(speed_exponent=0.1)
    porosity = plain.measure("porosity", full(plain))
    assert plain.measure("porosity", full(plain, P_pre=0.3 * P)) == pytest.approx(porosity, rel=1e-13)
    assert timed.measure("porosity", full(timed, P_pre=0.3 * P)) < timed.measure("porosity", full(timed))
    assert plain.measure("porosity", full(plain, P_pre=2.0 * P)) < porosity
    assert plain.measure("pre_force", full(plain, P_pre=0.3 * P)) == pytest.approx(0.3 * P * AREA, rel=1e-14)


def test_lubrication_weakens_tablets_and_eases_ejection() -> None:
    bench = build([0.0, mcc_flow()], lubrication=50.0)
    dry, wet = full(bench), full(bench, lubrication=50.0)
    assert bench.measure("lubrication", wet) == pytest.approx(50.0, rel=1e-13)
    left = 0.5 + 0.5 * math.exp(-1.0)
    ratio = bench.measure("tensile_strength", wet) / bench.measure("tensile_strength", dry)
    assert ratio == pytest.approx(left, rel=1e-12)
    eased = bench.measure("ejection_force", wet) / bench.measure("ejection_force", dry)
    assert eased == pytest.approx((0.1 + 0.3 * math.exp(-1.0)) / 0.4, rel=1e-12)
    area = math.pi * D * bench.measure("thickness", dry)
    assert bench.measure("ejection_force", dry) == pytest.approx(0.4 * 0.05 * P * area, rel=1e-12)
    # what is in the dies takes on the lubrication of what is fed
    y = bench.solve(dry, [0.0, 30.0])
    assert bench.measure("lubrication", y[-1]) == pytest.approx(50.0, rel=1e-7)


def test_turret_cam_and_rolls_follow_their_setpoints() -> None:
    """Each by its own setpoint, as a lag of 2 s; the forces shown are those pressures on the area of a die."""
    bench = build([0.0, mcc_flow()], pre=30e6)
    y0 = bench.initial(m=0.1, w=[0.0, 1.0], N=0.4 * N, depth=0.7 * DEPTH, P_pre=10e6, P=2.0 * P)
    x = bench.unpack(bench.solve(y0, [0.0, 3.0], rtol=1e-10)[-1])
    left = math.exp(-3.0 / 2.0)
    assert x.N == pytest.approx(N * (1.0 - 0.6 * left), rel=1e-8)
    assert x.depth == pytest.approx(DEPTH * (1.0 - 0.3 * left), rel=1e-8)
    assert x.P_pre == pytest.approx(30e6 - 20e6 * left, rel=1e-8)
    assert x.P == pytest.approx(P * (1.0 + left), rel=1e-8)
    assert bench.measure("pre_force", bench.pack(x)) == pytest.approx(x.P_pre * AREA, rel=1e-13)
    assert bench.measure("compression_force", bench.pack(x)) == pytest.approx(x.P * AREA, rel=1e-13)
    # the press alone: another setpoint of pressure moves nothing but the rolls
    asked = build([0.0, mcc_flow()], pre=30e6)
    asked.u = asked.u._replace(pressure=asked.u.pressure._replace(value=1.5 * P))
    assert asked.dx(x).P == pytest.approx((1.5 * P - x.P) / 2.0, rel=1e-12)
    assert asked.dx(x).depth == bench.dx(x).depth


def test_a_faster_turret_fills_less_dwells_less_and_presses_less() -> None:
    bench = build(t_fill=0.1, speed_exponent=0.1)
    y = full(bench)
    fast = y.copy()
    fast[0] = 2.0 * N
    assert bench.measure("dwell", y) == pytest.approx(9.7045697e-3, abs=6e-11)
    assert bench.measure("dwell", fast) == pytest.approx(0.5 * 9.7045697e-3, abs=6e-11)
    asked = [press.V_flow_dies(bench.unpack(v), bench.p).value for v in (y, fast)]
    assert asked[1] / asked[0] == pytest.approx(2.0 * math.exp(-0.1), rel=1e-13)
    assert bench.measure("porosity", fast) > bench.measure("porosity", y)


def test_a_blend_averages_over_true_volumes() -> None:
    bench = build(compaction=Compaction.HECKEL, recovery=0.0)
    w = np.array([0.3, 0.7])
    phi = w / TRUE / np.sum(w / TRUE)
    density = heckel(P, phi @ [0.8, 0.6978], phi @ [0.009e-6, 0.0121e-6])
    y = full(bench, w)
    assert bench.measure("porosity", y) == pytest.approx(1.0 - density, rel=1e-12)
    assert bench.measure("api_content", y) == pytest.approx(0.3, rel=1e-13)


def test_constants_that_the_law_needs_are_asked_for() -> None:
    bench = build()
    assert press.check_params(bench.p) == {}
    lacking = build(compaction=Compaction.HECKEL, heckel_K=[0.0, 0.0121e-6])
    assert press.check_params(lacking.p) == {
        "heckel_K": "the laws heckel and ryshkewitch_duckworth need 'heckel_K' above 0 for every solid"
    }
    assert list(press.check_params(build(strength_law=Strength.PERCOLATION).p)) == ["bonding"]


def test_an_empty_press_at_rest_is_well_defined() -> None:
    bench = build()
    empty = bench.initial(m=0.0, w=[0.5, 0.5])
    assert np.isfinite(bench.rhs(0.0, empty)).all()
    for name in press.Measurements._fields:
        assert math.isfinite(bench.measure(name, empty)), name
    assert bench.measure("thickness", empty) == 0.0
    assert bench.measure("dwell", empty) == 0.0
