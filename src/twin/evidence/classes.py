"""Classes of data: each item of a run has one, and an export holds what its receiver may see; what has none stays.

A file says which classes there are, from the most open on, and which variables, groups and attributes are of which:

    classes: [public, partner, secret]
    items:
      /time: public
      /units/press/*: partner            # * stands for anything, / included
      /units/press/measurements/api_content: secret

Where several patterns meet, the strictest class counts. A group's class is that of its attributes, not of its items.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.config.document import Problems, closest
from twin.config.reading import read_file
from twin.errors import TwinError
from twin.results.content import HASH, content_hash
from twin.results.files import file_errors, partial_path, publish
from twin.results.netcdf import LIBVER, TEXT, set_texts

KIND = "export"
#: Attributes that speak of how a file is laid out, and are made anew.
_LAYOUT = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates", HASH}


class ClassProblem(TwinError):
    """An export that would be empty, or a class that does not exist."""

    exit_code = 2


@dataclass(frozen=True)
class Classes:
    """Classes from the most open to the strictest, and patterns of paths with their class."""

    names: tuple[str, ...]
    items: tuple[tuple[str, str], ...]
    text: str

    def of(self, path: str) -> str | None:
        """Class of an item; None where nothing classifies it."""
        found = [self.names.index(name) for pattern, name in self.items if fnmatch.fnmatchcase(path, pattern)]
        return self.names[max(found)] if found else None

    def may(self, path: str, up_to: str) -> bool:
        """Whether an item may be seen by who may see a class: what has no class may not."""
        own = self.of(path)
        return own is not None and self.names.index(own) <= self.names.index(up_to)


def read_classes(path: Path) -> Classes:
    """Read a file of classes.

    Raises
    ------
    ConfigError
        For keys that do not exist, and classes that are not listed.
    """
    problems = Problems()
    root = read_file(path, str(path), problems)
    problems.known_keys(root, ("classes", "items"), "unknown key", "A file of classes")
    listed, items = root.get("classes"), root.get("items")
    names = [problems.string(n, "not a name") for n in problems.sequence(listed or root, "classes", "[public, secret]")]
    rows = []
    for key, node in problems.mapping(items, "items", "{/time: public}") if items is not None else []:
        name = problems.string(node, "not a class")
        if name not in names:
            problems.add(node, "unknown class", f"There is no class '{name}'.{closest(name, names)}")
        rows.append((key.text, name))
    if len(set(names)) != len(names) or not names:
        problems.add(listed or root, "classes", "Give each class once, the most open first.")
    problems.stop()
    return Classes(tuple(names), tuple(rows), root.source.text)


def export(path: Path, classes: Classes, up_to: str, out: Path) -> tuple[Path, list[str], list[str]]:
    """Write a copy of a file that holds only what may be seen.

    Parameters
    ----------
    path : Path
        A run, study or trace.
    classes : Classes
    up_to : str
        The strictest class that goes out.
    out : Path
        The file to write, which must not exist.

    Returns
    -------
    Path, list of str, list of str
        The file, what is in it, and what stayed because it has no class.

    Raises
    ------
    ClassProblem
        When there is no such class, or nothing may go out.
    """
    if up_to not in classes.names:
        raise ClassProblem(f"there is no class '{up_to}'.{closest(up_to, classes.names)}")
    partial, given, bare = partial_path(out), [], []
    with file_errors(path), h5py.File(path, "r") as old:
        chosen = {name: node for name, node in _items(old) if classes.may(name, up_to)}
        bare = [name for name, _ in _items(old) if classes.of(name) is None]
        if not any(isinstance(node, h5py.Dataset) for node in chosen.values()):
            raise ClassProblem(f"nothing in {path} may be seen as {up_to}: what has no class stays")
        with file_errors(partial), h5py.File(partial, "x", libver=LIBVER) as new:
            for name, node in chosen.items():
                _copy(name, node, new)
                given.append(name)
            about = {
                "kind": KIND,
                "exported_from": str(old.attrs.get(HASH, "")),
                "exported_up_to": up_to,
                "classes_hash": f"sha256:{hashlib.sha256(classes.text.encode()).hexdigest()}",
            }
            set_texts(new, about)
            new.attrs[HASH] = content_hash(new)
    publish(partial, out)
    return out, given, bare


def _items(file: h5py.File) -> Iterator[tuple[str, Any]]:
    """Groups that have attributes of their own, and variables; links are not followed."""
    found: list[tuple[str, Any]] = [("/", file)]

    def visit(name: str, node: Any) -> None:
        found.append((f"/{name}", node))

    file.visititems(visit)
    for name, node in found:
        if isinstance(node, h5py.Dataset) or any(key not in _LAYOUT for key in node.attrs):
            yield name, node


def _copy(name: str, node: Any, new: h5py.File) -> None:
    """Copy values and attributes; nothing is compressed, so that what is in the file can be searched for."""
    if isinstance(node, h5py.Dataset):
        text = h5py.check_string_dtype(node.dtype) is not None
        made: Any = new.create_dataset(name, data=node[()], dtype=TEXT if text else node.dtype)
    else:
        made = new.require_group(name)
    for key in node.attrs:
        if key not in _LAYOUT:
            value = node.attrs[key]
            if isinstance(value, str):
                set_texts(made, {key: value})
            else:
                made.attrs[key] = np.asarray(value)
