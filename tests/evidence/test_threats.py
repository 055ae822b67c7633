"""Each threat to a run's integrity, carried out, and the class of failure that verification answers with.

`threats.json` lists them; a threat without a test fails here. Numbers are those of the threat model.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.evidence.folder import Signers, edit, found, log_lines, make_folder, make_run, make_signers, writable
from twin.cli import main
from twin.evidence import canonical
from twin.evidence.chain import Clock, append, log_of, read
from twin.evidence.finalise import finalise, new_key, sign
from twin.evidence.findings import EvidenceProblem, Findings, Kind, UsageProblem
from twin.evidence.seal import file_hash, seal_path, signature_paths
from twin.evidence.structure import read_facts
from twin.evidence.verify import load
from twin.results.content import HASH, content_hash
from twin.results.files import FileProblem

#: Threats whose tests stand in another file, and those that wait for a part that is not there yet.
ELSEWHERE = {
    "12": "test_chain.py", "13": "test_crash.py", "19": "test_rerun.py", "17": "test_rerun.py",
    "22": "test_hostile.py", "4": "test_hostile.py", "21": "test_dossier.py", "25": "test_classes.py",
}  # fmt: skip
#: Those with a second test, of the whole that the first one takes a part of.
ALSO = {
    "23": "../browser/test_viewer.py",
    "22": "test_dossier.py",
    "3": "test_hostile.py",
    "13": "test_bundle_crash.py",
}


def test_every_threat_has_a_test() -> None:
    folder = Path(__file__).parent
    threats = json.loads((folder / "threats.json").read_text(encoding="utf-8"))
    here = set(re.findall(r"def test_t(\d+)_", Path(__file__).read_text(encoding="utf-8")))
    for number, name in (*ELSEWHERE.items(), *ALSO.items()):
        assert f"test_t{number}_" in (folder / name).read_text(encoding="utf-8"), f"threat {number} in {name}"
    assert here | set(ELSEWHERE) == set(threats)


def test_the_genuine_folder_verifies(genuine: Path, signers: Signers) -> None:
    for path in (genuine, genuine / "a.h5", genuine / "b.h5"):
        findings = found(path, trusted=signers.trusted, current=True)
        assert findings.wrong == []
        assert findings.made_strict().exit_code == 0
    lines = found(genuine / "a.h5").facts["signatures"]
    assert [line.split(",")[0] for line in lines] == ["author: Li Wei", "approver: Ana Cruz"]


def test_t1_a_value_is_edited(runs: Path) -> None:
    for name in ("a.h5", "b.h5"):
        edit(runs / name)
        findings = found(runs / name)
        assert findings.exit_code == Kind.CONTENT == 12
    assert "first at /units/crystallizer/states/m" in " ".join(f.text for f in found(runs / "a.h5").wrong)


def test_t1_the_hash_is_recomputed_by_the_forger(runs: Path) -> None:
    edit(runs / "b.h5")
    with h5py.File(runs / "b.h5", "r+") as file:
        file.attrs[HASH] = content_hash(file)
    assert found(runs / "b.h5").kind is Kind.REGISTRY  # the log knows what the run ended with
    edit(runs / "a.h5")
    with h5py.File(runs / "a.h5", "r+") as file:
        file.attrs[HASH] = content_hash(file)
    findings = found(runs / "a.h5")
    assert findings.kind is Kind.CONTENT
    assert findings.wrong[0].text.endswith("first at /units/crystallizer/states/m")


def test_t1_what_the_content_hash_leaves_out_is_sealed(runs: Path) -> None:
    with h5py.File(runs / "a.h5", "r+") as file:
        file["/provenance/session"].attrs["wall_seconds"] = 1.0
    assert found(runs / "a.h5").kind is Kind.SEAL
    with h5py.File(runs / "b.h5", "r+") as file:
        file["/provenance/session"].create_dataset("hidden", data=np.zeros(3))
    assert found(runs / "b.h5").kind is Kind.STRUCTURE


def test_t2_a_unit_or_limit_is_edited(runs: Path) -> None:
    with h5py.File(runs / "b.h5", "r+") as file:
        file["/units/crystallizer/states/m"].attrs["units"] = "g"
    assert found(runs / "b.h5").exit_code == 12
    with h5py.File(runs / "a.h5", "r+") as file:
        file["/quality/low"][0] = 50.0
    findings = found(runs / "a.h5")
    assert findings.exit_code == 12
    assert "/quality/low" in " ".join(f.text for f in findings.wrong)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda file: file.create_dataset("/units/crystallizer/states/extra", data=np.zeros(3)), Kind.CONTENT),
        (lambda file: file.__delitem__("/units/crystallizer/measurements/hardness"), Kind.CONTENT),
        (lambda file: file.move("/units/crystallizer/states/m", "/units/crystallizer/states/n"), Kind.CONTENT),
        (lambda file: file.__setitem__("/units/alias", h5py.ExternalLink("b.h5", "/time")), Kind.STRUCTURE),
        (lambda file: file.__setitem__("/units/alias", h5py.SoftLink("/time")), Kind.STRUCTURE),
        (lambda file: file.__setitem__("/units/alias", file["/time"]), Kind.STRUCTURE),
    ],
    ids=["added", "removed", "renamed", "external", "soft", "twice"],
)
def test_t3_the_tree_is_changed(change: Callable[[h5py.File], None], kind: Kind, runs: Path) -> None:
    with h5py.File(runs / "b.h5", "r+") as file:
        change(file)
    assert found(runs / "b.h5").kind is kind


def test_t3_rows_are_reordered(runs: Path) -> None:
    with h5py.File(runs / "b.h5", "r+") as file:
        values = file["/units/crystallizer/states/m"]
        values[...] = values[()][::-1]
    assert found(runs / "b.h5").kind is Kind.CONTENT


def _resealed(path: Path) -> None:
    """A forger who rewrites the content's hash and the seal, and has no key."""
    with h5py.File(path, "r+") as file:
        computed = file.attrs[HASH] = content_hash(file)
    seal = load(path)
    assert seal is not None
    digest, size = file_hash(path)
    seal["seal"] |= {"content_hash": computed, "file_hash": digest, "size": size}
    seal["seal"]["tree"] = read_facts(path, Findings(), tree=True)["tree"]
    seal_path(path).write_bytes(canonical.dump(seal["seal"]))


def test_t5_file_and_seal_are_rewritten(runs: Path) -> None:
    edit(runs / "a.h5")
    _resealed(runs / "a.h5")
    findings = found(runs / "a.h5")
    assert Kind.SEAL in {f.kind for f in findings.wrong}  # the log knows the seal
    assert Kind.SIGNATURE in {f.kind for f in findings.wrong}
    log_of(runs).unlink()
    assert found(runs / "a.h5").kind is Kind.SIGNATURE, "the signatures alone hold it"


@pytest.mark.parametrize("what", ["edited", "deleted", "inserted", "swapped"])
def test_t6_the_log_is_changed(what: str, runs: Path) -> None:
    lines = log_lines(runs)
    changed = {
        "edited": [*lines[:2], lines[2].replace(b"finished", b"finishes"), *lines[3:]],
        "deleted": [*lines[:2], *lines[3:]],
        "inserted": [*lines[:2], lines[1], *lines[2:]],
        "swapped": [lines[0], lines[2], lines[1], *lines[3:]],
    }[what]
    log_of(runs).write_bytes(b"".join(changed))
    for path in (runs, runs / "a.h5", runs / "b.h5"):
        findings = found(path)
        assert Kind.AUDIT in {f.kind for f in findings.wrong}
        assert findings.exit_code in (Kind.AUDIT, Kind.SIGNATURE), "the exit code is that of the first class"


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 6])
def test_t7_the_tail_of_the_log_is_cut(cut: int, runs: Path, genuine: Path) -> None:
    """Seal and signatures name the log's head of their time; a head kept elsewhere holds all of it."""
    log_of(runs).write_bytes(b"".join(log_lines(runs)[:-cut]))
    head = read(log_of(genuine)).head
    assert Kind.AUDIT in {f.kind for f in found(runs / "a.h5", expect_head=head).wrong}
    assert Kind.AUDIT not in {f.kind for f in found(genuine / "a.h5", expect_head=head).wrong}
    if cut > 1:  # without a head kept elsewhere only what was signed last can be cut off
        assert found(runs / "a.h5").kind is Kind.AUDIT


def test_t8_all_is_forged_again_with_other_keys(tmp_path: Path, signers: Signers) -> None:
    (tmp_path / "keys").mkdir()
    forged = make_folder(tmp_path / "forged", make_signers(tmp_path / "keys"))
    assert found(forged / "a.h5").ok, "consistent in itself: that is the point"
    findings = found(forged / "a.h5", trusted=signers.trusted)
    assert findings.kind is Kind.UNTRUSTED
    assert "not in the list of trusted keys" in findings.wrong[0].text
    assert found(forged / "a.h5").made_strict().kind is Kind.UNTRUSTED, "without a list, --strict refuses"


def test_t9_a_signature_is_pasted_elsewhere(runs: Path, signers: Signers) -> None:
    finalise(runs / "b.h5")
    for path in signature_paths(runs / "a.h5"):
        shutil.copy(path, runs / path.name.replace("a.h5", "b.h5"))
    findings = found(runs / "b.h5")
    assert findings.exit_code == Kind.SIGNATURE == 14
    assert "it signs something else" in findings.wrong[0].text


def _tampered(path: Path, **changes: str) -> None:
    envelope = canonical.load(path.read_bytes())
    payload = canonical.load(canonical.from_base64(envelope["payload"]))
    envelope["payload"] = canonical.to_base64(canonical.dump({**payload, **changes}))
    writable(path).write_bytes(canonical.dump(envelope))


@pytest.mark.parametrize(
    "change", [{"meaning": "approver"}, {"name": "Ana Cruz"}, {"utc": "2020-01-01T00:00:00+00:00"}]
)
def test_t9_what_a_signature_says_is_edited(change: dict[str, str], runs: Path) -> None:
    _tampered(signature_paths(runs / "a.h5")[0], **change)
    findings = found(runs / "a.h5")
    assert findings.kind is Kind.SIGNATURE
    assert "does not fit what it signs" in findings.wrong[0].text


def test_t9_an_authors_signature_is_counted_once(runs: Path) -> None:
    first, second = signature_paths(runs / "a.h5")
    second.write_bytes(first.read_bytes())
    findings = found(runs / "a.h5")
    assert findings.kind is Kind.SIGNATURE
    assert any("the author has signed already" in f.text for f in findings.wrong)


def test_t9_a_signature_of_another_kind_of_record(runs: Path) -> None:
    path = signature_paths(runs / "a.h5")[0]
    envelope = canonical.load(path.read_bytes())
    envelope["payloadType"] = "application/vnd.twin.dossier-signature+json"
    path.write_bytes(canonical.dump(envelope))
    assert "another kind of record" in found(runs / "a.h5").wrong[0].text


def test_t9_a_signature_is_taken_away(runs: Path) -> None:
    signature_paths(runs / "a.h5")[1].unlink()
    findings = found(runs / "a.h5")
    assert findings.kind is Kind.SIGNATURE
    assert "the signature of approver Ana Cruz" in findings.wrong[0].text


def test_t10_a_superseded_run_is_presented_as_current(runs: Path) -> None:
    finalise(runs / "b.h5", supersedes=runs / "a.h5", reason="a wrong solubility")
    assert found(runs / "a.h5").ok
    assert any("superseded by b.h5: a wrong solubility" in r.text for r in found(runs / "a.h5").remarks)
    findings = found(runs / "a.h5", current=True)
    assert findings.exit_code == Kind.SUPERSEDED == 18
    assert found(runs / "b.h5", current=True).ok
    make_run(runs / "c.h5", 80)
    with pytest.raises(EvidenceProblem, match="superseded by b.h5"):
        finalise(runs / "c.h5", supersedes=runs / "a.h5", reason="again")


def test_t10_a_correction_needs_a_reason_and_something_final(runs: Path) -> None:
    with pytest.raises(UsageProblem, match="needs a reason"):
        finalise(runs / "b.h5", supersedes=runs / "a.h5")
    make_run(runs / "c.h5", 80)
    with pytest.raises(UsageProblem, match="is not final"):
        finalise(runs / "b.h5", supersedes=runs / "c.h5", reason="a typing error")


def test_t11_nothing_final_is_replaced(runs: Path, genuine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: file_hash(path) for path in runs.iterdir() if path.name.startswith("a.h5")}
    assert main(["run", "two_tanks", "--out", str(runs / "a.h5"), "--quiet"]) == 3
    assert "never overwrites" in capsys.readouterr().err
    with pytest.raises(UsageProblem, match="is final already"):
        finalise(runs / "a.h5")
    assert before == {path.name: file_hash(path) for path in runs.iterdir() if path.name.startswith("a.h5")}
    assert not os.stat(genuine / "a.h5").st_mode & 0o222, "read-only"
    # the name given to another run after the first was deleted
    (runs / "b.h5").unlink()
    make_run(runs / "b.h5", 50, run_id="cccccccc-0000-4000-8000-000000000003")
    findings = found(runs)
    assert findings.kind is Kind.REGISTRY
    assert "another file has its name" in findings.wrong[0].text


def test_t11_a_run_takes_the_id_of_another(runs: Path) -> None:
    with h5py.File(runs / "b.h5", "r+") as file:
        file["/provenance/session"].attrs["run_id"] = "aaaaaaaa-0000-4000-8000-000000000001"
    assert found(runs / "b.h5").kind in (Kind.REGISTRY, Kind.SEAL)


def test_t14_a_clock_set_back_is_told(runs: Path) -> None:
    last = read(log_of(runs)).entries[-1]
    append(log_of(runs), "note", {}, clock=Clock(lambda: last.time - 3600.0, lambda: last.monotonic_ns + 10**9))
    findings = found(runs / "b.h5")
    assert findings.ok
    assert any(r.kind is Kind.CLOCK and "3600 s before" in r.text for r in findings.remarks)
    assert findings.made_strict().exit_code == Kind.CLOCK == 20


def test_t15_a_misspelt_key_or_a_wrong_unit_runs_nothing(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (root / "scenarios" / "two_tanks.yaml").read_text(encoding="utf-8")
    keys = sorted(set(re.findall(r"^(\w+):", text, re.MULTILINE)))
    assert len(keys) >= 5
    for key in keys:
        (tmp_path / "s.yaml").write_text(re.sub(rf"^{key}:", f"{key}x:", text, flags=re.MULTILINE), encoding="utf-8")
        assert main(["check", str(tmp_path / "s.yaml")]) == 2, key
        assert f"{key}x" in capsys.readouterr().err
    (tmp_path / "s.yaml").write_text(
        re.sub(r"^duration:.*$", "duration: 3 kg", text, flags=re.MULTILINE), encoding="utf-8"
    )
    assert main(["check", str(tmp_path / "s.yaml")]) == 2


def test_t15_another_configuration_than_the_expected_one(genuine: Path) -> None:
    config = found(genuine / "b.h5").facts["config"]["resolved"]
    assert found(genuine / "b.h5", expect_config=config).ok
    findings = found(genuine / "b.h5", expect_config="sha256:" + "0" * 64)
    assert findings.exit_code == Kind.CONFIGURATION == 19


@pytest.mark.parametrize("change", [(b"# what is made", b"# what was made"), (b"a fake", b"a real")])
def test_t16_the_configuration_is_edited_after_the_run(change: tuple[bytes, bytes], runs: Path) -> None:
    """A comment counts as much as a value: the copy is verbatim."""
    for name in ("a.h5", "b.h5"):
        with h5py.File(runs / name, "r+") as file:
            text = file["/configuration/plant"][()]
            assert change[0] in text
            file["/configuration/plant"][()] = text.replace(*change)
        assert found(runs / name).kind is Kind.CONTENT


def test_t18_a_failure_is_called_a_success(runs: Path) -> None:
    with h5py.File(runs / "b.h5", "r+") as file:
        file.attrs["outcome"] = "step_too_small"
    assert found(runs / "b.h5").kind is Kind.CONTENT
    with h5py.File(runs / "b.h5", "r+") as file:
        file.attrs[HASH] = content_hash(file)
    findings = found(runs / "b.h5")
    assert findings.kind is Kind.REGISTRY
    assert any("the run ended as 'finished'" in f.text for f in findings.wrong)


def test_t20_a_run_is_deleted(runs: Path) -> None:
    (runs / "b.h5").unlink()
    findings = found(runs)
    assert findings.exit_code == Kind.REGISTRY == 17
    assert "it has been deleted, moved or renamed" in findings.wrong[0].text


def test_t20_runs_that_broke_off_are_listed(runs: Path) -> None:
    append(log_of(runs), "run.started", {"run_id": "x", "file": "killed.h5"})
    append(log_of(runs), "run.started", {"run_id": "y", "file": "broken.h5"})
    append(log_of(runs), "run.aborted", {"run_id": "y", "file": "broken.h5", "why": "FileProblem: the disk is full"})
    texts = [r.text for r in found(runs).remarks]
    assert any("killed.h5" in text and "has no end" in text for text in texts)
    assert any("broken.h5" in text and "the disk is full" in text for text in texts)


def test_t20_without_a_log_nobody_can_say_which_runs_there_were(runs: Path) -> None:
    log_of(runs).unlink()
    assert found(runs).kind is Kind.REGISTRY


def test_t20_a_renamed_run_is_the_same_run(runs: Path) -> None:
    (runs / "b.h5").rename(runs / "renamed.h5")
    assert found(runs).ok


def test_t23_reading_and_reporting_change_nothing(runs: Path) -> None:
    from twin.results.reader import open_run
    from twin.results.report import report

    before = {path.name: (file_hash(path), path.stat().st_mtime_ns) for path in runs.iterdir()}
    run = open_run(runs / "a.h5")
    for tag in run.tags:
        run.get(tag)
    report(run)
    found(runs)
    found(runs / "a.h5")
    assert before == {path.name: (file_hash(path), path.stat().st_mtime_ns) for path in runs.iterdir()}


def test_t24_nobody_approves_their_own_work(runs: Path, signers: Signers, tmp_path: Path) -> None:
    path = runs / "b.h5"
    with pytest.raises(EvidenceProblem, match="is not final"):
        sign(path, signers.author, "author")
    finalise(path)
    with pytest.raises(EvidenceProblem, match="the author has to sign before an approver"):
        sign(path, signers.approver, "approver")
    sign(path, signers.author, "author")
    with pytest.raises(EvidenceProblem, match="Li Wei is the author and cannot be approver"):
        sign(path, signers.author, "approver")
    (tmp_path / "more").mkdir()
    second = make_signers(tmp_path / "more").author  # another key of the same person
    with pytest.raises(EvidenceProblem, match="Li Wei is the author and cannot be approver"):
        sign(path, second, "approver")
    assert len(signature_paths(path)) == 1


def test_t24_who_may_not_approve_does_not(runs: Path, signers: Signers) -> None:
    path = runs / "b.h5"
    finalise(path)
    with pytest.raises(EvidenceProblem, match="not in the list of trusted keys") as raised:
        sign(path, signers.stranger, "author", trusted=signers.trusted)
    assert raised.value.exit_code == Kind.UNTRUSTED == 15
    with pytest.raises(EvidenceProblem, match="Ana Cruz may not sign as author"):
        sign(path, signers.approver, "author", trusted=signers.trusted)
    sign(path, signers.approver, "author")  # nobody was asked
    assert found(path, trusted=signers.trusted).kind is Kind.UNTRUSTED


def test_the_seal_cannot_be_taken_away(runs: Path) -> None:
    seal_path(runs / "a.h5").unlink()
    findings = found(runs / "a.h5")
    assert Kind.SEAL in {f.kind for f in findings.wrong}
    for path in signature_paths(runs / "a.h5"):
        path.unlink()
    assert found(runs / "a.h5").kind is Kind.SEAL


def test_what_is_not_finished_or_no_run_is_told(tmp_path: Path) -> None:
    assert found(tmp_path / "missing.h5").kind is Kind.STRUCTURE
    (tmp_path / "x.h5").write_bytes(b"nothing")
    assert found(tmp_path / "x.h5").kind is Kind.STRUCTURE
    make_run(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file.attrs[HASH]
    assert found(tmp_path / "a.h5").exit_code == Kind.UNFINISHED == 11
    with pytest.raises(EvidenceProblem):
        finalise(tmp_path / "a.h5")
    with pytest.raises(FileProblem):
        new_key(tmp_path / "a.h5", "x", "a long passphrase")
