"""What `twin verify`, `twin finalise`, `twin sign` and `twin evidence` do."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from twin.evidence.findings import UsageProblem

if TYPE_CHECKING:
    from twin.evidence.chain import Entry

#: Variable that holds a key's passphrase where nobody can be asked.
PASSPHRASE = "TWIN_KEY_PASSPHRASE"


def verify(arguments: Namespace) -> int:
    """`twin verify FILE`"""
    from twin.evidence import checking
    from twin.evidence.verify import verify as check

    path = Path(arguments.file)
    options = checking.options(arguments)
    findings = check(path, options)
    if path.suffix == ".zip" and arguments.rerun:
        from twin.evidence.dossier.commands import verify as verify_dossier

        return verify_dossier(arguments)
    if arguments.rerun:
        if path.is_dir():
            raise UsageProblem("--rerun takes one run file")
        if findings.ok:
            from twin.evidence.rerun import rerun

            rerun(path, findings)
    return checking.tell(arguments.file, findings.made_strict() if arguments.strict else findings, arguments.json)


def finalise(arguments: Namespace) -> int:
    """`twin finalise FILE [--supersedes OLD --reason TEXT]`"""
    from twin.evidence.finalise import finalise as carry_out

    old = Path(arguments.supersedes) if arguments.supersedes else None
    seal = carry_out(Path(arguments.file), supersedes=old, reason=arguments.reason)
    _say(f"{arguments.file} is final: {seal['content_hash']}")
    _say("It is read-only, and no program of Twin replaces it. A correction is another run:")
    _say(f"  twin finalise NEW --supersedes {arguments.file} --reason TEXT")
    return 0


def sign(arguments: Namespace) -> int:
    """`twin sign FILE --key KEY --as MEANING`"""
    from twin.evidence.finalise import open_key
    from twin.evidence.finalise import sign as carry_out
    from twin.evidence.signing import read_trusted

    key = open_key(Path(arguments.key), _passphrase())
    trusted = read_trusted([Path(name) for name in arguments.trusted_keys]) if arguments.trusted_keys else None
    if arguments.file.endswith(".zip"):
        from twin.evidence.dossier.commands import sign as carry_out
    elif arguments.file.endswith(".json"):
        from twin.evidence.qualify.commands import sign as carry_out
    signature = carry_out(Path(arguments.file), key, arguments.meaning, reason=arguments.reason, trusted=trusted)
    _say(f"{arguments.file} is signed: {signature.line()}")
    return 0


def dossier(arguments: Namespace) -> int:
    """`twin dossier new|register|build|verify`"""
    from twin.evidence.dossier import commands

    return int(getattr(commands, arguments.what)(arguments))


def evidence(arguments: Namespace) -> int:
    """`twin evidence key|log|note|zipapp|export`"""
    kinds = {"key": _key, "log": _log, "note": _note, "zipapp": _zipapp, "export": _export}
    return int(kinds[arguments.what](arguments))


def _key(arguments: Namespace) -> int:
    from twin.evidence.finalise import new_key

    made = new_key(Path(arguments.out), arguments.name, _passphrase(twice=True), arguments.roles.split(","))
    _say(f"wrote {arguments.out}, which only its owner keeps, and {arguments.out}.public.json to hand out:")
    _say(f"  public key {made['keys'][0]['public_key']} of {arguments.name}")
    return 0


def _log(arguments: Namespace) -> int:
    from twin.evidence.chain import log_of, read
    from twin.evidence.findings import EvidenceProblem, Kind, shown

    path = log_of(Path(arguments.folder))
    chain = read(path)
    for entry in chain.entries:
        _say(f"{entry.seq:5}  {entry.utc}  {entry.actor:12}  {entry.action:15}  {shown(_about(entry))}")
    if chain.broken:
        raise EvidenceProblem(Kind.AUDIT, f"{path}: {chain.broken}")
    _say(f"head {chain.head}")
    return 0


def _about(entry: Entry) -> str:
    names = ("file", "outcome", "why", "meaning", "name", "text")
    parts = [str(entry.object[name]) for name in names if entry.object.get(name)]
    return ", ".join([*parts, *([f"because: {entry.reason}"] if entry.reason else [])])


def _note(arguments: Namespace) -> int:
    from twin.evidence.chain import append, log_of

    path = log_of(Path(arguments.folder))
    if not path.exists():
        raise UsageProblem(f"there is no log {path}: a note stands beside runs")
    entry = append(path, "note", {"text": arguments.text})
    _say(f"entry {entry.seq} of {path}, head {entry.hash}")
    return 0


def _zipapp(arguments: Namespace) -> int:
    from twin.evidence.zipapp import build

    _say(f"wrote {build(Path(arguments.out))}: python {arguments.out} FILE (needs h5py and cryptography)")
    return 0


def _export(arguments: Namespace) -> int:
    from twin.evidence.classes import export, read_classes

    classes = read_classes(Path(arguments.classes))
    out, given, bare = export(Path(arguments.file), classes, arguments.up_to, Path(arguments.out))
    _say(f"wrote {out}: {len(given)} items up to {arguments.up_to}; {len(bare)} stayed because they have no class")
    return 0


def _passphrase(twice: bool = False) -> str:
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageProblem(f"a key has a passphrase: type it in a terminal, or set {PASSPHRASE}")
    first = getpass.getpass("passphrase: ")
    if twice and getpass.getpass("again: ") != first:
        raise UsageProblem("the passphrases are not the same")
    return first


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
