"""A file in a folder becomes a job, once; what comes of it lies in the folder, once."""

import os
import time
from pathlib import Path

import pytest

from creator_app.domain.job_state import JobStatus
from creator_app.errors import LeaseLost
from creator_app.integrations.drop_folders import ROOT_ID, DirectoryPlace, PlaceBusy
from creator_app.models import Account
from creator_app.services import deliveries, jobs, watched_folder
from tests.drops.conftest import Watched
from tests.drops.world import picture


def test_a_picture_becomes_a_job_and_its_result_comes_back(watched: Watched) -> None:
    world = watched.world
    watched.drop("cat.png", picture())
    old = time.time() - 2 * 365 * 86_400
    os.utime(watched.root / "upscale-2x" / "cat.png", (old, old))
    world.settle()
    (job,) = world.jobs()
    assert (job.source, job.recipe_slug, job.account_id) == ("folder", "upscale-2x", watched.owner.account_id)
    world.succeed(job, picture(9))
    world.deliver()
    assert watched.names("Done") == ["cat-upscale-2x.png"]
    assert (watched.root / "upscale-2x/Done/cat-upscale-2x.png").read_bytes() == picture(9)
    assert watched.names() == ["Done", "Needs a look", "cat.png"]
    world.settle()
    world.deliver()
    assert len(world.jobs()) == 1
    assert watched.names("Done") == ["cat-upscale-2x.png"]


def test_what_people_do_with_files(watched: Watched) -> None:
    world = watched.world
    path = watched.drop("a.png", picture(1))
    world.settle()
    assert len(world.jobs()) == 1
    renamed = path.rename(path.with_name("b.png"))
    world.settle()
    assert len(world.jobs()) == 1, "renamed: nothing"
    watched.drop("copy.png", picture(1))
    world.settle()
    assert len(world.jobs()) == 2, "copied: a job of its own"
    renamed.write_bytes(picture(2))
    world.settle()
    assert len(world.jobs()) == 3, "replaced: a job with the new content"
    os.utime(renamed)
    world.settle()
    assert len(world.jobs()) == 3, "touched: nothing"
    outside = watched.root.parent / "b.png"
    renamed.rename(outside)
    world.settle()
    outside.rename(renamed)
    world.settle()
    assert len(world.jobs()) == 3, "out and back: nothing"
    renamed.rename(watched.root / "story" / "b.png")
    world.settle()
    assert [job.recipe_slug for job in world.jobs()][3:] == ["story"], "into another folder: its recipe"


def test_a_file_that_grows_waits_until_it_rests(watched: Watched) -> None:
    world, whole = watched.world, picture(3, 200)
    path = watched.drop("slow.png", whole[:1000])
    world.list_all()
    world.rest(1.0)
    world.take()
    assert world.jobs() == []
    path.write_bytes(whole[:5000])
    world.rest(60)
    world.take()  # looks different than before: it begins to rest anew
    world.take()
    assert world.jobs() == []
    assert world.files()[0].reason == "This file is still arriving."
    path.write_bytes(whole)
    world.settle()
    assert len(world.jobs()) == 1
    assert len(world.files()) == 1
    assert watched.names("Needs a look") == []


def test_half_a_picture_that_looks_at_rest_gets_time_before_it_gets_a_note(watched: Watched) -> None:
    world, whole = watched.world, picture(3, 200)
    path = watched.drop("half.png", whole[:3000])
    world.list_all()
    world.rest(5)
    world.take()
    assert (world.jobs(), world.files("noted")) == ([], [])
    path.write_bytes(whole)
    world.settle()
    assert len(world.jobs()) == 1
    world.deliver()
    assert watched.names("Needs a look") == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.png", b"", "empty"),
        ("report.pdf", b"%PDF-1.4", "takes pictures"),
        ("broken.png", b"\x89PNG\r\n\x1a\nnothing", "picture"),
    ],
)
def test_what_cannot_be_taken_gets_one_note(watched: Watched, name: str, content: bytes, words: str) -> None:
    world = watched.world
    watched.drop(name, content)
    for _ in range(3):
        world.settle()
        world.deliver()
    assert world.jobs() == []
    assert watched.names("Needs a look") == [f"{name}.txt"]
    note = watched.note(f"{name}.txt")
    assert words in note
    assert "You were not charged." in note


def test_what_is_not_for_us(watched: Watched) -> None:
    world = watched.world
    for name in (".hidden.png", "~$x.png", "half.png.part", "Thumbs.db", "recipe.txt"):
        watched.drop(name, picture())
    (watched.root / "upscale-2x" / "link.png").symlink_to("/etc/hostname")
    os.mkfifo(watched.root / "upscale-2x" / "pipe.png")
    world.settle()
    world.deliver()
    assert world.jobs() == []
    notes = watched.names("Needs a look")
    assert "link.png.txt" in notes
    assert "hostname" not in watched.note("link.png.txt")


def test_a_job_that_fails_leaves_a_note_with_its_reason(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture())
    world.settle()
    world.fail(world.jobs()[0])
    world.deliver()
    note = watched.note("a.png.txt")
    assert "ran out of memory" in note
    assert "Try a smaller picture." in note
    assert f"/jobs/{world.jobs()[0].id}" in note
    assert watched.names("Done") == []


def test_originals_move_out_of_the_way(watched: Watched) -> None:
    world = watched.world
    world.change("upscale-2x", after="move")
    watched.drop("good.png", picture(1))
    watched.drop("bad.png", picture(2))
    watched.drop("text.pdf", b"x")
    world.settle()
    by_name = {job.inputs["image"]["filename"]: job for job in world.jobs()}
    world.succeed(by_name["good.png"])
    world.fail(by_name["bad.png"])
    world.deliver()
    world.deliver()
    assert watched.names() == ["Done", "Needs a look"]
    assert watched.names("Done") == ["good-upscale-2x.png", "originals"]
    assert watched.names("Done/originals") == ["good.png"]
    assert watched.names("Needs a look") == ["bad.png", "bad.png.txt", "text.pdf", "text.pdf.txt"]
    world.settle()
    assert len(world.jobs()) == 2


def test_values_come_from_names_folders_and_a_text(watched: Watched) -> None:
    world = watched.world
    watched.drop("recipe.txt", b"strength = 20\n", slug="film-look")
    watched.drop("a.png", picture(1), slug="film-look")
    watched.drop("b__strength=90.png", picture(2), slug="film-look")
    watched.drop("strength=50/c.png", picture(3), slug="film-look")
    world.settle()
    found = {job.inputs["image"]["filename"]: job.inputs for job in world.jobs()}
    assert set(found) == {"a.png", "b.png", "c.png"}
    assert [found[name]["strength"] for name in ("a.png", "b.png", "c.png")] == [20, 90, 50]


def test_a_values_file_that_is_wrong_is_named_once_and_holds_its_files(watched: Watched) -> None:
    world = watched.world
    text = watched.drop("recipe.txt", b"strenght = 20\n", slug="film-look")
    watched.drop("a.png", picture(1), slug="film-look")
    world.settle()
    world.settle()
    world.deliver()
    assert world.jobs() == []
    assert "strenght" in str(world.files()[0].reason)
    assert watched.names("Needs a look", "film-look") == ["recipe.txt.txt"]
    text.write_bytes(b"strength = 30\n")
    world.settle()
    assert [job.inputs["strength"] for job in world.jobs()] == [30]


def test_a_second_picture_lies_beside(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture(1), slug="watermark")
    world.settle()
    assert world.jobs() == []
    assert "logo.png" in str(world.files()[0].reason)
    watched.drop("logo.png", picture(2), slug="watermark")
    world.settle()
    (job,) = world.jobs()
    assert set(job.inputs) >= {"image", "logo"}


def test_results_of_the_same_name_do_not_replace_each_other(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture(1))
    watched.drop("one/a.png", picture(1))
    watched.drop("two/a.png", picture(1))
    world.settle()
    for job in world.jobs():
        world.succeed(job, picture(5))
    world.deliver()
    assert watched.names("Done") == ["a-upscale-2x-2.png", "a-upscale-2x-3.png", "a-upscale-2x.png"]


def test_a_result_is_no_input_wherever_it_is_put(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture(1))
    world.settle()
    world.succeed(world.jobs()[0])
    world.deliver()
    done = watched.root / "upscale-2x/Done/a-upscale-2x.png"
    done.rename(watched.root / "story" / done.name)
    world.settle()
    assert len(world.jobs()) == 1


def test_who_died_between_writing_and_telling_writes_nothing_twice(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture(1))
    world.settle()
    world.succeed(world.jobs()[0], picture(5))
    (errand,) = world.claim("deliver")
    deliverer = next(desk for desk in world.courier._desks if desk.name == "deliver").act
    place = world.creator.drop_place
    real = DirectoryPlace(watched.root)

    class Dies(Exception):
        pass

    class AtTheWorstMoment:
        """The real place, whose answer to a `put` never arrives."""

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def put(self, *given: object) -> object:
            real.put(*given)  # type: ignore[arg-type]
            raise Dies

    world.creator.drop_place = lambda _source: AtTheWorstMoment()  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(Dies):
        deliverer(errand)
    world.creator.drop_place = place  # type: ignore[method-assign]
    world.drop_leases()
    world.deliver()
    assert watched.names("Done") == ["a-upscale-2x.png"]
    with pytest.raises(LeaseLost):
        deliverer(errand)


def test_two_couriers_take_a_file_once(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture(1))
    world.list_all()
    world.rest()
    world.make_due()
    (first,) = world.claim("take")
    assert world.claim("take") == []
    world.drop_leases()
    (second,) = world.claim("take")
    act = next(desk for desk in world.courier._desks if desk.name == "take").act
    act(second)
    with pytest.raises(LeaseLost):
        act(first)
    assert len(world.jobs()) == 1


def test_a_full_disk_keeps_the_result_here(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    world = watched.world
    watched.drop("a.png", picture(1))
    world.settle()
    world.succeed(world.jobs()[0])
    done = watched.root / "upscale-2x/Done"
    done.rmdir()
    done.symlink_to("/dev/full")  # where a folder should be: nothing can be written there
    world.deliver()
    (row,) = world.deliveries()
    assert row.state in ("waiting", "failed")
    assert row.last_error
    done.unlink()
    with world.creator.uow.write() as work:
        assert deliveries.try_again(work, watched.owner.account_id, world.jobs()[0].id) == 1
    world.change("upscale-2x", results_id=None)
    world.deliver()
    assert watched.names("Done") == ["a-upscale-2x.png"]


def test_a_folder_that_is_deleted_is_missing_until_it_is_back(watched: Watched) -> None:
    world = watched.world
    folder = watched.root / "story"
    away = folder.rename(watched.root.parent / "away")
    world.list_all()
    assert world.folder("story").state == "missing"
    away.rename(folder)
    world.list_all()
    assert world.folder("story").state == "ok"


def test_a_full_line_lets_files_wait_and_says_so(watched: Watched) -> None:
    world = watched.world
    with world.creator.uow.write() as work:
        account = work.session.get(Account, watched.owner.account_id)
        account.max_queued = 2
        work.session.add(account)
    for number in range(4):
        watched.drop(f"{number}.png", picture(number))
    for _ in range(4):
        world.settle()
    assert len(world.jobs()) == 2
    assert all("waiting" in str(file.reason) for file in world.files("seen"))
    for job in world.jobs():
        world.succeed(job)
    for _ in range(4):
        world.settle()
    assert len(world.jobs()) == 4


def test_a_retry_of_a_job_comes_back_to_the_folder_too(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture(1))
    world.settle()
    world.fail(world.jobs()[0])
    with world.creator.uow.write() as work:
        again = jobs.retry(work, watched.owner.account_id, watched.owner.user_id, world.jobs()[0].id)
    world.succeed(again)
    world.deliver()
    assert watched.names("Done") == ["a-upscale-2x.png"]


def test_deleting_a_waiting_file_forgets_it(watched: Watched) -> None:
    world = watched.world
    path = watched.drop("a.png", picture(1))
    world.list_all()
    path.unlink()
    world.take()
    assert world.files() == []
    watched.drop("a.png", picture(1))
    world.settle()
    assert len(world.jobs()) == 1


def test_the_folders_follow_the_recipes(watched: Watched, tmp_path: Path) -> None:
    world = watched.world
    place = DirectoryPlace(watched.root)
    before = [world.folder(slug).id for slug in ("story", "upscale-2x")]
    for _ in range(2):
        watched_folder.ensure(world.creator.uow, str(watched.root), place, account=None, make=True)
    assert [world.folder(slug).id for slug in ("story", "upscale-2x")] == before
    (watched.root / "story/Done").rmdir()
    (watched.root / "story/Needs a look").rmdir()
    (watched.root / "story").rmdir()
    world.list_all()
    watched_folder.ensure(world.creator.uow, str(watched.root), place, account=None, make=False)
    assert world.folder("story").state == "missing", "deleted by a person: not made again by itself"
    watched_folder.ensure(world.creator.uow, str(watched.root), place, account=None, make=True)
    assert world.folder("story").state == "ok"


def test_states_of_jobs_are_final_words(watched: Watched) -> None:
    world = watched.world
    watched.drop("a.png", picture(1))
    world.settle()
    (job,) = world.jobs()
    with world.creator.uow.write() as work:
        jobs.request_cancel(work, watched.owner.account_id, job.id)
    world.deliver()
    assert world.jobs()[0].status == JobStatus.CANCELED
    assert world.deliveries() == []


def test_a_place_that_is_open_hears_where_its_disk_must_be(watched: Watched) -> None:
    creator = watched.world.creator
    with creator.uow.read() as work:
        source = watched_folder.source_of(work, str(watched.root))
    assert source is not None
    place = creator.drop_place(source)
    assert {one.name for one in place.children(ROOT_ID)} >= {"upscale-2x", "story"}
    source.root_id = str(watched.root)  # nothing is mounted here: its disk is away
    assert creator.drop_place(source) is place  # it remembers where files are
    with pytest.raises(PlaceBusy):
        list(place.children(ROOT_ID))
    source.root_id = ""
    assert list(creator.drop_place(source).children(ROOT_ID))
