"""Powder and tablet algebra: verification 3.11, and Reid's grinding of 3.5; each value to the digits given.

Values were computed independently of Twin (mpmath, quadrature, closed forms); the law's own source stands with
each case, and with the kernel that is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import expm

import unit_ops.coating.film_coater as film_coater
import unit_ops.powder.feeder as feeder
import unit_ops.tableting.gap_press as gap_press
from tests.unit_ops.piping.bench import Bench
from tests.verification.record import record
from unit_ops.granulation.grinding import daughters, selection
from unit_ops.granulation.johanson import angle_of_nip, force_factor
from unit_ops.powder.hopper import beverloo
from unit_ops.quality.dissolution import (
    Film,
    difference_factor,
    dissolved,
    similarity_factor,
    time_to_dissolve,
    weibull,
)
from unit_ops.tableting import compaction as laws
from unit_ops.tableting.punches import dwell_time

DEGREE = math.pi / 180.0
PARTICLE = (50e-6, 30e-6, 7e-10, 1300.0, 10.0)
PROFILES = ((30.0, 55.0, 75.0, 90.0), (25.0, 48.0, 70.0, 88.0))
Case = tuple[str, Callable[[], float], float, float]


def nip(delta: float, phi: float, K: float, ratio: float) -> float:
    return angle_of_nip(delta * DEGREE, phi * DEGREE, K, ratio)


def johanson(delta: float, phi: float, K: float, ratio: float, angle: float, factor: float) -> list[Case]:
    """Johanson, J. Appl. Mech. 32 (1965) 842."""
    return [
        (f"nip angle {ratio}", lambda: nip(delta, phi, K, ratio) / DEGREE, angle, 6e-10),
        (f"F {ratio}", lambda: force_factor(nip(delta, phi, K, ratio), K, ratio), factor, 6e-11),
    ]


def film(law: Film, t_c: float, fractions: tuple[float, ...]) -> list[Case]:
    """Shrinking sphere: Hintz & Johnson, Int. J. Pharm. 51 (1989) 9; film of 30 µm, or as thick as the radius."""
    quarters: list[Case] = [
        (f"{law.name} {part}/4", lambda part=part: dissolved(0.25 * part * t_c, law, *PARTICLE), value, 6e-10)  # type: ignore[misc]
        for part, value in enumerate(fractions, start=1)
    ]
    return [(f"{law.name} t_c", lambda: time_to_dissolve(law, *PARTICLE), t_c, 6e-10), *quarters]


def compaction(name: str, law: Callable[[float], float], given: dict[float, float], half: float) -> list[Case]:
    """One law at several points."""
    return [(f"{name} {at:g}", lambda at=at: law(at), value, half) for at, value in given.items()]  # type: ignore[misc]


def leuenberger(P: float, D: float) -> float:
    """Leuenberger, Int. J. Pharm. 12 (1982) 41: 8 MPa, 0.009 1/MPa."""
    return float(laws.leuenberger(P, D, 8.0, 0.009))


CASES: list[Case] = [
    # Kawakita & Lüdde, Powder Technol. 4 (1971) 61; pressures in MPa throughout
    *compaction(
        "Kawakita, volume reduction at P [MPa]",
        lambda P: laws.kawakita(P, 0.55, 0.08),
        {10.0: 0.244444444, 50.0: 0.44, 100.0: 0.488888889, 200.0: 0.517647059},
        6e-10,
    ),
    # Heckel, Trans. Metall. Soc. AIME 221 (1961) 671
    *compaction(
        "Heckel, relative density at P [MPa]",
        lambda P: laws.heckel(P, 0.7, 0.012),
        {0.0: 0.503414696, 50.0: 0.727468207, 100.0: 0.850431381, 200.0: 0.954950798},
        6e-10,
    ),
    # Kuentz & Leuenberger, J. Pharm. Sci. 88 (1999) 174
    *compaction(
        "Kuentz-Leuenberger, P [MPa] at relative density",
        lambda D: laws.kuentz_leuenberger_pressure(D, 0.45, 0.006),
        {0.6: 4.191592019, 0.75: 22.275258033, 0.85: 52.434273545, 0.95: 136.473733340},
        6e-10,
    ),
    *compaction(
        "Kuentz-Leuenberger, relative density at P [MPa]",
        lambda P: laws.kuentz_leuenberger(P, 0.45, 0.006),
        {50.0: 0.8443817255, 100.0: 0.9216246172, 200.0: 0.9761579886},
        6e-11,
    ),
    ("Leuenberger, 100 MPa at 0.8 [MPa]", lambda: leuenberger(100.0, 0.8), 4.10598195, 6e-9),
    # the list has …726; 8 (1 − exp(−1.584)) = 6.3587772527
    ("Leuenberger, 200 MPa at 0.88 [MPa]", lambda: leuenberger(200.0, 0.88), 6.3587772527, 6e-11),
    # Ryshkewitch, J. Am. Ceram. Soc. 36 (1953) 65
    *compaction(
        "Ryshkewitch-Duckworth, strength [MPa] at porosity",
        lambda e: laws.ryshkewitch_duckworth(e, 12.0, 9.0),
        {0.05: 7.65153782, 0.1: 4.87883592, 0.2: 1.98358666},
        6e-9,
    ),
    # Fell & Newton, J. Pharm. Sci. 59 (1970) 688
    ("Diametral strength of 100 N [MPa]", lambda: laws.diametral_strength(100.0, 10.0, 4.0), 1.59154943092, 6e-12),
    # geometry: pitch circle 0.41 m, flat 12.5 mm, 60 rpm
    ("Dwell of a punch [ms]", lambda: 1e3 * dwell_time(12.5e-3, 0.41, 1.0), 9.7045697, 6e-8),
    # Beverloo et al., Chem. Eng. Sci. 15 (1961) 260
    ("Beverloo", lambda: beverloo(0.58, 500.0, 0.05, 1.4, 5e-4), 0.490173467576, 6e-13),
    *johanson(40.0, 18.0, 8.0, 0.01, 7.193016816, 0.0466108852),
    *johanson(40.0, 18.0, 8.0, 0.02, 7.245506459, 0.0646062419),
    *johanson(45.0, 20.0, 6.0, 0.015, 10.943042803, 0.0672606965),
    *film(Film.FIXED, 278.571428571, (0.578125, 0.875, 0.984375)),
    *film(Film.RADIUS, 232.142857143, (0.350480947, 0.646446609, 0.875)),
    # Langenbucher, J. Pharm. Pharmacol. 24 (1972) 979
    ("Weibull 5 min", lambda: weibull(5.0, 10.0, 0.8), 0.436928791, 6e-10),
    ("Weibull 15 min", lambda: weibull(15.0, 10.0, 0.8), 0.749215649, 6e-10),
    # the list has …112; 1 − exp(−3^0.8) = 0.91002511339
    ("Weibull 30 min", lambda: weibull(30.0, 10.0, 0.8), 0.91002511339, 6e-12),
    # Moore & Flanner, Pharm. Technol. 20 (1996) 64
    ("f2", lambda: similarity_factor(*PROFILES), 64.3169053411, 6e-11),
    ("f1", lambda: difference_factor(*PROFILES), 7.6, 1e-12),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_to_the_digits_given(case: Case) -> None:
    name, found, wanted, half_a_digit = case
    got = float(found())
    assert got == pytest.approx(wanted, abs=half_a_digit)
    record("Powder and tablet algebra", "closed forms, independently computed", name, wanted, got)


FEEDER = {"ff_max": 0.010, "ff_min": 0.006, "ff_decay": 0.8, "N_max": 5.0, "m_max": 10.0, "m_low": 0.1, "m_high": 9.0}


def feeder_mass(m_0: float, refill: float, times: list[float]) -> list[float]:
    """Mass in a volumetric feeder at 2 turns a second [kg]."""
    feed = {"m_flow": [refill], "m_flow_liquid": 0.0}
    sizes = {"fluids": 1, "solids": 1}
    bench = Bench(feeder, sizes, {**FEEDER, "mode": feeder.Mode.VOLUMETRIC}, refill=feed, setpoint=2.0 * 0.010)
    ff = feeder.feed_factor(m_0, 0.010, 0.006, 0.8)
    y = bench.solve(bench.initial(m=m_0, w=[1.0], F=2.0 * ff), [0.0, *times], rtol=1e-12, atol=1e-14)
    return [bench.measure("m", row) for row in y[1:]]


def test_loss_in_weight_feeder() -> None:
    """Feed factor falling with the head: the closed form to its digits, and a refill (3.11)."""
    found = feeder_mass(6.0, 0.0, [60.0, 120.0, 240.0]) + feeder_mass(1.0, 0.2, [20.0])
    wanted = [4.806614396145, 3.623725908989, 1.374555958051, 4.62334213872]
    assert found == pytest.approx(wanted, rel=1e-11)  # rtol 1e-12 of the integration, some tens of steps
    names = [f"mass after {t} s [kg]" for t in (60, 120, 240)] + ["mass after a refill of 20 s [kg]"]
    for name, value, got in zip(names, wanted, found, strict=True):
        record("Loss-in-weight feeder", "closed form; quadrature", name, value, got)


def test_uniformity_of_a_coat() -> None:
    """0.2 passes a second, an hour, cv 0.5 a pass: RSD = √((1 + cv²)/(λt)) = 4.16666667 % (Mann 1983)."""
    pan = {"UA": 20.0, "T_room": 293.15, "efficiency": 0.9, "pass_rate": 0.2, "cv": 0.5, "volatile": [1.0], "NTU": 3.0}
    spray = {"m_flow": [2e-4], "m_flow_liquid": 0.0}
    gas = {"T": 333.15, "m_flow": [1e-6]}
    data = {"cp": 4180.0, "cp_solid": 1300.0, "molar_mass": 0.018, "dH_vap": 2.4e6, "psat_A": 25.8}
    data |= {"psat_B": -5300.0, "psat_C": 0.0, "psat_D": 0.0, "psat_T_low": 250.0, "psat_T_high": 400.0}
    bench = Bench(film_coater, {"fluids": 1, "solids": 1}, {**pan, **data}, spray=spray, gas=gas, removal=0.0)
    y = bench.solve(bench.initial(n_tablets=2e4, m=10.0, w=[1.0], T=310.0), [0.0, 3600.0], method="BDF", rtol=1e-10)
    got = 100.0 * bench.measure("coat_RSD", y[-1])
    assert got == pytest.approx(4.16666667, abs=2e-8)
    record("Film coating", "renewal theory, Mann 1983", "RSD of the coat after an hour [%]", 4.16666667, got)


#: Microcrystalline cellulose: constants of the component database (docs/validation/mcc_compaction.md).
CELLULOSE = {
    "rho_bulk": 305.0, "rho_true": 1560.0, "strength_max": 15e6, "recovery": 4e-10, "kawakita_density": 0.3,
    "kawakita_a": 0.7115, "kawakita_b": 0.1156e-6, "heckel_A": 0.6978, "heckel_K": 0.0121e-6, "kl_density": 0.1906,
    "kl_C": 0.00777e-6, "porosity_exponent": 8.0,
}  # fmt: skip
LAW_CONSTANTS = {
    laws.Compaction.KAWAKITA: (0.7115, 0.1156e-6),
    laws.Compaction.HECKEL: (0.6978, 0.0121e-6),
    laws.Compaction.KUENTZ_LEUENBERGER: (0.1906, 0.00777e-6),
}
PRESS = {
    "stations": 36.0, "diameter": 10e-3, "pitch_diameter": 0.41, "flat": 12.5e-3, "V_heel": 1e-8, "api": 0,
    "strength_law": laws.Strength.RYSHKEWITCH_DUCKWORTH, "strength_loss": 0.5, "lubrication_rate": 0.02,
    "friction": 0.35, "friction_min": 0.12, "radial": 0.05,
}  # fmt: skip


@pytest.mark.parametrize(
    ("law", "force"),
    [
        (laws.Compaction.KAWAKITA, 5434.44734312151906),
        (laws.Compaction.HECKEL, 6464.89063610763451),
        (laws.Compaction.KUENTZ_LEUENBERGER, 5804.26622195478807),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_force_of_a_press_whose_gap_is_set(law: laws.Compaction, force: float) -> None:
    """300 mg of cellulose under a gap of 3 mm, D = 0.8162: the laws inverted by hand, in thirty digits (mpmath)."""
    gaps = {"pre_gap": 4e-3, "main_gap": 3e-3}
    bench = Bench(gap_press, {"fluids": 1, "solids": 1}, {**CELLULOSE, **PRESS, "compaction": law}, **gaps)
    y = bench.initial(m=27.0 * 300e-6, w=[1.0], N=1.0, depth=12e-3, gap_pre=4e-3, gap=3e-3)
    got = bench.measure("compression_force", y)
    assert got == pytest.approx(force, rel=1e-12)
    source = "laws inverted by hand, mpmath"
    record("Press at a gap", source, f"{law.name.lower()}: force [N]", force, got)
    pressure = got / (0.25 * math.pi * 10e-3**2)
    back = laws.relative_density(law, pressure, 0.3, *LAW_CONSTANTS[law])
    assert back == pytest.approx(bench.measure("density_in_die", y), rel=1e-12)
    record("Press at a gap", source, f"{law.name.lower()}: density, there and back", 0.816179195343053, back)


def test_reids_grinding() -> None:
    """Reid, Chem. Eng. Sci. 20 (1965) 953: six √2 classes, S = 0.5 x^1.2, batch t = 5, mixed mill."""
    n, ratio = 6, math.sqrt(0.5)
    S = [selection(0.5, ratio**i, 1.0, 1.2) for i in range(n - 1)] + [0.0]
    A = -np.diag(S)
    for j in range(n):
        for i in range(j + 1, n):
            A[i, j] = daughters(i - j, i == n - 1, ratio, 0.5, 0.8, 4.0) * S[j]
    first = np.eye(n)[0]
    batch = [0.082084998624, 0.160498580612, 0.175930552911, 0.146362068760, 0.109767416626, 0.325356382468]
    mixed = [0.5, 0.149441083349, 0.098700270269, 0.066882158626, 0.047032579815, 0.137943907940]
    ground, steady = expm(5.0 * A) @ first, np.linalg.solve(np.eye(n) - 2.0 * A, first)
    assert ground == pytest.approx(batch, abs=6e-13)
    assert steady == pytest.approx(mixed, abs=6e-13)
    for i in range(n):
        record("Batch grinding", "Reid, Chem. Eng. Sci. 20 (1965) 953", f"class {i + 1}, t = 5", batch[i], ground[i])
        record("Mixed mill", "Reid, Chem. Eng. Sci. 20 (1965) 953", f"class {i + 1}, tau = 2", mixed[i], steady[i])
