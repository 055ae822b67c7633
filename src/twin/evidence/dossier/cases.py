"""Which verified numbers speak for which unit operation: `python -m twin.evidence.dossier.cases` in a clone.

Cases are those of docs/verification.md, written by the tests; a test's file speaks for the models that it
names, and in part for models that are built on modules that it names. Stored beside this file, since tests
are not installed.
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
_ROW = re.compile(r"(?<!\\)\|")


def stored() -> dict[str, Any]:
    """What was written last."""
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def collect(root: Path) -> dict[str, Any]:
    """Collect cases by test file, and test files by model."""
    rows = [_cells(line) for line in (root / PAGE).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [row for row in rows if len(row) == 7 and row[0] not in ("case", "---")]
    models = {f"{path.parent.name}.{path.stem}": path for path in sorted((root / LIBRARY).glob("*/*.py"))}
    real = {name for name, path in models.items() if "class Outlets(" in path.read_text(encoding="utf-8")}
    uses = {name: _imports(path, models) for name, path in models.items()}
    files: dict[str, Any] = {}
    speaks: dict[str, dict[str, str]] = {name: {} for name in sorted(real)}
    for path in sorted((root / TESTS).glob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        cases = _cases(ast.parse(text), rows)
        if not cases:
            continue
        files[path.name] = {"cases": cases}
        named = _named(root, text, models)
        within = _within_plants(root, text, models)
        for model in sorted(real):
            if model in named:
                speaks[model][path.name] = "whole"
            elif model in within or uses[model] & named:
                speaks[model][path.name] = "part"
    return {"made_by": "python -m twin.evidence.dossier.cases", "files": files, "models": speaks}


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _ROW.split(line)[1:-1]]


def _cases(tree: ast.AST, rows: list[list[str]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args):
        first = call.args[0]
        if not isinstance(call.func, ast.Name) or call.func.id != "record":
            continue
        begin = first.values[0] if isinstance(first, ast.JoinedStr) and first.values else first
        if not isinstance(begin, ast.Constant) or not str(begin.value):
            continue
        for row in rows:
            exact = not isinstance(first, ast.JoinedStr)
            if row[0] == begin.value if exact else row[0].startswith(str(begin.value)):
                case = found.setdefault(row[0], {"case": row[0], "source": row[1], "numbers": 0, "error": 0.0})
                case["seen"] = {*case.get("seen", set()), row[2]}
                case["numbers"] = len(case["seen"])
                case["error"] = max(case["error"], float(row[5]))
                if row[6]:
                    case["order"] = min(case.get("order", 99.0), float(row[6]))
    return [{k: v for k, v in case.items() if k != "seen"} for _, case in sorted(found.items())]


def _named(root: Path, text: str, models: dict[str, Path], depth: int = 0) -> set[str]:
    """Modules of the library that a test names, or the helpers that it imports."""
    found = {f"{a}.{b}" for a, b in re.findall(r"unit_ops\.(\w+)\.(\w+)", text)}
    found |= {f"{a}.{b}" for a, b in re.findall(r"(?:model: |[\"'])(\w+)\.(\w+)", text)}
    for folder, names in re.findall(r"from unit_ops\.(\w+) import ([\w, ]+)", text):
        found |= {f"{folder}.{name.split(' as ')[0].strip()}" for name in names.split(",")}
    if depth < 2:
        for module in re.findall(r"from (tests\.[\w.]+) import", text):
            path = root / (module.replace(".", "/") + ".py")
            if path.is_file() and path.name != "record.py":
                found |= _named(root, path.read_text(encoding="utf-8"), models, depth + 1)
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
