"""What went wrong, sorted: a sentence for the creator, the raw error for the operator, no paths."""

import pickle
from typing import Any

import pytest

from creator_app.integrations.comfyui import ErrorKind, PromptFailed, PromptForgotten, ServerGone
from creator_app.integrations.comfyui.errors import from_execution_error, from_rejection, without_paths


def raised(kind: str, message: str, **more: Any) -> PromptFailed:
    data = {"node_id": "3", "node_type": "KSampler", "exception_type": kind, "exception_message": message}
    return from_execution_error({**data, **more})


@pytest.mark.parametrize(
    ("exception", "message", "kind"),
    [
        ("torch.OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB", "out_of_memory"),
        ("RuntimeError", "HIP out of memory", "out_of_memory"),
        ("MemoryError", "", "out_of_memory"),
        ("numpy._core._exceptions._ArrayMemoryError", "Unable to allocate 12.0 GiB", "out_of_memory"),
        ("PIL.UnidentifiedImageError", "cannot identify image file '/srv/input/a.png'", "bad_input"),
        ("OSError", "image file is truncated (3 bytes not processed)", "bad_input"),
        ("ModuleNotFoundError", "No module named 'insightface'", "missing_node"),
        (
            "FileNotFoundError",
            "No such file or directory: '/srv/models/vae/a b.safetensors'",
            "missing_model",
        ),
        ("RuntimeError", "CUDA error: device-side assert triggered", "unknown"),
        ("ValueError", "no faces found", "unknown"),
    ],
)
def test_a_raised_error_has_its_kind(exception: str, message: str, kind: str) -> None:
    error = raised(exception, message)
    assert error.kind == kind
    assert "KSampler" in (error.detail or "")
    assert exception in (error.detail or "")
    assert "/srv" not in (error.detail or "")
    assert exception not in error.message + error.hint


@pytest.mark.parametrize(
    "message",
    [
        "CUDA error: an illegal memory access was encountered",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "HIP error: invalid device function",
        "No CUDA GPUs are available",
        "[Errno 28] No space left on device",
    ],
)
def test_a_broken_device_speaks_against_its_server_and_another_one_may_do_it(message: str) -> None:
    error = raised("RuntimeError", message)
    assert error.blames_server
    assert error.retryable


def test_who_is_to_blame() -> None:
    assert ServerGone("refused").blames_server
    assert not PromptForgotten().blames_server
    assert not raised("torch.OutOfMemoryError", "CUDA out of memory").blames_server
    assert not raised("ValueError", "no faces found").blames_server


def test_every_kind_has_its_sentence() -> None:
    sentences = {PromptFailed(kind).message for kind in ErrorKind}
    assert len(sentences) == len(ErrorKind)
    assert all(PromptFailed(kind).hint for kind in ErrorKind)


def test_the_operator_gets_the_traceback_without_paths_and_without_what_was_given() -> None:
    lines = ['  File "/opt/Comfy UI/nodes.py", line 3, in f\n    x()\n', '  File "C:\\ai\\b.py", line 1\n']
    error = raised("ValueError", "bad", traceback=lines, current_inputs={"text": ["a secret wish"]})
    assert error.detail is not None
    assert 'File "…/nodes.py", line 3' in error.detail
    assert 'File "…/b.py", line 1' in error.detail
    assert "Comfy UI" not in error.detail
    assert "secret" not in error.detail


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("at /opt/ComfyUI/nodes.py:12", "at …/nodes.py:12"),
        ("open:/srv/in/x.png failed", "open:…/x.png failed"),
        ("'/opt/My Models/a b.ckpt'", "'…/a b.ckpt'"),
        ("D:\\ComfyUI\\models\\a.ckpt", "…/a.ckpt"),
        ("\\\\nas\\models\\a.ckpt", "…/a.ckpt"),
        ("https://host/a/b and 3/4 and and/or", "https://host/a/b and 3/4 and and/or"),
    ],
)
def test_paths_are_cut_down(text: str, clean: str) -> None:
    assert without_paths(text) == clean


def refusal(class_type: str, problem: str, received: str) -> PromptFailed:
    errors = [{"type": problem, "details": "x", "extra_info": {"received_value": received}}]
    nodes = {"4": {"class_type": class_type, "errors": errors}}
    return from_rejection(
        400, {"error": {"type": "prompt_outputs_failed_validation"}, "node_errors": nodes}, ""
    )


@pytest.mark.parametrize(
    ("class_type", "received", "kind"),
    [
        ("CheckpointLoaderSimple", "gone.safetensors", ErrorKind.MISSING_MODEL),
        ("UltralyticsDetectorProvider", "bbox/face.pt", ErrorKind.MISSING_MODEL),
        ("KSampler", "no_such_sampler", ErrorKind.BAD_INPUT),
    ],
)
def test_a_name_that_is_not_in_the_list_may_be_a_model(
    class_type: str, received: str, kind: ErrorKind
) -> None:
    error = refusal(class_type, "value_not_in_list", received)
    assert error.kind is kind
    assert f"node 4 ({class_type}): value_not_in_list: x" in (error.detail or "")


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_password_is_the_servers_matter(status: int) -> None:
    error = from_rejection(status, None, "who are you?")
    assert isinstance(error, ServerGone)
    assert error.blames_server


@pytest.mark.parametrize(
    "error",
    [
        ServerGone("a"),
        PromptForgotten(),
        raised("RuntimeError", "CUDA error: x"),
        PromptFailed(ErrorKind.TIMEOUT),
    ],
)
def test_an_error_survives_the_way_between_processes(error: PromptFailed) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (copy.kind, copy.detail, copy.blames_server, str(copy)) == (
        error.kind,
        error.detail,
        error.blames_server,
        str(error),
    )
