"""The report: figures that can be computed by hand from the fake's closed forms."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.cli.shell import twin
from tests.results.fake import COMPONENTS, EVENT, OMEGA, fake_plant, fake_scenario
from tests.results.making import TIMES, feed
from twin.config.spec import KpiSpec
from twin.results.kpi import read_kpi
from twin.results.reader import open_run
from twin.results.report import WIDTH, render, report
from twin.results.writer import RunWriter

END = 7200.0
HALF = KpiSpec("paracetamol", "tablets", "p_aminophenol", 0.5)
LEFT = END - 900.0 * (1.0 - np.exp(-END / 900.0))  # integral of 1 - exp(-t/900)
FED = END + (END - EVENT - 0.2 / OMEGA * (1.0 - np.cos(OMEGA * EVENT)))  # per unit of feed


def test_throughput_yield_and_pmi(finished: Path) -> None:
    summary = report(open_run(finished))
    made = LEFT * (0.009 + 0.0002 + 0.001 + 0.001)
    assert summary["products"]["tablets"]["mass_kg"] == pytest.approx(made, rel=1e-12)
    assert summary["products"]["tablets"]["mean_kg_per_h"] == pytest.approx(made / 2.0, rel=1e-12)
    settled = 1.0 - 900.0 / 3600.0 * (np.exp(-3600.0 / 900.0) - np.exp(-END / 900.0))
    assert summary["products"]["tablets"]["last_kg_per_h"] == pytest.approx(3600.0 * 0.0112 * settled, rel=1e-9)
    molar = COMPONENTS["paracetamol"]["molar_mass"] / COMPONENTS["p_aminophenol"]["molar_mass"]
    assert summary["yield"]["yield"] == pytest.approx(LEFT * 0.002 / (FED * 0.002 * molar), rel=1e-12)
    assert summary["pmi"] == pytest.approx(FED * 0.012 / made, rel=1e-12)


def test_quality_is_judged_on_the_moving_average_while_producing(finished: Path) -> None:
    row = report(open_run(finished))["quality"][0]
    # hardness is 55 + 20 (1 - exp(-t/900)): its mean over the last 600 s passes 60 at 600.9 s
    average = 75.0 - 20.0 * 900.0 / 600.0 * (np.exp(-(TIMES - 600.0) / 900.0) - np.exp(-TIMES / 900.0))
    judged = TIMES >= 600.0
    assert row["min"] == pytest.approx(average[judged].min(), rel=1e-4)  # trapezoids of 60 s
    assert row["max"] == pytest.approx(average[judged].max(), rel=1e-4)
    assert row["excursions"] == int(average[judged][0] < 60.0)
    assert 0.98 < row["inside"] <= 1.0
    assert row["high"] is None
    assert row["low"] == 60.0


def test_limits_that_are_broken_are_counted(tmp_path: Path) -> None:
    plant = fake_plant()
    limits = (
        SimpleNamespace(tag="crystallizer.hardness", low=None, high=70.0, average=0.0),
        SimpleNamespace(tag="crystallizer.nonsense", low=0.0, high=1.0, average=0.0),
    )
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario(quality=limits)) as writer:
        feed(writer, plant, TIMES)
        rows = report(open_run(writer.finish("finished")))["quality"]
    assert len(rows) == 1
    # 55 + 20 (1 - exp(-t/900)) = 70 at 900 ln 4 = 1247.7 s
    assert rows[0]["excursions"] == 1
    assert rows[0]["inside"] == pytest.approx(1247.7 / END, abs=0.02)


def test_holdups_and_duties(finished: Path) -> None:
    summary = report(open_run(finished))
    held = summary["holdup"]["crystallizer"]
    assert held["solids_kg"] == pytest.approx(3.0 + 0.0006 * END - 0.001 * LEFT, rel=1e-12)
    assert held["most_kg"] >= held["fluids_kg"] + held["solids_kg"]
    heat = summary["utilities"]["crystallizer"]["heat"]
    assert (heat["unit"], heat["added"]) == ("J", 0.0)
    assert heat["removed"] == pytest.approx(50.0 * END)
    assert summary["utilities"]["crystallizer"]["water"]["unit"] == "kg"


def test_it_is_json_and_fits_a_terminal(finished: Path) -> None:
    from rich.console import Console

    summary = report(open_run(finished))
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    console = Console(width=80)
    with console.capture() as captured:
        console.print(render(summary))
    text = captured.get()
    assert "…" not in text
    for words in ("The run finished.", "yield of paracetamol in tablets", "PMI", "Balances", "rejected"):
        assert words in text
    assert re.search(r"^crystallizer\.hardness +N +60 ", text, re.MULTILINE)
    assert re.search(r"^energy +J ", text, re.MULTILINE)
    assert "nan" not in text.lower()


def test_long_names_and_long_numbers_share_80_columns(finished: Path) -> None:
    """The widest that a plant has: no name leaves its column, no digit is lost."""
    from rich.console import Console

    summary = report(open_run(finished))
    wide = -1.2345e-06
    quality = {"low": 5.7e-4, "high": 6.3e-4, "mean": 6.0012e-4, "min": 5.9123e-4, "max": 6.1234e-4, "inside": 0.99951}
    summary["quality"] = [{"tag": "press.tablet_mass", "unit": "kg", "excursions": 12, **quality}]
    summary["utilities"] = {"crystallizer_1": {"crystallization": dict.fromkeys(("added", "removed", "net"), wide)}}
    summary["utilities"]["crystallizer_1"]["crystallization"]["unit"] = "J"
    flows = dict.fromkeys(("in", "out", "source", "final"), wide)
    closure = {"initial": 0.0, "relative": 1.2e-14, "relative_streams": None}
    names = ("acetic_anhydride", "energy")
    summary["balances"] = [{"name": name, "unit": "kg", **flows, **closure} for name in names]
    console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(render(summary))
    lines = [" ".join(line.split()) for line in captured.get().splitlines()]
    assert "press.tablet_mass kg 0.00057 0.0006001 0.00063 0.0005912 0.0006123 99.95 % 12" in lines
    assert "crystallizer_1.crystallization J -1.234e-06 -1.234e-06 -1.234e-06" in lines
    assert f"acetic_anhydride kg {' '.join(['-1.234e-06'] * 4)} 1.2e-14 –" in lines
    assert f"energy kg {' '.join(['-1.234e-06'] * 4)} 1.2e-14 –" in lines


def test_a_narrow_terminal_gets_the_same_page(finished: Path) -> None:
    pages = [twin("report", str(finished), COLUMNS=columns).stdout for columns in ("40", "80")]
    assert pages[0] == pages[1]
    assert "crystallizer.hardness" in pages[0]


def test_a_plant_without_kpi_and_a_run_without_rows(tmp_path: Path) -> None:
    from rich.console import Console

    plant = fake_plant()
    plant.spec.kpi = None
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario()) as writer:
        summary = report(open_run(writer.finish("not_finite", "The rates are not finite.")))
    assert summary["yield"] is None
    assert summary["pmi"] is None
    json.dumps(summary, allow_nan=False)
    console = Console(width=120)
    with console.capture() as captured:
        console.print(render(summary))
    assert "The rates are not finite." in captured.get()


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (HALF, HALF),
        (None, KpiSpec("", "tablets", "", 1.0)),  # the only product needs no name
        (KpiSpec("aspirin", "syrup", "", 1.0), KpiSpec("", "", "", 1.0)),  # a file that contradicts itself
    ],
)
def test_kpi_is_kept_with_the_run(said: KpiSpec | None, read: KpiSpec, tmp_path: Path) -> None:
    plant = fake_plant()
    plant.spec.kpi = said
    with RunWriter(tmp_path / "run.h5", plant, fake_scenario()) as writer:
        run = open_run(writer.finish("finished"))
    assert read_kpi(run) == read
    report(run)


def test_a_report_takes_less_than_a_second(finished: Path) -> None:
    report(open_run(finished))
    start = time.process_time()
    report(open_run(finished))
    assert time.process_time() - start < 1.0
