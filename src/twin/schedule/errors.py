"""What can be wrong with a schedule beyond its spelling."""

from __future__ import annotations

from twin.errors import TwinError


class ScheduleError(TwinError):
    """A scenario whose events contradict each other."""

    exit_code = 2
