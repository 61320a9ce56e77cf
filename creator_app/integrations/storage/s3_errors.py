"""The S3 client's errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import urllib3
from minio.error import MinioException, S3Error

from creator_app.errors import NotFound, StorageError

_MISSING: Final = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket", "ResourceNotFound"})
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: these pass, though some come as 4xx.
_PASSING: Final = frozenset(
    {
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "TooManyRequests",
    }
)
_PASSING_STATUS: Final = frozenset({408, 425, 429})


@contextmanager
def told() -> Iterator[None]:
    """Within it every error of the client is one of ours."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise NotFound("This file was not found.") from error
        raise StorageError(f"The storage refused: {error.code}.", retryable=_may_pass(error)) from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise StorageError("The storage does not answer.") from error


def _may_pass(error: S3Error) -> bool:
    status = error.response.status if error.response is not None else 503
    return status >= 500 or status in _PASSING_STATUS or error.code in _PASSING
