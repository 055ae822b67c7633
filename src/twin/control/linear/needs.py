"""The libraries of the `control` extra, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from twin.errors import TwinError


class Missing(TwinError):
    """A library that is not installed."""

    exit_code = 2


def library(name: str) -> Any:
    """Import a module of the extra.

    Raises
    ------
    Missing
        Naming the extra.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise Missing(f"this needs {package}: pip install 'continuous-twin[control]'") from error
