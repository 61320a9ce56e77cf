"""Logs: ids on every line, no secrets, JSON for machines."""

import io
import json
import logging
import sys

import pytest

from creator_app.infrastructure.logging import (
    REDACTED,
    bind,
    bound,
    clear_bound,
    configure_logging,
    get_logger,
    log_execution,
    redact_text,
)


@pytest.fixture(autouse=True)
def clean():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    clear_bound()
    root.handlers, root.level = handlers, level


@pytest.fixture
def lines(monkeypatch):
    # pytest takes standard error away between the set-up of a test and its run.
    written = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        configure_logging(json=True, level="DEBUG")
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_and_name(lines):
    get_logger("creator.x").info("job_done", n=3)
    [line] = lines()
    assert (line["event"], line["level"], line["logger"], line["n"]) == ("job_done", "info", "creator.x", 3)
    assert line["timestamp"].endswith("Z")


def test_what_is_bound_is_on_every_line_and_on_those_of_libraries(lines):
    bind(request_id="r1", job_id="j1")
    get_logger("a").info("ours")
    logging.getLogger("library").warning("theirs %s", 1)
    assert [(line["event"], line["request_id"], line["job_id"]) for line in lines()] == [
        ("ours", "r1", "j1"),
        ("theirs 1", "r1", "j1"),
    ]
    assert bound() == {"request_id": "r1", "job_id": "j1"}
    clear_bound()
    assert bound() == {}


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "token",
        "access_token",
        "Authorization",
        "cookie",
        "Set-Cookie",
        "secret",
        "key",
        "api_key",
        "secret_key",
        "client_secret",
        "encryption_keys",
        "lease_token",
    ],
)
def test_what_is_named_like_a_secret_is_not_written(lines, name):
    get_logger("a").info("x", **{name: "hidden", "inner": {"list": [{name: "hidden"}]}})
    [line] = lines()
    assert line[name] == REDACTED
    assert "hidden" not in json.dumps(line)


@pytest.mark.parametrize("name", ["storage_key", "idempotency_key", "keyboard", "tokens_waiting"])
def test_what_only_sounds_like_a_secret_is_written(lines, name):
    get_logger("a").info("x", **{name: "shown"})
    assert lines()[0][name] == "shown"


@pytest.mark.parametrize(
    "text",
    [
        "the key crt_hidden-0_x is wrong",
        "Authorization: Bearer hiddenhidden",
        "redis://:hidden@127.0.0.1:6379/0 refused",
        "postgresql+psycopg://user:hidden@host/db",
    ],
)
def test_secrets_inside_texts_are_not_written(lines, text):
    assert "hidden" not in redact_text(text)
    log = get_logger("a")
    log.info("x", error=text)
    log.info(text)
    log.info("x", error=ValueError(text), raw=text.encode())
    logging.getLogger("library").error("failed: %s", text)
    written = lines()
    assert len(written) == 4
    assert "hidden" not in json.dumps(written)


def test_a_traceback_is_written_without_the_secret_it_quotes(lines):
    try:
        raise ValueError("redis://:hidden@h")
    except ValueError:
        get_logger("a").exception("failed")
    [line] = lines()
    assert "Traceback" in line["exception"]
    assert "hidden" not in line["exception"]


def test_the_form_for_people_hides_secrets_too(capsys):
    configure_logging(json=False)
    try:
        raise ValueError("redis://:hidden@h")
    except ValueError:
        get_logger("a").exception("failed", password="hidden")
    written = capsys.readouterr().err
    assert "failed" in written
    assert "hidden" not in written


def test_levels_below_the_chosen_one_are_not_written(capsys):
    configure_logging(json=True, level="warning")
    get_logger("a").info("no")
    logging.getLogger("library").info("no")
    get_logger("a").warning("yes")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["yes"]


def test_execution_is_timed_without_its_arguments(lines):
    @log_execution
    def work(secret, fail=False):
        if fail:
            raise RuntimeError(secret)
        return "done"

    assert work("hidden") == "done"
    with pytest.raises(RuntimeError):
        work("hidden", fail=True)
    done, failed = lines()
    assert (done["event"], failed["event"], failed["error"]) == ("done", "failed", "RuntimeError")
    assert done["took_ms"] >= 0
    assert "hidden" not in json.dumps([done, failed])
