"""Pages of the models in docs/models say what the models say today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from twin import library
from twin.evidence.dossier.cases import stored
from twin.model_pages import COMMAND, FOLDER, index, main, page, place, write

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / FOLDER
CURE = f"run `{COMMAND}` in the root of the clone and commit docs/models"


@pytest.mark.parametrize("name", library.names())
def test_the_page_of_every_model_is_current(name: str) -> None:
    path = PAGES / place(name)
    assert path.is_file(), f"{name} has no page: {CURE}"
    assert path.read_text(encoding="utf-8") == page(name), f"the page of {name} is not what its file says: {CURE}"


def test_the_index_is_current_and_no_page_is_left_over() -> None:
    names = library.names()
    assert (PAGES / "index.md").read_text(encoding="utf-8") == index(names), f"the list of models has changed: {CURE}"
    found = {path.relative_to(PAGES) for path in PAGES.rglob("*.md")}
    assert found == {Path("index.md"), *(place(name) for name in names)}, f"pages without a model: {CURE}"


@pytest.mark.parametrize("name", library.names())
def test_every_page_has_equations_and_verified_numbers(name: str) -> None:
    """The site adds the table of verified numbers (`docs/site_pages.py`) from the cases that speak for a model."""
    assert "```text\n" in (PAGES / place(name)).read_text(encoding="utf-8"), "no balances"
    speaking = stored()["models"][name]
    assert speaking, "no test in tests/verification records a number for it"


def test_links_of_the_pages_lead_somewhere() -> None:
    for path in PAGES.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


def test_a_page_holds_what_twin_models_prints() -> None:
    text = page("piping.valve")
    assert "```text\ndm_i/dt = " in text, "balances stand as they were written"
    assert "\nAssumptions\n\n- ideal mixing" in text, "a list begins after an empty line"
    assert "| `dP` | in | Signal [Pa] | pressure over the liquid less that behind the valve (may stay" in text
    assert "default LINEAR; LINEAR \\| EQUAL_PERCENTAGE \\| QUICK_OPENING |" in text, "bars do not split cells"
    for heading in ("Ports", "Parameters", "States", "Measurements", "Guards", "Initial state"):
        assert f"\n## {heading}\n" in text


def test_writing_removes_what_is_out_of_date_and_ends_lines_alike(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    old = page("piping.valve").replace("valve", "weir")
    (tmp_path / "gone" / "model.md").write_text(old, encoding="utf-8")
    (tmp_path / "mine.md").write_text("a page that somebody wrote", encoding="utf-8")
    written = write(tmp_path)
    assert not (tmp_path / "gone" / "model.md").exists()
    assert (tmp_path / "mine.md").exists()
    assert len(written) == len(library.names()) + 1
    assert b"\r" not in (tmp_path / "piping" / "valve.md").read_bytes()


def test_it_says_where_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as asked:
        main(["--help"])
    assert asked.value.code == 0
    assert "usage: " in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    assert main([]) == 2
    assert "root of a clone" in capsys.readouterr().err
    assert main([str(tmp_path / "pages")]) == 0
    assert "pages in" in capsys.readouterr().out
