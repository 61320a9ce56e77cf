"""Nodes on texts answer as ComfyUI does, and no pattern stops the engine."""

from __future__ import annotations

import time

import pytest

FLAGS = {"case_insensitive": True, "multiline": False, "dotall": False}


def _text(engine, class_type: str, **inputs) -> str:
    prompt = {
        "1": {"class_type": class_type, "inputs": inputs},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    entry = engine.run(prompt)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    return entry["outputs"]["2"]["text"][0]


@pytest.mark.parametrize(
    ("mode", "pattern", "group", "expected"),
    [
        ("First Match", r"\d+", 1, "12"),
        ("First Match", r"x+", 1, ""),
        ("First Match", r"(", 1, ""),
        ("All Matches", r"\d+", 1, "12\n34"),
        ("All Matches", r"([a-z]+)(\d+)", 2, "a\nb"),
        ("First Group", r"([a-z]+)(\d+)", 2, "12"),
        ("First Group", r"([a-z]+)(\d+)", 3, ""),
        ("All Groups", r"([a-z]+)(\d+)", 2, "12\n34"),
        ("First Match", r"[A-Z]+", 1, "a"),
    ],
)
def test_extracting(engine, mode, pattern, group, expected):
    options = {"string": "a12 b34", "regex_pattern": pattern, "mode": mode, "group_index": group}
    assert _text(engine, "RegexExtract", **options, **FLAGS) == expected


@pytest.mark.parametrize(("pattern", "expected"), [("B", "True"), ("z", "False"), ("(", "False")])
def test_matching(engine, pattern, expected):
    assert _text(engine, "RegexMatch", string="abc", regex_pattern=pattern, **FLAGS) == expected


def test_replacing_with_groups_and_a_count(engine):
    options = {"string": "a1 b2 c3", "regex_pattern": r"([a-z])(\d)", "replace": r"\2\1"}
    assert _text(engine, "RegexReplace", **options, count=2) == "1a 2b c3"
    assert _text(engine, "RegexReplace", **options) == "1a 2b 3c"


def test_an_unlucky_pattern_ends_in_an_error_and_the_engine_goes_on_answering(engine):
    options = {"string": "a" * 60 + "b" * 20 + "!", "regex_pattern": r"^(a|a)*(b|b)*$", **FLAGS}
    prompt = {
        "1": {"class_type": "RegexMatch", "inputs": options},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    client_id, listener = engine.listen()
    prompt_id = engine.submit(prompt, client_id=client_id)
    slowest = 0.0
    for _ in range(10):
        began = time.perf_counter()
        engine.http.get("/prompt")
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest < 1
    listener.socket.settimeout(20)
    listener.finished(prompt_id)


def test_a_text_that_doubles_and_doubles_is_refused(engine):
    prompt = {"0": {"class_type": "PrimitiveString", "inputs": {"value": "x" * 1000}}}
    for number in range(1, 40):
        before = [str(number - 1), 0]
        inputs = {"string_a": before, "string_b": before, "delimiter": ""}
        prompt[str(number)] = {"class_type": "StringConcatenate", "inputs": inputs}
    prompt["show"] = {"class_type": "PreviewAny", "inputs": {"source": ["39", 0]}}
    last = engine.run(prompt)["status"]["messages"][-1]
    assert last[0] == "execution_error"
    assert last[1]["exception_type"] == "TooLargeError"


def test_nothing_is_shown_as_none(engine):
    options = {"source": None}
    prompt = {"2": {"class_type": "PreviewAny", "inputs": options}}
    assert engine.run(prompt)["outputs"]["2"]["text"] == ["None"]
