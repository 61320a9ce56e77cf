"""The files of a job: what it was made with and what came out."""

from uuid import UUID

from sqlmodel import col, select

from creator_app.models import Asset, Job
from creator_app.services import jobs
from creator_app.services.unit_of_work import Work


def of_job(work: Work, job: Job) -> dict[UUID, Asset]:
    """Every file that the job names, by id. Another account's file is never among them."""
    wanted = [UUID(row["asset_id"]) for row in job.outputs or []]
    wanted += [UUID(value["asset_id"]) for value in jobs.file_inputs(job).values()]
    statement = select(Asset).where(col(Asset.id).in_(wanted), Asset.account_id == job.account_id)
    return {asset.id: asset for asset in work.session.exec(statement)}
