"""The memory of an idle Creator, part by part.

PSS counts a page that several processes share in equal shares, so that the sum is what the stack takes.
Where the system does not tell it (macOS), RSS is shown, which counts shared pages several times. The stack
has just been started and has been left alone for a while; it has run no job yet.
"""

import time
from pathlib import Path

import psutil

from bench.lab import Lab, processes
from bench.table import say, show
from tests.peers.creator import RunningCreator

IDLE_S = 20.0


def measure(lab: Lab) -> None:
    """Starts Creator, leaves it alone, and prints what it takes."""
    say("memory: starting Creator")
    running = lab.fresh()
    say(f"memory: leaving it alone for {IDLE_S:.0f} s")
    time.sleep(IDLE_S)
    sizes: dict[str, float] = {}
    names = part_names(running)
    kind = "PSS" if Path("/proc/self/smaps_rollup").exists() else "RSS"
    for process in processes(running.home):
        try:
            name, size = _part_of(process, names), memory(process)
        except (psutil.Error, OSError):  # it ended meanwhile
            continue
        sizes[name] = sizes.get(name, 0.0) + size / 2**20
    total = sum(sizes.values())
    order = {name: number for number, name in enumerate(names.values())}
    rows = sorted(sizes.items(), key=lambda row: order.get(row[0], len(order)))
    show(
        f"(d) memory of the idle stack, {IDLE_S:.0f} s after it was ready",
        ("what", f"{kind} MiB", "share"),
        [(name, size, size / total) for name, size in [*rows, ("sum", total)]],
    )


def part_names(running: RunningCreator) -> dict[int, str]:
    """The names of a Creator's parts by process id."""
    files = sorted((running.home / "run").glob("*.pid"))
    names = {int(file.read_text()): file.stem for file in files}
    return {**names, running.up_pid(): "up"}


def memory(process: psutil.Process) -> int:
    """What a process takes, in bytes: its PSS, or its RSS where the system does not tell that."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    if not rollup.exists():
        return int(process.memory_info().rss)
    line = next(line for line in rollup.read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024


def _part_of(process: psutil.Process, names: dict[int, str]) -> str:
    for one in (process, *process.parents()):
        if one.pid in names:
            return names[one.pid]
    return process.name()
