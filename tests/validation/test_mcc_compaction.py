"""Compaction of microcrystalline cellulose PH-102: hydrostatic yield pressure against relative density.

A table of ten points (cap model parameters, original attributed to "Panos 2007" by the file that carries them; no
licence is stated, the numbers are facts). Three laws are fitted to relative densities 0.5 to 0.93, as such laws
are used, and what they say at all ten points stands beside the data: docs/validation/mcc_compaction.md holds the
same numbers.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from twin.config.components import database
from unit_ops.tableting import compaction as laws
from unit_ops.tableting.compaction import Compaction

DENSITY = np.array([0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90, 0.93, 0.957, 0.99])
PRESSURE = np.array([0.609, 4.03, 10.7, 20.5, 35.78, 64.7, 127.9, 170.0, 257.0, 368.0])  # MPa
FITTED = (DENSITY >= 0.5) & (DENSITY <= 0.93)
D, P = DENSITY[FITTED], PRESSURE[FITTED]
MPA = 1e6

#: Relative density of the law less that of the table, in thousandths, at all ten points.
RESIDUALS = {
    Compaction.HECKEL: (206.0, 126.0, 62.8, 11.7, -22.8, -27.5, -5.9, 6.4, 20.8, 4.2),
    Compaction.KAWAKITA: (14.7, -12.3, -5.4, 0.5, 2.6, 5.6, -0.6, -1.0, 5.6, -5.8),
    Compaction.KUENTZ_LEUENBERGER: (-25.0, -4.6, 4.3, -1.8, -9.6, -6.5, 1.5, 7.1, 16.9, 1.2),
}


def fitted(law: Compaction) -> tuple[float, float]:
    """The law's two constants: straight lines of Heckel and of Kawakita; Kuentz-Leuenberger in ln P."""
    if law == Compaction.HECKEL:
        K, A = np.polyfit(P, np.log(1.0 / (1.0 - D)), 1)
        return float(A), float(K)
    if law == Compaction.KAWAKITA:
        slope, offset = np.polyfit(P, P / (1.0 - 0.30 / D), 1)
        return 1.0 / float(slope), float(slope / offset)

    def off(q: np.ndarray) -> np.ndarray:
        return np.log([laws.kuentz_leuenberger_pressure(d, q[1], q[0]) for d in D]) - np.log(P)

    C, rho_c = least_squares(off, (0.008, 0.2), xtol=1e-12, ftol=1e-12).x
    return float(rho_c), float(C)


#: Constants published with the table's fits, and where the component database keeps them.
CONSTANTS = {
    Compaction.HECKEL: ((0.6978, 0.01210), ("heckel_A", "heckel_K")),
    Compaction.KAWAKITA: ((0.7115, 0.1156), ("kawakita_a", "kawakita_b")),
    Compaction.KUENTZ_LEUENBERGER: ((0.1906, 0.00777), ("kl_density", "kl_C")),
}


@pytest.mark.parametrize("law", list(Compaction))
def test_constants_are_those_of_the_fit(law: Compaction) -> None:
    """Four digits are given; the database holds them too."""
    (first, second), names = CONSTANTS[law]
    assert fitted(law)[0] == pytest.approx(first, abs=6e-5)
    assert fitted(law)[1] == pytest.approx(second, rel=6e-4)
    mcc = database().values["mcc"]
    assert [mcc[name] for name in names] == pytest.approx([first, second / MPA], rel=1e-12)
    assert mcc["kawakita_density"] == 0.30


@pytest.mark.parametrize("law", list(Compaction))
def test_residuals(law: Compaction) -> None:
    first, second = fitted(law)
    found = [laws.relative_density(law, p * MPA, 0.30, first, second / MPA) for p in PRESSURE]
    assert (np.array(found) - DENSITY) * 1e3 == pytest.approx(RESIDUALS[law], abs=0.06)


def test_which_law_fits_best() -> None:
    """Root mean squares within the fitted range: Kawakita and Kuentz-Leuenberger far closer than Heckel."""
    rms = {law: float(np.sqrt(np.mean(np.square(np.array(RESIDUALS[law])[FITTED])))) for law in Compaction}
    assert rms[Compaction.HECKEL] == pytest.approx(30.1, abs=0.1)
    assert rms[Compaction.KAWAKITA] == pytest.approx(3.4, abs=0.1)
    assert rms[Compaction.KUENTZ_LEUENBERGER] == pytest.approx(5.9, abs=0.1)


def test_kuentz_leuenberger_is_within_six_percent_of_the_pressures() -> None:
    rho_c, C = fitted(Compaction.KUENTZ_LEUENBERGER)
    ratio = np.array([laws.kuentz_leuenberger_pressure(d, rho_c, C) for d in D]) / P
    assert np.max(np.abs(ratio - 1.0)) == pytest.approx(0.060, abs=0.001)
