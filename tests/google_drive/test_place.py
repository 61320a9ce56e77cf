"""What lies in a Drive, as a drop folder sees it."""

import pytest

from creator_app.integrations.drop_folders import EntryGone, EntryKind
from tests.google_drive.world import place_of
from tests.peers.drive import DriveServer


def test_a_folder_of_several_pages_is_listed_whole_and_once(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox = ana.folder("In")
    made = {ana.drop(inbox, f"{n}.png", b"x") for n in range(25)}
    place = place_of(drive)
    found = [file["id"] for file in place.search(f"'{inbox}' in parents", page=10)]
    assert len(found) == 25 and set(found) == made
    assert {one.id for one in place.children(inbox)} == made


def test_a_shortcut_has_its_own_id_and_the_content_of_its_target(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox, elsewhere = ana.folder("In"), ana.folder("Photos")
    target = ana.drop(elsewhere, "cat.png", b"a cat")
    shortcut = ana.shortcut(inbox, target, "my cat")
    place = place_of(drive)
    entry = next(place.children(inbox))
    assert (entry.id, entry.content_id, entry.parent_id) == (shortcut, target, inbox)
    assert (entry.kind, entry.size, entry.name) == (EntryKind.FILE, 5, "my cat")
    assert b"".join(place.open(entry)) == b"a cat"
    assert entry.version == place.look(target).version


def test_a_shortcut_to_nothing_a_document_and_a_folder_are_told_apart(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox = ana.folder("In")
    gone = ana.drop("", "gone.png", b"x")
    thrown = ana.drop("", "thrown.png", b"x")
    for name, target in (("to nothing", gone), ("to the trash", thrown)):
        ana.shortcut(inbox, target, name)
    ana.delete(gone)
    ana.trash(thrown)
    ana.google_doc(inbox, "a document")
    ana.folder("In/below")
    kinds = {one.name: one.kind for one in place_of(drive).children(inbox)}
    assert kinds == {
        "to nothing": EntryKind.DANGLING,
        "to the trash": EntryKind.DANGLING,
        "a document": EntryKind.DOCUMENT,
        "below": EntryKind.FOLDER,
    }


def test_a_version_is_that_of_the_content_and_missing_while_it_arrives(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox = ana.folder("In")
    file = ana.drop(inbox, "a.png", b"half", arriving=True)
    place = place_of(drive)
    assert place.look(file).version == ""
    ana.replace(file, b"whole")
    whole = place.look(file).version
    ana.rename(file, "b.png")
    ana.touch(file)
    assert place.look(file).version == whole != ""
    ana.replace(file, b"other")
    assert place.look(file).version != whole


def test_the_trash_is_as_good_as_gone(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox = ana.folder("In")
    file = ana.drop(inbox, "a.png", b"x")
    ana.trash(file)
    place = place_of(drive)
    assert list(place.children(inbox)) == []
    for gone in (file, "no-such-file"):
        with pytest.raises(EntryGone):
            place.look(gone)


def test_names_with_quotes_are_found_and_folders_made_once(drive: DriveServer) -> None:
    inbox = drive.user("ana@example.com").folder("In")
    place = place_of(drive)
    for name in ("Ana's best", 'a "b" c', "back\\slash", "Done"):
        first = place.make_folder(inbox, name)
        assert place.make_folder(inbox, name).id == first.id
        assert first.ours and first.name == name


def test_a_folder_with_a_reserved_id_is_made_once_whatever_is_lost(drive: DriveServer) -> None:
    place = place_of(drive)
    folder_id = place.reserve("root", "Creator")
    drive.fault("cut_after", "files.create", times=1)
    made = place.ensure_folder(folder_id, "root", "Creator", {"creator_root": "1"})
    assert made.id == folder_id == place.ensure_folder(folder_id, "root", "Creator", {}).id
    assert len([one for one in place.children("root") if one.name == "Creator"]) == 1


def test_a_folder_that_was_thrown_away_is_not_made_again_by_itself(drive: DriveServer) -> None:
    place = place_of(drive)
    folder_id = place.reserve("root", "Creator")
    place.ensure_folder(folder_id, "root", "Creator", {})
    ana = drive.user("ana@example.com")
    for throw_away in (ana.trash, ana.delete):
        throw_away(folder_id)
        with pytest.raises(EntryGone):
            place.ensure_folder(folder_id, "root", "Creator", {})


def test_moving_is_fine_twice(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    inbox, done = ana.folder("In"), ana.folder("Done")
    file = ana.drop(inbox, "a.png", b"x")
    place = place_of(drive)
    assert place.move(file, done).parent_id == done
    assert place.move(file, done).parent_id == done
    assert list(place.children(inbox)) == []


def test_shared_drives_are_listed_looked_at_and_written_to(drive: DriveServer) -> None:
    ana = drive.user("ana@example.com")
    shared = drive.shared_drive("Studio", "ana@example.com")
    file = ana.drop(shared.id, "a.png", b"x")
    place = place_of(drive)
    entry = next(place.children(shared.id))
    assert entry.id == file and entry.properties["drive_id"] == shared.id
    assert place.make_folder(shared.id, "Done").properties["drive_id"] == shared.id
