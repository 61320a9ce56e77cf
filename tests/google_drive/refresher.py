"""Another process of Creator that wants an access token: prints what it got."""

import json
import sys
from uuid import UUID

from creator_app.infrastructure.database import Database
from creator_app.infrastructure.encryption import Encryptor
from creator_app.infrastructure.rate_limit import RateLimiter
from creator_app.services.drives import Drives
from creator_app.services.unit_of_work import UnitOfWork
from tests.google_drive.world import Heard, Rules

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    uow = UnitOfWork(Database(told["url"]), Heard())
    drives = Drives(Rules(**told["rules"]), uow, Encryptor(["a key for tests"]), RateLimiter())
    grants = drives.grants
    print("ready", flush=True)
    sys.stdin.readline()
    print(grants.access_token(UUID(told["grant"]), told["stale"]), flush=True)
