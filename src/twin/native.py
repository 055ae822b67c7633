"""Machine code of the cache, put into memory without numba.

To import numba and have it read its own cache takes longer than all else that a small plant's run does. So what is
compiled is kept as an object file too, which llvmlite, on which numba stands, loads in milliseconds. A file is taken
only by the processor, system and settings that it was made for, only whole, and only where every function of the C
library that it calls is at hand. Otherwise `load` gives None, and numba does what it does without such files.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from twin.cache import digest

#: Settings of numba that some file in the working folder may make: nobody knows what they were when code was made.
SETTINGS = ".numba_config.yaml"
#: Engines that hold loaded code: it is used by address until the process ends.
_engines: list[Any] = []


@lru_cache(maxsize=1)
def target() -> str:
    """What machine code depends on beside its source and the versions: processor, system, settings of numba."""
    import llvmlite.binding as llvm

    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("NUMBA_"))
    features = ""
    with suppress(RuntimeError):  # not known of this processor
        features = llvm.get_host_cpu_features().flatten()
    return digest(llvm.get_process_triple(), llvm.get_host_cpu_name(), features, settings)


def place(folder: Path, name: str) -> Path:
    """File of some code for this target."""
    return folder / f"{name}-{target()}.o"


def kept(folder: Path, name: str) -> bool:
    """Whether there is such a file."""
    return place(folder, name).exists()


def keep(folder: Path, name: str, code: bytes, needs: Sequence[str]) -> None:
    """Write a file: checksum, functions that it calls, code. A cache that takes no files goes without.

    Parameters
    ----------
    folder, name
        Where, and of what.
    code : bytes
        An object file that defines `name`.
    needs : sequence of str
        Functions outside of it that it calls.
    """
    path = place(folder, name)
    rest = " ".join(needs).encode() + b"\n" + code
    partial = path.with_name(f"{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(_checksum(rest) + b"\n" + rest)
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()


def load(folder: Path, name: str) -> int | None:
    """Address of the function `name`, or None where its code is not to be had, damaged, or not to be run here."""
    try:
        checksum, _, rest = place(folder, name).read_bytes().partition(b"\n")
    except OSError:
        return None
    if checksum != _checksum(rest) or Path(SETTINGS).exists():
        return None
    needs, _, code = rest.partition(b"\n")

    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)  # opens the process's own symbols
    if not all(llvm.address_of_symbol(needed) for needed in needs.decode().split()):
        return None
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return int(engine.get_function_address(name)) or None


def _checksum(content: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(content).hexdigest().encode()
