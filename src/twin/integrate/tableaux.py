"""Rosenbrock methods as data. A method is its tableau; the engine in `stepping` is shared.

A stage solves, in the u-form that needs no product with the Jacobian,

    (I/(h gamma) - J) u_i = f(t + c_i h, y + sum_j a_ij u_j) + sum_j (c_ij/h) u_j + h d_i f_t

and, both methods being stiffly accurate, y_new = (argument of the last stage) + u_last, with u_last as
the error estimate of the embedded solution of order 3. Dense output of order 3:

    y(t + th h) = (1 - th) y + th (y_new + (1 - th) (k1 + th k2)),   k_i = sum_j H_ij u_j

References
----------
Steinebach, G.: Order-reduction of ROW-methods for DAEs and method of lines applications.
Preprint 1741, TH Darmstadt, 1995 (Rodas4P).
Steinebach, G.: Improvement of Rosenbrock-Wanner method RODASP, in: Progress in
Differential-Algebraic Equations II, Springer 2020, doi:10.1007/978-3-030-53905-4_6 (Rodas4P2).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from twin.quantity import Array


class Method(NamedTuple):
    """A stiffly accurate Rosenbrock method of s stages."""

    A: Array  #: [s, s] strictly lower: arguments of the stages
    C: Array  #: [s, s] strictly lower: coupling of the stages
    c: Array  #: [s] nodes
    d: Array  #: [s] weights of the time derivative
    H: Array  #: [2, s] dense output
    gamma: Array  #: [1] diagonal
    order: Array  #: [1] order of the error estimate plus one: exponent of the step control
    b: Array  #: [s] weights of the stages where the rates depend on time only
    b_t: Array  #: [1] and of the time derivative


def _lower(rows: list[list[float]]) -> Array:
    matrix = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        matrix[i, : len(row)] = row
    return matrix


def _method(
    A: list[list[float]], C: list[list[float]], c: list[float], d: list[float], H: list[list[float]], gamma: float
) -> Method:
    arguments, coupling, parts = _lower([*A, [*A[-1], 1.0]]), _lower(C), np.array(d)
    last = arguments[-1] + np.eye(len(c))[-1]
    b = gamma * last @ np.linalg.inv(np.eye(len(c)) - gamma * coupling)
    return Method(
        arguments,
        coupling,
        np.array(c),
        parts,
        np.array(H),
        np.array([gamma]),
        np.array([4.0]),
        b,
        np.array([b @ parts]),
    )


@cache
def rodas4p() -> Method:
    """Order 4, stiffly accurate, no order reduction on parabolic problems (Steinebach 1995)."""
    return _method(
        A=[
            [],
            [3.0],
            [1.831036793486759, 0.4955183967433795],
            [2.304376582692669, -0.05249275245743001, -1.176798761832782],
            [-7.170454962423024, -4.741636671481785, -16.31002631330971, -1.062004044111401],
        ],
        C=[
            [],
            [-12.0],
            [-8.791795173947035, -2.207865586973518],
            [10.81793056857153, 6.780270611428266, 19.5348594464241],
            [34.19095006749676, 15.49671153725963, 54.7476087596413, 14.16005392148534],
            [34.62605830930532, 15.30084976114473, 56.99955578662667, 18.40807009793095, -5.714285714285717],
        ],
        c=[0.0, 0.75, 0.21, 0.63, 1.0, 1.0],
        d=[0.25, -0.5, -0.023504, -0.0362, 0.0, 0.0],
        H=[
            [25.09876703708589, 11.62013104361867, 28.49148307714626, -5.664021568594133, 0.0, 0.0],
            [1.638054557396973, -0.7373619806678748, 8.47791821923899, 15.9925314877952, -1.882352941176471, 0.0],
        ],
        gamma=0.25,
    )


@cache
def rodas4p2() -> Method:
    """As Rodas4P, of order 2 still when the Jacobian is only accurate to O(h) (Steinebach 2020)."""
    return _method(
        A=[
            [],
            [3.0],
            [0.906377755268814, -0.189707390391685],
            [3.758617027739064, 1.161741776019525, -0.849258085312803],
            [7.089566927282776, 4.573591406461604, -8.423496976860259, -0.959280113459775],
        ],
        C=[
            [],
            [-12.0],
            [-6.354581592719008, 0.338972550544623],
            [-8.575016317114033, -7.606483992117508, 12.22499765012482],
            [-5.888975457523102, -8.157396617841821, 24.805546872612922, 12.790401512796979],
            [-4.408651676063871, -6.692003137674639, 24.625568527593117, 16.627521966636085, -5.714285714285718],
        ],
        c=[0.0, 0.75, 0.321448134013046, 0.519745732277726, 1.0, 1.0],
        d=[0.25, -0.5, -0.189532918363016, 0.085612108792769, 0.0, 0.0],
        H=[
            [-5.323528268423303, -10.042123754867493, 17.175254928256965, -5.079931171878093, -0.016185991706112, 0.0],
            [6.984505741529879, 6.914061169603662, -0.849178943070653, 18.104410789349338, -3.516963011559032, 0.0],
        ],
        gamma=0.25,
    )


#: Methods by the name given to `--solver`.
METHODS = {"rodas4p": rodas4p, "rodas4p2": rodas4p2}
