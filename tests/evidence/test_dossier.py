"""The dossier: computed from the run, refused where evidence is missing, and found out when anybody edits it."""

from __future__ import annotations

import json
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.folder import Signers, writable
from twin.cli import main
from twin.errors import TwinError
from twin.evidence import canonical
from twin.evidence.chain import append, log_of
from twin.evidence.dossier.build import build
from twin.evidence.dossier.bundle import json_bytes, write_bundle
from twin.evidence.dossier.cases import STORED, collect
from twin.evidence.dossier.commands import sign as sign_dossier
from twin.evidence.dossier.crosswalk import CROSSWALK
from twin.evidence.dossier.gates import EVIDENCE, FACTORS, NO, NOT, PARTLY, REQUIRED, YES, conclude
from twin.evidence.dossier.labels import LABELS
from twin.evidence.dossier.page import render
from twin.evidence.dossier.parts import Section
from twin.evidence.dossier.plan import Plan, PlanProblem, parse_plan, read_plan
from twin.evidence.dossier.reasons import REASONS
from twin.evidence.dossier.refine import refined
from twin.evidence.dossier.words import WORDS
from twin.evidence.finalise import finalise, sign
from twin.evidence.findings import EvidenceProblem, Findings, Kind
from twin.evidence.seal import bytes_hash, signature_paths
from twin.evidence.verify import Options, verify
from twin.results.reader import open_run
from twin.run import run

PLAN = """\
dossier: 1
id: 6f2f4f0c-93c4-4f5e-9f5f-0c2f3f0f8b11
title: A dose of ethanol
question: Does the second tank stay below 320 K?
context:
  role: the only source
  users: readers of a test
  other_evidence: none
  envelope: [{tag: first.T, low: 290, high: 320}]
quantities:
  - {name: last temperature, tag: second.T, statistic: final, low: 290, high: 320, relevance: asked for}
  - {name: mean flow, tag: "second.product.m_flow[ethanol]", statistic: mean, from: 600, to: 1200, relevance: asked for}
risk: {influence: %s, consequence: medium, rationale: a test}
uncertainty: {runs: 3, seed: 1, inputs: [{path: first.tau, low: 55, high: 65}]}
"""


def make(folder: Path, signers: Signers, influence: str = "medium") -> tuple[dict[str, Any], Plan, Path]:
    """A plan in the log, then its run, final and signed by its author and reviewer; then the dossier."""
    folder.mkdir()
    (folder / "plan.yaml").write_text(PLAN % influence, encoding="utf-8")
    plan = read_plan(folder / "plan.yaml")
    append(log_of(folder), "plan.registered", {"plan_hash": plan.hash})
    path = run("two_tanks", folder / "a.h5").path
    finalise(path)
    sign(path, signers.author, "author")
    sign(path, signers.approver, "reviewer")
    return build(plan, path), plan, path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, signers: Signers) -> tuple[dict[str, Any], Plan, Path]:
    return make(tmp_path_factory.mktemp("dossier") / "runs", signers)


@pytest.fixture
def bundle(made: tuple[dict[str, Any], Plan, Path], tmp_path: Path) -> Path:
    dossier, plan, path = made
    return write_bundle(tmp_path / "d.zip", dossier, plan, open_run(path))


def reasons(dossier: dict[str, Any], name: str) -> list[str]:
    return [why["key"] for why in dossier["sections"][name]["why"]]


def test_the_shipped_example_is_refused_at_medium_risk_and_says_why(made: tuple[dict[str, Any], Plan, Path]) -> None:
    dossier = made[0]
    conclusion = dossier["conclusion"]
    assert conclusion["risk_class"] == "medium"
    assert not conclusion["adequate"]
    assert {"D12", "D13", "D16"} <= set(conclusion["failing"])
    assert reasons(dossier, "D12") == ["not_performed"]
    assert dossier["sections"]["D12"]["state"] == NO
    assert "NOT PERFORMED — no experimental comparator" in render(dossier, "en")
    assert "未进行——无实验对照数据" in render(dossier, "zh")
    assert dossier["sections"]["D23"]["state"] == NO


def test_every_section_is_there_and_computed(made: tuple[dict[str, Any], Plan, Path]) -> None:
    dossier = made[0]
    assert list(dossier["sections"]) == [f"D{n}" for n in range(1, 25)]
    states = {name: section["state"] for name, section in dossier["sections"].items()}
    assert states["D10"] == YES, reasons(dossier, "D10")
    assert reasons(dossier, "D10") == ["balances_ok", "tolerance_ok", "grid_none", "cross_ok"]
    assert states["D8"] == states["D20"] == states["D22"] == YES
    assert states["D11"] == NOT
    assert reasons(dossier, "D5") == ["plan_before"]
    assert dossier["sections"]["D18"]["tables"][0]["rows"][0][1] == "a.h5"
    assert [q["name"] for q in dossier["quantities"]] == ["last temperature", "mean flow"]
    assert dossier["quantities"][0]["value"] == open_run(made[2]).get("second.T")[-1]


def test_every_number_has_an_origin_within_two_clicks(made: tuple[dict[str, Any], Plan, Path]) -> None:
    dossier = made[0]
    page = render(dossier, "en")
    links, places = set(re.findall(r'href="#(o\d+)"', page)), set(re.findall(r'id="(o\d+)"', page))
    assert links == places
    assert len(links) > 20
    for name, section in dossier["sections"].items():
        assert not numbers_without_origin(section), name
    origins = " ".join(origin["formula"] for origin in dossier["origins"])
    assert "final(/units/second/" in origins
    assert all(origin["formula"] for origin in dossier["origins"])
    # one click from the sentence that refuses to the section that says why, one from there to the number's origin
    verdict = page[page.index('<div class="verdict') : page.index("</div>")]
    assert re.search(r'<a href="#D12">.*NOT PERFORMED', verdict)
    assert re.search(r'<a href="#D13">.*<a href="#o\d+">3</a> samples are too few', verdict)


#: What is told as it was found: versions, hashes, dates, identities.
NAMED = ("id", "content_hash", "run_id", "plan_hash", "hash", "registered", "started", "commit", "software", "head",
         "sealed", "machine", "question", "rationale")  # fmt: skip


def numbers_without_origin(section: dict[str, Any]) -> list[str]:
    """Whatever looks like a number and leads nowhere, in facts, tables and sentences."""
    shown = [(label, value) for label, value in section["facts"]]
    shown += [
        (f"{table['title']} {column}", cell)
        for table in section["tables"]
        for row in table["rows"]
        for column, cell in zip(table["columns"], row, strict=True)
        if table["columns"] != ["name", "value"]  # versions of packages
    ]
    shown += [(why["key"], value) for why in section["why"] for value in why.values()]
    return [
        f"{label}: {cell}"
        for label, cell in shown
        if not isinstance(cell, dict | list)
        and label.strip() not in NAMED
        and (isinstance(cell, float | int) or re.match(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?( \S+)?$", str(cell)))
    ]


def test_a_number_without_an_origin_is_not_written() -> None:
    origins: list[dict[str, str]] = []
    section = Section("D1", origins, "a.h5")
    with pytest.raises(TypeError, match="D1, alarmed: count without an origin"):
        section.is_(PARTLY, "alarmed", count=3)
    with pytest.raises(TypeError, match="without an origin"):
        section.cell(3.0)
    assert section.cell(3.0, "rows", "/alarms") == {"v": 3.0, "o": 0}
    assert section.given(5, "criteria: grid") == {"v": "5", "o": 1}
    assert origins[1] == {"run": "—", "dataset": "plan.yaml", "formula": "criteria: grid"}


def test_the_page_is_one_file_that_fetches_nothing(made: tuple[dict[str, Any], Plan, Path]) -> None:
    for language in ("en", "zh"):
        page = render(made[0], language)
        assert "<script" not in page
        assert "default-src 'none'" in page
        assert not re.search(r'(?:src|href)="(?!#|data:)', page)
        assert "@page" in page
    numbers = [re.findall(r'href="#o\d+">([^<]*)<', render(made[0], language)) for language in ("en", "zh")]
    assert sorted(numbers[0]) == sorted(numbers[1]), "both languages show the same numbers"


def test_hostile_texts_are_shown_and_do_nothing(made: tuple[dict[str, Any], Plan, Path]) -> None:
    dossier = json.loads(json.dumps(made[0]))
    dossier["title"] = "</title><script>alert(1)</script>"
    dossier["flowsheet"] = "<svg onload='alert(1)'><script>alert(1)</script></svg>"
    page = render(dossier, "en")
    assert "<script" not in page
    assert "onload" not in page


def test_a_bundle_verifies_with_the_verifier_alone(bundle: Path, tmp_path: Path) -> None:
    from tests.evidence.test_alone import alone
    from twin.evidence.zipapp import build as build_program

    done = alone(build_program(tmp_path / "v.pyz"), str(bundle))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT adequate" in done.stdout


@pytest.mark.slow
def test_the_dossier_is_computed_again(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dossier", "verify", str(bundle), "--rerun", "--json"]) == 0
    assert "computed again" in json.loads(capsys.readouterr().out)["rerun"]


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, files: dict[str, bytes], manifest: bool = True) -> Path:
    """What a forger makes of a bundle; with the manifest that fits."""
    if manifest:
        listed = canonical.load(files["manifest.json"])
        listed["files"] = {n: {"hash": bytes_hash(d), "size": len(d)} for n, d in files.items() if n != "manifest.json"}
        files["manifest.json"] = canonical.dump(listed)
    path.unlink()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("manifest", [False, True])
def test_t21_a_digit_of_the_report_is_edited(manifest: bool, bundle: Path) -> None:
    files = members(bundle)
    page = files["dossier.en.html"].decode()
    digit = re.search(r'href="#o0">(\d+)', page)
    assert digit
    files["dossier.en.html"] = page.replace(digit[0], digit[0][:-1] + "9", 1).encode()
    findings = verify(rewritten(bundle, files, manifest))
    assert findings.exit_code == Kind.REPORT == 22


def forged(files: dict[str, bytes], change: Callable[[dict[str, Any]], None]) -> dict[str, bytes]:
    """JSON, pages and manifest changed alike."""
    dossier = json.loads(files["dossier.json"])
    change(dossier)
    pages = {f"dossier.{language}.html": render(dossier, language).encode() for language in ("en", "zh")}
    return {**files, "dossier.json": json_bytes(dossier), **pages}


def test_t21_a_number_is_edited_everywhere(bundle: Path) -> None:
    def change(dossier: dict[str, Any]) -> None:
        dossier["quantities"][0]["value"] += 1e-9

    findings = verify(rewritten(bundle, forged(members(bundle), change)))
    assert findings.kind is Kind.REPORT
    assert "last temperature is" in findings.wrong[0].text


def _validated(dossier: dict[str, Any]) -> None:
    dossier["sections"]["D12"]["state"] = YES


def test_t21_a_state_is_edited(bundle: Path) -> None:
    findings = verify(rewritten(bundle, forged(members(bundle), _validated)))
    assert findings.kind is Kind.REPORT
    assert "does not follow" in findings.wrong[0].text


@pytest.mark.slow
def test_t21_a_state_is_edited_everywhere(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def thoroughly(dossier: dict[str, Any]) -> None:
        _validated(dossier)
        states = {n: s["state"] for n, s in dossier["sections"].items() if n not in ("D23", "D24")}
        dossier["conclusion"] = conclude(states, dossier["conclusion"]["risk"])

    rewritten(bundle, forged(members(bundle), thoroughly))
    assert main(["dossier", "verify", str(bundle), "--rerun", "--json"]) == 22, "computing it again tells"
    assert "D12 is NOT DEMONSTRATED" in capsys.readouterr().out


def test_t21_plan_or_run_are_exchanged(bundle: Path) -> None:
    files = members(bundle)
    plan = files["plan.yaml"].replace(b"influence: medium", b"influence: low")
    assert verify(rewritten(bundle, {**files, "plan.yaml": plan})).kind is Kind.REPORT
    data = bytearray(files["run/a.h5"])
    data[len(data) // 2] ^= 4
    findings = verify(rewritten(bundle, {**files, "run/a.h5": bytes(data)}))
    assert findings.kind in (Kind.STRUCTURE, Kind.CONTENT, Kind.SEAL)
    assert verify(rewritten(bundle, {n: d for n, d in files.items() if n != "plan.yaml"})).kind is Kind.BUNDLE


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/b/c", "C:evil", "a\\b", "run/../x", "x\x1b[2J", "run/con. "]
)
def test_t22_names_that_lead_elsewhere(name: str, bundle: Path) -> None:
    before = sorted(bundle.parent.parent.rglob("*"))
    files = members(bundle)
    findings = verify(rewritten(bundle, {**files, name: b"x"}))
    assert findings.exit_code == Kind.BUNDLE == 21
    assert sorted(bundle.parent.parent.rglob("*")) == before


def test_t22_links_bombs_and_doubles(bundle: Path) -> None:
    files = members(bundle)
    link = zipfile.ZipInfo("run/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "no plain file" in verify(bundle).wrong[0].text
    rewritten(bundle, {**files, "run/zeros": bytes(64 << 20)})
    assert "would unfold" in verify(bundle).wrong[0].text
    rewritten(bundle, dict(files))
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr("PLAN.yaml", "x")
    assert "two of its files have one name" in verify(bundle).wrong[0].text
    rewritten(bundle, {**files, "more.txt": b"x"}, manifest=False)
    assert "more.txt is not in its manifest" in verify(bundle).wrong[0].text
    bundle.write_bytes(b"PK nothing")
    assert verify(bundle).kind is Kind.BUNDLE


def test_a_dossier_is_signed_and_a_runs_signature_is_none_of_a_dossier(
    bundle: Path, signers: Signers, made: tuple[dict[str, Any], Plan, Path]
) -> None:
    sign_dossier(bundle, signers.author, "author")
    with pytest.raises(EvidenceProblem, match="Li Wei is the author"):
        sign_dossier(bundle, signers.author, "approver")
    sign_dossier(bundle, signers.approver, "approver")
    facts = verify(bundle, Options(trusted=signers.trusted)).facts
    assert [line.split(",")[0] for line in facts["dossier_signatures"]] == ["author: Li Wei", "approver: Ana Cruz"]
    first = writable(signature_paths(bundle)[0])
    first.write_bytes(signature_paths(made[2])[0].read_bytes())
    findings = verify(bundle)
    assert findings.kind is Kind.SIGNATURE
    assert "another kind of record" in findings.wrong[0].text


def test_the_crate_names_run_program_and_times(bundle: Path) -> None:
    crate = json.loads(members(bundle)["ro-crate-metadata.json"])
    graph = {item["@id"]: item for item in crate["@graph"]}
    assert graph["ro-crate-metadata.json"]["conformsTo"]["@id"] == "https://w3id.org/ro/crate/1.1"
    assert graph["./"]["conformsTo"]["@id"].endswith("/process/0.5")
    (action,) = (item for item in crate["@graph"] if item["@type"] == "CreateAction")
    assert action["result"] == {"@id": "run/a.h5"}
    assert graph[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
    for name in ("startTime", "endTime"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", action[name])
    parts = {part["@id"] for part in graph["./"]["hasPart"]}
    assert parts == set(members(bundle)) - {"manifest.json", "ro-crate-metadata.json"}
    assert parts <= set(graph)
    ids = {value["@id"] for item in crate["@graph"] for value in item.values() if isinstance(value, dict)}
    assert {i for i in ids if not i.startswith("http")} <= set(graph), "no dangling reference"


def test_the_bill_of_materials_names_what_makes_numbers(bundle: Path) -> None:
    bill = json.loads(members(bundle)["sbom.cdx.json"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    names = {component["name"]: component["version"] for component in bill["components"]}
    assert {"numpy", "numba", "llvmlite", "h5py", "simpy"} <= set(names)
    assert bill["metadata"]["component"]["name"] == "continuous-twin"


def test_gates_follow_from_the_risk() -> None:
    best = dict.fromkeys((f"D{n}" for n in range(1, 23)), YES)
    for number in range(1, 6):
        assert conclude(best, number)["adequate"]
    for grade, number in (("low", 1), ("medium", 3), ("high", 5)):
        for section in REQUIRED[grade]:
            for state in (NO, PARTLY):
                found = conclude({**best, section: state}, number)
                assert not found["adequate"], (grade, section)
                assert found["failing"] == [section]
                assert found["state"] == state, "never stronger than the weakest"
    assert conclude({**best, "D12": NO}, 1)["adequate"]
    assert not conclude({**best, "D12": NO}, 3)["adequate"]
    assert [row["factor"] for row in conclude(best, 3)["factors"]] == list(FACTORS) == list(EVIDENCE)
    assert len(FACTORS) == 13


def test_what_is_said_has_both_languages_and_the_crosswalk_no_gap() -> None:
    assert set(CROSSWALK) == {f"D{n}" for n in range(1, 24)}
    assert not set(LABELS) & set(REASONS), "one would hide the other"
    for key, (english, chinese) in WORDS.items():
        assert english, key
        assert chinese, key
        assert set(re.findall(r"{(\w+)}", english)) >= set(re.findall(r"{(\w+)}", chinese)), key


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("question:", "qestion:"), "no key 'qestion'. Did you mean"),
        (("statistic: final", "statistic: median"), "a statistic is"),
        (("consequence: medium", "consequence: grave"), "low, medium or high"),
        (("uncertainty:", "validation: {data: runs/a.h5}\nuncertainty:"), "never called validation"),
        (("dossier: 1", "dossier: 2"), "no plan of a dossier"),
    ],
)
def test_a_wrong_plan_is_refused(change: tuple[str, str], says: str) -> None:
    with pytest.raises(PlanProblem, match=re.escape(says)):
        parse_plan((PLAN % "medium").replace(*change), "plan.yaml")


def test_a_late_or_changed_plan_is_seen(
    made: tuple[dict[str, Any], Plan, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "twin.evidence.dossier.refine.Again.__call__", lambda *_, **__: {"values": None, "why": "not run"}
    )
    monkeypatch.setattr("twin.evidence.dossier.kept.rerun", lambda *_: None)
    shutil.copytree(made[2].parent, tmp_path / "runs")
    changed = parse_plan(made[1].text.replace("a test", "another test"), "plan.yaml")
    dossier = build(changed, tmp_path / "runs" / "a.h5")
    assert "not_registered" in reasons(dossier, "D5")
    assert dossier["status"] == "draft"
    append(log_of(tmp_path / "runs"), "plan.registered", {"plan_hash": changed.hash})
    dossier = build(changed, tmp_path / "runs" / "a.h5")
    assert "registered_late" in reasons(dossier, "D5")
    assert "again_failed" in reasons(dossier, "D10")
    assert dossier["sections"]["D10"]["state"] == PARTLY


def test_measured_data_stand_beside_the_run(
    made: tuple[dict[str, Any], Plan, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With data 0.5 K off: within a declared 1 K, beyond a declared 0.1 K."""
    monkeypatch.setattr(
        "twin.evidence.dossier.refine.Again.__call__", lambda *_, **__: {"values": None, "why": "not run"}
    )
    monkeypatch.setattr("twin.evidence.dossier.kept.rerun", lambda *_: None)
    source = open_run(made[2])
    rows = [f"{t:g},{T + 0.5}" for t, T in zip(source.time, source.get("second.T"), strict=True)]
    (tmp_path / "measured.csv").write_text("t,T\n" + "\n".join(rows), encoding="utf-8")
    (tmp_path / "map.yaml").write_text(
        "time: {column: t, unit: s}\ntags:\n  second.T: {column: T, unit: K}\n", encoding="utf-8"
    )
    for limit, state in ((1.0, YES), (0.1, NO)):
        given = f"validation: {{data: measured.csv, map: map.yaml, source: a test, rmse: {{second.T: {limit}}}}}\n"
        (tmp_path / "plan.yaml").write_text(made[1].text + given, encoding="utf-8")
        section = build(read_plan(tmp_path / "plan.yaml"), made[2])["sections"]["D12"]
        assert section["state"] == state
        assert section["tables"][0]["rows"][0][3]["v"] == pytest.approx(-0.5, abs=1e-9)


def test_finer_grids_are_grids_that_run(root: Path) -> None:
    from twin.config import load_scenario, resolved_yaml
    from twin.config.reading import read_text
    from twin.config.scenario import build_scenario

    text, grids = refined(resolved_yaml(load_scenario("paracetamol_startup")))
    spec = build_scenario(read_text(text, "refined"), None, "run")
    assert grids >= 4
    assert len(spec.plant.grids["bins"]) == 401
    assert refined(resolved_yaml(load_scenario("two_tanks")))[1] == 0


@pytest.mark.slow
def test_cases_are_those_of_the_tests(root: Path) -> None:
    """Written by `python -m twin.evidence.dossier.cases`."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(collect(root)))


def test_the_commands_of_a_dossier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["dossier", "new", "paracetamol_startup", "--out", "plan.yaml"]) == 0
    plan = read_plan(tmp_path / "plan.yaml")
    assert [q.tag for q in plan.quantities][0] == "press.tablet_mass"
    assert "question" in plan.blanks()
    assert main(["dossier", "register", "plan.yaml", "runs"]) == 0
    assert "left blank" in capsys.readouterr().out
    with pytest.raises(TwinError, match="never overwrites"):
        main_raises(["dossier", "new", "two_tanks", "--out", "plan.yaml"])
    assert Findings().ok


def main_raises(words: list[str]) -> None:
    from twin import commands
    from twin.cli import parser

    commands.dossier(parser().parse_args(words))


def test_the_page_can_be_followed(tmp_path: Path) -> None:
    from tests.docs.test_documentation import follow

    assert follow("dossier.md", tmp_path) == 2


def with_data(files: dict[str, bytes], listed: bytes, held: bytes) -> dict[str, bytes]:
    """A file of measured data more, which the manifest knows by other bytes."""
    manifest = canonical.load(files["manifest.json"])
    manifest["files"]["data/measured.h5"] = {"hash": bytes_hash(listed), "size": len(listed)}
    return {**files, "data/measured.h5": held, "manifest.json": canonical.dump(manifest)}


def _other_content(dossier: dict[str, Any]) -> None:
    dossier["content_hash"] = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (lambda f: {n: d for n, d in f.items() if n != "sbom.cdx.json"}, Kind.BUNDLE, "sbom.cdx.json is missing"),
        (lambda f: {**f, "sbom.cdx.json": b"{}"}, Kind.BUNDLE, "sbom.cdx.json is not what the manifest says"),
        (
            lambda f: {**f, "run/a.h5.seal.json": f["run/a.h5.seal.json"] + b" "},
            Kind.BUNDLE,
            "run/a.h5.seal.json is not what the manifest says",
        ),
        (lambda f: with_data(f, b"x", b"y"), Kind.BUNDLE, "data/measured.h5 is not what the manifest says"),
        (lambda f: {**f, "manifest.json": b"[]"}, Kind.BUNDLE, "its manifest cannot be read"),
        (
            lambda f: {**f, "manifest.json": f["manifest.json"].replace(b"bundle 1", b"bundle 9")},
            Kind.BUNDLE,
            "unknown",
        ),
    ],
    ids=[
        "a file is missing",
        "a file is edited",
        "a seal is edited",
        "data are edited",
        "no manifest",
        "another schema",
    ],
)
def test_t22_a_bundle_that_is_not_whole(
    change: Callable[[dict[str, bytes]], dict[str, bytes]], kind: Kind, says: str, bundle: Path
) -> None:
    findings = verify(rewritten(bundle, change(members(bundle)), manifest=False))
    assert findings.kind is kind
    assert says in " ".join(finding.text for finding in findings.wrong)


def test_t21_a_dossier_of_another_run(bundle: Path) -> None:
    findings = verify(rewritten(bundle, forged(members(bundle), _other_content)))
    assert findings.kind is Kind.REPORT
    assert "a run with other content" in findings.wrong[0].text
    files = members(bundle)
    rewritten(bundle, {**files, "dossier.json": b'{"file": 3}'})
    assert "the dossier cannot be read" in " ".join(finding.text for finding in verify(bundle).wrong)
