"""Looks at a run file before anything of it is read: values that stand elsewhere, sizes that no run has.

HDF5 lets a file name others, and takes what it declares for true: a variable may be the bytes of any
file that this computer can read, or have more rows than there is memory.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import h5py

from dashboard.speech import say
from twin.errors import TwinError
from twin.results.files import FileProblem

#: More quantities than this are no plant.
MOST_TAGS = 50_000
#: More recorded instants than a run of a year that keeps each second; more numbers of one quantity at one instant
#: than any grid has.
MOST_ROWS, MOST_NUMBERS = 40_000_000, 1_000_000
#: Bytes of one text.
LONGEST = 64 << 20
#: Where quantities stand.
ROOTS = ("units", "feeds", "quadratures")


#: What a file that holds something else than a run holds may set off where it is read.
UNEXPECTED = (KeyError, IndexError, TypeError, ValueError, AttributeError)


def unexpected(error: Exception) -> str:
    """Say in words what a file has set off."""
    if isinstance(error, TwinError):
        return str(error)
    return f"{say('The file holds something that this page does not expect:')} {error!r:.300}"


def vet(file: h5py.File) -> None:
    """Look at a file; raises FileProblem when it is none that the pages read."""
    name = Path(file.filename).name
    paths: list[bytes] = []
    quantities = 0

    def see(path: bytes, link: h5py.h5l.LinkInfo) -> str | None:
        nonlocal quantities
        if link.type != h5py.h5l.TYPE_HARD:
            return f"{name} is refused: {text(path)} is a link to another place, which no run file holds"
        quantities += path.partition(b"/")[0].decode("utf-8", "replace") in ROOTS
        if quantities > MOST_TAGS:
            return f"{name} holds more than {MOST_TAGS} quantities: more than can be shown"
        paths.append(path)
        return None  # anything else ends the visit, and is its answer; an error must not leave it

    problem = file.id.links.visit(see, info=True)
    if problem:
        raise FileProblem(problem)
    for path in paths:
        node = h5py.h5o.open(file.id, path)
        if isinstance(node, h5py.h5d.DatasetID):
            _variable(node, f"{name} is refused: {text(path)}")


def text(path: bytes) -> str:
    """A name of a file, short enough to be shown."""
    return path.decode("utf-8", "replace")[:200]


def _variable(node: h5py.h5d.DatasetID, what: str) -> None:
    creation = node.get_create_plist()
    if creation.get_layout() == h5py.h5d.VIRTUAL or creation.get_external_count():
        raise FileProblem(f"{what} keeps its values in another file, which no run does")
    shape = node.shape or ()
    if shape and shape[0] > MOST_ROWS:
        raise FileProblem(f"{what} has {shape[0]} rows: more than can be shown")
    if prod(shape[1:]) > MOST_NUMBERS:
        raise FileProblem(f"{what} has {prod(shape[1:])} numbers at each instant: more than can be shown")
    if node.get_type().get_size() > LONGEST:
        raise FileProblem(f"{what} holds a text that is too long to be shown")
