"""Settings: defaults, checks that name the setting, secrets that are made once and never shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from creator_app.config import Settings, SettingsError, load_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def wrong(**values) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**values)
    return str(caught.value)


def test_with_nothing_set_all_lies_below_the_home(tmp_path):
    settings = load_settings()
    assert settings.creator_home == tmp_path / ".creator"
    assert settings.database_url == f"sqlite:///{tmp_path}/.creator/creator.db"
    assert settings.storage_url == f"file://{tmp_path}/.creator/storage"
    assert settings.redis_url is None
    assert settings.comfyui_servers == []


def test_reading_settings_writes_nothing(tmp_path):
    load_settings()
    assert list(tmp_path.iterdir()) == []


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=4000\nSIGNUP=closed\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("PORT", "5000")
    settings = load_settings()
    assert (settings.port, settings.signup) == (5000, "closed")


def test_an_empty_setting_is_an_unset_one(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "")
    monkeypatch.setenv("PORT", "")
    assert (load_settings().redis_url, load_settings().port) == (None, 3000)


@pytest.mark.parametrize(
    ("environment", "json"), [("development", False), ("testing", False), ("production", True)]
)
def test_the_environment_selects(monkeypatch, environment, json):
    monkeypatch.setenv("ENVIRONMENT", environment)
    settings = load_settings()
    assert (settings.environment, settings.log_json) == (environment, json)


def test_lists_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("COMFYUI_SERVERS", " http://a:8188/ ,, https://b ")
    assert load_settings().comfyui_servers == ["http://a:8188", "https://b"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "abc", "PORT must be a whole number."),
        ("PORT", "70000", "PORT must be at most 65535."),
        ("ENVIRONMENT", "live", "ENVIRONMENT must be 'development', 'testing' or 'production'."),
        ("SIGNUP", "maybe", "SIGNUP must be 'open', 'invite' or 'closed'."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        ("LEASE_SECONDS", "0", "LEASE_SECONDS must be more than 0.0."),
        ("SECRET_KEY", "short", "SECRET_KEY must have at least 16 characters."),
        (
            "REDIS_URL",
            "redis://h:6379/4",
            "REDIS_URL must not name a database: Creator uses databases 0, 1 and 2",
        ),
        ("DATABASE_URL", "mysql://h/x", "DATABASE_URL must look like sqlite:"),
        ("STORAGE_URL", "/srv", "STORAGE_URL must look like file:///folder"),
        ("SMTP_URL", "mail.example.org", "SMTP_URL must look like smtp://"),
        ("PUBLIC_URL", "creator.example.org", "PUBLIC_URL must look like https://"),
        ("COMFYUI_SERVERS", "http://a,b", "COMFYUI_SERVERS must look like"),
        ("STRIPE_SECRET_KEY", "sk", "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET must be set together."),
        ("GOOGLE_CLIENT_ID", "id", "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET must be set together."),
    ],
)
def test_a_bad_setting_is_named_in_a_sentence(monkeypatch, name, value, sentence):
    monkeypatch.setenv(name, value)
    assert wrong().startswith(sentence)


def test_all_bad_settings_are_told_at_once(monkeypatch):
    monkeypatch.setenv("PORT", "abc")
    monkeypatch.setenv("SIGNUP", "x")
    assert len(wrong().splitlines()) == 2


SECRETS = {
    "secret_key": "a-very-secret-word-1",
    "encryption_keys": ["a-very-secret-word-2"],
    "redis_url": "redis://:a-very-secret-word-3@h",
    "database_url": "postgresql://u:a-very-secret-word-4@h/d",
    "storage_url": "s3://k:a-very-secret-word-5@h/bucket",
    "smtp_url": "smtp://u:a-very-secret-word-6@h",
    "comfyui_servers": ["http://u:a-very-secret-word-7@h"],
    "google_client_id": "id",
    "google_client_secret": "a-very-secret-word-8",
    "stripe_secret_key": "a-very-secret-word-9",
    "stripe_webhook_secret": "a-very-secret-word-10",
}


def test_no_secret_is_in_the_text_form():
    settings = load_settings(**SECRETS)
    assert "a-very-secret" not in f"{settings!r} {settings}"
    assert settings.google_client_secret_value == "a-very-secret-word-8"
    assert settings.encryption_key_values == ["a-very-secret-word-2"]


def test_a_refused_secret_is_not_shown():
    assert "hidden-word" not in wrong(
        database_url="mysql://u:hidden-word@h/d", redis_url="x://:hidden-word@h"
    )


def test_secrets_are_made_once_and_for_this_user_alone(tmp_path):
    first, second = load_settings(), load_settings()
    assert first.secret_key_value == second.secret_key_value
    assert first.encryption_key_values == second.encryption_key_values
    assert first.instance == second.instance
    assert len(first.instance) == 8
    files = list((tmp_path / ".creator" / "secrets").iterdir())
    assert sorted(file.name for file in files) == ["encryption.key", "instance", "secret.key"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_processes_that_start_together_make_one_secret(tmp_path):
    code = "from creator_app.config import load_settings as l; print(l().secret_key_value)"
    environment = {**os.environ, "CREATOR_HOME": str(tmp_path), "PYTHONPATH": str(EXAMPLE.parent)}
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert len({process.communicate()[0] for process in running}) == 1


def test_a_home_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    settings = load_settings(creator_home=tmp_path / "file")
    with pytest.raises(SettingsError, match=r"CREATOR_HOME: .* can't be made or read"):
        _ = settings.instance


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:p@h:6379", "redis://:p@h:6379/2"),
        ("redis://:p@h:6379/0", "redis://:p@h:6379/2"),
        ("unix:///run/v.sock", "unix:///run/v.sock?db=2"),
    ],
)
def test_each_use_of_redis_has_its_own_database(url, expected):
    assert load_settings(redis_url=url).redis_url_for(2) == expected


def test_without_redis_there_is_an_address_where_nothing_answers(tmp_path):
    assert load_settings().redis_url_for(1) == f"unix://{tmp_path}/.creator/run/valkey.sock?db=1"


def test_googles_other_addresses_follow_from_the_first_three():
    settings = load_settings(
        google_api_url="http://127.0.0.1:1",
        google_auth_url="http://127.0.0.1:2/auth",
        google_token_url="http://127.0.0.1:3/token",
    )
    assert settings.google_revoke_url == "http://127.0.0.1:3/revoke"
    assert settings.google_certs_url == "http://127.0.0.1:1/oauth2/v3/certs"
    assert settings.google_userinfo_url == "http://127.0.0.1:1/oauth2/v3/userinfo"
    assert settings.google_issuer == "http://127.0.0.1:2"


def test_the_example_file_names_every_setting():
    named = {line.lstrip("# ").partition("=")[0] for line in EXAMPLE.read_text().splitlines() if "=" in line}
    internal = {"CRASH_POINTS_DIR"}
    assert {name.upper() for name in Settings.model_fields} - internal <= named
