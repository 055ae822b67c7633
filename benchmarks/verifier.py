"""Is every check of the verifier held by a test? Each is muted in turn, and a test must fail.

A check is a condition (each part of an `or` by itself) whose branch tells or refuses something, or a handler that does.
All modules of the verifier are loaded with a switch in each of them. Every test of the evidence runs once as it is,
which shows the checks that fire in it; then again for each of these that no test has missed yet, with this one muted.
It counts as held when the test fails then, and passes once more as it is.

    python -m benchmarks.verifier [TEST_FILE...]        without names writes benchmarks/results/verifier.json
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
#: What the verifier reads, judges and says with; those that write a log stand in `chain`, too.
MODULES = (
    "evidence.canonical", "evidence.chain", "evidence.dossier.check", "evidence.qualify.report", "evidence.rerun",
    "evidence.seal", "evidence.signing", "evidence.structure", "evidence.verify", "results.content",
)  # fmt: skip
TESTS = (
    "evidence/test_checks", "results/test_content", "evidence/test_threats", "evidence/test_chain",
    "evidence/test_beside", "evidence/test_classes", "evidence/test_register", "evidence/test_rerun",
    "evidence/test_qualify", "evidence/test_dossier", "evidence/test_crash", "evidence/test_hostile",
)  # fmt: skip
#: Seconds that a test may take with a check muted; without it the slowest takes a few.
PATIENCE = 30.0


class Switches:
    """Which check is muted, which have fired since this was last asked, and all that there are."""

    def __init__(self) -> None:
        self.muted = ""
        self.fired: set[str] = set()
        self.all: dict[str, str] = {}

    def live(self, place: str, fires: Any, on: bool = True) -> Any:
        """Give what a condition says, or what it says when nothing is wrong where it is muted."""
        if bool(fires) is not on:
            return fires
        self.fired.add(place)
        return (not on) if place == self.muted else fires


SWITCHES = Switches()


class Switched(ast.NodeTransformer):
    """Puts a switch into each check of a module."""

    def __init__(self, module: str) -> None:
        self.module = module

    def switch(self, test: ast.expr, on: bool = True) -> ast.expr:
        """Each part of an `or` (of an `and`, where all has to hold) is a check of its own."""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or if on else ast.And):
            return ast.copy_location(ast.BoolOp(test.op, [self.switch(part, on) for part in test.values]), test)
        place = f"{self.module}:{test.lineno}:{test.col_offset}"
        SWITCHES.all[place] = ast.unparse(test)
        arguments: list[ast.expr] = [ast.Constant(place), test, ast.Constant(on)]
        return ast.copy_location(ast.Call(ast.Name("_live", ast.Load()), arguments, []), test)

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if any(_tells(statement) for statement in node.body):
            node.test = self.switch(node.test)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.orelse, ast.Constant) and node.orelse.value == "" and _is_text(node.body):
            node.test = self.switch(node.test)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        named = isinstance(node.targets[0], ast.Name) and node.targets[0].id in ("fits", "follows", "same")
        if named and isinstance(node.value, ast.BoolOp | ast.Compare):
            node.value = self.switch(node.value, on=False)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        for number, statement in enumerate(node.body):
            if isinstance(statement, ast.Expr) and _tells(statement):
                test = self.switch(ast.copy_location(ast.Constant(True), statement))
                node.body[number] = ast.copy_location(ast.If(test, [statement], []), statement)
        return node


def _tells(node: ast.stmt) -> bool:
    """Whether a statement refuses, or says what is wrong."""
    if isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.Return):
        return node.value is not None and _is_text(node.value)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute) and node.targets[0].attr == "broken"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute):
            return called.attr in ("add", "remark") or (
                called.attr == "append" and isinstance(called.value, ast.Attribute) and called.value.attr == "clock"
            )
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)
    )


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module with its switches, and keeps nothing of it on disk."""

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_data(self.path))
        tree = ast.fix_missing_locations(Switched(fullname.removeprefix("twin.")).visit(tree))
        return compile(tree, self.path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["_live"] = SWITCHES.live
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the verifier's modules, to be loaded with switches."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname.removeprefix("twin.") not in MODULES:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            return None
        found.loader = Loader(fullname, found.origin)
        return found


class Endless(BaseException):
    """A test goes on without end when a check is muted."""


def _stop(*_: Any) -> None:
    raise Endless


class Beside:
    """Stands for a next test in the same file, so that what a file's tests share is kept."""

    def __init__(self, item: Any) -> None:
        self.item = item

    def listchain(self) -> list[Any]:
        return [*self.item.parent.listchain(), self]


class Plugin:
    """Runs each test as it is, then with each check muted that fired in it and is not held yet."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.fired: set[str] = set()
        self.failing: list[str] = []

    def pytest_collection(self) -> None:
        """Of hypothesis a failure is all that is asked for, not the smallest one."""
        from hypothesis import Phase, settings

        everyday = settings.get_profile("everyday")
        settings.register_profile("verifier", everyday, phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile("verifier")

    def once(self, item: Any, muted: str = "") -> bool:
        """Whether a test fails."""
        from _pytest.runner import runtestprotocol

        SWITCHES.muted, SWITCHES.fired = muted, set()
        beside: Any = Beside(item)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE if muted else 0.0)  # a bomb that nothing stops unfolds for years
        try:
            return any(report.failed for report in runtestprotocol(item, log=False, nextitem=beside))
        except Endless:
            return True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            SWITCHES.muted = ""

    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool:
        if self.once(item):
            self.failing.append(item.nodeid)
        else:
            fired = set(SWITCHES.fired)
            self.fired |= fired
            missed = [place for place in sorted(fired - set(self.held)) if self.once(item, place)]
            if missed and not self.once(item):  # or it can be run only once, and says nothing
                self.held |= dict.fromkeys(missed, item.nodeid)
        item.session._setupstate.teardown_exact(nextitem)
        sys.stdout.write(f"{item.nodeid}: {len(self.held)} held of {len(self.fired)}\n")
        sys.stdout.flush()
        return True


def session(out: str, files: Sequence[str]) -> None:
    """Run the tests in this process, and write what was found."""
    import pytest

    sys.meta_path.insert(0, Finder())
    plugin = Plugin()
    signal.signal(signal.SIGALRM, _stop)
    pytest.main(["-n", "0", "--timeout=0", "-p", "no:dash", "-p", "no:cacheprovider", "-q", *files], [plugin])
    for name in MODULES:
        importlib.import_module(f"twin.{name}")
    told = {"all": SWITCHES.all, "held": plugin.held, "fired": sorted(plugin.fired), "failing": plugin.failing}
    Path(out).write_text(json.dumps(told), encoding="utf-8")


def main(files: Sequence[str]) -> dict[str, Any]:
    """Run the tests in a process of their own: the modules must not have been loaded before."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "told.json"
        code = "import sys; from benchmarks.verifier import session; session(sys.argv[1], sys.argv[2:])"
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        words = [sys.executable, "-c", code, str(out), *files]
        subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, check=True)
        told: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    if told["failing"]:
        raise RuntimeError(f"these fail as they are: {', '.join(told['failing'])}")
    return told


def write(told: dict[str, Any]) -> None:
    """Write the counts by module, and each check that no test misses."""
    from benchmarks import harness

    rows = []
    for module in MODULES:
        places = [place for place in told["all"] if place.startswith(f"{module}:")]
        counts = {"checks": len(places), "held": sum(place in told["held"] for place in places)}
        rows.append({"name": module, "values": counts})
    open_ = [place for place in told["all"] if place not in told["held"]]
    for place in open_:
        fired = place in told["fired"]
        rows.append({"name": place, "values": {"held": False, "fired": fired, "condition": told["all"][place]}})
    harness.show(rows)
    notes = [f"{len(told['held'])} of {len(told['all'])} checks are held by a test that fails without them."]
    harness.write("verifier", "Is every check of the verifier held by a test that fails without it?", rows, notes)


if __name__ == "__main__":
    named = [word for word in sys.argv[1:] if not word.startswith("--")]  # it has no short form
    found = main(named or [f"tests/{name}.py" for name in TESTS])
    if named:
        loose = {place: text for place, text in found["all"].items() if place not in found["held"]}
        sys.stdout.write(f"{json.dumps(loose, indent=1)}\n{len(found['held'])} of {len(found['all'])} held\n")
    else:
        write(found)
