"""What Google says went wrong, sorted by what helps."""

import pytest

from creator_app.integrations.drop_folders import (
    EntryGone,
    PlaceBusy,
    PlaceError,
    PlaceFull,
    PlaceRefused,
)
from creator_app.integrations.google_drive.errors import from_answer, retry_after_s
from tests.google_drive.world import place_of
from tests.peers.drive import DriveServer


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("rateLimitExceeded", PlaceBusy),
        ("userRateLimitExceeded", PlaceBusy),
        ("429", PlaceBusy),
        ("503", PlaceBusy),
        ("authError", PlaceBusy),
        ("cut_before", PlaceBusy),
        ("cut_response", PlaceBusy),
        ("storageQuotaExceeded", PlaceFull),
        ("insufficientPermissions", PlaceRefused),
        ("notFound", EntryGone),
    ],
)
def test_errors_are_sorted(drive: DriveServer, fault: str, kind: type[PlaceError]) -> None:
    place = place_of(drive)
    drive.fault(fault, "files.get")
    with pytest.raises(PlaceError) as caught:
        place.look("root")
    assert type(caught.value) is kind
    assert caught.value.message and caught.value.hint


@pytest.mark.parametrize("fault", ["rateLimitExceeded", "userRateLimitExceeded", "429"])
def test_a_wish_to_slow_down_is_passed_on_at_once(drive: DriveServer, fault: str) -> None:
    place = place_of(drive)
    drive.fault(fault, "files.get", retry_after=7)
    with pytest.raises(PlaceBusy) as caught:
        place.look("root")
    assert caught.value.slow_down and caught.value.retry_after_s == 7
    assert drive.calls()["files.get"] == 1


@pytest.mark.parametrize(
    "fault", ["500", "502", "503", "cut_before", "cut_response", "cut_after", "authError"]
)
def test_a_stumble_is_got_over(drive: DriveServer, fault: str) -> None:
    place = place_of(drive)
    drive.fault(fault, "files.get", times=1)
    assert place.look("root").name


def test_a_date_says_when_to_come_back() -> None:
    assert retry_after_s({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0
    assert (retry_after_s({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}) or 0) > 1000
    assert retry_after_s({"retry-after": "soon"}) is None


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"error": "invalid"}', b'{"error": {"errors": [1]}}']
)
def test_answers_that_nobody_can_read_are_errors_too(content: bytes) -> None:
    assert isinstance(from_answer(503, {}, content), PlaceBusy)
    assert isinstance(from_answer(400, {}, content), PlaceRefused)
