"""Command lines of the evidence: imports nothing that takes time, since `twin --help` shows them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from twin.evidence.findings import MEANINGS

MEANT = ("author", "reviewer", "approver")


def epilog() -> str:
    """Exit codes, for the help."""
    rows = "\n".join(f"  {int(kind)}   {kind.name.lower():14}{meaning}" for kind, meaning in MEANINGS.items())
    return f"exit codes:\n  0    verified\n{rows}\n\nTamper-evident, not tamper-proof."


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Arguments of `twin verify`, which the program of its own has, too."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = epilog()
    parser.add_argument(
        "file", metavar="FILE", help="a run file, a folder of them, a dossier (.zip) or a report (.json)"
    )
    _trusted(parser)
    parser.add_argument("--expect-head", default="", metavar="HASH", help="an entry of the log, kept elsewhere")
    parser.add_argument(
        "--expect-config-hash", default="", metavar="HASH", help="sha256:… of the resolved configuration"
    )
    parser.add_argument("--current", action="store_true", help="refuse a run that a correction has superseded")
    parser.add_argument("--strict", action="store_true", help="remarks are failures, too")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def add_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the commands to `twin`; `command` makes a parser of a name and a text."""
    verify = command("verify", "check that a run file, or a folder of them, is what the runs wrote")
    add_verify(verify)
    verify.add_argument("--rerun", action="store_true", help="run it again, and say whether the numbers are the same")

    finalise = command("finalise", "make a run final: read-only, sealed, never replaced")
    finalise.add_argument("file", metavar="FILE", help="a run file")
    finalise.add_argument("--supersedes", metavar="OLD", help="the final run that this one corrects")
    finalise.add_argument("--reason", default="", metavar="TEXT", help="why; a correction needs it")

    _dossier(command("dossier", "the credibility dossier of a run: plan, sections, bundle"))

    _qualify(command("qualify", "check the installation (iq) or the operation (oq), with a report that can be signed"))

    sign = command("sign", "sign a final run, a dossier or a report as its author, reviewer or approver")
    sign.add_argument("file", metavar="FILE", help="a final run file, a dossier (.zip) or a report (.json)")
    sign.add_argument("--key", required=True, metavar="FILE", help="made with: twin evidence key")
    sign.add_argument("--as", dest="meaning", required=True, choices=MEANT, help="what the signature means")
    sign.add_argument("--reason", default="", metavar="TEXT")
    _trusted(sign)

    evidence = command("evidence", "keys, the log of a folder, and the verifier as one file")
    kinds = evidence.add_subparsers(dest="what", metavar="WHAT", required=True)
    key = kinds.add_parser("key", help="make a key to sign with")
    key.add_argument("--name", required=True, metavar="NAME", help="of its owner, as every signature shows it")
    key.add_argument("--out", required=True, metavar="FILE")
    key.add_argument("--roles", default=",".join(MEANT), metavar="LIST", help="(default: %(default)s)")
    log = kinds.add_parser("log", help="print the log of a folder of runs, and check its chain")
    log.add_argument("folder", nargs="?", default="runs", metavar="FOLDER", help="(default: %(default)s)")
    note = kinds.add_parser("note", help="enter a note into the log of a folder")
    note.add_argument("text", metavar="TEXT")
    note.add_argument("folder", nargs="?", default="runs", metavar="FOLDER", help="(default: %(default)s)")
    zipapp = kinds.add_parser("zipapp", help="write the verifier as one file, which needs no Twin")
    zipapp.add_argument("out", metavar="FILE", help="e.g. twin-verify.pyz")
    export = kinds.add_parser("export", help="copy what a class of data may see out of a file; what has no class stays")
    export.add_argument("file", metavar="FILE", help="a run, study or trace")
    export.add_argument("--classes", required=True, metavar="FILE", help="classes and items (YAML)")
    export.add_argument("--up-to", required=True, metavar="CLASS", help="the strictest class that goes out")
    export.add_argument("--out", required=True, metavar="FILE")


def _qualify(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "exit codes:\n  0  all requirements are met\n  1  one is not met\n  5  one was not tested"
    parser.add_argument("stage", choices=("iq", "oq"))
    parser.add_argument("--out", required=True, metavar="FILE", help="e.g. oq.json; its page stands beside it")
    parser.add_argument("--without-suite", action="store_true", help="leave out the test suite of a clone: not tested")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def _dossier(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    new = kinds.add_parser("new", help="write a plan to fill in: question, context, risk, criteria")
    new.add_argument("scenario", metavar="SCENARIO", help="a name in scenarios/ or a file")
    new.add_argument("--out", required=True, metavar="FILE", help="e.g. plan.yaml")
    register = kinds.add_parser("register", help="enter a plan into the log of a folder, before the run")
    register.add_argument("plan", metavar="PLAN")
    register.add_argument("folder", nargs="?", default="runs", metavar="FOLDER", help="(default: %(default)s)")
    build = kinds.add_parser("build", help="compute the dossier of a run, and write its bundle")
    build.add_argument("plan", metavar="PLAN")
    build.add_argument("run", metavar="RUN", help="a run file in the folder of its log")
    build.add_argument("--out", required=True, metavar="FILE", help="e.g. dossier.zip")
    build.add_argument("--json", action="store_true", help="one JSON object on standard output")
    verify = kinds.add_parser("verify", help="check a bundle; with --rerun compute all of it again")
    add_verify(verify)
    verify.add_argument("--rerun", action="store_true", help="compute the dossier again, and compare")


def _trusted(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trusted-keys",
        action="append",
        default=[],
        metavar="FILE",
        help="list of keys that may sign, and as what; may be repeated",
    )
