"""Dissolution vessel: closed forms of one size and of disintegration, saturation, balances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unit_ops.quality.dissolution_vessel as dissolution_vessel
from tests.unit_ops.piping.bench import Bench
from unit_ops.quality.dissolution import Film, dissolved

#: verification 3.11: film 30 um, D 7e-10 m2/s, density 1300 kg/m3, solubility 10 kg/m3, radius 50 um.
PARAMS: dict[str, Any] = {
    "disintegration": 0.01, "L_median": 40e-6, "L_sigma": 0.4, "L_top": 120e-6, "diffusivity": 7e-10,
    "concentration_sat": 10.0, "film_max": 30e-6, "dose": 1e-4, "T_bath": 310.15, "active": 0, "solute": 1,
    "rho_solid": [1300.0, 1500.0], "rho_liquid": [1000.0, 1200.0], "cp": [4180.0, 1500.0],
}  # fmt: skip


def build(sizes: int = 60, porosity: float = 0.15, **params: Any) -> Bench:
    dims = {"fluids": 2, "solids": 2, "sizes": sizes}
    return Bench(dissolution_vessel, dims, {**PARAMS, **params}, porosity=porosity)


def filled(bench: Bench, V: float = 9e-4, **more: Any) -> np.ndarray:
    return bench.initial(V=V, w=[1.0, 0.0], w_solids=[0.25, 0.75], **more)


def of_a_peak(sizes: int, law: Film, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Released from particles about 70 µm, sin² in number between 50 and 90 µm: found, and by the closed form."""
    bench = build(sizes, film_law=law)
    width = 120e-6 / sizes
    parts = 40
    L = (np.arange(parts * sizes) + 0.5) * width / parts
    number = np.where(np.abs(L - 70e-6) < 20e-6, np.cos((L - 70e-6) / 20e-6 * 0.5 * math.pi) ** 2, 0.0)
    mass = number * L**3
    mass *= 1e-6 / mass.sum()  # in 900 L of solubility 10 kg/m³: a sink
    free = mass.reshape(sizes, parts).sum(axis=1)
    y = bench.solve(filled(bench, V=0.9, m_free=free), times, method="BDF", rtol=1e-7, atol=1e-13)
    found = np.array([bench.measure("released", row) for row in y]) * PARAMS["dose"] / 1e-6
    some = np.flatnonzero(number)
    dose = mass[some] / 1e-6
    wanted = [
        sum(m * dissolved(t, law, s / 2, 30e-6, 7e-10, 1300.0, 10.0) for m, s in zip(dose, L[some])) for t in times
    ]
    return found, np.array(wanted)


@pytest.mark.parametrize("law", [Film.FIXED, Film.HINTZ_JOHNSON])
def test_particles_dissolve_as_the_closed_form(law: Film) -> None:
    """Errors fall with the square of the classes' width."""
    times = np.array([0.0, 50.0, 100.0, 150.0])
    errors = [np.max(np.abs(np.subtract(*of_a_peak(sizes, law, times)))) for sizes in (20, 40, 80)]
    assert errors[2] < 1.5e-3
    assert math.log2(errors[0] / errors[1]) > 1.85
    assert math.log2(errors[1] / errors[2]) > 1.9


def test_a_tablet_of_dust_is_released_as_it_disintegrates() -> None:
    """Particles of a micrometre are gone in a second: 1 − exp(−k t) stands."""
    bench = build(12, L_median=1e-6, L_top=3e-6, L_sigma=0.2)
    y = bench.solve(filled(bench, m_dose=4e-4), [0.0, 50.0, 100.0, 300.0], method="BDF", rtol=1e-7, atol=1e-12)
    found = [bench.measure("released", row) for row in y]
    assert found == pytest.approx([1.0 - math.exp(-0.01 * t) for t in (0.0, 50.0, 100.0, 300.0)], abs=3e-3)
    assert bench.measure("intact", y[-1]) == pytest.approx(4e-4 * math.exp(-3.0), rel=1e-5)
    assert bench.unpack(y[-1]).m_inert[1] == pytest.approx(3e-4 * (1.0 - math.exp(-3.0)), rel=1e-5)


def test_porous_tablets_disintegrate_faster() -> None:
    dense, porous = (build(porosity=e, porosity_exponent=2.0) for e in (0.1, 0.2))
    rates = [dissolution_vessel.disintegrating(b.u.porosity, b.p) for b in (dense, porous)]
    assert rates[1] == pytest.approx(4.0 * rates[0], rel=1e-12)
    assert rates[0] == pytest.approx(0.01 * (0.1 / 0.15) ** 2, rel=1e-12)


def test_it_stops_at_saturation_and_keeps_every_gram() -> None:
    bench = build(24, concentration_sat=0.05)  # of 0.111 kg/m³ in all
    y0 = filled(bench, m_dose=4e-4)
    y = bench.solve(y0, [0.0, 5e3, 1e5], method="BDF", rtol=1e-8, atol=1e-13)
    for row in y[1:]:
        x = bench.unpack(row)
        active = x.m_tablets[0] + x.particles.sum() + x.m[1]
        assert active == pytest.approx(1e-4, rel=1e-7)
        assert np.all(x.particles > -1e-6 * 1e-4)
    # the drive is rounded over 1e-4 of the solubility
    assert bench.measure("concentration", y[-1]) == pytest.approx(0.05, rel=2e-4)
    assert bench.measure("concentration", y[-1]) <= 0.05


def test_balances_of_a_tablet_falling_in() -> None:
    bench = build()
    tablets = {"n_flow": 1.0, "m_flow": [1e-4, 3e-4], "m_flow_liquid": [1e-5, 0.0]}
    bench.set_inlets(tablets=tablets, porosity=0.15)
    x = bench.unpack(filled(bench, m_dose=4e-4, m_free=1e-6))
    rate, sources = bench.dx(x), bench.quadratures(x)
    assert sources.dissolved[1] == -sources.vanished[0] > 0.0
    solids = rate.m_tablets + rate.m_inert + [rate.particles.sum(), 0.0]
    assert solids == pytest.approx(np.array([1e-4, 3e-4]) + sources.vanished, rel=1e-12)
    assert rate.m == pytest.approx(np.array([1e-5, 0.0]) + sources.dissolved, rel=1e-12)
    assert sources.bath == pytest.approx(12.0 * float(rate.m @ bench.p.cp), rel=1e-12)
