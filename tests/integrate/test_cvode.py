"""CVODE behind the same interface: equal results, equal events, and our Jacobian made plain for it."""

from __future__ import annotations

import builtins
import math
import threading
import time

import numpy as np
import pytest

from tests.integrate.problems import problem
from tests.integrate.test_events import REFILL, decay, decay_total, drain, levels
from tests.integrate.test_memory import EVENTS, LATCHES, above, energy, root, swing
from twin.errors import TwinError
from twin.integrate import tables as at
from twin.integrate.allocate import Event, Kind, Latch
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Outcome

pytest.importorskip("sksundae")

from scipy.sparse import csc_matrix

from twin.integrate.cvode import Cvode
from twin.integrate.elimination import elimination

METHODS = ("cvode", "cvode-gmres")
both = pytest.mark.parametrize("method", METHODS)


def run_with(make, plant, **options):
    blocks = ([], [])
    run = make(plant, samples=blocks[0].append, fired=blocks[1].append, **options)
    ending = run.advance(20.0)
    joined = [{f: np.concatenate([getattr(b, f) for b in kind]) for f in kind[0]._fields} for kind in blocks]
    return run, ending, joined


@both
def test_agrees_with_the_native_methods(method):
    """Ramp, jump, impulse, restore, latches and quadrature; two integrators share only the kernels."""
    plant = problem(swing, [2.0, 0.0], p=[1.0, 0.0], quadratures=energy, n_q=1, guards=above, n_g=1)
    options = {"events": EVENTS, "latches": LATCHES, "every": 0.1, "record": [0, 1], "rtol": 1e-10}
    native, ending, (samples, fired) = run_with(Integrator, plant, **options)
    other, other_ending, (other_samples, other_fired) = run_with(
        lambda plant, **kw: Cvode(plant, method=method, **kw), plant, **options
    )
    assert ending.outcome is other_ending.outcome is Outcome.FINISHED
    # BDF errs by some thousand times rtol along this orbit, whose slow parts hand errors on as shifts
    bound = {"rtol": 0, "atol": 2e-6}
    np.testing.assert_array_equal(samples["time"], other_samples["time"])
    rows = slice(at.LOG_SOURCE, at.LOG_ROW + 1)
    np.testing.assert_array_equal(fired["log"][:, rows], other_fired["log"][:, rows])
    np.testing.assert_allclose(fired["log"][:, at.LOG_TIME], other_fired["log"][:, at.LOG_TIME], **bound)
    for name in ("y", "q"):
        np.testing.assert_allclose(fired[name], other_fired[name], **bound)
        np.testing.assert_allclose(samples[name], other_samples[name], **bound)
    np.testing.assert_allclose(native.y, other.y, **bound)
    assert other.statistics["rhs"] > 0
    assert other.statistics["firings"] == native.statistics["firings"] > 0


def test_jacobian_without_auxiliaries():
    """Against differences of the whole plant: recycle, integrals and quadratures included."""
    from twin.config import load_plant
    from twin.plant import compile_plant
    from twin.plant.evaluate import rates

    plant = compile_plant(load_plant("two_tanks"))
    run = Cvode(plant)
    run.advance(100.0)
    n_y, n_q = len(run.y), len(run.q)
    got = np.zeros(len(run._values))
    z = np.concatenate([run.y, run.q])
    run._jacobian(run.time, z, z, got)
    _, indices, pointers = elimination(plant.jacobian, n_y, plant.n_aux, n_q)
    matrix = csc_matrix((got, indices, pointers), shape=(n_y + n_q, n_y + n_q)).toarray()
    expected = np.zeros_like(matrix)
    above_, below = np.zeros(n_y + n_q), np.zeros(n_y + n_q)
    first = int(plant.tables.places[0])
    for j in range(n_y):
        step = 1e-6 * plant.nominal[j]
        for sign, out in ((1.0, above_), (-1.0, below)):
            y, w, dy = run.y.copy(), np.zeros(plant.n_w), np.zeros(n_y)
            y[j] += sign * step
            rates(plant.tables, run.time, y, run.p, w, dy)
            out[:] = np.concatenate([dy, w[first : first + n_q]])
        expected[:, j] = (above_ - below) / (2.0 * step)
    # one-sided differences in ours, against larger ones here
    largest = np.abs(expected).max(axis=1, keepdims=True)
    assert np.all(np.abs(matrix - expected) <= 1e-4 * np.abs(expected) + 1e-5 * largest)
    assert np.count_nonzero(matrix[:n_y]) > n_y


@both
def test_real_plant(method):
    from twin.config import load_plant
    from twin.plant import compile_plant

    plant = compile_plant(load_plant("two_tanks"))
    native, other = Integrator(plant, rtol=1e-8), Cvode(plant, method=method, rtol=1e-8)
    for run in (native, other):
        assert run.advance(3600.0).outcome is Outcome.FINISHED
    np.testing.assert_allclose(native.y / plant.nominal, other.y / plant.nominal, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(native.q, other.q, rtol=1e-6)


@both
def test_refill(method):
    plant = problem(drain, [2.0], p=[0.5, 0.0], guards=levels, n_g=2)
    blocks = []
    run = Cvode(plant, method=method, latches=REFILL, fired=blocks.append)
    assert run.advance(10.0).outcome is Outcome.FINISHED
    log = np.concatenate([b.log for b in blocks])
    np.testing.assert_allclose(log[:, at.LOG_TIME], [2.0, 3.0, 5.0, 6.0, 8.0, 9.0], rtol=0, atol=1e-7)


@both
def test_returns_to_python(method):
    plant = problem(decay, [1.0], p=[0.0], quadratures=decay_total, n_q=1)
    run = Cvode(plant, method=method, rtol=1e-10, events=[Event(1.0, Kind.RETURN)])
    ending = run.advance(3.0)
    assert (ending.outcome, ending.row, ending.time) == (Outcome.EVENT, 0, 1.0)
    run.set(0, 1.0)
    assert run.advance(3.0).outcome is Outcome.FINISHED
    assert run.y[0] == pytest.approx(1.0 + (math.exp(-1.0) - 1.0) * math.exp(-2.0), rel=1e-8)
    # outside the error test a quadrature follows the tolerance of the states
    assert run.q[0] == pytest.approx(3.0 - 1.0 - (run.y[0] - 1.0), rel=1e-7)


def test_terminal_guard():
    plant = problem(drain, [2.0], p=[0.5, 0.0], guards=levels, n_g=2)
    ending = Cvode(plant, latches=[Latch(0, -1)]).advance(10.0)
    assert (ending.outcome, ending.row) == (Outcome.GUARD, 0)
    assert ending.time == pytest.approx(2.0, abs=1e-9)


def resting(t, y, p, g):
    g[0] = y[0] - 1.0
    g[1] = 0.0 * y[0]


def test_a_guard_that_rests_at_zero_is_no_root_and_no_warning(capfd):
    """SUNDIALS would write to the terminal of root functions that are identically 0, with a path of its build."""
    plant = problem(drain, [2.0], p=[0.5, 0.0], guards=resting, n_g=2)
    ending = Cvode(plant, latches=[Latch(0, -1), Latch(1, +1), Latch(1, -1)]).advance(10.0)
    assert (ending.outcome, ending.row) == (Outcome.GUARD, 0)
    assert ending.time == pytest.approx(2.0, abs=1e-9)
    assert capfd.readouterr() == ("", "")


@both
def test_interrupt_within_one_call_of_the_solver(method):
    """No sample before the end, so that CVODE is on its own for as long as it likes; then as if nothing had been."""
    plant = problem(swing, [2.0, 0.0], p=[1.0, 0.0])
    run = Cvode(plant, method=method, rtol=1e-6, every=1e9, samples=lambda block: None)
    assert run.advance(1.0).outcome is Outcome.FINISHED
    endings = []
    thread = threading.Thread(target=lambda: endings.append(run.advance(1e8)))
    thread.start()
    tried = run.statistics["rhs"]
    while run.statistics["rhs"] < tried + 100:
        time.sleep(1e-3)
    run.interrupt()
    thread.join(30.0)  # 1e8 s of the orbit would take hours
    assert not thread.is_alive()
    assert endings[0].outcome is Outcome.INTERRUPTED
    assert endings[0].time == run.time == 1.0
    assert run.advance(2.0).outcome is Outcome.FINISHED
    whole = Cvode(plant, method=method, rtol=1e-6)
    whole.advance(2.0)
    # errors of some hundred times rtol along the orbit: see above
    np.testing.assert_allclose(run.y, whole.y, rtol=0, atol=1e-3)


def test_failures_are_outcomes():
    ending = Cvode(problem(root, [1.0], p=[0.0])).advance(2.0)
    assert ending.outcome is Outcome.SOLVER_FAILED
    assert "CVODE says" in str(ending)


def test_unknown_method_is_refused():
    with pytest.raises(TwinError, match="no method"):
        Cvode(problem(root, [1.0], p=[0.0]), method="cvode-dense")


def test_missing_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("sksundae"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TwinError, match=r"continuous-twin\[sundials\]"):
        Cvode(problem(root, [1.0], p=[0.0]))
