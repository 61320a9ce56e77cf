"""What Prometheus may ask for: requests by route, and how many jobs are in which state.

One registry per process; with several web processes each answers for its own requests.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func
from sqlmodel import select

from creator_app.bootstrap import get_creator
from creator_app.domain.job_state import JobStatus
from creator_app.models import Job

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class JobsByState(Collector):
    """Counts jobs at the moment of asking, from the database: the truth."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One gauge, a value per state."""
        family = GaugeMetricFamily("creator_jobs", "Jobs by state.", labels=["status"])
        with get_creator().uow.read() as work:
            rows = work.session.exec(select(Job.status, func.count()).group_by(Job.status)).all()
        counts = dict.fromkeys((status.value for status in JobStatus), 0) | dict(rows)
        for status, count in counts.items():
            family.add_metric([status], count)
        yield family


class Metrics:
    """The numbers of this process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("creator_http_requests", "Requests.", labels, registry=self._registry)
        self._seconds = Histogram(
            "creator_http_seconds", "Time to answer.", ("route",), registry=self._registry, buckets=_BUCKETS_S
        )
        self._jobs = JobsByState()

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Everything in Prometheus' text format. Reads the database."""
        jobs = CollectorRegistry()
        jobs.register(self._jobs)
        return generate_latest(self._registry) + generate_latest(jobs)


metrics = Metrics()
