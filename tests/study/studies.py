"""Small studies that tests share."""

from typing import Any


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
