"""Washing of a cake by the equation of advection and dispersion (verification 3.9)."""

from __future__ import annotations

import numpy as np
import pytest

import unit_ops.separation.cake_washer as cake_washer
from tests.unit_ops.separation.washing import FLOW, HEIGHT, PORES, RHO, build, washed
from tests.verification.record import record
from twin import jit


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    jit.arm(cake_washer)


def test_displacement_follows_the_closed_form() -> None:
    """The flux through a plane of a long bed with a closed inlet (Kreft & Zuber 1978), at second order.

    The plane lies a third of the bed down, where the outlet is not felt: e^−20 at Pe = 10.
    """
    W = [0.5, 1.0, 1.5, 2.0]
    expected = np.array([0.9199332474, 0.4147111408, 0.1254752615, 0.0337795454])
    errors = []
    for cells in (30, 60, 120):
        bench = build(cells, dispersivity=HEIGHT / 3.0 / 10.0)
        exchange = cake_washer.exchange_flow(bench.unpack(bench.initial(T=298.15, w=[0.9, 0.1])), FLOW, bench.p)
        states = washed(bench, [w * PORES / 3.0 / FLOW for w in W])
        flux = [cake_washer.face_flow(x, 1, cells // 3, FLOW, exchange, bench.p) / (FLOW * 0.1 * RHO) for x in states]
        errors.append(np.abs(np.array(flux) - expected))
    order = float(np.log2(np.linalg.norm(errors[0]) / np.linalg.norm(errors[2])) / 2.0)
    source = "closed form, doi:10.1016/0009-2509(78)85196-3"
    for w, e, g in zip(W, expected, flux, strict=True):
        record("washing with dispersion (cake washer, 40 cells)", source, f"c/c0 at W = {w:g}, Pe = 10", e, g, order)
    assert np.all(errors[2] < 2e-4)
    assert order > 1.8  # over two halvings, at four times together


def test_what_is_washed_out_leaves_with_the_filtrate() -> None:
    """Content of the upper third against the integral of the closed form; contents and outflow add up."""
    bench = build(90, dispersivity=HEIGHT / 3.0 / 10.0)
    x = washed(bench, [1.0 * PORES / 3.0 / FLOW, 2.0 * PORES / 3.0 / FLOW])
    for at, expected in zip(x, (0.829422281673, 0.987492338195), strict=True):
        left = at.m[1, :30].sum() / (0.1 * RHO * PORES / 3.0)
        record("washing with dispersion (cake washer, 30 cells)", "closed form, doi:10.1016/0009-2509(78)85196-3",
               f"removed at Pe = 10, {expected:.2f}", expected, 1.0 - left)  # fmt: skip
        assert 1.0 - left == pytest.approx(expected, abs=1e-3)
    assert x[1].V_wash == pytest.approx(2.0 * PORES / 3.0, rel=1e-9)
