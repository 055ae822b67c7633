"""Which verified numbers speak for which unit operation: `python -m twin.evidence.dossier.cases` in a clone.

Cases are those of docs/verification.md, written by the tests; a test speaks for the models that it names, itself
or in what it uses of its file, and in part for models that are built on modules that it names. Stored beside
this file, since tests are not installed.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

STORED = Path(__file__).with_name("cases.json")
PAGE = Path("docs") / "verification.md"
TESTS = Path("tests") / "verification"
LIBRARY = Path("unit_ops")
#: Shortest beginning of a case's name that tells it from others.
SPOKEN = 8
_ROW = re.compile(r"(?<!\\)\|")


def stored() -> dict[str, Any]:
    """What was written last."""
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def collect(root: Path) -> dict[str, Any]:
    """Collect cases by test, and tests by model."""
    rows = [_cells(line) for line in (root / PAGE).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [row for row in rows if len(row) == 7 and row[0] not in ("case", "---")]
    models = {f"{path.parent.name}.{path.stem}": path for path in sorted((root / LIBRARY).glob("*/*.py"))}
    real = {name for name, path in models.items() if "class Outlets(" in path.read_text(encoding="utf-8")}
    uses = {name: _imports(path, models) for name, path in models.items()}
    files: dict[str, Any] = {}
    speaks: dict[str, dict[str, str]] = {name: {} for name in sorted(real)}
    for path in sorted((root / TESTS).glob("test_*.py")):
        parts = _parts(ast.parse(path.read_text(encoding="utf-8")))
        for test in parts:
            around = _around(test, parts)
            cases = _cases(parts[test], around, rows)
            if not cases:
                continue
            text = _whole(root, "\n".join(ast.unparse(node) for node in around))
            place = f"{path.name}::{test}"
            files[place] = {"cases": cases}
            named = _named(text, models)
            within = _within_plants(root, text, models)
            for model in sorted(real):
                if model in named:
                    speaks[model][place] = "whole"
                elif model in within or uses[model] & named:
                    speaks[model][place] = "part"
    return {"made_by": "python -m twin.evidence.dossier.cases", "files": files, "models": speaks}


def _parts(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """Statements of a file by the names that they define: functions, constants, imports one by one."""
    found: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name.partition(".")[0], []).append(ast.Import([alias]))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                one = ast.ImportFrom(node.module, [alias], node.level)
                found.setdefault(alias.asname or alias.name, []).append(one)
        else:
            for name in {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}:
                found.setdefault(name, []).append(node)
    return found


def _around(test: str, parts: dict[str, list[ast.stmt]]) -> list[ast.stmt]:
    """A function that records cases, all of its file that it uses, and, of a helper, the tests that call it."""
    uses = _uses(parts)
    seen = {test}
    if not test.startswith("test_"):
        grown = True
        while grown:
            callers = {name for name, words in uses.items() if words & seen and name not in seen}
            seen |= callers
            grown = bool(callers)
    return _used(seen, parts)


def _used(names: set[str], parts: dict[str, list[ast.stmt]]) -> list[ast.stmt]:
    """Statements that define some names of a file, and all that these use of it."""
    uses, seen = _uses(parts), names & set(parts)
    due = list(seen)
    while due:
        fresh = uses[due.pop()] - seen
        seen |= fresh
        due += fresh
    return [node for name in sorted(seen) for node in parts[name]]


def _uses(parts: dict[str, list[ast.stmt]]) -> dict[str, set[str]]:
    return {name: {w for node in nodes for w in _words(node)} & set(parts) for name, nodes in parts.items()}


def _words(node: ast.AST) -> set[str]:
    """Names that a statement reads, and its arguments, which may be fixtures."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _ROW.split(line)[1:-1]]


def _cases(own: list[ast.stmt], around: list[ast.stmt], rows: list[list[str]]) -> list[dict[str, Any]]:
    """Cases of the page that a function records: those that it names, or that it is given, by what is around it."""
    calls = [
        call
        for statement in own
        for call in ast.walk(statement)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "record" and call.args
    ]
    names: set[tuple[str, bool]] = set()  # a text, and whether it is the whole name
    for call in calls:
        spoken = [_text(call.args[0])]
        if spoken == [None]:  # a variable: any text around that is a case's name, or long enough to begin one
            texts = [_text(node) for statement in around for node in ast.walk(statement)]
            spoken = [text for text in texts if text is not None and (text[1] or len(text[0]) >= SPOKEN)]
        names |= {text for text in spoken if text is not None and text[0]}
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if any(row[0] == text if whole else row[0].startswith(text) for text, whole in names):
            case = found.setdefault(row[0], {"case": row[0], "source": row[1], "numbers": 0, "error": 0.0})
            case["seen"] = {*case.get("seen", set()), row[2]}
            case["numbers"] = len(case["seen"])
            case["error"] = max(case["error"], float(row[5]))
            if row[6]:
                case["order"] = min(case.get("order", 99.0), float(row[6]))
    return [{k: v for k, v in case.items() if k != "seen"} for _, case in sorted(found.items())]


def _text(node: ast.AST) -> tuple[str, bool] | None:
    """A text, and True; how a text with values in it begins, and False; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, True
    if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
        return str(node.values[0].value), False
    return None


def _whole(root: Path, text: str, depth: int = 0) -> str:
    """A text with what it imports from helpers, and what that uses of their files."""
    if depth == 2:
        return text
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            path = root / ((node.module or "").replace(".", "/") + ".py")
            if path.is_file() and path.name != "record.py":
                parts = _parts(ast.parse(path.read_text(encoding="utf-8")))
                used = _used({alias.name for alias in node.names}, parts)
                text += "\n" + _whole(root, "\n".join(ast.unparse(one) for one in used), depth + 1)
    return text


def _named(text: str, models: dict[str, Path]) -> set[str]:
    """Modules of the library that a text names."""
    found = {f"{a}.{b}" for a, b in re.findall(r"unit_ops\.(\w+)\.(\w+)", text)}
    found |= {f"{a}.{b}" for a, b in re.findall(r"(?:model: |[\"'])(\w+)\.(\w+)", text)}
    for folder, names in re.findall(r"from unit_ops\.(\w+) import ([\w, ]+)", text):
        found |= {f"{folder}.{name.split(' as ')[0].strip()}" for name in names.split(",")}
    for folder in re.findall(r"model: (\w+)\.(?:\{|[A-Z])", text):  # one of this folder, said elsewhere
        found |= {f"{folder}.{name}" for name in re.findall(r"[\"'](\w+)[\"']", text)}
    return found & set(models)


def _within_plants(root: Path, text: str, models: dict[str, Path]) -> set[str]:
    """Models of plants that a test runs: it speaks of the whole, and of each of them in part."""
    found = set()
    for plant in re.findall(r"[\"'](\w+)[\"']", text):
        path = root / "plant_configs" / f"{plant}.yaml"
        if path.is_file():
            words = path.read_text(encoding="utf-8")
            found |= {f"{a}.{b}" for a, b in re.findall(r"model: (\w+)\.(\w+)", words)}
    return found & set(models)


def _imports(path: Path, models: dict[str, Path]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unit_ops."):
            parts = (node.module or "").split(".")[1:]
            found |= {".".join(parts)} | {f"{parts[0]}.{alias.name}" for alias in node.names}
    return found & set(models)


if __name__ == "__main__":
    STORED.write_text(json.dumps(collect(Path()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
