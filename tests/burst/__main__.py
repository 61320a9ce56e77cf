"""`python -m tests.burst`: the full burst. The seed is printed; the same seed drops the same files."""

import argparse
import dataclasses
import random
import sys
import tempfile
from pathlib import Path

from tests.burst.run import FULL, SHORT, run


def main() -> int:
    """Runs it; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.burst", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of files and faults")
    parser.add_argument("--files", type=int, default=FULL.kinds.files, help="dropped altogether")
    parser.add_argument("--faults", type=float, default=FULL.faults, help="share of Google's calls that fail")
    parser.add_argument("--users", type=int, default=FULL.users, help="whose Drives")
    parser.add_argument(
        "--lose-every", type=int, default=FULL.lose_every, help="so many-th change is never told of"
    )
    parser.add_argument("--kills", type=int, default=FULL.kills, help="of courier, worker and clock together")
    parser.add_argument("--short", action="store_true", help="the burst of the tests")
    parser.add_argument("--keep", type=Path, help="an empty folder for what is left; default: thrown away")
    options = parser.parse_args()
    kinds = dataclasses.replace(FULL.kinds, files=options.files)
    asked = {"users": options.users, "lose_every": options.lose_every, "kills": options.kills}
    scale = dataclasses.replace(FULL, kinds=kinds, faults=options.faults, **asked)
    scale = SHORT if options.short else scale
    print(f"A burst with --seed {options.seed}: {scale.kinds.files} files", flush=True)
    with tempfile.TemporaryDirectory(prefix="burst-") as folder:
        report = run(options.keep or Path(folder) / "home", options.seed, scale)
    print(f"\n{report.text}\n")
    for sentence in report.broken:
        print(sentence)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
