"""The documentation as a site: `python -m sphinx -W docs build/site`, with the extra `docs`; nothing is run for it.

The pages are the Markdown of this folder, which reads as well on its own. Added for the site: the tree of pages, the
API from docstrings, notebooks with what they printed, and on each model's page its verified cases and its response.
Nothing is loaded from elsewhere, so the site works without a network.
"""

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT), str(ROOT / "docs")]
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")  # kernels are documented, not compiled

_project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
project = "Twin"
author = "The Twin contributors"
project_copyright = f"{author}, {_project['license']}"
version = release = _project["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "site_pages"]
exclude_patterns = ["**/*.py", "_*"]
myst_heading_anchors = 4
# a name such as `y` or `ConfigError` in the fields of a docstring may stand for several things: no link is made
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = f"Twin {version}"
html_show_sphinx = False
html_copy_source = False
html_css_files = ["site.css"]
html_static_path = ["_static"]
pygments_style, pygments_dark_style = "friendly", "monokai"

default_role = "code"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = False
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
