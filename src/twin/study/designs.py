"""Designs: which values the factors take, run by run. The same study gives the same rows to the bit."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import TwinError
from twin.study.distributions import normal_score, probability, quantile

if TYPE_CHECKING:
    from twin.study.spec import FactorSpec, StudySpec

#: Designs that draw from distributions.
DRAWN = ("latin_hypercube", "sobol", "random")
#: Designs whose rows belong together: none may be left out.
SCHEMES = ("morris", "saltelli")
#: Rows that are tried for each one that the constraints let through, before they are called infeasible.
TRIES = 1000
#: Rows of which not one is let through: so small a part of the ranges is called infeasible.
HOPELESS = 20_000
#: Factors up to which all corners of their ranges are looked at.
CORNERED = 12
#: More rows than this are a slip.
MOST_ROWS = 5_000_000


class Infeasible(TwinError):
    """A design that has no rows, or too many."""

    exit_code = 2


def rows(study: StudySpec) -> np.ndarray:
    """Give the rows of a study's design.

    Returns
    -------
    array [points, factors]
        In SI; of choices the number of the level.

    Raises
    ------
    Infeasible
        When no row, or too few, fulfil the constraints.
    """
    kind = study.design["kind"]
    if kind in DRAWN:
        return _drawn(study)
    if kind in SCHEMES:
        return _scheme(study)
    found = _listed(study)
    chosen: np.ndarray = found[kept(study, found)]
    if not len(chosen):
        told = "; ".join(constraint.text for constraint in study.constraints)
        raise Infeasible(f"no row of the design fulfils the constraints: {told}")
    return chosen


def seeds(seed: int, points: int, replicates: int) -> np.ndarray:
    """Seed of each run, [points × replicates]: a run's own, whatever the number of runs."""
    return np.array(
        [
            int(np.random.SeedSequence([seed, point, copy]).generate_state(1, np.uint64)[0]) >> 1
            for point in range(points)
            for copy in range(replicates)
        ],
        dtype=np.int64,
    )


def two_level(factors: int, resolution: int) -> list[tuple[int, ...]]:
    """Words by which the last factors of a fractional factorial are products of the first ones.

    The fewest runs of at least the resolution; of equal ones, the longest words. Empty for a full factorial.

    Parameters
    ----------
    factors : int
    resolution : int
        Least number of factors in a product that is constant over the design: 3, 4 or 5.
    """
    for base in range(1, factors):
        found = _words(base, factors - base, resolution)
        if found is not None:
            return found
    return []


def _words(base: int, more: int, resolution: int) -> list[tuple[int, ...]] | None:
    """Search depth first for words of distinct products, all products of which are long enough."""
    candidates = [
        word for size in range(base, resolution - 2, -1) for word in itertools.combinations(range(base), size)
    ]

    def extend(chosen: list[tuple[int, ...]], first: int) -> list[tuple[int, ...]] | None:
        if len(chosen) == more:
            return chosen
        for i in range(first, len(candidates)):
            tried = [*chosen, candidates[i]]
            if resolution_of(base, tried) >= resolution and (found := extend(tried, i + 1)) is not None:
                return found
        return None

    return extend([], 0)


def resolution_of(base: int, words: Sequence[tuple[int, ...]]) -> int:
    """Length of the shortest product of factors that is constant over a design."""
    shortest = base + len(words) + 1
    masks = [sum(1 << i for i in word) | 1 << (base + j) for j, word in enumerate(words)]
    for size in range(1, len(masks) + 1):
        for some in itertools.combinations(masks, size):
            product = 0
            for mask in some:
                product ^= mask
            shortest = min(shortest, product.bit_count())
    return shortest


def _listed(study: StudySpec) -> np.ndarray:
    design, factors = study.design, study.factors
    kind = design["kind"]
    if kind == "table":
        return np.array(design["table"], dtype=float)
    if kind == "full_factorial":
        each = [_levels_of(factor, int(design.get("levels", 2))) for factor in factors]
        _not_too_many(float(np.prod([float(len(values)) for values in each])))
        found = np.array(list(itertools.product(*each)), dtype=float)
    elif kind == "one_at_a_time":
        found = _one_at_a_time(factors, int(design.get("levels", 5)))
    else:
        coded = _fraction(study.names, design) if kind == "fractional_factorial" else _composite(design, len(factors))
        found = np.column_stack([_decoded(factor, coded[:, i]) for i, factor in enumerate(factors)])
    center = int(design.get("center", 4 if kind == "central_composite" else 0))
    middle = [[float(np.mean(_ends(factor))) for factor in factors]] * center
    return np.vstack([found, *([np.array(middle)] if center else [])])


def _ends(factor: FactorSpec) -> tuple[float, float]:
    return factor.column.low, factor.column.high


def _levels_of(factor: FactorSpec, count: int) -> list[float]:
    told = factor.column.distribution
    if told["kind"] == "levels":
        return [float(value) for value in told["values"]]
    return [float(value) for value in np.linspace(*_ends(factor), count)]


def _one_at_a_time(factors: Sequence[FactorSpec], count: int) -> np.ndarray:
    """Each factor over its levels while all others stay in the middle (choices at their first level)."""
    middle = [_levels_of(f, 2)[0] if f.column.kind == "choice" else float(np.mean(_ends(f))) for f in factors]
    found = [middle]
    for i, factor in enumerate(factors):
        for value in _levels_of(factor, count):
            if value != middle[i]:
                found.append([*middle[:i], value, *middle[i + 1 :]])
    return np.array(found)


def _signs(count: int) -> np.ndarray:
    """All combinations of -1 and 1, [2^count, count], the first column fastest."""
    signs: np.ndarray = np.array(list(itertools.product((-1.0, 1.0), repeat=count)))[:, ::-1]
    return signs


def _fraction(names: Sequence[str], design: Mapping[str, Any]) -> np.ndarray:
    """Coded rows of a fractional factorial."""
    given = design.get("generators")
    if given:
        free = [name for name in names if name not in given]
        coded = dict(zip(free, _signs(len(free)).T, strict=True))
        for name, product in given.items():
            coded[name] = np.prod([coded[other] for other in product], axis=0)
        return np.column_stack([coded[name] for name in names])
    words = two_level(len(names), int(design.get("resolution", 4)))
    return _with_words(len(names), words)


def _with_words(count: int, words: Sequence[tuple[int, ...]]) -> np.ndarray:
    base = _signs(count - len(words))
    return np.column_stack([base, *(np.prod(base[:, list(word)], axis=1) for word in words)])


def _composite(design: Mapping[str, Any], count: int) -> np.ndarray:
    """Corners and axial rows, coded so that -1 and 1 are the ends of the ranges."""
    resolution = int(design.get("resolution", 0))
    _not_too_many(2.0**count)
    corners = _with_words(count, two_level(count, resolution) if resolution else [])
    alpha: Any = design.get("alpha", "rotatable")
    reach = len(corners) ** 0.25 if alpha == "rotatable" else 1.0 if alpha == "face" else float(alpha)
    axial = np.vstack([sign * reach * np.eye(count)[i] for i in range(count) for sign in (-1.0, 1.0)])
    coded: np.ndarray = np.vstack([corners, axial])
    return coded if design.get("beyond", False) else np.asarray(coded / max(1.0, reach))


def _decoded(factor: FactorSpec, coded: np.ndarray) -> np.ndarray:
    low, high = _ends(factor)
    exact = np.where(coded == -1.0, low, np.where(coded == 1.0, high, 0.0))
    return np.where(np.abs(coded) == 1.0, exact, 0.5 * (low + high) + 0.5 * (high - low) * coded)


def _drawn(study: StudySpec) -> np.ndarray:
    """Draw rows; with constraints, more are drawn until as many as asked for fulfil them."""
    count = int(study.design["runs"])
    _not_too_many(float(count))
    found = _mapped(study, _uniform(study, count, 0))
    if not study.constraints:
        return found
    let_through = found[kept(study, found)]
    for again in range(1, TRIES + 1):
        if len(let_through) >= count:
            return np.asarray(let_through[:count])
        if again == TRIES or (again * count >= HOPELESS and not len(let_through)):
            break
        more = _mapped(study, _uniform(study, count, again))
        let_through = np.vstack([let_through, more[kept(study, more)]])
    told = "; ".join(constraint.text for constraint in study.constraints)
    count *= again
    few = f"only {len(let_through)}" if len(let_through) else "they are infeasible: none"
    raise Infeasible(f"{few} of {count} drawn rows fulfil the constraints: {told}")


def _scheme(study: StudySpec) -> np.ndarray:
    """Rows of a scheme of SALib in the unit cube, taken to the factors' distributions."""
    from twin.study.analysis.sensitivity import morris_design, sobol_design

    design, k = study.design, len(study.factors)
    low, high = np.zeros(k), np.ones(k)
    if design["kind"] == "morris":
        trajectories, levels = int(design.get("trajectories", 20)), int(design.get("levels", 4))
        _not_too_many(float(trajectories * (k + 1)))
        return _mapped(study, morris_design(study.names, low, high, trajectories, levels, study.seed))
    _not_too_many(float(design["points"]) * (2.0 * k + 2.0))
    second = bool(design.get("second_order", False))
    return _mapped(study, sobol_design(study.names, low, high, int(design["points"]), second, study.seed))


def corners(study: StudySpec) -> np.ndarray:
    """Corners of the ranges that fulfil the constraints, [corners, factors]: where most of what is searched is worst.

    Of more than `CORNERED` factors those where all but one are at the same end. What has no ends stays in its middle.
    """
    count = len(study.factors)
    signs = _signs(count) if count <= CORNERED else np.vstack([s * (1.0 - 2.0 * np.eye(count)) for s in (-1.0, 1.0)])
    columns = []
    for factor, sign in zip(study.factors, signs.T, strict=True):
        low, high = _ends(factor)
        middle = float(quantile(factor.column.distribution, np.array([0.5]))[0])
        bounded = np.isfinite(low) and np.isfinite(high)
        columns.append(np.where(sign < 0.0, low, high) if bounded else np.full(len(sign), middle))
    found = np.column_stack(columns)
    return np.asarray(found[kept(study, found)])


def kept(study: StudySpec, X: np.ndarray) -> np.ndarray:
    """Say which rows fulfil all constraints between factors, [rows] bool."""
    met = np.ones(len(X), dtype=bool)
    for constraint in study.constraints:
        met &= constraint.met(study.names, X)
    return met


def _uniform(study: StudySpec, count: int, block: int) -> np.ndarray:
    """Points of the unit cube, [count, factors]."""
    width = len(study.factors)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([study.seed, block])))
    kind = study.design["kind"]
    if kind == "random":
        return np.asarray(rng.random((count, width)))
    if kind == "latin_hypercube":
        strata = np.column_stack([rng.permutation(count) for _ in range(width)])
        return np.asarray((strata + rng.random((count, width))) / count)
    try:
        from scipy.stats.qmc import Sobol
    except ImportError:
        raise TwinError("Sobol' designs need SciPy, which comes with: pip install continuous-twin[study]") from None
    import warnings

    with warnings.catch_warnings():  # any number of runs is allowed: the balance of a power of two is told in docs
        warnings.simplefilter("ignore", UserWarning)
        return np.asarray(Sobol(width, scramble=True, rng=np.random.default_rng([study.seed, block])).random(count))


def _mapped(study: StudySpec, u: np.ndarray) -> np.ndarray:
    """Take points of the unit cube to values: correlated normal scores, then each factor's own distribution."""
    if not np.array_equal(study.correlation, np.eye(len(study.factors))):
        root = np.linalg.cholesky(study.correlation)
        mixed = np.flatnonzero((study.correlation != np.eye(len(u[0]))).any(axis=1))
        scores = normal_score(u[:, mixed]) @ root[np.ix_(mixed, mixed)].T
        u = u.copy()
        u[:, mixed] = probability(scores)
    return np.column_stack([quantile(f.column.distribution, u[:, i]) for i, f in enumerate(study.factors)])


def _not_too_many(count: float) -> None:
    if count > MOST_ROWS:
        raise Infeasible(f"the design has {count:.3g} rows; at most {MOST_ROWS} can be run")


def spread(X: np.ndarray, factors: Iterable[FactorSpec]) -> list[str]:
    """Names of factors that take one value only in all rows."""
    return [factor.name for i, factor in enumerate(factors) if len(X) > 1 and np.all(X[:, i] == X[0, i])]
