"""What a work-horse would do for the first time is done once before any is forked.

Every job runs in a fork of the worker. Whatever Python, SQLAlchemy or Pillow make on first use would be made
again by each of them; made in the parent, all of them find it there.
"""

import gc
import mimetypes
from datetime import timedelta
from uuid import uuid4

from PIL import Image
from sqlalchemy.exc import SQLAlchemyError

from creator_app.bootstrap import Creator
from creator_app.domain.job_state import JobStatus, Outcome
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.comfyui import get_comfyui_client
from creator_app.models import (
    Account,
    Asset,
    ComfyServer,
    JobAttempt,
    Recipe,
    RecipeVersion,
    ServerAbility,
    User,
)
from creator_app.services import claims, job_state, jobs, servers, timings
from creator_app.services.recipes import PreparedJob
from creator_app.services.unit_of_work import Work
from jobs_worker.runner import NO_ERROR

log = get_logger(__name__)

_LEASE = timedelta(seconds=10)


class _Undo(Exception):
    """Ends the rehearsal's transaction without a trace."""


def rehearse(creator: Creator) -> None:
    """Gets everything ready that work-horses inherit. Leaves nothing behind and never raises for a lost part.

    Call it before the first fork; no connection stays open.
    """
    Image.preinit()
    mimetypes.init()
    for url in creator.settings.comfyui_servers:
        get_comfyui_client(servers.split_address(url)[0]).close()
    try:
        rehearse_statements(creator)
    except SQLAlchemyError as error:
        log.warning("rehearsal_skipped", error=type(error).__name__)
    creator.database.disconnect()
    # What is there now never becomes garbage: a work-horse that looked through it would copy its memory.
    gc.collect()
    gc.freeze()


def rehearse_statements(creator: Creator) -> None:
    """Takes a job through its whole life in one transaction, and undoes it.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is away or its tables are missing.
    """
    try:
        with creator.uow.write() as work:
            _submit(work)
            claim = claims.claim_next(work, _LEASE)
            if claim is not None:
                _run(work, claim)
            raise _Undo
    except _Undo:
        return


def _submit(work: Work) -> None:
    account = Account(name="rehearsal")
    recipe = Recipe(slug=f"rehearsal-{uuid4()}", title="Rehearsal")
    server = ComfyServer(url="http://rehearsal.invalid", state="online")
    work.session.add_all([account, recipe, server])
    work.session.flush()
    user = User(account_id=account.id, email=f"{uuid4()}@rehearsal.invalid")
    version = RecipeVersion(recipe_id=recipe.id, hash="0" * 64, manifest={}, workflow={})
    work.session.add_all([user, version])
    work.session.flush()
    work.session.add(ServerAbility(server_id=server.id, recipe_version_id=version.id, able=True))
    work.session.flush()
    prepared = PreparedJob(
        recipe_version_id=version.id, slug=recipe.slug, title=recipe.title, inputs={}, price_credits=0
    )
    jobs.submit(work, account_id=account.id, user_id=user.id, recipe=prepared, source="cli")


def _run(work: Work, claim: claims.Claim) -> None:
    """The statements of `jobs_worker.runner`, in its order."""
    job_id = claim.job.id
    work.session.expire_all()
    work.session.get(RecipeVersion, claim.job.recipe_version_id)
    work.session.get(Asset, uuid4())
    timings.weights(work, claim.job.recipe_version_id)
    claims.renew(work, claim.fence, _LEASE)
    attempt: JobAttempt = job_state.check_fence(work, claim.fence)
    attempt.posted_at = db_now(work.session)
    work.session.add(attempt)
    work.session.flush()
    if JobStatus(claim.job.status) is JobStatus.RUNNING:
        claims.begin_saving(work, claim.fence)
    work.session.add(_result(claim))
    work.session.flush()
    values = {"outputs": [], "finished_at": db_now(work.session), **NO_ERROR}
    job_state.change(work, job_id, JobStatus.SUCCEEDED, fence=claim.fence, values=values)
    claims.end_attempt(work, claim.attempt_id, Outcome.SUCCEEDED, run_seconds=0.0)
    work.session.flush()
    timings.record(work, claim.job.recipe_version_id, {"Rehearsal": 0.0})
    servers.worked(work, uuid4())


def _result(claim: claims.Claim) -> Asset:
    return Asset(
        account_id=claim.job.account_id,
        kind="output",
        sha256="0" * 64,
        size_bytes=0,
        content_type="image/png",
        filename="rehearsal.png",
        storage_key=f"rehearsal/{claim.attempt_id}",
    )
