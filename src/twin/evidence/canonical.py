"""JSON with one spelling: the same value gives the same bytes, and other bytes are refused.

Keys sorted, no blanks, UTF-8, no numbers but integers: what is signed or chained holds texts, integers, lists and
objects only, so that no two writers can differ in how they spell a float.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

#: Nothing of ours is longer; what is longer is refused unread.
LONGEST = 64 << 20


class NotCanonical(ValueError):
    """Bytes that are no canonical JSON; the message says why."""


def dump(value: Any) -> bytes:
    """Give the bytes of a value."""
    _only_plain(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def load(data: bytes) -> dict[str, Any]:
    """Read an object from bytes that :func:`dump` could have written.

    Raises
    ------
    NotCanonical
        When they are anything else: other spelling, a key twice, a float.
    """
    if len(data) > LONGEST:
        raise NotCanonical("longer than anything that is written here")
    try:
        value = json.loads(data.decode("utf-8"))
        if not isinstance(value, dict):
            raise NotCanonical("not an object")
        if dump(value) != data:
            raise NotCanonical("spelt otherwise than it is written here")
    except (ValueError, RecursionError) as error:
        raise NotCanonical(str(error) or "no JSON") from None
    return value


def sha256(*parts: bytes) -> str:
    """Hexadecimal digest of parts, each with its length, so that no two lists of parts give the same bytes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def to_base64(data: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: Any) -> bytes:
    """Undo :func:`to_base64`, strictly.

    Raises
    ------
    NotCanonical
        When the text is anything else.
    """
    if not isinstance(text, str):
        raise NotCanonical("no text where base64 was expected")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotCanonical(f"no base64: {error}") from None
    if to_base64(data) != text:
        raise NotCanonical("base64 spelt otherwise than it is written here")
    return data


def _only_plain(value: Any) -> None:
    if value is None or isinstance(value, bool | int | str):
        return
    if isinstance(value, list):
        for item in value:
            _only_plain(item)
    elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
        for item in value.values():
            _only_plain(item)
    else:
        raise NotCanonical(f"{type(value).__name__} has no canonical spelling")
