"""Every query. A repository works in the caller's transaction and never commits."""

from creator_app.repositories.accounts import AccountRepository
from creator_app.repositories.api_keys import ApiKeyRepository
from creator_app.repositories.assets import AssetRepository
from creator_app.repositories.attempts import AttemptRepository
from creator_app.repositories.audit_log import AuditLogRepository
from creator_app.repositories.batches import BatchRepository
from creator_app.repositories.deliveries import DeliveryRepository
from creator_app.repositories.events import EventRepository
from creator_app.repositories.jobs import JobRepository
from creator_app.repositories.ledger import LedgerRepository
from creator_app.repositories.oauth_grants import OAuthGrantRepository
from creator_app.repositories.outbox import OutboxRepository
from creator_app.repositories.recipe_versions import RecipeVersionRepository
from creator_app.repositories.recipes import RecipeRepository
from creator_app.repositories.servers import ServerRepository
from creator_app.repositories.sessions import SessionRepository
from creator_app.repositories.subscriptions import SubscriptionRepository
from creator_app.repositories.users import UserRepository

__all__ = [
    "AccountRepository",
    "ApiKeyRepository",
    "AssetRepository",
    "AttemptRepository",
    "AuditLogRepository",
    "BatchRepository",
    "DeliveryRepository",
    "EventRepository",
    "JobRepository",
    "LedgerRepository",
    "OAuthGrantRepository",
    "OutboxRepository",
    "RecipeRepository",
    "RecipeVersionRepository",
    "ServerRepository",
    "SessionRepository",
    "SubscriptionRepository",
    "UserRepository",
]
