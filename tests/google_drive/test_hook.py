"""Push channels: made, renewed, stopped; and nobody but Google gets anything done with them."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from creator_app.models import DropFolder, DropSource, OAuthGrant, User
from creator_app.models.base import utcnow
from creator_app.services.drive_channels import DriveChannels
from tests.api.stack import Stack, running
from tests.peers.drive import DriveServer

HOOK = "/api/v1/hooks/drive"
FAR = timedelta(hours=1)


@pytest.fixture(scope="module")
def google() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture(scope="module")
def stack(google: DriveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("creator"), **google.environ()) as stack:
        yield stack


@pytest.fixture
def source(stack: Stack, google: DriveServer) -> DropSource:
    """A connected Drive with a drop folder, whose next look is far away."""
    with stack.person() as client:
        user_id = client.get("/api/v1/auth/me").json()["user"]["id"]
    tokens = google.user("ana@example.com").grant(["drive"])
    secret = stack.creator.encryptor
    with stack.creator.uow.write() as work:
        user = next(one for one in work.session.exec(select(User)) if str(one.id) == user_id)
        grant = OAuthGrant(
            user_id=user.id,
            account_id=user.account_id,
            provider="google",
            purpose="drive",
            subject="1",
            access_token_encrypted=secret.encrypt(tokens.access),
            refresh_token_encrypted=secret.encrypt(tokens.refresh or ""),
            expires_at=utcnow() + FAR,
        )
        work.session.add(grant)
        work.session.flush()
        row = DropSource(
            kind="drive",
            address=str(grant.id),
            account_id=user.account_id,
            user_id=user.id,
            grant_id=grant.id,
        )
        work.session.add(row)
        work.session.flush()
        work.session.add(
            DropFolder(
                source_id=row.id,
                account_id=user.account_id,
                user_id=user.id,
                remote_id="f",
                name="F",
                recipe_slug="square-post",
            )
        )
    return row


@pytest.fixture
def channels(stack: Stack, google: DriveServer) -> DriveChannels:
    return DriveChannels(stack.creator.uow, stack.creator.drives.place, stack.url, google.url)


def now_of(stack: Stack, source: DropSource) -> DropSource:
    with stack.creator.uow.read() as work:
        row = work.session.get(DropSource, source.id)
        assert row is not None
        return row


def put_off(stack: Stack, source: DropSource) -> DropSource:
    with stack.creator.uow.write() as work:
        row = work.session.get(DropSource, source.id)
        assert row is not None
        row.next_look_at = row.next_listing_at = utcnow() + FAR
        work.session.add(row)
        return row


def is_due(stack: Stack, source: DropSource) -> bool:
    return now_of(stack, source).next_look_at <= utcnow()


def eventually(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_a_change_at_google_has_the_drive_looked_at(
    stack: Stack, google: DriveServer, channels: DriveChannels, source: DropSource
) -> None:
    channels.keep(source)
    kept = put_off(stack, source)
    assert kept.channel_id and kept.channel_until and kept.channel_until > utcnow() + timedelta(days=6)
    google.user("ana@example.com").drop("", "a.png", b"x")
    eventually(lambda: is_due(stack, source))
    channels.keep(now_of(stack, source))
    assert google.calls()["changes.watch"] == 1, "one channel is enough"
    channels.stop(now_of(stack, source))


def test_a_forged_notification_does_nothing(
    stack: Stack, google: DriveServer, channels: DriveChannels, source: DropSource
) -> None:
    channels.keep(source)
    kept = put_off(stack, source)
    channel = str(kept.channel_id)
    forged = [
        {},
        {"X-Goog-Channel-ID": channel},
        {"X-Goog-Channel-ID": channel, "X-Goog-Channel-Token": ""},
        {"X-Goog-Channel-ID": channel, "X-Goog-Channel-Token": "guessed"},
        {"X-Goog-Channel-ID": channel, "X-Goog-Channel-Token": str(kept.channel_secret_hash)},
        {"X-Goog-Channel-ID": "unknown", "X-Goog-Channel-Token": "guessed"},
        {"X-Goog-Channel-ID": "", "X-Goog-Channel-Token": ""},
    ]
    with stack.client() as stranger:
        for headers in forged:
            assert stranger.post(HOOK, headers=headers).status_code == 404
        assert stranger.post(HOOK, headers={"X-Goog-Channel-ID": "x" * 5000}).status_code in (404, 422)
    assert not is_due(stack, source)
    channels.stop(now_of(stack, source))


def test_a_channel_is_renewed_before_it_ends_and_the_old_one_stopped(
    stack: Stack, google: DriveServer, channels: DriveChannels, source: DropSource
) -> None:
    channels.keep(source)
    first = now_of(stack, source)
    with stack.creator.uow.write() as work:
        row = work.session.get(DropSource, source.id)
        assert row is not None
        row.channel_until = utcnow() + timedelta(hours=20)
        work.session.add(row)
    channels.keep(source)
    second = now_of(stack, source)
    assert second.channel_id != first.channel_id
    assert set(google.channels.open) == {second.channel_id}
    stack.creator.drives.disconnect(source.account_id)
    assert google.channels.open == {} and now_of(stack, source).channel_id is None


def test_a_drive_without_folders_needs_no_channel(
    stack: Stack, google: DriveServer, channels: DriveChannels, source: DropSource
) -> None:
    channels.keep(source)
    assert len(google.channels.open) == 1
    with stack.creator.uow.write() as work:
        for folder in work.session.exec(select(DropFolder).where(DropFolder.source_id == source.id)):
            folder.enabled = False
            work.session.add(folder)
    channels.keep(source)
    assert google.channels.open == {} and now_of(stack, source).channel_id is None


def test_a_refused_channel_stops_no_look(
    stack: Stack, google: DriveServer, channels: DriveChannels, source: DropSource
) -> None:
    google.clear_log()
    google.fault("503", "changes.watch", times=2)
    channels.keep(source)
    channels.keep(source)
    assert now_of(stack, source).channel_id is None
    assert google.calls()["changes.watch"] == 1, "not tried at every look"


@pytest.mark.parametrize("address", [None, "http://creator.example"])
def test_google_is_not_asked_where_it_can_not_reach_us(
    stack: Stack, google: DriveServer, source: DropSource, address: str | None
) -> None:
    google.clear_log()
    channels = DriveChannels(
        stack.creator.uow, stack.creator.drives.place, address, "https://www.googleapis.com"
    )
    channels.keep(source)
    assert not channels.can_push and google.calls()["changes.watch"] == 0


def test_the_hook_answers_nobody_with_more_than_a_sentence(stack: Stack, tmp_path: Path) -> None:
    answer = httpx.post(stack.url + HOOK)
    assert set(answer.json()["error"]) == {"code", "message", "hint", "request_id"}
