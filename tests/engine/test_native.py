"""Machine code of the cache without numba: taken where it fits, refused where it does not, never needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twin import native
from twin.jit import ENTRY, code_folder, disabled

pytestmark = pytest.mark.skipif(disabled(), reason="kernels are interpreted")

#: A loop over numbers behind a handle, called by its address.
ADD = """\
import sys
import numpy as np
from typing import Any, NamedTuple
from twin.jit import call, kernel
from twin.plant.handles import handed
class Numbers(NamedTuple):
    x: Any
    total: Any
@kernel
def add(S):
    for i in range(S.x.shape[0]):
        S.total[0] += S.x[i] ** 3
    return 7
if __name__ != "__main__":
    def main(dtype="f8"):
        one = Numbers(np.arange(5, dtype=dtype), np.zeros(1))
        print(call(add, *handed((one,))), one.total[0], "numba" in sys.modules)
"""


@pytest.fixture
def program(tmp_path: Path):
    (tmp_path / "acme_adder.py").write_text(ADD, encoding="utf-8")

    def run(what: str = "f8", **environment: str) -> list[str]:
        paths = os.pathsep.join([str(tmp_path), *sys.path])
        told = {**os.environ, "TWIN_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": paths, **environment}
        command = [sys.executable, "-c", f"import acme_adder; acme_adder.main({what!r})"]
        done = subprocess.run(command, env=told, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=True)
        return done.stdout.split()

    return run


@pytest.mark.slow
def test_the_second_process_imports_no_numba_and_gets_the_same_number(program, tmp_path) -> None:
    assert program() == ["7", "100.0", "True"]
    (file,) = (tmp_path / "cache").rglob("*.o")
    assert program() == ["7", "100.0", "False"]
    assert program("i8") == ["7", "100.0", "True"], "other types of the arrays are other code"
    assert program(NUMBA_CPU_NAME="generic") == ["7", "100.0", "True"], "so is another processor"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert program() == ["7", "100.0", "True"], "damaged code is compiled anew"
    assert program() == ["7", "100.0", "False"]
    (tmp_path / native.SETTINGS).write_text("cpu_name: generic\n", encoding="utf-8")
    assert program()[2] == "True", "settings of a file that may have changed since"


def test_code_that_calls_what_is_not_there_is_not_loaded(tmp_path: Path) -> None:
    native.keep(tmp_path, ENTRY, b"no code", ["exp", "no_function_of_this_name"])
    assert native.kept(tmp_path, ENTRY)
    assert native.load(tmp_path, ENTRY) is None


def test_a_cache_that_takes_no_files_goes_without(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    native.keep(file, ENTRY, b"code", [])
    assert native.load(file, ENTRY) is None


def test_code_folders_do_not_depend_on_what_was_compiled() -> None:
    """What stands in for a function in compiled code belongs to the hash, whether it was imported or not."""
    from twin.integrate import loop
    from twin.plant.absent import compile_probe

    before = code_folder(loop, "run")
    compile_probe()
    assert code_folder(loop, "run") == before


WARM = """\
import sys
from twin.run import run
done = run("two_tanks", out=sys.argv[1])
print("numba" in sys.modules, "scipy" in sys.modules, done.content_hash)
"""


def test_a_warm_run_imports_neither_numba_nor_scipy(tmp_path: Path) -> None:
    """Each costs more than the run itself."""

    def once(name: str) -> list[str]:
        command = [sys.executable, "-c", WARM, str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=True)
        return done.stdout.split()

    once("first.h5")  # compiled, if nobody did
    numba, scipy, _ = once("second.h5")
    assert (numba, scipy) == ("False", "False")
