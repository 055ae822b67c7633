"""Mixer, splitter and diverter: what enters leaves, mass and heat, at any flow including none."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import unit_ops.piping.diverter as diverter
import unit_ops.piping.mixer as mixer
import unit_ops.piping.splitter as splitter
from tests.unit_ops.piping.bench import Bench
from unit_ops.streams import T_REF, enthalpy_flow

DIMS = {"fluids": 3, "solids": 1}
CP = np.array([4180.0, 2440.0, 1700.0])
flows = st.lists(st.floats(0.0, 10.0), min_size=3, max_size=3)
temperatures = st.floats(250.0, 400.0)


def outlets(bench: Bench) -> dict[str, Any]:
    return {name: bench.outlet(name, None) for name in bench.module.Outlets._fields}


def build(module: ModuleType, params: dict[str, Any], **inlets: Any) -> Bench:
    return Bench(module, DIMS, params, **inlets)


@given(flows, flows, temperatures, temperatures)
def test_mixer_conserves_mass_and_enthalpy(a: list[float], b: list[float], T_a: float, T_b: float) -> None:
    bench = build(mixer, {"cp": CP}, feed_1={"T": T_a, "m_flow": a}, feed_3={"T": T_b, "m_flow": b})
    product = outlets(bench)["product"]
    H_in = enthalpy_flow(T_a, np.array(a), CP) + enthalpy_flow(T_b, np.array(b), CP)
    assert np.array_equal(product.m_flow, np.array(a) + np.array(b))
    # rounding of T near 300 K against T − T_REF: 1e-13 of C T; the heel's 1e-9 W/K times 150 K below it
    assert enthalpy_flow(product.T, product.m_flow, CP) == pytest.approx(
        H_in, abs=2e-13 * float(product.m_flow @ CP) * 400.0 + 3e-7
    )


def test_mixed_temperature_lies_where_heat_capacities_put_it() -> None:
    feed = {"T": 300.0, "m_flow": [1.0, 0.0, 0.0]}
    bench = build(mixer, {"cp": CP}, feed_1=feed, feed_2={"T": 360.0, "m_flow": [0.5, 0.0, 0.0]})
    assert outlets(bench)["product"].T == pytest.approx(320.0, rel=1e-14)


def test_mixer_without_flow_is_finite() -> None:
    assert outlets(build(mixer, {"cp": CP}))["product"].T == T_REF


@given(st.floats(0.0, 1.0), flows, temperatures)
def test_splitter_shares_the_feed(fraction: float, m_flow: list[float], T: float) -> None:
    got = outlets(build(splitter, {"fraction": fraction}, feed={"T": T, "m_flow": m_flow}))
    assert got["first"].T == got["second"].T == T
    assert got["first"].m_flow == pytest.approx(fraction * np.array(m_flow), rel=1e-15)
    # two products rounded once each
    assert got["first"].m_flow + got["second"].m_flow == pytest.approx(np.array(m_flow), rel=4e-16, abs=1e-300)


@pytest.mark.parametrize(("position", "onward", "aside"), [(0.0, 2.0, 0.0), (1.0, 0.0, 2.0), (0.25, 1.5, 0.5)])
def test_diverter_position(position: float, onward: float, aside: float) -> None:
    got = outlets(build(diverter, {}, feed={"T": 310.0, "m_flow": [0.0, 2.0, 0.0]}, position=position))
    assert got["onward"].m_flow.tolist() == [0.0, onward, 0.0]
    assert got["aside"].m_flow.tolist() == [0.0, aside, 0.0]
    assert got["onward"].T == got["aside"].T == 310.0
