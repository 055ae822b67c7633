"""Cost, CO2 and E-factor of a run: by hand from its duties and flows; every factor has a source."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from twin.config import ConfigError, load_scenario
from twin.config.factors import library
from twin.config.resolved import resolved_yaml
from twin.config.spec import same
from twin.results.reader import open_run
from twin.results.report import render, report
from twin.run import run

SCENARIO = """\
twin: 1
plant: plant.yaml
duration: 2 h
record: 30 s
"""


def load(folder: Path, factors: str, plant: str) -> Path:
    (folder / "plant.yaml").write_text(plant, encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO + factors, encoding="utf-8")
    return folder / "scenario.yaml"


@pytest.fixture(scope="module")
def plant() -> str:
    """A vessel with a jacket: nothing reacts in it."""
    return """\
twin: 1
fluids: [water, ethanol]
solids: []
units:
  vessel:
    model: reaction.stirred_vessel
    params:
      {discharge: weir, jacket: constant, UA: 40 W/K, V_weir: 1.8 L, tau: 100 s, T_limit: 80 degC,
       key: ethanol, T_jacket: 60 degC}
    initial: {V: 2 L, T: 25 degC, w: {water: 1}}
feeds:
  supply: {T: 20 degC, m_flow: {water: 3 g/s, ethanol: 1 g/s}}
connections:
  - supply -> vessel.feed
  - vessel.product -> blend
products: [blend]
kpi: {api: ethanol, product: blend}
"""


def test_every_factor_has_a_source() -> None:
    found = library()
    assert {"steam", "cooling_water", "electricity"} <= set(found.utilities)
    for name, (_, price, co2, source) in found.utilities.items():
        assert price > 0.0, name
        assert co2 > 0.0, name
        parts = [part.split(": ", 1)[1] for part in source.split("; co2")]
        assert all(len(part) > 10 for part in parts), name
        assert "invented" in source or "doi" in source, name


def test_cost_and_co2_follow_the_duties(tmp_path: Path, plant: str) -> None:
    factors = "factors: {utilities: {vessel.duty: [hot_water, cooling_water]}}\n"
    switch = "events: [{at: 1 h, set: {vessel.T_jacket: 5 degC}}]\n"
    path = load(tmp_path, factors + switch, plant)
    result = run(path, tmp_path / "run.h5")
    assert result.ok
    summary = report(open_run(result.path))
    found, duty = summary["factors"], summary["utilities"]["vessel"]["duty"]
    assert duty["added"] > 1e5, "heated for an hour"
    assert duty["removed"] > 1e5, "and cooled for another"
    hot, cold = library().utilities["hot_water"], library().utilities["cooling_water"]
    cost = (duty["added"] * hot[1] + duty["removed"] * cold[1]) * 1e-9
    co2 = (duty["added"] * hot[2] + duty["removed"] * cold[2]) * 1e-9
    assert found["cost_EUR"] == pytest.approx(cost, rel=1e-12)
    assert found["co2_kg"] == pytest.approx(co2, rel=1e-12)
    # what was fed and stays in the vessel is no product yet; water counts neither way
    fed = summary["feeds"]["supply"]["components_kg"]["ethanol"]
    made = summary["products"]["blend"]["components_kg"]["ethanol"]
    assert found["uncounted"] == ["water"]
    assert found["e_factor"] == pytest.approx((fed - made) / made, rel=1e-12)
    assert found["co2_kg_per_kg"] == pytest.approx(co2 / made, rel=1e-12)
    from rich.console import Console

    console = Console(record=True, width=100, file=io.StringIO())
    console.print(render(summary))
    assert "E-factor" in console.export_text()


def test_a_run_that_does_not_ask_gets_none(tmp_path: Path, plant: str) -> None:
    result = run(load(tmp_path, "", plant), tmp_path / "run.h5", until="1 min")
    assert report(open_run(result.path))["factors"] is None


def test_resolved_text_says_the_same(tmp_path: Path, plant: str) -> None:
    spec = load_scenario(load(tmp_path, "factors: {utilities: {vessel.duty: steam}, uncounted: []}\n", plant))
    (tmp_path / "again.yaml").write_text(resolved_yaml(spec), encoding="utf-8")
    assert same(load_scenario(tmp_path / "again.yaml"), spec)


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ("factors: {utilities: {vessel.duti: steam}}\n", "Did you mean 'duty'"),
        ("factors: {utilities: {vesel.duty: steam}}\n", "Did you mean 'vessel'"),
        ("factors: {utilities: {vessel.duty: steem}}\n", "Did you mean 'steam'"),
        ("factors: {uncounted: [watr]}\n", "Did you mean 'water'"),
        ("factors: {utility: {}}\n", "unknown key"),
    ],
)
def test_wrong_factors_are_refused(tmp_path: Path, plant: str, factors: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_scenario(load(tmp_path, factors, plant))
