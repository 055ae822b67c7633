"""Killed before each call that reaches the disk, or without room: what verifies afterwards is what it was to be."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evidence.folder import Signers, found, make_run
from twin.errors import TwinError
from twin.evidence.chain import append, log_of, read
from twin.evidence.finalise import finalise, sign
from twin.evidence.findings import Kind, UsageProblem
from twin.evidence.seal import file_hash, seal_path, signature_paths
from twin.results import files, series
from twin.results.content import verify

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are Unix's")

#: What of `os` reaches the disk.
CALLS = ("open", "write", "fsync", "link", "unlink", "rename", "chmod", "ftruncate")


def killed_before(call: int, job: Callable[[], object], half: bool = False) -> bool:
    """Do a job in a process that is killed before its n-th call; False when it came to its end.

    With `half` a write that is its last gets half of its bytes onto the disk.
    """
    child = os.fork()
    if child == 0:
        left = [call]

        def counted(name: str) -> Callable[..., object]:
            real = getattr(os, name)

            def wrapped(*words: object, **more: object) -> object:
                left[0] -= 1
                if left[0] < 0:
                    if half and name == "write":
                        real(words[0], bytes(words[1])[: len(words[1]) // 2])  # type: ignore[arg-type, call-overload]
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*words, **more)

            return wrapped

        try:
            for name in CALLS:
                setattr(os, name, counted(name))
            job()
            os._exit(0)
        except BaseException:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the job itself failed"
    return os.WIFSIGNALED(status)


def mended(path: Path) -> None:
    """What a user does after a crash: a note closes a torn line."""
    if "cut short" in read(log_of(path.parent)).broken:
        assert found(path).kind is Kind.AUDIT, "a torn line is told"
        append(log_of(path.parent), "note", {"text": "after a power cut"})


@pytest.mark.parametrize(
    ("half", "stride"),
    [
        (False, 9),
        pytest.param(True, 14, marks=pytest.mark.slow),
        pytest.param(False, 1, marks=pytest.mark.slow),
        pytest.param(True, 1, marks=pytest.mark.slow),
    ],
)
def test_t13_killed_while_it_is_made_final_and_signed(
    half: bool, stride: int, tmp_path: Path, signers: Signers
) -> None:
    original = make_run(tmp_path / "original.h5", 20)
    wanted = verify(original).stored
    call, kills, killed = 0, 0, True
    while killed:
        folder = tmp_path / f"{call}"
        folder.mkdir()
        path = folder / "a.h5"
        path.write_bytes(original.read_bytes())
        append(log_of(folder), "note", {})

        def job(path: Path = path) -> None:
            finalise(path)
            sign(path, signers.author, "author")

        killed = killed_before(call, job, half)
        mended(path)
        findings = found(path)
        assert findings.wrong == []
        assert findings.facts["content_hash"] == wanted
        for leftover in folder.glob("*.partial"):
            assert leftover.name.startswith(("a.h5.seal", "a.h5.signature")), "only what was never a seal"
        with contextlib.suppress(UsageProblem):  # it is final already
            finalise(path)
        if not signature_paths(path):
            sign(path, signers.author, "author")
        again = found(path)
        assert again.wrong == []
        assert seal_path(path).exists()
        assert [line.split(":")[0] for line in again.facts["signatures"]] == ["author"]
        kills += killed
        call += stride
    assert kills >= 20 // stride, "every call that reaches the disk was tried"


def test_t13_a_run_killed_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each block, each flush of the file, its hash and its name."""
    wanted = verify(make_run(tmp_path / "whole.h5", 40)).stored
    write = series.Series.write

    def through_os(*words: object) -> object:
        os.fsync(null)  # counted: a step at which the process can be killed
        return write(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(series.Series, "write", through_os)
    null = os.open(tmp_path / "null", os.O_RDWR | os.O_CREAT)
    call, killed, kills = 0, True, 0
    while killed:
        path = tmp_path / f"{call}" / "a.h5"
        path.parent.mkdir()
        killed = killed_before(call, lambda path=path: make_run(path, 40))  # type: ignore[misc]
        for left in path.parent.glob("a.h5*"):
            result = verify(left)
            assert not result.ok or result.stored == wanted
        if path.exists():
            assert verify(path).ok
        kills += killed
        call += 1
    assert kills >= 8


#: Bytes that fit onto the disk: a few, and of the slow ones every eight thousand up to more than the whole file.
ROOM = [0, 20_000, 60_000, *(pytest.param(8_000 * n, marks=pytest.mark.slow) for n in range(1, 32))]


@pytest.mark.parametrize("room", ROOM)
def test_t13_a_full_disk_while_a_run_is_written(room: int, tmp_path: Path) -> None:
    wanted = verify(make_run(tmp_path / "whole.h5", 40)).stored
    folder = tmp_path / "small"
    folder.mkdir()
    child = os.fork()
    if child == 0:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        try:
            make_run(folder / "a.h5", 40)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    for left in folder.glob("a.h5*"):
        result = verify(left)
        assert not result.ok or result.stored == wanted


@pytest.mark.parametrize("room", [0, 2, 4, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, *range(5, 24)))])
def test_t13_a_full_disk_while_it_is_made_final(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signers: Signers
) -> None:
    """The n-th write, sync or link finds no room; what was there stays, and later it works."""
    path = make_run(tmp_path / "a.h5", 20)
    before, left = file_hash(path), [room]

    def full(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def wrapped(*words: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(28, "No space left on device")
            return real(*words)

        return wrapped

    with monkeypatch.context() as patch:
        for name in ("write", "fsync", "link"):
            patch.setattr(os, name, full(name))
        patch.setattr(files, "_rename_no_replace", full_rename(files._rename_no_replace, left))
        with contextlib.suppress(TwinError):  # said in one sentence, whichever write it was
            finalise(path)
    assert file_hash(path) == before
    assert found(path).wrong == []
    if not any(entry.action == "run.finalised" for entry in read(log_of(tmp_path)).entries):
        finalise(path)
    assert found(path).wrong == []


def full_rename(real: Callable[[Path, Path], None], left: list[int]) -> Callable[[Path, Path], None]:
    def wrapped(partial: Path, final: Path) -> None:
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(partial, final)

    return wrapped
