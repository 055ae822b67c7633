"""Reading a table of fields by itself, for what no model of the library happens to ask."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pytest

from twin.config.context import Context, Override, Overrides
from twin.config.document import Node, Problems, Source
from twin.config.reading import read_text
from twin.config.scalars import Table
from twin.config.values import read_table
from twin.errors import ConfigError
from twin.quantity import Array, Fractions, Nominal, Range, fields


class Everything(NamedTuple):
    n: Annotated[int, "1", "a count", Range(1, 9)]
    w: Annotated[Array, "1", "fractions", ("fluids",), Fractions()]
    c: Annotated[Array, "kg/m^3", "profile", ("fluids", "cells"), Nominal(1.0), Range(0.0, 9.0)]
    b: Annotated[Array, "m", "broadcast default", ("cells+1",)] = 0.5  # type: ignore[assignment]
    d: Annotated[Array, "m", "listed default", ("2",)] = (1.0, 2.0)  # type: ignore[assignment]


def read(text: str, overrides: dict[str, str] | None = None, **filled: object) -> dict[str, object]:
    def node(word: str) -> Node:
        return Node(Source("--set", (word,)), "scalar", 1, 1, len(word), word, word)

    given = [Override(node(path), node(value)) for path, value in (overrides or {}).items()]
    ctx = Context(Problems(), Overrides(given), ("a", "b"), (), {"fluids": 2})
    root = read_text(text, "table.yaml")
    sizes = {"fluids": 2, "cells": 3}
    values = read_table(ctx, Table("unit", "parameter", "unit", fields(Everything), sizes, filled), root, root)
    ctx.problems.stop()
    return values


GOOD = "{n: 3, w: {a: 25 %, b: 0.75}, c: {a: 2 g/L, b: [1, 2, 3]}}"


def test_every_way_to_write_an_array() -> None:
    values = read(GOOD)
    assert values["n"] == 3
    np.testing.assert_array_equal(values["w"], [0.25, 0.75])
    np.testing.assert_array_equal(values["c"], [[2, 2, 2], [1, 2, 3]])
    np.testing.assert_array_equal(values["b"], [0.5] * 4)
    np.testing.assert_array_equal(values["d"], [1, 2])
    np.testing.assert_array_equal(read(GOOD.replace("{a: 2 g/L, b: [1, 2, 3]}", "4"))["c"], np.full((2, 3), 4.0))
    np.testing.assert_array_equal(
        read(GOOD, c=np.ones((2, 3)))["c"], [[2, 2, 2], [1, 2, 3]]
    )  # given goes before filled


def test_elements_are_set_on_top_of_what_is_given() -> None:
    values = read(GOOD, {"unit.c.b.1": "7", "unit.b.3": "1 mm", "unit.n": "4"})
    np.testing.assert_array_equal(values["c"], [[2, 2, 2], [1, 7, 3]])
    np.testing.assert_array_equal(values["b"], [0.5, 0.5, 0.5, 0.001])
    assert values["n"] == 4


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("b: 0.75", "b: 0.7", 'w [1] "fractions" must sum to 1, not 0.95'),
        ("a: 25 %, b: 0.75", "a: -25 %, b: 1.25", "must be between 0 and 1, not -25 %"),
        ("a: 25 %, b: 0.75", "a: -25 %, b: 1.25", "must be between 0 and 1, not 1.25"),
        ("n: 3", "n: 3.5", "is a whole number, not '3.5'"),
        ("n: 3", "n: true", "is a whole number, not 'true'"),
        ("n: 3", "n: 12", "must be between 1 and 9"),
        ("[1, 2, 3]", "[1, 2]", "has 3 cells, but this list has 2 items"),
        ("[1, 2, 3]", "[1, [2], 3]", "is one value, but this is a list"),
        ("[1, 2, 3]", "{0: 1, 3: 1}", "no place '3' along cells: places run from 0 to 2"),
        ("[1, 2, 3]", "[1, 2, 30]", "must be between 0 and 9 kg/m^3, not 30"),
        ("b: [", "z: [", "has no 'z' among its fluids. Known: a, b."),
    ],
)
def test_slips(old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(GOOD.replace(old, new))
    assert says in str(caught.value)


def test_a_computed_array_of_the_wrong_length_is_said_to_be_so() -> None:
    with pytest.raises(ConfigError, match="has 5 values where 3 cells|has 5 values where 4 cells"):
        read(GOOD, b=np.ones(5))
