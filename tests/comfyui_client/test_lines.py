"""Lines that break and readers that come later, with the built-in engine at the other end."""

import uuid
from collections.abc import Iterator

import pytest

from creator_app.integrations.comfyui import Stopped, execute_workflow, get_comfyui_client, stream_progress
from creator_app.integrations.comfyui.progress import ProgressEvent
from tests.comfyui_client.bad_line import BadLine
from tests.comfyui_client.probes import steps
from tests.engine.conftest import EngineProcess


@pytest.fixture
def line(engine: EngineProcess) -> Iterator[BadLine]:
    with BadLine(engine.url) as laid:
        yield laid


def test_progress_goes_on_after_a_cut(line: BadLine) -> None:
    heard: list[ProgressEvent] = []
    cut_at: list[int] = []

    def hear(event: ProgressEvent) -> None:
        heard.append(event)
        if not cut_at and event.preview:
            cut_at.append(len(heard))
            line.cut()

    with get_comfyui_client(line.url) as client:
        wanted = steps(40, preview=True)
        history = execute_workflow(client, wanted, prompt_id=str(uuid.uuid4()), on_progress=hear)
    assert history.succeeded
    after = heard[cut_at[0] + 5 :]  # what was read before the cut may still come
    assert len({event.value for event in after}) > 5
    assert any(event.preview for event in after)
    assert [event.percent for event in heard] == sorted(event.percent for event in heard)


def test_a_line_that_breaks_again_and_again_costs_no_result(line: BadLine) -> None:
    prompt_id, wanted = str(uuid.uuid4()), steps(25)
    with get_comfyui_client(line.url) as client:
        history = execute_workflow(
            client, wanted, prompt_id=prompt_id, on_progress=lambda event: line.cut(), silence_s=0.3
        )
        assert history.succeeded
    assert line.dialed > 4


def test_whoever_comes_later_hears_the_rest(engine: EngineProcess) -> None:
    prompt_id, wanted = str(uuid.uuid4()), steps(35)
    heard: list[ProgressEvent] = []
    with get_comfyui_client(engine.url) as client:
        with pytest.raises(Stopped):
            execute_workflow(
                client,
                wanted,
                prompt_id=prompt_id,
                on_progress=heard.append,
                should_stop=lambda: len(heard) > 8,
            )
        rest = list(stream_progress(client, wanted, prompt_id))
        found = client.history(prompt_id)
    assert found is not None
    assert found.history.succeeded
    assert len({event.value for event in rest}) > 10
    assert rest[-1].percent == 100
