"""Print one of README's commands, so that CI runs exactly what README says.

python .ci/readme_command.py test posix
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def readme_command(what: str, shell: str) -> str:
    """Give the command under `<!-- command: WHAT SHELL -->` in README.md: exactly one line.

    Raises
    ------
    LookupError
        When README has no such command, or one of several lines.
    """
    text = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- command: {what} {shell} -->\n```\w+\n(.*?)\n```", text, re.DOTALL)
    if found is None or "\n" in found[1]:
        raise LookupError(f"README.md has no one-line command '{what}' for {shell}")
    return found[1]


if __name__ == "__main__":
    print(readme_command(*sys.argv[1:3]))
