"""An integrator that begins another run gives the bits of a new one, whatever the run before was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.integrate.test_multirate import CHAIN
from twin.config import load_plant
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Fired, Integrator, Samples
from twin.integrate.multirate import Multirate
from twin.integrate.outcome import Outcome
from twin.plant import compile_plant

HOUR = 3600.0


class Kept:
    """What a run hands out."""

    def __init__(self) -> None:
        self.blocks: list[Samples | Fired] = []

    def hash(self, run: Any) -> list[bytes]:
        """All of it, and where the run stands, as bytes."""
        told = [array.tobytes() for block in self.blocks for array in block]
        return [*told, run.y.tobytes(), run.q.tobytes(), run.p.tobytes(), repr(run.statistics).encode()]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("chain") / "chain.yaml"
    file.write_text(CHAIN, encoding="utf-8")
    return compile_plant(load_plant(file))


def others(plant: Any, place: int) -> list[tuple[Any, dict[str, Any], float, Outcome]]:
    """Runs that leave something behind: other numbers, events and ramps, a failure, a stop, a state come alive."""
    ramp = [Event(50.0, Kind.SET, place, 0.03), Event(60.0, Kind.RAMP, place, 0.01, 400.0)]
    tag = next(c.offset for c in plant.columns if c.path == "first.product.T")
    stop = Latch(-1, +1, value=np.nan, tag=tag, limit=298.0)  # the feed has 298.15 K
    return [
        (replace(plant, y0=1.1 * plant.y0), {"rtol": 1e-3, "every": 3.0}, HOUR, Outcome.FINISHED),
        (plant, {"events": ramp, "record": [tag], "every": 10.0}, 200.0, Outcome.FINISHED),
        (plant, {"max_steps": 3}, HOUR, Outcome.TOO_MANY_STEPS),
        (replace(plant, y0=np.full(plant.n_y, np.nan)), {}, HOUR, Outcome.NOT_FINITE),
        (plant, {"latches": [stop], "rtol": 1e-5}, HOUR, Outcome.GUARD),
        (plant, {}, HOUR, Outcome.FINISHED),
    ]


@pytest.mark.parametrize(
    ("kind", "scans"),
    [(kind, scans) for kind in (Integrator, Multirate) for scans in ("exact", "relaxed")],
)
def test_a_run_that_follows_another_has_the_bits_of_the_first(plant: Any, kind: Any, scans: str) -> None:
    place, _ = plant.parameter("inflow.m_flow.ethanol")
    events = [Event(100.0, Kind.RAMP, place, 0.05, 50.0), Event(600.0, Kind.SET, place, 0.0)]
    record = [c.offset for c in plant.columns if c.kind in ("outlet", "holdup")]
    settings: dict[str, Any] = {"scans": scans, "rtol": 1e-6, "events": events, "record": record, "every": 7.0}

    def run(made: Any) -> list[bytes]:
        kept = Kept()
        made.samples = made.fired = kept.blocks.append
        assert made.advance(HOUR).outcome is Outcome.FINISHED
        return kept.hash(made)

    def nothing(block: Any) -> None:
        """Samples are wanted, and dropped."""

    both = {"samples": nothing, "fired": nothing}
    fresh = run(kind(plant, **settings, **both))
    made = kind(plant, **settings, **both)
    assert run(made) == fresh
    for numbers, given, until, outcome in others(plant, place):
        made.begin(numbers, scans=scans, **given)
        assert made.advance(until).outcome is outcome
        if outcome is Outcome.FINISHED:
            made.set(place, 0.02)  # not foreseen: where nothing of it was there, what it brings comes alive
            made.advance(until + 300.0)
        made.begin(plant, **settings, **both)
        assert run(made) == fresh
