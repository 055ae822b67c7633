"""Folders of compiled code: marked when they are used, and removed when a newer one has long taken their place.

A module's folder is named by what shapes its code, so every edit makes another. When one is made, those of the same
module that nobody has used for a month go.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from pathlib import Path

#: Seconds after which a folder that has not been used may go.
UNUSED = 30 * 86400.0
#: A use is marked again after so many seconds: not at every start.
MARK_EVERY = 86400.0
#: What a folder is called while it is being removed.
GOING = ".removing-"


def claim(folder: Path) -> None:
    """Mark a module's folder as used, or make it and remove the module's old ones.

    Parameters
    ----------
    folder : Path
        `<module>-<hash>` in the cache's root; module names hold no hyphen.
    """
    try:
        if time.time() - folder.stat().st_mtime > MARK_EVERY:
            with contextlib.suppress(OSError):  # a cache that may be read but not written to
                os.utime(folder)
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unused(folder)


def remove_unused(folder: Path) -> None:
    """Remove the other folders of the same module that have not been used for a month, and what was left of such."""
    module = folder.name.partition("-")[0]
    for other in sorted(folder.parent.iterdir()):
        same = other.name.partition("-")[0] == module and other != folder
        # another process may remove, or a virus scanner hold, the very same
        with contextlib.suppress(OSError):
            if not (same or other.name.startswith(GOING)) or time.time() - other.stat().st_mtime < UNUSED:
                continue
            if other.is_symlink() or not other.is_dir():
                continue
            # renamed first: nobody ever loads from a folder of which half is gone
            going = other.with_name(f"{GOING}{secrets.token_hex(4)}")
            other.rename(going)
            shutil.rmtree(going)
