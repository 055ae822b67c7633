"""Rules of tuning: settings from an identified process, in the standard form u = K (e + ∫e/T_i + T_d de/dt).

References
- SIMC: Skogestad, J. Process Control 13 (2003) 291, doi:10.1016/S0959-1524(02)00062-8
- IMC: Rivera, Morari & Skogestad, Ind. Eng. Chem. Process Des. Dev. 25 (1986) 252, doi:10.1021/i200032a041
- Ziegler & Nichols, Trans. ASME 64 (1942) 759
- Cohen & Coon, Trans. ASME 75 (1953) 827
- AMIGO: Åström & Hägglund, J. Process Control 14 (2004) 635, doi:10.1016/j.jprocont.2004.01.002
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twin.control.tuning.process import INTEGRATOR, SECOND, Process
from twin.errors import TwinError


class NoRule(TwinError):
    """A rule that has no answer for a process."""

    exit_code = 2


@dataclass(frozen=True)
class Settings:
    """Gain, integral and derivative time [s] of the standard form."""

    K: float
    T_i: float
    T_d: float = 0.0


@dataclass(frozen=True)
class Ultimate:
    """What a relay experiment tells: gain and period [s] at which a proportional loop just oscillates."""

    K_u: float
    P_u: float


def simc(process: Process, tau_c: float | None = None, derivative: bool = False) -> Settings:
    """SIMC; `tau_c` is the closed loop's time constant, the delay unless given."""
    if process.order == SECOND and derivative:
        theta = _delay(process)
        c = theta if tau_c is None else tau_c
        K_c, T_1 = process.T / (process.K * (c + theta)), min(process.T, 4.0 * (c + theta))
        # from the series form, in which the rule is given
        factor = 1.0 + process.T_2 / T_1
        return Settings(K_c * factor, T_1 * factor, process.T_2 / factor)
    one = process.first_order()
    theta = _delay(one)
    c = theta if tau_c is None else tau_c
    if one.order == INTEGRATOR:
        return Settings(1.0 / (one.K * (c + theta)), 4.0 * (c + theta))
    return Settings(one.T / (one.K * (c + theta)), min(one.T, 4.0 * (c + theta)))


def imc(process: Process, derivative: bool = False) -> Settings:
    """IMC (Rivera), its filter 1.7 θ for PI and 0.8 θ for PID, and a tenth of T at least."""
    one = _first(process, "IMC")
    theta = _delay(one)
    if derivative:
        c = max(0.8 * theta, 0.1 * one.T)
        T_i = one.T + 0.5 * theta
        return Settings(T_i / (one.K * (c + 0.5 * theta)), T_i, one.T * theta / (2.0 * one.T + theta))
    c = max(1.7 * theta, 0.1 * one.T)
    T_i = one.T + 0.5 * theta
    return Settings(T_i / (one.K * c), T_i)


def ziegler_nichols(process: Process, derivative: bool = False) -> Settings:
    """Ziegler and Nichols' rule from the reaction curve."""
    one = process.first_order()
    theta = _delay(one)
    slope = one.K if one.order == INTEGRATOR else one.K / one.T
    if derivative:
        return Settings(1.2 / (slope * theta), 2.0 * theta, 0.5 * theta)
    return Settings(0.9 / (slope * theta), theta / 0.3)


def ziegler_nichols_relay(ultimate: Ultimate, derivative: bool = False) -> Settings:
    """Ziegler and Nichols' rule from the limit of stability."""
    if derivative:
        return Settings(0.6 * ultimate.K_u, 0.5 * ultimate.P_u, 0.125 * ultimate.P_u)
    return Settings(0.45 * ultimate.K_u, ultimate.P_u / 1.2)


def cohen_coon(process: Process, derivative: bool = False) -> Settings:
    """Cohen and Coon's rule."""
    one = _first(process, "Cohen and Coon's rule")
    theta = _delay(one)
    r = theta / one.T
    if derivative:
        K = (4.0 / 3.0 + r / 4.0) / (one.K * r)
        return Settings(K, theta * (32.0 + 6.0 * r) / (13.0 + 8.0 * r), theta * 4.0 / (11.0 + 2.0 * r))
    return Settings((0.9 + r / 12.0) / (one.K * r), theta * (30.0 + 3.0 * r) / (9.0 + 20.0 * r))


def amigo(process: Process, derivative: bool = False) -> Settings:
    """AMIGO of Åström and Hägglund."""
    one = process.first_order()
    theta = _delay(one)
    if one.order == INTEGRATOR:
        if derivative:
            return Settings(0.45 / (one.K * theta), 8.0 * theta, 0.5 * theta)
        return Settings(0.35 / (one.K * theta), 13.4 * theta)
    T, K = one.T, one.K
    if derivative:
        return Settings(
            (0.2 + 0.45 * T / theta) / K,
            theta * (0.4 * theta + 0.8 * T) / (theta + 0.1 * T),
            0.5 * theta * T / (0.3 * theta + T),
        )
    return Settings(
        (0.15 + (0.35 - theta * T / (theta + T) ** 2) * T / theta) / K,
        0.35 * theta + 13.0 * theta * T**2 / (T**2 + 12.0 * theta * T + 7.0 * theta**2),
    )


#: Rules that take a process, by the names of the command line.
RULES: dict[str, Callable[..., Settings]] = {
    "simc": simc,
    "imc": imc,
    "zn": ziegler_nichols,
    "cohen-coon": cohen_coon,
    "amigo": amigo,
}


def _first(process: Process, rule: str) -> Process:
    one = process.first_order()
    if one.order == INTEGRATOR:
        raise NoRule(f"{rule} has no answer for an integrating process")
    return one


def _delay(process: Process) -> float:
    """The delay, without which no rule of these bounds the gain."""
    if not process.theta > 0.0:
        raise NoRule("the process shows no delay, so that these rules give no bound of the gain")
    return process.theta
