"""How a linear system answers: steady gain, frequency response, step response, stability margins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.control.linear.needs import library
from twin.control.linear.structure import integrates
from twin.control.linear.system import Linear, Singular
from twin.quantity import Array

#: Gives the response at angular frequencies [1/s].
Response = Callable[[Array], Array]

#: Systems of up to so many states are factorised as full matrices.
DENSE = 500


def frequency_response(linear: Linear, omega: Array) -> Array:
    """G(jω) = C (jω − A)⁻¹ B + D for each ω [1/s], array [len(omega), outputs, inputs] of complex.

    By factors of the whole system, sparse ones of a large one: nothing is reduced or rounded away.
    """
    sparse, solver = library("scipy.sparse"), library("scipy.sparse.linalg")
    small = linear.part().scaled()
    found = np.empty((len(omega), *linear.D.shape), dtype=complex)
    one = sparse.eye_array(small.order, format="csc")
    dense = small.A.toarray() if small.order <= DENSE else None
    for k, w in enumerate(np.asarray(omega, dtype=float).tolist()):
        if dense is not None:
            try:
                found[k] = small.C @ np.linalg.solve(1j * w * np.eye(small.order) - dense, small.B) + small.D
            except np.linalg.LinAlgError:
                raise Singular(f"{linear.title}: the response at {w:g} rad/s is not finite") from None
        elif small.order:
            try:
                x = solver.splu((1j * w * one - small.A).tocsc()).solve(small.B.astype(complex))
            except RuntimeError:
                raise Singular(f"{linear.title}: the response at {w:g} rad/s is not finite") from None
            found[k] = small.C @ x + small.D
    return found


def steady_gain(linear: Linear) -> Array:
    """G(0), array [outputs, inputs], in units of the outputs by those of the inputs; infinite where one integrates."""
    if not integrates(linear):
        return frequency_response(linear, np.zeros(1))[0].real
    gain = np.full(linear.D.shape, np.inf)
    for o in range(len(linear.outputs)):
        for i in range(len(linear.inputs)):
            one = linear.part([i], [o])
            if not integrates(one):
                gain[o, i] = frequency_response(one, np.zeros(1))[0, 0, 0].real
    return gain


def relative_gains(linear: Linear, omega: float = 0.0) -> Array:
    """Relative gain array G ∘ (G⁻¹)ᵀ, array [outputs, inputs], of as many outputs as inputs.

    At ω above zero, its real part. Bristol, IEEE Trans. Autom. Control 11 (1966) 133,
    doi:10.1109/TAC.1966.1098266.
    """
    if len(linear.inputs) != len(linear.outputs):
        raise Singular(
            f"relative gains need as many outputs as inputs, not {len(linear.outputs)} and {len(linear.inputs)}"
        )
    G = steady_gain(linear) if omega == 0.0 else frequency_response(linear, np.array([omega]))[0]
    if not np.all(np.isfinite(G)):
        raise Singular("an output integrates an input: relative gains are those of a frequency above zero")
    rows, columns = np.abs(G).max(axis=1), np.abs(G).max(axis=0)
    if not (rows > 0.0).all() or not (columns > 0.0).all():
        raise Singular("an input moves none of these outputs, or an output is moved by no input: no relative gains")
    balanced = G / rows[:, None]  # relative gains do not depend on units; digits do
    if np.linalg.cond(balanced) > 1e14:
        raise Singular("these outputs do not move independently of each other: there are no relative gains")
    gains: Array = np.real(balanced * np.linalg.inv(balanced).T)
    return gains


def step_response(linear: Linear, times: Array) -> Array:
    """Outputs after a step of 1 in each input, array [len(times), outputs, inputs], exact at equal spacing."""
    small = linear.part().scaled()
    n, m = small.order, len(linear.inputs)
    dt = float(times[1] - times[0])
    if not np.allclose(np.diff(times), dt, rtol=1e-9) or times[0] != 0.0:
        raise ValueError("times begin at zero and are equally spaced")
    whole = np.zeros((n + m, n + m))
    whole[:n, :n], whole[:n, n:] = small.A.toarray() * dt, small.B * dt
    advance = library("scipy.linalg").expm(whole)
    x = np.zeros((n, m))
    found = np.empty((len(times), *linear.D.shape))
    for k in range(len(times)):
        found[k] = small.C @ x + small.D
        x = advance[:n, :n] @ x + advance[:n, n:]
    return found


@dataclass(frozen=True)
class Margins:
    """How far a loop is from its limit of stability.

    Attributes
    ----------
    gain : float
        Least factor above 1 on the gain that makes it oscillate; infinite where none does.
    phase : float
        Least lag in degrees that makes it oscillate; infinite where the gain is nowhere 1.
    delay : float
        Least further delay in s that does.
    Ms : float
        Largest sensitivity |1/(1 + L)|.
    omega_gain, omega_phase, omega_s : float
        Where, in 1/s; not a number where nowhere.
    stable : bool
        Whether the closed loop is stable, by Nyquist's count.
    """

    gain: float
    phase: float
    delay: float
    Ms: float
    omega_gain: float
    omega_phase: float
    omega_s: float
    stable: bool


def margins(L: Response, omega: Array, unstable: int = 0, points: int = 40) -> Margins:
    """Find the margins of a loop.

    Parameters
    ----------
    L : callable
        Response of the open loop, measurement times controller, negative feedback; [n] complex.
    omega : array
        Frequencies that span it, rising; crossings between two of them are found to rounding.
    unstable : int
        Poles of L with positive real part.
    points : int
        Bisections of a crossing.
    """
    value = L(omega)
    gain, omega_gain = np.inf, np.nan
    # where L crosses the negative real axis left of zero
    for k in np.flatnonzero(np.signbit(value.imag[1:]) != np.signbit(value.imag[:-1])).tolist():
        if min(value.real[k], value.real[k + 1]) < 0.0:
            w = _root(lambda at: float(L(np.array([at]))[0].imag), omega[k], omega[k + 1], points)
            there = L(np.array([w]))[0].real
            if there < 0.0 and 1.0 < -1.0 / there < gain:
                gain, omega_gain = float(-1.0 / there), w
    phase, delay, omega_phase = np.inf, np.inf, np.nan
    size = np.log(np.abs(value))
    for k in np.flatnonzero(np.signbit(size[1:]) != np.signbit(size[:-1])).tolist():
        w = _root(lambda at: float(np.log(np.abs(L(np.array([at]))[0]))), omega[k], omega[k + 1], points)
        left = float(np.degrees(np.angle(-L(np.array([w]))[0])))
        delay = min(delay, float(np.radians(left % 360.0)) / w)
        if abs(left) < phase:
            phase, omega_phase = abs(left), w
    Ms, omega_s = _peak(lambda at: 1.0 / np.abs(1.0 + L(at)), omega)
    # Nyquist: 1 + L turns by half a turn for each unstable pole, and by a quarter for each integrator, whose arc at
    # infinity is not on the grid
    around = np.unwrap(np.angle(1.0 + value))
    integrators = round(-float(np.log(np.abs(value[1] / value[0])) / np.log(omega[1] / omega[0])))
    turned = float(around[-1] - np.angle(1.0 + value[-1]) - around[0]) / np.pi
    stable = abs(turned - unstable - 0.5 * integrators) < 0.25
    return Margins(gain, phase, delay, Ms, omega_gain, omega_phase, omega_s, stable)


def _root(f: Callable[[float], float], low: float, high: float, count: int) -> float:
    """Bisection in the logarithm."""
    a, b = np.log(low), np.log(high)
    at_a = f(float(np.exp(a)))
    for _ in range(count):
        middle = 0.5 * (a + b)
        there = f(float(np.exp(middle)))
        if np.signbit(there) == np.signbit(at_a):
            a, at_a = middle, there
        else:
            b = middle
    return float(np.exp(0.5 * (a + b)))


def _peak(f: Response, omega: Array) -> tuple[float, float]:
    """Largest value, refined between the neighbours of the largest on the grid by golden section."""
    value = f(omega)
    k = int(np.argmax(value))
    a, b = np.log(omega[max(k - 1, 0)]), np.log(omega[min(k + 1, len(omega) - 1)])
    golden = 0.5 * (np.sqrt(5.0) - 1.0)
    for _ in range(40):
        left, right = b - golden * (b - a), a + golden * (b - a)
        low, high = f(np.exp(np.array([left, right])))
        a, b = (a, right) if low > high else (left, b)
    w = float(np.exp(0.5 * (a + b)))
    return float(max(f(np.array([w]))[0], value[k])), w
