"""What asv runs (asv.conf.json). The clone stands last on the path, behind the version that is installed and timed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
