"""Tickets through RQ on a real Valkey."""

import time

import pytest
from rq import Queue, SimpleWorker
from rq.job import Job

from creator_app.errors import Unavailable
from creator_app.infrastructure import queue
from creator_app.infrastructure.logging import bind, clear_bound
from creator_app.infrastructure.queue import QUEUE_NAME, RUN_NEXT, TicketQueue, ticket_request_id
from creator_app.infrastructure.redis import redis_client

seen: list[str | None] = []


def note_request_id():
    """What a ticket calls in these tests."""
    seen.append(ticket_request_id())


@pytest.fixture(autouse=True)
def clean():
    seen.clear()
    clear_bound()
    yield
    clear_bound()


@pytest.fixture
def client(redis_url):
    with redis_client(f"{redis_url}/0") as client:
        yield client


@pytest.fixture
def tickets(client):
    return TicketQueue(client)


def jobs(client) -> list[Job]:
    return Queue(QUEUE_NAME, connection=client).jobs


def test_a_ticket_says_only_that_somebody_may_run_the_next_job(tickets, client):
    tickets.issue()
    [job] = jobs(client)
    assert (job.func_name, job.args, job.kwargs, job.meta) == (RUN_NEXT, (), {}, {})
    assert (job.timeout, job.result_ttl) == (-1, 0)


@pytest.mark.parametrize(("wanted", "issued"), [(0, 0), (1, 1), (7, 7)])
def test_as_many_are_issued_as_wanted(tickets, client, wanted, issued):
    tickets.issue(wanted)
    assert tickets.waiting() == issued == len({job.id for job in jobs(client)})


def test_the_request_goes_along(tickets, client):
    tickets.issue(request_id="r1")
    bind(request_id="r2")
    tickets.issue()
    assert [job.meta for job in jobs(client)] == [{"request_id": "r1"}, {"request_id": "r2"}]


def test_a_worker_learns_the_request(tickets, client, monkeypatch):
    monkeypatch.setattr(queue, "RUN_NEXT", f"{__name__}.note_request_id")
    tickets.issue(request_id="r1")
    tickets.issue()
    connection = tickets.connection()
    worker = SimpleWorker([Queue(QUEUE_NAME, connection=connection)], connection=connection)
    worker.work(burst=True, with_scheduler=False, logging_level="WARNING")
    assert seen == ["r1", None]
    assert ticket_request_id() is None
    assert not any(b":job:" in key for key in client.keys("rq:job:*")), (
        "a ticket that was used leaves nothing"
    )


def test_a_workers_connection_waits_longer_than_ours(tickets, client):
    own = tickets.connection()
    assert own.ping()
    assert own.connection_pool is not client.connection_pool
    assert own.connection_pool.connection_kwargs["socket_timeout"] is None
    assert client.connection_pool.connection_kwargs["socket_timeout"] <= 2


def test_a_queue_that_is_away_is_said_quickly():
    tickets = TicketQueue(redis_client("redis://127.0.0.1:1/0"))
    began = time.perf_counter()
    with pytest.raises(Unavailable):
        tickets.issue()
    with pytest.raises(Unavailable):
        tickets.waiting()
    assert time.perf_counter() - began < 3


def test_tickets_go_on_after_the_queue_came_back_empty(valkey):
    tickets = TicketQueue(redis_client(valkey.url))
    tickets.issue(2)
    valkey.stop()
    with pytest.raises(Unavailable):
        tickets.issue()
    valkey.start()
    assert tickets.waiting() == 0
    tickets.issue()
    assert tickets.waiting() == 1
