"""Errors in the JSON shape of Google's APIs.

Source: "Resolve errors" (Drive API guide): ``{"error": {"errors": [{domain, reason, message, location,
locationType}], "code", "message"}}``.
"""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An answer that is an error.

    Attributes:
        status: HTTP status.
        reason: ``error.errors[0].reason``, by which clients tell errors apart.
        location: the parameter or field that is wrong.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        location_type: str = "parameter",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.domain = status, reason, message, domain
        self.location, self.location_type = location, location_type
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        entry = {"message": self.message, "domain": self.domain, "reason": self.reason}
        if self.location:
            entry |= {"location": self.location, "locationType": self.location_type}
        return {"error": {"code": self.status, "message": self.message, "errors": [entry]}}


def file_not_found(file_id: str) -> ApiError:
    """ "Resolve errors", 404 ``notFound``: no read access, or no such file."""
    return ApiError(404, "notFound", f"File not found: {file_id}.", location="fileId")


def drive_not_found(drive_id: str) -> ApiError:
    return ApiError(404, "notFound", f"Shared drive not found: {drive_id}", location="driveId")


def invalid(message: str, location: str, *, reason: str = "invalid") -> ApiError:
    """ "Resolve errors", 400: a value that can't be."""
    return ApiError(400, reason, message, location=location)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "badRequest", message)


def not_writable(message: str) -> ApiError:
    return ApiError(403, "fieldNotWritable", message)


def no_file_permission(file_id: str) -> ApiError:
    """ "Resolve errors", 403 ``insufficientFilePermissions``."""
    return ApiError(
        403,
        "insufficientFilePermissions",
        f"The user does not have sufficient permissions for file {file_id}.",
    )


def invalid_credentials() -> ApiError:
    """ "Resolve errors", 401 ``authError``: the access token is expired or invalid."""
    return ApiError(
        401,
        "authError",
        "Invalid Credentials",
        location="Authorization",
        location_type="header",
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )


def login_required() -> ApiError:
    return ApiError(
        401,
        "required",
        "Login Required.",
        location="Authorization",
        location_type="header",
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'},
    )


def scope_missing() -> ApiError:
    """What a token with too narrow scopes gets ("Choose Google Drive API scopes")."""
    return ApiError(
        403,
        "insufficientPermissions",
        "Insufficient Permission: Request had insufficient authentication scopes.",
    )


def storage_full() -> ApiError:
    """ "Resolve errors", 403 ``storageQuotaExceeded``."""
    return ApiError(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.")
