"""What every file of the library must declare, and what its kernels must not do.

A model is read before it is run: units and meanings everywhere, names that mean one thing, kernels
that numba compiles fast and to one specialisation each.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import Any

import pytest

from tests.registry.carriers import dimension_of
from tests.registry.library import declared, kernels, model, module_names, source, unit_names
from twin.plant.adapter import stream_fields
from twin.plant.model import ARGUMENTS, Model
from twin.quantity import Field, fields

UNITS = unit_names()
FILES = module_names()
TABLES = ("State", "Params", "Measurements", "Integrals", "Quadratures", "Guards", "Transport", "Work", "Initial")
#: A controller's numbers take the units of what it measures and moves.
GENERIC = "twin.control."

#: What a name says by how it begins (STYLE.md): the unit that it must then have.
PREFIXES = {
    "T": ("K",),
    "V": ("m^3",),
    "m_flow": ("kg/s",),
    "V_flow": ("m^3/s",),
    "n_flow": ("1/s",),
    "cp": ("J/(kg K)",),
    "rho": ("kg/m^3",),
    "tau": ("s",),
    "UA": ("W/K",),
    "molar_mass": ("kg/mol",),
    "epsilon": ("1",),
    "w": ("1",),
}
#: Times of a controller, as every textbook writes them.
CONTROL_TIMES = ("T_i", "T_d", "T_t")


def all_fields(m: Model) -> list[tuple[str, Field]]:
    found = [(table, f) for table in TABLES for f in fields(getattr(m, table))]
    for port in (*m.inlets.values(), *m.outlets.values()):
        if port.is_signal:
            found.append(("signal", Field(port.name, "float", port.unit, port.meaning)))
        else:
            found += [(port.stream.__name__, f) for f in stream_fields(port)]
    return found


@pytest.mark.parametrize("name", UNITS)
def test_every_quantity_has_a_coherent_unit_and_a_meaning(name: str) -> None:
    for table, f in all_fields(model(name)):
        dimension_of(f.unit)
        assert re.search(r"[a-z]{3}", f.meaning), f"{table}.{f.name} needs a meaning, not '{f.meaning}'"
        assert f.meaning != f.name, f"{table}.{f.name}: the meaning repeats the name"


@pytest.mark.parametrize("name", UNITS)
def test_what_a_unit_starts_with_is_checked_to_be_a_whole(name: str) -> None:
    """Fractions that sum to 0.9 would lose a tenth of the first filling in silence; residual liquid is no whole."""
    shares = [f for f in fields(model(name).Initial) if f.kind == "array" and f.name[:1] == "w"]
    assert [f.name for f in shares if not f.fractions] == [f.name for f in shares if f.name == "w_liquid"]


def test_a_name_means_one_unit_throughout_the_library() -> None:
    seen: dict[str, dict[Any, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in UNITS:
        if not name.startswith(GENERIC):
            for table, f in all_fields(model(name)):
                kg, m, s, *rest = dimension_of(f.unit)
                # a quadrature is named after what it adds up to: `H` in W adds up to J
                kind = (kg, m, s + 1 if table == "Quadratures" else s, *rest)
                seen[f.name][kind].append(f"{name}.{table} [{f.unit}]")
    clashes = {n: list(kinds.values()) for n, kinds in seen.items() if len(kinds) > 1}
    assert not clashes, "\n".join(f"{n}: {places}" for n, places in sorted(clashes.items()))


@pytest.mark.parametrize("name", [n for n in UNITS if not n.startswith(GENERIC)])
def test_names_say_what_units_they_have(name: str) -> None:
    for table, f in all_fields(model(name)):
        if f.name in CONTROL_TIMES:
            continue
        for prefix, units in PREFIXES.items():
            if f.name == prefix or f.name.startswith(prefix + "_"):
                longer = [p for p in PREFIXES if f.name.startswith(p) and len(p) > len(prefix)]
                assert longer or f.unit in units, f"{table}.{f.name} is in {f.unit}; a name {prefix}_… is in {units}"


@pytest.mark.parametrize("name", UNITS)
def test_the_docstring_is_a_page(name: str) -> None:
    """One sentence, assumptions, balances, references (its own, or of the law file that it names)."""
    path, _ = source(name)
    text = model(name).doc
    named = [path.parent / file for file in re.findall(r"\b(\w+\.py)\b", text)]
    references = text + "".join(ast.get_docstring(ast.parse(f.read_text(encoding="utf-8"))) or "" for f in named)
    assert text.split("\n")[0].endswith((".", "…")) or ":" in text.split("\n")[0], "begins with one sentence"
    if "State" not in declared(name):
        return
    if not name.startswith(GENERIC):
        assert re.search(r"^Assumptions\n- ", text, re.MULTILINE), "lists its assumptions"
        assert re.search(r"^Balances?\b", text, re.MULTILINE), "states its balances"
    assert re.search(r"^References?\b", text, re.MULTILINE), "names its references"
    assert re.search(r"\bdoi\b.{0,3}\s*10\.\d{4,}/|ISBN [\d-]{10,}", references, re.IGNORECASE), "with a DOI or ISBN"


@pytest.mark.parametrize("name", UNITS)
def test_kernels_ask_for_what_they_may_have(name: str) -> None:
    m = model(name)
    may = {
        "integral": {"t", "x", "a", "p", "w", "out"},
        "measurement": {"x", "a", "p"},
        "guard": {"x", "a", "p"},
        "outlet": {*ARGUMENTS, *m.inlets} - {"dx"},
        "derivatives": {*ARGUMENTS, *m.inlets} - {"out"},
        "quadratures": {*ARGUMENTS, *m.inlets} - {"dx"},
        "holdup": {"x", "a", "p", "out"},
        "transport": {"t", "x", "u", "a", "p", "w", "out"},
    }
    roles: dict[str, str] = {f.name: "integral" for f in fields(m.Integrals)}
    roles.update({f.name: "measurement" for f in m.measurements})
    roles.update({f.name: "guard" for f in m.guards})
    roles.update(dict.fromkeys(m.outlets, "outlet"))
    roles.update({n: n for n in ("derivatives", "quadratures", "holdup", "transport") if m.has(n)})
    for kernel, role in roles.items():
        extra = set(m.arguments(kernel)) - may[role]
        assert not extra, f"{role} {kernel} asks for {sorted(extra)}"
    assert len(roles) == len(set(roles)), "kernel names are unique"
    inlets = set(m.inlets) & set(roles)
    assert not inlets, f"{inlets} name both an inlet and a kernel"


@pytest.mark.parametrize("name", UNITS)
def test_integrals_see_earlier_integrals_only(name: str) -> None:
    order = [f.name for f in fields(model(name).Integrals)]
    for node in kernels(source(name)[1]):
        if node.name in order:
            later = set(order[order.index(node.name) :])
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "a":
                    assert part.attr not in later, f"integral {node.name} reads a.{part.attr}, which comes later"


@pytest.mark.parametrize("name", UNITS)
def test_streams_are_floats_first(name: str) -> None:
    m = model(name)
    for table in (m.State, m.Quadratures, m.Transport, *(p.stream for p in (*m.inlets.values(), *m.outlets.values()))):
        kinds = [f.kind for f in fields(table)] if table.__name__ != "Signal" else []
        assert kinds == sorted(kinds, key=lambda kind: kind == "array"), f"{table.__name__}: floats first, then arrays"


ALLOWED_IMPORTS = {
    "__future__", "collections.abc", "enum", "math", "re", "typing", "numpy", "twin.jit", "twin.quantity",
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_model_imports_the_contract_only(name: str) -> None:
    for node in ast.walk(source(name)[1]):
        wanted = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            wanted = [node.module or ""]
        for module in wanted:
            own = module.startswith(("unit_ops", name.rpartition(".")[0]))
            assert own or module in ALLOWED_IMPORTS, f"line {node.lineno} imports {module}"


#: Statements and expressions that numba compiles slowly, or twice, or not at all.
FORBIDDEN: dict[type[ast.AST], str] = {
    ast.Raise: "raises",
    ast.Try: "catches",
    ast.Assert: "asserts",
    ast.With: "uses with",
    ast.JoinedStr: "formats text",
    ast.Dict: "makes a dict",
    ast.Set: "makes a set",
    ast.ListComp: "makes a list",
    ast.List: "makes a list",
    ast.DictComp: "makes a dict",
    ast.GeneratorExp: "makes a generator",
    ast.Lambda: "defines a function",
    ast.Yield: "yields",
    ast.Global: "writes a global",
    ast.Starred: "unpacks",
    ast.MatMult: "multiplies matrices (write the loop)",
}
#: Numbers are held by no clipping; `nan` never passes silently.
FORBIDDEN_CALLS = {"print", "sum", "zip", "enumerate", "sorted", "any", "all", "round", "len"}
FORBIDDEN_ATTRIBUTES = {"_replace", "copy", "sum", "fill", "isnan", "isinf", "isfinite"}


def faults(node: ast.FunctionDef) -> list[str]:
    """What a kernel does that it must not: lines and words."""
    found = []
    arguments = node.args
    if arguments.defaults or arguments.kw_defaults or arguments.vararg or arguments.kwarg:
        found.append(f"{node.lineno}: has default or variable arguments")
    docstring = ast.get_docstring(node, clean=False)
    for part in (part for statement in node.body for part in ast.walk(statement)):
        line = getattr(part, "lineno", node.lineno)
        if type(part) in FORBIDDEN:
            found.append(f"{line}: {FORBIDDEN[type(part)]}")
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value != docstring:
            found.append(f"{line}: has a text")
        if isinstance(part, ast.Name) and part.id in ("np", "numpy", "scipy"):
            found.append(f"{line}: calls numpy (write the loop)")
        if isinstance(part, ast.Attribute) and part.attr in FORBIDDEN_ATTRIBUTES:
            found.append(f"{line}: uses .{part.attr}")
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in FORBIDDEN_CALLS:
            found.append(f"{line}: calls {part.func.id}()")
        if isinstance(part, ast.Subscript) and any(isinstance(s, ast.Slice) for s in ast.walk(part.slice)):
            found.append(f"{line}: slices (write the loop)")
        if isinstance(part, ast.Return) and part.value is not None:
            values = part.value.args if isinstance(part.value, ast.Call) else [part.value]
            if any(isinstance(v, ast.Constant) and type(v.value) is int for v in values):
                found.append(f"{line}: returns an integer literal (0.0, never 0)")
    return found + _mixed(node)


def _literal(value: ast.AST) -> type | None:
    return type(value.value) if isinstance(value, ast.Constant) else None


def _mixed(node: ast.FunctionDef) -> list[str]:
    """Names that begin as an integer literal and go on as something computed with floats."""
    first: dict[str, tuple[int, Any]] = {}
    found = []
    for part in ast.walk(node):
        if isinstance(part, ast.Assign) and len(part.targets) == 1 and isinstance(part.targets[0], ast.Name):
            kind = _literal(part.value)
            name = part.targets[0].id
            if name in first and {first[name][1], kind} == {int, float}:
                found.append(f"{part.lineno}: {name} is an integer literal in one place and a float in another")
            first.setdefault(name, (part.lineno, kind))
    for part in ast.walk(node):
        if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            start = first.get(part.target.id)
            if start and start[1] is int and _literal(part.value) is not int:
                found.append(f"{start[0]}: {part.target.id} begins as an integer and gathers floats (0.0, never 0)")
    return found


@pytest.mark.parametrize("name", FILES)
def test_kernels_are_what_numba_compiles_fast(name: str) -> None:
    path, tree = source(name)
    found = [f"{path.name}:{fault} ({node.name})" for node in kernels(tree) for fault in faults(node)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("x[:] = y", "slices"),
        ("return 0", "returns an integer"),
        ("return State(0, y)", "returns an integer"),
        ("raise ValueError", "raises"),
        ("s = 0\n    for i in range(3):\n        s += y[i]\n    return s", "gathers floats"),
        ("return np.sum(y)", "calls numpy"),
        ("return sum(y)", "calls sum"),
        ("return u._replace(T=x)", "_replace"),
        ("s = 0\n    if x > 1.0:\n        s = 0.5\n    return s", "integer literal in one place"),
        ("print('x')", "has a text"),
    ],
)
def test_the_lint_bites(body: str, fault: str) -> None:
    tree = ast.parse(f"@kernel\ndef f(x, y, u):\n    {body}\n")
    assert any(fault in text for node in kernels(tree) for text in faults(node))


def test_the_lint_lets_a_good_kernel_pass() -> None:
    good = "@kernel\ndef f(x, n):\n    'Doc.'\n    s = 0.0\n    for i in range(n):\n        s += x[i]\n    return s\n"
    assert not [fault for node in kernels(ast.parse(good)) for fault in faults(node)]
