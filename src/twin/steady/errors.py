"""What can go wrong when a run starts from a steady state."""

from __future__ import annotations

from twin.errors import TwinError


class NoSteadyState(TwinError):
    """A scenario starts from a steady state that its plant does not have."""

    exit_code = 1
