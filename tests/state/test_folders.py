"""Handlers of the folders page and of its Drive: what is another's is not there, nonsense changes nothing."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import reflex as rx
from sqlmodel import select

from creator_app.bootstrap import Creator
from creator_app.errors import NotFound, NotSignedIn
from creator_app.models import DropFolder, DropSource
from creator_app.models.base import new_id
from creator_app.state.drive import DriveState
from creator_app.state.folders import FoldersState
from tests.state.conftest import run
from tests.state.people import Person, tab

ONE_FOLDER = ("show", "switch", "edit", "remove", "try_it", "make_again", "bring_again")
NONSENSE = ("", "../..", "1", None, {"a": 1}, ["x"], "x" * 10_000, "\x00")


def _is_ours(handler: rx.event.EventHandler) -> bool:
    return handler.fn.__module__.startswith("creator_app.")


def folder_of(person: Person, home: Path) -> UUID:
    """A watched folder of this person, on a disk."""
    place = home / "square post"
    place.mkdir()
    with person.creator.uow.write() as work:
        source = DropSource(
            account_id=person.account_id, user_id=person.user_id, kind="folder", address=str(home)
        )
        work.session.add(source)
        work.session.flush()
        folder = DropFolder(
            source_id=source.id,
            account_id=person.account_id,
            user_id=person.user_id,
            recipe_slug="square-post",
            remote_id=str(new_id()),
            name="square post",
        )
        work.session.add(folder)
        work.session.flush()
        return folder.id


def everything(creator: Creator) -> list[dict[str, Any]]:
    """All that is known of folders, to see that nothing has changed."""
    with creator.uow.read() as work:
        rows = work.session.exec(select(DropFolder).order_by(DropFolder.id)).all()
        return [row.model_dump() for row in rows]


def arguments(name: str, first: Any) -> tuple[Any, ...]:
    return (first, False) if name == "switch" else (first,)


async def call(person: Person, name: str, first: Any) -> FoldersState:
    state = await tab(FoldersState, person.cookie, "/folders")
    await FoldersState.event_handlers[name].fn(state, *arguments(name, first))
    return state


@pytest.mark.parametrize("name", ONE_FOLDER)
def test_the_folder_of_another_account_looks_like_none(
    mara: Person, ben: Person, tmp_path: Path, name: str
) -> None:
    folder = folder_of(mara, tmp_path)
    before = everything(mara.creator)
    if name == "show":
        state = run(call(ben, name, str(folder)))
        assert (state.opened, state.files, state.places) == ("", [], [])
    else:
        with pytest.raises(NotFound, match=r"[Nn]o (such|example|delivery|result)"):
            run(call(ben, name, str(folder)))
    assert everything(mara.creator) == before
    assert list((tmp_path / "square post").iterdir()) == []


@pytest.mark.parametrize("name", ONE_FOLDER)
@pytest.mark.parametrize("wrong", NONSENSE, ids=lambda one: repr(one)[:12])
def test_ids_of_no_sense_are_no_folder(mara: Person, tmp_path: Path, name: str, wrong: Any) -> None:
    folder_of(mara, tmp_path)
    before = everything(mara.creator)
    if name == "show" and wrong == "":
        assert run(call(mara, name, wrong)).opened == "", "what nothing is open of stays closed"
    else:
        with pytest.raises(NotFound, match="no such folder"):
            run(call(mara, name, wrong))
    assert everything(mara.creator) == before


@pytest.mark.parametrize("form", [{}, {"folder-after": "burn"}, {"folder-naming": "../{name}"}, {"x": [1]}])
def test_settings_are_kept_only_for_an_own_folder(
    mara: Person, ben: Person, tmp_path: Path, form: dict[str, Any]
) -> None:
    folder = folder_of(mara, tmp_path)
    before = everything(mara.creator)

    async def save() -> None:
        state = await tab(FoldersState, ben.cookie, "/folders")
        state.settings.id = str(folder)
        await FoldersState.save.fn(state, form)

    with pytest.raises(NotFound):
        run(save())
    assert everything(mara.creator) == before


@pytest.mark.parametrize(
    "form",
    [{"folder-after": "burn"}, {"folder-naming": "{nothing}"}, {"folder-naming": "x" * 5000}],
    ids=("after", "naming", "long"),
)
def test_settings_of_no_sense_are_refused_in_words(
    mara: Person, tmp_path: Path, form: dict[str, Any]
) -> None:
    folder = folder_of(mara, tmp_path)
    before = everything(mara.creator)

    async def save() -> FoldersState:
        state = await tab(FoldersState, mara.cookie, "/folders")
        await FoldersState.edit.fn(state, str(folder))
        await FoldersState.save.fn(state, form)
        return state

    state = run(save())
    assert state.wrong.endswith(".")
    assert state.settings.id == str(folder), "the form stays open, with what was typed"
    assert everything(mara.creator) == before


def test_switching_off_and_taking_out_an_own_folder(mara: Person, tmp_path: Path) -> None:
    folder = folder_of(mara, tmp_path)
    assert [one.enabled for one in run(call(mara, "switch", str(folder))).places[0].folders] == [False]
    run(call(mara, "remove", str(folder)))
    assert (tmp_path / "square post").is_dir(), "nothing is deleted"


@pytest.mark.parametrize("name", [name for name, one in DriveState.event_handlers.items() if _is_ours(one)])
@pytest.mark.parametrize("wrong", [None, {"a": 1}, "x" * 10_000, "no-such"], ids=lambda one: repr(one)[:12])
def test_a_drive_without_a_drive(mara: Person, name: str, wrong: Any) -> None:
    """Whoever has no Drive can call anything: nothing is made, nothing is raised that isn't words."""
    before = everything(mara.creator)
    handler = DriveState.event_handlers[name].fn

    async def touch() -> DriveState:
        state = await tab(DriveState, mara.cookie, "/folders")
        await handler(state, *[wrong] * (handler.__code__.co_argcount - 1))
        return state

    state = run(touch())
    assert (state.recipe, state.chosen.id, state.choices) == ("", "", [])
    assert everything(mara.creator) == before


def test_a_recipe_that_was_not_offered_cannot_be_added(mara: Person) -> None:
    async def add(recipe: str) -> DriveState:
        state = await tab(DriveState, mara.cookie, "/folders")
        state.recipe, state.own = recipe, True
        await DriveState.add.fn(state)
        return state

    for recipe in ("square-post", "no-such", "../.."):
        state = run(add(recipe))
        assert state.wrong.endswith("."), "it says what is missing"
    assert "Drive" in run(add("square-post")).wrong


@pytest.mark.parametrize("state", [FoldersState, DriveState])
def test_who_left_can_do_nothing_more(mara: Person, state: type[rx.State]) -> None:
    mara.leave()

    async def load() -> None:
        await state.event_handlers["load"].fn(await tab(state, mara.cookie, "/folders"))

    with pytest.raises(NotSignedIn):
        run(load())
