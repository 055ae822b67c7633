"""What the readers of a plant share: the problems found, the lists and sizes, and the values set from outside."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.config.document import Node, Problems, closest

#: Most elements of one array: 10 components × 5,000 cells is far above any plant.
MOST_ELEMENTS = 1_000_000


@dataclass(frozen=True, eq=False)
class Override:
    """A value given from outside the plant's file: `path` and `value` point to where it was written."""

    path: Node
    value: Node


class Overrides:
    """Values that replace those of the file, by dotted path; the last one of a path wins."""

    def __init__(self, given: list[Override]) -> None:
        self._given = {item.path.text: item for item in given}
        self._used: set[str] = set()

    def take(self, path: str) -> Node | None:
        """Give the value that replaces a whole field, or None."""
        if path not in self._given:
            return None
        self._used.add(path)
        return self._given[path].value

    def elements(self, path: str) -> list[tuple[Node, list[str], Node]]:
        """Give the values that replace elements of an array: (path, names of the element, value)."""
        found = []
        for name, item in self._given.items():
            if name.startswith(path + "."):
                self._used.add(name)
                found.append((item.path, name[len(path) + 1 :].split("."), item.value))
        return found

    def unused(self) -> list[Override]:
        """Give those that no field of the plant has taken."""
        return [item for name, item in self._given.items() if name not in self._used]


@dataclass(eq=False)
class Context:
    """State of reading one plant."""

    problems: Problems
    overrides: Overrides
    fluids: tuple[str, ...] = ()
    solids: tuple[str, ...] = ()
    dims: dict[str, int] = field(default_factory=dict)
    grids: dict[str, object] = field(default_factory=dict)
    components: dict[str, dict[str, float]] = field(default_factory=dict)
    feeds: tuple[str, ...] = ()

    def names(self, dim: str) -> tuple[str, ...]:
        """Give the names of a dimension's places; empty for numbered ones."""
        return {"fluids": self.fluids, "solids": self.solids}.get(dim, ())


def size_of(dim: str, sizes: dict[str, int]) -> int | None:
    """Give the length of a dimension such as `bins`, `cells+1` or `2`; None when nothing sets it."""
    if dim.isdigit():
        return int(dim)
    base, plus, more = dim.partition("+")
    size = sizes.get(base)
    return None if size is None else size + (int(more) if plus else 0)


class PathError(ValueError):
    """A path leads nowhere; the message says where it should have turned."""


def flat_index(
    parts: list[str], dims: tuple[str, ...], shape: tuple[int, ...], names: dict[str, tuple[str, ...]]
) -> int:
    """Find the place of an array's element in its flat, C-ordered form.

    Parameters
    ----------
    parts : list of str
        One component's name or number per dimension.
    dims, shape : tuple
        Names and lengths of the dimensions.
    names : dict
        Names of the places of a dimension, for those that have names.

    Raises
    ------
    PathError
    """
    if len(parts) != len(dims):
        raise PathError(f"needs {len(dims)} name(s) or number(s) ({', '.join(dims)}), not {len(parts)}.")
    index = 0
    for part, dim, size in zip(parts, dims, shape, strict=True):
        known = names.get(dim, ())
        if part in known:
            at = known.index(part)
        elif part.isdecimal() and len(part) < 10 and int(part) < size:
            at = int(part)
        elif known:
            raise PathError(f"has no '{part}' among its {dim}.{closest(part, known)}")
        else:
            raise PathError(f"has no place '{part}' along {dim}: places run from 0 to {size - 1}.")
        index = index * size + at
    return index
