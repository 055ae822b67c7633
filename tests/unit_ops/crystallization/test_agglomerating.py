"""The crystallizer with aggregation and breakage: msmpr.py without them, exact numbers with them, balances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unit_ops.crystallization.agglomerating as agglomerating
import unit_ops.crystallization.msmpr as msmpr
from tests.unit_ops.crystallization.test_moments import PARAMS, SEEDED
from tests.unit_ops.piping.bench import Bench
from twin import jit
from unit_ops.crystallization.aggregation import Aggregation
from unit_ops.crystallization.breakage import Daughters

RESTING = {"kg": 0.0, "kd": 0.0, "k1": 0.0, "k2": 0.0, "UA": 0.0, "V_weir": 1e-2}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(agglomerating)
    jit.arm(msmpr)


def bench(module: Any = agglomerating, **more: Any) -> Bench:
    params = {**PARAMS, "L_edges": np.geomspace(5e-6, 2e-3, 41), **more}
    return Bench(module, {"fluids": 3, "solids": 2, "bins": 40}, params, T_jacket=290.0)


@pytest.mark.slow
def test_without_aggregation_and_breakage_it_is_the_other_crystallizer() -> None:
    y = bench().initial(**SEEDED)
    # the heel of an empty vessel is divided by in another order: roundings of the largest term
    assert bench().rhs(0.0, y) == pytest.approx(bench(msmpr).rhs(0.0, y), rel=1e-11, abs=1e-18)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Aggregation)), st.sampled_from(list(Daughters)))
def test_balances_close_to_rounding(seed: int, law: Aggregation, daughters: Daughters) -> None:
    rng = np.random.default_rng(seed)
    b = bench(aggregation=law, daughters=daughters, beta_ref=1e-12, S_ref=1e-3)
    b.set_inlets(feed={"T": 310.0, "m_flow": rng.random(3) * 1e-3}, T_jacket=rng.uniform(270, 350))
    y = b.initial(**SEEDED)
    x = b.unpack(y * rng.uniform(0.7, 1.3, y.size))
    H, fluids, solids = b.imbalance(x, b.p.cp, crystal=1, cp_crystal=1300.0)
    # aggregation turns over more mass than crystallizes, and its sums are rounded to 1e-16 of that
    assert abs(H) < 1e-11
    assert np.all(np.abs(fluids) < 1e-14)
    assert np.all(np.abs(solids) < 1e-11)


def test_number_of_crystals_by_smoluchowski() -> None:
    """Nothing grows; N = N0/(1 + β N0 t/(2V)) with a constant β."""
    b = bench(**RESTING, beta_ref=1e-13)
    y0 = b.initial(**SEEDED)
    number = b.measure("mu_0", y0) * b.measure("V", y0)
    t = 2.0 * 1.2e-3 / (1e-13 * number)  # until half are left
    y = b.solve(y0, [0.0, t], rtol=1e-9)[-1]
    assert b.measure("mu_0", y) == pytest.approx(0.5 * b.measure("mu_0", y0), rel=1e-6)
    assert y[-40:].sum() == pytest.approx(y0[-40:].sum(), rel=1e-12)
    assert b.measure("L43", y) > 1.1 * b.measure("L43", y0)


def test_breakage_makes_one_crystal_more_of_each() -> None:
    """With a rate that does not depend on the size, N = N0 e^(S t); the smallest class is empty."""
    b = bench(**RESTING, S_ref=1e-3, q=0.0)
    y0 = b.initial(**SEEDED)
    y = b.solve(y0, [0.0, 300.0], rtol=1e-9)[-1]
    assert b.measure("mu_0", y) / b.measure("mu_0", y0) == pytest.approx(np.exp(0.3), rel=1e-3)
    assert y[-40:].sum() == pytest.approx(y0[-40:].sum(), rel=1e-12)
