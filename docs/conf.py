"""How Sphinx builds the documentation: `make docs` writes it to build/docs.

The pages are Markdown that reads on GitHub as well; notebooks are shown with the outputs that they
are kept with. Nothing is fetched, and no notebook is run.
"""

import sys
from pathlib import Path

import gcscope

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

project = "gcscope"
author = "The gcscope developers"
project_copyright = author
version = release = gcscope.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "myst_nb", "site_parts"]
exclude_patterns = ["**/.ipynb_checkpoints"]

# Markdown and notebooks
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
smartquotes = False
nb_output_stderr = "show"

highlight_language = "text"

# docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autosummary_generate = False
add_module_names = False
python_use_unqualified_type_names = True
# types of other packages, and what a signature calls its own type variables
nitpick_ignore_regex = [(r"py:.*", r"(?!gcscope\.).*")]

html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
pygments_dark_style = "github-dark"
html_title = f"gcscope {release}"
html_theme_options = {
    "source_repository": "https://github.com/gcscope/gcscope/",
    "source_branch": "main",
    "source_directory": "docs/",
}
