"""Ed25519 signatures with a meaning, in envelopes as DSSE makes them.

The signed bytes are DSSE's pre-authentication encoding: they hold the payload's type, so that a signature under one
kind of record is none under another. The payload binds what is signed (its hash, file and run), the meaning, the
printed name, the time and the log's head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twin.evidence import canonical
from twin.evidence.canonical import NotCanonical
from twin.evidence.findings import Findings, Kind, UsageProblem

SCHEMA = "twin signature 1"
#: Type of the payload, by what is signed.
TYPES = {
    "run": "application/vnd.twin.run-signature+json",
    "dossier": "application/vnd.twin.dossier-signature+json",
    "qualification": "application/vnd.twin.qualification-signature+json",
}
MEANINGS = ("author", "reviewer", "approver")
_KEYS = {"schema", "subject", "audit", "meaning", "name", "reason", "utc", "public_key"}


@dataclass(frozen=True)
class Trusted:
    """A key that may sign: whose, and with which meanings."""

    name: str
    public_key: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Signature:
    """A signature as it is shown: a name, a time, a meaning."""

    meaning: str
    name: str
    utc: str
    reason: str
    public_key: str
    audit: dict[str, Any]

    @property
    def key(self) -> str:
        """Fingerprint of the key."""
        return key_fingerprint(self.public_key)

    def line(self) -> str:
        """The signature in words."""
        return f"{self.meaning}: {self.name}, {self.utc}, key {self.key[:16]}"


def ed25519() -> Any:
    """Give `cryptography`'s module, or say what is missing."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519 as module
    except ModuleNotFoundError:
        raise UsageProblem(
            "signatures need the package cryptography: pip install 'continuous-twin[evidence]'"
        ) from None
    return module


def encoding(kind: str, payload: bytes) -> bytes:
    """Bytes that are signed: DSSE's pre-authentication encoding."""
    name = TYPES[kind].encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def key_fingerprint(public_key: str) -> str:
    """Hash of a public key, in hexadecimal digits."""
    return canonical.sha256(canonical.from_base64(public_key))


def read_trusted(paths: Iterable[Path]) -> list[Trusted]:
    """Read lists of trusted keys: `{"keys": [{"name", "public_key", "roles"}]}`.

    Raises
    ------
    UsageProblem
        When a file is no such list.
    """
    import json

    found = []
    for path in paths:
        try:
            listed = json.loads(path.read_text(encoding="utf-8"))["keys"]
            for key in listed:
                roles = tuple(key["roles"])
                if len(canonical.from_base64(key["public_key"])) != 32 or not set(roles) <= set(MEANINGS):
                    raise ValueError("a key has 32 bytes, and roles among " + ", ".join(MEANINGS))
                found.append(Trusted(str(key["name"]), key["public_key"], roles))
        except OSError as error:
            raise UsageProblem(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise UsageProblem(f"{path} is no list of trusted keys: {error!r}") from None
    return found


def check(
    envelopes: Sequence[tuple[str, bytes]],
    kind: str,
    subject: Mapping[str, str],
    trusted: Sequence[Trusted] | None,
    findings: Findings,
) -> list[Signature]:
    """Check all signatures of a thing, each and together.

    Parameters
    ----------
    envelopes : sequence of (name, bytes)
        Files of signatures.
    kind : str
        What is signed: a key of `TYPES`.
    subject : mapping
        What the signatures have to name.
    trusted : sequence of Trusted or None
        None when anybody's key will do.
    findings : Findings
        Takes what is wrong.

    Returns
    -------
    list of Signature
        Those that hold.
    """
    holding: list[Signature] = []
    seen: list[Signature] = []  # those of strangers, too: the order of signing is judged apart from trust
    for name, data in envelopes:
        try:
            signature = _open(data, kind, subject)
        except NotCanonical as error:
            findings.add(Kind.SIGNATURE, f"{name} does not hold: {error}")
            continue
        why = rule(seen, signature.meaning, signature.name, signature.key)
        if why:
            findings.add(Kind.SIGNATURE, f"{name}: {why}")
            continue
        seen.append(signature)
        if trusted is not None:
            why = _distrust(signature, trusted)
            if why:
                findings.add(Kind.UNTRUSTED, f"{name}: {why}")
                continue
        holding.append(signature)
    if holding and trusted is None:
        findings.remark("no list of trusted keys was given: names are as the signers wrote them", Kind.UNTRUSTED)
    return holding


def rule(before: Sequence[Signature], meaning: str, name: str, key: str) -> str:
    """Say why a signature may not follow others, or nothing.

    An author signs first; whoever is the author neither reviews nor approves, by another key of the same name either.
    """
    if meaning == "author":
        return "the author has signed already" if any(s.meaning == "author" for s in before) else ""
    author = next((s for s in before if s.meaning == "author"), None)
    if author is None:
        return f"the author has to sign before a{'n' if meaning == 'approver' else ''} {meaning}"
    if author.key == key or _same(author.name, name):
        return f"{author.name} is the author and cannot be {meaning}, too"
    if any(s.meaning == meaning and s.key == key for s in before):
        return f"this key has signed as {meaning} already"
    return ""


def _open(data: bytes, kind: str, subject: Mapping[str, str]) -> Signature:
    envelope = canonical.load(data)
    if set(envelope) != {"payloadType", "payload", "signatures"}:
        raise NotCanonical("no envelope of a signature")
    if envelope["payloadType"] != TYPES[kind]:
        raise NotCanonical(f"it signs another kind of record ({str(envelope['payloadType'])[:80]})")
    payload = canonical.from_base64(envelope["payload"])
    value = canonical.load(payload)
    texts = ("schema", "meaning", "name", "reason", "utc", "public_key")
    if set(value) != _KEYS or not all(isinstance(value[name], str) for name in texts):
        raise NotCanonical("not what a signature holds")
    if value["schema"] != SCHEMA or value["meaning"] not in MEANINGS:
        raise NotCanonical("of an unknown schema or meaning")
    signatures = envelope["signatures"]
    one = signatures[0] if isinstance(signatures, list) and len(signatures) == 1 else None
    if not isinstance(one, dict) or set(one) != {"keyid", "sig"}:
        raise NotCanonical("an envelope holds one signature")
    if one["keyid"] != key_fingerprint(value["public_key"]):
        raise NotCanonical("it names another key than it was made with")
    _verify(value["public_key"], canonical.from_base64(one["sig"]), encoding(kind, payload))
    if value["subject"] != dict(subject):
        signed = value["subject"] if isinstance(value["subject"], dict) else {}
        other = [name for name in subject if signed.get(name) != subject[name]]
        raise NotCanonical(f"it signs something else: other {', '.join(other) or 'fields'}")
    try:
        if datetime.fromisoformat(value["utc"]).utcoffset() is None:
            raise NotCanonical("a time without its offset")
    except ValueError as error:
        raise NotCanonical(str(error)) from None
    audit = value["audit"]
    if not isinstance(audit, dict) or not isinstance(audit.get("seq"), int) or not isinstance(audit.get("head"), str):
        raise NotCanonical("it does not say where the log stood")
    return Signature(value["meaning"], value["name"], value["utc"], value["reason"], value["public_key"], audit)


def _verify(public_key: str, signature: bytes, data: bytes) -> None:
    module = ed25519()
    from cryptography.exceptions import InvalidSignature

    try:
        module.Ed25519PublicKey.from_public_bytes(canonical.from_base64(public_key)).verify(signature, data)
    except InvalidSignature:
        raise NotCanonical("the signature does not fit what it signs") from None
    except ValueError as error:
        raise NotCanonical(f"no key: {error}") from None


def _distrust(signature: Signature, trusted: Sequence[Trusted]) -> str:
    keys = [key for key in trusted if key.public_key == signature.public_key]
    if not keys:
        return f"key {signature.key[:16]} of '{signature.name}' is not in the list of trusted keys"
    if not any(_same(key.name, signature.name) for key in keys):
        return f"key {signature.key[:16]} belongs to {keys[0].name}, not to '{signature.name}'"
    if not any(signature.meaning in key.roles for key in keys):
        return f"{signature.name} may not sign as {signature.meaning}"
    return ""


def _same(one: str, other: str) -> bool:
    import unicodedata

    def folded(name: str) -> str:
        return " ".join(unicodedata.normalize("NFKC", name).casefold().split())

    return folded(one) == folded(other)
