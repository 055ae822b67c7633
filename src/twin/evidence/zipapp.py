"""The verifier as one file: `python twin-verify.pyz FILE` needs h5py, numpy and cryptography, and no Twin."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

from twin.results.files import FileProblem

#: Modules of the verifier: what `twin.evidence.checking` imports, and nothing else.
MODULES = (
    "twin",
    "twin.errors",
    "twin.locking",
    "twin.results",
    "twin.results.content",
    "twin.evidence",
    "twin.evidence.arguments",
    "twin.evidence.canonical",
    "twin.evidence.chain",
    "twin.evidence.checking",
    "twin.evidence.dossier",
    "twin.evidence.dossier.check",
    "twin.evidence.dossier.gates",
    "twin.evidence.dossier.labels",
    "twin.evidence.dossier.page",
    "twin.evidence.dossier.quantities",
    "twin.evidence.dossier.reasons",
    "twin.evidence.dossier.words",
    "twin.evidence.findings",
    "twin.evidence.qualify",
    "twin.evidence.qualify.report",
    "twin.evidence.seal",
    "twin.evidence.signing",
    "twin.evidence.structure",
    "twin.evidence.verify",
)
MAIN = "from twin.evidence.checking import main\n\nraise SystemExit(main())\n"
#: Of every member, so that the same sources give the same bytes.
DATE = (1980, 1, 1, 0, 0, 0)


def build(out: Path) -> Path:
    """Write the program; the same sources give the same bytes.

    Raises
    ------
    FileProblem
        When the name is taken.
    """
    try:
        with out.open("xb") as file:
            file.write(b"#!/usr/bin/env python3\n")
            with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
                for name, text in members().items():
                    info = zipfile.ZipInfo(name, DATE)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(info, text)
    except FileExistsError:
        raise FileProblem(f"{out} exists; it is not overwritten") from None
    return out


def members() -> dict[str, str]:
    """Files of the program by name."""
    found = {}
    for module in MODULES:
        spec = importlib.util.find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        path = Path(spec.origin)
        place = module.replace(".", "/") + ("/__init__.py" if path.name == "__init__.py" else ".py")
        found[place] = path.read_text(encoding="utf-8")
    return {**found, "__main__.py": MAIN}
