"""Chooses the settings for ENVIRONMENT and puts what is wrong with them into sentences."""

from functools import lru_cache
from typing import Any, Final, Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from creator_app.config.base import Settings
from creator_app.config.development import DevelopmentSettings
from creator_app.config.errors import SettingsError
from creator_app.config.production import ProductionSettings
from creator_app.config.testing import TestingSettings

_CLASSES: Final[dict[str, type[Settings]]] = {
    "development": DevelopmentSettings,
    "testing": TestingSettings,
    "production": ProductionSettings,
}
_RULES: Final = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} characters",
    "string_too_short": "must have at least {min_length} characters",
}


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")
    environment: Literal["development", "testing", "production"] = "development"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """This process's settings, read once.

    Raises:
        SettingsError: a setting is wrong; one sentence for each.
    """
    return load_settings()


def load_settings(**values: Any) -> Settings:
    """Reads the settings now.

    Args:
        values: settings by their field's name; they win over the environment.

    Raises:
        SettingsError: a setting is wrong; one sentence for each.
    """
    try:
        environment = values.get("environment") or _Environment().environment
        return _CLASSES.get(environment, Settings)(**values)
    except ValidationError as error:
        raise SettingsError([_sentence(one) for one in error.errors(include_input=False)]) from None


def _sentence(error: Any) -> str:
    name = str(error["loc"][0]).upper() if error["loc"] else ""
    rule = _RULES.get(error["type"])
    if rule:
        return f"{name} {rule.format(**error.get('ctx', {}))}."
    text = str(error["msg"]).removeprefix("Value error, ")
    return f"{name} {text}".strip().rstrip(".") + "."
