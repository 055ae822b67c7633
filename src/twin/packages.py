"""Where packages lie and which versions they have, found without importing them."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import sys
from pathlib import Path

#: What no extra brings: Twin's own packages, and those of a clone.
OWN = ("twin", "dashboard", "unit_ops", "benchmarks", "tests")
_VERSION = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE)


def folders(package: str) -> list[Path]:
    """Give the folders of a package, without importing it when it has no parent; none when it is not there."""
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def others(error: ModuleNotFoundError) -> str:
    """Give the package for want of which an import failed; an empty name where it is one of Twin's own."""
    package = (error.name or "").partition(".")[0]
    return "" if package in OWN else package


def version(name: str) -> str | None:
    """Give the version of an installed distribution, or None.

    As `importlib.metadata` does, which takes 20 ms at the start of every run: it parses all that a package says of
    itself. It is asked where a package has no folder of its own on the path, or several.
    """
    wanted = _plain(name)
    for place in sys.path:
        found = _told(place or os.getcwd()).get(wanted, ())
        if len(found) == 1 and found[0].endswith(".dist-info"):
            text = Path(found[0], "METADATA").read_text(encoding="utf-8", errors="replace")
            said = _VERSION.search(text.partition("\n\n")[0])
            if said is not None:
                return said[1]
        if found:
            break
    else:
        if not any(os.path.isfile(place) for place in sys.path):
            return None
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


@functools.cache
def _told(place: str) -> dict[str, list[str]]:
    """Folders and files of a place on the path in which distributions tell of themselves, by name."""
    found: dict[str, list[str]] = {}
    try:
        entries = os.listdir(place)
    except OSError:
        return found
    for entry in entries:
        if entry.endswith((".dist-info", ".egg-info")):
            found.setdefault(_plain(entry.rpartition(".")[0].partition("-")[0]), []).append(os.path.join(place, entry))
    return found
