"""The same chemistry in batches: one batch to its powder, and the comparison with the continuous lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.results.reader import Run, open_run
from twin.run import run

# its plant has models that no everyday plant has: they take longer to compile than all that is asked of them here
pytestmark = pytest.mark.slow

#: Paracetamol that a batch's 6.018 kg of amine give [kg].
API = 6.018 * 151.16256 / 109.12588


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("batch") / "batch.h5"
    result = run("paracetamol_batch", path, until="12 h")
    assert result.ok, result.message
    return open_run(path)


def test_material_and_heat_are_kept(batch: Run) -> None:
    for balance in batch.balances.all:  # energy, too, where the first slurry falls on the empty nutsche
        assert balance.measures["relative"] < 1e-9, balance.name


def test_a_batch_ends_near_its_solubility(batch: Run) -> None:
    cold = int(np.searchsorted(batch.time, 7.95 * 3600.0))
    assert 0.0 < batch.get("crystallizer.S")[cold] < 0.1
    assert batch.get("crystallizer.T")[cold] == pytest.approx(278.15, abs=1.5)
    powder = {b.name: b.measures for b in batch.balances.components}["paracetamol"]["out"]
    produced = float(np.asarray(batch.get("dryer.M")).max())
    dissolved = 24.07 * float(batch.get("crystallizer.c")[cold])  # in the ethanol charged
    assert produced == pytest.approx(API - dissolved, rel=0.02)  # some is washed away, some amine is left
    assert powder == pytest.approx(API, rel=0.01)  # with what the mother liquor takes along
    assert batch.get("reactor.T").max() < 363.15


def test_powder_is_dry_and_vessels_are_empty_for_the_next(batch: Run) -> None:
    dried = int(np.searchsorted(batch.time, 11.45 * 3600.0))
    assert batch.get("dryer.LOD")[dried] < 0.005
    empty = int(np.searchsorted(batch.time, 11.9 * 3600.0))
    assert batch.get("dryer.M")[empty] < 0.01
    assert batch.get("filter.cake_mass")[int(np.searchsorted(batch.time, 9.9 * 3600.0))] < 0.01
    assert batch.get("crystallizer.V")[int(np.searchsorted(batch.time, 8.9 * 3600.0))] < 1e-3


@pytest.mark.slow
def test_batch_against_continuous_against_recycle(tmp_path: Path) -> None:
    """The table in scenarios/paracetamol_batch.yaml: yield on the amine, PMI without nitrogen, mean size."""
    made = open_run(run("paracetamol_batch", tmp_path / "batch.h5").path)
    flows = {b.name: b.measures for b in made.balances.components}
    powder = sum(_powder(made))
    fed = sum(flows[name]["in"] for name in flows)
    table = {"batch": (powder / (4.0 * API), fed / powder, made.get("crystallizer.L43")[int(7.95 * 60)])}
    for name, scenario in (("continuous", "paracetamol_startup"), ("recycle", "paracetamol_recycle_day")):
        made = open_run(run(scenario, tmp_path / f"{name}.h5", until="12.9 h").path)
        product = made.get("dryer.product.m_flow")[-1, 0]
        fresh = 0.0 if name == "continuous" else made.get("fresh.product.m_flow")[-1].sum()
        # reagents, wash, and either the ethanol that is fed or the one that is made up
        fed_flow = 0.595e-3 + 0.25e-3 + (1.2e-3 if name == "continuous" else fresh)
        table[name] = (product / (API * 0.30e-3 / 6.018), fed_flow / product, made.get("crystallizer_2.L43")[-1])
    yields, intensity, size = ({name: row[i] for name, row in table.items()} for i in range(3))
    assert yields["continuous"] < yields["batch"] < yields["recycle"]
    assert intensity["recycle"] < 0.5 * intensity["batch"] < 0.5 * intensity["continuous"]
    assert size["batch"] < 0.7 * size["continuous"]
    assert yields["batch"] == pytest.approx(0.61, abs=0.01)
    assert yields["continuous"] == pytest.approx(0.55, abs=0.01)
    assert yields["recycle"] == pytest.approx(0.77, abs=0.03)  # the loop is still filling after 13 h


def _powder(made: Run) -> list[float]:
    """Dry powder of each batch [kg]: what the dryer holds before it is emptied."""
    held = made.get("dryer.M")
    return [float(held[int((11.45 + 6.0 * i) * 60)]) for i in range(4)]
