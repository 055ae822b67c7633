"""Properties of a blend from those of its powders: the mixing rules of the library, in one place.

What models take from the component database, and how it mixes
- true density (`rho_solid`): volumes add, exactly;
- bulk and tapped density: volumes add, an assumption; fines that fill the voids of coarser grains pack denser;
- particle size (`d_50`): surfaces add, so that d is a mean over volumes of 1/d; a median is taken for the Sauter
  mean of its powder;
- flow function: geometric mean over surfaces, since grains stick where they touch and fines are what is touched.
  A working assumption, not a published rule;
- constants of compaction, strength and recovery: means over true volumes (`blend_mean` in tableting/press.py), a
  working assumption too.

From bulk and tapped density follow the Hausner ratio and Carr's index, by which a pharmacopoeia ranks flow.

References: United States Pharmacopeia, general chapter <1174> Powder Flow (Hausner ratio, compressibility index).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Values = Sequence[float] | np.ndarray[Any, Any]


def shares(w: Values) -> np.ndarray[Any, Any]:
    """Parts of a whole, from amounts.

    Raises
    ------
    ValueError
        When an amount is below zero, or all are zero.
    """
    amounts = np.asarray(w, dtype=float)
    if np.any(amounts < 0.0) or not amounts.sum() > 0.0:
        raise ValueError(f"amounts of powders are above zero, not {amounts.tolist()}")
    return np.asarray(amounts / amounts.sum())


def density(w: Values, rho: Values) -> float:
    """Density of a blend of mass fractions w whose volumes add: true, bulk or tapped."""
    return float(1.0 / np.sum(shares(w) / np.asarray(rho)))


def surface_shares(w: Values, rho_true: Values, d: Values) -> np.ndarray[Any, Any]:
    """Part of each powder in the surface of all grains."""
    return shares(shares(w) / (np.asarray(rho_true) * np.asarray(d)))


def particle_size(w: Values, rho_true: Values, d: Values) -> float:
    """Size of grain with the surface per volume of the blend."""
    volumes = shares(shares(w) / np.asarray(rho_true))
    return float(1.0 / np.sum(volumes / np.asarray(d)))


def flow_function(w: Values, rho_true: Values, d: Values, ff: Values) -> float:
    """Flow function coefficient of a blend."""
    return float(np.exp(np.sum(surface_shares(w, rho_true, d) * np.log(np.asarray(ff)))))


def hausner_ratio(rho_tapped: float, rho_bulk: float) -> float:
    """Tapped over bulk density: 1.00 to 1.11 excellent flow, above 1.60 very, very poor."""
    return rho_tapped / rho_bulk


def carr_index(rho_tapped: float, rho_bulk: float) -> float:
    """Part of the tapped density that tapping brought about."""
    return (rho_tapped - rho_bulk) / rho_tapped
