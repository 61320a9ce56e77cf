"""Drop folders in a Drive: made once whatever happens, found wherever they went, chosen by their owner."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.integrations.drop_folders import EntryGone, PlaceBusy
from creator_app.models import DropFolder, DropSource
from creator_app.services import folders
from creator_app.services.drive_folders import WatchWanted
from tests.google_drive.world import RECIPE, World

TITLE = "Square post"


@pytest.fixture
def world(world: World) -> World:
    """Connected, with recipes."""
    world.with_recipes().connect()
    return world


def watch(world: World, **wanted: object) -> DropFolder:
    asked = WatchWanted(**{"recipe": RECIPE, **wanted})  # type: ignore[arg-type]
    return world.process().folders.watch(world.user.account_id, asked)


def tree(world: World) -> list[str]:
    """All folders of the person's own Drive, by path."""
    service = world.drive.service(world.drive.user("ana@example.com").grant(["drive"]))
    query = "mimeType = 'application/vnd.google-apps.folder' and trashed = false"
    files = service.files().list(q=query, fields="files(id,name,parents)").execute()["files"]
    known = {one["id"]: one for one in files}

    def path(one: dict[str, object]) -> str:
        parent = known.get(one["parents"][0]) if one.get("parents") else None  # type: ignore[index]
        return f"{path(parent)}/{one['name']}" if parent else str(one["name"])

    return sorted(path(one) for one in files)


FULL = ["Creator", f"Creator/{TITLE}", f"Creator/{TITLE}/Done", f"Creator/{TITLE}/Needs a look"]


def test_the_tree_is_made_once_however_often_it_is_asked_for(world: World) -> None:
    first = watch(world)
    assert tree(world) == FULL
    assert first.enabled and first.name == TITLE and first.url and first.results_name == "Done"
    assert watch(world, inputs={}).id == first.id
    assert tree(world) == FULL
    other = watch(world, recipe="upscale-2x")
    assert other.id != first.id and len(tree(world)) == 7
    source = world.rows(DropSource)[0]
    assert source.root_id and source.next_listing_at <= source.next_look_at


def test_two_who_click_at_once_get_one_tree(each_world: World) -> None:
    each_world.with_recipes().connect()
    each_world.drive.fault("slow", "files.create", seconds=0.05)
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda _: watch(each_world), range(4)))
    assert len({row.id for row in rows}) == 1
    assert tree(each_world) == FULL


@pytest.mark.parametrize("calls_before", range(9))
def test_a_repeat_after_a_break_anywhere_doubles_nothing(world: World, calls_before: int) -> None:
    world.drive.settings.search_lag_s = 60  # nothing of this is found by what we attached to it
    world.drive.fault("cut_after", "files.*", skip=calls_before)
    try:
        watch(world)
    except PlaceBusy:
        assert all(not row.enabled for row in world.rows(DropFolder)), "off until its folders are there"
    world.drive.faults.clear()
    watch(world)
    assert tree(world) == FULL
    assert len(world.rows(DropFolder)) == 1


def test_folders_that_were_renamed_or_moved_are_still_the_same(world: World) -> None:
    first = watch(world)
    ana = world.drive.user("ana@example.com")
    ana.rename("Creator", "Workshop")
    ana.rename(first.remote_id, "Posts")
    ana.rename(str(first.results_id), "Finished")
    ana.move(first.remote_id, ana.folder("Elsewhere"))
    again = watch(world)
    assert (again.id, again.remote_id, again.results_id) == (first.id, first.remote_id, first.results_id)
    assert (again.name, again.results_name) == ("Posts", "Finished")
    watch(world, recipe="upscale-2x")
    assert not [one for one in tree(world) if one.startswith("Creator")], "the root is known by its id"


@pytest.mark.parametrize("how", ["trash", "delete"])
def test_a_deleted_folder_is_made_again_when_they_ask_and_keeps_its_records(world: World, how: str) -> None:
    first = watch(world)
    ana = world.drive.user("ana@example.com")
    getattr(ana, how)(first.remote_id)
    with world.changing(DropFolder, first.id) as row:
        row.state, row.reason = "missing", "This folder was deleted."
    again = watch(world)
    assert again.id == first.id and again.remote_id != first.remote_id
    assert (again.state, again.reason) == ("ok", None)
    assert tree(world) == FULL


def test_a_deleted_root_is_made_again_too(world: World) -> None:
    watch(world)
    world.drive.user("ana@example.com").delete("Creator")
    watch(world)
    assert tree(world) == FULL


def test_the_root_of_an_earlier_time_is_found_again(world: World) -> None:
    watch(world)
    with world.changing(DropSource, world.rows(DropSource)[0].id) as row:
        row.root_id = None
    with world.changing(DropFolder, world.rows(DropFolder)[0].id) as row:
        row.recipe_slug = "another"
    watch(world)
    assert tree(world).count("Creator") == 1


def test_a_folder_that_is_there_can_be_chosen_and_so_can_that_for_results(world: World) -> None:
    ana = world.drive.user("ana@example.com")
    inbox, results = ana.folder("Phone/Inbox"), ana.folder("For Instagram")
    row = watch(world, folder_id=inbox, results_id=results)
    assert (row.remote_id, row.results_id, row.chosen, row.results_chosen) == (inbox, results, True, True)
    assert tree(world) == ["For Instagram", "Phone", "Phone/Inbox", "Phone/Inbox/Needs a look"]
    assert watch(world, folder_id=inbox).results_id == results, "asking again changes nothing"
    back = world.drives.folders.choose_results(world.user.account_id, row.id, None)
    assert (back.results_name, back.results_chosen) == ("Done", False)


def test_a_folder_in_a_shared_drive_can_be_chosen(world: World) -> None:
    shared = world.drive.shared_drive("Studio", "ana@example.com")
    row = watch(world, folder_id=shared.id)
    assert row.drive_id == shared.id
    with world.uow.read() as work:
        source = work.session.get(DropSource, row.source_id)
    assert source is not None
    assert shared.id in world.drives.place(source).news_token()


def test_what_can_not_be_is_refused(world: World) -> None:
    ana = world.drive.user("ana@example.com")
    inbox, file = ana.folder("Inbox"), ana.drop("", "a.png", b"x")
    thrown = ana.folder("Thrown")
    ana.trash(thrown)
    row = watch(world, folder_id=inbox)
    for wanted, error in (
        ({"recipe": "none-such"}, NotFound),
        ({"folder_id": file}, EntryGone),
        ({"folder_id": thrown}, EntryGone),
        ({"folder_id": "none-such"}, EntryGone),
        ({"folder_id": inbox, "recipe": "upscale-2x"}, Conflict),
        ({"folder_id": row.results_id}, Conflict),
        ({"inputs": {"no_such_input": 1}}, InvalidInput),
        ({"naming": "{nonsense}"}, InvalidInput),
    ):
        with pytest.raises(error):
            watch(world, **wanted)
    world.drives.disconnect(world.user.account_id)
    with pytest.raises(Conflict):
        watch(world)


def test_a_folder_taken_off_comes_back_with_what_was_recorded(world: World) -> None:
    first = watch(world)
    with world.uow.write() as work:
        folders.remove(work, world.user.account_id, first.id)
    again = watch(world)
    assert again.id == first.id and again.enabled and again.removed_at is None
    assert tree(world) == FULL


def test_folders_are_chosen_from_a_list_that_can_be_searched(world: World) -> None:
    ana = world.drive.user("ana@example.com")
    for n in range(60):
        ana.folder(f"Many/{n:02}")
    ana.folder("Phone/Ana's pictures")
    shared = world.drive.shared_drive("Studio", "ana@example.com")
    choices = world.drives.folders.choices
    account: UUID = world.user.account_id
    top = choices(account)
    assert [one.name for one in top.items] == ["Many", "Phone", "Studio"] and top.cursor is None
    (found,) = choices(account, search="Ana's pic").items
    assert (found.name, found.parent) == ("Ana's pictures", "Phone")
    many = choices(account, parent_id=top.items[0].id)
    rest = choices(account, parent_id=top.items[0].id, cursor=many.cursor)
    assert len(many.items) == 50 and [one.name for one in rest.items] == [f"{n}" for n in range(50, 60)]
    assert rest.cursor is None and many.items[0].parent == "Many"
    assert [one.id for one in top.items if one.shared_drive] == [shared.id]
