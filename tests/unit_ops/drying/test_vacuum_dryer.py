"""Vacuum contact dryer: drying front, boiling under the given pressure, course of a batch, discharge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.drying.vacuum_dryer as vacuum_dryer
from tests.unit_ops.piping.bench import Bench
from unit_ops.drying.vacuum_dryer import front
from unit_ops.streams import T_REF

# fluids: water, dissolved crystal; ln p = A + B/T
A, B, LATENT = 25.55, -5218.0, 2.44e6
CP, CP_SOLID, M = np.array([4180.0, 1500.0]), 1250.0, 10.0
ALPHA_DRY = 2.0 / math.sqrt(math.pi) * math.sqrt(0.1 * 600.0 * CP_SOLID * 0.5 / 5.0)


def build(P: float = 5e3, T_jacket: float = 343.15, speed: float = 0.5, **more: Any) -> Bench:
    params = {
        "area": 1.0, "alpha_wall": 200.0, "conductivity": 0.1, "rho_bed": 600.0, "N_mix": 5.0, "permeance": 1e-3,
        "X_sorption": 0.01, "X_target": 0.005, "tau": 60.0, "crystal": 0, "solute": 1, "volatile": [1.0, 0.0],
        "cp": CP, "cp_solid": CP_SOLID, "molar_mass": [0.018015, 0.151], "dH_vap": [LATENT, 0.0],
        "psat_A": [A, -100.0], "psat_B": [B, 0.0], "psat_C": 0.0, "psat_D": 0.0, **more,
    }  # fmt: skip
    return Bench(vacuum_dryer, {"fluids": 2, "solids": 1}, params, T_jacket=T_jacket, P=P, speed=speed)


def filled(bench: Bench, moisture: float = 0.3, T: float = 300.0) -> np.ndarray:
    return bench.initial(M=M, T=T, w=[1.0, 0.0], moisture=moisture)


def boiling(P: float) -> float:
    return B / (math.log(P) - A)


def test_the_front_without_contact_resistance_is_neumanns() -> None:
    """Stefan number 1: ζ = 0.6200627 (Carslaw and Jaeger, ch. 11: √π ζ exp(ζ²) erf ζ = 1)."""
    assert front(1.0, 1e-12) == pytest.approx(0.620063, abs=1e-6)


@pytest.mark.parametrize("stefan", [0.0, 1e-9, 1e-3, 0.3, 10.0, 1e4, 1e9])
@pytest.mark.parametrize("ratio", [1e-3, 0.5, 30.0])
def test_the_front_solves_its_equation(stefan: float, ratio: float) -> None:
    z = front(stefan, ratio)
    assert math.sqrt(math.pi) * z * math.exp(z * z) * (ratio + math.erf(z)) == pytest.approx(stefan, rel=1e-12)


def test_heat_transfer_falls_from_the_walls_to_that_of_a_dry_bed() -> None:
    bench = build()

    def alpha(moisture: float) -> float:
        x = bench.unpack(filled(bench, moisture, T=310.0))
        return float(bench.quadratures(x).duty) / (343.15 - 310.0)

    dry = 1.0 / (1.0 / 200.0 + 1.0 / ALPHA_DRY)
    assert alpha(0.0) == pytest.approx(dry, rel=1e-6)
    assert dry < alpha(0.02) < alpha(0.1) < alpha(1.0) < 200.0
    assert alpha(50.0) == pytest.approx(200.0, rel=0.01)
    slow = build(speed=0.125)  # four times the contact time: half the dry bed's coefficient
    duty = slow.quadratures(slow.unpack(filled(slow, 0.0, T=310.0))).duty
    assert duty / 33.15 == pytest.approx(1.0 / (1.0 / 200.0 + 2.0 / ALPHA_DRY), rel=1e-6)


@pytest.mark.parametrize("P", [2e3, 1e4])
def test_a_wet_bed_boils_at_the_temperature_of_its_pressure(P: float) -> None:
    bench = build(P)
    y = bench.solve(filled(bench), [0.0, 250.0], method="BDF", rtol=1e-8, atol=1e-8)[-1]
    # what drives the release: q/(Δh M κ) = 200·45/(2.44e6·0.018·1e-3), 200 Pa at the most
    assert boiling(P) < bench.measure("T", y) < boiling(P + 210.0)
    x = bench.unpack(y)
    # all heat goes into vapour, but for what warms the bed as X falls
    booked = bench.quadratures(x)
    assert -booked.evaporation == pytest.approx(booked.duty, rel=0.02)
    assert booked.evaporation == pytest.approx(-LATENT * bench.outlet("vapour", x).m_flow[0], rel=1e-14)


def test_nothing_evaporates_below_boiling() -> None:
    bench = build(2e4)
    x = bench.unpack(filled(bench, T=320.0))  # 10 kPa
    assert bench.outlet("vapour", x).m_flow.tolist() == [0.0, 0.0]
    # and vacuum drawn on a hot bed flashes at once
    bench = build(2e3)
    assert bench.outlet("vapour", x).m_flow[0] > 0.05


def test_course_of_a_batch() -> None:
    """Constant rate, then falling; moisture ends where sorption meets the pressure at the jacket's temperature."""
    bench = build()
    times = np.linspace(0.0, 8000.0, 161)
    rows = bench.solve(filled(bench), times, method="BDF", rtol=1e-8, atol=1e-9)
    X = np.array([bench.measure("X", row) for row in rows])
    T = np.array([bench.measure("T", row) for row in rows])
    assert np.all(np.diff(X) < 1e-9)
    assert np.all(np.diff(T) > -0.05)  # the boiling point falls a little as less heat passes
    saturation = math.exp(A + B / 343.15)
    assert X[-1] == pytest.approx(-0.01 * math.log(1.0 - 5e3 / saturation), rel=2e-3)
    assert T[-1] == pytest.approx(343.15, abs=0.1)
    rates = -np.diff(X)
    assert rates[3] == pytest.approx(rates[4], rel=0.1)
    assert rates[3] > 1.5 * rates[24]  # the front has gone deep
    target = [vacuum_dryer.wet(bench.unpack(row), bench.p) for row in rows]
    assert target[0] > 0.0 > target[-1]


def test_discharge_turns_the_solute_solid_and_cools() -> None:
    bench = build()
    bench.set_inlets(T_jacket=320.0, P=1e5, speed=0.5, valve=1.0)
    x = bench.unpack(bench.initial(M=M, T=320.0, w=[0.9, 0.1], moisture=0.1))
    product, booked = bench.outlet("product", x), bench.quadratures(x)
    assert product.m_flow[0] == pytest.approx((M + 0.1) / 60.0, rel=1e-12)
    assert product.m_flow_liquid == pytest.approx([0.9 / 60.0, 0.0], rel=1e-12)
    assert booked.solids == pytest.approx([0.1 / 60.0], rel=1e-12)
    capacity = M * CP_SOLID + 0.9 * CP[0] + 0.1 * CP[1]
    assert booked.cooling == pytest.approx(-capacity * (320.0 - T_REF) / 60.0, rel=1e-12)


def test_an_empty_dryer_has_finite_rates() -> None:
    bench = build()
    y = bench.initial(M=0.0, T=T_REF, w=[1.0, 0.0])
    assert np.isfinite(bench.rhs(0.0, y)).all()
    for name in vacuum_dryer.Measurements._fields:
        assert np.isfinite(bench.measure(name, y)), name


def test_what_solver_errors_leave_in_an_empty_dryer_does_not_boil() -> None:
    """Traces of either sign with a negative sum: once exp(+) of it over no crystals gave 1e12 kg of vapour."""
    bench = build(T_jacket=343.15)
    y = bench.initial(M=1e-8, T=343.15, w=[1.0, 0.0], moisture=1.0)
    x = bench.unpack(y)
    for trace in (-1e-9, -4e-8, -1e-6):
        x.m[0] = trace
        for flow in bench.outlet("vapour", x).m_flow:
            assert abs(flow) < 1e-6, trace
