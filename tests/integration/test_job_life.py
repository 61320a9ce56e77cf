"""The life of a job against a real database: submit, claim, lease, fence, take-over, cancel, ledger."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select, update

from creator_app.domain.job_state import JobStatus, Outcome
from creator_app.errors import Conflict, InvalidTransition, LeaseLost, NotFound
from creator_app.infrastructure.database import Database, db_now
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import (
    Account,
    ComfyServer,
    Job,
    JobAttempt,
    JobEvent,
    LedgerEntry,
    Recipe,
    RecipeVersion,
    ServerAbility,
    User,
)
from creator_app.services import claims, job_state, jobs, sweeper
from creator_app.services.claims import Claim
from creator_app.services.recipes import PreparedJob
from creator_app.services.unit_of_work import JobChanged, TicketWanted, UnitOfWork
from tests.integration.line_world import LEASE, Heard


class World:
    """A database with two people, a recipe and a server of one slot."""

    def __init__(self, url: str) -> None:
        upgrade(url)
        self.database = Database(url)
        self.heard = Heard()
        self.uow = UnitOfWork(self.database, self.heard)
        self.people: list[tuple[UUID, UUID]] = []
        with self.uow.write() as work:
            for name in ("ann", "bob"):
                account = Account(name=name)
                work.session.add(account)
                work.session.flush()
                user = User(account_id=account.id, email=f"{name}@example.org")
                work.session.add(user)
                work.session.flush()
                self.people.append((account.id, user.id))
            recipe = Recipe(slug="square-post", title="Square post")
            work.session.add(recipe)
            work.session.flush()
            version = RecipeVersion(recipe_id=recipe.id, hash="0" * 64, manifest={}, workflow={})
            server = ComfyServer(url="http://127.0.0.1:1", state="online")
            work.session.add_all([version, server])
            work.session.flush()
            work.session.add(ServerAbility(server_id=server.id, recipe_version_id=version.id, able=True))
            self.version_id, self.server_id = version.id, server.id

    def submit(self, person: int = 0, key: str | None = None, content: str | None = None) -> tuple[Job, bool]:
        account_id, user_id = self.people[person]
        prepared = PreparedJob(
            recipe_version_id=self.version_id,
            slug="square-post",
            title="Square post",
            inputs={},
            price_credits=2,
        )
        with self.uow.write() as work:
            return jobs.submit(
                work,
                account_id=account_id,
                user_id=user_id,
                recipe=prepared,
                source="api",
                idempotency_key=key,
                content_hash=content,
            )

    def claim(self) -> Claim | None:
        with self.uow.write() as work:
            return claims.claim_next(work, LEASE)

    def job(self, job_id: UUID) -> Job:
        with self.uow.read() as work:
            job = work.session.get(Job, job_id)
            assert job is not None
            return job

    def ledger(self, job_id: UUID) -> list[str]:
        with self.uow.read() as work:
            statement = (
                select(LedgerEntry.kind)
                .where(LedgerEntry.job_id == job_id)
                .order_by(col(LedgerEntry.created_at))
            )
            return list(work.session.exec(statement))

    def expire(self, claim: Claim) -> None:
        with self.uow.write() as work:
            past = db_now(work.session) - timedelta(seconds=1)
            statement = update(JobAttempt).where(col(JobAttempt.id) == claim.attempt_id)
            work.session.exec(statement.values(lease_expires_at=past))

    def succeed(self, claim: Claim) -> None:
        with self.uow.write() as work:
            job_state.change(work, claim.job.id, JobStatus.SAVING, fence=claim.fence)
        with self.uow.write() as work:
            job_state.change(work, claim.job.id, JobStatus.SUCCEEDED, fence=claim.fence)
            claims.end_attempt(work, claim.attempt_id, Outcome.SUCCEEDED)


@pytest.fixture
def world(ready_url: str) -> Iterator[World]:
    world = World(ready_url)
    yield world
    world.database.engine.dispose()


def claimed(world: World) -> Claim:
    claim = world.claim()
    assert claim is not None
    return claim


def test_accepting_a_job_writes_row_event_and_hold_and_tells_after_the_commit(world: World) -> None:
    job, created = world.submit()
    assert created
    assert world.ledger(job.id) == ["hold"]
    assert world.heard.messages == [TicketWanted(), JobChanged(job.account_id, job.id, "queued")]
    with world.uow.read() as work:
        assert work.session.exec(select(JobEvent.kind).where(JobEvent.job_id == job.id)).all() == [
            "submitted"
        ]


def test_the_same_idempotency_key_finds_the_same_job_and_holds_once(world: World) -> None:
    first, _ = world.submit(key="k", content="c")
    again, created = world.submit(key="k", content="c")
    assert (again.id, created) == (first.id, False)
    assert world.ledger(first.id) == ["hold"]


def test_one_key_at_the_same_moment_makes_one_job(world: World) -> None:
    together = threading.Barrier(4)

    def submit(_: int) -> tuple[UUID, bool]:
        together.wait()
        job, created = world.submit(key="k", content="c")
        return job.id, created

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(submit, range(4)))
    assert len({job_id for job_id, _ in found}) == 1
    assert sorted(created for _, created in found) == [False, False, False, True]
    assert world.ledger(found[0][0]) == ["hold"]


def test_an_idempotency_key_with_other_content_is_refused(world: World) -> None:
    world.submit(key="k", content="c")
    with pytest.raises(Conflict):
        world.submit(key="k", content="other")


def test_a_key_belongs_to_its_account(world: World) -> None:
    first, _ = world.submit(0, key="k", content="c")
    second, created = world.submit(1, key="k", content="c")
    assert created
    assert first.id != second.id


def test_a_job_runs_to_its_end_and_is_settled_once(world: World) -> None:
    job, _ = world.submit()
    claim = claimed(world)
    assert (claim.job.id, claim.job.status, claim.job.attempts) == (job.id, "running", 1)
    world.succeed(claim)
    assert world.job(job.id).status == "succeeded"
    assert world.ledger(job.id) == ["hold", "settle"]
    with pytest.raises((InvalidTransition, LeaseLost)):
        world.succeed(claim)
    assert world.ledger(job.id) == ["hold", "settle"]


def test_one_slot_runs_one_job(world: World) -> None:
    world.submit()
    world.submit()
    assert world.claim() is not None
    assert world.claim() is None


def test_the_account_served_least_recently_is_next(world: World) -> None:
    for _ in range(3):
        world.submit(0)
    world.submit(1)
    world.succeed(claimed(world))
    assert claimed(world).job.account_id == world.people[1][0]


def test_a_runner_whose_lease_ran_out_changes_nothing(world: World) -> None:
    job, _ = world.submit()
    claim = claimed(world)
    world.expire(claim)
    with pytest.raises(LeaseLost):
        world.succeed(claim)
    with world.uow.write() as work:
        assert not claims.renew(work, claim.fence, LEASE)
    assert world.job(job.id).status == "running"


def test_an_abandoned_attempt_is_taken_over_with_its_prompt_id(world: World) -> None:
    world.submit()
    first = claimed(world)
    world.expire(first)
    second = claimed(world)
    assert second.taken_over
    assert (second.attempt_id, second.prompt_id) == (first.attempt_id, first.prompt_id)
    assert second.fence.lease_token != first.fence.lease_token
    with pytest.raises(LeaseLost):
        world.succeed(first)
    world.succeed(second)
    assert world.ledger(first.job.id) == ["hold", "settle"]


def test_a_lease_that_holds_is_not_taken_over(world: World) -> None:
    world.submit()
    claim = claimed(world)
    with world.uow.write() as work:
        assert claims.renew(work, claim.fence, LEASE)
    assert world.claim() is None


def test_a_waiting_job_is_canceled_at_once_and_its_credits_come_back(world: World) -> None:
    job, _ = world.submit()
    with world.uow.write() as work:
        assert jobs.request_cancel(work, job.account_id, job.id).status == "canceled"
    assert world.ledger(job.id) == ["hold", "release"]
    assert world.claim() is None


def test_a_running_job_is_only_asked_to_stop(world: World) -> None:
    job, _ = world.submit()
    claimed(world)
    for _ in range(2):
        with world.uow.write() as work:
            asked = jobs.request_cancel(work, job.account_id, job.id)
    assert asked.status == "running"
    assert asked.cancel_requested_at is not None


def test_a_finished_job_can_not_be_canceled(world: World) -> None:
    job, _ = world.submit()
    world.succeed(claimed(world))
    with pytest.raises(Conflict), world.uow.write() as work:
        jobs.request_cancel(work, job.account_id, job.id)


def test_another_account_sees_no_such_job(world: World) -> None:
    job, _ = world.submit(0)
    other = world.people[1][0]
    for act in (jobs.get, jobs.request_cancel, jobs.delete):
        with pytest.raises(NotFound), world.uow.write() as work:
            act(work, other, job.id)


def test_a_retry_by_a_person_is_a_new_job(world: World) -> None:
    job, _ = world.submit()
    account_id, user_id = world.people[0]
    with pytest.raises(Conflict), world.uow.write() as work:
        jobs.retry(work, account_id, user_id, job.id)
    with world.uow.write() as work:
        jobs.request_cancel(work, account_id, job.id)
    with world.uow.write() as work:
        again = jobs.retry(work, account_id, user_id, job.id)
    assert (again.retry_of, again.status) == (job.id, "queued")
    assert world.ledger(again.id) == ["hold"]


def test_pages_hold_every_job_once(world: World) -> None:
    ids = [world.submit()[0].id for _ in range(7)]
    world.submit(1)
    seen: list[UUID] = []
    cursor = None
    while True:
        with world.uow.read() as work:
            rows, cursor = jobs.list_page(work, world.people[0][0], cursor=cursor, limit=3)
        seen += [row.id for row in rows]
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_the_sweeper_wants_a_ticket_for_each_job_that_could_start(world: World) -> None:
    def needed() -> int:
        with world.uow.write() as work:
            return sweeper.tickets_needed(work)

    assert needed() == 0
    world.submit()
    world.submit()
    assert needed() == 1  # one slot
    claim = claimed(world)
    assert needed() == 0
    world.expire(claim)
    assert needed() == 1


def test_a_failing_transaction_tells_nothing_and_leaves_nothing(world: World) -> None:
    with pytest.raises(RuntimeError), world.uow.write() as work:
        work.session.add(Account(name="never"))
        work.tell(TicketWanted())
        raise RuntimeError
    assert world.heard.messages == []
    with world.uow.read() as work:
        assert work.session.exec(select(Account).where(Account.name == "never")).first() is None


def test_twenty_claims_at_once_win_each_job_once(world: World) -> None:
    for _ in range(5):
        world.submit()
    with world.uow.write() as work:
        server = work.session.get(ComfyServer, world.server_id)
        assert server is not None
        server.slots = 50
        work.session.add(server)
    won: list[UUID] = []

    def take() -> None:
        claim = world.claim()
        if claim is not None:
            won.append(claim.job.id)

    threads = [threading.Thread(target=take) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == len(set(won)) <= 5
    while world.claim() is not None:
        won.append(UUID(int=0))
    assert len(won) == 5
