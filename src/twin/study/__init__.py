"""Studies: a design, all its runs, and one file with what they gave.

from twin.study import Study

study = Study("two_tanks", factors={"first.tau": {"from": "30 s", "to": "90 s"}},
              design={"kind": "latin_hypercube", "runs": 20}, responses=[{"tag": "second.T"}])
found = study.run("residence.h5", workers=2)
found.X, found.Y, found.outcomes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.analysing import analyse
    from twin.study.file import StudyFile, open_study
    from twin.study.notebook import Study, estimate, explore, optimise

__all__ = ["Study", "StudyFile", "analyse", "estimate", "explore", "open_study", "optimise"]

_PLACES = {
    "Study": "notebook",
    "StudyFile": "file",
    "analyse": "analysing",
    "estimate": "notebook",
    "explore": "notebook",
    "open_study": "file",
    "optimise": "notebook",
}


def __getattr__(name: str) -> Any:
    """Import on first use: `twin --help` needs none of it."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"twin.study.{_PLACES[name]}"), name)
