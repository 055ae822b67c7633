"""Rosenbrock methods as data. A method is its tableau; the engine in `stepping` is shared.

A stage solves, in the u-form that needs no product with the Jacobian,

    (I/(h gamma) - J) u_i = f(t + c_i h, y + sum_j a_ij u_j) + sum_j (c_ij/h) u_j + h d_i f_t

and, all methods being stiffly accurate, y_new = (argument of the last stage) + u_last, with u_last as
the error estimate of the embedded solution, whose order is one less. So is that of the dense output:

    y(t + th h) = (1 - th) y + th (y_new + (1 - th) (k1 + th (k2 + th k3))),   k_i = sum_j H_ij u_j

where methods of order 4 have no k3.

References
----------
Steinebach, G.: Order-reduction of ROW-methods for DAEs and method of lines applications.
Preprint 1741, TH Darmstadt, 1995 (Rodas4P).
Steinebach, G.: Improvement of Rosenbrock-Wanner method RODASP, in: Progress in
Differential-Algebraic Equations II, Springer 2020, doi:10.1007/978-3-030-53905-4_6 (Rodas4P2).
Steinebach, G.: Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia
Differential Equations package. BIT Numer. Math. 63 (2023) 27, doi:10.1007/s10543-023-00967-x (Rodas5P).
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
    H: Array  #: [2 or 3, s] dense output
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
    A: list[list[float]],
    C: list[list[float]],
    c: list[float],
    d: list[float],
    H: list[list[float]],
    gamma: float,
    order: float = 4.0,
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
        np.array([order]),
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


@cache
def rodas5p() -> Method:
    """Order 5, stiffly accurate, little order reduction on parabolic problems (Steinebach 2023)."""
    last = [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946]
    return _method(
        A=[
            [],
            [3.0],
            [2.849394379747939, 0.45842242204463923],
            [-6.954028509809101, 2.489845061869568, -10.358996098473584],
            [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
            last,
            [*last, 1.0],
        ],
        C=[
            [],
            [-14.155112264123755],
            [-17.97296035885952, -2.859693295451294],
            [147.12150275711716, -1.41221402718213, 71.68940251302358],
            [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
            [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
            [
                30.91273214028599,
                -3.1208243349937974,
                77.79954646070892,
                34.28646028294783,
                -19.097331116725623,
                -28.087943162872662,
            ],
            [
                37.80277123390563,
                -3.2571969029072276,
                112.26918849496327,
                66.9347231244047,
                -40.06618937091002,
                -54.66780262877968,
                -9.48861652309627,
            ],
        ],
        c=[0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0],
        d=[
            0.21193756319429014,
            -0.42387512638858027,
            -0.3384627126235924,
            1.8046452872882734,
            2.325825639765069,
            0.0,
            0.0,
            0.0,
        ],
        H=[
            [
                25.948786856663858,
                -2.5579724845846235,
                10.433815404888879,
                -2.3679251022685204,
                0.524948541321073,
                1.1241088310450404,
                0.4272876194431874,
                -0.17202221070155493,
            ],
            [
                -9.91568850695171,
                -0.9689944594115154,
                3.0438037242978453,
                -24.495224566215796,
                20.176138334709044,
                15.98066361424651,
                -6.789040303419874,
                -6.710236069923372,
            ],
            [
                11.419903575922262,
                2.8879645146136994,
                72.92137995996029,
                80.12511834622643,
                -52.072871366152654,
                -59.78993625266729,
                -0.15582684282751913,
                4.883087185713722,
            ],
        ],
        gamma=0.21193756319429014,
        order=5.0,
    )


#: Methods by the name given to `--solver`.
METHODS = {"rodas4p": rodas4p, "rodas4p2": rodas4p2, "rodas5p": rodas5p}
