"""Finds a Chromium for the tests, or brings one in: `python -m tests.peers.browser`.

A missing one is a failure, never a reason to skip.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root otherwise


@cache
def executable() -> str | None:
    """The path of an installed browser, or None for Playwright's own.

    Raises:
        RuntimeError: there is none, and none could be brought in.
    """
    tried = []
    for way in (_installed, _playwright_own, _fetched_by_playwright, _fetched_by_system):
        found, path = way()
        if found and _starts(path):
            return path
        tried.append(way.__name__.strip("_").replace("_", " "))
    ways = ", ".join(tried)
    raise RuntimeError(f"No Chromium for the browser tests. Tried: {ways}. Install chromium by hand.")


def _installed() -> tuple[bool, str | None]:
    paths = [shutil.which(name) for name in NAMES] + [path for path in MAC if Path(path).exists()]
    path = next((path for path in paths if path), None)
    return path is not None, path


def _playwright_own() -> tuple[bool, str | None]:
    return True, None


def _fetched_by_playwright() -> tuple[bool, str | None]:
    print("Fetching Playwright's Chromium", flush=True)
    return _worked([sys.executable, "-m", "playwright", "install", "chromium"]), None


def _fetched_by_system() -> tuple[bool, str | None]:
    print("Installing chromium with the system's package manager", flush=True)
    root = ["sudo", "-n"] if os.geteuid() != 0 and shutil.which("sudo") else []
    if shutil.which("apt-get"):
        _worked([*root, "apt-get", "update", "-qq"])
        _worked([*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    elif shutil.which("brew"):
        _worked(["brew", "install", "--cask", "chromium"])
    return _installed()


def _worked(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _starts(path: str | None) -> bool:
    with sync_playwright() as playwright:
        try:
            playwright.chromium.launch(executable_path=path, args=ARGUMENTS).close()
        except Error:
            return False
    return True


if __name__ == "__main__":
    try:
        print(f"Browser for the tests: {executable() or 'the one that Playwright brings'}")
    except RuntimeError as error:
        sys.exit(str(error))
