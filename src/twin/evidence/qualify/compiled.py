"""A few numbers from compiled code: what the installation's arithmetic does."""

from __future__ import annotations

import math
import sys
from typing import Any

from twin.jit import kernel


@kernel
def _numbers(a, b, out):  # type: ignore[no-untyped-def]
    out[0] = a + b
    out[1] = math.sqrt(20.0 * a)
    out[2] = 1e-320 * a * 0.0 + 5e-324  # no number smaller than this is rounded to zero
    out[3] = math.exp(10.0 * a)
    return 0.0


def probe() -> tuple[float, ...]:
    """0.1 + 0.2, √2, the smallest number, e: from compiled code."""
    import numpy as np

    from twin import jit

    jit.arm(sys.modules[__name__])
    out = np.zeros(4)
    run: Any = sys.modules[__name__].__dict__["_numbers"]
    run(0.1, 0.2, out)
    return tuple(float(value) for value in out)
