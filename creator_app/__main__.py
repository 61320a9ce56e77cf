"""The operator's command line: ``python -m creator_app``."""

import sys

from creator_app.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
