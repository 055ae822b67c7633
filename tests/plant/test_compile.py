"""A compiled plant: its Jacobian against dense differences, its names, its order, its compilations."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from twin import jit
from twin.config import load_plant
from twin.errors import TwinError
from twin.plant import adapter, compile_plant, evaluate

PLANTS = ["two_tanks", "paracetamol_tablets"]


def rates(plant, y, t=0.0):
    jit.arm(evaluate)
    w, dy = np.zeros(plant.n_w), np.zeros(plant.n_y)
    evaluate.rates(plant.tables, t, y, plant.p0, w, dy)
    first = plant.tables.places[0]
    return w, dy, w[first : first + plant.n_q].copy()


def structured(plant, y, J=None):
    """dy/dt and quadrature rates differentiated by y, with the auxiliaries eliminated."""
    w, _, _ = rates(plant, y)
    J = J or plant.jacobian_without(np.zeros(plant.n_y, dtype=bool))
    values, q_values = np.zeros(len(J.column)), np.zeros(len(J.q_column))
    evaluate.jacobian(plant.tables, J, 0.0, y, plant.p0, w, evaluate.buffers(J), values, q_values)
    n, n_z = plant.n_y, plant.n_y + plant.n_aux
    full = sp.csr_matrix((values, J.column, J.pattern), shape=(n_z, n_z)).toarray()
    quad = sp.csr_matrix((q_values, J.q_column, J.q_pattern), shape=(plant.n_q, n_z)).toarray()
    aux = np.linalg.solve(np.eye(n_z - n) - full[n:, n:], full[n:, :n])
    return full[:n, :n] + full[:n, n:] @ aux, quad[:, :n] + quad[:, n:] @ aux


def somewhere(plant, seed):
    """A state away from the kinks of the initial one: every state moved up by part of its scale."""
    rng = np.random.default_rng(seed)
    return plant.y0 + plant.nominal * rng.uniform(0.02, 0.3, plant.n_y)


@pytest.mark.parametrize("name", PLANTS)
def test_structured_jacobian_equals_dense_differences(name):
    plant = compile_plant(load_plant(name))
    y = somewhere(plant, 0)
    J, Q = structured(plant, y)
    dense, dense_q = np.zeros_like(J), np.zeros_like(Q)
    for j in range(plant.n_y):
        step = 2.0**-20 * max(abs(y[j]), plant.nominal[j])
        up, down = y.copy(), y.copy()
        up[j] += step
        down[j] -= step
        _, f_up, q_up = rates(plant, up)
        _, f_down, q_down = rates(plant, down)
        dense[:, j] = (f_up - f_down) / (up[j] - down[j])
        dense_q[:, j] = (q_up - q_down) / (up[j] - down[j])
    # Compare changes of each rate over a nominal change of each state. Ours are exact; the central ones beside
    # them are of size 1e-6, and the narrowest rounded kinks in the library (1e-3 of a scale) make that 1e-3 of an
    # entry. Feeders round their flows to 2^-52 kg/s (rounding.py): over differences of 2^-20 that is 2^-32 kg/s,
    # twice it in a difference of two flows, there and in what they feed.
    blur = 2.0**-31
    for found, expected in ((J, dense), (Q, dense_q)):
        change, wanted = found * plant.nominal, expected * plant.nominal
        size = np.abs(wanted).max(axis=1, keepdims=True) + 1e-30
        assert np.all(np.abs(change - wanted) < 5e-3 * size + blur)
        # a dependence that the structure missed would be a zero beside a number
        assert not np.any((found == 0.0) & (np.abs(wanted) > 1e-4 * size + blur))


def test_absent_states_have_no_part_in_the_lean_jacobian():
    """Where what is absent is zero, the lean Jacobian has the full one's numbers for all that is present."""
    plant = compile_plant(load_plant("paracetamol_tablets"))
    absent = plant.jacobian.absent
    names = {plant.label(i).split("[")[0] for i in absent}
    assert {"reactor.m", "filter.m", "dryer.m_gas"} <= names  # nitrogen in liquids, solids in the gas
    assert not any("crystals" in name for name in names)
    y = somewhere(plant, 2)
    y[absent] = 0.0
    present = np.setdiff1d(np.arange(plant.n_y), absent)
    for lean, full in zip(structured(plant, y, plant.jacobian), structured(plant, y), strict=True):
        rows = present if len(lean) == plant.n_y else slice(None)
        scale = np.abs(full[rows] * plant.nominal).max(axis=1, keepdims=True) + 1e-30
        # grouped otherwise into colours, the same slopes but for the roundoff of eliminating the auxiliaries
        assert np.abs((lean[rows] - full[rows])[:, present] * plant.nominal[present] / scale).max() < 1e-11
    assert not rates(plant, y)[1][absent].any()


def test_mass_is_a_linear_invariant_of_the_jacobian():
    """Columns of J and Q cancel over a component."""
    plant = compile_plant(load_plant("two_tanks"))
    J, Q = structured(plant, somewhere(plant, 1))
    states = [i for i in range(plant.n_y) if plant.label(i).endswith(".m[water]")]
    terms = [t for t in plant.balance.terms if t.kind == "fluids"]
    total = J[states].sum(axis=0) - sum(t.sign * Q[t.offset + 1] for t in terms)
    assert np.abs(total).max() < 1e-15 * np.abs(J[states]).max()


def test_names_lead_to_numbers():
    plant = compile_plant(load_plant("two_tanks"))
    place, field = plant.parameter("spirit.m_flow.water")
    assert plant.p0[place] == pytest.approx(5e-3)
    assert field.unit == "kg/s"
    place, field = plant.parameter("first.tau")
    assert plant.p0[place] == 60.0
    assert field.meaning.startswith("time constant")
    assert plant.label(0) == "first.H"
    assert plant.label(2) == "first.m[water]"
    with pytest.raises(KeyError):
        plant.parameter("first.m_flow.gold")
    paths = [c.path for c in plant.columns]
    assert len(paths) == len(set(paths))
    assert {"first.product.m_flow", "second.T", "spirit.T", "blend.total.H"} <= set(paths)


LOOP = """
twin: 1
title: a loop without holdup
fluids: [water]
solids: []
units:
  mixer: {model: piping.mixer, params: {}}
  splitter: {model: piping.splitter, params: {fraction: 0.5}}
feeds:
  fresh: {T: 20 degC, m_flow: {water: 1 g/s}}
connections:
  - fresh -> mixer.feed_1
  - splitter.second -> mixer.feed_2
  - mixer.product -> splitter.feed
  - splitter.first -> out
products: [out]
"""


def test_an_algebraic_loop_is_named_with_its_cure(tmp_path):
    file = tmp_path / "loop.yaml"
    file.write_text(LOOP, encoding="utf-8")
    with pytest.raises(TwinError) as caught:
        load_plant(file)
    text = str(caught.value)
    assert "algebraic loop" in text
    assert "mixer.product" in text
    assert "splitter.second" in text
    assert "tank" in text


def test_other_numbers_and_other_flowsheets_compile_nothing(tmp_path):
    compile_plant(load_plant("two_tanks"))
    before = len(adapter.compiled_entries)
    compile_plant(load_plant("two_tanks", {"first.tau": "30 s"}))
    text = Path(load_plant("two_tanks").path).read_text(encoding="utf-8")
    file = tmp_path / "renamed.yaml"
    file.write_text(text.replace("spirit", "liquor").replace("ethanol", "acetic_acid"), encoding="utf-8")
    compile_plant(load_plant(file))
    assert adapter.compiled_entries[before:] == []


def test_another_growth_law_compiles_nothing():
    """Neither by our count of entries nor by numba's own, which tells of every helper that it compiles."""
    from numba.core import event

    usual = compile_plant(load_plant("cadet_crystallizer"))
    rates(usual, usual.y0)
    before = len(adapter.compiled_entries)
    laws = {"force": "mass", "nucleation": "classical", "limiter": "upwind", "g": "1.2"}
    with event.install_recorder("numba:compile") as told:
        other = compile_plant(load_plant("cadet_crystallizer", {f"crystallizer.{k}": v for k, v in laws.items()}))
        rates(other, other.y0)
    assert told.buffer == []
    assert adapter.compiled_entries[before:] == []
    for name in laws:  # they were other laws indeed
        assert len({plant.p0[plant.parameter(f"crystallizer.{name}")[0]] for plant in (usual, other)}) == 2


EDIT = """
import sys
from twin.plant import adapter
from twin.plant.model import load_model
for name in ("piping.tank", "piping.splitter"):
    adapter.entry(load_model(name))
print(*adapter.compiled_entries)
"""


def test_editing_a_model_recompiles_that_model_only(tmp_path, root):
    """A copy of the library in a folder of its own, edited between two processes."""
    shutil.copytree(root / "unit_ops", tmp_path / "unit_ops", ignore=shutil.ignore_patterns("__pycache__"))
    env = {
        "PYTHONPATH": f"{tmp_path}{';' if sys.platform == 'win32' else ':'}{root / 'src'}",
        "TWIN_CACHE_DIR": str(tmp_path / "cache"),
    }

    def compiled():
        import os

        # the current folder comes first on the path of `python -c`
        options = {"env": {**os.environ, **env}, "cwd": tmp_path, "capture_output": True, "text": True, "check": True}
        done = subprocess.run([sys.executable, "-c", EDIT], **options)
        return done.stdout.split()

    assert compiled() == ["unit_ops.piping.tank", "unit_ops.piping.splitter"]
    assert compiled() == []
    tank = tmp_path / "unit_ops" / "piping" / "tank.py"
    tank.write_text(tank.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    assert compiled() == ["unit_ops.piping.tank"]
    shared = tmp_path / "unit_ops" / "smooth.py"
    shared.write_text(shared.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    assert "unit_ops.piping.splitter" not in compiled()
