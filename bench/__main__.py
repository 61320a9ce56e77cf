"""``make bench``: measures the Creator that runs in CREATOR_HOME, and prints a table."""

import sys

from bench import overhead

if __name__ == "__main__":
    sys.exit(overhead.main())
