"""A folder as it looks after some work: two runs in the log, one of them final and signed twice."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.results.making import TIMES, write_run
from twin.evidence.chain import append, log_of
from twin.evidence.finalise import Key, finalise, new_key, open_key, sign
from twin.evidence.findings import Findings
from twin.evidence.signing import Trusted, read_trusted
from twin.evidence.verify import Options, verify
from twin.results.content import verify as check_content

PASSPHRASE = "a passphrase of tests"


@dataclass(frozen=True)
class Signers:
    """Keys of two people and a stranger, and the list that trusts the two."""

    author: Key
    approver: Key
    stranger: Key
    trusted: list[Trusted]


def make_signers(folder: Path) -> Signers:
    keys, listed = [], []
    for name, roles in (("Li Wei", ["author"]), ("Ana Cruz", ["reviewer", "approver"]), ("Mallory", ["author"])):
        path = folder / f"{name}.key"
        new_key(path, name, PASSPHRASE, roles)
        keys.append(open_key(path, PASSPHRASE))
        listed.append(folder / f"{path.name}.public.json")
    return Signers(*keys, read_trusted(listed[:2]))


def make_run(path: Path, rows: int = 121, run_id: str = "") -> Path:
    """Write a run of the fake plant and enter it in its folder's log, as `twin run` does."""
    run_id = run_id or f"00000000-0000-4000-8000-{abs(hash(path.name)) % 10**12:012d}"
    about = {"run_id": run_id, "file": path.name}
    append(log_of(path.parent), "run.started", {**about, "scenario": "startup"})
    write_run(path, TIMES[:rows])
    with h5py.File(path, "r+") as file:
        file["/provenance/session"].attrs["run_id"] = run_id  # not hashed
    content = check_content(path).stored
    append(log_of(path.parent), "run.ended", {**about, "outcome": "finished", "content_hash": content})
    return path


def make_folder(folder: Path, signers: Signers) -> Path:
    """a.h5 final, signed by its author and approver; b.h5 just a run."""
    folder.mkdir(exist_ok=True)
    make_run(folder / "a.h5", run_id="aaaaaaaa-0000-4000-8000-000000000001")
    make_run(folder / "b.h5", 100, run_id="bbbbbbbb-0000-4000-8000-000000000002")
    finalise(folder / "a.h5")
    sign(folder / "a.h5", signers.author, "author")
    sign(folder / "a.h5", signers.approver, "approver", reason="for teaching")
    return folder


def writable(path: Path) -> Path:
    """What a forger does first."""
    os.chmod(path, stat.S_IWRITE | stat.S_IREAD)
    return path


def copied(folder: Path, to: Path) -> Path:
    """A copy to tamper with."""
    shutil.copytree(folder, to)
    for path in to.iterdir():
        writable(path)
    return to


def edit(path: Path, by: float = 1.0) -> None:
    """Change one number, keeping size and dates of the file."""
    before = path.stat()
    with h5py.File(path, "r+") as file:
        values = file["/units/crystallizer/states/m"]
        values[3, 1] = np.nextafter(values[3, 1], by * np.inf)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def found(path: Path, **options: Any) -> Findings:
    """Verify, and hold that what is said fits one screen."""
    from twin.evidence.checking import render

    findings = verify(path, Options(**options))
    assert len(render(str(path), findings).splitlines()) < 40
    return findings


def log_lines(folder: Path) -> list[bytes]:
    return log_of(folder).read_bytes().splitlines(keepends=True)
