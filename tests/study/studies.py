"""Small studies that tests share."""

import shutil
from pathlib import Path
from typing import Any

TROUBLE = Path(__file__).parents[1] / "cli" / "trouble"
#: A drum with a hole: one kilogram has run out before the end, a hundred have not.
DRUM = """
twin: 1
plant:
  twin: 1
  fluids: [water]
  units:
    drum:
      model: trouble_models.drum
      params: {pump: 10 g/s, hole: 0.02 1/s}
      initial: {m: 100 kg}
  connections:
    - drum.product -> drain
  products: [drain]
duration: 200 s
record: 10 s
"""


def drums(folder: Path, monkeypatch: Any, masses: list[str], **more: Any) -> dict[str, Any]:
    """A study of which the runs fail that begin with one kilogram; the models are those of a folder of one's own."""
    shutil.copytree(TROUBLE, folder, dirs_exist_ok=True)
    monkeypatch.syspath_prepend(str(folder))
    (folder / "drum.yaml").write_text(DRUM, encoding="utf-8")
    return {
        "twin": 1,
        "name": "drums",
        "scenario": "drum.yaml",
        "seed": 5,
        "design": "full_factorial",
        "factors": {"drum.initial.m": {"levels": masses}, "drum.pump": {"from": "9 g/s", "to": "11 g/s"}},
        "responses": [{"product": "drain"}],
        **more,
    }


def doses(**more: Any) -> dict[str, Any]:
    """A study of the two tanks: an event's value and time, and a feed's temperature."""
    return {
        "twin": 1,
        "name": "doses",
        "scenario": "two_tanks",
        "seed": 3,
        "design": {"kind": "latin_hypercube", "runs": 8},
        "factors": {
            "dose": {"event": "more ethanol", "from": "30 g/s", "to": "60 g/s"},
            "when": {"event": "more ethanol", "key": "at", "from": "3 min", "to": "6 min"},
            "first.tau": {"mean": "60 s", "sd": "5 s", "low": "40 s"},
        },
        "responses": [
            {"tag": "second.product.m_flow[ethanol]", "of": "max"},
            {"tag": "second.T", "at": ["10 min", "20 min"], "high": "330 K"},
            {"product": "blend", "component": "ethanol"},
        ],
        **more,
    }
