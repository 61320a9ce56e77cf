"""Tickets: "somebody may run the next job". A ticket carries no data of a job, so losing one loses nothing.

The worker that takes a ticket claims a job from the database. RQ's own time limit is off: the deadline
is ours.
"""

from typing import Final

import redis
from rq import Queue

from creator_app.errors import Unavailable
from creator_app.infrastructure.logging import bound
from creator_app.infrastructure.redis import patient_options

QUEUE_NAME: Final = "jobs"
#: What a worker calls for a ticket, by name: nothing here imports the worker.
RUN_NEXT: Final = "jobs_worker.tasks.run_next"
_NO_TIME_LIMIT: Final = -1
# A ticket that failed is of no use to anybody; the job's own events tell what happened.
_KEEP_FAILED_S: Final = 3600


class TicketQueue:
    """Issues tickets into RQ.

    Args:
        client: the Redis database of the queue.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._queue = Queue(QUEUE_NAME, connection=client)

    def issue(self, n: int = 1, request_id: str | None = None) -> None:
        """Puts ``n`` tickets into the queue, in one round trip.

        Args:
            n: how many jobs may be waiting; more than there are does no harm.
            request_id: the request that led to it, for the worker's log; left out: the one bound here.

        Raises:
            Unavailable: Redis is away. Nothing is lost: the sweeper issues tickets for waiting jobs.
        """
        if n < 1:
            return
        request_id = request_id or bound().get("request_id")
        meta = {"request_id": request_id} if request_id else {}
        tickets = [
            Queue.prepare_data(
                RUN_NEXT, timeout=_NO_TIME_LIMIT, result_ttl=0, failure_ttl=_KEEP_FAILED_S, meta=dict(meta)
            )
            for _ in range(n)
        ]
        try:
            self._queue.enqueue_many(tickets)
        except redis.RedisError as error:
            raise Unavailable(
                "The queue is not available just now; the job starts a little later."
            ) from error

    def waiting(self) -> int:
        """How many tickets nobody has taken yet.

        Raises:
            Unavailable: Redis is away.
        """
        try:
            return int(self._queue.count)
        except redis.RedisError as error:
            raise Unavailable("The queue is not available just now.") from error

    def connection(self) -> redis.Redis:
        """A client of its own for a worker, which waits on it for minutes and sets its own timeouts."""
        pool = self._client.connection_pool
        options = {**pool.connection_kwargs, **patient_options(), "socket_timeout": None}
        own = redis.ConnectionPool(connection_class=pool.connection_class, **options)
        return redis.Redis.from_pool(own)


def ticket_request_id() -> str | None:
    """The id of the request that led to the ticket being worked on in this process; ``None`` if unknown."""
    from rq import get_current_job

    job = get_current_job()
    request_id = job.meta.get("request_id") if job else None
    return str(request_id) if request_id else None
