"""Contents on their way, over connections that break."""

import hashlib
import io
import tracemalloc

import pytest

from creator_app.integrations.drop_folders import EntryGone, NameTaken, PlaceBusy, PlaceFull
from creator_app.integrations.google_drive.place import GoogleDrivePlace
from tests.google_drive.world import place_of, upload
from tests.peers.drive import DriveServer

PIECE = 256 * 1024
BIG = bytes(range(256)) * 6 * 1024  # six pieces


@pytest.fixture
def place(drive: DriveServer) -> GoogleDrivePlace:
    return place_of(drive, piece_bytes=PIECE)


@pytest.fixture
def folder(drive: DriveServer) -> str:
    return drive.user("ana@example.com").folder("Done")


def names_in(place: GoogleDrivePlace, folder: str) -> list[str]:
    return [one.name for one in place.children(folder)]


@pytest.mark.parametrize("fault", ["cut_before", "cut_response", "cut_after", "503", "authError"])
def test_a_download_goes_on_after_breaks(drive: DriveServer, place: GoogleDrivePlace, fault: str) -> None:
    file = drive.user("ana@example.com").drop("", "big.png", BIG)
    entry = place.look(file)
    drive.fault(fault, "files.get", times=2, skip=2)
    assert b"".join(place.open(entry)) == BIG


def test_a_download_begins_where_it_is_told_to(drive: DriveServer, place: GoogleDrivePlace) -> None:
    file = drive.user("ana@example.com").drop("", "big.png", BIG)
    assert b"".join(place.open(place.look(file), 1_000_000)) == BIG[1_000_000:]


@pytest.mark.parametrize("other", [b"short", BIG[::-1], BIG + b"more"])
def test_a_file_that_changes_meanwhile_is_not_taken_for_whole(
    drive: DriveServer, place: GoogleDrivePlace, other: bytes
) -> None:
    ana = drive.user("ana@example.com")
    file = ana.drop("", "big.png", BIG)
    pieces = place.open(place.look(file))
    next(pieces)
    ana.replace(file, other)
    with pytest.raises(EntryGone):
        list(pieces)


def test_a_file_that_was_deleted_is_gone(drive: DriveServer, place: GoogleDrivePlace) -> None:
    ana = drive.user("ana@example.com")
    file = ana.drop("", "big.png", BIG)
    entry = place.look(file)
    ana.delete(file)
    with pytest.raises(EntryGone):
        list(place.open(entry))


def test_an_empty_file_has_no_pieces(drive: DriveServer, place: GoogleDrivePlace) -> None:
    file = drive.user("ana@example.com").drop("", "empty.png", b"")
    assert list(place.open(place.look(file))) == []


@pytest.mark.parametrize("data", [b"", b"small", BIG], ids=["empty", "small", "big"])
def test_an_upload_arrives_whole_with_what_belongs_to_it(
    drive: DriveServer, place: GoogleDrivePlace, folder: str, data: bytes
) -> None:
    wanted = upload(place, folder, data)
    assert place.find(wanted) is None
    entry = place.put(wanted, io.BytesIO(data))
    file = drive.user("ana@example.com").file(entry.id)
    assert file["md5Checksum"] == hashlib.md5(data).hexdigest() and entry.id == wanted.id
    assert file["description"] == wanted.description
    assert entry.ours and dict(wanted.properties).items() <= dict(entry.properties).items()
    found = place.find(wanted)
    assert found is not None and found.id == entry.id


@pytest.mark.parametrize("method", ["upload.start", "upload.chunk", "upload.status", "files.create"])
@pytest.mark.parametrize(
    "fault", ["cut_before", "cut_request", "cut_response", "cut_after", "503", "authError"]
)
def test_uploads_get_over_breaks_and_make_one_file(
    drive: DriveServer, place: GoogleDrivePlace, folder: str, fault: str, method: str
) -> None:
    data = b"small" if method == "files.create" else BIG
    if method == "upload.status":
        drive.fault("503", "upload.chunk", times=2, skip=1)
    broken = drive.fault(fault, method, times=2, skip=1 if method == "upload.chunk" else 0)
    entry = place.put(upload(place, folder, data), io.BytesIO(data))
    assert entry.md5 == hashlib.md5(data).hexdigest()
    assert names_in(place, folder) == ["result.png"]
    assert broken.hits or method == "upload.start"


def test_an_upload_that_google_forgot_begins_anew(
    drive: DriveServer, place: GoogleDrivePlace, folder: str
) -> None:
    wanted = upload(place, folder, BIG)
    drive.fault("notFound", "upload.chunk", times=1, skip=3)
    assert place.put(wanted, io.BytesIO(BIG)).id == wanted.id
    assert names_in(place, folder) == ["result.png"]


def test_an_upload_after_a_death_finds_what_arrived(
    drive: DriveServer, place: GoogleDrivePlace, folder: str
) -> None:
    for data in (b"small", BIG):
        wanted = upload(place, folder, data, f"{len(data)}.png")
        place.put(wanted, io.BytesIO(data))
        again = place_of(drive)
        assert again.put(wanted, io.BytesIO(data)).id == wanted.id
    drive.settings.search_lag_s = 60
    late = upload(place, folder, b"late", "late.png")
    place.put(late, io.BytesIO(b"late"))
    assert place.find(late) is None, "the search does not know it yet"
    assert place.put(late, io.BytesIO(b"late")).id == late.id
    assert sorted(names_in(place, folder)) == ["1572864.png", "5.png", "late.png"]


def test_a_result_under_another_id_is_found_by_its_job(
    drive: DriveServer, place: GoogleDrivePlace, folder: str
) -> None:
    first = upload(place, folder, b"result")
    place.put(first, io.BytesIO(b"result"))
    found = place.find(upload(place, folder, b"result"))
    assert found is not None and found.id == first.id


def test_an_id_that_stands_for_something_else_is_not_used(place: GoogleDrivePlace, folder: str) -> None:
    taken = upload(place, folder, b"one")
    place.put(taken, io.BytesIO(b"one"))
    with pytest.raises(NameTaken):
        place.put(
            type(taken)(**{**taken.__dict__, "size": 5, "md5": hashlib.md5(b"other").hexdigest()}),
            io.BytesIO(b"other"),
        )


def test_a_full_drive_is_told_with_what_to_do(
    drive: DriveServer, place: GoogleDrivePlace, folder: str
) -> None:
    drive.user("ana@example.com").set_storage(10)
    for data in (b"more than ten bytes", BIG):
        with pytest.raises(PlaceFull) as caught:
            place.put(upload(place, folder, data), io.BytesIO(data))
        assert "full" in caught.value.message and "space" in caught.value.hint


def test_a_folder_that_is_gone_or_in_the_trash_takes_nothing(
    drive: DriveServer, place: GoogleDrivePlace, folder: str
) -> None:
    ana = drive.user("ana@example.com")
    ana.trash(folder)
    with pytest.raises(EntryGone):
        place.put(upload(place, folder, b"x"), io.BytesIO(b"x"))
    ana.delete(folder)
    with pytest.raises(EntryGone):
        place.put(upload(place, folder, b"x"), io.BytesIO(b"x"))


def test_a_google_that_never_answers_ends_the_try(
    place: GoogleDrivePlace, drive: DriveServer, folder: str
) -> None:
    wanted = upload(place, folder, BIG)
    drive.fault("503", "upload.*")
    with pytest.raises(PlaceBusy):
        place.put(wanted, io.BytesIO(BIG))


def test_a_big_file_needs_little_memory(drive: DriveServer, folder: str) -> None:
    file = drive.user("ana@example.com").drop_generated("", "film.mp4", 60_000_000)
    place = place_of(drive)
    entry = place.look(file)
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in place.open(entry)) == 60_000_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000  # the server of the test runs in this process, too
