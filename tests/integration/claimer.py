"""One process of a race: waits for the start, claims until nothing is left, prints what it won as JSON."""

import json
import sys
import time

from creator_app.infrastructure.database import Database
from creator_app.services import claims
from creator_app.services.unit_of_work import UnitOfWork
from tests.integration.line_world import LEASE, Heard


def main(url: str) -> None:
    uow = UnitOfWork(Database(url), Heard())
    print("ready", flush=True)
    input()
    won = []
    while True:
        with uow.write() as work:
            claim = claims.claim_next(work, LEASE)
        if claim is None:
            break
        won.append(str(claim.job.id))
        time.sleep(0.01)  # a real worker has something to do now
    print(json.dumps(won))


if __name__ == "__main__":
    main(sys.argv[1])
