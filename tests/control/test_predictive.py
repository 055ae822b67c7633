"""Predictive control: the stepping, the program, what a controller does in a run, and what it does when it cannot."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import minimize
from scipy.sparse import csr_array

from benchmarks.harness import RESULTS
from benchmarks.predictive import PAGE, written_into
from tests.control.loops import HEAD
from twin.again import fork
from twin.config import resolved_yaml
from twin.config.predictive_spec import MeasuredSpec, MovedSpec
from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.config.spec import same
from twin.control.linear.needs import Missing
from twin.control.linear.system import Linear
from twin.control.predictive.controller import controllers_of
from twin.control.predictive.program import NoSolution, Program, instants
from twin.control.predictive.stepping import Stepper
from twin.errors import ConfigError
from twin.results.reader import Run, open_run
from twin.run import run

#: What is moved goes through a controller in manual: the one that stands for a valve's positioner.
SOURCE = (
    "  SOURCE: {model: pid, measurement: PROCESS.lagged, output: PROCESS.measurement, setpoint: 0, K: 1, T_i: 60 s, "
    "low: -10, high: 10, mode: manual, manual: 0.1}\n"
)
PLANT = (
    f"{HEAD}{SOURCE}  PROCESS: {{model: lag, T_lag: 60 s, K: 2}}\n"
    "  OTHER: {model: lag, T_lag: 300 s, measurement: PROCESS.output}\n"
)
CONTROLLER = """\
  MPC-1:
    period: 20 s
    horizon: 10 min
    measurements:
      PROCESS.output: {setpoint: 1, span: 1, SEEN}
      OTHER.output: {high: 0.9, span: 1, LIMITS}
    outputs:
      SOURCE.manual: {low: 0, high: 4, RATE}
    MORE
"""


def text(seen: str = "weight: 1", limits: str = "limits: soft", rate: str = "weight: 0.01", more: str = "") -> str:
    told = CONTROLLER.replace("SEEN", seen).replace("LIMITS", limits).replace("RATE", rate)
    return told.replace("    MORE\n", "".join(f"    {line}\n" for line in more.splitlines()))


def ran(folder: Path, controller: str, events: str = "", duration: str = "30 min") -> Run:
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "s.yaml").write_text(
        f"twin: 1\nplant: plant.yaml\nduration: {duration}\nstart: steady\nrecord: 10 s\n"
        f"solver: {{rtol: 1e-8}}\nevents: [{events}]\n"
        f"predictive:\n{controller}",
        encoding="utf-8",
    )
    out = folder / f"{len(list(folder.glob('*.h5')))}.h5"
    result = run(folder / "s.yaml", out)
    assert result.ok, result.message
    return open_run(out)


def built(controller: str):
    scenario = f"twin: 1\nplant:\n  {PLANT.replace(chr(10), chr(10) + '  ').rstrip()}\nduration: 1 h\npredictive:\n"
    return build_scenario(read_text(scenario + controller, "s"), None, "s")


def system(n: int = 12, seed: int = 3) -> Linear:
    """A stable system that is not at rest, with a fast and a slow end."""
    random = np.random.default_rng(seed)
    A = np.diag(-np.geomspace(0.2, 1e-3, n)) + 1e-3 * random.standard_normal((n, n))
    B, C, D = random.standard_normal((n, 3)), random.standard_normal((2, n)), random.standard_normal((2, 3))
    names, scale = tuple(f"x{k}" for k in range(n)), random.uniform(0.1, 10.0, n)
    io = (("u", "v", "w"), ("y", "z"))
    units = (("1",) * n, ("1",) * 3, ("1",) * 2)
    rates = 0.01 * random.standard_normal(n)
    zero = np.zeros(3)
    return Linear(csr_array(A), B, C, D, names, *io, *units, np.zeros(n), zero, np.array([5.0, 7.0]), scale, rates, "")


def test_periods_are_those_of_the_matrix_exponential() -> None:
    linear = system()
    stepper = Stepper(linear, 20.0, within=16)
    n, u, x = 12, np.array([1.0, -2.0, 0.5]), np.linspace(-1.0, 1.0, 12)
    horizon = stepper.horizon(30)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = linear.A.toarray() * 20.0, (linear.B @ u + linear.rates) * 20.0
    advance, state = expm(whole), np.append(x, 1.0)
    found = horizon.free(x / linear.scale, u)
    stepped = x / linear.scale
    for k in range(30):
        state = advance @ state
        exact = linear.y_0 + linear.C @ state[:n] + linear.D @ u
        # second order: steps of 1.25 s beside time constants from 5 s on
        np.testing.assert_allclose(found[k], exact, rtol=0.0, atol=1e-3 * np.abs(exact).max())
        stepped = stepper.advance(stepped, stepper.B @ u + stepper.rates)
        np.testing.assert_allclose(found[k], stepper.seen(stepped, u), rtol=1e-9)


def test_the_stepping_is_of_second_order() -> None:
    linear = system()
    exact = Stepper(linear, 20.0, within=256).horizon(5).responses
    errors = [np.abs(Stepper(linear, 20.0, within=k).horizon(5).responses - exact).max() for k in (4, 8, 16)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(orders > 1.7), orders


def test_moves_are_planned_ever_further_apart() -> None:
    assert instants(6, 100) == (0, 1, 2, 4, 8, 16)
    assert instants(6, 5) == (0, 1, 2, 4)
    assert instants(1, 100) == (0,)


MEASURED = (
    MeasuredSpec("a.y", "a.y", 1.0, None, None, 1.0, 2.0, False),
    MeasuredSpec("a.z", "a.z", None, None, 0.5, 1.0, 0.5, False),
)
MOVED = (
    MovedSpec("a.u", -1.0, 1.0, 0.01, 0.1, 0.2, 0.05, 2.0, None),
    MovedSpec("a.v", -5.0, 5.0, None, 0.2, None, 0.0, 10.0, None),
)


def program(measured=MEASURED, iterations: int = 100) -> tuple[Program, np.ndarray]:
    random = np.random.default_rng(5)
    responses = np.cumsum(random.uniform(0.0, 0.1, (20, 2, 2)), axis=0)
    free = np.column_stack([np.linspace(0.0, 0.5, 20), np.linspace(0.3, 0.8, 20)])
    return Program(measured, MOVED, responses, instants(4, 20), 10.0, iterations), free


def cost(one: Program, z: np.ndarray, slack: float, free: np.ndarray, now: np.ndarray) -> float:
    """The sentence of the module, term by term, for moves z [blocks, moved] and a slack."""
    y = free + (one.effect @ (z / one.spans).ravel()) * one.scales
    total = float(np.sum(((y[:, 0] - 1.0) / 2.0) ** 2)) + float(np.sum([0.1, 0.2] * (z / one.spans) ** 2))
    u, ends = now + np.cumsum(z, axis=0), [*one.at[1:], one.steps]
    for b, (start, end) in enumerate(zip(one.at, ends, strict=True)):
        total += 0.05 * (end - start) * ((u[b, 0] - 0.2) / 2.0) ** 2
    return total + 1e3 * slack + 1e4 * slack**2


@pytest.mark.parametrize("limit", [0.5, 50.0])
def test_the_program_finds_what_a_general_optimiser_finds(limit: float) -> None:
    """With a limit that is passed, whose price is most of the cost, and with one that is far."""
    one, free = program((MEASURED[0], replace(MEASURED[1], high=limit)))
    now = np.array([0.5, 0.0])
    plan = one.solve(free, now, np.array([1.0, math.nan]))
    again = one.solve(free, now, np.array([1.0, math.nan]))
    np.testing.assert_array_equal(again.planned, plan.planned)  # the same bits

    def after(z: np.ndarray) -> np.ndarray:
        return now + np.cumsum(z[:8].reshape(4, 2), axis=0)

    def second(z: np.ndarray) -> np.ndarray:
        return (free + (one.effect @ (z[:8].reshape(4, 2) / one.spans).ravel()) * one.scales)[:, 1]

    found = minimize(
        lambda z: cost(one, z[:8].reshape(4, 2), z[8], free, now) / 1e3,
        np.append(np.zeros(8), max(0.0, 1.1 - limit)),
        method="SLSQP",
        bounds=[*[(-0.1, 0.1), (-10.0, 10.0)] * 4, (0.0, None)],
        constraints=[
            {"type": "ineq", "fun": lambda z: 1.0 - np.abs(after(z)[:, 0])},
            {"type": "ineq", "fun": lambda z: 5.0 - np.abs(after(z)[:, 1])},
            {"type": "ineq", "fun": lambda z: limit + 0.5 * z[8] - second(z)},
        ],
        options={"maxiter": 2000, "ftol": 1e-15},
    )
    assert found.success, found.message
    assert abs(plan.moves[0]) <= 0.1 + 1e-9
    assert plan.excess[1] == pytest.approx(max(0.0, float(np.max(plan.predicted[:, 1] - limit)) / 0.5), abs=1e-6)
    mine = cost(one, plan.planned, float(plan.excess[1]), free, now)
    assert mine == pytest.approx(1e3 * float(found.fun), rel=1e-5)  # Clarabel's tolerance is 1e-8, SLSQP's is not


def test_values_with_a_cost_rest_where_it_is_least_within_the_limits() -> None:
    """Two values do the same to one limited measurement; one pays three times what the other costs."""
    measured = (MeasuredSpec("a.y", "a.y", None, None, 2.0, 1.0, 1.0, False),)

    def rest(first: float, second: float, limit: float = 2.0) -> np.ndarray:
        moved = (
            MovedSpec("a.u", 0.0, 10.0, None, 0.1, None, 1.0, 1.0, None, first),
            MovedSpec("a.v", -1.0, 1.0, None, 0.1, None, 1.0, 1.0, None, second),
        )
        responses = np.ones((20, 1, 2)) * [0.5, 1.0]
        asked = (replace(measured[0], high=limit),)
        one = Program(asked, moved, responses, instants(3, 20), 10.0, 100)
        free, now, none = np.full((20, 1), 1.0), np.zeros(2), np.array([math.nan])
        targets = one.rest(free, now, none)
        plan = one.solve(free, now, none, targets)
        np.testing.assert_allclose(plan.planned.sum(axis=0), targets, atol=0.1)  # moves have a price, too
        return targets

    # 1 + u/2 + v = 2 with v at its lower limit: u = 4
    np.testing.assert_allclose(rest(-3.0, 1.0), [4.0, -1.0], atol=1e-3)
    # v pays more for what it takes of the limit: u has to stay
    np.testing.assert_allclose(rest(-0.1, -3.0), [0.0, 1.0], atol=1e-3)
    np.testing.assert_allclose(rest(-3.0, 1.0, limit=100.0), [10.0, -1.0], atol=1e-3)


def test_a_program_without_a_solution_says_so() -> None:
    hard = (MEASURED[0], MeasuredSpec("a.z", "a.z", None, None, -50.0, 1.0, 0.5, True))
    one, free = program(hard)
    with pytest.raises(NoSolution, match="Infeasible"):
        one.solve(free, np.zeros(2), np.array([1.0, math.nan]))
    with pytest.raises(NoSolution, match="MaxIterations"):
        program(iterations=1)[0].solve(free, np.zeros(2), np.array([1.0, math.nan]))
    with pytest.raises(NoSolution, match="not finite"):
        program()[0].solve(free * math.nan, np.zeros(2), np.array([1.0, math.nan]))


def test_a_setpoint_is_held_without_offset_against_what_the_model_does_not_know(tmp_path: Path) -> None:
    found = ran(tmp_path, text(), "{at: 15 min, set: {PROCESS.K: 1.6}}")
    y, time = found.get("PROCESS.output"), found.time
    for end in (890.0, 1790.0):
        assert y[np.searchsorted(time, end)] == pytest.approx(0.9, abs=5e-3), "the limit of what follows comes first"
    other = found.get("OTHER.output")
    assert other.max() < 0.9 + 5e-3
    moves = [event for event in found.events if event.cause.startswith("MPC-1")]
    assert len(moves) > 20
    assert {event.path for event in moves} == {"SOURCE.manual"}
    free = ran(tmp_path, text().replace("high: 0.9", "high: 5"), "{at: 15 min, set: {PROCESS.K: 1.6}}")
    assert free.get("PROCESS.output")[np.searchsorted(time, 1790.0)] == pytest.approx(1.0, abs=5e-3)
    with found.opened() as file:
        group = file["/prediction/MPC-1"]
        read, expected, at = group["read"][:, 0], group["expected"][:, 0], group["time"][:]
        assert set(group["failed"].asstr()[()]) == {""}
    innovation = np.abs(read - expected)
    assert innovation[(at > 600.0) & (at < 900.0)].max() < 1e-4, "the model is the plant"
    assert innovation[(at > 900.0) & (at < 1000.0)].max() > 1e-2, "until it is not"


def test_moves_keep_their_limits_and_rates_and_a_run_repeats(tmp_path: Path) -> None:
    rated = text(rate="weight: 0.01, rate: 0.01 1/s").replace("high: 4", "high: 0.45")
    first, second = ran(tmp_path, rated), ran(tmp_path, rated)
    with first.opened() as file:
        u = file["/prediction/MPC-1/value"][:, 0]
    assert u.max() == pytest.approx(0.45, abs=1e-6)
    assert np.abs(np.diff(np.concatenate([[0.1], u]))).max() <= 0.2 * (1.0 + 1e-9)
    assert np.isclose(u[0], 0.3, atol=1e-6), "as fast as it may"
    assert first.attrs["content_hash"] == second.attrs["content_hash"]
    forked = open_run(fork(first.path, "10 min", tmp_path / "fork.h5").path)
    with forked.opened() as file:
        np.testing.assert_array_equal(file["/prediction/MPC-1/value"][:, 0], u)
    assert forked.events == first.events


def test_failures_hold_then_go_where_it_is_safe_and_are_events(tmp_path: Path) -> None:
    safe = text(rate="safe: 0.1, rate: 0.0025 1/s", more="iterations: 1\nfailures: 3")
    found = ran(tmp_path, safe, "{at: 0 s, set: {SOURCE.manual: 0.5}}", "3 min")
    rows = [event for event in found.events if "failed" in event.cause]
    assert [event.new for event in rows[:5]] == [0.5, 0.5, 0.45, 0.4, pytest.approx(0.35)]
    assert "MaxIterations; held" in rows[0].cause
    assert "goes to safe values" in rows[2].cause
    assert rows[-1].new == pytest.approx(0.1)
    with found.opened() as file:
        assert all("MaxIterations" in why for why in file["/prediction/MPC-1/failed"].asstr()[()])


def test_a_hard_limit_that_cannot_be_kept_fails_and_the_controller_comes_back(tmp_path: Path) -> None:
    """OTHER is pushed above its hard limit for a while: no solution, held; then it works again."""
    found = ran(tmp_path, text(limits="limits: hard"), "{at: 15 min, hold: {OTHER.bias: 0.5}, for: 1 min}")
    said = [event.cause for event in found.events if "MPC-1" in event.cause]
    assert any("Infeasible; held" in cause for cause in said)
    assert any("works again after" in cause for cause in said)


def test_the_twin_s_own_state_and_a_new_model_every_so_often(tmp_path: Path) -> None:
    """With a model made anew after the change nothing is unexpected any more; and the state is the twin's own."""
    again = text(more="relinearise: 1 min\nstate: plant")
    found = ran(tmp_path, again, "{at: 15 min, set: {PROCESS.K: 1.6}}")
    with found.opened() as file:
        group = file["/prediction/MPC-1"]
        innovation, at = np.abs(group["read"][:] - group["expected"][:]), group["time"][:]
    assert innovation[at > 1000.0].max() < 1e-9
    assert found.get("OTHER.output").max() < 0.9 + 5e-3


def test_without_the_solver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "clarabel", None)
    with pytest.raises(Missing, match=r"continuous-twin\[control\]"):
        controllers_of(built(text()))


def test_controllers_read_back_to_the_same_bits() -> None:
    spec = built(text(seen="low: 0, high: 2, sensor: OTHER.lagged", more="disturbances: [PROCESS.bias]\ntrust: 0.3"))
    (one,) = spec.predictive
    assert (one.measured[0].sensor, one.disturbances, one.trust) == ("OTHER.lagged", ("PROCESS.bias",), 0.3)
    resolved = resolved_yaml(spec)
    again = build_scenario(read_text(resolved, "resolved"), None, "s")
    assert same(again, spec)
    assert resolved_yaml(again) == resolved


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("SOURCE.manual: {low", "OTHER.measurement: {low", "is driven by PROCESS.output"),
        ("OTHER.output: {", "OTHER.outptu: {", "Did you mean 'output'"),
        ("high: 0.9, span: 1", "span: 1", "needs setpoint:, low:, high:"),
        ("setpoint: 1, span: 1", "setpoint: 1", "needs span:"),
        ("{low: 0, high: 4", "{low: 5, high: 4", "low is not below high"),
        ("period: 20 s", "period: 20 min", "periods ahead"),
        ("horizon: 10 min", "horizont: 10 min", "has no 'horizont'"),
        ("    horizon: 10 min\n", "", "needs horizon:"),
    ],
)
def test_what_is_wrong_with_a_controller_is_said(old: str, new: str, said: str) -> None:
    assert text().count(old) == 1
    with pytest.raises(ConfigError) as error:
        built(text().replace(old, new))
    assert said in str(error.value)


def test_the_table_of_the_page_is_that_of_the_committed_result() -> None:
    rows = json.loads((RESULTS / "predictive.json").read_text(encoding="utf-8"))["rows"]
    page = PAGE.read_text(encoding="utf-8")
    assert page == written_into(page, rows), "run `python -m benchmarks.predictive`"
    judged = [row["values"] for row in rows if row["name"].startswith("scenario")]
    assert all(one["mpc_kept"] and one["mpc_failures"] == 0 for one in judged)
    assert any(not one["pid_kept_by_any"] for one in judged)
    assert all(one["times_real_time"] > 1000.0 for one in judged)
