"""The seal of a file that was made final: what it is to be, in canonical JSON beside it.

A seal names the bytes of its file, the content of each variable, the configuration, the head of the folder's log and
what it supersedes. It is written once and never replaced. This is its reading half; `finalise` writes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from twin.evidence import canonical
from twin.evidence.canonical import NotCanonical

SCHEMA = "twin seal 1"
SUFFIX = ".seal.json"
#: Between a file's name and the number of its signature.
SIGNATURE = ".signature-"
_KEYS = {
    "schema", "file", "run_id", "outcome", "content_hash", "file_hash", "size", "config", "tree", "audit", "utc",
    "actor", "reason", "supersedes",
}  # fmt: skip
_TEXTS = ("file", "run_id", "outcome", "content_hash", "file_hash", "utc", "actor", "reason")


def seal_path(file: Path) -> Path:
    """Name of a file's seal."""
    return file.with_name(file.name + SUFFIX)


def signature_paths(file: Path) -> list[Path]:
    """Signatures of a file, in order."""
    found = []
    for path in file.parent.glob(f"*{SIGNATURE}*.json"):
        name, _, number = path.name.removesuffix(".json").rpartition(SIGNATURE)
        if name == file.name and number.isdigit():
            found.append((int(number), path))
    return [path for _, path in sorted(found)]


def file_hash(path: Path) -> tuple[str, int]:
    """Hash of a file's bytes, as `sha256sum` gives it, and their number."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return f"sha256:{digest.hexdigest()}", size


def bytes_hash(data: bytes) -> str:
    """Hash of bytes, as `sha256sum` gives it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def load_seal(data: bytes) -> dict[str, Any]:
    """Read a seal.

    Raises
    ------
    NotCanonical
        When it is none.
    """
    seal = canonical.load(data)
    if seal.get("schema") != SCHEMA or set(seal) != _KEYS:
        raise NotCanonical(f"no '{SCHEMA}'")
    audit, supersedes = seal["audit"], seal["supersedes"]
    fits = (
        all(isinstance(seal[name], str) for name in _TEXTS)
        and isinstance(seal["size"], int)
        and _texts(seal["config"])
        and _texts(seal["tree"])
        and isinstance(audit, dict)
        and set(audit) == {"log", "seq", "head"}
        and isinstance(audit["seq"], int)
        and (supersedes is None or (_texts(supersedes) and {"file", "run_id", "seal_hash"} <= set(supersedes)))
    )
    if not fits:
        raise NotCanonical("not the types of a seal")
    return seal


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
