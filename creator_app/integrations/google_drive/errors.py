"""Google's errors, sorted by what helps.

The reasons are those of https://developers.google.com/workspace/drive/api/guides/handle-errors.
"""

import http.client
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httplib2
from googleapiclient.errors import Error as ClientError
from googleapiclient.errors import HttpError

from creator_app.integrations.drop_folders.errors import (
    EntryGone,
    NameTaken,
    PlaceBusy,
    PlaceError,
    PlaceFull,
    PlaceRefused,
)

#: What a connection that breaks, or never comes about, raises.
#: Half an answer may also show as one that can't be read.
BROKEN: Final = (httplib2.HttpLib2Error, http.client.HTTPException, OSError, ValueError)

_TOO_FAST: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "sharingRateLimitExceeded"}
)
_FULL: Final = frozenset(
    {
        "storageQuotaExceeded",
        "quotaExceeded",
        "teamDriveFileLimitExceeded",
        "teamDriveHierarchyTooDeep",
        "numChildrenInNonRootLimitExceeded",
        "activeItemCreationLimitExceeded",
        "uploadLimitExceeded",
    }
)
_FULL_WORDS: Final = {
    "storageQuotaExceeded": (
        "Your Google Drive is full.",
        "Make some space there, or empty its trash; we keep the result here and try again by ourselves.",
    ),
    "uploadLimitExceeded": (
        "Google takes no more uploads from you today.",
        "We keep the result here and try again by ourselves.",
    ),
}
_NOT_ON: Final = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
_SCOPE: Final = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
#: Of a file that was deleted for good.
_USED_UP: Final = "file ID is not usable"
_GONE: Final = frozenset({404, 410})


def sorted_error(error: Exception) -> PlaceError:
    """The typed error for whatever a call raised."""
    if isinstance(error, PlaceError):
        return error
    if isinstance(error, HttpError):
        return from_answer(int(error.resp.status), dict(error.resp), error.content)
    if isinstance(error, (*BROKEN, ClientError)):
        return PlaceBusy("Google Drive does not answer just now.", detail=_in_short(error))
    raise error


def from_answer(status: int, headers: dict[str, Any], content: bytes) -> PlaceError:
    """The typed error for an answer that is none of 2xx."""
    reason, message = reason_of(content)
    detail = f"{status} {reason} {message}".strip()[:300]
    wait_s = retry_after_s(headers)
    if status == 429 or reason in _TOO_FAST:
        return PlaceBusy(
            "Google Drive asks us to slow down.", detail=detail, retry_after_s=wait_s, slow_down=True
        )
    if reason in _FULL:
        words, hint = _FULL_WORDS.get(
            reason,
            ("There can't be any more files in this folder.", "Clear it up; we try again by ourselves."),
        )
        return PlaceFull(words, hint=hint, detail=detail)
    if status == 409 or (status == 400 and _USED_UP in message):
        return NameTaken(detail=detail)
    if status in _GONE:
        return EntryGone(detail=detail)
    if status >= 500 or status in (401, 408):
        # 401: with a token that was new a moment ago. If access has really ended, the token's server says so.
        return PlaceBusy("Google Drive does not answer just now.", detail=detail, retry_after_s=wait_s)
    return _refused(reason, detail)


def _refused(reason: str, detail: str) -> PlaceError:
    if reason in _NOT_ON:
        return PlaceRefused(
            "Google Drive is not switched on for this Creator.",
            hint="The operator must enable the Google Drive API in the Google Cloud project.",
            detail=detail,
        )
    if reason in _SCOPE:
        return PlaceRefused(
            "We were not allowed to use this part of your Google Drive.",
            hint="Connect it again, and leave the box for Google Drive ticked.",
            detail=detail,
        )
    return PlaceRefused(detail=detail)


def reason_of(content: bytes | str | None) -> tuple[str, str]:
    """Google's name for what went wrong, and its sentence; empty where it sent none."""
    try:
        error = json.loads(content or b"{}")["error"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        return "", ""
    if not isinstance(error, dict):
        return str(error), ""
    message = str(error.get("message") or "")
    for one in error.get("errors") or []:
        if isinstance(one, dict) and one.get("reason"):
            return str(one["reason"]), message
    for one in error.get("details") or []:
        if isinstance(one, dict) and one.get("reason"):
            return str(one["reason"]), message
    return str(error.get("status") or ""), message


def retry_after_s(headers: dict[str, Any]) -> float | None:
    """Seconds that the answer asks us to wait (RFC 9110, 10.2.3), if it does."""
    text = str(headers.get("retry-after") or "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
