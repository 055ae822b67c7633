"""`figure:` of a scenario: panels of tags for the documentation, refused where the plant has no such unit."""

from __future__ import annotations

from pathlib import Path

from twin.config import check, load_scenario, resolved_yaml

HEAD = "twin: 1\nplant: two_tanks\nduration: 1 min\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "s.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_panels_are_tags_or_lists_of_tags_and_survive_resolving(tmp_path: Path) -> None:
    path = written(tmp_path, "figure:\n  - [first.T, second.T]\n  - spirit.m_flow[ethanol]\n")
    scenario = load_scenario(path)
    assert scenario.figure == (("first.T", "second.T"), ("spirit.m_flow[ethanol]",))
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(resolved_yaml(scenario), encoding="utf-8")
    assert load_scenario(resolved).figure == scenario.figure


def test_none_is_none(tmp_path: Path) -> None:
    assert load_scenario(written(tmp_path, "")).figure == ()


def test_what_is_no_figure_is_refused_with_its_place(tmp_path: Path) -> None:
    (problem,) = check(written(tmp_path, "figure: [frist.T]\n"))
    assert (problem.line, problem.col, problem.title) == (4, 10, "unknown tag")
    assert "Did you mean 'first'?" in problem.detail
    (problem,) = check(written(tmp_path, "figure: first.T\n"))
    assert problem.title == "figure is a list of panels"
    (problem,) = check(written(tmp_path, f"figure: [{', '.join(7 * ['first.T'])}]\n"))
    assert problem.title == "too many panels"
