"""Figures on the models' pages: the stored series are what the models do today."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
CURE = "run `python docs/responses.py` with these models and look at their pages"
#: Runs of the everyday test, a third of a second each at most; the slow one has all.
EVERYDAY = ("two_tanks", "cadet_secondary", "dyssol_granulation", "direct_compression_refill")
#: Of what a series spans: a line's width in its panel, so what differs by less looks the same. The runs' own tolerances
#: and another processor's roundings are far below it.
SEEN = 0.01
#: Part of the points that may differ by more: where a series jumps, an instant that moves by less than a sample
#: shows. The moisture meter behind a dryer that fills does so at six of its sixty points, all others at none.
JUMPS = 0.1

#: Five digits of a value are stored.
LAST_DIGIT = 1e-5


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("responses_of_pages", ROOT / "docs" / "responses.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What of a stored response is not what the model does, in words."""
    for key in ("unit", "scenario", "time"):
        if old[key] != new[key]:
            return [f"the {key}: {old[key]} is stored, {new[key]} is run"]
    heads = [[(row["name"], row["unit"], row["meaning"]) for row in told["series"]] for told in (old, new)]
    if heads[0] != heads[1]:
        return [f"the series: {heads[0]} are stored, {heads[1]} are made"]
    found = []
    for before, now in zip(old["series"], new["series"], strict=True):
        a, b = np.array(before["values"]), np.array(now["values"])
        off = np.abs(a - b) > SEEN * np.ptp(a) + LAST_DIGIT * np.max(np.abs(a))
        if np.mean(off) > JUMPS:
            found.append(f"{before['name']} at {int(off.sum())} of {len(off)} points")
    return found


@pytest.mark.parametrize("scenario", EVERYDAY)
def test_the_stored_series_are_what_the_models_do(scenario: str, pages: ModuleType, tmp_path: Path) -> None:
    made = pages.ran(scenario, pages.SHIPPED[scenario], tmp_path / "run.h5")
    shown = {model: old for model, old in pages.stored().items() if old["scenario"] == scenario}
    assert shown
    wrong = {model: found for model, old in shown.items() if (found := differences(old, made[model]))}
    assert not wrong, CURE


@pytest.mark.slow
def test_every_stored_series_is_what_the_model_does(pages: ModuleType, tmp_path: Path) -> None:
    known, seen = pages.stored(), set()
    wrong: dict[str, list[str]] = {}
    for name, _, told, until in pages.todo(tmp_path):
        made = pages.ran(told, until, tmp_path / f"{name}.h5")
        for model in (set(made) & set(known)) - seen:  # of two runs that have a model the first is shown
            seen.add(model)
            if found := differences(known[model], made[model]):
                wrong[model] = found
    assert not wrong, CURE
    assert seen == set(known)


def test_a_series_that_has_changed_is_told(pages: ModuleType) -> None:
    """Any of the stored ones, by twice what is let pass from a quarter of its time on, or by what it means."""
    for old in pages.stored().values():
        assert not differences(old, old)
        for number, row in enumerate(old["series"]):
            new = copy.deepcopy(old)
            values = np.array(row["values"])
            least = SEEN * np.ptp(values) + LAST_DIGIT * np.max(np.abs(values)) + 1e-300
            values[len(values) // 4 :] += 2.0 * least
            new["series"][number]["values"] = values.tolist()
            (told,) = differences(old, new)
            assert told.startswith(f"{row['name']} at ")
            new["series"][number]["meaning"] = "another"
            assert differences(old, new)[0].startswith("the series: ")
        assert differences(old, {**old, "unit": "another"})[0].startswith("the unit: ")
