"""Cake filtration, washing and deliquoring against closed forms (verification 3.9)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from tests.unit_ops.separation.cakes import AREA, PORES, R_M, RHO, RHO_S, build, charge, volumes
from tests.verification.record import record
from unit_ops.separation import cake_laws
from unit_ops.separation.nutsche import Drive

RUTH = "closed form, t = mu alpha c V²/(2 A² dP) + mu R_m V/(A dP)"
KREFT = "closed form, doi:10.1016/0009-2509(78)85196-3"


def test_constant_pressure() -> None:
    """Volumes of the parabolic law; the nutsche's cake grows by the slurry's crystals."""
    bench = build(3)
    times = [10.0, 60.0, 130.0, 600.0]
    found = volumes(bench, charge(bench, 3e-3), times)
    expected = [2.635489375752e-4, 6.731089380465e-4, 1e-3, 2.170981515212e-3]
    for t, e, g in zip(times, expected, found, strict=True):
        record("filtration at constant pressure (nutsche)", RUTH, f"V({t:g} s), m³", e, g)
    # below a thousandth of the film the surface mean of the cake fades: some 1e-10 m3
    assert found == pytest.approx(expected, rel=1e-8)
    V = np.array(found)
    slope, intercept = np.polyfit(V, np.array(times) / V, 1)
    assert slope == pytest.approx(1.25e8, rel=1e-6)  # Ruth plot
    assert intercept == pytest.approx(5e3, rel=1e-5)


def test_constant_rate() -> None:
    bench = build(drive=Drive.RATE, V_flow_pump=1e-5)
    y = bench.solve(charge(bench, 3e-3), [0.0, 100.0], rtol=1e-11, atol=1e-15)[-1]
    found = bench.measure("dP_total", y)
    record("filtration at constant rate (nutsche)", "closed form", "dP(100 s), Pa", 255e3, found)
    assert found == pytest.approx(255e3, rel=1e-8)


@pytest.mark.parametrize("s", [0.3, 0.7])
def test_a_compressible_cake_without_medium(s: float) -> None:
    """All pressure over the cake, alpha0 dP^s: t = mu alpha0 dP^(s−1) c V²/(2 A²); with P_ref = 2e4 Pa."""
    bench = build(s=s, R_m=1e6, P_ref=2e4)
    V = volumes(bench, charge(bench, 3e-3), [600.0])[0]
    alpha = 1e11 * (1e5 / 2e4) ** s
    expected = np.sqrt(2.0 * AREA**2 * 1e5 * 600.0 / (1e-3 * alpha * 100.0))
    record("compressible cake (nutsche)", "closed form, R_m → 0", f"V(600 s), m³, s = {s:g}", expected, V)
    assert V == pytest.approx(expected, rel=1e-5)  # the medium's 1e6 of 1e12 1/m


@pytest.mark.parametrize("s", [0.0, 0.2, 0.5, 0.95])
@pytest.mark.parametrize("part", [1e-30, 1e-6, 1e-2, 1.0, 1e3, 1e9])
def test_the_pressure_drop_of_a_compressible_cake_is_found(part: float, s: float) -> None:
    for dP in (1e-3, 1.0, 50.0):
        y = cake_laws.cake_pressure_drop(dP, part, s)
        assert y + part * y ** (1.0 - s) == pytest.approx(dP, rel=1e-12)


@pytest.mark.parametrize(("cells", "expected"), [(3, [0.4231900811, 0.0619688044]), (10, [0.4579297145, 0.0049954123])])
def test_washing_through_mixed_cells(cells: int, expected: list[float]) -> None:
    """Effluent after 1 and 2 pore volumes of wash through n mixed cells."""
    bench = build(cells)
    D = 0.1
    pores = PORES * D + 1e-6 * AREA
    x = bench.unpack(charge(bench, 3e-3))
    x = x._replace(D=D, A=6.0 * D / (RHO_S * bench.p.L_ref))
    x.crystals[:] = 0.0
    x.m[:] = [RHO * 1e-3, 0.0]  # a litre of clean wash stands on the cake
    x.m_cake[0], x.m_cake[1] = 0.9 * RHO * pores / cells, 0.1 * RHO * pores / cells
    flow = AREA * 1e5 / (1e-3 * (1e11 * D / AREA + R_M))
    y = bench.solve(bench.pack(x), [0.0, pores / flow, 2.0 * pores / flow], rtol=1e-10, atol=1e-14)
    effluent = [bench.measure("w_key", row) / 0.1 for row in y[1:]]
    for W, e, g in zip((1, 2), expected, effluent, strict=True):
        record("washing through mixed cells (nutsche)", "closed form", f"c/c0 at W = {W}, {cells} cells", e, g)
    assert effluent == pytest.approx(expected, rel=1e-7)


def test_dispersed_displacement() -> None:
    """Effluent and removed part, closed form of a semi-infinite bed."""
    expected = [0.9199332474, 0.4147111408, 0.1254752615, 0.0337795454, 0.0022491178]
    for W, e in zip((0.5, 1.0, 1.5, 2.0, 3.0), expected, strict=True):
        found = cake_laws.wash_effluent(W, 10.0)
        record("wash law", KREFT, f"c/c0 at W = {W:g}, Pe = 10", e, found)
        assert found == pytest.approx(e, abs=1e-10)
    for W, Pe, e in ((1.0, 10.0, 0.829422281673), (2.0, 10.0, 0.987492338195), (1.0, 100.0, 0.943859007)):
        found = cake_laws.washed_out(W, Pe)
        record("wash law", KREFT, f"removed at W = {W:g}, Pe = {Pe:g}", e, found)
        assert found == pytest.approx(e, abs=1e-9)
        integral = quad(cake_laws.wash_effluent, 0.0, W, (Pe,), epsabs=1e-13, points=[min(W, 1.0)])[0]
        assert found == pytest.approx(integral, abs=1e-11)
    for W in (1e-6, 0.5, 3.0, 1e3):  # no overflow where e^Pe does
        assert 0.0 <= cake_laws.wash_effluent(W, 1e4) <= 1.0


def test_the_design_chart() -> None:
    """S_R of the chart of Wakeman, with its jump of 4 % at 1.915."""
    expected = [0.8753718038, 0.4807692308, 0.3448414636, 0.3293454265, 0.1848726302, 0.0698550453]
    for theta, e in zip((0.1, 1.0, 1.9, 2.0, 10.0, 100.0), expected, strict=True):
        found = cake_laws.chart_saturation(theta)
        record("deliquoring chart", "Wakeman & Tarleton 1999", f"S_R(θ = {theta:g})", e, found)
        assert found == pytest.approx(e, abs=1e-10)
    before, after = cake_laws.chart_saturation(1.915), cake_laws.chart_saturation(1.915 + 1e-12)
    assert 1.0 - after / before == pytest.approx(0.034, abs=0.01)


def test_constants_of_the_published_cake() -> None:
    """verification 3.8 (Destro, Nagy & Barolo 2022): permeability and threshold pressure of 750 mg of paracetamol."""
    k = cake_laws.permeability(2.7e9, 1293.0, 0.35)
    record("cake constants", "doi:10.1016/j.compchemeng.2022.107809", "permeability, m²", 4.406810285e-13, k)
    assert k == pytest.approx(4.406810285e-13, rel=1e-9)
    size = 4.6 * 0.65 * 22.39e-3 / (0.35 * 4047.640125)
    assert cake_laws.threshold_pressure(0.35, 22.39e-3, size) == pytest.approx(4047.640125, rel=1e-12)
    assert size == pytest.approx(47.2e-6, rel=2e-3)  # the surface-mean size that the dryer's zeta is published for


def test_other_laws() -> None:
    """Retardation 1/(1 − K + K/ε)'s inverse; equilibrium saturation; Kozeny; dispersion above Re Sc = 1."""
    assert cake_laws.retardation(2.0, 0.4) == pytest.approx(1.0 - 2.0 + 2.0 / 0.4, rel=1e-14)
    assert cake_laws.equilibrium_saturation(1e-3) == pytest.approx(0.155 * (1.0 + 0.031 * 1e-3**-0.49), rel=1e-14)
    assert cake_laws.kozeny_resistance(0.4, 1300.0, 5e-5) == pytest.approx(
        180.0 * 0.6 / (1300.0 * 0.064 * 25e-10), rel=1e-12
    )
    assert cake_laws.dispersion_ratio(2.0) == pytest.approx(0.7071 + 55.5 * 2.0**0.96, rel=1e-14)
    assert cake_laws.dispersion_ratio(0.0) == 0.7071
    N_cap = cake_laws.capillary_number(0.4, 5e-5, 800.0, 9.81, 1e5, 0.01, 0.03)
    assert N_cap == pytest.approx(0.064 * 25e-10 * (800.0 * 9.81 * 0.01 + 1e5) / (0.36 * 0.01 * 0.03), rel=1e-12)
