"""Where packages lie, found without importing them."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def folders(package: str) -> list[Path]:
    """Give the folders of a package, without importing it when it has no parent; none when it is not there."""
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
