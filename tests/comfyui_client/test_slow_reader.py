"""A caller that takes its time: nothing of the run is lost, and pictures do not pile up."""

import time
import uuid

from creator_app.integrations.comfyui import ProgressEvent, execute_workflow, get_comfyui_client
from tests.comfyui_client.scripted_server import JPEG
from tests.comfyui_client.tape_server import TapeServer
from tests.comfyui_client.transcripts import takes


def test_of_pictures_that_wait_only_the_latest_is_told() -> None:
    take = takes("j_progress")[1]
    recorded = sum("binary" in frame for _, frame in take.frames)
    heard: list[ProgressEvent] = []

    def slowly(event: ProgressEvent) -> None:
        heard.append(event)
        if len(heard) == 3:
            time.sleep(1.5)  # the whole run is over meanwhile

    with TapeServer(take) as server, get_comfyui_client(server.url) as client:
        history = execute_workflow(client, take.prompt, prompt_id=str(uuid.uuid4()), on_progress=slowly)
    assert history.succeeded
    pictures = [event.preview for event in heard if event.preview]
    assert 0 < len(pictures) < recorded / 3
    assert set(pictures) == {JPEG}
    steps = [event.value for event in heard if event.class_type == "ProbeSteps" and event.max == 20]
    assert max(value for value in steps if value is not None) == 20
    # They were timed when they came, not when they were read.
    assert history.seconds_by_class["ProbeSteps"] > 10 * history.seconds_by_class["EmptyImage"]
