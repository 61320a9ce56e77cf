"""The tables. Rows only: queries are in `creator_app.repositories`, rules in `domain` and `services`."""

from creator_app.models.account import Account
from creator_app.models.api_key import ApiKey
from creator_app.models.asset import Asset
from creator_app.models.audit_log import AuditLog
from creator_app.models.beat import Beat
from creator_app.models.clock_lease import ClockLease
from creator_app.models.comfy_server import ComfyServer, ServerAbility, ServerCatalog
from creator_app.models.delivery import Delivery
from creator_app.models.drop import DropFile, DropFolder, DropSource, OAuthFlow
from creator_app.models.job import Batch, Job
from creator_app.models.job_attempt import JobAttempt
from creator_app.models.job_event import JobEvent
from creator_app.models.ledger_entry import LedgerEntry
from creator_app.models.login_failure import LoginFailure
from creator_app.models.node_timing import NodeTiming
from creator_app.models.oauth_grant import OAuthGrant
from creator_app.models.outbox import ExternalEvent, Outbox
from creator_app.models.recipe import Recipe, RecipeVersion
from creator_app.models.scheduler import LINE, Scheduler
from creator_app.models.subscription import Subscription
from creator_app.models.user import User
from creator_app.models.user_session import UserSession

__all__ = [
    "LINE",
    "Account",
    "ApiKey",
    "Asset",
    "AuditLog",
    "Batch",
    "Beat",
    "ClockLease",
    "ComfyServer",
    "Delivery",
    "DropFile",
    "DropFolder",
    "DropSource",
    "ExternalEvent",
    "Job",
    "JobAttempt",
    "JobEvent",
    "LedgerEntry",
    "LoginFailure",
    "NodeTiming",
    "OAuthFlow",
    "OAuthGrant",
    "Outbox",
    "Recipe",
    "RecipeVersion",
    "Scheduler",
    "ServerAbility",
    "ServerCatalog",
    "Subscription",
    "User",
    "UserSession",
]
