"""Units that mix, part, hold, pump or tell, each against its closed form: alone, or in the smallest plant."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

import unit_ops.granulation.chute as chute
import unit_ops.powder.mixer as mixer
from tests.unit_ops.crystallization.test_dissolver import RATE, advance, vessel
from tests.unit_ops.drying.test_vacuum_dryer import ALPHA_DRY
from tests.unit_ops.drying.test_vacuum_dryer import build as vacuum_dryer
from tests.unit_ops.drying.test_vacuum_dryer import filled as cake
from tests.unit_ops.granulation.test_sieve import CLASSES, EDGES
from tests.unit_ops.granulation.test_sieve import build as sieve
from tests.unit_ops.granulation.test_sieve import settled as sieved
from tests.unit_ops.granulation.test_twin_screw_map import build as twin_screw
from tests.unit_ops.granulation.test_twin_screw_map import settled as wetted
from tests.unit_ops.piping.bench import Bench
from tests.unit_ops.piping.test_pump import build as pump
from tests.unit_ops.piping.test_pump import start as vessel_of_pump
from tests.unit_ops.piping.test_tank import PARAMS as TANK
from tests.unit_ops.piping.test_valve import A_V, AREA
from tests.unit_ops.piping.test_valve import build as valve
from tests.unit_ops.powder.test_fluctuation import PLANT as SCREW
from tests.unit_ops.sensing.rig import POWDER, told
from tests.unit_ops.sensing.test_laser_diffraction import PLANT as SLURRY
from tests.unit_ops.sensing.test_laser_diffraction import SIZES
from tests.unit_ops.sensing.test_load_cell import HEAVIER
from tests.unit_ops.sensing.test_load_cell import PLANT as SCALE
from tests.unit_ops.sensing.test_transmitter import PLANT as WEIGHED
from tests.unit_ops.separation.test_belt_filter import ALPHA, DP, EPSILON, FILTRATION, R_M, RHO, RHO_S
from tests.unit_ops.separation.test_belt_filter import build as belt
from tests.unit_ops.separation.test_settler import settled
from tests.unit_ops.separation.test_settler import tank as settler
from tests.unit_ops.separation.wheel import build as carousel
from tests.unit_ops.separation.wheel import fire, run, trough
from tests.unit_ops.tableting.test_reject_gate import build as gate
from tests.verification.record import record
from unit_ops.drying.vacuum_dryer import front
from unit_ops.piping import diverter, tank
from unit_ops.piping.liquid import GRAVITY
from unit_ops.streams import T_REF

CLOSED = "closed form"


Rows = list[tuple[str, float, float]]


def held(rows: Rows, rel: float) -> Rows:
    """Rows of (quantity, expected, got), compared."""
    for quantity, expected, got in rows:
        assert got == pytest.approx(expected, rel=rel), quantity
    return rows


def test_a_stirred_tank_washes_out() -> None:
    """Level at rest, equal densities: w = e^(−t/τ), τ the holdup over the flow; it stands τ_weir V̇ above the weir."""
    bench = Bench(tank, {"fluids": 2, "solids": 1}, {**TANK, "rho": 1000.0}, feed={"T": T_REF, "m_flow": [0.0, 0.02]})
    rest = bench.solve(bench.initial(V=1.02e-3, T=T_REF, w=[0.0, 1.0]), [0.0, 500.0], rtol=1e-11)[-1]
    mass = rest[1:].sum()
    # the weir is rounded over a thousandth of its volume
    for quantity, expected, got in held([("level at rest, m³", 1.02e-3, bench.measure("V", rest))], 2e-5):
        record("stirred tank (tank)", CLOSED, quantity, expected, got)
    rest[1], rest[2] = mass, 0.0
    times = [0.0, 30.0, 60.0, 120.0]
    found = bench.solve(rest, times, rtol=1e-11)
    rows = [
        (f"w after {t:g} s", math.exp(-0.02 * t / mass), float(y[1] / mass))
        for t, y in zip(times[1:], found[1:], strict=True)
    ]
    for quantity, expected, got in held(rows, 1e-6):
        record("stirred tank (tank)", CLOSED, quantity, expected, got)


def test_a_vessel_drains_through_a_valve() -> None:
    """Torricelli: √h falls linearly, A dh/dt = −A_v √(g h); and the definition of K_v at 1 bar."""
    bench = valve(1.0)
    times = np.linspace(0.0, 300.0, 4)
    y0 = bench.initial(V=0.05, T=320.0, w=[1.0, 0.0])
    found = [bench.measure("depth", y) for y in bench.solve(y0, times, method="BDF", rtol=1e-10, atol=1e-10)]
    expected = (1.0 - A_V * math.sqrt(GRAVITY) / (2.0 * AREA) * times) ** 2
    rows = [(f"depth after {t:g} s, m", e, g) for t, e, g in zip(times[1:], expected[1:], found[1:], strict=True)]
    # the square root is rounded below 10 Pa: 1e-5 at the last 1.6 kPa
    for quantity, expected, got in held(rows, 1e-5):
        record("Torricelli (valve)", "Torricelli; closed form", quantity, expected, got)
    bench = valve(1.0, dP=1e5 - 1000.0 * GRAVITY)
    x = bench.unpack(bench.initial(V=0.05, T=300.0, w=[1.0, 0.0]))
    flow = float(bench.outlet("product", x).m_flow.sum()) * 3.6
    for quantity, expected, got in held([("water at 1 bar through K_v = 2, m³/h", 2.0, flow)], 1e-8):
        record("K_v (valve)", "IEC 60534-1", quantity, expected, got)


def test_a_pump_follows_and_warms() -> None:
    """F_set (1 − e^(−t/τ)); the shaft's work over the flow's heat capacity."""
    bench = pump()
    found = bench.solve(vessel_of_pump(bench), [0.0, 4.0, 12.0])
    rows = [
        (f"flow after {theta:g} τ, kg/s", 0.1 * (1.0 - math.exp(-theta)), bench.measure("F_delivered", y))
        for theta, y in zip((1.0, 3.0), found[1:], strict=True)
    ]
    for quantity, expected, got in held(rows, 1e-7):
        record("lag of a drive (pump)", CLOSED, quantity, expected, got)
    warmed = bench.outlet("product", bench.unpack(vessel_of_pump(bench, F=0.1))).T - 310.0
    rise = 6e5 / (1000.0 * 0.4 * 4180.0)
    for quantity, expected, got in held([("rise of temperature, K", rise, warmed)], 1e-9):
        record("shaft work (pump)", "Δp/(ρ η cp)", quantity, expected, got)


def test_powders_join() -> None:
    feeds = {f"feed_{k}": {"m_flow": [0.1 * k, 0.2 / k], "m_flow_liquid": [1e-3 * k]} for k in (1, 2, 3, 4)}
    found = Bench(mixer, {"fluids": 1, "solids": 2}, {}, **feeds).outlet("product", None)
    rows = [
        ("first solid, kg/s", 1.0, float(found.m_flow[0])),
        ("second solid, kg/s", 0.2 * 25.0 / 12.0, float(found.m_flow[1])),
        ("liquid, kg/s", 0.01, float(found.m_flow_liquid[0])),
    ]
    for quantity, expected, got in held(rows, 1e-14):
        record("sums (powder mixer)", CLOSED, quantity, expected, got)


def test_a_diverter_parts_by_its_position() -> None:
    bench = Bench(diverter, {"fluids": 2, "solids": 1}, {}, feed={"T": 310.0, "m_flow": [2.0, 0.5]}, position=0.3)
    aside, onward = (bench.outlet(name, None).m_flow for name in ("aside", "onward"))
    rows = [("part aside", 0.3, float(aside[0] / 2.0)), ("part onward", 0.7, float(onward[1] / 0.5))]
    for quantity, expected, got in held(rows, 1e-14):
        record("position (diverter)", CLOSED, quantity, expected, got)


@pytest.mark.slow
def test_draws_of_a_fluctuation_spread(tmp_path: Path) -> None:
    """Independent draws held for 1 s: means of two neighbours spread by s/√2; 4000 of them know it to 1.1 %."""
    mass = told(tmp_path, SCREW % (1e-3, "volumetric"), duration=4000.0)["feeder.m"]
    loss = -np.diff(mass)
    spread = float(np.std(loss / np.median(loss)))
    row = ("spread of the loss in a second", 0.02 / math.sqrt(2.0), spread)
    for quantity, expected, got in held([row], 0.045):
        record(
            "spread of a draw (fluctuation)",
            "closed form; Gillespie, doi 10.1103/PhysRevE.54.2084",
            quantity,
            expected,
            got,
        )


def test_shares_of_the_normal_distribution_pass_the_gate() -> None:
    """Φ(1) = 0.84134 47460 68543, Φ(2) = 0.97724 98680 51821 (Abramowitz & Stegun, table 26.1)."""
    tabled = {1.0: 0.841344746068543, 2.0: 0.977249868051821}
    for sigmas, share in tabled.items():
        good = gate(force=12e3 - sigmas * 500.0).outlet("good", None)
        masses = 2.0 * norm.cdf(5.0) - 1.0  # of the weight, five standard deviations either side
        row = (f"part within, limit {sigmas:g} standard deviations above", share * masses, good.n_flow / 36.0)
        # lower limit: 6 away
        for quantity, expected, got in held([row], 2e-9):
            record("normal distribution (reject gate)", "Abramowitz & Stegun, table 26.1", quantity, expected, got)


def test_a_sieve_parts_by_chance() -> None:
    """Of a class r/(r + T) goes over: T = 2/s (1 − (d/aperture)²)."""
    bench = sieve()
    over = bench.outlet("coarse", bench.unpack(sieved(bench))).V_flow_classes / CLASSES
    d = 1.4 ** (1.0 / 3.0) * np.sqrt(EDGES[1:] * EDGES[:-1])
    expected = 0.1 / (0.1 + 2.0 * np.maximum(1.0 - (d / 1e-3) ** 2, 0.0))
    rows = [(f"part over, {1e6 * d[k]:.0f} µm", float(expected[k]), float(over[k])) for k in (0, 3, 5, 6)]
    for quantity, expected, got in held(rows, 1e-7):
        record("partition curve (sieve)", "closed form at rest", quantity, expected, got)


def test_sizes_follow_the_map() -> None:
    """d_32 and d_50 of an invented map at L/S 0.25 and a feed load of 1e-3/(500 · 5 · 0.016³)."""
    bench = twin_screw()
    y = wetted(bench)
    r, s = 0.05, 1e-3 / (500.0 * 5.0 * 0.016**3) - 0.08
    d = 1e-3 * math.exp(6.0 * r - s + 5.0 * r * s)
    median = d * math.exp(0.5 * (0.5 * math.exp(-3.0 * r + 2.0 * s)) ** 2)
    rows = [("d_32, m", d, bench.measure("d_32", y)), ("d_50, m", median, bench.measure("d_50", y))]
    for quantity, expected, got in held(rows, 1e-7):
        record("regression map (twin_screw_map)", "the map's formula", quantity, expected, got)


def test_dissolution_in_pure_and_in_laden_solvent() -> None:
    """Far from saturation e^(−rate t); at rest rate M (1 − c/c*) is what the cake brings: M = 10 g."""
    y = advance(vessel(), [0.0, 1e-6, 0.5, 0.0], 1000.0)
    # a millionth of saturation is reached
    for quantity, expected, got in held([("M/M₀ at rate t = 2", math.exp(-RATE * 1000.0), y[1] * 1e6)], 2e-5):
        record("dissolution (dissolver)", CLOSED, quantity, expected, got)
    y = advance(vessel(dH_cryst=-5e4, sol_a=1.0), [0.0, 0.1, 0.5, 0.0], 1e5)
    for quantity, expected, got in held([("T − T_ref, K", -25.0 / 6.0, y[0] / (0.6 * 2000.0))], 1e-6):
        record("dissolution (dissolver)", "heat balance", quantity, expected, got)


def test_contact_drying_by_penetration() -> None:
    """Neumann's front, and the heat transfer of a dry bed behind a wall."""
    row = ("ζ at Stefan number 1, no resistance at the wall", 0.620063, front(1.0, 1e-12))
    for quantity, expected, got in held([row], 1e-6):
        record(
            "drying front (vacuum_dryer)", "Carslaw & Jaeger, ISBN 978-0-19-853368-9, ch. 11", quantity, expected, got
        )
    bench = vacuum_dryer()
    alpha = bench.quadratures(bench.unpack(cake(bench, 0.0, T=310.0))).duty / (343.15 - 310.0)
    row = ("heat transfer to a dry bed, W/(m² K)", 1.0 / (1.0 / 200.0 + 1.0 / ALPHA_DRY), float(alpha))
    for quantity, expected, got in held([row], 1e-6):
        record(
            "penetration theory (vacuum_dryer)",
            "Schlünder & Mollekopf, Chem. Eng. Process. 18 (1984) 93",
            quantity,
            expected,
            got,
        )


def test_a_settler_holds_its_layers() -> None:
    """At rest what arrives breaks, flux (1 − e^(−h/h₀)); heat to the room over flow and loss."""
    bench = settler(d_63=1e-2)
    y = settled(bench)
    arriving = (1.0 - bench.measure("part_carried", y)) * 1.25e-5 / 0.05
    row = ("depth of the dispersion, m", -0.02 * math.log(1.0 - arriving / 5e-4), bench.measure("depth", y))
    for quantity, expected, got in held([row], 1e-6):
        record("coalescence at rest (settler)", CLOSED, quantity, expected, got)
    warm = settler(UA=20.0)
    row = ("temperature with loss to the room, K", 307.5, warm.measure("T", settled(warm)))
    for quantity, expected, got in held([row], 1e-6):
        record("heat balance (settler)", CLOSED, quantity, expected, got)


def test_a_cake_forms_on_the_belt_as_ruth_says() -> None:
    """One cell, belt at rest, 100 kg/m³ (verification 3.9)."""
    bench, start = resting_cell()
    times = [0.0, *(t for t, _ in FILTRATION[:3])]
    found = bench.solve(bench.pack(start), times, method="BDF", rtol=1e-9, atol=1e-13)
    V = [(start.m[0, 0] - bench.unpack(row).m[0, 0]) / 800.0 for row in found[1:]]
    rows = [(f"V({t:g} s), m³", wanted, float(got)) for (t, wanted), got in zip(FILTRATION, V, strict=False)]
    # the trough below its weir leaks 3e-13 m³/s
    for quantity, expected, got in held(rows, 3e-7):
        record("filtration at constant pressure (belt_filter)", "Ruth's law; closed form", quantity, expected, got)


def resting_cell() -> tuple[Bench, object]:
    bench = belt(
        1, width=0.1, length=0.2, dP=DP, alpha=ALPHA, R_m=R_M, film=1e-6, V_weir=1.0, tau=1e6,
        mu_A=0.0, mu_B=0.0, mu_C=0.0, mu_D=0.0,
    )  # fmt: skip
    pores = EPSILON / (1.0 - EPSILON) * 0.2 / RHO_S + 1e-6 * 0.02
    x = bench.unpack(bench.initial(V=1e-3, T=T_REF, w=[1.0, 0.0], M=0.2))
    x.D[0] = 0.0
    x.m[0, 0] = (2e-3 + pores) * RHO[0]
    return bench, x


def test_a_carousel_filters_in_the_published_time() -> None:
    """750 mg of the published cake: when no liquid stands on it any more, between two looks."""
    bench = carousel()
    looks = [0.0, 1.12, 1.136]
    y = run(bench, fire(bench, "rotate", trough(bench)), looks, rtol=1e-8)
    before, after = (bench.measure("ponded", z) for z in y[1:])
    found = looks[1] + (looks[2] - looks[1]) * before / (before - after)
    source = "doi 10.1016/j.compchemeng.2022.107809; closed form"
    # what stands falls linearly within a hundredth of the time, to a part in a hundred
    for quantity, expected, got in held([("end of filtration, s", 1.127902396, found)], 1e-4):
        record("separation.carousel: one cake", source, quantity, expected, got)


def test_a_chute_passes_all_on() -> None:
    flows = {"m_flow": [1.0, 2.0], "m_flow_liquid": [0.1], "V_flow_classes": CLASSES}
    found = Bench(chute, {"fluids": 1, "solids": 2, "bins": 10}, {}, granules=flows).outlet("powder", None)
    rows = [("solids, kg/s", 3.0, float(found.m_flow.sum())), ("liquid, kg/s", 0.1, float(found.m_flow_liquid[0]))]
    for quantity, expected, got in held(rows, 1e-14):
        record("granulation.chute: sums", CLOSED, quantity, expected, got)


@pytest.mark.slow
def test_a_load_cell_lags(tmp_path: Path) -> None:
    """From 4 to 6 kg at 20 s: 6 − 2 e^(−t/τ) at each reading."""
    found = told(tmp_path, SCALE % "tau: 3 s", HEAVIER)["scale.m_measured"]
    rows = [(f"reading {t} s after the step, kg", 6.0 - 2.0 * math.exp(-t / 3.0), float(found[20 + t])) for t in (3, 9)]
    # tolerance of the run: 1e-6 a step
    for quantity, expected, got in held(rows, 1e-5):
        record("first-order lag (load_cell)", CLOSED, quantity, expected, got)


@pytest.mark.slow
def test_a_transmitter_tells_the_scan_before(tmp_path: Path) -> None:
    """1 kg and 10 g/s, every 2 s, 6 s late, with a bias of a hundredth of the span of 2 kg."""
    found = told(tmp_path, WEIGHED % ", delay: 6 s, bias: 0.01")["WT-1.shown"]
    rows = [(f"shown at {t} s, kg", 1.0 + 0.01 * (t - t % 2 - 6) + 0.02, float(found[t])) for t in (21, 60)]
    for quantity, expected, got in held(rows, 1e-9):
        record("delay and bias (transmitter)", CLOSED, quantity, expected, got)


@pytest.mark.slow
def test_a_probe_averages_over_its_window(tmp_path: Path) -> None:
    """A step of composition through a window of 4 s: linear in between."""
    step = "{at: 20 s, set: {powder.m_flow: {mcc: 5 g/s, paracetamol: 5 g/s}}}"
    text = POWDER % ("nir", "key: paracetamol, period: 1 s, t_window: 4 s", "")
    found = told(tmp_path, text, step)["sensor.w_measured"]
    rows = [(f"{t} s after the step", 0.2 + 0.3 * min(t, 4) / 4.0, float(found[20 + t])) for t in (1, 2, 5)]
    for quantity, expected, got in held(rows, 1e-9):
        record("sensing.nir: moving average", CLOSED, quantity, expected, got)


@pytest.mark.slow
def test_a_meter_averages_over_its_window(tmp_path: Path) -> None:
    """2.5 g/s of water with 10 g/s of powder, for so many of 4 s."""
    step = "{at: 20 s, set: {powder.m_flow_liquid.water: 2.5 g/s}}"
    text = POWDER % ("moisture", "period: 1 s, t_window: 4 s", "")
    found = told(tmp_path, text, step)["sensor.w_measured"]
    wet = {t: 2.5 * min(t, 4) for t in (1, 2, 5)}
    rows = [(f"{t} s after the step", wet[t] / (40.0 + wet[t]), float(found[20 + t])) for t in wet]
    for quantity, expected, got in held(rows, 1e-9):
        record("sensing.moisture: moving average", CLOSED, quantity, expected, got)


@pytest.mark.slow
def test_samples_scatter_as_gy_says(tmp_path: Path) -> None:
    """A hundred particles, a fifth of them of the key component: √(w (1 − w)/n); 4000 samples know it to 1.1 %."""
    text = POWDER % ("at_line", "key: paracetamol, period: 1 s, m_sample: 1 g, m_particle: 10 mg", "")
    found = told(tmp_path, text, duration=4000.0)["sensor.w_measured"]
    row = ("standard deviation of 4000 samples of 100 particles", 0.04, float(np.std(found)))
    for quantity, expected, got in held([row], 0.035):
        record(
            "sensing.at_line: fundamental error of sampling",
            "Gy, ISBN 978-0-471-97956-2, ch. 4",
            quantity,
            expected,
            got,
        )


@pytest.mark.slow
def test_percentiles_by_diffraction(tmp_path: Path) -> None:
    """A fifth below 100 µm, two up to 200, two up to 400: d10, d50, d90 by hand."""
    found = told(tmp_path, SLURRY % "noise: 0", duration=10.0)
    rows = [(name.split(".")[1][:3] + ", m", size, float(found[name][-1])) for name, size in SIZES.items()]
    for quantity, expected, got in held(rows, 1e-12):
        record("percentiles (laser_diffraction)", "by hand", quantity, expected, got)
