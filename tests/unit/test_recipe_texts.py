"""Texts that people type into a node are no paths."""

import pytest

from creator_app.domain.recipe import read_manifest
from creator_app.errors import InvalidInput
from creator_app.services.recipe_inputs import check_inputs

MANIFEST = read_manifest("""
slug = "words"
title = "Words"
description = "Draws words."

[[inputs]]
name = "words"
label = "Words"
type = "text"
node = "1"
input = "text"

[[outputs]]
node = "2"
label = "Picture"
""")


@pytest.mark.parametrize("text", ["../../etc/passwd", "/etc/passwd", "C:\\x", "x.png [output]"])
def test_a_path_is_refused_before_it_waits_in_line(text: str) -> None:
    with pytest.raises(InvalidInput) as told:
        check_inputs(MANIFEST, {"words": text}, {})
    assert told.value.fields is not None
    assert "path of a file" in told.value.fields["words"]


@pytest.mark.parametrize("text", ["a cat and/or a dog", "(cat:1.2), \\(sitting\\)", "one\ntwo..."])
def test_words_are_taken_as_they_are(text: str) -> None:
    assert check_inputs(MANIFEST, {"words": text}, {}) == {"words": text}
