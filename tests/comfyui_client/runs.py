"""Runs of recordings."""

import uuid
from typing import Any

from creator_app.integrations.comfyui import ComfyUIClient, History, execute_workflow
from creator_app.integrations.comfyui.progress import ProgressEvent
from tests.comfyui_client.scripted_server import Play, Recording, ScriptedComfyUI


class Run:
    """One run of a recording, and what was heard of it."""

    def __init__(self, client: ComfyUIClient, name: str) -> None:
        self.client = client
        self.prompt = Recording.load(name).prompt
        self.prompt_id = str(uuid.uuid4())
        self.events: list[ProgressEvent] = []

    def __call__(self, **options: Any) -> History:
        return execute_workflow(
            self.client, self.prompt, prompt_id=self.prompt_id, on_progress=self.events.append, **options
        )

    def percents(self) -> list[float]:
        return [event.percent for event in self.events]


def play(server: ScriptedComfyUI, client: ComfyUIClient, name: str, **how: Any) -> Run:
    server.play = Play(Recording.load(name), **how)
    return Run(client, name)
