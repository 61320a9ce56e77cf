"""The shape of every error, for the documentation; `creator_app.api.errors` makes them."""

from pydantic import BaseModel


class ErrorBody(BaseModel):
    """What went wrong, for people (message, hint) and programs (code)."""

    code: str
    message: str
    hint: str
    request_id: str
    fields: dict[str, str] | None = None


class ErrorAnswer(BaseModel):
    """An error."""

    error: ErrorBody
