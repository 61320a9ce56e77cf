"""Users who hand in small jobs over REST, again when an answer is lost, and cancel some."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx

from tests.recovery.conftest import picture

#: Shipped recipes that want one picture.
RECIPES: Final = ("upscale-2x", "film-look", "soft-background", "square-post", "youtube-thumbnail")
_SIDES: Final = (160, 240, 400, 700)
_ACCEPTED_WITHIN_S: Final = 90.0
_REPEATS: Final = 0.2
_CANCELS: Final = 0.1


@dataclass(frozen=True)
class Accepted:
    """A submission that was answered with 202.

    Attributes:
        job_id: which job it became.
        user: whose.
        began: when it was first sent, UTC.
        at: when the answer was there, UTC.
        sent: how often it was sent.
    """

    job_id: uuid.UUID
    user: int
    began: datetime
    at: datetime
    sent: int


@dataclass
class Ledger:
    """What all users together have seen."""

    accepted: list[Accepted] = field(default_factory=list)
    repeats: int = 0
    cancels: int = 0
    busy: int = 0
    #: Answers that nobody should get, and promises that were broken; a sentence each.
    broken: list[str] = field(default_factory=list)


@dataclass
class User:
    """One user's program.

    Args:
        number: which user.
        url: of Creator.
        key: the API key.
        seed: of what it does.
        jobs: how many it hands in.
        may_go_on: whether there is room for one more.
        ledger: where it notes what happened.
    """

    number: int
    url: str
    key: str
    seed: int
    jobs: int
    may_go_on: Callable[[], bool]
    ledger: Ledger

    def start(self) -> threading.Thread:
        """Hands the jobs in from a thread of its own."""
        thread = threading.Thread(target=self._run, name=f"user-{self.number}", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        chance = random.Random(f"user {self.seed} {self.number}")
        with self.client() as client:
            for _ in range(self.jobs):
                while not self.may_go_on():
                    time.sleep(0.05)
                try:
                    self._one_job(client, chance)
                except AssertionError as error:
                    self.ledger.broken.append(str(error))

    def client(self) -> httpx.Client:
        """Speaks as this user."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def _one_job(self, client: httpx.Client, chance: random.Random) -> None:
        key = str(uuid.UUID(int=chance.getrandbits(128)))
        recipe, side = chance.choice(RECIPES), chance.choice(_SIDES)
        repeat, cancel, after_s = chance.random() < _REPEATS, chance.random() < _CANCELS, chance.random()
        began = datetime.now(UTC)
        job_id, sent = self._submit(client, key, recipe, side)
        accepted = Accepted(job_id, self.number, began, datetime.now(UTC), sent)
        self.ledger.accepted.append(accepted)
        if repeat:
            again, _ = self._submit(client, key, recipe, side)
            self.ledger.repeats += 1
            assert again == job_id, f"job {job_id} became {again} when its submission was repeated"
        if cancel:
            time.sleep(after_s)
            self._cancel(client, job_id)

    def _submit(self, client: httpx.Client, key: str, recipe: str, side: int) -> tuple[uuid.UUID, int]:
        answer, sent = self._persistently(
            lambda: client.post(
                "/api/v1/jobs",
                headers={"Idempotency-Key": key},
                data={"recipe": recipe},
                files={"image": ("picture.png", picture(side), "image/png")},
            ),
            expected=(202,),
        )
        return uuid.UUID(answer.json()["id"]), sent

    def _cancel(self, client: httpx.Client, job_id: uuid.UUID) -> None:
        # 409: it has ended meanwhile.
        self._persistently(lambda: client.post(f"/api/v1/jobs/{job_id}/cancel"), expected=(200, 202, 409))
        self.ledger.cancels += 1

    def _persistently(
        self, ask: Callable[[], httpx.Response], expected: tuple[int, ...]
    ) -> tuple[httpx.Response, int]:
        """Asks until an answer comes; gives it and how often it was asked."""
        deadline = time.monotonic() + _ACCEPTED_WITHIN_S
        sent = 0
        while True:
            sent += 1
            try:
                answer = ask()
            except httpx.TransportError as error:
                assert time.monotonic() < deadline, f"the pages did not come back: {error!r}"
                time.sleep(0.2)
                continue
            if answer.status_code in expected:
                return answer, sent
            # 503 asks to come again; every other answer is one that nobody should get.
            text = f"{answer.request.method} {answer.request.url.path} was answered with {answer.status_code}"
            assert answer.status_code == 503, f"{text}: {answer.text[:300]}"
            assert time.monotonic() < deadline, f"{text} for {_ACCEPTED_WITHIN_S:.0f} s"
            self.ledger.busy += 1
            time.sleep(0.3)
