"""Jobs on the wire, beside `creator_app.services.job_view.JobView`."""

from typing import Any

from pydantic import BaseModel

from creator_app.services.job_view import JobView


class JobList(BaseModel):
    """A page of jobs, newest first."""

    items: list[JobView]
    next_cursor: str | None


# Written by hand: the route reads its body itself, after it knows who asks.
SUBMISSION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["recipe"],
                    "properties": {
                        "recipe": {
                            "type": "string",
                            "description": "The recipe's slug.",
                            "example": "square-post",
                        },
                        "inputs": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "The inputs that are not files, as a JSON object.",
                            "example": "{}",
                        },
                        "image": {
                            "type": "string",
                            "format": "binary",
                            "description": "Each file under its input's name, mostly image.",
                        },
                    },
                }
            }
        },
    }
}
