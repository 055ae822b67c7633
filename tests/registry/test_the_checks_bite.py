"""A registry that lets a wrong model pass is worse than none: each check is shown a tank with one mistake."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.registry import test_balances as balances
from tests.registry import test_dimensions as dimensions
from tests.registry import test_structure as structure
from tests.registry.carriers import DimensionError
from tests.registry.library import source
from tests.registry.sample import instance

TANK = source("unit_ops.piping.tank")[0].read_text(encoding="utf-8")


def keeps_balance(name: str) -> None:
    balances.keeps_material_and_heat(name, 0)


def carries_mass(name: str) -> None:
    balances.test_transport_carries_the_whole_mass(name, 0)


def takes_what_is_there(name: str) -> None:
    balances.test_what_is_not_there_is_not_taken(name)


def is_homogeneous(name: str) -> None:
    dimensions.check(instance(name, 0))


MISTAKES: dict[str, tuple[Callable[[str], None], str, str, str]] = {
    "mass lost": (keeps_balance, "u.feed.m_flow[i] - k * x.m[i]", "u.feed.m_flow[i] - 1.001 * k * x.m[i]", "fluid"),
    "heat made": (keeps_balance, "- k * x.H", "- 0.999 * k * x.H", "enthalpy"),
    "heat at the wrong temperature": (keeps_balance, "enthalpy_flow(u.feed.T,", "enthalpy_flow(T(x, p),", "enthalpy"),
    "one component forgotten": (
        keeps_balance,
        "for i in range(x.m.shape[0]):\n        out.m_flow[i] = k * x.m[i]",
        "for i in range(x.m.shape[0] - 1):\n        out.m_flow[i] = k * x.m[i]",
        "fluid",
    ),
    "face misses some": (carries_mass, "out.m_flow[1] = k * m", "out.m_flow[1] = 0.99 * k * m", "faces at product"),
    "cell misses some": (carries_mass, "m += x.m[i]", "m = x.m[i]", "approx|assert"),
    "drains what is not there": (
        takes_what_is_there,
        "u.feed.m_flow[i] - k * x.m[i]",
        "u.feed.m_flow[i] - k * x.m[0]",
        "of component",
    ),
    "rate forgotten": (is_homogeneous, "u.feed.m_flow[i] - k * x.m[i]", "u.feed.m_flow[i] - x.m[i]", "sub"),
    "energy for temperature": (is_homogeneous, "T_REF + x.H / kept(", "T_REF + x.H * kept(", "add"),
    "literal with a unit": (is_homogeneous, "V - p.V_weir,", "V - 0.001,", "sub"),
    "wrong annotation": (is_homogeneous, '"m^3", "volume"]', '"kg", "volume"]', "annotation says"),
}


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_a_mistake_is_found(mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check, right, wrong, message = MISTAKES[mistake]
    assert right in TANK, "the tank has changed: choose another place for the mistake"
    name = f"mutant_{mistake.replace(' ', '_')}"
    (tmp_path / f"{name}.py").write_text(TANK.replace(right, wrong), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with pytest.raises((AssertionError, DimensionError), match=message):
            check(name)
    finally:
        sys.modules.pop(name, None)


def test_a_sum_over_a_grid_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tank with its components called size classes: its volume is then a sum over the whole grid."""
    text = TANK.replace('"component masses", ("fluids",)', '"component masses", ("bins",)')
    loop = "for i in range({}.shape[0]):\n        out.m_flow[i]"
    text = text.replace(loop.format("x.m"), loop.format("out.m_flow"))
    for field in ("specific heat capacities", "densities", "mass fractions"):
        text = text.replace(f'"{field}", ("fluids",), Component', f'"{field}", ("bins",), Component')
    text = text.replace(', Component("cp_liquid")', "").replace(', Component("rho_liquid")', "")
    text = text[: text.index("def initial_state")].replace("dx.m[i] = u.feed.m_flow[i] - k", "dx.m[i] = -k")
    (tmp_path / "mutant_grid.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with pytest.raises(AssertionError, match="sum it as a field of Integrals"):
            structure.test_no_row_of_the_jacobian_is_dense("mutant_grid")
    finally:
        sys.modules.pop("mutant_grid", None)
