"""``python -m tests.peers.drive --port N``: the server alone, ruled over HTTP (see `control`)."""

import argparse

from .server import DriveServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.peers.drive", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--user", action="append", default=[], help="e-mail of a user to make; repeatable")
    parser.add_argument("--approve", help="this user agrees to everything without the consent page")
    asked = parser.parse_args()
    with DriveServer(asked.port, asked.host) as drive:
        for email in asked.user or ["ana@example.com"]:
            drive.user(email)
        drive.auto_approve = asked.approve
        print(drive.url, flush=True)
        for name, value in drive.environ().items():
            print(f"{name}={value}", flush=True)
        try:
            drive.wait()
        except KeyboardInterrupt:
            print()


main()
