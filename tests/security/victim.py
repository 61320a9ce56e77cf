"""Somebody with something to lose, whom the walks try to rob."""

import re
from dataclasses import dataclass
from uuid import UUID

import httpx

from creator_app.models import DropFolder, DropSource, OAuthGrant
from creator_app.repositories.users import UserRepository
from tests.api.stack import Stack, picture

SECRET_NAME = "secret-holiday"
SECRET_FOLDER = "secret-drop-folder"


@dataclass
class Victim:
    """A user with a finished job, a waiting one and an API key."""

    client: httpx.Client
    email: str
    finished: str
    waiting: str
    key_id: str
    key_prefix: str
    watch_id: str

    @classmethod
    def of(cls, stack: Stack) -> "Victim":
        """A new one."""
        client = stack.person()
        finished, waiting = (stack.submit(client, name=f"{SECRET_NAME}.png")["id"] for _ in range(2))
        stack.finish(finished, [("secret-result.png", "image/png", picture(color="navy"))])
        key = client.post("/api/v1/api-keys", json={"name": "victim"}).json()
        email = client.get("/api/v1/auth/me").json()["user"]["email"]
        watch_id = _drop_folder(stack, email)
        return cls(client, email, finished, waiting, key["id"], key["prefix"], watch_id)

    def fill(self, path: str) -> str:
        """``path`` with the victim's ids in its places."""
        values = {"job_id": self.finished, "key_id": self.key_id, "n": "0", "name": "image"}
        values |= {"watch_id": self.watch_id, "server_id": str(UUID(int=0))}
        values |= {"slug": "square-post", "side": "before", "key": "signed/one"}
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: values[found[1]], path)

    def secrets(self) -> list[str]:
        """Texts that nobody else may see."""
        return [
            self.email,
            self.finished,
            self.waiting,
            self.key_id,
            self.key_prefix,
            self.watch_id,
            "secret-result",
            SECRET_NAME,
            SECRET_FOLDER,
        ]

    def belongings(self) -> tuple[object, ...]:
        """All that the victim has, as they see it."""
        jobs = self.client.get("/api/v1/jobs").json()
        for job in jobs["items"]:
            if job["status"] == "queued":
                # The line is everybody's: a stranger's job may come before, and be of an unknown length.
                del job["status_sentence"], job["progress"]
        keys = [(row["id"], row["name"]) for row in self.client.get("/api/v1/api-keys").json()["items"]]
        drive = self.client.get("/api/v1/drive").json()
        return jobs, keys, drive, self.client.get(f"/api/v1/jobs/{self.finished}/outputs/0").content


def _drop_folder(stack: Stack, email: str) -> str:
    """A folder in the user's Google Drive, which nobody can reach here."""
    with stack.creator.uow.write() as work:
        user = UserRepository(work.session).by_email(email)
        assert user is not None
        owner = {"user_id": user.id, "account_id": user.account_id}
        grant = OAuthGrant(**owner, provider="google", purpose="drive", subject="1", email=SECRET_FOLDER)
        work.session.add(grant)
        work.session.flush()
        source = DropSource(**owner, kind="drive", address=str(grant.id), grant_id=grant.id)
        work.session.add(source)
        work.session.flush()
        folder = DropFolder(
            **owner, source_id=source.id, remote_id="r", name=SECRET_FOLDER, recipe_slug="square-post"
        )
        work.session.add(folder)
        work.session.flush()
        return str(folder.id)
