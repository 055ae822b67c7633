"""`twin new`: files to start from, which run as they are."""

from __future__ import annotations

import keyword
import os
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from twin.errors import TwinError


class NewError(TwinError):
    """A name that cannot be used."""

    exit_code = 2


class ExistsError(TwinError):
    """A file is there already, and is left alone."""

    exit_code = 3


@dataclass(frozen=True)
class Written:
    """What was written, and the commands to type next."""

    paths: tuple[Path, ...]
    next: tuple[str, ...]


def new_unit(name: str, folder: Path) -> Written:
    """Write a unit operation and its test.

    In a clone, `crystallization.my_model` goes into the library. Anywhere else the first word is
    your own package, a folder beside your plants: `my_models.vessel` is `my_models/vessel.py`, and
    YAML names it `model: my_models.vessel`.

    Parameters
    ----------
    name : str
        Dotted name of the model.
    folder : Path
        Where to write, usually the current folder.
    """
    parts = name.split(".")
    if len(parts) != 2:
        raise NewError(f"'{name}': a unit operation is named folder.model, such as my_models.{parts[-1]}")
    for part in parts:
        _check_word(part)
    package, model = parts
    in_library = package in library_folders()
    clone = (folder / "unit_ops" / "streams.py").is_file()
    if in_library and not clone:
        raise NewError(
            f"{package} is a folder of Twin's own library, which is not here."
            f" Outside a clone of Twin choose a package of your own: twin new unit my_models.{model}"
        )
    if not in_library and (folder / package).with_suffix(".py").exists():
        raise NewError(f"{package}.py is here already, so '{package}' cannot be a folder of models; choose another")
    home = folder / "unit_ops" if in_library else folder
    tests = folder / "tests" / "unit_ops" if in_library else folder / "tests"
    module = f"unit_ops.{name}" if in_library else name
    words = {"MODEL": name, "MODULE": module, "NAME": model}
    contents = {
        home / package / f"{model}.py": _fill("unit.py.txt", words),
        tests / package / f"test_{model}.py": _fill("test_unit.py.txt", words),
    }
    init = home / package / "__init__.py"
    if not init.exists():
        contents[init] = ""
    paths = _write(contents)
    test = paths[1].relative_to(folder).as_posix()
    return Written(paths, (f"twin models {name}", f"python -m pytest {test}"))


def new_plant(name: str, folder: Path) -> Written:
    """Write a plant that runs as it is."""
    path = _place(name, folder, "plant_configs")
    paths = _write({path: _fill("plant.yaml.txt", {"NAME": path.stem})})
    scenario = f"twin new scenario {path.stem}_run --plant {path.stem}"
    return Written(paths, (f"twin check {_shown(path, folder)}", scenario))


def new_scenario(name: str, folder: Path, plant: str) -> Written:
    """Write a scenario of `plant` (a name in plant_configs/, or a path)."""
    path = _place(name, folder, "scenarios")
    if not (folder / "plant_configs" / f"{plant}.yaml").exists():
        beside = folder / (plant if plant.endswith((".yaml", ".yml")) else f"{plant}.yaml")
        if beside.exists():  # a path in a scenario is relative to the scenario's own folder
            plant = Path(os.path.relpath(beside, path.parent)).as_posix()
    paths = _write({path: _fill("scenario.yaml.txt", {"NAME": path.stem, "PLANT": plant})})
    shown = _shown(path, folder)
    return Written(paths, (f"twin show {shown}", f"twin run {shown}"))


def library_folders() -> tuple[str, ...]:
    """Folders of the library of unit operations."""
    found = [entry.name for entry in files("unit_ops").iterdir() if entry.is_dir() and not entry.name.startswith("_")]
    return tuple(sorted(found))


def _place(name: str, folder: Path, home: str) -> Path:
    """A bare name goes into the folder of its kind where there is one; a path is taken as it is."""
    if name.endswith((".yaml", ".yml")):
        return folder / name
    _check_word(name)
    return (folder / home if (folder / home).is_dir() else folder) / f"{name}.yaml"


def _check_word(word: str) -> None:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", word) or keyword.iskeyword(word):
        raise NewError(f"'{word}' cannot be a name: use letters, digits and underscores, a letter first")


def _fill(template: str, words: dict[str, str]) -> str:
    text = files("twin.templates").joinpath(template).read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _write(contents: dict[Path, str]) -> tuple[Path, ...]:
    """Write all files or none; an existing file is never touched."""
    for path in contents:
        if path.exists():
            raise ExistsError(f"{path} exists already and was left as it is; choose another name")
    for path, text in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return tuple(contents)


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
