"""Labels that people give to runs: a small file beside them; the runs themselves are never changed."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from twin.results.files import FileProblem

#: The file in the folder of runs.
FILE = "labels.json"
#: Longest label and most of them on one run.
LONGEST, MOST = 40, 12


class Labels:
    """Labels by the name of a run, read anew each time: others may write them, too."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.Lock()

    def all(self) -> dict[str, list[str]]:
        """Give the labels of every run that has some; none when the file cannot be read."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: [str(one)[:LONGEST] for one in row] for name, row in found.items() if isinstance(row, list)}

    def put(self, name: str, text: str) -> list[str]:
        """Give a run these labels, written with commas between them."""
        words = [" ".join(word.split())[:LONGEST] for word in text.split(",")]
        labels = list(dict.fromkeys(word for word in words if word))[:MOST]
        with self._lock:
            found = self.all()
            if labels:
                found[name] = labels
            else:
                found.pop(name, None)
            beside = self.path.with_suffix(".json.new")
            try:
                beside.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
                os.replace(beside, self.path)
            except OSError as error:
                raise FileProblem(f"labels cannot be written: {error.strerror}") from error
        return labels
