"""The log of a folder: every change of its past is seen, and nothing is lost when many write or one dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.shell import environment
from twin.evidence import canonical
from twin.evidence.canonical import NotCanonical
from twin.evidence.chain import Clock, LogProblem, append, follow, read


def written(path: Path, count: int = 6) -> Path:
    for number in range(count):
        append(path, "run.started", {"run_id": str(number), "file": f"{number}.h5"})
    return path


def test_entries_are_read_back_in_order(tmp_path: Path) -> None:
    before = time.time()
    chain = read(written(tmp_path / "audit.jsonl"))
    assert chain.broken == ""
    assert [entry.seq for entry in chain.entries] == list(range(7))  # the first opens the log
    assert [entry.action for entry in chain.entries][:2] == ["log.opened", "run.started"]
    assert chain.entries[1].object == {"run_id": "0", "file": "0.h5"}
    assert before - 1.0 <= chain.entries[3].time <= time.time() + 1.0
    assert chain.clock == chain.recovered == []


def edited(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3].replace(b'"2.h5"', b'"9.h5"'), *lines[4:]]


def rehashed(lines: list[bytes]) -> list[bytes]:
    """An entry edited by somebody who knows how hashes are made, but not the rest of the chain."""
    value = json.loads(edited(lines)[3])
    del value["hash"]
    value["hash"] = canonical.sha256(b"twin audit log 1", canonical.dump(value))
    return [*lines[:3], canonical.dump(value), *lines[4:]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (edited, "line 4"),
        (rehashed, "does not follow"),
        (lambda lines: [*lines[:3], *lines[4:]], "entry 4 stands where entry 3 belongs"),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], "entry 4 stands where"),
        (lambda lines: [*lines[:3], lines[3], *lines[3:]], "entry 3 stands where entry 4 belongs"),
        (lambda lines: lines[1:], "entry 1 stands where entry 0 belongs"),
        (lambda lines: [*lines[:3], b" " + lines[3], *lines[4:]], "spelt otherwise"),
        (lambda lines: [*lines[:3], b"", *lines[3:]], "line 4"),
        (lambda lines: [*lines[:-2], lines[-2][:40], lines[-1]], "line 6"),
    ],
    ids=["edited", "rehashed", "deleted", "swapped", "doubled", "beheaded", "respelt", "blank", "torn inside"],
)
def test_a_changed_past_is_seen(change, says: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    lines = written(tmp_path / "audit.jsonl").read_bytes().splitlines()
    chain = follow(b"".join(line + b"\n" for line in change(lines)))
    assert says in chain.broken


def test_a_cut_tail_changes_the_head(tmp_path: Path) -> None:
    """A chain alone cannot show it: a head kept elsewhere does (a seal, an e-mail)."""
    path = written(tmp_path / "audit.jsonl")
    whole = read(path)
    lines = path.read_bytes().splitlines(keepends=True)
    cut = follow(b"".join(lines[:-2]))
    assert cut.broken == ""
    assert cut.head != whole.head
    assert cut.head in {entry.hash for entry in whole.entries}


@given(data=st.data())
def test_flipped_bits_are_seen(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("log")
    original = written(folder / "audit.jsonl", 2).read_bytes()
    changed = bytearray(original)
    changed[data.draw(st.integers(0, len(original) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert follow(bytes(changed)).broken


def test_a_torn_line_is_told_and_never_trimmed(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.jsonl", 3)
    torn = path.read_bytes()[:-30]
    path.write_bytes(torn)
    assert "last line is cut short" in read(path).broken
    append(path, "run.started", {"run_id": "after"})
    assert path.read_bytes().startswith(torn)
    chain = read(path)
    assert chain.broken == ""
    assert "line 4 was cut short" in chain.recovered[0]
    assert [entry.action for entry in chain.entries][-2:] == ["log.recovered", "run.started"]
    # what the recovery vouches for cannot be exchanged afterwards
    lines = path.read_bytes().splitlines()
    lines[3] = lines[3][:-1]
    assert "line 4 is no entry" in follow(b"".join(line + b"\n" for line in lines)).broken


def test_the_first_line_torn(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"action":"log.op')
    append(path, "run.started", {})
    assert read(path).broken == ""
    assert len(read(path).recovered) == 1


def test_a_damaged_log_is_not_continued(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.jsonl", 2)
    data = path.read_bytes()[:-3] + b"x\n"
    path.write_bytes(data)
    with pytest.raises(LogProblem, match="is damaged: its last line is no entry"):
        append(path, "run.started", {})
    assert path.read_bytes() == data


@pytest.mark.parametrize("room", [0, 1, 100, 300])
def test_a_full_disk_leaves_the_log_as_it_was(room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "audit.jsonl", 2)
    before = path.read_bytes()
    put, left = os.write, [room]

    def full(file: int, data: memoryview) -> int:
        if not left[0]:
            raise OSError(28, "No space left on device")
        written = put(file, bytes(data)[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(LogProblem, match="No space left"):
        append(path, "run.started", {"run_id": "x" * 200})
    assert path.read_bytes() == before


def test_t12_two_processes_lose_nothing(tmp_path: Path) -> None:
    """Fifty starts each, at once: a hundred entries in one whole chain."""
    words = (
        "import pathlib\nfrom twin.evidence.chain import append\n"
        "for n in range(50): append(pathlib.Path('audit.jsonl'), 'run.started', {'n': n})\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", words], cwd=tmp_path, env=environment()) for _ in range(2)]
    assert [process.wait(250) for process in both] == [0, 0]
    chain = read(tmp_path / "audit.jsonl")
    assert chain.broken == ""
    assert sorted(entry.object["n"] for entry in chain.of("run.started")) == sorted([*range(50)] * 2)


def test_a_clock_set_back_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    now = 1.8e9
    for wall, steady in ((now, 0), (now + 3600, 3_600_000_000_000), (now + 10, 3_700_000_000_000)):
        append(path, "x", {}, clock=Clock(lambda wall=wall: wall, lambda steady=steady: steady))  # type: ignore[misc]
    chain = read(path)
    assert chain.broken == ""
    assert len(chain.clock) == 1
    assert "3590 s before" in chain.clock[0]


def test_a_clock_set_back_while_nobody_wrote_is_told_by_the_steady_one(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for wall, steady in ((1.8e9, 0), (1.8e9 + 60, 7_200_000_000_000)):
        append(path, "x", {}, clock=Clock(lambda wall=wall: wall, lambda steady=steady: steady))  # type: ignore[misc]
    if read(path).entries[0].boot:  # a system that names its starts
        assert "set back by 7140 s" in read(path).clock[0]


@pytest.mark.parametrize(
    "data", [b"[]", b'{"a":1.5}', b'{"a":1,"a":2}', b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":NaN}', b"\xff", b"{" * 10_000]
)
def test_one_value_has_one_spelling(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        canonical.load(data)
