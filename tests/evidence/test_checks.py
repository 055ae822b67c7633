"""Every single check of the verifier, by what it alone tells: `benchmarks/verifier.py` mutes each in turn.

Threats are carried out as forgers would in `test_threats.py`; here stands what only a wrong writer, or a forger with a
key, would make.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.evidence.folder import Signers, found, make_run, writable
from twin.evidence import canonical, chain, seal, signing, structure
from twin.evidence.canonical import NotCanonical
from twin.evidence.chain import LogProblem, append, log_of
from twin.evidence.dossier import check
from twin.evidence.findings import Findings, Kind, UsageProblem
from twin.evidence.qualify import report
from twin.evidence.rerun import rerun
from twin.evidence.seal import seal_path, signature_paths
from twin.results.content import ContentError, content_hash

UTC_TEXT = "2026-01-01T00:00:00+00:00"


# ---- one spelling


@pytest.mark.parametrize(
    ("text", "says"), [(3, "no text"), ("QQ=", "no base64"), ("QR==", "spelt otherwise"), ("Q Q==", "no base64")]
)
def test_base64_has_one_spelling(text: Any, says: str) -> None:
    with pytest.raises(NotCanonical, match=says):
        canonical.from_base64(text)


def test_what_is_longer_than_anything_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "LONGEST", 4)
    with pytest.raises(NotCanonical, match="longer"):
        canonical.load(b'{"a":1}')


# ---- entries of the log


def entry(**change: Any) -> bytes:
    """A line of a log with a hash that is its own."""
    value = {
        "seq": 0, "prev": chain.NOTHING, "utc": UTC_TEXT, "monotonic_ns": 1, "boot": "", "actor": "a",
        "action": "log.opened", "object": {}, "reason": "", **change,
    }  # fmt: skip
    return canonical.dump({**value, "hash": canonical.sha256(chain.SCHEMA.encode(), canonical.dump(value))})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (entry(more="x"), "not the keys"),
        (entry(actor=3), "not the types"),
        (entry(seq="0"), "not the types"),
        (entry(utc="2026-01-01T00:00:00"), "without its offset"),
        (entry(utc="yesterday"), "Invalid isoformat"),
    ],
)
def test_an_entry_has_its_keys_types_and_time(line: bytes, says: str) -> None:
    assert chain.parse(entry()).seq == 0
    with pytest.raises(NotCanonical, match=says):
        chain.parse(line)


def test_two_lines_that_are_none_are_told() -> None:
    assert "line 2 is no entry and nothing says why" in chain.follow(entry() + b"\nx\ny\n").broken


def test_a_recovery_of_nothing_and_an_empty_log_are_told() -> None:
    first = chain.parse(entry())
    second = entry(seq=1, prev=first.hash, action=chain.RECOVERED)
    assert "not there" in chain.follow(entry() + b"\n" + second + b"\n").broken
    assert chain.follow(b"").broken == "it is empty"


def test_a_log_that_others_hold_or_a_line_that_is_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.jsonl"
    with pytest.raises(LogProblem, match="more than 64 kB"):
        append(path, "x", {"text": "x" * chain.LINE})
    monkeypatch.setattr(chain, "wait_for_lock", lambda *_: False)
    with pytest.raises(LogProblem, match="held by another"):
        append(path, "x", {})


# ---- seals


GOOD_SEAL: dict[str, Any] = {
    "schema": seal.SCHEMA, "file": "a.h5", "run_id": "1", "outcome": "finished", "content_hash": "c", "file_hash": "f",
    "size": 1, "config": {}, "tree": {}, "audit": {"log": "x", "seq": 0, "head": "h"}, "utc": UTC_TEXT, "actor": "a",
    "reason": "", "supersedes": None,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "twin seal 9"}, {"more": "x"}, {"actor": 3}, {"size": "1"}, {"config": []}, {"tree": {"/": 1}},
        {"audit": 3}, {"audit": {"log": "x", "seq": 0}}, {"audit": {"log": "x", "seq": "0", "head": "h"}},
        {"supersedes": {"file": "b.h5"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_seal_has_its_keys_and_types(change: dict[str, Any]) -> None:
    assert seal.load_seal(canonical.dump(GOOD_SEAL)) == GOOD_SEAL
    with pytest.raises(NotCanonical, match="seal"):
        seal.load_seal(canonical.dump({**GOOD_SEAL, **change}))


@pytest.mark.parametrize("what", ["run_id", "outcome", "config"])
def test_a_seal_that_names_another_run_of_these_bytes(what: str, runs: Path) -> None:
    path = writable(seal_path(runs / "a.h5"))
    value = canonical.load(path.read_bytes())
    value[what] = {} if what == "config" else "another"
    path.write_bytes(canonical.dump(value))
    assert f"its seal names another {what.replace('_', ' ')}" in texts(found(runs / "a.h5"))


def texts(findings: Findings) -> str:
    return " | ".join(finding.text for finding in (*findings.wrong, *findings.remarks))


def test_a_seal_that_is_none_and_signatures_without_one(runs: Path) -> None:
    writable(seal_path(runs / "a.h5")).write_bytes(b"{}")
    assert "its seal cannot be read" in texts(found(runs / "a.h5"))
    seal_path(runs / "a.h5").unlink()
    assert "no seal that they could sign" in texts(found(runs / "a.h5"))


def test_a_sealed_file_under_another_name_and_a_seal_that_the_log_does_not_know(runs: Path) -> None:
    (runs / "a.h5").rename(runs / "c.h5")
    seal_path(runs / "a.h5").rename(seal_path(runs / "c.h5"))
    for path in signature_paths(runs / "a.h5"):
        path.unlink()
    assert "made final under the name a.h5" in texts(found(runs / "c.h5"))
    lines = log_of(runs).read_bytes().splitlines()
    (runs / "audit.jsonl").unlink()
    for line in lines[1:]:
        old = chain.parse(line)
        if old.action.startswith("run.") and old.action not in ("run.finalised", "run.signed"):
            append(log_of(runs), old.action, old.object)
    assert "a seal that the log does not know" in texts(found(runs / "c.h5"))


def test_a_log_without_the_end_of_a_run_or_without_the_run(runs: Path) -> None:
    run_id = found(runs / "b.h5").facts["run_id"]
    log_of(runs).unlink()
    append(log_of(runs), "run.started", {"run_id": run_id, "file": "b.h5"})
    assert "the start of this run and no end" in texts(found(runs / "b.h5"))
    log_of(runs).unlink()
    append(log_of(runs), "run.started", {"run_id": "another", "file": "x.h5"})
    assert "does not know this run" in texts(found(runs / "b.h5"))


def test_a_log_written_anew_with_the_same_entries(runs: Path) -> None:
    """Whole in itself, and as long as it was: seals and signatures remember what it was."""
    old = chain.read(log_of(runs)).entries
    log_of(runs).unlink()
    for one in old[1:]:
        append(log_of(runs), one.action, one.object, reason=one.reason)
    findings = found(runs / "a.h5")
    assert {finding.kind for finding in findings.wrong} == {Kind.AUDIT}
    assert "is not the one at which a seal or signature was made" in texts(findings)


def test_a_head_that_is_expected_where_there_is_no_log(runs: Path) -> None:
    log_of(runs).unlink()
    assert found(runs / "b.h5").ok
    assert found(runs / "b.h5", expect_head="0" * 64).kind is Kind.AUDIT
    log_of(runs).mkdir()
    assert "the log cannot be read" in texts(found(runs / "b.h5"))


# ---- signatures


def envelope(
    key: Any, change: dict[str, Any] | None = None, outer: dict[str, Any] | None = None, **subject: str
) -> bytes:
    """What somebody with a key, but without this program, may write: it is signed for what it is."""
    value = {
        "schema": signing.SCHEMA, "subject": subject, "audit": {"seq": -1, "head": ""}, "meaning": "author",
        "name": "Li Wei", "reason": "", "utc": UTC_TEXT, "public_key": key.public_key, **(change or {}),
    }  # fmt: skip
    payload = canonical.dump(value)
    sig = canonical.to_base64(key.private.sign(signing.encoding("run", payload)))
    whole = {
        "payloadType": signing.TYPES["run"],
        "payload": canonical.to_base64(payload),
        "signatures": [{"keyid": signing.key_fingerprint(key.public_key), "sig": sig}],
    }
    return canonical.dump({**whole, **(outer or {})})


def checked(data: list[bytes], trusted: Any = None) -> Findings:
    findings = Findings()
    named = [(f"signature-{number}", one) for number, one in enumerate(data, 1)]
    signing.check(named, "run", {"file": "a.h5"}, trusted, findings)
    return findings


@pytest.mark.parametrize(
    ("change", "outer", "says"),
    [
        ({}, {"more": "x"}, "no envelope"),
        ({"more": "x"}, {}, "not what a signature holds"),
        ({"reason": 3}, {}, "not what a signature holds"),
        ({"schema": "twin signature 9"}, {}, "unknown schema or meaning"),
        ({"meaning": "owner"}, {}, "unknown schema or meaning"),
        ({}, {"signatures": []}, "holds one signature"),
        ({}, {"signatures": ["x"]}, "holds one signature"),
        ({}, {"signatures": [{"keyid": "x", "sig": "x", "more": "x"}]}, "holds one signature"),
        ({}, {"signatures": [{"keyid": "0" * 64, "sig": "QQ=="}]}, "another key than it was made with"),
        ({"utc": "2026-01-01T00:00:00"}, {}, "without its offset"),
        ({"utc": "yesterday"}, {}, "Invalid isoformat"),
        ({"audit": []}, {}, "where the log stood"),
        ({"audit": {"seq": "0", "head": ""}}, {}, "where the log stood"),
        ({"audit": {"seq": 0, "head": 0}}, {}, "where the log stood"),
        ({"subject": {"file": "b.h5"}}, {}, "something else: other file"),
    ],
    ids=str,
)
def test_an_envelope_has_its_keys_and_types(
    change: dict[str, Any], outer: dict[str, Any], says: str, signers: Signers
) -> None:
    assert checked([envelope(signers.author, file="a.h5")]).ok
    findings = checked([envelope(signers.author, change, outer, file="a.h5")])
    assert findings.kind is Kind.SIGNATURE
    assert says in texts(findings)


def test_one_key_signs_once_for_a_meaning_and_never_for_its_own_work(signers: Signers) -> None:
    author, other = signers.author, signers.approver
    first = envelope(author, file="a.h5")
    reviewed = envelope(other, {"meaning": "reviewer", "name": "Ana Cruz"}, file="a.h5")
    assert checked([first, reviewed]).ok
    again = envelope(other, {"meaning": "reviewer", "name": "Somebody Else"}, file="a.h5")
    assert "this key has signed as reviewer already" in texts(checked([first, reviewed, again]))
    renamed = envelope(author, {"meaning": "approver", "name": "Somebody Else"}, file="a.h5")
    assert "is the author and cannot be approver" in texts(checked([first, renamed])), "by key"
    same_name = envelope(other, {"meaning": "approver", "name": "LI  WEI"}, file="a.h5")
    assert "is the author and cannot be approver" in texts(checked([first, same_name])), "by name"


def test_a_trusted_key_signs_under_its_own_name(signers: Signers) -> None:
    assert checked([envelope(signers.author, file="a.h5")], signers.trusted).ok
    findings = checked([envelope(signers.author, {"name": "Ana Cruz"}, file="a.h5")], signers.trusted)
    assert findings.kind is Kind.UNTRUSTED
    assert "belongs to Li Wei" in texts(findings)


@pytest.mark.parametrize(("key", "roles"), [("QQ==", ["author"]), ("A" * 43 + "=", ["owner"])])
def test_a_list_of_trusted_keys_has_keys_and_roles(key: str, roles: list[str], tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [{"name": "x", "public_key": "A" * 43 + "=", "roles": ["author"]}]}))
    assert len(signing.read_trusted([path])) == 1
    path.write_text(json.dumps({"keys": [{"name": "x", "public_key": key, "roles": roles}]}))
    with pytest.raises(UsageProblem, match="no list of trusted keys"):
        signing.read_trusted([path])


# ---- structure and content of a file


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A short run without a seal."""
    return make_run(tmp_path / "a.h5", 20)


def test_what_is_no_file_no_hdf5_cut_short_or_being_written(small: Path, tmp_path: Path) -> None:
    assert "there is no file" in texts(found(tmp_path / "no.h5"))
    data = small.read_bytes()
    small.write_bytes(b"not HDF5 at all")
    assert "it is no HDF5 file" in texts(found(small))
    small.write_bytes(data[: len(data) // 2])
    assert "it is cut short" in texts(found(small))
    findings = Findings()
    assert structure._why(OSError("file is already open for write")) == "the run goes on, or was killed while it wrote"
    structure.read_facts(small, findings)
    assert findings.kind is Kind.STRUCTURE


def test_limits_of_a_file(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MOST", 3)
    assert "more groups and variables than any run" in texts(found(small))
    monkeypatch.undo()
    monkeypatch.setattr(structure, "CHUNK", 8)
    assert "has chunks that no run has" in texts(found(small))


def changed(path: Path, change: Callable[[h5py.File], None]) -> str:
    with h5py.File(path, "r+") as file:
        change(file)
    return texts(found(path))


def test_what_the_hash_leaves_out_has_its_form(small: Path) -> None:
    shutil.copy(small, small.with_name("c.h5"))
    say = changed(small, lambda f: f["/provenance/session"].create_group("more"))
    assert "/provenance/session holds more than attributes" in say
    shutil.copy(small.with_name("c.h5"), small)

    def variable(file: h5py.File) -> None:
        del file["/provenance/session"]
        file["/provenance/session"] = 1.0

    assert "/provenance/session holds more than attributes" in changed(small, variable)
    shutil.copy(small.with_name("c.h5"), small)

    def replace(file: h5py.File) -> None:
        if "checkpoints" in file:
            del file["checkpoints"]
        file["checkpoints"] = 1.0

    assert "/checkpoints holds other things" in changed(small, replace)

    def more(file: h5py.File) -> None:
        del file["checkpoints"]
        file.create_group("checkpoints").create_group("more")

    assert "/checkpoints holds other things" in changed(small, more)


def test_a_content_hash_refuses_links_other_files_and_names_alike(tmp_path: Path) -> None:
    def refused(change: Callable[[h5py.File], None]) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.h5"
        with h5py.File(path, "w") as file:
            file["x"] = np.zeros(2)
            change(file)
            with pytest.raises(ContentError) as raised:
                content_hash(file)
        return str(raised.value)

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((2,), "f8")
        layout[:] = h5py.VirtualSource(file["x"])
        file.create_virtual_dataset("v", layout)

    def composed(file: h5py.File) -> None:
        file.create_group("caf\u00e9")
        file.create_group("cafe\u0301")

    assert "is a link" in refused(lambda f: f.__setitem__("soft", h5py.SoftLink("/x")))
    assert "in another file" in refused(virtual)
    outside = [(str(tmp_path / "raw"), 0, 16)]
    assert "in another file" in refused(lambda f: f.create_dataset("e", shape=(2,), dtype="f8", external=outside))
    assert "told apart by how letters" in refused(composed)
    assert "neither a group nor" in refused(lambda f: f.__setitem__("t", np.dtype("f8")))


def test_a_dimension_is_in_the_file_and_a_link_that_leads_nowhere_is_a_link(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "d.h5"
    with h5py.File(path, "w") as file:
        file["x"], file["checkpoints/t"] = np.zeros(2), np.zeros(2)
        file["checkpoints/t"].make_scale("t")
        file["x"].dims[0].attach_scale(file["checkpoints/t"])  # a part that the hash leaves out
        with pytest.raises(ContentError, match="a dimension that is not in the file"):
            content_hash(file)
        del file["x"].attrs["DIMENSION_LIST"]
        nowhere = np.empty(1, dtype=object)
        nowhere[0] = np.array([h5py.Reference()], dtype=h5py.ref_dtype)
        file["x"].attrs.create("DIMENSION_LIST", nowhere, dtype=h5py.vlen_dtype(h5py.ref_dtype))
        with pytest.raises(ContentError, match="a dimension that is not in the file"):
            content_hash(file)
    say = changed(small, lambda f: f.__setitem__("/units/nowhere", h5py.SoftLink("/no/such/thing")))
    assert "is a link to another place" in say


# ---- bundles


def packed(path: Path, names: dict[str, bytes]) -> Findings:
    """What unpacking says of a zip file, and that nothing of an unsafe one is unpacked."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in names.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    findings, folder = Findings(), path.with_suffix("")
    folder.mkdir()
    check.unpack(path, folder, findings)
    assert findings.ok or not list(folder.iterdir())
    return findings


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x\x07", "no name"), ("/a", "no name"), ("a:b", "no name"), ("a/../b", "no name"), ("a./b", "no name"),
        ("a/b/c", "no name"), ("a//b", "no name"), ("a/", "no name"), ("", "no name"),
    ],
)  # fmt: skip
def test_a_name_that_is_none(name: str, says: str, tmp_path: Path) -> None:
    assert packed(tmp_path / "good.zip", {"a/b": b"x"}).ok
    findings = packed(tmp_path / "bad.zip", {name: b"x"})
    assert findings.kind is Kind.BUNDLE
    assert says in texts(findings)


def test_limits_of_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "more than any dossier" in texts(packed(tmp_path / "many.zip", {str(n): b"" for n in range(201)}))
    monkeypatch.setattr(check, "LARGEST", 10)
    assert "more than any dossier" in texts(packed(tmp_path / "large.zip", {"a": b"x" * 11}))


def test_what_cannot_be_unpacked_is_told(tmp_path: Path) -> None:
    """Encrypted; longer than it says; damaged inside."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"some text")
    data = path.read_bytes()

    def told(changed: bytes) -> str:
        folder = tmp_path / f"f{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        path.write_bytes(changed)
        findings = Findings()
        assert check.unpack(path, folder, findings) == []
        assert findings.kind is Kind.BUNDLE
        return texts(findings)

    central = data.index(b"PK\x01\x02")
    flagged = bytearray(data)
    flagged[6] |= 1  # of the member itself
    flagged[central + 8] |= 1  # and of the directory
    assert told(bytes(flagged)) == "a is encrypted"
    short = bytearray(data)
    short[central + 24 : central + 28] = (3).to_bytes(4, "little")  # its size unpacked
    assert "cannot be unpacked" in told(bytes(short))
    assert "cannot be unpacked" in told(data.replace(b"some text", b"same text", 1))
    assert "cannot be unpacked" in told(b"PK nothing")


# ---- reports


def a_report(**change: Any) -> dict[str, Any]:
    given = {
        "schema": report.SCHEMA, "stage": "iq", "started": UTC_TEXT, "ended": UTC_TEXT, "program": {}, "machine": {},
        "requirements": [{"id": "A", "text": "", "checks": ["a"]}],
        "checks": {"a": {"state": "passed", "told": "", "seconds": "1"}},
    }  # fmt: skip
    return {**report.judged(given), **change}


def test_a_report_says_what_follows_and_nothing_else(tmp_path: Path) -> None:
    """A verdict that does not follow is told where page and data agree with each other, too."""
    path = tmp_path / "iq.json"

    def told(value: dict[str, Any], page: bool = True) -> Findings:
        path.write_bytes(canonical.dump(value))
        if page:
            path.with_suffix(".html").write_text(report.page(value), encoding="utf-8", newline="\n")
        return found(path)

    assert told(a_report()).ok
    wrong = told(a_report(verdict=report.FAILED))
    assert (wrong.kind, [finding.text for finding in wrong.wrong]) == (
        Kind.REPORT, ["its verdict does not follow from its checks"],
    )  # fmt: skip
    other = told({**a_report(), "ended": "later"}, page=False)
    assert "is not the page" in texts(other)
    assert other.kind is Kind.REPORT
    path.with_suffix(".html").unlink()
    assert told(a_report(schema="twin qualification 9"), page=False).kind is Kind.STRUCTURE
    assert told(a_report(stage="xq"), page=False).kind is Kind.STRUCTURE


# ---- the same run again


def test_texts_that_another_program_would_write_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A title that the run does not give: no number differs, and still it is another file."""
    from twin.results.content import HASH
    from twin.run import run

    path = run("two_tanks", tmp_path / "a.h5", until="1 min").path
    with h5py.File(path, "r+") as file:
        file["/units/first"].attrs["title"] = "another"
        file.attrs[HASH] = content_hash(file)
    findings = Findings()
    rerun(path, findings)
    (only,) = findings.wrong
    assert only.kind is Kind.REPRODUCTION
    assert "these differ, too: /units/first" in only.text


def test_a_replay_of_a_record_is_not_run_again(tmp_path: Path) -> None:
    from twin.results.files import FileProblem
    from twin.run import run

    path = run("two_tanks", tmp_path / "a.h5", until="1 min").path
    with h5py.File(path, "r+") as file:
        file.create_group("/provenance/record").attrs.update({"file": "plant.csv", "sha256": "0" * 64})
    with pytest.raises(FileProblem, match="estimates from plant.csv .* which no run makes again"):
        rerun(path, Findings())


def test_checkpoints_are_checked_by_hashes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from twin.run import run

    monkeypatch.setattr("twin.integrate.integrator.PAUSE_STEPS", 4)  # checkpoints as a long run has them
    path = run("two_tanks", tmp_path / "a.h5", until="10 min").path
    for number, name in enumerate(("changed.h5", "longer.h5")):
        shutil.copy(path, tmp_path / name)
        with h5py.File(tmp_path / name, "r+") as file:
            words = file["/checkpoints/words"][()]
            assert len(words) > 2
            words[1] ^= 1
            longer = np.append(file["/checkpoints/words"][()], words[:1])
            del file["/checkpoints/words"]
            file["/checkpoints/words"] = longer if number else words
        says = "hold more than the run wrote" if number else "checkpoint 0 is not what the run wrote"
        assert says in texts(found(tmp_path / name))
