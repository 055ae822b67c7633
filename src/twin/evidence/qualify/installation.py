"""Checks of the installation. Each gives a sentence, or raises `Failed` with one."""

from __future__ import annotations

import base64
import hashlib
import math
import platform
import re
import struct
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import h5py
import numpy as np

from twin.evidence import software
from twin.packages import folders

#: Package of the installed program.
NAME = "continuous-twin"
#: Oldest Python that the program is made for.
PYTHON = (3, 11)


class Failed(Exception):
    """A check that failed; the message says what was expected and what was found."""


def versions() -> str:
    """Python and packages, against the bounds of the program's metadata."""
    if _numbers(platform.python_version()) < PYTHON:
        raise Failed(f"Python {'.'.join(map(str, PYTHON))} or newer is needed, not {platform.python_version()}")
    found = [f"python {platform.python_version()}"]
    for name, least in _bounds().items():
        try:
            there = metadata.version(name)
        except metadata.PackageNotFoundError:
            raise Failed(f"{name} {least} or newer is needed, and is not installed") from None
        if _numbers(there) < _numbers(least):
            raise Failed(f"{name} {least} or newer is needed, and {there} is installed")
        found.append(f"{name} {there}")
    return ", ".join(found)


def files() -> str:
    """Files of a wheel against its record; of a checkout against its commit."""
    commit, dirty = software.commit()
    if commit:
        if dirty:
            raise Failed(f"files of the program differ from commit {commit[:12]}")
        return f"as in commit {commit}, {len(software.files())} files, {software.fingerprint()}"
    try:
        listed = [file for file in metadata.files(NAME) or [] if file.hash is not None]
    except metadata.PackageNotFoundError:
        raise Failed("the program is neither installed nor a checkout: nothing says how its files should be") from None
    for file in listed:
        assert file.hash is not None
        digest = hashlib.new(file.hash.mode, Path(str(file.locate())).read_bytes()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            raise Failed(f"{file} is not as it was installed")
    return f"{len(listed)} files as installed, {software.fingerprint()}"


def arithmetic() -> str:
    """Doubles as everywhere: rounding, denormals, infinities; in numpy and in compiled code."""
    from twin.evidence.qualify.compiled import probe

    expected = (0.1 + 0.2, math.sqrt(2.0), 5e-324, math.exp(1.0))
    if struct.pack("<d", 0.1 + 0.2) != bytes.fromhex("343333333333d33f"):
        raise Failed("0.1 + 0.2 is not rounded as IEEE 754 asks")
    got = probe()
    if got[:3] != expected[:3] or abs(got[3] - expected[3]) > 2.0 * np.spacing(expected[3]):
        raise Failed(f"compiled code gives {got}, not {expected}")
    return f"rounded to nearest, denormals kept; {platform.machine()}, {sys.byteorder}-endian"


def storage() -> str:
    """HDF5 with its filters, written, read, damaged and noticed."""
    values = np.random.Generator(np.random.Philox(1)).normal(size=4096)
    with tempfile.TemporaryDirectory(prefix="twin-iq-") as folder:
        path = Path(folder) / "x.h5"
        with h5py.File(path, "x") as file:
            file.create_dataset("x", data=values, compression=1, shuffle=True, fletcher32=True, chunks=(4096,))
        with h5py.File(path, "r") as file:
            if file["x"][()].tobytes() != values.tobytes():
                raise Failed("what was written is not read back")
            offset = file["x"].id.get_chunk_info(0).byte_offset
        data = bytearray(path.read_bytes())
        data[offset + 100] ^= 1
        path.write_bytes(data)
        try:
            with h5py.File(path, "r") as file:
                file["x"][()]
        except OSError:
            return f"HDF5 {h5py.version.hdf5_version} with gzip, shuffle and fletcher32"
        raise Failed("a damaged chunk was read without an error")


def compiler() -> str:
    """A kernel is compiled, and what is compiled is kept in a folder that can be written."""
    from twin import jit
    from twin.evidence.qualify.compiled import probe

    probe()
    folder = Path(jit.cache_root())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
    return f"numba {metadata.version('numba')}, llvmlite {metadata.version('llvmlite')}"


def clock() -> str:
    """Wall and steady clock go forward together."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(0.05)
    passed, lived = time.time() - wall, time.monotonic() - steady
    if not 1.6e9 < wall < 1e10 or abs(passed - lived) > 1.0:
        raise Failed(f"the clock says {wall:.0f} s since 1970, and went {passed:.3f} s in {lived:.3f} s")
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(wall))


def _bounds() -> dict[str, str]:
    """Lower bounds of the core's packages."""
    try:
        texts = [text for text in metadata.requires(NAME) or [] if "extra ==" not in text]
    except metadata.PackageNotFoundError:
        texts = _of_the_checkout()
    found = {}
    for text in texts:
        if match := re.match(r"([\w.-]+)\s*>=\s*([\d.]+)", text):
            found[match[1]] = match[2]
    if not found:
        raise Failed("nothing says which packages are needed: the program is neither installed nor a checkout")
    return found


def _of_the_checkout() -> list[str]:
    import tomllib

    (folder, *_) = folders("twin")
    path = folder.parent.parent / "pyproject.toml"
    if not path.is_file():
        return []
    return list(tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in re.findall(r"\d+", version.split("+")[0])[:3])
