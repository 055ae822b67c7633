"""Studies: a design, all its runs, and one file with what they gave.

from twin.study import open_study

found = open_study("doses.h5")
found.X, found.Y, found.outcomes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.file import StudyFile, open_study

__all__ = ["StudyFile", "open_study"]

_PLACES = {"StudyFile": "file", "open_study": "file"}


def __getattr__(name: str) -> Any:
    """Import on first use: `twin --help` needs none of it."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"twin.study.{_PLACES[name]}"), name)
