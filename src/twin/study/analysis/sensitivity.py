"""Which factors matter: Morris' elementary effects and Sobol' indices with confidence intervals, by SALib.

Morris, Technometrics 33 (1991) 161; Campolongo et al., Environ. Model. Softw. 22 (2007) 1509; Saltelli et al.,
Comput. Phys. Commun. 181 (2010) 259. A design is made first, run in any way, and its responses analysed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.quantity import Array
from twin.study.analysis.needs import AnalysisError, need
from twin.study.analysis.table import varies

#: Confidence of all intervals here.
CONFIDENCE = 0.95


def _problem(factors: Sequence[str], low: Array, high: Array) -> dict[str, object]:
    for name, a, b in zip(factors, low, high, strict=True):
        if not b > a:
            raise AnalysisError(f"{name} has no range: {a:.6g} to {b:.6g}")
    return {
        "num_vars": len(factors),
        "names": list(factors),
        "bounds": [[float(a), float(b)] for a, b in zip(low, high)],
    }


@dataclass(frozen=True)
class MorrisIndices:
    """Elementary effects of a response over the whole ranges: mean, mean of magnitudes, spread, [k] each."""

    factors: tuple[str, ...]
    mu: Array
    mu_star: Array
    sigma: Array
    mu_star_interval: Array  #: half width of the 95 % interval of mu_star


@dataclass(frozen=True)
class SobolIndices:
    """Parts of a response's variance: by each factor alone, with all its interactions, and by pairs.

    Attributes
    ----------
    first, total : array, [k]
    first_interval, total_interval : array, [k]
        Half width of the 95 % bootstrap intervals.
    second, second_interval : array, [k, k], or None
        Above the diagonal.
    """

    factors: tuple[str, ...]
    first: Array
    first_interval: Array
    total: Array
    total_interval: Array
    second: Array | None = None
    second_interval: Array | None = None


def morris_design(
    factors: Sequence[str], low: Array, high: Array, trajectories: int = 20, levels: int = 4, seed: int = 0
) -> Array:
    """Give the runs of a Morris screening, [trajectories × (k + 1), k]."""
    sample = need("SALib.sample.morris").sample
    return np.asarray(sample(_problem(factors, low, high), trajectories, num_levels=levels, seed=seed))


def morris_indices(
    factors: Sequence[str], low: Array, high: Array, x: Array, y: Array, levels: int = 4, seed: int = 0
) -> MorrisIndices:
    """Analyse the runs of :func:`morris_design`, in its order; a trajectory with a failed run is left out."""
    analyze = need("SALib.analyze.morris").analyze
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    block = len(factors) + 1
    if len(y) % block:
        raise AnalysisError(f"{len(y)} runs are no whole number of trajectories of {block}")
    whole = np.repeat(np.isfinite(y).reshape(-1, block).all(axis=1), block)
    if whole.sum() < 2 * block:
        raise AnalysisError("fewer than two trajectories have all their runs")
    varies(y[whole], "the response")
    found = analyze(
        _problem(factors, low, high),
        x[whole],
        y[whole],
        num_levels=levels,
        scaled=False,
        conf_level=CONFIDENCE,
        seed=seed,
    )
    # SALib steps in coded factors: effects are over the whole range
    return MorrisIndices(
        tuple(factors),
        *(np.asarray(found[key], dtype=float) for key in ("mu", "mu_star", "sigma", "mu_star_conf")),
    )


def sobol_design(
    factors: Sequence[str], low: Array, high: Array, n: int, second_order: bool = False, seed: int = 0
) -> Array:
    """Give the runs of Saltelli's scheme, [n × (k + 2), k], or n × (2 k + 2) with second order; n a power of two."""
    if n < 2 or n & (n - 1):
        raise AnalysisError(f"Saltelli's scheme takes a power of two, not {n}: Sobol' points are balanced only so")
    sample = need("SALib.sample.sobol").sample
    return np.asarray(sample(_problem(factors, low, high), n, calc_second_order=second_order, scramble=True, seed=seed))


def sobol_indices(
    factors: Sequence[str], low: Array, high: Array, y: Array, second_order: bool = False, seed: int = 0
) -> SobolIndices:
    """Analyse the runs of :func:`sobol_design`, in its order.

    Raises
    ------
    AnalysisError
        When a run failed: the scheme has no place for a gap. A surrogate fitted to the others has (see
        :func:`sobol_of`).
    """
    y = np.asarray(y, dtype=float)
    k = len(factors)
    block = (2 * k if second_order else k) + 2
    if len(y) % block:
        raise AnalysisError(f"{len(y)} runs are no whole number of blocks of {block}")
    if not np.isfinite(y).all():
        raise AnalysisError(
            f"{int(np.sum(~np.isfinite(y)))} of {len(y)} runs have no value: Saltelli's scheme allows no gap. "
            "Indices of a surrogate do."
        )
    varies(y, "the response")
    found = need("SALib.analyze.sobol").analyze(
        _problem(factors, low, high),
        y,
        calc_second_order=second_order,
        conf_level=CONFIDENCE,
        seed=seed + 1,  # 0 would be taken for none
    )
    first = [np.asarray(found[key], dtype=float) for key in ("S1", "S1_conf", "ST", "ST_conf")]
    second = [np.asarray(found[key], dtype=float) for key in ("S2", "S2_conf")] if second_order else [None, None]
    return SobolIndices(tuple(factors), *first, *second)


def sobol_of(
    function: Callable[[Array], Array],
    factors: Sequence[str],
    low: Array,
    high: Array,
    n: int = 1024,
    second_order: bool = False,
    seed: int = 0,
) -> SobolIndices:
    """Give the indices of a function of x[n, k], such as a surrogate: its own error comes on top of theirs."""
    x = sobol_design(factors, low, high, n, second_order, seed)
    return sobol_indices(factors, low, high, function(x), second_order, seed)
