"""The client of a ComfyUI server."""

from collections.abc import Mapping

from creator_app.integrations.comfyui.client import ComfyUIClient, Timeouts
from creator_app.integrations.comfyui.errors import ErrorKind, PromptFailed, PromptForgotten, ServerGone
from creator_app.integrations.comfyui.execution import Stopped, checked, execute_workflow, stream_progress
from creator_app.integrations.comfyui.first_visit import Verdict, Visit, in_words, visit
from creator_app.integrations.comfyui.progress import ProgressEvent
from creator_app.integrations.comfyui.protocol import (
    Finished,
    History,
    OutputFile,
    OutputText,
    Pending,
    Running,
    Unknown,
)

__all__ = [
    "ComfyUIClient",
    "ErrorKind",
    "Finished",
    "History",
    "OutputFile",
    "OutputText",
    "Pending",
    "ProgressEvent",
    "PromptFailed",
    "PromptForgotten",
    "Running",
    "ServerGone",
    "Stopped",
    "Timeouts",
    "Unknown",
    "Verdict",
    "Visit",
    "checked",
    "execute_workflow",
    "get_comfyui_client",
    "in_words",
    "stream_progress",
    "visit",
]


def get_comfyui_client(
    url: str, headers: Mapping[str, str] | None = None, timeouts: Timeouts | None = None
) -> ComfyUIClient:
    """A client of the server at ``url``; close it after use.

    Args:
        url: of the server; ``https://user:password@gpu-1.example.org`` works too.
        headers: sent with everything, the websocket included, such as ``Authorization`` of a rented GPU.
        timeouts: how long to wait for connections and answers.
    """
    return ComfyUIClient(url, headers, timeouts)
