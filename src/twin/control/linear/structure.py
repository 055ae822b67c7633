"""What a linear system is made of: poles, zeros, what inputs move and outputs see, and its reduction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twin.control.linear.needs import library
from twin.control.linear.system import Linear, Singular
from twin.quantity import Array
from twin.steady.stability import strong_blocks

#: Poles with a real part above this [1/s] are kept as they are by the reduction: they do not decay.
KEPT = -1e-9
#: A pole as small as this [1/s], a time constant of three years, is an integrator.
NEUTRAL = 1e-8
#: Largest system whose Gramians are formed.
LARGEST = 3000


def poles(linear: Linear) -> Array:
    """Eigenvalues of A [1/s], slowest to decay first, [n] complex.

    Those of the blocks of states that act on one another in both directions, which are exact for a row of tanks.
    """
    scaled = linear.scaled()
    rows, columns = scaled.A.nonzero()
    found = [
        np.linalg.eigvals(scaled.A[block][:, block].toarray()) for block in strong_blocks(scaled.order, rows, columns)
    ]
    values = np.concatenate(found) if found else np.zeros(0)
    return values[np.lexsort((values.imag, -values.real))].astype(complex)


def integrates(linear: Linear) -> bool:
    """Whether a pole of the system is zero, to rounding."""
    values = poles(linear.part())
    return bool(np.any(np.abs(values) < NEUTRAL)) if len(values) else False


def zeros(linear: Linear) -> Array:
    """Finite transmission zeros [1/s] of a system with as many outputs as inputs, by the QZ method.

    Of what lies between inputs and outputs. Those so far away that rounding makes them are left out: a zero
    beyond a million times the fastest pole.
    """
    if len(linear.inputs) != len(linear.outputs):
        raise Singular(f"zeros need as many outputs as inputs, not {len(linear.outputs)} and {len(linear.inputs)}")
    small = linear.part().scaled()
    n, m = small.order, len(linear.inputs)
    B = small.B / np.maximum(np.abs(small.B).max(axis=0, initial=0.0), 1e-300)
    size = np.maximum(np.abs(small.C).max(axis=1, initial=0.0), 1e-300)
    D = small.D / np.maximum(np.abs(small.B).max(axis=0, initial=0.0), 1e-300) / size[:, None]
    left = np.block([[small.A.toarray(), B], [small.C / size[:, None], D]])
    right = np.zeros((n + m, n + m))
    right[:n, :n] = np.eye(n)
    values = library("scipy.linalg").eigvals(left, right)
    fastest = np.abs(poles(small)).max(initial=0.0)
    values = values[np.isfinite(values) & (np.abs(values) < 1e6 * fastest)]
    return values[np.lexsort((values.imag, -values.real))]


@dataclass(frozen=True)
class Reach:
    """What inputs reach and outputs see.

    Attributes
    ----------
    reached, seen, both : int
        States by what depends on what: that some input reaches, that some output sees, and both.
    hankel : array
        Hankel singular values of what decays, inputs and outputs measured by their sizes, largest first.
    neutral : int
        Poles between inputs and outputs that do not decay.
    """

    reached: int
    seen: int
    both: int
    hankel: Array
    neutral: int


@dataclass(frozen=True)
class _Split:
    """T⁻¹AT = diag(stays, decays), of the scaled system between inputs and outputs."""

    stays: tuple[Array, Array, Array]  #: A, B, C
    decays: tuple[Array, Array, Array]


def reach(linear: Linear) -> Reach:
    """Say which states inputs reach and outputs see, and how strongly."""
    reached, seen = linear.connected()
    split = _split(_weighed(linear))
    hankel = _hankel(*split.decays)[0]
    return Reach(int(reached.sum()), int(seen.sum()), int((reached & seen).sum()), hankel, len(split.stays[0]))


def reduced(linear: Linear, order: int) -> tuple[Linear, float]:
    """Reduce by balanced truncation, with the steady gain kept (singular perturbation).

    Poles that do not decay are kept as they are, within `order`.

    Returns
    -------
    Linear
        With states that have no names.
    float
        Bound of the error of the frequency response, twice the sum of the Hankel singular values left out, with
        inputs and outputs measured by their sizes.

    References: Moore, IEEE Trans. Autom. Control 26 (1981) 17, doi:10.1109/TAC.1981.1102568; Liu & Anderson,
    Int. J. Control 50 (1989) 1379, doi:10.1080/00207178908953437.
    """
    split = _split(_weighed(linear))
    (A1, B1, C1), (A2, B2, C2) = split.stays, split.decays
    if not len(A1) <= order:
        raise Singular(f"{len(A1)} poles do not decay: they cannot be reduced to {order} states")
    k = min(order - len(A1), len(A2))
    hankel, R, L = _hankel(A2, B2, C2)
    k = min(k, int(np.sum(hankel > 1e-14 * hankel.max(initial=0.0))))
    full = int(np.sum(hankel > 1e-14 * hankel.max(initial=0.0)))
    # balanced coordinates of all that counts, then the fast ones at rest
    U, s, Vt = np.linalg.svd(L.T @ R)
    T, W = R @ Vt[:full].T / np.sqrt(s[:full]), L @ U[:, :full] / np.sqrt(s[:full])
    A, B, C = W.T @ A2 @ T, W.T @ B2, C2 @ T
    D = linear.D / _size(linear.y_0, linear.output_units)[:, None] * _size(linear.u_0, linear.input_units)
    fast = np.linalg.solve(A[k:, k:], np.hstack([A[k:, :k], B[k:]])) if k < full else np.zeros((0, k + B.shape[1]))
    D = D - C[:, k:] @ fast[:, k:]
    A, B, C = A[:k, :k] - A[:k, k:] @ fast[:, :k], B[:k] - A[:k, k:] @ fast[:, k:], C[:, :k] - C[:, k:] @ fast[:, :k]
    n = len(A1) + k
    whole = np.zeros((n, n))
    whole[: len(A1), : len(A1)], whole[len(A1) :, len(A1) :] = A1, A
    u, y = _size(linear.u_0, linear.input_units), _size(linear.y_0, linear.output_units)
    small = replace(
        linear,
        A=library("scipy.sparse").csr_array(whole),
        B=np.vstack([B1, B]) / u,
        C=np.hstack([C1, C]) * y[:, None],
        D=D * y[:, None] / u,
        states=tuple(f"z[{i}]" for i in range(n)),
        state_units=("1",) * n,
        x_0=np.zeros(n),
        scale=np.ones(n),
        rates=np.zeros(n),
        title=f"{linear.title}, reduced to {n} of {linear.order} states",
    )
    return small, float(2.0 * hankel[k:].sum())


def _size(values: Array, units: tuple[str, ...]) -> Array:
    """Sizes of signals: ten kelvins, else a tenth of the value, or 1 where it is zero."""
    return np.array([10.0 if unit == "K" else 0.1 * abs(v) or 1.0 for v, unit in zip(values, units, strict=True)])


def _weighed(linear: Linear) -> Linear:
    """The scaled system between inputs and outputs, those measured by their sizes."""
    small = linear.part().scaled()
    u, y = _size(linear.u_0, linear.input_units), _size(linear.y_0, linear.output_units)
    return replace(small, B=small.B * u, C=small.C / y[:, None])


def _split(small: Linear) -> _Split:
    """Part what does not decay from what does: ordered Schur form, then Sylvester's equation."""
    la = library("scipy.linalg")
    n = small.order
    if n > LARGEST:
        raise Singular(f"{n} states lie between these inputs and outputs; Gramians are formed of {LARGEST} at most")
    A, B, C = small.A.toarray(), small.B, small.C
    if n == 0:
        return _Split((A, B, C), (A, B, C))
    S, Z, stays = la.schur(A, output="real", sort=lambda re, im: re > KEPT)
    X = la.solve_sylvester(S[:stays, :stays], -S[stays:, stays:], -S[:stays, stays:]) if 0 < stays < n else None
    B, C = Z.T @ B, C @ Z
    if X is not None:
        B = np.vstack([B[:stays] - X @ B[stays:], B[stays:]])
        C = np.hstack([C[:, :stays], C[:, stays:] + C[:, :stays] @ X])
    one, two = slice(0, stays), slice(stays, n)
    return _Split((S[one, one], B[one], C[:, one]), (S[two, two], B[two], C[:, two]))


def _hankel(A: Array, B: Array, C: Array) -> tuple[Array, Array, Array]:
    """Hankel singular values, and factors R Rᵀ, L Lᵀ of the Gramians."""
    la = library("scipy.linalg")
    if len(A) == 0:
        return np.zeros(0), A, A
    R = _factor(la.solve_continuous_lyapunov(A, -B @ B.T))
    L = _factor(la.solve_continuous_lyapunov(A.T, -C.T @ C))
    return np.linalg.svd(L.T @ R, compute_uv=False), R, L


def _factor(gramian: Array) -> Array:
    """Square root of a Gramian; rounding below zero is zero."""
    values, vectors = np.linalg.eigh(0.5 * (gramian + gramian.T))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
