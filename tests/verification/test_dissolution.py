"""Particles that dissolve, by size classes: Hintz & Johnson's film against the closed form of every size.

Hintz & Johnson, Int. J. Pharm. 51 (1989) 9, doi:10.1016/0378-5173(89)90069-0; the closed forms themselves are
verified in test_powder.py.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit_ops.quality.test_dissolution_vessel import of_a_peak
from tests.verification.record import record
from unit_ops.quality.dissolution import Film


@pytest.mark.parametrize("law", [Film.FIXED, Film.HINTZ_JOHNSON])
def test_released_from_a_peak_of_sizes(law: Film) -> None:
    """Number as cos² between 50 and 90 µm, sink; of second order in the width of the classes."""
    times = np.array([0.0, 50.0, 100.0])
    runs = [of_a_peak(sizes, law, times) for sizes in (40, 80)]
    errors = [float(np.max(np.abs(found - wanted))) for found, wanted in runs]
    order = math.log2(errors[0] / errors[1])
    found, wanted = runs[1]
    for t, got, exact in zip(times[1:], found[1:], wanted[1:]):
        case = f"Particles under a film, {law.name.lower()}, 80 classes"
        record(case, "closed form of every size", f"released at {t:g} s", exact, got, order)
    assert order > 1.9
    assert errors[1] < 1.5e-3
