"""The one row that claims are made under: the line's virtual clock and its switches."""

from typing import Final

from sqlmodel import Field, SQLModel

#: The name of the only row.
LINE: Final = "line"


class Scheduler(SQLModel, table=True):
    """Locked by every claim, so that two claims never choose at the same time."""

    __tablename__ = "scheduler"

    name: str = Field(primary_key=True)
    #: Virtual start time of the job that was started last; see `creator_app.domain.fairness`.
    clock: float = 0.0
    #: The operator takes no new jobs.
    intake_paused: bool = False
    #: Nothing new is started; what runs goes on.
    queue_paused: bool = False
