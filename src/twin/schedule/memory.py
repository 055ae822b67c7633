"""What controllers in Python remember, as arrays of eight-byte words: checkpoints hold nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Protocol

import numpy as np

from twin.quantity import Array

#: What is asked of a controller whose runs can be resumed: all that it is, and to be that again.
Memory = dict[str, Array]


class Remembers(Protocol):
    """A controller that lives in a simulation."""

    @property
    def name(self) -> str:
        """Its tag."""

    def memory(self) -> Memory:
        """Give all that going on needs, copied."""

    def recall(self, memory: Memory) -> None:
        """Be what it was; instants up to then are replayed afterwards, and must not be lived through again."""


def packed(value: Any) -> Array:
    """Give texts and lists, as JSON, as words."""
    data = json.dumps(value).encode()
    return np.frombuffer(data + b" " * (-len(data) % 8), dtype="<u8").copy()


def unpacked(words: Array) -> Any:
    """Undo :func:`packed`."""
    return json.loads(np.ascontiguousarray(words).tobytes().decode())


def rows_to_arrays(rows: Sequence[Any], names: Sequence[str]) -> Memory:
    """Give fields of rows that hold numbers as one array each; rows are along the first axis."""
    return {name: np.array([getattr(row, name) for row in rows], dtype=float) for name in names}


def arrays_to_rows(kind: type, memory: Memory, count: int, **more: Sequence[Any]) -> list[Any]:
    """Make rows again: numbers are floats or arrays as they were."""
    made = []
    for k in range(count):
        values: dict[str, Any] = {}
        for field in fields(kind):
            if field.name in more:
                values[field.name] = more[field.name][k]
            else:
                value = memory[field.name][k]
                values[field.name] = float(value) if np.ndim(value) == 0 else value.copy()
        made.append(kind(**values))
    return made


def under(name: str, memory: Memory) -> Memory:
    """Put a name before all keys."""
    return {f"{name}/{key}": value for key, value in memory.items()}


def of(name: str, state: Mapping[str, Array]) -> Memory:
    """Take what stands under a name."""
    return {key[len(name) + 1 :]: value for key, value in state.items() if key.startswith(f"{name}/")}
