"""Makes a finished run final, and signs what is final. Nothing that was sealed is ever replaced."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin.evidence import canonical, signing
from twin.evidence.chain import Chain, append, chain_beside, log_of
from twin.evidence.findings import EvidenceProblem, Findings, Kind, UsageProblem
from twin.evidence.seal import (
    SCHEMA,
    SIGNATURE,
    bytes_hash,
    file_hash,
    seal_path,
    signature_paths,
)
from twin.evidence.signing import Trusted
from twin.evidence.structure import read_facts
from twin.evidence.verify import FINALISED, SIGNED, Options, load, subject, verify
from twin.results.files import FileProblem, file_errors, publish

KEY = "twin key 1"


def finalise(path: Path, *, supersedes: Path | None = None, reason: str = "") -> dict[str, Any]:
    """Make a run final: read-only, sealed, entered in the log.

    Parameters
    ----------
    path : Path
        A finished run, whatever its outcome.
    supersedes : Path, optional
        The final run that this one corrects; it stays.
    reason : str
        Why; needed for a correction.

    Returns
    -------
    dict
        The seal.

    Raises
    ------
    EvidenceProblem
        When the file does not verify, or is final already with another content.
    UsageProblem
        When a correction has no reason, or corrects what is not final.
    """
    _refuse(verify(path))
    replaced = _replaced(path, supersedes, reason)
    found = load(path)
    if found is None:
        os.chmod(path, stat.S_IREAD | stat.S_IRGRP | stat.S_IROTH)
        _write_once(seal_path(path), canonical.dump(_seal(path, replaced, reason)))
        found = load(path)
        assert found is not None
    elif any(entry.object.get("seal_hash") == found["hash"] for entry in chain_beside(path).of(FINALISED)):
        raise UsageProblem(f"{path} is final already, since {found['seal']['utc']}; a correction is another run")
    seal: dict[str, Any] = found["seal"]
    about = {name: seal[name] for name in ("run_id", "file", "content_hash")}
    more = {"supersedes": seal["supersedes"]} if seal["supersedes"] else {}
    append(log_of(path.parent), FINALISED, {**about, "seal_hash": found["hash"], **more}, reason=seal["reason"])
    return seal


@dataclass(frozen=True)
class Key:
    """A signer's key, open."""

    name: str
    public_key: str
    private: Any


def new_key(path: Path, name: str, passphrase: str, roles: Sequence[str] = signing.MEANINGS) -> dict[str, Any]:
    """Make a key: `path`, which the passphrase protects, and beside it `<path>.public.json` to hand out.

    Returns
    -------
    dict
        The public half, as a list of trusted keys holds it.
    """
    module = signing.ed25519()
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
    )

    if len(passphrase) < 8:
        raise UsageProblem("a passphrase has eight characters or more")
    if not name.strip():
        raise UsageProblem("a key needs the name of its owner, which every signature shows")
    private = module.Ed25519PrivateKey.generate()
    public = canonical.to_base64(private.public_key().public_bytes_raw())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    whole = {"schema": KEY, "name": name, "public_key": public, "private_key": pem.decode("ascii")}
    listed = {"keys": [{"name": name, "public_key": public, "roles": list(roles)}]}
    _write_once(path, (json.dumps(whole, indent=1) + "\n").encode(), mode=0o600)
    public_path = path.with_name(f"{path.name}.public.json")
    _write_once(public_path, (json.dumps(listed, indent=1) + "\n").encode())
    return listed


def open_key(path: Path, passphrase: str) -> Key:
    """Open a key.

    Raises
    ------
    UsageProblem
        When it is none, or the passphrase is another one.
    """
    signing.ed25519()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        private: Any = load_pem_private_key(value["private_key"].encode(), passphrase.encode())
        public = canonical.to_base64(private.public_key().public_bytes_raw())
        if value["schema"] != KEY or value["public_key"] != public:
            raise ValueError("its halves do not fit")
        return Key(str(value["name"]), public, private)
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageProblem(f"{path} cannot be opened: no key of twin, or another passphrase ({error})") from None


def sign(
    path: Path, key: Key, meaning: str, *, reason: str = "", trusted: Sequence[Trusted] | None = None
) -> signing.Signature:
    """Sign a final run.

    Parameters
    ----------
    path : Path
    key : Key
    meaning : str
        author, reviewer or approver; the author is first, and nobody else afterwards.
    reason : str
    trusted : sequence of Trusted, optional
        Who may sign as what; whoever may not is refused here as well as when it is verified.

    Raises
    ------
    EvidenceProblem
        When the file or a signature that it has does not verify, or this one may not follow them.
    """
    _refuse(verify(path, Options(trusted=trusted)))
    found = load(path)
    if found is None:
        raise EvidenceProblem(Kind.SEAL, f"{path} is not final: twin finalise {path}")
    chain = chain_beside(path)
    seal = found["seal"]
    signature = sign_envelope(
        path, "run", subject(found), [(p.name, p.read_bytes()) for p in signature_paths(path)],
        key, meaning, reason, {"log": seal["audit"]["log"], **_head(chain)}, trusted,
    )  # fmt: skip
    about = {name: seal[name] for name in ("run_id", "file", "content_hash")}
    newest = signature_paths(path)[-1]
    about |= {"signature_hash": bytes_hash(newest.read_bytes()), "meaning": meaning, "name": key.name}
    append(log_of(path.parent), SIGNED, {**about, "key": signature.key}, reason=reason)
    return signature


def sign_envelope(
    path: Path,
    kind: str,
    about: dict[str, str],
    before: Sequence[tuple[str, bytes]],
    key: Key,
    meaning: str,
    reason: str,
    audit: dict[str, Any],
    trusted: Sequence[Trusted] | None,
) -> signing.Signature:
    """Write the next signature of a thing beside it; earlier ones have to hold."""
    findings = Findings()
    holding = signing.check(before, kind, about, trusted, findings)
    _refuse(findings)
    if meaning not in signing.MEANINGS:
        raise UsageProblem(f"a signature means {', '.join(signing.MEANINGS)}, not {meaning}")
    why = signing.rule(holding, meaning, key.name, signing.key_fingerprint(key.public_key))
    if why:
        raise EvidenceProblem(Kind.SIGNATURE, f"{path.name} is not signed: {why}")
    payload = canonical.dump(
        {
            "schema": signing.SCHEMA,
            "subject": about,
            "audit": audit,
            "meaning": meaning,
            "name": key.name,
            "reason": reason,
            "utc": now(),
            "public_key": key.public_key,
        }
    )
    envelope = {
        "payloadType": signing.TYPES[kind],
        "payload": canonical.to_base64(payload),
        "signatures": [
            {
                "keyid": signing.key_fingerprint(key.public_key),
                "sig": canonical.to_base64(key.private.sign(signing.encoding(kind, payload))),
            }
        ],
    }
    data = canonical.dump(envelope)
    made = signing.check([*before, ("this signature", data)], kind, about, trusted, findings)
    _refuse(findings)
    _write_once(path.with_name(f"{path.name}{SIGNATURE}{len(before) + 1}.json"), data)
    return made[-1]


def now() -> str:
    """The time as it is written into seals and signatures."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _refuse(findings: Findings) -> None:
    if findings.kind is not None:
        raise EvidenceProblem(findings.kind, "\n".join(finding.text for finding in findings.wrong))


def _seal(path: Path, replaced: dict[str, str] | None, reason: str) -> dict[str, Any]:
    digest, size = file_hash(path)
    findings = Findings()
    facts = read_facts(path, findings, tree=True)  # of these very bytes: hashed before and after
    _refuse(findings)
    if facts["kind"] != "run":
        raise UsageProblem(f"{path} is a {facts['kind']}: only runs are made final")
    if file_hash(path) != (digest, size):
        raise EvidenceProblem(Kind.SEAL, f"{path} is being changed by another program")
    about = {"run_id": facts["run_id"], "file": path.name, "file_hash": digest}
    entry = append(log_of(path.parent), "run.finalising", about)
    log_id = str(chain_beside(path).entries[0].object.get("log", ""))
    return {
        "schema": SCHEMA,
        "file": path.name,
        "run_id": facts["run_id"],
        "outcome": facts["outcome"],
        "content_hash": facts["content_hash"],
        "file_hash": digest,
        "size": size,
        "config": facts["config"],
        "tree": facts["tree"],
        "audit": {"log": log_id, "seq": entry.seq, "head": entry.hash},
        "utc": entry.utc,
        "actor": entry.actor,
        "reason": reason,
        "supersedes": replaced,
    }


def _replaced(path: Path, old: Path | None, reason: str) -> dict[str, str] | None:
    if old is None:
        return None
    if not reason.strip():
        raise UsageProblem("a correction needs a reason: --reason TEXT")
    if old.resolve().parent != path.resolve().parent or old.resolve() == path.resolve():
        raise UsageProblem("a correction stands in the folder of what it corrects, beside it")
    _refuse(verify(old, Options(current=True)))
    found = load(old)
    if found is None:
        raise UsageProblem(f"{old} is not final: nothing has to be superseded, make the other run final")
    return {"file": old.name, "run_id": found["seal"]["run_id"], "seal_hash": found["hash"]}


def _head(chain: Chain) -> dict[str, Any]:
    return {"seq": len(chain.entries) - 1, "head": chain.head}


def _write_once(path: Path, data: bytes, mode: int = 0o444) -> None:
    """Write a file that is whole under its name or not there, and never replaced."""
    if path.exists():
        raise FileProblem(f"{path} exists; it is never overwritten")
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with file_errors(partial):
        try:
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            publish(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
    os.chmod(path, mode)
