import sys
from importlib.metadata import version as version_of
from pathlib import Path

from pulse8.notice import NOTICE

sys.path.insert(0, str(Path(__file__).parent))  # notebook_pages

project = "pulse8"
author = "The pulse8 authors"
copyright = "2026, The pulse8 authors"  # noqa: A001 - Sphinx names it so
release = version = version_of("pulse8")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "notebook_pages"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "pulse8"
html_static_path = ["static"]
html_css_files = ["pulse8.css"]
html_theme_options = {"announcement": NOTICE}

myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100
napoleon_google_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]  # a record's fields are told once; "a, b" is two of them
