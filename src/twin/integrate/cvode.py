"""SUNDIALS CVODE behind the interface of the native integrator: an independent cross-check.

Variable-order BDF in place of a Rosenbrock step, with the Jacobian eliminated to plain states or,
for `cvode-gmres`, Krylov iterations preconditioned by our own sparse LU. Events, latches, samples and
records go through the same kernels, but CVODE finds the roots of guards and interpolates samples by
itself, and is started anew after each event. Quadratures are states outside the error test.

Differences to the native methods: a restored checkpoint starts CVODE anew, so its bits differ;
`steps` counts the steps tried, as seen from the right-hand sides.
"""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from twin.errors import TwinError, UsageError
from twin.integrate import tables as at
from twin.integrate.elimination import elimination
from twin.integrate.integrator import Integrator
from twin.integrate.outcome import Ending, Outcome
from twin.quantity import Array

#: Absolute tolerance of quadratures: outside the error test.
NO_TEST = 1e100
#: Returned within this module when CVODE gave up.
FAILED = -100
#: What CVODE sees of a guard at exactly 0: on a side, since it warns on the terminal of roots that rest at 0.
ON_SIDE = 1e-200


class _Interrupted(Exception):
    """Raised out of CVODE's callbacks when the run is to stop."""


class _Revived(Exception):
    """Raised out of CVODE's callbacks when a state without row and column is no longer zero and at rest."""


def _sundae() -> ModuleType:
    try:
        from sksundae import cvode
    except ImportError as error:
        raise UsageError(
            "The solver cvode needs scikit-sundae, which is not installed.\n"
            'Install it with: pip install "continuous-twin[sundials]"  (there is no wheel for Linux on ARM).'
        ) from error
    return cvode


class Cvode(Integrator):
    """One run of a plant by CVODE.

    Parameters
    ----------
    method : str
        `cvode` (sparse direct) or `cvode-gmres` (Krylov, preconditioned by our LU).
    **options
        As for :class:`twin.integrate.integrator.Integrator`.

    Raises
    ------
    TwinError
        When scikit-sundae is not installed.
    """

    def begin(self, plant: Any, *, method: str = "cvode", **options: Any) -> None:
        """Begin a run, with a solver of its own."""
        self._cvode_method = method
        super().begin(plant, method="rodas4p", **options)
        from twin.integrate import cvode_kernels
        from twin.jit import arm

        arm(cvode_kernels)
        self._kernels = cvode_kernels
        self._stale = True
        self._message = ""
        self._last_rhs = np.nan
        self._scale = 0.0
        self._make()

    def _make(self) -> None:
        """Make the solver for the tables in use."""
        sundae, method = _sundae(), self._cvode_method
        n_y, n_q = self._sizes.n_y, self._sizes.n_q
        settings = self._control.settings
        rtol = float(settings[at.RTOL])
        choices: dict[str, Any] = {
            "rtol": rtol,
            "atol": np.concatenate([self._work.atol, np.full(n_q, NO_TEST)]),
            "max_num_steps": 2_000_000_000,
        }
        if np.isfinite(settings[at.H_MAX]):
            choices["max_step"] = float(settings[at.H_MAX])
        if self._latches:
            # a function of its own, since scikit-sundae writes attributes to it
            choices |= {"eventsfn": lambda t, z, out: self._guards(t, z, out), "num_events": len(self._memory.side)}
        if method == "cvode":
            choices |= self._direct(n_y, n_q)
        elif method == "cvode-gmres":
            precond = sundae.CVODEPrecond(self._set_up, self._precondition)
            choices |= {"linsolver": "gmres", "precond": precond, "krylov_dim": 10}
        else:
            raise TwinError(f"There is no method {method}: choose cvode or cvode-gmres.")
        with warnings.catch_warnings():
            # a pattern is needed with a Jacobian of one's own, and yet warned of
            warnings.filterwarnings("ignore", message="Custom sparse Jacobian")
            self._solver = sundae.CVODE(self._right_hand_side, **choices)
        self._unfactorised = method == "cvode"
        if self._unfactorised:  # freed before its first factorisation it brings the process down: never let go
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._solver))

    def _direct(self, n_y: int, n_q: int) -> dict[str, Any]:
        from scipy.sparse import csc_matrix

        self._plan, indices, pointers = elimination(self.jacobian, n_y, self._sizes.n_aux, n_q)
        self._rows, self._scratch = np.zeros(len(self._plan.pattern)), np.zeros(n_y)
        self._values = np.zeros(len(indices))
        shape = (n_y + n_q, n_y + n_q)
        pattern = csc_matrix((np.ones(len(indices)), indices, pointers), shape=shape)
        return {"linsolver": "sparse", "sparsity": pattern, "jacfn": self._jacobian}

    # what CVODE calls

    def _right_hand_side(self, t: float, z: Array, out: Array) -> None:
        n_y = self._sizes.n_y
        work, status = self._work, self._control.status
        if status[at.INTERRUPT] != 0:  # one call of CVODE can take steps without end on the way to a sample
            raise _Interrupted
        work.y_stage[:] = z[:n_y]
        self._kernels.rates_at(self._tables, self._memory, work, t)
        out[:n_y] = work.dy
        first = int(self._tables.places[0])
        out[n_y:] = work.w[first : first + self._sizes.n_q]
        status[at.RHS] += 1
        if t != self._last_rhs:
            self._last_rhs = t
            status[at.STEPS] += 1

    def _structured(self, t: float, z: Array) -> None:
        self._work.y_stage[:] = z[: self._sizes.n_y]
        absent = self.jacobian.absent
        if len(absent):
            self._kernels.rates_at(self._tables, self._memory, self._work, t)
            alive = absent[(self._work.y_stage[absent] != 0.0) | (self._work.dy[absent] != 0.0)]
            if len(alive):
                self._memory.absent[alive] = 0.0
                raise _Revived
        self._kernels.jacobian_at(self._tables, self.jacobian, self._memory, self._work, t)
        self._control.status[at.JACOBIANS] += 1

    def _jacobian(self, t: float, z: Array, rates: Array, out: Array) -> None:
        self._structured(t, z)
        work = self._work
        self._kernels.eliminate(
            self._plan, work.values, work.q_values, self._sizes.n_y, self._rows, self._scratch, self._values
        )
        out[:] = self._values
        if self._unfactorised:  # what follows is its first factorisation
            self._unfactorised = False
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(self._solver))

    def _set_up(self, t: float, z: Array, rates: Array, reuse: bool, renewed: list[int], gamma: float) -> None:
        renewed[0] = 0 if reuse else 1
        if not reuse:
            self._structured(t, z)
        work = self._work
        self._control.status[at.LU] += 1
        self._scale = 1.0 / gamma
        self._kernels.factorise(self._factors, work.values, self._scale, work.lower, work.upper, work.pivot, work.row)

    def _precondition(
        self, t: float, z: Array, rates: Array, r: Array, out: Array, gamma: float, delta: float, side: int
    ) -> None:
        n_y, work = self._sizes.n_y, self._work
        work.rhs[:n_y] = r[:n_y]
        work.rhs[n_y:] = 0.0
        self._control.status[at.SOLVES] += 1
        self._kernels.solve(self._factors, work.lower, work.upper, work.pivot, work.rhs, work.u[0], work.row)
        self._kernels.quadrature_rows(self.jacobian, work.q_values, work.u[0], work.u_q[0])
        # the factors are of D - J at the last gamma: (I - gamma J) z = r has z = scale u
        out[:n_y] = work.u[0, :n_y] * self._scale
        out[n_y:] = r[n_y:] + work.u_q[0]

    def _guards(self, t: float, z: Array, out: Array) -> None:
        work = self._work
        work.y_stage[:] = z[: self._sizes.n_y]
        self._kernels.evaluate_guards(self._tables, self._latch_rows, self._memory, work, t, work.y_stage)
        out[:] = work.guard
        resting = (work.guard == 0.0) | np.isnan(work.guard)  # a tag may be no number for a time
        if resting.any():  # zero itself is no crossing: the native methods wait for the other side, too
            out[resting] = np.copysign(ON_SIDE, self._memory.side[resting])

    # the loop of `loop.run`, step by step from Python

    def _revive(self) -> None:
        super()._revive()
        self._make()
        self._stale = True

    def restore(self, state: dict[str, Array]) -> None:
        """Continue from a checkpoint, with a solver for the matrix that the run had then."""
        before = self.jacobian
        super().restore(state)
        if self.jacobian is not before:
            self._make()

    def advance(self, until: float, **options: Any) -> Ending:
        """As the native `advance`; parameters and states changed in between start CVODE anew."""
        self._stale = True
        return super().advance(until, **options)

    def _call(self, progress: Callable[[float], None] | None) -> int:
        tables, memory, work, control, buffers = (
            self._tables,
            self._memory,
            self._work,
            self._control,
            self._recorder,
        )
        kernels, resume, status = self._kernels, memory.resume, control.status
        looked = False
        steps_before = int(status[at.STEPS])
        while True:
            t = float(resume[at.T])
            if kernels.scan_due(memory, t, kernels.FIRST):  # the order of all this is that of `loop.run`
                kernels.fire_scans(tables, self._discrete, memory, work, control, t, work.w_aside)
                self._stale = True
            while kernels.sample_due(memory, control, t):
                if not kernels.record(tables, memory, work, control, buffers, t, memory.y, memory.q):
                    return at.FLUSH
            row = int(resume[at.NEXT_ROW])
            due = row < len(self._events.time) and self._events.time[row] <= t
            scan = kernels.scan_due(memory, t, kernels.DUE)
            urgent = resume[at.JUST_FIRED] == 0.0 or resume[at.SIDES_KNOWN] == 0.0
            if self._latches and not looked and (urgent or not (due or scan)):
                code, looked = self._look(t)
                if code != at.DONE:
                    return code
                continue
            if due:
                if status[at.EVENTS_HELD] >= len(buffers.log):
                    return at.FLUSH
                kernels.fire_event(tables, self._discrete, self._events, memory, work, control, buffers, row, t)
                resume[at.NEXT_ROW] += 1.0
                resume[at.JUST_FIRED] = 1.0
                status[at.ROW] = row
                self._stale, looked = True, False
                if self._events.kind[row] == at.RETURN:
                    return at.PYTHON
                continue
            if scan:
                kernels.fire_scans(tables, self._discrete, memory, work, control, t, work.w_aside)
                self._stale, looked = True, False
                continue
            if t >= control.settings[at.T_END]:
                return at.DONE
            if status[at.INTERRUPT] != 0:
                return at.INTERRUPTED
            if status[at.STEPS] >= control.settings[at.MAX_STEPS]:
                return at.TOO_MANY
            if status[at.STEPS] - steps_before >= status[at.STEP_BUDGET]:
                return at.FLUSH
            looked = False
            try:
                if not self._step(t):
                    return FAILED
            except _Interrupted:  # the point accepted last stands; CVODE is started anew from there
                self._stale = True
                return at.INTERRUPTED
            except _Revived:
                return at.REVIVED
            if progress is not None:
                progress(float(resume[at.T]))

    def _look(self, t: float) -> tuple[int, bool]:
        """Fire what crossed at the accepted point; gives a code to return (DONE for none), and whether all is said."""
        memory, status, kernels = self._memory, self._control.status, self._kernels
        kernels.evaluate_guards(self._tables, self._latch_rows, memory, self._work, t, memory.y)
        if memory.resume[at.SIDES_KNOWN] == 0.0:
            kernels.learn_sides(memory, self._work)
        if not kernels.guards_known(self._latch_rows, self._work, self._control):
            return at.GUARD_NAN, False
        before = int(status[at.FIRINGS])
        latch = kernels.fire_latches(
            self._tables, self._discrete, self._latch_rows, memory, self._work, self._control, self._recorder, t
        )
        fired = int(status[at.FIRINGS]) != before
        if fired:
            memory.resume[at.JUST_FIRED] = 1.0
            self._stale = True
        if latch >= 0:
            status[at.ROW] = latch
        code = {-3: at.FLUSH, -2: at.CHATTERING, -1: at.DONE}.get(latch, at.GUARD)
        return code, not fired

    def _step(self, t: float) -> bool:
        memory, control, kernels = self._memory, self._control, self._kernels
        n_y = self._sizes.n_y
        stop = float(kernels.next_stop(self._events, memory, self._work, control))
        if self._stale:
            self._solver.init_step(t, np.concatenate([memory.y, memory.q]))
            self._stale = False
        sample = float(kernels.next_sample(memory, control))
        # between samples every step is looked at; otherwise CVODE interpolates to the sample
        if sample < np.inf:
            result = self._solver.step(min(sample, stop), method="normal", tstop=stop)
        else:
            result = self._solver.step(stop, method="onestep", tstop=stop)
        if result.status < 0:
            self._message = str(result.message)
            return False
        for i in range(len(memory.side)):
            memory.side[i] = kernels.sign(memory.side[i])
        memory.y[:], memory.q[:] = result.y[:n_y], result.y[n_y:]
        # a stop may be missed by rounding, never by more
        reached = float(result.t)
        memory.resume[at.T] = stop if abs(reached - stop) <= 4e-16 * abs(stop) else reached
        memory.resume[at.JUST_FIRED] = 0.0
        if result.status == 2 and self._latches:
            self._cut(result.i_events[-1])
        kernels.finish_ramps(memory, memory.resume[at.T])
        control.progress[0] = memory.resume[at.T]
        return True

    def _cut(self, found: Array) -> None:
        """Note a guard that CVODE found crossing: it has crossed also when before zero by rounding."""
        for guard in np.flatnonzero(found):
            direction = float(np.sign(found[guard]))
            side = self._memory.side[guard]
            if side * direction < 0.0 and self._kernels.watched(self._latch_rows, self._memory, guard, direction):
                self._memory.resume[at.CUT_GUARD] = float(guard)
                return

    def _ending(self, code: int) -> Ending:
        if code != FAILED:
            return super()._ending(code)
        from twin.integrate.diagnosis import likely_cause

        cause = likely_cause(self.plant, Outcome.SOLVER_FAILED, self.time, self.y, self.p, -1)
        return Ending(Outcome.SOLVER_FAILED, self.time, -1, "", f"CVODE says: {self._message} {cause}".strip())
