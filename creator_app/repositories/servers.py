"""Queries over ComfyUI servers."""

from creator_app.models import ComfyServer
from creator_app.repositories.base import BaseRepository


class ServerRepository(BaseRepository[ComfyServer]):
    """Reads and writes ComfyUI servers."""

    model = ComfyServer
