"""The log of a folder of runs: JSON lines, each holding the hash of the one before.

`audit.jsonl` stands beside the runs. Every start and end of a run is in it, and whatever is done to
a finished run: made final, signed, replaced by a correction. Lines are only ever appended, one at a time under a lock.
A line that a crash cut short stays as it is; the next entry says so and holds its hash.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.evidence import canonical
from twin.evidence.canonical import NotCanonical
from twin.locking import wait_for_lock

#: Name of a folder's log.
NAME = "audit.jsonl"
SCHEMA = "twin audit log 1"
#: What the first entry names as the one before.
NOTHING = "0" * 64
#: Longest line, and so how far back the last entries are looked for.
LINE = 64 << 10
#: Seconds that a process waits for others that append.
PATIENCE = 60.0
#: Seconds that a clock may go back without being told of: time servers correct by less.
SLACK = 2.0
#: Seconds by which the wall clock may fall behind the steady one between two entries of one boot.
LAG = 60.0
RECOVERED = "log.recovered"
_KEYS = {"seq", "prev", "utc", "monotonic_ns", "boot", "actor", "action", "object", "reason", "hash"}


class LogProblem(TwinError):
    """A log that cannot be appended to: damaged, locked for too long, or the disk refuses."""

    exit_code = 3


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    seq: int
    prev: str
    utc: str
    monotonic_ns: int
    boot: str
    actor: str
    action: str
    object: dict[str, Any]
    reason: str
    hash: str

    @property
    def time(self) -> float:
        """Wall clock, in s since 1970."""
        return datetime.fromisoformat(self.utc).timestamp()


@dataclass(frozen=True)
class Clock:
    """Where an entry's times come from; replaced in tests."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], int] = time.monotonic_ns


@dataclass
class Chain:
    """A log as it was read.

    Attributes
    ----------
    entries : list of Entry
        Those that are whole and in order, up to the first that is not.
    broken : str
        Why the chain ends there, or empty.
    recovered, clock : list of str
        Lines cut short that later entries note; places where the clock went back.
    """

    entries: list[Entry] = field(default_factory=list)
    broken: str = ""
    recovered: list[str] = field(default_factory=list)
    clock: list[str] = field(default_factory=list)

    @property
    def head(self) -> str:
        """Hash of the last entry."""
        return self.entries[-1].hash if self.entries else NOTHING

    def of(self, *actions: str) -> list[Entry]:
        """Entries of some actions."""
        return [entry for entry in self.entries if entry.action in actions]


def log_of(folder: Path) -> Path:
    """Name of a folder's log."""
    return folder / NAME


def append(
    path: Path, action: str, about: Mapping[str, Any], *, reason: str = "", actor: str = "", clock: Clock | None = None
) -> Entry:
    """Append an entry, on disk for good when this returns.

    Parameters
    ----------
    path : Path
        The log; made with its first entry.
    action : str
        What was done, e.g. `run.started`.
    about : mapping
        To what: texts and integers.
    reason, actor : str
        Why and by whom; the system's user unless given.
    clock : Clock, optional

    Raises
    ------
    LogProblem
        When the log is damaged, is held by others, or the disk refuses. Nothing has been added then.
    """
    clock = clock or Clock()
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        file = os.open(path, flags, 0o666)
    except OSError as error:
        raise LogProblem(f"the log {path} cannot be opened: {error.strerror}") from error
    try:
        if not wait_for_lock(file, PATIENCE):
            raise LogProblem(f"the log {path} has been held by another process for {PATIENCE:g} s")
        size = os.fstat(file).st_size
        last, torn = _tail(file, size, path)
        lines = b""
        if torn:
            lines += b"\n"
            digest = {"bytes": len(torn), "sha256": canonical.sha256(torn)}
            last = _entry(last, RECOVERED, digest, "the line before was cut short", actor, clock)
            lines += _line(last)
        if last is None:
            last = _entry(None, "log.opened", {"schema": SCHEMA, "log": os.urandom(16).hex()}, "", actor, clock)
            lines += _line(last)
        entry = _entry(last, action, dict(about), reason, actor, clock)
        lines += _line(entry)
        if len(_line(entry)) > LINE:
            raise LogProblem(f"an entry of more than {LINE >> 10} kB is not written into {path}")
        _write(file, lines, size, path)
    finally:
        os.close(file)
    if not size:
        _sync(path.parent)
    return entry


def chain_beside(path: Path) -> Chain:
    """Read the log of the folder that a file lies in; an empty one where there is none yet."""
    try:
        return read(log_of(path.parent))
    except FileNotFoundError:
        return Chain()


def read(path: Path) -> Chain:
    """Read a log and follow its chain; what is wrong is told in `broken`.

    Raises
    ------
    OSError
        When there is none, or it cannot be read.
    """
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):  # perhaps a line that is just being written
        time.sleep(0.1)
        data = path.read_bytes()
    return follow(data)


def follow(data: bytes) -> Chain:
    """Follow the chain of a log's bytes."""
    chain = Chain()
    lines = data.split(b"\n")
    rest = lines.pop()
    skipped: bytes | None = None
    for number, line in enumerate(lines, 1):
        try:
            entry = parse(line)
        except NotCanonical as error:
            if skipped is not None:
                chain.broken = f"line {number - 1} is no entry and nothing says why"
                return chain
            skipped, why = line, str(error)
            continue
        if skipped is not None and not _excuses(entry, skipped):
            chain.broken = f"line {number - 1} is no entry: {why}"
            return chain
        if skipped is not None:
            chain.recovered.append(
                f"line {number - 1} was cut short by a crash or a full disk; entry {entry.seq} notes it"
            )
            skipped = None
        elif entry.action == RECOVERED:
            chain.broken = f"entry {entry.seq} speaks of a line cut short that is not there"
            return chain
        wrong = _unfit(entry, chain.entries[-1] if chain.entries else None)
        if wrong:
            chain.broken = f"line {number}: {wrong}"
            return chain
        if chain.entries:
            _watch_clock(chain, chain.entries[-1], entry)
        chain.entries.append(entry)
    if skipped is not None:
        chain.broken = f"line {len(lines)} is no entry: {why}"
    elif rest:
        chain.broken = f"its last line is cut short after {len(rest)} bytes, by a crash, a full disk or a hand"
    elif not chain.entries:
        chain.broken = "it is empty"
    return chain


def parse(line: bytes) -> Entry:
    """Read one line, and check that its hash is its own.

    Raises
    ------
    NotCanonical
        When it is no entry.
    """
    value = canonical.load(line)
    if set(value) != _KEYS:
        raise NotCanonical("not the keys of an entry")
    entry = Entry(**value)
    kinds = {name: type(getattr(entry, name)).__name__ for name in _KEYS}
    wanted = {"seq": "int", "monotonic_ns": "int", "object": "dict"}
    if any(kinds[name] != wanted.get(name, "str") for name in _KEYS):
        raise NotCanonical("not the types of an entry")
    try:
        if datetime.fromisoformat(entry.utc).utcoffset() is None:
            raise NotCanonical("a time without its offset")
    except ValueError as error:
        raise NotCanonical(str(error)) from None
    if _hash(value) != entry.hash:
        raise NotCanonical("its hash is not its own: it has been edited")
    return entry


def _entry(last: Entry | None, action: str, about: dict[str, Any], reason: str, actor: str, clock: Clock) -> Entry:
    now = datetime.fromtimestamp(clock.wall(), UTC)
    value: dict[str, Any] = {
        "seq": last.seq + 1 if last else 0,
        "prev": last.hash if last else NOTHING,
        "utc": now.isoformat(timespec="milliseconds"),
        "monotonic_ns": clock.steady(),
        "boot": _boot(),
        "actor": actor or _user(),
        "action": action,
        "object": about,
        "reason": reason,
    }
    return Entry(**value, hash=_hash(value))


def _hash(value: Mapping[str, Any]) -> str:
    return canonical.sha256(SCHEMA.encode(), canonical.dump({k: v for k, v in value.items() if k != "hash"}))


def _line(entry: Entry) -> bytes:
    return canonical.dump({name: getattr(entry, name) for name in _KEYS}) + b"\n"


def _tail(file: int, size: int, path: Path) -> tuple[Entry | None, bytes]:
    """Last entry of a log, and the bytes behind it that are no line."""
    if size == 0:
        return None, b""
    start = max(0, size - 4 * LINE)
    os.lseek(file, start, os.SEEK_SET)
    data = b""
    while len(data) < size - start:
        piece = os.read(file, size - start - len(data))
        if not piece:
            break
        data += piece
    whole, newline, torn = data.rpartition(b"\n")
    if not newline:
        if start == 0:
            return None, torn  # the very first line was cut short
        raise LogProblem(f"the log {path} is damaged: its end is no entry. Keep it, and move it out of the folder.")
    try:
        return parse(whole.rpartition(b"\n")[2]), torn
    except NotCanonical as error:
        raise LogProblem(
            f"the log {path} is damaged: its last line is no entry ({error}). Keep it, and move it out of the folder."
        ) from None


def _write(file: int, data: bytes, size: int, path: Path) -> None:
    """Write in one piece; when the disk refuses, nothing of it stays."""
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        raise LogProblem(f"the log {path} cannot be written: {error.strerror}") from error


def _sync(folder: Path) -> None:
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _excuses(entry: Entry, line: bytes) -> bool:
    return entry.action == RECOVERED and entry.object == {"bytes": len(line), "sha256": canonical.sha256(line)}


def _unfit(entry: Entry, before: Entry | None) -> str:
    if entry.seq != (before.seq + 1 if before else 0):
        return f"entry {entry.seq} stands where entry {before.seq + 1 if before else 0} belongs"
    if entry.prev != (before.hash if before else NOTHING):
        return f"entry {entry.seq} does not follow from the one before it: one of them has been replaced"
    return ""


def _watch_clock(chain: Chain, before: Entry, entry: Entry) -> None:
    passed = entry.time - before.time
    lived = (entry.monotonic_ns - before.monotonic_ns) * 1e-9
    if passed < -SLACK:
        chain.clock.append(f"entry {entry.seq} is dated {-passed:.0f} s before the one that precedes it")
    elif entry.boot and entry.boot == before.boot and passed < lived - LAG:
        chain.clock.append(f"before entry {entry.seq} the clock was set back by {lived - passed:.0f} s")


def _boot() -> str:
    """Tell one start of the machine from another, where the system names them."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _user() -> str:
    with contextlib.suppress(OSError, KeyError, ImportError):  # KeyError, ImportError: before Python 3.13
        return getpass.getuser()
    return "unknown"
