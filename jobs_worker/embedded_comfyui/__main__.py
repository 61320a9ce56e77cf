"""Starts the built-in engine: `python -m jobs_worker.embedded_comfyui --port N --dir D`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import signal
import sys
from pathlib import Path

from aiohttp import web

from .engine import Engine
from .server import create_app


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; 0 when that is how it ended, 1 when it could not start."""
    options = _options()
    if options.probe_nodes:
        importlib.import_module(".probe_nodes", __package__)
    try:
        asyncio.run(_serve(options.host, options.port, options.dir, not options.disable_metadata))
    except OSError as error:
        print(f"The engine cannot start on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m jobs_worker.embedded_comfyui", description="The built-in engine."
    )
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--dir", type=Path, required=True, help="directory of input/, output/ and temp/")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--disable-metadata", action="store_true", help="write no prompt into saved pictures")
    parser.add_argument(
        "--probe-nodes", action="store_true", help="add nodes with chosen duration, for tests"
    )
    return parser.parse_args()


async def _serve(host: str, port: int, root: Path, metadata: bool) -> None:
    engine = Engine(root, metadata)
    runner = web.AppRunner(create_app(engine), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    engine.start()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print(f"engine ready on http://{host}:{_bound_port(runner)}", flush=True)
    await ended.wait()
    with contextlib.suppress(TimeoutError):
        await engine.stop()
    await runner.cleanup()


def _bound_port(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])


if __name__ == "__main__":
    sys.exit(main())
