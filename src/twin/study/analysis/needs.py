"""Libraries that come with the extra `study`, imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from twin.errors import TwinError


class AnalysisError(TwinError):
    """An analysis that cannot be made of what was given: the message says of what, and what would do."""

    exit_code = 2


def need(module: str) -> Any:
    """Import a module of the extra `study`.

    Raises
    ------
    AnalysisError
        When it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        package = {"sklearn": "scikit-learn"}.get(error.name, error.name)
        raise AnalysisError(
            f"this needs {package}, which comes with an extra: pip install 'continuous-twin[study]'"
        ) from None
