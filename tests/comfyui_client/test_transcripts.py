"""Every recorded transcript of a real server, said again; the client comes to the recorded end."""

import io
import uuid
from typing import Any

import pytest

from creator_app.integrations.comfyui import (
    ErrorKind,
    History,
    OutputFile,
    ProgressEvent,
    PromptFailed,
    PromptForgotten,
    ServerGone,
    execute_workflow,
    execution,
    get_comfyui_client,
)
from tests.comfyui_client.scripted_server import ScriptedComfyUI
from tests.comfyui_client.tape_server import TapeServer
from tests.comfyui_client.transcripts import FILES, FOLDER, Take, all_takes, exchanges, takes

TAKES = all_takes()
SILENCE_S = 0.15


class Heard:
    """A take that was played, and what came of it."""

    def __init__(self, take: Take, **how: Any) -> None:
        self.events: list[ProgressEvent] = []
        self.history: History | None = None
        self.error: PromptFailed | None = None
        with TapeServer(take, **how) as server, get_comfyui_client(server.url) as client:
            try:
                self.history = execute_workflow(
                    client,
                    take.prompt,
                    prompt_id=str(uuid.uuid4()),
                    on_progress=self.events.append,
                    silence_s=SILENCE_S,
                )
            except PromptFailed as error:
                self.error = error
        self.seen = server.seen

    @property
    def kind(self) -> ErrorKind | None:
        return self.error.kind if self.error else None


def test_no_transcript_is_left_out() -> None:
    assert len(FILES) == 13
    played = {take.name.rpartition("-")[0] for take in TAKES}
    assert played == {path.stem for path in FOLDER.iterdir()}
    assert {take.outcome for take in TAKES} == {
        "refused",
        "half_refused",
        "forgotten",
        "success",
        "interrupted",
        "error",
    }


@pytest.mark.parametrize("take", TAKES, ids=lambda take: take.name)
def test_a_transcript_comes_to_its_recorded_end(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "QUIET_S", 60.0)
    heard = Heard(take)
    assert len(heard.seen.posts) == 1  # whatever happened, nothing was sent twice
    percents = [event.percent for event in heard.events]
    assert percents == sorted(percents)
    OUTCOMES[take.outcome](take, heard)


def _success(take: Take, heard: Heard) -> None:
    assert heard.error is None
    assert heard.history is not None
    assert sorted(file.filename for file in heard.history.files) == take.filenames
    if any("json" in frame and _is_own_end(frame, take) for _, frame in take.frames):
        assert heard.events[-1].percent > 0


def _is_own_end(frame: dict[str, Any], take: Take) -> bool:
    data = frame["json"]["data"]
    own = data.get("prompt_id") == take.prompt_id
    return own and frame["json"]["type"] == "executed"


def _error(take: Take, heard: Heard) -> None:
    raised = take.data("execution_error")
    bad_picture = raised["exception_type"].endswith("UnidentifiedImageError")
    assert heard.kind is (ErrorKind.BAD_INPUT if bad_picture else ErrorKind.UNKNOWN)
    assert heard.error is not None
    assert raised["exception_type"] in (heard.error.detail or "")
    assert raised["node_type"] in (heard.error.detail or "")
    said = f"{heard.error.message} {heard.error.hint} {heard.error.detail}"
    assert "/site-packages/" not in said
    assert "/srv/" not in said
    assert not heard.error.blames_server


def _interrupted(take: Take, heard: Heard) -> None:
    assert heard.kind is ErrorKind.INTERRUPTED
    assert heard.error is not None
    assert heard.error.retryable


def _forgotten(take: Take, heard: Heard) -> None:
    assert isinstance(heard.error, PromptForgotten)
    assert not heard.error.blames_server


def _refused(take: Take, heard: Heard) -> None:
    kind = ErrorKind.BAD_INPUT
    if take.status == 500:
        kind = ErrorKind.UNKNOWN
    elif isinstance(take.answer, dict) and take.answer["error"]["type"] == "invalid_prompt":
        kind = ErrorKind.MISSING_NODE
    assert heard.kind is kind
    assert heard.error is not None
    assert not heard.error.retryable
    assert heard.error.detail


def _half_refused(take: Take, heard: Heard) -> None:
    """Some branches would run: the prompt is taken back, and nobody else's."""
    assert heard.kind is ErrorKind.BAD_INPUT
    (asked,) = heard.seen.interrupted
    assert asked == {"prompt_id": heard.seen.posts[0]["prompt_id"]}


OUTCOMES = {
    "success": _success,
    "error": _error,
    "interrupted": _interrupted,
    "forgotten": _forgotten,
    "refused": _refused,
    "half_refused": _half_refused,
}


def test_a_server_that_refuses_the_socket_is_asked() -> None:
    heard = Heard(takes("a_success")[0], refuse_sockets=True)
    assert heard.history is not None
    assert heard.history.files
    assert heard.events == []


def test_what_nodes_took_is_read_from_the_messages() -> None:
    heard = Heard(takes("j_progress")[1])
    assert heard.history is not None
    seconds = heard.history.seconds_by_class
    assert seconds.keys() == {"EmptyImage", "ProbeSteps", "SaveImage"}
    assert seconds["ProbeSteps"] > 5 * max(seconds["EmptyImage"], seconds["SaveImage"])


def test_cached_nodes_have_no_time() -> None:
    heard = Heard(takes("b_cached")[2])  # only the last node's prefix is new
    assert heard.history is not None
    assert heard.history.seconds_by_class.keys() == {"SaveImage"}
    assert heard.events[0].percent >= 66


UPLOADS = exchanges("POST", "/upload/image")
VIEWS = exchanges("GET", "/view")


@pytest.mark.parametrize(("file", "event"), UPLOADS, ids=lambda one: one if isinstance(one, str) else "")
def test_recorded_answers_to_uploads(server: ScriptedComfyUI, file: str, event: dict[str, Any]) -> None:
    server.upload_status = event["status"]
    server.upload_answer = event.get("resp_json")
    with get_comfyui_client(server.url) as client:
        if event["status"] == 200:
            answer = event["resp_json"]
            name = client.upload(io.BytesIO(b"one"), "image.png", "creator/1")
            assert name == "/".join(part for part in (answer["subfolder"], answer["name"]) if part)
            return
        with pytest.raises(PromptFailed) as told:
            client.upload(io.BytesIO(b"one"), "image.png", "creator/1")
    assert told.value.kind in (ErrorKind.BAD_INPUT, ErrorKind.UNKNOWN)
    assert not told.value.blames_server


@pytest.mark.parametrize(("file", "event"), VIEWS, ids=lambda one: one if isinstance(one, str) else "")
def test_recorded_answers_to_downloads(server: ScriptedComfyUI, file: str, event: dict[str, Any]) -> None:
    server.view_status = event["status"]
    wanted = OutputFile("3", "a.png", "rec", "output")
    with get_comfyui_client(server.url) as client:
        if event["status"] in (200, 206):
            assert sum(len(piece) for piece in client.download(wanted)) > 0
            return
        with pytest.raises(PromptFailed) as told:
            list(client.download(wanted))
    assert isinstance(told.value, PromptForgotten) == (event["status"] == 404)
    assert isinstance(told.value, ServerGone) == (event["status"] != 400)
