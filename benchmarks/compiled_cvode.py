"""How fast is CVODE without a line of Python in its loop, smooth and under an event a minute, beside Rodas4P?

    python -m benchmarks.compiled_cvode [--quick]

SUNDIALS' own libraries, those inside scikit-sundae's wheel, called from compiled code: right-hand side,
preconditioner and the loop over samples are numba's, with our rates, our exact Jacobian and our LU as the
preconditioner of GMRES, as in `cvode-gmres`. So what is left is the method. `paracetamol_smooth`, 24 h, and the same
with a change of the reagents' temperature every 60 s, at each of which CVODE is started anew (`CVodeReInit`), since its
history does not hold across a jump. Errors are the worst state's |y - ref|/(|ref| + nominal), median and greatest over
97 instants, against Rodas4P at rtol 1e-10 on the same case. CPU seconds, ours the least of five, CVODE's of three.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Skipped, quickly, show, stores, write
from benchmarks.peers import PATH, changes, native
from twin.config import load_scenario
from twin.integrate.allocate import Event
from twin.integrate.cvode import NO_TEST, Cvode
from twin.plant import compile_plant

DAY, EVERY, PERIOD = 86400.0, 900.0, 60.0
REFERENCE = 1e-10
BDF, NORMAL, LEFT, KRYLOV = 2, 1, 1, 10
#: From one stop to the next; with steps of 1e-14 s, to which it sometimes comes, CVODE would go on for ever.
MOST_STEPS = 50_000
#: Places of the counts.
RHS, JACOBIANS, SOLVES = 0, 1, 2


class Library:
    """The few functions of SUNDIALS that are needed, with their types."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("sksundae")
        if found is None or found.origin is None:
            raise Skipped("needs scikit-sundae: pip install 'continuous-twin[sundials]'")
        folder = Path(found.origin).parents[1] / "scikit_sundae.libs"
        parts = {}
        for name in ("core", "nvecserial", "sunlinsolspgmr", "cvode"):
            paths = sorted(folder.glob(f"libsundials_{name}-*.so*"))
            if not paths:
                raise Skipped("this wheel of scikit-sundae does not hold SUNDIALS as libraries of their own")
            parts[name] = ctypes.CDLL(str(paths[0]), mode=ctypes.RTLD_GLOBAL)
        p, i, d = ctypes.c_ssize_t, ctypes.c_int, ctypes.c_double

        def function(part: str, name: str, result: Any, *arguments: Any) -> Any:
            made = getattr(parts[part], name)
            made.restype, made.argtypes = result, arguments
            return made

        self.context = function("core", "SUNContext_Create", i, i, ctypes.POINTER(p))
        self.data = function("core", "N_VGetArrayPointer", p, p)
        self.vector = function("nvecserial", "N_VMake_Serial", p, p, p, p)
        self.spgmr = function("sunlinsolspgmr", "SUNLinSol_SPGMR", p, p, i, i, p)
        self.create = function("cvode", "CVodeCreate", p, i, p)
        self.init = function("cvode", "CVodeInit", i, p, p, d, p)
        self.reinit = function("cvode", "CVodeReInit", i, p, d, p)
        self.tolerances = function("cvode", "CVodeSVtolerances", i, p, d, p)
        self.user_data = function("cvode", "CVodeSetUserData", i, p, p)
        self.most_steps = function("cvode", "CVodeSetMaxNumSteps", i, p, ctypes.c_long)
        self.stop = function("cvode", "CVodeSetStopTime", i, p, d)
        self.linear = function("cvode", "CVodeSetLinearSolver", i, p, p, p)
        self.preconditioner = function("cvode", "CVodeSetPreconditioner", i, p, p, p)
        self.solve = function("cvode", "CVode", i, p, d, p, p, i)
        self.steps = function("cvode", "CVodeGetNumSteps", i, p, ctypes.POINTER(ctypes.c_long))


class Compiled:
    """CVODE for one plant, all its callbacks compiled.

    Parameters
    ----------
    plant : Plant
        Compiled.
    """

    def __init__(self, plant: Any, library: Library) -> None:
        self.plant, self.library = plant, library
        lent = Cvode(plant, method="cvode-gmres", rtol=1e-6)
        self.kernels = lent._kernels
        self.lent = lent
        self.counts = np.zeros(4, dtype=np.int64)
        self.tables = (plant.tables, lent.jacobian, lent._factors, lent._memory, lent._work, self.counts)
        self._compile()

    def _compile(self) -> None:
        import numba
        from numba import cfunc, njit, types
        from numba.extending import intrinsic

        kind = numba.typeof(self.tables)
        f8, whole, short = types.float64, types.intp, types.int32
        data, solve = self.library.data, self.library.solve
        reinit, stop = self.library.reinit, self.library.stop
        options: dict[str, Any] = {"_nrt": False, "error_model": "numpy"}
        kernels = self.kernels
        rates_at, jacobian_at, factorise = kernels.rates_at, kernels.jacobian_at, kernels.factorise
        solve_lu, quadrature_rows = kernels.solve, kernels.quadrature_rows

        @intrinsic
        def store_at(typing: Any, value: Any, address: Any) -> Any:
            def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                place = builder.inttoptr(arguments[1], context.get_value_type(value).as_pointer())
                builder.store(arguments[0], place)
                return context.get_constant(types.intp, context.get_abi_sizeof(context.get_value_type(value)))

            return types.intp(value, types.intp), make

        @njit(**options)
        def keep(tables: Any, address: int) -> int:
            """Write the tables, which are addresses and sizes, to where callbacks find them; gives their bytes."""
            return store_at(tables, address)

        @intrinsic
        def tables_at(typing: Any, address: Any) -> Any:
            def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                place = builder.inttoptr(arguments[0], context.get_value_type(kind).as_pointer())
                return builder.load(place)  # without reference counts: Python holds the arrays

            return kind(address), make

        @intrinsic
        def doubles(typing: Any, address: Any) -> Any:
            def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(f8)))

            return types.CPointer(f8)(address), make

        @intrinsic
        def ints(typing: Any, address: Any) -> Any:
            def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                return builder.inttoptr(arguments[0], context.get_value_type(types.CPointer(short)))

            return types.CPointer(short)(address), make

        @cfunc(short(f8, whole, whole, whole), **options)
        def rhs(t: float, zv: int, out_v: int, user: int) -> int:
            P, _, _, M, W, counts = tables_at(user)
            n_y, n_q = W.y_stage.shape[0], M.q.shape[0]
            z, out = doubles(data(zv)), doubles(data(out_v))
            for i in range(n_y):
                W.y_stage[i] = z[i]
            rates_at(P, M, W, t)
            first = P.places[0]
            for i in range(n_y):
                out[i] = W.dy[i]
            for i in range(n_q):
                out[n_y + i] = W.w[first + i]
            counts[0] += 1
            return 0

        @cfunc(short(f8, whole, whole, short, whole, f8, whole), **options)
        def set_up(t: float, zv: int, rates: int, reuse: int, renewed: int, gamma: float, user: int) -> int:
            P, J, F, M, W, counts = tables_at(user)
            n_y = W.y_stage.shape[0]
            told = ints(renewed)
            told[0] = 0
            if reuse == 0:
                z = doubles(data(zv))
                for i in range(n_y):
                    W.y_stage[i] = z[i]
                jacobian_at(P, J, M, W, t)
                told[0] = 1
                counts[1] += 1
            factorise(F, W.values, 1.0 / gamma, W.lower, W.upper, W.pivot, W.row)
            return 0

        @cfunc(short(f8, whole, whole, whole, whole, f8, f8, short, whole), **options)
        def precondition(
            t: float, zv: int, rates: int, rv: int, out_v: int, gamma: float, delta: float, side: int, user: int
        ) -> int:
            _, J, F, M, W, counts = tables_at(user)
            n_y, n_q = W.y_stage.shape[0], M.q.shape[0]
            r, out = doubles(data(rv)), doubles(data(out_v))
            for i in range(n_y):
                W.rhs[i] = r[i]
            for i in range(n_y, W.rhs.shape[0]):
                W.rhs[i] = 0.0
            solve_lu(F, W.lower, W.upper, W.pivot, W.rhs, W.u[0], W.row)
            quadrature_rows(J, W.q_values, W.u[0], W.u_q[0])
            for i in range(n_y):
                out[i] = W.u[0, i] / gamma
            for i in range(n_q):
                out[n_y + i] = r[n_y + i] + W.u_q[0, i]
            counts[2] += 1
            return 0

        @njit(**options)
        def drive(
            tables: Any, memory: int, vector: int, z: Any, stops: Any, values: Any, place: int, period: int,
            samples: Any, reached: int,
        ) -> int:  # fmt: skip
            """To each stop; there a parameter is set and CVODE started anew, and each `period`-th one is a sample."""
            p, n_y = tables[3].p, samples.shape[1]
            row = 0
            for k in range(stops.shape[0]):
                if place >= 0:
                    stop(memory, stops[k])
                code = solve(memory, stops[k], vector, reached, 1)
                if code < 0:
                    return code
                if (k + 1) % period == 0:
                    row += 1
                    for i in range(n_y):
                        samples[row, i] = z[i]
                if place >= 0:
                    p[place] = values[k]
                    reinit(memory, stops[k], vector)
            return 0

        self.user = np.zeros(4096, dtype=np.int64)
        if keep(self.tables, self.user.ctypes.data) > self.user.nbytes:
            raise RuntimeError("the tables have grown beyond their place")
        self._callbacks = (rhs, set_up, precondition)
        self._drive = drive

    def run(
        self, rtol: float, end: float, changes: Sequence[float], place: int
    ) -> tuple[np.ndarray, float, dict[str, int]]:
        """One integration: samples, CPU seconds, counts; with `place` a parameter changes every `PERIOD`."""
        library, plant, n_y = self.library, self.plant, self.plant.n_y
        context = ctypes.c_ssize_t()
        library.context(0, ctypes.byref(context))
        made = context.value
        z = np.concatenate([plant.y0, np.zeros(plant.n_q)])
        atol = np.concatenate([rtol * plant.nominal, np.full(plant.n_q, NO_TEST)])
        vector = library.vector(len(z), z.ctypes.data, made)
        weights = library.vector(len(z), atol.ctypes.data, made)
        self.lent._memory.p[:] = plant.p0
        memory = library.create(BDF, made)
        rhs, set_up, precondition = (callback.address for callback in self._callbacks)
        library.init(memory, rhs, 0.0, vector)
        library.tolerances(memory, rtol, weights)
        library.user_data(memory, self.user.ctypes.data)
        library.most_steps(memory, MOST_STEPS)
        library.linear(memory, library.spgmr(vector, LEFT, KRYLOV, made), 0)
        library.preconditioner(memory, set_up, precondition)
        stops = np.arange(PERIOD if place >= 0 else EVERY, end + 0.5, PERIOD if place >= 0 else EVERY)
        period = round(EVERY / PERIOD) if place >= 0 else 1
        samples = np.zeros((len(stops) // period + 1, n_y))
        samples[0] = plant.y0
        self.counts[:] = 0
        values, reached = np.array(changes if place >= 0 else np.zeros(len(stops))), np.zeros(1)
        began = time.process_time()
        where = reached.ctypes.data
        code = self._drive(self.tables, memory, vector, z, stops, values, place, period, samples, where)
        seconds = time.process_time() - began
        if code < 0:
            raise RuntimeError(f"CVODE gave up with {code} at {reached[0]:g} s")
        steps = ctypes.c_long()
        library.steps(memory, ctypes.byref(steps))
        names = {
            "rhs": int(self.counts[RHS]),
            "jacobians": int(self.counts[JACOBIANS]),
            "solves": int(self.counts[SOLVES]),
        }
        return samples, seconds, names if place >= 0 else {"steps": steps.value, **names}


def of_ours(
    plant: Any, rtol: float, end: float, events: Sequence[Event], method: str = "rodas4p"
) -> tuple[np.ndarray, float, dict[str, int]]:
    """Rodas4P on the same case, in one step for all or block by block."""
    (samples, counts), seconds = native(plant, method, rtol, end, EVERY, events=events)
    return samples, seconds, {k: counts[k] for k in ("steps", "rejected", "rhs", "jacobians", "lu", "solves")}


def main() -> None:
    """Run, print and store."""
    quick = quickly(__doc__, "two hours")
    end = 7200.0 if quick else DAY
    library = Library()
    plant = compile_plant(load_scenario("paracetamol_smooth").plant)
    place, _ = plant.parameter(PATH)
    compiled = Compiled(plant, library)
    table = changes(plant, end, PERIOD)
    values_set = [event.value for event in table]
    rows: list[dict[str, Any]] = []
    for case, moved in (("smooth", -1), (f"an event every {PERIOD:g} s", place)):
        events = table if moved >= 0 else []
        reference, *_ = of_ours(plant, REFERENCE, end, events)

        def told(name: str, runs: list[Any], reference: np.ndarray = reference) -> dict[str, Any]:
            samples, _, counts = runs[-1]
            worst = np.max(np.abs(samples - reference) / (np.abs(reference) + plant.nominal), axis=1)
            values = {"min_s": min(run[1] for run in runs), "error_median": float(np.median(worst))}
            return {"name": name, "values": {**values, "error_max": float(np.max(worst)), **counts}}

        for method, rtol in itertools.product(("rodas4p", "multirate"), (1e-4, 1e-5, 1e-6)):
            runs = [of_ours(plant, rtol, end, events, method) for _ in range(6)][1:]
            rows.append(told(f"{case}: {method}, rtol {rtol:g}", runs))
            show(rows[-1:])
        ours = {
            row["name"].removeprefix(f"{case}: ").replace(", rtol ", "_at_"): row["values"]
            for row in rows
            if row["name"].startswith(f"{case}: ")
        }
        for rtol in (1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
            name = f"{case}: compiled CVODE, rtol {rtol:g}"
            try:
                runs = [compiled.run(rtol, end, values_set, moved) for _ in range(4)][1:]
            except RuntimeError as gave_up:
                rows.append({"name": name, "values": {"skipped": str(gave_up)}})
                show(rows[-1:])
                continue
            rows.append(told(name, runs))
            values = rows[-1]["values"]
            for own, found in ours.items():
                values[f"over_{own}"] = values["min_s"] / found["min_s"]
            show(rows[-1:])
    if stores(quick):
        notes = [
            "CVODE's steps are not counted under events: each start anew counts from nothing.",
            "Equal error: compare a row of CVODE with the row of Rodas4P that has the same median error.",
        ]
        write("compiled_cvode", "CVODE driven by compiled kernels without Python", rows, notes)


if __name__ == "__main__":
    main()
