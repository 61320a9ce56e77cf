"""Somebody with something to lose, whom the walks try to rob."""

import re
from dataclasses import dataclass

import httpx

from tests.api.stack import Stack, picture

SECRET_NAME = "secret-holiday"


@dataclass
class Victim:
    """A user with a finished job, a waiting one and an API key."""

    client: httpx.Client
    email: str
    finished: str
    waiting: str
    key_id: str
    key_prefix: str

    @classmethod
    def of(cls, stack: Stack) -> "Victim":
        """A new one."""
        client = stack.person()
        finished, waiting = (stack.submit(client, name=f"{SECRET_NAME}.png")["id"] for _ in range(2))
        stack.finish(finished, [("secret-result.png", "image/png", picture(color="navy"))])
        key = client.post("/api/v1/api-keys", json={"name": "victim"}).json()
        email = client.get("/api/v1/auth/me").json()["user"]["email"]
        return cls(client, email, finished, waiting, key["id"], key["prefix"])

    def fill(self, path: str) -> str:
        """``path`` with the victim's ids in its places."""
        values = {"job_id": self.finished, "key_id": self.key_id, "n": "0", "name": "image"}
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
            "secret-result",
            SECRET_NAME,
        ]

    def belongings(self) -> tuple[object, ...]:
        """All that the victim has, as they see it."""
        jobs = self.client.get("/api/v1/jobs").json()
        for job in jobs["items"]:
            if job["status"] == "queued":
                # The line is everybody's: a stranger's job may come before, and be of an unknown length.
                del job["status_sentence"], job["progress"]
        keys = [(row["id"], row["name"]) for row in self.client.get("/api/v1/api-keys").json()["items"]]
        return jobs, keys, self.client.get(f"/api/v1/jobs/{self.finished}/outputs/0").content
