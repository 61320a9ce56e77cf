"""What handlers put into a page's vars."""

from creator_app.state.job import JobState
from creator_app.state.jobs import JobsState
from creator_app.state.jobs_live import JobsLive
from creator_app.state.recipes import RecipesState, RecipeState
from creator_app.state.rows import people_credits, people_size
from tests.state.conftest import run
from tests.state.people import Person, tab


def test_the_list_shows_the_newest_first(mara: Person) -> None:
    mara.submit(name="first.png")
    mara.submit(name="second.png")

    async def load() -> JobsState:
        state = await tab(JobsState, mara.cookie, "/jobs")
        await JobsState.load.fn(state)
        return state

    state = run(load())
    assert [row.title for row in state.rows] == ["second.png", "first.png"]
    assert state.active
    assert not state.more


def test_a_canceled_job_says_so_and_was_not_charged(mara: Person) -> None:
    job_id = mara.submit()

    async def cancel() -> JobState:
        state = await tab(JobState, mara.cookie, f"/jobs/{job_id}")
        await JobState.load.fn(state)
        await JobState.cancel.fn(state)
        return state

    row = run(cancel()).job
    assert (row.status, row.final, row.credits) == ("canceled", True, "You were not charged.")


def test_trying_again_opens_the_new_job(mara: Person) -> None:
    job_id = mara.submit()

    async def again() -> str:
        state = await tab(JobsState, mara.cookie, "/jobs")
        await JobsState.cancel.fn(state, str(job_id))
        await JobsState.retry.fn(state, str(job_id))
        await JobsState.load.fn(state)
        return state.rows[0].status

    assert run(again()) == "queued"


def test_the_page_of_a_job_reads_its_snapshot_without_the_hub(mara: Person) -> None:
    job_id = mara.submit()
    mara.creator.publisher.progress(
        mara.account_id, job_id, {"percent": 41.5, "step": "Resizing your picture"}
    )

    async def load() -> JobsLive:
        state = await tab(JobsLive, mara.cookie, f"/jobs/{job_id}")
        await JobsLive.load.fn(state)
        return state

    progress = run(load()).live[str(job_id)]
    assert (progress.percent, progress.step) == (41.5, "Resizing your picture")


def test_a_change_reads_the_rows_of_the_page_that_is_open(mara: Person) -> None:
    async def refresh(path: str) -> list[str]:
        state = await tab(JobsLive, mara.cookie, path)
        return [handler.fn.__qualname__ for handler in await JobsLive.refresh.fn(state)]

    assert run(refresh("/jobs")) == ["JobsState.reload"]
    assert run(refresh("/jobs/0197")) == ["JobState.reload"]
    assert run(refresh("/new")) == []


def test_recipes_come_with_their_fields(mara: Person) -> None:
    async def load(path: str) -> RecipeState:
        state = await tab(RecipeState, mara.cookie, path)
        await RecipeState.load.fn(state)
        return state

    state = run(load("/new/youtube-thumbnail"))
    assert state.recipe.slug == "youtube-thumbnail"
    assert [row.name for row in state.pictures] == ["image"]
    assert run(load("/new/no-such")).missing
    assert run(load("/new/..%2f")).missing


def test_cards_name_their_price(mara: Person) -> None:
    async def load() -> RecipesState:
        state = await tab(RecipesState, mara.cookie, "/new")
        await RecipesState.load.fn(state)
        return state

    cards = run(load()).cards
    assert len(cards) >= 6
    assert all(card.title and card.cost and card.before_url for card in cards)


def test_figures_as_people_say_them() -> None:
    assert [people_credits(n) for n in (0, 1, 3)] == ["Free", "1 credit", "3 credits"]
    assert [people_size(n) for n in (999, 1_500, 1_240_000)] == ["999 bytes", "2 kB", "1.2 MB"]
