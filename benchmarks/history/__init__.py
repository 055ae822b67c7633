"""What asv runs (asv.conf.json). The clone stands last on the path, behind the version that is installed and timed."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(_ROOT), str(_ROOT / "src")]
