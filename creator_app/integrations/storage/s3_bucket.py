"""The bucket itself, and the rules that the server is asked to keep in it."""

import logging
from collections.abc import Callable, Iterator
from typing import Final

from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.error import MinioException, S3Error
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig
from minio.lifecycleconfig import Rule as LifecycleRule
from minio.sseconfig import Rule as EncryptionRule
from minio.sseconfig import SSEConfig

from creator_app.errors import NotFound
from creator_app.integrations.storage.s3_address import S3Address
from creator_app.integrations.storage.s3_errors import told

_log = logging.getLogger(__name__)

#: Our rule's name; the operator's own rules have others and stay.
RULE_ID: Final = "creator-unfinished-uploads"
UNFINISHED_DAYS: Final = 1


class Bucket:
    """A bucket, made when it is first needed.

    Args:
        address: which one.
        client: gives this process's client.
    """

    def __init__(self, address: S3Address, client: Callable[[], Minio]) -> None:
        self._name = address.bucket
        self._encryption = address.encryption
        self._client = client
        self._is_there = False

    def make(self) -> None:
        """Makes the bucket, if it is not there.

        Raises:
            S3Error: the server refuses.
        """
        if self._is_there:
            return
        if not self._client().bucket_exists(self._name):
            try:
                self._client().make_bucket(self._name)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise
        self._is_there = True

    def set_rules(self) -> None:
        """Asks the server to clear away unfinished uploads, and to encrypt; a refusal is only logged."""
        wanted = {"to clear away unfinished uploads": self._set_lifecycle, "to encrypt": self._set_encryption}
        for what, ask in wanted.items():
            try:
                ask()
            except (MinioException, ValueError) as error:  # ValueError: an answer that the client can't read
                code = getattr(error, "code", type(error).__name__)
                _log.warning("The S3 server refuses %s by itself: %s", what, code)

    def lacks(self) -> Iterator[str]:
        """What is not as `make` and `set_rules` would have it, in sentences."""
        try:
            with told():
                if not self._client().bucket_exists(self._name):
                    yield "the bucket is not there yet"
                    return
                if not self._has_rule():
                    yield "the server does not clear away unfinished uploads: set a lifecycle rule for that"
        except NotFound:
            yield "the bucket is not there yet"

    def _has_rule(self) -> bool:
        try:
            return any(rule.rule_id == RULE_ID for rule in self._rules())
        except (S3Error, ValueError):
            return False

    def _rules(self) -> list[LifecycleRule]:
        known = self._client().get_bucket_lifecycle(self._name)
        return list(known.rules) if known is not None else []

    def _set_lifecycle(self) -> None:
        rules = self._rules()
        if any(rule.rule_id == RULE_ID for rule in rules):
            return
        unfinished = AbortIncompleteMultipartUpload(days_after_initiation=UNFINISHED_DAYS)
        ours = LifecycleRule(
            ENABLED,
            rule_filter=Filter(prefix=""),
            rule_id=RULE_ID,
            abort_incomplete_multipart_upload=unfinished,
        )
        # Setting rules replaces all of them.
        self._client().set_bucket_lifecycle(self._name, LifecycleConfig([*rules, ours]))

    def _set_encryption(self) -> None:
        """For files that come by a signed address, which say nothing of encryption themselves."""
        kind, _, key_id = self._encryption.partition(":")
        if kind == "s3":
            self._client().set_bucket_encryption(self._name, SSEConfig(EncryptionRule.new_sse_s3_rule()))
        elif kind == "kms":
            rule = EncryptionRule.new_sse_kms_rule(kms_master_key_id=key_id)
            self._client().set_bucket_encryption(self._name, SSEConfig(rule))
