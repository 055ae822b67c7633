"""Linearised plants against finite differences, python-control on the exported model, and closed forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.control.loops import plant
from twin.config import load_plant, load_scenario
from twin.config.document import Problems
from twin.config.plant import build_plant
from twin.config.reading import read_text
from twin.config.spec import PlantSpec
from twin.control.linear.export import read, to_control, write
from twin.control.linear.linearise import NotLinear, linearise
from twin.control.linear.loops import find_loop
from twin.control.linear.point import Point, point_of_scenario, steady_point
from twin.control.linear.response import frequency_response, margins, relative_gains, steady_gain, step_response
from twin.control.linear.structure import poles, reach, reduced, zeros
from twin.control.linear.system import Linear
from twin.steady.view import View

control = pytest.importorskip("control")
OMEGA = np.logspace(-5, 0, 61)


def build_plant_text(text: str) -> PlantSpec:
    return build_plant(Problems(), read_text(text, "p"), [], None, "p")


@pytest.fixture(scope="module")
def tanks() -> Point:
    return steady_point(load_plant("two_tanks"))


@pytest.fixture(scope="module")
def flagship() -> Point:
    """The line at work, off its steady state: six hours after its start."""
    return point_of_scenario(load_scenario("paracetamol_startup"), 6.0 * 3600.0)


@pytest.fixture(scope="module")
def temperatures() -> Linear:
    """From two jackets of the flagship to two temperatures at its steady state, their loops open."""
    point = steady_point(load_plant("paracetamol_tablets"))
    loops = [find_loop(point.plant.spec, name) for name in ("TIC-101", "TIC-202")]
    return linearise(point, [loop.output for loop in loops], [loop.measurement for loop in loops])


def test_blocks_whose_signals_are_zero_have_their_gains() -> None:
    """A state that is zero and that nothing reaches has no row in the integrator's matrix; an input reaches it."""
    source = "SOURCE: {model: pid, measurement: FIRST.lagged, output: FIRST.measurement, setpoint: 0, K: 1, T_i: 60 s, "
    text = plant(
        f"{source}low: -10, high: 10, mode: manual, manual: 0}}",
        "FIRST: {model: lag, T_lag: 60 s, K: 2}",
        "SECOND: {model: lead_lag, measurement: FIRST.output, K: 3, T_lag: 10 s, T_lead: 5 s}",
    )
    point = steady_point(build_plant_text(text))
    for name, gain in (("FIRST.measurement", [2.0, 6.0]), ("SOURCE.manual", [2.0, 6.0]), ("FIRST.bias", [1.0, 3.0])):
        found = linearise(point, [name], ["FIRST.output", "SECOND.output"])
        np.testing.assert_allclose(steady_gain(found)[:, 0], gain, rtol=1e-9, err_msg=name)


def test_A_is_the_difference_of_the_rates(flagship: Point) -> None:
    """Every column of A, the flagship under way: 1e-6 of the largest element of its row, in sizes of the states.

    Flux limiters bend where a class of crystals is nearly empty; there differences are no derivatives yet. Elements
    whose differences at two steps disagree by as much themselves are left out; they are below half a percent.
    """
    linear = linearise(flagship, ["TIC-101.setpoint"], ["reactor.T_out"])
    plant, y = flagship.plant, flagship.y
    view = View(plant, flagship.p)
    place = {plant.label(k): k for k in range(plant.n_y)}
    states = [place[name] for name in linear.states]
    A, size = linear.A.toarray(), linear.scale
    found = np.zeros((2, *A.shape))
    for k, state in enumerate(states):
        moved = y.copy()
        for n, step in enumerate((1e-6, 2.5e-7)):
            moved[state] = y[state] + step * size[k]
            plus = view.rates(moved)[states]
            moved[state] = y[state] - step * size[k]
            found[n, :, k] = (plus - view.rates(moved)[states]) / (2.0 * step * size[k])
    weigh = size / size[:, None]
    row = np.maximum(np.abs(A * weigh).max(axis=1, keepdims=True), 1e-12)
    off = np.abs(found[0] - A) * weigh > 1e-6 * row
    settled = np.abs(found[0] - found[1]) * weigh < 0.3e-6 * row
    assert not np.any(off & settled)
    assert np.sum(off) < 5e-3 * linear.A.nnz
    assert np.count_nonzero(A) > 100_000


def test_B_C_and_D_are_differences_as_well(tanks: Point) -> None:
    """Feeds, parameters and signals in; measurements, states and streams out: the derivative of each by each."""
    inputs = ["spirit.m_flow.ethanol", "spirit.T", "first.tau", "split.fraction"]
    outputs = ["first.T", "second.V", "second.m[ethanol]", "split.second.m_flow[water]", "second.product.T"]
    linear = linearise(tanks, inputs, outputs)
    plant = tanks.plant
    columns = {c.path: c for c in plant.columns if c.kind in ("state", "measurement", "outlet")}
    element = {"second.m[ethanol]": 0, "split.second.m_flow[water]": 1}

    def look(y: Any, p: Any) -> Any:
        view = View(plant, p)
        rates = view.observe(y)
        out = []
        for path in outputs:
            column = columns[path.partition("[")[0]]
            out.append((y if column.vector == "y" else view.w)[column.offset + element.get(path, 0)])
        return rates, np.array(out)

    for k, path in enumerate(inputs):
        p = tanks.p.copy()
        place = plant.parameter(path)[0]
        h = 1e-5 * tanks.p[place]
        p[place] += h
        plus = look(tanks.y, p)
        p[place] -= 2.0 * h
        minus = look(tanks.y, p)
        for got, high, low in zip((linear.B[:, k], linear.D[:, k]), plus, minus, strict=True):
            np.testing.assert_allclose(got, (high - low) / (2.0 * h), rtol=1e-6, atol=1e-6 * np.abs(got).max())
    for k in range(plant.n_y):
        h = 1e-5 * linear.scale[k]
        y = tanks.y.copy()
        y[k] += h
        plus = look(y, tanks.p)[1]
        y[k] -= 2.0 * h
        minus = look(y, tanks.p)[1]
        np.testing.assert_allclose(
            linear.C[:, k], (plus - minus) / (2.0 * h), rtol=1e-6, atol=1e-6 * np.abs(linear.C).max() + 1e-9
        )
    assert linear.output_units == ("K", "m^3", "kg", "kg/s", "K")
    assert np.all(np.abs(linear.B).max(axis=0) > 0.0)


def test_a_step_of_the_plant_is_a_step_of_the_system(tanks: Point) -> None:
    """A small step of a feed, run: the linear answer within the square of its size."""
    from twin.integrate.integrator import Integrator

    linear = linearise(tanks, ["spirit.m_flow.ethanol"], ["second.V"])
    small, times = 1e-3 * linear.u_0[0], np.linspace(0.0, 600.0, 61)
    plant = tanks.plant
    rows: list[Any] = []
    column = next(c for c in plant.columns if c.path == "second.V" and c.kind == "measurement")
    run = Integrator(plant, rtol=1e-10, every=10.0, record=[column.offset], samples=lambda block: rows.append(block.w))
    run.y[:] = tanks.y
    run.set(plant.parameter("spirit.m_flow.ethanol")[0], float(linear.u_0[0] + small))
    run.advance(600.0)
    moved = np.concatenate(rows)[:, 0] - linear.y_0[0]
    answer = step_response(linear, times)[:, 0, 0] * small
    assert np.abs(moved - answer).max() < 2e-3 * np.abs(answer).max()


def test_poles_zeros_gains_and_margins_are_those_of_python_control(tanks: Point) -> None:
    linear = linearise(tanks, ["spirit.m_flow.water", "spirit.T"], ["second.V", "second.T"])
    other = to_control(linear)
    assert other.input_labels == ["spirit_m_flow_water", "spirit_T"]
    theirs = np.sort_complex(control.poles(other))
    np.testing.assert_allclose(np.sort_complex(poles(linear)), theirs, rtol=1e-6)  # double poles: root of rounding
    G = control.frequency_response(other, OMEGA)
    np.testing.assert_allclose(np.moveaxis(G.complex, -1, 0), frequency_response(linear, OMEGA), rtol=1e-9, atol=1e-12)
    dc = np.asarray(control.dcgain(other))
    np.testing.assert_allclose(steady_gain(linear), dc, rtol=1e-9, atol=1e-9 * np.abs(dc).max())
    np.testing.assert_allclose(relative_gains(linear), dc * np.linalg.inv(dc).T, rtol=1e-9, atol=1e-9)
    one = linear.part([1], [1])
    mine, his = zeros(one), np.sort_complex(control.zeros(to_control(one)))
    his = his[np.abs(his) < 1e3]
    np.testing.assert_allclose(np.sort_complex(mine), his, rtol=1e-5)
    times = np.linspace(0.0, 900.0, 31)
    theirs_step = control.step_response(to_control(one), times).outputs
    np.testing.assert_allclose(step_response(one, times)[:, 0, 0], theirs_step, rtol=1e-8, atol=1e-10)


def test_margins_are_those_of_python_control_and_of_the_open_loop(temperatures: Linear) -> None:
    """A PI controller with a lag on the flagship's second crystallizer, on the exported and reduced model."""
    small, bound = reduced(temperatures.part([1], [1]), 8)
    assert bound < 1e-2
    lag = control.tf([1.0], [60.0, 1.0])
    loop = control.tf([3.0 * 1200.0, 3.0], [1200.0, 0.0]) * lag * lag * to_control(small)

    def L(omega: Any) -> Any:
        s = 1j * omega
        return 3.0 * (1.0 + 1.0 / (1200.0 * s)) / (1.0 + 60.0 * s) ** 2 * frequency_response(small, omega)[:, 0, 0]

    found = margins(L, np.logspace(-5, 0, 400))
    gm, pm, _, wg, wp, _ = control.stability_margins(loop)
    assert found.gain == pytest.approx(gm, rel=1e-6)
    assert found.phase == pytest.approx(pm, rel=1e-6)
    assert (found.omega_gain, found.omega_phase) == pytest.approx((wg, wp), rel=1e-6)
    assert found.delay == pytest.approx(np.radians(pm) / wp, rel=1e-6)
    omega = np.logspace(-4, -1, 200_001)
    sensitivity = np.abs(1.0 / (1.0 + control.frequency_response(loop, omega).complex))
    assert found.Ms == pytest.approx(float(sensitivity.max()), rel=1e-6)
    assert found.stable
    too_much = margins(lambda w: 1.1 * found.gain * L(w), np.logspace(-5, 0, 400))
    assert not too_much.stable


@pytest.mark.slow
def test_balanced_truncation_keeps_its_bound_and_the_steady_gain(temperatures: Linear) -> None:
    whole = temperatures.part([1], [1])
    small, bound = reduced(whole, 3)
    assert small.order == 3 < whole.order
    off = np.abs(frequency_response(small, OMEGA) - frequency_response(whole, OMEGA))
    # jacket and temperature are both in kelvins: sizes cancel
    assert 1e-8 < off.max() <= bound * (1.0 + 1e-6)
    np.testing.assert_allclose(steady_gain(small), steady_gain(whole), atol=1e-9)
    assert bound == pytest.approx(2.0 * reach(whole).hankel[3:].sum(), rel=1e-6)


def test_what_inputs_do_not_reach_is_said(temperatures: Linear) -> None:
    """The line acts downstream only: the second stage's jacket reaches nothing of the reactor."""
    reached, seen = temperatures.part([1], [1]).connected()
    assert reached.all()
    assert seen.all()
    names = temperatures.part([1], [1]).states
    assert any(name.startswith("crystallizer_2.") for name in names)
    assert not any(name.startswith("reactor.") for name in names)
    gain = relative_gains(temperatures)
    np.testing.assert_allclose(gain, np.eye(2), atol=1e-9)


def test_files_hold_the_system(tanks: Point, tmp_path: Path) -> None:
    from scipy.io import loadmat

    linear = linearise(tanks, ["spirit.T"], ["first.T", "second.T"])
    write(linear, tmp_path / "tanks.npz")
    again = read(tmp_path / "tanks.npz")
    assert (again.states, again.inputs, again.output_units) == (linear.states, ("spirit.T",), ("K", "K"))
    assert (again.A != linear.A).nnz == 0
    write(linear, tmp_path / "tanks.mat")
    data = loadmat(tmp_path / "tanks.mat")
    np.testing.assert_array_equal(data["A"].toarray(), linear.A.toarray())
    np.testing.assert_array_equal(data["C"], linear.C)
    assert [str(cell[0][0]) for cell in data["states"]] == list(linear.states)


def test_what_there_is_not_is_named(tanks: Point) -> None:
    with pytest.raises(NotLinear, match="spirit.*'m_flo'.*m_flow"):
        linearise(tanks, ["spirit.m_flo"], ["first.T"])
    with pytest.raises(NotLinear, match="first.m has 2 elements"):
        linearise(tanks, ["spirit.T"], ["first.m"])
    with pytest.raises(NotLinear, match="no feedback loop"):
        find_loop(tanks.plant.spec, "TIC-1")
