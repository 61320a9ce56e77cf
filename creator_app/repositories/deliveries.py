"""Queries over deliveries."""

from creator_app.models import Delivery
from creator_app.repositories.base import BaseRepository


class DeliveryRepository(BaseRepository[Delivery]):
    """Reads and writes deliveries."""

    model = Delivery
