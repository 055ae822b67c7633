"""Activity coefficients of a liquid mixture.

References
[1] Renon, Prausnitz, AIChE J. 14 (1968) 135, doi 10.1002/aic.690140124 (NRTL)
[2] Poling, Prausnitz, O'Connell, The Properties of Gases and Liquids, 5th ed., McGraw-Hill 2001,
    ch. 8 (ISBN 978-0-07-011682-5)
"""

from __future__ import annotations

import math
from enum import IntEnum

from twin.jit import kernel
from unit_ops.smooth import reciprocal


class Activity(IntEnum):
    """What the activity coefficients of a liquid are."""

    IDEAL = 0  #: γ = 1 (Raoult)
    NRTL = 1  #: τ_ij = a_ij + b_ij/T, G_ij = exp(−α_ij τ_ij)


@kernel
def activity(law, i, m, molar_mass, heel, T, a, b, alpha):
    """Activity coefficient of component i in a liquid of component masses m.

    `heel` [mol] is the amount below which the coefficient goes to 1, so that an empty vessel has
    one. NRTL parameters a_ij [1], b_ij [K], α_ij [1] are those of i surrounded by j.
    """
    if law == Activity.IDEAL:
        return 1.0
    s = 0.0
    for j in range(m.shape[0]):
        # Σ_k n_k τ_kj G_kj and Σ_k n_k G_kj: the sums are homogeneous, so amounts serve as mole fractions
        top = 0.0
        bottom = 0.0
        for k in range(m.shape[0]):
            tau = a[k, j] + b[k, j] / T
            nG = m[k] / molar_mass[k] * math.exp(-alpha[k, j] * tau)
            top += nG * tau
            bottom += nG
        per = reciprocal(bottom, heel)
        tau_ij = a[i, j] + b[i, j] / T
        s += m[j] / molar_mass[j] * math.exp(-alpha[i, j] * tau_ij) * per * (tau_ij - top * per)
        if j == i:
            s += top * per
    return math.exp(s)
