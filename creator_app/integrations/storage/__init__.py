"""Where files lie: one interface, a folder or a bucket behind it."""

from creator_app.integrations.storage.base import ByteStream, Change, Listing, Storage, StoredObject
from creator_app.integrations.storage.local import LocalStorage
from creator_app.integrations.storage.opening import open_storage

__all__ = ["ByteStream", "Change", "Listing", "LocalStorage", "Storage", "StoredObject", "open_storage"]
