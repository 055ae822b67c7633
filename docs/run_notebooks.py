"""Run the notebooks of the documentation: `python docs/run_notebooks.py [NAME…]` writes what they print and draw.

Cells are plain Python and run one after another in a process of their own, in an empty folder: no kernel, no magics.
`--check` compares what is printed with what stands in the file instead, and fails where it differs; pictures are
drawn, and not compared, since fonts differ.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "notebooks"
ROOT = FOLDER.parents[1]


def outputs(cells: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Run the cells in this process; what each printed and drew, as notebooks keep it."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    drawn: list[bytes] = []

    def show(*_: Any, **__: Any) -> None:
        for number in plt.get_fignums():
            picture = io.BytesIO()
            plt.figure(number).savefig(picture, format="png", dpi=80, metadata={"Software": None})
            drawn.append(picture.getvalue())
        plt.close("all")

    plt.show = show
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    for number, cell in enumerate(cells):
        printed = io.StringIO()
        drawn.clear()
        if cell["cell_type"] == "code":
            with contextlib.redirect_stdout(printed):
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
        kept: list[dict[str, Any]] = []
        if printed.getvalue():
            lines = printed.getvalue().splitlines(keepends=True)
            kept.append({"name": "stdout", "output_type": "stream", "text": lines})
        for picture in drawn:
            data = {"image/png": base64.b64encode(picture).decode() + "\n"}
            kept.append({"data": data, "metadata": {}, "output_type": "display_data"})
        found.append(kept)
    return found


def printed(output: list[dict[str, Any]]) -> str:
    """What a cell printed."""
    return "".join("".join(part["text"]) for part in output if "text" in part)


def run(path: Path, check: bool) -> list[str]:
    """Run one notebook; where it differs from what it says, with `check`."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    program = "import json, sys; from docs.run_notebooks import outputs; sys.stderr.write('<<' + json.dumps(outputs("
    program += "json.load(open(sys.argv[1], encoding='utf-8'))['cells'])))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
    if done.returncode:
        return [f"{path.name}: {done.stderr.strip().splitlines()[-1]}"]
    found = json.loads(done.stderr[done.stderr.index("<<") + 2 :])
    differing = []
    for number, (cell, new) in enumerate(zip(notebook["cells"], found, strict=True)):
        if cell["cell_type"] != "code":
            continue
        if check and printed(cell["outputs"]) != printed(new):
            differing.append(f"{path.name}, cell {number}:\n{printed(new)}instead of\n{printed(cell['outputs'])}")
        cell["outputs"] = new
    if not check:
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
    return differing


def main(arguments: list[str]) -> int:
    """Run the named notebooks, or all."""
    check = "--check" in arguments
    names = [name for name in arguments if not name.startswith("-")]
    wrong = [
        text
        for path in sorted(FOLDER.glob("*.ipynb"))
        if not names or path.stem in names
        for text in run(path.resolve(), check)
    ]
    sys.stdout.write("".join(f"{text}\n" for text in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
