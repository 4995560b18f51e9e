"""``python -m pulse8``: the same as the command ``pulse8``."""

import sys

from pulse8.cli import main

sys.exit(main())
