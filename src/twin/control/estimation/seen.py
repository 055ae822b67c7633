"""What readings tell of what is uncertain, and what they do not.

A filter gives every disturbance a standard deviation, also one that no reading tells of: it is what the filter was
told then, and grows as the random walk does. So is that of a sum of which two disturbances are parts, where readings
tell the sum only. Both are named here, by the filter's own covariance beside that which it had without a reading; so
is what makes its standard deviations untrue: an effect that is no straight line within them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.control.estimation.filter import Filter
from twin.control.estimation.model import Lost
from twin.quantity import Array

#: Less than this part of the variance taken off by readings: they tell nothing; or little.
NOTHING, LITTLE = 0.1, 0.5
#: Errors that go together so much are those of two numbers that readings do not tell apart.
TOGETHER = 0.7
#: What follows is looked at after so many windows of the filter's.
LATER = 2.0
#: An effect that is smaller on one side than this part of the other side's bends.
STRAIGHT = 0.5
#: Effects that are less than this part of an output's standard deviation (of a reading of it, where it is read), or of
#: its value, do not matter.
MATTERS, LEAST = 0.5, 1e-5


@dataclass(frozen=True)
class Seen:
    """What readings tell of one disturbance or bias, at the last look.

    Attributes
    ----------
    what : str
    sd, unread : float
        Standard deviation as it is, and as it were without readings.
    partner : str
        That with whose error its own goes together most, where that is much; else empty.
    correlation : float
        With it.
    """

    what: str
    sd: float
    unread: float
    partner: str
    correlation: float

    @property
    def told(self) -> float:
        """Part of the variance that readings have taken off."""
        return max(0.0, 1.0 - (self.sd / self.unread) ** 2) if self.unread > 0.0 else 1.0

    @property
    def sentence(self) -> str:
        """Say what is not seen; nothing where readings tell enough."""
        if self.told >= LITTLE:
            return ""
        much = "nothing" if self.told < NOTHING else "little"
        said = f"readings tell {much} of {self.what}: ± {self.sd:.3g}, and without any of them ± {self.unread:.3g}"
        if self.partner:
            said += f"; they do not tell it from {self.partner} (errors correlated by {self.correlation:.2f})"
        return said


def seen(one: Filter) -> list[Seen]:
    """Give what readings tell of each disturbance and bias; nothing before the first look."""
    if not one.looks:
        return []
    last, together = one.looks[-1], one.correlations() - np.eye(len(one.names))
    unread = one.unread(last.time)
    found = []
    for k, what in enumerate(one.names):
        partner = int(np.argmax(np.abs(together[k])))
        much = float(together[k, partner])
        named = one.names[partner] if abs(much) >= TOGETHER else ""
        found.append(Seen(what, float(last.sds[k]), float(unread[k]), named, much if named else 0.0))
    return found


def unseen(one: Filter) -> list[str]:
    """Name what readings tell nothing or little of."""
    return [f"{one.spec.name}: {row.sentence}" for row in seen(one) if row.sentence]


def warnings(one: Filter, failed: str = "") -> list[str]:
    """Name what readings tell nothing or little of, and, of a filter that has not failed, what bends."""
    return [*unseen(one), *([] if failed else bent(one))]


def bent(one: Filter) -> list[str]:
    """Name disturbances whose effect bends within their standard deviation: the filter takes it for a straight one.

    The model goes on from the last look, inputs as they are, with each disturbance a standard deviation up and down.
    It is left as it was.
    """
    if not one.looks:
        return []
    if one.bends is not None and one.bends[0] == len(one.looks):
        return one.bends[1]
    model, last = one.model, one.looks[-1]
    found: list[str] = []
    until, begin = model.time + LATER * one.spec.window, model.memory()
    names = [*(m.tag for m in one.spec.measured), *one.spec.estimates]
    known = last.estimate_sds.copy()
    known[: one.m] = np.hypot(known[: one.m], np.sqrt(one.R))  # of what is read, nobody sees more than a reading shows

    def later(place: int | None = None, value: float = 0.0) -> Array:
        model.recall(begin)
        if place is not None:
            model.p[place] = value
        model.advance(until, last.inputs, linear=False)
        return model.seen()

    try:
        middle = later()
        for k, (place, about) in enumerate(zip(model.uncertain_places, one.spec.disturbances, strict=True)):
            value, sd = float(last.values[k]), float(last.sds[k])
            high = min(value + sd, math.inf if about.high is None else about.high)
            low = max(value - sd, -math.inf if about.low is None else about.low)
            if not low < value < high:
                continue
            up, down = later(place, high) - middle, middle - later(place, low)
            most = np.maximum(np.abs(up), np.abs(down))
            off = np.abs(up - down) > (1.0 - STRAIGHT) * most
            matters = most > np.maximum(MATTERS * known, LEAST * np.abs(middle))
            for j in np.flatnonzero(off & matters)[:1].tolist():
                found.append(
                    f"{one.spec.name}: what follows from {about.path} bends within its standard deviation ({sd:.3g}): "
                    f"{names[j]} goes by {up[j]:.2g} upwards and by {-down[j]:.2g} downwards. Standard deviations that "
                    "rest on it are those of a straight line, and too small where it bends"
                )
    except Lost as error:
        found.append(f"{one.spec.name}: a standard deviation away the model fails: {error}")
    model.recall(begin)
    one.bends = len(one.looks), found
    return found
