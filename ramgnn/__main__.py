"""``python -m ramgnn``: the same as the command ``ramgnn``."""

import sys

from ramgnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
