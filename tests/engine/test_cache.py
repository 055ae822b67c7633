"""What a module's compiled code is filed under: all that is compiled into it, and nothing that comes and goes."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from twin import jit
from twin.cache import claim, digest, stored, stored_text

FILES = {
    "__init__.py": "",
    "constants.py": "R = 8.314\n",
    "laws.py": "from twin.jit import kernel\n\n\n@kernel\ndef law(x):\n    return 2.0 * x\n",
    "unit.py": """from __future__ import annotations

from twin.jit import kernel
from {package}.constants import R
from .laws import law


@kernel
def rate(x):
    return R * law(x)
""",
    "other.py": "from twin.jit import kernel\n\n\n@kernel\ndef rate(x):\n    return x\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    name = "acme_plant_models"
    folder = tmp_path / name
    folder.mkdir()
    for file, text in FILES.items():
        (folder / file).write_text(text.replace("{package}", name), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for module in [m for m in sys.modules if m.split(".")[0] == name]:
        del sys.modules[module]


def edit(file: Path) -> None:
    """Change a file as an editor does: other bytes, another time."""
    file.write_text(file.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    later = file.stat().st_mtime_ns + 1_000_000_000
    os.utime(file, ns=(later, later))


@pytest.mark.parametrize("name", ["unit", "laws", "constants"])
def test_editing_what_a_unit_imports_files_it_anew(package, name):
    """A constant does not say which module it comes from, yet its number is compiled in."""
    unit = importlib.import_module(f"{package.name}.unit")
    other = importlib.import_module(f"{package.name}.other")
    before = jit.closure_hash(unit), jit.closure_hash(other)
    edit(package / f"{name}.py")
    assert jit.closure_hash(unit) != before[0]
    assert jit.closure_hash(other) == before[1]


def test_streams_and_laws_belong_to_the_models_that_use_them(monkeypatch):
    msmpr = importlib.import_module("unit_ops.crystallization.msmpr")
    names = [m.__name__ for m in jit.import_closure(msmpr)]
    assert {"unit_ops.streams", "unit_ops.crystallization.laws"} <= set(names)
    assert not any(name.startswith("twin.") for name in names)


def test_the_engine_is_not_filed_by_what_happens_to_be_imported():
    """The hash must not differ between a process that only compiles and one that also runs."""
    loop = importlib.import_module("twin.integrate.loop")
    names = [m.__name__ for m in jit.import_closure(loop)]
    importlib.import_module("twin.run")
    importlib.import_module("twin.schedule.simulation")
    assert [m.__name__ for m in jit.import_closure(loop)] == names
    assert "twin.integrate.tables" in names


def test_kernels_called_from_python_are_compiled_for_it_on_demand(package, monkeypatch, tmp_path):
    monkeypatch.setenv("TWIN_CACHE_DIR", str(tmp_path / "cache"))
    jit.cache_root.cache_clear()
    try:
        unit = importlib.import_module(f"{package.name}.unit")
        jit.arm(unit)
        assert unit.rate(2.0) == 8.314 * 4.0
        assert jit.compilations()[f"{package.name}.unit.rate"] == 1
        assert jit.compilations()[f"{package.name}.laws.law"] == 1
        assert [p.name.split("-")[0] for p in (tmp_path / "cache").rglob("*.nbi")] == ["unit.rate"]
    finally:
        jit.cache_root.cache_clear()


def folder_of(root: Path, name: str, days: float) -> Path:
    """A folder of compiled code, last used so many days ago."""
    folder = root / name
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "code.nbc").write_bytes(b"code")
    then = time.time() - 86400.0 * days
    os.utime(folder, (then, then))
    return folder


def test_a_new_folder_takes_the_place_of_those_unused_for_a_month(tmp_path):
    old = folder_of(tmp_path, "unit_ops.piping.tank-aaaa-1", 31)
    recent = folder_of(tmp_path, "unit_ops.piping.tank-bbbb-1", 29)
    longer = folder_of(tmp_path, "unit_ops.piping.tank_farm-cccc-1", 400)
    half = folder_of(tmp_path, ".removing-1234", 31)
    (tmp_path / "unit_ops.piping.tank-note").write_text("a file", encoding="utf-8")
    claim(tmp_path / "unit_ops.piping.tank-dddd-1")
    assert not old.exists()
    assert not half.exists()
    assert recent.exists()
    assert longer.exists(), "another module's"
    assert (tmp_path / "unit_ops.piping.tank-note").exists()
    assert (tmp_path / "unit_ops.piping.tank-dddd-1").is_dir()


def test_a_folder_in_use_stays(tmp_path):
    used = folder_of(tmp_path, "unit_ops.piping.tank-aaaa-1", 300)
    claim(used)
    claim(tmp_path / "unit_ops.piping.tank-dddd-1")
    assert used.exists()


def test_what_cannot_be_removed_is_left_alone(tmp_path, monkeypatch):
    """As on Windows, where a folder with an open file cannot be renamed."""
    held = folder_of(tmp_path, "unit_ops.piping.tank-aaaa-1", 300)

    def refuse(*_: object) -> None:
        raise PermissionError("in use")

    monkeypatch.setattr(Path, "rename", refuse)
    claim(tmp_path / "unit_ops.piping.tank-dddd-1")
    assert (held / "inner" / "code.nbc").read_bytes() == b"code"


def test_the_same_file_elsewhere_or_written_anew_is_known_to_need_compiling(package):
    """Numba takes no code of another file or time: the folder says so, lest a run compile without a word."""
    unit = importlib.import_module(f"{package.name}.unit")
    before = jit.kernel_folder(unit)
    assert jit.kernel_folder(unit) == before
    later = (package / "unit.py").stat().st_mtime_ns + 1_000_000_000
    os.utime(package / "unit.py", ns=(later, later))
    written_anew = jit.kernel_folder(unit)
    assert written_anew != before
    moved = package / "moved.py"
    (package / "unit.py").rename(moved)
    unit.__file__ = str(moved)
    assert jit.kernel_folder(unit) not in (before, written_anew)


def test_what_was_worked_out_is_read_again_and_a_damaged_file_made_afresh(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"a": np.arange(3, dtype=np.uint32), "b": np.array([0.1])}

    path = tmp_path / "new" / "numbers.npz"
    first, again = stored(path, make), stored(path, make)
    assert len(made) == 1
    for name in first:
        assert again[name].dtype == first[name].dtype
        np.testing.assert_array_equal(again[name], first[name])
    for damage in (b"", b"no archive", path.read_bytes()[:50]):
        path.write_bytes(damage)
        np.testing.assert_array_equal(stored(path, make)["a"], first["a"])
    assert len(made) == 4
    text = tmp_path / "texts.json"
    assert stored_text(text, lambda: {"x": 0.1}) == stored_text(text, lambda: {"x": 0.2}) == {"x": 0.1}
    whole = text.read_text(encoding="utf-8")
    # cut short; empty; another document of JSON; a number altered, which would be another plant
    for n, damage in enumerate((whole[:-2], "", "{}", whole.replace("0.1", "0.7"))):
        text.write_text(damage, encoding="utf-8")
        assert stored_text(text, lambda n=n: {"x": 0.1 * n}) == {"x": 0.1 * n}
        text.write_text(whole, encoding="utf-8")
        assert stored_text(text, dict) == {"x": 0.1}
    assert sorted(p.name for p in tmp_path.rglob("*.partial")) == []


def test_a_full_disk_leaves_nothing_behind_in_the_cache(tmp_path, monkeypatch):
    path = tmp_path / "texts.json"

    def half(self, text, **options):
        self.write_bytes(text.encode()[: len(text) // 2])
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", half)
        assert stored_text(path, lambda: {"x": 0.1}) == {"x": 0.1}
    assert list(tmp_path.iterdir()) == []
    abandoned = tmp_path / "killed.1-ab.partial"
    abandoned.write_bytes(b"half")
    stored_text(path, lambda: {"x": 0.1})
    assert abandoned.exists()  # another process may be at it
    os.utime(abandoned, (time.time() - 40 * 86400.0,) * 2)
    stored_text(tmp_path / "more.json", lambda: {"x": 0.1})
    assert not abandoned.exists()


def test_files_long_unused_go_when_one_is_made(tmp_path):
    old = tmp_path / "old.npz"
    stored(old, lambda: {"a": np.zeros(1)})
    os.utime(old, (time.time() - 40 * 86400.0,) * 2)
    stored(tmp_path / "new.npz", lambda: {"a": np.zeros(1)})
    assert not old.exists()


def test_names_of_what_is_stored_tell_arrays_apart():
    a = np.arange(6)
    names = [digest(a), digest(a.reshape(2, 3)), digest(a.astype(np.int32)), digest(a, 1), digest(a + 0.0), digest()]
    assert len(set(names)) == len(names)
    assert digest(a, ["x"]) == digest(a.copy(), ["x"])


def test_tables_from_the_cache_are_those_that_were_made(tmp_path, monkeypatch):
    from twin.config import load_plant
    from twin.plant import compile_plant

    # kernels come from the cache of all tests; the tables of plants are made here
    monkeypatch.setattr("twin.plant.jacobian.tables_folder", lambda: tmp_path)
    made = compile_plant(load_plant("two_tanks")).jacobian
    assert len(list(tmp_path.glob("jacobian_*.npz"))) == 1
    read = compile_plant(load_plant("two_tanks")).jacobian
    for name in made._fields:
        one, two = getattr(made, name), getattr(read, name)
        assert one.dtype == two.dtype, name
        np.testing.assert_array_equal(one, two, err_msg=name)
    compile_plant(load_plant("direct_compression")).jacobian  # noqa: B018 (worked out when asked for)
    assert len(list(tmp_path.glob("jacobian_*.npz"))) == 2
