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


CASES: list[Case] = [
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
    _, found, wanted, half_a_digit = case
    assert found() == pytest.approx(wanted, abs=half_a_digit)


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
    assert expm(5.0 * A) @ first == pytest.approx(batch, abs=6e-13)
    assert np.linalg.solve(np.eye(n) - 2.0 * A, first) == pytest.approx(mixed, abs=6e-13)
