"""Whether a steady state is stable: the leading eigenvalues of its Jacobian, and which states move with each.

The matrix falls into blocks of states that act on one another in both directions (its strongly connected
components); its eigenvalues are those of the blocks. A row of tanks, each a block of its own, so has the
exact eigenvalues that a dense solver would blur: its matrix is as far from normal as a matrix can be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.quantity import Array
from twin.steady.view import View

#: Blocks above this size are searched for eigenvalues near zero only (Arnoldi's method).
DENSE = 2000
#: Vectors of the Arnoldi iteration, and where it looks from [1/s]: slower than plants are, and no eigenvalue of one.
KRYLOV, SHIFT = 80, 1e-6
#: An eigenvalue this small beside the block's largest is rounding: the mode neither grows nor decays.
ROUNDING = 1e-12
#: A mode slower than this [1/s], 30 years, is neutral for any plant.
SLOWEST = 1e-9
#: Names told for a mode.
NAMES = 3


@dataclass(frozen=True)
class Mode:
    """An eigenvalue [1/s] (of a pair, the one that turns forward) and the fields of states that move most with it."""

    value: complex
    states: tuple[tuple[str, float], ...]  #: (field, its part of the mode)
    size: int  #: states of its block

    @property
    def time_constant(self) -> float:
        """Time in s in which the mode grows or decays by a factor e; infinite for one that does neither."""
        return 1.0 / abs(self.value.real) if abs(self.value.real) > SLOWEST else float("inf")

    @property
    def kind(self) -> str:
        """Say whether it grows."""
        if abs(self.value.real) <= SLOWEST:
            return "neutral"
        return "grows" if self.value.real > 0.0 else "decays"


@dataclass(frozen=True)
class Stability:
    """The leading modes, slowest to decay first."""

    modes: tuple[Mode, ...]
    n_states: int
    complete: bool  #: whether all eigenvalues were found, so that `stable` is certain

    @property
    def stable(self) -> bool:
        """Whether no mode grows."""
        return not any(mode.kind == "grows" for mode in self.modes)

    @property
    def neutral(self) -> bool:
        """Whether a mode neither grows nor decays: one of a family of steady states."""
        return any(mode.kind == "neutral" for mode in self.modes)


def stability(view: View, y: Array, scale: Array, count: int = 6) -> Stability:
    """Find the leading eigenvalues at y; `view` has the held states fixed.

    Parameters
    ----------
    scale : array [n_y]
        Sizes of the states, which decide what moves most.
    count : int
        Modes to give; those that grow are given all.
    """
    view.linearise(y)
    rows, columns, values = view.matrix()
    free = np.flatnonzero(~view.fixed)
    number = np.full(len(view.fixed), -1)
    number[free] = np.arange(len(free))
    inside = (number[rows] >= 0) & (number[columns] >= 0)
    rows, columns, values = number[rows[inside]], number[columns[inside]], values[inside]
    values = values * scale[free][columns] / scale[free][rows]
    blocks = strong_blocks(len(free), rows, columns)
    parts = _split(len(free), blocks, rows, columns, values)
    found: list[tuple[complex, int, Array | None]] = []
    for k, members in enumerate(blocks):
        if len(members) <= DENSE:
            found += [(value, k, None) for value in _eigenvalues(_filled(len(members), parts[k]))]
        else:
            near = _near_zero(view, free[members], scale[free[members]], count)
            found += [(value, k, vector) for value, vector in near]
    found.sort(key=lambda item: (-item[0].real, abs(item[0].imag)))
    growing = sum(value.real > SLOWEST for value, _, _ in found)
    modes = []
    for value, k, vector in found[: max(count, growing)]:
        moving = _vector(_filled(len(blocks[k]), parts[k]), value) if vector is None else vector
        modes.append(Mode(value, _names(view, free[blocks[k]], moving), len(blocks[k])))
    return Stability(tuple(modes), len(free), max(map(len, blocks), default=0) <= DENSE)


#: Rows, columns and values of a block, numbered within it.
Triplets = tuple[Array, Array, Array]


def _split(n: int, blocks: list[Array], rows: Array, columns: Array, values: Array) -> list[Triplets]:
    """Entries of each block."""
    block_of, local = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for k, members in enumerate(blocks):
        block_of[members] = k
        local[members] = np.arange(len(members))
    within = np.flatnonzero(block_of[rows] == block_of[columns])
    within = within[np.argsort(block_of[rows[within]], kind="stable")]
    ends = np.searchsorted(block_of[rows[within]], np.arange(len(blocks) + 1))
    chosen = [within[ends[k] : ends[k + 1]] for k in range(len(blocks))]
    return [(local[rows[e]], local[columns[e]], values[e]) for e in chosen]


def _filled(n: int, part: Triplets) -> Array:
    matrix = np.zeros((n, n))
    matrix[part[0], part[1]] = part[2]
    return matrix


def _eigenvalues(matrix: Array) -> list[complex]:
    """Eigenvalues of a block, of a pair the one that turns forward; what is rounding is zero."""
    if len(matrix) == 1:
        return [complex(matrix[0, 0])]
    values = np.linalg.eigvals(matrix).astype(complex)
    values[np.abs(values) < ROUNDING * np.abs(values).max(initial=0.0)] = 0.0
    return [complex(value) for value in values[values.imag >= 0.0]]


def _vector(matrix: Array, value: complex) -> Array:
    """Right eigenvector by two inverse iterations, its largest element 1."""
    n = len(matrix)
    if n == 1:
        return np.ones(1)
    near = value + (1e-10 * max(abs(value), 1e-12 * float(np.abs(matrix).max())))
    shifted = matrix - near * np.eye(n)
    vector = np.ones(n, dtype=complex) + 0.1 * np.random.default_rng(0).random(n)
    for _ in range(2):
        vector = np.linalg.solve(shifted, vector)
        vector = vector / vector[np.argmax(np.abs(vector))]
    return np.abs(vector)


def _near_zero(view: View, places: Array, size: Array, count: int) -> list[tuple[complex, Array]]:
    """Eigenvalues of a large block near zero, by Arnoldi's method on the inverse of σ − J.

    The block of that inverse is the inverse of the block, since blocks follow one another.
    """
    if not view.factorise(SHIFT):
        return []
    whole = np.zeros(len(view.fixed))

    def apply(part: Array) -> Array:
        whole[places] = part * size
        found: Array = view.solve(whole)[places] / size
        return found

    inverted, vectors = arnoldi(apply, len(places), KRYLOV)
    value = SHIFT - 1.0 / inverted
    forward = np.flatnonzero(value.imag >= 0.0)
    order = forward[np.argsort(-np.abs(inverted[forward]))][: 2 * count]
    return [(complex(value[i]), np.abs(vectors[:, i])) for i in order]


def arnoldi(apply: Callable[[Array], Array], n: int, size: int) -> tuple[Array, Array]:
    """Give Ritz values and vectors of a real operator from a Krylov space of `size`."""
    size = min(size, n)
    basis, hessenberg = np.zeros((n, size + 1)), np.zeros((size + 1, size))
    start = np.random.default_rng(0).standard_normal(n)
    basis[:, 0] = start / np.linalg.norm(start)
    for k in range(size):
        new = apply(basis[:, k])
        for _ in range(2):  # twice is enough: the second takes off what rounding left
            part = basis[:, : k + 1].T @ new
            new = new - basis[:, : k + 1] @ part
            hessenberg[: k + 1, k] += part
        hessenberg[k + 1, k] = np.linalg.norm(new)
        if not hessenberg[k + 1, k] > 1e-14 * np.abs(hessenberg[: k + 1, k]).max():
            size = k + 1
            break
        basis[:, k + 1] = new / hessenberg[k + 1, k]
    values, vectors = np.linalg.eig(hessenberg[:size, :size])
    return values, basis[:, :size] @ vectors


def _names(view: View, places: Array, vector: Array) -> tuple[tuple[str, float], ...]:
    """Fields of the states that move most, with their parts of the mode."""
    weight = np.abs(vector) ** 2
    weight = weight / weight.sum()
    parts: dict[str, float] = {}
    for place, part in zip(places.tolist(), weight.tolist(), strict=True):
        name = view.plant.label(place).partition("[")[0]
        parts[name] = parts.get(name, 0.0) + part
    leading = sorted(parts.items(), key=lambda item: -item[1])
    return tuple((name, part) for name, part in leading[:NAMES] if part >= 0.01)


def strong_blocks(n: int, rows: Array, columns: Array) -> list[Array]:
    """Strongly connected components of the graph column → row (Tarjan, without recursion)."""
    order = np.argsort(columns, kind="stable")
    target = rows[order].tolist()
    start = np.searchsorted(columns[order], np.arange(n + 1)).tolist()
    index, low = [-1] * n, [0] * n
    on_stack = [False] * n
    stack: list[int] = []
    blocks: list[Array] = []
    counter = 0
    for root in range(n):
        if index[root] >= 0:
            continue
        work = [(root, start[root])]
        index[root] = low[root] = counter
        counter += 1
        stack.append(root)
        on_stack[root] = True
        while work:
            v, e = work[-1]
            if e < start[v + 1]:
                work[-1] = (v, e + 1)
                u = target[e]
                if index[u] < 0:
                    index[u] = low[u] = counter
                    counter += 1
                    stack.append(u)
                    on_stack[u] = True
                    work.append((u, start[u]))
                elif on_stack[u]:
                    low[v] = min(low[v], index[u])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[v])
            if low[v] == index[v]:
                members = []
                while True:
                    u = stack.pop()
                    on_stack[u] = False
                    members.append(u)
                    if u == v:
                        break
                blocks.append(np.array(sorted(members)))
    return blocks
