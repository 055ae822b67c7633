"""Finds a model by the name that YAML gives, without importing what is not a model."""

from __future__ import annotations

import re
import traceback
from functools import lru_cache
from pathlib import Path

from twin.config.context import Context
from twin.config.document import Node, closest
from twin.packages import folders
from twin.plant.model import Model, ModelError, load_model

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")
#: Files of the library's folders that are parts of models rather than models.
_NOT_MODELS = ("boundary", "properties")


@lru_cache(maxsize=1)
def library() -> tuple[str, ...]:
    """Give the names of the library's files that declare a unit operation, sorted."""
    names = []
    for folder in folders("unit_ops"):
        for file in sorted(folder.glob("*/*.py")):
            if file.parent.name not in _NOT_MODELS and "class Outlets(" in file.read_text(encoding="utf-8"):
                names.append(f"{file.parent.name}.{file.stem}")
    return tuple(names)


@lru_cache(maxsize=1)
def controllers() -> tuple[str, ...]:
    """Give the short names of the engine's controllers."""
    files = [file for folder in folders("twin") for file in sorted((folder / "control").glob("*.py"))]
    return tuple(file.stem for file in files if "class Outlets(" in file.read_text(encoding="utf-8"))


def _exists(name: str) -> bool:
    """Whether a dotted path names a module, looked up without running any but the packages above it."""
    root, *rest = name.split(".")
    for folder in folders("unit_ops"):
        if len(rest) == 1 and (folder / root / f"{rest[0]}.py").is_file():
            return True
    # a third party's package: its files are looked for beside each other, nothing is imported
    try:
        found = folders(root)
    except (ImportError, ValueError, AttributeError):
        return False
    return any(folder.joinpath(*rest).with_suffix(".py").is_file() for folder in found)


def find_model(ctx: Context, node: Node, name: str, owner: str) -> Model | None:
    """Load a model, or note why it cannot be.

    Parameters
    ----------
    node : Node
        Where the name is written.
    name : str
        `piping.tank`, or a full dotted path.
    owner : str
        The unit, for the message.
    """
    if not _NAME.fullmatch(name) or not _exists(name):
        ctx.problems.add(node, "unknown model", f"{owner}: there is no model '{name[:60]}'.{closest(name, library())}")
        return None
    try:
        return load_model(name)
    except ModelError as error:
        ctx.problems.add(node, "broken model", f"{owner}: {error}.")
    except Exception as error:  # a model's file is the user's own code: whatever it raises is shown with its place
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        if isinstance(error, SyntaxError):
            place = f"{Path(error.filename or name).name}:{error.lineno}"
        ctx.problems.add(
            node, "broken model", f"{owner}: {name} cannot be loaded: {type(error).__name__} at {place}: {error}."
        )
    return None
