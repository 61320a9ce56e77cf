"""Every handler asks who is there, and tells nobody anything that is not theirs."""

import inspect
from typing import Any

import pytest
import reflex as rx

from creator_app.bootstrap import Creator
from creator_app.errors import NotFound, NotSignedIn
from creator_app.state.account import AccountState
from creator_app.state.drive import DriveState
from creator_app.state.folders import FoldersState
from creator_app.state.guard import ForgetFormerSession, TabOwner
from creator_app.state.job import JobState
from creator_app.state.jobs import JobsState
from creator_app.state.jobs_live import JobsLive
from creator_app.state.operator import OperatorState
from creator_app.state.recipes import RecipesState, RecipeState
from tests.state.conftest import run
from tests.state.people import Person, tab

STATES = (
    AccountState,
    DriveState,
    FoldersState,
    JobState,
    JobsLive,
    JobsState,
    OperatorState,
    RecipesState,
    RecipeState,
    TabOwner,
)
OPEN_TO_STRANGERS = {"AccountState.greet"}


def handlers() -> list[tuple[type[rx.State], str]]:
    """Every handler that a browser can call on Creator's own states."""
    return [
        (state, name)
        for state in STATES
        for name, handler in state.event_handlers.items()
        if handler.fn.__module__.startswith("creator_app.")
    ]


async def call(state: type[rx.State], name: str, cookie: str, path: str = "/jobs") -> tuple[rx.State, Any]:
    """Calls a handler as a tab with this cookie would; its arguments are harmless."""
    there = await tab(state, cookie, path)
    function = state.event_handlers[name].fn
    arguments = ["00000000-0000-7000-8000-000000000000"] * (len(inspect.signature(function).parameters) - 1)
    return there, await function(there, *arguments)


def test_all_states_are_walked() -> None:
    own = {state for state in rx.State.get_substates() if state.__module__.startswith("creator_app.")}
    assert own == set(STATES)


def test_every_handler_is_declared_and_async() -> None:
    for state in STATES:
        for name, member in vars(state).items():
            if inspect.isfunction(member) and not name.startswith("_"):
                assert name in state.event_handlers, f"{state.__name__}.{name} is reachable but not declared"
    assert all(inspect.iscoroutinefunction(state.event_handlers[name].fn) for state, name in handlers())


@pytest.mark.parametrize(("state", "name"), handlers(), ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.parametrize(
    "cookie", ["", "creator_sid_00000000=forged", "__Host-creator=forged", "a=b; ;=;\x00"]
)
def test_strangers_are_refused(creator: Creator, state: type[rx.State], name: str, cookie: str) -> None:
    if f"{state.__name__}.{name}" in OPEN_TO_STRANGERS:
        assert run(call(state, name, cookie))[1] is None
        return
    with pytest.raises(NotSignedIn):
        run(call(state, name, cookie))


def test_a_session_that_ended_is_refused(mara: Person) -> None:
    mara.leave()
    with pytest.raises(NotSignedIn):
        run(call(JobsState, "load", mara.cookie))


def test_over_https_the_plain_cookie_does_not_count(mara: Person) -> None:
    async def load() -> None:
        state = await tab(JobsState, mara.cookie)
        headers = {"cookie": mara.cookie, "origin": "https://creator.example"}
        state.router = type(state.router).from_router_data({"headers": headers, "pathname": "/jobs"})
        await JobsState.load.fn(state)

    with pytest.raises(NotSignedIn):
        run(load())


def test_the_job_of_another_account_looks_like_none(mara: Person, ben: Person) -> None:
    job_id = mara.submit()

    async def look() -> JobState:
        state = await tab(JobState, ben.cookie, f"/jobs/{job_id}")
        await JobState.load.fn(state)
        return state

    state = run(look())
    assert state.missing
    assert state.job.id == ""


@pytest.mark.parametrize("name", ["cancel", "retry", "delete"])
def test_the_job_of_another_account_cannot_be_touched(mara: Person, ben: Person, name: str) -> None:
    job_id = mara.submit()

    async def touch_on_its_page() -> None:
        await JobState.event_handlers[name].fn(await tab(JobState, ben.cookie, f"/jobs/{job_id}"))

    async def touch_in_the_list() -> None:
        await JobsState.event_handlers[name].fn(await tab(JobsState, ben.cookie), str(job_id))

    for touch in (touch_on_its_page, touch_in_the_list):
        with pytest.raises(NotFound):
            run(touch())


@pytest.mark.parametrize("name", [name for state, name in handlers() if state is OperatorState])
def test_who_is_no_admin_operates_nothing(mara: Person, name: str) -> None:
    if name in ("load", "reload"):
        state, _ = run(call(OperatorState, name, mara.cookie, "/operator"))
        assert state.missing and state.servers == [] and state.lag == ""
        return
    with pytest.raises(NotFound):
        run(call(OperatorState, name, mara.cookie, "/operator"))


@pytest.mark.parametrize("wrong", ["", "../..", "1", None, {"a": 1}, "x" * 10_000])
def test_arguments_of_no_sense_are_refused(mara: Person, wrong: Any) -> None:
    async def cancel() -> None:
        await JobsState.cancel.fn(await tab(JobsState, mara.cookie), wrong)

    with pytest.raises(NotFound):
        run(cancel())


def test_a_tab_that_changes_its_user_forgets_the_former_one(mara: Person, ben: Person) -> None:
    mara.submit()

    async def change() -> tuple[int, int]:
        state = await tab(JobsState, mara.cookie)
        root = state._get_root_state()
        guard, hydrate = ForgetFormerSession(), _Hydrate()
        await guard.preprocess(None, root, hydrate)
        await JobsState.load.fn(state)
        kept = len(state.rows)
        await guard.preprocess(None, root, hydrate)
        assert len(state.rows) == kept, "the same session keeps what it knew"
        root.router = type(root.router).from_router_data({"headers": {"cookie": ben.cookie}})
        await guard.preprocess(None, root, hydrate)
        return kept, len(state.rows)

    assert run(change()) == (1, 0)


class _Hydrate:
    name = "reflex___state____state.hydrate_and_load"
