"""A file that breaks the contract is refused when it is read, with a message that names the cure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.registry.library import source
from twin.plant.model import ModelError, load_model

WHEEL = source("tests.engine.carousel")[0].read_text(encoding="utf-8")

SLIPS = {
    "table that there is not": ("def room(x, p):", "def room(x, p, w):", "asks for 'w', but the .* no Work"),
    "integrals that there are not": ("def seen(x):", "def seen(x, a):", "declares no Integrals"),
    "inlet called like time": ("feed: Annotated[Solution", "t: Annotated[Solution", "inlet cannot be called t"),
    "inlet called like a value": ("feed: Annotated[Solution", "value: Annotated[Solution", "cannot be called value"),
    "impulse without a kernel": ("def rotate(x, new)", "def turn(x, new)", "declares rotate but has no kernel"),
    "impulse that asks for out": ("def rotate(x, new)", "def rotate(x, new, out)", "kernel rotate asks for 'out'"),
    "rates that ask for a value": ("def derivatives(x, u, p, dx)", "def derivatives(x, u, p, dx, value)", "'value'"),
    "booking of nothing": ("class Quadratures(NamedTuple)", "class Sources(NamedTuple)", "declares none"),
    "impulse with an array": (
        'empty: Annotated[float, "1", "part of the last chamber that is taken out"]',
        'empty: Annotated[Array, "1", "part of the last chamber that is taken out", ("cells",)]',
        "impulse empty is a float",
    ),
    "table of tables": (
        'm: Annotated[Array, "kg", "masses in each chamber", ("fluids", "cells")]',
        'm: Annotated[Array, "kg", "masses in each chamber", ("fluids", "cells", "2")]',
        "State field m has 3 dimensions .* one or two",
    ),
    "period that may be zero": ("Range(0.1, 1e4)", "Range(0.0, 1e4)", "Range above zero"),
    "period that there is not": ('SCAN = "period"', 'SCAN = "every"', "SCAN names a parameter"),
    "no scan": ("def scan(x, p", "def look(x, p", "has a kernel scan"),
}


@pytest.mark.parametrize("slip", list(SLIPS))
def test_a_slip_is_refused(slip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong, message = SLIPS[slip]
    assert right in WHEEL, "the carousel has changed: choose another place for the slip"
    name = f"slip_{slip.replace(' ', '_')}"
    (tmp_path / f"{name}.py").write_text(WHEEL.replace(right, wrong), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with pytest.raises(ModelError, match=message):
            load_model(name)
    finally:
        sys.modules.pop(name, None)
