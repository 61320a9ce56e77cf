"""Takes one claimed job through its states.

stage inputs → send the prompt → follow it → save the outputs → settle. Every write is fenced by the
attempt's lease: a runner that lost it changes nothing any more, and stops.
"""

import time
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from creator_app.bootstrap import Creator
from creator_app.domain.job_state import JobStatus, Outcome
from creator_app.domain.retries import may_try_again, wait_before
from creator_app.errors import CreatorError, LeaseLost
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import bind, get_logger
from creator_app.integrations.comfyui import (
    ComfyUIClient,
    ErrorKind,
    History,
    PromptFailed,
    PromptForgotten,
    get_comfyui_client,
)
from creator_app.models import Asset
from creator_app.services import abilities, claims, job_state, servers, timings
from creator_app.services.claims import Claim
from creator_app.services.unit_of_work import Work
from jobs_worker.engine_run import EngineRun
from jobs_worker.lease import LeaseKeeper
from jobs_worker.outputs import save_outputs
from jobs_worker.progress import ProgressReporter

log = get_logger(__name__)

SORRY = "Something went wrong while your picture was being worked on."
SORRY_HINT = "Try again. If it happens again, tell the person who runs this site."


class Canceled(Exception):
    """The job was canceled and its prompt has stopped."""


class Runner:
    """Runs one claim to its end.

    Args:
        creator: this process's Creator.
        claim: what was claimed.
    """

    def __init__(self, creator: Creator, claim: Claim) -> None:
        self._creator = creator
        self._claim = claim
        self._lease_time = timedelta(seconds=creator.settings.lease_seconds)
        self._result: History | None = None
        self._seconds_by_class: dict[str, float] = {}

    def run(self) -> None:
        """Works until the job is final, is queued again, or the lease is lost."""
        claim = self._claim
        client = get_comfyui_client(claim.server_url, self._headers())
        reporter = ProgressReporter(self._creator.publisher, claim.job)
        try:
            with LeaseKeeper(self._creator, claim.fence, self._lease_time) as keeper:
                self._work(client, keeper, reporter)
        except LeaseLost:
            log.warning("lease_lost", attempt=claim.job.attempts)
        except Canceled:
            self._end(JobStatus.CANCELED, Outcome.CANCELED)
        except PromptFailed as error:
            self._failed(error)
        except CreatorError as error:
            self._give_up(error, kind=error.code, detail=str(error))
        except Exception as error:
            log.exception("run_broke")
            self._try_again_or_give_up(
                CreatorError(SORRY, hint=SORRY_HINT), kind="unknown", detail=repr(error), retryable=True
            )
        finally:
            reporter.close()
            client.close()

    def _headers(self) -> dict[str, str] | None:
        kept = self._claim.server_headers
        return self._creator.encryptor.decrypt_dict(kept) if kept else None

    def _work(self, client: ComfyUIClient, keeper: LeaseKeeper, reporter: ProgressReporter) -> None:
        run = EngineRun(self._creator, self._claim, client, keeper, reporter)
        result = run.result()
        self._seconds_by_class = run.seconds_by_class
        if result is None:
            self._stopped(keeper)
            return
        self._result = result
        if self._claim.job.status == JobStatus.RUNNING.value:  # a run that was taken over may be further
            self._saving()
        crash_point("output.before")
        self._succeed(*save_outputs(self._creator, self._claim, client, result, run.wanted))

    def _stopped(self, keeper: LeaseKeeper) -> None:
        if keeper.lost.is_set():
            raise LeaseLost("This run of the job was taken over.")
        raise Canceled

    def _saving(self) -> None:
        with self._creator.uow.write() as work:
            claims.begin_saving(work, self._claim.fence)

    def _succeed(self, outputs: list[dict[str, Any]], assets: list[Asset]) -> None:
        claim = self._claim
        with self._creator.uow.write() as work:
            work.session.add_all(assets)
            values = {"outputs": outputs, "finished_at": db_now(work.session), **NO_ERROR}
            job_state.change(work, claim.job.id, JobStatus.SUCCEEDED, fence=claim.fence, values=values)
            claims.end_attempt(work, claim.attempt_id, Outcome.SUCCEEDED, run_seconds=self._run_seconds())
            crash_point("settle.before_commit")
        crash_point("settle.after_commit")
        self._learn()

    def _learn(self) -> None:
        """What this run says about the next ones; the job itself has ended, whatever happens here."""
        claim, seconds = self._claim, self._seconds_by_class
        try:
            with self._creator.uow.write() as work:
                timings.record(work, claim.job.recipe_version_id, seconds)
                if claim.server_id is not None:
                    servers.worked(work, claim.server_id)
        except SQLAlchemyError as error:
            log.warning("run_not_learnt_from", error=type(error).__name__)

    def _run_seconds(self) -> float | None:
        return self._result.run_seconds if self._result else None

    def _end(self, status: JobStatus, outcome: Outcome) -> None:
        claim = self._claim
        try:
            with self._creator.uow.write() as work:
                values = {"finished_at": db_now(work.session)}
                job_state.change(work, claim.job.id, status, fence=claim.fence, values=values)
                claims.end_attempt(work, claim.attempt_id, outcome)
        except CreatorError as error:
            log.warning("end_not_written", error=str(error))

    def _failed(self, error: PromptFailed) -> None:
        gone = error.kind is ErrorKind.SERVER_GONE and not isinstance(error, PromptForgotten)
        if self._claim.server_id is not None and (gone or error.blames_server):
            with self._creator.uow.write() as work:
                if gone:
                    servers.missed(work, self._claim.server_id, error.detail or error.message)
                servers.blame(work, self._claim.server_id, error.detail or error.message)
        if error.kind is ErrorKind.OUT_OF_MEMORY:
            self._try_where_there_is_more_memory(error)
            return
        if error.kind in (ErrorKind.MISSING_NODE, ErrorKind.MISSING_MODEL):
            self._try_where_nothing_is_missing(error)
            return
        self._try_again_or_give_up(
            error, kind=error.kind.value, detail=error.detail, retryable=error.retryable
        )

    def _try_where_there_is_more_memory(self, error: PromptFailed) -> None:
        claim = self._claim
        more_than = None
        if claim.job.more_memory_than is None:  # once
            with self._creator.uow.read() as work:
                more_than = servers.memory_if_another_has_more(work, claim.server_id)
        if more_than is None:
            self._give_up(error, kind=error.kind.value, detail=error.detail)
        else:
            self._queue_again(error.kind.value, error.detail, more_memory_than=more_than)

    def _try_again_or_give_up(
        self, error: CreatorError, *, kind: str, detail: str | None, retryable: bool
    ) -> None:
        if may_try_again(self._claim.job.attempts, retryable=retryable):
            self._queue_again(kind, detail)
        else:
            self._give_up(error, kind=kind, detail=detail)

    def _try_where_nothing_is_missing(self, error: PromptFailed) -> None:
        claim, elsewhere = self._claim, False
        if claim.server_id is not None:
            with self._creator.uow.write() as work:
                elsewhere = abilities.lacks(
                    work, claim.server_id, claim.job.recipe_version_id, error.detail or error.message
                )
        self._try_again_or_give_up(error, kind=error.kind.value, detail=error.detail, retryable=elsewhere)

    def _was_to_be_stopped(self, work: Work, kind: str, detail: str | None) -> bool:
        claim = self._claim
        return claims.end_if_canceled(
            work, claim.job.id, claim.attempt_id, fence=claim.fence, error_kind=kind, error_detail=detail
        )

    def _queue_again(self, kind: str, detail: str | None, **further: Any) -> None:
        claim = self._claim
        try:
            with self._creator.uow.write() as work:
                if self._was_to_be_stopped(work, kind, detail):
                    return
                wait = wait_before(claim.job.attempts)
                values = {"available_at": db_now(work.session) + wait, "waiting_reason": "retry"}
                values |= further
                job_state.change(
                    work,
                    claim.job.id,
                    JobStatus.QUEUED,
                    fence=claim.fence,
                    values=values,
                    event="will_retry",
                    data={"kind": kind, "wait_s": wait.total_seconds()},
                )
                claims.end_attempt(work, claim.attempt_id, Outcome.LOST, error_kind=kind, error_detail=detail)
        except CreatorError as lost:
            log.warning("retry_not_written", error=str(lost))

    def _give_up(self, error: CreatorError, *, kind: str, detail: str | None) -> None:
        claim = self._claim
        try:
            with self._creator.uow.write() as work:
                if self._was_to_be_stopped(work, kind, detail):
                    return
                values = {
                    "finished_at": db_now(work.session),
                    "error_code": kind,
                    "error_message": error.message,
                    "error_hint": error.hint,
                    "error_detail": detail,
                }
                job_state.change(work, claim.job.id, JobStatus.FAILED, fence=claim.fence, values=values)
                claims.end_attempt(
                    work, claim.attempt_id, Outcome.FAILED, error_kind=kind, error_detail=detail
                )
        except CreatorError as lost:
            log.warning("failure_not_written", error=str(lost))


#: What a success leaves of earlier failures.
NO_ERROR: dict[str, Any] = {
    "error_code": None,
    "error_message": None,
    "error_hint": None,
    "error_detail": None,
    "waiting_reason": None,
}


def run_next(creator: Creator) -> bool:
    """Claims what is to be done next and does it.

    Returns:
        Whether there was anything to do.
    """
    lease = timedelta(seconds=creator.settings.lease_seconds)
    with creator.uow.write() as work:
        claim = claims.claim_next(work, lease)
    if claim is None:
        return False
    crash_point("claim.after_commit")
    bind(job_id=str(claim.job.id))
    started = time.monotonic()
    Runner(creator, claim).run()
    log.info("run_ended", took_s=round(time.monotonic() - started, 3))
    return True
