"""Latches and events of a plant go to the blocks that they concern, and their rows are found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integrate.test_multirate import CHAIN
from twin.config import load_plant
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.deal import Deal
from twin.plant import compile_plant


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file: Path = tmp_path_factory.mktemp("chain") / "chain.yaml"
    file.write_text(CHAIN, encoding="utf-8")
    return compile_plant(load_plant(file))


def watching(plant: Any, unit: str) -> Latch:
    tag = next(c.offset for c in plant.columns if c.path == f"{unit}.product.m_flow")
    return Latch(-1, +1, value=np.nan, tag=tag, limit=1e-3)


def test_rows_go_to_their_blocks_and_back(chain: Any) -> None:
    levels = {unit: chain.parameter(f"{unit}.V_weir")[0] for unit in ("first", "second", "third")}
    deal = Deal(chain, [watching(chain, "third"), watching(chain, "first")], relaxed=False)
    assert [block.units for block in deal.blocks] == [("first",), ("second",), ("third",)]
    local = deal.split(
        [
            Event(1.0, Kind.SET, levels["third"], 3.0),
            Event(2.0, Kind.SET, levels["first"], 1.5e-3),
            Event(3.0, Kind.ARM, 0, 1.0),
            Event(4.0, Kind.RESTORE, levels["third"], 0.0),
            Event(5.0, Kind.RETURN),
        ]
    )
    assert [[event.time for event in rows] for rows in local] == [[2.0], [], [1.0, 3.0, 4.0]]
    assert [deal.row_of(2, i, latch=False) for i in range(3)] == [0, 2, 3]
    assert deal.back == 4
    # the third tank's own numbers: where its parameter is, its only latch, its row that is restored
    here = deal.blocks[2]
    assert here.plant.p0[local[2][0].index] == chain.p0[levels["third"]] == 4.0
    assert (local[2][1].index, local[2][2].value) == (0, 0.0)
    assert [deal.latch_here(row) for row in (0, 1)] == [(2, 0), (0, 0)]
    assert [deal.row_of(k, 0, latch=True) for k in (2, 0)] == [0, 1]
    assert [len(deal.latches_of(k)) for k in range(3)] == [1, 0, 1]
    assert deal.block_of_parameter(levels["second"]) == 1


def test_a_return_to_python_ends_its_table(chain: Any) -> None:
    place = chain.parameter("first.V_weir")[0]
    with pytest.raises(ValueError, match="a return to Python is the last row"):
        Deal(chain, [], relaxed=False).split([Event(1.0, Kind.RETURN), Event(2.0, Kind.SET, place, 1e-3)])
