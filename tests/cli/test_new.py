"""`twin new`: what it writes runs as it is, and nothing of the user's is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import python
from twin.errors import TwinError
from twin.new import new_plant, new_scenario, new_unit


def test_unit_outside_a_clone(tmp_path: Path) -> None:
    written = new_unit("my_models.vessel", tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in written.paths}
    assert names == {"my_models/vessel.py", "tests/my_models/test_vessel.py", "my_models/__init__.py"}
    assert "python -m pytest tests/my_models/test_vessel.py" in written.next


def test_unit_in_a_clone_goes_into_the_library(tmp_path: Path) -> None:
    (tmp_path / "unit_ops").mkdir()
    (tmp_path / "unit_ops" / "streams.py").touch()
    (tmp_path / "unit_ops" / "piping").mkdir()
    (tmp_path / "unit_ops" / "piping" / "__init__.py").write_text("'kept'\n")
    written = new_unit("piping.vessel", tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in written.paths}
    assert names == {"unit_ops/piping/vessel.py", "tests/unit_ops/piping/test_vessel.py"}
    assert "import unit_ops.piping.vessel as model" in written.paths[1].read_text(encoding="utf-8")
    assert (tmp_path / "unit_ops" / "piping" / "__init__.py").read_text() == "'kept'\n"


def test_unit_in_the_library_needs_a_clone(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="twin new unit my_models.vessel"):
        new_unit("piping.vessel", tmp_path)


@pytest.mark.parametrize("name", ["vessel", "a.b.c", "my-models.vessel", "my_models.class", "1a.b", "../x.y", "a.b/c"])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(TwinError) as error:
        new_unit(name, tmp_path)
    assert error.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "tests" / "my_models").mkdir(parents=True)
    mine = tmp_path / "tests" / "my_models" / "test_vessel.py"
    mine.write_text("mine")
    with pytest.raises(TwinError, match="exists already") as error:
        new_unit("my_models.vessel", tmp_path)
    assert error.value.exit_code == 3
    assert mine.read_text() == "mine"
    assert not (tmp_path / "my_models").exists()


def test_plant_and_scenario_check_clean(tmp_path: Path) -> None:
    from twin.config import check

    (plant,) = new_plant("trial", tmp_path).paths
    (scenario,) = new_scenario("trial_run", tmp_path, "trial").paths
    assert plant == tmp_path / "trial.yaml"
    assert check(plant) == []
    assert check(scenario) == []


def test_scenario_in_its_folder_finds_a_plant_beside(tmp_path: Path) -> None:
    from twin.config import load_scenario

    (tmp_path / "scenarios").mkdir()
    new_plant("trial", tmp_path)
    (scenario,) = new_scenario("trial_run", tmp_path, "trial.yaml").paths
    assert scenario == tmp_path / "scenarios" / "trial_run.yaml"
    assert load_scenario(scenario).plant.name == "trial"


def test_the_new_unit_s_own_test_passes(tmp_path: Path) -> None:
    new_unit("my_models.vessel", tmp_path)
    options = ["-q", "-p", "no:dash", "-p", "no:cacheprovider"]
    answer = python(["-m", "pytest", *options, "tests/my_models/test_vessel.py"], tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "2 passed" in answer.stdout
