"""Routes that submit, list and cancel prompts.

A body that cannot be read ends in 500, where ComfyUI answers 500: clients meet the same behaviour.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from aiohttp import web

from .engine import Engine
from .prompt_queue import Item
from .validation import problem, validate


class PromptRoutes:
    """/prompt, /queue, /history, /interrupt."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/prompt", self.status),
            web.post("/prompt", self.submit),
            web.get("/queue", self.queue),
            web.post("/queue", self.change_queue),
            web.get("/history", self.history),
            web.get("/history/{prompt_id}", self.history_of),
            web.post("/history", self.change_history),
            web.post("/interrupt", self.interrupt),
        ]

    async def status(self, request: web.Request) -> web.Response:
        return web.json_response({"exec_info": {"queue_remaining": self._engine.queue.remaining()}})

    async def submit(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        number = self._number(body)
        if "prompt" not in body:
            missing = problem("no_prompt", "No prompt provided", "No prompt provided")
            return web.json_response({"error": missing, "node_errors": {}}, status=400)
        verdict = validate(body["prompt"], self._engine.folders, body.get("partial_execution_targets"))
        if verdict.error:
            return web.json_response({"error": verdict.error, "node_errors": verdict.node_errors}, status=400)
        prompt_id = str(body.get("prompt_id", uuid.uuid4()))
        extra_data = dict(body.get("extra_data", {}))
        if "client_id" in body:
            extra_data["client_id"] = body["client_id"]
        self._engine.queue.put(Item(number, prompt_id, body["prompt"], extra_data, verdict.outputs))
        return web.json_response(
            {"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors}
        )

    def _number(self, body: Any) -> float:
        if "number" in body:
            return float(body["number"])
        number = self._engine.next_number()
        in_front = isinstance(body, dict) and body.get("front")
        return -number if in_front else number

    async def queue(self, request: web.Request) -> web.Response:
        return web.json_response(self._engine.queue.listing())

    async def change_queue(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        if body.get("clear"):
            self._engine.queue.clear()
        for prompt_id in body.get("delete", ()):
            self._engine.queue.delete(prompt_id)
        return web.Response()

    async def history(self, request: web.Request) -> web.Response:
        limit = request.query.get("max_items")
        offset = int(request.query.get("offset", -1))
        return web.json_response(
            self._engine.queue.history(None, None if limit is None else int(limit), offset)
        )

    async def history_of(self, request: web.Request) -> web.Response:
        return web.json_response(self._engine.queue.history(request.match_info["prompt_id"]))

    async def change_history(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        if body.get("clear"):
            self._engine.queue.forget()
        for prompt_id in body.get("delete", ()):
            self._engine.queue.forget(prompt_id)
        return web.Response()

    async def interrupt(self, request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.text())
        except ValueError:
            body = None
        prompt_id = body.get("prompt_id") if isinstance(body, dict) else None
        self._engine.queue.interrupt(prompt_id or None)
        return web.Response()
