"""What the documentation says is done: commands are typed, files written, edits made, answers compared.

A page is followed from top to bottom in an empty folder. A comment above a code block says what to do
with it:

    <!-- run -->               type each line; each must succeed
    <!-- fails -->             type the line; it must fail
    <!-- prints -->            each line stands in what the commands above printed
    <!-- file: NAME -->        write the block to that file
    <!-- replace in: NAME -->  replace the first of two blocks by the second
    <!-- python -->            run the block as a program
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_FOUND = [path for pattern in ("*.md", "tutorials/*.md") for path in (ROOT / "docs").glob(pattern)]
PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in _FOUND)
_WHAT = r"<!-- (run|fails|prints|python|file|replace in)(?:: (\S+))? -->"
_CODE = r"\n```\w+\n(.*?)\n```"
_BLOCK = re.compile(f"{_WHAT}{_CODE}(?:{_CODE})?", re.DOTALL)


def steps(page: str) -> Iterator[tuple[str, str, str, str]]:
    """What a page tells its reader to do: (what, file, block, second block)."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        what, name, block, second = found.groups()
        yield what, name or "", block, second or ""
    told = len(re.findall(_WHAT, text))
    assert told == len(_BLOCK.findall(text)), f"{page}: an instruction is not followed by its block"


def type_in(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type a command as a reader would, with this interpreter."""
    words = shlex.split(line)
    known = {"twin": [sys.executable, "-m", "twin"], "python": [sys.executable]}
    assert words[0] in known, f"'{words[0]}' is no command that a page may use"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    return subprocess.run(
        [*known[words[0]], *words[1:]],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=280, check=False,
    )  # fmt: skip


def follow(page: str, folder: Path) -> int:
    """Do what a page says; gives the number of steps."""
    printed = ""
    count = 0
    for what, name, block, second in steps(page):
        count += 1
        if what == "file":
            (folder / name).write_text(block + "\n", encoding="utf-8")
        elif what == "replace in":
            text = (folder / name).read_text(encoding="utf-8")
            assert text.count(block) == 1, f"{name} holds this {text.count(block)} times:\n{block}"
            (folder / name).write_text(text.replace(block, second), encoding="utf-8")
        elif what == "prints":
            for line in block.splitlines():
                assert line in printed, f"'{line}' is not in:\n{printed}"
        elif what == "python":
            done = subprocess.run(
                [sys.executable, "-c", block], cwd=folder, capture_output=True, text=True, timeout=280, check=False
            )
            assert done.returncode == 0, done.stderr
        else:
            printed = ""
            for line in block.splitlines():
                done = type_in(line, folder)
                printed += done.stdout + done.stderr
                assert (done.returncode == 0) == (what == "run"), f"{line}\nexit code {done.returncode}\n{printed}"
                assert "Traceback" not in printed, printed
    return count


#: Pages that are followed here; of these the everyday tests follow the first.
FOLLOWED = (
    "getting_started.md",
    "new_unit.md",
    "qualification.md",
    "schedules.md",
    "control.md",
    "steady_states.md",
    "linearisation_and_tuning.md",
    "studies.md",
    "analysis.md",
    "evidence.md",
    "traceability.md",
    "tutorials/process_engineer.md",
    "tutorials/control_engineer.md",
    "tutorials/reviewer.md",
)
EVERYDAY = FOLLOWED[:3]
#: Pages that the tests of what they tell of follow: page -> where.
ELSEWHERE = {"monitoring.md": "control/test_monitoring.py", "dossier.md": "evidence/test_dossier.py"}


@pytest.mark.parametrize(
    "name", [name if name in EVERYDAY else pytest.param(name, marks=pytest.mark.slow) for name in FOLLOWED]
)
def test_the_page_can_be_followed(name: str, tmp_path: Path) -> None:
    assert follow(name, tmp_path) >= 1


def test_no_page_that_says_what_to_do_is_left_out() -> None:
    assert {page for page in PAGES if any(steps(page))} == {*FOLLOWED, *ELSEWHERE}
    for page, place in ELSEWHERE.items():
        assert f'follow("{page}", ' in (ROOT / "tests" / place).read_text(encoding="utf-8")


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs" / page for page in PAGES)]


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_no_claim_that_we_cannot_make(document: Path) -> None:
    text = document.read_text(encoding="utf-8").lower()
    assert "part 11" not in text
    assert re.search(r"(?<!not been )\bvalidated (for|against)", text) is None
