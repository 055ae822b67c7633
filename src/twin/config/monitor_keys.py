"""The keys of `monitors:`."""

from __future__ import annotations

from twin.config.keys import Key, Section, listed, text, time, whole
from twin.config.monitor_spec import KINDS, PRIORITIES

MONITOR = Section(
    "Monitor",
    "Looks at what a run recorded, and raises alarms; `twin monitor` carries it out.",
    {
        "name": text("what its alarms are called", "the tag", "TAH-201"),
        "kind": Key("choice", "what it looks at", "", KINDS[0], "ewma", choices=KINDS),
        "tag": Key("tag", "the measurement", "", "required but by pca", "press.hardness"),
        "tags": listed("the measurements of pca, two at least", "tag", example="[press.hardness, press.tablet_mass]"),
        "low": Key("quantity", "alarm below (limits)", "the measurement's", "none", "60 N"),
        "high": Key("quantity", "alarm above (limits)", "the measurement's", "none", "120 N"),
        "deadband": Key("quantity", "by which it must come back inside (limits)", "the measurement's", "0", "1 N"),
        "delay": time("how long it must be outside, or unchanged, before the alarm is raised", "0 s", "30 s"),
        "period": time("time between two looks", "every sample", "1 min"),
        "from": time("looks from then on", "0 s", "1 h"),
        "to": time("looks until then", "the end", "22 h"),
        "while": Key("condition", "looks only while this is so", "", "always", "feed_frame.level > 0.1"),
        "priority": Key("choice", "of its alarms", "", "medium", "high", choices=PRIORITIES),
        "acknowledge": time("how long after an alarm somebody acknowledges it", "never", "2 min"),
        "weight": Key("quantity", "of the newest value (ewma)", "1", "0.2", "0.1"),
        "width": Key("quantity", "limit, in standard deviations of the average (ewma)", "1", "3", "2.7"),
        "slack": Key("quantity", "deviation that does not count, in standard deviations (cusum)", "1", "0.5", "0.5"),
        "threshold": Key("quantity", "limit of the sum, in standard deviations (cusum)", "1", "5", "4"),
        "target": Key("quantity", "mean when all is well", "the measurement's", "that of the clean runs", "90 N"),
        "sigma": Key("quantity", "standard deviation", "the measurement's", "that of the clean runs", "2 N"),
        "explained": Key("quantity", "part of the variance that the model keeps (pca)", "1", "0.9", "0.95"),
        "confidence": Key("quantity", "part of clean samples inside the limits (pca)", "1", "0.999", "0.99"),
        "lags": whole("earlier looks that stand beside each one (pca)", "0", "2"),
        "margin": Key(
            "quantity", "limit as multiple of the greatest value in clean runs, in place of theory", "1", "none", "1.2"
        ),
    },
)

#: Keys that only some kinds have.
ONLY = {
    "tag": ("limits", "frozen", "ewma", "cusum"),
    "tags": ("pca",),
    "low": ("limits",),
    "high": ("limits",),
    "deadband": ("limits",),
    "weight": ("ewma",),
    "width": ("ewma",),
    "slack": ("cusum",),
    "threshold": ("cusum",),
    "target": ("ewma", "cusum"),
    "sigma": ("ewma", "cusum"),
    "explained": ("pca",),
    "confidence": ("pca",),
    "lags": ("pca",),
    "margin": ("ewma", "cusum", "pca"),
}

SECTIONS = {"monitor": MONITOR}
