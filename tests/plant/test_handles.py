"""Handles: NamedTuples of arrays that compiled code is given by one pointer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from twin.jit import disabled  # noqa: E402
from twin.plant.handles import Handle, handed  # noqa: E402
from twin.quantity import Array  # noqa: E402

pytestmark = pytest.mark.skipif(disabled(), reason="interpreted kernels are given the NamedTuples themselves")


class Inner(NamedTuple):
    a: Array
    b: Array


class Outer(NamedTuple):
    x: Array
    inner: Inner
    table: Array
    rows: Array


def outer(n: int = 3) -> Outer:
    inner = Inner(np.arange(4.0), np.array([7, 8], dtype=np.uint32))
    return Outer(np.arange(float(n)), inner, np.arange(6.0).reshape(2, 3), np.arange(5))


@numba.njit
def use(h, given):  # type: ignore[no-untyped-def]
    """Read and write every kind of field, and one behind a nested tuple."""
    if given is not None:
        h.x[0] = given.a[1]
    h.table[1, 2] = h.x[0] + h.inner.a[3] + h.inner.b[1] + h.rows[4]
    h.inner.a[0] = h.table.shape[0] * 10.0 + h.table.shape[1]
    total = 0.0
    for i in range(h.x.shape[0]):
        total += h.x[i]
    for value in h.table[1]:
        total += value
    return total


def test_compiled_code_reads_and_writes_the_arrays_behind_a_handle() -> None:
    one = outer()
    found = use(Handle(one), None)
    assert one.table[1, 2] == 0.0 + 3.0 + 8.0 + 4.0
    assert one.inner.a[0] == 23.0
    assert found == (0.0 + 1.0 + 2.0) + (3.0 + 4.0 + 15.0)
    other = outer(5)  # another length is no other type
    use(Handle(other), None)
    assert len(use.signatures) == 1
    use(Handle(other), Handle(Inner(np.array([0.0, 9.0]), np.zeros(0, dtype=np.uint32))))
    assert other.x[0] == 9.0


def test_what_compiled_code_could_not_read_is_refused() -> None:
    one = outer()
    with pytest.raises(TypeError, match="contiguous"):
        Handle(one._replace(table=np.zeros((4, 3))[::2]))
    fixed = np.zeros(3)
    fixed.flags.writeable = False
    with pytest.raises(TypeError, match="written"):
        Handle(one._replace(x=fixed))


def test_a_table_that_another_took_the_place_of_gets_another_handle() -> None:
    one, two = outer(), outer()
    first = handed((one, two))
    again = handed((one, two._replace(x=np.zeros(9))), first)
    assert again[0] is first[0]
    assert again[1].value.x.shape == (9,)


COMPILE = """\
from twin.integrate import loop, stepping, sweeps
loop.compile_engine()
assert stepping.attempt.signatures, "steps are compiled"
assert not sweeps.sweep_step.signatures, "steps over scans are not"
"""


@pytest.mark.slow
def test_the_common_loop_is_compiled_without_steps_over_scans(tmp_path: Path) -> None:
    environment = {**os.environ, "TWIN_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", COMPILE], env=environment, check=True, timeout=500)


def test_a_handle_stands_for_other_arrays_of_the_same_types_and_no_others() -> None:
    one = outer()
    handle = Handle(one)
    other = one._replace(inner=one.inner._replace(b=np.array([1, 2, 3], dtype=np.uint32)), rows=np.arange(9))
    handle.take(other)
    assert handle.value is other
    assert handle.table.tolist() == Handle(other).table.tolist() != Handle(one).table.tolist()
    wrong = [
        one._replace(x=np.zeros(3, dtype=np.int64)),
        one._replace(x=np.zeros((3, 1))),
        one._replace(inner=None),
        one._replace(inner=one.inner._replace(a=None)),
        one._replace(x=Inner(one.x, one.x)),
        one.inner,
    ]
    for value in wrong:
        with pytest.raises(TypeError, match="this handle stands for Outer"):
            handle.take(value)
        assert handle.table.tolist() == Handle(other).table.tolist()
    with pytest.raises(TypeError, match="contiguous"):
        handle.take(one._replace(table=np.zeros((4, 3))[::2]))
