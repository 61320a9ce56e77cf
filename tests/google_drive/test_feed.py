"""What Drive says has changed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from creator_app.integrations.drop_folders import EntryGone, EntryKind
from tests.google_drive.world import place_of
from tests.peers.drive import DriveServer


def test_news_tell_of_what_came_since(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox = ana.folder("In")
    place = place_of(drive)
    token = place.news_token()
    assert place.news(token).entries == ()
    made = ana.drop(inbox, "a.png", b"x", modified="2020-01-01T00:00:00Z", created="2020-01-01T00:00:00Z")
    thrown = ana.drop(inbox, "b.png", b"x")
    ana.trash(thrown)
    news = place.news(token)
    ((entry, at),) = news.entries
    assert entry.id == made and news.folder_ids == {inbox}
    assert at is not None and datetime.now(UTC) - at < timedelta(minutes=1), "the drop's time, not the file's"
    assert place.news(news.token).entries == ()


def test_a_shortcut_comes_with_its_content(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox, file = ana.folder("In"), ana.drop("", "a.png", b"cat")
    place = place_of(drive)
    token = place.news_token()
    shortcut = ana.shortcut(inbox, file)
    entry = place.news(token).entries[0][0]
    assert (entry.id, entry.kind, entry.size) == (shortcut, EntryKind.FILE, 3)


def test_a_long_list_is_read_to_its_end(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox = ana.folder("In")
    place = place_of(drive)
    token = place.news_token()
    for n in range(1100):
        ana.drop(inbox, f"{n}.png")
    assert len(place.news(token).entries) == 1100


@pytest.mark.parametrize("token", ["none of ours", "{", "{}", "999999"])
def test_a_token_that_is_none_asks_for_a_listing(drive: DriveServer, token: str) -> None:
    place = place_of(drive)
    with pytest.raises(EntryGone):
        place.news(token)


def test_shared_drives_have_lists_of_their_own(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    shared = drive.shared_drive("Studio", "ana@example.com")
    matter: list[str] = []
    place = place_of(drive, shared_drives=lambda: matter)
    token = place.news_token()
    matter.append(shared.id)
    token = place.news(token).token
    assert set(json.loads(token)) == {"", shared.id}
    file = ana.drop(shared.id, "a.png", b"x")
    news = place.news(token)
    assert file in {entry.id for entry, _ in news.entries}
    assert file not in {entry.id for entry, _ in place.news(news.token).entries}


def test_a_shared_drive_that_one_was_put_out_of_stops_nothing(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    shared = drive.shared_drive("Studio", "ana@example.com", "bob@example.com")
    place = place_of(drive, shared_drives=lambda: [shared.id])
    token = place.news_token()
    drive.store.drives[shared.id].members.discard(ana.user.sub)
    ana.drop("", "a.png", b"x")
    news = place.news(token)
    assert len(news.entries) == 1
    assert place.news(news.token).entries == ()
