"""Extended Kalman filters: algebra against textbooks, consistency, drift, bad data, in runs and on records."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.sparse import csr_array
from scipy.stats import chi2

from benchmarks.harness import RESULTS
from benchmarks.soft_records import SPREAD
from benchmarks.soft_sensing import FEED, PAGE, written_into
from tests.control.loops import HEAD
from twin.again import fork, resume
from twin.cli import main
from twin.config import resolved_yaml
from twin.config.reading import read_text
from twin.config.scenario import build_scenario
from twin.config.spec import ScenarioSpec, same
from twin.control.estimation.drift import SLACKS, Change, Cusum, limit_for, run_length, window_limit
from twin.control.estimation.estimator import model_of
from twin.control.estimation.filter import Filter
from twin.control.estimation.kalman import DENSE, advance, compressed, corrected, discretised
from twin.control.estimation.seen import bent, seen, unseen
from twin.control.linear.point import Point
from twin.errors import ConfigError
from twin.plant import compile_plant
from twin.results.log import RunLog
from twin.results.reader import Run, open_run
from twin.run import run
from twin.steady.state import started

#: K/(60 s + 1) and 1/(300 s + 1) behind a controller in manual; OTHER is measured.
PLANT = (
    f"{HEAD}  SOURCE: {{model: pid, measurement: PROCESS.lagged, output: PROCESS.measurement, setpoint: 0, K: 1, "
    "T_i: 60 s, low: -10, high: 10, mode: manual, manual: 0.5}\n"
    "  PROCESS: {model: lag, T_lag: 60 s, K: 2}\n"
    "  OTHER: {model: lag, T_lag: 300 s, measurement: PROCESS.output}\n"
)
PERIOD, SD = 20.0, 0.02
ESTIMATOR = f"""\
  EKF-1:
    period: {PERIOD:g} s
    measurements: {{OTHER.output: {{sd: {SD}, MORE}}}}
    inputs: [PROCESS.measurement]
    disturbances:
      PROCESS.bias: {{sd: 0.2, drift: 0.3}}
    states:
      PROCESS.z: {{sd: 0.3, drift: 0.1}}
    estimates: [PROCESS.output]
    window: 10 min
    false_alarms: 30 d
"""


def built(estimator: str = ESTIMATOR, plant: str = PLANT, more: str = "") -> ScenarioSpec:
    text = f"twin: 1\nplant:\n  {plant.replace(chr(10), chr(10) + '  ').rstrip()}\nduration: 1 h\nstart: steady\n"
    text += "record: 20 s\nsolver: {rtol: 1e-8}\n"
    return build_scenario(read_text(f"{text}{more}estimators:\n{estimator.replace(', MORE', '')}", "s"), None, "s")


_COMPILED: dict[str, Point] = {}


def made(scenario: ScenarioSpec) -> Filter:
    """A filter at the steady state of its plant."""
    key = repr(scenario.plant)
    if key not in _COMPILED:
        plant = started(compile_plant(scenario.plant))
        absent = plant.absent()
        _COMPILED[key] = Point(plant, plant.y0, plant.p0, absent, 0.0, absent)
    spec = scenario.estimators[0]
    return Filter(spec, model_of(spec, _COMPILED[key], scenario.rtol, "exact"))


# --- the algebra


def test_discretisation_is_that_of_a_quadrature_also_of_stiff_systems() -> None:
    A, Q = np.array([[-1e3, 0.0], [3.0, -1e-3]]), np.diag([2.0, 0.1])
    phi, noise = discretised(A, Q, 60.0)
    np.testing.assert_allclose(phi, expm(A * 60.0), atol=1e-10)

    def rate(_: float, p: np.ndarray) -> np.ndarray:
        P = p.reshape(2, 2)
        return np.asarray(A @ P + P @ A.T + Q).ravel()

    exact = solve_ivp(rate, (0.0, 60.0), np.zeros(4), method="Radau", rtol=1e-10, atol=1e-14).y[:, -1]
    np.testing.assert_allclose(noise.ravel(), exact, rtol=1e-6)


def test_the_factor_of_large_systems_is_that_of_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stepped and exact: second order at 8 steps of an interval, beside time constants from a sixth of it on."""
    random = np.random.default_rng(2)
    n = 40
    A = csr_array(np.diag(-np.geomspace(0.05, 1e-4, n)) + np.diag(np.full(n - 1, 2e-3), -1))
    G, L = random.standard_normal((n, 2)) * 0.1, random.standard_normal((n, 3))
    exact = advance(A, G, L, 120.0)
    monkeypatch.setattr("twin.control.estimation.kalman.DENSE", 10)
    stepped = advance(A, G, L, 120.0)
    assert n < DENSE
    assert np.abs(stepped @ stepped.T - exact @ exact.T).max() < 1e-2 * np.abs(exact @ exact.T).max()


def test_a_factor_loses_only_what_is_next_to_nothing() -> None:
    random = np.random.default_rng(3)
    L = random.standard_normal((30, 4)) @ random.standard_normal((4, 50))
    small = compressed(L)
    assert small.shape[1] == 4
    np.testing.assert_allclose(small @ small.T, L @ L.T, atol=1e-10)


def test_a_correction_is_the_textbook_s() -> None:
    random = np.random.default_rng(1)
    L, C, R = random.standard_normal((5, 4)), random.standard_normal((2, 5)), np.array([0.3, 0.1])
    nu = np.array([0.7, -0.2])
    found = corrected(L, C, R, nu)
    P = L @ L.T
    S = C @ P @ C.T + np.diag(R)
    K = P @ C.T @ np.linalg.inv(S)
    np.testing.assert_allclose(found.moves, K @ nu, rtol=1e-10)
    np.testing.assert_allclose(found.L @ found.L.T, (np.eye(5) - K @ C) @ P, atol=1e-12)
    assert found.nis == pytest.approx(float(nu @ np.linalg.inv(S) @ nu))


# --- the tests of innovations


def test_average_run_lengths_are_the_published_ones_and_those_that_are_counted() -> None:
    """Two-sided, slack 1/2: 168 at 4 and 465 at 5 (Montgomery, Introduction to Statistical Quality Control, ch. 9)."""
    assert run_length(4.0) == pytest.approx(168.0, abs=0.5)
    assert run_length(5.0) == pytest.approx(465.0, abs=0.5)
    for length in (20.0, 370.0, 1e6):
        for slack in SLACKS:
            assert run_length(limit_for(length, slack), slack) == pytest.approx(length, rel=1e-6)
    z = np.random.default_rng(4).standard_normal((1000, 80))  # 80,000 values at one in a hundred
    one, both = Cusum(80, 100.0, SLACKS[:1]), Cusum(80, 100.0)
    count = sum(len(one.see(float(k), row)) for k, row in enumerate(z))
    assert count == pytest.approx(800.0, abs=4.0 * math.sqrt(800.0))
    count = sum(len(both.see(float(k), row)) for k, row in enumerate(z))
    assert 480 < count < 800 + 4.0 * math.sqrt(800.0)  # often they pass together


def test_a_small_shift_that_stays_is_told_too() -> None:
    """A tenth of the deviation that the fast sum leaves out would never pass it; both together keep the rate."""
    charts, random = Cusum(200, 1000.0), np.random.default_rng(6)
    shifted = [charts.see(float(k), 0.35 + random.standard_normal(200)) for k in range(150)]
    told = {row for hits in shifted for row, direction, _ in hits if direction == 1}
    fast = Cusum(200, 1000.0, SLACKS[:1])
    random = np.random.default_rng(6)
    alone = {row for k in range(150) for row, _, _ in fast.see(float(k), 0.35 + random.standard_normal(200))}
    assert len(told) > 180
    assert len(alone) < 150


def test_a_number_that_stays_is_called_changed_as_rarely_as_told_and_one_that_changes_is() -> None:
    """Errors of a first-order autoregression whose standard deviation the filter overrates by a tenth."""
    random = np.random.default_rng(8)
    rows, looks, part = 400, 3000, 0.9
    charts, x, count = Change(np.full(rows, 5.0), 2000.0), random.standard_normal(rows), 0
    for k in range(looks):
        x = part * x + math.sqrt(1.0 - part**2) * random.standard_normal(rows)
        count += len(charts.see(float(k), 5.0 + 2.0 * x, np.full(rows, 2.2)))
    assert 0 < count < rows * looks / 2000.0
    one = Change(np.array([5.0]), 2000.0)
    found = [hit for k in range(100) for hit in one.see(float(k), np.array([5.0 - 0.1 * max(0, k - 50)]), np.ones(1))]
    assert found == [(0, -1, 60.0)], "once, with the way it goes, and when it still was where it was"


def test_a_shift_is_told_with_its_direction_and_its_beginning() -> None:
    chart, random = Cusum(1, 1000.0), np.random.default_rng(5)
    told = [
        hit for k in range(400) for hit in chart.see(float(k), random.standard_normal(1) - (1.0 if k >= 200 else 0.0))
    ]
    assert told[0][1] == -1
    assert 185.0 <= told[0][2] <= 215.0


# --- a linear plant: the textbook's filter, computed here


class Textbook:
    """The same filter written out: states PROCESS.z and OTHER.z, the bias of PROCESS, held input."""

    def __init__(self, z: float, other: float) -> None:
        A = np.zeros((3, 3))
        A[0, 0], A[1, 0], A[1, 1], A[1, 2] = -1.0 / 60.0, 2.0 / 300.0, -1.0 / 300.0, 1.0 / 300.0
        self.A, self.B = A, np.array([1.0 / 60.0, 0.0, 0.0])
        Q = np.diag([0.1**2, 0.0, 0.3**2]) / 3600.0
        block = np.block([[-A, Q], [np.zeros((3, 3)), A.T]]) * PERIOD
        whole = expm(block)
        self.F = whole[3:, 3:].T
        self.Q = self.F @ whole[:3, 3:]
        one = np.zeros((4, 4))
        one[:3, :3], one[:3, 3] = A * PERIOD, self.B * PERIOD
        self.g = expm(one)[:3, 3]
        self.x, self.P = np.array([z, other, 0.0]), np.diag([0.3**2, 0.0, 0.2**2])
        self.H = np.array([[0.0, 1.0, 0.0]])

    def look(self, y: float, u_before: float | None) -> tuple[float, float]:
        """Predict (with the input of before) and correct; innovation and its variance."""
        if u_before is not None:
            self.x = self.F @ self.x + self.g * u_before
            self.P = self.F @ self.P @ self.F.T + self.Q
        nu, S = y - self.x[1], float((self.H @ self.P @ self.H.T)[0, 0] + SD**2)
        if math.isfinite(y):
            K = self.P @ self.H.T / S
            self.x = self.x + K[:, 0] * nu
            self.P = (np.eye(3) - K @ self.H) @ self.P
        return nu, S


def simulated(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A plant that is what the filter takes it for: states [count, 3], inputs, readings."""
    book = Textbook(0.5, 1.0)
    x = np.array([0.5, 1.0, 0.0]) + [0.3, 0.0, 0.2] * random.standard_normal(3)
    factor = np.linalg.cholesky(book.Q + 1e-18 * np.eye(3))
    u = np.where(np.arange(count) < count // 2, 0.5, 0.8)
    states = []
    for k in range(count):
        if k:
            x = book.F @ x + book.g * u[k - 1] + factor @ random.standard_normal(3)
        states.append(x)
    true = np.array(states)
    return true, u, true[:, 1] + SD * random.standard_normal(count)


def test_on_a_linear_plant_it_is_the_textbook_s_filter_also_over_missing_readings() -> None:
    one = made(built(ESTIMATOR.replace("window", "hold: step\n    window")))
    book = Textbook(0.5, 1.0)
    _, u, y = simulated(np.random.default_rng(7), 60)
    y[[10, 30, 31, 32]] = math.nan
    for k in range(60):
        look = one.look(PERIOD * k, np.array([y[k]]), np.array([u[k]]))
        nu, S = book.look(float(y[k]), float(u[k - 1]) if k else None)
        # the plant is integrated at rtol 1e-8
        assert look.spread[0] == pytest.approx(math.sqrt(S), rel=1e-6)
        assert look.values[0] == pytest.approx(book.x[2], abs=1e-6)
        assert look.sds[0] == pytest.approx(math.sqrt(book.P[2, 2]), rel=1e-6)
        assert look.estimates[1] == pytest.approx(2.0 * book.x[0] + book.x[2], abs=1e-6)
        h = np.array([2.0, 0.0, 1.0])
        assert look.estimate_sds[1] == pytest.approx(math.sqrt(h @ book.P @ h), rel=1e-6)
        if math.isfinite(y[k]):
            assert look.nis == pytest.approx(nu**2 / S, rel=1e-5, abs=1e-9)
        else:
            assert math.isnan(look.nis)
            assert not look.used.any()
    assert [one.model.plant.label(int(k)) for k in one.places] == ["PROCESS.z", "OTHER.z"]


@pytest.mark.slow
def test_what_it_says_of_itself_is_true_over_repetitions() -> None:
    """NIS and NEES within 99.9 % of what they are if the filter is right; and it cries wolf as rarely as it says."""
    scenario = built(ESTIMATOR.replace("window", "hold: step\n    window"))
    nis, nees, alarms, looks = 0.0, 0.0, 0, 60
    ends = []
    for seed in range(20):
        one = made(scenario)
        true, u, y = simulated(np.random.default_rng(seed), looks)
        for k in range(looks):
            look = one.look(PERIOD * k, y[k : k + 1], u[k : k + 1])
            nis += look.nis
        alarms += sum(alarm.kind != "change" for alarm in one.alarms)  # here everything does change
        P = one.L @ one.L.T
        sizes = np.array([*one.scale[one.places], one.units[0]])
        away = np.array([*one.model.y[one.places], look.values[0]]) - true[-1]
        nees += float((away / sizes) @ np.linalg.solve(P, away / sizes))
        ends.append(abs(away[2]) / look.sds[0])
    low, high = chi2.ppf([0.0005, 0.9995], 20 * looks)
    assert low < nis < high
    low, high = chi2.ppf([0.0005, 0.9995], 20 * 3)
    assert low < nees < high
    assert max(ends) < 4.0
    assert alarms <= 1  # four tests, seven hours, once in thirty days each


def test_a_filter_that_is_too_sure_is_caught() -> None:
    """The same record, a sensor believed to be four times better than it is: the test of all innovations tells."""
    one = made(built(ESTIMATOR.replace("window", "hold: step\n    window").replace(f"sd: {SD}", f"sd: {SD / 4}")))
    _, u, y = simulated(np.random.default_rng(7), 60)
    for k in range(60):
        one.look(PERIOD * k, y[k : k + 1], u[k : k + 1])
    assert "model" in {alarm.kind for alarm in one.alarms}


def test_it_comes_from_a_wrong_start_and_finds_a_hidden_change_and_names_it() -> None:
    """Bias 0.4 from look 90 on, whose random walk is 0.02 in an hour: named, downwards or upwards as it is."""
    shy = ESTIMATOR.replace("{sd: 0.2, drift: 0.3}", "{sd: 0.02, drift: 0.02}").replace("0.3, drift: 0.1", "0.3")
    for sign in (1.0, -1.0):
        one, random = made(built(shy)), np.random.default_rng(11)
        book = Textbook(0.5 + 0.4, 1.0)  # PROCESS.z starts elsewhere than the filter thinks
        x = book.x.copy()
        for k in range(180):
            if k:
                x = book.F @ x + book.g * 0.5
            x[2] = sign * 0.4 if k >= 90 else 0.0
            look = one.look(PERIOD * k, np.array([x[1] + SD * random.standard_normal()]), np.array([0.5]))
            if k == 89:
                assert abs(look.estimates[1] - (2.0 * x[0] + x[2])) < 4.0 * look.estimate_sds[1]
                assert not one.alarms
        first = next(alarm for alarm in one.alarms if alarm.kind == "drift")
        assert (first.what, first.direction) == ("PROCESS.bias", int(sign))
        assert 90 * PERIOD <= first.time <= 130 * PERIOD
        assert first.since == pytest.approx(90 * PERIOD, abs=12 * PERIOD)


def test_a_biased_sensor_is_told_from_a_plant_that_has_changed() -> None:
    """Two sensors on one state: the filter that allows for a bias of one of them finds it there."""
    two = ESTIMATOR.replace(
        f"{{OTHER.output: {{sd: {SD}, MORE}}}}",
        f"{{OTHER.output: {{sd: {SD}}}, OTHER.lagged: {{sd: {SD}, bias: 0.05, drift: 0.01}}}}",
    )
    plant, random = f"{PLANT}", np.random.default_rng(3)
    one = made(built(two, plant))
    process, other = 1.0, 1.0
    for k in range(120):
        noise = SD * random.standard_normal(2)
        look = one.look(PERIOD * k, np.array([other + noise[0], process + 0.2 + noise[1]]), np.array([0.5]))
    assert one.names == ["PROCESS.bias", "bias of OTHER.lagged"]
    assert look.values[1] == pytest.approx(0.2, abs=4.0 * look.sds[1])
    assert abs(look.values[0]) < 4.0 * look.sds[0]


def test_bad_readings_are_not_used() -> None:
    one = made(built(ESTIMATOR.replace("MORE", "low: 0.5, high: 1.6").replace("window:", "gate: 5\n    window:")))
    for k, y in enumerate([1.0, 1.01, 7.0, 1.0, 1.55, 1.0]):
        look = one.look(PERIOD * k, np.array([y]), np.array([0.5]))
        assert bool(look.used[0]) == (k not in (2, 4)), "beyond its limit, and beyond the gate"
        assert abs(look.estimates[0] - 1.0) < 0.05


def test_a_disturbance_is_not_moved_beyond_its_limits() -> None:
    limited = ESTIMATOR.replace("{sd: 0.2, drift: 0.3}", "{sd: 0.2, drift: 0.3, low: -0.05, high: 0.03}")
    for sign, limit in ((1.0, 0.03), (-1.0, -0.05)):
        one = made(built(limited))
        for k in range(20):
            look = one.look(PERIOD * k, np.array([1.0 + sign]), np.array([0.5]))
        assert look.values[0] == limit


UNSEEN = PLANT + "  LAST: {model: lag, T_lag: 30 s, measurement: OTHER.output}\n"


def test_what_no_reading_tells_of_keeps_its_deviation_and_is_named() -> None:
    """LAST stands behind all that is measured; the two biases before OTHER act on it by their sum."""
    text = ESTIMATOR.replace(
        "{sd: 0.2, drift: 0.3}", "{sd: 0.2, drift: 0.3}\n      LAST.bias: {sd: 0.1, drift: 0.2}"
    ).replace("PROCESS.z: {sd: 0.3, drift: 0.1}", "PROCESS.z: {sd: 0.3, drift: 0.1}")
    text = text.replace("estimates: [PROCESS.output]", "estimates: [PROCESS.output, LAST.output]")
    one = made(built(text, UNSEEN))
    for k in range(60):
        one.look(PERIOD * k, np.array([1.0]), np.array([0.5]))
    process, last = seen(one)
    expected = math.sqrt(0.1**2 + 0.2**2 * 59 * PERIOD / 3600.0)
    assert (last.what, last.partner) == ("LAST.bias", "")
    assert last.sd == pytest.approx(expected, rel=1e-6)
    assert last.unread == pytest.approx(expected, rel=1e-12)
    assert last.told == pytest.approx(0.0, abs=1e-6)
    assert process.told > 0.5
    assert unseen(one) == [
        f"EKF-1: readings tell nothing of LAST.bias: ± {expected:.3g}, and without any of them ± {expected:.3g}"
    ]


def test_two_that_readings_do_not_tell_apart_are_named_together() -> None:
    """Both biases of a reading: what it shows is their sum, whose deviation becomes small; theirs does not."""
    text = ESTIMATOR.replace("PROCESS.bias: {sd: 0.2, drift: 0.3}", "OTHER.bias: {sd: 0.2, drift: 0.3}")
    text = text.replace(f"{{sd: {SD}, MORE}}", f"{{sd: {SD}, bias: 0.2, drift: 0.3}}")
    one = made(built(text))
    for k in range(30):
        one.look(PERIOD * k, np.array([1.0]), np.array([0.5]))
    first, second = seen(one)
    assert (first.partner, second.partner) == ("bias of OTHER.output", "OTHER.bias")
    assert first.correlation == pytest.approx(-1.0, abs=0.05)
    assert first.told == pytest.approx(0.5, abs=0.05)
    assert "do not tell it from OTHER.bias" in " ".join(unseen(one))


def test_an_effect_that_is_no_straight_line_within_its_deviation_is_named_and_the_model_left_as_it_was() -> None:
    """OTHER follows the lower of PROCESS and 1.05: above it, nothing follows from the bias; at rest it is 1."""
    limited = PLANT.replace(", measurement: PROCESS.output}", "}")
    limited += "  LOWER: {model: select, take: lower, first: PROCESS.output, second: 1.05, output: OTHER.measurement}\n"
    for plant, wanted in ((PLANT, 0), (limited, 1)):
        one = made(built(plant=plant))
        look = one.look(0.0, np.array([1.0]), np.array([0.5]))
        before = one.model.memory()
        found = bent(one)
        assert len(found) == wanted
        assert bent(one) is found
        assert {k: v.tolist() for k, v in one.model.memory().items()} == {k: v.tolist() for k, v in before.items()}
        assert look.sds[0] == pytest.approx(0.2)
    assert "what follows from PROCESS.bias bends within its standard deviation (0.2): OTHER.output goes by" in found[0]


# --- in a run


def scenario_in(folder: Path, events: str = "", estimator: str = ESTIMATOR, more: str = "") -> Path:
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(
        "twin: 1\nplant: plant.yaml\nduration: 1 h\nstart: steady\nrecord: 20 s\nsolver: {rtol: 1e-8}\n"
        f"events: [{events}]\n{more}estimators:\n{estimator.replace(', MORE', '')}",
        encoding="utf-8",
    )
    return path


def test_in_a_run_it_reads_sensors_and_finds_what_nobody_told_it(tmp_path: Path) -> None:
    later = ESTIMATOR.replace("window:", "from: 1 min\n    window:")
    result = run(scenario_in(tmp_path, "{at: 20 min, set: {PROCESS.bias: 0.2}}", later), tmp_path / "a.h5")
    assert result.ok, result.message
    found = open_run(result.path)
    with found.opened() as file:
        group = file["/estimation/EKF-1"]
        values, sds, time = group["values"][:, 0], group["sds"][:, 0], group["time"][:]
        soft = group["estimates"][:, 1]
        np.testing.assert_array_equal(np.isfinite(group["read"][:, 0]), time >= 60.0)
        assert group.attrs["failed"] == ""
    assert np.all(values[time < 1200.0] == pytest.approx(0.0, abs=1e-6))
    assert values[-1] == pytest.approx(0.2, abs=1e-3)
    assert 0.0 < sds[-1] < 0.2
    assert soft[-1] == pytest.approx(float(found.get("PROCESS.output")[-1]), abs=1e-3)


MPC = """\
predictive:
  MPC-1:
    period: 40 s
    horizon: 10 min
    state: EKF-1
    relinearise: 10 min
    trust: 1e-9
    measurements: {OTHER.output: {setpoint: 1.2, span: 1}}
    outputs: {SOURCE.manual: {low: 0, high: 4, weight: 0.01}}
    disturbances: [PROCESS.bias]
"""
CONTENT = ("value", "values", "estimates", "sds", "expected", "nis")


def told(run_: Run) -> dict[str, np.ndarray]:
    """All numbers of the controller and of its estimator."""
    with run_.opened() as file:
        groups = {"p": file["/prediction/MPC-1"], "e": file["/estimation/EKF-1"]}
        found = {f"{key}/{name}": groups[key][name][()] for key in groups for name in CONTENT if name in groups[key]}
    return found | {"OTHER.output": run_.get("OTHER.output")}


@pytest.mark.slow
def test_a_predictive_controller_goes_by_its_estimates_and_the_run_is_forked_and_resumed_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs: list[bytes] = []
    remove = RunLog.remove

    def kept(self: RunLog) -> None:
        logs.append(self.path.read_bytes())
        remove(self)

    monkeypatch.setattr(RunLog, "remove", kept)
    path = scenario_in(tmp_path, "{at: 20 min, set: {PROCESS.bias: 0.2}}", more=MPC)
    parent = run(path, tmp_path / "a.h5", checkpoint_every=0.0)
    assert parent.ok, parent.message
    one = open_run(parent.path)
    expected = told(one)
    # offset-free without a bias of its own: what the filter finds out is enough
    assert one.get("OTHER.output")[60] == pytest.approx(1.2, abs=2e-3)
    assert one.get("OTHER.output")[-1] == pytest.approx(1.2, abs=2e-3)
    assert expected["e/values"][-1, 0] == pytest.approx(0.2, abs=1e-3)
    child = fork(parent.path, "33 min", tmp_path / "b.h5")
    assert child.ok
    forked = open_run(child.path)
    assert forked.provenance["fork"]["from"] > 1200.0, "from a checkpoint on"
    for name, values in told(forked).items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)
    assert forked.events == one.events
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / "a.h5.0.partial.resume").write_bytes(logs[0][: int(0.6 * len(logs[0]))])
    again = resume(tmp_path / "killed" / "a.h5.0.partial.resume")
    assert again.content_hash == parent.content_hash
    assert float(open_run(again.path).provenance["session"]["resumed_at"]) > 300.0


def test_a_controller_looks_when_its_estimator_does() -> None:
    with pytest.raises(ConfigError, match="has to look at instants at which EKF-1 does"):
        built(more=MPC.replace("period: 40 s", "period: 30 s"))
    with pytest.raises(ConfigError, match=r"Known: observer, plant, EKF-1"):
        built(more=MPC.replace("state: EKF-1", "state: EKF-2"))


# --- on a record

MAP = """\
time: {column: s}
tags:
  OTHER.output: {column: AT-1, unit: "%"}
  PROCESS.measurement: {column: ZT-1}
"""


def record_in(folder: Path, change: float = 0.2, words: dict[int, str] | None = None) -> Path:
    """What a plant of two lags would have written down, in per cent, with a change from half an hour on."""
    random, book, x = np.random.default_rng(5), Textbook(0.5, 1.0), np.array([0.5, 1.0, 0.0])
    lines = ["# synthetic", "s,AT-1,ZT-1"]
    for k in range(181):
        if k:
            x = book.F @ x + book.g * 0.5
        x[2] = change if k >= 90 else 0.0
        y = f"{100.0 * (x[1] + SD * random.standard_normal()):.3f}"
        lines.append((words or {}).get(k, f"{PERIOD * k:g},{y},0.5"))
    path = folder / "record.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tags.yaml").write_text(MAP, encoding="utf-8")
    return path


SHY = ESTIMATOR.replace("{sd: 0.2, drift: 0.3}", "{sd: 0.02, drift: 0.02}").replace("0.3, drift: 0.1", "0.1")


def test_a_record_is_replayed_into_a_file_that_reads_like_a_run(
    tmp_path: Path, capsys: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scenario_in(tmp_path, estimator=SHY)
    record_in(tmp_path, words={7: "140,,0.5", 8: "160,NA,0.5", 9: "180,100.0,"})
    words = ["replay", "s.yaml", "record.csv", "--map", "tags.yaml", "--out", "e.h5"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)  # type: ignore[attr-defined]
    assert told["missing"] == {"OTHER.output": 2, "PROCESS.measurement": 1}
    assert told["readings"] == 179
    assert told["uncertain"][0]["what"] == "PROCESS.bias"
    assert told["uncertain"][0]["last"] == pytest.approx(0.2, abs=4.0 * told["uncertain"][0]["sd"])
    first = next(alarm for alarm in told["alarms"] if alarm["kind"] == "drift")
    assert (first["what"], first["direction"]) == ("PROCESS.bias", 1)
    assert 1800.0 < first["time"] < 2700.0
    found = open_run("e.h5")
    assert found.outcome == "finished"
    assert found.rows == 181
    assert found.get("OTHER.output")[-1] == pytest.approx(told["estimates"][0]["last"], abs=1e-12)
    assert found.attrs["content_hash"] == told["content_hash"]
    with found.opened() as file:
        assert file["/provenance/record"].attrs["sha256"] == told["record"]["sha256"]
    assert main(["verify", "e.h5"]) == 0
    capsys.readouterr()  # type: ignore[attr-defined]
    assert main([*words[:-1], "f.h5"]) == 0
    said = capsys.readouterr().out  # type: ignore[attr-defined]
    assert "PROCESS.bias drifts upwards" in said
    assert open_run("f.h5").attrs["content_hash"] == told["content_hash"]
    for command in ("report", "loops"):
        assert main([command, "e.h5", "--json"]) == 0
    assert main(["verify", "e.h5", "--rerun"]) == 3
    assert main(["run", "--from", "e.h5", "--at", "10 min", "--quiet"]) == 2
    assert "there is no run to fork" in capsys.readouterr().err  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "tags", "said"),
    [
        ({9: "100,99.0,0.5"}, {}, "time does not increase at row 10"),
        ({9: "180,abc,0.5"}, {}, "which is no number"),
        ({0: "0,100.0,"}, {}, "PROCESS.measurement has no value in its first row"),
        ({}, {"OTHER.output": "OTHER.outptu"}, "Did you mean 'output'"),
        ({}, {"OTHER.output": "PROCESS.output"}, "neither reads 'PROCESS.output'"),
        ({}, {'unit: "%"': "unit: degC"}, "measures something else"),
        ({}, {"column: AT-1": "column: AT-2"}, "Did you mean 'AT-1'"),
        ({}, {"  PROCESS.measurement: {column: ZT-1}\n": ""}, "says no column for PROCESS.measurement"),
        ({}, {', unit: "%"': ""}, "every value of OTHER.output is beyond its limits"),
        ({}, {"column: s}": "column: s, shift: estimate}"}, "estimates no shift"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(
    tmp_path: Path,
    capsys: pytest.MonkeyPatch,
    monkeypatch: pytest.MonkeyPatch,
    words: dict[int, str],
    tags: dict[str, str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    scenario_in(tmp_path, estimator=ESTIMATOR.replace(f"sd: {SD}, MORE", f"sd: {SD}, low: -5, high: 5"))
    record_in(tmp_path, words=words)
    text = MAP
    for old, new in tags.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    Path("tags.yaml").write_text(text, encoding="utf-8")
    assert main(["replay", "s.yaml", "record.csv", "--map", "tags.yaml"]) in (2, 3)
    assert said in " ".join(capsys.readouterr().err.split())  # type: ignore[attr-defined]


# --- its keys


def test_estimators_read_back_to_the_same_bits() -> None:
    spec = built(
        ESTIMATOR.replace("MORE", "low: -1, high: 5, bias: 0.1, drift: 0.2")
        .replace("{sd: 0.3, drift: 0.1}", "{sd: 5 %, of: size}")
        .replace("window:", "gate: 4\n    units: [PROCESS, OTHER]\n    from: 1 min\n    hold: step\n    window:")
    )
    (one,) = spec.estimators
    assert (one.states[0].sd, one.states[0].relative, one.measured[0].bias_sd) == (0.05, True, 0.1)
    resolved = resolved_yaml(spec)
    again = build_scenario(read_text(resolved, "resolved"), None, "s")
    assert same(again, spec)
    assert resolved_yaml(again) == resolved


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("OTHER.output: {sd", "OTHER.outptu: {sd", "Did you mean 'output'"),
        (f"sd: {SD}, MORE", "high: 1", "needs sd:"),
        (f"sd: {SD}, MORE", f"sd: {SD} K", "not such a quantity"),
        ("PROCESS.bias: {sd: 0.2, drift: 0.3}", "PROCESS.biass: {sd: 0.2}", "Did you mean 'bias'"),
        ("PROCESS.bias: {sd: 0.2, drift: 0.3}", "PROCESS.bias: {low: 0}", "needs sd:, drift: or both"),
        ("PROCESS.z: {", "PROCESS.zz: {", "has no state 'zz'"),
        ("inputs: [PROCESS.measurement]", "inputs: [PROCESS.measurment]", "Did you mean 'PROCESS.measurement'"),
        ("inputs: [PROCESS.measurement]", "inputs: [PROCESS.bias]", "cannot be uncertain of it"),
        ("    window:", "    units: [PROCES]\n    window:", "Did you mean 'PROCESS'"),
        ("false_alarms: 30 d", "false_alarms: 1 min", "ten periods"),
        (f"period: {PERIOD:g} s", "perod: 1 s", "Did you mean 'period'"),
    ],
)
def test_what_is_wrong_with_an_estimator_is_said(old: str, new: str, said: str) -> None:
    assert ESTIMATOR.count(old) == 1
    with pytest.raises(ConfigError) as error:
        built(ESTIMATOR.replace(old, new))
    assert said in str(error.value)


def test_windows_have_the_limit_of_their_distribution() -> None:
    assert chi2.sf(window_limit(30, 0.001), 30) == pytest.approx(0.001)


def test_the_table_of_the_page_is_that_of_the_committed_result() -> None:
    """Bounds hold as often as they say; what is told is named and found, and what is not is said, with its deviation.

    Of a weaker feed three thermometers tell little; with a mass fraction it is found.
    """
    rows = json.loads((RESULTS / "soft_sensing.json").read_text(encoding="utf-8"))["rows"]
    page = PAGE.read_text(encoding="utf-8")
    assert page == written_into(page, rows), "run `python -m benchmarks.soft_sensing`"
    said = next(row["values"] for row in rows if row["name"] == "together")
    assert (said["walks"], said["clean"]) == (10, 10)
    assert said["nees_from"] < said["nees"] < said["nees_to"]
    # walks in straight lines of half an hour are a little smoother than told: on the safe side
    assert 0.9 < said["walks_nis"]["nis"] < said["walks_nis"]["nis_to"]
    assert said["clean_alarms"] == 0
    for name, (low, high) in said["within_95_by_chance"].items():
        assert low <= 0.95 <= high or said["within_95"][name] > 0.95, name
    faults = [row["values"] for row in rows if row["name"].startswith("fault: ") and row["values"]["spread"] == SPREAD]
    assert len(faults) == 5
    for one in faults:
        assert abs(one["end_estimated"] - one["end_true"]) < 3.0 * one["end_sd"]
        if one["told"] > 0.8:
            assert (one["first_named"], one["direction"]) == (one["what"], -1)
            assert one["delay_h"] > 0.0
        elif one["told"] < 0.5:
            assert "readings tell" in one["unseen"]
        if one["probe"]:
            assert one["first_named"] == one["what"] == FEED
