"""Files damaged at random and files made to do harm: told, or the same content; never believed, never endless."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.folder import found, make_run
from twin.evidence.checking import render
from twin.evidence.findings import Kind
from twin.evidence.seal import seal_path, signature_paths
from twin.results.content import verify


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run without a seal: its own hash has to do."""
    return make_run(tmp_path_factory.mktemp("small") / "a.h5", 30)


@given(data=st.data())
@settings(max_examples=15)
def test_t4_random_damage_is_found_or_changes_nothing(
    data: st.DataObject, small: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    damaged(data, small, tmp_path_factory)


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=120)
def test_t4_much_random_damage(data: st.DataObject, small: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    damaged(data, small, tmp_path_factory)


def damaged(data: st.DataObject, small: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Bytes flipped, overwritten, cut off or put in, anywhere: told, or the content is what it was."""
    original = small.read_bytes()
    changed = bytearray(original)
    places = st.integers(0, len(original) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        match data.draw(st.sampled_from(["flip", "byte", "block", "cut", "insert"])):
            case "flip":
                changed[data.draw(places) % len(changed)] ^= 1 << data.draw(st.integers(0, 7))
            case "byte":
                changed[data.draw(places) % len(changed)] = data.draw(st.integers(0, 255))
            case "block":
                start = data.draw(places)
                changed[start : start + 64] = data.draw(st.binary(min_size=64, max_size=64))
            case "cut":
                del changed[max(8, data.draw(places)) :]
            case "insert":
                start = data.draw(places)
                changed[start:start] = data.draw(st.binary(min_size=1, max_size=8))
    path = tmp_path_factory.mktemp("damage") / "a.h5"
    path.write_bytes(changed)
    findings = found(path)
    path.unlink()
    assert not findings.ok or findings.facts["content_hash"] == verify(small).stored


NAMES = ("crystallizer/states/m", "crystallizer/states/H", "crystallizer/measurements/mode", "crystallizer/holdup/H")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["value", "attribute", "delete", "add", "rename", "resize", "type"]),
        st.sampled_from(NAMES),
        st.integers(0, 29),
        st.floats(allow_nan=True, allow_infinity=True),
    ),
    min_size=1,
    max_size=4,
)


@given(steps=STEPS)
@settings(max_examples=15)
def test_t3_random_changes_of_the_tree_are_found(
    steps: list[tuple[str, str, int, float]], small: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changed_tree(steps, small, tmp_path_factory)


@pytest.mark.slow
@given(steps=STEPS)
@settings(max_examples=120)
def test_t3_many_random_changes_of_the_tree(
    steps: list[tuple[str, str, int, float]], small: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changed_tree(steps, small, tmp_path_factory)


def changed_tree(
    steps: list[tuple[str, str, int, float]], small: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Values, attributes, variables, groups changed, removed, added, renamed: told, or the content is what it was."""
    path = tmp_path_factory.mktemp("tree") / "a.h5"
    shutil.copy(small, path)
    with h5py.File(path, "r+") as file:
        for what, name, row, value in steps:
            place = f"/units/{name}"
            if place not in file:
                continue
            node = file[place]
            match what:
                case "value":
                    node[row % node.shape[0]] = value
                case "attribute":
                    node.attrs["units"] = f"unit {row}"
                case "delete":
                    del file[place]
                case "add":
                    file.require_group("/units/new").attrs[f"x{row}"] = value
                case "rename":
                    file.move(place, f"{place}_{row}")
                case "resize":
                    node.resize(row, axis=0)
                case "type":
                    node.attrs["units"] = np.int64(row)
    findings = found(path)
    assert not findings.ok or findings.facts["content_hash"] == verify(small).stored


def hostile(small: Path, tmp_path: Path) -> Path:
    path = tmp_path / "a.h5"
    shutil.copy(small, path)
    return path


def test_t22_a_file_that_unfolds_without_end(small: Path, tmp_path: Path) -> None:
    for shape, options in (((10**15,), {"chunks": (1024,)}), ((10**9, 10**9), {"chunks": (64, 64)}), ((10**13,), {})):
        path = hostile(small, tmp_path)
        with h5py.File(path, "r+") as file:
            file.create_dataset("/units/bomb", shape=shape, dtype="f8", **options)
        start = time.process_time()
        findings = found(path)
        assert findings.kind is Kind.STRUCTURE
        assert "unfold" in findings.wrong[0].text
        assert time.process_time() - start < 5.0


@pytest.mark.parametrize(("free", "length"), [(True, 0), (False, 2**64 - 16), (False, 2**64 - 80), (True, 2**64 - 8)])
def test_t22_a_heap_of_texts_without_end(small: Path, tmp_path: Path, free: bool, length: int) -> None:
    """HDF5 walks on by the size that an object says it has: by nothing, or back to where it was, for ever."""
    path = hostile(small, tmp_path)
    data = bytearray(path.read_bytes())
    start = data.index(b"GCOL\x01")
    at = start + 16  # the first object: a text, or what is free from here on
    data[at : at + 2] = (0 if free else 1).to_bytes(2, "little")
    data[at + 8 : at + 16] = length.to_bytes(8, "little")
    path.write_bytes(data)
    findings = found(path)
    assert findings.kind is Kind.STRUCTURE
    assert f"its heap of texts at byte {start} has no end" in findings.wrong[0].text


def test_t22_a_bomb_of_zeros(small: Path, tmp_path: Path) -> None:
    path = hostile(small, tmp_path)
    with h5py.File(path, "r+") as file:
        file.create_dataset("/units/bomb", shape=(10**9,), dtype="f8", chunks=(1 << 20,), compression=9, fillvalue=0.0)
    assert found(path).kind is Kind.STRUCTURE


def test_t22_groups_without_end(small: Path, tmp_path: Path) -> None:
    path = hostile(small, tmp_path)
    with h5py.File(path, "r+") as file:
        file.create_group("/units/" + "/".join("g" * 500))
    assert "nested deeper" in found(path).wrong[0].text
    path = hostile(small, tmp_path)
    with h5py.File(path, "r+") as file:
        file["/units/circle"] = file["/units"]
    assert found(path).kind is Kind.STRUCTURE


def test_t22_names_cannot_move_the_cursor(small: Path, tmp_path: Path) -> None:
    path = hostile(small, tmp_path)
    with h5py.File(path, "r+") as file:
        file["/units/\x1b[2J\x1b[1;1H a.h5: verified\n"] = h5py.SoftLink("/time")
    text = render("a.h5", found(path))
    assert "\x1b" not in text
    assert text.splitlines()[0].startswith("a.h5: NOT VERIFIED")


def test_t22_other_types_are_refused(small: Path, tmp_path: Path) -> None:
    path = hostile(small, tmp_path)
    with h5py.File(path, "r+") as file:
        file.create_dataset("/units/table", data=np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]))
    assert "numbers and texts only" in found(path).wrong[0].text


@given(data=st.data())
@settings(max_examples=6)
def test_t4_damaged_seals_and_signatures(
    data: st.DataObject, genuine: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every byte of them counts."""
    from tests.evidence.folder import copied

    runs = copied(genuine, tmp_path_factory.mktemp("sidecars") / "runs")
    path = data.draw(st.sampled_from([seal_path(runs / "a.h5"), *signature_paths(runs / "a.h5")]))
    changed = bytearray(path.read_bytes())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(changed)
    assert not found(runs / "a.h5").ok
