"""From a plant's specification to its compiled form. Read `compile.py` first."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.config.spec import PlantSpec
    from twin.plant.compile import Plant


@lru_cache(maxsize=1)
def generated_hash() -> str:
    """Hash of the engine's files that shape generated code: part of every cache folder's name."""
    digest = hashlib.sha256()
    for name in ("adapter.py", "views.py", "dual.py", "codes.py", "trace.py", "structure.py", "layout.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:8]


@lru_cache(maxsize=1)
def _engine_hash() -> str:
    here = Path(__file__).parent
    files = [*sorted(here.glob("*.py")), here.parent / "integrate" / "symbolic.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def tables_folder() -> Path:
    """Folder of what was worked out of whole plants: named by the engine's files that do so."""
    from twin.cache import claim
    from twin.jit import cache_root

    folder = cache_root() / f"plants-{_engine_hash()}"
    claim(folder)
    return folder


def compile_plant(spec: PlantSpec) -> Plant:
    """Compile a plant; see :func:`twin.plant.compile.compile_plant`."""
    from twin.plant.compile import compile_plant as compile_now

    return compile_now(spec)
