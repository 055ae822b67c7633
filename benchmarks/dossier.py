"""The dossier of the flagship: what its sections say, and how long it takes to check it where there is no Twin.

A plan is registered, the flagship is run with lots and drums, made final, signed, its dossier built and signed. The
verifier, one file, then checks the bundle in a virtual environment that holds h5py and cryptography and nothing else,
without a network where the system can take it away.

    python -m benchmarks.dossier [FOLDER]        writes benchmarks/results/dossier.json; keeps the bundle in FOLDER
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Skipped, show, write
from twin.cli import main as twin
from twin.evidence.commands import PASSPHRASE

PLAN = Path(__file__).with_name("dossier_plan.yaml")
SCENARIO = Path(__file__).parents[1] / "scenarios" / "paracetamol_startup.yaml"
#: Two lots of the reagents, and drums of three hours.
LOTS = """
lots:
  - {name: PAP-0417, of: reagents}
  - {name: PAP-0423, of: reagents, from: 12 h}
containers:
  - {name: drum, of: tablets, from: 6 h, every: 3 h}
"""
#: What the verifier needs, and nothing else.
NEEDS = ("h5py", "numpy", "cryptography")
LIMIT = 10.0


def typed(*words: str) -> float:
    """Type a command; give its seconds."""
    start = time.perf_counter()
    code = twin(list(words))
    if code:
        raise RuntimeError(f"twin {' '.join(words)} gives {code}")
    return time.perf_counter() - start


def bare(folder: Path) -> Path:
    """Make an environment with the verifier's needs alone; give its python."""
    from importlib.metadata import version

    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted = [f"{name}=={version(name)}" for name in NEEDS]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def without_network() -> list[str]:
    """Words before a command that take the network away from it; none where that cannot be done."""
    tool = shutil.which("unshare")
    words = [tool, "--net", "--map-root-user"] if tool else []
    return words if words and subprocess.run([*words, "true"], check=False).returncode == 0 else []


def checked(python: Path, program: Path, bundle: Path, *words: str) -> tuple[float, int, dict[str, Any]]:
    """Verify in the bare environment: seconds, exit code, answer."""
    command = [*without_network(), str(python), "-I", str(program), str(bundle), "--json", *words]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.perf_counter() - start, done.returncode, json.loads(done.stdout)


def edited(bundle: Path, out: Path) -> Path:
    """The same with one digit of its page changed."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename == "dossier.en.html":
                place = data.index(b'href="#o0">') + 11
                data = data[:place] + (b"9" if data[place : place + 1] != b"9" else b"8") + data[place + 1 :]
            new.writestr(member, data)
    return out


def main(folder: Path) -> list[dict[str, Any]]:
    """Build, check, tell."""
    if importlib.util.find_spec("cryptography") is None:
        raise Skipped("needs cryptography: pip install 'continuous-twin[evidence]'")
    os.environ.setdefault(PASSPHRASE, "a passphrase of a benchmark")
    runs, rows = folder / "runs", []
    (folder / "startup.yaml").write_text(SCENARIO.read_text(encoding="utf-8") + LOTS, encoding="utf-8")
    shutil.copy(PLAN, folder / "plan.yaml")
    for name, role in (("Li Wei", "author"), ("Ana Cruz", "reviewer")):
        typed("evidence", "key", "--name", name, "--out", str(folder / f"{role}.key"), "--roles", role)
    typed("dossier", "register", str(folder / "plan.yaml"), str(runs))
    run, bundle = runs / "startup.h5", folder / "dossier.zip"
    seconds = typed("run", str(folder / "startup.yaml"), "--out", str(run), "--quiet")
    typed("finalise", str(run))
    for role in ("author", "reviewer"):
        typed("sign", str(run), "--key", str(folder / f"{role}.key"), "--as", role)
    rows.append({"name": "run", "values": {"seconds": seconds, "megabytes": run.stat().st_size / 1e6}})
    rows.append({"name": "verify --rerun", "values": {"seconds": typed("verify", str(run), "--rerun"), "exit_code": 0}})
    building = typed("dossier", "build", str(folder / "plan.yaml"), str(run), "--out", str(bundle))
    typed("sign", str(bundle), "--key", str(folder / "author.key"), "--as", "author")
    with zipfile.ZipFile(bundle) as archive:
        dossier = json.loads(archive.read("dossier.json"))
    sections, conclusion = dossier["sections"], dossier["conclusion"]
    built = {"seconds": building, "megabytes": bundle.stat().st_size / 1e6, "numbers": len(dossier["origins"])}
    rows.append({"name": "dossier build", "values": built})
    states = {name: section["state"] for name, section in sections.items()}
    rows.append({"name": "states", "values": states})
    why = {name: [reason["key"] for reason in sections[name]["why"]] for name in conclusion["failing"]}
    told = {"risk": conclusion["risk_class"], "adequate": conclusion["adequate"], "refused_for": why}
    rows.append({"name": "conclusion", "values": told})
    program = folder / "twin-verify.pyz"
    typed("evidence", "zipapp", str(program))
    python = bare(folder / "bare")
    keys = [
        word for role in ("author", "reviewer") for word in ("--trusted-keys", str(folder / f"{role}.key.public.json"))
    ]
    first, code, answer = checked(python, program, bundle, *keys)
    second, _, _ = checked(python, program, bundle, *keys)
    verified = {
        "first_seconds": first, "second_seconds": second, "exit_code": code, "class": answer["class"],
        "offline": bool(without_network()), "packages": ", ".join(NEEDS), "limit_seconds": LIMIT,
    }  # fmt: skip
    rows.append({"name": "verify in a bare environment", "values": verified})
    _, code, answer = checked(python, program, edited(bundle, folder / "edited.zip"))
    rows.append({"name": "the same, one digit edited", "values": {"exit_code": code, "class": answer["class"]}})
    again = typed("dossier", "verify", str(bundle), "--rerun")
    rows.append({"name": "dossier verify --rerun", "values": {"seconds": again, "exit_code": 0}})
    return rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(name)
        place.mkdir(parents=True, exist_ok=True)
        found = main(place)
    show(found)
    write(
        "dossier",
        "What does a dossier of the flagship say, and how long does a reviewer without Twin wait to check it?",
        found,
        ["Synthetic: no experiment stands beside the run, so that the dossier is refused at medium risk.",
         "Wall time on a machine that others used, too."],
    )  # fmt: skip
