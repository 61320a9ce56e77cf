"""Routes that describe the engine."""

from __future__ import annotations

import os
import sys
from typing import Any

from aiohttp import web

from .folders import Folders
from .nodes import NODES, Node
from .websockets import FEATURES

PROTOCOL_VERSION = "0.3.64"
_OLDER_MODULES = ("", "images", "mask", "preview_any", "train")
_MODEL_FOLDERS = (
    *("checkpoints", "configs", "loras", "vae", "text_encoders", "diffusion_models", "clip_vision"),
    *("style_models", "embeddings", "diffusers", "vae_approx", "controlnet", "gligen", "upscale_models"),
    *("custom_nodes", "hypernetworks", "photomaker", "classifiers", "model_patches", "audio_encoders"),
)


class InfoRoutes:
    """/object_info, /system_stats, /features and the model lists, which are empty."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.home),
            web.get("/object_info", self.object_info),
            web.get("/object_info/{name}", self.object_info_of),
            web.get("/system_stats", self.system_stats),
            web.get("/features", self.features),
            web.get("/embeddings", self.nothing),
            web.get("/extensions", self.nothing),
            web.get("/models", self.models),
            web.get("/models/{folder}", self.models_of),
            web.get("/users", self.users),
            web.post("/free", self.done),
        ]

    async def home(self, request: web.Request) -> web.Response:
        return web.Response(text="The built-in engine. It has no pages; programs speak to it.\n")

    async def object_info(self, request: web.Request) -> web.Response:
        return web.json_response({name: describe(cls, self._folders) for name, cls in NODES.items()})

    async def object_info_of(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.json_response({name: describe(NODES[name], self._folders)} if name in NODES else {})

    async def features(self, request: web.Request) -> web.Response:
        return web.json_response(FEATURES)

    async def nothing(self, request: web.Request) -> web.Response:
        return web.json_response([])

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response(list(_MODEL_FOLDERS))

    async def models_of(self, request: web.Request) -> web.Response:
        return (
            await self.nothing(request)
            if request.match_info["folder"] in _MODEL_FOLDERS
            else web.Response(status=404)
        )

    async def users(self, request: web.Request) -> web.Response:
        return web.json_response({"storage": "server", "migrated": False})

    async def done(self, request: web.Request) -> web.Response:
        return web.Response()

    async def system_stats(self, request: web.Request) -> web.Response:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
        system = {
            "os": os.name,
            "ram_total": total,
            "ram_free": free,
            "comfyui_version": PROTOCOL_VERSION,
            "python_version": sys.version,
            "pytorch_version": "none",
            "embedded_python": False,
            "argv": ["embedded_comfyui"],
        }
        memory = {"vram_total": total, "vram_free": free, "torch_vram_total": total, "torch_vram_free": free}
        device = {"name": "cpu", "type": "cpu", "index": None, **memory}
        return web.json_response({"system": system, "devices": [device]})


def describe(cls: type[Node], folders: Folders) -> dict[str, Any]:
    """A node class as /object_info shows it; nodes of ComfyUI's newer notation say a little more."""
    groups = {"required": cls.required(folders), "optional": cls.OPTIONAL, "hidden": cls.HIDDEN}
    inputs = {name: group for name, group in groups.items() if group or name == "required"}
    shown = {
        "input": inputs,
        "input_order": {name: list(group) for name, group in inputs.items()},
        "output": list(cls.OUTPUTS),
        "output_is_list": list(cls.OUTPUT_IS_LIST or [False] * len(cls.OUTPUTS)),
        "output_name": list(cls.OUTPUT_NAMES or cls.OUTPUTS),
        "name": cls.CLASS,
        "display_name": cls.TITLE,
        "description": cls.DESCRIPTION,
        "python_module": f"comfy_extras.nodes_{cls.MODULE}" if cls.MODULE else "nodes",
        "category": cls.CATEGORY,
        "output_node": cls.IS_OUTPUT,
    }
    newer = cls.MODULE not in _OLDER_MODULES
    if newer or cls.OUTPUT_TIPS:
        shown["output_tooltips"] = list(cls.OUTPUT_TIPS or [None] * len(cls.OUTPUTS))
    if newer:
        shown |= {"deprecated": False, "experimental": cls.EXPERIMENTAL, "api_node": False}
    elif cls.EXPERIMENTAL:
        shown["experimental"] = True
    return shown
