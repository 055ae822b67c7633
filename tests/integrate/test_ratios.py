"""Ratios of processor times taken in one run: they hold on any machine, busy or not, where seconds would not.

Each gate stands well away from what the committed benchmarks show, so that only a change of kind closes it. That it
does was tried: with a dense matrix, columns not taken together, classes or rows gone through for each other, the plant
read for every scan, work in the loop that is no part, one block for all. What is compared is measured in turns, and of
each the least counts: what disturbs a round is no cost of the program.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import cost
from benchmarks.flagship import unit_costs
from benchmarks.peers import native
from benchmarks.shortly import short
from twin.cache import stored
from twin.integrate import integrator
from twin.integrate.integrator import Integrator
from twin.integrate.multirate import Multirate
from twin.jit import disabled
from twin.plant import jacobian, structure

pytestmark = pytest.mark.skipif(disabled(), reason="kernels are interpreted")

RTOL, HOUR = 1e-4, 3600.0
#: Ten times the size may cost so many times as much: it is 6 to 13; what grew by the square would cost a hundred times.
TENFOLD = 18.0


@pytest.fixture(scope="module")
def flagship():
    return short("paracetamol_tablets").plant


def ratio(one: Callable[[], float], other: Callable[[], float], rounds: int = 3) -> float:
    """Least of one over least of the other, measured in turns."""
    pairs = [(one(), other()) for _ in range(rounds)]
    return min(a for a, _ in pairs) / min(b for _, b in pairs)


def seconds(work: Callable[[], object]) -> float:
    """Processor time of this process, threads included."""
    began = time.process_time()
    work()
    return time.process_time() - began


def test_native_stays_ahead_of_sundials_driven_from_python() -> None:
    """CADET's closed crystallizer: `benchmarks/results/work_precision.json` shows 19 times, at a smaller error."""
    pytest.importorskip("sksundae")
    plant = short("cadet_crystallizer").plant
    (reference, _), _ = native(plant, "rodas4p", 1e-9, 5 * HOUR, 600.0)
    errors: dict[str, float] = {}

    def timed(method: str) -> float:
        (found, _), spent = native(plant, method, RTOL, 5 * HOUR, 600.0, 60.0)
        errors[method] = float(np.max(np.abs(found - reference) / (np.abs(reference) + plant.nominal)))
        return spent

    native(plant, "cvode", RTOL, 60.0, 60.0)  # loaded and compiled
    assert ratio(lambda: timed("cvode"), lambda: timed("rodas4p"), 2) > 9.0
    assert errors["rodas4p"] < errors["cvode"]


def test_blocks_with_steps_of_their_own_are_worth_it(flagship) -> None:
    """The smooth day at 1e-4: `benchmarks/results/flagship.json` shows 2.3 times."""

    def day(kind: type[Integrator]) -> float:
        run = kind(flagship, rtol=RTOL)
        return seconds(lambda: run.advance(3 * HOUR))

    assert ratio(lambda: day(Integrator), lambda: day(Multirate)) > 1.4


@pytest.mark.slow
def test_an_integration_costs_what_its_parts_cost(flagship) -> None:
    """At most a quarter more than the sum of counts and unit costs is asked for; it is a tenth."""
    run = Integrator(flagship, rtol=RTOL)
    run.advance(HOUR)

    def whole() -> float:
        nonlocal run
        run = Integrator(flagship, rtol=RTOL)
        return seconds(lambda: run.advance(4 * HOUR))

    def parts() -> float:
        costs = unit_costs(flagship, run)
        return sum(costs[part] * run.statistics[part] for part in costs)

    assert ratio(whole, parts, 6) < 1.25


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "few"), [("bins", 300), ("cells", 100), ("units", 100), ("loops", 30), ("hours of tablets", 1)]
)
def test_a_step_costs_in_proportion_to_the_size(what: str, few: int) -> None:
    """`benchmarks/results/cost.json`: exponents of 0.8 to 1.1."""
    measured, *_ = cost.SERIES[what]

    def of(size: int) -> float:
        values = measured(size)
        return float(values.get("us_per_step", values["min_s"]))

    assert ratio(lambda: of(10 * few), lambda: of(few), 2) < TENFOLD


@pytest.mark.slow
def test_a_day_of_events_costs_in_proportion_to_them() -> None:
    """A table that is searched, or gone through for every row, would cost the square."""
    assert ratio(lambda: cost.of_events(20_000)["min_s"], lambda: cost.of_events(2000)["min_s"], 2) < TENFOLD


@pytest.mark.slow
@pytest.mark.parametrize(("text", "few"), [(cost.tanks, 40), (lambda n: cost.TUBE.format(n=n), 100)])
def test_setting_up_costs_in_proportion_to_the_plant(
    text: Callable[[int], str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Structure, tables and order of elimination are made each time here, as for a plant that is new."""
    for module in (jacobian, structure, integrator):
        assert module.stored is stored
        monkeypatch.setattr(module, "stored", lambda path, make: dict(make()))
    monkeypatch.setattr(integrator, "_orders", {})

    def made(size: int) -> float:
        return seconds(lambda: Integrator(cost.compiled(text(size))))

    made(few)  # what is loaded at the first plant
    assert ratio(lambda: made(10 * few), lambda: made(few), 2) < TENFOLD
